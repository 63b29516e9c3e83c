"""What a reproduction is: claims with the tolerance within which they must be found, and figures, each computed on its own.

A module ``reproductions/<id>.py`` with a file ``<id>.toml`` beside it. The file holds what is claimed::

    title = "..."
    source = "..."

    [points.masses]                          # optional: where the values of a list are taken
    value = [1, 10]
    unit = "MeV"

    [claims.1]
    statement = "..."
    value = 6e11                             # or a list, with at = "masses"
    unit = "1"
    relative = 0.01                          # or absolute = ..., or digits = 1: units of the last digit of a text,
    source = "..."                           # or comparison = "below" or "above" and no tolerance
    status = "published"
    note = "..."                             # optional

The module computes them: ``begin()`` returns what its functions share, ``CLAIMS[key](shared)`` a number (a list of numbers for a
list), ``FIGURES[name]`` is a caption and a function of the same that returns the Axes it drew; ``sources(shared)`` names all
that was used. Nothing is computed before it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .. import registry
from ..errors import DataError, PorticoError

# whatever one claim or figure runs into, the others are kept; what is none of these ends the run, with all before it on disk
_FAILURES = (
    PorticoError, ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, MemoryError, OSError, RuntimeError,
    TypeError, ValueError, Warning,
)  # fmt: skip


class Claim(NamedTuple):
    """A number of the source document against the one computed now.

    ``comparison`` says what ``tolerance`` is: "relative" to the expected number, "absolute" in its unit, or 0 for the
    inequalities "below" and "above". ``computed`` is None where the computation failed; ``note`` then says why.
    """

    id: str
    statement: str
    expected: float
    computed: float | None
    tolerance: float
    holds: bool
    note: str
    comparison: str
    unit: str
    source: str

    @property
    def verdict(self) -> str:
        """Return "holds", "does not hold" or "not computed"."""
        return "not computed" if self.computed is None else "holds" if self.holds else "does not hold"

    def allowed(self) -> str:
        """Return the tolerance in words."""
        if self.comparison == "relative":
            return f"{100 * self.tolerance:.4g}%"
        return f"+-{self.tolerance:.3g}" if self.comparison == "absolute" else self.comparison


class Figure(NamedTuple):
    """A figure: its name, caption and files, or why it could not be drawn."""

    name: str
    caption: str
    files: tuple[str, ...]
    failure: str = ""


class Reproduction(NamedTuple):
    """A source document reproduced: every claim and every figure, also those that failed."""

    id: str
    title: str
    source: str
    claims: tuple[Claim, ...]
    figures: tuple[Figure, ...]
    sources: tuple[str, ...]

    @property
    def failures(self) -> list[str]:
        """What could not be computed, each with its reason; a claim that does not hold is a result, not a failure."""
        claims = [f"claim {c.id}: {c.note}" for c in self.claims if c.computed is None]
        return claims + [f"figure {f.name}: {f.failure}" for f in self.figures if f.failure]

    def as_document(self, folder: Path | None = None) -> dict[str, Any]:
        """Return everything as one JSON document; files are named relative to ``folder`` if it is given."""
        from .. import __version__

        def shown(file: str) -> str:
            return file if folder is None else str(Path(file).relative_to(folder))

        return {
            "id": self.id,
            "title": self.title,
            "source": self.source,
            "portico_version": __version__,
            "figures": [shown(file) for figure in self.figures for file in figure.files],
            "claims": [claim._asdict() for claim in self.claims],
            "failures": self.failures,
            "sources": list(self.sources),
        }


class Document(NamedTuple):
    """A source document as its file describes it, with the module that computes it."""

    id: str
    title: str
    source: str
    entries: dict[str, dict[str, Any]]
    points: dict[str, list[str]]
    module: Any

    def steps(self, *, figures: bool) -> int:
        """Return the number of entries and figures."""
        return len(self.entries) + (len(self.module.FIGURES) if figures else 0)


def reproductions() -> dict[str, str]:
    """Return what can be reproduced: titles by id."""
    return {name: str(_content(name)["title"]) for name in registry.names("reproduction")}


def document(name: str) -> Document:
    """Return a source document by its id; raises UnknownName with the nearest match, DataError for a malformed file."""
    module = registry.load("reproduction", name)
    content = _content(name)
    points = {key: _labels(table) for key, table in content.get("points", {}).items()}
    entries = content["claims"]
    missing = sorted(set(entries) ^ set(module.CLAIMS))
    if missing:
        raise DataError(f"{name}.toml: claims: {', '.join(missing)} stand in one of the file and {name}.py only.")
    return Document(name, content["title"], content["source"], entries, points, module)


def _content(name: str) -> dict[str, Any]:
    return registry.read_toml(registry.path_of("reproduction", name).with_suffix(".toml"))


def _labels(table: Mapping[str, Any]) -> list[str]:
    unit = "" if table["unit"] == "1" else f" {table['unit']}"
    return [f"{value}{unit}" for value in table["value"]]


# --- claims -------------------------------------------------------------------------------------------------------------


class _Expected(NamedTuple):
    """One expected number and how far from it is allowed."""

    id: str
    value: float
    tolerance: float
    comparison: str


def claims_of(entry_of: Document, key: str, shared: Any) -> list[Claim]:
    """Return the claims of one entry; where the computation raises, each of them says so and does not hold."""
    entry = entry_of.entries[key]
    wanted = list(_expected(entry_of, key))
    failure, found = "", [math.nan] * len(wanted)
    try:
        result = entry_of.module.CLAIMS[key](shared)
        values = [float(value) for value in (result if isinstance(entry["value"], list) else [result])]
        if len(values) == len(wanted):
            found = values
        else:
            failure = f"could not be computed: {len(wanted)} numbers were expected, {len(values)} came"
    except _FAILURES as error:
        failure = f"could not be computed: {type(error).__name__}: {error}"
    return [_judged(entry, expected, value, failure) for expected, value in zip(wanted, found, strict=True)]


def _expected(entry_of: Document, key: str) -> Iterator[_Expected]:
    entry = entry_of.entries[key]
    if not isinstance(entry["value"], list):
        yield _Expected(key, float(entry["value"]), *_tolerance(entry, entry["value"]))
        return
    for label, value in zip(entry_of.points[entry["at"]], entry["value"], strict=True):
        yield _Expected(f"{key}[{label}]", float(value), *_tolerance(entry, value))


def _tolerance(entry: Mapping[str, Any], value: Any) -> tuple[float, str]:
    if "digits" in entry:
        return entry["digits"] * last_digit(str(value)), "absolute"
    for kind in ("relative", "absolute"):
        if kind in entry:
            return float(entry[kind]), kind
    return 0.0, entry["comparison"]


def last_digit(text: str) -> float:
    """Return one unit of the last digit of a number as it is printed; 0 for a bare 0, which is exact.

    >>> last_digit("4.18e8"), last_digit("94"), last_digit("0")
    (1000000.0, 1.0, 0.0)
    """
    if text == "0":
        return 0.0
    mantissa, _, exponent = text.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def _judged(entry: Mapping[str, Any], expected: _Expected, value: float, failure: str) -> Claim:
    if not failure and not math.isfinite(value):
        failure = f"could not be computed: the result is {value}"
    note = ". ".join(part for part in (failure, entry.get("note", "")) if part)
    return Claim(
        id=expected.id, statement=entry["statement"], expected=expected.value, computed=None if failure else value,
        tolerance=expected.tolerance, holds=not failure and _holds(value, expected), note=note,
        comparison=expected.comparison, unit=entry["unit"], source=entry["source"],
    )  # fmt: skip


def _holds(value: float, expected: _Expected) -> bool:
    if expected.comparison == "below":
        return value < expected.value
    if expected.comparison == "above":
        return value > expected.value
    scale = abs(expected.value) if expected.comparison == "relative" else 1.0
    # a difference of exactly the tolerance holds, whatever its rounding
    return abs(value - expected.value) <= expected.tolerance * scale * (1 + 1e-9)


# --- figures ------------------------------------------------------------------------------------------------------------


def figure_of(entry_of: Document, name: str, shared: Any, folder: Path) -> Figure:
    """Draw one figure into a folder, as PNG and PDF; where that fails, the figure says why."""
    from ..plotting import save

    caption, draw = entry_of.module.FIGURES[name]
    paths = tuple(str(folder / f"{name}.{ending}") for ending in ("png", "pdf"))
    try:
        save(draw(shared), *paths)
    except _FAILURES as error:
        return Figure(name, caption, (), f"could not be drawn: {type(error).__name__}: {error}")
    return Figure(name, caption, paths)


# --- all of it ----------------------------------------------------------------------------------------------------------


def reproduce(
    name: str,
    output: str | Path | None = None,
    *,
    figures: bool = True,
    on_step: Callable[[int, int], None] | None = None,
) -> Reproduction:
    """Compute the claims of a source document, and draw its figures into a folder.

    Parameters
    ----------
    name : str               an id; ``portico reproduce`` lists them
    output : path or None    folder in which a folder of the id is made, with ``claims.json``, ``claims.md`` and the figures;
                             None computes the claims alone
    figures : bool           draw the figures too, where there is a folder for them
    on_step : callable       called with the number of finished steps and of all

    Returns
    -------
    Reproduction             .claims, .figures, .failures, .sources

    Claims and figures are independent of each other: one that fails says why, the others are kept. The files are written
    as the claims come, so that an interruption loses nothing.

    Raises UnknownName for an unknown id, InvalidInput where the folder cannot be written.
    """
    from ._files import ResultFolder

    chosen = document(name)
    folder = None if output is None else ResultFolder(output, chosen)
    drawn = list(chosen.module.FIGURES) if folder is not None and figures else []
    total = chosen.steps(figures=bool(drawn))
    shared = chosen.module.begin()
    sources = tuple(dict.fromkeys(chosen.module.sources(shared)))
    result = Reproduction(name, chosen.title, chosen.source, (), (), sources)

    def finished(changed: Reproduction, done: int) -> Reproduction:
        if folder is not None:
            folder.write(changed)
        if on_step is not None:
            on_step(done, total)
        return changed

    for done, key in enumerate(chosen.entries, start=1):
        claims = claims_of(chosen, key, shared)
        result = finished(result._replace(claims=(*result.claims, *claims)), done)
    for done, figure in enumerate(drawn, start=1 + len(chosen.entries)):
        assert folder is not None
        made = figure_of(chosen, figure, shared, folder.path)
        result = finished(result._replace(figures=(*result.figures, made)), done)
    return finished(result, total)
