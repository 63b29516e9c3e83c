"""Words and numbers of pictures: axes, legends and the parameters that a picture is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from typing import TYPE_CHECKING

from ..models import model_class
from ..models.base import Parameter

if TYPE_CHECKING:
    import xarray

METHODS = {
    "cls": "CL$_s$",
    "likelihood_ratio": "likelihood ratio",
    "sqrt_b": r"$S/\sqrt{B}$",
    "discovery": "median discovery",
}
_KINDS = {"dirac": r"Dirac $\chi$", "majorana": r"Majorana $\chi$", "scalar": r"complex scalar $\chi$"}


def axis_label(name: str, spec: Parameter) -> str:
    """Return symbol and unit of a parameter, for an axis."""
    symbol = spec.symbol or name.replace("_", " ")
    return symbol if spec.unit == "1" else f"{symbol} [{spec.unit}]"


_DECISIVE = ("veto_mode", "volume", "semi_visible_veto")
_OF_THE_SAMPLE = ("precision", "events", "seed")


def is_cascade(dataset: xarray.Dataset) -> bool:
    """Whether a reach is of a model whose mediator decays to fermions that decay on: what is known of invisible ones does not hold."""
    return dataset.attrs["model"] != "dark_photon"


def settings(dataset: xarray.Dataset, specs: Mapping[str, Parameter]) -> dict[str, str]:
    """Return what a reach is for, each in words, by name: model parameters, options off their default, CL, method."""
    model = dataset.attrs["model"]
    words = {} if model == "dark_photon" else {"model": model.replace("_", " ")}
    for line in filter(None, dataset.attrs["model_parameters"].split("\n")):
        name, _, value = line.partition("=")
        if model == "dark_photon" or not _is_default(model, name, value, specs[name]):
            words[name] = _parameter(name, value, specs[name])
    stated = [line for line in dataset.attrs["notes"].split("\n") if line.startswith("e' = ")]
    if stated:  # of a contour that rests on a Z'
        words["dark_charge"] = (
            stated[0].rstrip(".").replace("e' =", "$e'$ =").replace("Z' -> chi chi", r"$Z'\to\chi\chi$")
        )
    decides = _DECISIVE if is_cascade(dataset) else ()
    for line in filter(None, dataset.attrs["options"].split("\n")):
        name, _, value = line.partition("=")
        if name in decides or (line in dataset.attrs["changed_options"].split("\n") and name not in _OF_THE_SAMPLE):
            words[f"option {name}"] = f"{name.replace('_', ' ')}: {value.replace('_', ' ')}"
    method = dataset.attrs["method"]
    words["cl"] = f"{100 * dataset.attrs['cl']:g}% CL"
    if not dataset.attrs.get("published"):
        words["cl"] += f" ({METHODS.get(method, method.replace('_', ' '))})"
    words["kind"] = "recast" if dataset.attrs.get("published") else dataset.attrs["kind"]
    words["label"] = dataset.attrs["label"]
    return words


def _is_default(model: str, name: str, value: str, spec: Parameter) -> bool:
    """Whether a parameter has the value that the constructor gives it."""
    default = signature(model_class(model)).parameters[name].default
    if isinstance(default, int | float) and not spec.choices:
        return abs(float(value) - default) <= 1e-9 * abs(default)
    return value == spec.default


def _parameter(name: str, value: str, spec: Parameter) -> str:
    if value in _KINDS:
        return _KINDS[value]
    if spec.choices:
        return f"{name.replace('_', ' ')}: {value.replace('_', ' ')}"
    number = float(value)
    if name == "dark_matter_mass_ratio" and abs(1 / number - round(1 / number)) < 1e-6:
        return rf"$m_\chi = m_{{A'}}/{round(1 / number)}$"
    symbol = spec.symbol or name.replace("_", " ")
    if spec.unit == "GeV":
        return f"{symbol} = {number:g} GeV" if number >= 1 else f"{symbol} = {1e3 * number:g} MeV"
    return f"{symbol} = {number:g}" if spec.unit == "1" else f"{symbol} = {number:g} {spec.unit}"


def common_and_own(datasets: Sequence[xarray.Dataset], specs: Mapping[str, Parameter]) -> tuple[list[str], list[str]]:
    """Return what all reaches share, in words, and a legend text for each with what it has of its own.

    Search and kind (expected or observed) are always in the legend.
    """
    each = [settings(dataset, specs) for dataset in datasets]
    shared = {name for name, text in each[0].items() if all(other.get(name) == text for other in each)} - {
        "label",
        "kind",
    }
    own = []
    for words in each:
        rest = [text for name, text in words.items() if name not in shared and name not in ("label", "kind")]
        own.append(", ".join([words["label"], words["kind"], *rest]))
    order = ["cl", *(name for name in each[0] if name != "cl")]
    return [each[0][name] for name in order if name in shared], own


def lines(words: Sequence[str], width: int = 62) -> str:
    """Return words joined by commas, broken into lines that are no longer than ``width`` where that can be."""
    rows = [""]
    for word in words:
        joined = f"{rows[-1]}, {word}" if rows[-1] else word
        if rows[-1] and len(joined) > width:
            rows[-1] += ","
            rows.append(word)
        else:
            rows[-1] = joined
    return "\n".join(rows)
