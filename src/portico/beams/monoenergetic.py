"""Beams of one energy, such as those that are dumped into a fixed target."""

from __future__ import annotations

import numpy as np

from ..flux import Flux
from ..numerics import tables

HALF_WIDTH = 1e-3
"""Half the width of the box that stands for the spectrum, over the energy: far below any structure of a rate."""


def monoenergetic(
    species: str, energy: float, number: float, *, half_width: float = HALF_WIDTH, source: str = ""
) -> Flux:
    r"""Particles of one energy, as a narrow box, so that a beam that is folded with its track length has no step.

    .. math:: \frac{dN}{dE} = \frac{N}{2\delta E_0}, \qquad |E - E_0| < \delta E_0

    Parameters
    ----------
    species : str        name as in :mod:`portico.particles`
    energy : float       E_0, GeV
    number : float       N, particles
    half_width : float   delta, relative

    Source: definition; rates change by delta squared.
    """
    edges = energy * np.array([1 - half_width, 1 + half_width])
    density = np.full((1, 9), number / (2 * half_width * energy))
    return Flux(species, edges, tables.make_table(density, np.zeros(1), np.ones(1)), source)
