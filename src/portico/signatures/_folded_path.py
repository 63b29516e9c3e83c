"""Path length of a beam in its target, folded when it is first asked for: plain, with photons, with moving electrons."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from ..flux import Flux
from ..matter import atomic_electrons
from ..matter.materials import Material
from ..numerics import tables
from ..transport import electron_motion, path_length, radiative_path

Paths = tuple[Callable[[], path_length.PathLength], Callable[[], path_length.PathLength]]


class Fold(NamedTuple):
    """What a path length is folded from."""

    flux: Flux
    edges: np.ndarray
    track: tables.Table
    radiation_length_cm: float
    minimum_fraction: float
    electron: float


def paths(
    fold: Fold, target: Material, options: dict[str, str], *, orders: radiative_path.Orders = radiative_path.ORDERS
) -> Paths:
    """Return the path length for annihilation as the options want it, and the one without photons for electrons at rest.

    Both are folded when they are first called: by then the compiler has other work beside it.
    """
    plain = cache(partial(_plain_path, fold))
    return cache(partial(_path, fold, plain, target, options, orders)), plain


def _plain_path(fold: Fold) -> path_length.PathLength:
    return path_length.path_length(*fold[:5], energy_gain=fold.electron)


def _path(
    fold: Fold,
    plain: Callable[[], path_length.PathLength],
    target: Material,
    options: dict[str, str],
    orders: radiative_path.Orders,
) -> path_length.PathLength:
    if "radiative_annihilation" in options["channels"].split(","):
        edges = radiative_path.radiative_edges(fold.edges, fold.electron)
        path = radiative_path.radiative_path_length(
            fold.flux, edges, *fold[2:5], electron_mass=fold.electron, orders=orders
        )
    else:
        path = plain()
    return (
        electron_motion.smeared(path, atomic_electrons.motion(target)) if options["electron_motion"] == "on" else path
    )
