r"""A neutral vector and a jet from two protons, at leading order: q qbar -> V g and q g -> V q, and pairs from V in one detector.

With :math:`a_V = (v_q^2+a_q^2)/4\pi` of the quark and V on its mass shell

.. math:: \frac{d\hat\sigma}{dt}(q\bar q\to Vg) = \frac89\frac{\pi a_V\alpha_s}{\hat s^2}\,\frac{t^2+u^2+2M^2\hat s}{tu}, \qquad
          \frac{d\hat\sigma}{dt}(qg\to Vq) = \frac13\frac{\pi a_V\alpha_s}{\hat s^2}\,\frac{\hat s^2+u^2+2M^2t}{-\hat s u},
          \quad u = (p_q - p_V)^2

The factorisation scale is the mass of V and jet together, that of the tables of luminosities. A jet balances the transverse momentum of
V: without one, V decays back to back and never sends both daughters into a small detector.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import constants, particles
from ..electroweak.exchange import NeutralExchange
from ..errors import InvalidInput, unknown_name
from ..numerics.quadrature import Estimate, gauss_legendre
from . import parton_tables, side_decays
from .parton_tables import PartonLuminosities

__all__ = ["RENORMALISATION_SCALES", "dsigma_dpt_dy", "dsigma_dt", "sigma", "strong_coupling", "two_hit_sigma"]

RENORMALISATION_SCALES = ("transverse_mass", "partonic_mass", "z_mass")
"""Argument of alpha_s: sqrt(M^2 + pT^2) of V, the mass of V and jet together, or m_Z at any momentum: a coupling that does not run."""

_PICOBARN = constants.GEV2_NB * 1e3
_CHARM, _BOTTOM = 1.4, 4.75
_NODES = 32
_PANELS = (16, 11)


def strong_coupling(scale: ArrayLike, at_z: float = 0.130) -> Float[Array, "..."]:
    r"""Return the strong coupling at one loop, continuous where charm and bottom set in (1.4 and 4.75 GeV).

    .. math:: \frac1{\alpha_s(\mu)} = \frac1{\alpha_s(\mu_0)} + \frac{33-2n_f}{12\pi}\ln\frac{\mu^2}{\mu_0^2}

    Parameters
    ----------
    scale : array, shape (...)    GeV, above 0.5
    at_z : float                  alpha_s(m_Z); 0.130 goes with NNPDF 2.3 at leading order, 0.118 with NNPDF 3.1

    Source: D. J. Gross and F. Wilczek, Phys. Rev. Lett. 30 (1973) 1343; thresholds of NNPDF, arXiv:1308.0598.
    """
    scale = np.asarray(scale, float)

    def run(inverse: Any, flavours: int, start: Any, end: Any) -> Any:
        return inverse + (33 - 2 * flavours) / (6 * np.pi) * np.log(end / start)

    five = run(1 / at_z, 5, particles.mass("Z"), np.maximum(scale, _BOTTOM))
    four = run(five, 4, _BOTTOM, np.clip(scale, _CHARM, _BOTTOM))
    return 1 / run(four, 3, _CHARM, np.minimum(scale, _CHARM))


def dsigma_dt(
    s: ArrayLike, t: ArrayLike, u: ArrayLike, coupling: ArrayLike, strong: ArrayLike
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Return the partonic cross sections of q qbar -> V g and q g -> V q per t.

    Parameters
    ----------
    s, t, u : arrays, shape (...)    GeV^2; they add up to M^2; u = (p_q - p_V)^2 for q g
    coupling : array                 v^2 + a^2 of the quark and V
    strong : array                   alpha_s

    Returns
    -------
    two arrays, shape (...)          GeV^-4

    Source: R. K. Ellis, W. J. Stirling and B. R. Webber, QCD and Collider Physics (1996), eq. (9.4); the module. Related by crossing
    s <-> t and 8/3 -> -1 of colours.
    """
    s, t, u = np.asarray(s, float), np.asarray(t, float), np.asarray(u, float)
    squared = s + t + u
    common = np.pi * np.asarray(coupling) / (4 * np.pi) * strong / s**2
    annihilation = 8 / 9 * common * (t * t + u * u + 2 * squared * s) / (t * u)
    compton = 1 / 3 * common * (s * s + u * u + 2 * squared * t) / (-s * u)
    return annihilation, compton


