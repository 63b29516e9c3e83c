"""All intervals of a coupling on which a function lies above a level, for many points at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Function = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Intervals(NamedTuple):
    """Intervals per point: edges of shape (points, most, 2) filled with nan, and how many there are.

    The first edge is the scanned range's start where the set has no lower edge in it; the second is inf where the
    set has no upper edge in it.
    """

    edges: np.ndarray
    number: np.ndarray


def find_intervals(function: Function, level: np.ndarray, grid: np.ndarray, *, tolerance: float = 1e-9) -> Intervals:
    """Return every interval of x on which ``function(x) >= level``, to ``tolerance`` in ln x.

    The function is sampled on ``grid``; next to each local extremum that might touch the level the two neighbouring
    cells are sampled 16 times finer; every change of side is then refined by bracketed secant steps in logarithms.
    Two crossings closer than a 16th of a grid cell away from any sampled extremum can be missed.

    Parameters
    ----------
    function : callable          takes points (k,) (integers) and x (k,) and returns the function there, shape (k,)
    level : array, shape (n,)    level per point, > 0
    grid : array, shape (g,)     increasing, > 0

    Returns
    -------
    Intervals                    edges (n, most, 2) and number (n,); points where the function is nan get none
    """
    level, grid = np.asarray(level, dtype=float), np.asarray(grid, dtype=float)
    points = np.arange(level.size)
    samples = function(np.repeat(points, grid.size), np.tile(grid, level.size)).reshape(level.size, grid.size)
    x = [grid] * level.size
    height = [_logarithm(row, lev) for row, lev in zip(samples, level, strict=True)]
    _refine_extrema(function, level, x, height)
    owner, low, high, f_low, f_high = _brackets(x, height)
    roots = _solve(function, level, owner, low, high, f_low, f_high, tolerance)
    return _assemble(x, height, owner, roots)


def _logarithm(values: np.ndarray, level: float) -> np.ndarray:
    """ln(value/level): -inf where the function is 0, nan where it is nan."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values / level)


def _refine_extrema(function: Function, level: np.ndarray, x: list[np.ndarray], height: list[np.ndarray]) -> None:
    """Sample finer around local extrema that lie on the wrong side of the level by less than a neighbouring step."""
    owners, places = [], []
    for point, (h, axis) in enumerate(zip(height, x, strict=True)):
        with np.errstate(invalid="ignore"):
            step = np.diff(h)
            turn = (step[:-1] * step[1:] < 0) & np.isfinite(h[1:-1])
            inner = h[1:-1]
            same = (np.sign(h[:-2]) == np.sign(inner)) & (np.sign(h[2:]) == np.sign(inner))
            near = np.abs(inner) < np.maximum(np.abs(step[:-1]), np.abs(step[1:]))
            approaching = np.where(inner < 0, step[:-1] > 0, step[:-1] < 0)
        for k in np.flatnonzero(turn & same & near & approaching):
            fine = np.geomspace(axis[k], axis[k + 2], 34)[1:-1]
            owners.append(np.full(fine.size, point))
            places.append(fine)
    if not owners:
        return
    owner, place = np.concatenate(owners), np.concatenate(places)
    value = function(owner, place)
    for point in np.unique(owner):
        mine = owner == point
        axis = np.concatenate([x[point], place[mine]])
        order = np.argsort(axis, kind="stable")
        x[point] = axis[order]
        height[point] = np.concatenate([height[point], _logarithm(value[mine], level[point])])[order]


def _brackets(x: list[np.ndarray], height: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Neighbouring samples on different sides of the level, all points chained: owner, ends in ln x, heights."""
    owner, low, high, f_low, f_high = [], [], [], [], []
    for point, (axis, h) in enumerate(zip(x, height, strict=True)):
        if np.any(np.isnan(h)):
            continue
        for k in np.flatnonzero((h[:-1] >= 0) != (h[1:] >= 0)):
            owner.append(point)
            low.append(np.log(axis[k]))
            high.append(np.log(axis[k + 1]))
            f_low.append(h[k])
            f_high.append(h[k + 1])
    return np.array(owner, dtype=int), *(np.array(a, dtype=float) for a in (low, high, f_low, f_high))


def _solve(
    function: Function,
    level: np.ndarray,
    owner: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    f_low: np.ndarray,
    f_high: np.ndarray,
    tolerance: float,
) -> np.ndarray:
    """Roots in ln x of brackets, by secant steps that fall back to halving (regula falsi with the Illinois rule)."""
    if owner.size == 0:
        return low
    low, high, f_low, f_high = low.copy(), high.copy(), f_low.copy(), f_high.copy()
    root, side = 0.5 * (low + high), np.zeros(owner.size)
    active = np.ones(owner.size, dtype=bool)
    for iteration in range(200):
        with np.errstate(invalid="ignore", divide="ignore"):
            secant = low - f_low * (high - low) / (f_high - f_low)
        usable = np.isfinite(secant) & (secant > low) & (secant < high) & (iteration % 8 != 7)
        trial = np.where(usable, secant, 0.5 * (low + high))
        chosen = np.flatnonzero(active)
        value = np.full(owner.size, np.nan)
        value[chosen] = _logarithm(function(owner[chosen], np.exp(trial[chosen])), level[owner[chosen]])
        below = np.sign(value) == np.sign(f_low)
        below |= (value >= 0) & (f_low >= 0)
        f_high = np.where(active & below & (side == 1), f_high / 2, f_high)
        f_low = np.where(active & ~below & (side == -1), f_low / 2, f_low)
        moved = np.where(below, trial - low, high - trial)
        low, f_low = np.where(active & below, trial, low), np.where(active & below, value, f_low)
        high, f_high = np.where(active & ~below, trial, high), np.where(active & ~below, value, f_high)
        side = np.where(active, np.where(below, 1, -1), side)
        root = np.where(active, trial, root)
        active &= ~((np.abs(value) < tolerance) | (high - low < tolerance) | (moved == 0))
        if not np.any(active):
            break
    return root


def _assemble(x: list[np.ndarray], height: list[np.ndarray], owner: np.ndarray, roots: np.ndarray) -> Intervals:
    """Pair roots, in order, into intervals above the level."""
    found: list[list[tuple[float, float]]] = []
    for point, (axis, h) in enumerate(zip(x, height, strict=True)):
        if np.any(np.isnan(h)):
            found.append([])
            continue
        edges = list(np.exp(roots[owner == point]))
        if h[0] >= 0:
            edges.insert(0, axis[0])
        if len(edges) % 2:
            edges.append(np.inf)
        found.append(list(zip(edges[::2], edges[1::2], strict=True)))
    most = max(1, max((len(f) for f in found), default=1))
    edges_array = np.full((len(found), most, 2), np.nan)
    for point, pairs in enumerate(found):
        for k, pair in enumerate(pairs):
            edges_array[point, k] = pair
    return Intervals(edges_array, np.array([len(f) for f in found], dtype=int))
