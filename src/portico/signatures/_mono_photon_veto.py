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
from ..cascades.sample import Sample
from ..decays.chain import Chain
from ..detection.pair_veto import PairRule, probability_seen
from ..detection.volumes import Volume, scales_inside
from ._mono_photon_samples import Prepared, collisions
from .base import Search


@cache
def reduction(mode: str) -> Any:
    """Return the function from a sample, a rule and a volume to the steps of its survival; one object per veto mode."""

    def steps_of(sample: Sample, rule: PairRule, volume: Volume) -> tuple[Array, Array]:
        seen = probability_seen(sample.minus, sample.plus, rule, mode=mode)
        seen = jnp.where(sample.decay >= 0, seen, 0.0)
        _, leave = scales_inside(sample.vertex, volume)
        start = 1 / jnp.sqrt(leave)  # inside while 1/epsilon^2 < leave
        count = seen.shape[0]
        place, drop = survival.steps(seen.reshape(count, -1), start.reshape(count, -1), None)
        return survival.first_edge(place), drop

    return steps_of


def beams_of(search: Search, state: Prepared, mass: float) -> generator.ColliderBeams:
    """Return the beams of the data sets in which a mediator of this mass (GeV) passes the selection."""
    data = collisions(state, search.options, mass)
    return generator.ColliderBeams(
        tuple(c.electron_energy for c in data),
        tuple(c.positron_energy for c in data),
        tuple(c.luminosity for c in data),
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
        reduction=reduction(options["veto_mode"]), arguments=(state.rule, state.volume),
    )  # fmt: skip

    def block(mode: int, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
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
