r"""Decays to two bodies, and directions on the sphere."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..numerics.namespace import array_namespace
from .four_momentum import FourMomentum, boost

_SINE = [1 / 1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800, -1 / 1307674368000]
_COSINE = [1, -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600, -1 / 87178291200, 1 / 20922789888000]


class Direction(NamedTuple):
    """A unit vector; each component an array of one shape."""

    x: Float[Array, "..."]
    y: Float[Array, "..."]
    z: Float[Array, "..."]


def momentum(mass: ArrayLike, first_mass: ArrayLike, second_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Return the momentum of the two bodies in the rest frame of their parent.

    .. math:: p = \frac{1}{2M}\sqrt{[M^2-(m_1+m_2)^2]\,[M^2-(m_1-m_2)^2]}

    Parameters
    ----------
    mass, first_mass, second_mass : array, shape (...)   GeV

    Returns
    -------
    array, shape (...)    GeV; exactly 0 at and below threshold

    Notes     As a product of four factors, which keeps its digits at threshold. Runs on numpy and jax arrays.
    Source    energy-momentum conservation.
    """
    xp = array_namespace(mass, first_mass, second_mass)
    mass, total, difference = (
        xp.asarray(mass),
        first_mass + xp.asarray(second_mass),
        first_mass - xp.asarray(second_mass),
    )
    squared = (mass - total) * (mass + total) * (mass - difference) * (mass + difference)
    is_open = (mass > total) & (squared > 0)
    return xp.where(is_open, xp.sqrt(xp.where(is_open, squared, 1.0)) / (2 * xp.where(is_open, mass, 1.0)), 0.0)


def cosine_and_sine(turn: ArrayLike) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Return :math:`\cos 2\pi t` and :math:`\sin 2\pi t` for t in turns.

    Notes     Taylor series on an eighth of a turn, to 1e-15: vectorises, which library calls do not.
    Source    definition.
    """
    quarters = 4 * jnp.asarray(turn, float)
    whole = jnp.round(quarters)
    angle = (quarters - whole) * (np.pi / 2)
    square = angle * angle
    sine, cosine = jnp.full_like(square, _SINE[-1]), jnp.full_like(square, _COSINE[-1])
    for coefficient in _SINE[-2::-1]:
        sine = sine * square + coefficient
    for coefficient in _COSINE[-2::-1]:
        cosine = cosine * square + coefficient
    sine = sine * angle
    quadrant = whole - 4 * jnp.floor(whole / 4)
    is_odd = (quadrant == 1) | (quadrant == 3)
    first, second = jnp.where(is_odd, sine, cosine), jnp.where(is_odd, cosine, sine)
    return (
        jnp.where((quadrant == 1) | (quadrant == 2), -first, first),
        jnp.where(quadrant >= 2, -second, second),
    )


def frame_about(cosine: ArrayLike, turn: ArrayLike) -> tuple[Direction, Direction, Direction]:
    r"""Return two directions and a third: the third has polar angle arccos(cosine) and azimuth 2 pi turn about z.

    Together they are a right-handed frame: first x second = third. Source: spherical coordinates.
    """
    cosine = jnp.asarray(cosine, float)
    sine = jnp.sqrt(jnp.maximum((1 - cosine) * (1 + cosine), 0.0))
    c, s = cosine_and_sine(turn)
    first = Direction(cosine * c, cosine * s, -sine)
    second = Direction(-s, c, jnp.zeros_like(c))
    return first, second, Direction(sine * c, sine * s, cosine)


def direction(cosine: ArrayLike, turn: ArrayLike) -> Direction:
    """Return the direction of polar angle arccos(cosine) and azimuth 2 pi turn about z. Source: spherical coordinates."""
    return frame_about(cosine, turn)[2]


def decay(
    parent: FourMomentum, mass: ArrayLike, masses: tuple[ArrayLike, ArrayLike], towards: Direction
) -> tuple[FourMomentum, FourMomentum]:
    r"""Return the two bodies of a decay, in the frame in which the parent is given.

    Parameters
    ----------
    parent : FourMomentum        GeV
    mass : array, shape (...)    of the parent, GeV
    masses : two arrays          of the bodies, GeV; together at most that of the parent
    towards : Direction          of the first body in the rest frame of the parent; the axes are those of the parent's frame

    Notes     Energy and momentum are conserved to rounding; both are on their mass shell.
    Source    energy-momentum conservation.
    """
    first, second = (jnp.asarray(m, float) for m in masses)
    p = momentum(jnp.asarray(mass, float), first, second)
    x, y, z = (p * n for n in towards)
    at_rest = (
        FourMomentum(jnp.sqrt(first**2 + p * p), x, y, z),
        FourMomentum(jnp.sqrt(second**2 + p * p), -x, -y, -z),
    )
    return boost(at_rest[0], first**2, parent, mass), boost(at_rest[1], second**2, parent, mass)
