r"""Energy loss of a heavy charged particle by ionisation: the Bethe formula, with the density effect."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from jaxtyping import Array, ArrayLike, Float

from .. import particles, registry, units
from ..errors import unknown_name
from ..numerics.namespace import array_namespace

_FILE = Path(__file__).with_name("ionisation.toml")
BETHE_CONSTANT = 0.307075
"""4 pi N_A r_e^2 m_e c^2, MeV cm^2/mol. Source: PDG 2024, table 34.1."""
SLOWEST = 0.05
"""The smallest beta gamma at which the formula is used; below, dE/dx is held."""
_LN10 = 2.302585092994046


class Medium(NamedTuple):
    """What ionisation needs of a material: density (g/cm^3), Z/A (mol/g), mean excitation energy (GeV), density effect."""

    density: float
    charge_over_mass_number: float
    excitation_energy: float
    density_c: float
    density_x0: float
    density_x1: float
    density_a: float
    density_k: float


@cache
def medium(name: str) -> Medium:
    """Return the medium with this name; raises UnknownName with the nearest match. Source: ``ionisation.toml``."""
    table = registry.read_toml(_FILE)["media"]
    if name not in table:
        raise unknown_name("medium", name, sorted(table), where=_FILE.name)
    entries = table[name]
    wanted = {"density": units.DENSITY, "excitation_energy": units.ENERGY}
    where = f"{_FILE.name}: {name}"
    numbers = {
        key: units.convert(entries[key]["value"], wanted.get(key, units.DIMENSIONLESS), where=where)
        for key in Medium._fields
    }
    return Medium(**numbers)


def density_effect(beta_gamma: ArrayLike, of: Medium) -> Float[Array, "..."]:
    r"""Return the density effect delta of a medium that does not conduct.

    .. math:: \delta = 2\ln10\,x - \bar C + a\,(x_1-x)^k\ (x_0\le x<x_1), \qquad x = \log_{10}\beta\gamma

    without the last term above x_1, 0 below x_0.

    Source: At. Data Nucl. Data Tables 30 (1984) 261; PDG 2024, eq. (34.7).
    """
    xp = array_namespace(beta_gamma)
    x = xp.log10(beta_gamma)
    between = x < of.density_x1
    rest = of.density_a * xp.where(between, of.density_x1 - x, 1.0) ** of.density_k
    high = 2 * _LN10 * x - of.density_c + xp.where(between, rest, 0.0)
    return xp.where(x < of.density_x0, 0.0, high)


def stopping_power(beta_gamma: ArrayLike, mass: ArrayLike, of: Medium) -> Float[Array, "..."]:
    r"""Return the mean energy loss per column density of a heavy particle of unit charge, MeV cm^2/g.

    .. math:: -\frac{dE}{dX} = K\frac ZA\frac1{\beta^2}\Big[\tfrac12\ln\frac{2m_e\beta^2\gamma^2W}{I^2} - \beta^2 - \frac\delta2\Big],
              \qquad W = \frac{2m_e\beta^2\gamma^2}{1 + 2\gamma m_e/M + (m_e/M)^2}

    A charge Q e loses Q^2 times as much. Without shell and radiative corrections: good to a few % for beta gamma of
    0.1 to 1000. Below :data:`SLOWEST` the loss is held at its value there, where the formula ends.

    Parameters
    ----------
    beta_gamma : array, shape (...)   p/M
    mass : array, shape (...)         M, GeV, far above that of the electron
    of : Medium

    Returns
    -------
    array, shape (...)                MeV cm^2/g

    Source: PDG 2024, eqs. (34.4), (34.5).

    Examples
    --------
    >>> round(float(stopping_power(3.0, 0.10566, medium("standard_rock"))), 2)
    1.7
    """
    xp = array_namespace(beta_gamma, mass)
    bg = xp.maximum(xp.asarray(beta_gamma), SLOWEST)
    electron = particles.mass("e-")
    square = bg * bg
    beta2 = square / (1 + square)
    ratio = electron / xp.asarray(mass)
    most = 2 * electron * square / (1 + 2 * xp.sqrt(1 + square) * ratio + ratio**2)
    logarithm = 0.5 * xp.log(2 * electron * square * most / of.excitation_energy**2)
    bracket = logarithm - beta2 - 0.5 * density_effect(bg, of)
    return BETHE_CONSTANT * of.charge_over_mass_number / beta2 * bracket
