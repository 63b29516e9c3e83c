"""Cubic interpolation on even grids, once differentiable."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int


def cubic_stencil(coordinate: ArrayLike, count: int) -> tuple[Int[Array, "... 4"], Float[Array, "... 4"]]:
    """Return four neighbours on an even grid of [0, 1] with ``count`` points, and their weights in cubic convolution.

    Third order for smooth data; the ends hold outside. At the ends the missing neighbour is the mirror of the opposite one
    through the end point, folded into the weights of the points that exist.
    Source: R. Keys, IEEE Trans. ASSP 29 (1981) 1153, eq. (15), a = -1/2.
    """
    position = jnp.clip(jnp.asarray(coordinate), 0.0, 1.0) * (count - 1)
    cell = jnp.clip(jnp.floor(position).astype(jnp.int32), 0, count - 2)
    f = position - cell
    before, here = ((-0.5 * f + 1.0) * f - 0.5) * f, (1.5 * f - 2.5) * f**2 + 1
    there, behind = ((-1.5 * f + 2.0) * f + 0.5) * f, (0.5 * f - 0.5) * f**2
    first, last = cell == 0, cell == count - 2
    weights = [
        jnp.where(first, 0.0, before),
        here + jnp.where(first, 2 * before, 0.0) - jnp.where(last, behind, 0.0),
        there - jnp.where(first, before, 0.0) + jnp.where(last, 2 * behind, 0.0),
        jnp.where(last, 0.0, behind),
    ]
    places = jnp.clip(cell[..., None] + np.arange(-1, 3), 0, count - 1)
    return places, jnp.stack(weights, axis=-1)


def contract_first(values: Float[Array, "rows a b c"], coordinate: Float[Array, " b"]) -> Float[Array, "rows b c"]:
    """Return gridded values at a coordinate of the first grid axis that depends on the place on the second."""
    places, weights = cubic_stencil(coordinate, values.shape[1])
    chosen = jnp.asarray(values)[:, places, jnp.arange(values.shape[2])[:, None]]  # rows, b, 4, c
    return jnp.einsum("rbkc,bk->rbc", chosen, weights)


def interpolate_two(
    values: Float[Array, "rows b c"], row: ArrayLike, second: ArrayLike, third: ArrayLike
) -> Float[Array, "..."]:
    """Return row ``row`` of values on a grid in two coordinates in [0, 1]; all arguments broadcast."""
    count_b, count_c = values.shape[1:]
    (b, weight_b), (c, weight_c) = cubic_stencil(second, count_b), cubic_stencil(third, count_c)
    index = (jnp.asarray(row)[..., None, None] * count_b + b[..., :, None]) * count_c + c[..., None, :]
    return jnp.sum(
        jnp.asarray(values).reshape(-1)[index] * weight_b[..., :, None] * weight_c[..., None, :], axis=(-2, -1)
    )
