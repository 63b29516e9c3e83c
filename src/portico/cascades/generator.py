r"""Events of a mediator that decays to dark fermions, which decay on: production, cascade, vertices, in one compiled kernel.

Events are numbered without end; a seed and a number give one event, whatever is asked for together with it. Vertices are drawn
at epsilon = 1 and hold for every coupling, divided by epsilon^2 (:class:`portico.cascades.sample.Sample`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..decays.chain import Chain
from ..errors import InvalidInput
from ..kinematics import four_momentum, two_body
from ..kinematics.four_momentum import FourMomentum
from ..production import electron_positron_photon
from . import blocks
from .cascade import Draws, Spin, draws_needed, follow_leg, keep, stacked
from .layout import Numbers, Topology, chosen_modes, numbers, pick, topology
from .line_shape import LINE_SHAPES, check_line_shape, mediator_mass_table
from .sample import Sample
from .spin_correlations import (
    Pair,
    correlated_direction,
    extent,
    first_spin,
    polarisation,
    polarisation_in_laboratory,
    second_spin,
)

Reduction = Callable[..., Any]


class ColliderBeams(NamedTuple):
    """Beams that meet head-on: e- along +z; one entry for each centre-of-mass energy.

    electron_energy, positron_energy  GeV; massless beams
    luminosity                        of each, in any unit: their shares matter, times the cross section
    cos_max                           cut on the photon's angle to the beam in the centre of mass, 0 < cos_max < 1
    """

    electron_energy: tuple[float, ...]
    positron_energy: tuple[float, ...]
    luminosity: tuple[float, ...]
    cos_max: float


class _Production(NamedTuple):
    """Numbers of the production: beams, their cumulative shares, and tables of the mediator's mass squared by beam and mode."""

    electron: Float[Array, " b"]
    positron: Float[Array, " b"]
    limit: Float[Array, " b"]
    cos_max: Float[Array, ""]
    table: Float[Array, "b m _"]


class _Plan(NamedTuple):
    """What a kernel is compiled for."""

    layout: Topology
    line_shape: str
    spin: str
    reduction: Reduction | None


def beam_shares(chain: Chain, beams: ColliderBeams) -> np.ndarray:
    r"""Return the share of events of each centre-of-mass energy, :math:`\propto L\,\sigma(s)` at the mediator's mass.

    Raises InvalidInput for beams of unequal number, energies or luminosities that are not above 0, a bad cut, and a mediator that
    none of the beams can make.

    Source: :func:`portico.production.electron_positron_photon.sigma`.
    """
    electron, positron, luminosity = (np.atleast_1d(np.asarray(a, dtype=float)) for a in beams[:3])
    if not (electron.shape == positron.shape == luminosity.shape and electron.ndim == 1 and electron.size):
        raise InvalidInput(
            f"beams: {electron.size} electron energies, {positron.size} positron energies, {luminosity.size} luminosities; as many of "
            "each are needed, at least one."
        )
    if not (np.all(electron > 0) and np.all(positron > 0) and np.all(luminosity >= 0) and np.any(luminosity > 0)):
        raise InvalidInput("beams: energies have to be above 0, luminosities at or above 0 and not all 0.")
    electron_positron_photon.check_cut(beams.cos_max)
    rate = luminosity * electron_positron_photon.sigma(4 * electron * positron, chain.mediator_mass, 1.0, beams.cos_max)
    if not np.sum(rate) > 0:
        raise InvalidInput(
            f"a mediator of {chain.mediator_mass:g} GeV is too heavy for beams of {2 * np.sqrt(np.max(electron * positron)):g} GeV in the "
            "centre of mass."
        )
    return rate / np.sum(rate)


def _key(seed: Array, block: Array, stratum: Array) -> Array:
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), stratum), block)


def _mode(numbers_: Numbers, layout: Topology, draw: Draws, like: int) -> Array:
    """The place of each event's mode among those of the layout."""
    if len(layout.modes) == 1:
        return jnp.zeros(like, jnp.int32)
    u = draw()
    return sum((u >= limit).astype(jnp.int32) for limit in numbers_.mode_limit[:-1])


def _two_legs(mode: Array, layout: Topology) -> list[Array]:
    places = list(range(len(layout.modes)))
    return [pick(jnp.array([pair[leg] for pair in layout.modes], jnp.int32), mode, places) for leg in range(2)]


class _Decay(NamedTuple):
    """A decay of the mediator: boost from its rest frame, its mass, the mode, and the direction of the first fermion there."""

    to: four_momentum.Boost
    mass: Array
    mode: Array
    towards: two_body.Direction


