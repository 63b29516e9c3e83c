r"""Particles of one mass at one pseudorapidity from pairs made of a quark and an antiquark: what does not depend on the couplings.

A kernel holds the integrals over the angle of the pair's decay as functions of the pair's mass; any number of exchanges is then a sum over
nodes in the pair's mass (:mod:`portico.production.drell_yan`), so that a map of 200 x 200 points takes about two seconds.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import ArrayLike

from ..electroweak.exchange import NeutralExchange
from ..errors import unknown_name
from ..numerics import quadrature, splines
from ..numerics.namespace import array_namespace
from . import parton_tables, resonance_panels
from .neutral_amplitudes import strengths
from .parton_tables import MINIMUM_PAIR_MASS, PartonLuminosities, check_pair_mass, pair_mass_ends
from .side_flux import BETA_GAMMA

__all__ = ["CELLS", "VELOCITY", "CentralKernel", "at_nodes", "central_kernel", "for_each"]


class CentralKernel(NamedTuple):
    r"""What one mass and one pseudorapidity need of a table: integrals over the angle of the pair's decay, by mass of the pair.

    Rows: T of up type and down type, A of up type and down type, as functions of
    :math:`\tau = \sqrt{\ln(M/M_0)/\ln(M_1/M_0)}` from the smallest to the largest mass of the pair.

    Attributes
    ----------
    ends : array, shape (..., 2)                ln of M0 and M1 in GeV
    powers : array, shape (..., cells, 4, 4)    cubic polynomial in each cell of tau (third axis: powers), by row; GeV^2
    velocity : array, shape (..., cells+1, 4, n)   the same shared out among the n nodes of BETA_GAMMA; n is 0 if not asked for
    error : array, shape (...)                  relative numerical error of the angular integral and of the table
    """

    ends: Any
    powers: Any
    velocity: Any
    error: Any


CELLS = 160
"""Even cells in tau."""
_ANGLES = (48, 32)
VELOCITY = ("summed", "resolved")
"""Whether a kernel keeps the velocity of the particles."""


def central_kernel(
    table: PartonLuminosities,
    mass: ArrayLike,
    pseudorapidity: float,
    *,
    minimum_pair_mass: float = MINIMUM_PAIR_MASS,
    maximum_pair_mass: float | None = None,
    velocity: str = "summed",
) -> CentralKernel:
    r"""Return what :func:`portico.production.drell_yan.density_from` needs for particles of one mass at one pseudorapidity, whatever is exchanged.

    .. math:: \frac{d\sigma}{d\ln M\,d\eta} = \frac{M^2\beta}{48\pi}\sum_q\int_{-1}^1 dc\,\frac{p}{E}\,
              \{T_q(1+c^2+4x s^2) + A_q\beta^2(1+c^2)\}\,[L_q(y) + L_q(-y)]

    with c the cosine of the angle in the rest frame of the pair, s its sine, p and E momentum and energy in the laboratory:
    :math:`p_T = \frac{M\beta}{2}s,\ p = p_T\cosh\eta,\ \sinh y_p = (p_T/m_T)\sinh\eta,\ y = y_p - \mathrm{artanh}(\beta c)`.
    The term odd in c is left out: it cancels between particle and antiparticle.

    Parameters
    ----------
    mass : array, shape (...)    GeV, > 0
    pseudorapidity : float
    velocity : str               one of :data:`VELOCITY`: "resolved" is needed by :func:`portico.production.drell_yan.flux_from`

    Returns
    -------
    CentralKernel of shape (...)

    Raises InvalidInput for a cut that is no range. Source: exact two-body kinematics; arXiv:1506.04760 for the angular distribution.
    """
    check_pair_mass(minimum_pair_mass, maximum_pair_mass)
    if velocity not in VELOCITY:
        raise unknown_name("velocity of a kernel", velocity, VELOCITY)
    xp = array_namespace(*table, mass)
    mass = xp.asarray(mass, dtype=float)
    symmetric = _symmetric(table)

    def one(m: Any) -> CentralKernel:
        lower, upper = pair_mass_ends(table, m, minimum_pair_mass, maximum_pair_mass)
        ends = xp.log(xp.stack([lower, xp.maximum(upper, lower)], axis=-1))
        tau = np.linspace(0, 1, CELLS + 1)
        u = ends[..., :1] + (ends[..., 1:] - ends[..., :1]) * tau**2
        rows, shared = _angular(table, symmetric, m, u, pseudorapidity, _ANGLES[0], velocity)
        some = slice(1, None, 8)
        coarse, _ = _angular(table, symmetric, m, u[..., some], pseudorapidity, _ANGLES[1], "summed")
        fine = rows[..., some, :]
        size = xp.sum(xp.abs(fine), axis=(-2, -1))
        error = xp.sum(xp.abs(fine - coarse), axis=(-2, -1)) / xp.where(size > 0, size, 1.0)
        powers = splines.polynomials(xp.moveaxis(rows, -2, -1) @ splines.spline_matrix(CELLS + 1).T)
        return CentralKernel(ends, xp.moveaxis(powers, -3, -1), shared, xp.hypot(error, table.error))

    if xp is not np or mass.ndim == 0:
        return one(mass)
    if mass.size < _WORTH_THREADS:
        each = [one(m) for m in mass.ravel()]
    else:
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            each = list(pool.map(one, mass.ravel()))
    return CentralKernel(*(np.stack(part).reshape(mass.shape + part[0].shape) for part in zip(*each, strict=True)))


def compiled_kernel(
    table: PartonLuminosities, mass: float, pseudorapidity: float, *, minimum_pair_mass: float = MINIMUM_PAIR_MASS
) -> CentralKernel:
    """Return :func:`central_kernel` of one mass with velocities, compiled: for kernels of many masses. Source: there."""
    found = _compiled_kernel(float(pseudorapidity), float(minimum_pair_mass))(table, mass)
    return CentralKernel(*(np.asarray(part) for part in found))


@cache
def _compiled_kernel(pseudorapidity: float, minimum_pair_mass: float) -> Any:
    return jax.jit(
        lambda table, mass: central_kernel(
            table, mass, pseudorapidity, minimum_pair_mass=minimum_pair_mass, velocity="resolved"
        )
    )


def _symmetric(table: PartonLuminosities) -> Any:
    """Coefficients of up type and down type, both orientations, shape (b, 2, a)."""
    xp = array_namespace(*table)
    rows = table.coefficients
    both = xp.stack([rows[0] + rows[3], rows[1] + rows[2] + rows[4]])
    return xp.transpose(both + both[..., ::-1], (2, 0, 1))


def _angular(
    table: PartonLuminosities,
    symmetric: Any,
    mass: Any,
    log_mass: Any,
    pseudorapidity: float,
    order: int,
    velocity: str,
) -> tuple[Any, Any]:
    """Rows of a kernel at masses of the pair, shape (..., n, 4), and shared out among velocities, (..., n, 4, nodes)."""
    xp = array_namespace(*table, mass, log_mass)
    m, u = mass[..., None, None], log_mass[..., None]
    half = xp.exp(u) / 2
    above = half > m * (1 + 1e-14)  # at threshold roots have no derivative
    ratio = xp.where(above, m / half, 0.5)
    beta = xp.where(above, xp.sqrt((1 - ratio) * (1 + ratio)), 0.0)
    whole = xp.where(above, xp.arccosh(1 / ratio), 0.0)
    reach = xp.minimum(whole, table.log_energy - u + abs(pseudorapidity))
    v, weight = quadrature.gauss_legendre(order)
    shift = reach * np.sin(np.pi * (v - 0.5))
    safe = xp.where(whole > 0, whole, 1.0)
    cosine = xp.tanh(shift) / xp.tanh(safe)
    sine2 = xp.maximum(xp.sinh(safe - shift) * xp.sinh(safe + shift), 0.0) / (xp.sinh(safe) * xp.cosh(shift)) ** 2
    measure = weight * np.pi * np.cos(np.pi * (v - 0.5)) * reach / (xp.tanh(safe) * xp.cosh(shift) ** 2)
    transverse = half * beta * xp.sqrt(sine2)
    momentum = transverse * np.cosh(pseudorapidity)
    own = xp.arcsinh(transverse / xp.sqrt(transverse**2 + m**2) * np.sinh(pseudorapidity))
    density = _symmetric_luminosity(table, symmetric, log_mass, own - shift)
    common = xp.exp(2 * u) * beta / (48 * np.pi) * measure * momentum / xp.sqrt(momentum**2 + m**2)
    even = 1 + cosine**2
    angular = [common * (even + ratio**2 * sine2), common * beta**2 * even]
    terms = xp.stack([angular[i] * density[..., j] for i in (0, 1) for j in (0, 1)], axis=-1)
    rows = xp.where(whole > 0, xp.sum(terms, axis=-2), 0.0)
    if velocity == "summed":
        return rows, xp.zeros((*rows.shape, 0))
    place = (xp.log(xp.maximum(momentum / m, 1e-300)) - np.log(BETA_GAMMA[0])) / np.log(BETA_GAMMA[1] / BETA_GAMMA[0])
    shared = _shared_out(xp.where(whole[..., None] > 0, terms, 0.0), xp.clip(place, 0, BETA_GAMMA.size - 1))
    return rows, shared


def _shared_out(terms: Any, place: Any) -> Any:
    """Terms (..., c, 4) at places between the nodes of BETA_GAMMA (..., c), shared linearly between two: (..., 4, nodes)."""
    xp, size = array_namespace(terms, place), BETA_GAMMA.size
    if xp is not np:
        hat = xp.maximum(1 - xp.abs(place[..., None] - np.arange(size)), 0.0)
        return xp.swapaxes(terms, -1, -2) @ hat
    cell, rest = splines.cell_and_rest(place, size - 1)
    points = math.prod(place.shape[:-1])
    flat = (cell.reshape(points, -1) + size * np.arange(points)[:, None]).ravel()
    found = np.empty((*place.shape[:-1], 4, size))
    for k in range(4):
        right = terms[..., k] * rest
        left = np.bincount(flat, (terms[..., k] - right).ravel(), points * size)
        sums = left + np.bincount(flat + 1, right.ravel(), points * size)
        found[..., k, :] = sums.reshape(*place.shape[:-1], size)
    return found


def _symmetric_luminosity(table: PartonLuminosities, symmetric: Any, log_mass: Any, rapidity: Any) -> Any:
    """L(y) + L(-y) of up type and down type, shape (..., n, c, 2)."""
    xp = array_namespace(*table, log_mass, rapidity)
    u = log_mass[..., None]
    rows = parton_tables.along_mass(symmetric, table, log_mass)
    cells = symmetric.shape[0] - 3
    cell, weights = splines.spline_weights(parton_tables.across(table, u, rapidity) * cells, cells)
    total = sum(xp.take_along_axis(rows, (cell + k)[..., None], axis=-2) * weights[..., k, None] for k in range(4))
    norm = xp.exp(parton_tables.along_mass(table.log_norm, table, log_mass))[..., None]
    return total * (norm * parton_tables.end_factor(table, u, rapidity))[..., None]


_AT_ONCE = 64  # exchanges whose nodes fit the cache of a core
_WORTH_COMPILING = 64  # blocks of so many
_WORTH_THREADS = 8


def for_each(function: Callable[..., Any], kernel: CentralKernel, exchange: NeutralExchange, alpha: str) -> Any:
    """``function(kernel, exchange, alpha)`` for each kernel with its exchanges of shape (k..., r..., vectors): arrays (k..., r..., ...).

    Numbers are done on the host, compiled where they are many; traced values by vmap. Source: the module.
    """
    xp = array_namespace(*kernel, *exchange[1:])
    parts = [xp.asarray(part, dtype=float) for part in exchange[1:]]
    kernels = np.shape(kernel.error)
    common = np.broadcast_shapes(*(part.shape for part in parts))
    points = common[len(kernels) : -1]
    count = math.prod(kernels), math.prod(points)
    flat = [xp.broadcast_to(p, (*kernels, *points, common[-1])).reshape((*count, common[-1])) for p in parts]
    each = CentralKernel(*(xp.reshape(part, (count[0], *np.shape(part)[len(kernels) :])) for part in kernel))
    if xp is not np:
        found = jax.vmap(lambda k, *e: function(k, NeutralExchange(exchange.names, *e), alpha))(each, *flat)
        return type(found)(*(part.reshape((*kernels, *points, *part.shape[2:])) for part in found))
    places = [(k, start) for k in range(count[0]) for start in range(0, count[1], _AT_ONCE)]
    many = len(places) >= _WORTH_COMPILING and count[1] >= _AT_ONCE // 2

    def some(place: tuple[int, int]) -> Any:
        k, start = place
        rows = [p[k, start : start + _AT_ONCE] for p in flat]
        own, size = CentralKernel(*(part[k] for part in each)), rows[0].shape[0]
        if not many:
            return function(own, NeutralExchange(exchange.names, *rows), alpha)
        padded = [np.pad(p, ((0, _AT_ONCE - size), (0, 0)), mode="edge") for p in rows]
        found = _compiled(function, exchange.names, alpha)(own, *padded)
        return type(found)(*(np.asarray(part)[:size] for part in found))

    if many:
        first = some(places[0])  # compiled before the others start
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            done = [first, *pool.map(some, places[1:])]
    else:
        done = [some(place) for place in places]
    columns = (np.concatenate(column) for column in zip(*done, strict=True))
    return type(done[0])(*(column.reshape((*kernels, *points, *column.shape[1:])) for column in columns))


@cache
def _compiled(function: Any, names: tuple[str, ...], alpha: str) -> Any:
    return jax.jit(lambda kernel, *parts: function(kernel, NeutralExchange(names, *parts), alpha))


def at_nodes(kernel: CentralKernel, exchange: NeutralExchange, alpha: str) -> tuple[Any, ...]:
    """Nodes of shape (r, n), cells of tau and what is left, and squared amplitudes in the order of a kernel's rows.

    Source: :func:`central_kernel`.
    """
    xp = array_namespace(*kernel, *exchange[1:])
    low, high = xp.asarray(kernel.ends)[..., 0], xp.asarray(kernel.ends)[..., 1]
    at = resonance_panels.nodes(xp.exp(low), xp.exp(high), *resonance_panels.resonances(exchange))
    span = xp.where(high > low, high - low, 1.0)
    tau = xp.sqrt(xp.clip((at.log_mass - low) / span, 1e-300, 1.0))
    part = strengths(exchange, at.log_mass, alpha=alpha)
    rows = part.up_transverse, part.down_transverse, part.up_axial, part.down_axial
    return at, *splines.cell_and_rest(tau * CELLS, CELLS), rows
