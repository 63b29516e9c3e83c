"""How far a limited parameter may go: models whose states end at some mixing, such as where a Z' would come too close to the Z."""

from __future__ import annotations

from typing import TYPE_CHECKING

import equinox as eqx
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
    shape = np.broadcast_shapes(*(np.shape(value) for value in start.parameters().values() if value is not None))
    low, high = (np.full(shape, np.log(end)) for end in limit_range)
    high = np.where(_has_states(start, parameter, np.exp(high)), low, high)  # swapped where nothing is to be found
    whole = high == low
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        good = _has_states(start, parameter, np.exp(middle))
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return np.where(whole, limit_range[1], np.exp(low - _INSIDE))


def _has_states(model: Model, parameter: str, value: np.ndarray) -> np.ndarray:
    """Whether what a model exchanges is finite at values of a parameter, which are not checked."""
    changed = eqx.tree_at(lambda m: getattr(m, parameter), model, value)
    exchange = changed.exchange()
    finite = [np.all(np.isfinite(np.asarray(part)), axis=-1) for part in exchange[1:]]
    return np.broadcast_to(np.logical_and.reduce(np.broadcast_arrays(*finite)), value.shape)
