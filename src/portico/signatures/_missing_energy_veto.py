"""Cascades behind the target of a missing-energy search: which of them pass, over all couplings at once."""

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
from ..detection.dump_veto import Dump, survival_steps
from ._missing_energy_fold import Geometry, Prepared
from ._missing_energy_spectrum import Spectrum
from .base import Search

_GOLDEN = (5**0.5 - 1) / 2


def dump_of(geometry: Geometry, beam_energy: float) -> Dump:
    """Return the detectors as seen from where mediators are made."""
    return Dump(
        geometry.calorimeter_end - geometry.production,
        geometry.veto_end - geometry.production,
        geometry.hadron_calorimeter_end - geometry.production,
        beam_energy,
        geometry.largest_calorimeter_energy,
        geometry.veto_energy,
        geometry.hadron_calorimeter_energy,
    )


@cache
def reduction(mode: str) -> Any:
    """Return the function from a sample and the detectors to the counted steps of its survival; one object per veto mode."""

    def drops_of(sample: Sample, dump: Dump) -> Array:
        columns = (each_decay(c) for c in (sample.decay, sample.minus, sample.plus, sample.vertex))
        along, pair = [], []
        for decay, minus, plus, vertex in zip(*columns, strict=True):
            along.append(jnp.where(decay >= 0, vertex[..., 2], jnp.inf))
            pair.append(jnp.where(decay >= 0, minus[..., 0] + plus[..., 0], 0.0))
        place, drop = survival_steps(
            jnp.stack(along, axis=-1), jnp.stack(pair, axis=-1), sample.mediator[..., 0], dump, mode=mode
        )
        return survival.counted(place, drop, sample.weight)

    return drops_of


def evenly(first: int, count: int, seed: int) -> np.ndarray:
    """Return fractions in [0, 1) for events numbered from ``first``: multiples of the golden ratio, from where the seed says.

    Any stretch of numbers covers the interval evenly.
    """
    return np.mod((np.arange(first, first + count) + 0.5) * _GOLDEN + np.mod(seed * 2**0.5, 1.0), 1.0)


def mediators(spectrum: Spectrum, mass: float, first: int, count: int, seed: int) -> np.ndarray:
    """Return momenta of mediators along the beam, shape (count, 4), numbered from ``first``: evenly spread over the spectrum."""
    return along_beam(spectrum.quantile(evenly(first, count, seed)), mass)


def along_beam(energy: np.ndarray, mass: float) -> np.ndarray:
    """Return momenta along the beam, shape (n, 4), of energies (n,) in GeV; energies below the mass are raised to it."""
    energy = np.maximum(energy, mass)
    momenta = np.zeros((energy.size, 4))
    momenta[:, 0], momenta[:, 3] = energy, np.sqrt(energy**2 - mass**2)
    return momenta


def survival_of_chain(
    search: Search, state: Prepared, chain: Chain, spectrum: Spectrum, origin: int
) -> survival.Survival:
    """Return the survival of a chain over couplings, for mediators of a spectrum; each origin has random numbers of its own."""
    options = search.options
    ratio = [mode.ratio for mode in chain.modes]
    if chain.steps() == 0:
        return survival.nothing_decays(ratio)
    seed = int(units.convert(options["seed"], "1")) + origin * 2**31
    draw = partial(
        generator.generate, chain, seed=seed,
        reduction=reduction(veto_of(search)), arguments=(dump_of(state.geometry, state.beam_energy),),
        combine="sum",
    )  # fmt: skip

    def block(mode: int, first: int, count: int) -> np.ndarray:
        return draw(mediator=mediators(spectrum, chain.mediator_mass, first, count, seed), modes=[mode], start=first)

    return survival.estimate(
        block,
        ratio,
        precision=units.convert(options["precision"], "1"),
        most=int(units.convert(options["events"], "1")),
        block_size=BLOCK,
    )


def veto_of(search: Search) -> str:
    """Return the veto of decays that is used: the option's, or that of the file."""
    chosen = search.options["semi_visible_veto"]
    return search.experiment.text("selection.semi_visible_veto") if chosen == "file" else chosen


def mixed(parts: list[tuple[float, survival.Survival]]) -> survival.Survival:
    """Return the survival of events of several origins, with the number of events of each: their modes side by side.

    Origins that share one sample count together, since their errors are one.
    """
    together: dict[int, tuple[float, survival.Survival]] = {}
    for weight, one in parts:
        together[id(one)] = (together.get(id(one), (0.0, one))[0] + weight, one)
    parts = list(together.values())
    total = sum(weight for weight, _ in parts)
    shares = [weight / total if total > 0 else 1 / len(parts) for weight, _ in parts]
    return survival.Survival(
        np.concatenate([share * one.ratio for share, (_, one) in zip(shares, parts, strict=True)]),
        np.concatenate([one.number for _, one in parts]),
        np.concatenate([one.passed for _, one in parts]),
    )
