r"""Exact masses and couplings of neutral vectors that mix with hypercharge: photon, Z, Z' and a massless dark photon.

Gauge basis of arXiv:1506.04760, with :math:`\theta_W' = \theta'` and :math:`c', s'` its cosine and sine:

.. math:: \mathcal L = -\tfrac14(B^2 + W_3^2 + B'^2 + W'^2) - \tfrac{\kappa}{2} B_{\mu\nu}B'^{\mu\nu}
          + \tfrac12 M_1^2 Z_1^2 + \tfrac12 M_2^2 Z_2^2

.. math:: Z_1 = c_W W_3 - s_W B,\quad A_1 = s_W W_3 + c_W B,\quad Z_2 = c' W' - s' B',\quad A_2 = s' W' + c' B'

For any :math:`|\kappa| < 1` this is a rescaled hypercharge, :math:`B = \hat B/n`, and a kinetic mixing of :math:`\hat B` with one
massive vector, :math:`\hat B = \tilde B + \eta X`. The second step (:func:`massive_pair`, :func:`components`) knows nothing of where
:math:`n` and :math:`\eta` come from, so that other models with one massive vector beside hypercharge share it.
"""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Array, ArrayLike, Float

from .. import numerics as _numerics  # noqa: F401  (switches jax to float64)
from ..numerics.namespace import array_namespace
from ..numerics.special import sine_cosine


class MassivePair(NamedTuple):
    r"""Two massive vectors: :math:`Z = c\,\tilde Z + s\,X` and :math:`Z' = -s\,\tilde Z + c\,X` with :math:`c = \cos\varphi \ge 0`.

    Attributes
    ----------
    z_mass, zprime_mass : arrays   GeV
    cosine, sine : arrays          of the angle phi, -pi/2 <= phi <= pi/2
    """

    z_mass: Float[Array, "..."]
    zprime_mass: Float[Array, "..."]
    cosine: Float[Array, "..."]
    sine: Float[Array, "..."]


class Components(NamedTuple):
    r"""Components of a mass state V in the gauge basis; the state couples as the sum of these times the currents.

    .. math:: V_\mu\left(e\,c_{EM} J_{EM} + \frac{g_2}{c_W} c_Z J_Z + e'\,c_{EM'} J'_{EM} + \frac{g_2'}{c'} c_{Z'} J'_Z\right)

    Attributes
    ----------
    em, z, dark_em, dark_z : arrays   of A1, Z1, A2 and Z2
    """

    em: Float[Array, "..."]
    z: Float[Array, "..."]
    dark_em: Float[Array, "..."]
    dark_z: Float[Array, "..."]


class NeutralStates(NamedTuple):
    """The four mass states of the neutral sector: two masses in GeV and the components of each state."""

    z_mass: Float[Array, "..."]
    zprime_mass: Float[Array, "..."]
    photon: Components
    dark_photon: Components
    z: Components
    zprime: Components


class HyperchargeMixing(NamedTuple):
    r"""What mixing does to hypercharge: :math:`B = \hat B/n` and :math:`\hat B = \tilde B + \eta X`.

    Attributes
    ----------
    deficit : array      1 - n^2, given by itself because it is small
    scale : array        n
    eta : array          kinetic mixing of the massive vector in units of its own field
    stretch : array      sqrt(1 + eta^2): massive vector of the gauge basis = stretch * X
    """

    deficit: Float[Array, "..."]
    scale: Float[Array, "..."]
    eta: Float[Array, "..."]
    stretch: Float[Array, "..."]


class DarkAngle(NamedTuple):
    """Sine and cosine of the dark mixing angle; functions take it in place of the angle, where one angle is used many times."""

    sine: Float[Array, "..."]
    cosine: Float[Array, "..."]


def dark_sine_cosine(theta_w_dark: ArrayLike | DarkAngle) -> DarkAngle:
    r"""Sine and cosine of the dark mixing angle, the cosine exactly 0 at :math:`\pi/2`.

    Parameters
    ----------
    theta_w_dark : array, shape (...)   rad, or what this function gave

    Returns
    -------
    DarkAngle                           sine, cosine

    Source    definition; :func:`portico.numerics.special.sine_cosine`, so that the limit without a millicharge is exact.

    Examples
    --------
    >>> from math import pi
    >>> [float(v) for v in dark_sine_cosine(pi / 2)]
    [1.0, 0.0]
    """
    if isinstance(theta_w_dark, DarkAngle):
        return theta_w_dark
    return DarkAngle(*sine_cosine(theta_w_dark))


