"""Plain text for the terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under a head in aligned columns; the last column wraps to the terminal, and not at all in a pipe."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    indent = sum(widths[:-1]) + 2 * (len(head) - 1)
    room = (
        shutil.get_terminal_size((120, 24)).columns - indent
        if sys.stdout is not None and sys.stdout.isatty()
        else 10_000
    )
    widths[-1] = min(widths[-1], max(room, 24))
    out = []
    for number, line in enumerate(lines):
        start = "".join(f"{cell:<{width}}  " for cell, width in zip(line[:-1], widths[:-1], strict=True))
        wrapped = textwrap.wrap(line[-1], max(room, 24)) or [""]
        out.append((start + wrapped[0]).rstrip())
        out += [" " * indent + part for part in wrapped[1:]]
        if number == 0:
            out.append("  ".join("-" * width for width in widths))
    return "\n".join(out)


def number(value: float, digits: int = 5) -> str:
    """Return a number with so many significant digits."""
    return format(float(value), f".{digits}g")
