"""Decays of mesons to millicharged particles, for the models that have such particles."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from .. import particles
from ..decays import millicharged
from .base import ParentDecay, plain

Value = Any


def of_mesons(mass: Value, epsilon: Value, *, exchange: dict[str, Value] | None = None) -> dict[str, ParentDecay]:
    """Width in GeV and branching ratio by mode, such as "J/psi -> chi chi"; exchange: mass, width and ratio r of a Z' beside the photon."""
    if not any(isinstance(value, jax.core.Tracer) for value in (mass, epsilon)):
        mass, epsilon = np.asarray(mass, float), np.asarray(epsilon, float)
    found = {}
    for meson in millicharged.VECTOR_MESONS:
        ratio = epsilon**2 * millicharged.branching_ratio_two_body(meson, mass)
        if exchange is not None:
            ratio = ratio * millicharged.exchange_factor(particles.mass(meson), **exchange)
        found[f"{meson} -> chi chi"] = _decay(meson, ratio)
    for meson, partner in millicharged.DALITZ.items():
        ratio = epsilon**2 * millicharged.branching_ratio_dalitz(meson, mass).value
        found[f"{meson} -> {partner} chi chi"] = _decay(meson, ratio)
    return found


def _decay(meson: str, ratio: Value) -> ParentDecay:
    return ParentDecay(plain(ratio * particles.width(meson)), plain(ratio))
