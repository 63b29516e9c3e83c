r"""arXiv:2302.05410 and the talk on it: semi-visible dark photons, the magnetic moment of the muon, and what the recasts exclude.

What is claimed stands in ``semi_visible.toml``; each claim is computed here by the functions that users call, in the treatment of the
reference numbers: collisions at the Y(4S), no hadronic decays, full volume, and one particle of a pair is enough for a veto
(``any``) unless said otherwise. Claims on open or closed bands are tests of sets: intervals against intervals, no points.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import constants, particles
from ..limits.curves import compared, curve
from ..limits.problem import sources_of
from ..models import HeavyNeutralLepton
from ..precision import magnetic_moment as moment
from ..production import electron_positron_photon
from . import _semi_visible_pictures as pictures
from ._semi_visible_numbers import BABAR, COARSE, DATA, NA64, Numbers, smallest_invisible_margin
from ._semi_visible_search import from_mass_matrix, margin
from ._semi_visible_shapes import bumps, dump_edge, threshold_of

begin = Numbers
_MUON = particles.mass("mu-")
_PICOBARN = 1e-36
_FINE: dict[str, Any] = {"precision": "0.015", "events": "1200000"}
_SURVEYED = (0.6, 0.8, 0.9, 1.0, 1.25, 1.6, 2.0, 2.5, 3.0, 3.5, 4.0)
_LIGHT = (0.1, 0.2, 0.3, 0.35, 0.39, 0.45, 0.5, 0.55)
_THRESHOLDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)


def sources(numbers: Numbers) -> list[str]:
    """Return the sources of all that is used here: both searches, models, data on the magnetic moment, published limits."""
    searches = [numbers.search(), numbers.dump_search()]
    models = [numbers.model(name, 1.25) for name in ("inelastic", "dirac", "lepton")]
    used = [text for search in searches for model in models for text in sources_of(search, model, "recast")]
    used += [*moment.SOURCES, moment.data_set(DATA).source, "talk on arXiv:2302.05410"]
    drawn = [curve(BABAR), curve(NA64), *(each for each in compared("epsilon") if each.kind == "bound")]
    return used + [text for each in drawn for text in each.sources]


# --- the four models ------------------------------------------------------------------------------------------------------


def _open(numbers: Numbers, name: str, masses: tuple[float, ...], n_sigma: float, **options: Any) -> list[float]:
    """Which part of the band BaBar leaves free at each mass."""
    return [numbers.open_share(numbers.intervals(name, m, **options), m, n_sigma) for m in masses]


def _edges_of_inelastic(numbers: Numbers) -> list[float]:
    edges = [numbers.lower_edge("inelastic", m) for m in _SURVEYED]
    return [min(edges), max(edges)]


def _light_inelastic(numbers: Numbers) -> list[float]:
    """Which part of the 2-sigma band BaBar and the strict reading of NA64 leave free together, below 0.6 GeV."""
    return [
        numbers.open_share(numbers.intervals("inelastic", m) + numbers.dump_intervals("inelastic", m), m, 2)
        for m in _LIGHT
    ]


def _pockets(numbers: Numbers, angle: float, masses: tuple[float, ...]) -> int:
    """At how many masses a part of the 3-sigma band is free."""
    return sum(share > 0 for share in _open(numbers, "dirac", masses, 3, changes={"mixing_angle": angle}))


def _dump_growth(numbers: Numbers, mass: float) -> float:
    """Width in ln epsilon, up to 1, of what NA64 excludes for the Dirac model over that for the other."""
    width = {}
    for name in ("dirac", "inelastic"):
        found = numbers.dump_intervals(name, mass)
        width[name] = sum(np.log(min(high, 1.0) / low) for low, high in found)
    return float(width["dirac"] / width["inelastic"])


def _near_the_limit(numbers: Numbers) -> np.ndarray:
    """epsilon^2 P over epsilon_inv^2 for BP1 at 1.25 GeV."""
    epsilon = np.array([6e-3, 8e-3, 1e-2])
    passed, _ = numbers.survival("lepton", epsilon, **_FINE)
    return epsilon**2 * passed / float(curve(BABAR).at(1.25)) ** 2


def _ratio_for(branching: float) -> float:
    """abs(V_21/V_32) with which BP1 has a branching ratio to psi_3 psi_2, only 32 and 21 open."""
    model = HeavyNeutralLepton(mass=1.25, epsilon=1e-6, alpha_dark=0.11, lightest_mass_ratio=0.16, splitting_21=0.57, splitting_32=0.59, v_32=1.0, v_21=1.0)  # fmt: skip
    width = model.partial_widths()
    return float(np.sqrt((1 / branching - 1) * np.asarray(width["psi_2 psi_3"]) / np.asarray(width["psi_1 psi_2"])))


def _dark_ratio(model: Any, pair: str) -> float:
    widths = {k: float(np.asarray(v)) for k, v in model.partial_widths().items() if k.startswith("psi")}
    return widths[pair] / sum(widths.values())


def _found(numbers: Numbers) -> list[float]:
    """The margin of the found point at its masses, over the limit: largest epsilon_inv^2/(epsilon^2 P) in the 3-sigma band."""
    return [float(np.exp(value)) for value in numbers.opening().margin.values()]


def _found_share(numbers: Numbers) -> list[float]:
    """Which part of the 3-sigma band BaBar leaves free, below 1 GeV with the strict reading of NA64."""
    masses = (0.15, 0.2, 0.3, 0.6, 1.25, 2.0, 3.0)
    return [
        numbers.open_share(
            numbers.intervals("opening", m, **COARSE) + (numbers.dump_intervals("opening", m) if m <= 1 else []), m, 3
        )
        for m in masses
    ]


# --- the threshold of the veto, two bumps, missing energy ---------------------------------------------------------------------


def _threshold_limits(numbers: Numbers, mode: str) -> list[float]:
    return [numbers.lower_edge("inelastic", veto_mode=mode, energy_threshold=f"{e} GeV") for e in _THRESHOLDS]


def _smallest_step(numbers: Numbers) -> float:
    """Smallest ratio of limits at neighbouring thresholds, both modes: above 1 for limits that fall."""
    rows = [np.array(_threshold_limits(numbers, mode)) for mode in ("any", "both")]
    return float(min(np.min(row[:-1] / row[1:]) for row in rows))


def _threshold_at(numbers: Numbers, epsilon: float) -> float:
    """Threshold in MeV at which the limit passes a mixing."""
    energies = [e for e in pictures.THRESHOLDS if e <= 0.05]
    limits = [numbers.lower_edge("inelastic", energy_threshold=f"{e} GeV") for e in energies]
    return 1e3 * threshold_of(energies, limits, epsilon)


def _bumps(numbers: Numbers, name: str) -> list[float]:
    search = numbers.search(**_FINE)
    return bumps(*search.signature.survival(search, numbers.model(name, 1.25)).on_edges())


def _prompt_at_dump(numbers: Numbers) -> float:
    return float(numbers.dump_survival("inelastic", 0.3, 0.2))


def _dump_edge_ratio(numbers: Numbers, mass: float) -> float:
    found = numbers.dump_intervals("inelastic", mass)[-1][1]
    return found / dump_edge(numbers.dump_search(), numbers.model("inelastic", mass, epsilon=1.0))


# --- tables -----------------------------------------------------------------------------------------------------------------


def _survival(numbers: Numbers, name: str, mode: str) -> np.ndarray:
    return numbers.survival(name, [1e-3, 1e-2], veto_mode=mode, **_FINE)[0]


def _volumes(numbers: Numbers) -> list[float]:
    return [
        float(numbers.survival("dirac", 1e-2, volume=volume, **_FINE)[0])
        for volume in ("full", "calorimeter", "drift_chamber")
    ]


def _second_sample(numbers: Numbers) -> float:
    """Survival at the Y(2S) over that at the Y(4S)."""
    return float(
        numbers.survival("inelastic", 1e-2, samples="2s", **_FINE)[0] / numbers.survival("inelastic", 1e-2, **_FINE)[0]
    )


def _excluded(numbers: Numbers, name: str, mode: str) -> list[float]:
    """All finite edges at 1.25 GeV."""
    edges = [edge for pair in numbers.intervals(name, veto_mode=mode) for edge in pair]
    return [edge for edge in edges if np.isfinite(edge)]


def _shift(mass: float) -> float:
    return float(moment.magnetic_moment_shift(mass, 1e-2, _MUON))


def _dark_widths(model: Any, *pairs: str) -> list[float]:
    widths = model.partial_widths()
    return [float(np.asarray(widths[f"psi_{pair[0]} psi_{pair[1]}"])) for pair in pairs]


def _electron_widths(numbers: Numbers) -> list[float]:
    """Widths to e+ e- of psi_2 (iDM at 1.25 and 0.1 GeV) and of psi_3 (BP1, axial and vector), epsilon = 1e-3, no width in the propagator.

    No other channel is open there, so that they follow from the decay lengths.
    """
    models = [numbers.model("inelastic", mass) for mass in (1.25, 0.1)]
    models += [numbers.model("lepton", 1.25, current=current) for current in ("axial", "vector")]
    lengths = [model.chain(hadrons=False, propagator_width="zero").ctau_unit_cm[-1] for model in models]
    return [1e-6 * constants.HBARC_GEV_CM / length for length in lengths]


def _decay_lengths(numbers: Numbers) -> list[float]:
    return [
        float(np.asarray(numbers.model("inelastic", mass, epsilon=epsilon).fermion_ctau_cm()["psi_2"]))
        for mass, epsilon in ((1.25, 1e-3), (1.25, 1e-2), (0.1, 1e-3))
    ]


def _cross_sections() -> list[float]:
    unit = constants.GEV2_CM2 / _PICOBARN
    return [
        float(electron_positron_photon.sigma(10.5794**2, m, 1e-3, cos_max=0.6)) * unit for m in (0.5, 1.25, 4.0, 8.0)
    ]


CLAIMS: dict[str, Callable[[Numbers], Any]] = {
    "1": lambda n: smallest_invisible_margin()[1],
    "1a": lambda n: smallest_invisible_margin()[0],
    "2": lambda n: sum(_open(n, "inelastic", _SURVEYED, 2)),
    "2a": _edges_of_inelastic,
    "2b": lambda n: n.band(0.6, 2)[0],
    "2c": lambda n: n.pocket("inelastic", 0.3),
    "2d": lambda n: n.band(0.3, 2)[0],
    "2e": lambda n: _open(n, "inelastic", (0.3,), 2)[0],
    "2f": _light_inelastic,
    "2g": lambda n: sum(_open(n, "inelastic", _SURVEYED, 2, defaults=True)),
    "3": lambda n: _open(n, "dirac", (0.8, 0.9, 1.25, 1.6, 2.0), 3),
    "3a": lambda n: n.pocket("dirac", 0.9),
    "3b": lambda n: n.pocket("dirac", 1.25),
    "3c": lambda n: [n.pocket("dirac", m)[1] for m in (1.6, 2.0)],
    "3d": lambda n: _open(n, "dirac", (0.6,), 3)[0],
    "3e": lambda n: _open(n, "dirac", (0.9,), 3)[0],
    "3f": lambda n: _pockets(n, 0.02, (0.6, 0.9, 1.25, 1.6, 2.0)),
    "3g": lambda n: [n.lower_edge("dirac", changes={"mixing_angle": angle}) for angle in (0.2, 0.4)],
    "3h": lambda n: _open(n, "dirac", (0.9, 1.25, 1.6, 2.0), 3, defaults=True),
    "3i": lambda n: _open(n, "dirac", (0.9,), 3, volume="calorimeter", **_FINE)[0],
    "3j": lambda n: _open(n, "dirac", (1.25,), 3, veto_mode="both")[0],
    "4": lambda n: [_dump_growth(n, mass) for mass in (0.1, 0.2, 0.3)],
    "5": lambda n: _open(n, "lepton", (1.25, 1.6), 3),
    "5a": lambda n: sum(_open(n, "lepton", (0.9, 2.0, 2.5), 3)),
    "5b": lambda n: [n.lower_edge("lepton", mass) for mass in (1.25, 2.0)],
    "5c": _near_the_limit,
    "5d": lambda n: _open(n, "lepton", (1.25,), 3, volume="calorimeter")[0],
    "5e": lambda n: _open(n, "lepton", (1.25, 1.6), 3, defaults=True),
    "5f": lambda n: _open(n, "lepton", (1.25,), 3, veto_mode="both")[0],
    "6": lambda n: _dark_ratio(n.model("opening", 1.25, epsilon=1e-3), "psi_2 psi_3"),
    "6a": _found,
    "6b": _found_share,
    "6c": lambda n: _dark_ratio(from_mass_matrix(1.25), "psi_2 psi_3"),
    "6d": lambda n: [float(np.exp(margin(n.search(**COARSE), from_mass_matrix(m)))) for m in (0.3, 0.6, 1.25)],
    "7": lambda n: _dark_ratio(n.model("lepton", 1.25, epsilon=1e-3), "psi_2 psi_3"),
    "7a": lambda n: _ratio_for(0.96),
    "8": lambda n: _threshold_limits(n, "any"),
    "8a": lambda n: _threshold_limits(n, "both"),
    "8b": _smallest_step,
    "8c": lambda n: n.lower_edge("inelastic", energy_threshold="10 GeV"),
    "8d": lambda n: _threshold_at(n, n.band(1.25, 2)[0]),
    "8e": lambda n: _threshold_at(n, float(moment.epsilon_for(251e-11, 1.25, _MUON))),
    "9": lambda n: len(_bumps(n, "lepton")),
    "9a": lambda n: _bumps(n, "lepton")[-1] / _bumps(n, "lepton")[0],
    "9b": lambda n: len(_bumps(n, "inelastic")),
    "10": _prompt_at_dump,
    "10a": lambda n: [_dump_edge_ratio(n, mass) for mass in (0.1, 0.2, 0.3)],
    "magnetic_moment.shift": lambda n: [_shift(mass) for mass in (0.001, 0.03, _MUON, 0.6, 1.25, 3.0)],
    "magnetic_moment.epsilon": lambda n: [float(moment.epsilon_for(251e-11, mass, _MUON)) for mass in (0.1, 1.25)],
    "magnetic_moment.bands": lambda n: [*n.band(1.25, 2), *n.band(1.25, 3)],
    "widths.inelastic": lambda n: _dark_widths(n.model("inelastic", 1.25, epsilon=1e-3), "12"),
    "widths.dirac": lambda n: _dark_widths(n.model("dirac", 1.25, epsilon=1e-3), "11", "12", "22"),
    "widths.dirac_ratio": lambda n: _dark_ratio(n.model("dirac", 1.25, epsilon=1e-3), "psi_2 psi_2"),
    "widths.lepton": lambda n: [_dark_widths(n.model("lepton", 1.25, epsilon=1e-3, current=c, v_21=1.0), "23")[0] for c in ("axial", "vector")],
    "widths.electrons": _electron_widths,
    "ctau": _decay_lengths,
    "sigma": lambda n: _cross_sections(),
    **{
        f"survival.{name}_{mode}": partial(_survival, name=name, mode=mode)
        for name in ("inelastic", "dirac", "lepton")
        for mode in ("both", "any")
    },
    "survival.volumes": _volumes,
    "survival.second_sample": _second_sample,
    **{
        f"excluded.{name}_{mode}": partial(_excluded, name=name, mode=mode)
        for name in ("inelastic", "dirac", "lepton")
        for mode in ("both", "any")
    },
}  # fmt: skip
"""What computes each claim of the file, by its key."""

FIGURES = pictures.FIGURES
