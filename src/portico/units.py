"""Quantities with units, at the edges of the program only.

The grammar is strict and is checked before the units library (pint) sees anything::

    quantity = number ["/" number] [unit]            "67 MeV"  "40 cm"  "50/ab"  "15%"  "1/3"  "16 X0"
    unit     = ["/"] power {("*" | "/") power}       "g/cm^3"  "/ab"  "1/cm^2"
    power    = name ["^" integer]

A bare number is GeV for an energy and itself for a dimensionless quantity; anything else needs its unit.
Radiation lengths (``X0``) stay symbolic until the material is known.
"""

from __future__ import annotations

import math
import re
import sys
from functools import cache
from typing import Any, NamedTuple

from .errors import InvalidInput, unknown_name

ENERGY, LENGTH, TIME, ANGLE = "GeV", "cm", "s", "rad"
DIMENSIONLESS, CROSS_SECTION, LUMINOSITY, DENSITY = "1", "cm^2", "1/cm^2", "g/cm^3"

_NAMES = {ENERGY: "an energy", LENGTH: "a length", TIME: "a time", ANGLE: "an angle", DIMENSIONLESS: "a pure number",
          CROSS_SECTION: "a cross section", LUMINOSITY: "an integrated luminosity", DENSITY: "a density"}  # fmt: skip
_EXAMPLES = {ENERGY: "'67 MeV'", LENGTH: "'40 cm' or '16 X0'", TIME: "'1 ns'", ANGLE: "'32.2 deg'", DIMENSIONLESS: "'1/3' or '15%'",
             CROSS_SECTION: "'12 nb'", LUMINOSITY: "'50/ab'", DENSITY: "'4.51 g/cm^3'"}  # fmt: skip

# base units first; every other one by its value in earlier ones
_DEFINITIONS = (
    "GeV = [energy]", "TeV = 1e3 * GeV", "MeV = 1e-3 * GeV", "keV = 1e-6 * GeV", "eV = 1e-9 * GeV",
    "cm = [length]", "km = 1e5 * cm", "m = 1e2 * cm", "mm = 1e-1 * cm", "um = 1e-4 * cm", "nm = 1e-7 * cm", "fm = 1e-13 * cm",
    "s = [time]", "ms = 1e-3 * s", "us = 1e-6 * s", "ns = 1e-9 * s", "ps = 1e-12 * s", "fs = 1e-15 * s",
    "minute = 60 * s", "h = 3600 * s", "d = 86400 * s", "yr = 31557600 * s",
    "b = 1e-24 * cm ** 2", "mb = 1e-27 * cm ** 2", "ub = 1e-30 * cm ** 2", "nb = 1e-33 * cm ** 2",
    "pb = 1e-36 * cm ** 2", "fb = 1e-39 * cm ** 2", "ab = 1e-42 * cm ** 2",
    "g = [mass]", "kg = 1e3 * g", "t = 1e6 * g", "mol = [substance]",
    "rad = []", "mrad = 1e-3 * rad", f"deg = {math.pi / 180!r} * rad", "percent = 1e-2 * rad",
    "X0 = [radiation_length]",
)  # fmt: skip
UNIT_NAMES = (*(line.split(" = ")[0] for line in _DEFINITIONS if not line.startswith("percent")), "%")

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})(?:\s*/\s*({_NUMBER}))?\s*(.*?)\s*", re.DOTALL)
_POWER = re.compile(r"([A-Za-z][A-Za-z0-9]*|%)(?:\^([+-]?[0-9]))?")


class Quantity(NamedTuple):
    """A number and its unit, as written; the unit is '' for a bare number."""

    value: float
    unit: str


@cache
def _registry() -> Any:
    import pint

    registry = pint.UnitRegistry(None)
    for line in _DEFINITIONS:
        registry.define(line)
    return registry


def _unit_powers(unit: str, text: str, where: str) -> list[tuple[str, int]]:
    """The unit as names with powers; raises InvalidInput where the grammar does not allow it."""
    powers: list[tuple[str, int]] = []
    rest, sign = unit, 1
    if rest.startswith("/"):
        rest, sign = rest[1:].lstrip(), -1
    while rest:
        match = _POWER.match(rest)
        if match is None:
            raise InvalidInput(
                f"{where}: '{text}' is not a quantity; expected number[/number] [unit], such as '67 MeV', '50/ab' or '1/3'."
            )
        name, power = match.group(1), int(match.group(2) or 1)
        if power == 0:
            raise InvalidInput(f"{where}: '{text[:60]}' has a unit to the power 0; leave that unit out.")
        if name not in UNIT_NAMES:
            raise unknown_name("unit", name, UNIT_NAMES, where=f"{where}: '{text}'")
        powers.append((name, sign * power))
        rest = rest[match.end() :].lstrip()
        if rest[:1] in ("*", "/"):
            sign, rest = (1 if rest[0] == "*" else -1), rest[1:].lstrip()
            if not rest:
                raise InvalidInput(f"{where}: '{text}' ends in an operator; expected a unit behind it.")
        elif rest:
            raise InvalidInput(
                f"{where}: '{text}' is not a quantity; expected number[/number] [unit], such as '67 MeV', '50/ab' or '1/3'."
            )
    return powers


