"""Results on disk: the table of a reach, row by row as it is computed, its dataset and its provenance."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from ..errors import InvalidInput
from ..models.base import Model
from .curves import curves
from .problem import Block

if TYPE_CHECKING:
    import xarray

    from ..signatures.base import Search

FILES = ("reach.csv", "reach.nc", "reach.png", "reach.pdf", "provenance.json")
_PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "equinox", "xarray", "matplotlib", "particle")


def output_folder(path: str) -> Path:
    """Make a folder for results; raises InvalidInput where it cannot be written."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".portico-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InvalidInput(
            f"output folder '{path}' cannot be written: {(error.strerror or str(error)).lower()}; choose another with -o."
        ) from None
    return folder


class ReachTable:
    """``reach.csv``: one row per scan point and interval, written block by block so that an interruption loses nothing."""

    def __init__(self, folder: str, model: Model, scan: list[str], parameter: str) -> None:
        """Prepare for a scan over some parameters of a model; nothing is written before :meth:`open`."""
        self.path = Path(folder) / "reach.csv"
        self.points = 0
        self._names = scan
        self._file: TextIO | None = None
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

        Raises InvalidInput where the folder cannot be written.
        """
        folder = output_folder(str(self.path.parent))
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        self._file = self.path.open("w", encoding="utf-8", newline="\n")
        self._file.write(",".join(self._head) + "\n")

    def write(self, block: Block) -> None:
        """Append the points of a block."""
        if self._file is None:
            self.open()
        assert self._file is not None
        for k, status in enumerate(block.status):
            point = [_text(block.points[name][k]) for name in self._names]
            count = int(block.number[k])
            rows = [(str(i), _text(low), _text(high)) for i, (low, high) in enumerate(block.edges[k, :count])]
            for row in rows or [("", "", "")]:
                quoted = f'"{status}"' if "," in status else status
                self._file.write(",".join([*point, *row, str(count), quoted]) + "\n")
        self._file.flush()
        self.points += len(block.status)

    def __enter__(self) -> ReachTable:
        """Use as a context, so that the file is closed whatever happens."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _column(name: str, model: Model, ending: str = "") -> str:
    """Head of a column: the parameter with its unit."""
    unit = model.PARAMETERS[name].unit if name in model.PARAMETERS else "1"
    return name + ending if unit == "1" else f"{name}{ending}_{unit.lower()}"


def _text(value: float) -> str:
    return format(float(value), ".10g")


def write_dataset(folder: Path, dataset: xarray.Dataset) -> Path:
    """Write ``reach.nc`` (netCDF 3, read by xarray and any netCDF tool)."""
    path = folder / "reach.nc"
    dataset.to_netcdf(path, engine="scipy")
    return path


def write_provenance(folder: Path, dataset: xarray.Dataset, search: Search, command: list[str]) -> Path:
    """Write ``provenance.json``: versions, inputs, sources and the command; and the published limits of the picture."""
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
            "file_sha256": hashlib.sha256(Path(experiment.path).read_bytes()).hexdigest(),
            "options": search.options,
            "entries": {key: entry._asdict() for key, entry in experiment.entries.items()},
        },
        "model": {"name": dataset.attrs["model"], "parameters": dataset.attrs["model_parameters"].split("\n")},
        "scan": {name: np.asarray(dataset[name]).tolist() for name in dataset["n_intervals"].dims},
        "parameter": dataset.attrs["parameter"],
        "cl": dataset.attrs["cl"],
        "method": dataset.attrs["method"],
        "kind": dataset.attrs["kind"],
        "background": dataset.attrs["background"],
        "required_events": dataset.attrs["required_events"],
        "background_uncertainty": dataset.attrs["background_uncertainty"],
        "uncertainties": dataset.attrs["uncertainties"],
        "seed": None,
        "comparison": {c.name: {"cl": c.cl, "sources": list(c.sources)} for c in curves(dataset.attrs["parameter"])},
        "sources": dataset.attrs["sources"].split("\n"),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path
