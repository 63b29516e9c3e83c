"""Makes tables of parton luminosities, the shipped ones and the user's: ``portico tables --parton-luminosities --energy 27TeV``."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..errors import InvalidInput, OutOfValidity
from ..numerics.splines import spline_matrix
from . import parton_distributions, parton_tables, table_files
from .parton_distributions import GLUON, PartonDistributions
from .parton_tables import CHANNELS, SCALES, TableFile

POINTS = (73, 97)
"""Grid in ln M and across rapidity."""
CHECKS = 4000
"""Random points at which a table is compared with the parton distributions themselves."""
FACTORS = {"central": 1.0, "half": 0.5, "double": 2.0}
_CODES = (2, 1, 3, 4, 5)
_IN_RAPIDITY = 128
_LARGEST_STEP = 32767  # coefficients are kept as whole numbers of 16 bits
_LEAST, _MOST = 60.0, 1e6  # sqrt(s) over the lowest scale, for a factor 20 in M; GeV
_FLOOR = 0.02  # of the largest value over rapidity, below which a relative error says nothing


def make(energy: float, *, pdf: str = "NNPDF23_lo", on_points: Callable[[int], None] | None = None) -> TableFile:
    """Make the table of a set at sqrt(s) in GeV, write it into the user's folder and return what it says of itself.

    Raises InvalidInput for an energy that is not above 0 or too small or large for the set, or whose table ships with portico,
    which would be used all the same; UnknownName for a set that is not known, DataError where pythia8mc is not installed or the
    folder cannot be written.
    Source: :func:`compute`.
    """
    if parton_tables.ships(energy, pdf):
        raise InvalidInput(
            f"tables: the table of {pdf} at {energy / 1e3:.10g} TeV ships with portico and is the one that is used; expected another energy."
        )
    content, provenance = compute(energy, pdf=pdf, on_points=on_points)
    table_files.make_folder(parton_tables.folder())
    path = parton_tables.folder() / parton_tables.file_name(pdf, energy)
    table_files.write(path, content, {**provenance, "made_by": "portico tables"})
    return parton_tables.read(path)


def size() -> int:
    """Return the number of points that :func:`compute` reports one by one. Source: the module."""
    return len(SCALES) * POINTS[0]


def compute(
    energy: float, *, pdf: str = "NNPDF23_lo", on_points: Callable[[int], None] | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return arrays and provenance of the table of a set at sqrt(s) in GeV, the same bits each time.

    Source: :func:`portico.production.parton_distributions.momentum_density`.
    """
    partons = parton_distributions.load(pdf)
    low, high = _range(partons, float(energy))
    content: dict[str, np.ndarray] = {}
    errors, integration = [], []
    for scale in SCALES:
        factor = FACTORS[scale]
        ends = np.log([max(low, parton_distributions.lowest_scale(partons) / factor), high])
        part = _one_scale(partons, math.log(energy), ends, factor, on_points)
        content |= {f"{scale}_{name}": array for name, array in part.items()}
        off, difference = _checked(partons, part, math.log(energy), ends, factor)
        errors.append(off)
        integration.append(difference)
    every = np.concatenate(errors)
    file = parton_distributions.SETS[pdf][0]
    provenance = {
        "portico": __version__, "pdf": pdf, "energy_gev": float(energy), "mass_gev": [float(np.exp(content["central_log_mass"][0])), high],
        "grid_file": file, "grid_sha256": hashlib.sha256(Path(partons.file).read_bytes()).hexdigest(), "grids_of": f"pythia8mc {version('pythia8mc')}",
        "source": parton_distributions.SETS[pdf][1], "channels": list(CHANNELS), "factorisation_scales": {name: FACTORS[name] for name in SCALES},
        "points": list(POINTS), "checked_points": int(every.size), "checked_above_fraction_of_largest": _FLOOR,
        "median_relative_error": _digits(np.median(every)), "relative_error": _digits(np.quantile(every, 0.95)),
        "relative_error_at_99_percent": _digits(np.quantile(every, 0.99)), "integrated_relative_error": _digits(np.max(integration)),
    }  # fmt: skip
    return content, provenance


def _digits(value: Any) -> float:
    return float(f"{float(value):.3g}")


def _range(partons: PartonDistributions, energy: float) -> tuple[float, float]:
    """Range of M in GeV: the set's scales and momentum fractions, up to a third of sqrt(s); beyond, antiquarks are negative in NNPDF 3.1."""
    if not 0 < energy < math.inf:
        raise InvalidInput(
            f"tables: sqrt(s) of {energy:g} GeV is asked; expected a finite energy above 0, such as 27TeV."
        )
    start = max(parton_distributions.lowest_scale(partons), 1.0)
    if not _LEAST * start * (1 - 1e-9) <= energy <= _MOST:
        raise OutOfValidity(
            f"tables: sqrt(s) of {energy:.10g} GeV is asked; expected {_LEAST * start:.4g} GeV to {_MOST / 1e3:g} TeV for {partons.name}, whose scales start at {start:.4g} GeV."
        )
    low = max(start, energy * math.sqrt(parton_distributions.lowest_x(partons)) * (1 + 1e-9))
    high = min(energy / 3, parton_distributions.highest_scale(partons) / 2)
    return low, high


