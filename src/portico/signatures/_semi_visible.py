"""What searches for cascades share: the chain of a model, its survival probability kept per search, the dark fraction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..cascades.survival import Survival
from ..decays.chain import Chain
from ..errors import InvalidInput
from ..models.base import Model
from ..numerics.sampling import MonteCarlo
from .base import Search


def chain_of(search: Search, model: Any) -> Chain:
    """Return the chain of a model with scalar masses, with or without hadronic decays as the search's options say."""
    return model.chain(hadrons=search.options.get("hadronic_decays", "on") == "on")


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
    closed = [m for m in each_point(model) if not any(mode.ratio > 0 for mode in chain_of(search, m).modes)]
    if closed:
        mass = float(np.asarray(closed[0].mass))
        raise InvalidInput(
            f"search '{search.name}' needs on-shell dark particles; at mass = {mass:g} GeV every pair is heavier than the mediator, which decays to visible particles only (portico widths {model.NAME})."
        )


def each_point(model: Any, *, without: tuple[str, ...] = ("epsilon",)) -> list[Any]:
    """Return models with scalar parameters, one for each different point of a model with arrays; ``without`` stays as it is."""
    arrays = {n: np.asarray(v) for n, v in model.parameters().items() if np.ndim(v) and n not in without}
    if not arrays:
        return [model.with_parameters(**{n: 1.0 for n in without if np.ndim(getattr(model, n))})]
    full = np.broadcast_arrays(*arrays.values())
    rows = np.unique(np.stack([a.ravel() for a in full], axis=-1), axis=0)
    scalar = {n: 1.0 for n in without if np.ndim(getattr(model, n))}
    return [model.with_parameters(**dict(zip(arrays, map(float, row), strict=True)), **scalar) for row in rows]


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


def dark_fraction(model: Any) -> np.ndarray:
    """Return the branching ratio of the mediator to dark particles."""
    dark, visible = dark_and_visible(model)
    total = dark + np.asarray(model.epsilon) ** 2 * visible
    return dark / np.where(total > 0, total, 1.0)


def survival_at(survival: Callable[[Any], Survival], model: Any) -> MonteCarlo:
    """Return the probability to pass, with its error, at every point of a model with scalars or arrays of parameters."""
    given = {n: np.asarray(v) for n, v in model.parameters().items() if v is not None and not isinstance(v, str)}
    shape = np.broadcast_shapes(*(v.shape for v in given.values()))
    moving = {n: np.broadcast_to(v, shape).ravel() for n, v in given.items() if v.ndim and n != "epsilon"}
    epsilon = np.broadcast_to(given["epsilon"], shape).ravel()
    if not moving:
        found = survival(model.with_parameters(epsilon=1.0)).probability(epsilon)
        return MonteCarlo(*(np.reshape(part, shape) for part in found))
    rows, place = np.unique(np.stack(list(moving.values()), axis=-1), axis=0, return_inverse=True)
    result = np.zeros((2, epsilon.size))
    for k, row in enumerate(rows):
        chosen = np.ravel(place) == k
        point = model.with_parameters(**dict(zip(moving, map(float, row), strict=True)), epsilon=1.0)
        result[:, chosen] = survival(point).probability(epsilon[chosen])
    return MonteCarlo(*(np.reshape(part, shape) for part in result))


def plain(value: Any) -> Any:
    """Return a float for a scalar, arrays as they are."""
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array
