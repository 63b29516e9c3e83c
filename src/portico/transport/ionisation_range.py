r"""How far a charged particle goes in matter, and how fast it comes out: ranges by ionisation alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..matter.ionisation import Medium, stopping_power

_NODES = 513
_MEV = 1e-3  # GeV


class RangeTable(NamedTuple):
    r"""Ranges of particles of unit charge over mass, on nodes even in ln(beta gamma), one row per mass.

    Attributes
    ----------
    beta_gamma : array, shape (n,)            nodes, p/m
    range_over_mass : array, shape (..., n)   g/cm^2 per GeV, for unit charge; divide by the charge squared
    """

    beta_gamma: np.ndarray
    range_over_mass: np.ndarray


def range_table(mass: np.ndarray, of: Medium, *, low: float = 1e-3, high: float = 1e5) -> RangeTable:
    r"""Return column densities that particles of unit charge cross before they stop, over their mass.

    .. math:: \frac{R}{M} = \int_0^{\beta\gamma}\frac{\beta\,d(\beta\gamma)}{-dE/dX(\beta\gamma)}

    by the mean loss (no straggling); a charge Q e goes 1/Q^2 times as far. Made on the host, by the trapezoidal rule in
    ln(beta gamma). Below ``low`` dE/dX is constant and the range :math:`M(\beta\gamma)^2/2` over it.

    Parameters
    ----------
    mass : array, shape (...)   GeV
    of : Medium

    Source: :func:`portico.matter.ionisation.stopping_power`; compare PDG 2024, figure 34.4.
    """
    nodes = np.geomspace(low, high, _NODES)
    loss = _MEV * np.asarray(stopping_power(nodes, np.asarray(mass, dtype=float)[..., None], of))
    integrand = nodes / np.sqrt(1 + nodes**2) / loss * nodes
    step = np.log(nodes[1] / nodes[0])
    inner = np.cumsum((integrand[..., 1:] + integrand[..., :-1]) * (step / 2), axis=-1)
    first = 0.5 * low**2 / loss[..., :1]
    return RangeTable(nodes, np.concatenate([first, first + inner], axis=-1))


def stopping_beta_gamma(table: RangeTable, column_over_mass: np.ndarray) -> np.ndarray:
    r"""Return beta gamma below which a particle stops, for :math:`Q^2X/M` in g/cm^2 per GeV along the last axis of each row.

    Parameters
    ----------
    table : RangeTable                                rows of shape (..., n)
    column_over_mass : array, shape (..., k)          charge squared times column density over mass

    Returns
    -------
    array, shape (..., k)   ends at those of the table

    Source: definition of the range.
    """
    rows = table.range_over_mass.reshape(-1, table.beta_gamma.size)
    wanted = np.log(np.maximum(column_over_mass, 1e-300))
    flat = np.broadcast_to(wanted, (*table.range_over_mass.shape[:-1], wanted.shape[-1])).reshape(rows.shape[0], -1)
    found = [np.interp(x, np.log(row), np.log(table.beta_gamma)) for x, row in zip(flat, rows, strict=True)]
    return np.exp(found).reshape(*table.range_over_mass.shape[:-1], -1)


def leaving_beta_gamma(table: RangeTable, beta_gamma: np.ndarray, column_over_mass: np.ndarray) -> np.ndarray:
    r"""Return beta gamma behind a column: the range there is what is left, :math:`R(\beta\gamma') = R(\beta\gamma) - Q^2X`; 0 if none.

    Parameters
    ----------
    table : RangeTable                         one row
    beta_gamma, column_over_mass : arrays      that broadcast; Q^2 X/M in g/cm^2 per GeV

    Source: definition of the range.
    """
    row, nodes = np.log(table.range_over_mass), np.log(table.beta_gamma)
    before = np.exp(np.interp(np.log(beta_gamma), nodes, row))
    left = before - column_over_mass
    inside = left > 0
    after = np.exp(np.interp(np.log(np.where(inside, left, 1.0)), row, nodes))
    # close to the start the difference of two logarithms would round: what is lost is small, and never negative
    return np.where(inside, np.minimum(after, beta_gamma), 0.0)
