r"""Annihilation of positrons on electrons at rest with photons, e+ e- -> gamma V(*): how much of s is left for V, and what is seen.

With x the fraction of s that the photon takes, s' = (1-x) s is the mass squared of V, and the photon's energy in the
laboratory is :math:`E_\gamma = \tau/2m_e` with :math:`\tau = 2 p_{e^-}k`. Exact in the electron mass at first order; soft and
virtual photons to all orders by exponentiation, per leg, so that

.. math:: \sigma(s;\ E_\gamma < \kappa s/2m_e) = \int_0^1 dx\,W(x;\kappa,s)\,\tilde\sigma_0((1-x)s)

with :math:`\tilde\sigma_0` the cross section without photons for massless electrons. Runs on numpy and jax arrays.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import constants
from ..numerics.namespace import array_namespace

__all__ = ["cross_section", "photon_spectrum", "radiator", "radiator_exponent", "virtual_correction"]


def _slowness(s: ArrayLike, lepton_mass: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
    """Velocity b of the leptons in their centre of mass, and 1 - b without cancellation."""
    xp = array_namespace(s, lepton_mass)
    ratio = 4 * xp.asarray(lepton_mass) ** 2 / s
    b = xp.sqrt(1 - ratio)
    return b, ratio / (1 + b)


def radiator_exponent(s: ArrayLike, lepton_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Return the strength of soft photons, the exponent of :func:`radiator`.

    .. math:: \beta = \frac{2\alpha}{\pi}\left[\frac{1+b^2}{2b}\ln\frac{1+b}{1-b} - 1\right]
              \to \frac{2\alpha}{\pi}\left[\ln\frac{s}{m_e^2} - 1\right], \qquad b^2 = 1 - 4m_e^2/s

    Parameters
    ----------
    s : array, shape (...)    GeV^2, above 4 m_e^2

    Source: eikonal factor of soft emission, Yennie, Frautschi and Suura, Annals Phys. 13 (1961) 379.
    """
    xp = array_namespace(s, lepton_mass)
    b, slow = _slowness(s, lepton_mass)
    return 2 * constants.ALPHA / np.pi * ((1 + b**2) / (2 * b) * xp.log((1 + b) / slow) - 1)


