r"""Decays of Standard-Model particles to pairs of millicharged particles, from those to electrons or photons.

A particle of charge epsilon e couples to the photon as an electron does, with epsilon. Branching ratios of neutral vector mesons follow
from those to electrons, three-body (Dalitz) decays of pseudoscalar mesons and of the omega from those with a real photon, and the width of the
Z from the coupling of hypercharge. Numbers: ``millicharged.toml``.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import numerics as _numerics  # noqa: F401  (switches jax to float64)
from .. import particles
from ..constants import ALPHA
from ..electroweak.exchange import NeutralExchange
from ..numerics.namespace import array_namespace
from ..numerics.quadrature import Estimate, gauss_legendre

VECTOR_MESONS = ("rho", "omega", "phi", "J/psi", "psi(2S)", "Upsilon(1S)", "Upsilon(2S)", "Upsilon(3S)")
"""Mesons that turn into one virtual photon."""
DALITZ = {"pi0": "gamma", "eta": "gamma", "eta'": "gamma", "omega": "pi0"}
"""Mesons with a three-body decay, and what the pair comes with."""
_ORDERS = (64, 96)
_FLAVOURS = {
    "rho": (1.0, -1.0), "omega": (1.0, 1.0), "phi": (0.0, 1.0), "J/psi": (1.0, 0.0), "psi(2S)": (1.0, 0.0),
    "Upsilon(1S)": (0.0, 1.0), "Upsilon(2S)": (0.0, 1.0), "Upsilon(3S)": (0.0, 1.0),
}  # fmt: skip
"""Weights of the couplings of up-type and down-type quarks, by flavour content."""


@cache
def data(section: str) -> dict[str, float]:
    """Return one section of ``millicharged.toml`` as plain numbers, by particle.

    Source: said in the file, number by number.
    """
    tables: dict[str, Any] = tomllib.loads(files(__package__).joinpath("millicharged.toml").read_text("utf-8"))
    return {name: float(entry["value"]) for name, entry in tables[section].items()}


def pair_factor(parent_mass: ArrayLike, mass: ArrayLike) -> Float[Array, "..."]:
    r"""Phase space of a fermion pair from a vector current, over that without masses.

    .. math:: F = (1 + 2x)\sqrt{1 - 4x},\qquad x = m^2/M^2

    Parameters
    ----------
    parent_mass : array, shape (...)   M, GeV
    mass : array, shape (...)          m, GeV

    Returns
    -------
    array, shape (...)                 0 at and below threshold

    Notes     Exact for an unpolarised parent. BR(psi(2S) -> tau tau) = 3.085e-3 from that to electrons, 7.93e-3 (PDG: 3.1(4)e-3).
    Source    two-body phase space of a vector current, as in :mod:`portico.decays.vector`.

    Examples
    --------
    >>> round(float(pair_factor(3.0, 1.0)), 4), float(pair_factor(3.0, 1.5))
    (0.911, 0.0)
    """
    xp = array_namespace(parent_mass, mass)
    parent, mass = xp.asarray(parent_mass), xp.asarray(mass)
    x = (mass / parent) ** 2
    is_open = 4 * x < 1
    return xp.where(is_open, (1 + 2 * x) * xp.sqrt(xp.where(is_open, 1 - 4 * x, 1.0)), 0.0)


def branching_ratio_two_body(meson: str, mass: ArrayLike) -> Float[Array, "..."]:
    r"""Branching ratio of a vector meson to a pair of unit charge, to be multiplied by epsilon^2.

    .. math:: \mathrm{BR} = \epsilon^2\,\mathrm{BR}(e^+e^-)\,\frac{F(m)}{F(m_e)}

    Parameters
    ----------
    meson : str                  one of VECTOR_MESONS
    mass : array, shape (...)    of the millicharged particle, GeV

    Returns
    -------
    array, shape (...)           BR/epsilon^2; 0 at and above half the mass of the meson

    Notes     Through one photon. A Z' multiplies it by :func:`exchange_factor`.
    Source    ``millicharged.toml``; :func:`pair_factor`.

    Examples
    --------
    >>> f"{float(branching_ratio_two_body('J/psi', 1.0)):.4f}"
    '0.0551'
    """
    parent = particles.mass(meson)
    return data("electrons")[meson] * pair_factor(parent, mass) / float(pair_factor(parent, particles.mass("e-")))


def exchange_factor(
    meson_mass: ArrayLike, zprime_mass: ArrayLike, zprime_width: ArrayLike, ratio: ArrayLike
) -> Float[Array, "..."]:
    r"""What a Z' beside the photon does to the rate of a vector meson.

    .. math:: \left|1 + \frac{r M_V^2}{M_V^2 - m_{Z'}^2 + i m_{Z'}\Gamma_{Z'}}\right|^2

    Parameters
    ----------
    meson_mass, zprime_mass, zprime_width : arrays, shape (...)   GeV
    ratio : array, shape (...)   r: product of the couplings of the Z' to quark and particle over that of the photon

    Returns
    -------
    array, shape (...)           1 for a heavy Z', (1 + r)^2 for a light one

    Notes     r has no kappa in it: -0.350 for doublets, +0.301 for singlets at theta_W' = theta_W.
    Source    arXiv:1506.04760 eqs. (38), (41), (44), leading order in kappa.

    Examples
    --------
    >>> float(exchange_factor(3.1, 1e9, 1.0, -0.35)), round(float(exchange_factor(3.1, 1e-6, 0.0, -0.35)), 6)
    (1.0, 0.4225)
    """
    xp = array_namespace(meson_mass, zprime_mass, zprime_width, ratio)
    s, m2 = xp.asarray(meson_mass) ** 2, xp.asarray(zprime_mass) ** 2
    real, imaginary = s - m2, xp.asarray(zprime_mass) * zprime_width
    bottom = real**2 + imaginary**2
    on_top = bottom == 0
    bottom = xp.where(on_top, 1.0, bottom)
    squared = ((real + ratio * s) ** 2 + imaginary**2) / bottom
    return xp.where(on_top, xp.where(xp.asarray(ratio) == 0, 1.0, xp.inf), squared)


def exchange_amplitudes(exchange: NeutralExchange, meson: str) -> tuple[Any, Any]:
    r"""Couplings of a vector meson to chi by all vectors together, over that of the photon to electrons.

    .. math:: A_{V,A} = \frac{1}{v_Q^\gamma\,|v_e^\gamma|}\sum_V v_Q^V\,(v_\chi^V,\ a_\chi^V)\,
              \frac{M^2}{M^2 - m_V^2 + i m_V\Gamma_V},\qquad v_Q = \sum_q T_q v_q

    with the flavours T of the meson. For the photon alone A_V is epsilon. The quarks' axial current has no part in a
    :math:`^3S_1` state: its matrix element to the vacuum vanishes by charge conjugation.

    Parameters
    ----------
    exchange : NeutralExchange    points of shape (...)
    meson : str                   one of VECTOR_MESONS

    Returns
    -------
    two complex arrays, shape (...)

    Notes     With one Z' far below the meson A_V tends to epsilon (1 + r), r = (eps_Z'/epsilon)(g_Z'chi/e): no decoupling. On the pole,
              \|m_Z' - M\| within the widths of the two, the mixing of Z' and meson is left out and the result is too large.
    Source    arXiv:1506.04760, with the exchange of all vectors.

    Examples
    --------
    >>> import numpy as np
    >>> photon = NeutralExchange(("photon",), *(np.array([v]) for v in (0, 0, 0.2, 0, -0.1, 0, -0.3, 0, 3e-4, 0)))
    >>> f"{float(abs(exchange_amplitudes(photon, 'phi')[0])):.4f}"
    '0.0010'
    """
    xp = array_namespace(*exchange[1:])
    up, down = _FLAVOURS[meson]
    quark = up * xp.asarray(exchange.up_vector) + down * xp.asarray(exchange.down_vector)
    photon = exchange.names.index("photon")
    lepton, mass, width = (xp.asarray(part) for part in (exchange.lepton_vector, exchange.mass, exchange.width))
    squared = particles.mass(meson) ** 2
    propagator = squared / (squared - mass**2 + 1j * mass * width)
    share = quark * propagator / (quark[..., photon] * xp.abs(lepton[..., photon]))[..., None]
    return xp.sum(share * exchange.particle_vector, axis=-1), xp.sum(share * exchange.particle_axial, axis=-1)


def branching_ratio_by_exchange(exchange: NeutralExchange, mass: ArrayLike, meson: str) -> Float[Array, "..."]:
    r"""Branching ratio of a vector meson to a pair of millicharged particles through all vectors.

    .. math:: B(V\to\chi\bar\chi) = B(V\to e^+e^-)\,\frac{|A_V|^2 (1+2x)\sqrt{1-4x} + |A_A|^2 (1-4x)^{3/2}}{F(m_e)},\qquad x = m^2/M^2

    Parameters
    ----------
    exchange : NeutralExchange    points of shape (...)
    mass : array, shape (...)     of chi, GeV
    meson : str                   one of VECTOR_MESONS

    Returns
    -------
    array, shape (...)            0 at and above half the mass of the meson

    Source    :func:`exchange_amplitudes`, :func:`pair_factor`.

    Examples
    --------
    >>> import numpy as np
    >>> photon = NeutralExchange(("photon",), *(np.array([v]) for v in (0, 0, 0.2, 0, -0.1, 0, -0.3, 0, 3e-4, 0)))
    >>> f"{float(branching_ratio_by_exchange(photon, 1.0, 'J/psi')):.3e}"
    '5.510e-08'
    """
    parent = particles.mass(meson)
    vector, axial = exchange_amplitudes(exchange, meson)
    xp = array_namespace(mass, *exchange[1:])
    rest = xp.maximum(1 - 4 * (xp.asarray(mass) / parent) ** 2, 0.0)
    space = xp.abs(vector) ** 2 * pair_factor(parent, mass) + xp.abs(axial) ** 2 * rest * xp.sqrt(
        xp.where(rest > 0, rest, 1.0)
    )
    return data("electrons")[meson] * space / float(pair_factor(parent, particles.mass("e-")))


def branching_ratio_dalitz(meson: str, mass: ArrayLike) -> Estimate:
    r"""Branching ratio of a three-body decay with a pair of unit charge, to be multiplied by epsilon^2.

    .. math:: \frac{d\Gamma(P\to\gamma\chi\chi)}{dq^2} = \frac{2\alpha}{3\pi q^2}\left(1 + \frac{2m^2}{q^2}\right)\sqrt{1 - \frac{4m^2}{q^2}}
              \left(1 - \frac{q^2}{m_P^2}\right)^3|F|^2\,\Gamma(P\to\gamma\gamma)

    .. math:: \frac{d\Gamma(\omega\to\pi^0\chi\chi)}{dq^2} = \frac{\alpha}{3\pi q^2}\left(1 + \frac{2m^2}{q^2}\right)\sqrt{1 - \frac{4m^2}{q^2}}
              \left[\left(1 + \frac{q^2}{D}\right)^2 - \frac{4m_\omega^2q^2}{D^2}\right]^{3/2}|F|^2\,\Gamma(\omega\to\pi^0\gamma),\quad
              D = m_\omega^2 - m_\pi^2

    Parameters
    ----------
    meson : str                  one of DALITZ
    mass : array, shape (...)    of the millicharged particle, GeV, > 0

    Returns
    -------
    Estimate of arrays, shape (...)   BR/epsilon^2 and the error of the integral; 0 where closed

    Notes     In :math:`\ln q^2 = \ln q_-^2 + L t^2(3 - 2t)` both ends are smooth; 96 nodes, the error from 64: 1e-6 for the eta', which
              crosses the pole of its form factor, 1e-13 for the others. The omega with muons is 1.04e-4 (measured: 1.34(18)e-4).
    Source    N. M. Kroll and W. Wada, Phys. Rev. 98 (1955) 1355; L. G. Landsberg, Phys. Rept. 128 (1985) 301; numbers of ``millicharged.toml``.

    Examples
    --------
    >>> f"{float(branching_ratio_dalitz('pi0', 0.51099895e-3).value):.4f}"  # measured: 0.0117
    '0.0117'
    """
    xp = array_namespace(mass)
    mass = xp.asarray(mass)
    parent, partner = particles.mass(meson), (0.0 if DALITZ[meson] == "gamma" else particles.mass(DALITZ[meson]))
    is_open = 2 * mass < parent - partner
    low = xp.where(is_open, 4 * mass**2, (parent - partner) ** 2 / 4)[..., None]
    length = xp.log((parent - partner) ** 2 / low)
    found = []
    for order in _ORDERS:
        t, weights = gauss_legendre(order)
        q2 = low * xp.exp(length * t**2 * (3 - 2 * t))
        pair = (1 + low / (2 * q2)) * xp.sqrt(xp.maximum(1 - low / q2, 0.0))
        integrand = pair * _recoil(meson, q2, parent, partner) * form_factor2(meson, q2) * 6 * t * (1 - t)
        found.append(xp.sum(weights * length * integrand, axis=-1))
    photons = 2.0 if partner == 0 else 1.0
    value = photons * ALPHA / (3 * np.pi) * data("photon")[meson] * found[1]
    error = xp.abs(photons * ALPHA / (3 * np.pi) * data("photon")[meson] * (found[1] - found[0]))
    return Estimate(xp.where(is_open, value, 0.0), xp.where(is_open, error, 0.0))


def _recoil(meson: str, q2: Any, parent: float, partner: float) -> Any:
    """Phase space and matrix element of the other particle."""
    xp = array_namespace(q2)
    if partner == 0:
        return xp.maximum(1 - q2 / parent**2, 0.0) ** 3
    d = parent**2 - partner**2
    # (1 + q2/D)^2 - 4 M^2 q2/D^2 in its factors, of which one vanishes at the end
    inside = ((parent - partner) ** 2 - q2) * ((parent + partner) ** 2 - q2) / d**2
    return xp.maximum(inside, 0.0) ** 1.5


def form_factor2(meson: str, q2: ArrayLike) -> Float[Array, "..."]:
    r"""Squared form factor of a virtual photon, 1 for a real one.

    .. math:: |F|^2 = \frac{p^2(p^2 + w^2)}{(p^2 - q^2)^2 + p^2w^2}

    Parameters
    ----------
    meson : str               one of DALITZ
    q2 : array, shape (...)   GeV^2

    Returns
    -------
    array, shape (...)

    Source    pole p and its width w: ``millicharged.toml``.

    Examples
    --------
    >>> float(form_factor2("eta'", 0.0))
    1.0
    """
    pole2, width2 = data("pole")[meson] ** 2, data("pole_width")[meson] ** 2
    return pole2 * (pole2 + width2) / ((pole2 - q2) ** 2 + pole2 * width2)


def width_of_z(mass: ArrayLike, z_mass: ArrayLike, *, alpha: ArrayLike, sin2_theta_w: ArrayLike) -> Float[Array, "..."]:
    r"""Width of the Z to a pair whose charge comes from hypercharge, to be multiplied by epsilon^2.

    .. math:: \Gamma = \epsilon^2\,\frac{\alpha\tan^2\theta_W\,m_Z}{3}\,(1 + 2x)\sqrt{1 - 4x}

    Parameters
    ----------
    mass, z_mass : arrays, shape (...)         GeV
    alpha, sin2_theta_w : arrays, shape (...)

    Returns
    -------
    array, shape (...)                         GeV, over epsilon^2; 71.4 MeV for alpha = 1/127.95 and a light particle

    Source    a Dirac fermion of hypercharge epsilon: its coupling to the Z is -epsilon e tan(theta_W), pure vector.

    Examples
    --------
    >>> f"{1e3 * float(width_of_z(0.0, 91.1876, alpha=1 / 127.95, sin2_theta_w=0.23122)):.1f} MeV"
    '71.4 MeV'
    """
    xp = array_namespace(mass, z_mass, alpha, sin2_theta_w)
    sine2 = xp.asarray(sin2_theta_w)
    return alpha * sine2 / (1 - sine2) * xp.asarray(z_mass) / 3 * pair_factor(z_mass, mass)


__all__ = [
    "DALITZ",
    "VECTOR_MESONS",
    "branching_ratio_dalitz",
    "branching_ratio_two_body",
    "data",
    "exchange_factor",
    "pair_factor",
    "width_of_z",
]
