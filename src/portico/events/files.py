"""Event files, written chunk by chunk so that nothing is lost: memory is bounded by the chunk, not by the number of events.

Each chunk becomes a whole file of its own in the folder ``FILE.parts``, under its name only when it is complete. At the end the
parts are joined to FILE and the folder goes. After a full disk, Ctrl-C or any error the finished chunks are joined too; where that
does not fit on the disk, or after a kill, they stay in the folder, each readable.
"""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import math
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NamedTuple

import numpy as np

from ..cascades.event_source import EventSource
from ..errors import InvalidInput, PorticoError, unknown_name
from .metadata import metadata
from .record import flatten

FORMATS = {".parquet": "parquet", ".hepmc": "hepmc", ".hepmc3": "hepmc", ".lhe": "lhe"}
MOST_EVENTS = 1_000_000_000
_SMALLEST_EPSILON, _FARTHEST_CM = (
    1e-60,
    1e130,
)  # of proper decay lengths: squares of positions stay below 1.8e308 for any boost


class Written(NamedTuple):
    """What was written: the file, the number of events, and how many there are of each mode of the mediator."""

    path: Path
    events: int
    modes: dict[str, int]


def write(
    path: str | os.PathLike[str],
    source: EventSource,
    count: int,
    *,
    about: dict[str, Any] | None = None,
    overwrite: bool = False,
    on_chunk: Callable[[int], None] | None = None,
) -> Written:
    """Write events of a source to a file: Parquet, HepMC3 or LHE by its ending.

    Parameters
    ----------
    path : str or path        FILE.parquet, FILE.hepmc (or .hepmc3) or FILE.lhe; its folder is made
    source : EventSource      where events come from
    count : int               number of events
    about : dict              what else the file tells of itself, such as search, model and seed; JSON values
    overwrite : bool          replace a file that exists; it stays until the first chunk of the new one is finished
    on_chunk : callable       called with the number of events of each finished chunk

    Raises InvalidInput for a wrong path, count, source or ``about``, an epsilon too small for vertices, an extra that is missing,
    and a file that exists already. Whatever else is raised (OSError on a full disk, KeyboardInterrupt) says where the finished events are.
    """
    target, writer = check(path, overwrite=overwrite)
    check_count(count)
    count = int(count)
    _check_source(source)
    told = metadata(source, about, events_asked=count)
    numbers = dict.fromkeys(told["modes"], 0)
    done = 0
    with _Parts(target, writer, overwrite=overwrite) as parts:
        try:
            while done < count:
                size = min(writer.CHUNK, count - done)
                record = flatten(source.sample(done, size), source, done)
                parts.add(writer.encode(record, source, told), size)
                done += size
                for index, name in enumerate(numbers):
                    numbers[name] += int((record.mode == index).sum())
                if on_chunk is not None:
                    on_chunk(size)
            parts.join()
        except (Exception, KeyboardInterrupt) as error:
            _tell(error, parts.keep(count), target)
            raise
    return Written(target, count, numbers)


def join_parts(path: str | os.PathLike[str], *, overwrite: bool = False) -> Written:
    """Join what a killed run left in ``FILE.parts`` to FILE, and remove that folder.

    Raises InvalidInput where there is nothing to join, FILE exists, or another run still writes it.
    """
    target, writer = check(path, overwrite=overwrite)
    folder = _parts_folder(target)
    if not folder.is_dir():
        raise InvalidInput(f"no folder '{folder}': nothing of '{target}' is left to join.")
    with _Parts(target, writer, overwrite=overwrite, found=True) as parts:
        events = sum(writer.count(part) for part in parts.finished)
        if not events:
            raise InvalidInput(f"folder '{folder}' holds no finished events.")
        parts.join()
    return Written(target, events, {})


def check(path: str | os.PathLike[str], *, overwrite: bool = False) -> tuple[Path, ModuleType]:
    """Return the path and the module of its format; raises InvalidInput where nothing can or should be written there."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise InvalidInput(
            f"output file: {path!r} is no name of a file; expected text or a path, such as 'events.parquet'."
        )
    if not text.strip():
        raise InvalidInput("output file: none is given; name one with -o, such as events.parquet.")
    if "\0" in text or not _is_text(text):
        raise InvalidInput(f"output file '{text}' cannot be written: its name is no text that a file may bear.")
    target = Path(text)
    if target.suffix not in FORMATS:
        raise unknown_name("format of events", target.suffix or target.name, FORMATS, where=f"the ending of '{text}'")
    module = importlib.import_module(f".{FORMATS[target.suffix]}", __package__)
    if module.REQUIRES and importlib.util.find_spec(module.REQUIRES) is None:
        raise InvalidInput(
            f"'{target}': {target.suffix} needs the package {module.REQUIRES}; install it with: pip install 'portico[events]'."
        )
    try:
        if target.is_dir():
            raise InvalidInput(f"output file '{target}' is a folder; give the name of a file in it.")
        if target.exists() and not overwrite:
            raise InvalidInput(
                f"output file '{target}' exists already; choose another, or replace it with --overwrite."
            )
    except OSError as error:
        raise _unwritable(target, error) from None
    return target, module


def _is_text(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def check_count(count: int) -> None:
    """Raise InvalidInput unless this is a number of events."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or not 1 <= count <= MOST_EVENTS:
        raise InvalidInput(
            f"number of events: {str(count)[:30]} is not allowed; expected a whole number from 1 to {MOST_EVENTS:,}."
        )


