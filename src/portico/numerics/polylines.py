"""Straight lines between many uneven nodes, looked up without a search."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..errors import InvalidInput

_CELLS = 4096
_MOST_PARTS = 1 << 22


class Polyline(NamedTuple):
    """Nodes with values and slopes, and an index: the range is cut into even cells, each into parts that hold at most one node.

    Attributes
    ----------
    x, y, slope : arrays, shape (n,)     nodes, values there, and the slope of the line to the next node (0 at the last)
    first : array of int, shape (cells,)  number of the first part of each cell
    parts : array, shape (cells,)        how many parts it has, per unit of x
    node : array of int                  the last node at or before the start of each part
    """

    x: Float[Array, " n"]
    y: Float[Array, " n"]
    slope: Float[Array, " n"]
    first: Array
    parts: Float[Array, " cells"]
    node: Array


def make_polyline(x: np.ndarray, y: np.ndarray) -> Polyline:
    """Return the polyline through nodes x, rising, with values y; made on the host, with numpy.

    Raises InvalidInput for nodes that do not rise, or that lie too close together for an index of 4 million parts.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    gaps = np.diff(x)
    if not np.all(gaps > 0):
        worst = int(np.argmin(gaps > 0))
        raise InvalidInput(
            f"polyline: node {worst + 1} at {x[worst + 1]:g} follows {x[worst]:g}; expected nodes that rise."
        )
    width = (x[-1] - x[0]) / _CELLS
    cell = np.clip((x - x[0]) / width, 0, _CELLS - 1).astype(int)
    smallest = np.full(_CELLS, width)
    # a gap belongs to the cells of both ends, for rounding may put a node next to an edge in either
    for ends in (cell[:-1], cell[1:]):
        np.minimum.at(smallest, ends, gaps)
    count = np.ceil(1.01 * width / smallest)
    if np.sum(count) > _MOST_PARTS:
        raise InvalidInput(
            f"polyline: nodes {np.min(gaps):g} apart in a range of {x[-1] - x[0]:g} need {np.sum(count):g} parts; expected at most {_MOST_PARTS}."
        )
    count = count.astype(int)
    first = np.cumsum(count) - count
    within = np.arange(np.sum(count)) - np.repeat(first, count)
    start = x[0] + np.repeat(np.arange(_CELLS) * width, count) + within * np.repeat(width / count, count)
    node = np.clip(np.searchsorted(x, start, side="right") - 1, 0, x.size - 1)
    slope = np.append(np.diff(y) / gaps, 0.0)
    return Polyline(x, y, slope, first.astype(np.int32), count / width, node.astype(np.int32))


@jax.jit
def on_polyline(line: Polyline, x: ArrayLike) -> Float[Array, "..."]:
    """Return a polyline at ``x``, of any shape; end values hold outside, nan stays nan. Traced."""
    line, x = Polyline(*(jnp.asarray(part) for part in line)), jnp.asarray(x, float)
    inside = jnp.clip(x, line.x[0], line.x[-1])
    offset = inside - line.x[0]
    width = (line.x[-1] - line.x[0]) / _CELLS

    def at(values: Array, place: Array) -> Array:
        return values.at[place].get(mode="clip")

    cell = jnp.minimum(jnp.floor(offset / width), _CELLS - 1)
    place = cell.astype(jnp.int32)
    part = jnp.floor((offset - cell * width) * at(line.parts, place))
    node = at(line.node, at(line.first, place) + jnp.maximum(part, 0.0).astype(jnp.int32))
    node = node + (inside >= at(line.x, node + 1))
    node = jnp.minimum(node, line.x.shape[0] - 1)
    return at(line.y, node) + at(line.slope, node) * (inside - at(line.x, node))
