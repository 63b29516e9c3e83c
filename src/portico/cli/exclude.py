"""The commands that exclude: limit, reach, recast."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, NumericsError, PorticoError
from .arguments import confidence, make_model, make_search, pairs, scans
from .interrupted import Interrupted, check, raising, say
from .progress import Progress
from .show import print_json
from .text import number

_FAILURES = (PorticoError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a picture may fail with: a scan that is computed is not worth less for it."""

if TYPE_CHECKING:
    from ..limits.files import ReachTable
    from ..limits.problem import Block
    from ..limits.reach import Limit
    from ..models.base import Model
    from ..signatures.base import Search


def limit(
    search_name: str,
    model_name: str,
    settings: list[str] | None,
    options: list[str] | None,
    *,
    parameter: str,
    cl: str,
    method: str,
    as_json: bool,
) -> None:
    """Print the excluded intervals of one parameter."""
    from ..limits.reach import limit as excluded

    search, model = make_search(search_name, options), make_model(model_name, settings)
    _print_limit(
        search, excluded(search, model, parameter=parameter, cl=confidence(cl), method=method), as_json=as_json
    )


def recast(
    published: str,
    model_name: str,
    settings: list[str] | None,
    options: list[str] | None,
    scan: list[str] | None,
    output: str | None,
    *,
    magnetic_moment: str | None,
    as_json: bool,
    command: list[str],
) -> int:
    """Print the excluded intervals of a published limit that is carried over, or compute a scan into a folder."""
    from ..limits.reach import check_scan
    from ..limits.recast import limit_recast, reach_recast, recast_search, survival_grid

    search, model = recast_search(published, pairs(options, "--option")), make_model(model_name, settings)
    if not scan:
        if magnetic_moment is not None:
            raise InvalidInput(
                "recast: --magnetic-moment draws bands in the picture of a scan; give --scan and -o DIR."
            )
        if output is not None:
            raise InvalidInput(
                "recast: -o DIR needs a scan; give for example --scan mass=0.1GeV:8GeV:40, or leave out -o."
            )
        _print_limit(search, limit_recast(search, model), as_json=as_json)
        return 0
    if output is None:
        raise InvalidInput("recast: a scan needs a folder for its table and picture; give -o DIR.")
    axes = check_scan(model, scans(scan, model), "epsilon")
    _check_bands(magnetic_moment, list(axes), "epsilon")

    def compute(**callbacks: Any) -> Any:
        return reach_recast(search, model, axes, **callbacks)

    return _scanned(
        search, model, settings, axes, "epsilon", output, compute, grid=lambda: survival_grid(search, model, axes),
        magnetic_moment=magnetic_moment, as_json=as_json, command=command,
    )  # fmt: skip


def _print_limit(search: Search, result: Limit, *, as_json: bool) -> None:
    model_name, parameter, method = result.model, result.parameter, result.method
    if as_json:
        print_json({"search": result.search, "model": model_name, "parameter": parameter, "cl": result.cl, "method": method, "kind": result.kind,
                    "intervals": result.intervals, "status": result.status, "range": result.range, "required_events": result.required_events,
                    "numerical_error": result.numerical_error, "systematic_error": result.systematic_error,
                    "method_used": result.used, "notes": result.notes, "nuisances": result.nuisances,
                    "expected": result.expected, "spread": result.spread,
                    "without_uncertainties": {"intervals": result.intervals_known, "required_events": result.required_known}})  # fmt: skip
        return
    if result.used == "recast":
        print(
            f"{search.name}, {100 * result.cl:g}% CL: published limit {parameter} = {number(result.required_events)} for an invisible mediator, carried over"
        )
    else:
        verb = "discovered by the median experiment" if method == "discovery" else "excluded"
        print(
            f"{result.kind} {100 * result.cl:g}% CL ({method}): a signal above {number(result.required_events)} events is {verb}"
        )
    outcome = "discovered" if method == "discovery" else "excluded"
    low_end, high_end = (number(end) for end in result.range)
    last = "where the model ends," if result.range[1] < result.scanned[1] else "the end of the range,"
    if not result.intervals:
        print(f"{parameter}: nothing is {outcome} between {low_end} and {high_end}")
    for low, high in result.intervals:
        start = f"all of {parameter} from {low_end}" if low <= result.scanned[0] else f"{parameter} from {number(low)}"
        print(f"{start} up to {number(high) if high is not None else f'{high_end}, {last}'} is {outcome}")
    if result.expected:
        _print_expected(result)
    if result.used == "recast":
        _print_spread(result)
    else:
        print(_uncertainties(search, result.nuisances, f"{100 * result.systematic_error:.3g}%"))
    if result.nuisances:
        edges = ", ".join(f"{number(low)}" for low, _ in result.intervals_known)
        found = f"{parameter} from {edges}" if edges else f"nothing is {outcome}"
        print(f"without uncertainties: {found} (a signal above {number(result.required_known)} events)")
    for sentence in result.notes:
        say(f"note: {sentence}")


