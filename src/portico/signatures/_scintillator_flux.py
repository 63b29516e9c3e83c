r"""Fluxes of millicharged particles for rows of parameters: computed once per point, for all values of the coupling that is limited.

A row is a set of parameters with one coupling (epsilon, kappa, ...); rows that differ in the coupling only belong to one point.
Where particle couplings are proportional to the coupling and nothing else depends on it, one flux per charge squared serves
all rows of a point. Elsewhere (a Z' whose width holds its decays to the Standard Model) it is computed exactly at nodes even in the
logarithm of the coupling and interpolated by cubics; the difference to every second node enters the error. Nodes at which the
exchange differs little from that of a lower one are interpolated, those whose events are not near a number that is asked for take the flux of a
lower one; what that misses is in the error. The distribution over velocities is that of the lowest node.

None of this holds where couplings cancel or do not scale with the one that is limited, so rows are computed exactly, each with its own
velocities, at points whose exchange is not proportional to the coupling even where it is small, and elsewhere where what
interpolation and velocities may miss is above :data:`_MISSED` and the number of events is one that is asked for.

In scans of models with a Z', Drell-Yan pairs and quarkonia are known for each row and do not come here
(:mod:`portico.signatures._scintillator_rows`); light mesons, two hits, losses that depend on the velocity and models without a Z' do.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from ..electroweak.exchange import NeutralExchange
from ..models.base import Model
from ..numerics.quadrature import Estimate
from ..production.side_flux import SideFlux
from ._scintillator_fold import from_the_top
from .base import Search

COUPLINGS = ("epsilon", "kappa", "mass_mixing", "kinetic_mixing")
"""Parameters that scale the charge, in the order in which one is taken for the coupling of a model."""
_NODES = 17
_LOWEST = 1e-4
_MOST_KEPT = 16384
_SAME = 4e-3
_MISSED, _UNKNOWN = 5e-3, 0.3
"""What a flux may miss, relative, before it is computed exactly where its events matter, and from where on events are not known well."""
_FLOOR = 1e-3
_AT_ONCE = 16384


class Production(Protocol):
    """What makes the particles; ``window`` holds the smallest and the largest number of events that may be asked for."""

    window: tuple[float, float]

    def total(self, exchange: NeutralExchange, mass: np.ndarray) -> Estimate:
        """Return cross sections (pb) for exchanges of shape (n, k, vectors) and masses (n,): (n, k)."""

    def flux(self, exchange: NeutralExchange, mass: np.ndarray) -> SideFlux:
        """Return them by node of beta gamma for exchanges of shape (n, vectors): (n, 57), and their errors."""

    def events(self, charge: np.ndarray, value: np.ndarray, mass: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Return events for charges and fluxes per charge squared of shape (n, k), masses (n,) and shares from the top (n, 58)."""


class Rows(NamedTuple):
    """A model with parameters that broadcast, as flat rows; ``key`` tells points apart."""

    shape: tuple[int, ...]
    coupling: str
    value: np.ndarray
    mass: np.ndarray
    key: np.ndarray
    model: Model


class Rates(NamedTuple):
    """Per row: charge over e, cross section per unit of pseudorapidity and species with its error (pb), mass, and the row of ``share``.

    ``share`` holds the distribution over the nodes of beta gamma by point, adding up to 1 (or to 0), ``above`` its sums from the top.
    """

    charge: np.ndarray
    total: np.ndarray
    error: np.ndarray
    mass: np.ndarray
    point: np.ndarray
    share: np.ndarray
    above: np.ndarray


class _Kept(NamedTuple):
    """Points in the order of their keys: per node of the coupling, charge over coupling and the logarithm of the flux per charge squared.

    ``error`` is that of the flux per charge squared, ``missed`` what interpolation and velocities may miss of it, relative.
    """

    key: np.ndarray
    ratio: np.ndarray
    log_flux: np.ndarray
    error: np.ndarray
    missed: np.ndarray
    share: np.ndarray
    above: np.ndarray


