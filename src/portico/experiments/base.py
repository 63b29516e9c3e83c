"""Experiment files: facts only, every number with unit, source and status.

A file ``<collaboration>_<signature>_<year>.toml`` holds::

    title = "..."
    label = "..."                            # optional, for pictures
    signature = "disappearing_positron"      # a file of the room signatures
    sources = ["arXiv:..."]

    [section]
    entry = { value = "7 GeV", source = "...", status = "published" }
    count = { value = 15, unit = "1", source = "...", status = "inferred", note = "..." }

``status`` is one of published, digitised, inferred, assumed, unverified, computed. Which entries a search needs is said by
its signature; a missing, misspelt or superfluous one is an error that names file and field.
"""

from __future__ import annotations

import hashlib
import math
import re
import reprlib
from pathlib import Path
from typing import Literal, NamedTuple

from .. import registry, units
from ..errors import DataError, InvalidInput, unknown_name

STATUSES = ("published", "digitised", "inferred", "assumed", "unverified", "computed")


class Field(NamedTuple):
    """What a signature expects of an entry: unit ("text" for a name, "length" to keep X0), whether it may be absent, range."""

    unit: str
    optional: bool = False
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    whole: bool = False

    def allows(self, value: float) -> bool:
        """Whether a number lies in the range."""
        above = value > self.low if self.low_open else value >= self.low
        return above and value <= self.high and (not self.whole or value == math.floor(value))

    def described(self) -> str:
        """The range in words."""
        words = [] if self.low == -math.inf else [f"above {self.low:g}" if self.low_open else f"at least {self.low:g}"]
        words += [] if self.high == math.inf else [f"at most {self.high:g}"]
        unit = "" if self.unit == units.DIMENSIONLESS else f" {self.unit}"
        unit = unit[2:] if unit.startswith(" 1/") else unit
        return ("a whole number, " if self.whole else "") + " and ".join(words) + unit


class Entry(NamedTuple):
    """A number (or name) of an experiment file, as written."""

    value: str | float
    unit: str | None
    source: str
    status: str
    note: str

    def shown(self) -> str:
        """Return value and unit as text."""
        return str(self.value) if self.unit in (None, "1") else f"{self.value} {self.unit}"


class Experiment(NamedTuple):
    """The content of an experiment file; entries by ``section.name``, and the hash of the file as it was read."""

    name: str
    path: str
    title: str
    label: str
    signature: str
    sources: tuple[str, ...]
    entries: dict[str, Entry]
    sha256: str = ""

    def where(self, key: str) -> str:
        """Return file and field, for messages."""
        return f"{Path(self.path).name}: {key}"

    def number(self, key: str, unit: str) -> float:
        """Return an entry as a number in ``unit``; raises DataError naming file and field."""
        entry = self.entries[key]
        if entry.unit not in (None, "1"):
            raise DataError(
                f"{self.where(key)}: unit = '{entry.unit}' stands beside the value; write the unit into the value, or unit = \"1\"."
            )
        try:
            return units.convert(entry.value, unit, where=self.where(key))
        except InvalidInput as error:
            raise DataError(str(error)) from None

    def radiation_lengths(self, key: str, radiation_length_cm: float) -> float:
        """Return a thickness in radiation lengths of its material; raises DataError naming file and field."""
        try:
            return units.radiation_lengths(self.entries[key].value, radiation_length_cm, where=self.where(key))
        except InvalidInput as error:
            raise DataError(str(error)) from None

    def text(self, key: str) -> str:
        """Return an entry that is a name."""
        return str(self.entries[key].value)

    def check(self, fields: dict[str, Field]) -> None:
        """Raise DataError unless the file holds exactly the entries that its signature asks for."""
        for key in self.entries:
            if key not in fields:
                raise DataError(str(unknown_name("entry", key, fields, where=Path(self.path).name)))
        for key, field in fields.items():
            if key not in self.entries:
                if not field.optional:
                    raise DataError(
                        f"{Path(self.path).name}: entry '{key}' is missing; signature '{self.signature}' needs it."
                    )
            elif field.unit not in ("text", "length"):
                value = self.number(key, field.unit)
                if not field.allows(value):
                    raise DataError(
                        f"{self.where(key)} = {self.entries[key].value} is not allowed; expected {field.described()}."
                    )


