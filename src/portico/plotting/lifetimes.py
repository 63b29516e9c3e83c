"""Decay lengths against the mass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from .style import COLOURS, DASHES, MASS_LABEL, axis_values, check_axes, numbers, scale_horizontal, single_frame, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def lifetimes(
    mass: Any,
    decay_lengths_cm: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    marks_cm: Mapping[str, float] | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the proper decay length c tau of several states against the mass of the mediator.

    Parameters
    ----------
    mass : array, shape (n,)       GeV, rising
    decay_lengths_cm : mapping     legend text to array, shape (n,), cm; nan or infinite where a state does not decay
    ax : Axes or None              where to draw; a new figure by default
    marks_cm : mapping             text to length, cm: horizontal lines, such as the sizes of detectors
    title : str or None            what all lines share, such as the mixing

    Raises InvalidInput for arrays of another length, or where no length is a number above 0.
    """
    check_axes(ax)
    mass = axis_values("mass", mass)
    if not isinstance(decay_lengths_cm, Mapping) or not decay_lengths_cm:
        raise InvalidInput("plot: decay_lengths_cm: expected a mapping from text to lengths, at least one.")
    lines = {str(text): numbers(f"decay_lengths_cm of {text}", given, 1) for text, given in decay_lengths_cm.items()}
    for text, line in lines.items():
        if line.size != mass.size:
            raise InvalidInput(f"plot: decay_lengths_cm of {text}: {line.size} lengths for {mass.size} masses.")
    values = np.concatenate(list(lines.values()))
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        raise InvalidInput("plot: decay_lengths_cm: no length is a number above 0.")
    with styled():
        ax = single_frame(ax)
        scale_horizontal(ax, mass)
        ax.set_yscale("log")
        for k, (text, line) in enumerate(lines.items()):
            shown = np.where(np.isfinite(line) & (line > 0), line, np.nan)
            style = DASHES[(k // len(COLOURS)) % len(DASHES)]
            ax.plot(mass, shown, color=COLOURS[k % len(COLOURS)], linestyle=style, linewidth=1.6, label=text)
        ends = [*values, *(marks_cm or {}).values()]
        ax.set_ylim(min(ends) / 3, max(ends) * 3 * 2 ** (len(lines) / 2))  # room for the legend
        for text, length in (marks_cm or {}).items():
            ax.axhline(length, color="#5a5a5a", linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
            ax.annotate(text, (0.02, length), xycoords=ax.get_yaxis_transform(), xytext=(0, 2), textcoords="offset points", fontsize=8, color="#5a5a5a")  # fmt: skip
        ax.set_xlabel(MASS_LABEL)
        ax.set_ylabel(r"$c\tau$ [cm]")
        ax.legend(loc="upper right", title=title, title_fontsize=9)
    return ax
