r"""A published limit on an invisible mediator, carried over to a model whose decays may trip the veto of the search.

.. math:: \{\epsilon:\ \epsilon^2\,\mathrm{BR}_\mathrm{dark}(\epsilon)\,P(\epsilon; M) \ge \epsilon_\mathrm{inv}^2(M)\}

P falls from 1 (everything leaves the detector before it decays) to its prompt value, so that the left-hand side can rise,
fall and rise again: there are up to a few excluded intervals, and all are found.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import registry
from ..cascades.survival import Survival
from ..errors import InvalidInput, NumericsError, unknown_name
from ..models.base import Model
from ..numerics.intervals import Intervals, find_intervals
from ..signatures.base import Search, make_search
from .curves import Curve, curve
from .front import as_model
from .problem import Block, Problem, sources_of
from .required import Required

if TYPE_CHECKING:
    import xarray

    from .reach import Limit

_PER_DECADE = 25
_FILE_PER_DECADE = 20
_FINER = 4  # between 100 nodes per decade the survival is interpolated: steps of single events are no features


def recast(
    published: Search | str,
    model: Model,
    *,
    scan: Mapping[str, Any] | None = None,
    on_start: Callable[[], None] | None = None,
    on_block: Callable[[Block], None] | None = None,
    **options: Any,
) -> Limit | xarray.Dataset:
    """Return the excluded intervals of epsilon of a model, from a published limit on an invisible mediator.

    Parameters
    ----------
    published : str      name of a published limit whose search comes with portico: ``babar_mono_photon_2017``, ...; or the
                         user's own file, or a search
    model : Model        with dark decays; epsilon may be left out, and what is scanned
    scan : mapping       as for :func:`portico.reach`; without it one point is computed
    **options            options of the search, such as ``veto_mode="both"``

    Returns
    -------
    Limit, or a Dataset for a scan; ``spread`` holds the intervals for a survival probability one standard error of the Monte
    Carlo lower and higher.

    Raises UnknownName for a name that is not known, InvalidInput where the model has no open dark decay or the mass lies
    outside the published limit.
    """
    search, theory = recast_search(published, options), as_model(model)
    if scan is None:
        return limit_recast(search, theory)
    return reach_recast(search, theory, scan, on_start=on_start, on_block=on_block)


def recast_search(published: Search | str, options: Mapping[str, Any]) -> Search:
    """Return the search behind a published limit, given its name, the user's own file, or itself.

    Raises UnknownName for a name that is not known, InvalidInput for a search without a published limit.
    """
    if isinstance(published, Search):
        search = published.with_options(**options) if options else published
    else:
        known = recasts()
        own = isinstance(published, str) and (published.endswith(".toml") or "/" in published)
        if not own and published not in known:
            if isinstance(published, str) and published in registry.names("search"):
                raise InvalidInput(
                    f"search '{published}' has no published limit to carry over; expected one of {', '.join(known)}."
                )
            raise unknown_name("published limit with a search", published, known)
        search = make_search(published, dict(options))
    published_of(search)
    return search


def published_of(search: Search) -> Curve:
    """Return the published limit that a search carries over: what its file says, or the curve of its name.

    Raises InvalidInput where there is none.
    """
    if hasattr(search.signature, "published_limit"):
        return curve(search.signature.published_limit(search))
    if search.name not in recasts():
        raise InvalidInput(
            f"search '{search.name}' has no published limit to carry over; expected one of {', '.join(recasts())}."
        )
    return curve(search.name)


def limit_recast(search: Search, model: Model) -> Limit:
    """Return the limit at one point from the published limit that bears the name of the search."""
    from .reach import limit_of

    return limit_of(recast_problem(search, model, "epsilon", published_of(search), {}), None, "recast")


def reach_recast(
    search: Search,
    model: Model,
    scan: Mapping[str, Any],
    *,
    on_start: Callable[[], None] | None = None,
    on_block: Callable[[Block], None] | None = None,
) -> xarray.Dataset:
    """Return the reach over a scan from the published limit that bears the name of the search."""
    from .reach import reach_of

    def problem(points: dict[str, np.ndarray]) -> Problem:
        return recast_problem(search, model, "epsilon", published_of(search), points)

    return reach_of(problem, model, search, scan, "epsilon", None, "recast", on_start, on_block)


def survival_grid(search: Search, model: Model, scan: Mapping[str, Any]) -> xarray.Dataset:
    """Return the probability that an event of the search passes its vetoes, over a scan and epsilon.

    Parameters
    ----------
    search : Search     one whose published limit can be carried over (:func:`recasts`)
    model : Model       epsilon may be left out
    scan : mapping      parameters to arrays, as for :func:`recast`

    Returns
    -------
    Dataset             ``probability`` and ``standard_error`` over the scanned parameters and ``epsilon`` (20 per decade of its
                        range); nan where the point could not be computed. Samples that a recast with the same search has
                        drawn are used again.

    Raises InvalidInput for a scan of epsilon, and as :func:`recast`.
    """
    import xarray as xr

    from .. import __version__
    from .reach import check_scan

    theory = as_model(model)
    axes = check_scan(theory, scan, "epsilon")
    spec = theory.PARAMETERS["epsilon"]
    assert spec.limit_range is not None
    epsilon = np.geomspace(
        *spec.limit_range, 1 + round(_FILE_PER_DECADE * np.log10(spec.limit_range[1] / spec.limit_range[0]))
    )
    mesh = [a.ravel() for a in np.meshgrid(*axes.values(), indexing="ij")]
    points = dict(zip(axes, mesh, strict=True))
    search.signature.check_model(search, theory.with_parameters(epsilon=1.0).with_parameters(**points))
    found = np.full((2, mesh[0].size, epsilon.size), np.nan)
    for k, one in enumerate(_rows(theory, points, mesh[0].size)):
        with contextlib.suppress(InvalidInput, NumericsError):  # told with the intervals of the scan
            found[:, k] = search.signature.survival(search, one).probability(epsilon)
    shape, names = (*(a.size for a in axes.values()), epsilon.size), (*axes, "epsilon")
    units = {name: theory.PARAMETERS[name].unit for name in names}
    meaning = ("probability that no veto stops an event", "standard error of the probability, from the Monte Carlo")
    return xr.Dataset(
        {name: (names, part.reshape(shape), {"units": "1", "long_name": text})
         for name, part, text in zip(("probability", "standard_error"), found, meaning, strict=True)},
        {name: (name, values, {"units": units[name]}) for name, values in {**axes, "epsilon": epsilon}.items()},
        {"search": search.name, "options": "\n".join(f"{name}={value}" for name, value in search.options.items()), "model": theory.NAME,
         "model_parameters": "\n".join(f"{name}={value}" for name, value in theory.parameters().items() if value is not None and name not in names),
         "portico_version": __version__, "sources": "\n".join(sources_of(search, theory, "recast"))},
    )  # fmt: skip


def recasts() -> list[str]:
    """Return the names of the published limits on invisible mediators whose search comes with portico."""
    searches = registry.names("search")
    return [
        name
        for name in registry.names("published limit")
        if name in searches and hasattr(make_search(name, {}).signature, "survival") and _is_limit(curve(name))
    ]


def _is_limit(published: Curve) -> bool:
    return published.kind == "limit" and published.applies_to == "invisible"


def recast_problem(
    search: Search, model: Model, parameter: str, published: Curve, points: dict[str, np.ndarray]
) -> Problem:
    """Check what is asked; ``points`` are the scanned values."""
    if parameter != "epsilon":
        raise InvalidInput(
            f"search '{search.name}' rests on a published limit on epsilon; a limit on '{parameter}' cannot be set, scan it instead."
        )
    if "epsilon" not in model.PARAMETERS:
        search.signature.check_model(search, model)
    spec = model.PARAMETERS["epsilon"]
    assert spec.limit_range is not None
    whole = model.with_parameters(epsilon=spec.limit_range[1]).with_parameters(**points)
    arrays = [n for n, v in model.parameters().items() if np.ndim(v) and n != "epsilon" and n not in points]
    if arrays:
        raise InvalidInput(
            f"model {model.NAME}: {', '.join(arrays)} is an array; expected one value, or a scan over it."
        )
    search.signature.check_model(search, whole)
    mass = np.atleast_1d(np.asarray(whole.mass))  # type: ignore[attr-defined]
    outside = np.isnan(published.at(mass))
    if np.any(outside):
        raise InvalidInput(
            f"published limit '{published.name}' holds from {published.mass.min():g} to {published.mass.max():g} GeV; given mass = {mass[outside][0]:g} GeV."
        )
    decades = np.log10(spec.limit_range[1] / spec.limit_range[0])
    grid = np.geomspace(*spec.limit_range, int(np.ceil(_PER_DECADE * decades)) + 1)
    return Problem(
        search, model, parameter, grid, Required(np.zeros(1), np.ones(1), 0.0), 1.0, "observed", "recast",
        (*search.signature.notes(search, whole), *_own_exposure(search)), (), published,
    )  # fmt: skip


def _own_exposure(search: Search) -> tuple[str, ...]:
    """A sentence for a file of the user's: what the published curve holds already does not enter again."""
    if search.name in registry.names("search") and search.experiment.path == str(
        registry.path_of("search", search.name)
    ):
        return ()
    return (
        "the limit is that of the published curve, carried over: luminosity and efficiency of the file do not enter.",
    )


