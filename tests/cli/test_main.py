import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

import portico

SEARCH = "belle2_disappearing_positron"


def _start(*arguments, **settings):
    return subprocess.Popen(
        [sys.executable, "-m", "portico", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "Usage: "),
        (("--help",), "portico reach belle2_disappearing_positron dark_photon"),
        (("-h",), "Usage: "),
        (("reach", "--help"), "--scan"),
        (("signal", "--help"), "--option"),
        (("limit", "--help"), "--method"),
        (("widths", "--help"), "--set"),
        (("count", "--help"), "--luminosity"),
        (("reproduce", "--help"), "--no-figures"),
        (("cite", "--help"), "BibTeX"),
        (("models", "--help"), "NAME"),
        (("searches", "--help"), "NAME"),
        (("tables", "--help"), "--element"),
        (("--version",), f"portico {portico.__version__}"),
    ],
)
def test_help_and_version(run, arguments, text):
    done = run(*arguments)
    assert done.status == 0
    assert text in done.out
    assert done.err == ""


def test_help_lists_every_command(run):
    out = run("--help").out
    for command in ("models", "searches", "widths", "signal", "limit", "reach", "count", "reproduce", "cite", "tables"):
        assert re.search(rf"^\s+{command}\s", out, re.MULTILINE), command


def test_a_real_process_answers():
    process = _start("--version")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, f"portico {portico.__version__}\n", "")


def test_a_real_process_refuses_with_status_2():
    process = _start("signal", "belle2", "dark_photon")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err == f"error: no search named 'belle2'. Known: {', '.join(portico.searches())}.\n"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("models >&-", 0),
        ("models nope 2>&-", 2),
        ("models nope 2> /dev/full", 2),
        ("models > /dev/full", 2),
        ("models >&- 2>&- <&-", 0),
    ],
)
def test_streams_that_are_closed_or_full_leave_no_traceback(command, status):
    process = subprocess.run(
        f"{sys.executable} -m portico {command}", shell=True, capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == status
    assert process.stderr in ("", "error: cannot write: no space left on device.\n")


def test_a_closed_pipe_leaves_no_traceback():
    process = subprocess.run(
        f"set -o pipefail; {sys.executable} -m portico searches {SEARCH} | true",
        shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert process.returncode in (0, 128 + signal.SIGPIPE)
    assert process.stderr == ""


class Interrupted(NamedTuple):
    """What an interrupted scan left: status, output, error, and its table."""

    status: int
    out: str
    err: str
    table: Path


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A long scan, interrupted as soon as its first points are on disk."""
    folder = tmp_path_factory.mktemp("interrupted")
    scan = "mass=1MeV:1GeV:60000"
    process = _start("reach", SEARCH, "dark_photon", "--set", "alpha_dark=0.5", "--scan", scan, "-o", str(folder))
    table, deadline = folder / "reach.csv", time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if table.exists() and table.stat().st_size > 2000:
            break
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return Interrupted(process.returncode, out, err, table)


def test_an_interrupted_scan_keeps_its_finished_points(interrupted):
    assert interrupted.status == 130
    assert interrupted.out == ""
    assert "Traceback" not in interrupted.err
    text = interrupted.table.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert text.endswith("\n")
    assert 10 < len(lines) < 60000
    assert all(line.count(",") == lines[0].count(",") for line in lines)
    assert [path.name for path in interrupted.table.parent.iterdir()] == ["reach.csv"]


def test_an_interrupted_scan_says_how_many_points_are_where(interrupted):
    match = re.fullmatch(r"interrupted: (\d+) of 60000 points are in (.*reach\.csv)\.\n", interrupted.err)
    assert match, repr(interrupted.err)
    assert 0 < int(match[1]) <= len(interrupted.table.read_text(encoding="utf-8").splitlines()) - 1
    assert match[2] == str(interrupted.table)


def test_a_defect_of_ours_is_no_input_error(monkeypatch):
    """It shows itself in full."""
    from portico.cli import main, show

    def broken(*_, **__):
        raise ZeroDivisionError("made up")

    monkeypatch.setattr(show, "models", broken)
    monkeypatch.setattr(sys, "argv", ["portico", "models"])
    with pytest.raises(ZeroDivisionError, match="made up"):
        main()
