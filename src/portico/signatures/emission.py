"""Emission yields kept per mass, and the theory errors of the approximations."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import registry, units
from ..numerics import quadrature, tables
from ..numerics.batching import in_batches

if TYPE_CHECKING:
    from .base import Search

_BATCH = 64
_DIRECT = 512
_POINTS = 257
_PACKAGE = Path(__file__).parent.parent


def cached_emission(search: Search, mass: np.ndarray) -> quadrature.Estimate:
    """Return the signature's ``emission_unit`` at masses of any shape (GeV), each mass computed once per search.

    Up to 512 different masses are integrated directly. More are interpolated in ln(mass) between 257 integrated points,
    with the measured error of the interpolation added; where the yield reaches 0, all are integrated directly.
    """
    different = np.unique(mass)
    kept: dict[float, tuple[float, float]] = search._prepared.setdefault("emission", {})
    if different.size > _DIRECT:
        table = _interpolated(search, mass)
        if table is not None:
            return table
    missing = np.array([m for m in different.tolist() if m not in kept])
    for start in range(0, missing.size, _BATCH):
        part = missing[start : start + _BATCH]
        padded = np.pad(part, (0, _BATCH - part.size), mode="edge")
        value, error = (np.asarray(a)[: part.size] for a in search.signature.emission_unit(search, padded))
        kept.update(zip(part.tolist(), zip(value.tolist(), error.tolist(), strict=True), strict=True))
    rows = np.array([kept[m] for m in different.tolist()])[np.searchsorted(different, mass)]
    return quadrature.Estimate(rows[..., 0], rows[..., 1])


def _interpolated(search: Search, mass: np.ndarray) -> quadrature.Estimate | None:
    low, high = np.log(mass.min()), np.log(mass.max())
    grid = np.linspace(low, high, _POINTS)
    direct = cached_emission(search, np.exp(grid))
    if np.any(np.asarray(direct.value) <= 0):
        return None
    table = tables.make_table(np.log(direct.value), low, high)
    value = np.exp(_interpolate(table, np.log(mass)))
    relative = float(table.error) + float(np.max(direct.error / direct.value))
    return quadrature.Estimate(value, value * relative)


def _interpolate(table: tables.Table, x: np.ndarray) -> np.ndarray:
    return np.asarray(in_batches(lambda points: _interpolate_jit(table, points), [x], 16384))


_interpolate_jit = jax.jit(tables.interpolate)


@cache
def _ratios(approximation: str) -> tuple[np.ndarray, np.ndarray]:
    content = registry.read_toml(_PACKAGE / "production" / "bremsstrahlung.toml")["ratio_to_exact"]
    mass = [units.convert(f"{m} {content['mass']['unit']}", units.ENERGY) for m in content["mass"]["value"]]
    return np.log(mass), np.array(content[approximation]["value"])


@cache
def _track_error(method: str) -> float:
    content = registry.read_toml(_PACKAGE / "transport" / "electromagnetic_cascade.toml")["relative_uncertainty"]
    return units.convert(content[method]["value"], units.DIMENSIONLESS)


def theory_error(options: dict[str, str], channel: str, mass: Any, *, differentiable: bool) -> Any:
    """Return the relative theory error of a channel: track length, and for emission the distance to the exact tree level."""
    track = _track_error(options["track_length"])
    if channel != "bremsstrahlung":
        return track
    log_mass, ratio = _ratios(options["bremsstrahlung"])
    xp: Any = jnp if differentiable else np
    return xp.hypot(track, xp.abs(1 - 1 / xp.interp(xp.log(mass), log_mass, ratio)))
