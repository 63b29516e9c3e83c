"""HepMC3, through pyhepmc: one graph per event, GeV and mm."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..cascades.event_source import EventSource
from . import codes
from .metadata import as_text
from .record import Record
from .text_parts import count_lines, join_text

ENDING = ".hepmc3"
CHUNK = 16_384
REQUIRES = "pyhepmc"

_EVENT, _END = b"E ", b"HepMC::Asciiv3-END_EVENT_LISTING"
_MM_PER_CM = 10.0


def encode(record: Record, source: EventSource, about: dict[str, Any]) -> bytes:
    """Return the bytes of a whole file that holds these events."""
    import pyhepmc

    run = pyhepmc.GenRunInfo()
    run.weight_names = ["weight"]
    run.tools = [pyhepmc.GenRunInfo.ToolInfo("portico", about["portico_version"], "cascades of dark sectors")]
    run.attributes = {"portico": as_text(about)}
    sigma = None
    if source.sigma_pb is not None:
        sigma = pyhepmc.GenCrossSection()
        sigma.set_cross_section(source.sigma_pb, 0.0)
    names, columns = codes.mode_names(source.chain), _columns(record, bool(source.beams))
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    sink = io.BytesIO()
    with pyhepmc.open(sink, "w") as file:
        for k, (low, high) in enumerate(zip(record.offsets[:-1], record.offsets[1:], strict=True)):
            event.run_info = run
            px, py, pz, e, mass, code, status, parents, x, y, z, ct = (column[low:high] for column in columns)
            event.from_hepevt(
                int(record.number[k]), px, py, pz, e, mass, code, status, parents, None, x, y, z, ct, fortran=False
            )
            event.weights = [float(record.weight[k])]
            event.attributes = {"mode": names[record.mode[k]]}
            if sigma is not None:
                event.cross_section = sigma
            file.write(event)
    return sink.getvalue().rstrip() + b"\n"


def _columns(record: Record, collide: bool) -> tuple[Any, ...]:
    """Columns in the order and the types that pyhepmc takes: momenta, masses, codes, status, parents, vertices in mm."""
    e, px, py, pz = (np.ascontiguousarray(column) for column in record.momentum.T)
    ct, x, y, z = (np.ascontiguousarray(column) for column in _MM_PER_CM * record.vertex.T)
    parent = record.parent.astype(np.int32)
    both = np.where(collide & (parent == 0), 1, parent)
    pair = np.stack([parent, both], axis=1)
    return px, py, pz, e, record.mass, record.id, record.status.astype(np.int32), pair, x, y, z, ct


def join(parts: Sequence[Path], target: BinaryIO) -> None:
    """Write the events of whole files into one."""
    join_text(parts, target, begin=_EVENT, end=_END)


def count(part: Path) -> int:
    """Return the number of events in a whole file."""
    return count_lines(part, _EVENT)
