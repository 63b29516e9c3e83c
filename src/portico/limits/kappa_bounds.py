r"""Bounds on the mixing of a Z' from searches that do not look for the millicharged particle, in the parameter of a picture.

A millicharged particle that comes with a Z' is bounded by what the mixing does elsewhere: mono-photon searches for an invisible Z',
electroweak observables, the invisible width of the Z. Each bound is one on the mixing (kappa); in a picture of charge over mass it is
a line that moves with the dark charge. Whatever the model, it offers :class:`portico.electroweak.mixing_effects.MixingEffects`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..constants import SIN2_THETA_W
from ..electroweak.mixing_effects import MixingEffects
from ..errors import InvalidInput, unknown_name
from ..models import model_class
from ..models.base import Model
from ..precision import electroweak
from .curves import Curve, curve

if TYPE_CHECKING:
    import xarray

_CL = 0.95
_SEED_B_FACTORY, _SEED_B_FACTORY_GEV = 1e-3, 8.0
_SMALLEST, _LARGEST, _PER_DECADE = 1e-7, 0.95, 24
AXES = ("mass", "zprime_mass", "zprime_mass_ratio")
"""What a picture may be over for bounds to be drawn."""


class MixingBound(NamedTuple):
    """A bound: its name and words, and how many times over it is broken (excluded from 1 on; nan where it says nothing).

    ``in_gap`` tells whether a mixing for which Z and Z' repel each other too much counts as excluded.
    """

    name: str
    title: str
    cl: float
    sources: tuple[str, ...]
    note: str
    strength: Callable[[MixingEffects], Any]
    in_gap: bool = False


def _mono_photon(effects: MixingEffects) -> Any:
    visible = curve("babar_mono_photon_2017").at(np.asarray(effects.zprime_mass))
    return np.asarray(effects.zprime_epsilon) * np.sqrt(np.asarray(effects.invisible_ratio)) / visible


def _b_factory_seed(effects: MixingEffects) -> Any:
    strength = np.asarray(effects.zprime_epsilon) / np.sqrt(1 - SIN2_THETA_W) / _SEED_B_FACTORY
    invisible = np.asarray(effects.invisible_ratio) > 0.5
    return np.where((np.asarray(effects.zprime_mass) < _SEED_B_FACTORY_GEV) & invisible, strength, np.nan)


def _electroweak(effects: MixingEffects) -> Any:
    mass = np.asarray(effects.zprime_mass)[
        0
    ]  # that of the smallest mixing: it moves only where masses are those without mixing
    different, place = np.unique(mass, return_inverse=True)
    return np.abs(np.asarray(effects.eta)) / np.asarray(electroweak.eta_bound(different))[place].reshape(mass.shape)


def _invisible_width(effects: MixingEffects) -> Any:
    return np.sqrt(np.asarray(effects.z_dark_width) / electroweak.allowed_invisible_width_gev())


_BOUNDS = (
    MixingBound("b_factory_invisible", "BaBar mono-photon, invisible Z'", 0.90, ("arXiv:1702.03327",),
                "the published curve for a dark photon, times the root of the branching ratio of the Z' to the dark sector", _mono_photon),
    MixingBound("b_factory_invisible_seed", r"B factories, $\epsilon_{Z'}/\cos\theta_W < 10^{-3}$", np.nan, ("arXiv:1506.04760",),
                "as in the source, for masses of the Z' below 8 GeV, where it decays to the dark sector; confidence level not stated", _b_factory_seed),
    MixingBound("electroweak_fit", r"Electroweak fit ($M_W$, $\Gamma_Z$, $\sin^2\theta_{eff}$)", _CL, electroweak.SOURCES,
                "chi squared of three observables, whose numbers are unverified; from the shift at tree level", _electroweak, in_gap=True),
    MixingBound("z_invisible_width", "Invisible width of the $Z$", _CL, ("arXiv:hep-ex/0509008",),
                "width of the Z to the dark sector below 2.0 MeV, which is unverified; exact couplings", _invisible_width),
)  # fmt: skip
_SEED_KAPPA = MixingBound("electroweak_seed", r"Electroweak, $\kappa < 10^{-2}$", np.nan, ("arXiv:1506.04760",),
                          "as in the source, whatever the masses; confidence level not stated", lambda effects: np.nan)  # fmt: skip
NAMES = (*(bound.name for bound in _BOUNDS), _SEED_KAPPA.name)
"""Names of the bounds."""
SHOWN = ("b_factory_invisible", "electroweak_fit", "z_invisible_width")
"""Those that a picture shows unasked."""


def largest_mixing(model: Model, name: str) -> np.ndarray:
    r"""Return the largest mixing that a bound allows at each point of a model, infinite where it says nothing, 0 where it allows none.

    Between 1e-7 and 0.95, next above the mixing that suits the bound best (which is the smallest, unless two mixings cancel). Found
    on a grid of 24 points per decade, between two of which the strength is taken as a power of the mixing: at leading order it is.

    Parameters
    ----------
    model : Model   with a method ``mixing_effects``; its own mixing does not enter
    name : str      one of :data:`NAMES`

    Returns
    -------
    array           of the shape of the model's other parameters

    Raises UnknownName for the bound, InvalidInput for a model without such effects.

    Source: each bound says its own in :func:`bound`.
    """
    effects = _effects_of(model)
    if name == _SEED_KAPPA.name and model.MIXING != "kappa":  # type: ignore[attr-defined]
        return np.full(np.shape(effects(np.array(1e-3)).zprime_mass), np.inf)
    if name == _SEED_KAPPA.name:
        point = effects(np.array(1e-3))
        angle = getattr(model, "theta_w_dark", np.pi / 2)
        return np.asarray(electroweak.kappa_bound(np.asarray(point.zprime_mass), angle, method="seed"))
    chosen = bound(name)
    grid = np.geomspace(_SMALLEST, _LARGEST, int(_PER_DECADE * np.log10(_LARGEST / _SMALLEST)) + 1)
    shape = np.shape(effects(np.array(1e-3)).zprime_mass)
    found = effects(grid.reshape(-1, *(1 for _ in shape)))
    strength = np.broadcast_to(chosen.strength(found), (grid.size, *shape)).reshape(grid.size, -1)
    gap = np.broadcast_to(np.isnan(np.asarray(found.eta)), (grid.size, *shape)).reshape(grid.size, -1)
    strength = np.where(gap & chosen.in_gap, np.inf, strength)
    columns = np.arange(strength.shape[1])
    best = np.argmin(np.where(np.isnan(strength), np.inf, strength), axis=0)
    broken = (strength >= 1) & (np.arange(grid.size)[:, None] > best)
    after = np.argmax(broken, axis=0)
    before = np.maximum(after - 1, 0)
    low, high = strength[before, columns], strength[after, columns]
    found_end = broken.any(axis=0)
    usable = found_end & (low > 0) & (low < 1) & np.isfinite(high)  # there low < 1 <= high
    share = np.zeros(columns.size)
    share[usable] = -np.log(low[usable]) / np.log(high[usable] / low[usable])
    value = np.where(found_end, grid[before] * (grid[after] / grid[before]) ** share, np.inf)
    return np.where(strength[best, columns] >= 1, 0.0, value).reshape(shape)


def bound(name: str) -> MixingBound:
    """Return one bound by name; raises UnknownName with the nearest match. Source: said in the bound."""
    for each in (*_BOUNDS, _SEED_KAPPA):
        if each.name == name:
            return each
    raise unknown_name("bound on a mixing", name, NAMES)


def _effects_of(model: Model) -> Callable[[Any], MixingEffects]:
    if not hasattr(model, "mixing_effects"):
        raise InvalidInput(
            f"{model.NAME}: bounds on a mixing need a model with a Z' and millicharged particles (a method mixing_effects)."
        )
    effects: Callable[[Any], MixingEffects] = model.mixing_effects
    return effects


def largest_in(model: Model, name: str, parameter: str) -> np.ndarray:
    """Return the largest value that a bound allows of a parameter: the model's own mixing, or epsilon, the charge over e.

    Raises as :func:`largest_mixing`, and InvalidInput for another parameter.
    """
    mixing = largest_mixing(model, name)
    if parameter == model.MIXING:  # type: ignore[attr-defined]
        return mixing
    if parameter != "epsilon":
        raise InvalidInput(f"{model.NAME}: bounds on {parameter} cannot be told; expected {model.MIXING} or epsilon.")  # type: ignore[attr-defined]
    known = np.isfinite(mixing)
    return np.where(known, np.asarray(_effects_of(model)(np.where(known, mixing, 1e-3)).charge), np.inf)


def bounds_of(dataset: xarray.Dataset, names: tuple[str, ...] = SHOWN) -> list[Curve]:
    """Return the bounds on the mixing for the model of a reach over one mass, as curves of kind "bound" in its parameter.

    Where a bound says nothing there is no curve, or a shorter one: the longest run of points. Empty for models without a Z' that comes
    with millicharged particles, for several scanned parameters, and for other limits than those on the mixing or epsilon.

    Raises UnknownName for a name.
    """
    for name in names:
        bound(name)
    kind = model_class(dataset.attrs["model"])
    axes, parameter = [str(name) for name in dataset["n_intervals"].dims], dataset.attrs["parameter"]
    if (
        not hasattr(kind, "MIXING")
        or len(axes) != 1
        or axes[0] not in AXES
        or parameter not in (kind.MIXING, "epsilon")
    ):
        return []
    x = np.unique(np.asarray(dataset[axes[0]], dtype=float))
    fixed = dict(line.split("=", 1) for line in dataset.attrs["model_parameters"].split("\n") if line)
    given = {name: value if kind.PARAMETERS[name].choices else float(value) for name, value in fixed.items()}
    model = kind(**{**given, axes[0]: x})
    found = []
    for name in names:
        values = largest_in(model, name, parameter)
        values = np.broadcast_to(values, x.shape)
        start, stop = _longest_run(np.isfinite(values) & (values > 0))
        if stop - start >= 2:
            each = bound(name)
            found.append(
                Curve(
                    name=each.name, title=each.title, kind="bound", cl=each.cl, parameter=parameter, mass=x[start:stop],
                    value=values[start:stop], sources=each.sources, high=np.full(stop - start, np.inf),
                    applies_to="millicharged", note=each.note,
                )
            )  # fmt: skip
    return found


def _longest_run(good: np.ndarray) -> tuple[int, int]:
    """First and one past the last of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(int), [0]])))
    if not edges.size:
        return 0, 0
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    return int(starts[longest]), int(stops[longest])
