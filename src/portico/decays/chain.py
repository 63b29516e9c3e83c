"""What a cascade of decays needs to know of a model, as plain numbers: masses, couplings, branching ratios, decay lengths."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class PairMode(NamedTuple):
    """The mediator decays to dark fermions ``first`` and ``second`` (indices into the masses, first the heavier one).

    ``ratio`` is the branching ratio among the dark modes. The coupling is :math:`\\bar\\psi_1\\gamma^\\mu(v - a\\gamma_5)\\psi_2`
    times g_D, with real ``vector`` and ``axial`` (relative phases of i between Majorana states are absorbed).
    """

    first: int
    second: int
    ratio: float
    vector: float
    axial: float


class FermionDecay(NamedTuple):
    """A dark fermion decays to a lighter one and a pair through the virtual mediator.

    ``pair`` is "e+ e-", "mu+ mu-", "tau+ tau-" or "hadrons" (two charged pions in kinematics); ``ratio`` is the branching ratio of the
    parent; ``vector`` and ``axial`` as in :class:`PairMode`.
    """

    parent: int
    daughter: int
    pair: str
    ratio: float
    vector: float
    axial: float


class Chain(NamedTuple):
    """A mediator, the dark fermions it decays to, and theirs; fermions are ordered from light to heavy.

    All widths of fermions go as epsilon^2, so that a decay length is ``ctau_unit_cm`` / epsilon^2: a sample of events drawn at
    epsilon = 1 holds for every epsilon, with positions divided by epsilon^2. ``ctau_unit_cm`` is inf for stable fermions.
    Without modes the mediator has no open dark decay.
    """

    mediator_mass: float
    mediator_width: float
    masses: tuple[float, ...]
    majorana: bool
    modes: tuple[PairMode, ...]
    decays: tuple[FermionDecay, ...]
    ctau_unit_cm: tuple[float, ...]

    def steps(self) -> int:
        """Return the largest number of decays in a row of one fermion that a mode leads to."""
        longest = [0] * len(self.masses)
        for state in np.argsort(self.masses):
            below = [longest[d.daughter] + 1 for d in self.decays if d.parent == state and d.ratio > 0]
            longest[state] = max(below, default=0)
        return max((max(longest[m.first], longest[m.second]) for m in self.modes if m.ratio > 0), default=0)
