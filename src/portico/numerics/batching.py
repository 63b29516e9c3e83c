"""Calling compiled functions on any number of points with one array shape, so that one compilation serves all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

_MANY = 4  # batches from which threads are worth their start


def concrete(function: Callable[[], Any]) -> Any:
    """Return ``function()`` of known numbers; if that is asked inside ``jax.jit`` or ``grad``, evaluated outside their trace."""
    try:
        return function()
    except (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError):
        with jax.ensure_compile_time_eval():
            return function()


def in_batches(function: Callable[..., Any], arrays: Sequence[Any], size: int) -> Any:
    """Return ``function(*arrays)`` for arrays that broadcast, evaluated ``size`` points at a time on padded flat arrays.

    The function takes flat arrays and returns one array of that shape, or a named tuple of them; so does this, with numpy
    arrays of the broadcast shape. Several batches run side by side, one on each core: arrays that fit a core's cache are
    done faster than one long array on all of them. Not for traced values; known ones may be given inside ``jax.jit``.
    """
    return concrete(lambda: _in_batches(function, arrays, size))


def _in_batches(function: Callable[..., Any], arrays: Sequence[Any], size: int) -> Any:
    full = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in arrays))
    shape, flat = full[0].shape, [a.ravel() for a in full]
    count = flat[0].size

    def part(start: int) -> Any:
        some = [a[start : start + size] for a in flat]
        length = some[0].size
        found = function(*(np.pad(a, (0, size - length), mode="edge") for a in some))
        if isinstance(found, tuple):
            return type(found)(*(np.asarray(column)[:length] for column in found))
        return np.asarray(found)[:length]

    starts = range(0, count, size)
    if len(starts) < _MANY:
        parts = [part(start) for start in starts]
    else:
        first = part(0)  # compiled once, before the others start
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            parts = [first, *pool.map(part, starts[1:])]
    if not parts or not isinstance(parts[0], tuple):
        return np.concatenate(parts).reshape(shape) if parts else np.empty(shape)
    columns = zip(*parts, strict=True)
    return type(parts[0])(*(np.concatenate(column).reshape(shape) for column in columns))


def on_different(function: Callable[[np.ndarray], np.ndarray], values: Any) -> np.ndarray:
    """Return a function of one variable at ``values`` of any shape, evaluated once for each different value."""
    different, place = np.unique(np.asarray(values, dtype=float), return_inverse=True)
    return np.asarray(function(different))[place].reshape(np.shape(values))
