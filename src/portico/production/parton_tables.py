r"""Parton luminosities of proton-proton collisions from tables: differential in the rapidity of the partonic system.

.. math:: L_{q\bar q}(M, y) = x_1 q(x_1,\mu)\,x_2\bar q(x_2,\mu), \qquad L_{qg}(M, y) = x_1 q(x_1,\mu)\,x_2 g(x_2,\mu), \qquad
          x_{1,2} = \frac{M}{\sqrt s}e^{\pm y}, \qquad |y| < Y = \ln\frac{\sqrt s}{M}

with the factorisation scale mu = M (``central``), M/2 (``half``) or 2M (``double``). A table holds the coefficients of a bicubic
spline of L / [n(M) (1-x_1)(1-x_2)] on an even grid in ln M and (2/pi) asin(y/Y), which is finer towards the ends, and the integrals
over y. The tables of :data:`parton_distributions.SETS` at 8, 13, 13.6 and 14 TeV ship with portico; ``portico tables
--parton-luminosities`` makes others. No library of parton distributions is needed to use them.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..errors import DataError, InvalidInput, OutOfValidity, unknown_name
from ..numerics.namespace import array_namespace
from ..numerics.splines import spline_weights
from . import table_files
from .parton_distributions import SETS

SCALES = ("central", "half", "double")
"""Names of the factorisation scale: M, M/2 and 2M."""
QUARKS = ("u", "d", "s", "c", "b")
"""Order of the flavours in a table."""
CHANNELS = (*(f"{q} {q}bar" for q in QUARKS), "up-type g", "down-type g")
"""Rows of a table; the last two are sums over quarks and antiquarks of one charge."""
MINIMUM_PAIR_MASS = 2.0
"""GeV: smallest mass of a pair that is counted, unless another is given: below, sets differ by factors. Source: arXiv:1506.04760."""
_SHIPPED = Path(__file__).parent
_STEM = "parton_luminosities"
_PARTS = ("coefficients", "step", "integrated", "log_norm", "log_mass")


class PartonLuminosities(NamedTuple):
    """Spline coefficients of one set of parton distributions at one energy and one factorisation scale; arrays only.

    Attributes
    ----------
    coefficients : array (7, a, b)   rows of :data:`CHANNELS`, ln M, (2/pi) asin(y/Y)
    integrated : array (7, a)        integral over y, over 2 Y n(M)
    log_norm : array (a,)            ln n(M)
    log_mass : array (2,)            ends of the grid in ln M, M in GeV
    log_energy : array ()            ln of sqrt(s), GeV
    error : array ()                 measured relative error, exceeded at one random point in twenty
    """

    coefficients: Float[Array, "7 a b"]
    integrated: Float[Array, "7 a"]
    log_norm: Float[Array, " a"]
    log_mass: Float[Array, "2"]
    log_energy: Float[Array, ""]
    error: Float[Array, ""]


class TableFile(NamedTuple):
    """What a file of luminosities says of itself: set, sqrt(s) in GeV, range of M at the central scale in GeV, measured relative error."""

    path: Path
    shipped: bool
    pdf: str
    energy: float
    mass: tuple[float, float]
    error: float
    provenance: dict[str, Any]


# --- files ---------------------------------------------------------------------------------------------------------


def folder() -> Path:
    """Return the folder of the user's tables of luminosities. Source: :func:`portico.production.table_files.folder`."""
    return table_files.folder() / _STEM


def file_name(pdf: str, energy: float) -> str:
    """Return the name of the file for a set and sqrt(s) in GeV. Source: the module."""
    return f"{_STEM}_{pdf}_{energy / 1e3:.10g}TeV.npz"


def command(energy: float, pdf: str) -> str:
    """Return the command that makes a table for sqrt(s) in GeV. Source: ``portico tables --help``."""
    return f"portico tables --parton-luminosities --energy {energy / 1e3:.10g}TeV --pdf {pdf}"


