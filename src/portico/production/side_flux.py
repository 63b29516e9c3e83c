r"""Particles that leave a collision at one pseudorapidity, by their velocity: what production hands to a small detector at the side."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

BETA_GAMMA = np.geomspace(1e-2, 1e5, 57)
"""Nodes in beta gamma = p/m, eight per decade; a particle between two nodes is shared between them, linearly in the logarithm."""


STEP = float(np.log(BETA_GAMMA[1] / BETA_GAMMA[0]))
"""Distance of the nodes in the logarithm."""


class SideFlux(NamedTuple):
    r"""Cross section per unit of pseudorapidity and species (the particle, not its antiparticle), at one pseudorapidity.

    Attributes
    ----------
    density : array, shape (..., 57)   pb, by node of :data:`BETA_GAMMA`; the sum over the nodes is dsigma/deta
    error : array, shape (...)         numerical error of that sum, pb
    """

    density: Any
    error: Any


def between_nodes(log_beta_gamma: np.ndarray, count: int) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Return cells of ``count`` nodes (-1 below the first) and shares of what is below it and the next two, for what is below any place.

    Source: the integral of hats on the nodes, :class:`SideFlux`.
    """
    place = (log_beta_gamma - np.log(BETA_GAMMA[0])) / STEP
    cell = np.clip(np.floor(place), -1, count - 3).astype(int)
    s = np.clip(place - cell, 0.0, 1.0)
    lower = np.where(cell >= 0, 0.5 * (1 - s) ** 2, 0.0)
    return cell, (lower, 1 - 0.5 * s * s - lower, 0.5 * s * s)
