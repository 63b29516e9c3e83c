r"""Files that hold tables of the exact emission cross section: those shipped with portico, and the user's own.

A file is an .npz with one array r of logarithms per element, the ends ``log_ratio`` and ``log_energy`` of its grid, and
``provenance``, a JSON text that says how it was made. The user's lie in the folder ``tables`` of
:func:`portico.registry.cache_folder`; ``portico tables`` makes and lists them.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .. import registry
from ..errors import DataError, OutOfValidity
from ..matter import materials

_SHIPPED = Path(__file__).parent
_ENDS = ("log_ratio", "log_energy")
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    MemoryError,
    RuntimeError,
)


class TableFile(NamedTuple):
    """What a file says of itself: what it holds, its ranges (GeV) and its measured relative error."""

    path: Path
    shipped: bool
    kind: str
    lepton: str
    form_factor: str
    elements: tuple[str, ...]
    energy: tuple[float, float]
    mass: tuple[float, float]
    points: tuple[int, int, int]
    error: float
    provenance: dict[str, Any]


def folder() -> Path:
    """Return the folder of the user's tables. Source: :func:`portico.registry.cache_folder`."""
    return registry.cache_folder() / "tables"


def _broken(path: Path, reason: str) -> DataError:
    return DataError(f"{path}: not a table of 'portico tables': {reason}; delete it or make it again.")


def arrays(path: Path, names: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
    """Return the arrays of a file, all or those named; raises DataError where it is no table. Source: the file."""
    try:
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError
            return {name: file[name] for name in (file.files if names is None else names)}
    except _UNREADABLE as error:
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"{path}: cannot be read: {error.strerror}.") from None
        if isinstance(error, KeyError):
            raise _broken(path, f"it has no array '{(names or ('provenance',))[0]}'") from None
        raise _broken(path, "the file is damaged or of another kind") from None


def _pair(content: Any) -> tuple[float, float]:
    low, high = (float("inf") if end is None else float(end) for end in content)
    if not 0 <= low < high:
        raise ValueError
    return low, high