def _print_expected(result: Limit) -> None:
    """The expected band; without background it has no width, and says no more than an expected limit itself."""
    low2, low1, middle, high1, high2 = (
        "nothing" if edge is None else number(edge) for edge in result.expected.values()
    )
    if low2 != high2:
        band = f"; 68% within {low1} ... {high1}, 95% within {low2} ... {high2}"
    elif result.kind == "observed":
        band = ""
    else:
        return
    print(f"expected without signal: {result.parameter} from {middle}{band}")


def _print_spread(result: Limit) -> None:
    """The intervals one standard error of the Monte Carlo up and down."""
    if result.numerical_error == 0:
        return
    words = []
    for name, intervals in result.spread.items():
        shown = [f"{number(low, 3)} to {'the end' if high is None else number(high, 3)}" for low, high in intervals]
        words.append(f"{name} one standard error: {', '.join(shown) or 'nothing'}")
    print(
        f"Monte Carlo error of the survival probability {100 * result.numerical_error:.2g}% (an 84% bound where no event passes); {'; '.join(words)}"
    )


def _uncertainties(search: Search, nuisances: Sequence[str], signal_error: str) -> str:
    """What the limit includes and what it leaves out, with the sizes."""
    background = search.prepared().background
    words = {name: f"{name} {number(events, 2)} events" for name, events in background.nuisances.items()}
    words["signal"] = f"signal (inputs and theory) {signal_error}"
    groups = {
        "uncertainties in this limit": [text for name, text in words.items() if name in nuisances],
        "not in this limit": [text for name, text in words.items() if name not in nuisances],
    }
    return "; ".join(f"{head}: {', '.join(items)}" for head, items in groups.items() if items)


def reach(
    search_name: str,
    model_name: str,
    settings: list[str] | None,
    options: list[str] | None,
    scan: list[str],
    output: str,
    *,
    parameter: str,
    cl: str,
    method: str,
    magnetic_moment: str | None,
    as_json: bool,
    command: list[str],
) -> int:
    """Compute a reach into a folder; finished points are on disk at any moment."""
    from ..limits.reach import check_scan
    from ..limits.reach import reach as found
    from ..limits.recast import survival_grid

    search, model = make_search(search_name, options), make_model(model_name, settings)
    level = confidence(cl)
    axes = check_scan(model, scans(scan, model), parameter)
    _check_bands(magnetic_moment, list(axes), parameter)

    def compute(**callbacks: Any) -> Any:
        return found(search, model, scan=axes, parameter=parameter, cl=level, method=method, **callbacks)

    carried = hasattr(search.signature, "published_limit")
    return _scanned(
        search, model, settings, axes, parameter, output, compute, grid=(lambda: survival_grid(search, model, axes)) if carried else None,
        magnetic_moment=magnetic_moment, as_json=as_json, command=command,
    )  # fmt: skip


