"""Figures of arXiv:2212.04252 and of what is behind them, drawn anew. Each function returns Axes of the figure it made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from .. import constants, units
from ..beams import bhabha
from ..decays import vector
from ..flux import Flux
from ..kinematics.collider import collider_frame, energy_from_angle
from ..limits.curves import curve
from ..plotting import exclusion
from ..plotting.exclusion import STYLE
from ..production import resonant_annihilation
from ..transport import electromagnetic_cascade as cascade
from ._belle2_numbers import ELECTRON, Numbers, generations

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#5a5a5a"
_POSITRON, _ELECTRON = r"$e^{\mathregular{+}}$", r"$e^{\mathregular{-}}$"
_MICROBARN = 1e-30  # cm^2
_DASHED = (0, (4, 2))
_POINTS: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 4,
    "markerfacecolor": "white",
    "zorder": 6,
    "clip_on": False,
}
MASSES = np.unique(np.concatenate([np.geomspace(1e-3, 1.0, 121), np.linspace(0.0580, 0.1260, 69)]))
_BEST = {"bremsstrahlung": "exact", "track_length": "cascade"}


def _figure(height: float = 4.3) -> Figure:
    from matplotlib.figure import Figure as New

    return New(figsize=(5.6, height))


def _single(height: float = 4.3) -> Axes:
    """One frame, always at the same place."""
    return _figure(height).add_axes((0.135, 0.125, 0.84, 0.845))


def _stacked(height: float, share: float, *, own_scale: bool = False) -> tuple[Axes, Axes]:
    """Two frames one above the other, the lower one with this share of the height; with a common axis or each its own."""
    figure = _figure(height)
    bottom, gap, top = 0.5 / height, (0.62 / height if own_scale else 0.04 / height), 0.12 / height
    room = 1 - bottom - gap - top
    lower = figure.add_axes((0.135, bottom, 0.84, share * room))
    place = (0.135, bottom + share * room + gap, 0.84, (1 - share) * room)
    upper = figure.add_axes(place, sharex=None if own_scale else lower)
    if not own_scale:
        upper.tick_params(labelbottom=False)
    return upper, lower


# --- positrons ----------------------------------------------------------------------------------------------------------


def positrons(numbers: Numbers, tracks: str) -> Flux:
    """Return the positrons in the barrel for an integrated luminosity of 1/nb: their density is in nb/GeV."""
    experiment = numbers.search().experiment
    beams = [experiment.number(f"beams.{name}_energy", units.ENERGY) for name in ("electron", "positron")]
    ends = [experiment.number(f"acceptance.{end}_polar_angle", units.ANGLE) for end in ("smallest", "largest")]
    return bhabha.bhabha_positrons(beams[0], beams[1], (ends[0], ends[1]), 1e33, tracks=tracks)


def _bhabha_spectrum(numbers: Numbers) -> Axes:
    axes = _figure(4.5).add_axes((0.125, 0.12, 0.85, 0.76))
    for tracks, label, colour, style in (
        ("positron", f"{_POSITRON} in the barrel", _BLUE, "-"),
        ("both", f"{_POSITRON} and {_ELECTRON} in the barrel", _ORANGE, _DASHED),
    ):
        flux = positrons(numbers, tracks)
        low, high = float(flux.edges[0]), float(flux.edges[-1])
        energy = low + (high - low) * np.sin(np.linspace(0, np.pi / 2, 400)) ** 2
        # down to the frame at both ends
        edges = np.concatenate([[low], energy, [high]])
        density = np.concatenate([[1e-3], np.asarray(flux.density(energy)), [1e-3]])
        events = float(numbers.search(tracks=tracks).prepared().positrons)
        power = int(np.floor(np.log10(events)))
        count = rf"{events / 10**power:.2f}\times 10^{{{power}}}"
        axes.plot(edges, density, color=colour, linestyle=style, linewidth=1.6, label=f"{label}: ${count}$ at 50/ab")
    axes.set_yscale("log")
    axes.set_xlim(4.2, 6.8)
    axes.set_ylim(0.3, 100)
    axes.set_xlabel(r"energy of the positron in the laboratory, $E$ [GeV]")
    axes.set_ylabel(r"$d\sigma/dE$ [nb/GeV]")
    axes.legend(loc="upper right")
    _angle_axis(axes)
    return axes


def _angle_axis(axes: Axes) -> None:
    """Laboratory angles above the frame; each belongs to one energy."""
    angles = np.array([120.0, 100.0, 80.0, 60.0, 40.0])
    energy = np.asarray(energy_from_angle(np.radians(angles), collider_frame(7.0, 4.0)))
    axes.tick_params(top=False, which="both")
    above = axes.twiny()
    above.set_xlim(*axes.get_xlim())
    above.set_xticks(energy, [f"{angle:g}°" for angle in angles])
    above.xaxis.minorticks_off()
    above.set_xlabel(r"polar angle $\theta$ to the electron beam")


# --- cascade ------------------------------------------------------------------------------------------------------------


def _track_length(numbers: Numbers) -> Axes:
    """Both generations by both descriptions, and their ratio, at 1 and at 16 radiation lengths."""
    figure = _figure(4.8)
    v = np.concatenate([np.linspace(0.02, 0.95, 94), 1 - np.geomspace(0.045, 1e-3, 30)])
    for column, depth in enumerate((1.0, 16.0)):
        left = 0.125 + 0.43 * column
        lower = figure.add_axes((left, 0.105, 0.415, 0.24))
        upper = figure.add_axes((left, 0.355, 0.415, 0.61), sharex=lower)
        exact, approximate = (generations(v, depth, method) for method in ("cascade", "tsai_whitis"))
        for name, later, colour, precise, rough in zip(
            ("first", "second"), ("", " and later"), (_BLUE, _ORANGE), exact, approximate, strict=True
        ):
            upper.plot(v, precise, color=colour, linewidth=1.6, label=f"{name}{later}, exact")
            upper.plot(v, rough, color=colour, linewidth=1.3, linestyle=_DASHED, label=f"{name}, Tsai-Whitis")
            lower.plot(v, rough / precise, color=colour, linewidth=1.3, linestyle=_DASHED)
        upper.text(0.05, 0.04, f"{depth:g} $X_0$", transform=upper.transAxes, fontsize=11)
        _track_frames(upper, lower, first=column == 0)
    return upper


def _track_frames(upper: Axes, lower: Axes, *, first: bool) -> None:
    lower.axhline(1.0, color="black", linewidth=0.6)
    lower.set_xlim(0, 1)
    lower.set_ylim(0.6, 2.2)
    lower.set_xticks([0.0, 0.2, 0.4, 0.6, 0.8] if first else [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    lower.set_xlabel("$v = E'/E$")
    upper.set_yscale("log")
    upper.set_ylim(1e-4, 1e4)
    upper.tick_params(labelbottom=False)
    if first:
        upper.set_ylabel("$E\\,T_e(E', E)/X_0$")
        lower.set_ylabel("T.-W./exact")
        upper.legend(loc="upper center", handlelength=2.4, title="generation", title_fontsize=9)
    else:
        upper.tick_params(labelleft=False)
        lower.tick_params(labelleft=False)


def _photon_yield(numbers: Numbers) -> Axes:
    axes = _single()
    # close to 1 the yield falls like 1/|ln(1 - x)|
    x = np.concatenate([np.linspace(0.01, 0.95, 189), 1 - np.geomspace(0.0475, 1e-6, 60)])
    everything = cascade.photon_yield_cascade(x, 16.0)
    axes.plot(x, everything, color=_GREEN, linewidth=1.6, label="Approximation A, all generations")
    first = cascade.photon_yield_cascade(x, 16.0, generations="first")
    axes.plot(x, first, color=_BLUE, linewidth=1.4, label="Approximation A, first generation")
    approximate = np.asarray(cascade.photon_yield(x, 16.0))
    axes.plot(x, approximate, color=_ORANGE, linewidth=1.4, linestyle=_DASHED, label="Tsai-Whitis, first generation")
    share = float(cascade.photons_above(0.95, 16.0).value)
    axes.axvspan(0.95, 1.0, color="#808080", alpha=0.15, linewidth=0)
    axes.annotate(
        f"Tsai-Whitis above 0.95:\n${share * 1e8:.2f}\\times 10^{{-8}}$ per positron", (0.97, 1e-6), (0.56, 2e-3),
        fontsize=9, arrowprops={"arrowstyle": "-", "linewidth": 0.7, "color": _GREY}, va="center",
    )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlim(0, 1)
    axes.set_ylim(2e-7, 1e0)
    axes.set_xlabel(r"$x_\gamma = E_\gamma/E$")
    axes.set_ylabel(r"$dN_\gamma/dx_\gamma$ behind 16 $X_0$, per positron")
    axes.legend(loc="upper right")
    return axes


# --- annihilation -------------------------------------------------------------------------------------------------------

_KINDS: tuple[tuple[float, str, Any], ...] = ((0.5, _BLUE, "-"), (0.1, _ORANGE, "-"), (0.01, _GREEN, (0, (4, 1.5))))


def _annihilation(numbers: Numbers) -> Axes:
    """Cross section of the full Breit-Wigner, and how far the narrow width is from it."""
    upper, lower = _stacked(6.2, 0.45, own_scale=True)
    mass, energy = 0.067, np.linspace(3.6, 7.0, 1401)
    distance = 2 * ELECTRON * (energy + ELECTRON) - mass**2
    for alpha_dark, colour, style in _KINDS:
        width = float(vector.width_to_dirac(mass, alpha_dark, mass / 3))
        sigma = resonant_annihilation.cross_section(
            distance + mass**2, distance, mass, 1.0, alpha_dark, dark_matter_mass=mass / 3, dark_matter="dirac",
            visible_width=0.0, dark_width=width, lepton_mass=ELECTRON,
        )  # fmt: skip
        microbarn = np.asarray(sigma) * constants.GEV2_CM2 / _MICROBARN
        label = rf"$\alpha_D = {alpha_dark:g}$, $\Gamma/m = {width / mass:.3g}$"
        upper.plot(energy, microbarn, color=colour, linestyle=style, linewidth=1.5, label=label)
    upper.set_yscale("log")
    upper.set_xlim(3.6, 7.0)
    upper.set_xlabel("energy of the positron, $E'$ [GeV]")
    upper.set_ylabel(r"$\sigma(e^{\mathregular{+}}e^{\mathregular{-}}\to\chi\bar\chi)/\epsilon^2$ [$\mu$b]")
    upper.legend(loc="upper right", title="$m_{A'} = 67$ MeV", title_fontsize=9)
    _narrow_width(numbers, lower)
    return upper


def _narrow_width(numbers: Numbers, axes: Axes) -> None:
    mass = np.concatenate(
        [np.linspace(0.0645, 0.06667, 32), np.linspace(0.06668, 0.0818, 80), np.linspace(0.0819, 0.0826, 36), [0.0835]]
    )
    narrow = numbers.narrow(mass)
    for alpha_dark, colour, style in (*_KINDS, (1e-4, "black", ":")):
        ratio = narrow / numbers.events("annihilation", mass, alpha_dark)
        label = r"$\alpha_D = 10^{-4}$" if alpha_dark == 1e-4 else rf"$\alpha_D = {alpha_dark:g}$"
        axes.plot(1e3 * mass, ratio, color=colour, linestyle=style, linewidth=1.5, label=label)
    axes.axhline(1.0, color="black", linewidth=0.5)
    axes.set_xlim(64.5, 83.5)
    axes.set_ylim(0, 9)
    axes.set_xlabel("$m_{A'}$ [MeV]")
    axes.set_ylabel(r"$N_\mathrm{ann}$: narrow / Breit-Wigner", fontsize=10.5)
    axes.legend(loc="upper right")


# --- yields and contours ------------------------------------------------------------------------------------------------


def _mass_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xlim(1e-3, 1.0)
    axes.set_xlabel("$m_{A'}$ [GeV]")


def _yields(numbers: Numbers) -> Axes:
    axes = _single()
    for alpha_dark, colour in ((0.5, _BLUE), (0.1, _ORANGE)):
        events = numbers.events("annihilation", MASSES, alpha_dark)
        shown = np.where(events > 0, events, np.nan)
        axes.plot(MASSES, shown, color=colour, linewidth=1.6, label=rf"$N_\mathrm{{ann}}$, $\alpha_D = {alpha_dark:g}$")
        mass, expected = numbers.expected(f"yield.annihilation_{alpha_dark:g}")
        axes.plot(mass[expected > 0], expected[expected > 0], color=colour, **_POINTS)
    lines: tuple[tuple[str, str, Any], ...] = (("iww", "eq. (13)", (0, (5, 2))), ("exact", "exact tree level", "-"))
    for name, label, style in lines:
        events = numbers.events("bremsstrahlung", MASSES, bremsstrahlung=name)
        text = f"$N_\\mathrm{{bre}}$, {label}"
        axes.plot(MASSES, events, color="black", linestyle=style, linewidth=1.3, label=text)
    mass, expected = numbers.expected("yield.bremsstrahlung_iww")
    axes.plot(mass, expected, color="black", label="separate calculation", **_POINTS)
    _mass_axis(axes)
    axes.set_yscale("log")
    axes.set_ylim(1e1, 1e14)
    axes.set_ylabel(r"events at 50/ab for $\epsilon = 1$")
    axes.legend(loc="upper right", ncols=2, columnspacing=1.2)
    axes.text(0.03, 0.04, r"Dirac $\chi$, $m_\chi = m_{A'}/3$", transform=axes.transAxes, fontsize=9)
    return axes


def _annihilation_parts(numbers: Numbers) -> Axes:
    """A wide and a narrow A': without photons, merged with them and its two parts, moving electrons."""
    upper, lower = _stacked(7.0, 0.5)
    mass = np.unique(np.concatenate([np.geomspace(0.02, 0.14, 161), np.linspace(0.0640, 0.0680, 41)]))
    merged = {"channels": "annihilation,radiative_annihilation", **_BEST}
    for axes, alpha_dark, text in ((upper, 0.5, "0.5"), (lower, 1e-4, "10^{-4}")):
        born = numbers.events("annihilation", mass, alpha_dark, **_BEST)
        soft = numbers.events("annihilation", mass, alpha_dark, **merged)
        hard = numbers.events("radiative_annihilation", mass, alpha_dark, **merged)
        moving = {**merged, "electron_motion": "on"}
        smeared = sum(numbers.events(name, mass, alpha_dark, **moving) for name in merged["channels"].split(","))
        emission = numbers.events("bremsstrahlung", mass, alpha_dark, **_BEST)
        lines: list[tuple[Any, str, dict[str, Any]]] = [
            (born, "annihilation without photons", {"color": "black", "linestyle": _DASHED, "linewidth": 1.2}),
            (soft + hard, "annihilation with photons, merged", {"color": _BLUE, "linewidth": 1.8}),
            (hard, "of this, with a resolved photon", {"color": _ORANGE, "linewidth": 1.5}),
            (smeared, "merged, electrons in motion", {"color": _GREEN, "linewidth": 1.4, "linestyle": (0, (1, 1))}),
            (emission, "bremsstrahlung", {"color": _GREY, "linewidth": 1.2, "linestyle": (0, (6, 1.5, 1, 1.5))}),
        ]
        for events, label, style in lines:
            axes.plot(1e3 * mass, np.where(events > 0, events, np.nan), label=label, **style)
        axes.set_yscale("log")
        axes.set_xlim(20, 140)
        axes.set_ylim(1e5, 3e12)
        axes.set_ylabel(r"events at 50/ab for $\epsilon = 1$")
        axes.text(0.03, 0.05, rf"$\alpha_D = {text}$", transform=axes.transAxes, fontsize=10)
    upper.tick_params(labelbottom=False)
    upper.legend(loc="upper right", fontsize=8.5)
    lower.set_xlabel("$m_{A'}$ [MeV]")
    return upper


