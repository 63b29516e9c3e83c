"""Checks of numbers at front doors: one sentence for what is no number, outside its domain, or of a shape that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from ..errors import InvalidInput


def numbers(where: str, name: str, given: Any, allowed: Callable[[np.ndarray], Any], expected: str) -> Any:
    """Return numbers as an array of floats; what jax traces is returned as it is, for its values are not known.

    Parameters
    ----------
    where, name : str     function and argument, for the message
    given : array         of any shape, not empty
    allowed : callable    array to array of bool; nan and infinities need not be refused there
    expected : str        what is allowed, in words

    Raises InvalidInput for text, None, truth values, lists of unequal length, nothing at all, and numbers that are not finite or
    not allowed. Source: definition.
    """
    if isinstance(given, jax.core.Tracer):
        return given
    try:
        array = np.asarray(given)
    except (TypeError, ValueError):
        array = np.empty(0)
    shown = repr(given)
    if array.size and array.dtype.kind in "fiu":
        array = array.astype(float)
        good = np.isfinite(array)
        good &= np.asarray(allowed(np.where(good, array, 1.0)), dtype=bool)
        if np.all(good):
            return array
        shown = shown if array.ndim == 0 else f"{array[~good][0]:g}"
    raise InvalidInput(f"{where}: {name} = {shown} is not allowed; expected {expected}.")


def same_shape(where: str, **given: Any) -> None:
    """Raise InvalidInput unless arrays broadcast together. Source: rules of numpy."""
    try:
        np.broadcast_shapes(*(np.shape(array) for array in given.values()))
    except ValueError:
        shapes = " and ".join(f"{name} {np.shape(array)}" for name, array in given.items())
        raise InvalidInput(f"{where}: the shapes of {shapes} do not fit together.") from None
