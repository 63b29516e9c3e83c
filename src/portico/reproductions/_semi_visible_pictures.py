"""Figures of semi-visible dark photons: exclusions with the g-2 bands, decay lengths, veto-survival maps, the threshold scan."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection

from ..limits.curves import curve
from ..plotting import exclusion, lifetimes, survival, threshold
from ..plotting.regions import interval_region
from ..plotting.style import COLOURS, DASHES, styled
from ._semi_visible_numbers import BABAR, COARSE, DATA, Numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES = {
    "inelastic": "iDM",
    "dirac": r"i2DM, $\theta=0.1$",
    "lepton": "HNL BP1",
    "opening": "HNL, BR(32) = 0.99",
}
_MAPPED = tuple(float(m) for m in np.round(np.geomspace(0.1, 6.0, 17), 4))
MASSES = (0.02, 0.05, *_MAPPED)
_DUMP_MASSES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.33, 0.36, 0.4, 0.45, 0.5, 0.6, 0.7, 0.85)
_MIXINGS = np.geomspace(1e-4, 1e-1, 61)
THRESHOLDS = (0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3)
"""Energies of the threshold scan, GeV."""
_MIXING = 1e-3
_FILLED = ("BaBar: any, full volume", "NA64e: strict veto")
_LINES = {"BaBar: any, calorimeter": {"volume": "calorimeter"}, "BaBar: both, full volume": {"veto_mode": "both"}}


def _exclusion(numbers: Numbers, name: str) -> Axes:
    from matplotlib.figure import Figure

    filled = [numbers.reach(name, MASSES), numbers.dump_reach(name, _DUMP_MASSES)]
    ends = (3e-5, 0.3)
    with styled():
        ax = Figure(figsize=(8.2, 4.4)).add_axes((0.085, 0.12, 0.56, 0.865))
        exclusion(filled, ax, compare=[], labels=_FILLED, magnetic_moment=DATA)
        ax.set_ylim(*ends)
        for (text, options), style, colour in zip(_LINES.items(), DASHES[1:], COLOURS[2:], strict=False):
            reach = numbers.reach(name, MASSES, **options)
            region = interval_region(reach["mass"].values, reach["low"].values, reach["high"].values, ends)
            lines = LineCollection(
                region.lines, colors=colour, linewidths=1.5, linestyles=[style], zorder=4.5, label=text
            )
            ax.add_collection(lines, autolim=False)
        for told in list(ax.texts):
            told.remove()
        handle = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        order = [_FILLED[0], *_LINES, _FILLED[1], *(text for text in handle if text not in (*_FILLED, *_LINES))]
        ax.legend(
            [handle[text] for text in order], order, loc="upper left", bbox_to_anchor=(1.01, 1.01),
            title=f"{TITLES[name]}, 90% CL", title_fontsize=10, alignment="left",
        )  # fmt: skip
    return ax


def _lifetimes(numbers: Numbers) -> Axes:
    mass = np.geomspace(0.1, 8.0, 200)
    lines: dict[str, np.ndarray] = {}
    for name, states in (("inelastic", "2"), ("dirac", "2"), ("lepton", "32"), ("opening", "32")):
        found = numbers.model(name, mass, epsilon=_MIXING).fermion_ctau_cm()
        lines |= {rf"$\psi_{state}$, {TITLES[name]}": np.asarray(found[f"psi_{state}"]) for state in states}
    return lifetimes(mass, lines, marks_cm={"volume of BaBar: 3 m": 300.0}, title=rf"$\epsilon = {_MIXING:g}$")


def _survival(numbers: Numbers, name: str) -> Axes:
    rows = [numbers.survival(name, _MIXINGS, mass=m, **COARSE)[0] for m in _MAPPED]
    return survival(_MAPPED, _MIXINGS, np.array(rows), title=f"{TITLES[name]}; BaBar, any, full volume")


def _threshold(numbers: Numbers) -> Axes:
    lines = {
        f"veto_mode = {mode}": [
            numbers.lower_edge("inelastic", veto_mode=mode, energy_threshold=f"{energy} GeV") for energy in THRESHOLDS
        ]
        for mode in ("any", "both")
    }
    invisible = float(curve(BABAR).at(1.25))
    return threshold(THRESHOLDS, lines, invisible=invisible, magnetic_moment=DATA, mass=1.25, title="iDM")


_READING = "one particle of a pair is enough for a veto (any) or both have to be seen (both), in the full volume or up to the calorimeter; bands of 251(59)e-11"
FIGURES: dict[str, tuple[str, Callable[[Numbers], Any]]] = {
    **{
        f"exclusion_{name}": (f"{text}: excluded mixing against mass; {_READING}.", partial(_exclusion, name=name))
        for name, text in (("inelastic", "iDM"), ("dirac", "i2DM, theta = 0.1"), ("lepton", "HNL BP1"), ("opening", "HNL with BR(32) = 0.99, found by a search"))
    },
    "lifetimes": ("Proper decay lengths of the benchmarks at epsilon = 1e-3.", _lifetimes),
    **{
        f"survival_{name}": (f"{text}: share of mono-photon events without a veto (any, full volume).", partial(_survival, name=name))
        for name, text in (("inelastic", "iDM"), ("dirac", "i2DM, theta = 0.1"), ("lepton", "HNL BP1"), ("opening", "HNL with BR(32) = 0.99, found by a search"))
    },
    "threshold": ("iDM at 1.25 GeV: excluded mixing against the energy threshold of the veto.", _threshold),
}  # fmt: skip
"""Captions and functions by name."""
