"""Decays of mesons to millicharged particles, for the models that have such particles."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from .. import particles
from ..decays import millicharged
from ..electroweak.exchange import NeutralExchange
from .base import ParentDecay, plain

Value = Any


def of_mesons(mass: Value, charge: Value, exchange: NeutralExchange) -> dict[str, ParentDecay]:
    """Width in GeV and branching ratio by mode, such as "J/psi -> chi chi": pairs through all vectors, Dalitz decays through the photon."""
    if not any(isinstance(value, jax.core.Tracer) for value in (mass, charge)):
        mass, charge = np.asarray(mass, float), np.asarray(charge, float)
    found = {}
    for meson in millicharged.VECTOR_MESONS:
        found[f"{meson} -> chi chi"] = _decay(meson, millicharged.branching_ratio_by_exchange(exchange, mass, meson))
    for meson, partner in millicharged.DALITZ.items():
        ratio = charge**2 * millicharged.branching_ratio_dalitz(meson, mass).value
        found[f"{meson} -> {partner} chi chi"] = _decay(meson, ratio)
    return found


def _decay(meson: str, ratio: Value) -> ParentDecay:
    return ParentDecay(plain(ratio * particles.width(meson)), plain(ratio))