def _scanned(
    search: Search,
    model: Model,
    settings: list[str] | None,
    axes: dict[str, Any],
    parameter: str,
    output: str,
    compute: Callable[..., Any],
    *,
    magnetic_moment: str | None,
    as_json: bool,
    command: list[str],
    grid: Callable[[], Any] | None = None,
) -> int:
    """Compute a scan into a folder: table, dataset, picture, provenance; ``grid`` gives the survival probabilities to write."""
    from ..limits import files

    with files.ReachTable(output, model, list(axes), parameter) as table_file:
        dataset = _computed(compute, settings, table_file, axes)
        folder = table_file.path.parent
        names = [
            str(table_file.path),
            str(files.write_dataset(folder, dataset)),
            str(files.write_provenance(folder, dataset, search, command, magnetic_moment=magnetic_moment)),
        ]
        if grid is not None:
            names[2:2] = map(str, files.write_survival(folder, grid()))
        names[2:2] = _pictures(dataset, folder, magnetic_moment)  # last: whatever it does, the rest is on disk
        table_file.verify()
    _report(search, dataset, names, axes, as_json=as_json)
    _notes(search, model, dataset, axes)
    status = dataset["status"].values.ravel()
    bad = [k for k, text in enumerate(status) if text.startswith("failed")]
    if bad:
        place = _place(dataset, axes, bad[0])
        raise NumericsError(
            f"{len(bad)} of {len(status)} points failed, the first at {place}: {status[bad[0]].removeprefix('failed: ')}; all points are in {names[0]}."
        )
    return 0


def _computed(
    compute: Callable[..., Any], settings: list[str] | None, table_file: ReachTable, axes: dict[str, Any]
) -> Any:
    """Compute a scan while its table is written; returns the dataset."""
    total = math.prod(axis.size for axis in axes.values())
    with Progress(total, "points") as progress, raising():

        def started() -> None:
            table_file.open()
            for name in axes:
                if name in pairs(settings, "--set"):
                    say(f"note: --set {name} is replaced by the scan.")

        def finished(block: Block) -> None:
            table_file.write(block)
            progress.advance(len(block.status))
            check()

        threading.Thread(target=_load_writers, daemon=True).start()  # while the compiler works
        try:
            dataset = compute(on_start=started, on_block=finished)
        except KeyboardInterrupt:
            where = f" are in {table_file.path}" if table_file.points else " were finished"
            raise Interrupted(f"{table_file.points} of {total} points{where}") from None
    return dataset


def _notes(search: Search, model: Model, dataset: Any, axes: dict[str, Any]) -> None:
    """Say what the search has to say of this model, on standard error, unless the notes of the limit have said it."""
    import numpy as np

    if hasattr(search.signature, "limit_notes"):
        return

    mesh = np.meshgrid(*axes.values(), indexing="ij")
    told = dataset.attrs["notes"].split("\n")
    for sentence in search.signature.notes(search, model.with_parameters(**dict(zip(axes, mesh, strict=True)))):
        if sentence not in told:
            say(f"note: {sentence}")


def _load_writers() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # told in full where it is needed
        import matplotlib.backends.backend_agg
        import matplotlib.backends.backend_pdf
        import matplotlib.figure  # noqa: F401
        import xarray  # noqa: F401

        from .. import plotting  # noqa: F401


def _check_bands(name: str | None, scanned: list[str], parameter: str) -> None:
    """Refuse bands that are not known, or that have no place in the picture, before anything is computed."""
    if name is None:
        return
    from ..precision.magnetic_moment import data_set

    data_set(name)
    if (scanned, parameter) != (["mass"], "epsilon"):
        raise InvalidInput(
            f"--magnetic-moment {name}: the bands are drawn over a scan of mass alone with --parameter epsilon; given {', '.join(scanned)} and {parameter}."
        )


def _pictures(dataset: Any, folder: Any, bands: str | None) -> list[str]:
    """Draw the picture of a scan over one parameter, or the map of a scan over two; where what it compares with fails, without that."""
    from ..plotting import exclusion, exclusion_map, save

    dimensions = len(dataset["n_intervals"].dims)
    if dimensions > 2:
        say(f"note: no picture is drawn of a scan over {dimensions} parameters.")
        return []
    paths = [str(folder / "reach.png"), str(folder / "reach.pdf")]
    ways: list[tuple[Callable[[], Any], str]] = [(lambda: exclusion_map(dataset), "no picture is drawn")]
    if dimensions == 1:
        ways = [
            (lambda: exclusion([dataset], magnetic_moment=bands), "the picture is without what it compares with"),
            (lambda: exclusion([dataset], compare=False), "no picture is drawn"),
        ]
    for draw, otherwise in ways:
        try:
            axes = draw()
        except _FAILURES as error:
            say(f"note: {otherwise}: {str(error) or type(error).__name__}")
        else:
            save(axes, *paths)
            return paths
    return []


