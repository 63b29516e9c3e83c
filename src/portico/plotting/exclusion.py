"""The exclusion picture: a coupling against a mass, ready for a paper."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from ..errors import InvalidInput
from ..limits.curves import Curve
from ..limits.files import whole
from ..limits.kappa_bounds import bounds_of
from ..models import model_class
from ..precision import magnetic_moment as moment
from .comparison import chosen, draw_curves, draw_magnetic_moment, draw_own_bounds, within
from .labels import CHANNELS, axis_label, common_and_own, is_cascade, lines
from .legend import SIZE, draw_legend, everything
from .regions import draw_region, interval_region
from .style import COLOURS, STYLE, check_axes, evenly_spaced, scale_horizontal

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

_REACH = COLOURS[:4]
_ALPHA = {1: 0.2, 2: 0.09}
"""How dense the fill is, by the number of reaches; lines only for more."""
_CHANNEL_DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))


def exclusion(
    reaches: Any,
    ax: Axes | None = None,
    *,
    compare: bool | Sequence[str] = True,
    labels: Sequence[str] | None = None,
    magnetic_moment: str | None = None,
) -> Axes:
    """Draw excluded regions over one scanned parameter, with each channel's own line and published limits.

    Points that failed leave a gap. A region that reaches below the scanned range of the coupling has no lower line.

    Parameters
    ----------
    reaches : Dataset or several    from :func:`portico.reach` or :func:`portico.recast`, all over the same one parameter; models may differ
    ax : Axes or None               where to draw; a new figure by default
    compare : bool or names         draw the newest published limits that come with portico, or those of these names; bounds
                                    for any decay always, but for False (over a mass only); for a Z' with millicharged
                                    particles the bounds on its mixing as well
    labels : sequence of str        legend texts; by default the search and what differs between the reaches
    magnetic_moment : str or None   name of a data set of the magnetic moment: draw its bands of one and two sigma

    Raises InvalidInput where the reaches differ in what they scan, or scan more than one parameter; for bands of the
    magnetic moment in a plane other than epsilon over mass; UnknownName for the name of a curve or a data set.
    """
    from matplotlib.figure import Figure

    check_axes(ax)
    reaches, names, parameter = _checked(reaches, labels)
    published = chosen(compare, parameter, _particle(reaches))
    bounds, own_bounds = ([], []) if compare is False else _mixing_bounds(reaches)
    if magnetic_moment is not None:
        moment.data_set(magnetic_moment)
        if (names[0], parameter) != ("mass", "epsilon"):
            raise InvalidInput(f"plot: magnetic_moment: expected epsilon over mass, given {parameter} over {names[0]}.")
    specs: dict[str, Any] = {}
    for each in reversed(reaches):
        specs |= model_class(each.attrs["model"]).PARAMETERS
    common, own = common_and_own(reaches, specs)
    with mpl.rc_context(STYLE):
        own_figure = ax is None
        if ax is None:
            ax = Figure(figsize=SIZE).add_axes((0.125, 0.125, 0.84, 0.85))
        bottom, top = _frame(ax, reaches, names[0], parameter, specs)
        top = _room_for_bounds(ax, [*bounds, *(each for each, _ in own_bounds)], specs[parameter].limit_range[1])
        drawn = [*(published if names[0] == "mass" else []), *bounds]
        hatched = any(each.kind == "bound" for each in within(ax, [*drawn, *(each for each, _ in own_bounds)]))
        if not own_figure and (magnetic_moment is not None or hatched):
            top = min(specs[parameter].limit_range[1], 10 * top)  # for a longer legend
            ax.set_ylim(bottom, top)
        levels, bars = [r.attrs["cl"] for r in reaches], 0
        if drawn:
            invisible = not any(is_cascade(r) or r.attrs.get("published") for r in reaches)
            bars = draw_curves(ax, drawn, levels, invisible=invisible)
        draw_own_bounds(ax, own_bounds, len(reaches), levels)
        if magnetic_moment is not None:
            draw_magnetic_moment(ax, magnetic_moment)
        for number, dataset in enumerate(reaches):
            label = own[number] if labels is None else labels[number]
            _draw_reach(ax, dataset, names[0], label, _REACH[number % len(_REACH)], _ALPHA.get(len(reaches), 0.0))
            if len(reaches) == 1:
                _draw_band(ax, dataset, names[0])
                _draw_known(ax, dataset, names[0], _REACH[0])
                _draw_channels(ax, dataset, names[0], bottom, top)
        # above lines of others, below the reach
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
        ax.text(0.98, 0.03 + 0.015 * bars, lines(common), transform=ax.transAxes, ha="right", va="bottom", fontsize=8.5, bbox=box, zorder=3.2)  # fmt: skip
        draw_legend(ax, [*own, *(labels or ())], may_stand_beside=own_figure, crowded=hatched)
    return ax


def _checked(reaches: Any, labels: Sequence[str] | None) -> tuple[Any, tuple[str, ...], str]:
    """The reaches as a sequence, what they scan, and their parameter; raises InvalidInput as :func:`exclusion` says."""
    if hasattr(reaches, "data_vars") or not isinstance(reaches, list | tuple):
        reaches = [reaches]
    if not reaches or not all(hasattr(r, "data_vars") and "n_intervals" in r for r in reaches):
        raise InvalidInput("plot: expected datasets from portico.reach, one or several.")
    dimensions = {(tuple(str(name) for name in r["n_intervals"].dims), r.attrs["parameter"]) for r in reaches}
    names, parameter = next(iter(dimensions))
    if len(dimensions) > 1:
        raise InvalidInput("plot: expected reaches of the same parameter over the same other one; these differ.")
    if len(names) != 1:
        raise InvalidInput(f"plot: expected a reach over one parameter, given {len(names)}; use exclusion_map for two.")
    if labels is not None and len(labels) != len(reaches):
        raise InvalidInput(f"plot: expected {len(reaches)} labels, given {len(labels)}.")
    return reaches, names, parameter


def _particle(reaches: Sequence[xarray.Dataset]) -> str:
    """The particle whose mass and coupling the reaches are of; raises InvalidInput where they differ."""
    kinds = {str(r.attrs["model"]): str(model_class(r.attrs["model"]).LIMITED_PARTICLE) for r in reaches}
    if len(set(kinds.values())) > 1:
        shown = ", ".join(f"{model} ({kind.replace('_', ' ')})" for model, kind in kinds.items())
        raise InvalidInput(f"plot: expected reaches on the coupling of one kind of particle; given {shown}.")
    return next(iter(kinds.values()))


def _mixing_bounds(reaches: Sequence[xarray.Dataset]) -> tuple[list[Curve], list[tuple[Curve, str]]]:
    """Bounds on the mixing that all reaches share, and those of single ones with the colour of their reach."""
    each = [bounds_of(reach) for reach in reaches]
    shared: list[Curve] = []
    own: list[tuple[Curve, str]] = []
    for number, bounds in enumerate(each):
        for one in bounds:
            same = [other for many in each for other in many if other.name == one.name and _alike(other, one)]
            if len(same) < len(reaches):
                own.append((one, _REACH[number % len(_REACH)]))
            elif not any(other.name == one.name for other in shared):
                shared.append(one)
    return shared, own


def _alike(one: Curve, other: Curve) -> bool:
    pairs = ((one.mass, other.mass), (one.value, other.value))
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-6) for a, b in pairs)


def _edges(dataset: xarray.Dataset, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scanned values in order, lower and upper edges of the intervals; nan where a point failed."""
    x = dataset[name].values
    order = np.argsort(x)
    failed = np.char.startswith(dataset["status"].values.astype(str), "failed")[:, None]
    low, high = (np.where(failed, np.nan, dataset[edge].values)[order] for edge in ("low", "high"))
    return x[order], low, high


