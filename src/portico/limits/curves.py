"""Published limits as cited points, for comparison: ``limits/published/*.toml``.

The kind of a curve says what it is:

``limit``        what a search excludes: values above the curve, or between its two edges where it has an upper one
``projection``   what a future search would exclude
``bound``        a limit that holds whatever the mediator decays to (``applies_to = "any_decay"``); always drawn
``extent``       the ends of a closed contour in mass and value, where only they are published: a frame around the
                 excluded region, most of which is excluded and part of which is not; never used as a limit
``range``        masses for which a search has the strongest limit, where no value is known: drawn as a bar at the bottom,
                 never used as a limit

A limit on a mediator (mass and kinetic mixing of a dark photon) and one on a millicharged particle (its mass, and its charge
over e) are different things although both are epsilon over mass: ``applies_to`` tells them apart, and a picture shows those
that fit its model (:attr:`portico.models.base.Model.LIMITED_PARTICLE`).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import registry, units
from ..errors import DataError, InvalidInput, unknown_name

KINDS = ("limit", "projection", "bound", "extent", "range")
DECAYS = ("invisible", "semi_visible", "any_decay")
"""Decays of the mediator for which a curve was made."""
APPLIES_TO = (*DECAYS, "millicharged")
"""What a curve was made for: a dark photon with these decays, or a millicharged particle."""
PARTICLES = ("dark_photon", "millicharged")
"""Particles whose mass and coupling a curve is about."""

_NEEDED = ("title", "kind", "parameter", "sources", "points")
_TEXTS = ("applies_to", "newer", "note")
_LARGEST = {units.ENERGY: 1e6, units.DIMENSIONLESS: 100.0}
"""Ends of what a published limit may hold: masses in GeV, couplings (alpha_dark goes to 100)."""


class Curve(NamedTuple):
    """A published limit: masses (GeV), values of the parameter, and where they come from.

    ``high`` is the upper edge of a closed region, infinite where there is none; ``cl`` is nan where the source does not say;
    values of a range are nan, and its last mass is infinite where no upper end is known;
    ``newer`` names the curve of the same search that has replaced this one, if any.
    """

    name: str
    title: str
    kind: str
    cl: float
    parameter: str
    mass: np.ndarray
    value: np.ndarray
    sources: tuple[str, ...]
    high: np.ndarray
    applies_to: str = "invisible"
    newer: str = ""
    note: str = ""

    @property
    def particle(self) -> str:
        """The particle whose mass and coupling this is about: one of :data:`PARTICLES`."""
        return "millicharged" if self.applies_to == "millicharged" else "dark_photon"

    def at(self, mass: Any) -> np.ndarray:
        """Return the lower edge at any masses (GeV), log-log between the points and nan outside them: never continued.

        Points of a jagged curve are joined, not smoothed. Examples: ``curve("na64e_invisible_2019").at([0.01, 5.0])``.
        """
        return self._between(mass, self.value)

    def high_at(self, mass: Any) -> np.ndarray:
        """Return the upper edge at any masses (GeV), as :meth:`at`; infinite where there is none."""
        if np.all(np.isinf(self.high)):
            return np.where(np.isnan(self.at(mass)), np.nan, np.inf)
        return self._between(mass, self.high)

    def covers(self, mass: Any, value: Any) -> np.ndarray:
        """Return whether points lie on or between the edges; False outside the masses.

        That means excluded for a limit or a bound, within reach for a projection, and in the frame, excluded or not, for an
        extent.
        """
        return (np.asarray(value) >= self.at(mass)) & (np.asarray(value) <= self.high_at(mass))

    def _between(self, mass: Any, edge: np.ndarray) -> np.ndarray:
        mass = np.asarray(mass, dtype=float)
        if self.kind == "range":
            return np.full(mass.shape, np.nan)
        inside = (mass >= self.mass[0]) & (mass <= self.mass[-1])
        at = np.log(np.where(inside, mass, self.mass[0]))
        return np.where(inside, np.exp(np.interp(at, np.log(self.mass), np.log(edge))), np.nan)


def curves(parameter: str = "epsilon", particle: str = "dark_photon") -> list[Curve]:
    """Return all published limits on a parameter that come with portico, for one of :data:`PARTICLES`; raises UnknownName."""
    if particle not in PARTICLES:
        raise unknown_name("particle with published limits", particle, PARTICLES)
    known = (curve(name) for name in registry.names("published limit"))
    return [c for c in known if c.parameter == parameter and c.particle == particle]


def compared(parameter: str = "epsilon", particle: str = "dark_photon") -> list[Curve]:
    """Return the published limits that a picture shows unasked.

    For a dark photon: the newest of each search for invisible decays, and all bounds. For a millicharged particle: the newest of
    each search, extents and ranges too, of which there is often no more.
    """
    if particle == "millicharged":
        return [c for c in curves(parameter, particle) if not c.newer]
    return [
        c
        for c in curves(parameter, particle)
        if c.kind == "bound" or (c.kind not in ("extent", "range") and c.applies_to == "invisible" and not c.newer)
    ]


def curve(name: str) -> Curve:
    """Return one published limit by name; raises UnknownName with the nearest match, DataError where its file is wrong."""
    path = registry.path_of("published limit", name)
    return from_content(name, registry.read_toml(path))


def from_content(name: str, content: dict[str, Any]) -> Curve:
    """Return a published limit from the content of its file; raises DataError with the place and what was expected."""
    file = f"{name}.toml"
    if not isinstance(content, dict):
        raise DataError(f"{file}: the content is {content!r}; expected a table with {', '.join(_NEEDED)}.")
    for key in _NEEDED:
        if key not in content:
            raise DataError(f"{file}: '{key}' is missing.")
    _refuse_unknown(file, content, (*_NEEDED, "cl", *_TEXTS))
    for key in (*_TEXTS, "title", "parameter"):
        text = content.get(key, "")
        if not isinstance(text, str) or (key in _NEEDED and not text.strip()):
            raise DataError(f"{file}: {key} = {text!r} is not allowed; expected text.")
    given_sources = content["sources"]
    if not (isinstance(given_sources, list) and given_sources and all(isinstance(s, str) and s for s in given_sources)):
        raise DataError(f"{file}: sources = {given_sources!r} is not allowed; expected a list of at least one source.")
    if not isinstance(content["points"], dict):
        raise DataError(
            f"{file}: points = {content['points']!r} is not allowed; expected a table with mass and {content['parameter']}."
        )
    kind, applies_to = content["kind"], content.get("applies_to", "invisible")
    for key, given, allowed in (("kind", kind, KINDS), ("applies_to", applies_to, APPLIES_TO)):
        if given not in allowed:
            raise DataError(f"{file}: {key} = {given!r} is not known; expected one of {', '.join(allowed)}.")
    if (kind == "bound") != (applies_to == "any_decay"):
        raise DataError(
            f"{file}: kind = '{kind}' with applies_to = '{applies_to}'; a bound, and only a bound, is for any_decay."
        )
    parameter, points = content["parameter"], content["points"]
    mass, value, high = _range(file, points, parameter) if kind == "range" else _edges(file, points, parameter, kind)
    return Curve(
        name=name, title=content["title"], kind=kind, parameter=parameter, mass=mass, value=value, high=high,
        cl=_level(file, content["cl"]) if "cl" in content else math.nan,
        sources=tuple(given_sources), applies_to=applies_to, newer=content.get("newer", ""), note=content.get("note", ""),
    )  # fmt: skip


def _edges(file: str, points: dict[str, Any], parameter: str, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masses, values and upper edges, checked."""
    edge = f"{parameter}_high"
    _refuse_unknown(f"{file}: points", points, ("mass", parameter, edge))
    if (kind == "extent") and edge not in points:
        raise DataError(f"{file}: points: '{edge}' is missing; an extent has an upper edge.")
    mass = _numbers(file, points, "mass", units.ENERGY)
    value = _numbers(file, points, parameter, units.DIMENSIONLESS)
    high = _numbers(file, points, edge, units.DIMENSIONLESS) if edge in points else np.full(mass.shape, math.inf)
    if not mass.size == value.size == high.size or mass.size < 2:
        raise DataError(
            f"{file}: points: {mass.size} masses, {value.size} values and {high.size} upper edges; expected as many of each, at least 2."
        )
    if np.any(np.diff(mass) <= 0):
        raise DataError(f"{file}: points: the masses do not rise; expected each once, the smallest first.")
    if np.any(high < value) or np.any(high[:-1] == value[:-1]):
        raise DataError(
            f"{file}: points: an upper edge lies at or below the lower one; only at the last mass may they meet."
        )
    return mass, value, high


