r"""Does a pair of charged particles from one vertex trip a veto? Rules on energies and directions of both."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

MODES = ("any", "both")
"""``any``: one particle that passes its energy and angular cut is enough; ``both``: both have to."""


class PairRule(NamedTuple):
    """Thresholds of a veto on pairs; energies in GeV, angles in radians.

    ``turn_on`` is the width of the threshold (standard deviation of an error function), 0 for a step.
    ``smallest_transverse_momentum`` is what a particle needs to reach the detector in the magnetic field, 0 without one.
    """

    energy_threshold: ArrayLike
    turn_on: ArrayLike
    smallest_angle: ArrayLike
    largest_angle: ArrayLike
    separation: ArrayLike
    smallest_transverse_momentum: ArrayLike


def curling_transverse_momentum(radius_cm: ArrayLike, field_tesla: ArrayLike) -> ArrayLike:
    r"""Return the transverse momentum below which a particle from the axis curls up before it reaches a radius, GeV.

    .. math:: p_T = \tfrac12\,0.299792458\,B\,r \qquad (\text{diameter of the circle} = r)

    Parameters: radius in cm, field in tesla. Source: Lorentz force on a unit charge.
    """
    return 0.5 * 0.299792458 * jnp.asarray(field_tesla) * jnp.asarray(radius_cm) / 100.0


def probability_seen(
    minus: Float[Array, "... 4"], plus: Float[Array, "... 4"], rule: PairRule, *, mode: str
) -> Float[Array, "..."]:
    r"""Return the probability that a pair trips the veto, given its momenta in the laboratory.

    With a separation above ``rule.separation`` each particle passes with

    .. math:: p_\pm = \tfrac12\,\mathrm{erfc}\frac{E_0 - E_\pm}{\sqrt2\,w} \times
              [\theta_\mathrm{min} < \theta_\pm < \theta_\mathrm{max}] \times [p_{T\pm} > p_{T,\mathrm{min}}]

    (a step at E_0 for w = 0), and the pair with :math:`1 - (1-p_+)(1-p_-)` in mode ``any``, :math:`p_+p_-` in mode ``both``.
    Below it the sum of both energies takes the place of each, and at least one (``any``) or both (``both``) have to be in the
    acceptance.

    Parameters
    ----------
    minus, plus : arrays, shape (..., 4)   (E, px, py, pz), GeV; E is the total energy
    rule : PairRule
    mode : str                             one of MODES

    Returns
    -------
    array, shape (...)                     0 to 1; 0 for pairs of zeros

    Source: selection of a talk on arXiv:2302.05410, slide on the mono-photon search; its text leaves ``mode`` open.
    """
    inside_minus, size_minus = _inside(minus, rule)
    inside_plus, size_plus = _inside(plus, rule)
    scalar = sum(minus[..., k] * plus[..., k] for k in (1, 2, 3))  # by component: a sum over an axis of three is slow
    apart = scalar < jnp.cos(jnp.asarray(rule.separation)) * size_minus * size_plus
    pass_minus = jnp.where(inside_minus, _efficiency(minus[..., 0], rule), 0.0)
    pass_plus = jnp.where(inside_plus, _efficiency(plus[..., 0], rule), 0.0)
    pass_sum = _efficiency(minus[..., 0] + plus[..., 0], rule)
    if mode == "any":
        wide = 1 - (1 - pass_minus) * (1 - pass_plus)
        close = jnp.where(inside_minus | inside_plus, pass_sum, 0.0)
    else:
        wide = pass_minus * pass_plus
        close = jnp.where(inside_minus & inside_plus, pass_sum, 0.0)
    return jnp.where(apart, wide, close)


def _inside(momentum: Array, rule: PairRule) -> tuple[Array, Array]:
    """Whether the direction and the transverse momentum are accepted, and the size of the momentum."""
    x, y, z = momentum[..., 1], momentum[..., 2], momentum[..., 3]
    transverse = x * x + y * y
    size = jnp.sqrt(transverse + z * z)
    accepted = (z < jnp.cos(jnp.asarray(rule.smallest_angle)) * size) & (
        z > jnp.cos(jnp.asarray(rule.largest_angle)) * size
    )
    return accepted & (transverse > jnp.asarray(rule.smallest_transverse_momentum) ** 2), size


def _efficiency(energy: Array, rule: PairRule) -> Array:
    """A step or a smooth turn-on at the threshold."""
    width = jnp.asarray(rule.turn_on)
    smooth = width > 0
    distance = (rule.energy_threshold - energy) / jnp.where(smooth, width, 1.0)
    return jnp.where(
        smooth, 0.5 * jax.scipy.special.erfc(distance / jnp.sqrt(2.0)), (energy > rule.energy_threshold) * 1.0
    )
