"""One limit-setting problem, and its solution for a block of points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from .. import units
from ..errors import InvalidInput, unknown_name
from ..models.base import Model, Parameter
from ..numerics.intervals import Intervals, find_intervals
from ..signatures.base import Search
from ..statistics import upper_limits
from ..statistics.model import Counting
from .curves import Curve
from .required import Required, background_error, expected_requirements, nuisances_of, required_events

_Function = Callable[[np.ndarray, np.ndarray], np.ndarray]
_GRID = 33
_MEDIAN = 2


class Block(NamedTuple):
    """Finished points of a scan: their values, intervals and status, in the order of the scan.

    ``spread`` holds the intervals for one standard error of a Monte Carlo, to either side. ``required`` are events, or, where a
    published limit is carried over, its value.
    """

    first: int
    points: dict[str, np.ndarray]
    edges: np.ndarray
    number: np.ndarray
    status: list[str]
    error: np.ndarray
    systematic: np.ndarray
    required: np.ndarray
    known: Intervals
    channel_low: np.ndarray
    band: np.ndarray
    spread: tuple[Intervals, ...] = ()


class Problem(NamedTuple):
    """One limit-setting problem: where the signal is compared with which number of events.

    ``required`` is for the uncertainties of the search, ``required_known`` for none, ``bands`` at the five places of the
    expected band (or empty); ``used`` is the method that was used, ``notes`` says what should be known of it. ``published`` is
    the limit that is carried over, for searches that rest on one. ``most`` is the largest value of the parameter that each point of
    the scan allows, None where that is all of its range.
    """

    search: Search
    model: Model
    parameter: str
    grid: np.ndarray
    required: Required
    required_known: float
    kind: str
    used: str
    notes: tuple[str, ...]
    bands: tuple[Required, ...]
    published: Curve | None = None
    most: np.ndarray | None = None

    @property
    def nuisances(self) -> tuple[str, ...]:
        """The uncertainties that enter the limit; none where a published limit is carried over, which holds them already."""
        return () if self.published is not None else nuisances_of(self.search, self.used)


def check_question(model: Model, parameter: str, cl: float, method: str) -> None:
    """Raise UnknownName or InvalidInput for a method, parameter or confidence level that is not known or not possible."""
    if not isinstance(method, str) or method not in upper_limits.METHODS:
        raise unknown_name("method", method, upper_limits.METHODS)
    if not isinstance(parameter, str) or parameter not in model.PARAMETERS:
        raise unknown_name("parameter", parameter, model.PARAMETERS, where=f"model {model.NAME}")
    spec: Parameter = model.PARAMETERS[parameter]
    if spec.limit_range is None:
        allowed = [name for name, other in model.PARAMETERS.items() if other.limit_range]
        raise InvalidInput(
            f"no limit can be set on '{parameter}' of {model.NAME}; expected one of {', '.join(allowed)}."
        )
    for other in model.alternatives(parameter):
        if getattr(model, other) is not None:
            raise InvalidInput(f"{_alternatives(model, other, parameter)} cannot be set; leave out {other}.")
    upper_limits.check(Counting(1.0), cl, method)


def _alternatives(model: Model, other: str, parameter: str) -> str:
    return f"{model.NAME}: {other} and {parameter} are alternatives; {parameter} is limited, so {other}"


def check_scanned(model: Model, scanned: Iterable[str], parameter: str) -> None:
    """Raise InvalidInput where an alternative to the limited parameter is scanned."""
    for other in scanned:
        if other in model.alternatives(parameter):
            raise InvalidInput(f"{_alternatives(model, other, parameter)} cannot be scanned; scan another parameter.")


def problem_of(
    search: Search, model: Model, parameter: str, cl: float, method: str, points: dict[str, np.ndarray]
) -> Problem:
    """Check what is asked, for a model with the values of ``points``, and find the number of events that is excluded."""
    check_question(model, parameter, cl, method)
    limit_range = model.PARAMETERS[parameter].limit_range
    assert limit_range is not None
    arrays = [
        name
        for name, value in model.parameters().items()
        if np.ndim(value) and name != parameter and name not in points
    ]
    if arrays:
        raise InvalidInput(
            f"model {model.NAME}: {', '.join(arrays)} is an array; expected one value, or a scan over it with portico.reach."
        )
    theory = model.with_parameters(**points)
    most = theory.largest_allowed(parameter)
    search.signature.check_model(
        search, theory.with_parameters(**{parameter: limit_range[1] if most is None else most})
    )
    state = search.prepared()
    entry = search.experiment.entries.get("counts.observed")
    without_count = entry is None or method in upper_limits.FIGURES_OF_MERIT
    observed = None if without_count else np.array(search.experiment.number("counts.observed", "1"))
    known = Counting(state.background.expected)
    without = float(upper_limits.upper_limit(known, cl, method, observed).value)
    nuisances = nuisances_of(search, method)
    error = background_error(state.background.nuisances, nuisances)
    try:
        required, used, notes = required_events(
            known._replace(background_error=error), cl, method, observed, signal="signal" in nuisances
        )
    except InvalidInput as refused:
        if nuisances and "takes no uncertainties" in str(refused):
            raise InvalidInput(
                f"method '{method}' takes no uncertainties; leave them out with option nuisances=none, or use cls, cls_hybrid or bayes."
            ) from None
        raise
    if method in upper_limits.FIGURES_OF_MERIT and "signal" in search.options.get("nuisances", "").split(","):
        notes = (*notes, upper_limits.SIGNAL_LEFT_OUT.format(method))
    own = getattr(search.signature, "limit_notes", None)  # for searches whose limits need a word
    if own is not None:
        notes = (*notes, *own(search, theory.with_parameters(**{parameter: limit_range[0]})))
    if most is not None:
        where = "" if np.ndim(most) == 0 else ", the smallest such end of the scan"
        notes = (
            *notes,
            f"{model.NAME} has no states beyond {parameter} = {np.min(most):.3g}{where}; an interval without an upper edge ends there.",
        )
    kind = "expected" if observed is None else "observed"
    grid = np.geomspace(*limit_range, _GRID)
    bands = expected_requirements(known._replace(background_error=error), cl, method, signal="signal" in nuisances)
    return Problem(search, model, parameter, grid, required, without, kind, used, notes, bands, most=most)


class _Signal:
    """The signal of the points of one block, as functions of the point and the parameter; what was computed once is kept."""

    def __init__(self, problem: Problem, points: dict[str, np.ndarray], first: int, count: int) -> None:
        self.problem, self.points, self.count = problem, points, count
        self.channels = tuple(problem.search.options["channels"].split(","))
        self.most = _largest_of_block(problem, first, count)
        self.on_grid = np.repeat(np.arange(count), problem.grid.size), np.tile(problem.grid, count)
        self.kept: dict[tuple[str, bytes, bytes], tuple[np.ndarray, np.ndarray]] = {}

    def theory_at(self, index: np.ndarray, x: np.ndarray) -> Model:
        """The model at values of the parameter, which end where its states do."""
        problem, chosen = self.problem, {name: values[index] for name, values in self.points.items()}
        if self.most is None:
            return problem.model.with_parameters(**chosen, **{problem.parameter: x})
        return problem.model.with_unchecked(**chosen, **{problem.parameter: np.minimum(x, self.most[index])})

    def estimates(self, which: tuple[str, ...], index: np.ndarray, x: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
        """Events and their error by channel; what one channel needs again for itself is not computed again."""
        keys = [(name, index.tobytes(), x.tobytes()) for name in which]
        missing = tuple(key[0] for key in keys if key not in self.kept)
        if missing:
            search, theory = self.problem.search, self.theory_at(index, x)
            for name, estimate in search.signature.channel_yields(search, theory, channels=missing).items():
                both = (np.broadcast_to(part, x.shape) for part in (estimate.value, estimate.error))
                self.kept[name, *keys[0][1:]] = next(both), next(both)
        return [self.kept[key] for key in keys]

    def events(self, which: tuple[str, ...], index: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.sum([value for value, _ in self.estimates(which, index, x)], axis=0)

    def error_of(self, which: tuple[str, ...], index: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Relative error of the signal from inputs and theory."""
        search, theory = self.problem.search, self.theory_at(index, x)
        found = [value for value, _ in self.estimates(which, index, x)]
        moved = [
            value * search.signature.systematic_error(search, theory, channel)
            for channel, value in zip(which, found, strict=True)
        ]
        total = np.sum(found, axis=0)
        return np.where(total > 0, np.sum(moved, axis=0) / np.where(total > 0, total, 1.0), 0.0)

    def lowest_alone(self, channel: str, found: Intervals) -> np.ndarray:
        """The lowest edge of one channel taken alone; that of all where there is no other on the grid."""
        problem, which, count = self.problem, (channel,), self.count
        every = [value.reshape(count, -1) for value, _ in self.estimates(self.channels, *self.on_grid)]
        mine = every[self.channels.index(channel)]
        some = np.any(mine > 0, axis=1)
        mixed = np.flatnonzero(np.any(np.sum(every, axis=0) != mine, axis=1) & some)
        lowest = np.where(some, _lowest([found], count)[0], np.nan)
        if not mixed.size:
            return lowest
        first_asked = np.tile(problem.grid, mixed.size)

        def excess(k: np.ndarray, x: np.ndarray) -> np.ndarray:
            """Events over those required."""
            known = np.array_equal(x, first_asked)
            value = mine[mixed].ravel() if known else self.events(which, mixed[k], x)
            return value / problem.required.at(partial(self.error_of, which), mixed[k], x)

        lowest[mixed] = _lowest([find_intervals(excess, np.ones(mixed.size), problem.grid)], mixed.size)[0]
        return lowest