def hypercharge_mixing(kappa: ArrayLike, theta_w_dark: ArrayLike | DarkAngle) -> HyperchargeMixing:
    r"""What the kinetic mixing of two hypercharges does to that of the Standard Model.

    .. math:: n^2 = 1 - \kappa^2 c'^2, \qquad \eta = \frac{\kappa s'}{\sqrt{1 - \kappa^2}}, \qquad \sqrt{1+\eta^2} = \frac{n}{\sqrt{1-\kappa^2}}

    Parameters
    ----------
    kappa : array, shape (...)          kinetic mixing, |kappa| < 1
    theta_w_dark : array, shape (...)   dark mixing angle, rad, or its :class:`DarkAngle`

    Returns
    -------
    HyperchargeMixing                   nan for |kappa| >= 1

    Source    derived from the Lagrangian of arXiv:1506.04760 (the kinetic mixing beside its eq. (4)); compared with the eigenvalue
              problem of kinetic and mass matrix in tests/electroweak/test_neutral_mixing.py.

    Examples
    --------
    >>> f"{float(hypercharge_mixing(0.6, 1.5707963267948966).eta):.2f}"
    '0.75'
    """
    xp = array_namespace(kappa, theta_w_dark)
    kappa = xp.asarray(kappa, float)
    sine, cosine = dark_sine_cosine(theta_w_dark)
    rest = (1 - kappa) * (1 + kappa)  # 1 - kappa^2 without cancellation for |kappa| -> 1
    inside = rest > 0
    root = xp.where(inside, xp.sqrt(xp.where(inside, rest, 1.0)), xp.nan)
    scale = xp.sqrt(xp.where(inside, rest, 1.0) + (kappa * sine) ** 2)
    return HyperchargeMixing((kappa * cosine) ** 2, scale, kappa * sine / root, scale / root)


