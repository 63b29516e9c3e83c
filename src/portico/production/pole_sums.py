r"""Particles at one pseudorapidity from pairs made of a quark and an antiquark, for many exchanges, from :mod:`portico.production.pole_tables`.

Each step is compiled by itself: a single one would look poles up anew for every term of the sum over pairs of vectors.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..electroweak.exchange import NeutralExchange
from ..numerics.batching import batch_size, in_batches
from ..numerics.quadrature import Estimate
from .central_kernels import CELLS
from .drell_yan import PICOBARN
from .pole_tables import BELOW, FIRST, NODES, ROWS, STRIDES, PoleTable, on_ends
from .side_flux import BETA_GAMMA, STEP, between_nodes

_OFF_AXIS = 1.2
"""How far off the real axis nodes are used, in their own distance."""
_UNKNOWN, _CLEAR, _OF_SUMS = 5e-4, 1.5, 1e-4
"""Relative error from which on poles are summed over, where they are that far off the axis in cells of tau; and the error of such a sum."""
_NARROWEST = 1e-13
_FROM_END, _FROM_START = 10, 3.0
"""Distances of the nodes from the largest pair, where S ends in a logarithm, and cells about the smallest, within which a pole is not known."""
_BLOCKS = (1024, 8192)
_COUPLINGS = ("up_vector", "up_axial", "down_vector", "down_axial", "particle_vector", "particle_axial")


def density_at(table: PoleTable, which: np.ndarray, exchange: NeutralExchange) -> Estimate:
    r"""Return dsigma/deta per species at the pseudorapidity of the kernels, pb, with its error.

    Parameters
    ----------
    table : PoleTable            of shape (m,), from :func:`portico.production.pole_tables.stacked`
    which : array, shape (n,)    of integers: whose table
    exchange : NeutralExchange   arrays of shape (n, vectors)

    Returns
    -------
    Estimate of shape (n,)       the error is large or inf where a pole is not known well: on the axis next to the ends of a table

    The same as :func:`portico.production.drell_yan.density_from`. Source: :mod:`portico.production.pole_tables`.
    """
    value, off = _blocks(exchange, table, table.photon[..., None, :], table.nodes[..., None, :], which)
    return Estimate(value, np.hypot(table.error[which] * value, off))


def slow_at(table: PoleTable, which: np.ndarray, exchange: NeutralExchange, log_beta_gamma: np.ndarray) -> Estimate:
    r"""Return what of :func:`density_at` is slower than beta gamma, pb, and the difference to four nodes in place of six.

    Parameters
    ----------
    log_beta_gamma : array, shape (n,)   the rest as for :func:`density_at`

    Returns
    -------
    Estimate of shape (n,)               nan beyond the nodes of the table

    Between two nodes particles are spread as :class:`portico.production.side_flux.SideFlux` says. Source: :func:`density_at`.
    """
    count = table.slow_photon.shape[-2]
    cell, shares = between_nodes(log_beta_gamma, count)
    fine, coarse = _blocks(exchange, table, table.slow_photon, table.slow_nodes, which, cell, *shares)
    known = log_beta_gamma < np.log(BETA_GAMMA[0]) + (count - 2) * STEP
    return Estimate(np.where(known, fine, np.nan), np.abs(fine - coarse))


def poles_in_cells(table: PoleTable, which: np.ndarray, exchange: NeutralExchange) -> np.ndarray:
    """Return the complex places of the poles of the massive vectors in cells of tau, shape (n, vectors). Source: :func:`density_at`."""
    massive = [k for k, name in enumerate(exchange.names) if name != "photon"]
    mass, width = (np.asarray(part)[..., massive] for part in (exchange.mass, exchange.width))
    start, span = (np.asarray(part)[which][..., None] for part in (table.start, table.span))
    return CELLS * np.sqrt((np.log(mass) - start - 0.5j * np.arctan(np.maximum(width / mass, _NARROWEST))) / span)


def _blocks(
    exchange: NeutralExchange, table: PoleTable, photon: Any, nodes: Any, which: np.ndarray, *shares: np.ndarray
) -> Any:
    """Value and error; or, with cells and shares of velocities, value from six nodes and from four."""
    names, twice = exchange.names, len(shares) > 0
    massive = [k for k, name in enumerate(names) if name != "photon"]
    poles = [getattr(exchange, field)[..., k] for field in ("mass", "width") for k in massive]
    columns = [getattr(exchange, field)[..., k] for field in _COUPLINGS for k in range(len(names))]

    def block(*known: Any) -> Any:
        own, rest = known[: 1 + len(shares)], known[1 + len(shares) :]
        mass, width, couplings = rest[: len(massive)], rest[len(massive) : 2 * len(massive)], rest[2 * len(massive) :]
        if not massive:
            return Estimate(*_summed(names, photon, None, [], own, couplings))
        # the poles of all vectors in one go
        each = [np.concatenate([part] * len(massive)) for part in own]
        place = _place(table.start, table.span, table.errors, each[0], np.concatenate(mass), np.concatenate(width))
        phi = _looked_up(twice, place, _beside(nodes, place.first, place.stride, *each))
        place, *phi = _with_sums(table, place, phi, *each)
        return Estimate(*_summed(names, photon, place, phi, own, couplings))

    return in_batches(block, [which, *shares, *poles, *columns], batch_size(which.size, _BLOCKS))


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


# --- one pole --------------------------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where poles lie: s, the first of six nodes, their distance, the place among them, factors of the two columns, how far off the axis.

    Errors are over abs(Phi), that of its imaginary part apart.
    """

    s: _Complex
    first: Any
    stride: Any
    among: _Complex
    factors: tuple[_Complex, _Complex]
    cells_off: Any
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
    for place, cells, offset, least, most in ((above, CELLS, 0, -CELLS, CELLS), (below, BELOW, FIRST, FIRST, NODES - 1)):  # fmt: skip
        real, imag = cells * place.real, cells * place.imag
        level = sum((jnp.abs(imag) > _OFF_AXIS * stride).astype(jnp.int32) for stride in STRIDES)
        reached = (level < len(STRIDES)) & (real <= most - offset)
        if offset == 0:
            reached &= (real + _FROM_END * (1 << level) <= CELLS) & (jnp.hypot(real, imag) > _FROM_START)
        level = jnp.where(reached, level, 0)
        stride = 1 << level
        first = offset + stride * (jnp.floor(real / stride).astype(jnp.int32) - 2)
        first = jnp.clip(first, least, most - 5 * stride)
        node = jnp.clip(offset + jnp.round(real).astype(jnp.int32), offset, most)
        error = jnp.where(reached, errors[which, level, node], jnp.inf)
        kinds.append((error, first, stride, (real + offset - first) / stride, imag / stride))
    under = (kinds[1][0] < kinds[0][0]) & (s.real < smallest)
    error, first, stride, *among = (jnp.where(under, other, one) for one, other in zip(*kinds, strict=True))
    inverse, branch = _continuation(s, ratio, smallest)
    factors = _where(under, 1.0, inverse), _where(under, 0.0, branch)
    # below pairs all is real on the axis, so the imaginary part is as well known as a derivative
    imaginary = jnp.where(under, jnp.minimum(2 * jnp.abs(among[1]), 1.0), 1.0) * error
    return _Place(s, first, stride, _Complex(*among), factors, CELLS * jnp.abs(above.imag), error, imaginary)


