"""Events of e+e- -> gamma mediator as a source that a file is written from."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..constants import GEV2_NB
from ..decays.chain import Chain
from ..production import electron_positron_photon
from .event_source import Beams, EventSource
from .generator import ColliderBeams, beam_shares, generate_collider
from .sample import Sample

_PB_PER_NB = 1e3


def collider_events(
    chain: Chain,
    beams: ColliderBeams,
    epsilon: float,
    seed: int,
    *,
    dark_fraction: float = 1.0,
    spin_correlations: bool = False,
    sources: tuple[str, ...] = (),
) -> EventSource:
    r"""Return the source of events of e+e- -> gamma mediator with all that follows.

    .. math:: \sigma = \mathrm{BR}_\mathrm{dark}\,\frac{\sum_k L_k\,\sigma(s_k)}{\sum_k L_k}

    is told with the events: the mean over luminosity of the cross section in the generator's cut on the photon.

    Parameters
    ----------
    chain : Chain              masses, modes, decays
    beams : ColliderBeams      massless, head-on
    epsilon : float            kinetic mixing, > 0
    seed : int                 0 <= seed < 2^32
    dark_fraction : float      branching ratio of the mediator to dark fermions
    spin_correlations : bool   as in :func:`portico.cascades.generator.generate_collider`
    sources : tuple of str     added to that of the production

    Source  arXiv:1702.03327 (process); cross section: :mod:`portico.production.electron_positron_photon`
    """
    beam_shares(chain, beams)  # raises for beams that make no such mediator
    electron, positron, luminosity = (np.atleast_1d(np.asarray(a, dtype=float)) for a in beams[:3])
    sigma = electron_positron_photon.sigma(4 * electron * positron, chain.mediator_mass, epsilon, beams.cos_max)
    mean = float(np.sum(luminosity * np.asarray(sigma)) / np.sum(luminosity))
    draw = partial(_sample, chain, beams, seed, spin_correlations)
    pairs = (
        Beams(("e-", "e+"), ((e, 0.0, 0.0, e), (p, 0.0, 0.0, -p)))
        for e, p in zip(electron.tolist(), positron.tolist(), strict=True)
    )
    return EventSource(chain, epsilon, draw, tuple(pairs), mean * dark_fraction * GEV2_NB * _PB_PER_NB, sources)


def _sample(chain: Chain, beams: ColliderBeams, seed: int, spin_correlations: bool, start: int, count: int) -> Sample:
    found: Sample = generate_collider(chain, beams, count, seed, start=start, spin_correlations=spin_correlations)
    return found
