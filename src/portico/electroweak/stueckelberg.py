r"""A massive vector that mixes with hypercharge in its kinetic and in its mass term (Stueckelberg), exactly.

.. math:: \mathcal L = -\tfrac14 X^2 - \tfrac{\delta}{2} B_{\mu\nu}X^{\mu\nu} + \tfrac{M_1^2}{2}(\partial\sigma + X + \tilde\epsilon B)^2
          + g_D X_\mu\bar\chi\gamma^\mu\chi

(in the metric with one plus; printed with the other sign for the other metric). With :math:`Y = X + \tilde\epsilon B` the mass term
is diagonal and the kinetic one has

.. math:: B = \hat B/n,\quad n^2 = 1 + \tilde\epsilon^2 - 2\delta\tilde\epsilon,\qquad
          \eta = \frac{\tilde\epsilon - \delta}{\sqrt{1-\delta^2}}

so that all of :mod:`portico.electroweak.neutral_mixing` applies: masses and couplings of Standard-Model particles depend on eta alone.
What tells the two mixings apart is a particle chi with charge under X, for :math:`X = Y - \tilde\epsilon B`: it has a charge.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from ..numerics.namespace import array_namespace
from .neutral_mixing import Components, HyperchargeMixing
from .physical_inputs import GaugeBasis, gauge_basis, mixed_pair, repulsion_at_eta

_STEPS = 12


class StueckelbergStates(NamedTuple):
    """Photon, Z and Z': components with B in the place of ``dark_em`` and Y in that of ``dark_z``; component of X of each."""

    photon: Components
    z: Components
    zprime: Components
    photon_x: Float[Array, "..."]
    z_x: Float[Array, "..."]
    zprime_x: Float[Array, "..."]


def hypercharge_mixing(kinetic_mixing: ArrayLike, mass_mixing: ArrayLike) -> HyperchargeMixing:
    r"""What a kinetic and a mass mixing do to hypercharge.

    .. math:: n^2 = 1 + \tilde\epsilon^2 - 2\delta\tilde\epsilon,\qquad \eta = \frac{\tilde\epsilon-\delta}{\sqrt{1-\delta^2}},\qquad
              \sqrt{1+\eta^2} = \frac{n}{\sqrt{1-\delta^2}}

    Parameters
    ----------
    kinetic_mixing : array, shape (...)   delta, |delta| < 1
    mass_mixing : array, shape (...)      epsilon tilde

    Returns
    -------
    HyperchargeMixing                     nan for |delta| >= 1

    Source    derived from the Lagrangian of arXiv:hep-ph/0702123; compared with a generalised eigenvalue problem in
              tests/electroweak/test_stueckelberg.py.

    Examples
    --------
    >>> f"{float(hypercharge_mixing(0.6, 1.0).eta):.2f}"
    '0.50'
    """
    xp = array_namespace(kinetic_mixing, mass_mixing)
    delta, epsilon = xp.asarray(kinetic_mixing, float), xp.asarray(mass_mixing, float)
    rest = (1 - delta) * (1 + delta)
    root = xp.where(rest > 0, xp.sqrt(xp.where(rest > 0, rest, 1.0)), xp.nan)
    # n^2 as a sum of squares: positive for any mixing
    scale = xp.sqrt(xp.where(rest > 0, rest, 1.0) + (epsilon - delta) ** 2)
    return HyperchargeMixing(epsilon * (2 * delta - epsilon), scale, (epsilon - delta) / root, scale / root)


def charge(kinetic_mixing: ArrayLike, mass_mixing: ArrayLike, hatted_sine2: ArrayLike) -> Float[Array, "..."]:
    r"""Charge of chi over that of the positron, divided by g_D/e.

    .. math:: -\tilde\epsilon\,\frac{\hat c}{n}

    Parameters
    ----------
    kinetic_mixing, mass_mixing : arrays, shape (...)
    hatted_sine2 : array, shape (...)   sin^2 of the hatted angle, from :func:`portico.electroweak.physical_inputs.gauge_basis`

    Returns
    -------
    array, shape (...)                  0 without mass mixing

    Source    arXiv:hep-ph/0702123; leading order :math:`-\tilde\epsilon c_W`.

    Examples
    --------
    >>> f"{float(charge(0.0, 1e-3, 0.19)):.2e}"
    '-9.00e-04'
    """
    xp = array_namespace(kinetic_mixing, mass_mixing, hatted_sine2)
    mixing = hypercharge_mixing(kinetic_mixing, mass_mixing)
    return -xp.asarray(mass_mixing, float) * xp.sqrt(1 - xp.asarray(hatted_sine2, float)) / mixing.scale