def read(path: Path) -> TableFile:
    """Return what a file says of itself; raises DataError where it is no table. Source: its provenance."""
    path = Path(path)
    text = arrays(path, ("provenance",))["provenance"]
    try:
        made = json.loads(str(text))
        table = TableFile(
            path=path,
            shipped=path.parent == _SHIPPED,
            kind=str(made["kind"]),
            lepton=str(made["lepton"]),
            form_factor=str(made["form_factor"]),
            elements=tuple(map(str, made["elements"])),
            energy=_pair(made["energy_gev"]),
            mass=_pair(made["mass_gev"]),
            points=tuple(map(int, made["points"])),  # type: ignore[arg-type]
            error=float(made["largest_relative_error"]) + float(made["integration_error"]),
            provenance=made,
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        named = f" '{error.args[0]}'" if isinstance(error, KeyError) else ""
        raise _broken(path, f"its provenance lacks a usable entry{named}") from None
    if len(table.points) != 3 or min(table.points) < 4 or not 0 <= table.error < math.inf or not table.elements:
        raise _broken(path, "its provenance has numbers that make no table")
    return table


def values(table: TableFile) -> dict[str, np.ndarray]:
    """Return the arrays of a file, checked; raises DataError for one that is missing, misshapen or not finite.

    Source: the file.
    """
    content = arrays(table.path)
    for name in (*_ENDS, *table.elements):
        shape = (2,) if name in _ENDS else table.points
        if name not in content:
            raise _broken(table.path, f"it has no array '{name}'")
        if content[name].shape != shape or content[name].dtype.kind != "f":
            raise _broken(
                table.path, f"array '{name}' has shape {content[name].shape}, expected numbers of shape {shape}"
            )
        if not np.all(np.isfinite(content[name])):
            raise _broken(table.path, f"array '{name}' has entries that are not finite")
    if any(content[name][0] >= content[name][1] for name in _ENDS):
        raise _broken(table.path, "the ends of its grid do not rise")
    known = [list(map(float, materials.element(name))) for name in table.elements if name in materials.elements()]
    if table.provenance.get("nuclei") != known:
        raise _broken(table.path, "it was made with another charge or mass number of a nucleus")
    return content


@cache
def _shipped() -> tuple[TableFile, ...]:
    return tuple(read(path) for path in sorted(_SHIPPED.glob("exact_bremsstrahlung*.npz")))


def tables() -> tuple[list[TableFile], list[str]]:
    """Return all tables, shipped ones first, and a sentence for each of the user's files that is none.

    Source: the files.
    """
    found, problems = list(_shipped()), []
    for path in sorted(folder().glob("*.npz")):
        try:
            found.append(read(path))
        except DataError as error:
            problems.append(str(error))
    return found, problems


def find(
    elements: tuple[str, ...], form: str, energy: tuple[float, float], *, lepton: str = "e-", kind: str = "vector"
) -> TableFile:
    """Return the table for these nuclei and lepton energies (GeV), a shipped one if it covers them, else one
    that holds all masses, else the most exact.

    Raises OutOfValidity that names the range there is and the command that extends it; DataError where none suits
    and one of the user's files is unreadable.
    Source: the files.
    """
    found, problems = tables()
    alike = [t for t in found if (t.lepton, t.kind, t.form_factor) == (lepton, kind, form)]
    holding = [t for t in alike if set(elements) <= set(t.elements)]
    covering = [t for t in holding if t.energy[0] <= energy[0] and energy[1] <= t.energy[1]]
    if covering:
        return min(covering, key=lambda t: (not t.shipped, t.mass != (0.0, math.inf), t.error))
    make = f"make one with '{command(elements, form, energy, lepton=lepton, kind=kind)}', or use bremsstrahlung=ww."
    if problems:
        raise DataError(f"{problems[0]} No other table suits: {make}")
    if holding:
        ranges = " and ".join(f"{t.energy[0]:g} to {t.energy[1]:g} GeV" for t in holding)
        raise OutOfValidity(
            f"bremsstrahlung=exact: lepton energies from {energy[0]:.3g} to {energy[1]:.3g} GeV are asked; the tables for {', '.join(elements)} hold {ranges}: {make}"
        )
    names = [name for name in elements if not any(name in t.elements for t in alike)] or list(elements)
    known = "; ".join(f"{', '.join(t.elements)} with {t.lepton} and form factor {t.form_factor}" for t in found)
    raise OutOfValidity(
        f"bremsstrahlung=exact: no table for {', '.join(names)} with {lepton} and form factor {form}; there are {known}: {make}"
    )


def command(
    elements: tuple[str, ...], form: str, energy: tuple[float, float], *, lepton: str = "e-", kind: str = "vector"
) -> str:
    """Return the command that makes a table for these nuclei, with the energies rounded outward.

    Source: ``portico tables --help``.
    """
    low, high = _round(energy[0], math.floor), _round(energy[1], math.ceil)
    words = ["portico tables", *(f"--element {name}" for name in elements), f"--energy {low:g}GeV:{high:g}GeV"]
    words += [f"--lepton {lepton}"] * (lepton != "e-") + [f"--form-factor {form}"] * (form != "elastic")
    return " ".join(words + [f"--kind {kind}"] * (kind != "vector"))


def _round(value: float, towards: Any) -> float:
    """Two digits, downward or upward."""
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(towards(round(value / step, 9)) * step)


def make_folder(place: Path | None = None) -> None:
    """Make a folder of the user's tables; raises DataError where it cannot be written. Source: :func:`folder`."""
    place = folder() if place is None else place
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise DataError(
            f"the folder of tables '{place}' cannot be written: {str(error.strerror).lower()}; set PORTICO_CACHE to another."
        ) from None


def write(path: Path, arrays: dict[str, np.ndarray], provenance: dict[str, Any]) -> None:
    """Write a table so that at any moment the file is the old or the new one, whole.

    Source: the module.
    """
    handle, name = tempfile.mkstemp(prefix=path.stem, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, provenance=np.array(json.dumps(provenance)), **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)  # gone already, unless the write was cut short
