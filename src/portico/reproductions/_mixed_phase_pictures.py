"""Figures of arXiv:1506.04760: production, reach, two hits; and all couplings against the dark mixing angle."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..limits.curves import compared
from ..limits.kappa_bounds import bounds_of
from ..plotting import couplings
from ..plotting.style import COLOURS, DASHES, scale_horizontal, styled
from ._mixed_phase_mixing import Z_MASS
from ._mixed_phase_numbers import STRONG_CHARGE, Numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MASSES = np.geomspace(0.5, 100.0, 301)
_REACHED = np.geomspace(0.3, 130.0, 73)
_TWO = np.geomspace(0.75, 29.0, 21)
# both sides of where J/psi, psi(2S) and Upsilons stop to decay to pairs, and around where the Z' of 3 m meets these
_CLOSING = (1.54, 1.556, 1.835, 1.85, 4.71, 4.75, 5.16, 5.2)
_MEETING = (0.99, 1.015, 1.032, 1.05, 3.08, 3.153, 3.23, 3.3, 3.341, 3.39, 3.452, 3.54)
_EDGES = (*_CLOSING, *_MEETING)
_TWO_REACHED = np.sort([*np.geomspace(0.75, 12.4, 16), *_EDGES, 11.2, 11.7])
_CUT = 2.0  # GeV: a lighter Z' is cut away with the pairs
_PARTICLE = r"$m_\chi$ [GeV]"


def _production(numbers: Numbers) -> Axes:
    """Fig. 1: cross sections over the square of the charge, by where the pairs come from."""
    with styled():
        ax = _frame_with_room()
        lines = [
            ("Drell-Yan through photon and Z", numbers.drell_yan(MASSES), COLOURS[0], DASHES[0]),
            ("quarkonia", numbers.quarkonia(MASSES), COLOURS[2], DASHES[3]),
        ]
        for text, charge, colour, dashes in (
            (r"$e'=e$", 1.0, COLOURS[1], DASHES[1]),
            (r"$e'=5.63\,e$", STRONG_CHARGE, COLOURS[3], DASHES[2]),
        ):
            seen = np.where(3 * MASSES > _CUT, numbers.coherent(MASSES, 3, charge), np.nan)
            lines.append((f"photon, Z and $Z'$, {text}", seen, colour, dashes))
        for text, values, colour, dashes in lines:
            shown = np.where(values > 0, values, np.nan)  # pairs of Drell-Yan from 2 GeV on
            ax.plot(MASSES, shown, color=colour, linestyle=dashes, linewidth=1.6, label=text)
        together = lines[0][1] + lines[1][1]
        ax.plot(MASSES, together, color="black", linewidth=0.9, label="Drell-Yan and quarkonia")
        scale_horizontal(ax, MASSES)
        ax.set_yscale("log")
        ax.set_ylim(0.3, 1e9)
        ax.set_xlabel(_PARTICLE)
        ax.set_ylabel(r"$\sigma(pp\to\chi\bar\chi X)/\epsilon^2$ [pb]")
        _legend_beside(ax, r"14 TeV, $m_{Z'}=3m_\chi$," "\n" r"$\theta_W'=\theta_W$, pairs above 2 GeV")
    return ax


def _reach(numbers: Numbers, ratio: int) -> Axes:
    """Fig. 2: reach in the charge at two luminosities, two sigma filled in and three sigma dashed, with published limits and bounds."""
    model = numbers.resonant(None, ratio)
    with styled():
        ax = _frame_with_room()
        bounds = []
        for luminosity, colour in (("300/fb", "black"), ("3000/fb", COLOURS[0])):
            for sigma, dashes, width in ((2, "-", 1.7), (3, DASHES[1], 1.3)):
                found = numbers.background_reach(model, _REACHED, luminosity, sigma)
                text = f"{luminosity}, {sigma}$\\sigma$ over background"
                ax.plot(
                    _REACHED, found["low"].values[:, 0], color=colour, linestyle=dashes, linewidth=width, label=text
                )
            bounds = bounds_of(found)
        shown = [each for each in _published() if each.mass[-1] > _REACHED[0] and each.mass[0] < _REACHED[-1]]
        for curve, colour in zip(shown, (*COLOURS[1:], *COLOURS[1:]), strict=False):
            ax.plot(curve.mass, curve.value, color=colour, linewidth=1.0, label=curve.title)
        for curve, dashes in zip(bounds, (*DASHES[1:], *DASHES), strict=False):
            ax.plot(curve.mass, curve.value, color="#8a8a8a", linestyle=dashes, linewidth=1.2, label=curve.title)
        scale_horizontal(ax, _REACHED)
        ax.set_yscale("log")
        ax.set_ylim(3e-4, 1)
        ax.set_xlabel(_PARTICLE)
        ax.set_ylabel(r"$\epsilon$")
        title = rf"$m_{{Z'}}={ratio}m_\chi$, $\theta_W'=\theta_W$, $e'=e$," "\n" r"BR$(Z'\to\chi\bar\chi)=1$;"
        _legend_beside(ax, title + "\nbackground of the letter of intent")
    return ax


def _frame_with_room() -> Axes:
    """A frame with room for a legend beside it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(8.2, 4.4)).add_axes((0.085, 0.125, 0.58, 0.855))


