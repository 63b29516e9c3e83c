"""The map of a scan over two parameters: the smallest excluded coupling by colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from ..errors import InvalidInput
from ..limits.kappa_bounds import allowed_over
from ..models import model_class
from .labels import axis_label, common_and_own, lines, verb
from .style import STYLE, check_axes, evenly_spaced, scale_axis

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

_FAILED = "#c8c8c8"
_BROKEN = "#ff6f59"


def exclusion_map(dataset: xarray.Dataset, ax: Axes | None = None) -> Axes:
    """Draw the lower edge of the first excluded interval over two scanned parameters.

    White where nothing is excluded, grey where a point failed; hatched where all that is excluded lies beyond a bound on the
    mixing of a Z' from other searches. The legend below says which of these occur.

    Raises InvalidInput where the reach does not scan two parameters.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    check_axes(ax)
    if not hasattr(dataset, "data_vars") or "n_intervals" not in dataset:
        raise InvalidInput("plot: expected a dataset from portico.reach over two parameters.")
    names = [str(name) for name in dataset["n_intervals"].dims]
    if len(names) != 2:
        raise InvalidInput(f"plot: expected a reach over two parameters, given {len(names)}; use exclusion for one.")
    specs = model_class(dataset.attrs["model"]).PARAMETERS
    x, y = (dataset[name].values for name in names)
    first, second = np.argsort(x), np.argsort(y)

    def sorted_cells(values: np.ndarray) -> np.ndarray:
        return values[first][:, second].T

    low, failed, broken, titles = _cells(dataset)
    x, y, values = x[first], y[second], np.ma.masked_invalid(sorted_cells(low))
    with mpl.rc_context(STYLE):
        if ax is None:
            ax = Figure(figsize=(5.8, 4.5), layout="constrained").add_subplot()
        # ahead of the lines: the gaps for their labels are cut in these scales
        for which, name, grid in (("x", names[0], x), ("y", names[1], y)):
            getattr(ax, f"set_{which}label")(axis_label(name, specs[name]))
            scale_axis(ax, which, grid, linear=evenly_spaced(grid))
        entries: list[Any] = []
        if failed.any():
            _hatch(ax, x, y, sorted_cells(failed), _FAILED, None)
            entries.append(Patch(facecolor=_FAILED, label="no result: the computation failed"))
        if np.any(np.isnan(low) & ~failed):
            entries.append(
                Patch(facecolor="white", edgecolor="black", label=f"nothing is {verb(dataset)} in the range")
            )
        if broken.any():
            _hatch(ax, x, y, sorted_cells(broken), "none", "////")
            text = f"all of it beyond a bound: {', '.join(titles)}"
            entries.append(Patch(facecolor="none", edgecolor=_BROKEN, hatch="////", linewidth=0, label=text))
        if values.count():
            symbol = specs[dataset.attrs["parameter"]].symbol or dataset.attrs["parameter"]
            _colour(ax, x, y, values, f"smallest {verb(dataset)} {symbol}")
        if entries:
            for entry in entries:
                entry.set_label(lines(str(entry.get_label()).split(", "), 66))
            ax.legend(handles=entries, loc="upper left", bbox_to_anchor=(0.0, -0.14), borderaxespad=0.0)
        common, own = common_and_own([dataset], specs)
        ax.set_title(lines([own[0], *common], 60), fontsize=9)
        ax.set_xlim(*_ends(x, ax.get_xscale() == "log"))
        ax.set_ylim(*_ends(y, ax.get_yscale() == "log"))
        _hide_cut_labels(ax)
    return ax


def _cells(dataset: xarray.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Lowest edges (nan where there is none or a point failed), which points failed, which lie beyond a bound, and which bounds do that."""
    failed = np.char.startswith(dataset["status"].values.astype(str), "failed")
    edges = dataset["low"].values
    low = np.where(failed, np.nan, edges[..., 0] if edges.shape[-1] else np.nan)
    broken, titles = np.zeros(low.shape, dtype=bool), []
    for title, largest in allowed_over(dataset).items():
        beyond = low > largest  # nan is not
        if beyond.any():
            titles.append(title)
        broken |= beyond
    return low, failed, broken, titles


def _colour(ax: Axes, x: np.ndarray, y: np.ndarray, values: Any, label: str) -> None:
    """The cells by colour, and contours whose values are also marked at the bar."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator

    norm = LogNorm(values.min(), values.max())
    edges = (_edges(grid, scale == "log") for grid, scale in ((x, ax.get_xscale()), (y, ax.get_yscale())))
    mesh = ax.pcolormesh(*edges, values, norm=norm, cmap="viridis", shading="flat", rasterized=True)
    bar = ax.figure.colorbar(mesh, ax=ax)
    bar.set_label(label)
    if min(values.shape) > 2 and values.max() > values.min():
        narrow = values.max() < 10 * values.min()
        ticks = LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if narrow else (1.0, 3.0), numticks=50)
        levels = [v for v in ticks.tick_values(values.min(), values.max()) if values.min() < v < values.max()]
        if levels:
            contour = ax.contour(x, y, values, levels=levels, colors="white", linewidths=0.8)
            ax.clabel(contour, fmt=_short, fontsize=7)
            bar.add_lines(contour)


def _short(value: float) -> str:
    """A level with one digit, or two where it has two."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def _hatch(ax: Axes, x: np.ndarray, y: np.ndarray, cells: np.ndarray, colour: str, hatch: str | None) -> None:
    """Fill the cells that are True with a colour, or hatch them."""
    from matplotlib.collections import PolyCollection

    edges = [_edges(grid, scale == "log") for grid, scale in ((x, ax.get_xscale()), (y, ax.get_yscale()))]
    boxes = [
        [(edges[0][i], edges[1][j]), (edges[0][i + 1], edges[1][j]), (edges[0][i + 1], edges[1][j + 1]), (edges[0][i], edges[1][j + 1])]
        for j, i in zip(*np.nonzero(cells), strict=True)
    ]  # fmt: skip
    ax.add_collection(PolyCollection(boxes, facecolor=colour, edgecolor=_BROKEN if hatch else colour, hatch=hatch, linewidth=0, zorder=1.5), autolim=False)  # fmt: skip


def _edges(grid: np.ndarray, logarithmic: bool) -> np.ndarray:
    """Edges of the cells around the points, half-way between them."""
    at = np.log(grid) if logarithmic else grid
    middle = 0.5 * (at[1:] + at[:-1])
    found = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return np.exp(found) if logarithmic else found


def _ends(grid: np.ndarray, logarithmic: bool) -> tuple[float, float]:
    edges = _edges(grid, logarithmic)
    return float(edges[0]), float(edges[-1])


def _hide_cut_labels(ax: Axes) -> None:
    """Labels of contours that the frame would cut are not shown: the bar has their values too."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    frame = ax.get_window_extent()
    for text in ax.texts:
        box = text.get_window_extent()
        if box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1:
            text.set_visible(False)