def hatted_angle(sin2_theta_w: ArrayLike, scale: ArrayLike) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Sine and cosine of the mixing angle that the rescaled hypercharge has.

    .. math:: \tan\hat\theta = \hat g_1/g_2 = \tan\theta_W/n

    Parameters
    ----------
    sin2_theta_w : array, shape (...)   sin^2 theta_W = g1^2/(g1^2 + g2^2) of the gauge basis
    scale : array, shape (...)          n, from :func:`hypercharge_mixing`

    Returns
    -------
    pair of arrays, shape (...)         sine, cosine

    Source    :math:`g_1 B = \hat g_1\hat B` with :math:`B = \hat B/n`.

    Examples
    --------
    >>> sine, cosine = hatted_angle(0.2, 1.0)
    >>> f"{float(sine**2):.1f}"
    '0.2'
    """
    xp = array_namespace(sin2_theta_w, scale)
    sine2, scale = xp.asarray(sin2_theta_w, float), xp.asarray(scale, float)
    norm = xp.sqrt(sine2 + scale**2 * (1 - sine2))
    return xp.sqrt(sine2) / norm, scale * xp.sqrt(1 - sine2) / norm


def massive_pair(
    hatted_mass: ArrayLike, hatted_sine: ArrayLike, eta: ArrayLike, dark_mass: ArrayLike, z_heavier: ArrayLike
) -> MassivePair:
    r"""Masses and mixing angle of a Z and of one massive vector with kinetic mixing.

    The squared masses of :math:`(\tilde Z, X)` with :math:`\tilde Z = \hat c W_3 - \hat s\tilde B` and
    :math:`\delta = m_X^2/\hat M^2` are

    .. math:: \hat M^2\begin{pmatrix}1 & -\hat s\eta\\ -\hat s\eta & \hat s^2\eta^2+\delta\end{pmatrix},\qquad
              \tan 2\varphi = \frac{-2\hat s\eta}{1 - \hat s^2\eta^2 - \delta}

    .. math:: \lambda_+ = \tfrac12\left[1 + \hat s^2\eta^2 + \delta + \sqrt{(1-\hat s^2\eta^2-\delta)^2 + 4\hat s^2\eta^2}\right],\qquad
              \lambda_- = \delta/\lambda_+

    Parameters
    ----------
    hatted_mass : array, shape (...)   M_W over the cosine of the hatted angle, GeV
    hatted_sine : array, shape (...)   sine of the hatted angle
    eta : array, shape (...)           :math:`\hat B = \tilde B + \eta X`
    dark_mass : array, shape (...)     m_X, GeV: mass of the vector in the gauge basis times sqrt(1 + eta^2)
    z_heavier : array of bool          whether the Z is the heavier state, as it is without mixing

    Returns
    -------
    MassivePair

    Notes     Labels do not jump with eta, for the states repel each other. The lighter mass and the smaller component come without
              subtraction, so that both keep all digits for any ratio of the masses.
    Source    derived from the Lagrangian of arXiv:1506.04760; the matrix holds for any one massive vector mixed with hypercharge.

    Examples
    --------
    >>> pair = massive_pair(91.0, 0.48, 0.0, 10.0, True)
    >>> float(pair.z_mass), round(float(pair.zprime_mass), 12), float(pair.cosine)
    (91.0, 10.0, 1.0)
    """
    xp = array_namespace(hatted_mass, hatted_sine, eta, dark_mass, z_heavier)
    hatted_mass, sine, eta = (xp.asarray(v, float) for v in (hatted_mass, hatted_sine, eta))
    ratio = xp.asarray(dark_mass, float) / hatted_mass
    off = sine * eta
    difference = (1 - ratio) * (1 + ratio) - off**2
    squared = difference**2 + 4 * off**2
    free = squared == 0  # equal masses without mixing: any angle would do
    root = xp.where(free, 0.0, xp.sqrt(xp.where(free, 1.0, squared)))
    upper = xp.sqrt((1 + off**2 + ratio**2 + root) / 2)
    heavy, light = hatted_mass * upper, hatted_mass * ratio / upper
    sign = xp.where(z_heavier, 1.0, -1.0)
    along = xp.where(free, 1.0, xp.where(off == 0, xp.abs(difference), sign * difference))
    cosine, half_sine = _half_angle(along, -2 * sign * off, xp.where(free, 1.0, root))
    # without mixing nothing repels: each state keeps its own mass, also where that of the Z has passed that of X
    z_mass = xp.where(off == 0, hatted_mass, xp.where(z_heavier, heavy, light))
    zprime_mass = xp.where(off == 0, hatted_mass * ratio, xp.where(z_heavier, light, heavy))
    return MassivePair(z_mass, zprime_mass, cosine, half_sine)


def _half_angle(along: Array, across: Array, length: Array) -> tuple[Array, Array]:
    """Cosine (not negative) and sine of half the angle of a vector, without cancellation and without trigonometric functions."""
    xp = array_namespace(along, across, length)
    larger = xp.sqrt((1 + xp.abs(along) / length) / 2)
    smaller = across / (2 * length * larger)
    back = along < 0
    cosine = xp.where(back, xp.abs(smaller), larger)
    return cosine, xp.where(back, xp.where(across < 0, -larger, larger), smaller)


def components(
    pair: MassivePair, mixing: HyperchargeMixing, hatted: tuple[ArrayLike, ArrayLike], hatted_mass: ArrayLike
) -> tuple[Components, Components, Components]:
    r"""Components of photon, Z and Z' along A1, Z1, B and the massive vector of the gauge basis.

    For a state with parts (a, z, x) along the photon, :math:`\tilde Z` and X, and with mass m,

    .. math:: A_1 = \frac{\hat c}{n c_W}a - \frac{(1-n^2)\,\hat c s_W}{n^2} z + \frac{c_W\eta}{n} x,\qquad
              Z_1 = \frac{c_W}{\hat c}\,\frac{m^2}{\hat M^2}\, z,\qquad
              B = \frac1n(\hat c a - \hat s z + \eta x),\qquad Z_2 = \sqrt{1+\eta^2}\,x

    Parameters
    ----------
    pair : MassivePair             masses and angle, from :func:`massive_pair`
    mixing : HyperchargeMixing     n and eta
    hatted : pair of arrays        sine and cosine, from :func:`hatted_angle`
    hatted_mass : array            GeV

    Returns
    -------
    photon, z, zprime : Components   with the component of **B** in the place of ``dark_em``: the dark current that a model adds to B
                                     is its own

    Notes     Z1 is the row of the eigenvalue equation instead of the difference :math:`c_W W_3 - s_W B`, which loses all digits for a
              light Z'; the Z1 of the photon is exactly 0.
    Source    derived from the Lagrangian of arXiv:1506.04760.

    Examples
    --------
    >>> mixing = hypercharge_mixing(0.0, 0.5)
    >>> pair = massive_pair(91.0, 0.6, 0.0, 10.0, True)
    >>> photon, z, zprime = components(pair, mixing, (0.6, 0.8), 91.0)
    >>> f"{float(photon.em):.6f} {float(z.z):.6f} {float(zprime.dark_z):.6f}"
    '1.000000 1.000000 1.000000'
    """
    xp = array_namespace(pair, mixing, hatted, hatted_mass)
    sine, cosine = (xp.asarray(v, float) for v in hatted)
    n, eta = mixing.scale, mixing.eta
    norm = xp.sqrt(cosine**2 + (n * sine) ** 2)  # tan theta_W = n tan(hatted): c_W = c^/norm, s_W = n s^/norm

    # divisions last: compiled code keeps quotients, but repeats sums and products in each of many results
    def state(z: Array, x: Array, mass: Array) -> Components:
        em = cosine * (eta * x - mixing.deficit * sine * z) / (n * norm)
        z1 = (mass / hatted_mass) ** 2 * z / norm
        return Components(em, z1, (-sine * z + eta * x) / n, mixing.stretch * x)

    zero = xp.zeros_like(cosine / n)
    photon = Components(norm / n, zero, cosine / n, zero)  # c^/(n c_W) = norm/n
    return (
        photon,
        state(pair.cosine, pair.sine, pair.z_mass),
        state(-pair.sine, pair.cosine, pair.zprime_mass),
    )


def neutral_states(
    unmixed_z_mass: ArrayLike,
    sin2_theta_w: ArrayLike,
    dark_mass: ArrayLike,
    kappa: ArrayLike,
    theta_w_dark: ArrayLike,
) -> NeutralStates:
    r"""Mass states of two broken SU(2) x U(1) whose hypercharges mix kinetically, exact for any :math:`|\kappa| < 1`.

    .. math:: n = \sqrt{1-\kappa^2c'^2},\quad \tan\hat\theta = \tan\theta_W/n,\quad \hat M = M_1 c_W/\hat c,\quad
              m_X = M_2\sqrt{1+\eta^2},\quad A_2 = -\kappa c' B

    and :func:`massive_pair`. The massless A' couples to :math:`e'J'_{EM}` alone, with coefficient 1 (the basis of eqs. (12), (13)).

    Parameters
    ----------
    unmixed_z_mass : array, shape (...)  M1 = M_W/cos(theta_W), GeV
    sin2_theta_w : array, shape (...)    of the gauge basis, g1^2/(g1^2 + g2^2)
    dark_mass : array, shape (...)       M2, mass of the dark Z without mixing, GeV
    kappa : array, shape (...)           kinetic mixing of the two hypercharges
    theta_w_dark : array, shape (...)    dark mixing angle, rad, between 0 (Holdom) and pi/2 (Okun)

    Returns
    -------
    NeutralStates                        nan for |kappa| >= 1

    Notes     The Z is the heavier state where M1 >= M2. Accuracy 1e-13 for masses and all components, for M2/M1 from 1e-8 to 1e8.
              :math:`m_Z m_{Z'} = M_1M_2\sqrt{(1-\kappa^2c_W^2c'^2)/(1-\kappa^2)}` exactly.
    Source    closed form of the Lagrangian of arXiv:1506.04760, whose eqs. (20)-(42) are its expansion; compared with a generalised
              eigenvalue problem in 40 digits in tests/electroweak/test_neutral_mixing.py.

    Examples
    --------
    >>> states = neutral_states(91.1876, 0.23122, 3.0, 0.0, 0.5)
    >>> float(states.z_mass), float(states.zprime_mass), float(states.photon.em)
    (91.1876, 3.0, 1.0)
    """
    xp = array_namespace(unmixed_z_mass, sin2_theta_w, dark_mass, kappa, theta_w_dark)
    m1, m2 = xp.asarray(unmixed_z_mass, float), xp.asarray(dark_mass, float)
    sine2 = xp.asarray(sin2_theta_w, float)
    angle = dark_sine_cosine(theta_w_dark)
    mixing = hypercharge_mixing(kappa, angle)
    hatted = hatted_angle(sine2, mixing.scale)
    hatted_mass = m1 * xp.sqrt(1 - sine2) / hatted[1]
    pair = massive_pair(hatted_mass, hatted[0], mixing.eta, m2 * mixing.stretch, m1 >= m2)
    return dark_states(pair, components(pair, mixing, hatted, hatted_mass), kappa, angle)


def dark_states(
    pair: MassivePair,
    found: tuple[Components, Components, Components],
    kappa: ArrayLike,
    theta_w_dark: ArrayLike | DarkAngle,
) -> NeutralStates:
    r"""Give mass states their coupling to a dark electromagnetic current, :math:`A_2 = -\kappa c' B`, and add the massless A'.

    Parameters
    ----------
    pair : MassivePair                  masses
    found : three Components            of photon, Z and Z', with B in the place of ``dark_em``
    kappa, theta_w_dark : arrays        as in :func:`neutral_states`

    Returns
    -------
    NeutralStates

    Source    arXiv:1506.04760, eqs. (12), (13): the rotation in which A' decouples from the Standard Model.

    Examples
    --------
    >>> mixing, pair = hypercharge_mixing(0.0, 0.5), massive_pair(91.0, 0.6, 0.0, 10.0, True)
    >>> states = dark_states(pair, components(pair, mixing, (0.6, 0.8), 91.0), 0.0, 0.5)
    >>> float(states.dark_photon.dark_em), float(states.dark_photon.em)
    (1.0, 0.0)
    """
    xp = array_namespace(pair, found, kappa, theta_w_dark)
    factor = -xp.asarray(kappa, float) * dark_sine_cosine(theta_w_dark)[1]
    photon, z, zprime = (state._replace(dark_em=factor * state.dark_em) for state in found)
    one = xp.ones_like(photon.em * pair.z_mass)
    return NeutralStates(pair.z_mass, pair.zprime_mass, photon, Components(0 * one, 0 * one, one, 0 * one), z, zprime)


def massless_residue(states: NeutralStates) -> Float[Array, "... 4 4"]:
    r"""Sum over the two massless states of products of components: all that exchange of massless vectors can depend on.

    .. math:: R_{ab} = c_a(\gamma)\,c_b(\gamma) + c_a(A')\,c_b(A'), \qquad R_{EM,EM'} = -\kappa c_W c'\,c_{EM}(\gamma)^2

    Any rotation of photon and A' into each other leaves it as it is.

    Parameters
    ----------
    states : NeutralStates

    Returns
    -------
    array, shape (..., 4, 4)   in the order EM, Z, EM', Z'; to be multiplied by the couplings e, g2/c_W, e', g2'/c'

    Source    arXiv:1506.04760, eqs. (12), (13) fix a basis; the freedom is that of two massless states.

    Examples
    --------
    >>> states = neutral_states(91.1876, 0.23122, 3.0, 0.1, 0.5)
    >>> residue = massless_residue(states)
    >>> f"{float(residue[0, 2] / residue[0, 0]):.6f}"  # -0.1 cos(theta_W) cos(0.5)
    '-0.076947'
    """
    xp = array_namespace(states)
    rows = [xp.stack(xp.broadcast_arrays(*state), axis=-1) for state in (states.photon, states.dark_photon)]
    rows = list(xp.broadcast_arrays(*rows))
    return sum(row[..., :, None] * row[..., None, :] for row in rows)