def parse(text: str | float, *, where: str = "quantity") -> Quantity:
    """Return the number and unit of a quantity written in the strict grammar of this module.

    Raises InvalidInput for text outside the grammar and UnknownName for a unit that is not known.

    Examples
    --------
    >>> parse("67 MeV")
    Quantity(value=67.0, unit='MeV')
    >>> parse("1/3").value
    0.3333333333333333
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise InvalidInput(f"{where}: {text!r} is not a quantity; expected a number or text such as '67 MeV'.")
    if not isinstance(text, str):
        if not abs(text) <= sys.float_info.max:  # nan too
            raise InvalidInput(f"{where}: the number given is not finite; expected a number below 1.8e308.")
        text = repr(float(text))
    match = _QUANTITY.fullmatch(text) if len(text) <= 200 else None
    if match is None:
        raise InvalidInput(
            f"{where}: '{text[:60]}' is not a quantity; expected number[/number] [unit], such as '67 MeV', '50/ab' or '1/3'."
        )
    value = float(match.group(1))
    if match.group(2) is not None:
        if float(match.group(2)) == 0:
            raise InvalidInput(f"{where}: '{text}' divides by zero.")
        value /= float(match.group(2))
    if not math.isfinite(value):
        raise InvalidInput(f"{where}: '{text}' is not finite; expected a number below 1.8e308.")
    powers = _unit_powers(match.group(3), text, where)
    return Quantity(value, "*".join(name if power == 1 else f"{name}^{power}" for name, power in powers))


def _pint(unit: str) -> Any:
    return _registry().parse_units(unit.replace("%", "percent").replace("^", "**") or "dimensionless")


@cache
def _factor(unit: str, target: str) -> float | None:
    """Factor from one unit to another, None where the dimensions differ, nan where it leaves the range of numbers."""
    registry = _registry()
    given, wanted = _pint(unit), _pint("" if target == DIMENSIONLESS else target)
    if given.dimensionality != wanted.dimensionality:
        return None
    try:
        factor = float(registry.Quantity(1.0, given).to(wanted).magnitude)
    except OverflowError:
        return math.nan
    return factor if 0 < factor < math.inf else math.nan


def convert(text: str | float | Quantity, target: str, *, where: str = "quantity") -> float:
    """Return a quantity as a number in the unit ``target``.

    Parameters
    ----------
    text : str, float or Quantity   as written by the user or in a data file
    target : str                    unit of the result: ENERGY, LENGTH, ... or any unit of the grammar
    where : str                     file and field, or argument, for the message

    Raises InvalidInput where the unit is missing or of another dimension, where a length is given in X0 (see
    :func:`length`), and where the text is outside the grammar.

    Examples
    --------
    >>> convert("67 MeV", ENERGY)
    0.067
    """
    quantity = text if isinstance(text, Quantity) else parse(text, where=where)
    if quantity.unit == "" and target in (ENERGY, DIMENSIONLESS):
        return quantity.value
    expected, example = _NAMES.get(target, f"a quantity in {target}"), _EXAMPLES.get(target, f"'1 {target}'")
    shown = text if isinstance(text, str) else f"{quantity.value:g} {quantity.unit}".strip()
    if quantity.unit == "":
        raise InvalidInput(f"{where}: '{shown}' has no unit; expected {expected}, such as {example}.")
    factor = _factor(quantity.unit, target)
    if factor is None or (target == DIMENSIONLESS and any(angle in quantity.unit for angle in ("rad", "deg"))):
        raise InvalidInput(f"{where}: '{shown}' is not {expected}; expected for example {example}.")
    if target == ANGLE and "%" in quantity.unit:
        raise InvalidInput(f"{where}: '{shown}' is not {expected}; expected for example {example}.")
    value = quantity.value / 100 if quantity.unit == "%" and target == DIMENSIONLESS else quantity.value * factor
    return _finite(value, shown, target, where)


def _finite(value: float, shown: str, target: str, where: str) -> float:
    if not math.isfinite(value):
        raise InvalidInput(f"{where}: '{shown}' is not finite in {target}.")
    return value


def length(text: str | float | Quantity, radiation_length_cm: float | None = None, *, where: str = "quantity") -> float:
    """Return a length in cm; one given in X0 is resolved with the radiation length of its material.

    Raises InvalidInput where it is given in X0 and no radiation length is known, and as :func:`convert` does.
    """
    quantity = text if isinstance(text, Quantity) else parse(text, where=where)
    if quantity.unit == "X0":
        if radiation_length_cm is None:
            raise InvalidInput(
                f"{where}: '{quantity.value:g} X0' needs a material; give the length in cm or name the material."
            )
        return _finite(quantity.value * radiation_length_cm, f"{quantity.value:g} X0", LENGTH, where)
    return convert(quantity, LENGTH, where=where)


def radiation_lengths(
    text: str | float | Quantity, radiation_length_cm: float | None = None, *, where: str = "quantity"
) -> float:
    """Return a length in radiation lengths; one given in cm is divided by the radiation length of its material."""
    quantity = text if isinstance(text, Quantity) else parse(text, where=where)
    if quantity.unit == "X0":
        return quantity.value
    value = convert(quantity, LENGTH, where=where)
    if radiation_length_cm is None:
        raise InvalidInput(f"{where}: '{quantity.value:g} {quantity.unit}' needs a material to be counted in X0.")
    return _finite(value / radiation_length_cm, f"{quantity.value:g} {quantity.unit}", "X0", where)
