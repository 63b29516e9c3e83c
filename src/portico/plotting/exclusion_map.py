"""The map of a scan over two parameters: the smallest excluded coupling by colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from ..errors import InvalidInput
from ..models import model_class
from .labels import axis_label, common_and_own
from .style import STYLE, check_axes

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes


def exclusion_map(dataset: xarray.Dataset, ax: Axes | None = None) -> Axes:
    """Draw the lower edge of the first excluded interval over two scanned parameters; white where nothing is excluded.

    Raises InvalidInput where the reach does not scan two parameters.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    check_axes(ax)
    if not hasattr(dataset, "data_vars") or "n_intervals" not in dataset:
        raise InvalidInput("plot: expected a dataset from portico.reach over two parameters.")
    names = [str(name) for name in dataset["n_intervals"].dims]
    if len(names) != 2:
        raise InvalidInput(f"plot: expected a reach over two parameters, given {len(names)}; use exclusion for one.")
    specs, parameter = model_class(dataset.attrs["model"]).PARAMETERS, dataset.attrs["parameter"]
    x, y = (dataset[name].values for name in names)
    first, second = np.argsort(x), np.argsort(y)
    values = np.ma.masked_invalid(dataset["low"].values[..., 0][first][:, second].T)
    with mpl.rc_context(STYLE):
        if ax is None:
            ax = Figure(figsize=(5.8, 4.5), layout="constrained").add_subplot()
        # ahead of the lines: the gaps for their labels are cut in these scales
        for name, grid, label, scale in (
            (names[0], x, ax.set_xlabel, ax.set_xscale),
            (names[1], y, ax.set_ylabel, ax.set_yscale),
        ):
            label(axis_label(name, specs[name]))
            if np.all(grid > 0) and grid.max() / grid.min() > 10:
                scale("log")
        if values.count():
            norm = LogNorm(values.min(), values.max())
            mesh = ax.pcolormesh(
                x[first], y[second], values, norm=norm, cmap="viridis", shading="nearest", rasterized=True
            )
            bar = ax.figure.colorbar(mesh, ax=ax)
            bar.set_label(f"smallest excluded {specs[parameter].symbol or parameter}")
            if min(values.shape) > 2 and values.max() > values.min():
                levels = LogLocator(subs=(1.0, 3.0)).tick_values(values.min(), values.max())
                lines = ax.contour(x[first], y[second], values, levels=levels, colors="white", linewidths=0.8)
                ax.clabel(lines, fmt=lambda v: f"{v:.0e}".replace("e-0", "e-"), fontsize=7)
        common, own = common_and_own([dataset], specs)
        ax.set_title(f"{own[0]}\n{', '.join(common)}", fontsize=9)
    return ax
