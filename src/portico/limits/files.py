"""Results on disk: the table of a reach, row by row as it is computed, its dataset and its provenance."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from ..errors import InvalidInput
from ..models import model_class
from ..models.base import Model
from ..precision import magnetic_moment as moment
from .curves import compared
from .kappa_bounds import bounds_of
from .problem import Block

if TYPE_CHECKING:
    import xarray

    from ..signatures.base import Search

FILES = ("reach.csv", "reach.nc", "reach.png", "reach.pdf", "survival.csv", "survival.nc", "provenance.json")
_PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "equinox", "xarray", "matplotlib", "particle")


def output_folder(path: str) -> Path:
    """Make a folder for results; raises InvalidInput where it cannot be written."""
    if not path.strip():
        raise InvalidInput("output folder: none is given; name one with -o.")
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".portico-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        reason = "it is a file" if isinstance(error, FileExistsError) else reason
        raise InvalidInput(
            f"output folder '{path}' cannot be written: {reason.lower()}; choose another with -o."
        ) from None
    return folder


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a name beside ``path`` to write to, renamed to ``path`` when the body ends well: no name bears half a file."""
    special = path.exists() and not path.is_file()  # /dev/stdout is written, not replaced
    if special or not os.access(path.parent, os.W_OK):
        yield path
        return
    part = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        yield part
        part.replace(path.resolve())
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        part.unlink(missing_ok=True)


def _locked(folder: Path) -> int:
    """Lock a folder for this process as long as the returned descriptor is open; raises InvalidInput where another has it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise InvalidInput(
            f"output folder '{folder}' is in use by another scan; choose another with -o, or wait for its end."
        ) from None
    except OSError:  # a file system without locks
        pass
    return descriptor


class ReachTable:
    """``reach.csv``: one row per scan point and interval, written block by block so that an interruption loses nothing.

    From :meth:`open` to the end of its context the folder is locked: a second scan into it is refused.
    """

    def __init__(self, folder: str, model: Model, scan: list[str], parameter: str) -> None:
        """Prepare for a scan over some parameters of a model; nothing is written before :meth:`open`."""
        self.path = Path(folder) / "reach.csv"
        self._folder = str(folder)
        self.points = 0
        self._names = scan
        self._file: TextIO | None = None
        self._lock: int | None = None
        self._head = [_column(name, model) for name in scan]
        self._head += [
            "interval",
            _column(parameter, model, "_low"),
            _column(parameter, model, "_high"),
            "n_intervals",
            "status",
        ]

    def open(self) -> None:
        """Make the folder and open the table, now that the input is known to be right; earlier results there are removed.

        Raises InvalidInput where the folder cannot be written, or another scan writes into it.
        """
        folder = output_folder(self._folder)
        self._lock = _locked(folder)
        for name in FILES:
            if (folder / name).is_dir():
                raise InvalidInput(f"output folder '{folder}': {name} is a folder there; choose another with -o.")
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        self._file = self.path.open("w", encoding="utf-8", newline="\n")
        self._file.write(",".join(self._head) + "\n")
        self._file.flush()

    def write(self, block: Block) -> None:
        """Append the points of a block."""
        if self._file is None:
            self.open()
        assert self._file is not None
        lines = []
        for k, status in enumerate(block.status):
            point = [_text(block.points[name][k]) for name in self._names]
            count = int(block.number[k])
            rows = [(str(i), _text(low), _text(high)) for i, (low, high) in enumerate(block.edges[k, :count])]
            for row in rows or [("", "", "")]:
                quoted = f'"{status}"' if "," in status else status
                lines.append(",".join([*point, *row, str(count), quoted]) + "\n")
        self._file.write("".join(lines))
        self.points += len(block.status)  # at once: closing flushes, so that an interruption here loses nothing
        self._file.flush()

    def verify(self) -> None:
        """Raise OSError where the table is no longer the one that was written."""
        assert self._file is not None
        written = os.fstat(self._file.fileno())
        if not self.path.exists() or not os.path.samestat(written, self.path.stat()):
            raise OSError(errno.ENOENT, "the table was removed or replaced during the scan", str(self.path))

    def __enter__(self) -> ReachTable:
        """Use as a context, so that the file is closed whatever happens."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file and unlock the folder."""
        if self._file is not None:
            self._file.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _column(name: str, model: Model, ending: str = "") -> str:
    """Head of a column: the parameter with its unit."""
    unit = model.PARAMETERS[name].unit if name in model.PARAMETERS else "1"
    return name + ending if unit == "1" else f"{name}{ending}_{unit.lower()}"


