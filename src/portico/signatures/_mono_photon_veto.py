"""The veto of a mono-photon search on the decays of a cascade: events are drawn, looked at and reduced in one kernel."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .. import units
from ..cascades import generator, survival
from ..cascades.blocks import BLOCK
from ..cascades.sample import Sample, each_decay
from ..decays.chain import Chain
from ..detection.pair_veto import PairRule, probability_seen
from ..detection.volumes import Volume, scales_inside
from ._mono_photon_samples import Prepared, collisions
from .base import Search


@cache
def reduction(mode: str) -> Any:
    """Return the function from a sample, a rule and a volume to the counted steps of its survival; one object per veto mode."""

    def drops_of(sample: Sample, rule: PairRule, volume: Volume) -> Array:
        columns = (each_decay(c) for c in (sample.decay, sample.minus, sample.plus, sample.vertex))
        seen, start = [], []
        for decay, minus, plus, vertex in zip(*columns, strict=True):
            seen.append(jnp.where(decay >= 0, probability_seen(minus, plus, rule, mode=mode), 0.0))
            start.append(1 / jnp.sqrt(scales_inside(vertex, volume)[1]))  # inside while 1/epsilon^2 < leave
        place, drop = survival.steps(jnp.stack(seen, axis=-1), jnp.stack(start, axis=-1), None)
        return survival.counted(place, drop, sample.weight)

    return drops_of


def beams_of(search: Search, state: Prepared, mass: float) -> generator.ColliderBeams:
    """Return the beams of all chosen data sets, without luminosity where a mediator of this mass (GeV) fails the selection."""
    luminosity = {c.root_s: c.luminosity for c in collisions(state, search.options, mass)}
    energies = [state.energy[name] for name in search.options["samples"].split(",") if name in state.energy]
    return generator.ColliderBeams(
        tuple(e**2 / (4 * state.positron_energy) for e in energies),
        (state.positron_energy,) * len(energies),
        tuple(luminosity.get(e, 0.0) for e in energies),
        state.largest_cosine,
    )


def survival_of_chain(search: Search, state: Prepared, chain: Chain) -> survival.Survival:
    """Return the survival of a chain over couplings, with at most the number of events that the options allow."""
    options = search.options
    ratio = [mode.ratio for mode in chain.modes]
    if chain.steps() == 0:
        return survival.nothing_decays(ratio)
    draw = partial(
        generator.generate_collider, chain, beams_of(search, state, chain.mediator_mass), seed=seed_of(search),
        spin_correlations=options["spin_correlations"] == "on",
        reduction=reduction(options["veto_mode"]), arguments=(state.rule, state.volume), combine="sum",
    )  # fmt: skip

    def block(mode: int, first: int, count: int) -> np.ndarray:
        return draw(count=count, modes=[mode], start=first)

    return survival.estimate(
        block,
        ratio,
        precision=units.convert(options["precision"], "1"),
        most=int(units.convert(options["events"], "1")),
        block_size=BLOCK,
    )


def seed_of(search: Search) -> int:
    """Return the seed of a search."""
    return int(units.convert(search.options["seed"], "1"))
