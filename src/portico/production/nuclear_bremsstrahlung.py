r"""Emission of a light particle X by a lepton on a nucleus, l N -> l N X.

X is a vector, or with ``kind`` a scalar or pseudoscalar. Approximations, by name, for any charged lepton and any nucleus:

``exact``      tree level, by the table of :mod:`portico.production.exact_table` on top of ``ww``
``iww``        improved Weizsaecker-Williams as printed in arXiv:2212.04252, eq. (13); vectors only
``iww_full``   the same photon flux with the full numerator and the velocity of X
``ww``         Weizsaecker-Williams with the true smallest momentum transfer inside the angular integral
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .. import constants
from ..errors import InvalidInput, unknown_name
from ..matter.form_factors import Nucleus, effective_photon_flux, form_factor
from ..numerics import quadrature
from . import exact_table
from .exact_bremsstrahlung import KINDS
from .exact_table import MassTable

CLOSED_FORMS = ("ww", "iww_full", "iww")
APPROXIMATIONS = ("exact", *CLOSED_FORMS)


def virtuality(x: ArrayLike, mass: ArrayLike, lepton_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`U_0 = m^2(1-x)/x + m_l^2 x`, the virtuality of the lepton in forward emission, GeV^2.

    Source: arXiv:0906.0580 eq. (A5).
    """
    x = jnp.asarray(x)
    return jnp.asarray(mass) ** 2 * (1 - x) / x + jnp.asarray(lepton_mass) ** 2 * x


def _velocity(x: Array, energy: ArrayLike, mass: ArrayLike) -> Array:
    """Velocity of X, 0 where it cannot be made."""
    squared = 1 - (jnp.asarray(mass) / (x * energy)) ** 2
    return jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1.0)), 0.0)


def _numerator(x: Array, one_minus_x: Array, mass: Array, lepton_mass: ArrayLike, kind: str) -> tuple[Array, Array]:
    """The two terms of the angular shape: h and c in h/U^2 - c eta/U^4."""
    if kind == "vector":
        return one_minus_x + x**2 / 2, x * one_minus_x * (mass**2 + 2 * lepton_mass**2)
    heavy = mass**2 if kind == "pseudoscalar" else mass**2 - 4 * lepton_mass**2
    return x**2 / 4, x * one_minus_x * heavy / 2


def _iww(
    one_minus_x: Array,
    energy: Array,
    mass: Array,
    lepton_mass: ArrayLike,
    nucleus: Nucleus,
    form: str,
    order: int | quadrature.Rule,
    kind: str,
) -> Array:
    if kind != "vector":
        raise InvalidInput(f"bremsstrahlung=iww is printed for vectors only; use iww_full or ww for a {kind}.")
    x = 1 - one_minus_x
    flux = effective_photon_flux(
        (mass**2 / (2 * energy)) ** 2, mass**2 + lepton_mass**2, nucleus, name=form, order=order
    )
    return (
        4 * constants.ALPHA**3 * flux * x * (one_minus_x + x**2 / 3) / (mass**2 * one_minus_x + lepton_mass**2 * x**2)
    )


def _iww_full(
    one_minus_x: Array,
    energy: Array,
    mass: Array,
    lepton_mass: ArrayLike,
    nucleus: Nucleus,
    form: str,
    order: int | quadrature.Rule,
    kind: str,
) -> Array:
    x = 1 - one_minus_x
    flux = effective_photon_flux(
        (mass**2 / (2 * energy)) ** 2, mass**2 + lepton_mass**2, nucleus, name=form, order=order
    )
    u0 = mass**2 * one_minus_x / x + lepton_mass**2 * x
    hard, soft = _numerator(x, one_minus_x, mass, lepton_mass, kind)
    shape = hard / u0 - soft / (6 * u0**2)
    return 4 * constants.ALPHA**3 * flux * _velocity(x, energy, mass) * shape


def _ww(
    one_minus_x: Array,
    energy: Array,
    mass: Array,
    lepton_mass: ArrayLike,
    nucleus: Nucleus,
    form: str,
    order: int | quadrature.Rule,
    kind: str,
) -> Array:
    x = 1 - one_minus_x
    u0 = mass**2 * one_minus_x / x + lepton_mass**2 * x
    lowest = (u0 / (2 * energy * one_minus_x)) ** 2
    log_t, weight = quadrature.scaled(jnp.log(lowest), jnp.log(jnp.maximum(mass**2 + lepton_mass**2, lowest)), order)
    t = jnp.exp(log_t)
    inverse = jnp.sqrt(lowest[..., None] / t)  # U_0 / U_max(t)
    first = (1 - inverse) ** 2
    second = (1 - inverse**2) / 2 + inverse**2 * jnp.log(inverse) - (1 - inverse**3) / 3 + inverse**2 * (1 - inverse)
    hard, soft = _numerator(x, one_minus_x, mass, lepton_mass, kind)
    angular = hard[..., None] * first - (soft / u0)[..., None] * second
    return (
        4
        * constants.ALPHA**3
        * _velocity(x, energy, mass)
        / u0
        * jnp.sum(weight * form_factor(t, nucleus, form) * angular, axis=-1)
    )


_SHAPES = {"exact": _ww, "ww": _ww, "iww_full": _iww_full, "iww": _iww}


