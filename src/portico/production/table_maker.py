"""Makes tables of the exact emission cross section, the shipped ones and the user's: ``portico tables --element Pb ...``."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from .. import __version__, particles
from ..errors import DataError, InvalidInput, NumericsError, OutOfValidity, unknown_name
from ..matter import materials
from ..matter.form_factors import FORM_FACTORS, Nucleus
from . import exact_bremsstrahlung, exact_table, nuclear_bremsstrahlung, table_files

LEPTONS = {"e-": "e-", "e+": "e-", "mu-": "mu-", "mu+": "mu-"}
"""Leptons by name; both charges share a table."""
CHECKS = 1500
"""Random points at which a table is compared with direct evaluation."""

_MARGINS = (7 / 8, 7 / 6)  # of the grid in energy beyond the range that is given out
_LARGEST_RATIO = 0.92  # of mass over energy
_STEPS = (0.16813, 0.15996)  # in ln(m/(E-m)) and ln E, unless points are given
_IN_X = 24
_CHECKED_RATIO, _CHECKED_FROM = 0.5, 0.05  # in m/E and in c; below, where the lepton stops, hardly anything is emitted
_CHUNK = 1024
_MOST = 1_000_000


class _Grid(NamedTuple):
    """What a table is made for; energies and masses in GeV."""

    elements: tuple[str, ...]
    lepton: str
    kind: str
    energy: tuple[float, float]
    mass: tuple[float, float]
    points: tuple[int, int, int]
    log_ratio: np.ndarray
    log_energy: np.ndarray

    @property
    def lepton_mass(self) -> float:
        return particles.mass(self.lepton)

    @property
    def nuclei(self) -> list[Nucleus]:
        return [materials.element(symbol) for symbol in self.elements]


def make(
    elements: Sequence[str],
    energy: tuple[float, float],
    *,
    lepton: str = "e-",
    form_factor: str = "elastic",
    kind: str = "vector",
    mass: tuple[float, float] | None = None,
    points: tuple[int, int, int] | None = None,
    on_points: Callable[[int], None] | None = None,
) -> table_files.TableFile:
    """Make a table into the user's folder, from which :func:`portico.production.exact_table.load` takes it.

    Parameters
    ----------
    elements : symbols of ``materials.toml``
    energy : lowest and highest energy of the lepton, GeV
    lepton, form_factor, kind : names from LEPTONS, FORM_FACTORS and :data:`portico.production.exact_bremsstrahlung.KINDS`
    mass : lowest and highest mass of the emitted particle, GeV; by default from the massless limit up to 0.92 of the energy
    points : of the grid in ln(m/(E-m)), ln E and 1 - x; fewer are faster and less exact
    on_points : called with the number of points done since the last call

    Raises InvalidInput, UnknownName and OutOfValidity for a wrong question. The file is written at the end, whole; an
    older table of the same name with a smaller error stays and is returned.
    Source: :func:`portico.production.exact_bremsstrahlung.dsigma_dx`.
    """
    if form_factor not in FORM_FACTORS:
        raise unknown_name("form factor", form_factor, FORM_FACTORS)
    grid = _grid(tuple(elements), energy, lepton, kind, mass, points)
    table_files.make_folder()
    ends = f"{grid.energy[0]:g}-{grid.energy[1]:g}GeV"
    if mass is not None:
        ends += f"_mass_{grid.mass[0]:g}-{grid.mass[1]:g}GeV"
    path = table_files.folder() / f"{kind}_{grid.lepton}_{'-'.join(grid.elements)}_{form_factor}_{ends}.npz"
    if path.is_dir():
        raise InvalidInput(f"tables: '{path}' is a folder and stands where the table is to be written; remove it.")
    arrays, provenance = compute(grid, (form_factor,), on_points=on_points)[form_factor]
    if path.exists():
        with contextlib.suppress(DataError):
            older = table_files.read(path)
            if older.error < provenance["largest_relative_error"]:
                return older
    table_files.write(path, arrays, provenance)
    return table_files.read(path)


def question(
    elements: Sequence[str],
    energy: tuple[float, float],
    *,
    lepton: str = "e-",
    kind: str = "vector",
    mass: tuple[float, float] | None = None,
    points: tuple[int, int, int] | None = None,
) -> _Grid:
    """Return the checked grid of a table, for :func:`compute`; arguments as for :func:`make`. Source: the module."""
    return _grid(tuple(elements), energy, lepton, kind, mass, points)


def size(grid: _Grid) -> int:
    """Return the number of points that :func:`compute` evaluates. Source: the module."""
    return int(np.prod(grid.points)) + CHECKS


def _grid(
    elements: tuple[str, ...],
    energy: tuple[float, float],
    lepton: str,
    kind: str,
    mass: tuple[float, float] | None,
    points: tuple[int, int, int] | None,
) -> _Grid:
    if not elements:
        raise InvalidInput("tables: no element is given; expected at least one symbol, such as Pb.")
    for symbol in elements:
        materials.element(symbol)
    if len(set(elements)) < len(elements):
        raise InvalidInput(f"tables: an element is given twice: {', '.join(elements)}.")
    if lepton not in LEPTONS:
        raise unknown_name("lepton", lepton, LEPTONS)
    if kind not in exact_bremsstrahlung.KINDS:
        raise unknown_name("kind of emitted particle", kind, exact_bremsstrahlung.KINDS)
    low, high = _rising(energy, "energies")
    least, most = 25 * particles.mass(LEPTONS[lepton]), 1e4
    if low < least or high > most:
        raise OutOfValidity(
            f"tables: {lepton} energies from {low:g} to {high:g} GeV are asked; expected between {least:.3g} GeV, 25 times the lepton's mass, and {most:g} GeV."
        )
    ends = _MARGINS[0] * low, _MARGINS[1] * high
    lowest, highest = min(1e-5, 0.24 * particles.mass(LEPTONS[lepton]) / high), _LARGEST_RATIO
    held = (0.0, math.inf)  # below the lowest ratio the lepton's mass alone counts
    if mass is not None:
        lightest, heaviest = _rising(mass, "masses")
        if heaviest >= high:
            raise OutOfValidity(
                f"tables: masses up to {heaviest:g} GeV are asked; a lepton of {high:g} GeV emits none of {high:g} GeV or more."
            )
        held = (lightest if lightest / ends[1] > lowest else 0.0, heaviest)
        lowest, highest = max(lowest, lightest / ends[1]), min(highest, heaviest / ends[0])
    log_ratio = np.log(np.array([lowest, highest]) / (1 - np.array([lowest, highest])))
    log_energy = np.log(ends)
    if points is None:
        counts = [
            max(5, round(float(np.ptp(end)) / step) + 1)
            for end, step in zip((log_ratio, log_energy), _STEPS, strict=True)
        ]
        points = (counts[0], counts[1], _IN_X)
    if len(points) != 3 or min(points) < 5 or math.prod(points) > _MOST:
        raise InvalidInput(
            f"tables: {'x'.join(map(str, points))} points are asked; expected three numbers of at least 5, with a product of at most {_MOST:,}."
        )
    return _Grid(elements, LEPTONS[lepton], kind, (low, high), held, points, log_ratio, log_energy)


def _rising(ends: tuple[float, float], what: str) -> tuple[float, float]:
    low, high = float(ends[0]), float(ends[1])
    if not (0 < low < high < math.inf):
        raise InvalidInput(f"tables: {what} from {low:g} to {high:g} GeV are asked; expected two that rise, above 0.")
    return low, high


def compute(
    grid: _Grid, forms: tuple[str, ...], *, on_points: Callable[[int], None] | None = None
) -> dict[str, tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """Return arrays and provenance of the table for each form factor; the amplitude is evaluated once for all.

    Source: :func:`portico.production.exact_bremsstrahlung.dsigma_dx_each` over ``ww``.
    """
    at = _points(grid)
    logs, error = _log_ratio(grid, forms, at, on_points)
    checks = _random_points(grid)
    direct, _ = _log_ratio(grid, forms, checks, on_points)
    result = {}
    for k, form in enumerate(forms):
        rows = logs[k].reshape(len(grid.elements), *grid.points).astype(np.float32)
        off = np.abs(np.exp(_interpolated(grid, rows.astype(float), checks) - direct[k]) - 1)
        arrays = dict(zip(grid.elements, rows, strict=True))
        arrays |= {"log_ratio": grid.log_ratio, "log_energy": grid.log_energy}
        result[form] = (arrays, _provenance(grid, form, off, error[k]))
    return result


def _points(grid: _Grid) -> tuple[np.ndarray, ...]:
    """1 - x, energy and mass at the grid points, with the ends kept off the support's edge."""
    a, b, c = (np.linspace(0, 1, n) for n in grid.points)
    energy = np.exp(grid.log_energy[0] + b * np.diff(grid.log_energy))[None, :, None]
    odds = np.exp(grid.log_ratio[0] + a * np.diff(grid.log_ratio))[:, None, None]
    mass = odds / (1 + odds) * energy
    smallest = grid.lepton_mass / energy
    span = np.log(exact_table.LARGEST_MISSING * (1 - mass / energy) / smallest)
    missing = smallest * np.exp(np.maximum(c, 1e-4)[None, None, :] * span)
    return tuple(part.ravel() for part in np.broadcast_arrays(missing, energy, mass))


