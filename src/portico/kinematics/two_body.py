r"""Decays to two bodies, and directions on the sphere."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..numerics.namespace import array_namespace
from .four_momentum import Boost, FourMomentum, boost

_TAYLOR_TERMS = 8  # x^17/17! is 5e-17 at pi/4


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

    Notes     Within 3e-16. By Taylor series up to an eighth of a turn: several times as fast as the functions of the C library,
              which compiled code calls number by number, and exact at quarters of a turn.
    Source    definition.
    """
    turn = jnp.asarray(turn, float)
    quarter = jnp.round(4 * turn)
    x = 2 * np.pi * (turn - 0.25 * quarter)  # without rounding: both are multiples of the last digit of turn
    square = x * x
    cosine, sine = jnp.zeros_like(x), jnp.zeros_like(x)
    for n in range(_TAYLOR_TERMS, -1, -1):
        cosine = cosine * square + (-1) ** n / math.factorial(2 * n)
        sine = sine * square + (-1) ** n / math.factorial(2 * n + 1)
    sine = x * sine
    quarter = quarter - 4 * jnp.floor(0.25 * quarter)
    is_odd = (quarter == 1) | (quarter == 3)
    return (
        jnp.where((quarter == 1) | (quarter == 2), -1.0, 1.0) * jnp.where(is_odd, sine, cosine),
        jnp.where(quarter >= 2, -1.0, 1.0) * jnp.where(is_odd, cosine, sine),
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
    to: Boost, mass: ArrayLike, masses: tuple[ArrayLike, ArrayLike], towards: Direction
) -> tuple[FourMomentum, FourMomentum]:
    r"""Return the two bodies of a decay, in the frame that a boost leads to.

    Parameters
    ----------
    to : Boost                   from the rest frame of the parent, see :func:`portico.kinematics.four_momentum.boost_to`
    mass : array, shape (...)    of the parent, GeV
    masses : two arrays          of the bodies, GeV; together at most that of the parent
    towards : Direction          of the first body in the rest frame of the parent; the axes are those of the other frame

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
    return boost(at_rest[0], first**2, to), boost(at_rest[1], second**2, to)
