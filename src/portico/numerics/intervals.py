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
    cells are sampled 16 times finer, and so on in dips that stay sharp; every change of side is then refined by bracketed secant steps in logarithms.
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
    height = _logarithm(samples, level[:, None])
    finer = _refine_extrema(function, level, grid, height)
    lost = np.any(np.isnan(height), axis=1)
    for point, (_, h) in finer.items():
        lost[point] = lost[point] or bool(np.any(np.isnan(h)))
    owner, low, high, f_low, f_high = _brackets(grid, height, finer, lost)
    roots = _solve(function, level, owner, low, high, f_low, f_high, tolerance)
    return _assemble(grid[0], height[:, 0] >= 0, lost, owner, np.exp(roots))


def _logarithm(values: np.ndarray, level: np.ndarray) -> np.ndarray:
    """ln(value/level): -inf where the function is 0, nan where it is nan."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values / level)


_BEND = 1.0
"""Second difference of logarithms from which a function above the level is sampled finer."""
_DEEPER = 5
Samples = dict[int, tuple[np.ndarray, np.ndarray]]
"""Places and heights of the points that are sampled finer than on the grid."""


def _refine_extrema(function: Function, level: np.ndarray, grid: np.ndarray, height: np.ndarray) -> Samples:
    """Sample finer around local extrema that lie on the wrong side of the level by less than a neighbouring step."""
    with np.errstate(invalid="ignore"):
        step = np.diff(height, axis=1)
        before, after, inner = step[:, :-1], step[:, 1:], height[:, 1:-1]
        turn = (before * after < 0) & np.isfinite(inner)
        same = (np.sign(height[:, :-2]) == np.sign(inner)) & (np.sign(height[:, 2:]) == np.sign(inner))
        near = np.abs(inner) < np.maximum(np.abs(before), np.abs(after))
        approaching = np.where(inner < 0, before > 0, before < 0)
        # what nearly cancels dips deeper than steps of the grid tell: log (x - x0)^2 bends upwards beside x0
        dips = (inner > 0) & same & (after - before > _BEND)
    points, cells = np.nonzero((turn & same & near & approaching) | dips)
    if not points.size:
        return {}
    fine = np.array([np.geomspace(grid[k], grid[k + 2], 34)[1:-1] for k in range(max(grid.size - 2, 0))])
    owner, place = np.repeat(points, fine.shape[1]), fine[cells].ravel()
    value = _logarithm(function(owner, place), level[owner])
    found: Samples = {}
    own, first = np.unique(points, return_index=True)  # in order already
    of_point = (np.split(part, first[1:] * fine.shape[1]) for part in (place, value))
    for point, places, values in zip(own, *of_point, strict=True):
        found[int(point)] = _merged(grid, height[point], places, values)
    _into_dips(function, level, found, [int(point) for point in np.unique(points[dips[points, cells]])])
    return found


def _merged(
    axis: np.ndarray, height: np.ndarray, place: np.ndarray, value: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Samples with others, in order, each place once."""
    both, first = np.unique(np.concatenate([axis, place]), return_index=True)
    return both, np.concatenate([height, value])[first]


def _into_dips(function: Function, level: np.ndarray, found: Samples, points: list[int]) -> None:
    """Add samples of some points about the minima above the level that still bend, until they are below it or smooth."""
    for _ in range(_DEEPER):
        places = []
        for point in points:
            axis, height = found[point]
            with np.errstate(invalid="ignore"):
                step = np.diff(height)
                lowest = (step[:-1] < 0) & (step[1:] > 0) & (height[1:-1] > 0) & (step[1:] - step[:-1] > 0.5 * _BEND)
            cells = np.flatnonzero(lowest)
            places.append(np.concatenate([np.geomspace(axis[k], axis[k + 2], 34)[1:-1] for k in cells] or [np.empty(0)]))  # fmt: skip
        sizes = [place.size for place in places]
        if not sum(sizes):
            break
        owner = np.repeat(np.array(points), sizes)
        values = np.split(_logarithm(function(owner, np.concatenate(places)), level[owner]), np.cumsum(sizes)[:-1])
        for point, place, value in zip(points, places, values, strict=True):
            if place.size:
                found[point] = _merged(*found[point], place, value)
        points = [point for point, size in zip(points, sizes, strict=True) if size]


def _brackets(grid: np.ndarray, height: np.ndarray, finer: Samples, lost: np.ndarray) -> tuple[np.ndarray, ...]:
    """Neighbouring samples on different sides of the level, all points chained: owner, ends in ln x, heights."""
    plain = ~lost
    plain[list(finer)] = False
    above = height >= 0
    owner, k = np.nonzero((above[:, :-1] != above[:, 1:]) & plain[:, None])
    parts = [(owner, np.log(grid[k]), np.log(grid[k + 1]), height[owner, k], height[owner, k + 1])]
    for point, (axis, h) in finer.items():
        if not lost[point]:
            k = np.flatnonzero((h[:-1] >= 0) != (h[1:] >= 0))
            parts.append((np.full(k.size, point), np.log(axis[k]), np.log(axis[k + 1]), h[k], h[k + 1]))
    chained = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((chained[1], chained[0]))
    return tuple(column[order] for column in chained)


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


def _assemble(
    start: float, begins_above: np.ndarray, lost: np.ndarray, owner: np.ndarray, edges: np.ndarray
) -> Intervals:
    """Pair edges, in order, into intervals above the level."""
    begins = begins_above & ~lost
    crossings = np.bincount(owner, minlength=lost.size)
    count = begins + crossings
    most = max(1, int(np.max((count + 1) // 2, initial=1)))
    found = np.full((lost.size, 2 * most), np.nan)
    found[begins, 0] = start
    first = np.cumsum(crossings) - crossings
    found[owner, begins[owner] + np.arange(owner.size) - first[owner]] = edges
    ends_above = np.flatnonzero(count % 2 == 1)
    found[ends_above, count[ends_above]] = np.inf
    return Intervals(found.reshape(lost.size, most, 2), (count + 1) // 2)
