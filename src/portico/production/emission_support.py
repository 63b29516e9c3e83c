"""Where a lepton can emit a particle with a given fraction of its energy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike


class Support(NamedTuple):
    """Points of a spectrum as arrays of one shape, and which of them are inside its support."""

    one_minus_x: np.ndarray
    energy: np.ndarray
    mass: np.ndarray
    allowed: np.ndarray

    def safe(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The points, with harmless ones in place of those outside."""
        harmless = (0.5, 1e3, 1.0)
        return tuple(np.where(self.allowed, a, b) for a, b in zip(self[:3], harmless, strict=True))  # type: ignore[return-value]


def support(one_minus_x: ArrayLike, energy: ArrayLike, mass: ArrayLike, lepton_mass: float) -> Support:
    """Return the points with (1-x) E > m_l and x E > mass, 0 < x; energies and masses in GeV. Source: kinematics."""
    missing, lepton, heavy = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (one_minus_x, energy, mass)))
    allowed = (missing * lepton > lepton_mass) & ((1 - missing) * lepton > heavy) & (missing < 1)
    return Support(missing, lepton, heavy, allowed)
