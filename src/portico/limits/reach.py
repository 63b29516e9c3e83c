"""Limits on one parameter, at a point or over a scan: every interval that is excluded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import units
from ..errors import InvalidInput, NumericsError, unknown_name
from ..models.base import Model, VectorMediator
from ..signatures.base import Search
from .curves import curve
from .dataset import SPREAD, dataset_of
from .front import as_model, as_search
from .problem import (
    Block,
    Problem,
    accuracy_notes,
    check_question,
    check_scanned,
    end_of_range,
    problem_of,
    solve,
    sources_of,
)
from .recast import recast_problem, solve_recast
from .required import BANDS

if TYPE_CHECKING:
    import xarray

MOST_POINTS = 1_000_000
"""Largest number of points of a scan, all parameters together."""
_BLOCK = 1024


class Limit(NamedTuple):
    """Excluded intervals of one parameter at one point.

    ``intervals`` holds (low, high) pairs, high is None where the excluded set has no upper edge in the scanned range;
    ``upper`` is the low edge of such an interval, else None; ``status`` is "excluded", "none" or "open". A low edge at the
    start of ``scanned`` means that everything from there on is excluded. ``range`` is what of it the model allows: it ends where the
    states of the model do, and so does an interval without an upper edge. The uncertainties named in ``nuisances`` enter the
    limit; ``intervals_known`` and ``required_known`` are without any. ``expected`` holds the lowest edges that experiments
    without signal find at -2 ... +2 sigma ("minus2", "minus1", "median", "plus1", "plus2"), None where nothing is excluded. ``systematic_error`` (relative) is that of the signal.
    ``used`` is the method that was used (``cls`` chooses), ``notes`` says what should be known of it. ``spread`` holds the intervals
    for one standard error of a Monte Carlo, down ("minus") and up ("plus"), where there is one. Where a published limit is
    carried over, ``required_events`` is its value of the parameter.
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
    scanned: tuple[float, float]
    required_events: float
    numerical_error: float
    systematic_error: float
    nuisances: tuple[str, ...]
    intervals_known: list[tuple[float, float | None]]
    required_known: float
    expected: dict[str, float | None]
    used: str
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    spread: dict[str, list[tuple[float, float | None]]] = {}
    range: tuple[float, float] = (0.0, math.inf)


def limit(
    search: Search | str, model: Model, *, parameter: str = "epsilon", cl: float = 0.9, method: str = "cls"
) -> Limit:
    """Return the excluded intervals of one parameter of a model.

    Parameters
    ----------
    search : Search or str   from :func:`portico.search`, or its name
    model : Model            all parameters set but ``parameter``, which may be left out, and its alternative, which has to be
    parameter : str          the parameter that is limited, in the range that ``portico models NAME`` shows
    cl, method               confidence level and a name of :data:`portico.statistics.upper_limits.METHODS`

    Raises InvalidInput for wrong input, UnknownName for unknown names, NumericsError where the signal misses its tolerance.
    """
    chosen, theory = as_search(search), as_model(model)
    return limit_of(_problem(chosen, theory, parameter, cl, method, {}), cl, method)


def _problem(
    search: Search, model: Model, parameter: str, cl: float, method: str, points: dict[str, np.ndarray]
) -> Problem:
    """The problem of a search: counts, or a published limit that is carried over."""
    if not hasattr(search.signature, "published_limit"):
        return problem_of(search, model, parameter, cl, method, points)
    published = curve(search.signature.published_limit(search))
    check_question(model, parameter, cl, method)
    if method != "cls" or not np.isclose(cl, published.cl):
        raise InvalidInput(
            f"search '{search.name}' carries over a published limit at {100 * published.cl:g}% CL; given method '{method}' and {100 * cl:g}% CL, expected the defaults."
        )
    return recast_problem(search, model, parameter, published, points)


def _solve(problem: Problem, points: dict[str, np.ndarray], first: int, channels: Sequence[str]) -> Block:
    if problem.published is not None:
        return solve_recast(problem, points, first)
    return solve(problem, points, first, channels)


def limit_of(problem: Problem, cl: float | None, method: str) -> Limit:
    """Return the limit at the one point of a problem; without ``cl`` that of its published limit."""
    chosen, theory, parameter = problem.search, problem.model, problem.parameter
    cl = problem.published.cl if cl is None and problem.published else cl
    assert cl is not None
    block = _solve(problem, {}, 0, ())
    if block.status[0].startswith("failed"):
        raise NumericsError(f"limit on {parameter}: {block.status[0].removeprefix('failed: ')}.")
    intervals = _pairs(block.edges, block.number)
    upper = intervals[-1][0] if intervals and intervals[-1][1] is None else None
    return Limit(chosen.name, theory.NAME, parameter, cl, method, problem.kind, intervals, upper, block.status[0], (float(problem.grid[0]), float(problem.grid[-1])), float(block.required[0]),
                 float(block.error[0]), float(block.systematic[0]), problem.nuisances, _pairs(*block.known), problem.required_known,
                 _band(problem, block), problem.used, (*problem.notes, *accuracy_notes(problem, block.error)), sources_of(chosen, theory, method),
                 dict(zip(SPREAD, (_pairs(*one) for one in block.spread), strict=False)),
                 (float(problem.grid[0]), float(np.ravel(end_of_range(problem))[0])))  # fmt: skip


def _pairs(edges: np.ndarray, number: np.ndarray) -> list[tuple[float, float | None]]:
    """Intervals of the first point, None for an upper edge that does not exist."""
    return [(float(low), None if np.isinf(high) else float(high)) for low, high in edges[0, : number[0]]]


