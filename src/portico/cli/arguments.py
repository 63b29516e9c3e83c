"""Arguments of the command line: KEY=VALUE pairs, scans, and the objects they make."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import units
from ..errors import InvalidInput, unknown_name

if TYPE_CHECKING:
    from ..models.base import Model
    from ..signatures.base import Search

_MOST_POINTS = 1_000_000


def pairs(items: list[str] | None, option: str) -> dict[str, str]:
    """Return KEY=VALUE items as a dictionary; raises InvalidInput for a missing '=' or a key given twice."""
    result: dict[str, str] = {}
    for item in items or []:
        key, sign, value = item.partition("=")
        key, value = key.strip(), value.strip()
        if not sign or not key or not value:
            raise InvalidInput(
                f"{option} {item!r}: expected KEY=VALUE, such as {option} {_EXAMPLE.get(option, 'mass=67MeV')}."
            )
        if key in result:
            raise InvalidInput(f"{option}: '{key}' is given twice.")
        result[key] = value
    return result


_EXAMPLE = {"--option": "bremsstrahlung=iww", "--scan": "mass=1MeV:1GeV:200", "--set": "mass=67MeV"}


def make_model(name: str, settings: list[str] | None) -> Model:
    """Return the model with its --set parameters."""
    from ..models import model_class

    chosen = model_class(name)
    values = pairs(settings, "--set")
    for key in values:
        if key not in chosen.PARAMETERS:
            raise unknown_name("parameter", key, chosen.PARAMETERS, where=f"model {name}")
    return chosen(**values)


def make_search(name: str, options: list[str] | None) -> Search:
    """Return the search with its --option choices."""
    from ..limits.front import search

    return search(name, **pairs(options, "--option"))


def scans(items: list[str] | None, model: Model) -> dict[str, Any]:
    """Return --scan arguments as arrays: NAME=LOW:HIGH:COUNT (logarithmic), ...:linear, or NAME=A,B,C."""
    import numpy as np

    result = {}
    for name, text in pairs(items, "--scan").items():
        specs = {key: spec for key, spec in model.PARAMETERS.items() if not spec.choices}
        if name not in specs:
            raise unknown_name("parameter to scan", name, specs, where=f"model {model.NAME}")
        where, unit = f"--scan {name}", specs[name].unit
        if ":" not in text:
            result[name] = np.array([units.convert(part.strip(), unit, where=where) for part in text.split(",")])
            if result[name].size < 2:
                raise InvalidInput(
                    f"{where}={text}: one point is no scan; give at least two, or use 'portico limit' with --set {name}={text}."
                )
            continue
        parts = [part.strip() for part in text.split(":")]
        if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] not in ("linear", "log")):
            raise InvalidInput(
                f"{where}={text}: expected LOW:HIGH:COUNT, LOW:HIGH:COUNT:linear or A,B,C, such as {name}=1MeV:1GeV:200."
            )
        low, high = (units.convert(part, unit, where=where) for part in parts[:2])
        result[name] = _range(where, text, low, high, parts[2], linear=parts[3:] == ["linear"])
    return result


def _range(where: str, text: str, low: float, high: float, count_text: str, *, linear: bool) -> Any:
    import numpy as np

    if not count_text.isascii() or not count_text.isdigit():
        raise InvalidInput(
            f"{where}={text}: '{count_text}' is not a number of points; expected a whole number, at least 2."
        )
    if len(count_text.lstrip("0")) > len(str(_MOST_POINTS)):
        raise InvalidInput(
            f"{where}={text}: {count_text[:30]} points are more than {_MOST_POINTS:,}; cut the scan into parts."
        )
    count = int(count_text)
    if count < 2:
        raise InvalidInput(f"{where}={text}: {count} point{'' if count == 1 else 's'} is no scan; expected at least 2.")
    if count > _MOST_POINTS:
        raise InvalidInput(f"{where}={text}: {count} points are more than {_MOST_POINTS:,}; cut the scan into parts.")
    if not low < high:
        raise InvalidInput(f"{where}={text}: the low end is not below the high end.")
    if linear:
        return np.linspace(low, high, count)
    if low <= 0:
        raise InvalidInput(
            f"{where}={text}: a logarithmic scan needs a low end above 0; add ':linear' for an even one."
        )
    return np.geomspace(low, high, count)


def probability(text: str, where: str) -> float:
    """Return a number or percentage given as text; raises InvalidInput."""
    value = units.convert(text, units.DIMENSIONLESS, where=where)
    if not math.isfinite(value):
        raise InvalidInput(f"{where}: '{text}' is not finite.")
    return value


def confidence(text: str) -> float:
    """Return --cl as a number; raises InvalidInput outside (0, 1)."""
    value = probability(text, "--cl")
    if not 0 < value < 1:
        raise InvalidInput(f"--cl {text}: expected a confidence level between 0 and 1, such as 0.9 or 90%.")
    return value
