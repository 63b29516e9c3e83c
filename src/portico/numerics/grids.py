"""Interpolation on an even grid in three variables, once differentiable."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float


def cubic_weights(fraction: Array) -> Float[Array, "... 4"]:
    """Return the weights of four neighbours in cubic convolution, for the fraction of a cell behind the second.

    Third order for smooth data. Source: R. Keys, IEEE Trans. ASSP 29 (1981) 1153, eq. (15), a = -1/2.
    """
    f = fraction
    return jnp.stack(
        [((-0.5 * f + 1.0) * f - 0.5) * f, (1.5 * f - 2.5) * f**2 + 1, ((-1.5 * f + 2.0) * f + 0.5) * f, (0.5 * f - 0.5) * f**2], axis=-1
    )  # fmt: skip


def interpolate_cubic(
    values: Float[Array, "rows a b c"], row: ArrayLike, place: tuple[Array, Array, Array]
) -> Float[Array, "..."]:
    """Return row ``row`` of gridded values at ``place``, three coordinates in [0, 1]; ends hold outside.

    At the ends the missing neighbour is the mirror of the opposite one through the end point.
    """
    shape = values.shape[1:]
    places, weights = [], []
    for coordinate, count in zip(place, shape, strict=True):
        position = jnp.clip(jnp.asarray(coordinate), 0.0, 1.0) * (count - 1)
        cell = jnp.clip(jnp.floor(position).astype(jnp.int32), 0, count - 2)
        w = cubic_weights(position - cell)
        first, last = cell == 0, cell == count - 2
        # value outside = 2 * end - inside, folded into the weights of the points that exist
        w = jnp.where(
            first[..., None],
            jnp.stack([0 * w[..., 0], w[..., 1] + 2 * w[..., 0], w[..., 2] - w[..., 0], w[..., 3]], axis=-1),
            w,
        )
        w = jnp.where(
            last[..., None],
            jnp.stack([w[..., 0], w[..., 1] - w[..., 3], w[..., 2] + 2 * w[..., 3], 0 * w[..., 3]], axis=-1),
            w,
        )
        places.append(jnp.clip(cell[..., None] + np.arange(-1, 3), 0, count - 1))
        weights.append(w)
    first, second, third = places[0][..., :, None, None], places[1][..., None, :, None], places[2][..., None, None, :]
    index = ((jnp.asarray(row)[..., None, None, None] * shape[0] + first) * shape[1] + second) * shape[2] + third
    weight = weights[0][..., :, None, None] * weights[1][..., None, :, None] * weights[2][..., None, None, :]
    return jnp.sum(jnp.asarray(values).reshape(-1)[index] * weight, axis=(-3, -2, -1))
