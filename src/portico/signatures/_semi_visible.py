"""What searches for cascades share: different points of a model, each worked out once per search; survival; the dark fraction."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..cascades.blocks import check_seed
from ..cascades.survival import Survival
from ..decays.chain import Chain
from ..errors import InvalidInput
from ..models.base import Model, VectorMediator
from ..numerics.sampling import MonteCarlo
from .base import Search


def chain_of(search: Search, model: Any) -> Chain:
    """Return the chain of a model with scalar masses, with or without hadronic decays as the search's options say."""
    return model.chain(hadrons=search.options.get("hadronic_decays", "on") == "on")


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
            kept[key] = Point(float(one.mass), chain, dark, visible, min(pairs, default=math.inf))
        found.append(kept[key])
    return Points(found, np.reshape(row, shape), epsilon)


def refuse_closed(search: Search, model: Model) -> None:
    """Raise InvalidInput unless the model has a mediator with dark decays that are open at every mass."""
    if not hasattr(model, "chain"):
        raise InvalidInput(
            f"search '{search.name}' needs a mediator that decays to dark particles, such as dark_photon or inelastic; given {model.NAME}."
        )
    model.require("mass", "epsilon", "alpha_dark")
    if np.any(np.asarray(model.alpha_dark) == 0):  # type: ignore[attr-defined]
        raise InvalidInput(
            f"search '{search.name}' looks for decays to dark particles and needs alpha_dark above 0; set for example alpha_dark=0.1."
        )
    dark = model.partial_widths() if isinstance(model, VectorMediator) else model.dark_widths()  # type: ignore[attr-defined]
    total = np.asarray(sum(np.asarray(w) for name, w in dark.items() if name.startswith(("psi", "chi"))))
    if np.any(total <= 0):
        raise InvalidInput(
            f"search '{search.name}' needs decays of the mediator to dark particles; at {place_of(model, total <= 0)} no pair that couples is lighter than it, and it decays to visible particles only (portico widths {model.NAME})."
        )


def check_one_point(search: Search, model: Any, seed: int) -> None:
    """Raise InvalidInput unless the parameters of a model are single numbers and the seed is one: for events."""
    check_seed(seed)
    arrays = [name for name, value in model.parameters().items() if np.ndim(value) > 0]
    if arrays:
        raise InvalidInput(
            f"search '{search.name}': events are those of one point of {model.NAME}; {arrays[0]} is an array, expected one number."
        )


def place_of(model: Any, chosen: np.ndarray) -> str:
    """Return the first chosen point of a model in words: its mass, and what else is an array."""
    index = int(np.flatnonzero(chosen)[0])
    words = []
    for name, value in model.parameters().items():
        if name == "mass" or (np.ndim(value) and name != "epsilon"):
            unit = model.PARAMETERS[name].unit
            number = np.broadcast_to(np.asarray(value), chosen.shape).ravel()[index]
            words.append(f"{name} = {number:g}{'' if unit == '1' else ' ' + unit}")
    return ", ".join(words)


def some_points(search: Search, model: Any) -> list[Point]:
    """Return the first, the middle and the last point of a model: enough to know what kind of decays it has."""
    shape = np.broadcast_shapes(*(np.shape(v) for v in model.parameters().values() if v is not None))
    size = int(np.prod(shape))
    rows = sorted({0, size // 2, size - 1})
    changes = {
        name: np.broadcast_to(np.asarray(value), shape).ravel()[rows]
        for name, value in model.parameters().items()
        if np.ndim(value)
    }
    return points_of(search, model.with_parameters(**changes) if changes else model).different


def cached_survival(search: Search, chain: Chain, compute: Callable[[Chain], Survival]) -> Survival:
    """Return the survival of a chain, computed once per search; it holds for every coupling."""
    kept: dict[Chain, Survival] = search._prepared.setdefault("survival", {})
    if chain not in kept:
        kept[chain] = compute(chain)
    return kept[chain]


def dark_and_visible(model: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the widths of the mediator to dark particles, and to visible ones for epsilon = 1, in GeV."""
    widths = model.partial_widths()
    dark = sum(np.asarray(value) for name, value in widths.items() if name.startswith(("psi", "chi")))
    return np.asarray(dark, dtype=float), np.asarray(model.visible_width_unit())


def dark_fraction(points: Points) -> np.ndarray:
    """Return the branching ratio of the mediator to dark particles, at every row."""
    dark, visible = points.column("dark"), points.epsilon**2 * points.column("visible")
    return dark / (dark + visible)


def survival_at(points: Points, survival: Callable[[Chain], Survival]) -> MonteCarlo:
    """Return the probability to pass, with its error, at every row."""
    result = np.zeros((2, *points.epsilon.shape))
    for k, point in enumerate(points.different):
        chosen = points.row == k
        result[:, chosen] = survival(point.chain).probability(points.epsilon[chosen])
    return MonteCarlo(*result)