def solve(problem: Problem, points: dict[str, np.ndarray], first: int, channels: Sequence[str]) -> Block:
    """Intervals of all points of one block, and the lower edge of each channel taken alone."""
    count = next(iter(points.values())).size if points else 1
    signal = _Signal(problem, points, first, count)
    events, error_of = (partial(function, signal.channels) for function in (signal.events, signal.error_of))
    found, known, *band = _side_by_side(problem, count, events, error_of)
    alone = [signal.lowest_alone(channel, found) for channel in channels]
    low = np.where(found.number > 0, found.edges[:, 0, 0], problem.grid[-1])
    value, error = np.sum(signal.estimates(signal.channels, np.arange(count), low), axis=0)
    relative = np.where(value > 0, error / np.where(value > 0, value, 1.0), 0.0)
    systematic = error_of(np.arange(count), low)
    tolerance = problem.search.tolerance(problem.model)
    undecided = _undecided(problem, signal, error_of, tolerance)
    status = [_status(found.edges[k], found.number[k], relative[k], value[k], tolerance) for k in range(count)]
    status = _with_undecided(status, undecided, tolerance)
    required = problem.required(systematic)
    return Block(
        first, points, found.edges, found.number, status, relative, systematic, required, known,
        np.array(alone).reshape(len(channels), count), _lowest(band, count),
    )  # fmt: skip