def dsigma_dx(
    one_minus_x: ArrayLike,
    energy: ArrayLike,
    mass: ArrayLike,
    *,
    lepton_mass: ArrayLike,
    nucleus: Nucleus,
    approximation: str = "ww",
    form: str = "elastic",
    kind: str = "vector",
    table: MassTable | None = None,
    order: int | quadrature.Rule = 32,
) -> Float[Array, "..."]:
    r"""Cross section per energy fraction x of the emitted particle, for a coupling e to the lepton (epsilon = 1).

    .. math:: \mathtt{iww}: & \quad 4\alpha^3\phi\,\frac{x(1-x+x^2/3)}{m^2(1-x)+m_l^2x^2}, \qquad t_\mathrm{min} = (m^2/2E)^2,\ t_\mathrm{max} = m^2+m_l^2 \\
              \mathtt{iww\_full}: & \quad 4\alpha^3\phi\,\beta_V\left[\frac{1-x+x^2/2}{U_0}-\frac{x(1-x)(m^2+2m_l^2)}{6U_0^2}\right] \\
              \mathtt{ww}: & \quad 4\alpha^3\beta_V\int d\eta\,\phi(t_\mathrm{min}(U))\left[\frac{1-x+x^2/2}{U^2}-\frac{x(1-x)(m^2+2m_l^2)\eta}{U^4}\right]

    for a vector; for a scalar or pseudoscalar the numerators :math:`1-x+x^2/2` and :math:`x(1-x)(m^2+2m_l^2)` become
    :math:`x^2/4` and :math:`x(1-x)N/2`, :math:`N_P = m^2`, :math:`N_S = m^2-4m_l^2`. Here :math:`U = \eta + U_0`, :math:`\eta = E^2\theta^2x`, :math:`t_\mathrm{min} = [U/2E(1-x)]^2`. For ``ww`` the angular
    integral is done first, in closed form, which leaves one integral over ln t.

    ``iww`` needs m^2 (1-x) >> m_l^2 and gives 1/3 instead of 1/2 as x -> 1. For x > 0.95 at 5 GeV on iodine the ratios to
    the exact tree level grow with mass: see ``bremsstrahlung.toml`` beside this file.

    Parameters
    ----------
    one_minus_x : array, shape (...)   1 - x, with 0 < x < 1 - m_l/E; passed so that no digits are lost as x -> 1
    energy : array, shape (...)        of the lepton, GeV
    mass : array, shape (...)          of X, GeV, > 0
    lepton_mass : float                GeV
    nucleus : Nucleus
    table : MassTable                 needed for "exact": that of this mass, one row per nucleus,
                                       which is the last axis but one
    approximation, form, kind : str    names from APPROXIMATIONS, portico.matter.form_factors.FORM_FACTORS and KINDS
    order : int or rule                nodes of the integral over ln t; 32 gives 1e-8 for masses above 1 MeV, 2e-6
                                       at 10 keV, 1e-4 at 0.1 keV

    Returns
    -------
    array, shape (...)                 GeV^-2 per nucleus; 0 where kinematically forbidden

    Source: arXiv:2212.04252 eq. (13); arXiv:0906.0580 eqs. (A11)-(A14); arXiv:1705.01633.
    """
    if kind not in KINDS:
        raise unknown_name("kind of emitted particle", kind, KINDS)
    arrays = jnp.broadcast_arrays(*(jnp.asarray(a, dtype=float) for a in (one_minus_x, energy, mass)))
    missing, lepton_energy, vector_mass = arrays
    allowed = (missing > 0) & (missing < 1) & ((1 - missing) * lepton_energy > vector_mass)
    safe = jnp.where(allowed, missing, 0.5)
    value = _SHAPES[approximation](safe, lepton_energy, vector_mass, lepton_mass, nucleus, form, order, kind)
    if approximation == "exact":
        if table is None:
            raise InvalidInput(
                "bremsstrahlung 'exact' needs its table; load it with portico.production.exact_table.load."
            )
        value = value * exact_table.correction(table, safe, lepton_energy, vector_mass, lepton_mass)
    return jnp.where(allowed, value, 0.0)


def sigma_above(
    largest_missing: ArrayLike,
    energy: ArrayLike,
    mass: ArrayLike,
    *,
    lepton_mass: ArrayLike,
    nucleus: Nucleus,
    approximation: str = "ww",
    form: str = "elastic",
    kind: str = "vector",
    table: MassTable | None = None,
    orders: tuple[int | quadrature.Rule, int | quadrature.Rule] = (20, 32),
) -> Float[Array, "..."]:
    r"""Cross section for x above a cut, :math:`\int_{x_0}^{1-m_l/E} dx\,d\sigma/dx`, for epsilon = 1.

    Gauss-Legendre in ln(1-x), where the integrand is smooth.

    Parameters
    ----------
    largest_missing : array, shape (...)   1 - x_0
    orders : two ints or rules             nodes in ln(1-x) and in ln t

    Returns
    -------
    array, shape (...)                     GeV^-2 per nucleus; 0 where x_0 >= 1 - m_l/E or x_0 E <= m leaves no room

    Source: integral of :func:`dsigma_dx`.
    """
    energy, mass = jnp.asarray(energy), jnp.asarray(mass)
    smallest = lepton_mass / energy
    largest = jnp.minimum(jnp.asarray(largest_missing), 1 - mass / energy)
    allowed = largest > smallest
    safe = jnp.where(allowed, largest, 2 * smallest)
    log_missing, weight = quadrature.scaled(jnp.log(smallest), jnp.log(safe), orders[0])
    missing = jnp.exp(log_missing)
    density = dsigma_dx(
        missing, energy[..., None], mass[..., None], lepton_mass=lepton_mass, nucleus=nucleus,
        approximation=approximation, form=form, kind=kind, table=table, order=orders[1],
    )  # fmt: skip
    return jnp.where(allowed, jnp.sum(weight * missing * density, axis=-1), 0.0)
