r"""Emission of a vector by a lepton on a static nucleus, l N -> l N V, exact at tree level.

The squared amplitude is in closed form; three of the four phase-space integrals are done here, for each energy fraction x.
It is the reference for the approximations of :mod:`portico.production.nuclear_bremsstrahlung`.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import constants
from ..matter.form_factors import Nucleus, form_factor
from ..numerics import quadrature

ORDERS = ((40, 56, 32), (28, 40, 24))
"""Nodes in the angle of V, in ln t and in the azimuth of the recoil: for the result and for its error."""


def squared_amplitude(
    u: ArrayLike, s: ArrayLike, t: ArrayLike, energy: ArrayLike, x: ArrayLike, mass: ArrayLike, lepton_mass: ArrayLike
) -> Float[Array, "..."]:
    r"""Squared amplitude for a vector V of unit coupling, averaged over the incoming and summed over the other spins.

    .. math:: \overline{|M|^2} = -\frac{8E^2(M^2+2m^2)[s(1-x)+u]^2 + 8E^2t(2-2x+x^2)us + 2R}{u^2s^2}

    .. math:: R = -us(u^2+s^2) - t(M^2+2m^2)(u+s)^2 + 4M^2tus - 2tus(u+s) - 2ust^2

    with :math:`u = (p-k)^2-m^2 < 0`, :math:`s = (p'+k)^2-m^2 > 0`, :math:`t = \vec q^2`, for the amplitude
    :math:`\bar u(p')[\gamma^\alpha(\slashed p'+\slashed k+m)\gamma^0/s + \gamma^0(\slashed p-\slashed k+m)\gamma^\alpha/u]u(p)`
    with the time component of the nuclear current alone. Each term is of second order in q, so that no digits are lost.

    Parameters
    ----------
    u, s, t : array, shape (...)       GeV^2
    energy, x : array, shape (...)     of the lepton (GeV), fraction that V takes
    mass, lepton_mass : array          M and m, GeV

    Returns
    -------
    array, shape (...)                 dimensionless

    Source: traces of the tree amplitude, done anew; the sum over V's spins is -g since its current is conserved.
    Limits: arXiv:0906.0580 for the Weizsaecker-Williams region, Bethe-Heitler for M -> 0.
    """
    u, s, t = jnp.asarray(u), jnp.asarray(s), jnp.asarray(t)
    m2, v2, product = jnp.asarray(lepton_mass) ** 2, jnp.asarray(mass) ** 2, u * s
    rest = (
        -product * (u**2 + s**2)
        - t * (v2 + 2 * m2) * (u + s) ** 2
        + 4 * v2 * t * product
        - 2 * t * product * (u + s)
        - 2 * product * t**2
    )
    leading = (v2 + 2 * m2) * (s * (1 - x) + u) ** 2 + t * (2 - 2 * x + jnp.asarray(x) ** 2) * product
    return -(8 * jnp.asarray(energy) ** 2 * leading + 2 * rest) / product**2


def _one_point(
    one_minus_x: Array, energy: Array, mass: Array, lepton_mass: ArrayLike, nucleus: Nucleus, form: str,
    rules: tuple[quadrature.Rule, quadrature.Rule, Array],
) -> Array:  # fmt: skip
    """dsigma/dx at one point inside the support."""
    m, (angle_nodes, angle_weights), (t_nodes, t_weights), azimuth = lepton_mass, *rules
    x = 1 - one_minus_x
    omega, recoil_energy = x * energy, one_minus_x * energy
    p, k, recoil = jnp.sqrt(energy**2 - m**2), jnp.sqrt(omega**2 - mass**2), jnp.sqrt(recoil_energy**2 - m**2)
    # -u from its forward value, which is written without the cancellation in E omega - p k
    forward = 2 * (m**2 * omega**2 + mass**2 * energy**2 - m**2 * mass**2) / (energy * omega + p * k) - mass**2
    growth = jnp.log1p(4 * p * k / forward)
    minus_u = (forward * jnp.exp(growth * angle_nodes))[:, None, None]
    one_minus_cos = (minus_u - forward) / (2 * p * k)
    v = jnp.sqrt((p - k) ** 2 + 2 * p * k * one_minus_cos)  # |p - k|
    excess = minus_u / (v + recoil)  # |p - k| - |p'|
    log_t = 2 * jnp.log((v + recoil) / excess)
    t = excess**2 * jnp.exp(log_t * t_nodes[:, None])
    opening = (t - excess**2) / (2 * v * recoil)  # 1 - cos of the angle between p' and p - k
    along = (p * k * (1 - one_minus_cos) - k**2) / v  # k along p - k
    across = p * k * jnp.sqrt(jnp.maximum(one_minus_cos * (2 - one_minus_cos), 0.0)) / v
    sine = jnp.sqrt(jnp.maximum(opening * (2 - opening), 0.0))
    s = 2 * (excess * along + recoil * opening * along - recoil * sine * across * jnp.cos(azimuth)) + minus_u
    amplitude = jnp.mean(squared_amplitude(-minus_u, s, t, energy, x, mass, m), axis=-1)
    over_t = jnp.sum(t_weights * (log_t * form_factor(t, nucleus, form) / t)[..., 0] * amplitude, axis=-1)
    over_angle = jnp.sum(angle_weights * (growth * minus_u / (2 * p * k) / v)[:, 0, 0] * over_t)
    coupling = (4 * jnp.pi * constants.ALPHA) ** 3
    return energy * coupling * k / (16 * p * (2 * jnp.pi) ** 4) * 2 * jnp.pi * over_angle


@partial(jax.jit, static_argnames=("form",))
def _points(
    one_minus_x: Array, energy: Array, mass: Array, lepton_mass: ArrayLike, nucleus: Nucleus,
    rules: tuple[quadrature.Rule, quadrature.Rule, Array], *, form: str,
) -> Array:  # fmt: skip
    def one(point: tuple[Array, Array, Array]) -> Array:
        return _one_point(point[0], point[1], point[2], lepton_mass, nucleus, form, rules)

    return jax.lax.map(one, (one_minus_x, energy, mass), batch_size=16)


def dsigma_dx(
    one_minus_x: ArrayLike,
    energy: ArrayLike,
    mass: ArrayLike,
    *,
    lepton_mass: float,
    nucleus: Nucleus,
    form: str = "elastic",
) -> quadrature.Estimate:
    r"""Cross section per energy fraction x of the emitted vector, exact at tree level, for a coupling e (epsilon = 1).

    .. math:: \frac{d\sigma}{dx} = \frac{E\,(4\pi\alpha)^3 k}{16\,p\,(2\pi)^4}\int\frac{d\cos\theta}{|\vec p-\vec k|}
              \int\frac{dt}{t^2}\,G_2(t)\int_0^{2\pi} d\phi\,\overline{|M|^2}

    The nucleus is static; phi is the azimuth of the recoiling lepton about p - k. Integrated in ln(-u), in ln t and over
    equally spaced phi.

    Parameters
    ----------
    one_minus_x, energy, mass : array, shapes that broadcast   1 - x, energy of the lepton (GeV), mass of V (GeV, > 0)
    lepton_mass : float                                        GeV
    nucleus, form                                              as in :mod:`portico.matter.form_factors`

    Returns
    -------
    Estimate, broadcast shape    GeV^-2 per nucleus, with the difference to a coarser rule; exactly 0 where forbidden

    Source: :func:`squared_amplitude` and the phase space of a lepton and V in the field of a static charge.
    """
    full = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (one_minus_x, energy, mass)))
    shape, (missing, lepton_energy, vector_mass) = full[0].shape, (a.ravel() for a in full)
    allowed = (missing * lepton_energy > lepton_mass) & ((1 - missing) * lepton_energy > vector_mass) & (missing < 1)
    value, error = np.zeros(missing.size), np.zeros(missing.size)
    if np.any(allowed):
        points = [a[allowed] for a in (missing, lepton_energy, vector_mass)]
        size = -(-points[0].size // 256) * 256  # few shapes to compile
        padded = [np.pad(a, (0, size - a.size), mode="edge") for a in points]
        results = [
            np.asarray(_points(*padded, lepton_mass, nucleus, _rules(orders), form=form))[: points[0].size]
            for orders in ORDERS
        ]
        value[allowed], error[allowed] = results[0], np.abs(results[0] - results[1])
    return quadrature.Estimate(value.reshape(shape), error.reshape(shape))


def _rules(orders: tuple[int, int, int]) -> tuple[quadrature.Rule, quadrature.Rule, np.ndarray]:
    """Rules in the angle and in ln t, and azimuths in the middle of equal steps of half a turn."""
    return (
        quadrature.gauss_legendre(orders[0]),
        quadrature.gauss_legendre(orders[1]),
        (np.arange(orders[2]) + 0.5) * np.pi / orders[2],
    )
