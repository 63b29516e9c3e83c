"""Published limits as cited points, for comparison: ``limits/published/*.toml``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import registry, units


class Curve(NamedTuple):
    """A published limit: masses (GeV), values of the parameter, and where they come from."""

    name: str
    title: str
    kind: str
    cl: float
    parameter: str
    mass: np.ndarray
    value: np.ndarray
    sources: tuple[str, ...]


def curves(parameter: str = "epsilon") -> list[Curve]:
    """Return all published limits on a parameter that come with portico."""
    return [c for c in (curve(name) for name in registry.names("published limit")) if c.parameter == parameter]


def curve(name: str) -> Curve:
    """Return one published limit by name; raises UnknownName with the nearest match."""
    path = registry.path_of("published limit", name)
    content = registry.read_toml(path)
    mass, value = content["points"]["mass"], content["points"][content["parameter"]]
    scale = units.convert(f"1 {mass['unit']}", units.ENERGY, where=path.name)
    return Curve(
        name=name,
        title=content["title"],
        kind=content["kind"],
        cl=units.convert(content["cl"], units.DIMENSIONLESS, where=path.name),
        parameter=content["parameter"],
        mass=np.array(mass["value"], dtype=float) * scale,
        value=np.array(value["value"], dtype=float),
        sources=tuple(content["sources"]),
    )
