r"""Integrals over the mass of a pair as functions of the poles of the exchanged vectors, tabulated once for each mass of the particle.

A product of two propagators is a difference of two terms with one pole each, so all that the mass of the pair is integrated over is
one function of the pole for each row h of a kernel:

.. math:: \int\frac{h(x)\,dx}{(x-s_i)(x-s_j^*)} = \frac{s_i\Phi(s_i) - [s_j\Phi(s_j)]^*}{s_i - s_j^*}, \qquad
          \Phi(s) = \int_{x_0}^{x_1}\frac{h(x)}{x}\frac{dx}{x-s}, \qquad s = m^2 - im\Gamma

with x = M^2 and s = 0 for the photon. Beyond the smallest pair, x_0, it is continued from the real axis,

.. math:: \Phi(s) = S(s) - \frac{h(s)}{s}\left[\ln\left(1-\frac{x_0}{s}\right) + i\pi\right],

where S and h are real on the real axis and smooth across x_0. Both are interpolated at complex places between six even nodes in
:math:`\tau = \sqrt{\ln(s/x_0)/\ln(x_1/x_0)}`, of which they are even functions, the farther apart the wider the vector. Well below x_0
it is Phi itself, in :math:`\sqrt{1-s/x_0}`. What neither knows well is summed over the nodes of the integral, where the pole is not
next to them. A table knows no coupling: it serves all exchanges of one mass of the particle (:mod:`portico.production.pole_sums`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..numerics import quadrature
from ..numerics.batching import padded_size
from ..numerics.namespace import array_namespace
from .central_kernels import CELLS, CentralKernel
from .side_flux import BETA_GAMMA

ROWS = 4
"""T of up and down type, A of up and down type."""
STRIDES = (1, 2, 4, 8, 16)
"""Distances of the nodes, in cells."""
BELOW, BEYOND = 64, 40
"""Cells below the smallest pair down to s = 0, and nodes beyond."""
FIRST = CELLS + 1
"""The first node below."""
NODES = FIRST + BELOW + BEYOND + 1
"""Nodes of both kinds."""
_PER_CELL = 3
_VELOCITIES = (0, 24, 48, BETA_GAMMA.size)
"""Numbers of velocities that tables hold."""
_ROUGH = ((-5, 3 / 256), (-3, -25 / 256), (-1, 150 / 256), (1, 150 / 256), (3, -25 / 256), (5, 3 / 256))
_SURE = 2.0
"""The error of six nodes twice as far apart over this is that of a table: on the axis it would be 64, at the farthest from it 5."""


class PoleTable(NamedTuple):
    r"""What poles need of kernels; n counts the 480 nodes of the integral, k nodes of beta gamma.

    Attributes
    ----------
    start, span : arrays, shape (...)         ln of the smallest mass of a pair in GeV, and of the largest over it
    photon : array, shape (..., 4)            integral over two massless vectors, GeV^-2
    nodes : array, shape (..., 266, 8)        s S and 2 s h at 161 nodes of tau, then Phi and 0 at 105 below
    errors : array, shape (..., 5, 266)       of what is interpolated by distance of the nodes, relative; inf where it is not
    slow_photon : array, shape (..., k, 4)    the same of particles below each of the first k nodes of beta gamma
    slow_nodes : array, shape (..., 266, k, 8)
    place, measure : arrays, shape (..., n)   x and dM/M
    rows : array, shape (..., n, 4)           2 s h
    error : array, shape (...)                relative error of the kernel
    """

    start: Any
    span: Any
    photon: Any
    nodes: Any
    errors: Any
    slow_photon: Any
    slow_nodes: Any
    place: Any
    measure: Any
    rows: Any
    error: Any


def pole_table(kernel: CentralKernel, fastest: float = 0.0) -> PoleTable:
    """Return the table of one kernel.

    Parameters
    ----------
    kernel : CentralKernel of shape ()   with velocities where ``fastest`` is given
    fastest : float                      largest beta gamma below which particles are asked for; 0 for none

    Source: the module.
    """
    least = int(np.searchsorted(BETA_GAMMA, fastest)) + 3 if fastest > 0 else 0
    count = next((size for size in _VELOCITIES if size >= least), BETA_GAMMA.size)
    found = _tabulated(*kernel[:2], jnp.asarray(kernel.velocity)[..., :count])
    return PoleTable(*(np.asarray(part) for part in (*found, kernel.error)))


@jax.jit
def _tabulated(log_ends: Any, powers: Any, velocity: Any) -> tuple[Any, ...]:
    """All but the last of a table."""
    start, span = log_ends[0], log_ends[1] - log_ends[0]
    t, weight = quadrature.gauss_legendre(_PER_CELL)
    inside = ((np.arange(CELLS)[:, None] + t) / CELLS).ravel()
    at_node = np.arange(FIRST) / CELLS
    x, own = (jnp.exp(2 * (start + span * place**2)) for place in (inside, at_node))
    below = own[0] * (1 - (np.arange(BELOW + BEYOND + 1) / BELOW) ** 2)
    measure = np.tile(weight, CELLS) / CELLS * 2 * span * inside
    # dM/M/(x - x_k), without loss of digits where x is next to x_k
    matrix = measure / jnp.expm1(2 * span * (inside - at_node[:, None]) * (inside + at_node[:, None])) / own[:, None]
    logarithm = jnp.log(jnp.where(at_node < 1, (own[-1] - own) / own, 1.0))
    # [h(x)/x - h(x_k)/x_k]/(x - x_k) and what is left of it; both times x_k
    alone = (logarithm - 2 * matrix @ x) / (2 * own)
    off = x - below[1:, None]  # x_0 itself is not used
    under = jnp.concatenate([jnp.zeros((1, x.size)), measure / x / off])
    sums = [(matrix / x) * own[:, None], under, (measure / x**2)[None]]

    f = t[:, None]
    rows = powers[:, None, 0] + f * (powers[:, None, 1] + f * (powers[:, None, 2] + f * powers[:, None, 3]))
    rows = rows.reshape(-1, ROWS)
    ends = jnp.concatenate([powers[:, 0], powers[-1].sum(0)[None]])
    nodes, photon = _integrated([part @ rows for part in sums], alone, ends)
    slow = jnp.moveaxis(jnp.cumsum(velocity, axis=-1) - velocity, -1, 1).reshape(FIRST, -1)
    slow_nodes, slow_photon = _integrated([on_ends(part) @ slow for part in sums], alone, slow)
    return (
        start, span, photon[0], nodes.reshape(-1, 2 * ROWS), _errors(nodes, own), slow_photon.reshape(-1, ROWS), _paired(slow_nodes),
        x, measure, rows,
    )  # fmt: skip


def _integrated(sums: list[Any], alone: Any, ends: Any) -> tuple[Any, Any]:
    """Nodes of both kinds, shape (266, 2, columns), and the integral over two photons."""
    above, below, photon = sums
    first = jnp.stack([above + alone[:, None] * ends, ends], axis=1)
    return jnp.concatenate([first, jnp.stack([below, 0 * below], axis=1)]), photon


def on_ends(weights: Any) -> Any:
    """Return weights (m, 480) of the nodes of the integral as those of the ends of cells (m, 161), for what is linear between them.

    Source: linear interpolation.
    """
    xp = array_namespace(weights)
    t, _ = quadrature.gauss_legendre(_PER_CELL)
    inside = weights.reshape(weights.shape[0], CELLS, t.size)
    none = xp.zeros((weights.shape[0], 1))
    return xp.concatenate([inside @ (1 - t), none], axis=1) + xp.concatenate([none, inside @ t], axis=1)


def _paired(nodes: Any) -> Any:
    """Nodes (266, 2, columns) as (266, k, 8), in single precision: there are many, and a share need not be known to more."""
    count = nodes.shape[-1] // ROWS
    return jnp.moveaxis(nodes.reshape(NODES, 2, count, ROWS), 1, 2).reshape(NODES, count, 2 * ROWS).astype(jnp.float32)


def _errors(nodes: Any, own: Any) -> Any:
    """Relative errors, by distance of the nodes: what nodes twice as far apart miss at a node, the largest next to each."""
    above, below = nodes[:FIRST], nodes[FIRST:, 0]
    weight = jnp.stack([jnp.ones(FIRST), np.pi / (2 * own)], axis=-1)[..., None]
    size = _positive(jnp.max(jnp.sum(weight * jnp.abs(above), axis=1), axis=-1))
    size_below = _positive(jnp.max(jnp.abs(below), axis=-1))
    of_above, of_below = _tests()
    found, place = [], np.arange(FIRST)
    missed = jnp.abs(of_above @ above.reshape(FIRST, -1)).reshape(len(STRIDES), FIRST, *above.shape[1:])
    for level, stride in enumerate(STRIDES):
        k = np.minimum(place, CELLS - 5 * stride)
        off = jnp.max(jnp.sum(weight[k] * missed[level], axis=1), axis=-1) / size[k] / _SURE
        first = jnp.max(jnp.stack([off[np.minimum(np.abs(place + j), CELLS)] for j in (-stride, 0, stride)]), axis=0)
        second = jnp.full(NODES - FIRST, jnp.inf)
        k = _tested_below(stride)
        if k.size:
            off = jnp.max(jnp.abs(of_below[level] @ below), axis=-1) / size_below[k] / _SURE
            # from one distance farther off x_0 than it could be tested
            second = second.at[k[0] + stride :].set(jnp.pad(off, (0, 5 * stride), mode="edge")[:-stride])
        found.append(jnp.concatenate([first, second]))
    return jnp.stack(found)


def _tested_below(stride: int) -> np.ndarray:
    return np.arange(1 + 5 * stride, BELOW + BEYOND + 1 - 5 * stride)


@cache
def _tests() -> tuple[np.ndarray, list[np.ndarray]]:
    """Matrices from nodes to what nodes twice as far apart miss, by distance: of both kinds."""
    above, below = np.zeros((len(STRIDES), FIRST, FIRST)), []
    for level, stride in enumerate(STRIDES):
        place, k = np.arange(FIRST), np.minimum(np.arange(FIRST), CELLS - 5 * stride)
        inner = _tested_below(stride)
        other = np.zeros((inner.size, BELOW + BEYOND + 1))
        for j, factor in (*_ROUGH, (0, -1.0)):
            np.add.at(above[level], (place, np.abs(k + j * stride)), factor)
            other[np.arange(inner.size), inner + j * stride] += factor
        below.append(other)
    return above, below


def _positive(values: Any) -> Any:
    return jnp.where(values > 0, values, 1.0)


def stacked(tables: list[PoleTable]) -> PoleTable:
    """Return tables along a new first axis, ready for look-up; nan beyond the velocities that one knows.

    There may be more of them than were given, so that numbers that differ little are looked up by the same compiled code. Source: the module.
    """
    most = max(table.slow_photon.shape[0] for table in tables)

    def longer(part: np.ndarray, axis: int) -> np.ndarray:
        widths = [(0, most - part.shape[k] if k == axis else 0) for k in range(part.ndim)]
        return np.pad(part, widths, constant_values=np.nan)

    each = [t._replace(slow_photon=longer(t.slow_photon, 0), slow_nodes=longer(t.slow_nodes, 1)) for t in tables]
    found = PoleTable(*(np.stack(part) for part in zip(*each, strict=True)))
    more = padded_size(len(tables)) - len(tables)
    compiled = {}
    for name in PoleTable._fields[:7]:  # carried over once
        part = getattr(found, name)
        compiled[name] = jnp.asarray(np.concatenate([part, np.zeros((more, *part.shape[1:]), part.dtype)]))
    return found._replace(**compiled)
