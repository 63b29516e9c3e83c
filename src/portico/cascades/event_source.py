"""Where events come from: what a search that can make events offers to those who write them down.

The module of a signature that makes events has ``event_source(search, model, seed)``, which returns an :class:`EventSource`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..decays.chain import Chain
from .sample import Sample


class Beams(NamedTuple):
    """Two particles that meet, by name, with their momenta (E, px, py, pz) in the laboratory, GeV."""

    particles: tuple[str, str]
    momenta: tuple[tuple[float, float, float, float], tuple[float, float, float, float]]


class EventSource(NamedTuple):
    """Events of one model at one search's production.

    chain     the decays
    epsilon   the kinetic mixing at which events are wanted, > 0: vertices of a sample are divided by its square
    sample    ``sample(start, count)``: the events ``start`` to ``start + count - 1`` of the one sample that the seed gives;
              how it is cut into pieces does not change it, and weights are those of a sample of ``count`` events (they add up to 1)
    beams     what meets: one entry for each beam energy of the data. Photon and mediator of an event add up to one of them.
              Empty where mediators come from a target: such events begin with the mediator.
    sigma_pb  cross section of all events at this epsilon within the cuts of their generation, pb; None if it is not known
    sources   where formulas and numbers behind the sample come from
    """

    chain: Chain
    epsilon: float
    sample: Callable[[int, int], Sample]
    beams: tuple[Beams, ...] = ()
    sigma_pb: float | None = None
    sources: tuple[str, ...] = ()
