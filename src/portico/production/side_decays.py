r"""Decays of a meson or vector near the collision point, seen by a small detector at the side: one hit and two hits.

The parent has a spectrum in transverse momentum and a density :math:`d\sigma/dy` that is flat, the same at each
transverse momentum, and decays isotropically in its rest frame. A daughter with transverse momentum
:math:`p_T`, found at rapidity :math:`\Delta` for a parent at y = 0, is seen at the pseudorapidity :math:`\eta_0` if the parent has the rapidity

.. math:: y = y_0 - \Delta, \qquad y_0 = \operatorname{arsinh}\frac{p_T\sinh\eta_0}{m_T}, \qquad
          \frac{dy_0}{d\eta_0} = \frac pE, \quad p = p_T\cosh\eta_0

so that no detector need be sampled: one hit weighs p/E and a pair the length of the overlap of its two ranges of y. All on the
host, in numpy: these are smooth functions of few masses, tabulated once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..numerics.quadrature import Estimate, gauss_legendre
from .side_flux import BETA_GAMMA

__all__ = [
    "MOMENTUM",
    "TransverseMomentum",
    "on_beta_gamma",
    "one_hit",
    "transverse_momentum_nodes",
    "two_hits",
]

_FINE = 4
"""Nodes of :data:`MOMENTUM` for each of BETA_GAMMA."""
_STEP = float(np.log(BETA_GAMMA[1] / BETA_GAMMA[0])) / _FINE
_LOG_LOWEST = float(np.log(BETA_GAMMA[0]))

MOMENTUM = np.exp(_LOG_LOWEST - 16 * _FINE * _STEP + _STEP * np.arange(48 * _FINE))
"""Nodes in p over the mass of the parent, 32 per decade from 1e-4 to 1e2: finer than BETA_GAMMA by four, and in step with it."""


class TransverseMomentum(NamedTuple):
    r"""Shape of the spectrum in transverse momentum.

    Attributes
    ----------
    kind : str         "power": :math:`p_T\,[1+(p_T/p_0)^2]^{-n}`; "levy": :math:`p_T\,[1+(m_T-M)/(nT)]^{-n}`
    scale : float      p_0 or T, GeV
    exponent : float   n
    mass : float       M of the parent, GeV
    """

    kind: str
    scale: float
    exponent: float
    mass: float


def transverse_momentum_nodes(shape: TransverseMomentum, order: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Return transverse momenta (GeV) and weights that add up to 1, for averages over the spectrum.

    Gauss-Legendre in t with :math:`p_T = q\,t/(1-t)` and q near the mean; a tail :math:`p_T^{-n}` becomes :math:`(1-t)^{n-2}`.
    Source: forms of the fits to quarkonia (arXiv:1103.2394, n = 3) and of Levy and Tsallis (arXiv:1504.00024, eq. (1)).
    """
    t, weight = gauss_legendre(order)
    if shape.kind == "power":
        middle = shape.scale
        transverse = middle * t / (1 - t)
        density = transverse * (1 + (transverse / shape.scale) ** 2) ** -shape.exponent
    else:
        middle = 3 * shape.scale + np.sqrt(shape.mass * shape.scale)
        transverse = middle * t / (1 - t)
        kinetic = transverse**2 / (np.hypot(transverse, shape.mass) + shape.mass)
        density = transverse * (1 + kinetic / (shape.exponent * shape.scale)) ** -shape.exponent
    weight = weight * density / (1 - t) ** 2
    return transverse, weight / weight.sum()


