"""Calling compiled functions on any number of points with one array shape, so that one compilation serves all."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

_MANY = 4  # batches from which threads are worth their start
_PAGE = 1 << 21  # bytes of a large page of memory


def concrete(function: Callable[[], Any]) -> Any:
    """Return ``function()`` of known numbers; if that is asked inside ``jax.jit`` or ``grad``, evaluated outside their trace."""
    try:
        return function()
    except (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError):
        with jax.ensure_compile_time_eval():
            return function()


def batch_size(count: int, sizes: Sequence[int]) -> int:
    """Return the smallest of increasing sizes of which two hold ``count`` points, else the largest: few points are not padded to many."""
    return next((size for size in sizes if count <= 2 * size), sizes[-1])


def padded_size(count: int) -> int:
    """Return the power of two, at least 64, that holds ``count`` rows of a table: numbers that differ little share compiled code."""
    return max(64, 1 << (count - 1).bit_length())


def in_batches(function: Callable[..., Any], arrays: Sequence[Any], size: int) -> Any:
    """Return ``function(*arrays)`` for arrays that broadcast, evaluated ``size`` points at a time on padded flat arrays.

    The function takes flat arrays and returns one array of that shape, or a named tuple of them; so does this, with numpy
    arrays of the broadcast shape. Several batches run side by side, one on each core: arrays that fit a core's cache are
    done faster than one long array on all of them. Not for traced values; known ones may be given inside ``jax.jit``.
    """
    return concrete(lambda: _in_batches(function, arrays, size))


def _in_batches(function: Callable[..., Any], arrays: Sequence[Any], size: int) -> Any:
    known = [np.asarray(a, dtype=float) for a in arrays]
    shape = np.broadcast_shapes(*(a.shape for a in known))
    count = math.prod(shape)
    # one block serves all batches of an array with a single value
    flat = [np.full(size, a.item()) if a.size == 1 else np.broadcast_to(a, shape).ravel() for a in known]
    single = [a.size == 1 for a in known]

    def part(start: int) -> Any:
        length = min(size, count - start)
        some = [a if alone else a[start : start + length] for a, alone in zip(flat, single, strict=True)]
        return length, function(*(a if a.size == size else np.pad(a, (0, size - length), mode="edge") for a in some))

    starts = range(0, count, size)
    if not starts:
        return np.empty(shape)
    length, first = part(0)  # compiled once, before the others start
    columns = first if isinstance(first, tuple) else (first,)
    whole = [_empty(count, np.asarray(column).dtype) for column in columns]

    def keep(start: int, length: int, found: Any) -> None:
        for column, values in zip(whole, found if isinstance(found, tuple) else (found,), strict=True):
            column[start : start + length] = np.asarray(values)[:length]

    def next_part(start: int) -> None:
        keep(start, *part(start))

    keep(0, length, first)
    if len(starts) < _MANY:
        for start in starts[1:]:
            next_part(start)
    else:
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            list(pool.map(next_part, starts[1:]))  # raises what a part raised
    if not isinstance(first, tuple):
        return whole[0].reshape(shape)
    return type(first)(*(column.reshape(shape) for column in whole))


def _empty(count: int, dtype: np.dtype[Any]) -> np.ndarray:
    """An array to be filled; a long one begins with a large page, so that it takes few of them and half the time to get."""
    size = count * dtype.itemsize
    if size < 2 * _PAGE:
        return np.empty(count, dtype)
    memory = np.empty(size + _PAGE, np.uint8)
    start = -memory.ctypes.data % _PAGE
    return memory[start : start + size].view(dtype)


def on_different(function: Callable[[np.ndarray], np.ndarray], values: Any) -> np.ndarray:
    """Return a function of one variable at ``values`` of any shape, evaluated once for each different value."""
    different, place = np.unique(np.asarray(values, dtype=float), return_inverse=True)
    return np.asarray(function(different))[place].reshape(np.shape(values))
