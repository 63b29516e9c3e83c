"""Text files with a head, events and an end, put together line by line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO


def join_text(parts: Sequence[Path], target: BinaryIO, *, begin: bytes, end: bytes) -> None:
    """Write the head of the first file, the events of all and the end once.

    Events go from the first line that starts with ``begin`` to that which starts with ``end``.
    """
    for number, part in enumerate(parts):
        inside = number == 0
        with part.open("rb") as file:
            for line in file:
                inside = inside or line.startswith(begin)
                if line.startswith(end):
                    break
                if inside:
                    target.write(line)
    target.write(end + b"\n")


def count_lines(part: Path, begin: bytes) -> int:
    """Return the number of lines that start with ``begin``."""
    with part.open("rb") as file:
        return sum(line.startswith(begin) for line in file)
