"""Emission yields kept per mass, and the theory errors of the approximations."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .. import registry, units
from ..errors import OutOfValidity
from ..numerics import quadrature, tables
from ..numerics.batching import in_batches
from ..production import exact_table

if TYPE_CHECKING:
    from .base import Search

_BATCH = 40
_DIRECT = 512
_PIECES, _POINTS = 8, 33
_PACKAGE = Path(__file__).parent.parent


def table_for(
    options: dict[str, str], elements: tuple[str, ...], fraction: float, edges: np.ndarray
) -> exact_table.ExactTable | None:
    """Return the table of the exact cross section, if it is asked for; raises OutOfValidity beyond its range.

    ``fraction`` is the smallest energy fraction of the mediator, ``edges`` are the energies of the beam (GeV).
    """
    if options["bremsstrahlung"] != "exact" or "bremsstrahlung" not in options["channels"].split(","):
        return None
    if fraction < 0.5:
        raise OutOfValidity(
            f"bremsstrahlung=exact: energy fractions from {fraction:g} are asked; the table holds 0.5 to 1. Use bremsstrahlung=ww."
        )
    return exact_table.load(elements, options["form_factor"], fraction * float(edges[0]), float(edges[-1]))


def cached_emission(search: Search, mass: np.ndarray) -> quadrature.Estimate:
    """Return the signature's ``emission_unit`` at masses of any shape (GeV), each mass computed once per search.

    Up to 512 different masses are integrated directly. More are interpolated in ln(mass), in 8 pieces of 33 integrated
    points, with the measured error of the interpolation added; a piece in which the yield reaches 0 is integrated directly.
    """
    if np.unique(mass).size <= _DIRECT:
        return _direct(search, mass)
    flat = np.asarray(mass, dtype=float).ravel()
    edges = np.linspace(np.log(flat.min()), np.log(flat.max()), _PIECES + 1)
    grid = np.linspace(edges[:-1], edges[1:], _POINTS, axis=-1)
    nodes = _direct(search, np.exp(grid))
    smooth = np.all(nodes.value > 0, axis=-1)
    table = tables.make_table(np.log(np.where(smooth[:, None], nodes.value, 1.0)), edges[:-1], edges[1:])
    piece = np.clip(np.searchsorted(edges, np.log(flat), side="right") - 1, 0, _PIECES - 1)
    value = np.exp(in_batches(lambda row, x: _interpolate(table, row.astype(int), x), [piece, np.log(flat)], 1024))
    relative = table.error + np.max(nodes.error / np.where(smooth[:, None], nodes.value, 1.0), axis=-1)
    error = value * relative[piece]
    rest = ~smooth[piece]
    if np.any(rest):
        value[rest], error[rest] = _direct(search, flat[rest])
    return quadrature.Estimate(value.reshape(np.shape(mass)), error.reshape(np.shape(mass)))


_interpolate = jax.jit(tables.interpolate_row)


def _direct(search: Search, mass: np.ndarray) -> quadrature.Estimate:
    """Integrate at every different mass that is not kept from an earlier call."""
    different = np.unique(mass)
    kept: dict[float, tuple[float, float]] = search._prepared.setdefault("emission", {})
    missing = np.array([m for m in different.tolist() if m not in kept])
    if missing.size:
        value = _by_rules(search, missing, 0)
        # the error is smooth in the mass: of many, so many as fill a batch, and the larger of both neighbours between them
        checked = np.unique(np.linspace(0, missing.size - 1, min(missing.size, _BATCH)).astype(int))
        coarse = _by_rules(search, missing[checked], 1)
        scale = np.where(value[checked] > 0, value[checked], 1.0)
        relative = np.where(value[checked] > 0, np.abs(coarse - value[checked]) / scale, 0.0)
        above = np.minimum(np.searchsorted(checked, np.arange(missing.size)), checked.size - 1)
        below = np.where(checked[above] == np.arange(missing.size), above, np.maximum(above - 1, 0))
        error = value * np.maximum(relative[above], relative[below])
        kept.update(zip(missing.tolist(), zip(value.tolist(), error.tolist(), strict=True), strict=True))
    rows = np.array([kept[m] for m in different.tolist()])[np.searchsorted(different, mass)]
    return quadrature.Estimate(rows[..., 0], rows[..., 1])


def _by_rules(search: Search, mass: np.ndarray, which: int) -> np.ndarray:
    """Events by the fine (0) or coarse (1) rules, in batches of one shape."""
    parts = []
    for start in range(0, mass.size, _BATCH):
        part = mass[start : start + _BATCH]
        padded = np.pad(part, (0, _BATCH - part.size), mode="edge")
        parts.append(search.signature.emission_by_rules(search, padded, which)[: part.size])
    return np.concatenate(parts)


class Conditions(NamedTuple):
    """Which known errors apply: sections of ``bremsstrahlung.toml``, and of ``electromagnetic_cascade.toml`` for emission and annihilation."""

    emission: str = ""
    emission_track: tuple[str, ...] = ("relative_uncertainty",)
    annihilation_track: tuple[str, ...] = ("relative_uncertainty",)


COLLIDER = Conditions()
"""Positrons of some GeV on caesium iodide, mediators above 95% of their energy."""
LEAD_DUMP = Conditions(
    "_lead", ("relative_uncertainty_above_half", "both_charges"), ("relative_uncertainty_above_half", "opposite_charge")
)
"""Electrons of 100 GeV on lead, mediators above half their energy."""


@cache
def _errors(approximation: str, form: str, measured: float, where: str) -> tuple[np.ndarray, np.ndarray]:
    """ln of masses, and the relative error of a cross section on nuclei there: distance to exact, table, form factor.

    ``measured`` is the error that the table says of itself; it counts where it is above that of the shipped tables. The form factor as
    printed is off by less than what the elastic one leaves out.
    """
    content = registry.read_toml(_PACKAGE / "production" / "bremsstrahlung.toml")
    ratio, known = content[f"ratio_to_exact{where}"], content[f"relative_uncertainty{where}"]
    mass = [units.convert(f"{m} {ratio['mass']['unit']}", units.ENERGY) for m in ratio["mass"]["value"]]
    distance = np.abs(1 - 1 / np.array(ratio[approximation]["value"], dtype=float))
    shipped = units.convert(known["table"]["value"], units.DIMENSIONLESS)
    table = max(shipped, measured) if approximation == "exact" else 0.0
    inelastic = np.array(known["inelastic"]["value"]) if form != "elastic_inelastic" else 0.0
    return np.log(mass), np.sqrt(distance**2 + table**2 + inelastic**2)


@cache
def _track_error(method: str, section: tuple[str, ...]) -> float:
    content = registry.read_toml(_PACKAGE / "transport" / "electromagnetic_cascade.toml")
    for name in section:
        content = content[name]
    return units.convert(content[method]["value"], units.DIMENSIONLESS)


@cache
def _radiation_error(name: str) -> float:
    content = registry.read_toml(_PACKAGE / "production" / "radiative_annihilation.toml")["relative_uncertainty"]
    return units.convert(content[name]["value"], units.DIMENSIONLESS)


def theory_error(
    options: dict[str, str], channel: str, mass: Any, *, differentiable: bool, table_error: float = 0.0, at: Conditions = COLLIDER
) -> Any:  # fmt: skip
    """Return the relative theory error of a channel: track length; higher orders; for emission the distance to exact.

    ``table_error`` is the measured error of the table in use, if there is one; ``at`` says which known errors apply.
    """
    if channel != "bremsstrahlung":
        track = _track_error(options["track_length"], at.annihilation_track)
        radiative = "radiative_annihilation" in options["channels"].split(",")
        name = "resolved" if channel == "radiative_annihilation" else "merged" if radiative else "born"
        return float(np.hypot(track, _radiation_error(name)))
    track = _track_error(options["track_length"], at.emission_track)
    log_mass, error = _errors(options["bremsstrahlung"], options["form_factor"], table_error, at.emission)
    xp: Any = jnp if differentiable else np
    return xp.hypot(track, xp.interp(xp.log(mass), log_mass, error))