def virtual_correction(s: ArrayLike, lepton_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Return the correction by virtual photons that soft emission leaves.

    .. math:: \delta = \frac{\alpha}{\pi}\left[\frac32\ln\frac{s}{m_e^2} + \frac{\pi^2}{3} - 2\right]

    Source: E. A. Kuraev and V. S. Fadin, Sov. J. Nucl. Phys. 41 (1985) 466, first order.
    """
    xp = array_namespace(s, lepton_mass)
    return constants.ALPHA / np.pi * (1.5 * xp.log(xp.asarray(s) / xp.asarray(lepton_mass) ** 2) + np.pi**2 / 3 - 2)


def photon_spectrum(
    x: ArrayLike, largest: ArrayLike, s: ArrayLike, lepton_mass: ArrayLike
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Return the spectrum in x of one real photon below an energy, from the target electron and from the positron.

    .. math:: W_1(x;\kappa,s) = \frac{\alpha}{16\pi s b^2}\int_{\tau_-}^{\min(\tau_+,\kappa s)} d\tau\,X, \qquad
              \tau_\pm = \frac{x s}{2}(1\pm b)

    .. math:: X/8 = \left(xs + \frac{2ss'+4m^2xs-8m^4}{xs}\right)\left(\frac1\tau+\frac1{xs-\tau}\right) - 2
                    - (2m^2s'+4m^4)\left(\frac1{\tau^2}+\frac1{(xs-\tau)^2}\right)

    in closed form. The terms with :math:`1/\tau` and :math:`1/\tau^2` are collinear with the electron at rest, where the photon
    has next to no energy; those with :math:`xs - \tau` with the positron; the constant is shared. Without a cut the sum is
    :math:`\frac\alpha\pi(\ln\frac{s}{m^2}-1)\frac{1+(1-x)^2}{x}` up to terms of order m^2/s.

    Parameters
    ----------
    x : array, shape (...)         0 < x < 1, fraction of s that the photon takes
    largest : array, shape (...)   kappa >= 0, largest photon energy in units of s/(2 m_e); 1 lets all photons pass
    s : array, shape (...)         GeV^2, above 4 m_e^2

    Returns
    -------
    two arrays, shape (...)        dimensionless, >= 0; cross section of gamma V over that of V at (1-x) s, per x

    Source: squared amplitude of f fbar -> V V by crossing from Compton scattering, arXiv:0903.0363 for m = 0; antiderivative
    done here.
    """
    xp = array_namespace(x, largest, s, lepton_mass)
    x, s, m2 = xp.asarray(x), xp.asarray(s), xp.asarray(lepton_mass) ** 2
    b, slow = _slowness(s, lepton_mass)
    whole, left = x * s, (1 - x) * s
    lowest, highest = 0.5 * whole * slow, 0.5 * whole * (1 + b)
    cut = xp.clip(xp.asarray(largest) * s, lowest, highest)
    rest = xp.maximum(whole - cut, lowest)  # xs - tau at the cut
    single = whole + (2 * s * left + 4 * m2 * whole - 8 * m2**2) / whole
    double, shared = 2 * m2 * left + 4 * m2**2, cut - lowest
    electron = single * xp.log(cut / lowest) - double * (1 / lowest - 1 / cut) - shared
    positron = single * xp.log(highest / rest) - double * (1 / rest - 1 / highest) - shared
    scale = constants.ALPHA / (2 * np.pi * s * b**2)
    return scale * electron, scale * positron


def radiator(x: ArrayLike, largest: ArrayLike, s: ArrayLike, lepton_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Return the density W in x of annihilation with photons, merged: exact hard emission, exponentiated soft emission.

    .. math:: W = (1+\delta)\,x^{\beta/2}\left[\min(\kappa,x)^{\beta/2}\,W_1^{e^-} + x^{\beta/2}\,W_1^{e^+}\right]

    Each leg radiates soft photons with exponent beta/2. Those of the electron at rest carry no energy away, so they are
    cut by x alone; those of the positron also by :math:`\kappa`. To first order W is :func:`photon_spectrum` exactly; for
    :math:`x < \kappa` and x << 1 it is :math:`\beta x^{\beta-1}(1+\delta)`. What is left out is of relative order
    :math:`\beta^2/2`, 0.1%, in soft photons and in the sum, and of order :math:`\beta`, 1 to 4%, at hard x.

    Parameters and shapes as :func:`photon_spectrum`. Per x, dimensionless; integrable at x = 0.

    Source: structure functions, Kuraev and Fadin, Sov. J. Nucl. Phys. 41 (1985) 466; the merging is defined here.
    """
    xp = array_namespace(x, largest, s, lepton_mass)
    electron, positron = photon_spectrum(x, largest, s, lepton_mass)
    half = 0.5 * radiator_exponent(s, lepton_mass)
    own = xp.asarray(x) ** half
    other = xp.minimum(xp.maximum(xp.asarray(largest), 0.0), x) ** half
    return (1 + virtual_correction(s, lepton_mass)) * own * (other * electron + own * positron)


def cross_section(
    s: ArrayLike, mass: ArrayLike, epsilon: ArrayLike, *, largest_photon_energy: ArrayLike, lepton_mass: ArrayLike
) -> Float[Array, "..."]:
    r"""Cross section of e+ e- -> gamma V on an electron at rest, one photon, for a V on its mass shell.

    .. math:: \sigma = \frac{4\pi^2\alpha\epsilon^2}{s}\,W_1(1-m^2/s;\ 2m_eE_\gamma/s,\ s)

    Diverges as 1/(s - m^2) for a soft photon; there only the sum with virtual photons has a meaning, see
    :func:`radiator`.

    Parameters
    ----------
    s, mass, epsilon : array, shape (...)   GeV^2, GeV, kinetic mixing
    largest_photon_energy : array           GeV in the rest frame of the electron; inf for no cut

    Returns
    -------
    array, shape (...)                      GeV^-2; 0 for s <= m^2

    Source: :func:`photon_spectrum`; arXiv:0903.0363 for m_e = 0.
    """
    xp = array_namespace(s, mass, epsilon, largest_photon_energy)
    s = xp.asarray(s)
    x = 1 - xp.asarray(mass) ** 2 / s
    allowed = x > 0
    largest = xp.minimum(2 * lepton_mass * xp.asarray(largest_photon_energy) / s, 1.0)
    electron, positron = photon_spectrum(xp.where(allowed, x, 0.5), largest, s, lepton_mass)
    strength = 4 * np.pi**2 * constants.ALPHA * xp.asarray(epsilon) ** 2 / s
    return xp.where(allowed, strength * (electron + positron), 0.0)
