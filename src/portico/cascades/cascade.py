"""The cascade behind a mediator, as a pure function of uniform numbers: for compiled code."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..kinematics import three_body as kinematics
from ..kinematics import two_body
from ..kinematics.four_momentum import Boost, FourMomentum, boost, boost_to, to_array
from . import spin_correlations, three_body
from .layout import Numbers, Topology, pick

DRAWS_PER_STEP = 7


class Draws:
    """Uniform numbers in (0, 1), handed out row by row; two from the 64 random bits of one."""

    def __init__(self, keys: Array, rows: int, number: int) -> None:
        """Draw ``rows`` numbers for each of ``number`` events of each key."""
        shape = ((rows + 1) // 2, number)
        if keys.shape[0] == 1:
            bits = jax.random.bits(keys[0], shape, jnp.uint64)
        else:
            bits = jax.vmap(lambda key: jax.random.bits(key, shape, jnp.uint64), out_axes=1)(keys).reshape(shape[0], -1)
        self._halves = (bits & jnp.uint64(0xFFFFFFFF), bits >> jnp.uint64(32))
        self._next = 0
        self._rows = rows

    def __call__(self) -> Float[Array, " n"]:
        """Return the next row: multiples of 2^-32 plus one half of it, never 0 or 1."""
        if self._next >= self._rows:
            raise IndexError(f"only {self._rows} uniform numbers per event were drawn")
        row, self._next = self._next, self._next + 1
        # the low bits as a signed number: conversion of unsigned ones is not vectorised
        return (self._halves[row % 2][row // 2].astype(jnp.int64).astype(jnp.float64) + 0.5) * 2.0**-32


def keep(values: Any, numbers: Numbers) -> Any:
    """Return the values unchanged, but computed once: without this the compiler computes them anew for each of their uses.

    On a processor it ignores barriers, but cannot look through a choice that it does not know.
    """
    if jax.default_backend() != "cpu":
        return jax.lax.optimization_barrier(values)
    return jax.lax.cond(numbers.mass >= 0, lambda v: v, lambda v: jax.tree.map(jnp.zeros_like, v), values)


class Leg(NamedTuple):
    """One fermion of the mediator's decay and what becomes of it; lists by step."""

    state: list[Int[Array, " n"]]
    fermion: list[FourMomentum]
    decay: list[Int[Array, " n"]]
    minus: list[FourMomentum]
    plus: list[FourMomentum]
    vertex: list[tuple[Array, Array, Array]]


class Spin(NamedTuple):
    """What a leg's first decay needs to know of its fermion's spin.

    vector         its polarisation in its rest frame
    to             the boost from there to the laboratory
    sign           -1.0 for an antiparticle, else 1.0
    """

    vector: spin_correlations.Vector
    to: Boost
    sign: float


def draws_needed(layout: Topology, spin: str) -> int:
    """Return the uniform numbers that the legs of an event take; ``spin`` is one of ``spin_correlations.EXTENTS``."""
    steps = [
        any(layout.slots(state) for state in states)
        for leg in range(2)
        for states in layout.states(leg)[: layout.steps]
    ]
    turns = sum(any(layout.slots(state) for state in layout.states(leg)[0]) for leg in range(2))
    return DRAWS_PER_STEP * sum(steps) + (turns if spin == "fermions" else 0)


def _zero(like: Array) -> FourMomentum:
    zero = jnp.zeros_like(like)
    return FourMomentum(zero, zero, zero, zero)


def _where(condition: Array, yes: FourMomentum, no: FourMomentum) -> FourMomentum:
    return FourMomentum(*(jnp.where(condition, a, b) for a, b in zip(yes, no, strict=True)))


def _slot(u: Array, state: Array, states: tuple[int, ...], numbers: Numbers, layout: Topology) -> Array:
    """The slot of the decay that happens; any slot for stable fermions."""
    found = jnp.zeros_like(state)
    for candidate in states:
        slots = layout.slots(candidate)
        if not slots:
            continue
        # limits grow along the slots of a parent, so the slot is their first plus the number of limits passed
        chosen = jnp.full_like(state, slots[0])
        for before, after in pairwise(slots):
            chosen = jnp.where(u >= numbers.decay_limit[before], after, chosen)
        found = jnp.where(state == candidate, chosen, found)
    return found


class Drawn(NamedTuple):
    """A three-body decay at rest, before it is boosted: its slot, kinematics and the axes it was made with."""

    slot: Array
    daughter: Array
    s: Array
    heavy: Array
    light: Array
    each: Array
    momenta: kinematics.PairDecay


def _draw_decay(state: Array, states: tuple[int, ...], numbers: Numbers, layout: Topology, draw: Draws) -> Drawn:
    """Channel, mass of the pair, direction of the pair and angles of its members."""
    slots = sorted({slot for candidate in states for slot in layout.slots(candidate)})
    slot = _slot(draw(), state, states, numbers, layout)
    daughter = pick(jnp.array([layout.daughter(k) for k in range(max(slots) + 1)]), slot, slots)
    heavy = pick(numbers.masses, state, states)
    light = pick(numbers.masses, daughter, sorted({layout.daughter(k) for k in slots}))
    each = pick(numbers.each, slot, slots)
    cells = numbers.table.shape[-1] - 1
    place = draw() * cells
    cell = place.astype(jnp.int32)
    flat = numbers.table.reshape(-1)
    at = slot * (cells + 1) + cell
    low, high = flat[at], flat[at + 1]
    s = low + (place - cell) * (high - low)
    slot, daughter, heavy, light, each, s = keep((slot, daughter, heavy, light, each, s), numbers)
    squares = (pick(numbers.square[:, 0], slot, slots), pick(numbers.square[:, 1], slot, slots))
    a, _ = three_body.angular_coefficients(s, (heavy, light, each), squares, pick(numbers.is_hadronic, slot, slots))
    axes = keep(two_body.frame_about(2 * draw() - 1, draw()), numbers)
    cosine = keep(three_body.cosine(draw(), a), numbers)
    momenta = keep(kinematics.at_rest((heavy, light, each), s, axes, cosine, draw()), numbers)
    return Drawn(slot, daughter, s, heavy, light, each, momenta)