def _text(value: float) -> str:
    return format(float(value), ".10g")


def write_dataset(folder: Path, dataset: xarray.Dataset) -> Path:
    """Write ``reach.nc`` (netCDF 3, read by xarray and any netCDF tool)."""
    path = folder / "reach.nc"
    with whole(path) as part:
        dataset.to_netcdf(part, engine="scipy")
    return path


def write_survival(folder: Path, dataset: xarray.Dataset) -> list[Path]:
    """Write ``survival.csv``, one row per point and mixing, and ``survival.nc``: P of :func:`portico.limits.recast.survival_grid`."""
    axes = [str(name) for name in dataset["probability"].dims]
    units = {name: dataset[name].attrs["units"] for name in axes}
    head = [name if units[name] == "1" else f"{name}_{units[name].lower()}" for name in axes]
    columns = [a.ravel() for a in np.meshgrid(*(dataset[name].values for name in axes), indexing="ij")]
    columns += [dataset[name].values.ravel() for name in ("probability", "standard_error")]
    paths = [folder / "survival.csv", folder / "survival.nc"]
    with whole(paths[0]) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(",".join([*head, "probability", "standard_error"]) + "\n")
        file.writelines(",".join(map(_text, row)) + "\n" for row in zip(*columns, strict=True))
    with whole(paths[1]) as part:
        dataset.to_netcdf(part, engine="scipy")
    return paths


def write_provenance(
    folder: Path, dataset: xarray.Dataset, search: Search, command: list[str], *, magnetic_moment: str | None = None
) -> Path:
    """Write ``provenance.json``: versions, inputs, sources and the command; and what the picture compares with."""
    path = folder / "provenance.json"
    experiment = search.experiment
    content: dict[str, Any] = {
        "command": command,
        "versions": {
            "portico": dataset.attrs["portico_version"],
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
        "search": {
            "name": experiment.name,
            "file_sha256": experiment.sha256,
            "options": search.options,
            "entries": {key: entry._asdict() for key, entry in experiment.entries.items()},
        },
        "model": {"name": dataset.attrs["model"], "parameters": dataset.attrs["model_parameters"].split("\n")},
        "scan": {name: np.asarray(dataset[name]).tolist() for name in dataset["n_intervals"].dims},
        "parameter": dataset.attrs["parameter"],
        "cl": dataset.attrs["cl"],
        "method": dataset.attrs["method"],
        "kind": dataset.attrs["kind"],
        "background": dataset.attrs.get("background"),
        "required_events": None if dataset.attrs["published"] else dataset.attrs["required_events"],
        "published_limit": dataset.attrs["published"] or None,
        "background_uncertainty": dataset.attrs.get("background_uncertainty"),
        "uncertainties": dataset.attrs["uncertainties"],
        "seed": search.options.get("seed"),
        "comparison": _comparison(dataset, magnetic_moment),
        "sources": dataset.attrs["sources"].split("\n"),
    }
    with whole(path) as part:
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def _comparison(dataset: xarray.Dataset, magnetic_moment: str | None) -> dict[str, Any]:
    """Published limits and the data set of the magnetic moment, each with its CL where that is known, and its sources."""
    drawn = compared(dataset.attrs["parameter"], model_class(dataset.attrs["model"]).LIMITED_PARTICLE)
    with contextlib.suppress(Exception):  # the picture is without them then, which is told
        drawn += bounds_of(dataset)
    found: dict[str, Any] = {c.name: {"cl": c.cl if c.cl == c.cl else None, "sources": list(c.sources)} for c in drawn}
    if magnetic_moment is not None:
        entry = moment.data_set(magnetic_moment)
        found[entry.name] = {"cl": None, "sources": [*moment.SOURCES, entry.source]}
    return found
