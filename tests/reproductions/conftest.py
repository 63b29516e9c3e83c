"""A small source document, made up, so that the machinery is tested without physics."""

from types import SimpleNamespace

import pytest

from portico.reproductions import base


def _draw(_):
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    axes.plot([0, 1], [0, 1])
    return axes


def _fail(_):
    raise ZeroDivisionError("made up")


ENTRIES = {
    "1": {"statement": "one", "value": 10.0, "unit": "GeV", "relative": 0.01, "source": "talk"},
    "2": {"statement": "two", "value": "4.18e8", "unit": "1", "digits": 1, "source": "talk", "note": "to three digits"},
    "3": {"statement": "three", "value": 4.2, "unit": "1", "comparison": "below", "source": "talk"},
    "4": {"statement": "four", "value": [1, 2], "at": "masses", "unit": "1", "absolute": 0.1, "source": "talk"},
}


@pytest.fixture
def made_up(monkeypatch):
    """``made_up(key=function, ...)`` puts functions in place of those that find what is expected."""

    def install(claims=None, figures=None):
        functions = {"1": lambda n: 10.05, "2": lambda n: 4.18e8, "3": lambda n: 3.0, "4": lambda n: [1.05, 2.0]}
        module = SimpleNamespace(
            begin=dict,
            CLAIMS={**functions, **(claims or {})},
            FIGURES={"line": ("A line.", _draw), **(figures or {})},
            sources=lambda shared: ["arXiv:2212.04252", "PDG", "PDG"],
        )
        document = base.Document("made_up", "A document", "talk", ENTRIES, {"masses": ["1 MeV", "2 MeV"]}, module)
        monkeypatch.setattr(base, "document", lambda name: document)
        return document

    return install


@pytest.fixture
def failing():
    """A function that raises."""
    return _fail
