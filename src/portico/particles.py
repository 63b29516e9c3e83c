"""Properties of Standard-Model particles, read from the PDG table that the package ``particle`` carries.

Names are exact (``e-``, ``mu+``, ``pi0``); a wrong one raises with the nearest match.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from .errors import unknown_name

SOURCE = "PDG, through the package 'particle'"

_PDG_IDS = {
    "e-": 11, "e+": -11, "mu-": 13, "mu+": -13, "tau-": 15, "tau+": -15, "gamma": 22, "Z": 23, "W+": 24, "W-": -24,
    "p": 2212, "n": 2112, "pi0": 111, "pi+": 211, "pi-": -211, "eta": 221, "eta'": 331, "rho": 113, "omega": 223, "phi": 333,
    "K+": 321, "K-": -321, "K0": 311, "D0": 421, "J/psi": 443, "psi(2S)": 100443,
    "Upsilon(1S)": 553, "Upsilon(2S)": 100553, "Upsilon(3S)": 200553, "B+": 521, "B0": 511, "H": 25, "t": 6,
}  # fmt: skip


def names() -> list[str]:
    """Return the names that :func:`mass` and its siblings accept."""
    return sorted(_PDG_IDS)


@cache
def _entry(name: str) -> Any:
    if name not in _PDG_IDS:
        raise unknown_name("particle", name, _PDG_IDS)
    from particle import Particle

    return Particle.from_pdgid(_PDG_IDS[name])


def mass(name: str) -> float:
    """Return the mass in GeV of the particle with this exact name; raises UnknownName."""
    return float(_entry(name).mass) / 1e3 if _entry(name).mass is not None else 0.0


def width(name: str) -> float:
    """Return the total width in GeV of the particle with this exact name (0 if stable); raises UnknownName."""
    return float(_entry(name).width) / 1e3 if _entry(name).width is not None else 0.0


def pdg_id(name: str) -> int:
    """Return the PDG Monte Carlo number of the particle with this exact name; raises UnknownName."""
    _entry(name)
    return _PDG_IDS[name]
