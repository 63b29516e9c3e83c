r"""Decays to one body and a pair, as two steps: parent to body and pair, pair to two equal masses."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .four_momentum import FourMomentum
from .two_body import Direction, cosine_and_sine, momentum


class PairDecay(NamedTuple):
    """Body and pair in the rest frame of their parent."""

    body: FourMomentum
    first: FourMomentum
    second: FourMomentum


def velocity(s: ArrayLike, mass: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`\beta = \sqrt{1-4m^2/s}` of the pair in its own frame; 0 at and below threshold. Source: definition."""
    s = jnp.asarray(s, float)
    squared = 1 - 4 * jnp.asarray(mass) ** 2 / jnp.where(s > 0, s, 1.0)
    is_open = (s > 0) & (squared > 0)
    return jnp.where(is_open, jnp.sqrt(jnp.where(is_open, squared, 1.0)), 0.0)


def at_rest(
    masses: tuple[ArrayLike, ArrayLike, ArrayLike],
    s: ArrayLike,
    axes: tuple[Direction, Direction, Direction],
    cosine: ArrayLike,
    turn: ArrayLike,
) -> PairDecay:
    r"""Return the momenta of parent -> body + pair, pair -> first + second, in the rest frame of the parent.

    .. math:: p_\parallel = \gamma_q(k\cos\theta \pm \beta_q\sqrt s/2), \qquad p_\perp = k\sin\theta, \qquad
              k = \tfrac12\sqrt s\,\beta

    Parameters
    ----------
    masses : three arrays          of parent, body, and each of the pair, GeV
    s : array, shape (...)         mass squared of the pair, GeV^2
    axes : three directions        two transverse ones, and that of the pair
    cosine : array, shape (...)    of the first of the pair to the pair's direction, in the frame of the pair
    turn : array, shape (...)      its azimuth about that direction, in turns

    Source: Lorentz transformation along the pair's direction.
    """
    parent, body, each = (jnp.asarray(m, float) for m in masses)
    root = jnp.sqrt(jnp.asarray(s, float))
    p = momentum(parent, body, root)
    pair_energy = jnp.sqrt(s + p * p)
    k = 0.5 * root * velocity(s, each)
    forward = k * cosine
    half = 0.5
    # gamma_q = E_q/sqrt(s), gamma_q beta_q = p/sqrt(s)
    shift, along = half * p, pair_energy / root * forward
    energy, tilt = half * pair_energy, p / root * forward
    across = k * jnp.sqrt(jnp.maximum((1 - cosine) * (1 + cosine), 0.0))
    c, s_ = cosine_and_sine(turn)
    transverse = [across * (c * a + s_ * b) for a, b in zip(axes[0], axes[1], strict=True)]
    first = FourMomentum(energy + tilt, *(t + (shift + along) * n for t, n in zip(transverse, axes[2], strict=True)))
    second = FourMomentum(energy - tilt, *((shift - along) * n - t for t, n in zip(transverse, axes[2], strict=True)))
    rest = FourMomentum(jnp.sqrt(body**2 + p * p), *(-p * n for n in axes[2]))
    return PairDecay(rest, first, second)