def charge_of(exchange: NeutralExchange) -> np.ndarray:
    """Return the charge of the particle over e: what the photon couples to, over 3/2 of its coupling to up quarks."""
    k = exchange.names.index("photon")
    return np.abs(np.asarray(exchange.particle_vector)[..., k] / (1.5 * np.asarray(exchange.up_vector)[..., k]))


def rows_of(model: Any) -> Rows:
    """Return the rows of a model; the coupling is the one with the most different values."""
    given = {name: value for name, value in model.parameters().items() if value is not None}
    numbers = {name: np.asarray(value, dtype=float) for name, value in given.items() if not isinstance(value, str)}
    shape = np.broadcast_shapes(*(value.shape for value in numbers.values()))
    names = [name for name in COUPLINGS if name in numbers]
    coupling = max(names, key=lambda name: np.unique(numbers[name]).size if numbers[name].ndim else 1)
    seed = hash((model.NAME, coupling, *(item for item in given.items() if isinstance(item[1], str))))
    key: Any = np.uint64(seed & (2**63 - 1))
    with np.errstate(over="ignore"):
        for name in sorted(numbers, key=lambda name: numbers[name].ndim):
            if name != coupling:
                bits = np.array(numbers[name], order="C").view(np.uint64)
                key = (key ^ bits) * np.uint64(0x9E3779B97F4A7C15)
                key = key ^ (key >> np.uint64(29))

    def flat(array: Any) -> np.ndarray:
        return np.broadcast_to(array, shape).ravel()

    return Rows(shape, coupling, flat(numbers[coupling]), flat(numbers["mass"]), flat(key), model)


def exchange_of(rows: Rows) -> tuple[NeutralExchange, np.ndarray]:
    """Return the exchange of all rows, arrays (n, vectors), and their charges over e."""
    made = rows.model.exchange()  # type: ignore[attr-defined]
    exchange = _on_rows(made, rows.shape, rows.mass.size)
    return exchange, charge_of(exchange)


def rates(search: Search, rows: Rows, name: str, production: Production, *, exact: bool) -> Rates:
    """Return the rates of all rows, exactly at each row, or from what is kept of their points for a scan of the coupling.

    ``name`` tells productions apart in what is kept.
    """
    if exact:
        return _exact(rows, np.arange(rows.mass.size), production)
    kept = _kept(search, rows, name, production)
    point = np.searchsorted(kept.key, rows.key)
    nodes = _coupling_nodes(rows)
    ratio = _interpolated(kept.ratio, nodes, point, rows.value)
    flux_of_unit = np.exp(_interpolated(kept.log_flux, nodes, point, rows.value))
    error = _largest_beside(kept.error, nodes, point, rows.value)
    charge = ratio * rows.value
    found = Rates(charge, flux_of_unit * charge**2, error * charge**2, rows.mass, point, kept.share, kept.above)
    if kept.missed.shape[1] == 1:
        return found
    missed = _largest_beside(kept.missed, nodes, point, rows.value)
    poor = np.flatnonzero(missed > _MISSED)
    if poor.size:
        events = production.events(charge[poor, None], flux_of_unit[poor, None], rows.mass[poor], kept.above[point[poor]])[:, 0]  # fmt: skip
        margin = (1 + missed[poor] / _UNKNOWN) ** 2  # infinite where nothing is known
        events = np.maximum(events, 1e-300)
        poor = poor[(events * margin > production.window[0]) & (events < production.window[1] * margin)]
    return _with_rows(found, poor, _exact(rows, poor, production)) if poor.size else found


def _exact(rows: Rows, index: np.ndarray, production: Production) -> Rates:
    """Rates of some rows, each computed by itself."""
    found = []
    for start in range(0, index.size, _AT_ONCE):
        some = index[start : start + _AT_ONCE]
        made = _model_at(rows, some, rows.value[some, None]).exchange()  # type: ignore[attr-defined]
        exchange = _on_rows(made, (some.size, 1), some.size)
        flux = production.flux(exchange, rows.mass[some])
        share = shares(flux.density)
        found.append((charge_of(exchange), np.sum(flux.density, axis=-1), flux.error, rows.mass[some], share, from_the_top(share)))  # fmt: skip
    charge, total, error, mass, share, above = (np.concatenate(part) for part in zip(*found, strict=True))
    return Rates(charge, total, error, mass, np.arange(index.size), share, above)