def _drawn_reaches(axes: Axes, numbers: Numbers, **options: str) -> None:
    """Both reaches with what is published, and the mono-photon line continued to masses at which it is not given."""
    reaches = [numbers.contour(MASSES, alpha_dark, **options) for alpha_dark in (0.5, 0.1)]
    exclusion(reaches, axes, labels=[rf"disappearing {_POSITRON}, $\alpha_D = {a:g}$" for a in (0.5, 0.1)])
    for region in axes.collections:
        region.set_alpha(0.09)  # several lie on top of each other
    line = curve("belle2_mono_photon_projection")
    axes.plot([MASSES[0], line.mass[0]], [line.value[0]] * 2, color="#8c6d1f", linewidth=1.0, linestyle=":")
    axes.set_ylim(3e-6, 1.0)


def _legend(axes: Axes) -> None:
    """What is computed here first, then what is published."""
    handles, texts = axes.get_legend_handles_labels()
    own = ("disappearing", "separate", "treatment")
    order = sorted(range(len(texts)), key=lambda k: not texts[k].startswith(own))
    axes.legend([handles[k] for k in order], [texts[k] for k in order], loc="upper left", handlelength=2.6)


def _contour(numbers: Numbers) -> Axes:
    axes = _single()
    _drawn_reaches(axes, numbers)
    for key, colour in (("epsilon_0.5", _BLUE), ("epsilon_0.1", _ORANGE)):
        axes.plot(*numbers.expected(key), color=colour, **_POINTS)
    axes.plot([], [], color="black", label="separate calculation", **_POINTS)
    _legend(axes)
    return axes


