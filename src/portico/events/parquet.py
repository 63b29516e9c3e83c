"""Parquet: one row per event, a list column for each property of its particles; read by pyarrow, awkward and pandas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ..cascades.event_source import EventSource
from . import codes
from .metadata import as_text
from .record import Record

ENDING = ".parquet"
CHUNK = 65_536
REQUIRES = "pyarrow"

_UNITS = {
    "id": "PDG code", "status": "1 final, 2 decayed, 4 beam", "parent": "place in the event, from 0; -1: none; 0, if a beam: both beams",
    "mass": "GeV", "e": "GeV", "px": "GeV", "py": "GeV", "pz": "GeV", "ct": "cm", "x": "cm", "y": "cm", "z": "cm",
    "number": "of the event, from 0", "weight": "1 on average", "mode": "decay of the mediator",
}  # fmt: skip


def encode(record: Record, source: EventSource, about: dict[str, Any]) -> Any:
    """Return the bytes of a whole file that holds these events."""
    import pyarrow
    import pyarrow.parquet

    offsets = pyarrow.array(record.offsets, pyarrow.int32())
    columns = {
        "number": pyarrow.array(record.number, pyarrow.int64()),
        "weight": pyarrow.array(record.weight),
        "mode": pyarrow.DictionaryArray.from_arrays(
            pyarrow.array(record.mode, pyarrow.int32()), pyarrow.array(codes.mode_names(source.chain), pyarrow.string())
        ),
    }
    flat = {"id": record.id, "status": record.status, "parent": record.parent, "mass": record.mass}
    flat |= {name: record.momentum[:, k] for k, name in enumerate(("e", "px", "py", "pz"))}
    flat |= {name: record.vertex[:, k] for k, name in enumerate(("ct", "x", "y", "z"))}
    columns |= {name: pyarrow.ListArray.from_arrays(offsets, pyarrow.array(values)) for name, values in flat.items()}
    fields = [
        pyarrow.field(name, values.type, nullable=False, metadata={"unit": _UNITS[name]})
        for name, values in columns.items()
    ]
    schema = pyarrow.schema(fields, metadata={"portico": as_text(about)})
    sink = pyarrow.BufferOutputStream()
    with _writer(sink, schema) as writer:
        writer.write_table(pyarrow.Table.from_arrays(list(columns.values()), schema=schema), row_group_size=CHUNK)
    return sink.getvalue()


def join(parts: Sequence[Path], target: BinaryIO) -> None:
    """Write the events of whole files into one, a row group at a time."""
    import pyarrow.parquet

    with _writer(target, pyarrow.parquet.read_schema(parts[0])) as writer:
        for part in parts:
            with pyarrow.parquet.ParquetFile(part) as file:
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group), row_group_size=CHUNK)


def count(part: Path) -> int:
    """Return the number of events in a whole file."""
    import pyarrow.parquet

    return int(pyarrow.parquet.read_metadata(part).num_rows)


def _writer(sink: Any, schema: Any) -> Any:
    """A writer; numbers that hardly repeat are not looked up in a dictionary, which is faster and smaller."""
    import pyarrow.parquet

    repeated = ["mode", *(f"{name}.list.element" for name in ("id", "status", "parent"))]
    return pyarrow.parquet.ParquetWriter(
        sink, schema, use_dictionary=repeated, compression="snappy", write_statistics=False
    )
