r"""Parton distributions of the proton, read from the grids that come with Pythia 8: needed to make tables of luminosities, never to use them.

The text grids (``lhagrid1``) lie in ``share/Pythia8/pdfdata`` of the installation of pythia8mc. They are interpolated as their authors
mean it: bicubic in ln x and ln Q^2 with central differences for slopes, each sub-grid (between flavour thresholds) for itself.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import DataError, unknown_name

SETS = {
    "NNPDF23_lo": ("NNPDF23_lo_as_0130_qed_0000.dat", "arXiv:1308.0598", 13),
    "NNPDF31_nnlo": ("NNPDF31_nnlo_as_0118_luxqed_0000.dat", "arXiv:1712.07053", 20),
}
"""Name: file of the grid, source, and number of the set in Pythia (``PDF:pSet``). alpha_s(m_Z) is 0.130 at leading order and 0.118."""

GLUON = 21


class _Grid(NamedTuple):
    log_x: np.ndarray
    log_q2: np.ndarray
    values: np.ndarray  # flavour, x, Q


class PartonDistributions(NamedTuple):
    """Grids of one set, between flavour thresholds each, with the row of every parton by its PDG code."""

    name: str
    file: str
    rows: dict[int, int]
    grids: tuple[_Grid, ...]


def load(name: str) -> PartonDistributions:
    """Return a set of parton distributions by its name in :data:`SETS`.

    Raises UnknownName for another name, and DataError where pythia8mc or its grid is missing.
    Source: the grids of pythia8mc 8.317.2; arXiv:1308.0598 (NNPDF 2.3 QED), arXiv:1712.07053 (NNPDF 3.1 luxQED).
    """
    if name not in SETS:
        raise unknown_name("set of parton distributions", name, SETS)
    return _read(name, str(_folder() / SETS[name][0]))


def _folder() -> Path:
    """The folder of Pythia's grids: beside its settings where PYTHIA8DATA names them, else in the installation."""
    if importlib.util.find_spec("pythia8mc") is None:
        raise DataError(
            "parton distributions: the package pythia8mc, whose grids are read, is not installed; install it with: pip install 'portico[hadron]'"
        )
    settings = os.environ.get("PYTHIA8DATA")
    places = [Path(settings).parent / "pdfdata"] if settings else []
    places.append(Path(sys.prefix) / "share" / "Pythia8" / "pdfdata")
    for place in places:
        if place.is_dir():
            return place
    raise DataError(
        f"parton distributions: no folder of grids at {' or '.join(map(str, places))}, where pythia8mc keeps them; set PYTHIA8DATA to its xmldoc folder, or install it anew with: pip install 'portico[hadron]'"
    )


@cache
def _read(name: str, path: str) -> PartonDistributions:
    try:
        text = Path(path).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise DataError(f"parton distributions: the grid {path} cannot be read: {error}.") from None
    grids, rows = [], {}
    try:
        for block in text.split("---\n")[1:]:
            if not block.strip():
                continue
            first, second, third, *numbers = block.strip().splitlines()
            x, q = (np.array([float(word) for word in line.split()]) for line in (first, second))
            codes = [int(word) for word in third.split()]
            rows = {code: row for row, code in enumerate(codes)}
            values = np.array([line.split() for line in numbers], dtype=float).reshape(x.size, q.size, len(codes))
            grids.append(_Grid(np.log(x), 2 * np.log(q), np.moveaxis(values, -1, 0)))
    except ValueError:
        raise DataError(f"parton distributions: {path} is not a grid of the format lhagrid1.") from None
    if not grids:
        raise DataError(f"parton distributions: {path} holds no grid of the format lhagrid1.")
    return PartonDistributions(name, path, rows, tuple(grids))


def lowest_scale(partons: PartonDistributions) -> float:
    """Return the lowest factorisation scale of the set, GeV. Source: its grid."""
    return float(np.exp(partons.grids[0].log_q2[0] / 2))


def highest_scale(partons: PartonDistributions) -> float:
    """Return the highest factorisation scale of the set, GeV. Source: its grid."""
    return float(np.exp(partons.grids[-1].log_q2[-1] / 2))


def lowest_x(partons: PartonDistributions) -> float:
    """Return the lowest momentum fraction of the set. Source: its grid."""
    return float(np.exp(partons.grids[0].log_x[0]))


def momentum_density(
    partons: PartonDistributions, codes: tuple[int, ...], x: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    r"""Momentum densities x f(x, mu) of partons by PDG code.

    Cubic Hermite in ln x at the four nearest knots in Q, then cubic Hermite in ln Q^2, slopes from central differences
    (one-sided at the ends of a sub-grid). Negative entries of a set are kept.

    Parameters
    ----------
    codes : tuple of int             1 to 5 and -1 to -5 (d, u, s, c, b and antiquarks), 21 the gluon
    x, scale : arrays, shape (n,)    momentum fraction; factorisation scale, GeV

    Returns
    -------
    array, shape (codes, n)          nan outside the grid

    Source: arXiv:1412.7420, section 3.2, the interpolation of LHAPDF 6.
    """
    log_x, log_q2 = np.log(x), 2 * np.log(scale)
    rows = [partons.rows[code] for code in codes]
    found = np.full((len(rows), log_x.size), np.nan)
    for number, grid in enumerate(partons.grids):
        last = number == len(partons.grids) - 1
        high = grid.log_q2[-1] + 1e-9 if last else grid.log_q2[-1]
        inside = (log_q2 >= grid.log_q2[0] - 1e-9) & ((log_q2 <= high) if last else (log_q2 < high))
        inside &= (log_x >= grid.log_x[0] - 1e-9) & (log_x <= 0)
        if inside.any():
            at_x = _along_x(grid, rows, log_x[inside], log_q2[inside])
            found[:, inside] = _hermite(grid.log_q2, log_q2[inside], lambda place, at_x=at_x: at_x(place))
    return found


def _along_x(grid: _Grid, rows: list[int], log_x: np.ndarray, log_q2: np.ndarray):  # type: ignore[no-untyped-def]
    values = grid.values[rows]

    def at(place_q: np.ndarray) -> np.ndarray:
        return _hermite(grid.log_x, log_x, lambda place_x: values[:, place_x, place_q])

    return at


def _hermite(knots: np.ndarray, at: np.ndarray, value) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Cubic Hermite interpolation at points of one axis; ``value`` gives what lies at the knots of given places."""
    count = knots.size
    cell = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, count - 2)
    before, behind = np.maximum(cell - 1, 0), np.minimum(cell + 2, count - 1)
    low, high, step = value(cell), value(cell + 1), knots[cell + 1] - knots[cell]
    middle = (high - low) / step
    left = np.where(cell > 0, (low - value(before)) / np.where(cell > 0, knots[cell] - knots[before], 1.0), middle)
    right = np.where(
        cell < count - 2,
        (value(behind) - high) / np.where(cell < count - 2, knots[behind] - knots[cell + 1], 1.0),
        middle,
    )
    first, second = 0.5 * (left + middle) * step, 0.5 * (right + middle) * step
    t = (at - knots[cell]) / step
    return low + t * (first + t * (3 * (high - low) - 2 * first - second + t * (2 * (low - high) + first + second)))