def _random_points(grid: _Grid) -> tuple[np.ndarray, ...]:
    """1 - x, energy and mass at random within the range that is given out, up to half the energy where it goes so far."""
    random = np.random.default_rng(1)
    energy = np.exp(random.uniform(math.log(grid.energy[0]), math.log(grid.energy[1]), CHECKS))
    lowest = np.maximum(grid.mass[0] / energy, 2 * np.exp(grid.log_ratio[0]))
    highest = np.minimum(grid.mass[1] / energy, _CHECKED_RATIO)
    highest = np.where(highest > lowest, highest, np.minimum(grid.mass[1] / energy, _LARGEST_RATIO))
    lowest = np.minimum(lowest, highest)
    mass = energy * lowest * (highest / lowest) ** random.uniform(0, 1, CHECKS)
    smallest = grid.lepton_mass / energy
    largest = exact_table.LARGEST_MISSING * (1 - mass / energy)
    return smallest * (largest / smallest) ** random.uniform(_CHECKED_FROM, 1, CHECKS), energy, mass


def _log_ratio(
    grid: _Grid, forms: tuple[str, ...], at: tuple[np.ndarray, ...], on_points: Callable[[int], None] | None
) -> tuple[np.ndarray, np.ndarray]:
    """ln of exact over beta ww, and the relative error of the integration; shape (forms, nuclei, points)."""
    parts, errors = [], []
    for start in range(0, at[0].size, _CHUNK):
        some = [a[start : start + _CHUNK] for a in at]
        count = some[0].size
        padded = [np.pad(a, (0, _CHUNK - count), mode="edge") for a in some]
        exact = exact_bremsstrahlung.dsigma_dx_each(
            *padded, lepton_mass=grid.lepton_mass, nuclei=grid.nuclei, forms=forms, kind=grid.kind
        )
        ww = np.array(
            [
                [_ww(*padded, grid.lepton_mass, nucleus, form=form, kind=grid.kind) for nucleus in grid.nuclei]
                for form in forms
            ]
        )
        velocity = np.sqrt(1 - (grid.lepton_mass / (padded[0] * padded[1])) ** 2)
        if not (np.all(ww > 0) and np.all(exact.value > 0)):
            raise NumericsError("tables: the cross section is not above 0 at a point of the grid; narrow the ranges.")
        parts.append(np.log(exact.value / ww / velocity)[..., :count])
        errors.append((exact.error / exact.value)[..., :count])
        if on_points is not None:
            on_points(count)
    return np.concatenate(parts, axis=-1), np.concatenate(errors, axis=-1)


