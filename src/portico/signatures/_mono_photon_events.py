"""Events of a mono-photon search, to be written to a file: before the veto, with the photon in the acceptance."""

from __future__ import annotations

from typing import Any

from ..cascades.collider_events import collider_events
from ..cascades.event_source import EventSource
from ..cascades.generator import ColliderBeams
from ._mono_photon_samples import collisions
from ._semi_visible import chain_of, dark_fraction
from .base import Search


def event_source(search: Search, model: Any, seed: int) -> EventSource:
    """Return the events of a model with scalar parameters in the data sets of the search; nothing is vetoed.

    Raises InvalidInput where the model does not fit the search or its mass is out of reach.
    """
    search.signature.check_model(search, model)
    state = search.prepared()
    sets = collisions(state, search.options, float(model.mass))
    beams = ColliderBeams(
        tuple(c.electron_energy for c in sets),
        tuple(c.positron_energy for c in sets),
        tuple(c.luminosity for c in sets),
        state.largest_cosine,
    )
    return collider_events(
        chain_of(search, model),
        beams,
        float(model.epsilon),
        seed,
        dark_fraction=float(dark_fraction(model)),
        spin_correlations=search.options["spin_correlations"] == "on",
        sources=tuple(search.signature.method_sources(search)),
    )