def _contour_exact(numbers: Numbers) -> Axes:
    upper, lower = _stacked(5.6, 0.28)
    _drawn_reaches(upper, numbers, **_BEST)
    for alpha_dark, colour in ((0.5, _BLUE), (0.1, _ORANGE)):
        plain = numbers.epsilon(MASSES, alpha_dark)
        upper.plot(MASSES, plain, color=colour, linestyle=_DASHED, linewidth=1.2, zorder=5)
        lower.plot(MASSES, numbers.epsilon(MASSES, alpha_dark, **_BEST) / plain, color=colour, linewidth=1.5)
    upper.plot([], [], color="black", linestyle=_DASHED, linewidth=1.2, label="treatment of arXiv:2212.04252")
    _legend(upper)
    upper.set_xlabel("")
    lower.axhline(1.0, color="black", linewidth=0.6)
    _mass_axis(lower)
    lower.set_ylim(0.5, 5)
    lower.set_yticks([1, 2, 3, 4])
    lower.set_ylabel(r"$\epsilon$: exact / eq. (13)", fontsize=10)
    return upper


def _bremsstrahlung_ratio(numbers: Numbers) -> Axes:
    axes = _single()
    mass = np.geomspace(1e-3, 1.0, 36)
    for name, label, colour in (
        ("iww", "eq. (13)", _BLUE),
        ("ww", "Weizsäcker-Williams, true $t_\\mathrm{min}$", _ORANGE),
    ):
        axes.plot(mass, numbers.ratio_to_exact(name, mass), color=colour, linewidth=1.6, label=label)
        axes.plot(*numbers.expected(f"ratio.{name}"), color=colour, **_POINTS)
    ratio = numbers.events("bremsstrahlung", mass) / numbers.events("bremsstrahlung", mass, bremsstrahlung="exact")
    axes.plot(mass, ratio, color=_BLUE, linestyle=_DASHED, linewidth=1.3, label="eq. (13), all positrons of the search")
    axes.plot(*numbers.expected("ratio.averaged"), color=_BLUE, **_POINTS)
    axes.plot([], [], color="black", label="separate calculation, each $\\pm 3\\%$", **_POINTS)
    axes.axhline(1.0, color="black", linewidth=0.6)
    _mass_axis(axes)
    axes.set_yscale("log")
    axes.set_ylim(0.5, 40)
    axes.set_yticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
    axes.set_ylabel("$\\sigma(x > 0.95)$ over exact tree level")
    axes.legend(loc="upper left")
    axes.text(0.97, 0.04, "iodine, $E' = 5$ GeV", transform=axes.transAxes, ha="right", fontsize=9)
    return axes