def _with_rows(rate: Rates, index: np.ndarray, own: Rates) -> Rates:
    """Rates with others in the place of some rows."""
    point = rate.point.copy()
    point[index] = rate.share.shape[0] + own.point
    for part, other in zip(rate[:3], own[:3], strict=True):
        part[index] = other
    return rate._replace(point=point, share=np.concatenate([rate.share, own.share]), above=np.concatenate([rate.above, own.above]))  # fmt: skip


def _on_rows(exchange: NeutralExchange, shape: tuple[int, ...], count: int) -> NeutralExchange:
    """An exchange with its points in one axis."""

    def flat(part: Any) -> np.ndarray:
        array = np.asarray(part, dtype=float)
        return np.broadcast_to(array, (*shape, array.shape[-1])).reshape(count, array.shape[-1])

    return NeutralExchange(exchange.names, *(flat(part) for part in exchange[1:]))


def shares(density: np.ndarray) -> np.ndarray:
    """Return shares of the nodes, adding up to 1, or to 0 where nothing is made."""
    total = np.sum(density, axis=-1, keepdims=True)
    return density / np.where(total > 0, total, 1.0)


def _coupling_nodes(rows: Rows) -> np.ndarray:
    """Logarithms of the couplings at which fluxes are computed where they do not simply scale."""
    limit_range = rows.model.PARAMETERS[rows.coupling].limit_range
    assert limit_range is not None
    return np.linspace(np.log(max(limit_range[0], _LOWEST)), np.log(limit_range[1]), _NODES)


def _kept(search: Search, rows: Rows, name: str, production: Production) -> _Kept:
    """What is kept of all points of these rows; what is missing is computed."""
    place = f"flux {name}"
    kept: _Kept | None = search._prepared.get(place)
    if kept is not None:
        found = np.minimum(np.searchsorted(kept.key, rows.key), kept.key.size - 1)
        missing = kept.key[found] != rows.key
        if not np.any(missing):
            return kept
    else:
        missing = np.ones(rows.key.size, dtype=bool)
    if kept is not None and (np.all(missing) or kept.key.size > _MOST_KEPT):
        kept, missing = None, np.ones(rows.key.size, dtype=bool)  # other points, or too many: begin anew
    where = np.flatnonzero(missing)
    _, first = np.unique(rows.key[where], return_index=True)
    new = _computed(_nodes_of(search, rows, where[first]), production)
    if kept is not None and kept.log_flux.shape[1] == new.log_flux.shape[1]:
        new = _Kept(*(np.concatenate(both) for both in zip(kept, new, strict=True)))
        order = np.argsort(new.key)
        new = _Kept(*(part[order] for part in new))
    search._prepared[place] = new
    return new


class _Nodes(NamedTuple):
    """Points with their exchanges (n, k, vectors) at the nodes of the coupling, and what tells exchanges apart."""

    key: np.ndarray
    couplings: np.ndarray
    exchange: NeutralExchange
    charge: np.ndarray
    mass: np.ndarray
    marks: np.ndarray


