"""Calling compiled functions on any number of points with one array shape, so that one compilation serves all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def in_batches(function: Callable[..., Any], arrays: Sequence[Any], size: int) -> Any:
    """Return ``function(*arrays)`` for arrays that broadcast, evaluated ``size`` points at a time on padded flat arrays.

    The function takes flat arrays and returns one array of that shape, or a named tuple of them; so does this, with numpy
    arrays of the broadcast shape. From 16 batches on, 16 times larger ones are used. Not for traced values.
    """
    full = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in arrays))
    shape, flat = full[0].shape, [a.ravel() for a in full]
    count = flat[0].size
    size = 16 * size if count >= 16 * size else size
    parts = []
    for start in range(0, count, size):
        some = [a[start : start + size] for a in flat]
        padded = [np.pad(a, (0, size - a.size), mode="edge") for a in some]
        parts.append((some[0].size, function(*padded)))
    if not parts or not isinstance(parts[0][1], tuple):
        return np.concatenate([np.asarray(r)[:n] for n, r in parts]).reshape(shape) if parts else np.empty(shape)
    kind = type(parts[0][1])
    columns = [np.concatenate([np.asarray(r[k])[:n] for n, r in parts]).reshape(shape) for k in range(len(parts[0][1]))]
    return kind(*columns)


def on_different(function: Callable[[np.ndarray], np.ndarray], values: Any) -> np.ndarray:
    """Return a function of one variable at ``values`` of any shape, evaluated once for each different value."""
    different, place = np.unique(np.asarray(values, dtype=float), return_inverse=True)
    return np.asarray(function(different))[place].reshape(np.shape(values))
