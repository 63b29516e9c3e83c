r"""From the flux at one pseudorapidity to what the layers see, for many points and charges at once; numpy only.

A flux is kept per charge squared, by node of beta gamma. Between two nodes it is what hats on the nodes, linear in
ln(beta gamma), add up to; so the share above a velocity is a smooth function of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..detection.coincidence import coincidence_probability
from ..detection.photo_electrons import mean_photo_electrons, relative_energy_loss
from ..production.side_flux import BETA_GAMMA
from ..transport.ionisation_range import RangeTable, leaving_beta_gamma, range_table, stopping_beta_gamma
from ._scintillator_prepare import Prepared

_STEP = float(np.log(BETA_GAMMA[1] / BETA_GAMMA[0]))
_START = float(np.log(BETA_GAMMA[0]))
_COLUMNS = np.linspace(np.log(1e-6), np.log(1e12), 433)
"""Nodes in ln(Q^2 X/m), g/cm^2 per GeV."""


class Rock(NamedTuple):
    """What stops in the rock, for different masses: ranges, and ln(beta gamma) that just comes through by :data:`_COLUMNS`."""

    mass: np.ndarray
    ranges: RangeTable
    stop: np.ndarray


def make_rock(state: Prepared, mass: np.ndarray) -> Rock:
    """Return ranges in the rock for masses (GeV) of any shape, each once."""
    different = np.unique(mass)
    ranges = range_table(different, state.rock)
    return Rock(different, ranges, np.log(stopping_beta_gamma(ranges, np.exp(_COLUMNS))))


def stopping_logarithm(rock: Rock, mass: np.ndarray, column_over_mass: np.ndarray) -> np.ndarray:
    """Return ln(beta gamma) of what just comes through, for rows of masses of :func:`make_rock` and Q^2 X/m."""
    row = np.searchsorted(rock.mass, mass)
    step = _COLUMNS[1] - _COLUMNS[0]
    place = np.clip((np.log(np.maximum(column_over_mass, 1e-300)) - _COLUMNS[0]) / step, 0.0, _COLUMNS.size - 1.0)
    cell = np.minimum(place.astype(int), _COLUMNS.size - 2)
    share = place - cell
    return (1 - share) * rock.stop[row, cell] + share * rock.stop[row, cell + 1]


def share_above(density: np.ndarray, logarithm: np.ndarray) -> np.ndarray:
    """Return the share of each hat that lies above ln(beta gamma), shape (..., 57): 1 well below, 0 well above its node.

    ``density`` gives the number of nodes only; it is there to be multiplied. Source: integral of a triangle.
    """
    s = (logarithm[..., None] - _START) / _STEP - np.arange(density.shape[-1])
    left, right = np.clip(s, -1.0, 0.0), np.clip(s, 0.0, 1.0)
    return np.where(s <= 0, 1 - 0.5 * (1 + left) ** 2, 0.5 * (1 - right) ** 2)


def through_rock(cumulative: np.ndarray, row: np.ndarray, logarithm: np.ndarray) -> np.ndarray:
    """Return the flux above ln(beta gamma) of chosen rows, from sums over the nodes from the top, shape (n, 58).

    The same as the sum of density times :func:`share_above`, from three numbers of each row.
    """
    nodes = cumulative.shape[-1] - 1
    place = (logarithm - _START) / _STEP
    cell = np.clip(np.floor(place), -1, nodes - 1).astype(int)
    s = np.clip(place - cell, 0.0, 1.0)
    base = row * (nodes + 1)
    flat = cumulative.reshape(-1)
    here = flat[base + np.maximum(cell, 0)]
    upper = flat[base + np.clip(cell + 1, 0, nodes)]
    second = flat[base + np.clip(cell + 2, 0, nodes)]
    return second + (upper - second) * (1 - 0.5 * s * s) + (here - upper) * (0.5 * (1 - s) ** 2) * (cell >= 0)


def nodes_error(cumulative: np.ndarray, row: np.ndarray, logarithm: np.ndarray) -> np.ndarray:
    """Return what :func:`through_rock` may miss where a flux rises within a step of the nodes: 0.2 of its change over a step.

    Hats smear a flux by 0.4 of a step in the logarithm; a sharp edge next to ln(beta gamma) is passed by a fifth of a step, 6% of the velocity.
    In a tail that falls by more than that within a step it is held at 45%: there an edge of the coupling is known by the 6%.
    """
    lower, here, upper = (through_rock(cumulative, row, logarithm + by * _STEP) for by in (-0.5, 0.0, 0.5))
    return np.minimum(0.2 * np.abs(lower - upper), 0.45 * np.abs(here))


def from_the_top(density: np.ndarray) -> np.ndarray:
    """Return sums over the nodes from each one to the last, with a 0 behind, shape (..., 58)."""
    sums = np.cumsum(density[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([sums, np.zeros((*density.shape[:-1], 1))], axis=-1)


def seen_by_velocity(state: Prepared, rock: Rock, mass: np.ndarray, charge: np.ndarray, power: int) -> np.ndarray:
    """Return the probability that each node is seen, rock and slow particles included, shape (rows, 57)."""
    column = charge**2 * state.rock_column / mass
    result = np.empty((mass.size, BETA_GAMMA.size))
    for k, m in enumerate(rock.mass):
        mine = np.flatnonzero(mass == m)
        if not mine.size:
            continue
        velocity = np.broadcast_to(BETA_GAMMA, (mine.size, BETA_GAMMA.size))
        passed: np.ndarray | float = 1.0
        if state.rock_column > 0:
            row = RangeTable(rock.ranges.beta_gamma, rock.ranges.range_over_mass[k])
            velocity = leaving_beta_gamma(row, velocity, column[mine][:, None])
            passed = share_above(result[mine], stopping_logarithm(rock, mass[mine], column[mine]))
        loss = relative_energy_loss(np.maximum(velocity, BETA_GAMMA[0]), m, state.scintillator)
        mean = mean_photo_electrons(charge[mine][:, None], state.of_unit_charge, loss)
        result[mine] = coincidence_probability(mean, state.layers) ** power * passed
    return result


def seen(state: Prepared, charge: np.ndarray, power: int) -> np.ndarray:
    """Return the probability that a minimum-ionising particle is seen in all layers, to the power of the particles."""
    return coincidence_probability(mean_photo_electrons(charge, state.of_unit_charge), state.layers) ** power
