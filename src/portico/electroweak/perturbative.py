r"""Mixing of hypercharge with a dark hypercharge to second order in kappa, as printed in arXiv:1506.04760: a cross-check.

:mod:`portico.electroweak.neutral_mixing` is exact and as cheap; these formulas are its expansion, good to 1 % where
:func:`expansion_parameter` is below :data:`LARGEST_EXPANSION_PARAMETER`. The mass term that follows eq. (4) is printed with M1 and means M2;
eq. (43) is printed with a prime on the wrong symbol and means cos(theta_W').
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from ..numerics.namespace import array_namespace
from . import neutral_mixing
from .neutral_mixing import Components, NeutralStates

LARGEST_EXPANSION_PARAMETER = 0.08
"""Where the couplings between the sectors are good to 1 %: their error is about 1.5 x^2."""


def _numbers(sin2_theta_w: ArrayLike, theta_w_dark: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """Sine and cosine of both mixing angles."""
    xp = array_namespace(sin2_theta_w, theta_w_dark)
    sine2 = xp.asarray(sin2_theta_w, float)
    return (xp.sqrt(sine2), xp.sqrt(1 - sine2), *neutral_mixing.dark_sine_cosine(theta_w_dark))


def expansion_parameter(
    unmixed_z_mass: ArrayLike, sin2_theta_w: ArrayLike, dark_mass: ArrayLike, kappa: ArrayLike, theta_w_dark: ArrayLike
) -> Float[Array, "..."]:
    r"""Mixing angle of the massive states, the size of what the expansion leaves out.

    .. math:: x = \kappa s_W s'\,\frac{M_1^2 + M_2^2}{2\,|M_1^2 - M_2^2|}

    Parameters
    ----------
    unmixed_z_mass, dark_mass : arrays, shape (...)   M1 and M2, GeV
    sin2_theta_w : array, shape (...)
    kappa, theta_w_dark : arrays, shape (...)

    Returns
    -------
    array, shape (...)   inf for M1 = M2; the relative error of eq. (36) is 4.7e-3 at x = 0.056, 2.1e-2 at 0.12 and 0.37 at 0.56

    Source    arXiv:1506.04760 eq. (26); errors from the exact solution, tests/electroweak/test_perturbative.py.

    Examples
    --------
    >>> f"{float(expansion_parameter(91.0, 0.23, 1.0, 1e-2, 1.5707963)):.5f}"
    '0.00240'
    """
    s, _, sp, _ = _numbers(sin2_theta_w, theta_w_dark)
    xp = array_namespace(unmixed_z_mass, sin2_theta_w, dark_mass, kappa, theta_w_dark)
    m1, m2 = xp.asarray(unmixed_z_mass, float) ** 2, xp.asarray(dark_mass, float) ** 2
    return xp.abs(xp.asarray(kappa, float)) * s * sp * (m1 + m2) / (2 * xp.abs(m1 - m2))


def kinetic_matrix(
    sin2_theta_w: ArrayLike, kappa: ArrayLike, theta_w_dark: ArrayLike, *, dark_shift: str = "corrected"
) -> Float[Array, "4 4"]:
    r"""Kinetic matrix after the substitutions (6)-(18): the unit matrix to second order in kappa.

    Eq. (9) is printed as :math:`A_2 \to A_2 + \kappa_{cs}\kappa_{cc}Z_2`, which leaves a term of second order; with
    :math:`A_2 \to A_2 - \kappa_{cs}\kappa_{cc}Z_2` nothing is left up to third order.

    Parameters
    ----------
    sin2_theta_w, kappa, theta_w_dark : floats
    dark_shift : str           "corrected" or "printed": the sign in eq. (9)

    Returns
    -------
    array, shape (4, 4)        in the order A, Z1, A', Z2

    Source    arXiv:1506.04760 eqs. (5)-(18).

    Examples
    --------
    >>> left = kinetic_matrix(0.23, 1e-3, 0.5) - jnp.eye(4)
    >>> bool(jnp.max(jnp.abs(left)) < 1e-8)
    True
    """
    change = _substitutions(sin2_theta_w, kappa, theta_w_dark, dark_shift=dark_shift)
    s, c, sp, cp = _numbers(sin2_theta_w, theta_w_dark)
    first, second = jnp.array([c, -s, 0, 0]), jnp.array([0, 0, cp, -sp])  # B and B' along A1, Z1, A2, Z2
    mixed = jnp.outer(first, second)
    return change.T @ (jnp.eye(4) + jnp.asarray(kappa, float) * (mixed + mixed.T)) @ change


def mass_matrix(
    unmixed_z_mass: ArrayLike,
    sin2_theta_w: ArrayLike,
    dark_mass: ArrayLike,
    kappa: ArrayLike,
    theta_w_dark: ArrayLike,
) -> Float[Array, "... 2 2"]:
    r"""Squared masses of the massive pair to second order, with the 1/2 of eq. (19).

    .. math:: M_{11} = (1 + \kappa_{ss})(M_1^2 + M_2^2) + \kappa^2[M_1^2s_W^2 + M_2^2s'^2],\qquad
              M_{22} = (1 - \kappa_{ss})(M_1^2 + M_2^2) + \kappa^2[\dots]

    .. math:: M_{12} = M_1^2 - M_2^2 + \kappa^2\left[M_1^2(1 - \tfrac12s'^2)s_W^2 - M_2^2(1 - \tfrac12s_W^2)s'^2\right]

    Parameters
    ----------
    unmixed_z_mass, dark_mass : arrays, shape (...)   GeV
    sin2_theta_w, kappa, theta_w_dark : arrays, shape (...)

    Returns
    -------
    array, shape (..., 2, 2)   GeV^2; 1/2 M_ij

    Source    arXiv:1506.04760 eqs. (19)-(22).

    Examples
    --------
    >>> [float(v) for v in mass_matrix(3.0, 0.23, 1.0, 0.0, 0.5)[0]]
    [5.0, 4.0]
    """
    s, _, sp, _ = _numbers(sin2_theta_w, theta_w_dark)
    kappa = jnp.asarray(kappa, float)
    m1, m2, kss = jnp.asarray(unmixed_z_mass, float) ** 2, jnp.asarray(dark_mass, float) ** 2, kappa * s * sp
    common = kappa**2 * (m1 * s**2 + m2 * sp**2)
    off = m1 - m2 + kappa**2 * (m1 * (1 - sp**2 / 2) * s**2 - m2 * (1 - s**2 / 2) * sp**2)
    first, second = (1 + kss) * (m1 + m2) + common, (1 - kss) * (m1 + m2) + common
    rows = [jnp.stack(jnp.broadcast_arrays(*row), axis=-1) for row in ((first, off), (off, second))]
    return jnp.stack(rows, axis=-2) / 2


def substituted_mass_matrix(
    unmixed_z_mass: ArrayLike,
    sin2_theta_w: ArrayLike,
    dark_mass: ArrayLike,
    kappa: ArrayLike,
    theta_w_dark: ArrayLike,
) -> Float[Array, "2 2"]:
    r"""Squared masses of the massive pair by the substitutions (6)-(18) themselves, for comparison with :func:`mass_matrix`.

    Parameters
    ----------
    unmixed_z_mass, dark_mass : floats               GeV
    sin2_theta_w, kappa, theta_w_dark : floats

    Returns
    -------
    array, shape (2, 2)   GeV^2; equal to :func:`mass_matrix` up to third order in kappa

    Source    arXiv:1506.04760 eqs. (6)-(18), with the sign of (9) corrected.

    Examples
    --------
    >>> f"{float(substituted_mass_matrix(3.0, 0.23, 1.0, 0.0, 0.5)[0, 0]):.12g}"
    '5'
    """
    change = _substitutions(sin2_theta_w, kappa, theta_w_dark, dark_shift="corrected")
    masses = jnp.diag(jnp.array([0, unmixed_z_mass, 0, dark_mass]) ** 2)
    return (change.T @ masses @ change)[1::2, 1::2]


def mixing_angle(
    unmixed_z_mass: ArrayLike, sin2_theta_w: ArrayLike, dark_mass: ArrayLike, kappa: ArrayLike, theta_w_dark: ArrayLike
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Sine and cosine of the mixing angle of the massive pair.

    .. math:: \sin\phi = \tfrac12\kappa_{ss}\frac{M_1^2 + M_2^2}{M_1^2 - M_2^2},\qquad \cos\phi = 1 - \tfrac12\sin^2\phi

    Parameters
    ----------
    unmixed_z_mass, dark_mass : arrays, shape (...)   GeV
    sin2_theta_w, kappa, theta_w_dark : arrays, shape (...)

    Returns
    -------
    sine, cosine : arrays, shape (...)   Z = cos Z1 - sin Z2 of the rotated canonical fields

    Source    arXiv:1506.04760 eqs. (25)-(27).

    Examples
    --------
    >>> sine, cosine = mixing_angle(91.0, 0.23, 1.0, 1e-2, 1.5707963267948966)
    >>> f"{float(sine):.5f} {float(cosine):.6f}"
    '0.00240 0.999997'
    """
    s, _, sp, _ = _numbers(sin2_theta_w, theta_w_dark)
    m1, m2 = jnp.asarray(unmixed_z_mass, float) ** 2, jnp.asarray(dark_mass, float) ** 2
    sine = jnp.asarray(kappa, float) * s * sp * (m1 + m2) / (2 * (m1 - m2))
    return sine, 1 - sine**2 / 2


def neutral_states(
    unmixed_z_mass: ArrayLike,
    sin2_theta_w: ArrayLike,
    dark_mass: ArrayLike,
    kappa: ArrayLike,
    theta_w_dark: ArrayLike,
) -> NeutralStates:
    r"""Masses and couplings as printed, in the form of the exact ones.

    .. math:: m_Z^2 = M_1^2\left(1 + \kappa^2s_W^2\frac{M_1^2 - M_2^2c'^2}{M_1^2 - M_2^2}\right),\qquad
              m_{Z'}^2 = M_2^2\left(1 + \kappa^2s'^2\frac{M_2^2 - M_1^2c_W^2}{M_2^2 - M_1^2}\right)

    .. math:: \gamma: (1 + \tfrac12\kappa_{cc}^2,\ 0,\ -\kappa_{cc},\ 0),\quad
              Z: (-\xi_{ZE},\ 1 + \xi_{ZZ},\ \xi_{ZE'},\ -\xi_{ZZ'}),\quad
              Z': (\xi_{Z'E},\ \xi_{Z'Z},\ -\xi_{Z'E'},\ 1 + \xi_{Z'Z'})

    Parameters
    ----------
    unmixed_z_mass, dark_mass : arrays, shape (...)   M1 and M2, GeV
    sin2_theta_w, kappa, theta_w_dark : arrays, shape (...)

    Returns
    -------
    NeutralStates   infinite for M1 = M2

    Notes     Left out: third order in the components between the sectors, fourth order in the others and in the masses.
    Source    arXiv:1506.04760 eqs. (23), (24), (31)-(42).

    Examples
    --------
    >>> states = neutral_states(91.1876, 0.23122, 1.0, 1e-2, 1.5707963267948966)
    >>> f"{1e3 * (float(states.z_mass) - 91.1876):.3f} MeV"
    '1.054 MeV'
    """
    s, c, sp, cp = _numbers(sin2_theta_w, theta_w_dark)
    xp = array_namespace(unmixed_z_mass, sin2_theta_w, dark_mass, kappa, theta_w_dark)
    kappa = xp.asarray(kappa, float)
    m1, m2 = xp.asarray(unmixed_z_mass, float) ** 2, xp.asarray(dark_mass, float) ** 2
    gap, square = m1 - m2, kappa**2
    z_mass = xp.sqrt(m1 * (1 + square * s**2 * (m1 - m2 * cp**2) / gap))
    zprime_mass = xp.sqrt(m2 * (1 - square * sp**2 * (m2 - m1 * c**2) / gap))
    zero = 0 * (gap + kappa * s * sp)
    photon = Components(1 + (kappa * c * cp) ** 2 / 2 + zero, zero, -kappa * c * cp + zero, zero)
    z = Components(
        -square * c * s * (m1 - m2 * cp**2) / gap,
        1 + square * s**2 / 2 * (1 - (m2 * sp / gap) ** 2),
        kappa * s * cp + zero,
        -kappa * s * sp * m1 / gap,
    )
    zprime = Components(
        kappa * c * sp + zero,
        kappa * s * sp * m2 / gap,
        -square * cp * sp * (m1 * c**2 - m2) / gap,
        1 + square * sp**2 / 2 * (1 - (m1 * s / gap) ** 2),
    )
    return NeutralStates(z_mass, zprime_mass, photon, Components(zero, zero, 1 + zero, zero), z, zprime)


def zprime_photon_coupling(sin2_theta_w: ArrayLike, kappa: ArrayLike, theta_w_dark: ArrayLike) -> Float[Array, "..."]:
    r"""Coupling of a light Z' to charge over e, :math:`\epsilon_Z = \kappa c_W s'`: the kinetic mixing of a dark photon.

    Parameters
    ----------
    sin2_theta_w, kappa, theta_w_dark : arrays, shape (...)

    Returns
    -------
    array, shape (...)

    Notes     Leading order, for m_Z' far below m_Z; near the Z the coupling to the Z current, eq. (42), is as large.
    Source    arXiv:1506.04760 eq. (45).

    Examples
    --------
    >>> f"{float(zprime_photon_coupling(0.23122, 1e-3, 1.5707963267948966)):.3e}"
    '8.768e-04'
    """
    _, c, sp, _ = _numbers(sin2_theta_w, theta_w_dark)
    return jnp.asarray(kappa, float) * c * sp


def _substitutions(sin2_theta_w: ArrayLike, kappa: ArrayLike, theta_w_dark: ArrayLike, *, dark_shift: str) -> Array:
    """Product of the substitutions (6)-(18): old fields (A1, Z1, A2, Z2) by new ones (A, Z1, A', Z2)."""
    s, c, sp, cp = _numbers(sin2_theta_w, theta_w_dark)
    kappa = jnp.asarray(kappa, float)
    kcc, kss, ksc, kcs = kappa * c * cp, kappa * s * sp, kappa * s * cp, kappa * c * sp
    sign = {"corrected": -1.0, "printed": 1.0}[dark_shift]
    unit = jnp.eye(4)
    first = unit.at[0, 3].set(kcs).at[2, 1].set(ksc)  # (6), (7)
    second = unit.at[0, 1].set(-ksc * kcc).at[2, 3].set(sign * kcs * kcc)  # (8), (9)
    third = jnp.diag(jnp.array([1, 1 / jnp.sqrt(1 - ksc**2), 1, 1 / jnp.sqrt(1 - kcs**2)]))  # (10), (11)
    fourth = unit.at[2, 0].set(-kcc)  # (12), (13)
    half = jnp.sqrt(0.5)
    fifth = unit.at[1, 1].set(half).at[1, 3].set(half).at[3, 1].set(-half).at[3, 3].set(half)  # (14), (15)
    last = jnp.array([1 / jnp.sqrt(1 - kcc**2), 1 / jnp.sqrt(1 - kss), 1, 1 / jnp.sqrt(1 + kss)])  # (16)-(18)
    return first @ second @ third @ fourth @ fifth @ jnp.diag(last)
