"""How far a limited parameter may go: models whose states end at some mixing, such as where a Z' would come too close to the Z."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput

if TYPE_CHECKING:
    from .base import Model

_STEPS = 24
_INSIDE = 1e-6


def largest_allowed(model: Model, parameter: str) -> np.ndarray | None:
    """The largest value of a limited parameter at which each point of a model has states, None where all of its range is allowed.

    Found by bisection on whether what is exchanged is finite; the answer is on the safe side, within 1e-5 of the end in the
    logarithm for a range of eight decades. Raises InvalidInput as the constructor does where not even the start of the range is allowed.
    """
    limit_range = model.PARAMETERS[parameter].limit_range
    assert limit_range is not None
    try:
        model.with_parameters(**{parameter: limit_range[1]})
        return None
    except InvalidInput:
        if not hasattr(model, "exchange"):
            raise
    start = model.with_parameters(**{parameter: limit_range[0]})
    arrays = {
        name: np.asarray(value)
        for name, value in start.parameters().items()
        if value is not None and not isinstance(value, str) and np.ndim(value) and name != parameter
    }
    shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
    flat = {name: np.broadcast_to(array, shape).ravel() for name, array in arrays.items()}
    most = np.full(int(np.prod(shape)), limit_range[1])
    ended = np.flatnonzero(~_has_states(start.with_unchecked(**flat), parameter, most))
    some = start.with_unchecked(**{name: array[ended] for name, array in flat.items()})
    low, high = (np.full(ended.size, np.log(end)) for end in limit_range)
    for _ in range(_STEPS if ended.size else 0):
        middle = 0.5 * (low + high)
        good = _has_states(some, parameter, np.exp(middle))
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    most[ended] = np.exp(low - _INSIDE)
    return most.reshape(shape)


def _has_states(model: Model, parameter: str, value: np.ndarray) -> np.ndarray:
    """Whether what a model exchanges is finite at values of a parameter, which are not checked."""
    exchange = model.with_unchecked(**{parameter: value}).exchange()  # type: ignore[attr-defined]
    finite = [np.all(np.isfinite(np.asarray(part)), axis=-1) for part in exchange[1:]]
    return np.broadcast_to(np.logical_and.reduce(np.broadcast_arrays(*finite)), value.shape)
