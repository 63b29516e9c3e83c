"""Limits on one parameter, at a point or over a scan: every interval that is excluded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import InvalidInput, NumericsError, unknown_name
from ..models.base import Model, Parameter
from ..numerics.intervals import find_intervals
from ..signatures.base import Search
from ..statistics import counting
from .front import as_model, as_search

if TYPE_CHECKING:
    import xarray

_GRID = 33
_BLOCK = 1024


class Limit(NamedTuple):
    """Excluded intervals of one parameter at one point.

    ``intervals`` holds (low, high) pairs, high is None where the excluded set has no upper edge in the scanned range;
    ``upper`` is the low edge of such an interval, else None; ``status`` is "excluded", "none" or "open".
    """

    search: str
    model: str
    parameter: str
    cl: float
    method: str
    kind: str
    intervals: list[tuple[float, float | None]]
    upper: float | None
    status: str
    required_events: float
    numerical_error: float
    sources: tuple[str, ...]


class Block(NamedTuple):
    """Finished points of a scan: their values, intervals and status, in the order of the scan."""

    first: int
    points: dict[str, np.ndarray]
    edges: np.ndarray
    number: np.ndarray
    status: list[str]
    error: np.ndarray
    channel_low: np.ndarray


class _Problem(NamedTuple):
    """One limit-setting problem: where the signal is compared with which number of events."""

    search: Search
    model: Model
    parameter: str
    grid: np.ndarray
    required: float
    kind: str


def _problem(search: Search, model: Model, parameter: str, cl: float, method: str) -> _Problem:
    """Check what is asked and find the number of events that is excluded."""
    if method not in counting.METHODS:
        raise unknown_name("method", method, counting.METHODS)
    if parameter not in model.PARAMETERS:
        raise unknown_name("parameter", parameter, model.PARAMETERS, where=f"model {model.NAME}")
    spec: Parameter = model.PARAMETERS[parameter]
    if spec.limit_range is None:
        allowed = [name for name, other in model.PARAMETERS.items() if other.limit_range]
        raise InvalidInput(
            f"no limit can be set on '{parameter}' of {model.NAME}; expected one of {', '.join(allowed)}."
        )
    counting.check(np.array([1.0]), cl, method, None)
    state = search.prepared()
    entry = search.experiment.entries.get("counts.observed")
    observed = (
        None if entry is None or method == "sqrt_b" else np.array(search.experiment.number("counts.observed", "1"))
    )
    required = float(counting.upper_limit(np.array(state.background.expected), cl, method, observed))
    return _Problem(
        search,
        model,
        parameter,
        np.geomspace(*spec.limit_range, _GRID),
        required,
        "expected" if observed is None else "observed",
    )


def _solve(problem: _Problem, points: dict[str, np.ndarray], first: int, channels: Sequence[str]) -> Block:
    """Intervals of all points of one block, and the lower edge of each channel taken alone."""
    signature, count = problem.search.signature, next(iter(points.values())).size if points else 1

    everything = tuple(problem.search.options["channels"].split(","))
    kept: dict[tuple[str, bytes, bytes], tuple[np.ndarray, np.ndarray]] = {}

    def estimates(which: tuple[str, ...], index: np.ndarray, x: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Events and their error by channel; what one channel needs again for itself is not computed again."""
        keys = [(name, index.tobytes(), x.tobytes()) for name in which]
        missing = tuple(key[0] for key in keys if key not in kept)
        if missing:
            chosen = {name: values[index] for name, values in points.items()}
            theory = problem.model.with_parameters(**chosen, **{problem.parameter: x})
            for name, estimate in signature.channel_yields(problem.search, theory, channels=missing).items():
                kept[name, *keys[0][1:]] = (
                    np.broadcast_to(estimate.value, x.shape),
                    np.broadcast_to(estimate.error, x.shape),
                )
        return [kept[key] for key in keys]

    def events(which: tuple[str, ...], index: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.sum([value for value, _ in estimates(which, index, x)], axis=0)

    level = np.full(count, problem.required)
    found = find_intervals(partial(events, everything), level, problem.grid)
    alone = [find_intervals(partial(events, (channel,)), level, problem.grid) for channel in channels]
    low = np.where(found.number > 0, found.edges[:, 0, 0], problem.grid[-1])
    value, error = np.sum(estimates(everything, np.arange(count), low), axis=0)
    relative = np.where(value > 0, error / np.where(value > 0, value, 1.0), 0.0)
    status = [
        _status(found.edges[k], found.number[k], relative[k], value[k], signature.TOLERANCE) for k in range(count)
    ]
    channel_low = np.array(
        [[a.edges[k, 0, 0] if a.number[k] else np.nan for k in range(count)] for a in alone]
    ).reshape(len(channels), count)
    return Block(first, points, found.edges, found.number, status, relative, channel_low)


def _status(edges: np.ndarray, count: int, relative: float, value: float, tolerance: float) -> str:
    if not np.isfinite(value):
        return "failed: the expected signal is not finite"
    if count and relative > tolerance:
        return f"failed: numerical error {relative:.1e} of the signal exceeds {tolerance:.0e}"
    if count == 0:
        return "none"
    return "open" if np.isinf(edges[count - 1, 1]) else "excluded"


def limit(
    search: Search | str, model: Model, *, parameter: str = "epsilon", cl: float = 0.9, method: str = "cls"
) -> Limit:
    """Return the excluded intervals of one parameter of a model.

    Parameters
    ----------
    search : Search or str   from :func:`portico.search`, or its name
    model : Model            all parameters set but ``parameter``, which may be left out
    parameter : str          the parameter that is limited, in the range that ``portico models NAME`` shows
    cl, method               confidence level and a name of :data:`portico.statistics.counting.METHODS`

    Raises InvalidInput for wrong input, UnknownName for unknown names, NumericsError where the signal misses its tolerance.
    """
    chosen, theory = as_search(search), as_model(model)
    _check_point(chosen, theory, parameter)
    problem = _problem(chosen, theory, parameter, cl, method)
    block = _solve(problem, {}, 0, ())
    if block.status[0].startswith("failed"):
        raise NumericsError(f"limit on {parameter}: {block.status[0].removeprefix('failed: ')}.")
    intervals = [
        (float(low), None if np.isinf(high) else float(high)) for low, high in block.edges[0, : block.number[0]]
    ]
    upper = intervals[-1][0] if intervals and intervals[-1][1] is None else None
    return Limit(chosen.name, theory.NAME, parameter, cl, method, problem.kind, intervals, upper, block.status[0], problem.required,
                 float(block.error[0]), _sources(chosen, theory, method))  # fmt: skip


def _check_point(search: Search, model: Model, parameter: str) -> None:
    """Let the signature refuse the model, with the limited parameter at the end of its range."""
    spec = model.PARAMETERS.get(parameter)
    top = spec.limit_range[1] if spec is not None and spec.limit_range else None
    complete = model if top is None else model.with_parameters(**{parameter: top})
    search.signature.check_model(search, complete)
    arrays = [name for name, value in complete.parameters().items() if np.ndim(value) and not isinstance(value, str)]
    if arrays:
        raise InvalidInput(f"limit: {', '.join(arrays)} is an array; expected one value. Use portico.reach for a scan.")


def _sources(search: Search, model: Model, method: str) -> tuple[str, ...]:
    state = search.prepared()
    own = search.signature.method_sources(search)
    return tuple(
        dict.fromkeys([*search.sources, *state.target.sources, *own, *model.SOURCES, counting.SOURCES[method]])
    )


def check_scan(model: Model, scan: Mapping[str, Any], parameter: str) -> dict[str, np.ndarray]:
    """Return the scan as arrays; raises InvalidInput or UnknownName where a name or a value is wrong."""
    if not scan:
        raise InvalidInput("scan: nothing to scan; give for example scan={'mass': np.geomspace(1e-3, 1, 200)}.")
    result = {}
    for name, values in scan.items():
        if name not in model.PARAMETERS or model.PARAMETERS[name].choices:
            raise unknown_name(
                "parameter to scan",
                name,
                [n for n, s in model.PARAMETERS.items() if not s.choices],
                where=f"model {model.NAME}",
            )
        if name == parameter:
            raise InvalidInput(
                f"scan: '{name}' is the parameter that is limited; scan another one or choose another with parameter=."
            )
        array = np.asarray(values, dtype=float)
        if array.ndim != 1 or array.size < 2:
            raise InvalidInput(
                f"scan of {name}: expected at least two values in one dimension, given {array.size}; use limit for one point."
            )
        if np.unique(array).size != array.size:
            raise InvalidInput(f"scan of {name}: a value occurs twice.")
        result[name] = array
    return result


def reach(
    search: Search | str,
    model: Model,
    *,
    scan: Mapping[str, Any],
    parameter: str = "epsilon",
    cl: float = 0.9,
    method: str = "cls",
    on_block: Callable[[Block], None] | None = None,
) -> xarray.Dataset:
    """Return the excluded intervals of one parameter over a scan of others.

    Parameters
    ----------
    search, model, parameter, cl, method   as for :func:`limit`; scanned parameters may be left out of the model
    scan : mapping                         parameter name to values (GeV for masses); several give a grid
    on_block : callable                    called with each finished :class:`Block`, in order

    Returns
    -------
    xarray.Dataset   ``low`` and ``high`` with dimension ``interval`` (nan where there is none, high = inf where an interval has
                     no upper edge in the scanned range), ``n_intervals``, ``status``, ``numerical_error`` (relative, of the
                     signal), ``channel_low`` (lower edge for each channel alone); units and provenance in the attributes

    Raises InvalidInput and UnknownName for wrong input. A point that misses its tolerance has a status "failed: why".
    """
    chosen, theory = as_search(search), as_model(model)
    axes = check_scan(theory, scan, parameter)
    mesh = [a.ravel() for a in np.meshgrid(*axes.values(), indexing="ij")]
    points = dict(zip(axes, mesh, strict=True))
    spec = theory.PARAMETERS.get(parameter)
    top = {parameter: spec.limit_range[1]} if spec is not None and spec.limit_range else {}
    chosen.signature.check_model(chosen, theory.with_parameters(**points, **top))
    problem = _problem(chosen, theory, parameter, cl, method)
    channels = chosen.options["channels"].split(",")
    shown = channels if len(channels) > 1 else []
    blocks = []
    for first in range(0, mesh[0].size, _BLOCK):
        block = _solve(problem, {name: values[first : first + _BLOCK] for name, values in points.items()}, first, shown)
        blocks.append(block)
        if on_block is not None:
            on_block(block)
    return dataset_of(problem, axes, blocks, shown, cl, method)