def _ends(dataset: xarray.Dataset, name: str) -> np.ndarray:
    """Where the model has no more states, in the order of the scanned values; infinite where the whole range is allowed."""
    if "largest_allowed" not in dataset:
        return np.full(dataset[name].size, np.inf)
    end = dataset["largest_allowed"].values[np.argsort(dataset[name].values)]
    return np.where(end < dataset.attrs["scanned_high"], end, np.inf)


def _frame(ax: Axes, reaches: Sequence[xarray.Dataset], name: str, parameter: str, specs: Any) -> tuple[float, float]:
    """Axes with their labels; returns the ends of the vertical one."""
    x = np.concatenate([r[name].values for r in reaches])
    low = np.concatenate([r["low"].values.ravel() for r in reaches])
    low = low[np.isfinite(low)]
    high = np.concatenate([r["high"].values.ravel() for r in reaches])
    high = high[np.isfinite(high)]
    smallest, largest = (low.min(), max([low.max(), *high])) if low.size else (1e-4, 1e-1)
    span = 10 ** np.ceil(np.log10(largest * 2))
    room = 10 ** np.ceil(0.9 * np.log10(span / smallest)) * smallest  # for the legend
    bottom, top = 10 ** np.floor(np.log10(smallest / 2.5)), min(specs[parameter].limit_range[1], max(span, room))
    ax.set_yscale("log")
    scale_horizontal(ax, x, linear=all(evenly_spaced(r[name].values) for r in reaches))
    ax.set_ylim(bottom, top)
    ax.set_xlabel(axis_label(name, specs[name]))
    ax.set_ylabel(axis_label(parameter, specs[parameter]))
    return bottom, top


