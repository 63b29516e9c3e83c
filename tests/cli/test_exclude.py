"""Sentences of limits that need no computation."""

import pytest

from portico.cli import exclude
from portico.limits.reach import Limit

BANDS = ("minus2", "minus1", "median", "plus1", "plus2")


def _limit(kind, edges):
    expected = dict(zip(BANDS, edges, strict=True))
    return Limit("milliqan_2015", "millicharged", "epsilon", 0.9, "cls", kind, [(8e-3, None)], 8e-3, "open", (1e-6, 1.0), 2.3,
                 0.0, 0.35, (), [(8e-3, None)], 2.3, expected, "cls_exact", (), ())  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "edges", "text"),
    [
        ("expected", [8e-3] * 5, ""),
        ("observed", [8e-3] * 5, "expected without signal: epsilon from 0.008\n"),
        ("expected", [1e-3, 2e-3, 3e-3, 4e-3, None], "expected without signal: epsilon from 0.003; 68% within 0.002 ... 0.004, 95% within 0.001 ... nothing\n"),
    ],
)  # fmt: skip
def test_band_without_width_is_left_out(capsys, kind, edges, text):
    exclude._print_expected(_limit(kind, edges))
    assert capsys.readouterr().out == text


def test_discovery_is_not_called_an_exclusion(capsys, monkeypatch):
    monkeypatch.setattr(exclude, "_uncertainties", lambda *given: "none")
    exclude._print_limit(None, _limit("expected", [8e-3] * 5)._replace(method="discovery", expected={}), as_json=False)
    assert "excluded" not in capsys.readouterr().out
