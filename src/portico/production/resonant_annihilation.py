r"""Annihilation of positrons with atomic electrons into dark matter through a vector mediator, e+ e- -> A'(*) -> chi chi."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .. import constants
from ..decays.dark_current import dark_current

__all__ = ["WIDTHS", "cross_section", "narrow_width_strength"]

WIDTHS = ("constant", "running")
"""The width in the Breit-Wigner: at the pole, or :math:`m\\Gamma \\to \\sqrt s\\,\\Gamma_\\chi(\\sqrt s) + m\\Gamma_\\mathrm{visible}`."""


def cross_section(
    s: ArrayLike,
    distance: ArrayLike,
    mass: ArrayLike,
    epsilon: ArrayLike,
    alpha_dark: ArrayLike,
    *,
    dark_matter_mass: ArrayLike,
    dark_matter: str,
    visible_width: ArrayLike,
    dark_width: ArrayLike,
    lepton_mass: ArrayLike,
    width: str = "constant",
) -> Float[Array, "..."]:
    r"""Cross section of e+ e- -> A'(*) -> chi chi with the full Breit-Wigner.

    .. math:: \sigma = \frac{4\pi\alpha\epsilon^2\alpha_D}{3}\,\frac{D(s)}{(s-m^2)^2+m^2\Gamma^2}\,
              \frac{1+2m_e^2/s}{\sqrt{1-4m_e^2/s}}

    with D(s) of :func:`portico.decays.dark_current.dark_current`: (s + 2 m_chi^2) beta for Dirac, (s/2) beta^3 for Majorana,
    (s/4) beta^3 for a complex scalar. Any beta(s) below threshold gives exactly 0.

    Parameters
    ----------
    s, distance : array, shape (...)    invariant mass squared and s - m^2, GeV^2
    mass, epsilon, alpha_dark : array   mediator mass (GeV), kinetic mixing, dark fine-structure constant
    visible_width, dark_width : array   partial widths at the pole, GeV
    width : str                         "constant", or "running" for sqrt(s) Gamma_chi(sqrt s) in the denominator

    Returns
    -------
    array, shape (...)                  GeV^-2

    Source: arXiv:2212.04252 (Dirac); the other two by crossing of the widths, sigma = 12 pi s Gamma_ee Gamma_chi / s / |...|^2
    with widths at sqrt(s).
    """
    s = jnp.asarray(s)
    current = dark_current(s, dark_matter_mass, dark_matter)
    running = None
    if width == "running":
        running = jnp.asarray(alpha_dark) / 3 * current + jnp.asarray(mass) * visible_width
    total = jnp.asarray(visible_width) + dark_width
    ratio = jnp.asarray(lepton_mass) ** 2 / s
    initial = (1 + 2 * ratio) * jax.lax.rsqrt(jnp.maximum(1 - 4 * ratio, 1e-300))
    coupling = 4 * jnp.pi * constants.ALPHA * jnp.asarray(epsilon) ** 2 * alpha_dark / 3
    imaginary = jnp.asarray(mass) * total if running is None else running
    return coupling * initial * current / (jnp.asarray(distance) ** 2 + imaginary**2)


def narrow_width_strength(
    mass: ArrayLike, epsilon: ArrayLike, branching_ratio: ArrayLike, lepton_mass: ArrayLike
) -> Float[Array, "..."]:
    r"""Integral of the cross section over the mediator's energy for a narrow resonance.

    .. math:: \int\sigma\,dE_{A'} = \frac{2\pi^2\alpha\epsilon^2}{m_e}\,\mathrm{BR}_\chi\,
              \frac{1+2m_e^2/m^2}{\sqrt{1-4m_e^2/m^2}}

    GeV^-1. Good for Gamma/m << 0.05 only; used as a check of the Breit-Wigner.

    Source: limit Gamma -> 0 of :func:`cross_section`.
    """
    ratio = (jnp.asarray(lepton_mass) / mass) ** 2
    return (
        2
        * jnp.pi**2
        * constants.ALPHA
        * jnp.asarray(epsilon) ** 2
        * branching_ratio
        / lepton_mass
        * (1 + 2 * ratio)
        / jnp.sqrt(1 - 4 * ratio)
    )
