"""A chain as compiled code wants it: what can follow what, fixed at compilation, and numbers, which may change from point to point."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from ..decays.chain import Chain
from ..errors import InvalidInput
from .three_body import CELLS, PAIRS, pair_mass, pair_mass_table

_ALWAYS = 2.0  # above any uniform number


class Topology(NamedTuple):
    """What can follow what: one compilation for each.

    modes   pairs of fermions that the mediator decays to, by index
    edges   (parent, daughter) of each decay that occurs, to any pair; each has one slot per pair of ``three_body.PAIRS``
    steps   decays in a row
    """

    modes: tuple[tuple[int, int], ...]
    edges: tuple[tuple[int, int], ...]
    steps: int

    def slots(self, state: int) -> list[int]:
        """Return the slots of the decays of a fermion."""
        return [
            edge * len(PAIRS) + pair
            for edge, (parent, _) in enumerate(self.edges)
            if parent == state
            for pair in range(len(PAIRS))
        ]

    def daughter(self, slot: int) -> int:
        """Return the fermion that the decay of a slot leads to."""
        return self.edges[slot // len(PAIRS)][1]

    def states(self, leg: int) -> list[tuple[int, ...]]:
        """Return the fermions that a leg can hold before each step, and what is left."""
        found = [tuple(sorted({mode[leg] for mode in self.modes}))]
        for _ in range(self.steps):
            later = {self.daughter(slot) for state in found[-1] for slot in self.slots(state)}
            stable = {state for state in found[-1] if not self.slots(state)}
            found.append(tuple(sorted(later | stable)))
        return found


class Numbers(NamedTuple):
    """The numbers behind a topology; rows by mode, fermion or slot.

    mode_limit (m,) cumulative shares; mode_index (m,) index into the modes of the chain; mode_square (m, 3): vector^2 + axial^2,
    vector^2 - axial^2, their product (0 for Majorana fermions); decay_limit (d,) cumulative shares within a parent; decay_index (d,)
    into the decays of the chain; square (d, 3); is_hadronic (d,); each (d,) mass of each of the pair; table (d, cells+1).
    """

    mass: Float[Array, ""]
    masses: Float[Array, " f"]
    ctau_unit_cm: Float[Array, " f"]
    mode_limit: Float[Array, " m"]
    mode_index: Int[Array, " m"]
    mode_square: Float[Array, "m 3"]
    decay_limit: Float[Array, " d"]
    decay_index: Int[Array, " d"]
    square: Float[Array, "d 3"]
    is_hadronic: Bool[Array, " d"]
    each: Float[Array, " d"]
    table: Float[Array, "d _"]


def chosen_modes(chain: Chain, modes: Sequence[int] | None) -> list[int]:
    """Return the modes that events are drawn from: those asked for, or all with a branching ratio above 0.

    Raises InvalidInput where none is left and for an index that the chain does not have.
    """
    if modes is None:
        found = [index for index, mode in enumerate(chain.modes) if mode.ratio > 0]
        if not found:
            raise InvalidInput(
                "the mediator has no open dark decay: no events can be drawn; check its mass against twice the fermions' masses."
            )
        return found
    for mode in modes:
        if not 0 <= mode < len(chain.modes):
            raise InvalidInput(f"mode {mode} of {len(chain.modes)} modes; expected 0 to {len(chain.modes) - 1}.")
        if not chain.modes[mode].ratio > 0:
            raise InvalidInput(f"mode {mode} is closed: its branching ratio is {chain.modes[mode].ratio:g}.")
    if not modes:
        raise InvalidInput("modes is empty; expected at least one index, or None for all modes.")
    return list(dict.fromkeys(modes))


def _reachable(chain: Chain, modes: Sequence[int]) -> set[int]:
    states = {state for mode in modes for state in (chain.modes[mode].first, chain.modes[mode].second)}
    while True:
        more = states | {d.daughter for d in chain.decays if d.parent in states and d.ratio > 0}
        if more == states:
            return states
        states = more


def topology(chain: Chain, modes: Sequence[int]) -> Topology:
    """Return what can follow what in events of these modes."""
    states = _reachable(chain, modes)
    edges = {(d.parent, d.daughter): None for d in chain.decays if d.ratio > 0 and d.parent in states}
    pairs = tuple((chain.modes[mode].first, chain.modes[mode].second) for mode in modes)
    return Topology(pairs, tuple(sorted(edges)), chain.steps())


def _squares(majorana: bool, vector: float, axial: float) -> tuple[float, float, float]:
    """Return v^2 + a^2, v^2 - a^2 and v a; the last is 0 where v and a are out of phase by i, as between Majorana fermions."""
    return vector**2 + axial**2, vector**2 - axial**2, 0.0 if majorana else vector * axial


def _limits(ratios: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return cumulative shares; from the last one that is open they are above every uniform number."""
    shares = np.asarray(ratios, dtype=float)
    limits = np.cumsum(shares) / np.sum(shares)
    limits[np.flatnonzero(shares > 0)[-1] :] = _ALWAYS
    return limits