def _band(problem: Problem, block: Block) -> dict[str, float | None]:
    """The lowest edges of the expected band at the first point."""
    edges = [float(value) for value in block.band[:, 0]]
    found = zip(BANDS, edges, strict=True) if problem.bands else ()
    return {name: None if np.isnan(edge) else edge for name, edge in found}


def check_scan(model: Model, scan: Mapping[str, Any], parameter: str) -> dict[str, np.ndarray]:
    """Return the scan as arrays; raises InvalidInput or UnknownName where a name or a value is wrong."""
    if not isinstance(scan, Mapping) or not scan:
        raise InvalidInput("scan: nothing to scan; give for example scan={'mass': np.geomspace(1e-3, 1, 200)}.")
    result = {}
    if isinstance(parameter, str):
        check_scanned(model, scan, parameter)
    for name, values in scan.items():
        if not isinstance(name, str) or name not in model.PARAMETERS or model.PARAMETERS[name].choices:
            raise unknown_name(
                "parameter to scan",
                name,
                [n for n, s in model.PARAMETERS.items() if not s.choices],
                where=f"model {model.NAME}",
            )
        if isinstance(parameter, str) and name == parameter:
            raise InvalidInput(
                f"scan: '{name}' is the parameter that is limited; scan another one or choose another with parameter=."
            )
        array = _scan_values(model, name, values)
        if array.ndim != 1 or array.size < 2:
            raise InvalidInput(
                f"scan of {name}: expected at least two values in one dimension, given {array.size}; use limit for one point."
            )
        if np.unique(array).size != array.size:
            raise InvalidInput(f"scan of {name}: a value occurs twice.")
        result[name] = array
    total = math.prod(array.size for array in result.values())
    if total > MOST_POINTS:
        raise InvalidInput(f"scan: {total} points are more than {MOST_POINTS:,}; cut the scan into parts.")
    return result


def _scan_values(model: Model, name: str, values: Any) -> np.ndarray:
    """Values of one scanned parameter as numbers; text is read with its unit."""
    if isinstance(values, str):
        raise InvalidInput(f"scan of {name}: expected values such as np.geomspace(1e-3, 1, 200), given {values!r}.")
    unit = model.PARAMETERS[name].unit
    try:
        read = [
            units.convert(value, unit, where=f"scan of {name}") if isinstance(value, str) else value for value in values
        ]
        return np.asarray(read, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            f"scan of {name}: expected numbers in one dimension, such as np.geomspace(1e-3, 1, 200)."
        ) from None


def reach(
    search: Search | str,
    model: Model,
    *,
    scan: Mapping[str, Any],
    parameter: str = "epsilon",
    cl: float = 0.9,
    method: str = "cls",
    on_start: Callable[[], None] | None = None,
    on_block: Callable[[Block], None] | None = None,
) -> xarray.Dataset:
    """Return the excluded intervals of one parameter over a scan of others.

    Parameters
    ----------
    search, model, parameter, cl, method   as for :func:`limit`; scanned parameters may be left out of the model
    scan : mapping                         parameter name to values (GeV for masses); several give a grid
    on_start : callable                    called once the input is known to be right
    on_block : callable                    called with each finished :class:`Block`, in order

    Returns
    -------
    xarray.Dataset   ``low`` and ``high`` with dimension ``interval`` (nan where there is none, high = inf where an interval has
                     no upper edge in the scanned range), ``n_intervals``, ``status``, ``numerical_error`` (relative, of the
                     signal), ``channel_low`` (lower edge for each channel alone), ``low_known`` (lowest edge without
                     uncertainties), ``largest_allowed`` (where the parameter's range or the model's states end: as far as an interval
                     without an upper edge goes), ``low_expected`` (lowest edges of the expected band, dimension ``band``); units and provenance in the attributes

    Raises InvalidInput and UnknownName for wrong input. A point that misses its tolerance has a status "failed: why".
    """
    chosen, theory = as_search(search), as_model(model)

    def problem(points: dict[str, np.ndarray]) -> Problem:
        return _problem(chosen, theory, parameter, cl, method, points)

    return reach_of(problem, theory, chosen, scan, parameter, cl, method, on_start, on_block)


def _end_of_block(problem: Problem, points: dict[str, np.ndarray], first: int) -> int:
    """Where a block of a scan ends; a cascade takes about a second, so each is kept when it is done."""
    if problem.published is not None or _draws_events(problem):
        return first + 1
    own = getattr(problem.search.signature, "end_of_block", None)
    return own(points, first) if own else min(first + _BLOCK, next(iter(points.values())).size)


def _draws_events(problem: Problem) -> bool:
    return "precision" in problem.search.options and not isinstance(problem.model, VectorMediator)


def reach_of(
    make_problem: Callable[[dict[str, np.ndarray]], Problem],
    model: Model,
    search: Search,
    scan: Mapping[str, Any],
    parameter: str,
    cl: float | None,
    method: str,
    on_start: Callable[[], None] | None,
    on_block: Callable[[Block], None] | None,
) -> xarray.Dataset:
    """Return the reach for a problem that is made from the scanned points; the rest as :func:`reach`."""
    axes = check_scan(model, scan, parameter)
    mesh = [a.ravel() for a in np.meshgrid(*axes.values(), indexing="ij")]
    points = dict(zip(axes, mesh, strict=True))
    problem = make_problem(points)
    if on_start is not None:
        on_start()
    channels = search.options["channels"].split(",")
    shown = channels if len(channels) > 1 and problem.published is None else []
    blocks, first = [], 0
    while first < mesh[0].size:
        end = _end_of_block(problem, points, first)
        block = _solve(problem, {name: values[first:end] for name, values in points.items()}, first, shown)
        blocks.append(block)
        if on_block is not None:
            on_block(block)
        first = end
    return dataset_of(problem, axes, blocks, shown, problem.published.cl if problem.published else cl, method)
