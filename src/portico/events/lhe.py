"""Les Houches event files, version 3: mothers, momenta and proper flight lengths in mm. No vertices: particles fly straight."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

import numpy as np

from .. import constants, particles
from ..cascades.event_source import EventSource
from . import codes
from .metadata import as_text
from .record import Record
from .text_parts import count_lines, join_text

ENDING = ".lhe"
CHUNK = 16_384
REQUIRES = ""

_EVENT, _END = b"<event>", b"</LesHouchesEvents>"
_MM_PER_CM = 10.0
_WEIGHTED = 4
"""IDWTUP: weights in pb, whose mean is the cross section."""
_SPIN_UNKNOWN = 9.0
_INCOMING, _OUTGOING, _INTERMEDIATE = -1, 1, 2
_EVENT_LINE = "%d %d %.16e %.16e %.16e %.16e"
_PARTICLE = "%d %d %d %d 0 0 %.16e %.16e %.16e %.16e %.16e %.9e %.1f"


def encode(record: Record, source: EventSource, about: dict[str, Any]) -> bytes:
    """Return the bytes of a whole file that holds these events."""
    sigma = 1.0 if source.sigma_pb is None else source.sigma_pb
    collide = bool(source.beams)
    lines = [_PARTICLE % row for row in zip(*_columns(record, collide), strict=True)]
    scale = _scale(record)
    text = [_head(source, about, sigma)]
    for k, (low, high) in enumerate(zip(record.offsets[:-1], record.offsets[1:], strict=True)):
        values = (high - low, record.mode[k] + 1, record.weight[k] * sigma, scale[k], constants.ALPHA, 0.0)
        text += ["<event>", _EVENT_LINE % values, *lines[low:high], "</event>"]
    text.append(_END.decode() + "\n")
    return "\n".join(text).encode()


def _columns(record: Record, collide: bool) -> tuple[list[Any], ...]:
    """Columns of the lines of all particles."""
    parent = record.parent.astype(int)
    both = np.where(collide & (parent == 0), 1, parent)
    status = np.where(record.status == codes.FINAL, _OUTGOING, _INTERMEDIATE)
    status = np.where(parent < 0, _INCOMING, status)
    px, py, pz, e = (record.momentum[:, k].tolist() for k in (1, 2, 3, 0))
    lengths = proper_lengths_cm(record) * _MM_PER_CM
    spin = [_SPIN_UNKNOWN] * len(e)
    first, second = (parent + 1).tolist(), (both + 1).tolist()
    return (
        record.id.tolist(),
        status.tolist(),
        first,
        second,
        px,
        py,
        pz,
        e,
        record.mass.tolist(),
        lengths.tolist(),
        spin,
    )


def proper_lengths_cm(record: Record) -> np.ndarray:
    """Return c times the proper time from making to decay of each particle, cm; 0 for what does not decay.

    .. math:: c\\tau = \\sqrt{(c\\,\\Delta t)^2 - |\\Delta\\vec x|^2} = |\\Delta\\vec x|\\, m/|\\vec p|
    """
    places = np.repeat(record.offsets[:-1], np.diff(record.offsets)) + record.parent
    child = np.flatnonzero(record.parent >= 0)
    end = record.vertex.copy()
    end[places[child]] = record.vertex[child]
    size = np.linalg.norm(record.momentum[:, 1:], axis=1)
    flown = np.linalg.norm((end - record.vertex)[:, 1:], axis=1)
    return np.where(size > 0, flown * record.mass / np.where(size > 0, size, 1.0), 0.0)


def _scale(record: Record) -> np.ndarray:
    """Return the invariant mass of what comes in, GeV."""
    incoming = np.where((record.parent < 0)[:, None], record.momentum, 0.0)
    total = np.add.reduceat(incoming, record.offsets[:-1], axis=0)
    return np.sqrt(np.maximum(total[:, 0] ** 2 - np.sum(total[:, 1:] ** 2, axis=1), 0.0))


def _head(source: EventSource, about: dict[str, Any], sigma: float) -> str:
    """The head of a file: what it tells of itself, beams (of the first entry), and one process for each mode."""
    beams, modes = "0 0 0.0 0.0", source.chain.modes
    for first in source.beams[:1]:
        ids = [str(particles.pdg_id(name)) for name in first.particles]
        beams = " ".join([*ids, *(f"{momentum[0]:.9e}" for momentum in first.momenta)])
    start = f"{beams} 0 0 0 0 {_WEIGHTED} {len(modes)}"
    processes = [f"{sigma * mode.ratio:.9e} 0.0 {sigma:.9e} {k}" for k, mode in enumerate(modes, start=1)]
    return "\n".join([
        '<LesHouchesEvents version="3.0">', "<header>", f"<portico>{escape(as_text(about))}</portico>", "</header>",
        "<init>", start, *processes, "</init>",
    ])  # fmt: skip


def join(parts: Sequence[Path], target: BinaryIO) -> None:
    """Write the events of whole files into one."""
    join_text(parts, target, begin=_EVENT, end=_END)


def count(part: Path) -> int:
    """Return the number of events in a whole file."""
    return count_lines(part, _EVENT)