def _legs(
    decay: _Decay, given: tuple[Numbers, Topology], draw: Draws, polarised: FourMomentum | None = None
) -> dict[str, Array]:
    """Columns of the sample that tell of the legs; with the mediator's polarisation if fermions' spins are kept."""
    numbers_, layout = given
    states = _two_legs(decay.mode, layout)
    candidates = [layout.states(leg) for leg in range(2)]
    masses = tuple(pick(numbers_.masses, states[leg], candidates[leg][0]) for leg in range(2))
    fermions = keep(two_body.decay(decay.to, decay.mass, masses, decay.towards), numbers_)
    spins: list[Spin | None] = [None, None]
    pair = None
    if polarised is not None:
        squares = tuple(pick(numbers_.mode_square[:, k], decay.mode, range(len(layout.modes))) for k in range(3))
        pair = Pair(polarised, fermions, masses, squares)
        to = [four_momentum.boost_to(fermion, mass) for fermion, mass in zip(fermions, masses, strict=True)]
        spins[0] = Spin(keep(first_spin(pair, to[0]), numbers_), to[0], 1.0)
    first, told = follow_leg(states[0], fermions[0], candidates[0], numbers_, layout, draw, spins[0])
    if pair is not None:
        spins[1] = Spin(keep(second_spin(pair, to[1], told, to[0]), numbers_), to[1], -1.0)
    second, _ = follow_leg(states[1], fermions[1], candidates[1], numbers_, layout, draw, spins[1])
    return stacked((first, second), layout.steps, decay.mass.shape[0])


def _finish(sample: Sample, plan: _Plan, arguments: tuple[Any, ...]) -> Any:
    return sample if plan.reduction is None else plan.reduction(sample, *arguments)


def _weights(number: Array, span: tuple[Array, Array, Array]) -> Array:
    """Weights of numbered events: that of an event within the range, 0 outside."""
    first, last, weight = span
    return jnp.where((number >= first) & (number < last), weight, 0.0)


def _event_numbers(block: Array) -> Array:
    return (block[:, None] * blocks.BLOCK + jnp.arange(blocks.BLOCK)).reshape(-1)


def _draws(seed: Array, stratum: Array, block: Array, rows: int) -> Draws:
    """Uniform numbers of some blocks of events."""
    return Draws(jax.vmap(lambda b: _key(seed, b, stratum))(block), rows, blocks.BLOCK)


@partial(jax.jit, static_argnames=("plan",))
def _collider_kernel(
    block: Array,
    random: tuple[Array, Array],
    span: tuple[Array, Array, Array],
    numbers_: Numbers,
    production: _Production,
    arguments: tuple[Any, ...],
    *,
    plan: _Plan,
) -> Any:
    """All events of some blocks, or what the reduction makes of them."""
    layout, beams = plan.layout, production.electron.shape[0]
    rows = 4 + (beams > 1) + (len(layout.modes) > 1) + (plan.line_shape != "narrow") + draws_needed(layout, plan.spin)
    draw = _draws(*random, block, rows + (plan.spin != "none"))
    count = block.shape[0] * blocks.BLOCK
    beam = jnp.zeros(count, jnp.int32)
    if beams > 1:
        u = draw()
        beam = sum((u >= limit).astype(jnp.int32) for limit in production.limit[:-1])
    mode = _mode(numbers_, layout, draw, count)
    electron, positron = (pick(e, beam, range(beams)) for e in (production.electron, production.positron))
    s = 4 * electron * positron
    mass = jnp.broadcast_to(numbers_.mass, (count,))
    if plan.line_shape != "narrow":
        mass = _drawn_mass(draw(), beam * len(layout.modes) + mode, production.table)
    cosine = electron_positron_photon.cosine(draw(), s, mass, production.cos_max)
    towards = two_body.direction(cosine, draw())
    recoil, mediator = keep(_boosted_pair(keep(towards, numbers_), s, mass, electron, positron), numbers_)
    to = keep(four_momentum.boost_to(mediator, mass), numbers_)
    polarised = None
    if plan.spin == "none":
        towards = two_body.direction(2 * draw() - 1, draw())
    else:
        axes = keep(polarisation(to, mass**2 / s, cosine, (electron, positron), draw()), numbers_)
        squares = tuple(pick(numbers_.mode_square[:, k], mode, range(len(layout.modes))) for k in range(2))
        masses = tuple(
            pick(numbers_.masses, state, range(numbers_.masses.shape[0])) for state in _two_legs(mode, layout)
        )
        towards = correlated_direction(axes, mass, masses, squares, (draw(), draw()))
        polarised = polarisation_in_laboratory(axes, to) if plan.spin == "fermions" else None
    legs = _legs(_Decay(to, mass, mode, keep(towards, numbers_)), (numbers_, layout), draw, polarised)
    sample = Sample(
        pick(numbers_.mode_index, mode, range(len(layout.modes))),
        _weights(_event_numbers(block), span),
        four_momentum.to_array(recoil),
        four_momentum.to_array(mediator),
        **legs,
    )
    return _finish(sample, plan, arguments)


