r"""The exact cross section of l N -> l N V from a table: its ratio to the Weizsaecker-Williams form.

.. math:: \frac{d\sigma}{dx} = \beta_{l'}\,e^{r(\ln\frac{m}{E-m},\ \ln E,\ c)}\,\frac{d\sigma}{dx}\Big|_\mathtt{ww}, \qquad
          c = \frac{\ln[(1-x)E/m_l]}{\ln[(1-x)_\mathrm{max}E/m_l]}, \qquad (1-x)_\mathrm{max} = 0.6\,(1 - m/E)

with the velocity of the recoiling lepton taken out, so that r is smooth up to the end of the spectrum. The table ships with
portico; ``scripts/make_exact_bremsstrahlung.py`` makes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..errors import OutOfValidity
from ..numerics.grids import contract_first, interpolate_two

FILE = Path(__file__).with_name("exact_bremsstrahlung.npz")
LARGEST_MISSING = 0.6
"""Largest 1 - x of the table over 1 - m/E."""


class ExactTable(NamedTuple):
    """Logarithms r per nucleus on an even grid in ln(m/(E-m)), ln E and c, and the ends of the first two."""

    values: Float[Array, "nuclei a b c"]
    log_ratio: Float[Array, "2"]
    log_energy: Float[Array, "2"]
    error: Float[Array, ""]


@cache
def _content() -> dict[str, Any]:
    with np.load(FILE) as file:
        return {name: file[name] for name in file.files}


def provenance() -> dict[str, Any]:
    """Return how the shipped table was made. Source: ``exact_bremsstrahlung.npz``."""
    return json.loads(str(_content()["provenance"]))


def load(elements: tuple[str, ...], form: str, lowest_energy: float, highest_energy: float) -> ExactTable:
    """Return the table for electrons and positrons on these nuclei, one row each.

    Raises OutOfValidity where the table lacks a nucleus, a form factor or the range of energies.
    Source: ``exact_bremsstrahlung.npz``.
    """
    made = provenance()
    missing = [name for name in elements if name not in made["elements"]]
    low, high = made["energy_gev"]
    if missing or form != made["form_factor"]:
        wanted = f"nuclei {', '.join(missing)}" if missing else f"form factor {form}"
        raise OutOfValidity(
            f"bremsstrahlung=exact: no table for {wanted}; it holds {', '.join(made['elements'])} with form factor {made['form_factor']}. Use bremsstrahlung=ww."
        )
    if lowest_energy < low or highest_energy > high:
        raise OutOfValidity(
            f"bremsstrahlung=exact: lepton energies from {lowest_energy:.3g} to {highest_energy:.3g} GeV are asked; the table holds {low:g} to {high:g} GeV. Use bremsstrahlung=ww."
        )
    content = _content()
    values = np.stack([content[name].astype(float) for name in elements])
    return ExactTable(values, content["log_ratio"], content["log_energy"], np.float64(made["largest_relative_error"]))


class MassTable(NamedTuple):
    """An :class:`ExactTable` at one mass: logarithms r per nucleus on an even grid in ln E and c."""

    values: Float[Array, "nuclei b c"]
    log_energy: Float[Array, "2"]


def at_mass(table: ExactTable, mass: ArrayLike) -> MassTable:
    """Return the table at one mass (GeV), interpolated in ln(m/(E-m)) for each energy of its grid.

    Source: the module.
    """
    low, high = table.log_energy[0], table.log_energy[1]
    energy = jnp.exp(low + (high - low) * np.linspace(0, 1, table.values.shape[2]))
    ratio = jnp.minimum(jnp.asarray(mass) / energy, 1 - 1e-9)
    place = (jnp.log(ratio / (1 - ratio)) - table.log_ratio[0]) / (table.log_ratio[1] - table.log_ratio[0])
    return MassTable(contract_first(table.values, place), table.log_energy)


def largest_missing(energy: ArrayLike, mass: ArrayLike) -> Float[Array, "..."]:
    """Return the largest 1 - x of the table, 0.6 (1 - m/E). Source: the module."""
    return LARGEST_MISSING * (1 - jnp.minimum(jnp.asarray(mass) / energy, 1 - 1e-9))


def correction(
    table: MassTable, one_minus_x: ArrayLike, energy: ArrayLike, mass: ArrayLike, lepton_mass: ArrayLike
) -> Float[Array, "..."]:
    r"""Return :math:`\beta_{l'}e^r`, the exact cross section over the ``ww`` one, for the mass of the table.

    Parameters
    ----------
    one_minus_x, energy, mass : arrays, shapes that broadcast to (..., 1, n)   the last axis but one is for the nuclei

    Returns
    -------
    array, shape (..., nuclei, n)

    Source: the module; good to 1% for m below 0.5 E and 1 - x between m_l/E and 0.6 (1 - m/E), tested at random
    points; 2% at 0.6 E, a factor 2 at 0.9 E.
    """
    missing = jnp.asarray(one_minus_x)
    smallest = jnp.asarray(lepton_mass) / energy
    span = jnp.log(jnp.maximum(largest_missing(energy, mass) / smallest, 1 + 1e-9))
    second = (jnp.log(energy) - table.log_energy[0]) / (table.log_energy[1] - table.log_energy[0])
    row = jnp.arange(table.values.shape[0])[:, None]
    squared = 1 - (smallest / missing) ** 2
    velocity = jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1.0)), 0.0)
    return velocity * jnp.exp(interpolate_two(table.values, row, second, jnp.log(missing / smallest) / span))
