"""Events in blocks: one compiled kernel, called block by block in threads, whatever part of the endless sample is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from ..errors import InvalidInput

BLOCK = 16384
"""Events per block. The key is folded per block, so that a sample does not depend on how it is cut into chunks."""
COMBINE = ("concatenate", "sum")
"""What becomes of the blocks' results: rows one after the other, or their sum."""


def blocks_together() -> int:
    """Return how many blocks one call of the kernel does: 1 on a processor, where a block fits the cache, more on a GPU."""
    return 1 if jax.default_backend() == "cpu" else 32


def check_range(count: int, start: int, seed: int, combine: str) -> None:
    """Raise InvalidInput unless count > 0, start >= 0, 0 <= seed < 2^32, all whole, and ``combine`` is known."""
    for name, number in (("count", count), ("start", start)):
        if not _is_whole(number):
            raise InvalidInput(f"{name} = {number!r} is not allowed; expected a whole number.")
    if count < 1 or start < 0:
        raise InvalidInput(f"events {start} to {start + count - 1}: expected count >= 1 and start >= 0.")
    check_seed(seed)
    if combine not in COMBINE:
        raise InvalidInput(f"combine = '{combine}'; known: {', '.join(COMBINE)}.")


def check_seed(seed: int) -> None:
    """Raise InvalidInput unless this is a whole number from 0 to 2^32 - 1."""
    if not _is_whole(seed) or not 0 <= seed < 2**32:
        raise InvalidInput(f"seed = {seed!r} is not allowed; expected a whole number from 0 to 2^32 - 1.")


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def _parts(start: int, count: int, together: int) -> Iterator[tuple[int, int]]:
    """First block and number of useful blocks of each call."""
    last = (start + count - 1) // BLOCK
    for block in range(start // BLOCK, last + 1, together):
        yield block, min(together, last + 1 - block)


def run(kernel: Callable[[np.ndarray], Any], start: int, count: int, *, combine: str) -> Any:
    """Return the kernel's results for the events ``start`` to ``start + count - 1``, as numpy arrays.

    The kernel takes the numbers of ``blocks_together()`` blocks and returns a tree of arrays: with "concatenate" their rows are
    events of these blocks in order, with "sum" they are added up (and the kernel has to leave out events outside the range).
    """
    together = blocks_together()

    def part(given: tuple[int, int]) -> Any:
        block, _ = given
        found = jax.tree.map(np.asarray, kernel(np.arange(block, block + together)))
        if combine == "sum":
            return found
        low, high = max(start - block * BLOCK, 0), min(start + count - block * BLOCK, together * BLOCK)
        return jax.tree.map(lambda a: a[low:high], found)

    parts = list(_parts(start, count, together))
    first = part(parts[0])  # compiled once, before the others start
    workers = (os.cpu_count() or 1) if together == 1 else 1
    if combine == "sum":
        total = first
        with ThreadPoolExecutor(max_workers=workers) as pool:
            for found in pool.map(part, parts[1:]):
                total = jax.tree.map(np.add, total, found)
        return total
    if len(parts) == 1:
        return first
    with ThreadPoolExecutor(max_workers=workers) as pool:
        results = [first, *pool.map(part, parts[1:])]
    return jax.tree.map(lambda *columns: np.concatenate(columns), *results)
