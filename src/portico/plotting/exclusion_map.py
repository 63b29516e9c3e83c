"""The map of a scan over two parameters: the smallest excluded coupling by colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from ..errors import InvalidInput
from ..models import model_class
from .exclusion import STYLE

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes


def exclusion_map(dataset: xarray.Dataset, ax: Axes | None = None) -> Axes:
    """Draw the lower edge of the first excluded interval over two scanned parameters; white where nothing is excluded.

    Raises InvalidInput where the reach does not scan two parameters.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    names = [str(name) for name in dataset["n_intervals"].dims]
    if len(names) != 2:
        raise InvalidInput(f"plot: expected a reach over two parameters, given {len(names)}; use exclusion for one.")
    specs, parameter = model_class(dataset.attrs["model"]).PARAMETERS, dataset.attrs["parameter"]
    x, y = (dataset[name].values for name in names)
    first, second = np.argsort(x), np.argsort(y)
    values = np.ma.masked_invalid(dataset["low"].values[..., 0][first][:, second].T)
    with mpl.rc_context(STYLE):
        if ax is None:
            ax = Figure(figsize=(5.8, 4.3), layout="constrained").add_subplot()
        if values.count():
            mesh = ax.pcolormesh(
                x[first],
                y[second],
                values,
                norm=LogNorm(values.min(), values.max()),
                cmap="viridis",
                shading="nearest",
                rasterized=True,
            )
            bar = ax.figure.colorbar(mesh, ax=ax)
            bar.set_label(f"smallest excluded {specs[parameter].symbol or parameter}")
        for axis, name, grid in ((ax.xaxis, names[0], x), (ax.yaxis, names[1], y)):
            label = specs[name].symbol or name
            axis.set_label_text(label if specs[name].unit == "1" else f"{label} [{specs[name].unit}]")
            if np.all(grid > 0) and grid.max() / grid.min() > 5:
                (ax.set_xscale if axis is ax.xaxis else ax.set_yscale)("log")
        ax.set_title(
            f"{dataset.attrs['title'].split(':')[0]}, {100 * dataset.attrs['cl']:g}% CL, {dataset.attrs['kind']}",
            fontsize=10,
        )
    return ax
