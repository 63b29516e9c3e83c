"""Different points of a model of cascades, each worked out once per search: its chain and its mediator's widths."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..decays.chain import Chain
from ._semi_visible import chain_of, dark_and_visible
from .base import Search


class Point(NamedTuple):
    """A point without its kinetic mixing: mass (GeV), chain, width to dark particles, that to visible ones for epsilon = 1.

    ``threshold`` is the sum of masses of the lightest pair that the mediator decays to.
    """

    mass: float
    chain: Chain
    dark: float
    visible: float
    threshold: float


class Points(NamedTuple):
    """Different points, which of them each row of the model is, and the kinetic mixing of the rows, both of the model's shape."""

    different: list[Point]
    row: np.ndarray
    epsilon: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """Return a number of the points for every row."""
        return np.array([getattr(point, name) for point in self.different])[self.row]


def points_of(search: Search, model: Any) -> Points:
    """Return the different points of a model with scalars or arrays of parameters; those seen before are kept."""
    given = {name: value for name, value in model.parameters().items() if value is not None}
    numbers = {name: np.asarray(value, dtype=float) for name, value in given.items() if not isinstance(value, str)}
    shape = np.broadcast_shapes(*(value.shape for value in numbers.values()))
    epsilon = np.broadcast_to(numbers.pop("epsilon", np.ones(())), shape)
    names = list(numbers)
    rows = np.stack([np.broadcast_to(numbers[name], shape).ravel() for name in names], axis=-1)
    different, row = np.unique(rows, axis=0, return_inverse=True)
    words = tuple(sorted((name, value) for name, value in given.items() if isinstance(value, str)))
    kept: dict[Any, Point] = search._prepared.setdefault("points", {})
    found = []
    for values in different.tolist():
        key = (model.NAME, words, tuple(zip(names, values, strict=True)))
        if key not in kept:
            one = model.with_parameters(**dict(zip(names, values, strict=True)), epsilon=1.0)
            dark, visible = (float(width) for width in dark_and_visible(one))
            chain = chain_of(search, one)
            pairs = [chain.masses[mode.first] + chain.masses[mode.second] for mode in chain.modes if mode.ratio > 0]
            kept[key] = Point(float(one.mass), chain, dark, visible, min(pairs))
        found.append(kept[key])
    return Points(found, np.reshape(row, shape), epsilon)