def _report(search: Search, dataset: Any, names: list[str], axes: dict[str, Any], *, as_json: bool) -> None:
    attributes = dataset.attrs
    low, high, counts = dataset["low"].values, dataset["high"].values, dataset["n_intervals"].values
    if as_json:
        flat_low, flat_high = low.reshape(-1, low.shape[-1]), high.reshape(-1, low.shape[-1])
        intervals = [
            [[float(a), float(b)] for a, b in zip(p, q, strict=True)][: int(n)]
            for p, q, n in zip(flat_low, flat_high, counts.ravel(), strict=True)
        ]
        print_json({"search": attributes["search"], "model": attributes["model"], "parameter": attributes["parameter"], "cl": attributes["cl"],
                    "method": attributes["method"], "scan": {name: values.tolist() for name, values in axes.items()}, "intervals": intervals,
                    "status": dataset["status"].values.ravel().tolist(), "files": names})  # fmt: skip
        return
    import numpy as np

    from ..limits.required import nuisances_of

    good = ~np.char.startswith(dataset["status"].values.astype(str), "failed")
    excluded = int(np.sum((counts > 0) & good))
    basis = f"from {number(attributes['required_events'], 4)} events on"
    if attributes["published"]:
        basis = "from the published limit on invisible mediators"
    method = "recast" if attributes["published"] else attributes["method"]
    verb, outcome = ("discover", "discovered") if method == "discovery" else ("exclude", "excluded")
    print(f"{attributes['search']}, {attributes['model']}: {excluded} of {counts.size} points {verb} a range of {attributes['parameter']} "
          f"at {100 * attributes['cl']:g}% CL ({attributes['kind']}, {method}, {basis}{_rest(good, excluded, verb)})")  # fmt: skip
    if excluded:
        flat = np.where((counts > 0) & good, low[..., 0], np.inf).ravel()
        everything = (
            f" (the start of the range: everything is {outcome} there)"
            if flat.min() <= attributes["scanned_low"]
            else ""
        )
        print(
            f"smallest {outcome} {attributes['parameter']}: {number(flat.min())} at {_place(dataset, axes, int(flat.argmin()))}{everything}"
        )
    if excluded and not attributes["published"]:
        systematic = np.where((counts > 0) & good, dataset["systematic_error"].values, 0.0).ravel()
        worst = f"up to {100 * systematic.max():.3g}% (at {_place(dataset, axes, int(systematic.argmax()))})"
        included = nuisances_of(search, attributes["method"])
        print(_uncertainties(search, included, worst))
        if included:
            known = np.where(good, dataset["low_known"].values, np.nan).ravel()
            print(
                f"without uncertainties: {attributes['parameter']} from {number(np.nanmin(known))} at {_place(dataset, axes, int(np.nanargmin(known)))}"
            )
    for sentence in attributes["notes"].split("\n"):
        if sentence:
            say(f"note: {sentence}")
    print("wrote " + "\n      ".join(names))


def _rest(good: Any, excluded: int, verb: str) -> str:
    """What became of the points that exclude nothing."""
    failed = int((~good).sum())
    nothing = int(good.sum()) - excluded
    words = [f"{nothing} {verb} nothing"] if nothing else []
    words += [f"{failed} failed"] if failed else []
    return f"; {' and '.join(words)}" if words else ""


def _place(dataset: Any, axes: dict[str, Any], flat: int) -> str:
    """A point of the scan in words, given its number in the flattened grid."""
    import numpy as np

    index = np.unravel_index(flat, dataset["n_intervals"].shape)
    words = []
    for (name, values), k in zip(axes.items(), index, strict=True):
        unit = dataset[name].attrs["units"]
        words.append(f"{name} = {number(values[k])}{'' if unit == '1' else ' ' + unit}")
    return ", ".join(words)