@partial(jax.jit, static_argnames=("form", "kind"))
def _ww(
    missing: jax.Array, energy: jax.Array, mass: jax.Array, lepton_mass: float, nucleus: Nucleus, *, form: str, kind: str
) -> jax.Array:  # fmt: skip
    return nuclear_bremsstrahlung.dsigma_dx(
        missing, energy, mass, lepton_mass=lepton_mass, nucleus=nucleus, approximation="ww", form=form, kind=kind, order=64
    )  # fmt: skip


def _interpolated(grid: _Grid, rows: np.ndarray, at: tuple[np.ndarray, ...]) -> np.ndarray:
    """ln of the ratio from the table, shape (nuclei, points)."""
    table = exact_table.ExactTable(rows, grid.log_ratio, grid.log_energy, np.array(grid.mass), np.float64(0))
    electron = grid.lepton_mass

    def one(missing: jax.Array, energy: jax.Array, mass: jax.Array) -> jax.Array:
        return exact_table.correction(exact_table.at_mass(table, mass), missing[None, None], energy, mass, electron)

    found = np.asarray(jax.jit(jax.vmap(one))(*at))[..., 0].T
    return np.log(found / np.sqrt(1 - (electron / (at[0] * at[1])) ** 2))


def _provenance(grid: _Grid, form: str, off: np.ndarray, error: np.ndarray) -> dict[str, Any]:
    return {
        "made_by": "portico tables", "portico": __version__, "kind": grid.kind, "lepton": grid.lepton, "form_factor": form,
        "elements": list(grid.elements), "nuclei": [list(map(float, nucleus)) for nucleus in grid.nuclei],
        "energy_gev": list(grid.energy), "mass_gev": [grid.mass[0], grid.mass[1] if grid.mass[1] < math.inf else None],
        "largest_missing": exact_table.LARGEST_MISSING, "points": list(grid.points), "orders": [list(o) for o in exact_bremsstrahlung.ORDERS],
        "checked_points": CHECKS, "checked_up_to_mass_over_energy": _CHECKED_RATIO, "checked_from_c": _CHECKED_FROM, "median_relative_error": float(np.median(off)),
        "largest_relative_error": float(off.max()), "integration_error": float(np.quantile(error, 0.999)),
    }  # fmt: skip
