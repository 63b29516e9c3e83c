r"""Relic density of dark-charged particles that annihilate into massless dark photons, or of a secluded WIMP: estimates.

Freeze-out of a cold relic by the approximate formula of Kolb and Turner, good to some ten per cent where the cross section is
known, which here is that of the leading s wave without Sommerfeld enhancement: orders of magnitude.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..constants import GEV2_CM2, SPEED_OF_LIGHT_CM_S
from ..errors import InvalidInput, OutOfValidity, unknown_name
from ..numerics.checks import numbers, same_shape
from .degrees_of_freedom import COLDEST_GEV, relativistic_degrees_estimate

PLANCK_MASS_GEV = 1.220890e19
"""Source: CODATA 2018."""
GEV2_CM3_S = GEV2_CM2 * SPEED_OF_LIGHT_CM_S
"""A cross section times velocity of 1/GeV^2 in cm^3/s."""
CMB_LARGEST_OMEGA_H2 = 1e-3
"""Largest density of particles of charge above about 1e-3 e. Source: arXiv:1506.04760, section V, from the acoustic peaks."""
_STEPS = 40


class RelicDensityEstimate(NamedTuple):
    """An order of magnitude of a relic density, with what it rests on.

    Attributes
    ----------
    omega_h2 : array             density over the critical one, times h^2; of particles and antiparticles together
    freeze_out : array           mass over the temperature of freeze-out
    temperature_gev : array      of freeze-out
    degrees : array              relativistic degrees of freedom there
    sigma_v_cm3_s : array        annihilation cross section times velocity
    note : str                   what was left out
    """

    omega_h2: Any
    freeze_out: Any
    temperature_gev: Any
    degrees: Any
    sigma_v_cm3_s: Any
    note: str = "an estimate: approximate freeze-out, leading s wave, no Sommerfeld enhancement, ideal-gas plasma"


def annihilation_to_vectors_gev2(mass: ArrayLike, alpha_dark: ArrayLike, vector_mass: ArrayLike = 0.0) -> Any:
    r"""Cross section times velocity of a slow Dirac pair that annihilates into two vectors.

    .. math:: \sigma v = \frac{\pi\alpha'^2}{M^2}\,\frac{(1-r)^{3/2}}{(1-r/2)^2},\qquad r = m_V^2/M^2

    Parameters
    ----------
    mass : array, shape (...)         M, GeV
    alpha_dark : array, shape (...)   coupling of the vector, g^2/4 pi
    vector_mass : array, shape (...)  GeV; 0 for a massless dark photon

    Returns
    -------
    array, shape (...)                GeV^-2, times 1.1673e-17 in cm^3/s; 0 where the vectors are too heavy, nan outside the domain

    Source    arXiv:1506.04760, footnote 5 (massless); arXiv:0711.4866 for massive vectors, in the closed form of the s wave.

    Examples
    --------
    >>> f"{annihilation_to_vectors_gev2(1.0, 1e-2) * GEV2_CM3_S:.3g}"
    '3.67e-21'
    """
    heavy, alpha, light = (np.asarray(v, dtype=float) for v in (mass, alpha_dark, vector_mass))
    inside = (heavy > 0) & (alpha >= 0) & (light >= 0)
    safe = np.where(heavy > 0, heavy, 1.0)
    ratio = np.minimum((light / safe) ** 2, 1.0)
    value = math.pi * alpha**2 / safe**2 * (1 - ratio) ** 1.5 / (1 - ratio / 2) ** 2
    return np.where(inside, value, math.nan)[()]


def freeze_out_estimate(
    mass: ArrayLike, sigma_v_gev2: ArrayLike, *, internal_states: float = 2.0, degrees: ArrayLike | None = None
) -> RelicDensityEstimate:
    r"""Relic density of a cold relic with an s-wave cross section, particles and antiparticles counted; an estimate.

    .. math:: x_f = \ln\frac{0.038\,g\,M\,m_{Pl}\,\sigma v}{\sqrt{g_* x_f}},\qquad
              \Omega h^2 = 2\cdot\frac{1.07\times10^9\ \mathrm{GeV}^{-1}\,x_f}{\sqrt{g_*}\,m_{Pl}\,\sigma v}

    Parameters
    ----------
    mass : array, shape (...)            GeV, > 0
    sigma_v_gev2 : array, shape (...)    of a particle with an antiparticle, GeV^-2, > 0
    internal_states : float              g of one species, 2 for a Dirac particle
    degrees : array or None              g_*; by default that of the Standard Model at freeze-out, found together with x_f

    Returns
    -------
    RelicDensityEstimate of arrays, shape (...)   nan where freeze-out is not at 3 < x_f, or below 2 MeV

    Raises InvalidInput for values outside the domain and shapes that do not fit, OutOfValidity where no value is left.

    Source    E. W. Kolb and M. S. Turner, The Early Universe (1990), chapter 5, n = 0; the 2 is for both species.

    Examples
    --------
    >>> found = freeze_out_estimate(10.0, annihilation_to_vectors_gev2(10.0, 1e-2), degrees=75.75)
    >>> f"{found.omega_h2:.2e}"
    '1.74e-04'
    """
    where = "freeze_out_estimate"
    mass, sigma_v = _positive(where, "mass", mass), _positive(where, "sigma_v_gev2", sigma_v_gev2)
    internal_states = _positive(where, "internal_states", internal_states)
    degrees = None if degrees is None else _positive(where, "degrees", degrees)
    given = {"mass": mass, "sigma_v_gev2": sigma_v, "internal_states": internal_states}
    given |= {} if degrees is None else {"degrees": degrees}
    same_shape(where, **given)
    safe_mass, safe_sigma, *_ = np.broadcast_arrays(*given.values())
    with np.errstate(over="ignore"):
        return _frozen_out(where, safe_mass, safe_sigma, internal_states, degrees)


def _frozen_out(
    where: str, safe_mass: np.ndarray, safe_sigma: np.ndarray, internal_states: Any, degrees: Any
) -> RelicDensityEstimate:
    """The estimate of numbers that are checked, of one shape."""
    x = np.full(safe_mass.shape, 20.0)
    for _ in range(_STEPS):
        at = relativistic_degrees_estimate(np.maximum(safe_mass / x, COLDEST_GEV)) if degrees is None else degrees
        rate = 0.038 * internal_states * safe_mass * PLANCK_MASS_GEV * safe_sigma / np.sqrt(at * x)
        x = np.maximum(np.log(np.maximum(rate, 1.0)), 1.0)
    good = np.isfinite(x) & (x > 3) & (safe_mass / x >= COLDEST_GEV if degrees is None else True)
    if not good.any():
        raise OutOfValidity(
            f"{where}: no freeze-out of a cold relic for mass = {safe_mass.flat[0]:.4g} GeV and sigma v = {safe_sigma.flat[0]:.3g}/GeV^2; expected one at a temperature below a third of the mass and above {1e3 * COLDEST_GEV:g} MeV."
        )
    omega = 2 * 1.07e9 * x / (np.sqrt(at) * PLANCK_MASS_GEV * safe_sigma)
    values = (omega, x, safe_mass / x, at + 0 * x, safe_sigma * GEV2_CM3_S)
    density, x, temperature, at, sigma = (np.where(good, value, math.nan)[()] for value in values)
    return RelicDensityEstimate(density, x, temperature, at, sigma)


def relic_density_estimate(
    mass: ArrayLike, alpha_dark: ArrayLike, *, method: str = "freeze_out", vector_mass: ArrayLike = 0.0
) -> RelicDensityEstimate:
    r"""Relic density of particles that annihilate into vectors of a dark sector; an order of magnitude.

    For ``method="seed"`` the formula in the footnote of arXiv:1506.04760, two to six times above the other:

    .. math:: \Omega h^2 = 10^{-5}\left(\frac{M}{\mathrm{GeV}}\right)^2\left(\frac{10^{-2}}{\alpha'}\right)^2

    Parameters
    ----------
    mass : array, shape (...)         GeV, > 0
    alpha_dark : array, shape (...)   > 0
    method : str                      "freeze_out" (:func:`freeze_out_estimate`) or "seed"
    vector_mass : array, shape (...)  GeV; of the Z' for a secluded WIMP, 0 for a massless dark photon; lighter than the particle

    Returns
    -------
    RelicDensityEstimate of arrays, shape (...)   with "seed" only the density and the cross section are not nan

    Raises InvalidInput for values outside the domain, OutOfValidity where no value is left, UnknownName for the method.

    Notes     What is compared with it: particles of a charge above 1e-3 e may be less than Omega h^2 = 1e-3 (acoustic peaks of the
              microwave background), dark matter is 0.12.
    Source    arXiv:1506.04760, footnote 5; E. W. Kolb and M. S. Turner, The Early Universe (1990), chapter 5.

    Examples
    --------
    >>> f"{relic_density_estimate(231.0, 0.2312, method='seed').omega_h2:.2g}"
    '0.001'
    """
    if method not in ("freeze_out", "seed"):
        raise unknown_name("method", method, ("freeze_out", "seed"), where="relic_density_estimate")
    where = "relic_density_estimate"
    heavy, alpha = _positive(where, "mass", mass), _positive(where, "alpha_dark", alpha_dark)
    light = numbers(where, "vector_mass", vector_mass, np.isfinite, "masses of at least 0 in GeV")
    same_shape(where, mass=heavy, alpha_dark=alpha, vector_mass=light)
    if np.any(light < 0) or np.any(light >= heavy):
        raise InvalidInput(
            f"relic_density_estimate: vector_mass = {light} GeV is not allowed; expected at least 0 and below the mass of the particle, {heavy} GeV."
        )
    sigma_v = annihilation_to_vectors_gev2(heavy, alpha, light)
    if method == "freeze_out":
        return freeze_out_estimate(heavy, sigma_v)
    if np.any(light > 0):
        raise InvalidInput("relic_density_estimate: method = 'seed' is for massless vectors; expected vector_mass = 0.")
    unknown = np.full(np.shape(sigma_v), math.nan)[()]
    note = "an order of magnitude: the footnote of arXiv:1506.04760"
    return RelicDensityEstimate(
        1e-5 * heavy**2 * (1e-2 / alpha) ** 2, unknown, unknown, unknown, sigma_v * GEV2_CM3_S, note
    )


def _positive(where: str, name: str, value: ArrayLike) -> Any:
    return numbers(where, name, value, lambda x: x > 0, "numbers above 0")[()]
