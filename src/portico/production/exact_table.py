r"""The exact cross section of l N -> l N X from a table: its ratio to the Weizsaecker-Williams form.

.. math:: \frac{d\sigma}{dx} = \beta_{l'}\,e^{r(\ln\frac{m}{E-m},\ \ln E,\ c)}\,\frac{d\sigma}{dx}\Big|_\mathtt{ww}, \qquad
          c = \frac{\ln[(1-x)E/m_l]}{\ln[(1-x)_\mathrm{max}E/m_l]}, \qquad (1-x)_\mathrm{max} = 0.6\,(1 - m/E)

with the velocity of the recoiling lepton taken out, so that r is smooth up to the end of the spectrum. Tables for electrons and
positrons on iodine and caesium ship with portico; ``portico tables`` makes others (:mod:`portico.production.table_files`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..errors import OutOfValidity
from ..numerics.grids import contract_first, interpolate_two
from . import table_files

LARGEST_MISSING = 0.6
"""Largest 1 - x of the table over 1 - m/E."""


class ExactTable(NamedTuple):
    """Logarithms r per nucleus on an even grid in ln(m/(E-m)), ln E and c, and the ends of the first two.

    ``mass`` is the range of masses (GeV) that it holds, ``error`` its measured relative error.
    """

    values: Float[Array, "nuclei a b c"]
    log_ratio: Float[Array, "2"]
    log_energy: Float[Array, "2"]
    mass: Float[Array, "2"]
    error: Float[Array, ""]


def load(
    elements: tuple[str, ...],
    form: str,
    lowest_energy: float,
    highest_energy: float,
    *,
    lepton: str = "e-",
    kind: str = "vector",
) -> ExactTable:
    """Return the table for a lepton (either charge) of these energies (GeV) on these nuclei, one row each.

    A shipped table comes first, then the user's. Raises OutOfValidity where no table holds a nucleus, a form factor or the
    range of energies, with the command that makes one; DataError where the file is damaged.
    Source: the files of :func:`portico.production.table_files.tables`.
    """
    found = table_files.find(elements, form, (lowest_energy, highest_energy), lepton=lepton, kind=kind)
    content = table_files.values(found)
    rows = np.stack([content[name].astype(float) for name in elements])
    return ExactTable(rows, content["log_ratio"], content["log_energy"], np.array(found.mass), np.float64(found.error))


def check_mass(table: ExactTable, mass: Any) -> None:
    """Raise OutOfValidity for a mass (GeV) beyond the range of the table. Source: its provenance."""
    low, high = np.asarray(table.mass)
    outside = np.asarray(mass)[(np.asarray(mass) < low) | (np.asarray(mass) > high)]
    if outside.size:
        raise OutOfValidity(
            f"bremsstrahlung=exact: mass {outside.ravel()[0]:.4g} GeV is outside the table, which holds {low:.4g} to {high:.4g} GeV; make one with a wider --mass (see 'portico tables'), or use bremsstrahlung=ww."
        )


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