def dsigma_dpt_dy(
    table: PartonLuminosities,
    mass: float,
    transverse: ArrayLike,
    rapidity: ArrayLike,
    couplings: tuple[float, float],
    *,
    strong_at_z: float = 0.130,
    scale: str = "transverse_mass",
) -> Float[Array, "..."]:
    r"""Cross section of a vector and a jet per transverse momentum and rapidity of the vector.

    .. math:: \frac{d\sigma}{dp_T\,dy} = 2p_T\int dy_j\sum_{ab} x_1f_a\,x_2f_b\,\frac{d\hat\sigma_{ab}}{dt}, \qquad
              x_{1,2} = \frac{m_Te^{\pm y} + p_Te^{\pm y_j}}{\sqrt s}

    Parameters
    ----------
    table : PartonLuminosities         of :func:`portico.production.parton_tables.load`
    mass : float                       of the vector, GeV
    transverse, rapidity : arrays (...) of the vector, GeV and 1
    couplings : two float              v^2 + a^2 of the vector and up-type quarks, and down-type quarks
    strong_at_z : float                alpha_s(m_Z)
    scale : str                        one of :data:`RENORMALISATION_SCALES`

    Returns
    -------
    array, shape (...)                 pb/GeV; 0 beyond the kinematic limit; nan where V and jet are lighter than the table

    Notes     Leading order: it diverges as dpT/pT, so that a cut is needed. Systems of V and jet heavier than the table (a third of sqrt(s)) are left out: below 1e-6 of the rate unless M or pT are of that order.
    Source    the module; arXiv:1506.04760.
    """
    if scale not in RENORMALISATION_SCALES:
        raise unknown_name("renormalisation scale", scale, RENORMALISATION_SCALES)
    energy = float(np.exp(table.log_energy))
    pt, y = np.broadcast_arrays(np.asarray(transverse, float), np.asarray(rapidity, float))
    mt = np.hypot(mass, pt)
    # the jet's rapidity: what leaves both x below 1, and V and jet within the table
    room = [np.maximum(energy - mt * np.exp(sign * y), 1e-300) / pt for sign in (1, -1)]
    heaviest = float(parton_tables.valid_to(table)) * (1 - 1e-12)
    reach = np.arccosh(np.maximum((heaviest**2 - mt**2 - pt**2) / (2 * mt * pt), 1.0))
    high, low = np.minimum(np.log(room[0]), y + reach), np.maximum(-np.log(room[1]), y - reach)
    is_open = high > low
    high, low = np.where(is_open, high, y), np.where(is_open, low, y)
    nodes, weights = gauss_legendre(_NODES)
    jet = low[..., None] + (high - low)[..., None] * nodes
    pt, mt, y = pt[..., None], mt[..., None], y[..., None]
    one, two = mt * np.exp(y) + pt * np.exp(jet), mt * np.exp(-y) + pt * np.exp(-jet)
    s, system = one * two, 0.5 * np.log(one / two)
    # p_1 - p_V squared, without the cancellation M^2 - m_T^2
    t, u = -pt * pt - mt * pt * np.exp(jet - y), -pt * pt - mt * pt * np.exp(y - jet)
    root = np.sqrt(s)
    argument = {"transverse_mass": mt, "partonic_mass": root, "z_mass": particles.mass("Z")}[scale]
    strong = strong_coupling(argument, strong_at_z)
    total: Any = 0.0
    for sign, first, second in ((1, t, u), (-1, u, t)):
        annihilation, compton = dsigma_dt(s, second, first, 1.0, strong)
        pairs = parton_tables.quark_antiquark(table, root, sign * system)
        gluons = parton_tables.quark_gluon(table, root, sign * system)
        up = (pairs[..., 0] + pairs[..., 3]) * annihilation + gluons[..., 0] * compton
        down = (pairs[..., 1] + pairs[..., 2] + pairs[..., 4]) * annihilation + gluons[..., 1] * compton
        total = total + couplings[0] * up + couplings[1] * down
    value = 2 * pt[..., 0] * (total * weights).sum(-1) * (high - low) * _PICOBARN
    return np.where(is_open, value, 0.0)


def _mass(exchange: NeutralExchange, which: str) -> float:
    if which not in exchange.names:
        raise unknown_name("neutral vector", which, exchange.names)
    return float(np.asarray(exchange.mass)[..., exchange.names.index(which)])


def _couplings(exchange: NeutralExchange, which: str) -> tuple[float, float]:
    """Return v^2 + a^2 of one vector to up-type and to down-type quarks, at one point."""
    place = exchange.names.index(which)
    parts = [
        np.asarray(part, float)
        for part in (exchange.up_vector, exchange.up_axial, exchange.down_vector, exchange.down_axial)
    ]
    if any(part.ndim != 1 for part in parts):
        raise InvalidInput(
            "vector and jet: couplings of one point are expected, of shape (vectors,); call it once for each point."
        )
    up_v, up_a, down_v, down_a = (float(part[place]) for part in parts)
    return up_v**2 + up_a**2, down_v**2 + down_a**2


