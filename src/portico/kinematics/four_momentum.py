r"""Four-momenta by component, and boosts that keep their digits at any speed.

A :class:`FourMomentum` holds one array per component: in compiled code this is faster than arrays whose last axis counts
components, which :func:`from_array` and :func:`to_array` convert from and to.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .. import numerics as _numerics  # noqa: F401  (switches jax to float64)

_TINY = 1e-300


class FourMomentum(NamedTuple):
    """Energy and momentum, GeV; each an array of one shape."""

    energy: Float[Array, "..."]
    x: Float[Array, "..."]
    y: Float[Array, "..."]
    z: Float[Array, "..."]


def from_array(momenta: Float[ArrayLike, "... 4"]) -> FourMomentum:
    """Return momenta given as (E, px, py, pz) along the last axis. Source: definition."""
    momenta = jnp.asarray(momenta, float)
    return FourMomentum(momenta[..., 0], momenta[..., 1], momenta[..., 2], momenta[..., 3])


def to_array(momentum: FourMomentum) -> Float[Array, "... 4"]:
    """Return (E, px, py, pz) along the last axis. Source: definition."""
    return jnp.stack(momentum, axis=-1)


def add(first: FourMomentum, second: FourMomentum) -> FourMomentum:
    """Return the sum of two momenta. Source: definition."""
    return FourMomentum(*(a + b for a, b in zip(first, second, strict=True)))


def product(first: FourMomentum, second: FourMomentum) -> Float[Array, "..."]:
    r"""Return :math:`p\cdot q = E_p E_q - \vec p\cdot\vec q`. Source: definition."""
    return first.energy * second.energy - first.x * second.x - first.y * second.y - first.z * second.z


def size(momentum: FourMomentum) -> Float[Array, "..."]:
    r"""Return :math:`|\vec p|`. Source: definition."""
    return jnp.sqrt(momentum.x**2 + momentum.y**2 + momentum.z**2)


def mass_squared(momentum: FourMomentum) -> Float[Array, "..."]:
    r"""Return :math:`(E-|\vec p|)(E+|\vec p|)`, in GeV^2. Source: definition."""
    p = size(momentum)
    return (momentum.energy - p) * (momentum.energy + p)


class Boost(NamedTuple):
    r"""A boost along a direction: :math:`\gamma + u` with u the momentum over the mass of what is at rest before it."""

    x: Float[Array, "..."]
    y: Float[Array, "..."]
    z: Float[Array, "..."]
    stretch: Float[Array, "..."]

    def inverse(self) -> Boost:
        """Return the boost back."""
        return self._replace(stretch=1 / self.stretch)


def boost_to(momentum: FourMomentum, mass: ArrayLike) -> Boost:
    r"""Return the boost from the rest frame of a particle to the frame in which it has this momentum.

    Parameters
    ----------
    momentum : FourMomentum     only its three-momentum is used
    mass : array, shape (...)   GeV, > 0

    Source: Lorentz transformation.
    """
    p = size(momentum)
    # what is at rest has no direction: any will do, as the boost is then the identity
    is_moving = p > _TINY
    scale = 1 / jnp.where(is_moving, p, 1.0)
    u = p / mass
    return Boost(
        momentum.x * scale, momentum.y * scale, jnp.where(is_moving, momentum.z * scale, 1.0), u + jnp.sqrt(1 + u * u)
    )


def boost(momentum: FourMomentum, squared: ArrayLike, by: Boost) -> FourMomentum:
    r"""Return a momentum after a boost.

    With :math:`p_\pm = E \pm p_\parallel` along the direction of the boost, :math:`\gamma = \sqrt{1+u^2}`,

    .. math:: p_+' = (\gamma+u)\,p_+, \qquad p_-' = p_-/(\gamma+u), \qquad p_\perp' = p_\perp

    Parameters
    ----------
    momentum : FourMomentum
    squared : array, shape (...)   its mass squared, GeV^2; may be negative
    by : Boost

    Notes     Of :math:`p_\pm` the smaller is :math:`(m^2+p_\perp^2)` over the larger: for :math:`m^2 \ge 0` no digits are lost at any gamma. The boost is
              without rotation. Any four-vector may be boosted, also one of negative energy.
    Source    Lorentz transformation in light-cone components.
    """
    along = by.x * momentum.x + by.y * momentum.y + by.z * momentum.z
    tx, ty, tz = momentum.x - along * by.x, momentum.y - along * by.y, momentum.z - along * by.z
    is_plus = (along >= 0) == (momentum.energy >= 0)  # of E + p and E - p the one without cancellation
    large = jnp.where(is_plus, momentum.energy + along, momentum.energy - along)
    direct = jnp.where(is_plus, momentum.energy - along, momentum.energy + along)
    small = (squared + tx * tx + ty * ty + tz * tz) / jnp.where(large != 0, large, 1.0)
    small = jnp.where(jnp.asarray(squared) >= 0, small, direct)  # of a space-like vector the numerator may cancel
    plus = jnp.where(is_plus, large, small) * by.stretch
    minus = jnp.where(is_plus, small, large) / by.stretch
    half = 0.5 * (plus - minus)
    return FourMomentum(0.5 * (plus + minus), tx + half * by.x, ty + half * by.y, tz + half * by.z)
