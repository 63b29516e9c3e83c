"""The commands that compute: widths, signal, limit, reach, count."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import constants, units
from ..errors import InvalidInput, NumericsError
from .arguments import confidence, make_model, make_search, pairs, probability, scans
from .interrupted import Interrupted, check, raising, say
from .progress import Progress
from .show import print_json
from .text import number, table

if TYPE_CHECKING:
    from ..limits.files import ReachTable
    from ..limits.problem import Block
    from ..models.base import Model
    from ..signatures.base import Search


def _set_parameters(model: Model) -> dict[str, Any]:
    return {name: value for name, value in model.parameters().items() if value is not None}


def _parameters_text(model: Model) -> str:
    """All parameters that are set, with their units."""
    words = []
    for name, value in _set_parameters(model).items():
        unit = model.PARAMETERS[name].unit
        words.append(
            f"{name} = {value}"
            if isinstance(value, str)
            else f"{name} = {number(value)}{'' if unit == '1' else ' ' + unit}"
        )
    return ", ".join(words)


def widths(model_name: str, settings: list[str] | None, *, as_json: bool) -> None:
    """Print partial widths, branching ratios and lifetime of the mediator, and of the dark fermions that decay."""
    model = make_model(model_name, settings)
    partial = {name: float(value) for name, value in model.partial_widths().items()}
    ratios, total, lifetime, length = model.branching_ratios(), model.width(), model.lifetime_s(), model.ctau_cm()
    fermions = _fermions(model)
    for sentence in model.notes():
        say(f"note: {sentence}")
    if as_json:
        more = {} if fermions is None else {"fermions": fermions}
        print_json({"model": model_name, "parameters": _set_parameters(model), "total_width_gev": total, "lifetime_s": lifetime, "ctau_cm": length,
                    "partial_widths_gev": partial, "branching_ratios": ratios, **more})  # fmt: skip
        return
    print(f"{model_name}: {_parameters_text(model)}\n")
    _print_widths(partial, ratios, lifetime, length)
    if model.parameters().get("alpha_dark") == 0 and fermions is None:
        print("\nalpha_dark is 0: no decay to dark matter; set it with --set alpha_dark=...")
    for name, found in (fermions or {}).items():
        print(f"\n{name}: {number(found['mass_gev'])} GeV\n")
        _print_widths(found["partial_widths_gev"], found["branching_ratios"], found["lifetime_s"], found["ctau_cm"])


def _print_widths(partial: dict[str, float], ratios: dict[str, float], lifetime: float, length: float) -> None:
    rows = [(name, number(value), number(ratios[name])) for name, value in partial.items()]
    print(table(("channel", "width [GeV]", "branching ratio"), rows))
    print(
        f"\ntotal width  {number(sum(partial.values()))} GeV\nlifetime     {number(lifetime)} s\nc tau        {number(length)} cm"
    )


def _fermions(model: Model) -> dict[str, Any] | None:
    """Widths of the dark fermions that decay; None for a model without them, empty where they cannot be given, which is told."""
    from ..models.base import DarkFermionModel

    if not isinstance(model, DarkFermionModel):
        return None
    try:
        widths, lengths = model.fermion_widths(), model.fermion_ctau_cm()
    except InvalidInput as error:
        say(f"note: no widths of dark fermions: {error}")
        return {}
    masses, found = model.fermion_masses(), {}
    for name, partial in widths.items():
        total = sum(partial.values())
        found[name] = {
            "mass_gev": float(masses[name]), "partial_widths_gev": partial,
            "branching_ratios": {channel: width / total if total > 0 else 0.0 for channel, width in partial.items()},
            "lifetime_s": constants.HBAR_GEV_S / total if total > 0 else math.inf, "ctau_cm": lengths[name],
        }  # fmt: skip
    return found


def signal(
    search_name: str, model_name: str, settings: list[str] | None, options: list[str] | None, *, as_json: bool
) -> None:
    """Print expected events factor by factor, and the background."""
    from ..limits.front import signal as expected_signal

    search, model = make_search(search_name, options), make_model(model_name, settings)
    result = expected_signal(search, model)
    for sentence in search.signature.notes(search, model):
        say(f"note: {sentence}")
    if not math.isfinite(result.expected) or result.expected < 0:
        raise NumericsError(f"signal: the expected number of events is not a number at this point ({result.expected}).")
    numerical, systematic = sum(result.numerical_error.values()), sum(result.systematic_error.values())
    _print_signal(result, model_name, model, numerical, systematic, as_json=as_json)
    if numerical > search.signature.TOLERANCE * result.expected:
        raise NumericsError(
            f"signal: the numerical error is {numerical / result.expected:.1e} of the signal, above {search.signature.TOLERANCE:.0e}."
        )


def _print_signal(
    result: Any, model_name: str, model: Model, numerical: float, systematic: float, *, as_json: bool
) -> None:
    background = result.background
    if as_json:
        print_json({
            "search": result.search, "model": model_name, "parameters": _set_parameters(model), "expected": result.expected, "channels": result.channels,
            "numerical_error": numerical, "systematic_error": systematic, "factors": [factor._asdict() for factor in result.factors],
            "background": {"expected": background.expected, "uncertainty": background.uncertainty,
                           "components": {name: {"expected": value, "uncertainty": error} for name, (value, error) in background.components.items()}},
        })  # fmt: skip
        return
    for channel, value in result.channels.items():
        print(f"{channel}: {number(value)} events (numerical error {number(result.numerical_error[channel], 2)}, "
              f"theory and inputs {number(result.systematic_error[channel], 2)}), the product of")  # fmt: skip
        rows = [("  " + f.name, number(f.value, 7), f.unit, f.source) for f in result.factors if f.channel == channel]
        print(table(("  factor", "value", "unit", "source"), rows) + "\n")
    print(
        f"signal      {number(result.expected)} events (numerical {number(numerical, 2)}, theory and inputs {number(systematic, 2)})"
    )
    print(f"background  {number(background.expected)} +- {number(background.uncertainty, 3)} events: "
          + ", ".join(f"{name} {number(value, 4)} +- {number(error, 3)}" for name, (value, error) in background.components.items()))  # fmt: skip


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
    result = excluded(search, model, parameter=parameter, cl=confidence(cl), method=method)
    if as_json:
        print_json({"search": result.search, "model": model_name, "parameter": parameter, "cl": result.cl, "method": method, "kind": result.kind,
                    "intervals": result.intervals, "status": result.status, "required_events": result.required_events,
                    "numerical_error": result.numerical_error, "systematic_error": result.systematic_error,
                    "method_used": result.used, "notes": result.notes, "nuisances": result.nuisances,
                    "expected": result.expected,
                    "without_uncertainties": {"intervals": result.intervals_known, "required_events": result.required_known}})  # fmt: skip
        return
    print(
        f"{result.kind} {100 * result.cl:g}% CL ({method}): a signal above {number(result.required_events)} events is excluded"
    )
    low_end, high_end = (number(end) for end in result.scanned)
    if not result.intervals:
        print(f"{parameter}: nothing is excluded between {low_end} and {high_end}")
    for low, high in result.intervals:
        start = f"all of {parameter} from {low_end}" if low <= result.scanned[0] else f"{parameter} from {number(low)}"
        print(f"{start} up to {number(high) if high is not None else high_end + ', the end of the range,'} is excluded")
    if result.expected:
        low2, low1, middle, high1, high2 = (
            "nothing" if edge is None else number(edge) for edge in result.expected.values()
        )
        print(
            f"expected without signal: {parameter} from {middle}; 68% within {low1} ... {high1}, 95% within {low2} ... {high2}"
        )
    print(_uncertainties(search, result.nuisances, f"{100 * result.systematic_error:.3g}%"))
    if result.nuisances:
        edges = ", ".join(f"{number(low)}" for low, _ in result.intervals_known)
        found = f"{parameter} from {edges}" if edges else "nothing is excluded"
        print(f"without uncertainties: {found} (a signal above {number(result.required_known)} events)")
    for sentence in result.notes:
        say(f"note: {sentence}")


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
    as_json: bool,
    command: list[str],
) -> int:
    """Compute a reach into a folder; finished points are on disk at any moment."""
    from ..limits import files
    from ..limits.reach import check_scan

    search, model = make_search(search_name, options), make_model(model_name, settings)
    level = confidence(cl)
    axes = check_scan(model, scans(scan, model), parameter)
    question = {"scan": axes, "parameter": parameter, "cl": level, "method": method}
    with files.ReachTable(output, model, list(axes), parameter) as table_file:
        dataset = _compute(search, model, settings, table_file, question)
        folder = table_file.path.parent
        names = [
            str(table_file.path),
            str(files.write_dataset(folder, dataset)),
            str(files.write_provenance(folder, dataset, search, command)),
        ]
        names[2:2] = _pictures(dataset, folder)
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


def _compute(
    search: Search, model: Model, settings: list[str] | None, table_file: ReachTable, question: dict[str, Any]
) -> Any:
    """Compute a reach while its table is written; returns the dataset."""
    from ..limits.reach import reach as compute

    axes = question["scan"]
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
            dataset = compute(search, model, **question, on_start=started, on_block=finished)
        except KeyboardInterrupt:
            where = f" are in {table_file.path}" if table_file.points else " were finished"
            raise Interrupted(f"{table_file.points} of {total} points{where}") from None
    return dataset


def _notes(search: Search, model: Model, dataset: Any, axes: dict[str, Any]) -> None:
    """Say what the search has to say of this model, on standard error."""
    import numpy as np

    mesh = np.meshgrid(*axes.values(), indexing="ij")
    for sentence in search.signature.notes(search, model.with_parameters(**dict(zip(axes, mesh, strict=True)))):
        say(f"note: {sentence}")


def _load_writers() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # told in full where it is needed
        import matplotlib.backends.backend_agg
        import matplotlib.backends.backend_pdf
        import matplotlib.figure  # noqa: F401
        import xarray  # noqa: F401

        from .. import plotting  # noqa: F401


def _pictures(dataset: Any, folder: Any) -> list[str]:
    """Draw the picture of a scan over one parameter, or the map of a scan over two."""
    from ..plotting import exclusion, exclusion_map, save

    dimensions = len(dataset["n_intervals"].dims)
    if dimensions > 2:
        say(f"note: no picture is drawn of a scan over {dimensions} parameters.")
        return []
    paths = [str(folder / "reach.png"), str(folder / "reach.pdf")]
    save(exclusion([dataset]) if dimensions == 1 else exclusion_map(dataset), *paths)
    return paths


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
    print(f"{attributes['search']}, {attributes['model']}: {excluded} of {counts.size} points exclude a range of {attributes['parameter']} "
          f"at {100 * attributes['cl']:g}% CL ({attributes['kind']}, {attributes['method']}, from {number(attributes['required_events'], 4)} events on{_rest(good, excluded)})")  # fmt: skip
    if excluded:
        flat = np.where((counts > 0) & good, low[..., 0], np.inf).ravel()
        systematic = np.where((counts > 0) & good, dataset["systematic_error"].values, 0.0).ravel()
        everything = (
            " (the start of the range: everything is excluded there)" if flat.min() <= attributes["scanned_low"] else ""
        )
        print(
            f"smallest excluded {attributes['parameter']}: {number(flat.min())} at {_place(dataset, axes, int(flat.argmin()))}{everything}"
        )
        worst = f"up to {100 * systematic.max():.3g}% (at {_place(dataset, axes, int(systematic.argmax()))})"
        print(_uncertainties(search, nuisances_of(search), worst))
        if nuisances_of(search):
            known = np.where(good, dataset["low_known"].values, np.nan).ravel()
            print(
                f"without uncertainties: {attributes['parameter']} from {number(np.nanmin(known))} at {_place(dataset, axes, int(np.nanargmin(known)))}"
            )
    for sentence in attributes["notes"].split("\n"):
        if sentence:
            say(f"note: {sentence}")
    print("wrote " + "\n      ".join(names))


def _rest(good: Any, excluded: int) -> str:
    """What became of the points that exclude nothing."""
    failed = int((~good).sum())
    nothing = int(good.sum()) - excluded
    words = [f"{nothing} exclude nothing"] if nothing else []
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


def count(observed: str | None, background: str, settings: dict[str, Any], *, as_json: bool) -> None:
    """Print the upper limit of a counting experiment; ``settings`` holds the options of the command as text."""
    from ..limits.counts import count_limit

    luminosity, ceiling = settings["luminosity"], settings["prior_ceiling"]
    result = count_limit(
        None if observed is None else probability(observed, "--observed"),
        probability(background, "--background"),
        background_uncertainty=probability(settings["background_uncertainty"], "--background-uncertainty"),
        efficiency=probability(settings["efficiency"], "--efficiency"),
        efficiency_uncertainty=probability(settings["efficiency_uncertainty"], "--efficiency-uncertainty"),
        luminosity_uncertainty=probability(settings["luminosity_uncertainty"], "--luminosity-uncertainty"),
        luminosity_per_cm2=None
        if luminosity is None
        else units.convert(luminosity, units.LUMINOSITY, where="--luminosity"),
        prior_ceiling=None if ceiling is None else probability(ceiling, "--prior-ceiling"),
        cl=confidence(settings["cl"]),
        **{name: settings[name] for name in ("constraint", "method", "seed", "toys", "coverage")},
    )
    if as_json:
        coverage = None if result.coverage is None else result.coverage._asdict()
        print_json({"method": result.method, "used": result.used, "cl": result.cl, "kind": result.kind, "upper_limit_events": result.upper_limit_events,
                    "error_events": result.error_events, "upper_limit_cross_section_fb": result.upper_limit_cross_section_fb,
                    "expected": {name: result.expected[name] for name in ("median", "minus2", "minus1", "plus1", "plus2")},
                    "definition": result.definition, "constraint": result.constraint, "notes": list(result.notes), "coverage": coverage})  # fmt: skip
        return
    _print_count(result)


def _print_count(result: Any) -> None:
    error = result.error_events
    accuracy = f" +- {number(error, 2)} (toys)" if result.used == "cls_toys" else ""
    print(
        f"{result.kind} {100 * result.cl:g}% CL upper limit ({result.method}): {number(result.upper_limit_events)}{accuracy} events"
    )
    if result.upper_limit_cross_section_fb is not None:
        print(f"cross section: {number(result.upper_limit_cross_section_fb)} fb")
    band = result.expected
    if band["minus2"] != band["plus2"]:
        print(f"expected: {number(band['median'])} events; 68% within {number(band['minus1'])} ... {number(band['plus1'])}, "
              f"95% within {number(band['minus2'])} ... {number(band['plus2'])}")  # fmt: skip
    if result.coverage is not None:
        signal, fraction, spread = result.coverage
        print(
            f"coverage: the limit is at or above a true signal of {number(signal)} events in {100 * fraction:.2f} +- {100 * spread:.2f}% of samples"
        )
    print(f"{result.used}: {result.definition}")
    for sentence in result.notes:
        print(f"note: {sentence}")


__all__ = ["count", "limit", "reach", "signal", "widths"]