def _drawn_mass(u: Array, row: Array, table: Array) -> Array:
    """The mass of the mediator by linear interpolation of its table of quantiles."""
    cells = table.shape[-1] - 1
    place = u * cells
    cell = place.astype(jnp.int32)
    flat, at = table.reshape(-1), row * (cells + 1) + cell
    return jnp.sqrt(flat[at] + (place - cell) * (flat[at + 1] - flat[at]))


def _boosted_pair(
    towards: two_body.Direction, s: Array, mass: Array, electron: Array, positron: Array
) -> tuple[FourMomentum, FourMomentum]:
    """Photon and mediator in the laboratory; ``towards`` is the photon's direction in the centre of mass."""
    p = electron_positron_photon.photon_energy(s, mass)
    total = FourMomentum(electron + positron, jnp.zeros_like(s), jnp.zeros_like(s), electron - positron)
    photon = FourMomentum(p, *(p * n for n in towards))
    recoiling = FourMomentum(jnp.sqrt(p * p + mass**2), *(-p * n for n in towards))
    to = four_momentum.boost_to(total, jnp.sqrt(s))
    return four_momentum.boost(photon, 0.0, to), four_momentum.boost(recoiling, mass**2, to)


def generate_collider(
    chain: Chain,
    beams: ColliderBeams,
    count: int,
    seed: int,
    *,
    modes: Sequence[int] | None = None,
    start: int = 0,
    line_shape: str = "narrow",
    spin_correlations: bool = False,
    reduction: Reduction | None = None,
    arguments: tuple[Any, ...] = (),
    combine: str = "concatenate",
) -> Any:
    r"""Return events of e+e- -> gamma mediator, mediator -> dark fermions, and their cascades.

    Parameters
    ----------
    chain : Chain             masses, modes, decays
    beams : ColliderBeams
    count, seed : int         number of events; 0 <= seed < 2^32
    modes : sequence of int   draw only these modes of the chain; weights then add up to their share of all modes
    start : int               number of the first event: ``start=1000`` continues a sample of 1000 events
    line_shape : str          "narrow", or "breit_wigner": the mediator's mass is drawn, see :mod:`portico.cascades.line_shape`
    spin_correlations : bool  whether the polarisation of the mediator is kept, see :mod:`portico.cascades.spin_correlations`
    reduction : function      of a Sample (jax arrays) and ``arguments``, compiled with the rest: its result is returned instead of
                              the sample, so that momenta stay in the cache. Pass the same function each time, not a new lambda,
                              or it is compiled anew. Events outside the range asked for have weight 0.
    arguments : tuple         further arguments of the reduction: numbers or arrays
    combine : str             "concatenate": results have one row per event; "sum": results are added up over blocks of events

    Returns
    -------
    Sample, or what ``reduction`` returns; numpy arrays

    Raises InvalidInput for a chain without open modes, bad beams, or an unknown choice.

    Notes     Unweighted. An event depends on chain, beams, modes, seed and its number, not on count or start. Masses, widths and
              decay lengths may change without a new compilation; the list of open modes and decays may not.

    Source: :mod:`portico.production.electron_positron_photon`, :mod:`portico.cascades.three_body`; selection of the talk on arXiv:2302.05410.
    """
    blocks.check_range(count, start, seed, combine)
    check_line_shape(line_shape, chain)
    wanted = chosen_modes(chain, modes)
    layout = topology(chain, wanted)
    shares = beam_shares(chain, beams)
    # beams without a share stay as copies of one that has: scans over masses are compiled for one number of beams
    used = np.where(shares > 0, np.arange(shares.size), np.argmax(shares))
    electron, positron = (np.asarray(a, dtype=float)[used] for a in beams[:2])
    table = np.zeros((1, 1, 2))
    if line_shape == "breit_wigner":
        table = mediator_mass_table(chain, wanted, 4 * electron * positron, beams.cos_max)
    production = _Production(electron, positron, np.cumsum(shares), np.float64(beams.cos_max), table)
    kernel = partial(
        _collider_kernel,
        random=_random(seed, modes, wanted),
        span=_span(chain, wanted, start, count),
        numbers_=numbers(chain, wanted, layout),
        production=production,
        arguments=arguments,
        plan=_Plan(layout, line_shape, extent(chain, spin_correlations), reduction),
    )
    return blocks.run(kernel, start, count, combine=combine)


