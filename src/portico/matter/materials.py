"""Materials by name, from ``materials.toml``: densities of atoms, nuclei and electrons, characteristic lengths."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .. import constants, registry, units
from ..errors import DataError, unknown_name
from .form_factors import Nucleus

_FILE = Path(__file__).with_name("materials.toml")


class Material(NamedTuple):
    """A material: lengths in cm, densities in cm^-3 (of formula units and of electrons), nuclei with their number per unit."""

    name: str
    radiation_length_cm: float
    unit_density: float
    electron_density: float
    nuclei: tuple[tuple[Nucleus, int], ...]
    elements: tuple[str, ...]
    interaction_length_cm: float | None
    sources: tuple[str, ...]


@cache
def _table() -> dict[str, Any]:
    return registry.read_toml(_FILE)


def names() -> list[str]:
    """Return the names that :func:`material` accepts. Source: ``materials.toml``."""
    return sorted(_table()["materials"])


def elements() -> list[str]:
    """Return the symbols that :func:`element` accepts. Source: ``materials.toml``."""
    return sorted(_table()["elements"])


def element(symbol: str) -> Nucleus:
    """Return the nucleus of an element; raises UnknownName with the nearest match. Source: ``materials.toml``."""
    if symbol not in _table()["elements"]:
        raise unknown_name("element", symbol, elements(), where=_FILE.name)
    entry, where = _table()["elements"][symbol], f"{_FILE.name}: elements.{symbol}"
    return Nucleus(*(_number(entry[key], units.DIMENSIONLESS, where) for key in ("charge", "form_factor_mass_number")))


def _number(entry: dict[str, Any], unit: str, where: str) -> float:
    if entry.get("unit") == "1":
        return float(entry["value"])
    return units.convert(entry["value"], unit, where=where)


@cache
def material(name: str) -> Material:
    r"""Return the material with this name; raises UnknownName with the nearest match.

    .. math:: n = \rho N_A/\sum_i \nu_i M_i, \qquad n_e = n\sum_i \nu_i Z_i

    Source: the entries of ``materials.toml``, each with its own.
    """
    if name not in _table()["materials"]:
        raise unknown_name("material", name, names())
    entry = _table()["materials"][name]
    mass, charge, nuclei, sources = 0.0, 0.0, [], []
    for symbol, number in entry["composition"].items():
        entries = _table()["elements"].get(symbol)
        if entries is None:
            raise DataError(f"{_FILE.name}: material '{name}' contains '{symbol}', which is not among the elements.")
        where = f"{_FILE.name}: elements.{symbol}"
        nucleus = element(symbol)
        mass += number * _number(entries["atomic_mass"], "g/mol", where)
        charge += number * float(nucleus.charge)
        nuclei.append((nucleus, int(number)))
        sources += [item["source"] for item in entries.values()]
    where = f"{_FILE.name}: materials.{name}"
    density = _number(entry["density"], units.DENSITY, where) * constants.AVOGADRO / mass
    interaction = entry.get("nuclear_interaction_length")
    sources += [item["source"] for item in entry.values() if "source" in item]
    return Material(
        name=name,
        radiation_length_cm=_number(entry["radiation_length"], units.LENGTH, where),
        unit_density=density,
        electron_density=density * charge,
        nuclei=tuple(nuclei),
        elements=tuple(entry["composition"]),
        interaction_length_cm=_number(interaction, units.LENGTH, where) if interaction else None,
        sources=tuple(dict.fromkeys(sources)),
    )