def _lowest(transverse: float) -> float:
    """The smallest transverse momentum, checked."""
    if not transverse > 0:
        raise InvalidInput(
            f"vector and jet: the smallest transverse momentum is {transverse:g} GeV; it has to be above 0, where the cross section diverges."
        )
    return float(transverse)


def _panels(low: float, high: float, count: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of an integral over pT, even panels in ln pT."""
    nodes, weights = gauss_legendre(order)
    edges = np.linspace(np.log(low), np.log(high), count + 1)
    lengths = np.diff(edges)[:, None]
    pt = np.exp(edges[:-1, None] + lengths * nodes).ravel()
    return pt, (lengths * weights).ravel() * pt


def sigma(
    table: PartonLuminosities,
    exchange: NeutralExchange,
    which: str,
    *,
    minimum_transverse: float,
    strong_at_z: float = 0.130,
    scale: str = "transverse_mass",
) -> Estimate:
    r"""Cross section of a vector and a jet above a transverse momentum, all rapidities.

    Parameters
    ----------
    table : PartonLuminosities      of :func:`portico.production.parton_tables.load`
    exchange : NeutralExchange      at one point
    which : str                     the vector, such as "Z'"
    minimum_transverse : float      GeV

    Returns
    -------
    Estimate                        pb; the error is that of the integrals

    Source: :func:`dsigma_dpt_dy`.
    """
    mass, couplings = _mass(exchange, which), _couplings(exchange, which)
    low, energy = _lowest(minimum_transverse), float(np.exp(table.log_energy))
    high = 0.5 * energy * (1 - (mass / energy) ** 2)
    if low >= high:
        return Estimate(np.float64(0), np.float64(0))
    found = []
    for order in (16, 11):
        pt, weight = _panels(low, high, 4, order)
        nodes, share = gauss_legendre(2 * order)
        end = np.arccosh(np.maximum((energy**2 + mass**2) / (2 * energy * np.hypot(mass, pt)), 1.0))[:, None]
        rates = dsigma_dpt_dy(table, mass, pt[:, None], end * nodes, couplings, strong_at_z=strong_at_z, scale=scale)
        found.append(float(2 * weight @ ((rates * share).sum(1) * end[:, 0])))
    return Estimate(np.float64(found[0]), np.float64(abs(found[0] - found[1])))


def two_hit_sigma(
    table: PartonLuminosities,
    exchange: NeutralExchange,
    mass: float,
    pseudorapidity: float,
    *,
    window: float,
    branching_ratio: float,
    which: str = "Z'",
    minimum_transverse: float | None = None,
    strong_at_z: float = 0.130,
    scale: str = "transverse_mass",
) -> Estimate:
    r"""Cross section of a vector and a jet of which both daughters of the vector cross one small detector.

    .. math:: \sigma A_2 = B\int_{p_{T,0}}dp_T\,\frac{d\sigma}{dp_T\,dy}\Big|_{y(\eta_0)} A_2(p_T)

    Parameters
    ----------
    table : PartonLuminosities          of :func:`portico.production.parton_tables.load`
    exchange : NeutralExchange          at one point
    mass : float                        of chi, GeV
    pseudorapidity : float              of the detector
    window : float                      its width in pseudorapidity and in azimuth, such as 1 m over its distance
    branching_ratio : float             of the vector to chi chibar
    which : str                         the vector
    minimum_transverse : float          GeV, of the vector; twice its mass if not given

    Returns
    -------
    Estimate                            pb; 0 for chi heavier than half of the vector; the error is that of the integrals

    Notes     Leading order; isotropic decay of the vector; its rapidity density is taken where it flies towards the detector.
    Source    :func:`dsigma_dpt_dy`, :func:`portico.production.side_decays.two_hits`; arXiv:1506.04760, section 5.
    """
    parent, couplings = _mass(exchange, which), _couplings(exchange, which)
    low = _lowest(2 * parent if minimum_transverse is None else minimum_transverse)
    energy = float(np.exp(table.log_energy))
    high = 0.5 * energy * (1 - (parent / energy) ** 2) / np.cosh(pseudorapidity)
    if mass >= 0.5 * parent or low >= high:
        return Estimate(np.float64(0), np.float64(0))
    found, error = [], 0.0
    for order in _PANELS:
        pt, weight = _panels(low, high, 6, order)
        toward = np.arcsinh(pt / np.hypot(parent, pt) * np.sinh(pseudorapidity))
        rate = weight * dsigma_dpt_dy(table, parent, pt, toward, couplings, strong_at_z=strong_at_z, scale=scale)
        pairs = side_decays.two_hits(pt, parent, mass, window=window, pseudorapidity=pseudorapidity)
        found.append(branching_ratio * float(rate @ pairs.value))
        error = max(error, branching_ratio * float(rate @ pairs.error))
    return Estimate(np.float64(found[0]), np.float64(abs(found[0] - found[1]) + error))
