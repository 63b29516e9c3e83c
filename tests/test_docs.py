"""Everything that the documentation tells a reader to type runs as written."""

import doctest
import importlib
import pkgutil
import re
import shlex
import sys
from pathlib import Path

import pytest

import portico

TOP = Path(__file__).parent.parent
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
_LONG_PAGES = ("na64e_missing_energy", "semi_visible_dark_photons")  # many kernels to compile
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Tables that a page makes go here; compiled code stays where the import of numerics has put it."""
    importlib.import_module("portico.numerics")
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path_factory.mktemp("cache")))


def _blocks(page, language):
    return [text for name, text in FENCE.findall(page.read_text(encoding="utf-8")) if name == language]


def _commands():
    for page in PAGES:
        for block in _blocks(page, ""):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["portico"] and not any(word.startswith("./") for word in words):
                    # all figures and claims of a document take a while
                    long = (words[1] == "reproduce" and len(words) > 2) or (words[1] == "recast" and "--scan" in words)
                    long |= words[1] == "events" and words[2].startswith("na64e")
                    long |= words[1] == "tables" and "--element" in words  # makes a table
                    long |= page.stem in _LONG_PAGES and words[1] not in ("widths", "searches", "models", "cite")
                    marks = [pytest.mark.slow] if long else []
                    yield pytest.param(words, id=f"{page.stem}: {' '.join(words[:4])}", marks=marks)


def _pages_with_python():
    for page in PAGES:
        if _blocks(page, "python"):
            marks = [pytest.mark.slow] if page.stem in ("quickstart", "tables") else []
            yield pytest.param(page, id=page.stem, marks=marks)


@pytest.mark.parametrize("page", list(_pages_with_python()))
def test_python_of_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "portico_page"
    monkeypatch.setitem(sys.modules, name, type(sys)(name))
    space = sys.modules[name].__dict__
    for block in _blocks(page, "python"):
        exec(compile(block, str(page), "exec"), space)
    assert space["portico"] is portico


@pytest.mark.parametrize("words", list(_commands()))
def test_command_of_a_page_runs(words, tmp_path, monkeypatch, capsys):
    from portico.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as left:
        main()
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("note: ")]
    assert (left.value.code, told) == (0, [])


def test_there_are_commands_to_try():
    assert len(list(_commands())) >= 8


@pytest.mark.parametrize(
    "name",
    sorted(m.name for m in pkgutil.walk_packages(portico.__path__, "portico.") if not m.name.endswith("__main__")),
)
def test_examples_in_docstrings_hold(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
