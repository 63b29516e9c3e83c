"""How every picture of portico looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from ..errors import InvalidInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE: dict[str, Any] = {
    "font.family": "serif", "font.size": 10, "mathtext.fontset": "cm", "axes.linewidth": 0.8, "axes.labelsize": 12,
    "xtick.direction": "in", "ytick.direction": "in", "xtick.top": True, "ytick.right": True,
    "xtick.minor.visible": True, "ytick.minor.visible": True, "legend.frameon": False, "legend.fontsize": 8.5,
    "pdf.fonttype": 42, "savefig.dpi": 200,
}  # fmt: skip
# Okabe and Ito, distinguishable for colour-blind readers
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5a5a5a")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
MASS_LABEL = "$m_{Z'}$ [GeV]"


def check_axes(ax: Any) -> None:
    """Raise InvalidInput unless ``ax`` is None or axes of matplotlib."""
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise InvalidInput(
            f"plot: ax: expected axes of matplotlib, such as those of plt.subplots(), or None; given {type(ax).__name__}."
        )


def single_frame(ax: Axes | None, height: float = 4.3) -> Axes:
    """Return the given axes, or those of a new figure with one frame."""
    from matplotlib.figure import Figure

    return Figure(figsize=(5.6, height)).add_axes((0.135, 0.125, 0.835, 0.85)) if ax is None else ax


def scale_horizontal(ax: Axes, x: np.ndarray, *, linear: bool = False) -> None:
    """Fit the horizontal axis to its values: as :func:`scale_axis`, from the smallest to the largest."""
    scale_axis(ax, "x", x, linear=linear)
    ax.set_xlim(x.min(), x.max())


def scale_axis(ax: Axes, which: str, values: np.ndarray, *, linear: bool = False) -> None:
    """Make an axis ("x" or "y") logarithmic where its values span a factor 5 or more, unless ``linear``, with readable numbers."""
    axis = {"x": ax.xaxis, "y": ax.yaxis}[which]
    if not linear and np.all(values > 0) and values.max() / values.min() >= 5:
        {"x": ax.set_xscale, "y": ax.set_yscale}[which]("log")
        if values.max() / values.min() < 300:  # the labels between powers of ten would run into each other
            axis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
            for each in (axis.set_major_formatter, axis.set_minor_formatter):
                each(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axis.set_major_locator(MaxNLocator(6))


def evenly_spaced(values: np.ndarray) -> bool:
    """Whether four or more values lie at equal distances: a linear scan."""
    steps = np.diff(np.sort(values))
    return bool(steps.size >= 3 and np.allclose(steps, steps.mean(), rtol=1e-6, atol=0))


def numbers(name: str, values: Any, dimensions: int) -> np.ndarray:
    """Return an array of floats with so many dimensions; raises InvalidInput with the name of the argument."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != dimensions or array.size == 0:
        words = {1: "a list of numbers", 2: "a table of numbers"}[dimensions]
        raise InvalidInput(f"plot: {name}: expected {words}, at least one.")
    return array


def axis_values(name: str, values: Any) -> np.ndarray:
    """Return the values of an axis: rising, finite, above 0 and at least two; raises InvalidInput."""
    array = numbers(name, values, 1)
    if array.size < 2 or not np.all(np.isfinite(array) & (array > 0)) or np.any(np.diff(array) <= 0):
        raise InvalidInput(f"plot: {name}: expected at least two numbers above 0, the smallest first.")
    return array


def styled() -> Any:
    """Return the context in which pictures are drawn."""
    return mpl.rc_context(STYLE)
