"""Random draws from an explicit seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

BLOCK = 4096
"""Draws per block. The key is folded per block, so that a sample does not depend on how it is cut into chunks."""


class MonteCarlo(NamedTuple):
    """A mean and its standard error."""

    value: Float[Array, ""]
    error: Float[Array, ""]


def uniform(seed: int, count: int, dimensions: int, *, start: int = 0) -> Float[Array, "count dimensions"]:
    """Return uniform numbers in [0, 1): rows ``start`` to ``start + count`` of the endless sample of this seed."""
    first, last = start // BLOCK, (start + count - 1) // BLOCK
    key = jax.random.key(seed)
    keys = jax.vmap(lambda block: jax.random.fold_in(key, block))(jnp.arange(first, last + 1))
    draws = jax.vmap(lambda k: jax.random.uniform(k, (BLOCK, dimensions), dtype=jnp.float64))(keys)
    return draws.reshape(-1, dimensions)[start - first * BLOCK : start - first * BLOCK + count]


def integrate(
    function: Callable[[Float[Array, "count dimensions"]], Float[Array, " count"]],
    seed: int,
    count: int,
    dimensions: int,
) -> MonteCarlo:
    """Return the mean of ``function`` over the unit cube with its standard error, from ``count`` draws."""
    values = function(uniform(seed, count, dimensions))
    return MonteCarlo(jnp.mean(values), jnp.std(values, ddof=1) / jnp.sqrt(count))
