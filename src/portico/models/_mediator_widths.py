"""Compiled widths behind the models with a vector mediator: visible ones, to dark fermions, and of these fermions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .. import particles
from ..decays import dark_fermions, vector
from ..numerics.batching import in_batches, on_different

Value = Any
VISIBLE = ("e+ e-", "mu+ mu-", "tau+ tau-", "hadrons", "gamma gamma gamma")
_BATCH = 16


def lepton_masses() -> tuple[float, float, float]:
    """Masses of electron, muon and tau in GeV."""
    return particles.mass("e-"), particles.mass("mu-"), particles.mass("tau-")


def visible_width_unit(mass: Value) -> Value:
    """Width of a mediator to Standard-Model particles in GeV for epsilon = 1."""
    leptons = lepton_masses()
    if isinstance(mass, jax.core.Tracer):
        return _visible_width(mass, leptons)
    return on_different(lambda many: in_batches(lambda m: _visible_width(m, leptons), [many], 256), mass)


@jax.jit
def _visible_width(mass: Array, leptons: tuple[float, float, float]) -> Array:
    return sum(vector.visible_widths(mass, jnp.ones_like(mass, dtype=float), leptons).values())


def pair_widths(mass: Value, alpha_dark: Value, pairs: list[tuple[Value, ...]]) -> list[Array]:
    """Widths to pairs of dark fermions in GeV; each pair is (mass, mass, vector, axial, weight) with couplings over g_D.

    The weight counts charge states: 1/2 for identical Majorana fermions, 2 for two different Dirac fermions.
    """
    return _pair_widths(mass, alpha_dark, pairs)


@jax.jit
def _pair_widths(mass: Array, alpha_dark: Array, pairs: list[tuple[Array, ...]]) -> list[Array]:
    coupling = 4 * math.pi * jnp.asarray(alpha_dark)
    return [
        weight * coupling * dark_fermions.width_to_fermions(mass, first, second, vector=v, axial=a)
        for first, second, v, a, weight in pairs
    ]


@jax.jit
def visible_widths(mass: Array, epsilon: Array, leptons: tuple[float, float, float]) -> dict[str, Array]:
    """Partial widths to the Standard Model in GeV by channel."""
    return vector.visible_widths(mass, epsilon, leptons)


FermionWidths = dict[tuple[str, str], dict[str, tuple[Value, Value]]]
"""By names of parent and daughter: width to the daughter and each of PAIRS in GeV, and the error of its integral."""


class UnitWidths(NamedTuple):
    """Widths of a fermion to a lighter one and each of PAIRS for epsilon = 1, GeV, and the errors of their integrals."""

    electrons: Value
    muons: Value
    taus: Value
    hadrons: Value
    electrons_error: Value
    muons_error: Value
    taus_error: Value
    hadrons_error: Value


@jax.jit
def _unit_widths(parent: Array, daughter: Array, mass: Array, width: Array, vector: Array, axial: Array) -> UnitWidths:
    found = dark_fermions.three_body_widths(parent, daughter, mass, vector=vector, axial=axial, mediator_width=width)
    return UnitWidths(*(e.value for e in found.values()), *(e.error for e in found.values()))


def fermion_widths(
    rows: list[tuple[Value, ...]], mass: Value, alpha_dark: Value, mediator_width: Value, factor: Value
) -> list[dict[str, tuple[Value, Value]]]:
    """Widths of fermions to a lighter one and each of PAIRS, with the errors of the integrals, times ``factor`` (epsilon^2).

    Each row is (parent mass, daughter mass, vector, axial), couplings over g_D; all rows are done in one call.
    """
    if not rows:
        return []
    traced = any(
        isinstance(v, jax.core.Tracer) for v in jax.tree.leaves((rows, mass, alpha_dark, mediator_width, factor))
    )
    xp = jnp if traced else np
    coupling = xp.sqrt(4 * math.pi * xp.asarray(alpha_dark, float))
    shared = xp.broadcast_arrays(*(xp.asarray(v, float) for v in (mass, mediator_width, coupling)))
    each = [xp.broadcast_arrays(*shared, *(xp.asarray(v, float) for v in row)) for row in rows]
    shape = np.broadcast_shapes(*(line[0].shape for line in each))
    m, width, g, parent, daughter, v, a = (
        xp.stack([xp.broadcast_to(line[k], shape) for line in each]) for k in range(7)
    )
    arguments = (parent, daughter, m, width, g * v, g * a)
    found = _unit_widths(*arguments) if traced else in_batches(_unit_widths, arguments, _BATCH)
    return [
        {pair: (found[k][row] * factor, found[k + 4][row] * factor) for k, pair in enumerate(dark_fermions.PAIRS)}
        for row in range(len(rows))
    ]