def _legend_beside(ax: Axes, title: str) -> None:
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.01), title=title, title_fontsize=9, alignment="left")


def _published() -> list[Any]:
    """Published limits on millicharged particles; no projections."""
    return [each for each in compared("epsilon", "millicharged") if each.kind == "limit"]


def _two_hits(numbers: Numbers) -> Axes:
    """Fig. 3, above: cross section times acceptance for one and for two particles in the detector."""
    with styled():
        ax = _frame_with_room()
        for ratio, colour in ((3, COLOURS[0]), (9, COLOURS[1])):
            masses = _TWO[0.9 * Z_MASS / ratio > _TWO]  # below the crossing with the Z
            one = np.array([numbers.one_hit(m, ratio) for m in masses])
            two = np.array([numbers.two_hits(ratio * m, ratio) for m in masses])
            ax.plot(masses, one, color=colour, linewidth=1.6, label=rf"one, $m_{{Z'}}={ratio}m_\chi$")
            ax.plot(
                masses,
                two,
                color=colour,
                linewidth=1.6,
                linestyle=DASHES[1],
                label=rf"two, $Z'$ and jet, $m_{{Z'}}={ratio}m_\chi$",
            )
        scale_horizontal(ax, _TWO)
        ax.set_yscale("log")
        ax.set_xlabel(_PARTICLE)
        ax.set_ylabel(r"$\sigma\times$ acceptance$/\kappa^2$ [pb]")
        ax.set_ylim(1e-10, 1e3)
        title = r"14 TeV, $\theta_W'=\theta_W$, $e'=e$, 1 m$^2$ at 20 m;"
        _legend_beside(ax, title + "\n" r"below the Z: up to $m_{Z'}=0.9\,m_Z$")
    return ax


def _two_hit_reach(numbers: Numbers) -> Axes:
    """Fig. 3, below: reach with one and with two hits, three events without background at 3000/fb."""
    model = numbers.resonant(None, 3)
    with styled():
        ax = _frame_with_room()
        one = np.sort([*_TWO, *_EDGES])
        for hits, masses, dashes in (("one", one, "-"), ("two", _TWO_REACHED, DASHES[1])):
            found = numbers.reach(model, masses, "3000/fb", cl=0.95, options={"hits": hits})
            low = found["low"].values[:, 0]
            text = f"{hits} in the detector"
            if np.isnan(low[-1]):
                text += f",\nnothing beyond {masses[np.isfinite(low)][-1]:.0f} GeV"
            ax.plot(masses, low, color=COLOURS[0], linestyle=dashes, linewidth=1.6, label=text)
        scale_horizontal(ax, _TWO)
        ax.set_yscale("log")
        ax.set_ylim(1e-4, 1)
        ax.set_xlabel(_PARTICLE)
        ax.set_ylabel(r"$\epsilon$")
        title = r"three events at 3000/fb, $m_{Z'}=3m_\chi$, $e'=e$," "\n" r"BR$(Z'\to\chi\bar\chi)=1$;"
        _legend_beside(ax, title + "\ndips: $Z'$ at $J/\\psi$ and $\\Upsilon$, steps: their decays close")
    return ax


def _couplings(numbers: Numbers) -> Axes:
    return couplings(numbers.mixed(mass=1.0, zprime_mass=3.0, kappa=1e-3))


_RATES = "14 TeV, leading order, NNPDF23 LO, theta' = theta_W"
FIGURES: dict[str, tuple[str, Callable[[Numbers], Any]]] = {
    "production": (f"Fig. 1: cross sections over the square of the charge, by origin; {_RATES}, m_Z' = 3 m.", _production),
    "reach_3": ("Fig. 2, above: reach in the charge for m_Z' = 3 m over the background of the letter of intent.", partial(_reach, ratio=3)),
    "reach_9": ("Fig. 2, below: the same for m_Z' = 9 m, over the same background.", partial(_reach, ratio=9)),
    "two_hits": (f"Fig. 3, above: one or both particles in the detector, where the Z' is lighter than 0.9 m_Z; {_RATES}.", _two_hits),
    "two_hit_reach": ("Fig. 3, below: the sensitivity with two hits, which the source says does not degrade significantly, is lost by an order of magnitude.", _two_hit_reach),
    "couplings": ("All couplings against theta', from Holdom to Okun: m_Z' = 3 GeV, e' = e, kappa = 1e-3.", _couplings),
}  # fmt: skip
"""Captions and functions by name."""