def follow_leg(
    state: Int[Array, " n"],
    fermion: FourMomentum,
    states: list[tuple[int, ...]],
    numbers: Numbers,
    layout: Topology,
    draw: Draws,
    spin: Spin | None = None,
) -> tuple[Leg, spin_correlations.Vector]:
    """Return a fermion's cascade: every unstable one decays, at a place drawn from its exponential at epsilon = 1.

    With ``spin`` the first decay is correlated with it; the vector that comes back says how the fermion decayed (h of
    :func:`portico.cascades.spin_correlations.analysing_vector`; 0 without spin and for a stable one).

    Source: exponential decay in proper time; :mod:`portico.cascades.three_body`.
    """
    zero = jnp.zeros_like(fermion.energy)
    leg = Leg([state], [fermion], [], [], [], [])
    at: Any = (zero, zero, zero)
    told: Any = at
    for step in range(layout.steps):
        unstable = [candidate for candidate in states[step] if layout.slots(candidate)]
        if not unstable:
            nothing = (jnp.full_like(state, -1), _zero(zero), _zero(zero), (zero, zero, zero))
            _append(leg, (state, fermion, *nothing))
            continue
        drawn = _draw_decay(state, states[step], numbers, layout, draw)
        momenta = drawn.momenta
        if step == 0 and spin is not None:
            momenta, told = _correlated(drawn, spin, numbers, draw)
            does_decay = jnp.any(jnp.stack([state == candidate for candidate in unstable]), axis=0)
            told = tuple(jnp.where(does_decay, h, 0.0) for h in told)
        length = keep(-jnp.log(draw()), numbers) * pick(numbers.ctau_unit_cm, state, states[step]) / drawn.heavy
        vertex: Any = tuple(x + length * p for x, p in zip(at, fermion[1:], strict=True))
        to = keep(boost_to(fermion, drawn.heavy), numbers)
        body, minus, plus = (
            boost(momentum, mass**2, to)
            for momentum, mass in zip(momenta, (drawn.light, drawn.each, drawn.each), strict=True)
        )
        decay, after = (
            pick(numbers.decay_index, drawn.slot, sorted({s for c in unstable for s in layout.slots(c)})),
            drawn.daughter,
        )
        if len(unstable) < len(states[step]):
            decays = jnp.any(jnp.stack([state == candidate for candidate in unstable]), axis=0)
            body, minus, plus = (
                _where(decays, yes, no) for yes, no in ((body, fermion), (minus, _zero(zero)), (plus, _zero(zero)))
            )
            decay, after = jnp.where(decays, decay, -1), jnp.where(decays, after, state)
            vertex = tuple(jnp.where(decays, x, 0.0) for x in vertex)
        state, decay, body, minus, plus, vertex = keep(
            (after.astype(state.dtype), decay, body, minus, plus, vertex), numbers
        )
        fermion, at = body, vertex
        _append(leg, (state, body, decay, minus, plus, vertex))
    return leg, told


def _append(leg: Leg, step: tuple[Any, ...]) -> None:
    """One step more."""
    columns: tuple[Any, ...] = leg
    for column, value in zip(columns, step, strict=True):
        column.append(value)


def _correlated(
    drawn: Drawn, spin: Spin, numbers: Numbers, draw: Draws
) -> tuple[kinematics.PairDecay, spin_correlations.Vector]:
    """A decay turned as its parent's spin wants it, and its h."""
    squares = tuple(numbers.square[drawn.slot, k] for k in range(3))
    analysing = spin_correlations.analysing_vector(
        drawn.momenta,
        (drawn.heavy, drawn.light, drawn.each),
        squares,
        numbers.is_hadronic[drawn.slot],
    )
    analysing = tuple(spin.sign * h for h in analysing)
    return keep(spin_correlations.turned(drawn.momenta, spin.vector, analysing, draw()), numbers)


def _momenta(legs: tuple[Leg, Leg], name: str) -> Array:
    rows = [[to_array(momentum) for momentum in getattr(leg, name)] for leg in legs]
    return jnp.stack([jnp.stack(row, axis=1) for row in rows], axis=1)


def stacked(legs: tuple[Leg, Leg], steps: int, number: int) -> dict[str, Array]:
    """Return the columns of a sample that tell of the legs."""
    fermion = _momenta(legs, "fermion")
    state = jnp.stack([jnp.stack(leg.state, axis=1) for leg in legs], axis=1)
    if steps == 0:
        none = jnp.zeros((number, 2, 0, 4))
        empty = {"minus": none, "plus": none, "vertex": none[..., :3]}
        return {"state": state, "fermion": fermion, "decay": jnp.zeros((number, 2, 0), state.dtype), **empty}
    return {
        "state": state,
        "fermion": fermion,
        "decay": jnp.stack([jnp.stack(leg.decay, axis=1) for leg in legs], axis=1),
        "minus": _momenta(legs, "minus"),
        "plus": _momenta(legs, "plus"),
        "vertex": jnp.stack([jnp.stack([jnp.stack(v, axis=-1) for v in leg.vertex], axis=1) for leg in legs], axis=1),
    }
