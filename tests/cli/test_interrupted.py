"""Ctrl-C wherever it comes: remembered, told once, and never a traceback."""

import signal
import sys
from types import SimpleNamespace

import pytest

from portico.cli import interrupted


@pytest.fixture(autouse=True)
def _handlers(monkeypatch):
    """Put everything back afterwards."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def _lose():
    """An interruption in a place from where Python lets no exception out."""

    class Dying:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    Dying()


def test_an_interruption_that_python_drops_is_raised_later_and_leaves_no_traceback(capsys):
    interrupted.install()

    def scan():
        with interrupted.raising():
            _lose()
            interrupted.check()

    with pytest.raises(KeyboardInterrupt):
        scan()
    assert capsys.readouterr().err == ""
    interrupted.check()  # forgotten with the scan


def test_other_lost_exceptions_are_told_as_ever(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "__unraisablehook__", told.append)
    interrupted.install()
    for kind in (ZeroDivisionError, KeyboardInterrupt):  # the second outside a scan
        sys.unraisablehook(SimpleNamespace(exc_type=kind))
    assert len(told) == 2
