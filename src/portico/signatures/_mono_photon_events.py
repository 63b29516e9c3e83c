"""Events of a mono-photon search, to be written to a file: before the veto, with the photon in the acceptance."""

from __future__ import annotations

from typing import Any

from ..cascades.collider_events import collider_events
from ..cascades.event_source import EventSource
from ..cascades.generator import ColliderBeams
from ._mono_photon_samples import collisions
from ._semi_visible import check_one_point, dark_fraction, points_of
from .base import Search


def event_source(search: Search, model: Any, seed: int) -> EventSource:
    """Return the events of a model with scalar parameters in the data sets of the search; nothing is vetoed.

    Raises InvalidInput where the model does not fit the search or its mass is out of reach, for arrays and for a wrong seed.
    """
    check_one_point(search, model, seed)
    search.signature.check_model(search, model)
    state, points = search.prepared(), points_of(search, model)
    sets = collisions(state, search.options, float(model.mass))
    beams = ColliderBeams(
        tuple(c.electron_energy for c in sets),
        tuple(c.positron_energy for c in sets),
        tuple(c.luminosity for c in sets),
        state.largest_cosine,
    )
    return collider_events(
        points.different[0].chain,
        beams,
        float(model.epsilon),
        seed,
        dark_fraction=float(dark_fraction(points)),
        spin_correlations=search.options["spin_correlations"] == "on",
        sources=tuple(search.signature.method_sources(search)),
    )
