"""Beams and path lengths that several files of this room use."""

import numpy as np
import pytest

from portico import particles
from portico.beams import bhabha
from portico.matter import materials
from portico.transport import path_length as pl

BARREL = (float(np.radians(32.2)), float(np.radians(128.7)))
FRACTION = 0.95


def _path(flux, depth, *, method="tsai_whitis"):
    electron = particles.mass("e-")
    edges = pl.path_edges(np.asarray(flux.edges), FRACTION, electron)
    largest = float(np.log((edges[0] + electron) / (FRACTION * edges[0])))
    track, _ = pl.track_tables((depth, depth), largest, method=method)
    path = pl.path_length(
        flux, edges, track, materials.material("CsI").radiation_length_cm, FRACTION, energy_gain=electron
    )
    return track, path


@pytest.fixture(scope="session")
def head_on():
    """Flux of the 7 on 4 GeV collider, track table and path length for 16 radiation lengths of CsI."""
    flux = bhabha.bhabha_positrons(7.0, 4.0, BARREL, 5e43)
    return flux, *_path(flux, 16.0)


@pytest.fixture(scope="session")
def crossing():
    """The same with crossing beams and both tracks in the barrel: a spectrum of several pieces."""
    flux = bhabha.bhabha_positrons(7.0, 4.0, BARREL, 5e43, crossing_angle=0.083, tracks="both")
    return flux, *_path(flux, 16.0)