def _room_for_bounds(ax: Axes, bounds: Sequence[Curve], largest: float) -> float:
    """Raise the top of the frame by up to a decade, so that bounds are seen; returns the top."""
    bottom, top = ax.get_ylim()
    highest = max((float(each.value.max()) for each in bounds), default=0.0)
    top = min(largest, max(top, min(2 * highest, 10 * top)))
    ax.set_ylim(bottom, top)
    return top


def _draw_reach(ax: Axes, dataset: xarray.Dataset, name: str, label: str, colour: str, alpha: float) -> None:
    """One reach: shaded intervals and their edges, with pockets where there are several; a point for what stands alone."""
    x, low, high = _edges(dataset, name)
    top, floor = ax.get_ylim()[1], dataset.attrs["scanned_low"]
    if low.shape[1] > 1:
        failed = np.char.startswith(dataset["status"].values.astype(str), "failed")[np.argsort(dataset[name].values)]
        high = np.where(failed[:, None], np.inf, high)
        ends = (max(floor, ax.get_ylim()[0]), top)
        high = np.where(np.isfinite(low), np.minimum(high, _ends(dataset, name)[:, None]), high)
        region = interval_region(x, low, high, ends, logarithmic=ax.get_xscale() == "log")
        draw_region(ax, region, colour=colour, label=label, alpha=alpha)
        return
    for interval in range(low.shape[1]):
        bottom, upper = low[:, interval], np.minimum(high[:, interval], np.minimum(_ends(dataset, name), top))
        inside = np.isfinite(bottom)
        ax.fill_between(x, bottom, upper, where=inside, color=colour, alpha=alpha, linewidth=0)
        line = np.where(inside & (bottom > floor * (1 + 1e-9)), bottom, np.nan)
        ax.plot(x, line, color=colour, linewidth=1.8, label=label if interval == 0 else None, zorder=4)
        closed = inside & np.isfinite(high[:, interval])
        alone = np.isfinite(line) & ~_in_runs(line)
        if np.any(alone):
            ax.plot(x[alone], line[alone], color=colour, linestyle="none", marker="o", markersize=3, zorder=4)
        if np.any(closed):
            ax.plot(x, np.where(closed, high[:, interval], np.nan), color=colour, linewidth=1.8, zorder=4)


