r"""Is a decay behind a beam dump seen? A calorimeter that is the target, a thin veto behind it, a hadron calorimeter behind that.

The mediator and what it decays to go along the beam; a decay at a distance z from where they are made is

* in the calorimeter: its pair adds to the energy that is seen there, which has to stay below the cut on missing energy;
* up to the end of the veto: its pair crosses the veto and enters the hadron calorimeter;
* up to the end of the hadron calorimeter: its pair is seen there;
* beyond: nothing is seen.

Source: selection of arXiv:1906.00176, thresholds as in a talk on arXiv:2302.05410.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float

from ..errors import unknown_name

MODES = ("invisible", "strict")
"""``invisible``: energies decide, as above; ``strict``: any decay before the end of the hadron calorimeter is seen."""


class Dump(NamedTuple):
    """Ends of the detectors, cm from where the mediator is made, along the beam; energies in GeV."""

    calorimeter_end: ArrayLike
    veto_end: ArrayLike
    hadron_calorimeter_end: ArrayLike
    beam_energy: ArrayLike
    largest_calorimeter_energy: ArrayLike
    veto_energy: ArrayLike
    hadron_calorimeter_energy: ArrayLike


def passes(
    depth: Float[Array, "... j"], energy: Float[Array, "... j"], mediator_energy: Float[Array, "..."], dump: Dump, *, mode: str
) -> Bool[Array, "..."]:  # fmt: skip
    r"""Whether an event passes, for decays at given depths.

    .. math:: E_0 - E_{A'} + \sum_\mathrm{cal} E_j < E_\mathrm{cut}, \qquad \sum_\mathrm{veto} E_j \le E_\mathrm{veto}, \qquad
              \sum_\mathrm{veto,\,hcal} E_j \le E_\mathrm{hcal}

    Parameters
    ----------
    depth : array, shape (..., j)          of decays, cm from where the mediator is made; inf where nothing decays
    energy : array, shape (..., j)         of their pairs, GeV
    mediator_energy : array, shape (...)   GeV
    mode : str                             one of MODES

    Source: the module.
    """
    in_calorimeter, before_veto = depth < dump.calorimeter_end, depth < dump.veto_end
    return _pass(in_calorimeter, before_veto, depth < dump.hadron_calorimeter_end, energy, mediator_energy, dump, mode)


def _pass(
    in_calorimeter: Array, before_veto_end: Array, before_end: Array, energy: Array, mediator_energy: Array, dump: Dump, mode: str
) -> Array:  # fmt: skip
    if mode not in MODES:
        raise unknown_name("veto of decays", mode, MODES)
    if mode == "strict":
        return ~jnp.any(before_end & (energy > 0), axis=-1)

    def deposited(where: Array) -> Array:
        return jnp.sum(jnp.where(where, energy, 0.0), axis=-1)

    seen = dump.beam_energy - mediator_energy + deposited(in_calorimeter)
    veto = deposited(before_veto_end & ~in_calorimeter)
    hadron = deposited(before_end & ~in_calorimeter)
    return (
        (seen < dump.largest_calorimeter_energy)
        & (veto <= dump.veto_energy)
        & (hadron <= dump.hadron_calorimeter_energy)
    )


def survival_steps(
    along: Float[Array, "n j"], energy: Float[Array, "n j"], mediator_energy: Float[Array, " n"], dump: Dump, *, mode: str
) -> tuple[Float[Array, "n k"], Float[Array, "n k"]]:  # fmt: skip
    r"""Couplings at which :func:`passes` changes, and by how much it drops there, for decays at depths ``along`` / epsilon^2.

    A decay enters a detector that ends at L where :math:`\epsilon = \sqrt{z/L}`. The result is as that of
    :func:`portico.cascades.survival.steps`: 1 less the sum of the drops up to epsilon is 1 if the event passes, 0 if not.

    Parameters
    ----------
    along : array, shape (n, j)            cm at epsilon = 1; inf where nothing decays, those behind the start count as at it
    energy, mediator_energy, mode          as for :func:`passes`; without decays the event has to pass

    Returns
    -------
    two arrays, shape (n, 3 j)

    Source: the module.
    """
    ends = (dump.hadron_calorimeter_end, dump.veto_end, dump.calorimeter_end)
    place = jnp.concatenate([jnp.sqrt(jnp.maximum(along, 0.0) / end) for end in ends], axis=-1)
    order = jnp.arange(place.shape[-1])
    earlier, this = place[..., None, :], place[..., :, None]
    before = (earlier < this) | ((earlier == this) & (order[None, :] < order[:, None]))
    after = before | jnp.eye(order.size, dtype=bool)
    energy, mediator_energy = energy[..., None, :], mediator_energy[..., None]

    def passed(crossed: Array) -> Array:
        far, veto, calorimeter = jnp.split(crossed, 3, axis=-1)
        return _pass(calorimeter, veto, far, energy, mediator_energy, dump, mode) * 1.0

    return place, passed(before) - passed(after)
