"""Events as flat columns: one row per particle, in the order in which they are made, with codes, parents and vertices.

What every format writes. Nothing here loops over events.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import particles
from ..cascades.event_source import Beams, EventSource
from ..cascades.sample import Sample
from ..decays.chain import Chain
from ..errors import InvalidInput, NumericsError
from . import codes

Array = np.ndarray

_CONSERVED = 1e-6
"""Photon and mediator add up to the beams to this fraction of the energy; beams are matched by it."""


class Record(NamedTuple):
    """A chunk of events; columns of ``n`` events, and of all their ``p`` particles in a row.

    number    (n,)      of the event in its sample, from 0
    weight    (n,)      1 on average over the sample
    mode      (n,)      index into the modes of the chain
    offsets   (n+1,)    event k holds particles offsets[k] to offsets[k+1] - 1
    id        (p,)      particle code
    status    (p,)      1 final, 2 decayed, 4 beam
    parent    (p,)      place of the parent in the event, from 0; -1 where there is none. Children of place 0, if that is a beam,
                        come from both beams, 0 and 1
    mass      (p,)      GeV, that of the generator (of the mediator: of its momentum)
    momentum  (p, 4)    (E, px, py, pz), GeV
    vertex    (p, 4)    where the particle is made: (c t, x, y, z), cm, from the production point
    """

    number: Array
    weight: Array
    mode: Array
    offsets: Array
    id: Array
    status: Array
    parent: Array
    mass: Array
    momentum: Array
    vertex: Array

    def __len__(self) -> int:
        """Return the number of events."""
        return self.number.size


class _Slots(NamedTuple):
    """The places that an event may fill: columns of (events, places), with the place of each one's parent."""

    filled: list[Any]
    id: list[Any]
    status: list[Any]
    parent: list[int]
    mass: list[Any]
    momentum: list[Any]
    vertex: list[Any]

    def add(self, filled: Any, code: Any, status: Any, parent: int, mass: Any, momentum: Array, vertex: Array) -> int:
        """Append a place and return its index."""
        for column, value in zip(self, (filled, code, status, parent, mass, momentum, vertex), strict=True):
            column.append(value)
        return len(self.parent) - 1


def flatten(sample: Sample, source: EventSource, start: int) -> Record:
    """Return a chunk of a source's sample as flat columns, with vertices at the source's epsilon; ``start`` is its first event.

    The time of a vertex is that of particles which fly straight: :math:`c t` grows by :math:`|\\Delta\\vec x|\\, E/|\\vec p|`.
    Of two Dirac fermions from the mediator one is the antiparticle: the generator does not tell which, since momenta do not
    depend on it; here it is the second in events of even number and the first in others.

    Raises NumericsError where photon and mediator do not add up to the beams.
    """
    given = Sample(*(np.asarray(column) for column in sample))
    count, chain = given.mode.shape[0], source.chain
    number = np.arange(start, start + count)
    slots = _Slots(*([] for _ in _Slots._fields))
    everywhere, origin = np.ones(count, bool), np.zeros((count, 4))
    first = _collision(slots, given, source.beams, start) if source.beams else -1
    if not source.beams and np.any(given.recoil):
        raise InvalidInput("event source: events hold a photon beside the mediator, but no beams are named.")
    mass = np.sqrt(np.maximum(given.mediator[:, 0] ** 2 - np.sum(given.mediator[:, 1:] ** 2, axis=1), 0.0))
    mediator = slots.add(everywhere, codes.MEDIATOR, codes.DECAYED, first, mass, given.mediator, origin)
    fermions = [_fermion(slots, given, chain, (leg, 0), mediator, number, origin) for leg in range(2)]
    vertices = _vertices(given, source.epsilon)
    for step in range(given.decay.shape[2]):
        for leg in range(2):
            fermions[leg] = _decay(slots, given, chain, (leg, step), fermions[leg], number, vertices[:, leg, step])
    return _compress(slots, number, given.weight * count, given.mode)


