"""Excluded regions of a plane: from intervals at each mass, with pockets and islands, or from a function on a grid."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import InvalidInput
from .style import COLOURS, MASS_LABEL, axis_values, check_axes, numbers, scale_horizontal, single_frame, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_INTERVALS = 8


class Region(NamedTuple):
    """Polygons to fill and lines to draw, each an array of points (x, y)."""

    polygons: list[np.ndarray]
    lines: list[np.ndarray]


@cache
def _removals(edges: int, pairs: int) -> tuple[tuple[int, ...], ...]:
    """All ways to take so many pairs of neighbouring edges out; each is the numbers of the first edges of the pairs."""
    return tuple(
        starts for starts in combinations(range(edges - 1), pairs) if all(b - a >= 2 for a, b in pairwise(starts))
    )


def _ending(few: np.ndarray, many: np.ndarray) -> tuple[int, ...]:
    """The pairs of edges of ``many`` that end before ``few``: those whose loss moves the edges least, in logarithms."""

    def moved(starts: tuple[int, ...]) -> float:
        kept = np.delete(many, [k for a in starts for k in (a, a + 1)])
        return float(np.sum(np.abs(kept - few)) + sum(many[a + 1] - many[a] for a in starts))

    return min(_removals(many.size, (many.size - few.size) // 2), key=moved)


def _strip(
    left: tuple[float, np.ndarray], right: tuple[float, np.ndarray], ends: tuple[float, float], *, logarithmic: bool
) -> Region:
    """Polygons and lines between two neighbouring x, each with its edges in rising order; y in logarithms."""
    (x0, few), (x1, many) = (left, right) if left[1].size <= right[1].size else (right, left)
    tip = float(np.sqrt(x0 * x1)) if logarithmic else 0.5 * (x0 + x1)
    gone = _ending(few, many)
    kept = [k for k in range(many.size) if k not in gone and k - 1 not in gone]
    corners = {a: np.array([(x1, many[a]), (tip, 0.5 * (many[a] + many[a + 1])), (x1, many[a + 1])]) for a in gone}
    lines = [np.array([(x0, few[n]), (x1, many[k])]) for n, k in enumerate(kept)]
    polygons: list[np.ndarray] = []
    for n in range(0, few.size, 2):
        pockets = [corners[a] for a in gone if kept[n] < a < kept[n + 1]]
        path: list[Any] = [[(x0, few[n]), (x1, many[kept[n]])], *pockets, [(x1, many[kept[n + 1]]), (x0, few[n + 1])]]
        polygons.append(np.concatenate(path))
    for a, corner in corners.items():
        # what reaches out of the frame ends at its last point: where it would close is not known
        if a % 2 == 0 and not {float(many[a]), float(many[a + 1])} & set(ends):
            polygons.append(corner)
            lines.append(corner)
        elif a % 2:
            lines.append(corner)
    inside = [line for line in lines if not any(np.all(line[:, 1] == end) for end in ends)]
    return Region(polygons, inside)


def _exponential(shape: np.ndarray) -> np.ndarray:
    return np.column_stack([shape[:, 0], np.exp(shape[:, 1])])


def interval_region(
    x: np.ndarray, low: np.ndarray, high: np.ndarray, ends: tuple[float, float], *, logarithmic: bool = True
) -> Region:
    """Return the region that intervals at each x make, with pockets closed and islands ended where their number changes.

    Edges are joined so that they move least; where an interval or a gap has no partner at the next x, it ends half-way.

    Parameters
    ----------
    x : array, shape (n,)           rising
    low, high : array, shape (n, k) edges of up to 8 intervals, in any order and not overlapping; nan where there is none; a
                                    column of nan in ``low`` and infinity in ``high`` marks a point that is not known
    ends : two floats               ends of the frame, to which edges are cut; no line is drawn along them
    logarithmic : bool              whether half-way in x is meant in logarithms
    """
    bounds = (float(np.log(ends[0])), float(np.log(ends[1])))
    edges: list[np.ndarray | None] = []
    for lows, highs in zip(low, high, strict=True):
        there = np.isfinite(lows)
        if not there.any() and np.isinf(highs).any():
            edges.append(None)
            continue
        pairs = np.log(np.clip(np.stack([lows[there], highs[there]], axis=1), *ends))
        pairs = pairs[pairs[:, 1] > pairs[:, 0]]
        edges.append(pairs[np.argsort(pairs[:, 0])].ravel())
    region = Region([], [])
    for k in range(len(edges) - 1):
        first, second = edges[k], edges[k + 1]
        if first is not None and second is not None:
            part = _strip((float(x[k]), first), (float(x[k + 1]), second), bounds, logarithmic=logarithmic)
            region.polygons.extend(part.polygons)
            region.lines.extend(part.lines)
    return Region(*([_exponential(shape) for shape in shapes] for shapes in region))


def draw_region(ax: Axes, region: Region, *, colour: str, label: str | None, alpha: float = 0.2) -> None:
    """Fill a region and draw its edges."""
    from matplotlib.collections import LineCollection, PolyCollection

    ax.add_collection(PolyCollection(region.polygons, facecolor=colour, alpha=alpha, linewidth=0), autolim=False)
    lines = LineCollection(region.lines, colors=colour, linewidths=1.8, capstyle="round", label=label, zorder=4)
    ax.add_collection(lines, autolim=False)


def excluded_intervals(
    mass: Any, low: Any, high: Any, ax: Axes | None = None, *, label: str | None = None, colour: str = COLOURS[0]
) -> Axes:
    """Draw the mixings that are excluded at each mass, several intervals at one mass included: pockets stay open.

    Parameters
    ----------
    mass : array, shape (n,)         GeV, rising
    low, high : array, shape (n, k)  edges of the intervals, nan where there is none; high may be infinite
    ax : Axes or None                where to draw, within its limits; a new figure by default
    label, colour : str              of the legend and the region

    Where the number of intervals changes, edges are joined so that they move least, and what has no partner ends half-way.
    A jagged limit is better drawn from a grid: :func:`excluded_region`.

    Raises InvalidInput for shapes that do not match, and for more than 8 intervals at one mass.
    """
    check_axes(ax)
    mass, low, high = axis_values("mass", mass), numbers("low", low, 2), numbers("high", high, 2)
    if low.shape != high.shape or low.shape[0] != mass.size:
        raise InvalidInput(
            f"plot: {mass.size} masses with edges of shape {low.shape} and {high.shape}; expected one row for each mass."
        )
    there = np.isfinite(low)
    if there.sum(axis=1).max() > _MOST_INTERVALS:
        raise InvalidInput(f"plot: more than {_MOST_INTERVALS} intervals at one mass; draw them with excluded_region.")
    if np.any(low[there] <= 0) or np.any(~(high[there] >= low[there])):
        raise InvalidInput("plot: an interval ends below its start, or starts at 0 or below; expected 0 < low <= high.")
    with styled():
        if ax is None:
            ax = _plane(mass, low[there], high[there & np.isfinite(high)])
        region = interval_region(mass, low, high, ax.get_ylim(), logarithmic=ax.get_xscale() == "log")
        draw_region(ax, region, colour=colour, label=label)
        if label is not None:
            ax.legend(loc="upper left")
    return ax


def _plane(mass: np.ndarray, *edges: np.ndarray) -> Axes:
    """A frame of mass and mixing around the given edges."""
    ax = single_frame(None)
    scale_horizontal(ax, mass)
    values = np.concatenate(edges)
    bottom, top = (values.min(), values.max()) if values.size else (1e-4, 1e-1)
    ax.set_yscale("log")
    ax.set_ylim(10 ** np.floor(np.log10(bottom / 1.5)), 10 ** np.ceil(np.log10(top * 1.5)))
    ax.set_xlabel(MASS_LABEL)
    ax.set_ylabel(r"$\epsilon$")
    return ax


def excluded_region(
    mass: Any,
    epsilon: Any,
    excess: Any,
    ax: Axes | None = None,
    *,
    label: str | None = None,
    colour: str = COLOURS[0],
) -> Axes:
    """Draw where a function on a grid is above 0, such as the logarithm of the signal over what is excluded.

    The contour follows pockets and islands of any number. nan is not drawn; minus infinity is far below.

    Parameters
    ----------
    mass : array, shape (n,)        GeV, rising
    epsilon : array, shape (k,)     rising
    excess : array, shape (n, k)    excluded where >= 0
    ax : Axes or None               where to draw; a new figure by default
    label, colour : str             of the legend and the region

    Raises InvalidInput for shapes that do not match.
    """
    check_axes(ax)
    mass, epsilon, excess = axis_values("mass", mass), axis_values("epsilon", epsilon), numbers("excess", excess, 2)
    if excess.shape != (mass.size, epsilon.size):
        raise InvalidInput(
            f"plot: {mass.size} masses and {epsilon.size} mixings with values of shape {excess.shape}; expected {(mass.size, epsilon.size)}."
        )
    values = np.ma.masked_invalid(np.clip(excess, -1e3, 1e3)).T
    with styled():
        if ax is None:
            ax = _plane(mass, epsilon)
            ax.set_ylim(epsilon[0], epsilon[-1])
        if values.count() and values.max() >= 0:
            ax.contourf(mass, epsilon, values, levels=[0, 2e3], colors=[colour], alpha=0.2)
            if values.min() < 0:
                ax.contour(mass, epsilon, values, levels=[0], colors=[colour], linewidths=1.8, zorder=4)
        if label is not None:
            ax.plot([], [], color=colour, linewidth=1.8, label=label)
            ax.legend(loc="upper left")
    return ax
