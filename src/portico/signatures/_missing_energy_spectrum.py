"""Energies with which mediators leave the target of a missing-energy search, above its cut."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import particles
from ..matter.form_factors import Nucleus
from ..transport import path_length
from ._mediator_rates import emission
from ._missing_energy_fold import Prepared
from .base import Search

_GRID = 65
_RESONANCE = 4001


class Spectrum(NamedTuple):
    """Energies of mediators (GeV, rising) and the number of events above each, at epsilon = 1, BR = 1, without efficiency.

    The first energy is the cut, the last one the beam's.
    """

    energy: np.ndarray
    above: np.ndarray

    @property
    def total(self) -> float:
        """Events above the cut."""
        return float(self.above[0])

    def quantile(self, fraction: np.ndarray) -> np.ndarray:
        """Return the energy below which this fraction of the events lies, for an array in [0, 1]; the cut without events."""
        if self.total <= 0:
            return np.full(np.shape(fraction), self.energy[0])
        below = 1 - self.above / self.total
        return np.interp(fraction, below, self.energy)


def emission_spectrum(search: Search, mass: float) -> Spectrum:
    """Return the spectrum of bremsstrahlung at a mass (GeV): the same integrals as the yield, with the cut at each energy."""
    state: Prepared = search.prepared()
    lost = (1 - state.minimum_fraction) * np.linspace(1, 0, _GRID) ** 2.5
    nuclei = Nucleus(
        *(np.array(c)[:, None, None] for c in zip(*(nucleus for nucleus, _ in state.target.nuclei), strict=True))
    )
    counts = np.array([float(number) for _, number in state.target.nuclei])

    def above(fraction: float) -> float:
        found: Any = emission(
            state.emission_rules[0], state.track, np.array([mass]), nuclei, counts, particles.mass("e-"), state.target.radiation_length_cm, fraction,
            state.target.unit_density, state.exact, approximation=search.options["bremsstrahlung"], form=search.options["form_factor"],
        )  # fmt: skip
        return float(found[0])

    fractions = 1 - lost[:-1]
    counted = np.array([*map(above, fractions), 0.0])
    return Spectrum(state.beam_energy * (1 - lost), np.maximum.accumulate(counted[::-1])[::-1])


def annihilation_spectrum(search: Search, mass: float, width: float) -> Spectrum:
    r"""Return the spectrum of annihilation without photons at a mass and total width (GeV), in its shape: the number is that of
    :func:`portico.signatures.missing_energy.channel_yields`.

    .. math:: \frac{dN}{dE_{A'}} \propto F(E')\,\frac{s}{(s-m^2)^2+m^2\Gamma^2}, \qquad E_{A'} = E' + m_e
    """
    state: Prepared = search.prepared()
    electron = particles.mass("e-")
    low, high = state.minimum_fraction * state.beam_energy - electron, state.beam_energy
    centre, half = mass**2 / (2 * electron) - electron, max(mass * width / (2 * electron), 1e-6)
    first, last = (float(np.arcsinh((end - centre) / half)) for end in (low, high))
    energy = np.clip(centre + half * np.sinh(np.linspace(first, last, _RESONANCE)), low, high)
    s = 2 * electron * (energy + electron)
    density = path_length.evaluate(state.plain_path(), energy)[0] * s / ((s - mass**2) ** 2 + (mass * width) ** 2)
    pieces = 0.5 * (density[1:] + density[:-1]) * np.diff(energy)
    above = np.concatenate([np.cumsum(pieces[::-1])[::-1], [0.0]])
    return Spectrum(energy + electron, above)
