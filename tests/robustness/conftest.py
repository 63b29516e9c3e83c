"""What a careless or hostile user might give, and a command line in this process that must bear it."""

import contextlib
import faulthandler
import io
import json
import signal
import sys
import tempfile
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

DEADLINE_S = 120  # the slowest lawful command compiles for some seconds
STATUSES = (0, 2, 3)

JUNK = (
    "", " ", "-", "--", "---", "-h", "=", "==", "a=b=c", ":", "::", ",", ",,", "/", "//", ".", "..", "./", "~", "*", "%", "\\", "'", '"', "`id`", "$HOME", "\n", "\t",
    "\r\n", "\0", "\x1b[31m", "\ufeff", "\u202e", "\ud800", "é", "ε", "mass\u0301", "６７ MeV", "1,2 GeV", "10**8**8", "nan", "NaN", "inf", "-inf", "Infinity", "1e400",
    "-1e400", "1e-400", "1e308", "-0", "0", "0x10", "1_000", "1e", "e1", "1.2.3", "+1", "--1", "1/0", "0/0", "1/3/5", "None", "null", "true", "[]", "{}", "lambda: 0",
    "__import__('os')", "../../../../etc/passwd", "/dev/null", "/dev/full", "/", "/proc/self/mem", "file:///etc/passwd", "CON", "x" * 300, "9" * 400, "9" * 5000, "ß" * 5000,
    "1" + "0" * 4000 + "/3", "(" * 3000, "mass", "mass=", "=mass", "base", "__init__", "_emission", "annihilation,", "all", "X0", "%/%", "1 /", "1 GeV^", "1 GeV^0",
    "1 GeV^99", "1 GeV**2", "1 X0", "1 GeV/GeV", "%s%n%d", "{0}", "67MeV67", "1e5e5", "∞", "-1 GeV",
)  # fmt: skip


class Hang(BaseException):
    """A command that does not end."""


class Done(NamedTuple):
    """What a command left: exit status, standard output, standard error."""

    status: object
    out: str
    err: str


@contextlib.contextmanager
def deadline(seconds=DEADLINE_S):
    """Raise Hang where the body lasts longer."""

    def stop(number, frame):
        faulthandler.dump_traceback(sys.__stderr__)
        raise Hang(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def command(*arguments):
    """Run a command as the shell would, with real files for its streams."""
    from portico.cli import main

    old = sys.argv, sys.stdout, sys.stderr
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.argv = ["portico", *arguments]
        sys.stdout, sys.stderr = (io.TextIOWrapper(file, encoding="utf-8", write_through=True) for file in (out, err))
        try:
            with deadline():
                main()
            status = "no exit"
        except SystemExit as leave:
            status = leave.code
        finally:
            streams = sys.stdout, sys.stderr
            sys.argv, sys.stdout, sys.stderr = old
        for stream in streams:
            stream.flush()
        texts = []
        for file, stream in zip((out, err), streams, strict=True):
            file.seek(0)
            texts.append(file.read().decode())
            stream.detach()
    return Done(status, *texts)


def refuse_constant(text):
    """JSON knows no NaN and no Infinity."""
    raise AssertionError(f"{text} in a JSON document")


def check(done, arguments):
    """Assert what holds of every command: its status, its streams, its JSON."""
    shown = f"{arguments!r}\n{done}"
    assert done.status in STATUSES, shown
    assert "Traceback" not in done.err, shown
    if done.status == 2:
        assert done.out == "", shown
        sentences = [line for line in done.err.splitlines() if not line.startswith("note: ")]
        assert len(sentences) == 1, shown
        assert sentences[0].startswith("error: "), shown
        assert sentences[0].endswith((".", "?", "'")), shown
        assert len(sentences[0]) < 2000, shown
    if done.status == 3:
        assert done.err.splitlines()[-1].startswith("error: "), shown
    if done.status == 0:
        assert "error" not in done.err, shown
        if "--json" in arguments and not {"-h", "--help", "--version"}.intersection(arguments):
            json.loads(done.out, parse_constant=refuse_constant)


@pytest.fixture(params=[1, pytest.param(20, marks=pytest.mark.slow)], ids=["few", "many"])
def some(request):
    """Settings for so many examples, and for twenty times as many in a slow run; the first one may compile."""
    return lambda count: settings(
        max_examples=request.param * count, deadline=None, suppress_health_check=list(HealthCheck)
    )


def junk():
    """Text that nobody should give."""
    return st.one_of(
        st.sampled_from(JUNK),
        st.text(max_size=30),
        st.from_regex(r"[-+]?[0-9]{0,4}[./eE]?[0-9]{0,3} ?[a-zA-Z%^/*0-9]{0,5}", fullmatch=True),
    )


@st.composite
def mangled(draw, texts):
    """A good text with a character dropped, doubled, changed or put in; or junk in its place."""
    text = draw(texts)
    how = draw(st.sampled_from(("keep", "keep", "keep", "drop", "double", "change", "insert", "cut", "junk", "case")))
    place = draw(st.integers(0, max(len(text) - 1, 0)))
    strange = st.sampled_from("0123456789.-+eE/*^%=:, \n\0\u00b2εxG")
    match how:
        case "drop":
            return text[:place] + text[place + 1 :]
        case "double":
            return text[:place] + text[place : place + 1] + text[place:]
        case "change":
            return text[:place] + draw(strange) + text[place + 1 :]
        case "insert":
            return text[:place] + draw(strange) + text[place:]
        case "cut":
            return text[:place]
        case "junk":
            return draw(junk())
        case "case":
            return text.swapcase()
    return text


@pytest.fixture(scope="session")
def tools():
    """What the tests of this folder share: they are functions, and test files do not import each other."""
    return SimpleNamespace(command=command, check=check, deadline=deadline, junk=junk, mangled=mangled, JUNK=JUNK)
