"""Particle codes in event files: the PDG's Monte Carlo numbers, and for the dark sector those of hidden valleys.

The PDG reserves no numbers for a vector with several dark fermions of its own (51 to 60 have one fermion, 52). Event generators
number such sectors as hidden valleys, 49xxxxx: 4900022 is the massive vector, 4900101, 4900102, ... the fermions without charge;
these are taken here, from light to heavy. All are told in the metadata of a file.
"""

from __future__ import annotations

from .. import particles
from ..decays.chain import Chain

PHOTON = 22
MEDIATOR = 4900022
FERMION = 4900100
"""The k-th dark fermion, from light to heavy, has this number + k; k starts at 1."""

PAIRS = {"e+ e-": ("e-", "e+"), "mu+ mu-": ("mu-", "mu+"), "tau+ tau-": ("tau-", "tau+"), "hadrons": ("pi-", "pi+")}
"""Names of the negative and the positive particle of a pair."""

FINAL, DECAYED, BEAM = 1, 2, 4
"""Status of a particle, as in HepMC."""


def fermion_name(index: int) -> str:
    """Return the name of a dark fermion, given its index in the chain."""
    return f"psi{index + 1}"


def mode_names(chain: Chain) -> list[str]:
    """Return the names of the modes of the mediator, such as 'psi2 psi1'."""
    return [f"{fermion_name(mode.first)} {fermion_name(mode.second)}" for mode in chain.modes]


def table(chain: Chain) -> dict[str, int]:
    """Return names and codes of all particles that events of a chain may hold, without beams; antiparticles have the negative code."""
    codes = {"gamma": PHOTON, "mediator": MEDIATOR}
    codes |= {fermion_name(k): FERMION + k + 1 for k in range(len(chain.masses))}
    pairs = dict.fromkeys(decay.pair for decay in chain.decays)
    return codes | {name: particles.pdg_id(name) for pair in pairs for name in PAIRS[pair]}
