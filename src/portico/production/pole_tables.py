r"""Integrals over the mass of a pair, looked up at the poles of the exchanged vectors instead of done anew for each exchange.

A product of two propagators is a difference of two terms with one pole each, so all that the mass of the pair is integrated over is
one function of the pole for each row h of a kernel:

.. math:: \int\frac{h(x)\,dx}{(x-s_i)(x-s_j^*)} = \frac{s_i\Phi(s_i) - [s_j\Phi(s_j)]^*}{s_i - s_j^*}, \qquad
          \Phi(s) = \int_{x_0}^{x_1}\frac{h(x)}{x}\frac{dx}{x-s}, \qquad s = m^2 - im\Gamma

with x = M^2 and s = 0 for the photon. Beyond the smallest pair, x_0, it is continued from the real axis,

.. math:: \Phi(s) = S(s) - \frac{h(s)}{s}\left[\ln\left(1-\frac{x_0}{s}\right) + i\pi\right],

where S and h are real on the real axis and smooth across x_0. Both are interpolated at complex places between six even nodes in
:math:`\tau = \sqrt{\ln(s/x_0)/\ln(x_1/x_0)}`, of which they are even functions, the farther apart the wider the vector. Well below x_0
it is Phi itself, in :math:`\sqrt{1-s/x_0}`. A table knows no coupling: it serves all exchanges of one mass of the particle.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..electroweak.exchange import NeutralExchange
from ..numerics import quadrature
from ..numerics.batching import in_batches
from ..numerics.quadrature import Estimate
from .central_kernels import CELLS, CentralKernel
from .drell_yan import PICOBARN
from .side_flux import BETA_GAMMA

__all__ = ["PoleTable", "density_at", "pole_table", "slow_at", "stacked"]

_ROWS = 4
_PER_CELL = 3
_STRIDES = 2 ** np.arange(5)
_OFF_AXIS = 1.2
"""How far off the real axis nodes are used, in their own distance."""
_BELOW, _BEYOND = 64, 40
"""Cells below the smallest pair down to s = 0, and nodes beyond."""
_FIRST = CELLS + 1
_NODES = _FIRST + _BELOW + _BEYOND + 1
_ROUGH = ((-5, 3 / 256), (-3, -25 / 256), (-1, 150 / 256), (1, 150 / 256), (3, -25 / 256), (5, 3 / 256))
_SURE = 2.0
"""The error of six nodes twice as far apart over this is that of a table: on the axis it would be 64, at the farthest from it 5."""
_NARROWEST = 1e-13
_BLOCK = 8192


class PoleTable(NamedTuple):
    r"""What poles need of kernels; the rows are T of up and down type, A of up and down type, the nodes 161 above and 52 below.

    Attributes
    ----------
    start, span : arrays, shape (...)      ln of the smallest mass of a pair in GeV, and of the largest over it
    photon : array, shape (..., 4)         integral over two massless vectors, GeV^-2
    nodes : array, shape (..., 213, 8)     s S and 2 s h, then Phi and 0
    errors : array, shape (..., 5, 213)    of what is interpolated by distance of the nodes, relative; inf where it is not
    slow_photon, slow_nodes : arrays, shape (..., k, 4) and (..., 213, k, 8)     the same of particles below each of the first k nodes of beta gamma
    error : array, shape (...)             relative error of the kernel
    """

    start: Any
    span: Any
    photon: Any
    nodes: Any
    errors: Any
    slow_photon: Any
    slow_nodes: Any
    error: Any


# --- tables ----------------------------------------------------------------------------------------------------------


def pole_table(kernel: CentralKernel, fastest: float = 0.0) -> PoleTable:
    """Return the table of one kernel.

    Parameters
    ----------
    kernel : CentralKernel of shape ()
    fastest : float          largest beta gamma below which particles are asked for (:func:`slow_at`); 0 for none

    Source: the module.
    """
    start, span = float(kernel.ends[0]), float(kernel.ends[1] - kernel.ends[0])
    t, weight = quadrature.gauss_legendre(_PER_CELL)
    inside = ((np.arange(CELLS)[:, None] + t) / CELLS).ravel()
    at_node = np.arange(CELLS + 1) / CELLS
    x, own = (np.exp(2 * (start + span * place**2)) for place in (inside, at_node))
    below = own[0] * (1 - (np.arange(_BELOW + _BEYOND + 1) / _BELOW) ** 2)
    measure = np.tile(weight, CELLS) / CELLS * 2 * span * inside  # dM/M
    # dx/(x - x_k)/(2x), without loss of digits where x is next to x_k
    matrix = measure / np.expm1(2 * span * (inside - at_node[:, None]) * (inside + at_node[:, None])) / own[:, None]
    with np.errstate(divide="ignore"):
        logarithm = np.log((own[-1] - own) / own)
    # (h(x) - h(x_k))/(x - x_k) and what is left of it; both times x_k
    alone = (np.where(at_node < 1, logarithm, 0.0) - 2 * (matrix * x).sum(1)) / (2 * own)
    sums = [(matrix / x) * own[:, None], (measure / x) / (x - below[:, None]), (measure / x**2)[None]]
    sums[1][0] = 0.0

    powers = np.asarray(kernel.powers)
    f = t[:, None]
    rows = powers[:, None, 0] + f * (powers[:, None, 1] + f * (powers[:, None, 2] + f * powers[:, None, 3]))
    ends = np.concatenate([powers[:, 0], powers[-1].sum(0)[None]])
    nodes, photon = _integrated([part @ rows.reshape(-1, _ROWS) for part in sums], alone, ends)
    slow = np.zeros((CELLS + 1, 0))
    if fastest > 0:
        count = min(int(np.searchsorted(BETA_GAMMA, fastest)) + 3, BETA_GAMMA.size)
        part = np.cumsum(np.asarray(kernel.velocity)[..., :count], axis=-1) - np.asarray(kernel.velocity)[..., :count]
        slow = np.moveaxis(part, -1, 1).reshape(CELLS + 1, -1)
    linear = [_on_ends(part, t) @ slow for part in sums]
    slow_nodes, slow_photon = _integrated(linear, alone, slow)
    shape = (-1, _ROWS)
    return PoleTable(
        np.array(start), np.array(span), photon[0], nodes.reshape(-1, 2 * _ROWS), _errors(nodes, own),
        slow_photon.reshape(shape), _paired(slow_nodes), np.array(float(kernel.error)),
    )  # fmt: skip


def _integrated(sums: list[np.ndarray], alone: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of both kinds, shape (213, 2, columns), and the integral over two photons."""
    above, below, photon = sums
    first = np.stack([above + alone[:, None] * ends, ends], axis=1)
    return np.concatenate([first, np.stack([below, 0 * below], axis=1)]), photon


