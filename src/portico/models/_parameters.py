"""Parameters that several models share, with their ranges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from .base import Parameter, read_parameter

if TYPE_CHECKING:
    from .base import Model, Value

HEAVIEST_GEV = 40.0
"""End of the mass range: the hadronic ratio ends here, and Z exchange is neglected."""
EITHER_LIGHTEST = (("dark_matter_mass", "dark_matter_mass_ratio"),)
MEDIATOR = {
    "mass": Parameter("GeV", "mass of the mediator Z'", "none", 0.0, HEAVIEST_GEV, low_open=True, symbol=r"$m_{Z'}$"),
    "epsilon": Parameter("1", "kinetic mixing: coupling to charge Q is epsilon e Q", "none", 0.0, 1.0,
                         limit_range=(1e-6, 1.0), source="arXiv:2302.05410", symbol=r"$\epsilon$"),
    "alpha_dark": Parameter("1", "dark fine-structure constant g_D^2/4pi", "none", 0.0, 4 * math.pi, symbol=r"$\alpha_D$",
                            reason=" (4 pi, where g_D = 4 pi ends perturbation theory)"),
}  # fmt: skip
HEAVIEST_PARTICLE_GEV = 1e4
"""End of the mass range of millicharged particles."""
LIGHTEST_PARTICLE_GEV = 1e-6
"""Its start: 1 keV, below which stars and the early universe bound charges far below what colliders see."""
SMALLEST = 1e-6
"""Start of the ranges of couplings over e and of ratios of masses, far below anything of use: formulas hold from there on."""
SPLITTING = Parameter("1", "", "none", 0.0, 1e3)


def millicharged_particle(alpha: str) -> dict[str, Parameter]:
    """Mass and charge of a millicharged particle, and the fine-structure constant with this default."""
    return {
        "mass": Parameter("GeV", "mass of the millicharged particle chi", "none", LIGHTEST_PARTICLE_GEV, HEAVIEST_PARTICLE_GEV, symbol=r"$m_\chi$",
                          reason=" (1 keV: lighter ones stars make, not colliders)"),
        "epsilon": Parameter("1", "charge of chi over e", "none", 0.0, 1.0, limit_range=(1e-6, 1.0), source="arXiv:1506.04760 eq. (44)",
                             symbol=r"$\epsilon$"),
        "alpha": Parameter("1", "fine-structure constant of the couplings", alpha, SMALLEST, 1.0, source="PDG 2024"),
    }  # fmt: skip


def lightest(name: str, what: str, default: str) -> dict[str, Parameter]:
    """Mass of the lightest fermion, and its ratio to that of the mediator."""
    return {
        name: Parameter("GeV", f"{what}; stays when the mass is scanned", "none", 0.0, 1e3, low_open=True, symbol="$m_1$"),
        f"{name}_ratio": Parameter("1", "m_1 / mass; follows a scanned mass", default, 0.0, 1e3, low_open=True, symbol=r"$m_1/m_{Z'}$"),
    }  # fmt: skip


def lightest_mass(model: Model, name: str, ratio: str) -> Value:
    """Mass of the lightest fermion in GeV, from the mass or from the ratio."""
    if getattr(model, name) is not None:
        return getattr(model, name)
    model.require("mass", ratio)
    return getattr(model, ratio) * model.mass  # type: ignore[attr-defined]


def one_number(model: str, name: str, value: Any) -> float:
    """A real mass of a Lagrangian in GeV, of any sign; raises InvalidInput."""
    array = read_parameter(model, name, Parameter("GeV", name, "none", -1e6, 1e6), value)
    if array is None or array.ndim:
        raise InvalidInput(f"{model}: {name} must be one number in GeV; given {value!r}.")
    return float(array)


def refuse_derived(model: str, given: Mapping[str, Any], derived: Iterable[str], origin: str) -> None:
    """Raise InvalidInput where a parameter is given that follows from something else, such as "the mass matrix"."""
    twice = [name for name in derived if name in given]
    if twice:
        raise InvalidInput(f"{model}: {twice[0]} follows from {origin}; expected it to be left out.")


def one_complex(model: str, name: str, value: Any) -> complex:
    """An entry of a mass matrix in GeV, real, complex or text with a unit; raises InvalidInput."""
    if isinstance(value, complex | np.complexfloating):
        if not np.isfinite(value):
            raise InvalidInput(f"{model}: {name} = {value!r} is not finite.")
        return complex(value)
    return complex(one_number(model, name, value))
