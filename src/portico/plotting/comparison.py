"""What an exclusion is compared with: published limits, bounds for any decay, bands of the magnetic moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..limits.curves import Curve, compared, curve
from ..precision import magnetic_moment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#5a5a5a", "#E69F00", "#a05195", "#8c564b", "#56B4E9")  # other than those of reaches
_MARKERS = (".", "^", "s", "D", "v")
_OUTLINES: tuple[Any, ...] = (":", (0, (1, 4)), (0, (3, 3)))
_HIDDEN = "#8a8a8a"
_FEW_POINTS = 12
_BAND = "#2f9e44"
_BOUNDS: tuple[Any, ...] = ((0, (6, 2)), (0, (3, 1.5)), (0, (8, 2, 2, 2)))
_LEPTON = {"mu-": r"\mu", "e-": "e"}


_IN_WORDS = {"dark_photon": "a dark photon", "millicharged": "a millicharged particle"}


def chosen(compare: bool | Sequence[str], parameter: str, particle: str = "dark_photon") -> list[Curve]:
    """Return the curves to draw: those of :func:`portico.limits.curves.compared` for True, none for False; for names, these
    and all bounds.

    Raises UnknownName for a name, InvalidInput for anything else and for a limit on another parameter or another particle.
    """
    if isinstance(compare, bool):
        return compared(parameter, particle) if compare else []
    if isinstance(compare, str) or not isinstance(compare, list | tuple):
        raise InvalidInput("plot: compare: expected True, False or a list of names of published limits.")
    asked = [curve(str(name)) for name in compare]
    for each in asked:
        if each.parameter != parameter:
            raise InvalidInput(f"plot: compare: {each.name} is a limit on {each.parameter}, not on {parameter}.")
        if each.particle != particle:
            raise InvalidInput(
                f"plot: compare: {each.name} is a limit on {_IN_WORDS[each.particle]}; this picture is of {_IN_WORDS[particle]}."
            )
    return asked + [c for c in compared(parameter, particle) if c.kind == "bound" and c.name not in compare]


def within(ax: Axes, drawn: Sequence[Curve]) -> list[Curve]:
    """Return the curves of which an edge, and more than an end of it, lies in the frame."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    found = []
    for each in drawn:
        if each.kind == "range":
            if each.mass[0] < right and each.mass[-1] > left:
                found.append(each)
            continue
        mass = np.concatenate([[left], each.mass[(each.mass > left) & (each.mass < right)], [right]])
        for edge in (each.at(mass), each.high_at(mass)):
            edge = edge[np.isfinite(edge)]
            if edge.size > 1 and edge.min() < top and edge.max() > bottom:
                found.append(each)
                break
    return found


def draw_curves(ax: Axes, drawn: Sequence[Curve], levels: Sequence[float] = (), *, invisible: bool = True) -> int:
    """Draw curves that reach into the frame: limits as grey regions, bounds hatched, projections and extents as lines,
    ranges of masses as bars at the bottom, whose number is returned.

    The CL is told where it is known and not that of ``levels``. Where the mediator is not ``invisible``, limits that were made
    for one are lines that say so, and no regions: they do not hold as they are.
    """
    (bottom, top), right = ax.get_ylim(), ax.get_xlim()[1]
    shown = within(ax, drawn)
    hatched = [each for each in shown if each.kind == "bound"]
    for number, each in enumerate(hatched):
        ax.fill_between(each.mass, each.value, top, facecolor="none", edgecolor="#b0b0b0", hatch="////", linewidth=0, zorder=0.5)  # fmt: skip
        style = _BOUNDS[number % len(_BOUNDS)]
        ax.plot(each.mass, each.value, color="#404040", linewidth=1.0, linestyle=style, label=with_level(each, levels), zorder=3)  # fmt: skip
    bars = 0
    for number, each in enumerate([each for each in shown if each.kind != "bound"]):
        label = with_level(each, levels)
        look: dict[str, Any] = {"color": _COLOURS[number % len(_COLOURS)], "zorder": 3}
        if each.kind == "range":
            bars += 1
            height = np.full(2, bottom * (top / bottom) ** (0.015 * bars))
            ends = np.minimum(each.mass, right)
            ax.plot(ends, height, linewidth=3.0, solid_capstyle="butt", label=f"{label}: {_of_masses(each)}", **look)
        elif each.kind == "extent":
            frame = np.concatenate([each.value, each.high[::-1], each.value[:1]])
            masses = np.concatenate([each.mass, each.mass[::-1], each.mass[:1]])
            style = _OUTLINES[number % len(_OUTLINES)]
            text = f"{label.replace(', extent', '')}: inside this frame, no curve published"
            ax.plot(masses, frame, linewidth=1.1, linestyle=style, label=text, **look)
        elif each.applies_to == "invisible" and not invisible:
            ax.plot(each.mass, each.value, color=_HIDDEN, linewidth=1.0, linestyle=(0, (1, 1 + number)), label=f"{label}, if invisible", zorder=3)  # fmt: skip
        else:
            _draw_limit(ax, each, label, number, top)
    return bars


