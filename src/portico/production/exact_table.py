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
from ..numerics.grids import interpolate_cubic

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


def coordinates(
    one_minus_x: ArrayLike, energy: ArrayLike, mass: ArrayLike, lepton_mass: ArrayLike
) -> tuple[Array, Array, Array]:
    """Return ln(m/(E-m)), ln E and c. Source: the module."""
    smallest = jnp.asarray(lepton_mass) / energy
    ratio = jnp.minimum(jnp.asarray(mass) / energy, 1 - 1e-9)
    largest = LARGEST_MISSING * (1 - ratio)
    span = jnp.log(jnp.maximum(largest / smallest, 1 + 1e-9))
    return jnp.log(ratio / (1 - ratio)), jnp.log(energy), jnp.log(jnp.asarray(one_minus_x) / smallest) / span


def correction(
    table: ExactTable, one_minus_x: ArrayLike, energy: ArrayLike, mass: ArrayLike, lepton_mass: ArrayLike
) -> Float[Array, "..."]:
    r"""Return :math:`\beta_{l'}e^r`, the exact cross section over the ``ww`` one.

    Parameters
    ----------
    one_minus_x, energy, mass : arrays, shapes that broadcast to (..., 1, n)   the last axis but one is for the nuclei

    Returns
    -------
    array, shape (..., nuclei, n)

    Source: the module; good to 1% for 1 - x between m_l/E and 0.6 (1 - m/E), tested at random points.
    """
    ratio, log_energy, c = coordinates(one_minus_x, energy, mass, lepton_mass)
    a = (ratio - table.log_ratio[0]) / (table.log_ratio[1] - table.log_ratio[0])
    b = (log_energy - table.log_energy[0]) / (table.log_energy[1] - table.log_energy[0])
    row = jnp.arange(table.values.shape[0])[:, None]
    squared = 1 - (jnp.asarray(lepton_mass) / (jnp.asarray(one_minus_x) * energy)) ** 2
    velocity = jnp.where(squared > 0, jnp.sqrt(jnp.where(squared > 0, squared, 1.0)), 0.0)
    return velocity * jnp.exp(interpolate_cubic(table.values, row, (a, b, c)))