def mass_mixing_at_charge(
    charge: ArrayLike, kinetic_mixing: ArrayLike, zprime_mass: ArrayLike, z_mass: ArrayLike, product: ArrayLike
) -> Float[Array, "..."]:
    r"""Mass mixing that gives chi a charge, in measured parameters: the inverse of :func:`charge`.

    .. math:: \tilde\epsilon = \frac{u}{\delta u + \sqrt{1 - (1-\delta^2)u^2}},\qquad u = t/\hat c

    and so on in turns with the hatted angle, which depends on eta at its second order.

    Parameters
    ----------
    charge : array, shape (...)          t = -Q e/g_D: minus the charge over e, divided by g_D/e
    kinetic_mixing : array, shape (...)  delta
    zprime_mass, z_mass : arrays         GeV
    product : array, shape (...)         s0^2 c0^2, as for :func:`portico.electroweak.physical_inputs.gauge_basis`

    Returns
    -------
    array, shape (...)                   nan where no mass mixing gives that charge, or inside the gap

    Source    derived from the Lagrangian of arXiv:hep-ph/0702123.

    Examples
    --------
    >>> found = mass_mixing_at_charge(1e-3, 0.0, 10.0, 91.1876, 0.1777)
    >>> f"{float(found):.6f}"
    '0.001140'
    """
    xp = array_namespace(charge, kinetic_mixing, zprime_mass, z_mass, product)
    t, delta = xp.asarray(charge, float), xp.asarray(kinetic_mixing, float)

    def at(cos2: Array) -> Array:
        u = t / xp.sqrt(cos2)
        square = 1 - (1 - delta) * (1 + delta) * u**2
        good = square > 0
        bottom = delta * u + xp.sqrt(xp.where(good, square, 1.0))
        good = good & (bottom > 0)
        return xp.where(good, u / xp.where(good, bottom, 1.0), xp.nan)

    def step(_: int, cos2: Array) -> Array:
        eta = hypercharge_mixing(delta, at(cos2)).eta
        return 1 - gauge_basis(z_mass, zprime_mass, product, repulsion_at_eta(eta), None).hatted_sine2

    shape = xp.broadcast_shapes(t.shape, delta.shape, xp.shape(zprime_mass), xp.shape(z_mass), xp.shape(product))
    cos2 = xp.broadcast_to((1 + xp.sqrt(1 - 4 * xp.asarray(product, float))) / 2, shape)
    if xp is jnp:
        return at(jax.lax.fori_loop(0, _STEPS, step, cos2))
    for count in range(_STEPS):
        cos2 = step(count, cos2)
    return at(cos2)


def states(
    z_mass: ArrayLike,
    zprime_mass: ArrayLike,
    product: ArrayLike,
    kinetic_mixing: ArrayLike,
    mass_mixing: ArrayLike,
) -> tuple[StueckelbergStates, GaugeBasis]:
    r"""Mass states from measured masses, exact in both mixings.

    Parameters
    ----------
    z_mass, zprime_mass : arrays, shape (...)          GeV
    product : array, shape (...)                       s0^2 c0^2
    kinetic_mixing, mass_mixing : arrays, shape (...)  delta, epsilon tilde

    Returns
    -------
    StueckelbergStates, GaugeBasis                     nan inside the gap around the mass of the Z and for |delta| >= 1

    Notes     For a light Z' its coupling to charge is :math:`e\,c_W(\tilde\epsilon - \delta)`.
    Source    derived from the Lagrangian of arXiv:hep-ph/0702123 with :mod:`portico.electroweak.physical_inputs`.

    Examples
    --------
    >>> found, _ = states(91.1876, 10.0, 0.1777, 0.0, 0.0)
    >>> float(found.photon_x), float(found.zprime_x)
    (0.0, 1.0)
    """
    mixing = hypercharge_mixing(kinetic_mixing, mass_mixing)
    basis = gauge_basis(z_mass, zprime_mass, product, repulsion_at_eta(mixing.eta), mixing)
    _, found = mixed_pair(z_mass, zprime_mass, basis, mixing)
    return with_x(found, mass_mixing), basis


def with_x(found: tuple[Components, Components, Components], mass_mixing: ArrayLike) -> StueckelbergStates:
    r"""Give photon, Z and Z' their component along X, :math:`X = Y - \tilde\epsilon B`.

    Parameters
    ----------
    found : three Components     from :func:`portico.electroweak.neutral_mixing.components`
    mass_mixing : array          epsilon tilde

    Returns
    -------
    StueckelbergStates

    Source    definition of Y.

    Examples
    --------
    >>> part = Components(1.0, 0.0, 0.5, 0.0)
    >>> float(with_x((part, part, part), 0.1).photon_x)
    -0.05
    """
    x = (part.dark_z - mass_mixing * part.dark_em for part in found)
    return StueckelbergStates(*found, *x)
