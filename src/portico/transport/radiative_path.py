r"""The path length of a positron beam with photons emitted in the annihilation: what is left for the mediator.

An annihilation at energy E' in which a photon takes the fraction x of s makes a mediator of mass squared
:math:`s' = 2m_e(\mathcal E + m_e)` with :math:`\mathcal E + m_e = (1-x)(E'+m_e)`. Folded over the beam, its energy loss and
the radiator of :mod:`portico.production.radiative_annihilation`, rates are again :math:`N = n_e\int d\mathcal E\,
F(\mathcal E)\,\tilde\sigma_0(s')`, whatever the model.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..flux import Flux
from ..numerics import maps, quadrature, tables
from ..production import radiative_annihilation
from .path_length import PathLength, largest_relative_error, piece_fractions

RESOLVED = 0.02
"""Fraction of s at which a photon counts half as resolved."""

Orders = tuple[tuple[int, int, int], tuple[int, int, int]]
ORDERS: Orders = ((24, 16, 26), (18, 12, 18))
_CHECKED = 4
_BLOCK = 32
_STEEPNESS = 24.0  # about 1/beta: soft photons are even in x^beta


class _Beam(NamedTuple):
    flux: Flux
    track: tables.Table
    fraction: float
    electron: float


def radiative_edges(edges: np.ndarray, electron_mass: float) -> np.ndarray:
    """Return the energies between which the result is smooth: those of the path length, and the lowest s' there is.

    Source: s' > 0 in :func:`radiative_path_length`.
    """
    return np.concatenate([[-electron_mass * (1 - 1e-6)], edges])


def radiative_path_length(
    flux: Flux,
    edges: np.ndarray,
    track: tables.Table,
    radiation_length_cm: float,
    minimum_fraction: float,
    *,
    electron_mass: float,
    points: int = 257,
    orders: Orders = ORDERS,
) -> PathLength:
    r"""Return the path length per energy left to the mediator, in two parts: without and with a resolved photon.

    .. math:: F_k(\mathcal E) = \int dE\,\frac{dN}{dE}\int dE'\,T_e(E',E)\,\frac{h_k(x)\,W(x;\kappa,s)}{E'+m_e}, \qquad
              \kappa = 1 - \frac{x_0E}{E'+m_e}

    kappa is the largest photon energy, over E' + m_e, that leaves the mediator more than x_0 E. The parts are
    :math:`h_1 = x_r^2/(x^2+x_r^2)` and :math:`h_2 = 1 - h_1` with :math:`x_r` = :data:`RESOLVED`; only their sum has a meaning
    beyond this division, which is smooth so that no edge is added.

    Parameters
    ----------
    flux, edges, track, radiation_length_cm, minimum_fraction   as for :func:`portico.transport.path_length.path_length`,
                                                                edges from :func:`radiative_edges`
    electron_mass : float                                       GeV
    points : int                                                odd; table points per piece
    orders : two triples of int                                 nodes in E and in the two halves of the energy loss, for the
                                                                result and for its error; a cut far below the beam needs more

    Returns
    -------
    PathLength with two components, cm/GeV times particles

    Source: :func:`portico.production.radiative_annihilation.radiator`, convolved. Numerics: next to E = energy the track
    length's logarithmic coordinate; next to E' = energy the power of x in which soft photons are even. On the host.
    """
    fractions = piece_fractions(points)
    beam = _Beam(flux, track, minimum_fraction, electron_mass)
    left, right = edges[:-1, None], edges[1:, None]
    energy = np.maximum(right - (right - left) * (fractions + 1e-9), left).ravel()

    def folded(some: np.ndarray, orders: tuple[int, int, int]) -> np.ndarray:
        parts = [_fold(some[k : k + _BLOCK], beam, orders) for k in range(0, some.size, _BLOCK)]
        return radiation_length_cm * np.concatenate(parts, axis=1)

    pieces = len(edges) - 1
    values = folded(energy, orders[0]).reshape(2, pieces, points)
    # the error of the integration, smooth along a piece, is taken at every fourth point and twice
    check, some = values.copy(), energy.reshape(pieces, points)[:, ::_CHECKED]
    coarse = folded(some.ravel(), orders[1]).reshape(2, pieces, -1)
    check[..., ::_CHECKED] += 2 * (coarse - check[..., ::_CHECKED])
    zero = np.zeros((2, pieces))
    table = tables.make_table(values, zero, zero + 1)
    flat = tables.Table(*(part.reshape(2 * pieces, *part.shape[2:]) for part in table))
    return PathLength(np.asarray(edges), np.asarray(flux.edges), flat, largest_relative_error(values, check))


def _fold(energy: np.ndarray, beam: _Beam, orders: tuple[int, int, int]) -> np.ndarray:
    """Both parts of F/X0, shape (2, n), at energies of shape (n,)."""
    initial, weight, beyond, y_end = (part[..., None] for part in _initial_energies(energy, beam, orders[0]))
    gap, loss_weight = _losses(initial, y_end, beam.track, orders[1:])
    missing = beyond + gap  # E' - energy
    total = np.maximum(missing + (energy[:, None, None] + beam.electron), 2.1 * beam.electron)  # E' + m_e
    spared = energy[:, None, None] + beam.electron - beam.fraction * initial  # of the energy, if the photon took it all
    x = np.maximum(missing / total, 1e-300)
    largest = np.clip(np.where(beyond > 0, gap, missing + spared) / total, 0.0, 1.0)
    strength = radiative_annihilation.radiator(x, largest, 2 * beam.electron * total, beam.electron) / total
    inner = weight * loss_weight * strength
    hard = x**2 / (x**2 + RESOLVED**2)
    return np.stack([np.sum(inner * (1 - hard), axis=(1, 2)), np.sum(inner * hard, axis=(1, 2))])


def _initial_energies(energy: np.ndarray, beam: _Beam, order: int) -> tuple[np.ndarray, ...]:
    """Energies E of the beam above each energy, dN/dE dE, how far the smallest E' lies beyond the energy, ln(E/E') there.

    Each of shape (n, nodes). Two panels in each piece of the spectrum: up to the E where every photon passes the cut, the
    smallest E' is the energy itself, and ln(E/E') is the coordinate, since it may be too small for E to tell; above it
    the cut sets the smallest E'. Panels that are empty for all energies are left out; fewer nodes where all is smooth.
    """
    edges = np.asarray(beam.flux.edges)
    all_pass = (energy[:, None] + beam.electron) / beam.fraction
    floor = np.maximum(energy, 1e-3 * edges[0])[:, None]
    columns: list[tuple[np.ndarray, ...]] = []
    for piece, (left, right) in enumerate(pairwise(edges)):
        low, middle = np.clip(floor, left, right), np.clip(all_pass, left, right)
        if np.any(middle > low):
            u, weight = quadrature.gauss_legendre(order)
            w_low, w_high = (maps.logarithmic_coordinate(np.log(end / floor)) for end in (low, middle))
            w = w_low + (w_high - w_low) * np.sin(np.pi * u / 2) ** 2
            y = maps.from_logarithmic_coordinate(w)
            below = np.clip(floor * np.exp(y), left, right)
            slope = (w_high - w_low) * np.pi / 2 * np.sin(np.pi * u)
            measure = below * maps.logarithmic_jacobian(w) * slope
            columns.append((below, weight * measure * _density(beam.flux, piece, below), 0 * below, y))
        if np.any(right > middle):
            u, weight = quadrature.gauss_legendre(order if np.any(middle > left) else 5 * order // 6)
            above = middle + (right - middle) * np.sin(np.pi * u**2 / 2) ** 2
            smallest = beam.fraction * above - beam.electron
            measure = weight * (right - middle) * np.pi * u * np.sin(np.pi * u**2)
            beyond = np.maximum(smallest - energy[:, None], 1e-300)
            columns.append((above, measure * _density(beam.flux, piece, above), beyond, np.log(above / smallest)))
    return tuple(np.concatenate(part, axis=1) for part in zip(*columns, strict=True))


def _density(flux: Flux, piece: int, energy: np.ndarray) -> np.ndarray:
    return np.asarray(flux.density_in_piece(np.full(energy.shape, piece), energy))


def _losses(
    initial: np.ndarray, y_end: np.ndarray, track: tables.Table, orders: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """How far E' lies above its smallest value E exp(-y_end), and T_e dE'/X0 there, shape (n, initial, nodes).

    Two halves: from E down, in the track length's coordinate; from the smallest E' up, in x^beta.
    """
    smallest = initial * np.exp(-y_end)
    u, weight = quadrature.gauss_legendre(orders[0])
    w_end = maps.logarithmic_coordinate(y_end / 2)
    w = w_end * u
    y = maps.from_logarithmic_coordinate(w)
    near = weight * w_end * tables.interpolate(track, w) * np.exp(-y)
    v, weight = quadrature.gauss_legendre(orders[1])
    span = smallest * np.expm1(y_end / 2)
    gap = span * v**_STEEPNESS
    w = maps.logarithmic_coordinate(y_end - np.log1p(gap / smallest))
    slope = maps.logarithmic_jacobian(w)
    kernel = tables.interpolate(track, w) / np.where(slope > 0, slope, np.inf) / initial
    far = weight * kernel * span * _STEEPNESS * v ** (_STEEPNESS - 1)
    return np.concatenate([smallest * np.expm1(y_end - y), gap], axis=-1), np.concatenate([near, far], axis=-1)
