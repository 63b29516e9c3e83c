r"""Emission of a light particle X by a lepton on a static nucleus, l N -> l N X, exact at tree level.

X is a vector (coupling e to the current), a scalar or a pseudoscalar (coupling e to :math:`\bar l l` or
:math:`\bar l i\gamma_5 l`). The squared amplitudes are in closed form; three of the four phase-space integrals are done here,
for each energy fraction x. It is the reference for the approximations of :mod:`portico.production.nuclear_bremsstrahlung`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import constants
from ..errors import unknown_name
from ..matter.form_factors import Nucleus, form_factor
from ..numerics import quadrature
from .emission_support import support

KINDS = ("vector", "scalar", "pseudoscalar")
ORDERS = ((40, 56, 32), (28, 40, 24))
"""Nodes in the angle of X, in ln t and in the azimuth of the recoil: for the result and for its error."""
_TOGETHER = 2  # points; with 16 the nodes fall out of the processor's cache and take 3 times as long


def squared_amplitude(
    u: ArrayLike, s: ArrayLike, t: ArrayLike, energy: ArrayLike, x: ArrayLike, mass: ArrayLike, lepton_mass: ArrayLike,
    *, kind: str = "vector",
) -> Float[Array, "..."]:  # fmt: skip
    r"""Squared amplitude for unit coupling, averaged over the incoming and summed over the other spins.

    .. math:: \mathrm{vector}: \quad & -\frac{8E^2(M^2+2m^2)[s(1-x)+u]^2 + 8E^2t(2-2x+x^2)us + 2R}{u^2s^2} \\
              & R = -us(u^2+s^2) - t(M^2+2m^2)(u+s)^2 + 4M^2tus - 2tus(u+s) - 2ust^2 \\
              \mathrm{(pseudo)scalar}: \quad & -\frac{4E^2N[s(1-x)+u]^2 + 4E^2tx^2us - (us + tN)(u+s)^2}{u^2s^2}

    with :math:`N = M^2` for the pseudoscalar and :math:`M^2-4m^2` for the scalar,
    :math:`u = (p-k)^2-m^2 < 0`, :math:`s = (p'+k)^2-m^2 > 0`, :math:`t = \vec q^2`, for the amplitude
    :math:`\bar u(p')[\Gamma(\slashed p'+\slashed k+m)\gamma^0/s + \gamma^0(\slashed p-\slashed k+m)\Gamma/u]u(p)`,
    :math:`\Gamma = \gamma^\alpha, 1, i\gamma_5`, with the time component of the nuclear current alone. Each term is of
    second order in q, so that no digits are lost.

    Parameters
    ----------
    u, s, t : array, shape (...)       GeV^2
    energy, x : array, shape (...)     of the lepton (GeV), fraction that X takes
    mass, lepton_mass : array          M and m, GeV
    kind : str                         a name from KINDS

    Returns
    -------
    array, shape (...)                 dimensionless

    Source: traces of the tree amplitude, done anew; the sum over a vector's spins is -g since its current is conserved.
    Limits: arXiv:0906.0580 (vector) and arXiv:1705.01633 (all) for the Weizsaecker-Williams region, Bethe-Heitler for a
    vector with M -> 0.
    """
    u, s, t, x = jnp.asarray(u), jnp.asarray(s), jnp.asarray(t), jnp.asarray(x)
    m2, v2, product, energy2 = jnp.asarray(lepton_mass) ** 2, jnp.asarray(mass) ** 2, u * s, jnp.asarray(energy) ** 2
    if kind != "vector":
        heavy = v2 if kind == "pseudoscalar" else v2 - 4 * m2
        leading = heavy * (s * (1 - x) + u) ** 2 + t * x**2 * product
        return -(4 * energy2 * leading - (product + t * heavy) * (u + s) ** 2) / product**2
    rest = (
        -product * (u**2 + s**2)
        - t * (v2 + 2 * m2) * (u + s) ** 2
        + 4 * v2 * t * product
        - 2 * t * product * (u + s)
        - 2 * product * t**2
    )
    leading = (v2 + 2 * m2) * (s * (1 - x) + u) ** 2 + t * (2 - 2 * x + x**2) * product
    return -(8 * energy2 * leading + 2 * rest) / product**2


def _one_point(
    one_minus_x: Array, energy: Array, mass: Array, lepton_mass: ArrayLike, nuclei: Nucleus, forms: tuple[str, ...], kind: str,
    rules: tuple[quadrature.Rule, quadrature.Rule, Array],
) -> Float[Array, "forms nuclei"]:  # fmt: skip
    """dsigma/dx at one point inside the support; the amplitude is shared by all nuclei and form factors."""
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
    amplitude = jnp.mean(squared_amplitude(-minus_u, s, t, energy, x, mass, m, kind=kind), axis=-1)
    t = t[..., 0]
    factors = jnp.stack([form_factor(t, nuclei, form) for form in forms])  # forms, nuclei, angle, t
    over_t = jnp.sum(t_weights * (log_t[..., 0] / t * amplitude) * factors, axis=-1)
    over_angle = jnp.sum(angle_weights * (growth * minus_u / (2 * p * k) / v)[:, 0, 0] * over_t, axis=-1)
    coupling = (4 * jnp.pi * constants.ALPHA) ** 3
    return energy * coupling * k / (16 * p * (2 * jnp.pi) ** 4) * 2 * jnp.pi * over_angle


@partial(jax.jit, static_argnames=("forms", "kind"))
def _points(
    one_minus_x: Array, energy: Array, mass: Array, lepton_mass: ArrayLike, nuclei: Nucleus,
    rules: tuple[quadrature.Rule, quadrature.Rule, Array], *, forms: tuple[str, ...], kind: str,
) -> Array:  # fmt: skip
    def one(point: tuple[Array, Array, Array]) -> Array:
        return _one_point(point[0], point[1], point[2], lepton_mass, nuclei, forms, kind, rules)

    return jax.lax.map(one, (one_minus_x, energy, mass), batch_size=_TOGETHER)


def dsigma_dx(
    one_minus_x: ArrayLike,
    energy: ArrayLike,
    mass: ArrayLike,
    *,
    lepton_mass: float,
    nucleus: Nucleus,
    form: str = "elastic",
    kind: str = "vector",
    orders: Sequence[tuple[int, int, int]] = ORDERS,
) -> quadrature.Estimate:
    r"""Cross section per energy fraction x of the emitted particle, exact at tree level, for a coupling e (epsilon = 1).

    .. math:: \frac{d\sigma}{dx} = \frac{E\,(4\pi\alpha)^3 k}{16\,p\,(2\pi)^4}\int\frac{d\cos\theta}{|\vec p-\vec k|}
              \int\frac{dt}{t^2}\,G_2(t)\int_0^{2\pi} d\phi\,\overline{|M|^2}

    The nucleus is static; phi is the azimuth of the recoiling lepton about p - k. Integrated in ln(-u), in ln t and over
    equally spaced phi. For a coupling g or y to the lepton divide by 4 pi alpha and multiply by g^2 or y^2.

    Parameters
    ----------
    one_minus_x, energy, mass : array, shapes that broadcast   1 - x, energy of the lepton (GeV), mass of X (GeV, > 0)
    lepton_mass : float                                        GeV
    nucleus, form                                              as in :mod:`portico.matter.form_factors`
    kind : str                                                 a name from KINDS
    orders : two triples                                       nodes as in ORDERS; more for masses far below the lepton's

    Returns
    -------
    Estimate, broadcast shape    GeV^-2 per nucleus, with the difference to a coarser rule; exactly 0 where forbidden.
                                 Relative error below 1e-5 for most points, up to 3e-3 far below the lepton's mass

    Source: :func:`squared_amplitude` and the phase space of a lepton and X in the field of a static charge.
    """
    result = dsigma_dx_each(
        one_minus_x, energy, mass, lepton_mass=lepton_mass, nuclei=(nucleus,), forms=(form,), kind=kind, orders=orders
    )
    return quadrature.Estimate(result.value[0, 0], result.error[0, 0])


def dsigma_dx_each(
    one_minus_x: ArrayLike,
    energy: ArrayLike,
    mass: ArrayLike,
    *,
    lepton_mass: float,
    nuclei: Sequence[Nucleus],
    forms: tuple[str, ...],
    kind: str = "vector",
    orders: Sequence[tuple[int, int, int]] = ORDERS,
) -> quadrature.Estimate:
    """Return :func:`dsigma_dx` for several nuclei and form factors at once, with one evaluation of the amplitude.

    Returns
    -------
    Estimate, shape (forms, nuclei, broadcast shape)

    Source: :func:`dsigma_dx`.
    """
    if kind not in KINDS:
        raise unknown_name("kind of emitted particle", kind, KINDS)
    where = support(one_minus_x, energy, mass, lepton_mass)
    shape, allowed = where.allowed.shape, where.allowed.ravel()
    value, error = np.zeros((2, len(forms), len(nuclei), allowed.size))
    if np.any(allowed):
        points = [a.ravel()[allowed] for a in where[:3]]
        count = points[0].size
        size = 8 if count <= 8 else -(-count // 256) * 256  # few shapes to compile
        padded = [np.pad(a, (0, size - count), mode="edge") for a in points]
        stacked = Nucleus(*(np.array(column, dtype=float)[:, None, None] for column in zip(*nuclei, strict=True)))
        results = [
            np.moveaxis(
                np.asarray(_points(*padded, lepton_mass, stacked, _rules(rule), forms=forms, kind=kind))[:count],
                0,
                -1,
            )
            for rule in orders
        ]
        value[..., allowed], error[..., allowed] = results[0], np.abs(results[0] - results[1])
    shape = (len(forms), len(nuclei), *shape)
    return quadrature.Estimate(value.reshape(shape), error.reshape(shape))


def _rules(orders: tuple[int, int, int]) -> tuple[quadrature.Rule, quadrature.Rule, np.ndarray]:
    """Rules in the angle and in ln t, and azimuths in the middle of equal steps of half a turn."""
    return (
        quadrature.gauss_legendre(orders[0]),
        quadrature.gauss_legendre(orders[1]),
        (np.arange(orders[2]) + 0.5) * np.pi / orders[2],
    )