def load(name_or_path: str) -> Experiment:
    """Return the experiment with this name, or from this path (it ends in .toml or contains a slash).

    Raises UnknownName for a name that no file bears, DataError for a file that cannot be read or is malformed.
    """
    text = str(name_or_path)
    is_path = text.endswith(".toml") or "/" in text
    path = Path(text) if is_path else registry.path_of("search", text)
    data = registry.read_bytes(path)
    experiment = _validated(path, registry.parse_toml(path, data))
    return experiment._replace(sha256=hashlib.sha256(data).hexdigest())


_EXPECTED = {
    "value": "a number, or text such as '7 GeV'",
    "unit": 'text, such as unit = "1"',
    "source": "text of at least 3 letters",
    "status": f"one of {', '.join(STATUSES)}",
    "note": "text",
    "sources": "a list of texts",
}


def _fault(place: str, where: tuple[int | str, ...], kind: str, given: object) -> str:
    """What is wrong in a file, in words: of an entry at ``place``, or of its head."""
    field = str(where[0]) if where else ""
    named = ".".join(part for part in (place, field) if part)
    shown = str(given).lower() if isinstance(given, bool) else reprlib.repr(given)  # of any depth
    if not field:
        return f"{named} = {shown} is no entry; expected a table {{ value = ..., source = ..., status = ... }}"
    if kind == "missing":
        return f"{named} is missing; expected {_EXPECTED.get(field, 'text')}"
    if kind == "extra_forbidden":
        return f"{named} is not known; an entry holds value, unit, source, status and note"
    if field == "sources" and len(where) > 1:
        return f"{named} holds {shown}; expected a list of texts"
    return f"{named} = {shown} is not allowed; expected {_EXPECTED.get(field, 'text')}"


def _validated(path: Path, content: dict[str, object]) -> Experiment:
    """Check a file against the schema; the first fault is told with file, field and reason."""
    from pydantic import BaseModel, ConfigDict, ValidationError
    from pydantic import Field as Constraint

    class EntrySchema(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        value: str | float | int
        unit: str | None = None
        source: str = Constraint(min_length=3)
        status: Literal["published", "digitised", "inferred", "assumed", "unverified", "computed"]
        note: str = ""

    class FileSchema(BaseModel):
        model_config = ConfigDict(extra="allow", strict=True)
        title: str
        label: str = ""
        signature: str
        sources: list[str]

    def refuse(place: str, error: ValidationError) -> DataError:
        first = error.errors()[0]
        return DataError(f"{path.name}: {_fault(place, first['loc'], first['type'], first['input'])}.")

    try:
        head = FileSchema.model_validate(content)
    except ValidationError as error:
        raise refuse("", error) from None
    entries: dict[str, Entry] = {}
    for section, table in (head.model_extra or {}).items():
        if not isinstance(table, dict):
            raise DataError(
                f"{path.name}: {section}: expected a table of entries, each {{ value = ..., source = ..., status = ... }}."
            )
        for key, value in table.items():
            try:
                entry = EntrySchema.model_validate(value)
            except ValidationError as error:
                raise refuse(f"{section}.{key}", error) from None
            if isinstance(entry.value, bool) or (not isinstance(entry.value, str) and entry.unit is None):
                raise DataError(
                    f'{path.name}: {section}.{key}: a bare number needs unit = "1", or its unit inside the value.'
                )
            entries[f"{section}.{key}"] = Entry(entry.value, entry.unit, entry.source, entry.status, entry.note)
    name = re.sub(r"\W+", "_", path.stem)
    return Experiment(
        name, str(path), head.title, head.label or head.title, head.signature, tuple(head.sources), entries
    )
