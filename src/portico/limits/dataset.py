"""A reach as an xarray dataset, with units and provenance in its attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .problem import Block, Problem, sources_of

if TYPE_CHECKING:
    import xarray


def dataset_of(
    problem: Problem,
    axes: dict[str, np.ndarray],
    blocks: Sequence[Block],
    channels: Sequence[str],
    cl: float,
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

    def per_point(values: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(values).reshape(shape)

    def edge(k: int, word: str) -> tuple[Any, ...]:
        return (
            (*names, "interval"),
            edges[..., k].reshape(*shape, most),
            {"units": unit, "long_name": f"{word} edge of excluded {parameter}"},
        )

    data: dict[str, Any] = {
        "low": edge(0, "lower"),
        "high": edge(1, "upper"),
        "n_intervals": (names, per_point([b.number for b in blocks]).astype(np.int32), {"units": "1"}),
        "status": (names, per_point([np.array(b.status) for b in blocks])),
        "required_events": (
            names,
            per_point([b.required for b in blocks]),
            {"units": "1", "long_name": "signal events that are excluded"},
        ),
        "low_known": (
            names,
            per_point(
                [b.known.edges[:, 0, 0] if b.known.edges.shape[1] else np.full(b.number.size, np.nan) for b in blocks]
            ),
            {"units": unit, "long_name": f"lowest edge of excluded {parameter} without uncertainties"},
        ),
        "systematic_error": (
            names,
            per_point([b.systematic for b in blocks]),
            {"units": "1", "long_name": "relative error of the signal, inputs and theory"},
        ),
        "numerical_error": (
            names,
            per_point([b.error for b in blocks]),
            {"units": "1", "long_name": "relative error of the signal"},
        ),
    }
    coordinates: dict[str, Any] = {
        name: (name, values, {"units": specs[name].unit, "long_name": specs[name].meaning})
        for name, values in axes.items()
    }
    if channels:
        low = np.concatenate([b.channel_low for b in blocks], axis=1).reshape(len(channels), *shape)
        data["channel_low"] = (
            ("channel", *names),
            low,
            {"units": unit, "long_name": "lower edge for this channel alone"},
        )
        coordinates["channel"] = list(channels)
    return xarray.Dataset(data, coords=coordinates, attrs=_attributes(problem, axes, cl, method))


def _attributes(problem: Problem, axes: dict[str, np.ndarray], cl: float, method: str) -> dict[str, Any]:
    """What was asked and what it rests on."""
    from .. import __version__

    model, search = problem.model, problem.search
    fixed = {
        name: value
        for name, value in model.parameters().items()
        if name not in axes and name != problem.parameter and value is not None
    }
    if any(name in axes for name in ("dark_matter_mass", "dark_matter_mass_ratio")):  # one replaces the other
        fixed = {name: value for name, value in fixed.items() if not name.startswith("dark_matter_mass")}
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
        "background": search.prepared().background.expected,
        "background_uncertainty": search.prepared().background.uncertainty,
        "uncertainties": f"included in the limit: {', '.join(problem.nuisances)}"
        if problem.nuisances
        else "none included in the limit",
        "method_used": problem.used,
        "notes": "\n".join(problem.notes),
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
