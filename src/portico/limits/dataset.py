"""A reach as an xarray dataset, with units and provenance in its attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .problem import Block, Problem, accuracy_notes, end_of_range, sources_of
from .required import BANDS

if TYPE_CHECKING:
    import xarray


SPREAD = ("minus", "plus")
"""One standard error of a Monte Carlo to either side: fewer and more events."""


def dataset_of(
    problem: Problem,
    axes: dict[str, np.ndarray],
    blocks: Sequence[Block],
    channels: Sequence[str],
    cl: float | None,
    method: str,
) -> xarray.Dataset:
    """Return all blocks as one dataset; its variables are those that :func:`portico.reach` describes."""
    import xarray

    most = max(block.edges.shape[1] for block in blocks)
    padding = [((0, 0), (0, most - block.edges.shape[1]), (0, 0)) for block in blocks]
    edges = np.concatenate(
        [np.pad(b.edges, pad, constant_values=np.nan) for b, pad in zip(blocks, padding, strict=True)]
    )
    shape, names = tuple(a.size for a in axes.values()), list(axes)
    specs, parameter = problem.model.PARAMETERS, problem.parameter
    unit = specs[parameter].unit

    def edge(k: int, word: str) -> tuple[Any, ...]:
        return (
            (*names, "interval"),
            edges[..., k].reshape(*shape, most),
            {"units": unit, "long_name": f"{word} edge of excluded {parameter}"},
        )

    data: dict[str, Any] = {
        "low": edge(0, "lower"),
        "high": edge(1, "upper"),
        **_per_point(problem, blocks, names, shape),
    }
    coordinates: dict[str, Any] = {
        name: (name, values, {"units": specs[name].unit, "long_name": specs[name].meaning})
        for name, values in axes.items()
    }
    if problem.bands:
        low = np.concatenate([b.band for b in blocks], axis=1).reshape(len(BANDS), *shape)
        text = f"lowest edge of excluded {parameter} expected without signal"
        data["low_expected"] = (("band", *names), low, {"units": unit, "long_name": text})
        coordinates["band"] = list(BANDS)
    if blocks[0].spread:
        data |= _spread(blocks, names, shape, unit, parameter)
        coordinates["spread"] = list(SPREAD)
    if channels:
        low = np.concatenate([b.channel_low for b in blocks], axis=1).reshape(len(channels), *shape)
        data["channel_low"] = (
            ("channel", *names),
            low,
            {"units": unit, "long_name": "lower edge for this channel alone"},
        )
        coordinates["channel"] = list(channels)
    return xarray.Dataset(
        data,
        coords=coordinates,
        attrs=_attributes(problem, axes, cl, method, np.concatenate([block.error for block in blocks])),
    )


def _spread(
    blocks: Sequence[Block], names: list[str], shape: tuple[int, ...], unit: str, parameter: str
) -> dict[str, tuple[Any, ...]]:
    """Edges of the intervals for one standard error of the Monte Carlo to either side."""
    most = max(one.edges.shape[1] for block in blocks for one in block.spread)

    def padded(edges: np.ndarray) -> np.ndarray:
        return np.pad(edges, ((0, 0), (0, most - edges.shape[1]), (0, 0)), constant_values=np.nan)

    edges = np.stack([np.concatenate([padded(block.spread[k].edges) for block in blocks]) for k in range(len(SPREAD))])
    return {
        f"{word}_spread": (
            ("spread", *names, "spread_interval"),
            edges[..., k].reshape(len(SPREAD), *shape, most),
            {
                "units": unit,
                "long_name": f"{word} edge of excluded {parameter}, Monte Carlo shifted by one standard error",
            },
        )
        for k, word in enumerate(("low", "high"))
    }


def _per_point(
    problem: Problem, blocks: Sequence[Block], names: list[str], shape: tuple[int, ...]
) -> dict[str, tuple[Any, ...]]:
    """The variables with one value for each point."""

    def variable(values: list[Any], unit: str, long_name: str) -> tuple[Any, ...]:
        return names, np.concatenate(values).reshape(shape), {"units": unit, "long_name": long_name}

    def first(block: Block) -> np.ndarray:
        known = block.known.edges
        return known[:, 0, 0] if known.shape[1] else np.full(block.number.size, np.nan)

    unit = problem.model.PARAMETERS[problem.parameter].unit
    status = np.concatenate([np.array(b.status) for b in blocks]).reshape(shape)
    return {
        "n_intervals": variable([b.number.astype(np.int32) for b in blocks], "1", "number of excluded intervals"),
        "status": (names, status),
        **_reference(problem, variable([b.required for b in blocks], "1", "signal events that are excluded")),
        "low_known": variable(
            [first(b) for b in blocks], unit, f"lowest edge of excluded {problem.parameter} without uncertainties"
        ),
        "largest_allowed": (
            names,
            np.array(np.broadcast_to(end_of_range(problem).reshape(-1), int(np.prod(shape)))).reshape(shape),
            {"units": unit, "long_name": f"largest {problem.parameter} of the range at which the model has states"},
        ),
        "systematic_error": variable(
            [b.systematic for b in blocks], "1", "relative error of the signal, inputs and theory"
        ),
        "numerical_error": variable([b.error for b in blocks], "1", "relative error of the signal"),
    }


def _reference(problem: Problem, required: tuple[Any, ...]) -> dict[str, tuple[Any, ...]]:
    """What the signal is compared with: events, or a published limit."""
    if problem.published is None:
        return {"required_events": required}
    names, values, attributes = required
    title = f"published limit that is carried over: {problem.published.name}"
    return {"published": (names, values, {**attributes, "long_name": title})}


def _attributes(
    problem: Problem, axes: dict[str, np.ndarray], cl: float | None, method: str, errors: np.ndarray
) -> dict[str, Any]:
    """What was asked and what it rests on."""
    from .. import __version__

    model, search = problem.model, problem.search
    varied = [*axes, problem.parameter]
    varied += [other for name in varied for other in model.alternatives(name)]  # one replaces the other
    fixed = {name: value for name, value in model.parameters().items() if name not in varied and value is not None}
    return {
        "search": search.name,
        "title": search.experiment.title,
        "label": search.experiment.label,
        "model": model.NAME,
        "parameter": problem.parameter,
        "cl": cl,
        "method": method,
        "kind": problem.kind,
        "required_events": float(np.min(problem.required(np.zeros(1)))),
        "required_events_known": problem.required_known,
        "scanned_low": float(problem.grid[0]),
        "scanned_high": float(problem.grid[-1]),
        **_background(search),
        "published": problem.published.name if problem.published else "",
        "uncertainties": f"included in the limit: {', '.join(problem.nuisances)}"
        if problem.nuisances
        else "none included in the limit",
        "method_used": problem.used,
        "notes": "\n".join((*problem.notes, *accuracy_notes(problem, errors))),
        "changed_options": "\n".join(
            f"{name}={value}"
            for name, value in search.options.items()
            if value != search.signature.OPTIONS[name].default
        ),
        "options": "\n".join(f"{name}={value}" for name, value in search.options.items()),
        "model_parameters": "\n".join(
            f"{name}={value if isinstance(value, str) else format(value, '.10g')}" for name, value in fixed.items()
        ),
        "sources": "\n".join(sources_of(search, model, method)),
        "portico_version": __version__,
    }


def _background(search: Any) -> dict[str, float]:
    background = search.prepared().background
    if background is None:
        return {}
    return {"background": background.expected, "background_uncertainty": background.uncertainty}
