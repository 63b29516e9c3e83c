"""The commands that compute: widths, signal, count."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import constants, units
from ..errors import InvalidInput, NumericsError
from .arguments import confidence, make_model, make_search, probability
from .interrupted import say
from .show import print_json
from .text import number, table

if TYPE_CHECKING:
    from ..models.base import Model


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
    """Print partial widths, branching ratios and lifetime of the mediator, of the dark fermions that decay, and what decays to them."""
    model = make_model(model_name, settings)
    partial = {name: float(value) for name, value in model.partial_widths().items()}
    ratios, total, lifetime, length = model.branching_ratios(), model.width(), model.lifetime_s(), model.ctau_cm()
    fermions, parents = _fermions(model), model.parent_decays()
    for sentence in model.notes():
        say(f"note: {sentence}")
    if as_json:
        more: dict[str, Any] = {} if fermions is None else {"fermions": fermions}
        if parents:
            more["parent_decays"] = {
                mode: {"width_gev": found.width, "branching_ratio": found.branching_ratio}
                for mode, found in parents.items()
            }
        print_json({"model": model_name, "parameters": _set_parameters(model), "total_width_gev": total, "lifetime_s": lifetime, "ctau_cm": length,
                    "partial_widths_gev": partial, "branching_ratios": ratios, **more})  # fmt: skip
        return
    print(f"{model_name}: {_parameters_text(model)}\n")
    if partial:
        _print_widths(partial, ratios, lifetime, length)
    else:
        print("stable: no decay of its own")
    if model.parameters().get("alpha_dark") == 0 and fermions is None:
        print("\nalpha_dark is 0: no decay to dark matter; set it with --set alpha_dark=...")
    for name, found in (fermions or {}).items():
        print(f"\n{name}: {number(found['mass_gev'])} GeV\n")
        _print_widths(found["partial_widths_gev"], found["branching_ratios"], found["lifetime_s"], found["ctau_cm"])
    rows = [
        (mode, number(found.width), number(found.branching_ratio)) for mode, found in parents.items() if found.width > 0
    ]
    if rows:
        print("\n" + table(("decay to it", "width [GeV]", "branching ratio"), rows))


def _print_widths(partial: dict[str, float], ratios: dict[str, float], lifetime: float, length: float) -> None:
    rows = [(name, number(value), number(ratios[name])) for name, value in partial.items()]
    print(table(("channel", "width [GeV]", "branching ratio"), rows))
    print(
        f"\ntotal width  {number(sum(partial.values()))} GeV\nlifetime     {number(lifetime)} s\nc tau        {number(length)} cm"
    )


def _fermions(model: Model) -> dict[str, Any] | None:
    """Widths of the dark fermions that decay; None for a model without them, empty where they cannot be given, which is told."""
    from ..models.base import DarkFermionModel, inverse, ratios

    if not isinstance(model, DarkFermionModel):
        return None
    try:
        widths, lengths = model.fermion_widths(), model.fermion_ctau_cm()
    except InvalidInput as error:
        say(f"note: no widths of dark fermions: {error}")
        return {}
    model.refuse_unknown_widths()
    masses, found = {name: float(mass) for name, mass in model.fermion_masses().items()}, {}
    for name, partial in widths.items():
        total = sum(partial.values())
        found[name] = {
            "mass_gev": masses[name], "partial_widths_gev": partial, "branching_ratios": ratios(partial),
            "lifetime_s": inverse(constants.HBAR_GEV_S, total), "ctau_cm": lengths[name],
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
    if numerical > search.tolerance(result.model) * result.expected:
        raise NumericsError(
            f"signal: the numerical error is {numerical / result.expected:.1e} of the signal, above {search.tolerance(result.model):.0e}."
        )


def _print_signal(
    result: Any, model_name: str, model: Model, numerical: float, systematic: float, *, as_json: bool
) -> None:
    background = result.background
    if as_json:
        print_json({
            "search": result.search, "model": model_name, "parameters": _set_parameters(model), "expected": result.expected, "channels": result.channels,
            "numerical_error": numerical, "systematic_error": systematic, "factors": [factor._asdict() for factor in result.factors],
            "background": None if background is None else {"expected": background.expected, "uncertainty": background.uncertainty,
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
    if background is None:
        print("background  not in the file: limits rest on a published one")
        return
    if list(background.components) == ["none"]:
        print("background  none")
        return
    print(f"background  {number(background.expected)} +- {number(background.uncertainty, 3)} events: "
          + ", ".join(f"{name} {number(value, 4)} +- {number(error, 3)}" for name, (value, error) in background.components.items()))  # fmt: skip


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


__all__ = ["count", "signal", "widths"]