def _where(choice: Any, number: float, other: _Complex) -> _Complex:
    return _Complex(jnp.where(choice, number, other.real), jnp.where(choice, 0.0, other.imag))


def _continuation(s: _Complex, ratio: Any, smallest: Any) -> tuple[_Complex, _Complex]:
    """1/s and -[ln(1 - x_0/s) + i pi]/(2 s^2)."""
    size = 1 / (s.real * (1 + ratio**2))
    inverse = _Complex(size, size * ratio)
    real, imag = 1 - smallest * inverse.real, -smallest * inverse.imag
    branch = _Complex(-0.25 * jnp.log(real**2 + imag**2), -0.5 * (jnp.arctan2(imag, real) + np.pi))
    return inverse, _product(branch, _product(inverse, inverse))


@jax.jit
def _beside(nodes: Any, first: Any, stride: Any, which: Any, cell: Any = None, *shares: Any) -> list[Any]:
    """The six nodes beside each pole, shape (n, 8); where a cell is given, sums of three columns with their shares."""
    count = nodes.shape[-2]
    base, flat = which.astype(jnp.int32) * NODES, nodes.reshape(-1, 2 * ROWS)
    found = []
    for j in range(6):
        row = (base + jnp.abs(first + j * stride)) * count
        found.append(flat[row] if cell is None else _of_velocities(flat, row, cell, shares))
    return found


def _of_velocities(flat: Any, row: Any, cell: Any, shares: tuple[Any, ...]) -> Any:
    """Sums of three columns behind given rows."""
    left = cell.astype(jnp.int32)
    each = zip(shares, (jnp.maximum(left, 0), left + 1, left + 2), strict=True)
    return jnp.asarray(sum(share.astype(flat.dtype)[:, None] * flat[row + column] for share, column in each), float)


def _at_rest(photon: Any, which: Any, cell: Any = None, *shares: Any) -> list[Any]:
    """The integral over two photons of the four rows."""
    flat, row = photon.reshape(-1, ROWS), which.astype(jnp.int32) * photon.shape[-2]
    found = flat[row] if cell is None else _of_velocities(flat, row, cell, shares)
    return [found[:, k] for k in range(ROWS)]


@partial(jax.jit, static_argnums=0)
def _looked_up(twice: bool, place: _Place, values: list[Any]) -> list[list[_Complex]]:
    """Phi of the four rows from six nodes, and from the inner four."""
    found = []
    for nodes in (range(6), range(1, 5))[: 1 + twice]:
        weights = _lagrange(place.among, nodes)
        real, imag = (sum(getattr(w, part)[:, None] * values[j] for w, j in zip(weights, nodes, strict=True)) for part in ("real", "imag"))  # fmt: skip
        phi = []
        for k in range(ROWS):
            each = (_product(factor, _Complex(real[:, k + n], imag[:, k + n])) for factor, n in zip(place.factors, (0, ROWS), strict=True))  # fmt: skip
            phi.append(_Complex(*(sum(part) for part in zip(*each, strict=True))))
        found.append(phi)
    return found


