"""The numbers that claims and figures on semi-visible dark photons share, each computed once and when first asked for.

The treatment of the reference numbers is always named here, so that no default of a search changes a reproduction: collisions at
the Y(4S) alone, no hadronic decays of dark fermions, the full detector volume.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..limits.curves import curve
from ..limits.recast import limit_recast, reach_recast
from ..models import DiracInelastic, HeavyNeutralLepton, Inelastic
from ..models.base import Model
from ..precision import magnetic_moment as moment
from ..signatures.base import Search, make_search
from ._semi_visible_search import Opening, opening

if TYPE_CHECKING:
    import xarray

BABAR, NA64 = "babar_mono_photon_2017", "na64e_invisible_2019"
DATA = "bnl_fnal_2021"
"""Data set of the magnetic moment in all claims: 251(59)e-11."""
REFERENCE: dict[str, Any] = {"samples": "4s", "hadronic_decays": "off", "volume": "full"}
_PRECISION: dict[str, Any] = {"precision": "0.03"}
COARSE: dict[str, Any] = {"precision": "0.15", "events": "50000"}
"""Sample sizes of figures."""
_DUMP: dict[str, Any] = {
    "channels": "bremsstrahlung",
    "hadronic_decays": "off",
    "semi_visible_veto": "strict",
    "precision": "0.1",
    "events": "60000",
}
_SPLIT: dict[str, Any] = {"dark_matter_mass_ratio": 0.33, "splitting": 0.4, "alpha_dark": 0.1}
_LEPTONS: dict[str, Any] = {"alpha_dark": 0.11, "lightest_mass_ratio": 0.16, "splitting_21": 0.57, "splitting_32": 0.59, "v_32": 1.0, "v_21": 0.195, "current": "vector"}  # fmt: skip

Intervals = list[tuple[float, float]]
_Value = TypeVar("_Value")


class Numbers:
    """What claims and figures share; nothing is computed before it is asked for."""

    def __init__(self) -> None:
        """Start with nothing computed."""
        self._kept: dict[Any, Any] = {}

    def once(self, key: Any, make: Callable[[], _Value]) -> _Value:
        """Return what is kept under a key, made the first time."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    # --- models ---------------------------------------------------------------------------------------------------------

    def model(self, name: str, mass: Any = None, **changes: Any) -> Any:
        """Return a benchmark: ``inelastic``, ``dirac``, ``lepton`` (BP1) or ``opening`` (the point that the search finds)."""
        if name == "inelastic":
            return Inelastic(mass=mass, **{**_SPLIT, **changes})
        if name == "dirac":
            return DiracInelastic(mass=mass, **{**_SPLIT, "mixing_angle": 0.1, **changes})
        if name == "lepton":
            return HeavyNeutralLepton(mass=mass, **{**_LEPTONS, **changes})
        return HeavyNeutralLepton(mass=mass, **{**self.opening().parameters, **changes})

    def opening(self) -> Opening:
        """Return the point with a branching ratio of 0.99 to psi_3 psi_2 that the search finds, and what it took."""
        return self.once("opening", lambda: opening(self.search(precision="0.25", events="33000")))

    # --- mono-photons -----------------------------------------------------------------------------------------------------

    def search(self, *, defaults: bool = False, **options: str) -> Search:
        """Return the mono-photon search in the treatment of the reference numbers, or with its defaults, but for the given options."""
        chosen = {**_PRECISION, **({} if defaults else REFERENCE), **options}
        return self.once(("search", *sorted(chosen.items())), lambda: make_search(BABAR, chosen))

    def survival(
        self, name: str, epsilon: Any, *, mass: float = 1.25, changes: dict[str, Any] | None = None, **options: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the probability that no decay is seen, and its error."""
        search = self.search(**options)
        model = self.model(name, mass, **(changes or {}))
        value, error = search.signature.survival(search, model).probability(np.asarray(epsilon, dtype=float))
        return np.asarray(value), np.asarray(error)

    def intervals(
        self, name: str, mass: float = 1.25, *, changes: dict[str, Any] | None = None, **options: Any
    ) -> Intervals:
        """Return the excluded intervals of epsilon; infinite where everything above is excluded."""
        return self._intervals(self.search(**options), self.model(name, mass, **(changes or {})))

    def lower_edge(self, name: str, mass: float = 1.25, **options: Any) -> float:
        """Return the start of the last excluded interval, which goes on without end."""
        found = self.intervals(name, mass, **options)
        if not found or np.isfinite(found[-1][1]):
            raise ArithmeticError(f"nothing is excluded without end at {mass:g} GeV")
        return found[-1][0]

    def pocket(self, name: str, mass: float = 1.25, **options: Any) -> tuple[float, float]:
        """Return the ends of the gap between the first two excluded intervals, or (0, lower edge) where nothing below is excluded."""
        found = self.intervals(name, mass, **options)
        return (found[0][1], found[1][0]) if len(found) > 1 else (0.0, found[0][0])

    def reach(self, name: str, mass: tuple[float, ...], **options: Any) -> xarray.Dataset:
        """Return the excluded intervals over masses (GeV)."""
        search = self.search(**{**COARSE, **options})
        model: Model = self.model(name)
        key = ("reach", name, mass, id(search))
        return self.once(key, lambda: reach_recast(search, model, {"mass": np.array(mass)}))

    def dump_reach(self, name: str, mass: tuple[float, ...]) -> xarray.Dataset:
        """Return what the semi-visible reading of the missing-energy search excludes over masses (GeV)."""
        model: Model = self.model(name)
        key = ("dump reach", name, mass)
        return self.once(key, lambda: reach_recast(self.dump_search(), model, {"mass": np.array(mass)}))

    # --- missing energy -----------------------------------------------------------------------------------------------------

    def dump_search(self) -> Search:
        """Return the missing-energy search of 2019 with any decay before the end of the hadron calorimeter vetoed."""
        return self.once("dump", lambda: make_search(NA64, _DUMP))

    def dump_intervals(self, name: str, mass: float, **changes: Any) -> Intervals:
        """Return what the semi-visible reading of the missing-energy search excludes: epsilon^2 P >= epsilon_inv^2."""
        return self._intervals(self.dump_search(), self.model(name, mass, **changes))

    def dump_survival(self, name: str, epsilon: Any, mass: float) -> np.ndarray:
        """Return the probability that every decay is behind the hadron calorimeter."""
        search = self.dump_search()
        return np.asarray(
            search.signature.survival(search, self.model(name, mass, epsilon=1.0))
            .probability(np.asarray(epsilon))
            .value
        )

    def _intervals(self, search: Search, model: Any) -> Intervals:
        key = ("intervals", id(search), model.NAME, *model.parameters().values())
        found = self.once(key, lambda: limit_recast(search, model)).intervals
        return [(low, np.inf if high is None else high) for low, high in found]

    # --- the magnetic moment ------------------------------------------------------------------------------------------------

    def band(self, mass: float, n_sigma: float) -> tuple[float, float]:
        """Return the ends of the band in epsilon within so many sigma of 251(59)e-11."""
        low, high = moment.band(DATA, mass, n_sigma)
        return float(low), float(high)

    def open_share(self, intervals: Intervals, mass: float, n_sigma: float) -> float:
        """Return which part of ln epsilon in the band is not excluded, from 0 to 1."""
        low, high = self.band(mass, n_sigma)
        return sum(np.log(b / a) for a, b in gaps(intervals, low, high)) / float(np.log(high / low))


def gaps(intervals: Intervals, low: float, high: float) -> Intervals:
    """Return what a list of intervals leaves free between low and high.

    >>> gaps([(1.0, 2.0), (1.5, 3.0), (5.0, float("inf"))], 0.5, 7.0)
    [(0.5, 1.0), (3.0, 5.0)]
    """
    free, start = [], low
    for a, b in sorted(intervals):
        if a > start:
            free.append((start, min(a, high)))
        start = max(start, b)
        if start >= high:
            return free
    return [*free, (start, high)]


def smallest_invisible_margin(points: int = 4000) -> tuple[float, float]:
    """Return the smallest ratio of the 2-sigma band's lower edge to the stronger invisible limit, and a bound from below.

    The first is taken at points, all points of both published curves among them. Between two of them the band's edge rises and each
    curve is monotonic (straight in logarithms), so that the edge on the left over the larger end of each curve is below every ratio there.
    """
    limits = [curve(BABAR), curve(NA64)]
    mass = np.unique(np.concatenate([np.geomspace(1e-3, 8.0, points), *(each.mass for each in limits)]))
    edge = np.asarray(moment.band(DATA, mass, 2).low)
    assert np.all(np.diff(edge) > 0)
    height = [np.nan_to_num(each.at(mass), nan=np.inf) for each in limits]
    between = np.minimum(*(np.maximum(each[:-1], each[1:]) for each in height))
    return float(np.min(edge / np.minimum(*height))), float(np.min(edge[:-1] / between))
