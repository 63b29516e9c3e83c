"""Events of a missing-energy search, to be written to a file: cascades behind mediators along the beam, before any veto."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import particles
from ..cascades import generator
from ..cascades.event_source import EventSource
from ..cascades.sample import Sample
from ..decays.chain import Chain
from . import _missing_energy_cascades as cascades
from ._missing_energy_spectrum import Spectrum, annihilation_spectrum, emission_spectrum
from ._missing_energy_veto import along_beam, evenly
from ._semi_visible import check_one_point
from .base import Search

_Part = tuple[float, Spectrum]


def event_source(search: Search, model: Any, seed: int) -> EventSource:
    """Return the events of a model with scalar parameters: mediators of the search's channels, along the beam, all from one point.

    The recoiling electron, the nucleus and photons are not in the events, whose first particle is the mediator; positions are
    relative to where it is made. Raises InvalidInput where the model does not fit the search, for arrays and for a wrong seed.
    """
    check_one_point(search, model, seed)
    search.signature.check_model(search, model)
    chain = cascades.points_of(search, model).different[0].chain
    parts = _parts(search, model, chain)
    draw = partial(_sample, chain, parts, seed)
    return EventSource(chain, float(model.epsilon), draw, (), None, tuple(search.signature.method_sources(search)))


def _parts(search: Search, model: Any, chain: Chain) -> list[_Part]:
    """Shares of the channels with their spectra, at small mixing."""
    made = cascades.made_by_channel(search, model)
    mass, total = chain.mediator_mass, sum(made.values())
    resonance = mass**2 / (2 * particles.mass("e-"))
    found = []
    for name, events in made.items():
        if events > 0:
            emitted = name == "bremsstrahlung" or resonance > search.prepared().beam_energy
            spectrum = (
                emission_spectrum(search, mass)
                if emitted
                else annihilation_spectrum(search, mass, chain.mediator_width)
            )
            found.append((events / total, spectrum))
    return found


def _sample(chain: Chain, parts: list[_Part], seed: int, start: int, count: int) -> Sample:
    place = evenly(start, count, seed)
    energy, low = np.zeros(count), 0.0
    for share, spectrum in parts:
        chosen = (place >= low) & (place < low + share * (1 + 1e-12))
        energy[chosen] = spectrum.quantile(np.clip((place[chosen] - low) / share, 0.0, 1.0))
        low += share
    found: Sample = generator.generate(chain, along_beam(energy, chain.mediator_mass), seed, start=start)
    return found