def _broken(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: not a table of parton luminosities: {reason}; delete it or make it again.")


def read(path: Path) -> TableFile:
    """Return what a file says of itself; raises DataError where it is no table. Source: its provenance."""
    path = Path(path)
    text = table_files.arrays(path, ("provenance",))["provenance"]
    try:
        made = json.loads(str(text))
        low, high = map(float, made["mass_gev"])
        found = TableFile(
            path=path,
            shipped=path.parent == _SHIPPED,
            pdf=str(made["pdf"]),
            energy=float(made["energy_gev"]),
            mass=(low, high),
            error=float(made["relative_error"]),
            provenance=made,
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        named = f" '{error.args[0]}'" if isinstance(error, KeyError) else ""
        raise _broken(path, f"its provenance lacks a usable entry{named}") from None
    if not (0 < low < high < found.energy < math.inf and 0 <= found.error < math.inf):
        raise _broken(path, "its provenance has numbers that make no table")
    if path.name.startswith(f"{_STEM}_") and path.name != file_name(found.pdf, found.energy):
        raise _broken(path, f"its name does not say what it holds, {found.pdf} at {found.energy / 1e3:.10g} TeV")
    return found


@cache
def _shipped() -> tuple[TableFile, ...]:
    return tuple(sorted((read(path) for path in _SHIPPED.glob(f"{_STEM}_*.npz")), key=lambda t: (t.pdf, t.energy)))


def tables() -> tuple[list[TableFile], list[str]]:
    """Return all tables, shipped ones first, and a sentence for each of the user's files that is none. Source: the files."""
    found, problems = list(_shipped()), []
    for path in sorted(folder().glob("*.npz")):
        try:
            found.append(read(path))
        except DataError as error:
            problems.append(str(error))
    return found, problems


def _alike(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6 * one


def ships(energy: float, pdf: str) -> bool:
    """Return whether the table of a set at sqrt(s) in GeV ships with portico: then no other is used. Source: the files."""
    return any(t.pdf == pdf and _alike(t.energy, energy) for t in _shipped())


def find(energy: float, pdf: str) -> TableFile:
    """Return the file for sqrt(s) in GeV and a set of :data:`parton_distributions.SETS`, a shipped one first.

    Raises UnknownName for another set; OutOfValidity that names the energies there are and the commands that make what is missing;
    DataError where none suits and one of the user's files is unreadable.
    Source: the files.
    """
    if pdf not in SETS:
        raise unknown_name("set of parton distributions", pdf, SETS)
    found, problems = tables()
    alike = [t for t in found if t.pdf == pdf]
    for table in alike:
        if _alike(table.energy, energy):
            return table
    there = [t.pdf for t in found if _alike(t.energy, energy)]
    commands = [f"'{command(energy, name)}'" for name in (pdf, *SETS) if name not in there]
    both = " (errors compare both sets)" if len(set(commands)) > 1 else ""
    make = f"make {'them' if both else 'one'} with {' and '.join(dict.fromkeys(commands))}{both}"
    if problems:
        raise DataError(f"{problems[0]} No other table suits: {make}.")
    known = ", ".join(dict.fromkeys(f"{t.energy / 1e3:.10g}" for t in sorted(alike, key=lambda t: t.energy)))
    raise OutOfValidity(
        f"parton luminosities: sqrt(s) of {energy / 1e3:.10g} TeV is asked; there are tables of {pdf} for {known or 'no'} TeV: {make}."
    )


def load(energy: float, *, pdf: str = "NNPDF23_lo", scale: str = "central") -> PartonLuminosities:
    """Return the luminosities at sqrt(s) in GeV, for a set of parton distributions and a factorisation scale.

    ``pdf`` is "NNPDF23_lo" (alpha_s = 0.130, QED) or "NNPDF31_nnlo" (luxQED), ``scale`` one of :data:`SCALES`.
    Raises UnknownName and OutOfValidity as :func:`find` does, DataError where the file is damaged.
    Source: the files; arXiv:1308.0598 (NNPDF 2.3 QED), arXiv:1712.07053 (NNPDF 3.1 luxQED).
    """
    if scale not in SCALES:
        raise unknown_name("factorisation scale", scale, SCALES)
    found = find(energy, pdf)
    names = tuple(f"{scale}_{part}" for part in _PARTS)
    content = table_files.arrays(found.path, names)
    coefficients, step, integrated, log_norm, log_mass = (content[name] for name in names)
    a, b = coefficients.shape[-2:] if coefficients.ndim == 3 else (0, 0)
    if any(content[name].dtype.kind not in "fiu" for name in names):
        raise _broken(found.path, "an array has entries that are not numbers")
    expected = ((len(CHANNELS), a, b), (len(CHANNELS),), (len(CHANNELS), a), (a,), (2,))
    if min(a, b) < 6 or any(content[name].shape != shape for name, shape in zip(names, expected, strict=True)):
        raise _broken(found.path, "its arrays have the wrong shapes")
    if not all(np.all(np.isfinite(content[name])) for name in names) or not log_mass[0] < log_mass[1]:
        raise _broken(found.path, "an array has entries that are not finite")
    return PartonLuminosities(
        coefficients * step[:, None, None],
        integrated,
        log_norm,
        log_mass,
        np.log(found.energy),
        np.float64(found.error),
    )


class Bands(NamedTuple):
    """Luminosities of one set at three factorisation scales, and of another set at the central one."""

    central: PartonLuminosities
    half: PartonLuminosities
    double: PartonLuminosities
    other: PartonLuminosities


def load_bands(energy: float, *, pdf: str = "NNPDF23_lo") -> Bands:
    """Return the luminosities at sqrt(s) in GeV that bands are made of; raises as :func:`load`. Source: the files."""
    central, half, double = (load(energy, pdf=pdf, scale=scale) for scale in SCALES)
    return Bands(central, half, double, load(energy, pdf=next(name for name in SETS if name != pdf)))


# --- values --------------------------------------------------------------------------------------------------------


def valid_from(table: PartonLuminosities) -> Any:
    """Return the smallest mass of the partonic system, GeV, whose factorisation scale is in the set's own range.

    1 GeV (NNPDF 2.3) and 1.65 GeV (NNPDF 3.1) for the central scale, twice as much for ``half``. Below it a table has no values.
    Source: the grids of the sets.
    """
    xp = array_namespace(*table)
    return xp.exp(table.log_mass[0])


def valid_to(table: PartonLuminosities) -> Any:
    """Return the largest mass of the partonic system in the table, GeV: a third of sqrt(s). Source: the module."""
    xp = array_namespace(*table)
    return xp.exp(table.log_mass[1])


def check_pair_mass(minimum: float, maximum: float | None) -> None:
    """Raise InvalidInput for a range of the pair's mass (GeV) that is none. Source: :data:`MINIMUM_PAIR_MASS`."""
    if not minimum > 0 or (maximum is not None and not maximum > minimum):
        raise InvalidInput(
            f"masses of the pair from {minimum} to {maximum} GeV are asked; expected two that rise, above 0."
        )


def pair_mass_ends(table: PartonLuminosities, mass: Any, minimum: float, maximum: float | None) -> tuple[Any, Any]:
    """Return the range of the pair's mass, GeV, for particles of a mass: above threshold, within the cuts and within the table.

    Source: the module.
    """
    xp = array_namespace(*table, mass)
    lower = xp.maximum(xp.maximum(2 * mass, minimum), valid_from(table))
    upper = valid_to(table) if maximum is None else xp.minimum(maximum, valid_to(table))
    return tuple(xp.broadcast_arrays(lower, upper))


def along_mass(values: Any, table: PartonLuminosities, log_mass: ArrayLike) -> Any:
    """Return splines with coefficients ``values`` of shape (..., a) at points ln M of any shape (n...): shape (n..., ...).

    Source: :mod:`portico.numerics.splines`.
    """
    xp = array_namespace(values, *table, log_mass)
    cells = values.shape[-1] - 3
    place = (xp.asarray(log_mass) - table.log_mass[0]) / (table.log_mass[1] - table.log_mass[0]) * cells
    cell, weights = spline_weights(place, cells)
    last_first = xp.moveaxis(xp.asarray(values), -1, 0)
    extra = (None,) * (last_first.ndim - 1)
    return sum(last_first[cell + k] * weights[(..., k, *extra)] for k in range(4))


def integrated(table: PartonLuminosities, pair_mass: ArrayLike) -> Any:
    r"""Return :math:`\int_{-Y}^{Y} L\,dy` with the parton that is named first on one side only, by row of :data:`CHANNELS`.

    Parameters
    ----------
    pair_mass : array, shape (...)   GeV

    Returns
    -------
    array, shape (..., 7)            dimensionless; nan outside the table

    Source: the module; 128-point rule with the parton distributions themselves.
    """
    xp = array_namespace(*table, pair_mass)
    log_mass = xp.log(xp.asarray(pair_mass))
    width = 2 * (table.log_energy - log_mass)
    found = along_mass(table.integrated, table, log_mass)
    found = found * (width * xp.exp(along_mass(table.log_norm, table, log_mass)))[..., None]
    return xp.where(_held(xp, table, log_mass)[..., None], found, xp.nan)


def quark_antiquark(table: PartonLuminosities, pair_mass: ArrayLike, rapidity: ArrayLike) -> Any:
    """Return x1 q(x1) x2 qbar(x2), the quark moving to positive rapidity, for the flavours of :data:`QUARKS`.

    The mirror image, antiquark to positive rapidity, is the value at minus the rapidity.

    Parameters
    ----------
    pair_mass, rapidity : arrays that broadcast to (...)   GeV; of the partonic system

    Returns
    -------
    array, shape (..., 5)                                  0 for |y| > Y; nan for masses outside the table

    Source: the module.
    """
    return _values(table, table.coefficients[: len(QUARKS)], pair_mass, rapidity)


def quark_gluon(table: PartonLuminosities, pair_mass: ArrayLike, rapidity: ArrayLike) -> Any:
    """Return x1 q(x1) x2 g(x2), summed over quarks and antiquarks of one charge, moving to positive rapidity: up type, down type.

    Arguments and mirror image as for :func:`quark_antiquark`; shape (..., 2). Source: the module.
    """
    return _values(table, table.coefficients[len(QUARKS) :], pair_mass, rapidity)


def _held(xp: Any, table: PartonLuminosities, log_mass: Any) -> Any:
    return (log_mass >= table.log_mass[0] - 1e-12) & (log_mass <= table.log_mass[1] + 1e-12)


def _values(table: PartonLuminosities, rows: Any, pair_mass: ArrayLike, rapidity: ArrayLike) -> Any:
    xp = array_namespace(*table, pair_mass, rapidity)
    log_mass, y = xp.broadcast_arrays(xp.log(xp.asarray(pair_mass)), xp.asarray(rapidity))
    cells_a, cells_b = rows.shape[1] - 3, rows.shape[2] - 3
    place = (log_mass - table.log_mass[0]) / (table.log_mass[1] - table.log_mass[0]) * cells_a
    a, weight_a = spline_weights(place, cells_a)
    b, weight_b = spline_weights(across(table, log_mass, y) * cells_b, cells_b)
    by_place, total = xp.moveaxis(xp.asarray(rows), 0, -1), 0.0
    for i in range(4):
        for j in range(4):
            total = total + by_place[a + i, b + j] * (weight_a[..., i] * weight_b[..., j])[..., None]
    norm = xp.exp(along_mass(table.log_norm, table, log_mass)) * end_factor(table, log_mass, y)
    return xp.where(_held(xp, table, log_mass)[..., None], total * norm[..., None], xp.nan)


def across(table: PartonLuminosities, log_mass: ArrayLike, rapidity: ArrayLike) -> Any:
    """Return the coordinate of the table across rapidity, from 0 at -Y to 1 at Y. Source: the module."""
    xp = array_namespace(*table, log_mass, rapidity)
    ratio = xp.clip(xp.asarray(rapidity) / (table.log_energy - xp.asarray(log_mass)), -1 + 1e-15, 1 - 1e-15)
    return 0.5 + xp.arcsin(ratio) / np.pi


def end_factor(table: PartonLuminosities, log_mass: ArrayLike, rapidity: ArrayLike) -> Any:
    """Return (1-x1)(1-x2), 0 for |y| > Y. Source: the module."""
    xp = array_namespace(*table, log_mass, rapidity)
    below = xp.asarray(log_mass) - table.log_energy
    one, two = xp.minimum(below + rapidity, 0.0), xp.minimum(below - xp.asarray(rapidity), 0.0)
    return xp.expm1(one) * xp.expm1(two)
