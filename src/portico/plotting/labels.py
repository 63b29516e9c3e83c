"""Words and numbers of pictures: axes, legends and the parameters that a picture is for."""

from __future__ import annotations

import re
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
CHANNELS = {"drell_yan": "Drell-Yan", "quarkonium": "quarkonia"}
"""Processes whose name does not read well as it is."""
_OPTIONS = {
    "background=none": "no background",
    "background=loi": "background of the letter of intent",
    "background=computed": "computed background",
}
_ALWAYS_SAID = ("background",)
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
    scanned = {str(name) for name in dataset["n_intervals"].dims}
    replaced = {name for both in model_class(model).EITHER if scanned & set(both) for name in both}
    for line in filter(None, dataset.attrs["model_parameters"].split("\n")):
        name, _, value = line.partition("=")
        if name in replaced:  # by what is scanned in its place
            continue
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
        changed = line in dataset.attrs["changed_options"].split("\n") and name not in _OF_THE_SAMPLE
        if name in decides or name in _ALWAYS_SAID or changed:
            words[f"option {name}"] = _option(name, value)
    method = dataset.attrs["method"]
    words["cl"] = f"{100 * dataset.attrs['cl']:g}% CL"
    if not dataset.attrs.get("published"):
        words["cl"] += f" ({METHODS.get(method, method.replace('_', ' '))})"
    words["kind"] = "recast" if dataset.attrs.get("published") else _kind(dataset)
    words["label"] = dataset.attrs["label"]
    return words


def verb(dataset: xarray.Dataset) -> str:
    """Return what becomes of the couplings of a reach: "excluded", or "discovered" by that method."""
    return "discovered" if dataset.attrs["method"] == "discovery" else "excluded"


def _kind(dataset: xarray.Dataset) -> str:
    return "discovery" if verb(dataset) == "discovered" else str(dataset.attrs["kind"])


def _option(name: str, value: str) -> str:
    """An option in words; numbers without a needless ".0"."""
    if f"{name}={value}" in _OPTIONS:
        return _OPTIONS[f"{name}={value}"]
    return f"{name.replace('_', ' ')}: {re.sub(r'(?<=[0-9])[.]0+(?![0-9])', '', value).replace('_', ' ')}"


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


def shown_length(text: str) -> int:
    """Return about how many letters a text with formulas takes: commands count once, braces and signs of index not at all."""
    commands = re.sub(r"\\(mathrm|rm|to)?([A-Za-z]*)", lambda found: "x" if found[2] else "", text)
    return len(re.sub(r"[${}_^]", "", commands))


def wrapped(text: str, width: int = 52) -> str:
    """Return a text broken at commas outside formulas, and at blanks where it must be, into lines of about ``width`` letters."""
    parts: list[str] = []
    for word in re.findall(r"(?:\$[^$]*\$|[^\s$])+", text):
        if not parts or parts[-1].endswith(",") or shown_length(f"{parts[-1]} {word}") > width:
            parts.append(word)
        else:
            parts[-1] += f" {word}"
    rows = parts[:1]
    for part in parts[1:]:
        words = (
            part.split(" ") if 2 * shown_length(rows[-1]) < width and "$" not in part else [part]
        )  # a short row is filled
        for word in words:
            if shown_length(f"{rows[-1]} {word}") <= width:
                rows[-1] += f" {word}"
            else:
                rows.append(word)
    return "\n".join(rows)


def lines(words: Sequence[str], width: int = 50) -> str:
    """Return words joined by commas, broken into lines that are no longer than ``width`` letters where that can be."""
    rows = [""]
    for word in words:
        joined = f"{rows[-1]}, {word}" if rows[-1] else word
        if rows[-1] and shown_length(joined) > width:
            rows[-1] += ","
            rows.append(word)
        else:
            rows[-1] = joined
    return "\n".join(rows)
