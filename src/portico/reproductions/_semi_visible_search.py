r"""A search for heavy neutral leptons with BR(Z' -> psi_3 psi_2) = 0.99 that leave a part of the g-2 band open.

The talk on arXiv:2302.05410 shows such a point without its parameters. Here they are searched on a fixed grid: r = m_1/M,
:math:`\Delta_{21}`, :math:`\Delta_{32}` and the share of psi_3 psi_1 in the rest of 1%, with imaginary couplings,
:math:`V_{32}^2 + V_{21}^2 + V_{31}^2 = 1` and V_ii = 0: the matrix V then has the eigenvalues 1, 0 and -1 of two unit vectors, so that it
is one that mixing can give. A V_11 only adds invisible events, which no veto stops. A point counts by

.. math:: \max_{\epsilon \in \mathrm{band}_3} \ln\frac{\epsilon_\mathrm{inv}^2}{\epsilon^2 P(\epsilon)}

at its worst mass: first at 1.25 GeV for all points, then for the best of them over masses from 0.15 to 3 GeV.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from ..limits.curves import curve
from ..models import HeavyNeutralLepton
from ..precision import magnetic_moment as moment
from ..signatures.base import Search

RATIO, FIRST_MASS, ALPHA_DARK = 0.99, 1.25, 0.11
MASSES = (0.15, 0.3, 0.6, 1.25, 2.0, 3.0)
_LIGHTEST = (0.05, 0.1, 0.16)
_LOWER = (1.0, 2.0, 4.0)
_UPPER = (0.3, 0.59, 0.9)
_SHARES = (0.0, 0.5)
_HEAVIEST = 0.95  # (m_3 + m_2)/M
_HEAVIEST_PAIR = 0.9  # (m_3 + m_2)/M of the model from a mass matrix
_BEST = 3
_DATA = "bnl_fnal_2021"


class Opening(NamedTuple):
    """What the search found.

    parameters of the best point; margin {mass: ln of the largest epsilon_inv^2/(epsilon^2 P) in the 3-sigma band}, above 0 where a part of
    the band is open; tried (number of points at the first mass); open (number of those with a part of the band open there).
    """

    parameters: dict[str, Any]
    margin: dict[float, float]
    tried: int
    open: int


def point(lightest: float, lower: float, upper: float, share: float) -> dict[str, Any] | None:
    """Return the parameters with the wanted branching ratio, ``share`` of the rest going to psi_3 psi_1; None where it has none."""
    second = lightest * (1 + lower)
    third = second * (1 + upper)
    # to three dark fermions psi_3 would decay at once, whatever the mixing, and nothing of that is seen
    through = 2 * lightest + second if share > 0 else 2 * second + lightest
    if second + third > _HEAVIEST or third >= through:
        return None
    shape = {"alpha_dark": ALPHA_DARK, "lightest_mass_ratio": lightest, "splitting_21": lower, "splitting_32": upper}
    unit = HeavyNeutralLepton(
        mass=1.0, epsilon=1.0, v_32=1.0, v_21=1.0, v_31=1.0, current="vector", **shape
    ).partial_widths()
    width = {pair: float(np.asarray(unit[f"psi_{pair[1]} psi_{pair[0]}"])) for pair in ("32", "21", "31")}
    rest = (1 - RATIO) / RATIO * width["32"]
    square = {"32": 1.0, "21": rest * (1 - share) / width["21"], "31": rest * share / width["31"]}
    total = sum(square.values())
    return {**shape, **{f"v_{pair}": float(np.sqrt(s / total)) for pair, s in square.items()}, "current": "vector"}


def margin(search: Search, model: Any) -> float:
    """Return ln of the largest epsilon_inv^2/(epsilon^2 P) within the 3-sigma band: above 0 where a part of it is not excluded."""
    mass = float(model.mass)
    low, high = moment.band(_DATA, mass, 3)
    epsilon = np.geomspace(float(low), float(high), 40)
    value, error = search.signature.survival(search, model.with_parameters(epsilon=1.0)).probability(epsilon)
    # two errors up: a point that is open by chance alone does not count
    passed = np.maximum(value, 1e-12) + 2 * error
    return float(np.max(2 * np.log(float(curve(search.name).at(mass)) / epsilon) - np.log(passed)))


def from_mass_matrix(mass: float) -> HeavyNeutralLepton:
    """Return a model of the Lagrangian, with real entries of its mass matrix, that has BR(Z' -> psi_3 psi_2) = 0.99.

    M_N : M_X : Lambda_L : Lambda_R = 0.3 : 1 : 0.1 : -0.1 and m_3 + m_2 = 0.9 M. In a scan of 384 such ratios this branching ratio came with
    nearly degenerate psi_3 and psi_2 alone, as in ``dirac_inelastic`` with a small angle.
    """

    def made(scale: float) -> HeavyNeutralLepton:
        return HeavyNeutralLepton.from_lagrangian(
            majorana_mass=0.3 * scale, dirac_mass=scale, lambda_left=0.1 * scale, lambda_right=-0.1 * scale, mass=mass,
            epsilon=1.0, alpha_dark=ALPHA_DARK,
        )  # fmt: skip

    heavy = made(1.0).fermion_masses()
    return made(_HEAVIEST_PAIR * mass / float(heavy["psi_2"] + heavy["psi_3"]))


def grid() -> list[dict[str, Any]]:
    """Return all points of the search."""
    found = (point(*values) for values in itertools.product(_LIGHTEST, _LOWER, _UPPER, _SHARES))
    return [each for each in found if each is not None]


def opening(search: Search) -> Opening:
    """Search the grid; the budget is one small sample for each point, and one for each mass for the best of them."""
    points = grid()

    def at(k: int, mass: float) -> float:
        return margin(search, HeavyNeutralLepton(mass=mass, **points[k]))

    first = [at(k, FIRST_MASS) for k in range(len(points))]
    best = sorted(range(len(points)), key=lambda k: -first[k])[:_BEST]
    over = [{mass: at(k, mass) for mass in MASSES} for k in best]
    chosen = max(range(len(best)), key=lambda k: (sum(m > 0 for m in over[k].values()), min(over[k].values())))
    return Opening(points[best[chosen]], over[chosen], len(points), sum(m > 0 for m in first))