def _on_ends(matrix: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Sums over nodes inside cells as sums over their ends, between which all is linear."""
    inside = matrix.reshape(matrix.shape[0], CELLS, t.size)
    found = np.zeros((matrix.shape[0], CELLS + 1))
    found[:, :-1] += inside @ (1 - t)
    found[:, 1:] += inside @ t
    return found


def _paired(nodes: np.ndarray) -> np.ndarray:
    """Nodes (213, 2, columns) as (213, k, 8), in single precision: there are many, and a share need not be known to more."""
    count = nodes.shape[-1] // _ROWS
    return np.moveaxis(nodes.reshape(_NODES, 2, count, _ROWS), 1, 2).reshape(_NODES, count, 2 * _ROWS).astype(np.float32)


def _errors(nodes: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Relative errors, by distance of the nodes: what nodes twice as far apart miss at a node, the largest next to each."""
    found = np.full((_STRIDES.size, _NODES), np.inf)
    above, below = nodes[:_FIRST], nodes[_FIRST:, 0]
    weight = np.stack([np.ones(_FIRST), np.pi / (2 * own)], axis=-1)[..., None]
    size = _positive(np.max(np.sum(weight * np.abs(above), axis=1), axis=-1))
    size_below = _positive(np.max(np.abs(below), axis=-1))
    place = np.arange(_FIRST)
    for level, stride in enumerate(_STRIDES):
        k = np.minimum(place, CELLS - 5 * stride)
        rough = sum(factor * above[np.abs(k + j * stride)] for j, factor in _ROUGH)
        off = np.max(np.sum(weight[k] * np.abs(rough - above[k]), axis=1), axis=-1) / size[k] / _SURE
        beside = (off[np.minimum(np.abs(place + j), CELLS)] for j in (-stride, 0, stride))
        found[level, :_FIRST] = np.maximum.reduce(list(beside))
        k = np.arange(1 + 5 * stride, below.shape[0] - 5 * stride)
        if k.size:
            off = np.max(np.abs(sum(factor * below[k + j * stride] for j, factor in _ROUGH) - below[k]), axis=-1)
            found[level, _FIRST + k[0] + stride :] = np.pad(off / size_below[k] / _SURE, (0, 5 * stride), mode="edge")[:-stride]  # fmt: skip
    return found


def _positive(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, 1.0)


def stacked(tables: list[PoleTable]) -> PoleTable:
    """Return tables along a new first axis; nan beyond the velocities that one knows. Source: the module."""
    most = max(table.slow_photon.shape[0] for table in tables)

    def longer(part: np.ndarray, axis: int) -> np.ndarray:
        widths = [(0, most - part.shape[k] if k == axis else 0) for k in range(part.ndim)]
        return np.pad(part, widths, constant_values=np.nan)

    each = [t._replace(slow_photon=longer(t.slow_photon, 0), slow_nodes=longer(t.slow_nodes, 1)) for t in tables]
    return PoleTable(*(np.stack(part) for part in zip(*each, strict=True)))


# --- at poles --------------------------------------------------------------------------------------------------------


def density_at(table: PoleTable, which: np.ndarray, exchange: NeutralExchange) -> Estimate:
    r"""Return dsigma/deta per species at the pseudorapidity of the kernels, pb, with its error.

    Parameters
    ----------
    table : PoleTable            of shape (m,)
    which : array, shape (n,)    of integers: whose table
    exchange : NeutralExchange   arrays of shape (n, vectors)

    Returns
    -------
    Estimate of shape (n,)       the error is large or inf where poles are not known well: next to the ends of a table, or very wide

    The same as :func:`portico.production.drell_yan.density_from`. Source: the module; :func:`portico.production.central_kernels.central_kernel`.
    """
    value, off, _ = _blocks(exchange, table, table.photon[..., None, :], table.nodes[..., None, :], which)
    return Estimate(value, np.hypot(table.error[which] * value, off))


def slow_at(table: PoleTable, which: np.ndarray, exchange: NeutralExchange, log_beta_gamma: np.ndarray) -> Estimate:
    r"""Return what of :func:`density_at` is slower than beta gamma, pb, and the difference to four nodes in place of six.

    Parameters
    ----------
    log_beta_gamma : array, shape (n,)   the rest as for :func:`density_at`

    Returns
    -------
    Estimate of shape (n,)               nan beyond the nodes of the table

    Between two nodes particles are spread as :class:`portico.production.side_flux.SideFlux` says. Source: the module.
    """
    count = table.slow_photon.shape[-2]
    cell, shares = between_nodes(log_beta_gamma, count)
    fine, _, coarse = _blocks(exchange, table, table.slow_photon, table.slow_nodes, which, cell, *shares)
    known = log_beta_gamma < np.log(BETA_GAMMA[0]) + (count - 2) * _STEP
    return Estimate(np.where(known, fine, np.nan), np.abs(fine - coarse))


_STEP = float(np.log(BETA_GAMMA[1] / BETA_GAMMA[0]))


def between_nodes(log_beta_gamma: np.ndarray, count: int) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Return the cell (-1 below the first node) and the shares of sums below three nodes, it and the next two, for sums below any place.

    Source: the integral of hats on the nodes, :class:`portico.production.side_flux.SideFlux`.
    """
    place = (log_beta_gamma - np.log(BETA_GAMMA[0])) / _STEP
    cell = np.clip(np.floor(place), -1, count - 3).astype(int)
    s = np.clip(place - cell, 0.0, 1.0)
    lower = np.where(cell >= 0, 0.5 * (1 - s) ** 2, 0.0)
    return cell, (lower, 1 - 0.5 * s * s - lower, 0.5 * s * s)


def _blocks(
    exchange: NeutralExchange, table: PoleTable, photon: np.ndarray, nodes: np.ndarray, which: np.ndarray, *shares: np.ndarray
) -> Any:  # fmt: skip
    """Value, error and value from four nodes, in three compiled steps: one would look poles up anew for every term of the sum."""
    names = exchange.names
    parts = [np.broadcast_to(np.asarray(part, float), (which.size, len(names))) for part in exchange[1:]]
    columns = [part[:, k] for part in parts for k in range(len(names))]
    kept = [jnp.asarray(part) for part in (table.start, table.span, table.errors)]
    photon, nodes = jnp.asarray(photon), jnp.asarray(nodes)

    def block(*known: Any) -> Any:
        own, columns = known[: 1 + len(shares)], known[1 + len(shares) :]
        found = []
        for k, name in enumerate(names):
            if name != "photon":
                place = _place(*kept, own[0], columns[k], columns[len(names) + k])
                found.append((place, *_looked_up(nodes, place, *own)))
        return _summed(names, _at_rest(photon, *own), found, columns)

    return in_batches(block, [which, *shares, *columns], _BLOCK)


class _Sums(NamedTuple):
    """A sum over pairs of vectors and its error, and the sum from four nodes, pb."""

    value: Any
    error: Any
    coarse: Any


class _Complex(NamedTuple):
    """Complex numbers as two real arrays: compiled code is faster on these."""

    real: Any
    imag: Any


def _product(one: _Complex, other: _Complex) -> _Complex:
    return _Complex(one.real * other.real - one.imag * other.imag, one.real * other.imag + one.imag * other.real)


def _root(real: Any, imag: Any) -> _Complex:
    """Square roots to the right of the imaginary axis."""
    larger = jnp.sqrt(0.5 * (_size(_Complex(real, imag)) + jnp.abs(real)))
    smaller = 0.5 * imag / jnp.where(larger > 0, larger, 1.0)
    right, sign = real >= 0, jnp.where(imag < 0, -1.0, 1.0)
    return _Complex(jnp.where(right, larger, jnp.abs(smaller)), jnp.where(right, smaller, sign * larger))


def _size(value: _Complex) -> Any:
    """Absolute values, for numbers that are not near the ends of what can be written."""
    return jnp.sqrt(value.real**2 + value.imag**2)


class _Place(NamedTuple):
    """Where poles lie: s, the first of six nodes and their distance, their weights and those of the inner four, factors of the two
    columns, and errors over abs(Phi), that of its imaginary part apart."""  # noqa: D205, D209

    s: _Complex
    first: Any
    stride: Any
    weights: list[_Complex]
    inner: list[_Complex]
    factors: tuple[_Complex, _Complex]
    error: Any
    error_imaginary: Any


@jax.jit
def _place(starts: Any, spans: Any, errors: Any, which: Any, mass: Any, width: Any) -> _Place:
    """Nodes about the pole of a vector, of the kind that knows more."""
    which = which.astype(jnp.int32)
    start, span = starts[which], spans[which]
    ratio = jnp.maximum(width / mass, _NARROWEST)
    s, smallest = _Complex(mass**2, -(mass**2) * ratio), jnp.exp(2 * start)
    above = _root((jnp.log(mass) - start + 0.25 * jnp.log1p(ratio**2)) / span, -0.5 * jnp.arctan(ratio) / span)
    below = _root(1 - s.real / smallest, -s.imag / smallest)
    kinds = []
    for place, cells, offset, least, most in ((above, CELLS, 0, -CELLS, CELLS), (below, _BELOW, _FIRST, _FIRST, _NODES - 1)):  # fmt: skip
        real, imag = cells * place.real, cells * place.imag
        level = sum((jnp.abs(imag) > _OFF_AXIS * stride).astype(jnp.int32) for stride in _STRIDES)
        reached = (level < _STRIDES.size) & (real <= most - offset)
        level = jnp.where(reached, level, 0)
        stride = 1 << level
        first = offset + stride * (jnp.floor(real / stride).astype(jnp.int32) - 2)
        first = jnp.clip(first, least, most - 5 * stride)
        node = jnp.clip(offset + jnp.round(real).astype(jnp.int32), offset, most)
        error = jnp.where(reached, errors[which, level, node], jnp.inf)
        kinds.append((error, first, stride, (real + offset - first) / stride, imag / stride))
    under = (kinds[1][0] < kinds[0][0]) & (s.real < smallest)
    error, first, stride, *t = (jnp.where(under, other, one) for one, other in zip(*kinds, strict=True))
    factors = (_where(under, one, other) for one, other in zip((1.0, 0.0), _continuation(s, ratio, smallest), strict=True))  # fmt: skip
    # below pairs all is real on the axis, so the imaginary part is as well known as a derivative
    imaginary = jnp.where(under, jnp.minimum(2 * jnp.abs(t[1]), 1.0), 1.0) * error
    none, place = _Complex(0.0, 0.0), _Complex(*t)
    inner = [none, *_lagrange(_Complex(t[0] - 1, t[1]), (-6.0, 2.0, -2.0, 6.0)), none]
    weights = _lagrange(place, (-120.0, 24.0, -12.0, 12.0, -24.0, 120.0))
    return _Place(s, first, stride, weights, inner, tuple(factors), error, imaginary)


def _where(choice: Any, number: float, other: _Complex) -> _Complex:
    return _Complex(jnp.where(choice, number, other.real), jnp.where(choice, 0.0, other.imag))


def _continuation(s: _Complex, ratio: Any, smallest: Any) -> tuple[_Complex, _Complex]:
    """1/s and -[ln(1 - x_0/s) + i pi]/(2 s^2)."""
    size = 1 / (s.real * (1 + ratio**2))
    inverse = _Complex(size, size * ratio)
    real, imag = 1 - smallest * inverse.real, -smallest * inverse.imag
    branch = _Complex(-0.25 * jnp.log(real**2 + imag**2), -0.5 * (jnp.arctan2(imag, real) + np.pi))
    return inverse, _product(branch, _product(inverse, inverse))


def _lagrange(t: _Complex, scale: tuple[float, ...]) -> list[_Complex]:
    """Weights of nodes at 0, 1, ...; ``scale`` holds the products of their differences."""
    last = len(scale) - 1
    left, right = [_Complex(1.0, 0.0)], [_Complex(1.0, 0.0)]
    for j in range(last):
        left.append(_product(left[-1], _Complex(t.real - j, t.imag)))
        right.append(_product(right[-1], _Complex(t.real - (last - j), t.imag)))
    found = (_product(left[j], right[last - j]) for j in range(last + 1))
    return [_Complex(value.real / by, value.imag / by) for value, by in zip(found, scale, strict=True)]


@jax.jit
def _looked_up(nodes: Any, place: _Place, which: Any, cell: Any = None, *shares: Any) -> tuple[list[_Complex], list[_Complex]]:  # fmt: skip
    """Phi of the four rows from six nodes and from four; of three columns with their shares where a cell is given."""
    count = nodes.shape[-2]
    base, flat = which.astype(jnp.int32) * _NODES, nodes.reshape(-1, 2 * _ROWS)

    def rows(node: Any) -> Any:
        row = (base + node) * count
        if cell is None:
            return flat[row]
        first = cell.astype(jnp.int32)
        each = zip(shares, (jnp.maximum(first, 0), first + 1, first + 2), strict=True)
        return sum(share[:, None] * flat[row + column] for share, column in each)

    values = [rows(jnp.abs(place.first + j * place.stride)) for j in range(6)]

    def phi(weights: list[_Complex]) -> list[_Complex]:
        real, imag = (sum(getattr(w, part)[:, None] * value for w, value in zip(weights, values, strict=True) if np.ndim(w.real)) for part in ("real", "imag"))  # fmt: skip
        found = []
        for k in range(_ROWS):
            each = (_product(place.factors[n], _Complex(real[:, k + n * _ROWS], imag[:, k + n * _ROWS])) for n in (0, 1))  # fmt: skip
            found.append(_Complex(*(sum(part) for part in zip(*each, strict=True))))
        return found

    return phi(place.weights), phi(place.inner)


@jax.jit
def _at_rest(photon: Any, which: Any, cell: Any = None, *shares: Any) -> list[Any]:
    """The integral over two photons of the four rows."""
    which, count = which.astype(jnp.int32), photon.shape[-2]
    flat = photon.reshape(-1, _ROWS)
    if cell is None:
        found = flat[which]
    else:
        first = cell.astype(jnp.int32)
        each = zip(shares, (jnp.maximum(first, 0), first + 1, first + 2), strict=True)
        found = sum(share[:, None] * flat[which * count + column] for share, column in each)
    return [found[:, k] for k in range(_ROWS)]


@partial(jax.jit, static_argnums=0)
def _summed(names: tuple[str, ...], photon: list[Any], found: list[tuple[Any, ...]], columns: tuple[Any, ...]) -> _Sums:  # fmt: skip
    """Sum over pairs of vectors and its error, and the sum from four nodes, pb."""
    size = len(names)
    part = [columns[k * size : (k + 1) * size] for k in range(len(NeutralExchange._fields) - 1)]
    up_v, up_a, down_v, down_a, _, _, own_v, own_a = part[2:]
    poles = iter(found)
    each = [None if name == "photon" else next(poles) for name in names]
    total, error, coarse = 0.0, 0.0, 0.0
    for i in range(size):
        for j in range(i + 1):
            twice = 1.0 if i == j else 2.0
            up, down = up_v[i] * up_v[j] + up_a[i] * up_a[j], down_v[i] * down_v[j] + down_a[i] * down_a[j]
            vector, axial = twice * own_v[i] * own_v[j], twice * own_a[i] * own_a[j]
            for row, factor in enumerate((up * vector, down * vector, up * axial, down * axial)):
                value, off = _integral(each[i], each[j], 1, photon[row], row, same=i == j)
                rough, _ = _integral(each[i], each[j], 2, photon[row], row, same=i == j)
                here = factor != 0
                total = total + jnp.where(here, factor * value, 0.0)
                coarse = coarse + jnp.where(here, factor * rough, 0.0)
                error = error + jnp.where(here, jnp.abs(factor) * off, 0.0)
    return _Sums(PICOBARN * total, PICOBARN * error + 0 * total, PICOBARN * coarse)


def _integral(one: Any, other: Any, which: int, photon: Any, row: int, *, same: bool) -> tuple[Any, Any]:
    """Real part of the integral over two propagators, and its error."""
    if one is None and other is None:
        return photon, 0.0
    if one is None or other is None:
        pole = other if one is None else one
        phi = pole[which][row]
        return phi.real, _size(phi) * pole[0].error
    (place, place2), phi, phi2 = (one[0], other[0]), one[which][row], other[which][row]
    first, second = _product(phi, place.s), _product(phi2, place2.s)
    if same:
        return first.imag / place.s.imag, _size(first) / jnp.abs(place.s.imag) * place.error_imaginary
    # over s_i - s_j^*, of the first less the second conjugate
    real, imag = place.s.real - place2.s.real, place.s.imag + place2.s.imag
    inverse = 1 / (real**2 + imag**2)
    off = (_size(first) * place.error + _size(second) * place2.error) * jnp.sqrt(inverse)
    return ((first.real - second.real) * real + (first.imag + second.imag) * imag) * inverse, off
