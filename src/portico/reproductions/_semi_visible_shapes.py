"""Shapes of curves that claims on semi-visible dark photons speak of: bumps of a slope, a crossing, the prompt end of a beam dump."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import units
from ..cascades.survival import EDGES
from ..limits.curves import curve
from ..signatures.base import Search

_SMOOTHED = 0.15  # ln(epsilon): a sixth of the width of one bump
_PROMINENCE = 4.0


def bumps(value: np.ndarray, error: np.ndarray) -> list[float]:
    r"""Return the couplings at which :math:`-d\ln P/d\ln\epsilon` has a maximum that stands out of the noise.

    Parameters
    ----------
    value, error : arrays   P and its standard error on :data:`portico.cascades.survival.EDGES`

    The slope is smoothed with a Gaussian; a maximum counts where it is higher than the dips on both sides by 4 times the error of the
    smoothed slope, and by a tenth of the highest one.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    step = float(EDGES[1] - EDGES[0])
    slope = -gaussian_filter1d(np.log(np.maximum(value, 1e-12)), _SMOOTHED / step, order=1, mode="nearest") / step
    # ln P is a walk of independent steps over the couplings at which it falls: the error of its smoothed slope
    falls = EDGES[(value < 0.95 * value[0]) & (value > 1.05 * value[-1])]
    noise = float(np.max(error / np.maximum(value, 1e-12))) / np.sqrt(np.ptp(falls) * 2 * np.sqrt(np.pi) * _SMOOTHED)
    place, _ = find_peaks(slope, prominence=max(_PROMINENCE * noise, 0.1 * float(slope.max())))
    return [float(np.exp(EDGES[k])) for k in place]


def threshold_of(energies: Any, limits: Any, epsilon: float) -> float:
    """Return the threshold at which limits that fall with it pass a mixing: interpolated in logarithms, ArithmeticError outside."""
    height = np.log(np.asarray(limits))
    if not height[-1] < np.log(epsilon) < height[0]:
        raise ArithmeticError(f"the limits run from {limits[-1]:.3g} to {limits[0]:.3g} and do not pass {epsilon:.3g}")
    return float(np.exp(np.interp(np.log(epsilon), height[::-1], np.log(np.asarray(energies))[::-1])))


def dump_edge(search: Search, model: Any) -> float:
    r"""Return the upper edge of what a dump excludes, as one decay length has it.

    .. math:: \epsilon^2 e^{-L/(\beta\gamma c\tau)} = \epsilon_\mathrm{inv}^2, \qquad \tau \propto 1/\epsilon^2

    with psi_2 at the energy of the beam times its mean share of the mediator's, and L from the place of production to the end of the
    hadron calorimeter.
    """
    from scipy.optimize import brentq

    chain = model.chain(hadrons=False)
    mediator, (lighter, heavier) = chain.mediator_mass, chain.masses
    share = (mediator**2 + heavier**2 - lighter**2) / (2 * mediator**2)
    energy = share * search.experiment.number("beam.energy", units.ENERGY)
    length = search.experiment.number("hadron_calorimeter.end", units.LENGTH)
    path = energy / heavier * chain.ctau_unit_cm[1]  # at epsilon = 1
    invisible = float(curve(search.name).at(mediator))

    def excess(x: float) -> float:
        return 2 * x - length / path * float(np.exp(2 * x)) - 2 * float(np.log(invisible))

    start = 0.5 * float(np.log(path / length))  # where epsilon^2 P is largest
    return float(np.exp(brentq(excess, start, start + 5)))
