"""The limit on the mixing against the energy above which a veto sees a lepton."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import particles
from ..errors import InvalidInput
from ..precision import magnetic_moment as moment
from .style import COLOURS, DASHES, axis_values, check_axes, numbers, single_frame, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def threshold(
    energy: Any,
    limits: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    mass: float | None = None,
    magnetic_moment: str | None = None,
    invisible: float | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the smallest excluded mixing against the energy threshold of the veto, one line for each way to veto.

    Parameters
    ----------
    energy : array, shape (n,)      threshold, GeV, rising
    limits : mapping                legend text to array, shape (n,); nan where nothing is excluded
    ax : Axes or None               where to draw; a new figure by default
    mass : float or None            mass of the mediator, GeV; the legend says it
    magnetic_moment : str or None   name of a data set: its bands at this mass, horizontal; needs the mass
    invisible : float or None       limit without any veto, a dotted line
    title : str or None             of the legend

    Raises InvalidInput for arrays of another length, and for bands without a mass; UnknownName for a data set.
    """
    check_axes(ax)
    energy = axis_values("energy", energy)
    if not isinstance(limits, Mapping) or not limits:
        raise InvalidInput("plot: limits: expected a mapping from text to mixings, at least one.")
    lines = {str(text): numbers(f"limits of {text}", given, 1) for text, given in limits.items()}
    for text, line in lines.items():
        if line.size != energy.size:
            raise InvalidInput(f"plot: limits of {text}: {line.size} mixings for {energy.size} energies.")
    if magnetic_moment is not None and (mass is None or not 0 < mass < np.inf):
        raise InvalidInput(f"plot: magnetic_moment = '{magnetic_moment}' needs the mass of the mediator, in GeV.")
    with styled():
        ax = single_frame(ax)
        ax.set_yscale("log")
        for k, (text, line) in enumerate(lines.items()):
            style = DASHES[k % len(DASHES)]
            ax.plot(1e3 * energy, line, color=COLOURS[k % len(COLOURS)], linestyle=style, linewidth=1.8, label=text)
        if invisible is not None:
            ax.axhline(invisible, color="#5a5a5a", linestyle=":", linewidth=1.2, label="no veto")
        if magnetic_moment is not None and mass is not None:
            _bands(ax, magnetic_moment, mass)
        ax.set_xlim(1e3 * energy[0], 1e3 * energy[-1])
        bottom, top = ax.get_ylim()
        ax.set_ylim(bottom, top * (top / bottom) ** 0.6)  # room for the legend
        ax.set_xlabel("energy threshold of the veto [MeV]")
        ax.set_ylabel(r"excluded above $\epsilon$")
        words = [title] if title else []
        words += [f"$m_{{A'}} = {mass:g}$ GeV"] if mass is not None else []
        ax.legend(loc="upper right", title=", ".join(words) or None, title_fontsize=9)
    return ax


def _bands(ax: Axes, name: str, mass: float) -> None:
    """Bands of one and two sigma and the central mixing as horizontal stripes; an upper edge where there is no lower one."""
    entry = moment.data_set(name)
    symbol = {"mu-": r"\mu", "e-": "e"}[entry.lepton]
    for n_sigma, alpha in ((2, 0.18), (1, 0.3)):
        low, high = (float(edge) for edge in moment.band(entry, mass, n_sigma))
        label = rf"$(g-2)_{symbol}$ {entry.label}, $\pm {n_sigma}\sigma$"
        if np.isnan(high):
            ax.plot([], [], linestyle="none", label=f"{label}: none")
        elif low > 0:
            ax.axhspan(low, high, color="#2f9e44", alpha=alpha, linewidth=0, zorder=1, label=label)
        else:
            style = "-" if n_sigma == 1 else (0, (4, 2))
            ax.axhline(high, color="#2f9e44", linewidth=1.2, linestyle=style, label=f"{label}: below")
    if moment.band(entry, mass, 1).low > 0:
        centre = moment.epsilon_for(entry.shift, mass, particles.mass(entry.lepton))
        ax.axhline(float(centre), color="#2f9e44", linewidth=0.8)
