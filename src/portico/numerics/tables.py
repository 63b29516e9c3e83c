"""Tables on an even grid with cubic interpolation that keeps monotone data monotone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float


class Table(NamedTuple):
    """Values and slopes (per grid step) on an even grid from ``lower`` to ``upper`` along the last axis.

    ``error`` is the largest error of the interpolation, in the unit of the values, one per row.
    """

    lower: Float[Array, "..."]
    upper: Float[Array, "..."]
    values: Float[Array, "... n"]
    slopes: Float[Array, "... n"]
    error: Float[Array, "..."]


def monotone_slopes(values: Float[Array, "... n"]) -> Float[Array, "... n"]:
    """Return slopes, per grid step, of a cubic interpolant of fourth order that is monotone wherever the data are.

    Five-point differences, limited to three times the smaller neighbouring difference where the data are monotone.
    Source: J. M. Hyman, SIAM J. Sci. Stat. Comput. 4 (1983) 645, eq. (2.6).

    Parameters
    ----------
    values : array, shape (..., n)   n >= 5, on an even grid
    """
    v = jnp.asarray(values)
    centre = (v[..., :-4] - 8 * v[..., 1:-3] + 8 * v[..., 3:-1] - v[..., 4:]) / 12
    ends = np.array([[-25, 48, -36, 16, -3], [-3, -10, 18, -6, 1]]) / 12  # one-sided, same order
    first = jnp.einsum("ek,...k->...e", ends, v[..., :5])
    last = -jnp.einsum("ek,...k->...e", ends[::-1, :], v[..., :-6:-1])
    slopes = jnp.concatenate([first, centre, last], axis=-1)
    difference = jnp.diff(v, axis=-1)
    left = jnp.concatenate([difference[..., :1], difference], axis=-1)
    right = jnp.concatenate([difference, difference[..., -1:]], axis=-1)
    bound = 3 * jnp.minimum(jnp.abs(left), jnp.abs(right))
    limited = jnp.where(slopes * left < 0, 0.0, jnp.sign(slopes) * jnp.minimum(jnp.abs(slopes), bound))
    return jnp.where(left * right > 0, limited, slopes)


def make_table(values: Float[Array, "... n"], lower: ArrayLike, upper: ArrayLike) -> Table:
    """Return the table of values given on an even grid with an odd number of points along the last axis.

    Its error is measured: every second point is left out, interpolated from the others and compared; the table with
    all points is closer than that (16 times closer where the values are smooth).
    """
    values, lower, upper = jnp.asarray(values), jnp.asarray(lower), jnp.asarray(upper)
    coarse, slopes = values[..., ::2], monotone_slopes(values[..., ::2])
    middle = _hermite(0.5, coarse[..., :-1], coarse[..., 1:], slopes[..., :-1], slopes[..., 1:])
    error = jnp.max(jnp.abs(middle - values[..., 1::2]), axis=-1)
    return Table(lower, upper, values, monotone_slopes(values), error)


def tabulate(function: Callable[[Array], Array], lower: float, upper: float, count: int = 129) -> Table:
    """Return the table of ``function`` on ``count`` (odd) even points from lower to upper, with its measured error."""
    return make_table(function(jnp.linspace(lower, upper, count)), lower, upper)


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
    rows, count = table.values.shape
    row = jnp.asarray(row)
    lower, step = table.lower[row], (table.upper - table.lower)[row] / (count - 1)
    safe = jnp.where(step > 0, step, 1.0)
    position = jnp.clip((jnp.asarray(x) - lower) / safe, 0.0, count - 1.0)
    cell = jnp.clip(jnp.floor(position).astype(jnp.int32), 0, count - 2)
    values, slopes = table.values.reshape(rows * count), table.slopes.reshape(rows * count)
    flat = row * count + cell
    return _hermite(position - cell, values[flat], values[flat + 1], slopes[flat], slopes[flat + 1])
