"""Results on disk: the table of a reach, row by row as it is computed, its dataset and its provenance."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..models.base import Parameter
from .reach import Block

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

    def __init__(self, folder: Path, scan: dict[str, Parameter], parameter: str, unit: str) -> None:
        """Open the table and write its header; results of an earlier run in the folder are removed."""
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        self.path = folder / "reach.csv"
        self.points = 0
        self._names = list(scan)
        self._file = self.path.open("w", encoding="utf-8", newline="\n")
        scanned = [_column(name, spec.unit) for name, spec in scan.items()]
        edges = [_column(f"{parameter}_{end}", unit) for end in ("low", "high")]
        self._file.write(",".join([*scanned, "interval", *edges, "n_intervals", "status"]) + "\n")

    def write(self, block: Block) -> None:
        """Append the points of a block."""
        for k, status in enumerate(block.status):
            point = [_text(block.points[name][k]) for name in self._names]
            count = int(block.number[k])
            rows = [(str(i), _text(low), _text(high)) for i, (low, high) in enumerate(block.edges[k, :count])] or [
                ("", "", "")
            ]
            for row in rows:
                self._file.write(
                    ",".join([*point, *row, str(count), '"' + status + '"' if "," in status else status]) + "\n"
                )
        self._file.flush()
        self.points += len(block.status)

    def __enter__(self) -> ReachTable:
        """Use as a context, so that the file is closed whatever happens."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()


def _column(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name}_{unit.lower()}"


def _text(value: float) -> str:
    return format(float(value), ".10g")


def write_dataset(folder: Path, dataset: xarray.Dataset) -> Path:
    """Write ``reach.nc`` (netCDF 3, read by xarray and any netCDF tool)."""
    path = folder / "reach.nc"
    dataset.to_netcdf(path, engine="scipy")
    return path


def write_provenance(folder: Path, dataset: xarray.Dataset, search: Search, command: list[str]) -> Path:
    """Write ``provenance.json``: versions, inputs, sources and the command."""
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
        "seed": None,
        "sources": dataset.attrs["sources"].split("\n"),
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path