@lru_cache(maxsize=64)
def _table(
    masses: tuple[float, float], pair: str, couplings: tuple[float, float], mediator: tuple[float, float]
) -> np.ndarray:
    """The table of a decay, kept: a sample is asked for piece by piece."""
    return pair_mass_table(masses, pair, couplings, mediator)


def numbers(chain: Chain, modes: Sequence[int], layout: Topology) -> Numbers:
    """Return the numbers of a chain for its topology; the tables of the pairs' masses are made here.

    Raises InvalidInput where a decay has a branching ratio but no phase space, and for an unstable fermion without decay length.
    """
    where = {(d.parent, d.daughter, d.pair): index for index, d in enumerate(chain.decays)}
    for decay in chain.decays:
        pair_mass(decay.pair)  # raises for a pair without a slot, which would be lost
    mediator = (chain.mediator_mass, chain.mediator_width)
    count = len(layout.edges) * len(PAIRS)
    ratio, index = np.zeros(max(count, 1)), np.full(max(count, 1), -1)
    square, table = np.ones((max(count, 1), 3)), np.ones((max(count, 1), CELLS + 1))
    for slot in range(count):
        edge = layout.edges[slot // len(PAIRS)]
        index[slot] = where.get((*edge, PAIRS[slot % len(PAIRS)]), -1)
        if index[slot] < 0 or not chain.decays[index[slot]].ratio > 0:
            continue
        decay = chain.decays[index[slot]]
        ratio[slot] = decay.ratio
        square[slot] = _squares(chain.majorana, decay.vector, decay.axial)
        masses = (float(chain.masses[edge[0]]), float(chain.masses[edge[1]]))
        table[slot] = _table(masses, decay.pair, (decay.vector, decay.axial), mediator)
    limit = np.full(ratio.shape, _ALWAYS)
    for state in {parent for parent, _ in layout.edges}:
        slots = layout.slots(state)
        limit[slots] = _limits(ratio[slots])
        if not np.isfinite(chain.ctau_unit_cm[state]):
            raise InvalidInput(f"fermion {state} decays but has the decay length {chain.ctau_unit_cm[state]} cm.")
    chosen = [chain.modes[mode] for mode in modes]
    kind = np.tile(np.arange(len(PAIRS)), max(len(layout.edges), 1))[: ratio.size]
    return Numbers(
        np.float64(chain.mediator_mass),
        np.asarray(chain.masses, dtype=float),
        np.where(np.isfinite(chain.ctau_unit_cm), chain.ctau_unit_cm, 0.0),
        _limits([mode.ratio for mode in chosen]),
        np.asarray(modes, dtype=np.int32),
        np.array([_squares(chain.majorana, mode.vector, mode.axial) for mode in chosen]),
        limit,
        index.astype(np.int32),
        square,
        kind == PAIRS.index("hadrons"),
        np.array([pair_mass(PAIRS[k]) for k in kind]),
        table,
    )


def pick(values: Array, index: Int[Array, " n"], candidates: Sequence[int]) -> Array:
    """Return ``values[index]`` where the index is known to be one of a few: comparisons vectorise, look-ups do not."""
    first, *others = candidates
    start = jnp.broadcast_to(values[first], index.shape)
    return reduce(lambda value, c: jnp.where(index == c, values[c], value), others, start)
