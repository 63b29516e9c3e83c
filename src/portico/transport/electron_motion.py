r"""The path length of a beam seen by electrons that move: smeared in the energy that an electron at rest would need.

.. math:: s = 2m_eE'(1-Q) = 2m_e\mathcal E \quad\Rightarrow\quad
          F(\mathcal E) = \int dQ\,J(Q)\,F_\mathrm{rest}\Big(\frac{\mathcal E}{1-Q}\Big)

with the distribution J of :mod:`portico.matter.atomic_electrons`; the flux factor 1 - Q of a moving target and the Jacobian
1/(1-Q) cancel.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..matter.atomic_electrons import Motion
from ..numerics import maps, quadrature, tables
from .path_length import PathLength, evaluate, largest_relative_error, piece_fractions

_ORDERS = (64, 48)
_STEP = 1.02  # ratio of energies within a panel
_LAST = 1.001  # the same for the logarithmic panel at the end of a piece
_LOWEST = 0.01  # of the beam's energy; below, the motion is left out: the path length is even there
_BLOCK = 256
_REACH = 3.1  # of the loss Q, from 1 - 3.1 to 1 - 1/3.1


def smeared(path: PathLength, motion: Motion, *, points: int = 1025) -> PathLength:
    """Return a path length, each of its parts, smeared by the motion of the electrons.

    Parameters
    ----------
    path : PathLength       for electrons at rest
    motion : Motion         from :func:`portico.matter.atomic_electrons.motion`
    points : int            odd; table points per piece

    Returns
    -------
    PathLength              reaches from 0.54 of the lowest to 1.85 times the highest energy

    Source: the module; arXiv:2403.15387. Gauss-Legendre in the coordinate of each piece of the table, on the host.
    """
    edges = np.asarray(path.edges)
    beyond = np.array([1.005, 1.03, 1.06, 1.1, 1.16, 1.25, 1.35, 1.5, 1.65, 1.85])
    bottom = edges[0] / beyond[:0:-1] if edges[0] > 0 else np.array([])
    beside = edges[1:-1] * beyond[0]  # outer electrons smear little: fine structure above each edge
    new_edges = np.unique(np.concatenate([bottom, edges, beside, edges[-1] * beyond]))
    fractions = piece_fractions(points)
    left, right = new_edges[:-1, None], new_edges[1:, None]
    energy = np.maximum(right - (right - left) * (fractions + 1e-9), left)
    fine, coarse = (_smear(energy.ravel(), path, motion, order) for order in _ORDERS)
    parts = path.relative_error.shape[0]
    shape = (parts, len(new_edges) - 1, points)
    values, check = fine.reshape(shape), coarse.reshape(shape)
    zero = np.zeros(shape[:2])
    table = tables.make_table(values, zero, zero + 1)
    relative = largest_relative_error(values, check) + np.max(np.asarray(path.relative_error))
    flat = tables.Table(*(part.reshape(-1, *part.shape[2:]) for part in table))
    return PathLength(new_edges, np.asarray(path.beam_edges), flat, relative)


def _smear(energy: np.ndarray, path: PathLength, motion: Motion, order: int) -> np.ndarray:
    """Values at energies of shape (n,), shape (parts, n)."""
    lepton, measure = _nodes(np.asarray(path.edges), order)
    weighted = evaluate(path, lepton) * measure / lepton**2
    result = evaluate(path, energy)
    smear = np.flatnonzero(energy > _LOWEST * path.edges[-1])
    for start in range(0, smear.size, _BLOCK):
        some = smear[start : start + _BLOCK]
        near = (lepton > energy[some].min() / _REACH) & (lepton < energy[some].max() * _REACH)
        lost = 1 - energy[some, None] / lepton[near]
        density = np.interp(lost, motion.grid, motion.density, left=0.0, right=0.0)
        result[:, some] = energy[some] * (weighted[:, near] @ density.T)
    return result


def _nodes(edges: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Energies and weights over all pieces: panels of a fixed ratio, the last of a piece in the logarithmic coordinate."""
    u, weight = quadrature.gauss_legendre(order)
    lepton, measure = [], []
    for left, right in pairwise(edges):
        start = max(left, 0.3 * _LOWEST * edges[-1])
        last = max(right / _LAST, (start + right) / 2)
        ends = np.geomspace(start, last, int(np.log(last / start) / np.log(_STEP)) + 2)
        for low, high in pairwise(ends):
            lepton.append(low + (high - low) * u)
            measure.append((high - low) * weight)
        w_end = maps.logarithmic_coordinate(np.log(right / last))
        w = w_end * u
        y = maps.from_logarithmic_coordinate(w)
        lepton.append(right * np.exp(-y))
        measure.append(weight * w_end * maps.logarithmic_jacobian(w) * right * np.exp(-y))
    return np.concatenate(lepton), np.concatenate(measure)
