"""Names come from files: what lies in a room's folder is known, nothing else is listed anywhere."""

from __future__ import annotations

import importlib
import os
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import DataError, unknown_name

_PACKAGE = Path(__file__).parent
_LARGEST = 10_000_000
_ROOMS = {"model": ("models", ".py"), "signature": ("signatures", ".py"), "search": ("experiments", ".toml"),
          "published limit": ("limits/published", ".toml"),
          "reproduction": ("reproductions", ".py")}  # fmt: skip


def names(kind: str) -> list[str]:
    """Return the names of all files of a kind: "model", "signature", "search", "published limit" or "reproduction".

    Files whose name starts with an underscore are helpers of others and bear no public name.
    """
    folder, suffix = _ROOMS[kind]
    return sorted(
        path.stem
        for path in (_PACKAGE / folder).glob(f"*{suffix}")
        if not path.stem.startswith("_") and path.stem != "base"
    )


def path_of(kind: str, name: str) -> Path:
    """Return the file that bears this name; raises UnknownName with the nearest match."""
    if name not in names(kind):
        raise unknown_name(kind, name, names(kind))
    folder, suffix = _ROOMS[kind]
    return _PACKAGE / folder / f"{name}{suffix}"


def load(kind: str, name: str) -> ModuleType:
    """Import the module that bears this name ("model", "signature" or "reproduction"); raises UnknownName with the nearest match."""
    path_of(kind, name)
    return importlib.import_module(f"portico.{_ROOMS[kind][0]}.{name}")


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; raises DataError with file, place and reason where it cannot be read."""
    return parse_toml(path, read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """Return the content of a file of the user's; raises DataError where it cannot be read or is no file of facts by its size."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(content) > _LARGEST:
        raise DataError(f"{path}: larger than {_LARGEST // 10**6} MB; expected a TOML file of a few pages.")
    return content


def parse_toml(path: Path, content: bytes) -> dict[str, Any]:
    """Return the content of a TOML file; raises DataError with file, place and reason where it is none."""
    try:
        return tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path}: not valid TOML: {error}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a text file in UTF-8; expected TOML.") from None
    except (RecursionError, ValueError) as error:
        raise DataError(f"{path}: not usable TOML: {error}.") from None


def cache_folder() -> Path:
    """Return the folder in which portico keeps what it made for this user: PORTICO_CACHE, or that of the system."""
    if chosen := os.environ.get("PORTICO_CACHE"):
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("portico")