def _of_masses(each: Curve) -> str:
    """What is known of a range: the masses where a search is best."""
    low, high = each.mass
    ends = f"{low:g} to {high:g} GeV" if np.isfinite(high) else f"{low:g} GeV on"
    return f"best limits from {ends}, no curve published"


def draw_own_bounds(
    ax: Axes, bounds: Sequence[tuple[Curve, str]], number_of_reaches: int, levels: Sequence[float] = ()
) -> None:
    """Draw bounds that hold for one reach of several, each given with the colour of that reach.

    Lines in the colour of the reach, the dashes by bound, which the legend tells in grey; hatched above for up to two reaches.
    """
    from matplotlib.colors import to_rgba

    shown = [(each, colour) for each, colour in bounds if within(ax, [each])]
    top, names = ax.get_ylim()[1], list(dict.fromkeys(each.name for each, _ in shown))
    for each, colour in shown:
        if number_of_reaches <= 2:
            ax.fill_between(each.mass, each.value, top, facecolor="none", edgecolor=to_rgba(colour, 0.3), hatch="////", linewidth=0, zorder=0.5)  # fmt: skip
        style = _BOUNDS[names.index(each.name) % len(_BOUNDS)]
        ax.plot(each.mass, each.value, color=colour, linewidth=1.0, linestyle=style, zorder=3)
    for number, name in enumerate(names):
        first = next(each for each, _ in shown if each.name == name)
        text = f"{with_level(first, levels)}, above, by colour of the reach"
        ax.plot([], [], color="#404040", linewidth=1.0, linestyle=_BOUNDS[number % len(_BOUNDS)], label=text)


def with_level(each: Curve, levels: Sequence[float]) -> str:
    """Return the title of a curve, with its CL where that is known and another than those of ``levels``."""
    other = any(abs(each.cl - level) > 1e-9 for level in levels)  # never where it is not stated
    return f"{each.title} ({100 * each.cl:g}% CL)" if other else each.title


def _draw_limit(ax: Axes, each: Curve, label: str, number: int, top: float) -> None:
    limit = each.kind == "limit"
    if limit:
        ax.fill_between(each.mass, each.value, np.minimum(each.high, top), color="#808080", alpha=0.13, linewidth=0, zorder=1)  # fmt: skip
    line: dict[str, Any] = {"color": _COLOURS[number % len(_COLOURS)], "linewidth": 1.1, "linestyle": "-" if limit else "-.", "zorder": 3}  # fmt: skip
    if each.mass.size > 2:
        few = each.mass.size <= _FEW_POINTS
        line |= {"marker": _MARKERS[number % len(_MARKERS)] if few else ".", "markersize": 4}
    ax.plot(each.mass, each.value, label=label, **line)
    if np.all(np.isfinite(each.high)):
        ax.plot(each.mass, each.high, **line)


def draw_magnetic_moment(ax: Axes, name: str) -> None:
    """Draw the mixings within one and two sigma of a data set of the magnetic moment, over the masses of the frame.

    A band that has no lower edge is drawn as its upper edge, with the side that is within marked; where no mixing is
    within, the legend says so.

    Raises UnknownName with the nearest match.
    """
    entry = magnetic_moment.data_set(name)
    left, right = ax.get_xlim()
    left = max(left, 1e-9)
    mass = np.geomspace(left, right, 240) if ax.get_xscale() == "log" else np.linspace(left, right, 240)
    title = rf"$(g-2)_{_LEPTON[entry.lepton]}$ {entry.label}"
    for n_sigma, alpha, style in ((2, 0.22, (0, (4, 2))), (1, 0.4, "-")):
        low, high = magnetic_moment.band(entry, mass, n_sigma)
        label = rf"{title}, $\pm {n_sigma}\sigma$"
        if np.isnan(high).all():
            ax.plot([], [], linestyle="none", label=f"{label}: none")
        elif np.all(low > 0):
            ax.fill_between(mass, low, high, color=_BAND, alpha=alpha, linewidth=0, zorder=2, label=label)
            if n_sigma == 2:
                ax.fill_between(mass, low, high, facecolor="none", edgecolor=_BAND, hatch="\\\\\\", linewidth=0, zorder=2, alpha=0.35)  # fmt: skip
        else:
            ax.plot(mass, high, color=_BAND, linewidth=1.4, linestyle=style, zorder=2.5, label=f"{label}: below")
            ax.fill_between(mass, high / 10**0.08, high, color=_BAND, alpha=0.25, linewidth=0, zorder=2)
