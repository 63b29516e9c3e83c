"""The map of the probability that an event is not vetoed, over mixing and mass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from ..errors import InvalidInput
from .style import MASS_LABEL, axis_values, check_axes, numbers, scale_horizontal, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEWEST = 1e-4


def survival(
    mass: Any,
    epsilon: Any,
    probability: Any,
    ax: Axes | None = None,
    *,
    smallest: float = _FEWEST,
    title: str | None = None,
) -> Axes:
    """Draw P(epsilon, M), the share of events that no veto stops, by colour in logarithms, with a line for each decade.

    Parameters
    ----------
    mass : array, shape (n,)            GeV, rising
    epsilon : array, shape (k,)         rising
    probability : array, shape (n, k)   from 0 to 1; nan where it is not known (white)
    ax : Axes or None                   where to draw; a new figure by default
    smallest : float                    end of the colours; smaller ones, and 0, have one colour of their own
    title : str or None                 model and veto, above the frame

    Raises InvalidInput for shapes that do not match and values outside [0, 1].
    """
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    check_axes(ax)
    mass, epsilon = axis_values("mass", mass), axis_values("epsilon", epsilon)
    values = numbers("probability", probability, 2)
    if values.shape != (mass.size, epsilon.size):
        raise InvalidInput(
            f"plot: {mass.size} masses and {epsilon.size} mixings with probabilities of shape {values.shape}; expected {(mass.size, epsilon.size)}."
        )
    known = values[np.isfinite(values)]
    if known.size == 0 or known.min() < 0 or known.max() > 1 or np.isinf(values).any():
        raise InvalidInput("plot: probability: expected numbers from 0 to 1, some of them known.")
    if not 0 < smallest < 1:
        raise InvalidInput(f"plot: smallest = {smallest:g} is not allowed; expected a probability above 0 and below 1.")
    with styled():
        if ax is None:
            ax = Figure(figsize=(5.8, 4.5), layout="constrained").add_subplot()
        shown = np.ma.masked_invalid(np.where(values == 0, smallest * 1e-3, values)).T
        scale_horizontal(ax, mass)  # ahead of the lines: the gaps for their labels are cut in these scales
        ax.set_yscale("log")
        ax.set_ylim(epsilon[0], epsilon[-1])
        colours = mpl.colormaps["viridis"].with_extremes(under="#2b2b2b", bad="white")
        mesh = ax.pcolormesh(
            mass, epsilon, shown, norm=LogNorm(smallest, 1.0), cmap=colours, shading="nearest", rasterized=True
        )
        ax.figure.colorbar(mesh, ax=ax, extend="min").set_label("share of events without veto, $P$")
        levels = [10.0**-k for k in range(1, 9) if 10.0**-k > smallest and known.min() < 10.0**-k < known.max()]
        if levels and min(shown.shape) > 1:
            lines = ax.contour(mass, epsilon, shown, levels=levels[::-1], colors="white", linewidths=0.8)
            ax.clabel(lines, fmt=lambda v: f"$10^{{{round(np.log10(v))}}}$", fontsize=8)
        ax.set_xlabel(MASS_LABEL)
        ax.set_ylabel(r"$\epsilon$")
        if title:
            ax.set_title(title, fontsize=9)
    return ax