def end_of_range(problem: Problem) -> np.ndarray:
    """Return the end of the range that a limit looks at, one value or one for each point: of the parameter's, or of the model's states."""
    last = problem.grid[-1]
    return np.asarray(last) if problem.most is None else np.minimum(problem.most, last)


def _undecided(problem: Problem, signal: _Signal, error_of: _Function, tolerance: float) -> Iterator[tuple[int, float]]:
    """Points with their largest numerical error on the grid, where it misses the tolerance and could change what is excluded.

    A signal with the relative error r counts as known from 1/(1 + r)^4 to 1 + 4 r of its value: what is beyond the required number by
    more is decided.
    """
    index, x = signal.on_grid
    value, error = np.sum(signal.estimates(signal.channels, index, x), axis=0)
    relative = np.where(value > 0, error / np.where(value > 0, value, 1.0), 0.0)
    poor = np.flatnonzero(relative > tolerance)
    if not poor.size:
        return
    required, r = problem.required.at(error_of, index[poor], x[poor]), relative[poor]
    poor = poor[(value[poor] < required * (1 + r) ** 4) & (value[poor] * (1 + 4 * r) > required)]
    for k in np.unique(index[poor]):
        yield int(k), float(np.max(relative[poor[index[poor] == k]]))


def _with_undecided(status: list[str], undecided: Iterable[tuple[int, float]], tolerance: float) -> list[str]:
    """The status of points, those that are not decided failed unless they have failed already."""
    worst = dict(undecided)
    return [
        _missed(worst[k], tolerance) if k in worst and not one.startswith("failed") else one
        for k, one in enumerate(status)
    ]


def _missed(relative: float, tolerance: float) -> str:
    return f"failed: numerical error {relative:.1e} of the signal exceeds {tolerance:.0e}"