# --- all of them ----------------------------------------------------------------------------------------------------------


def _styled(draw: Callable[[Numbers], Axes]) -> Callable[[Numbers], Axes]:
    def drawn(numbers: Numbers) -> Axes:
        with mpl.rc_context(STYLE):
            return draw(numbers)

    return drawn


_DRAWN: dict[str, tuple[str, Callable[[Numbers], Axes]]] = {
    "bhabha_spectrum": (
        "Positrons of Bhabha scattering in the barrel: cross section per laboratory energy, Born level, photon and Z exchange.",
        _bhabha_spectrum,
    ),
    "track_length": (
        "Differential track length of positrons by generation behind 1 and 16 radiation lengths: Tsai and Whitis (dashed; the "
        "second generation halved, positrons only) and the cascade equations of Approximation A solved exactly.",
        _track_length,
    ),
    "photon_yield": (
        "Photons behind the calorimeter per positron and energy fraction. Grey: above the cut on missing energy.",
        _photon_yield,
    ),
    "annihilation": (
        "Annihilation into dark matter. Above: cross section with the full Breit-Wigner at 67 MeV. Below: events with the "
        "narrow-width formula over events with the Breit-Wigner; the narrow width gives none outside 65.0 to 82.2 MeV.",
        _annihilation,
    ),
    "bremsstrahlung_ratio": (
        "Bremsstrahlung above 95% of the energy: approximations over the exact tree level.",
        _bremsstrahlung_ratio,
    ),
    "yields": (
        "Events of annihilation and bremsstrahlung for epsilon = 1. Circles: a separate calculation of the formulas of the paper.",
        _yields,
    ),
    "annihilation_parts": (
        "Events of annihilation for epsilon = 1, a wide A' above and a narrow one below: at Born level, merged with photons (exact "
        "hard emission, exponentiated soft emission), the part with a resolved photon, and with the motion of atomic electrons.",
        _annihilation_parts,
    ),
    "contour": (
        "Reach in the treatment of the paper: eq. (13), Tsai-Whitis track length, S = 1.645 sqrt(B). Circles: a separate "
        "calculation of the same formulas. Dotted: the mono-photon line continued to masses at which it is not given.",
        _contour,
    ),
    "contour_exact": (
        "Reach with exact bremsstrahlung and the exact cascade (solid) against the treatment of the paper (dashed), both with "
        "S = 1.645 sqrt(B). Below: ratio of the two. Dotted: the mono-photon line continued to masses at which it is not given.",
        _contour_exact,
    ),
}
FIGURES = {name: (caption, _styled(draw)) for name, (caption, draw) in _DRAWN.items()}
"""Caption of each figure and the function that draws it."""
