r"""Relativistic degrees of freedom of the Standard-Model plasma, as an ideal gas: an estimate.

Interactions are left out, and quarks and gluons turn into mesons at one temperature: good to about 10% above 1 GeV and to a
factor of 1.3 between 0.1 and 1 GeV, where lattice results are smaller. Enough for orders of magnitude, not for precision.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import particles
from ..errors import OutOfValidity, unknown_name
from ..numerics.checks import numbers

QUARK_MASSES_GEV = {"u": 0.00216, "d": 0.0047, "s": 0.0935, "c": 1.273, "b": 4.183, "t": 172.57}
"""Source: PDG 2024; MSbar for all but the top."""
HIGGS_MASS_GEV = 125.2
"""Source: PDG 2024."""
CONFINEMENT_GEV = 0.155
"""Temperature at which quarks and gluons give way to mesons. Source: arXiv:1407.6387, 154(9) MeV."""
COLDEST_GEV = 2e-3
"""Below, neutrinos have left the plasma: no value is given."""
QUANTITIES = ("energy", "entropy")
_NODES = 64


@cache
def _species() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Masses (GeV), numbers of states and signs of the statistics (+1 for fermions): always there, hot, cold."""
    both = [("gamma", 2, -1), ("e-", 4, 1), ("mu-", 4, 1), ("tau-", 4, 1), ("W+", 6, -1), ("Z", 3, -1)]
    mesons = [("pi0", 1), ("pi+", 2), ("K+", 2), ("K0", 2), ("eta", 1), ("rho", 9), ("omega", 3)]
    always = [(particles.mass(name), states, sign) for name, states, sign in both]
    rows = {
        "always": [*always, (0.0, 6, 1), (HIGGS_MASS_GEV, 1, -1)],  # with three neutrinos of one helicity each
        "hot": [(0.0, 16, -1), *((mass, 12, 1) for mass in QUARK_MASSES_GEV.values())],
        "cold": [(particles.mass(name), states, -1) for name, states in mesons],
    }
    tables = {name: np.array(row, dtype=float).T for name, row in rows.items()}
    return {name: (table[0], table[1], table[2]) for name, table in tables.items()}


@cache
def _rule() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the Gauss-Laguerre rule, its weight function taken out."""
    nodes, weights = np.polynomial.laguerre.laggauss(_NODES)
    return nodes, weights * np.exp(nodes)


def _sum(group: str, temperature: np.ndarray, quantity: str) -> np.ndarray:
    mass, states, sign = _species()[group]
    p, weight = _rule()
    ratio = mass / temperature[..., None]
    energy = np.sqrt(p**2 + ratio[..., None] ** 2)
    factor = energy if quantity == "energy" else 0.75 * energy + 0.25 * p**2 / energy
    occupation = 1 / (np.exp(np.minimum(energy, 700.0)) + sign[:, None])
    return 15 / math.pi**4 * np.sum(states * np.sum(weight * p**2 * factor * occupation, axis=-1), axis=-1)


def relativistic_degrees_estimate(temperature: ArrayLike, *, quantity: str = "energy") -> Any:
    r"""Effective number of relativistic degrees of freedom of the Standard Model; an estimate, by ideal gases.

    .. math:: g_*(T) = \sum_i g_i\,\frac{15}{\pi^4}\int_0^\infty \frac{p^2 E\,dp}{e^{E} \pm 1},\qquad E = \sqrt{p^2 + m_i^2/T^2}

    with three quarters of E and a quarter of p^2/E in its place for the entropy.

    Parameters
    ----------
    temperature : array, shape (...)   GeV
    quantity : str                     "energy" or "entropy"

    Returns
    -------
    array, shape (...)                 106.75 at the highest temperatures; nan below 2 MeV, where neutrinos have decoupled

    Raises UnknownName for the quantity, InvalidInput for a temperature that is no finite number above 0, OutOfValidity where all
    are below 2 MeV.

    Notes     Ideal gas; quarks and gluons above 155 MeV, light mesons below. The electroweak transition is not one here: masses stay.
    Source    E. W. Kolb and M. S. Turner, The Early Universe (1990), chapter 3; masses of the PDG.

    Examples
    --------
    >>> f"{float(relativistic_degrees_estimate(1e4)):.2f} {float(relativistic_degrees_estimate(0.01)):.2f}"
    '106.75 10.76'
    """
    if quantity not in QUANTITIES:
        raise unknown_name("quantity", quantity, QUANTITIES, where="relativistic_degrees_estimate")
    where = "relativistic_degrees_estimate"
    given = numbers(where, "temperature", temperature, lambda x: x > 0, "temperatures above 0 in GeV")
    inside = given >= COLDEST_GEV
    if not inside.any():
        raise OutOfValidity(
            f"{where}: temperature = {given.max():g} GeV is asked; the estimate holds from {COLDEST_GEV:g} GeV, where neutrinos decouple."
        )
    safe = np.where(inside, given, 1.0)
    matter = np.where(safe > CONFINEMENT_GEV, _sum("hot", safe, quantity), _sum("cold", safe, quantity))
    found = np.where(inside, _sum("always", safe, quantity) + matter, math.nan)
    return float(found) if found.ndim == 0 else found