def _largest_of_block(problem: Problem, first: int, count: int) -> np.ndarray | None:
    """The largest allowed values of the points of a block, None where all of the range is allowed."""
    if problem.most is None:
        return None
    most = np.ravel(problem.most)
    return np.full(count, most[0]) if most.size == 1 else most[first : first + count]


def _side_by_side(problem: Problem, count: int, events: _Function, error_of: _Function) -> list[Intervals]:
    """Intervals with the uncertainties, without, and for the expected band, found together: rows are variants times points.

    Together they need as few calls as one alone, and where all variants ask for the same, as on the grid, it is computed once.
    """
    wanted: list[Required] = [problem.required]
    if problem.nuisances:
        wanted.append(Required(np.zeros(1), np.array([problem.required_known]), 0.0))
    skipped = _MEDIAN if problem.kind == "expected" else -1
    wanted += [required for k, required in enumerate(problem.bands) if k != skipped]
    variants: list[Required] = []
    place = []  # of each wanted one among those that differ: without background the whole band is one
    for required in wanted:
        alike = (k for k, other in enumerate(variants) if _ask_the_same(required, other))
        place.append(next(alike, len(variants)))
        if place[-1] == len(variants):
            variants.append(required)

    def excess(index: np.ndarray, x: np.ndarray) -> np.ndarray:
        variant, point = index // count, index % count
        rows = (len(variants), -1)
        same = index.size % len(variants) == 0 and all(
            bool(np.all(part.reshape(rows) == part.reshape(rows)[0])) for part in (point, x)
        )
        if same:  # the grid
            once = point.reshape(rows)[0], x.reshape(rows)[0]
            value = np.tile(events(*once), len(variants))
        else:
            once, value = (point, x), events(point, x)
        error = error_of(*once) if any(one.depends for one in variants) else np.zeros(once[0].size)
        error, required = np.tile(error, len(variants)) if same else error, np.empty(index.size)
        for k, of_error in enumerate(variants):
            chosen = variant == k
            required[chosen] = of_error(error[chosen])
        return value / required

    together = find_intervals(excess, np.ones(len(variants) * count), problem.grid)
    parts = [
        Intervals(together.edges[k * count : (k + 1) * count], together.number[k * count : (k + 1) * count])
        for k in place
    ]
    known = parts.pop(1) if problem.nuisances else parts[0]
    band = parts[1:]
    if problem.bands and skipped == _MEDIAN:
        band.insert(_MEDIAN, parts[0])
    return [parts[0], known, *band]


def _ask_the_same(one: Required, other: Required) -> bool:
    """Whether two ask for the same number of events at any error of the signal."""
    return np.array_equal(one.error, other.error) and np.array_equal(one.events, other.events)


def _lowest(found: Sequence[Intervals], count: int) -> np.ndarray:
    """The lowest edges of several sets of intervals, nan where there is none, shape (sets, points)."""
    edges = [[one.edges[k, 0, 0] if one.number[k] else np.nan for k in range(count)] for one in found]
    return np.array(edges).reshape(len(found), count)


def _status(edges: np.ndarray, count: int, relative: float, value: float, tolerance: float) -> str:
    if not np.isfinite(value):
        return "failed: the expected signal is not finite"
    if count and relative > tolerance:
        return _missed(relative, tolerance)
    if count == 0:
        return "none"
    return "open" if np.isinf(edges[count - 1, 1]) else "excluded"


def accuracy_notes(problem: Problem, errors: np.ndarray) -> tuple[str, ...]:
    """Return a sentence where the Monte Carlo of a search has missed the precision that its options ask for."""
    options, largest = problem.search.options, float(np.max(errors, initial=0.0))
    if "precision" not in options or largest <= 1.05 * units.convert(options["precision"], units.DIMENSIONLESS):
        return ()
    return (
        f"the survival probability is known to {100 * largest:.2g}% at an edge of the limit, not to the {100 * units.convert(options['precision'], units.DIMENSIONLESS):.2g}% of option precision, within {options['events']} events; raise option events.",
    )


def sources_of(search: Search, model: Model, method: str) -> tuple[str, ...]:
    """Return the sources behind a limit: experiment file, target, formulas, model and statistics."""
    target = getattr(search.prepared(), "target", None)
    own = search.signature.method_sources(search)
    statistics = [upper_limits.SOURCES[method]] if method in upper_limits.SOURCES else []
    return tuple(
        dict.fromkeys([*search.sources, *(target.sources if target else ()), *own, *model.SOURCES, *statistics])
    )
