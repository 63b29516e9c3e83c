r"""From what is measured to the gauge basis: the electroweak inputs and the mass of the Z', for any kinetic mixing.

The charge of the electron, the Fermi constant and the masses of Z and Z' are those of mass states. With the hatted angle of
:mod:`portico.electroweak.neutral_mixing` and :math:`y = \hat M^2/m_Z^2`,

.. math:: \hat s^2\hat c^2\,y = s_0^2c_0^2,\qquad (1 - y)(y - r) = \eta^2\hat s^2 y^2,\qquad r = m_{Z'}^2/m_Z^2

which is one equation for y. It has no solution where the Z' is so close to the Z that their repulsion would be larger than their
distance: a gap around the mass of the Z.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from ..numerics.namespace import array_namespace
from . import neutral_mixing
from .neutral_mixing import DarkAngle, HyperchargeMixing, MassivePair, NeutralStates

_STEPS = 12
_NEARLY = 1e-8  # the next step squares it
_GAP_STEPS = 60
_CONVERGED = 3e-8  # at the edge of the gap rounding alone moves the root by 1e-8


class GaugeBasis(NamedTuple):
    """Parameters of the gauge basis that give the measured numbers.

    Attributes
    ----------
    unmixed_z_mass : array     M1 = M_W/cos(theta_W), GeV
    sin2_theta_w : array       g1^2/(g1^2 + g2^2)
    dark_mass : array          mass of the dark vector without mixing, GeV
    w_mass : array             GeV
    hatted_sine2 : array       sin^2 of the hatted angle
    hatted_mass : array        M_W over the cosine of the hatted angle, GeV
    """

    unmixed_z_mass: Float[Array, "..."]
    sin2_theta_w: Float[Array, "..."]
    dark_mass: Float[Array, "..."]
    w_mass: Float[Array, "..."]
    hatted_sine2: Float[Array, "..."]
    hatted_mass: Float[Array, "..."]


class Repulsion(NamedTuple):
    r"""The term :math:`G(\hat c^2) = \eta^2\hat s^2 y = \frac{s_0^2c_0^2\,A}{\hat c^2(C\hat c^2 - B)}` of the equation for y, by its numbers.

    Fixed eta is A = eta^2, B = -1, C = 0. At a fixed charge eta itself depends on the hatted angle.
    """

    a: Float[Array, "..."]
    b: Float[Array, "..."]
    c: Float[Array, "..."]


def repulsion_at_eta(eta: ArrayLike) -> Repulsion:
    r"""Repulsion of Z and Z' at fixed eta.

    Parameters
    ----------
    eta : array, shape (...)   kinetic mixing of the massive vector, :math:`\kappa s'/\sqrt{1-\kappa^2}` in the mixed phase

    Returns
    -------
    Repulsion

    Source    the squared masses of :func:`portico.electroweak.neutral_mixing.massive_pair`.

    Examples
    --------
    >>> [float(v) for v in repulsion_at_eta(0.5)]
    [0.25, -1.0, 0.0]
    """
    xp = array_namespace(eta)
    a = xp.asarray(eta, float) ** 2
    return Repulsion(a, -xp.ones_like(a), xp.zeros_like(a))


def repulsion_at_charge(charge: ArrayLike, theta_w_dark: ArrayLike | DarkAngle) -> Repulsion:
    r"""Repulsion of Z and Z' in the mixed phase at a fixed charge of the dark particles.

    .. math:: \epsilon_\gamma = \frac{\kappa c'\hat c}{n}\frac{e'}{e}\ \Rightarrow\
              \eta^2 = \frac{t^2 s'^2}{c'^2\hat c^2 - t^2 s'^2},\qquad t = \epsilon_\gamma e/e'

    Parameters
    ----------
    charge : array, shape (...)         t: charge over e, divided by the dark charge over e
    theta_w_dark : array, shape (...)   rad

    Returns
    -------
    Repulsion

    Source    arXiv:1506.04760 eq. (44), which is exact.

    Examples
    --------
    >>> float(repulsion_at_charge(0.0, 0.5).a)
    0.0
    """
    sine, cosine = neutral_mixing.dark_sine_cosine(theta_w_dark)
    xp = array_namespace(charge, theta_w_dark)
    a = (xp.asarray(charge, float) * sine) ** 2
    return Repulsion(a, a, cosine**2 + 0 * a)


def _cosine2(y: Array, product: Array) -> tuple[Array, Array, Array]:
    """Squared cosine of the hatted angle, its derivative by y, and whether there is one; product is s0^2 c0^2."""
    xp = array_namespace(y, product)
    inside = y > 4 * product
    root = xp.sqrt(xp.where(inside, 1 - 4 * product / xp.where(inside, y, 1.0), 1.0))
    return xp.where(inside, (1 + root) / 2, 0.5), xp.where(inside, product / (root * y**2), 0.0), inside


def _repulsion(y: Array, product: Array, terms: Repulsion) -> tuple[Array, Array, Array]:
    """G and its derivative by y, and whether they exist."""
    xp = array_namespace(y, product, terms)
    cos2, slope, inside = _cosine2(y, product)
    rest = terms.c * cos2 - terms.b
    inside = inside & ((rest > 0) | (terms.a == 0))
    rest = xp.where(rest > 0, rest, 1.0)
    value = product * terms.a / (cos2 * rest)
    return value, -value * slope * (1 / cos2 + terms.c / rest), inside


def hatted_mass_squared(ratio: ArrayLike, product: ArrayLike, terms: Repulsion) -> Float[Array, "..."]:
    r"""The root y of :math:`(1 - y)(y - r) = G(y)\,y` next to 1.

    Newton steps in which G alone is linear, from y = 1: the quadratic that is left has the double root at the edge of the gap, so that
    the steps converge up to it.

    Parameters
    ----------
    ratio : array, shape (...)     r = (m_Z'/m_Z)^2
    product : array, shape (...)   s0^2 c0^2 < 1/4
    terms : Repulsion              from :func:`repulsion_at_eta` or :func:`repulsion_at_charge`

    Returns
    -------
    array, shape (...)             Mhat^2/m_Z^2; nan inside the gap

    Notes     Accurate to 1e-13, except where the root is ill-conditioned: within 1e-6 of the edge of the gap, relative.
    Source    derived from the squared masses of :func:`portico.electroweak.neutral_mixing.massive_pair`; residuals and an independent
              root in tests/electroweak/test_physical_inputs.py.

    Examples
    --------
    >>> f"{float(hatted_mass_squared(1e-3, 0.1777, repulsion_at_eta(0.1))):.5f}"
    '0.99768'
    """
    xp = array_namespace(ratio, product, terms)
    ratio, product = xp.asarray(ratio, float), xp.asarray(product, float)
    shape = xp.broadcast_shapes(ratio.shape, product.shape, *(term.shape for term in terms))
    held = jax.lax.stop_gradient if xp is jnp else (lambda values: values)
    fixed = held((ratio, product, terms))

    def further(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        w, _, count = state
        new = _step(w, *fixed)[0]
        return new, xp.any(xp.abs(new - w) > _NEARLY), count + 1

    last = _repeated(further, (xp.zeros(shape), xp.asarray(True), xp.asarray(0)))
    # the steps converge quadratically: one more from the root carries the whole derivative
    w, good = _step(last, ratio, product, terms)
    good = good & (xp.abs(held(w) - last) < _CONVERGED)
    return xp.where(good & (ratio >= 0), 1 + w, xp.nan)


def _repeated(further: Callable[[Any], Any], state: Any) -> Any:
    """The first part of a state after steps until it says that no more are needed, compiled or on the host."""
    if array_namespace(state) is jnp:
        return jax.lax.while_loop(lambda state: state[1] & (state[2] < _STEPS), further, state)[0]
    while state[1] and state[2] < _STEPS:
        state = further(state)
    return state[0]


def _step(w: Array, ratio: Array, product: Array, terms: Repulsion) -> tuple[Array, Array]:
    """Next value of y - 1, with G linear around the last one, and whether the quadratic that is left has a root."""
    xp = array_namespace(w, ratio, product, terms)
    value, slope, inside = _repulsion(1 + w, product, terms)
    constant = value - slope * w
    # (1 + slope) w^2 + b w + constant = 0, the root next to 0 without subtraction
    b = 1 - ratio + constant + slope
    square = b**2 - 4 * (1 + slope) * constant
    real = square > 0
    root = xp.where(real, xp.sqrt(xp.where(real, square, 1.0)), 0.0)
    bottom = b + xp.where(b >= 0, root, -root)
    new = xp.where(constant == 0, 0.0, -2 * constant / xp.where(bottom == 0, 1.0, bottom))
    good = inside & (square >= 0) & xp.where(ratio < 1, b >= 0, b <= 0)
    return new, good | (terms.a == 0)


def gap(product: ArrayLike, terms: Repulsion) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Masses of a Z', over that of the Z, between which there is no solution.

    At the edges :math:`r(y) = y\left(1 + \frac{G(y)}{y-1}\right)` has its maximum below and its minimum above y = 1. Both are found by
    golden sections.

    Parameters
    ----------
    product : array, shape (...)   s0^2 c0^2 < 1/4
    terms : Repulsion              from :func:`repulsion_at_eta` or :func:`repulsion_at_charge`

    Returns
    -------
    low, high : arrays, shape (...)   about :math:`1 \mp s_0\eta`; low is 0 where no lighter Z' is possible at all

    Source    as :func:`hatted_mass_squared`.

    Examples
    --------
    >>> low, high = gap(0.1777, repulsion_at_eta(0.1))
    >>> f"{float(low):.4f} {float(high):.4f}"
    '0.9514 1.0476'
    """
    xp = array_namespace(product, terms)
    product = xp.asarray(product, float)

    def ratio(y: Array) -> Array:
        value, _, inside = _repulsion(y, product, terms)
        return xp.where(inside, y * (1 + value / (y - 1)), xp.nan)

    shape = xp.broadcast_shapes(product.shape, terms.a.shape)
    strength = 1 + xp.sqrt(_repulsion(xp.ones(shape), product, terms)[0])
    lowest = 4 * product * (1 + 1e-12) + xp.zeros(shape)
    low = _extremum(lambda y: ratio(y), lowest, xp.ones(shape) - 1e-12)
    high = -_extremum(lambda y: -ratio(y), xp.ones(shape) + 1e-12, 1 + 2 * strength)
    free = terms.a == 0
    return (
        xp.where(free, 1.0, xp.sqrt(xp.where(low > 0, low, 0.0))),
        xp.where(free, 1.0, xp.sqrt(high)),
    )


def _extremum(function, low: Array, high: Array) -> Array:  # type: ignore[no-untyped-def]
    """Largest value of a function with one maximum; where it is nan it counts as minus infinity."""
    golden = (5**0.5 - 1) / 2

    xp = array_namespace(low, high)

    def worth(y: Array) -> Array:
        value = function(y)
        return xp.where(xp.isnan(value), -xp.inf, value)

    def step(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        a, b = ends
        first, second = b - golden * (b - a), a + golden * (b - a)
        left = worth(first) >= worth(second)
        return xp.where(left, a, first), xp.where(left, second, b)

    if xp is jnp:
        a, b = jax.lax.fori_loop(0, _GAP_STEPS, step, (low, high))
    else:
        a, b = low, high
        for count in range(_GAP_STEPS):
            a, b = step(count, (a, b))
    return worth((a + b) / 2)


def gauge_basis(
    z_mass: ArrayLike, zprime_mass: ArrayLike, product: ArrayLike, terms: Repulsion, scale_of: HyperchargeMixing | None
) -> GaugeBasis:
    r"""Parameters of the gauge basis from measured masses.

    .. math:: \hat M^2 = y\,m_Z^2,\quad \hat c^2 = \tfrac12\left(1 + \sqrt{1 - 4s_0^2c_0^2/y}\right),\quad
              M_2^2 = \frac{m_Z^2m_{Z'}^2}{\hat M^2(1+\eta^2)},\quad \tan\theta_W = n\tan\hat\theta

    Parameters
    ----------
    z_mass, zprime_mass : arrays, shape (...)   GeV
    product : array, shape (...)                s0^2 c0^2, so that pi alpha/(sqrt2 G_F) = s0^2 c0^2 m_Z^2
    terms : Repulsion
    scale_of : HyperchargeMixing                n and sqrt(1 + eta^2); None leaves both at 1, for the hatted numbers alone

    Returns
    -------
    GaugeBasis                                  nan inside the gap

    Source    as :func:`hatted_mass_squared`.

    Examples
    --------
    >>> found = gauge_basis(91.1876, 3.0, 0.1777, repulsion_at_eta(0.0), None)
    >>> float(found.unmixed_z_mass), float(found.dark_mass)
    (91.1876, 3.0)
    """
    xp = array_namespace(z_mass, zprime_mass, product, terms, *([] if scale_of is None else scale_of))
    z_mass, zprime_mass = xp.asarray(z_mass, float), xp.asarray(zprime_mass, float)
    product = xp.asarray(product, float)
    y = hatted_mass_squared((zprime_mass / z_mass) ** 2, product, terms)
    cos2 = _cosine2(y, product)[0]
    sine2, root = product / (y * cos2), xp.sqrt(y)
    scale, stretch = (1.0, 1.0) if scale_of is None else (scale_of.scale, scale_of.stretch)
    gauge_sine2 = scale**2 * sine2 / (cos2 + scale**2 * sine2)
    w_mass = root * z_mass * xp.sqrt(cos2)
    m1, m2 = w_mass / xp.sqrt(1 - gauge_sine2), zprime_mass / (root * stretch)
    return GaugeBasis(m1, gauge_sine2, m2, w_mass, sine2, root * z_mass)


def kappa_at_charge(
    charge: ArrayLike, theta_w_dark: ArrayLike | DarkAngle, hatted_sine2: ArrayLike
) -> Float[Array, "..."]:
    r"""Kinetic mixing that gives dark particles a charge, in measured parameters.

    .. math:: \kappa = \frac{t}{c'\sqrt{\hat c^2 + t^2}},\qquad t = \epsilon_\gamma e/e'

    Parameters
    ----------
    charge : array, shape (...)         t: charge over e, divided by the dark charge over e
    theta_w_dark : array, shape (...)   rad
    hatted_sine2 : array, shape (...)   sin^2 of the hatted angle

    Returns
    -------
    array, shape (...)                  1 or more where no kinetic mixing gives that charge; inf or nan at theta_w_dark = pi/2

    Source    arXiv:1506.04760 eq. (44) with :math:`e = n\,c_W\hat e/\hat c`.

    Examples
    --------
    >>> f"{float(kappa_at_charge(1e-3, 0.0, 0.23)):.6f}"
    '0.001140'
    """
    xp = array_namespace(charge, theta_w_dark, hatted_sine2)
    charge = xp.asarray(charge, float)
    cosine = neutral_mixing.dark_sine_cosine(theta_w_dark)[1]
    return charge / (cosine * xp.sqrt(1 - xp.asarray(hatted_sine2, float) + charge**2))


def charge_at_kappa(
    kappa: ArrayLike, theta_w_dark: ArrayLike | DarkAngle, hatted_sine2: ArrayLike
) -> Float[Array, "..."]:
    r"""Charge of dark particles over e, divided by the dark charge over e: :math:`\kappa c'\hat c/n`, the inverse of :func:`kappa_at_charge`.

    Parameters
    ----------
    kappa : array, shape (...)
    theta_w_dark : array, shape (...)   rad
    hatted_sine2 : array, shape (...)   sin^2 of the hatted angle

    Returns
    -------
    array, shape (...)                  with the sign of kappa

    Source    arXiv:1506.04760 eq. (44) with :math:`e = n\,c_W\hat e/\hat c`.

    Examples
    --------
    >>> f"{float(charge_at_kappa(kappa_at_charge(1e-3, 0.4, 0.23), 0.4, 0.23)):.6f}"
    '0.001000'
    """
    xp = array_namespace(kappa, theta_w_dark, hatted_sine2)
    angle = neutral_mixing.dark_sine_cosine(theta_w_dark)
    mixing = neutral_mixing.hypercharge_mixing(kappa, angle)
    cos2 = 1 - xp.asarray(hatted_sine2, float)
    return xp.asarray(kappa, float) * angle.cosine * xp.sqrt(cos2) / mixing.scale


def states_from_physical(
    z_mass: ArrayLike, zprime_mass: ArrayLike, product: ArrayLike, kappa: ArrayLike, theta_w_dark: ArrayLike | DarkAngle
) -> tuple[NeutralStates, GaugeBasis]:
    r"""Mass states of the mixed phase from measured masses, with its gauge basis.

    Parameters
    ----------
    z_mass, zprime_mass : arrays, shape (...)   GeV
    product : array, shape (...)                s0^2 c0^2
    kappa, theta_w_dark : arrays, shape (...)   kinetic mixing and dark mixing angle

    Returns
    -------
    NeutralStates, GaugeBasis                   nan inside the gap and for |kappa| >= 1

    Notes     Both masses come back as they were given; the components are those of the gauge basis.
    Source    :func:`gauge_basis` and :mod:`portico.electroweak.neutral_mixing`.

    Examples
    --------
    >>> states, basis = states_from_physical(91.1876, 3.0, 0.1777, 1e-3, 0.5)
    >>> float(states.z_mass), float(states.zprime_mass)
    (91.1876, 3.0)
    """
    angle = neutral_mixing.dark_sine_cosine(theta_w_dark)
    mixing = neutral_mixing.hypercharge_mixing(kappa, angle)
    basis = gauge_basis(z_mass, zprime_mass, product, repulsion_at_eta(mixing.eta), mixing)
    pair, parts = mixed_pair(z_mass, zprime_mass, basis, mixing)
    return neutral_mixing.dark_states(pair, parts, kappa, angle), basis


def mixed_pair(
    z_mass: ArrayLike, zprime_mass: ArrayLike, basis: GaugeBasis, mixing: HyperchargeMixing
) -> tuple[MassivePair, tuple[neutral_mixing.Components, neutral_mixing.Components, neutral_mixing.Components]]:
    r"""Z and Z' of any one massive vector mixed with hypercharge, with the masses as measured, and their components.

    Parameters
    ----------
    z_mass, zprime_mass : arrays, shape (...)   GeV
    basis : GaugeBasis                          from :func:`gauge_basis`
    mixing : HyperchargeMixing

    Returns
    -------
    MassivePair, three Components               as :func:`portico.electroweak.neutral_mixing.components`

    Source    :func:`portico.electroweak.neutral_mixing.massive_pair`.

    Examples
    --------
    >>> basis = gauge_basis(91.1876, 3.0, 0.1777, repulsion_at_eta(0.0), None)
    >>> pair, _ = mixed_pair(91.1876, 3.0, basis, neutral_mixing.hypercharge_mixing(0.0, 0.5))
    >>> float(pair.cosine)
    1.0
    """
    xp = array_namespace(z_mass, zprime_mass, basis, mixing)
    z_mass, zprime_mass = xp.asarray(z_mass, float), xp.asarray(zprime_mass, float)
    sine, cosine = xp.sqrt(basis.hatted_sine2), xp.sqrt(1 - basis.hatted_sine2)
    pair = neutral_mixing.massive_pair(
        basis.hatted_mass, sine, mixing.eta, basis.dark_mass * mixing.stretch, z_mass >= zprime_mass
    )
    known = ~xp.isnan(basis.dark_mass)
    pair = pair._replace(z_mass=xp.where(known, z_mass, xp.nan), zprime_mass=xp.where(known, zprime_mass, xp.nan))
    return pair, neutral_mixing.components(pair, mixing, (sine, cosine), basis.hatted_mass)