def solve_recast(problem: Problem, points: dict[str, np.ndarray], first: int) -> Block:
    """Intervals of all points of one block, and those for a survival probability one standard error lower and higher."""
    assert problem.published is not None
    signature, count = problem.search.signature, next(iter(points.values())).size if points else 1
    theory = problem.model.with_parameters(**points, epsilon=np.ones(count))
    try:
        different = signature.points_of(problem.search, theory)
        samples = [signature.survival(problem.search, one) for one in _rows(problem.model, points, count)]
    except InvalidInput as refused:  # found out only when the point is worked out; the other points of a scan are kept
        if not points:
            raise
        return _failed(points, first, count, str(refused))
    mass, dark, visible = (different.column(name) for name in ("mass", "dark", "visible"))
    level = problem.published.at(mass) ** 2
    nodes = np.log(np.geomspace(problem.grid[0], problem.grid[-1], _FINER * (problem.grid.size - 1) + 1))
    known = [sample.probability(np.exp(nodes)) for sample in samples]

    def strength(shift: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        with np.errstate(divide="ignore"):
            height = [np.log(np.clip(value + shift * error, 0.0, 1.0)) for value, error in known]

        def function(index: np.ndarray, x: np.ndarray) -> np.ndarray:
            passed = np.empty(x.shape)
            for k in np.unique(index):
                chosen = index == k
                passed[chosen] = np.exp(_between(np.log(x[chosen]), nodes, height[k]))
            return x**2 * dark[index] / (dark[index] + x**2 * visible[index]) * passed

        return function

    found, fewer, more = (find_intervals(strength(shift), level, problem.grid) for shift in (0.0, -1.0, 1.0))
    low = np.where(found.number > 0, found.edges[:, 0, 0], problem.grid[-1])
    error = np.array([_largest_error(samples[k], found.edges[k], low[k]) for k in range(count)])
    status = [_status(found, k) for k in range(count)]
    zero = np.zeros(count)
    return Block(
        first, points, found.edges, found.number, status, error, zero, np.sqrt(level), found,
        np.empty((0, count)), np.empty((0, count)), (fewer, more),
    )  # fmt: skip


def _largest_error(sample: Survival, edges: np.ndarray, otherwise: float) -> float:
    """The relative error of the probability at the edges of the intervals, the largest; without intervals at another coupling."""
    at = edges[np.isfinite(edges)] if np.any(np.isfinite(edges)) else np.array([otherwise])
    value, error = sample.probability(at)
    return float(np.max(np.where(value > 0, error / np.where(value > 0, value, 1.0), 1.0)))


def _failed(points: dict[str, np.ndarray], first: int, count: int, why: str) -> Block:
    """A block without results, and the reason."""
    nothing, zero = np.full((count, 1, 2), np.nan), np.zeros(count)
    none = Intervals(nothing, np.zeros(count, dtype=int))
    band = np.empty((0, count))
    status = [f"failed: {why.rstrip('.')}"] * count
    return Block(first, points, nothing, none.number, status, zero, zero, np.full(count, np.nan), none, band, band, (none, none))  # fmt: skip


def _between(place: np.ndarray, nodes: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Linear interpolation of a logarithm that may be -inf: next to a probability of 0 it is -inf."""
    finite = np.isfinite(height)
    value = np.interp(place, nodes, np.where(finite, height, 0.0))
    return np.where(np.interp(place, nodes, 1.0 - finite) > 0, -np.inf, value)


def _rows(model: Model, points: dict[str, np.ndarray], count: int) -> list[Any]:
    return [
        model.with_parameters(**{name: float(values[k]) for name, values in points.items()}, epsilon=1.0)
        for k in range(count)
    ]


def _status(found: Intervals, k: int) -> str:
    if found.number[k] == 0:
        return "none"
    return "open" if np.isinf(found.edges[k, found.number[k] - 1, 1]) else "excluded"