def _check_source(source: EventSource) -> None:
    if not isinstance(source, EventSource):
        raise InvalidInput(
            f"source of events: {source!r} is none; expected an EventSource, as event_source of a signature returns."
        )
    if not (math.isfinite(source.epsilon) and source.epsilon > 0):
        raise InvalidInput(f"epsilon = {source.epsilon:g}: vertices of events need an epsilon above 0.")
    longest = max((length for length in source.chain.ctau_unit_cm if math.isfinite(length)), default=0.0)
    smallest = max(_SMALLEST_EPSILON, math.sqrt(longest / _FARTHEST_CM))
    if source.epsilon < smallest:
        raise InvalidInput(
            f"epsilon = {source.epsilon:g}: vertices of events would be farther away than numbers go; expected at least {smallest:.3g}."
        )
    if not source.chain.modes:
        raise InvalidInput("the mediator has no open decay to dark fermions: there are no events to write.")


def _unwritable(target: Path, error: OSError) -> InvalidInput:
    reason = (error.strerror or str(error)).lower()
    return InvalidInput(f"output file '{target}' cannot be written: {reason}; choose another with -o.")


def _tell(error: BaseException, kept: str, target: Path) -> None:
    """Raise an error anew with the sentence about what was kept, where its kind has a place for it."""
    if isinstance(error, KeyboardInterrupt):
        raise KeyboardInterrupt(kept) from None
    if isinstance(error, OSError):
        raise OSError(error.errno, f"{error.strerror or error}; {kept}", str(target)) from error
    if isinstance(error, PorticoError):
        raise type(error)(f"{str(error).rstrip('.')}; {kept}.") from error
    error.add_note(kept)


def _parts_folder(target: Path) -> Path:
    return target.with_name(target.name + ".parts")


class _Parts:
    """The folder of finished chunks, locked as long as its context lasts."""

    def __init__(self, target: Path, writer: ModuleType, *, overwrite: bool, found: bool = False) -> None:
        self.folder = _parts_folder(target)
        self.finished: list[Path] = []
        self.events = 0
        self._joined = False
        self._target, self._writer, self._overwrite, self._found = target, writer, overwrite, found
        self._lock, self._ours = -1, False

    def __enter__(self) -> _Parts:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder, os.O_RDONLY)
            self._acquire()
            self._ours = True
            self._start()
        except InvalidInput:
            self._release()
            raise
        except OSError as error:
            self._release()
            raise _unwritable(self._target, error) from None
        return self

    def _acquire(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidInput(
                f"output file '{self._target}' is being written by another run; choose another, or wait for its end."
            ) from None
        except OSError:  # a file system without locks
            pass

    def _start(self) -> None:
        """Take over what is there, or see that nothing is."""
        left = sorted(self.folder.glob(f"part-*{self._target.suffix}"))
        if self._found:
            self.finished = left
        elif left and not self._overwrite:
            raise InvalidInput(
                f"folder '{self.folder}' holds events of a run that was killed; keep them with portico.events.join_parts('{self._target}') "
                "in Python, or replace them with --overwrite."
            )
        else:
            for path in left:
                path.unlink()
        probe = self.folder / ".writing"
        probe.touch()
        probe.unlink()

    def add(self, content: Any, events: int) -> None:
        """Write a whole file of one chunk."""
        path = self.folder / f"part-{len(self.finished):06d}{self._target.suffix}"
        unfinished = self.folder / ".writing"
        with unfinished.open("wb") as file:
            file.write(content)
        unfinished.replace(path)
        self.finished, self.events = [*self.finished, path], self.events + events

    def join(self) -> None:
        """Join the finished chunks to the file."""
        joined = self.finished[0]
        if len(self.finished) > 1:
            joined = self.folder / ".joined"
            with joined.open("wb") as file:
                self._writer.join(self.finished, file)
        if self._target.exists() and not self._overwrite:
            raise FileExistsError(17, "a file of this name came up while events were made", str(self._target))
        joined.replace(self._target)
        self._joined = True

    def keep(self, count: int) -> str:
        """Join what is finished after an error; where that fails too, leave the parts. Return where it is, in words."""
        told = f"the first {self.events} of {count} events are in"
        if not self.finished:
            return "no event was finished"
        (self.folder / ".writing").unlink(missing_ok=True)
        if not self._joined:
            try:
                self.join()
            except (Exception, KeyboardInterrupt):
                return f"{told} the folder '{self.folder}', in whole files of {self._target.suffix[1:]}"
        return f"{told} '{self._target}'"

    def _release(self) -> None:
        """Remove what is not whole, and the parts if they are joined; unlock the folder, and remove it if it is empty."""
        with suppress(OSError):  # parts that stay
            if self._ours:
                for path in [
                    self.folder / ".writing",
                    self.folder / ".joined",
                    *(self.finished if self._joined else []),
                ]:
                    path.unlink(missing_ok=True)
                self.folder.rmdir()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()
