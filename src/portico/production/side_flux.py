r"""Particles that leave a collision at one pseudorapidity, by their velocity: what production hands to a small detector at the side."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

BETA_GAMMA = np.geomspace(1e-2, 1e5, 57)
"""Nodes in beta gamma = p/m, eight per decade; a particle between two nodes is shared between them, linearly in the logarithm."""


class SideFlux(NamedTuple):
    r"""Cross section per unit of pseudorapidity and species (the particle, not its antiparticle), at one pseudorapidity.

    Attributes
    ----------
    density : array, shape (..., 57)   pb, by node of :data:`BETA_GAMMA`; the sum over the nodes is dsigma/deta
    error : array, shape (...)         numerical error of that sum, pb
    """

    density: Any
    error: Any