def _nodes_of(search: Search, rows: Rows, index: np.ndarray) -> _Nodes:
    """Exchanges of some rows at one coupling where they scale, else at all nodes; kept for the next channel."""
    kept: _Nodes | None = search._prepared.get("nodes")
    if kept is not None and np.array_equal(kept.key, rows.key[index]):
        return kept
    grid = np.exp(_coupling_nodes(rows))
    scales = _scales(rows, index[:1], grid)
    # the first node stands for all couplings below: next to the Z, states end at smaller ones than its own
    lowest = rows.model.PARAMETERS[rows.coupling].limit_range
    assert lowest is not None
    nodes = grid[len(grid) // 2 :][:1] if scales else np.concatenate([[lowest[0]], grid[1:]])
    couplings = np.broadcast_to(nodes, (index.size, nodes.size))
    exchange = _of_shape(_model_at(rows, index, couplings).exchange(), couplings.shape)  # type: ignore[attr-defined]
    exchange, couplings = _held_where_states_end(exchange, couplings)
    charge, mass = charge_of(exchange), rows.mass[index]
    marks = _marks(exchange, charge, mass) if nodes.size > 1 else np.zeros((*charge.shape, 0))
    found = _Nodes(rows.key[index], couplings, exchange, charge, mass, marks)
    search._prepared["nodes"] = found
    return found


def _model_at(rows: Rows, index: np.ndarray, coupling: np.ndarray) -> Model:
    """The model of some rows (along the first axis) at couplings (along the second)."""
    changes: dict[str, Any] = {}
    for name, value in rows.model.parameters().items():
        if value is not None and not isinstance(value, str) and np.ndim(value):
            changes[name] = np.broadcast_to(value, rows.shape).ravel()[index][:, None]
    changes[rows.coupling] = coupling
    return rows.model.with_unchecked(**changes)


def _computed(nodes: _Nodes, production: Production) -> _Kept:
    """Fluxes per charge squared: at the first node, and at the others where they differ."""
    exchange, charge = nodes.exchange, nodes.charge
    first = NeutralExchange(exchange.names, *(part[:, 0] for part in exchange[1:]))
    made = production.flux(first, nodes.mass)
    both = np.sum(made.density, axis=-1), made.error
    value, error = (np.repeat((part / _square(charge[:, 0]))[:, None], charge.shape[1], axis=1) for part in both)
    share = shares(made.density)
    above = from_the_top(share)
    ratio, missed = charge / nodes.couplings, np.zeros(charge.shape)
    if charge.shape[1] > 1:
        made_at_all = value[:, 0] > 0
        missed[_alone(nodes) & made_at_all] = np.inf
        some = np.flatnonzero(np.isfinite(missed[:, 0]))
        _on_nodes(_some_nodes(nodes, some), some, production, value, error, missed, above[some])
        with np.errstate(divide="ignore"):
            missed += _interpolation_error(ratio) / np.where(ratio > 0, ratio, 1.0)
    return _Kept(nodes.key, ratio, np.log(np.maximum(value, 1e-300)), error, missed, share, above)


def _alone(nodes: _Nodes) -> np.ndarray:
    """Points whose exchange is not proportional to the coupling even up to the second node: others do not tell their fluxes."""
    marks = np.abs(nodes.marks[:, 1] - nodes.marks[:, 0])
    ratio = nodes.charge[:, :2] / nodes.couplings[:, :2]
    return (np.max(marks, axis=-1) > _MISSED) | ~(np.abs(ratio[:, 1] - ratio[:, 0]) <= _MISSED * ratio[:, 0])


def _some_nodes(nodes: _Nodes, index: np.ndarray) -> _Nodes:
    if index.size == nodes.mass.size:
        return nodes
    exchange = NeutralExchange(nodes.exchange.names, *(part[index] for part in nodes.exchange[1:]))
    return _Nodes(nodes.key[index], nodes.couplings[index], exchange, nodes.charge[index], nodes.mass[index], nodes.marks[index])  # fmt: skip


def _on_nodes(
    nodes: _Nodes, index: np.ndarray, production: Production, value: np.ndarray, error: np.ndarray, missed: np.ndarray, above: np.ndarray
) -> None:  # fmt: skip
    """Fill value, error and what is missed at all nodes of points that are interpolated, which are some rows of these arrays."""
    if not index.size:
        return
    own, of_own = value[index], error[index]
    off = _differing_nodes(nodes, production, own, of_own, production.events(nodes.charge, own, nodes.mass, above))
    off += _interpolation_error(np.log(np.maximum(own, 1e-300)))
    value[index], error[index], missed[index] = own, of_own + own * off, np.where(own > 0, off, 0.0)
    # velocities are those of the first node: they count where the rock stops part of the particles
    moved = np.max(np.abs(nodes.marks - nodes.marks[:, :1]), axis=-1)
    far = np.flatnonzero(np.max(moved, axis=-1) > _MISSED)
    if far.size:
        plain = np.ones((far.size, above.shape[1]))
        plain[:, -1] = 0.0
        free, stopped = (
            production.events(nodes.charge[far], own[far], nodes.mass[far], sums) for sums in (plain, above[far])
        )
        part = np.where(free > 0, 1 - stopped / np.where(free > 0, free, 1.0), 0.0)
        missed[index[far]] += np.where(own[far] > 0, np.minimum(moved[far], 1.0) * part, 0.0)


def _differing_nodes(
    nodes: _Nodes, production: Production, value: np.ndarray, error: np.ndarray, events: np.ndarray
) -> np.ndarray:
    """Replace fluxes per charge squared from the first node where the exchange is another, upwards; return what is missed, relative.

    A flux is computed where the exchange differs by :data:`_SAME` from the last one computed; between those it is linear in that
    difference. Beyond the nodes that enter it is held.
    """
    exchange, marks = nodes.exchange, nodes.marks
    last, since = marks[:, 0].copy(), np.zeros(nodes.mass.size, dtype=int)
    off, missed = np.zeros(value.shape), np.zeros(value.shape)
    per_flux = events / np.where(value > 0, value, 1.0)
    for k in range(1, marks.shape[1]):
        off[:, k] = np.max(np.abs(marks[:, k] - last), axis=-1)
        missed[:, k] = np.maximum(missed[:, k - 1], off[:, k])
        wanted = np.flatnonzero(_near(per_flux * value, k, production.window) & (off[:, k] > _SAME))
        if not wanted.size:
            continue
        some = NeutralExchange(exchange.names, *(part[wanted, k : k + 1] for part in exchange[1:]))
        made = production.total(some, nodes.mass[wanted])
        new, of_new = (part[:, 0] / _square(nodes.charge[wanted, k]) for part in made)
        for j in range(1, k):
            between = wanted[since[wanted] < j]
            step = new[since[wanted] < j] - value[between, j]
            share = np.minimum(off[between, j] / off[between, k], 1.0)
            value[between, j] += share * step
            missed[between, j] = share * (1 - share) * np.abs(step) / np.maximum(value[between, j], 1e-300)
        value[wanted, k:], error[wanted, k:], missed[wanted, k] = new[:, None], of_new[:, None], 0.0
        last[wanted], since[wanted] = marks[wanted, k], k
    return missed


def _near(events: np.ndarray, k: int, matters: tuple[float, float]) -> np.ndarray:
    """Whether the flux at a node enters where events are of a number that is asked for: cubics and their error take three nodes on either side."""
    window = events[:, max(k - 3, 0) : k + 4]
    if k >= events.shape[1]:
        return np.zeros(events.shape[0], dtype=bool)
    return (np.min(window, axis=1) < matters[1]) & (np.max(window, axis=1) > matters[0])


def _marks(exchange: NeutralExchange, charge: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """What a flux per charge squared depends on, as numbers whose differences are relative ones, shape (n, k, marks).

    Amplitudes count by that of the photon; those of a vector that can be resonant in pairs of the particle, and its width, by themselves.
    """
    heavy = [k for k, name in enumerate(exchange.names) if name != "photon"]
    own, width = (np.asarray(part)[..., heavy] for part in (exchange.mass, exchange.width))
    resonant = own > 2 * mass[:, None, None]
    photon = np.asarray(exchange.up_vector)[..., exchange.names.index("photon"), None]
    unit = 1.5 * photon**2 * np.where(charge > 0, charge, 1.0)[..., None]
    found = [_logarithm(own), np.where(resonant, _logarithm(width), 0.0)]
    particle = np.stack([exchange.particle_vector, exchange.particle_axial]) / unit
    squares: Any = 0.0
    for name in ("up", "down", "lepton"):
        for part in ("vector", "axial"):
            amplitudes = np.asarray(getattr(exchange, f"{name}_{part}")) * particle
            found += list(amplitudes)
            squares = squares + np.sum(amplitudes[..., heavy] ** 2, axis=0)
    found.append(np.where(resonant, 0.5 * _logarithm(squares + _FLOOR**2), 0.0))
    return np.concatenate(found, axis=-1)


def _logarithm(values: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(values, 1e-300))


def _square(charge: np.ndarray) -> np.ndarray:
    return np.where(charge > 0, charge, 1.0) ** 2


def _of_shape(exchange: NeutralExchange, shape: tuple[int, ...]) -> NeutralExchange:
    size = (*shape, len(exchange.names))
    return NeutralExchange(exchange.names, *(np.broadcast_to(np.asarray(part, dtype=float), size) for part in exchange[1:]))  # fmt: skip


def _held_where_states_end(exchange: NeutralExchange, couplings: np.ndarray) -> tuple[NeutralExchange, np.ndarray]:
    """The same with the last node that has states in place of those beyond."""
    finite = np.logical_and.reduce([np.all(np.isfinite(part), axis=-1) for part in exchange[1:]])
    if np.all(finite):
        return exchange, couplings
    last = np.maximum(np.argmin(finite, axis=1) - 1, 0)
    last = np.where(np.all(finite, axis=1), couplings.shape[1] - 1, last)
    node = np.minimum(np.arange(couplings.shape[1]), last[:, None])
    held = (np.take_along_axis(part, node[..., None], axis=1) for part in exchange[1:])
    return NeutralExchange(exchange.names, *held), np.take_along_axis(couplings, node, axis=1)


def _scales(rows: Rows, index: np.ndarray, grid: np.ndarray) -> bool:
    """Whether the couplings of the particle are proportional to the coupling and all else is the same."""
    ends = grid[[0, -1]]
    exchange = _model_at(rows, index, ends[None, :]).exchange()  # type: ignore[attr-defined]
    for name, part in exchange._asdict().items():
        if name == "names":
            continue
        array = np.broadcast_to(np.asarray(part, dtype=float), (1, 2, len(exchange.names)))[0]
        scale = ends[:, None] if name.startswith("particle") else 1.0
        low, high = array / scale
        if not np.allclose(low, high, rtol=1e-12, atol=0.0):
            return False
    return True


def _interpolation_error(values: np.ndarray) -> np.ndarray:
    """The error of cubics between nodes: what they miss at nodes when made of every second one, over 8."""
    missed = np.zeros_like(values)
    if values.shape[-1] < 7:
        return missed
    rough = (-values[..., :-6] + 9 * values[..., 2:-4] + 9 * values[..., 4:-2] - values[..., 6:]) / 16
    missed[..., 3:-3] = np.abs(rough - values[..., 3:-3]) / 8
    missed[..., :3], missed[..., -3:] = missed[..., 3:4], missed[..., -4:-3]
    return missed


def _largest_beside(values: np.ndarray, nodes: np.ndarray, point: np.ndarray, coupling: np.ndarray) -> np.ndarray:
    """The larger of the values at the two nodes beside each coupling."""
    count = values.shape[-1]
    if count == 1:
        return values[point, 0]
    place = np.clip((np.log(np.maximum(coupling, 1e-300)) - nodes[0]) / (nodes[1] - nodes[0]), 0.0, count - 1.0)
    cell = np.minimum(place.astype(int), count - 2)
    return np.maximum(values[point, cell], values[point, cell + 1])


def _interpolated(values: np.ndarray, nodes: np.ndarray, point: np.ndarray, coupling: np.ndarray) -> np.ndarray:
    """Values of points at couplings, by cubics through four nodes; held outside the nodes."""
    count = values.shape[-1]
    if count == 1:
        return values[point, 0]
    place = np.clip((np.log(np.maximum(coupling, 1e-300)) - nodes[0]) / (nodes[1] - nodes[0]), 0.0, count - 1.0)
    cell = np.clip(place.astype(int), 1, count - 3)
    s = place - cell
    flat, base = values.reshape(-1), point * count + cell
    return (
        -s * (s - 1) * (s - 2) / 6 * flat[base - 1] + (s + 1) * (s - 1) * (s - 2) / 2 * flat[base]
        - (s + 1) * s * (s - 2) / 2 * flat[base + 1] + (s + 1) * s * (s - 1) / 6 * flat[base + 2]
    )  # fmt: skip
