"""The exclusion picture: a coupling against a mass, ready for a paper."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from ..errors import InvalidInput
from ..limits.curves import curves
from ..models import model_class

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

STYLE: dict[str, Any] = {
    "font.family": "serif", "font.size": 10, "mathtext.fontset": "cm", "axes.linewidth": 0.8, "axes.labelsize": 12,
    "xtick.direction": "in", "ytick.direction": "in", "xtick.top": True, "ytick.right": True,
    "xtick.minor.visible": True, "ytick.minor.visible": True, "legend.frameon": False, "legend.fontsize": 8.5,
    "pdf.fonttype": 42, "savefig.dpi": 200,
}  # fmt: skip
# Okabe and Ito, distinguishable for colour-blind readers
_REACH = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_CHANNEL_DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
_COMPARISON = ("#4d4d4d", "#8c6d1f", "#7f7f7f", "#a05195")


def exclusion(reaches: Sequence[xarray.Dataset], ax: Axes | None = None, *, compare: bool = True) -> Axes:
    """Draw excluded regions over one scanned parameter, with each channel's own line and published limits.

    Parameters
    ----------
    reaches : sequence of Dataset   from :func:`portico.reach`, all over the same one parameter
    ax : Axes or None               where to draw; a new figure by default
    compare : bool                  draw the published limits that come with portico (over a mass only)

    Raises InvalidInput where the reaches differ in what they scan, or scan more than one parameter.
    """
    from matplotlib.figure import Figure

    if not reaches:
        raise InvalidInput("plot: no reach to draw.")
    dimensions = {
        (tuple(str(name) for name in r["n_intervals"].dims), r.attrs["parameter"], r.attrs["model"]) for r in reaches
    }
    names, parameter, model = next(iter(dimensions))
    if len(dimensions) > 1 or len(names) != 1:
        raise InvalidInput(
            "plot: expected reaches of one model over the same one parameter; draw each two-dimensional scan on its own."
        )
    with mpl.rc_context(STYLE):
        if ax is None:
            ax = Figure(figsize=(5.6, 4.3), layout="constrained").add_subplot()
        for number, dataset in enumerate(reaches):
            _draw_reach(ax, dataset, names[0], _REACH[number % len(_REACH)], alone=len(reaches) == 1)
        if compare and names[0] == "mass":
            _draw_published(ax, parameter, reaches[0][names[0]].values)
        _finish(ax, reaches, names[0], parameter, model)
    return ax


def _draw_reach(ax: Axes, dataset: xarray.Dataset, name: str, colour: str, *, alone: bool) -> None:
    """One reach: shaded intervals, their edges, and the channels' own lines."""
    x = dataset[name].values
    order = np.argsort(x)
    x, low, high = x[order], dataset["low"].values[order], dataset["high"].values[order]
    top = 1.0
    label = _reach_label(dataset)
    for interval in range(low.shape[1]):
        bottom, upper = low[:, interval], np.where(np.isinf(high[:, interval]), top, high[:, interval])
        inside = np.isfinite(bottom)
        ax.fill_between(x, bottom, upper, where=inside, color=colour, alpha=0.22, linewidth=0)
        ax.plot(
            x,
            np.where(inside, bottom, np.nan),
            color=colour,
            linewidth=1.8,
            label=label if interval == 0 else None,
            zorder=4,
        )
        closed = inside & np.isfinite(high[:, interval])
        if np.any(closed):
            ax.plot(x, np.where(closed, high[:, interval], np.nan), color=colour, linewidth=1.8, zorder=4)
    if alone and "channel_low" in dataset:
        for k, channel in enumerate(dataset["channel"].values):
            ax.plot(x, dataset["channel_low"].values[k][order], color="black", linewidth=1.0, zorder=5,
                    linestyle=_CHANNEL_DASHES[k % len(_CHANNEL_DASHES)], label=f"{channel} alone")  # fmt: skip