def _range(file: str, points: dict[str, Any], parameter: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ends in mass, of which the upper one may be unknown; no values."""
    if parameter in points:
        raise DataError(f"{file}: points: '{parameter}' is given; a range has masses only.")
    _refuse_unknown(f"{file}: points", points, ("mass",))
    mass = _numbers(file, points, "mass", units.ENERGY)
    if mass.size > 2 or mass.size == 0 or np.any(np.diff(mass) <= 0):
        raise DataError(f"{file}: points: {mass.size} masses; expected one or two that rise, the ends of the range.")
    unknown = np.full(2, math.nan)
    return (mass if mass.size == 2 else np.append(mass, math.inf)), unknown, unknown


def _numbers(file: str, points: dict[str, Any], key: str, unit: str) -> np.ndarray:
    """A column of the points in GeV or without unit: finite and above 0."""
    entry = points.get(key)
    if not isinstance(entry, dict) or not isinstance(entry.get("value"), list) or "unit" not in entry:
        raise DataError(f"{file}: points: '{key}' is missing or no list; expected value = [...], unit, source, status.")
    _refuse_unknown(f"{file}: points: {key}", entry, ("value", "unit", "source", "status"))
    scale = _scale(f"{file}: points: {key}", entry["unit"], unit)
    try:
        column = np.array(entry["value"], dtype=float) * scale
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{file}: points: '{key}' holds something that is no number.") from None
    if column.ndim != 1 or not np.all((column > 0) & np.isfinite(column)):
        raise DataError(f"{file}: points: '{key}' holds a number that is not above 0 and finite.")
    largest = _LARGEST[unit]
    if np.any(column > largest):
        raise DataError(
            f"{file}: points: '{key}' holds {column.max():g}; expected at most {largest:g}{' GeV' if unit == units.ENERGY else ''}."
        )
    return column


def _scale(where: str, given: Any, unit: str) -> float:
    """The unit of a column in GeV or 1."""
    if given == "1" and unit == units.DIMENSIONLESS:
        return 1.0
    if not isinstance(given, str) or not given.strip() or given == "1":
        raise DataError(
            f"{where}: unit = {given!r} is not allowed; expected {'1' if unit == units.DIMENSIONLESS else 'GeV, MeV or another energy'}."
        )
    try:
        return units.convert(f"1 {given}", unit, where=where)
    except InvalidInput as error:
        raise DataError(str(error)) from None


def _level(file: str, given: Any) -> float:
    """The confidence level."""
    try:
        level = units.convert(given, units.DIMENSIONLESS, where=f"{file}: cl")
    except InvalidInput as error:
        raise DataError(str(error)) from None
    if not 0 < level < 1:
        raise DataError(
            f"{file}: cl = {given!r} is not allowed; expected a confidence level between 0 and 1, such as '90%'."
        )
    return level


def _refuse_unknown(where: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise DataError(str(unknown_name("key", key, known, where=where)))
