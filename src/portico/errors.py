"""The errors and warnings of portico: one tree.

::

    PorticoError
    ├── InvalidInput (also a ValueError)    an argument is outside what it may be
    │   ├── UnknownName (also a KeyError)   a name is not in the registry; the message has the nearest one
    │   └── OutOfValidity                   a formula or a table is asked beyond its stated range
    ├── DataError                           a data file is unreadable, malformed or lacks a unit or a source
    └── NumericsError                       a result missed its tolerance

    PorticoWarning (a UserWarning)
    └── ValidityWarning                     a result leaves the range where its formula is good

A message says what was given, what was expected, where, and the nearest match where there is one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_LONGEST_WORD, _LONGEST = 400, 1500  # a path fits


def one_line(message: str) -> str:
    """Return a message as one line of readable length: what is not printable is escaped, what is endless is shortened."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
    text = re.sub(rf"\S{{{_LONGEST_WORD + 1},}}", lambda word: f"{word[0][:60]}...{word[0][-20:]}", text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"


class PorticoError(Exception):
    """Base of all errors that portico raises on purpose; the message is one line, whatever text of the user it quotes."""

    def __init__(self, message: str = "") -> None:
        """Keep the message as one line."""
        super().__init__(one_line(message))


class InvalidInput(PorticoError, ValueError):
    """An argument or a quantity is outside what it may be."""


class UnknownName(InvalidInput, KeyError):
    """A name that no file of the registry bears."""

    def __str__(self) -> str:
        """Return the plain sentence (a KeyError would print it in quotes)."""
        return str(self.args[0]) if self.args else ""


class OutOfValidity(InvalidInput):
    """A formula or a table is asked beyond its stated range."""


class DataError(PorticoError):
    """A data file is unreadable, malformed, or lacks a unit or a source."""


class NumericsError(PorticoError):
    """A numerical result missed its tolerance."""


class PorticoWarning(UserWarning):
    """Base of all warnings of portico."""


class ValidityWarning(PorticoWarning):
    """A result leaves the range in which its formula is good."""


def unknown_name(kind: str, given: object, known: Iterable[str], *, where: str = "") -> UnknownName:
    """Return the error for a name that is not known, with the nearest match first.

    Parameters
    ----------
    kind : str              what the name stands for ("search", "model", "unit")
    given : object          the name as it was given
    known : iterable of str all names that are allowed
    where : str             where it was given, e.g. a file or an option; may be empty
    """
    names = sorted(known)
    given = " ".join(str(given).split())[:60]
    near = difflib.get_close_matches(str(given).lower(), [name.lower() for name in names], n=1, cutoff=0.5)
    hint = ""
    if near:
        match = next(name for name in names if name.lower() == near[0])
        hint = f" Did you mean '{match}'?"
    shown = ", ".join(names) if len(names) <= 40 else ", ".join(names[:40]) + ", ..."
    place = f" in {where}" if where else ""
    return UnknownName(f"no {kind} named '{given}'{place}.{hint} Known: {shown or 'none'}.")
