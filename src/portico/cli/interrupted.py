"""Ctrl-C: one line and status 130, whenever it comes.

Outside a scan the process ends at once. In a scan the interruption is raised, so that finished points are told; it is also
remembered, since Python drops exceptions that hit a garbage collector's callback, and raised again at the next block.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from ..errors import one_line


class Interrupted(Exception):
    """Ctrl-C in the middle of a command; the message says what was finished."""


_state = {"computing": False, "asked": False}


def install() -> None:
    """Take over SIGINT for the rest of the process."""
    signal.signal(signal.SIGINT, _handle)
    sys.unraisablehook = _unraisable


def _unraisable(lost: Any) -> None:
    """Say nothing of an interruption that Python dropped: it is remembered. Tell anything else as usual."""
    if not (issubclass(lost.exc_type, KeyboardInterrupt) and _state["asked"]):
        sys.__unraisablehook__(lost)


def _handle(number: int, frame: FrameType | None) -> None:
    if _state["computing"] and not _state["asked"]:
        _state["asked"] = True
        raise KeyboardInterrupt
    os.write(2, b"interrupted.\n")
    os._exit(130)


@contextmanager
def raising() -> Iterator[None]:
    """While this lasts, Ctrl-C raises KeyboardInterrupt instead of ending the process."""
    _state["computing"] = True
    try:
        yield
        check()
    finally:
        _state["computing"] = _state["asked"] = False


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was hit and got lost."""
    if _state["asked"]:
        raise KeyboardInterrupt


def say(message: str) -> None:
    """Print one line on standard error, if there is one: characters that are no text are escaped, endless ones left out."""
    if sys.stderr is None:
        return
    with suppress(OSError):  # nobody can be told that nobody can be told
        print(one_line(message), file=sys.stderr, flush=True)