def _transverse_of_daughters(
    transverse: np.ndarray, parent_mass: float, energy: np.ndarray, momentum: np.ndarray, orders: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Transverse momentum of a daughter by energy, parent and direction, and the weights of the directions.

    The polar axis is along the parent's transverse momentum; a quarter turn of azimuth stands for all.
    """
    cosine, weight = gauss_legendre(orders[0])
    cosine = 2 * cosine - 1
    turn = 0.5 * np.pi * (np.arange(orders[1]) + 0.5) / orders[1]
    gamma_beta = (transverse / parent_mass)[:, None, None]
    e, p = energy[:, None, None, None], momentum[:, None, None, None]
    along = gamma_beta * e + np.hypot(1.0, gamma_beta) * p * cosine[:, None]
    across = p * np.sqrt(1 - cosine**2)[:, None] * np.cos(turn)
    return np.hypot(along, across), np.broadcast_to(weight[:, None] / len(turn), (len(cosine), len(turn)))


def one_hit(
    spectrum: tuple[np.ndarray, np.ndarray],
    parent_mass: float,
    mass: float,
    energy: np.ndarray,
    *,
    pseudorapidity: float,
    orders: tuple[int, int] = (12, 6),
) -> np.ndarray:
    r"""Daughters per unit of pseudorapidity and of :math:`d\sigma/dy`, by momentum.

    .. math:: K = \left\langle \frac{p}{E}\right\rangle_{p_T,\ \cos\theta^*,\ \phi^*}

    Parameters
    ----------
    spectrum : two arrays, shape (p,)   nodes and weights of :func:`transverse_momentum_nodes`
    parent_mass, mass : float           GeV
    energy : array, shape (k,)          of the daughter in the rest frame of the parent, GeV, at least its mass
    orders : two int                    nodes in the polar angle and the azimuth

    Returns
    -------
    array, shape (k, nodes of MOMENTUM)    dimensionless; what falls between two nodes of p/M is shared, linearly in the logarithm

    Notes     Parents are taken to be flat as far as daughters come from: those beyond \|y\| = 3 give 0.6% for massless daughters at rest.
    Source    kinematics, see the top of this file.
    """
    transverse, share = spectrum
    energy = np.asarray(energy, float)
    momentum = np.sqrt(np.maximum((energy - mass) * (energy + mass), 0.0))
    pt, weight = _transverse_of_daughters(transverse, parent_mass, energy, momentum, orders)
    total = pt * np.cosh(pseudorapidity)
    factor = total / np.hypot(total, mass)
    factor *= weight * share[:, None, None]
    position = (np.log(np.maximum(total, 1e-300) / (parent_mass * MOMENTUM[0]))) / _STEP
    position = np.clip(position, 0.0, len(MOMENTUM) - 1.000001)
    left = position.astype(int)
    right = factor * (position - left)
    left += len(MOMENTUM) * np.arange(len(energy))[:, None, None, None]
    size = len(MOMENTUM) * len(energy)
    found = np.bincount(left.ravel(), (factor - right).ravel(), size)
    found += np.bincount(left.ravel() + 1, right.ravel(), size + 1)[:size]
    return found.reshape(len(energy), len(MOMENTUM))


def on_beta_gamma(density: np.ndarray, log_mass_ratio: np.ndarray) -> np.ndarray:
    r"""Carry densities from the nodes in p/M to those in :math:`\beta\gamma = p/m`, with the logarithm of M/m.

    Parameters
    ----------
    density : array, shape (..., nodes of MOMENTUM)
    log_mass_ratio : array, shape (...)

    Returns
    -------
    array, shape (..., 57)    by node of BETA_GAMMA; the sum and the mean of the logarithm are kept inside the range of the nodes

    Source: linear sharing, as :class:`portico.production.side_flux.SideFlux` says.
    """
    size, coarse = len(BETA_GAMMA), _FINE * _STEP
    density = np.asarray(density, float)
    shift = np.asarray(log_mass_ratio, float) + np.log(MOMENTUM[0]) - _LOG_LOWEST
    found = np.zeros((*density.shape[:-1], size))
    flat, out, shift = (
        density.reshape(-1, len(MOMENTUM)),
        found.reshape(-1, size),
        np.broadcast_to(shift, density.shape[:-1]).ravel(),
    )
    position = np.clip((shift[:, None] + _STEP * np.arange(len(MOMENTUM))) / coarse, 0.0, size - 1.000001)
    left = position.astype(int)
    right = flat * (position - left)
    rows = size * np.arange(len(flat))[:, None]
    index = (left + rows).ravel()
    sums = (
        np.bincount(index, (flat - right).ravel(), out.size)
        + np.bincount(index + 1, right.ravel(), out.size + 1)[: out.size]
    )
    return sums.reshape(found.shape)


_LOWEST_ANGLE = 14.0
"""Decay angles down to 2 exp(-14) of the parent's transverse momentum."""


def _pair_average(
    transverse: np.ndarray,
    parent_mass: float,
    mass: float,
    window: float,
    pseudorapidity: float,
    orders: tuple[int, int],
) -> np.ndarray:
    """Average over directions of (w - |dphi|)_+ times the length of the common range of parent rapidities, for each pT."""
    # x = ln tan(theta/2) follows both the narrow cone about the parent's flight and the broad one across it; the other half of
    # the sphere is the exchange of the two daughters, the other half turn the mirror image
    x = -_LOWEST_ANGLE * (np.arange(orders[0]) + 0.5) / orders[0]
    cosine, sine = -np.tanh(x)[:, None], 1 / np.cosh(x)[:, None]
    psi, psi_weight = gauss_legendre(orders[1])
    psi = np.pi * (psi - 0.5)
    energy = 0.5 * parent_mass
    momentum = np.sqrt(max((energy - mass) * (energy + mass), 0.0))
    gamma_beta = (np.asarray(transverse, float) / parent_mass)[:, None, None]
    gamma = np.hypot(1.0, gamma_beta)
    # the axis is the flight of a parent towards eta_0, seen from its rest frame before the boost along the beam: massive
    # daughters at one eta differ in y, so the transverse momentum would be the wrong axis by up to eta_0/gamma
    tilt = np.arctan2(np.sinh(pseudorapidity) / gamma, np.hypot(1.0, gamma_beta / gamma * np.sinh(pseudorapidity)))
    outward = momentum * (cosine * np.cos(tilt) - sine * np.sin(psi) * np.sin(tilt))
    lengthwise = momentum * (cosine * np.sin(tilt) + sine * np.sin(psi) * np.cos(tilt))
    across = momentum * sine * np.cos(psi)
    azimuth: np.ndarray | float = 0.0
    low: np.ndarray | float = -np.inf
    high: np.ndarray | float = np.inf
    for sign in (1.0, -1.0):
        along = gamma_beta * energy + sign * gamma * outward
        boosted = gamma * energy + sign * gamma_beta * outward
        pt = np.hypot(along, across)
        slope = pt / np.hypot(pt, mass)
        delta = np.arctanh(sign * lengthwise / boosted)
        azimuth = azimuth + np.arctan2(across, along)
        low = np.maximum(low, np.arcsinh(slope * np.sinh(pseudorapidity - 0.5 * window)) - delta)
        high = np.minimum(high, np.arcsinh(slope * np.sinh(pseudorapidity + 0.5 * window)) - delta)
    azimuth = np.where(azimuth > np.pi, 2 * np.pi - azimuth, azimuth)
    weight = np.maximum(window - azimuth, 0.0) * np.maximum(high - low, 0.0)
    return np.einsum("ijk,j,k->i", weight, sine[:, 0] ** 2 * _LOWEST_ANGLE / orders[0], psi_weight)


def two_hits(
    transverse: np.ndarray,
    parent_mass: float,
    mass: float,
    *,
    window: float,
    pseudorapidity: float,
    orders: tuple[int, int] = (200, 16),
) -> Estimate:
    r"""Chance that both daughters cross one small detector, per unit of the parent's rapidity, by transverse momentum.

    .. math:: A_2 = \frac1{2\pi}\left\langle (w - |\Delta\phi|)_+\,\ell\right\rangle, \qquad
              \ell = |\{y:\ |\eta_{1,2} - \eta_0| < w/2\}| \to (w - |\Delta\eta|)_+

    The arrow holds for massless daughters. Times :math:`d\sigma/dy` of the parent it is the cross section of pairs seen.

    Parameters
    ----------
    transverse : array, shape (p,)     of the parent, GeV
    parent_mass, mass : float          GeV
    window : float                     w, width of the detector in pseudorapidity and in azimuth (radians)

    Returns
    -------
    Estimate of arrays, shape (p,)     dimensionless; 0 at and below threshold; twice the difference to half the orders

    Notes     Exact kinematics; the detector, a square of side w about eta_0, need not be sampled.
    Source    kinematics, see the top of this file; the geometry of two hits of arXiv:1506.04760, section 5.
    """
    transverse = np.asarray(transverse, float)
    if mass >= 0.5 * parent_mass:
        return Estimate(np.zeros_like(transverse), np.zeros_like(transverse))
    fine, coarse = (
        _pair_average(transverse, parent_mass, mass, window, pseudorapidity, order) / (2 * np.pi)
        for order in (orders, (orders[0] // 2, orders[1] // 2))
    )
    return Estimate(fine, 2 * np.abs(fine - coarse))


class SideTable(NamedTuple):
    r"""Daughters of two-body decays per unit of pseudorapidity and of the parent's rapidity, for any mass of the daughter.

    Attributes
    ----------
    parent_mass : float
    log_ratio : array, shape (n,)    ln(2m/M), even, up to 0 at threshold
    shape : array, shape (n, nodes of MOMENTUM)    by p/M, adds up to 1
    total, coarse : arrays, shape (n,)             the sum, and the sum with fewer nodes
    """

    parent_mass: float
    log_ratio: np.ndarray
    shape: np.ndarray
    total: np.ndarray
    coarse: np.ndarray


_LOWEST_RATIO = 1e-3
"""2m/M below which a daughter counts as massless, which it is to 1e-6."""
_COARSE_SHARE = 0.5
"""Nodes in each variable of the rule that estimates the error, relative to the one that is used."""


def side_table(
    shape: TransverseMomentum,
    parent_mass: float,
    *,
    pseudorapidity: float,
    masses: int = 65,
    orders: tuple[int, int, int] = (32, 14, 12),
) -> SideTable:
    r"""Tabulate :func:`one_hit` of a decay to two equal masses, over the ratio 2m/M.

    Parameters
    ----------
    orders : three int    nodes in the transverse momentum, the polar angle and the azimuth

    Source: :func:`one_hit`.
    """
    log_ratio = np.linspace(np.log(_LOWEST_RATIO), 0.0, masses)
    half = np.array([0.5 * parent_mass])

    def tabulated(counts: Sequence[int]) -> np.ndarray:
        spectrum = transverse_momentum_nodes(shape, counts[0])
        return np.array(
            [
                one_hit(
                    spectrum,
                    parent_mass,
                    0.5 * parent_mass * ratio,
                    half,
                    pseudorapidity=pseudorapidity,
                    orders=(counts[1], counts[2]),
                )[0]
                for ratio in np.exp(log_ratio)
            ]
        )

    fine = tabulated(orders)
    coarse = tabulated([round(_COARSE_SHARE * n) for n in orders]).sum(-1)
    total = fine.sum(-1)
    return SideTable(parent_mass, log_ratio, fine / total[:, None], total, coarse)


def side_total(table: SideTable, mass: np.ndarray) -> Estimate:
    r"""Return daughters per unit of pseudorapidity and of the parent's rapidity, at masses of any shape; 0 from threshold on.

    Cubic in ln(2m/M); the error is that of fewer nodes in angles and momentum, and of every second mass.
    Source: :func:`side_table`.
    """
    from scipy.interpolate import CubicSpline

    log_ratio, is_open = _log_ratio(table, mass)
    value = CubicSpline(table.log_ratio, table.total)(log_ratio)
    rough = CubicSpline(table.log_ratio[::2], table.coarse[::2])(log_ratio)
    return Estimate(np.where(is_open, value, 0.0), np.where(is_open, np.abs(value - rough), 0.0))


def side_shape(table: SideTable, mass: np.ndarray) -> np.ndarray:
    r"""Return how daughters of given masses are spread over the nodes of BETA_GAMMA; adds up to 1 along a new last axis.

    Linear in ln(2m/M) at fixed p/M. Source: :func:`side_table`.
    """
    log_ratio, _ = _log_ratio(table, mass)
    step = table.log_ratio[1] - table.log_ratio[0]
    place = (log_ratio - table.log_ratio[0]) / step
    left = np.clip(place.astype(int), 0, len(table.log_ratio) - 2)
    share = (place - left)[..., None]
    density = (1 - share) * table.shape[left] + share * table.shape[left + 1]
    return on_beta_gamma(density, np.log(table.parent_mass / np.asarray(mass, float)))


def _log_ratio(table: SideTable, mass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ratio = 2 * np.asarray(mass, float) / table.parent_mass
    return np.log(np.clip(ratio, _LOWEST_RATIO, 1.0)), ratio < 1
