"""Tables on an even grid with cubic interpolation that keeps monotone data monotone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .namespace import array_namespace


class Table(NamedTuple):
    """Values and slopes (per grid step) on an even grid from ``lower`` to ``upper`` along the last axis.

    ``error`` is the largest error of the interpolation, in the unit of the values, one per row.
    """

    lower: Float[Array, "..."]
    upper: Float[Array, "..."]
    values: Float[Array, "... n"]
    slopes: Float[Array, "... n"]
    error: Float[Array, "..."]


def monotone_slopes(values: np.ndarray) -> np.ndarray:
    """Return slopes, per grid step, of a cubic interpolant of fourth order that is monotone wherever the data are.

    Five-point differences, limited to three times the smaller neighbouring difference where the data are monotone.
    Source: J. M. Hyman, SIAM J. Sci. Stat. Comput. 4 (1983) 645, eq. (2.6).

    Parameters
    ----------
    values : array, shape (..., n)   n >= 5, on an even grid
    """
    v = np.asarray(values, dtype=float)
    centre = (v[..., :-4] - 8 * v[..., 1:-3] + 8 * v[..., 3:-1] - v[..., 4:]) / 12
    ends = np.array([[-25, 48, -36, 16, -3], [-3, -10, 18, -6, 1]]) / 12  # one-sided, same order
    first, last = v[..., :5] @ ends.T, -(v[..., -5:] @ ends[::-1, ::-1].T)
    slopes = np.concatenate([first, centre, last], axis=-1)
    difference = np.diff(v, axis=-1)
    cells = np.clip(np.arange(v.shape[-1])[:, None] + np.arange(-2, 2), 0, v.shape[-1] - 2)
    near = difference[..., cells]
    monotone = np.min(near, axis=-1) * np.max(near, axis=-1) >= 0  # over four cells: no limit next to an extremum
    left, right = near[..., 1], near[..., 2]
    sign, bound = np.sign(left + right), 3 * np.minimum(np.abs(left), np.abs(right))
    limited = sign * np.clip(slopes * sign, 0.0, bound)
    return np.where(monotone, limited, slopes)


def make_table(values: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> Table:
    """Return the table of values given on an even grid with an odd number of points along the last axis.

    Its error is measured: every second point is left out, interpolated from the others and compared; the table with
    all points is closer than that (16 times closer where the values are smooth). Made on the host, with numpy.
    """
    data = np.asarray(values, dtype=float)
    error = np.max(deviations(data), axis=-1)
    return Table(np.asarray(lower, dtype=float), np.asarray(upper, dtype=float), data, monotone_slopes(data), error)


def deviations(data: np.ndarray) -> np.ndarray:
    """Return the error of interpolation around every second point of gridded data, as :func:`make_table` measures it.

    Parameters
    ----------
    data : array, shape (..., n)   n odd

    Returns
    -------
    array, shape (..., (n-1)/2)    at the points 1, 3, ...
    """
    coarse, slopes = data[..., ::2], monotone_slopes(data[..., ::2])
    middle = _hermite(0.5, coarse[..., :-1], coarse[..., 1:], slopes[..., :-1], slopes[..., 1:])
    return 2 * np.abs(middle - data[..., 1::2])


def tabulate(function: Callable[[np.ndarray], ArrayLike], lower: float, upper: float, count: int = 129) -> Table:
    """Return the table of ``function`` on ``count`` (odd) even points from lower to upper, with its measured error."""
    return make_table(function(np.linspace(lower, upper, count)), lower, upper)


def _hermite(fraction: ArrayLike, first: Array, last: Array, slope_first: Array, slope_last: Array) -> Array:
    other = 1 - fraction
    return other**2 * ((1 + 2 * fraction) * first + fraction * slope_first) + fraction**2 * (
        (1 + 2 * other) * last - other * slope_last
    )


def interpolate(table: Table, x: ArrayLike) -> Float[Array, "..."]:
    """Return a table of one row at ``x``; outside the grid the end values hold."""
    return interpolate_row(table._replace(**{name: getattr(table, name)[None] for name in table._fields}), 0, x)


def interpolate_row(table: Table, row: ArrayLike, x: ArrayLike) -> Float[Array, "..."]:
    """Return row ``row`` of a table of shape (rows, n) at ``x``; ``row`` and ``x`` broadcast; end values hold outside."""
    xp = array_namespace(row, x, *table)
    table = Table(*(xp.asarray(part) for part in table))
    rows, count = table.values.shape
    row = xp.asarray(row)
    lower, step = table.lower[row], (table.upper - table.lower)[row] / (count - 1)
    safe = xp.where(step > 0, step, 1.0)
    position = xp.clip((xp.asarray(x) - lower) / safe, 0.0, count - 1.0)
    cell = xp.clip(xp.floor(position).astype(xp.int32), 0, count - 2)
    values, slopes = table.values.reshape(rows * count), table.slopes.reshape(rows * count)
    flat = row * count + cell
    return _hermite(position - cell, values[flat], values[flat + 1], slopes[flat], slopes[flat + 1])