def _random(seed: int, modes: Sequence[int] | None, wanted: Sequence[int]) -> tuple[np.uint32, np.uint32]:
    """Seed and stratum: samples of single modes are independent of each other and of the sample of all."""
    stratum = 0 if modes is None else sum(1 << mode for mode in wanted)
    return np.uint32(seed), np.uint32(stratum)


def _span(chain: Chain, wanted: Sequence[int], start: int, count: int) -> tuple[np.int64, np.int64, np.float64]:
    """First event, the one after the last, and the weight of each."""
    share = sum(chain.modes[mode].ratio for mode in wanted) / sum(mode.ratio for mode in chain.modes)
    return np.int64(start), np.int64(start + count), np.float64(share / count)


@partial(jax.jit, static_argnames=("plan",))
def _beam_kernel(
    block: Array,
    momenta: Array,
    weight: Array,
    random: tuple[Array, Array],
    numbers_: Numbers,
    arguments: tuple[Any, ...],
    *,
    plan: _Plan,
) -> Any:
    """As the other kernel, for mediators that are given."""
    layout, count = plan.layout, block.shape[0] * blocks.BLOCK
    draw = _draws(*random, block, 2 + (len(layout.modes) > 1) + draws_needed(layout, "none"))
    mode = _mode(numbers_, layout, draw, count)
    towards = two_body.direction(2 * draw() - 1, draw())
    given = four_momentum.from_array(momenta)
    energy = jnp.sqrt(numbers_.mass**2 + given.x**2 + given.y**2 + given.z**2)
    mediator = given._replace(energy=energy)
    mass = jnp.broadcast_to(numbers_.mass, (count,))
    to = keep(four_momentum.boost_to(mediator, mass), numbers_)
    legs = _legs(_Decay(to, mass, mode, towards), (numbers_, layout), draw)
    index = pick(numbers_.mode_index, mode, range(len(layout.modes)))
    sample = Sample(index, weight, jnp.zeros((count, 4)), four_momentum.to_array(mediator), **legs)
    return _finish(sample, plan, arguments)


def generate(
    chain: Chain,
    mediator: Float[ArrayLike, "n 4"],
    seed: int,
    *,
    modes: Sequence[int] | None = None,
    weight: Float[ArrayLike, " n"] | None = None,
    start: int = 0,
    reduction: Reduction | None = None,
    arguments: tuple[Any, ...] = (),
    combine: str = "concatenate",
) -> Any:
    """Return the cascades behind mediators of given momenta, for instance of a beam.

    Parameters
    ----------
    mediator : array, shape (n, 4)   (E, px, py, pz) in the laboratory, GeV; the energy is set by momentum and mass
    weight : array, shape (n,)       of the events, any normalisation: they are scaled to add up to the share of the modes; 1/n if
                                     not given
    start : int                      number of the event that the first row is
    chain, seed, modes, reduction, arguments, combine    as in :func:`generate_collider`

    Returns
    -------
    Sample with recoils of zero, or what ``reduction`` returns; numpy arrays

    Raises InvalidInput for momenta or weights of the wrong shape, and as :func:`generate_collider`.

    Notes     Mediators are on their mass shell and unpolarised.

    Source: as :func:`generate_collider`, with production left to the caller.
    """
    momenta = np.asarray(mediator, dtype=float)
    if momenta.ndim != 2 or momenta.shape[1] != 4:
        raise InvalidInput(f"mediator has shape {momenta.shape}; expected (n, 4): E, px, py, pz of each.")
    count = len(momenta)
    blocks.check_range(count, start, seed, combine)
    weights = np.ones(count) if weight is None else np.asarray(weight, dtype=float)
    if weights.shape != (count,) or not np.all(weights >= 0) or not np.sum(weights) > 0:
        raise InvalidInput(f"weight has shape {weights.shape}; expected ({count},), numbers >= 0 that are not all 0.")
    wanted = chosen_modes(chain, modes)
    layout = topology(chain, wanted)
    _, _, each = _span(chain, wanted, start, count)
    weights = weights / np.mean(weights) * each
    fixed = {
        "random": _random(seed, modes, wanted),
        "numbers_": numbers(chain, wanted, layout),
        "arguments": arguments,
        "plan": _Plan(layout, "narrow", "none", reduction),
    }

    def kernel(block: np.ndarray) -> Any:
        first = int(block[0]) * blocks.BLOCK - start
        size = len(block) * blocks.BLOCK
        rows = np.arange(first, first + size)
        inside = (rows >= 0) & (rows < count)
        at = np.clip(rows, 0, count - 1)
        return _beam_kernel(block, momenta[at], np.where(inside, weights[at], 0.0), **fixed)

    return blocks.run(kernel, start, count, combine=combine)


__all__ = ["LINE_SHAPES", "ColliderBeams", "beam_shares", "generate", "generate_collider"]
