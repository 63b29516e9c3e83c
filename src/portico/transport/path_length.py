r"""A beam folded with its track length in a thick target: total path length per energy.

The result does not depend on the dark-sector model, so it is folded once per search and reused for every mass and
coupling: rates are :math:`N = n\int dE'\,F(E')\,\sigma(E')` with the density n of targets.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..flux import Flux
from ..numerics import maps, quadrature, tables
from ..numerics.namespace import array_namespace
from .electromagnetic_cascade import opposite_charge_kernel, track_length_kernels

_W_ORDERS = (32, 20)


class PathLength(NamedTuple):
    """Path length of a beam per energy, F(E'), in cm/GeV times particles, in one or several parts.

    Smooth between ``edges`` (GeV). Towards each of ``beam_edges``, the edges of the beam's spectrum, it bends from below
    like 1/ln, so the table of each piece has the coordinate :func:`piece_coordinate`. Its rows are the pieces of the first
    part, then those of the next. ``relative_error`` is the largest error of the table over its value there.
    """

    edges: Float[Array, " edges"]
    beam_edges: Float[Array, " beam_edges"]
    table: tables.Table
    relative_error: Float[Array, "parts pieces"]


def track_tables(
    depths: tuple[float, float], largest_y: float, *, method: str, primary: str = "e+", count: int = 129
) -> tuple[tables.Table, tables.Table]:
    """Return track-length kernels K on an even grid in w, from 0 to the value of ``largest_y`` = ln(E/E').

    The first is for positrons and the first thickness of ``depths`` (radiation lengths), the second for positrons and
    electrons and the second thickness; ``primary`` is "e+" or "e-".

    Source: :func:`portico.transport.electromagnetic_cascade.track_length_kernels`, and for the positrons of an electron's shower
    :func:`portico.transport.electromagnetic_cascade.opposite_charge_kernel`.
    """
    upper = 1 / np.log1p(1 / largest_y)
    w = np.linspace(0.0, upper, count)
    positron, both = track_length_kernels(w, np.array(depths)[:, None], method=method)
    first = positron[0] if primary == "e+" else opposite_charge_kernel(w, depths[0], method=method)
    return tables.make_table(first, 0.0, upper), tables.make_table(both[1], 0.0, upper)


def path_edges(flux_edges: np.ndarray, minimum_fraction: float, energy_gain: float) -> np.ndarray:
    """Return the energies between which the path length is smooth: flux edges, and those times the smallest fraction.

    Source: limits of the integral in :func:`path_length`.
    """
    lowest = minimum_fraction * flux_edges - energy_gain
    return np.unique(np.concatenate([flux_edges, lowest]))


_RESOLUTION = 1e-9  # of a piece, below which the logarithmic end is taken as flat
_SPAN = float(np.log1p(1 / _RESOLUTION))


def piece_coordinate(fraction: ArrayLike) -> Float[Array, "..."]:
    r"""Return the table coordinate in [0, 1] of a fraction f = (r-E)/(r-l) of a piece from l to r.

    .. math:: c = \tfrac12\left[f + \ln(1 + f/\eta)/\ln(1+1/\eta)\right], \qquad \eta = 10^{-9}

    even in f at the left end and in ln f towards the right one. The table holds F at f + eta, so that it is flat at its
    end. Source: the track length is a smooth function of the logarithm of the energy lost, see
    :mod:`portico.numerics.maps`.
    """
    xp = array_namespace(fraction)
    fraction = xp.maximum(fraction, 0.0)
    return 0.5 * fraction + xp.log(1 + fraction * (1 / _RESOLUTION)) * (0.5 / _SPAN)


@cache
def piece_fractions(points: int) -> np.ndarray:
    """Return fractions at which :func:`piece_coordinate` is even, from 0 to 1. Source: Newton steps in ln(1 + f/eta)."""
    target = np.linspace(0.0, 1.0, points)
    grid = np.linspace(0.0, _SPAN, 4096)
    growth = np.interp(target, 0.5 * (_RESOLUTION * np.expm1(grid) + grid / _SPAN), grid)
    for _ in range(20):
        value = 0.5 * (_RESOLUTION * np.expm1(growth) + growth / _SPAN)
        growth -= (value - target) / (0.5 * (_RESOLUTION * np.exp(growth) + 1 / _SPAN))
    return _RESOLUTION * np.expm1(growth)


def _fold(
    energy: Array,
    above: Array,
    flux: Flux,
    track: tables.Table,
    minimum_fraction: ArrayLike,
    energy_gain: ArrayLike,
    rule: tuple[Array, Array],
) -> Array:
    """F(E')/X0 at energies; ``above`` = ln(e_j/E') for each flux edge e_j, given so that no digits are lost near 0."""
    largest = jnp.log((energy + energy_gain) / (minimum_fraction * energy))[..., None]
    start, stop = jnp.clip(above[..., :-1], 0.0, largest), jnp.clip(above[..., 1:], 0.0, largest)
    # sin^2 at both ends: the beam's spectrum may start like a square root
    w_start, w_stop = maps.logarithmic_coordinate(start), maps.logarithmic_coordinate(stop)
    u, weight = rule
    w = w_start[..., None] + (w_stop - w_start)[..., None] * jnp.sin(jnp.pi * u / 2) ** 2
    weight = weight * (w_stop - w_start)[..., None] * jnp.pi / 2 * jnp.sin(jnp.pi * u)
    y = maps.from_logarithmic_coordinate(w)
    left, right = flux.edges[:-1, None], flux.edges[1:, None]
    initial = jnp.clip(energy[..., None, None] * jnp.exp(y), left, right)
    piece = jnp.broadcast_to(jnp.arange(left.shape[0])[:, None], initial.shape)
    density = flux.density_in_piece(piece, initial)
    return jnp.sum(weight * tables.interpolate(track, w) * density, axis=(-2, -1))


def path_length(
    flux: Flux,
    edges: np.ndarray,
    track: tables.Table,
    radiation_length_cm: float,
    minimum_fraction: float,
    *,
    energy_gain: float = 0.0,
    points: int = 1025,
) -> PathLength:
    r"""Return the path length of a beam per energy, with a cut on the energy relative to the initial one.

    .. math:: F(E') = \int dE\,\frac{dN}{dE}\,T_e(E', E)\,\Theta(E' + \Delta > x_0 E)
                    = X_0\int dw\,K(w)\,\frac{dN}{dE}\Big|_{E = E' e^{y(w)}}

    Parameters
    ----------
    flux : Flux                     the beam that enters
    edges : array                   from :func:`path_edges`
    track : Table                   from :func:`track_tables`, for the thickness of the target
    radiation_length_cm : float     X0
    minimum_fraction : float        x_0 > 0
    energy_gain : float             Delta, GeV: what the target adds to E' (the mass of an atomic electron)
    points : int                    odd; table points per piece

    Source: definition; arXiv:2212.04252 writes it inside N_ann with the order of integration reversed.
    """
    fractions = piece_fractions(points)
    fine, coarse = (quadrature.gauss_legendre(order) for order in _W_ORDERS)
    missing = (0, _W_ORDERS[0] - _W_ORDERS[1])
    coarse = np.pad(coarse[0], missing, mode="edge"), np.pad(coarse[1], missing)  # the same shape, so compiled once
    values, check = (
        radiation_length_cm * np.asarray(_folded(flux, edges, fractions, track, minimum_fraction, energy_gain, rule))
        for rule in (fine, coarse)
    )
    zero = np.zeros(len(edges) - 1)
    table = tables.make_table(values, zero, zero + 1)
    return PathLength(np.asarray(edges), np.asarray(flux.edges), table, largest_relative_error(values, check)[None])


def largest_relative_error(values: np.ndarray, check: np.ndarray) -> np.ndarray:
    """Return the largest error of gridded values over the values, shape (..., n) to (...).

    From interpolation and from a coarser integration; values below 1% of a row's mean count as 1% of it.
    Source: :func:`portico.numerics.tables.deviations`.
    """
    scale = np.maximum(values, np.maximum(0.01 * values.mean(axis=-1, keepdims=True), 1e-300))
    table = np.max(tables.deviations(values) / scale[..., 1::2], axis=-1)
    return table + np.max(np.abs(values - check) / scale, axis=-1)


@jax.jit
def _folded(
    flux: Flux,
    edges: Array,
    fractions: Array,
    track: tables.Table,
    minimum_fraction: Array,
    energy_gain: Array,
    rule: tuple[Array, Array],
) -> Array:
    """F/X0 on the grid of the table, shape (pieces, points)."""
    left, right = edges[:-1, None], edges[1:, None]
    below_right = (right - left) * (fractions + _RESOLUTION)
    energy = jnp.maximum(right - below_right, left)
    lost = -jnp.log1p(-jnp.minimum(below_right, right - left) / right)  # ln(r/E')
    above = jnp.log(flux.edges / right[..., None]) + lost[..., None]
    # an edge at or below the piece is never above E': rounding to 1e-16 would cost w(1e-16) = 3% of the kernel
    below_piece = flux.edges <= left[..., None] * (1 + 1e-12)
    above = jnp.where(below_piece, jnp.minimum(above, 0.0), above)
    return _fold(energy, above, flux, track, minimum_fraction, energy_gain, rule)


def evaluate(path: PathLength, energy: ArrayLike) -> Float[Array, "parts ..."]:
    """Return F(E') of each part at any energy, cm/GeV times particles; 0 outside the edges. Source: :func:`path_length`."""
    energy = np.asarray(energy, dtype=float)
    edges = np.asarray(path.edges)
    parts, pieces = path.relative_error.shape
    piece = np.clip(np.searchsorted(edges, energy, side="right") - 1, 0, pieces - 1)
    inside = (energy >= edges[0]) & (energy < edges[-1])
    fraction = np.clip((edges[piece + 1] - energy) / (edges[piece + 1] - edges[piece]), 0.0, 1.0)
    row = piece + pieces * np.arange(parts).reshape(-1, *([1] * energy.ndim))
    return np.where(inside, np.asarray(tables.interpolate_row(path.table, row, piece_coordinate(fraction))), 0.0)


def track_total(track: tables.Table, minimum_fraction: float) -> float:
    r"""Return the track length of one particle above a fraction of its energy, in radiation lengths.

    .. math:: \int_0^{w_0} dw\,e^{-y(w)} K(w), \qquad y(w_0) = \ln 1/x_0

    Source: integral of :func:`portico.transport.electromagnetic_cascade.track_length_kernels`.
    """
    u, weight = quadrature.gauss_legendre(48)
    w = u / np.log1p(-1 / np.log(minimum_fraction))
    y = 1 / np.expm1(1 / np.maximum(w, 1 / 700))
    kernel = np.asarray(tables.interpolate(track, w))
    return float(np.sum(weight * kernel * np.exp(-y)) / np.log1p(-1 / np.log(minimum_fraction)))


def total(path: PathLength) -> float:
    """Return the path length of the whole beam, all parts, cm times particles: Simpson's rule on the grid of the table.

    Source: integral of :func:`evaluate`.
    """
    points = path.table.values.shape[-1]
    slope = 0.5 * (1 + 1 / (_SPAN * (piece_fractions(points) + _RESOLUTION)))  # dc/df
    weight = np.full(points, 2.0)
    weight[1::2], weight[0], weight[-1] = 4.0, 1.0, 1.0
    weight /= 3 * (points - 1)
    values = np.asarray(path.table.values).reshape(*path.relative_error.shape, points)
    return float(np.sum(np.diff(path.edges)[:, None] * weight * values / slope))