def _luminosities(
    partons: PartonDistributions, log_energy: float, log_mass: np.ndarray, rapidity: np.ndarray, factor: float
) -> np.ndarray:
    """Rows of CHANNELS at points of shape (n,), from the parton distributions themselves."""
    one, two = (np.exp(np.minimum(log_mass + sign * rapidity - log_energy, 0.0)) for sign in (1, -1))
    scale = factor * np.exp(log_mass)
    anti = tuple(-code for code in _CODES)
    quarks, antiquarks = (parton_distributions.momentum_density(partons, codes, one, scale) for codes in (_CODES, anti))
    other = parton_distributions.momentum_density(partons, (*anti, GLUON), two, scale)
    both = quarks + antiquarks
    with_gluon = np.stack([both[0] + both[3], both[1] + both[2] + both[4]]) * other[-1]
    return np.concatenate([quarks * other[:-1], with_gluon])


def _one_scale(
    partons: PartonDistributions,
    log_energy: float,
    ends: np.ndarray,
    factor: float,
    on_points: Callable[[int], None] | None,
) -> dict[str, np.ndarray]:
    count_a, count_b = POINTS
    angle = np.pi / 2 * np.linspace(-1, 1, count_b)
    nodes, weights = np.polynomial.legendre.leggauss(_IN_RAPIDITY)
    rows, sums, norms = [], [], []
    masses = np.linspace(ends[0], ends[1], count_a)
    for log_mass in masses:
        largest = log_energy - log_mass
        inner = np.sin(angle[1:-1]) * largest
        found = _luminosities(partons, log_energy, np.full_like(inner, log_mass), inner, factor)
        found = found / (np.expm1(log_mass - log_energy + inner) * np.expm1(log_mass - log_energy - inner))
        rows.append(np.pad(found, ((0, 0), (1, 1)), mode="reflect", reflect_type="odd"))  # 0/0 at the ends
        at = np.sin(np.pi / 2 * nodes) * largest
        measure = np.pi / 2 * weights * np.cos(np.pi / 2 * nodes) * largest
        each = _luminosities(partons, log_energy, np.full_like(at, log_mass), at, factor)
        sums.append(each @ measure)
        norms.append(np.sum(np.abs(each[:5]) @ measure) / (2 * largest))  # a set may have negative values at large x
        if on_points is not None:
            on_points(1)
    values, integrals = np.moveaxis(np.array(rows), 0, 1), np.array(sums).T
    mean = integrals / (2 * (log_energy - masses))
    norm = np.array(norms)
    coefficients = np.einsum("ai,kij,bj->kab", spline_matrix(count_a), values / norm[:, None], spline_matrix(count_b))
    step = np.abs(coefficients).max(axis=(1, 2)) / _LARGEST_STEP
    return {
        "coefficients": np.round(coefficients / step[:, None, None]).astype(np.int16),
        "step": step,
        "integrated": (mean / norm) @ spline_matrix(count_a).T,
        "log_norm": spline_matrix(count_a) @ np.log(norm),
        "log_mass": np.array(ends),
    }


def _checked(
    partons: PartonDistributions, part: dict[str, np.ndarray], log_energy: float, ends: np.ndarray, factor: float
) -> tuple[np.ndarray, float]:
    """Relative errors at random points of up- and down-type sums, and the largest of the integrals over rapidity."""
    table = parton_tables.PartonLuminosities(
        part["coefficients"] * part["step"][:, None, None], part["integrated"], part["log_norm"], part["log_mass"], np.float64(log_energy), np.float64(0)
    )  # fmt: skip
    random = np.random.default_rng(1)
    log_mass = random.uniform(ends[0], ends[1], CHECKS)
    rapidity = random.uniform(-1, 1, CHECKS) * (log_energy - log_mass)
    direct = _sums(_luminosities(partons, log_energy, log_mass, rapidity, factor))
    found = np.concatenate(
        [f(table, np.exp(log_mass), rapidity) for f in (parton_tables.quark_antiquark, parton_tables.quark_gluon)],
        axis=-1,
    )
    off = np.abs(_sums(found.T) - direct)
    largest = _largest(partons, log_energy, log_mass, factor)
    above = direct > _FLOOR * largest
    some = log_mass[:100]
    nodes, weights = np.polynomial.legendre.leggauss(_IN_RAPIDITY)
    at = np.sin(np.pi / 2 * nodes) * (log_energy - some)[:, None]
    measure = np.pi / 2 * weights * np.cos(np.pi / 2 * nodes) * (log_energy - some)[:, None]
    each = _luminosities(partons, log_energy, np.repeat(some, nodes.size), at.ravel(), factor).reshape(-1, *at.shape)
    whole = _sums(np.sum(each * measure, axis=-1))
    difference = _sums(parton_tables.integrated(table, np.exp(some)).T) / whole - 1
    return (off / np.where(above, direct, 1.0))[above], float(np.max(np.abs(difference)))


def _sums(rows: np.ndarray) -> np.ndarray:
    """Up and down type of quark-antiquark, then of quark-gluon."""
    return np.stack([rows[0] + rows[3], rows[1] + rows[2] + rows[4], rows[5], rows[6]])


def _largest(partons: PartonDistributions, log_energy: float, log_mass: np.ndarray, factor: float) -> np.ndarray:
    places = np.sin(np.pi / 2 * np.linspace(-0.99, 0.99, 41)) * (log_energy - log_mass)[:, None]
    found = _luminosities(partons, log_energy, np.repeat(log_mass, 41), places.ravel(), factor)
    return _sums(found).reshape(4, *places.shape).max(axis=-1)
