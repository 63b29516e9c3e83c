"""Cubic B-splines on even grids, twice differentiable."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from jaxtyping import ArrayLike

from .namespace import array_namespace


@cache
def spline_matrix(count: int) -> np.ndarray:
    """Return the matrix from ``count`` values on an even grid to the count + 2 coefficients of the cubic B-spline through them.

    The third derivative is continuous next to the ends ("not a knot"). Source: C. de Boor, A Practical Guide to Splines (Springer 1978).
    """
    matrix = np.zeros((count + 2, count + 2))
    for row in range(count):
        matrix[row + 1, row : row + 3] = 1 / 6, 4 / 6, 1 / 6
    matrix[0, :5] = matrix[-1, -5:] = -1, 4, -6, 4, -1
    found = np.linalg.inv(matrix)[:, 1:-1]
    found.flags.writeable = False  # kept for all callers
    return found


def spline_weights(position: ArrayLike, cells: int) -> tuple[Any, Any]:
    """Return the cell and the weights of its four coefficients, along a new last axis, at a position from 0 to ``cells``.

    The end values hold outside. Source: C. de Boor, A Practical Guide to Splines (Springer 1978).
    """
    cell, f = cell_and_rest(position, cells)
    xp = array_namespace(f)
    g = 1 - f
    weights = [g**3 / 6, ((3 * f - 6) * f * f + 4) / 6, ((3 * g - 6) * g * g + 4) / 6, f**3 / 6]
    return cell, xp.stack(weights, axis=-1)


def cell_and_rest(position: ArrayLike, cells: int) -> tuple[Any, Any]:
    """Return the cell of a position from 0 to ``cells`` on an even grid, and what is left, from 0 to 1."""
    xp = array_namespace(position)
    position = xp.clip(xp.asarray(position), 0.0, cells)
    cell = xp.clip(xp.floor(position).astype(xp.int32), 0, cells - 1)
    return cell, position - cell


def polynomials(coefficients: Any) -> Any:
    """Return the four powers of each cell, shape (..., cells, 4), from the coefficients of a spline, shape (..., cells + 3).

    The value in a cell is p0 + f (p1 + f (p2 + f p3)) with f from 0 to 1.
    """
    xp = array_namespace(coefficients)
    a, b, c, d = (coefficients[..., k : coefficients.shape[-1] - 3 + k] for k in range(4))
    return xp.stack([(a + 4 * b + c) / 6, (c - a) / 2, (a - 2 * b + c) / 2, (d - 3 * c + 3 * b - a) / 6], axis=-1)