def _reach_label(dataset: xarray.Dataset) -> str:
    title = dataset.attrs["title"].split(":")[0]
    kind = "expected" if dataset.attrs["kind"] == "expected" else "observed"
    method = {"cls": "CL$_s$", "likelihood_ratio": "likelihood ratio", "sqrt_b": r"$S/\sqrt{B}$"}[
        dataset.attrs["method"]
    ]
    return (
        f"{title} disappearing $e^+$, {kind}, {method}"
        if "disappearing" in dataset.attrs["search"]
        else f"{title}, {kind}, {method}"
    )


def _draw_published(ax: Axes, parameter: str, x: np.ndarray) -> None:
    for k, curve in enumerate(curves(parameter)):
        if curve.mass.min() > x.max() or curve.mass.max() < x.min():
            continue
        style = "-" if curve.kind == "limit" else "-."
        marker = "." if curve.mass.size > 2 else None
        ax.plot(curve.mass, curve.value, color=_COMPARISON[k % len(_COMPARISON)], linewidth=1.1, linestyle=style, marker=marker, markersize=4,
                label=curve.title, zorder=3)  # fmt: skip


def _finish(ax: Axes, reaches: Sequence[xarray.Dataset], name: str, parameter: str, model: str) -> None:
    """Axes, labels, legend and the parameters that the picture is for."""
    specs = model_class(model).PARAMETERS
    x = np.concatenate([r[name].values for r in reaches])
    low = np.concatenate([r["low"].values.ravel() for r in reaches])
    low = low[np.isfinite(low)]
    ax.set_yscale("log")
    if np.all(x > 0) and x.max() / x.min() > 5:
        ax.set_xscale("log")
    ax.set_xlim(x.min(), x.max())
    bottom = low.min() if low.size else 1e-4
    ax.set_ylim(
        10 ** np.floor(np.log10(bottom / 4)), min(1.0, 10 ** np.ceil(np.log10((low.max() if low.size else 1.0) * 2)))
    )
    ax.set_xlabel(_axis(specs[name].symbol or name, specs[name].unit))
    ax.set_ylabel(_axis(specs[parameter].symbol or parameter, specs[parameter].unit))
    ax.legend(loc="upper left", ncols=1, handlelength=2.6)
    note = (
        f"{100 * reaches[0].attrs['cl']:g}% CL, " + _parameters(reaches[0], specs)
        if len(reaches) == 1
        else f"{100 * reaches[0].attrs['cl']:g}% CL"
    )
    ax.text(0.98, 0.03, note, transform=ax.transAxes, ha="right", va="bottom", fontsize=8.5)


def _axis(symbol: str, unit: str) -> str:
    return symbol if unit == "1" else f"{symbol} [{unit}]"


def _parameters(dataset: xarray.Dataset, specs: Any) -> str:
    """The fixed parameters in words, ratios as fractions."""
    words = []
    for line in dataset.attrs["model_parameters"].split("\n"):
        name, _, value = line.partition("=")
        if name == "dark_matter":
            words.append(
                {"dirac": r"Dirac $\chi$", "majorana": r"Majorana $\chi$", "scalar": r"complex scalar $\chi$"}[value]
            )
        elif name == "dark_matter_mass_ratio" and abs(1 / float(value) - round(1 / float(value))) < 1e-6:
            words.append(rf"$m_\chi = m_{{A'}}/{round(1 / float(value))}$")
        else:
            unit = "" if specs[name].unit == "1" else f" {specs[name].unit}"
            words.append(f"{specs[name].symbol} = {float(value):.4g}{unit}")
    return ", ".join(words)


def save(ax: Axes, *paths: str) -> None:
    """Write the figure of ``ax`` to files; their ending chooses the format. The same picture gives the same bytes."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    # with a fixed date in the file, fontTools warns of an old font
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    with mpl.rc_context(STYLE):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once, the same for every format
        for path in paths:
            metadata = (
                {"CreationDate": None}
                if str(path).endswith(".pdf")
                else {"Software": None}
                if str(path).endswith(".png")
                else {}
            )
            figure.savefig(path, metadata=metadata)