def _lagrange(t: _Complex, nodes: range) -> list[_Complex]:
    """Weights of nodes at integers."""
    last = len(nodes) - 1
    left, right = [_Complex(1.0, 0.0)], [_Complex(1.0, 0.0)]
    for j in range(last):
        left.append(_product(left[-1], _Complex(t.real - nodes[j], t.imag)))
        right.append(_product(right[-1], _Complex(t.real - nodes[last - j], t.imag)))
    weights = []
    for j, node in enumerate(nodes):
        value, scale = _product(left[j], right[last - j]), 1 / math.prod(node - other for other in nodes if other != node)  # fmt: skip
        weights.append(_Complex(value.real * scale, value.imag * scale))
    return weights


def _with_sums(table: PoleTable, place: _Place, phi: list[list[_Complex]], which: Any, *shares: Any) -> tuple[Any, ...]:
    """Place and Phi, with sums over the nodes of the integral for those poles that tables do not know and that are clear of the axis."""
    error = np.asarray(place.error)
    poor = np.flatnonzero((error > _UNKNOWN) & (np.asarray(place.cells_off) > _CLEAR))
    if not poor.size:
        return place, *phi
    number, s = np.asarray(which, int)[poor], _Complex(*(np.asarray(part)[poor] for part in place.s))
    found = np.empty((poor.size, ROWS), complex)
    for one in np.unique(number):
        mine = np.flatnonzero(number == one)
        weights = table.measure[one] / table.place[one] / (table.place[one] - (s.real + 1j * s.imag)[mine, None])
        if not shares:
            found[mine] = np.einsum("mn,nr->mr", weights, table.rows[one])  # few: threads are not worth their start
            continue
        ends = np.asarray(table.slow_nodes[one, :FIRST, :, ROWS:], float)
        cell, *each = (np.asarray(part)[poor[mine]] for part in shares)
        places = np.maximum(cell, 0), cell + 1, cell + 2
        sums = (on_ends(weights) @ ends.reshape(FIRST, -1)).reshape(mine.size, -1, ROWS)
        row = np.arange(mine.size)
        found[mine] = sum(share[:, None] * sums[row, at.astype(int)] for share, at in zip(each, places, strict=True))
    new = []
    for some in phi:
        columns = []
        for k, column in enumerate(some):
            real, imag = np.array(column.real), np.array(column.imag)
            real[poor], imag[poor] = found[:, k].real, found[:, k].imag
            columns.append(_Complex(real, imag))
        new.append(columns)
    off, imaginary = np.array(error), np.array(place.error_imaginary)
    off[poor] = imaginary[poor] = _OF_SUMS
    return place._replace(error=off, error_imaginary=imaginary), *new


# --- sums over pairs of vectors --------------------------------------------------------------------------------------


@partial(jax.jit, static_argnums=0)
def _summed(names: tuple[str, ...], photons: Any, places: Any, phi: list[Any], own: tuple[Any, ...], columns: tuple[Any, ...]) -> tuple[Any, Any]:  # fmt: skip
    """Sum over pairs of vectors and its error, or the same from four nodes, pb."""
    size, twice, photon = len(names), len(phi) > 1, _at_rest(photons, *own)
    up_v, up_a, down_v, down_a, own_v, own_a = (columns[k * size : (k + 1) * size] for k in range(len(_COUPLINGS)))
    each: list[Any] = []
    for name in names:
        count = own[0].shape[0]
        start = count * sum(other is not None for other in each)
        mine = lambda part, start=start, count=count: part[start : start + count]  # noqa: E731
        each.append(None if name == "photon" else jax.tree.map(mine, (places, *phi)))
    total: Any = 0.0
    other: Any = 0.0
    for i in range(size):
        for j in range(i + 1):
            both = 1.0 if i == j else 2.0
            up, down = up_v[i] * up_v[j] + up_a[i] * up_a[j], down_v[i] * down_v[j] + down_a[i] * down_a[j]
            vector, axial = both * own_v[i] * own_v[j], both * own_a[i] * own_a[j]
            for row, factor in enumerate((up * vector, down * vector, up * axial, down * axial)):
                value, off = _integral(each[i], each[j], 1, photon[row], row, same=i == j)
                here = factor != 0
                total = total + jnp.where(here, factor * value, 0.0)
                if twice:
                    off, _ = _integral(each[i], each[j], 2, photon[row], row, same=i == j)
                other = other + jnp.where(here, (factor if twice else jnp.abs(factor)) * off, 0.0)
    return PICOBARN * total, PICOBARN * other + 0 * total


def _integral(one: Any, other: Any, which: int, photon: Any, row: int, *, same: bool) -> tuple[Any, Any]:
    """Real part of the integral over two propagators, and its error."""
    if one is None and other is None:
        return photon, photon if which == 2 else 0.0
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
