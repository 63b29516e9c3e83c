"""The command line in this process."""

import sys
from typing import NamedTuple

import pytest


class Done(NamedTuple):
    """What a command left: exit status, standard output, standard error."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command as the shell would: ``run("signal", "NAME", ...)``."""
    from portico.cli import main

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["portico", *arguments])
        with pytest.raises(SystemExit) as leave:
            main()
        return Done(leave.value.code, *capsys.readouterr())

    return command