def _in_runs(values: np.ndarray) -> np.ndarray:
    """Which values have a finite neighbour, so that a line through them is seen."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    return there[1:-1] & (there[:-2] | there[2:])


def _draw_band(ax: Axes, dataset: xarray.Dataset, name: str) -> None:
    """The lower edges that experiments without signal find: one and two sigma."""
    if "low_expected" not in dataset:
        return
    x = np.sort(dataset[name].values)
    order = np.argsort(dataset[name].values)
    edge = {band: dataset["low_expected"].sel(band=band).values[order] for band in dataset["band"].values}
    for low, high, colour, label in (
        ("minus2", "plus2", "#f0e442", r"expected, $\pm 2\sigma$"), ("minus1", "plus1", "#009e73", r"expected, $\pm 1\sigma$"),
    ):  # fmt: skip
        if np.any(edge[high] > edge[low] * (1 + 1e-9)):  # without background all experiments find the same
            ax.fill_between(x, edge[low], edge[high], color=colour, alpha=0.55, linewidth=0, zorder=3.5, label=label)


def _draw_known(ax: Axes, dataset: xarray.Dataset, name: str, colour: str) -> None:
    """The lower edge without uncertainties, where they make a difference."""
    x, low, _ = _edges(dataset, name)
    known = dataset["low_known"].values[np.argsort(dataset[name].values)] if "low_known" in dataset else low[:, 0]
    known = np.where(known > dataset.attrs["scanned_low"] * (1 + 1e-9), known, np.nan)
    if low.shape[1] and np.any(np.abs(np.log(known / low[:, 0])) > 1e-3):
        ax.plot(x, known, color=colour, linewidth=1.0, linestyle=(0, (5, 1.5)), zorder=4, label="without uncertainties")


def _draw_channels(ax: Axes, dataset: xarray.Dataset, name: str, bottom: float, top: float) -> None:
    """The lower edge for each channel alone, where it lies in the frame."""
    if "channel_low" not in dataset:
        return
    order = np.argsort(dataset[name].values)
    x, floor = dataset[name].values[order], dataset.attrs["scanned_low"]
    for k, channel in enumerate(dataset["channel"].values):
        y = dataset["channel_low"].values[k][order]
        y = np.where(y > floor * (1 + 1e-9), y, np.nan)
        if np.any((y > bottom) & (y < top) & _in_runs(y)):
            style = _CHANNEL_DASHES[k % len(_CHANNEL_DASHES)]
            text = f"{CHANNELS.get(channel, channel.replace('_', ' '))} alone"
            ax.plot(x, y, color="black", linewidth=1.0, zorder=5, linestyle=style, label=text)


def save(ax: Axes, *paths: str) -> None:
    """Write the figure of ``ax`` to files; their ending chooses the format. The same picture gives the same bytes.

    Raises InvalidInput where a file cannot be written or its format is not known.
    """
    check_axes(ax)
    figure = None if ax is None else ax.get_figure(root=True)
    if figure is None:
        raise InvalidInput(
            "plot: ax: expected the axes of a picture, such as portico.plot.exclusion returns; given none."
        )
    # with a fixed date in the file, fontTools warns of an old font
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    with mpl.rc_context(STYLE):
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()
            figure.set_layout_engine("none")  # laid out once, the same for every format
        box = everything(figure)
        for path in paths:
            metadata = (
                {"CreationDate": None}
                if str(path).endswith(".pdf")
                else {"Software": None}
                if str(path).endswith(".png")
                else {}
            )
            try:
                with whole(Path(path)) as part:
                    figure.savefig(part, metadata=metadata, bbox_inches=box)
            except (OSError, ValueError) as error:
                raise InvalidInput(
                    f"plot: '{path}' cannot be written: {getattr(error, 'strerror', None) or error}."
                ) from None
