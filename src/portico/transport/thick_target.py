r"""Rates in a thick target: the path length of a beam times cross sections.

Both integrals are exact in the beam: nothing is taken at a mean energy. They run on arrays of points and return an
error estimate per point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..numerics import maps, quadrature, tables
from ..numerics.namespace import array_namespace
from ..numerics.sorting import sort_few
from .path_length import PathLength, piece_coordinate

CrossSection = Callable[[Array, Array], Array]

_LOGARITHMIC_REACH = 0.015  # fraction of the energy over which the logarithmic end of the path length is felt most


def panel_edges(
    path: PathLength, resonance: Array, half_width: Array, threshold: Array, *, near: bool = True
) -> Float[Array, "... edges"]:
    """Return the ends of the panels in E' (GeV), sorted, for each point of shape (...).

    They lie at the edges of the path length and close to each edge of the beam; and, if ``near``, around the resonance,
    dense near it and ever wider away; at the threshold, ever wider away from it; between the resonance and each edge
    of the beam, so that no panel sees both a narrow peak and a logarithmic end.

    On the host for numpy arrays: sorting there costs less than compiling it.

    Source: numerics of :func:`resonant_yield`.
    """
    xp = array_namespace(resonance, half_width, threshold)
    in_order = np.sort if xp is np else sort_few
    resonance, half_width, threshold = resonance[..., None], half_width[..., None], threshold[..., None]
    low, high = xp.maximum(path.edges[0], threshold), path.edges[-1]
    ends = path.beam_edges
    fixed = xp.sort(xp.concatenate([path.edges, ends * (1 - _LOGARITHMIC_REACH)]))
    if not near and path.relative_error.shape[0] == 1:
        return xp.clip(fixed + 0 * resonance, low, xp.maximum(high, low))
    farthest = xp.arcsinh(xp.maximum(xp.abs(high - resonance), xp.abs(path.edges[0] - resonance)) / half_width)
    steps = xp.concatenate([2.0 + 0 * farthest, 6.0 + 0 * farthest, xp.maximum(3 + farthest / 2, 6.0)], axis=-1)
    reach = half_width * xp.sinh(steps)
    if not near:  # photons reach down to the resonance: its panels there, and few over the beam
        middle = xp.maximum(threshold, 0.0) + xp.abs(resonance - xp.maximum(threshold, 0.0)) / 2
        around = xp.concatenate([threshold, middle, resonance - reach, resonance + reach], axis=-1)
        parts = [fixed + 0 * resonance, xp.minimum(around, path.edges[1])]
        return in_order(xp.clip(xp.concatenate(parts, axis=-1), low, xp.maximum(high, low)))
    candidates = [
        xp.broadcast_to(path.edges, resonance.shape[:-1] + path.edges.shape),
        threshold,
        resonance - reach,
        resonance + reach,
        ends - xp.maximum(xp.abs(resonance - ends) / 2, half_width),
        ends - 4 * xp.maximum(xp.abs(resonance - ends) / 2, half_width),
        threshold + xp.maximum(high - threshold, 0.0) * np.array([1 / 64, 1 / 16, 1 / 4]),
        threshold + xp.abs(resonance - threshold) / 2,
        xp.where(threshold < ends, (threshold + ends) / 2, ends),
        ends * (1 - _LOGARITHMIC_REACH) + 0 * resonance,
    ]
    return in_order(xp.clip(xp.concatenate(candidates, axis=-1), low, xp.maximum(high, low)))


def resonant_yield(
    path: PathLength,
    cross_section: CrossSection,
    resonance: ArrayLike,
    half_width: ArrayLike,
    threshold: ArrayLike,
    *,
    edges: ArrayLike | None = None,
) -> quadrature.Estimate:
    r"""Path length times a cross section with a resonance, :math:`\int dE'\,F(E')\,\sigma(E')`.

    Numerics: 15-point Kronrod panels between :func:`panel_edges`. In a panel that ends at an edge of the beam the
    variable is w = 1/ln(1 + 1/ln(r/E')), in which F is smooth; next to the threshold it is the square root of the
    distance; elsewhere asinh of the distance to the resonance in units of its width, in which a Breit-Wigner of any
    width is smooth. The error adds, per panel, the Kronrod estimate and the table error of F.

    Parameters
    ----------
    path : PathLength
    cross_section : callable                  takes E' and E' - E_R (GeV), shape (..., panels, 15); returns GeV^-2
    resonance, half_width : array, shape (...)   E_R and m Gamma / (2 m_e), GeV; the half width > 0
    threshold : array, shape (...)            E' below which the cross section is 0, GeV
    edges : array, shape (..., edges)         panels, from :func:`panel_edges`; made here if left out

    Returns
    -------
    Estimate, shape (parts, ...)              cm GeV^-2 times particles

    Source: N_ann of arXiv:2212.04252 with the order of integration exchanged.
    """
    resonance, half_width, threshold = jnp.broadcast_arrays(
        *(jnp.asarray(a) for a in (resonance, half_width, threshold))
    )
    edges = panel_edges(path, resonance, half_width, threshold) if edges is None else jnp.asarray(edges)
    start, stop = edges[..., :-1, None], edges[..., 1:, None]
    at_beam_edge = jnp.any(stop == path.beam_edges, axis=-1, keepdims=True)
    regular = _regular_nodes(resonance, half_width, threshold, start, jnp.where(at_beam_edge, start, stop))
    ends = jnp.broadcast_to(path.beam_edges, edges.shape[:-1] + path.beam_edges.shape)
    starts = jnp.max(jnp.where(edges[..., None] < ends[..., None, :], edges[..., None], -1.0), axis=-2)
    inside = (starts > 0) & (ends > jnp.maximum(path.edges[0], threshold[..., None]))
    logarithmic = _logarithmic_nodes(resonance, jnp.where(inside, starts, ends)[..., None], ends[..., None])
    # both kinds of panels side by side: the integrand is then compiled once
    nodes = _Nodes(*(jnp.concatenate(pair, axis=-2) for pair in zip(regular, logarithmic, strict=True)))
    piece = jnp.clip(jnp.sum(nodes.middle[..., None] >= path.edges, axis=-1) - 1, 0, path.edges.shape[0] - 2)
    left, right = path.edges[piece], path.edges[piece + 1]
    sigma = jnp.where(nodes.slope > 0, cross_section(nodes.energy, nodes.distance) * nodes.slope, 0.0)
    below_right = jnp.where(nodes.below_stop >= 0, nodes.below_stop, right - nodes.energy)
    return _kronrod_sum(path, piece, below_right, 1 / (right - left), sigma)


def is_far(path: PathLength, resonance: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Return whether resonance and threshold lie so far below the beam that the cross section is smooth over it.

    With photons the path length reaches down to the resonance, but is smooth there.
    Source: at half the lowest energy the distance to the pole is as long as the longest panel.
    """
    lowest = np.asarray(path.edges)[path.relative_error.shape[0] - 1]  # of the beam
    return (resonance < lowest / 2) & (threshold < 0.9 * lowest)


class _Nodes(NamedTuple):
    """Kronrod nodes of panels, (..., panels, 15): E', E' - E_R, dE'/dnode (0 in empty panels), the panel's middle (one per
    panel), and the distance to its end where that is an edge of the beam, else -1."""

    energy: Array
    distance: Array
    slope: Array
    middle: Array
    below_stop: Array


def _regular_nodes(resonance: Array, half_width: Array, threshold: Array, start: Array, stop: Array) -> _Nodes:
    """Panels in asinh of the distance to the resonance, or in the square root of the distance to the threshold."""
    nodes = quadrature.gauss_kronrod_15()[0]
    centre, width, lowest = resonance[..., None, None], half_width[..., None, None], threshold[..., None, None]
    u_start, u_stop = jnp.arcsinh((start - centre) / width), jnp.arcsinh((stop - centre) / width)
    growth = jnp.exp(u_start + (u_stop - u_start) * nodes)
    shrink = 1 / growth
    distance_peak, slope_peak = 0.5 * width * (growth - shrink), 0.5 * (u_stop - u_start) * width * (growth + shrink)
    length = stop - start
    is_root = start <= lowest
    energy = jnp.where(is_root, start + length * nodes**2, jnp.clip(centre + distance_peak, start, stop))
    distance = jnp.where(is_root, energy - centre, distance_peak)
    slope = jnp.where(stop > start, jnp.where(is_root, 2 * length * nodes, slope_peak), 0.0)
    return _Nodes(energy, distance, slope, 0.5 * (start + stop), -jnp.ones_like(energy))


def _logarithmic_nodes(resonance: Array, start: Array, stop: Array) -> _Nodes:
    """Panels that end at an edge of the beam, in the logarithmic coordinate w from w(start) down to 0."""
    nodes = quadrature.gauss_kronrod_15()[0]
    w_start = maps.logarithmic_coordinate(jnp.log(stop / start))
    w = w_start * (1 - nodes)
    below = -stop * jnp.expm1(-maps.from_logarithmic_coordinate(w))
    energy = stop - below
    slope = jnp.where(stop > start, energy * maps.logarithmic_jacobian(w) * w_start, 0.0)
    return _Nodes(energy, energy - resonance[..., None, None], slope, 0.5 * (start + stop), below)


def _kronrod_sum(
    path: PathLength, piece: Array, below_right: Array, inverse_length: Array, sigma: Array
) -> quadrature.Estimate:
    """Sum of F sigma over the nodes (last axis) and panels (last but one), with its error; parts on the first axis."""
    _, kronrod, gauss = quadrature.gauss_kronrod_15()
    parts, pieces = path.relative_error.shape
    row = piece + pieces * jnp.arange(parts).reshape(-1, *([1] * piece.ndim))
    integrand = tables.interpolate_row(path.table, row, piece_coordinate(below_right * inverse_length)) * sigma
    # one product with both rules: the integrand is then evaluated once
    total, embedded = jnp.moveaxis(integrand @ np.stack([kronrod, gauss], axis=-1), -1, 0)
    relative = path.relative_error[:, jnp.squeeze(piece, -1)]
    error = jnp.sum(quadrature.kronrod_error(total, embedded) + relative * total, axis=-1)
    return quadrature.Estimate(jnp.sum(total, axis=-1), error)


def emission_yield(
    energy: Float[Array, " nodes"],
    number: Float[Array, " nodes"],
    track: tables.Table,
    sigma_above: Callable[[Array, Array], Array],
    radiation_length_cm: ArrayLike,
    minimum_fraction: ArrayLike,
    smallest_missing: ArrayLike,
    order: int | quadrature.Rule,
) -> Float[Array, "..."]:
    r"""Path length times a cross section above a cut that refers to the energy of the beam before the target.

    .. math:: \int dE\,\frac{dN}{dE}\,X_0\int dw\,K(w)\,e^{-y}\,\sigma\big(E e^{-y};\ x > x_0 e^{y}\big)

    The energy loss y is outermost, so that :func:`portico.transport.electromagnetic_cascade.track_length_kernels` is
    integrated before any pointwise use.

    Parameters
    ----------
    energy, number : arrays       nodes of the beam from :meth:`portico.flux.Flux.nodes`
    track : Table                 from :func:`portico.transport.path_length.track_tables`
    sigma_above : callable        takes 1 - x_min and the lepton's energy (GeV), both of shape (nodes, order);
                                  returns GeV^-2 of shape (..., nodes, order)
    minimum_fraction : float      x_0
    smallest_missing : float      1 - x below which the cross section is 0 for every energy of the beam
    order : int or rule           nodes in each half of the energy loss

    Returns
    -------
    array, shape (...)            cm GeV^-2 times particles

    Source: N_bre of arXiv:2212.04252, with the integral over E' that its slide omits.
    """
    y_end = -jnp.log(minimum_fraction)
    w, weight = quadrature.scaled(0.0, maps.logarithmic_coordinate(y_end / 2), order)
    y_low = maps.from_logarithmic_coordinate(w)
    # towards the end of the loss the cross section goes like ln(1 - x_min)
    q, weight_q = quadrature.scaled(jnp.log(smallest_missing), jnp.log(-jnp.expm1(-y_end / 2)), order)
    y_high = y_end + jnp.log1p(-jnp.exp(q))
    w_high = maps.logarithmic_coordinate(y_high)
    weight_high = weight_q * jnp.exp(q) / (-jnp.expm1(q)) / maps.logarithmic_jacobian(w_high)
    y, w = jnp.concatenate([y_low, y_high]), jnp.concatenate([w, w_high])
    measure = jnp.concatenate([weight, weight_high]) * tables.interpolate(track, w) * jnp.exp(-y)
    missing = -jnp.expm1(jnp.log(minimum_fraction) + y)
    lepton_energy = energy[:, None] * jnp.exp(-y)
    sigma = sigma_above(jnp.broadcast_to(missing, lepton_energy.shape), lepton_energy)
    return radiation_length_cm * jnp.sum(number[:, None] * measure * sigma, axis=(-2, -1))
