r"""Emission of an axion-like particle a through two photons, l N -> l N a: one photon of the lepton, one of the nucleus.

For :math:`L = -\frac{g}{4}aF\tilde F`, on a static nucleus, exact at tree level.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike

from .. import constants
from ..matter.form_factors import Nucleus, form_factor
from ..numerics import quadrature
from .emission_support import support

ORDERS = ((64, 64), (44, 44))
"""Nodes in ln Q^2 of the lepton's photon and in ln t of the nuclear one: for the result and for its error."""


@partial(jax.jit, static_argnames=("form",))
def _dsigma_dx(
    missing: Array, energy: Array, mass: Array, lepton_mass: ArrayLike, nucleus: Nucleus,
    rules: tuple[quadrature.Rule, quadrature.Rule], *, form: str,
) -> Array:  # fmt: skip
    """dsigma/dx at points inside the support."""
    missing, energy, mass = (a[..., None, None] for a in (missing, energy, mass))
    omega, recoil_energy = (1 - missing) * energy, missing * energy
    p, k = jnp.sqrt(energy**2 - lepton_mass**2), jnp.sqrt(omega**2 - mass**2)
    recoil = jnp.sqrt(recoil_energy**2 - lepton_mass**2)
    largest = 2 * (energy * recoil_energy + p * recoil - lepton_mass**2)
    smallest = 4 * (lepton_mass * omega) ** 2 / largest
    (q_nodes, q_weights), (t_nodes, t_weights) = rules
    log_q2 = jnp.log(largest / smallest)
    q2 = smallest * jnp.exp(log_q2 * jnp.asarray(q_nodes)[:, None])
    photon = jnp.sqrt(omega**2 + q2)  # momentum of the lepton's photon
    excess = (q2 + mass**2) / (photon + k)  # photon - k
    log_t = 2 * jnp.log((photon + k) / excess)
    t = excess**2 * jnp.exp(log_t * t_nodes)
    opening = (t - excess**2) / (2 * photon * k)  # 1 - cos of the angle between a and the lepton's photon
    cross2 = (photon * k) ** 2 * jnp.maximum(opening * (2 - opening), 0.0)
    across2 = (q2 - smallest) * (largest - q2) / (4 * photon**2)  # of p to the lepton's photon, squared
    inner = jnp.sum(t_weights * log_t * cross2 * form_factor(t, nucleus, form) / t, axis=-1)
    outer = jnp.sum(q_weights * (log_q2 / q2 * (2 * across2 + q2) / photon)[..., 0] * inner, axis=-1)
    scale = (4 * jnp.pi * constants.ALPHA) ** 2 * energy / (32 * p**2 * (2 * jnp.pi) ** 3)
    return scale[..., 0, 0] * outer


def dsigma_dx(
    one_minus_x: ArrayLike,
    energy: ArrayLike,
    mass: ArrayLike,
    *,
    lepton_mass: float,
    nucleus: Nucleus,
    form: str = "elastic",
) -> quadrature.Estimate:
    r"""Cross section per energy fraction x of a, exact at tree level, for g = 1/GeV.

    .. math:: \frac{d\sigma}{dx} = \frac{(4\pi\alpha)^2g^2E}{32\,p^2(2\pi)^3}\int\frac{dQ^2}{Q^4|\vec q_1|}\int\frac{dt}{t^2}\,G_2(t)\,
              |\vec q_1\times\vec k|^2\left(2p_\perp^2 + Q^2\right), \qquad
              p_\perp^2 = \frac{(Q^2-Q^2_\mathrm{min})(Q^2_\mathrm{max}-Q^2)}{4\vec q_1^2}

    with the lepton's photon :math:`q_1 = p-p'`, :math:`Q^2 = -q_1^2`, and :math:`t = (\vec k-\vec q_1)^2`. Both azimuths are done in
    closed form: the amplitude is :math:`\propto \bar u(p')\gamma\cdot(\vec q_1\times\vec k)u(p)/(Q^2t)`, whose square is
    :math:`4[\vec p\cdot(\vec q_1\times\vec k)]^2 + Q^2(\vec q_1\times\vec k)^2`.

    Parameters
    ----------
    one_minus_x, energy, mass : array, shapes that broadcast   1 - x, energy of the lepton (GeV), mass of a (GeV, > 0)
    lepton_mass : float                                        GeV
    nucleus, form                                              as in :mod:`portico.matter.form_factors`

    Returns
    -------
    Estimate, broadcast shape    per nucleus and per g^2 in GeV^-2, so without unit; with the difference to a coarser rule;
                                 exactly 0 where forbidden

    Source: trace of the tree amplitude, done anew; the Weizsaecker-Williams limit is
    :func:`portico.production.weizsaecker_williams.dsigma_dx`.
    """
    points = support(one_minus_x, energy, mass, lepton_mass)
    allowed, safe = points.allowed, points.safe()
    fine, coarse = (
        np.asarray(_dsigma_dx(*safe, lepton_mass, nucleus, tuple(map(quadrature.gauss_legendre, rule)), form=form))
        for rule in ORDERS
    )
    return quadrature.Estimate(np.where(allowed, fine, 0.0), np.where(allowed, np.abs(fine - coarse), 0.0))