def _collision(slots: _Slots, given: Sample, beams: tuple[Beams, ...], start: int) -> int:
    """Fill the beams, those of each event which photon and mediator add up to, and the photon; return the parents' place."""
    momenta = np.array([pair.momenta for pair in beams])  # (settings, 2, 4)
    total = given.recoil + given.mediator
    off = np.max(np.abs(total[:, None] - momenta.sum(axis=1)), axis=2)
    nearest = np.argmin(off, axis=1)
    wrong = off[np.arange(off.shape[0]), nearest] > _CONSERVED * total[:, 0]
    if np.any(wrong) or not np.all(np.isfinite(total)):
        bad = int(np.argmax(wrong | ~np.isfinite(total).all(axis=1)))
        raise NumericsError(
            f"event {start + bad}: photon and mediator have {total[bad]} GeV, which no pair of beams has."
        )
    everywhere, origin = np.ones(total.shape[0], bool), np.zeros_like(total)
    for side in range(2):
        ids = np.array([particles.pdg_id(pair.particles[side]) for pair in beams])
        masses = np.array([particles.mass(pair.particles[side]) for pair in beams])
        slots.add(everywhere, ids[nearest], codes.BEAM, -1, masses[nearest], momenta[nearest, side], origin)
    slots.add(everywhere, codes.PHOTON, codes.FINAL, 0, 0.0, given.recoil, origin)
    return 0


def _vertices(given: Sample, epsilon: float) -> Array:
    """Return (c t, x, y, z) of all decays, cm, at this epsilon; shape (n, 2, steps, 4)."""
    place = given.vertex / epsilon**2
    before = np.concatenate([np.zeros_like(place[:, :, :1]), place[:, :, :-1]], axis=2)
    decays = given.decay >= 0
    length = np.where(decays, np.linalg.norm(place - before, axis=3), 0.0)
    momentum = given.fermion[:, :, :-1]
    size = np.linalg.norm(momentum[..., 1:], axis=3)
    time = length * np.where(size > 0, momentum[..., 0] / np.where(size > 0, size, 1.0), 0.0)
    return np.concatenate([np.cumsum(time, axis=2)[..., None], place], axis=3)


def _fermion(
    slots: _Slots, given: Sample, chain: Chain, where: tuple[int, int], parent: int, number: Array, vertex: Array
) -> int:
    """Fill the fermion of a leg before a step; it is there if something decayed to it."""
    leg, step = where
    decay, state = given.decay[:, leg], given.state[:, leg, step]
    filled = decay[:, step - 1] >= 0 if step else np.ones(number.size, bool)
    decays = decay[:, step] >= 0 if step < decay.shape[1] else np.zeros(number.size, bool)
    sign = 1 if chain.majorana else 1 - 2 * ((number + leg) % 2)
    code, status = sign * (codes.FERMION + 1 + state), np.where(decays, codes.DECAYED, codes.FINAL)
    return slots.add(filled, code, status, parent, np.array(chain.masses)[state], given.fermion[:, leg, step], vertex)


def _decay(
    slots: _Slots, given: Sample, chain: Chain, where: tuple[int, int], parent: int, number: Array, vertex: Array
) -> int:
    """Fill what a fermion decays to; return the place of the fermion among it."""
    leg, step = where
    decay = given.decay[:, leg, step]
    fermion = _fermion(slots, given, chain, (leg, step + 1), parent, number, vertex)
    for side, momentum in enumerate((given.minus, given.plus)):
        names = [codes.PAIRS[each.pair][side] for each in chain.decays] or ["e-"]  # no decays: nothing is filled
        ids, masses = np.array([[particles.pdg_id(name), particles.mass(name)] for name in names]).T
        slots.add(
            decay >= 0, ids[decay].astype(int), codes.FINAL, parent, masses[decay], momentum[:, leg, step], vertex
        )
    return fermion


def _compress(slots: _Slots, number: Array, weight: Array, mode: Array) -> Record:
    """Leave out the places that are not filled."""
    filled = np.stack(slots.filled, axis=1)
    chosen = np.flatnonzero(filled)
    place = np.cumsum(filled, axis=1, dtype=np.int16) - np.int16(1)
    nowhere = np.full(number.size, -1, np.int16)

    def column(values: list[Any], kind: Any, *inner: int) -> Array:
        table = np.empty((*filled.shape, *inner), kind)
        for k, value in enumerate(values):
            table[:, k] = value
        return np.take(table.reshape(filled.size, *inner), chosen, axis=0)

    return Record(
        number=number,
        weight=np.asarray(weight, float),
        mode=np.asarray(mode),
        offsets=np.concatenate([[0], np.cumsum(filled.sum(axis=1))]),
        id=column(slots.id, np.int32),
        status=column(slots.status, np.int8),
        parent=column([place[:, k] if k >= 0 else nowhere for k in slots.parent], np.int16),
        mass=column(slots.mass, float),
        momentum=column(slots.momentum, float, 4),
        vertex=column(slots.vertex, float, 4),
    )
