"""Compiled numbers behind the Stueckelberg model: states, couplings and widths from its parameters."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import jax
from jaxtyping import Array

from .. import particles
from ..constants import SIN2_THETA_W
from ..decays import neutral_current
from ..electroweak import neutral_mixing, stueckelberg
from ..electroweak.physical_inputs import GaugeBasis
from ..numerics.namespace import array_namespace
from ._mixed_phase import PARTICLE, PRODUCT, Masses, in_blocks, masses, visible_widths

Value = Any


class States(NamedTuple):
    """Mass states with their masses in GeV, under the names of the mixed phase."""

    z_mass: Value
    zprime_mass: Value
    photon: neutral_mixing.Components
    z: neutral_mixing.Components
    zprime: neutral_mixing.Components


class Sector(NamedTuple):
    """The neutral sector at a point: mixings, charge over e, states, gauge basis, couplings e and g2/c_W, and those of chi."""

    mass_mixing: Value
    charge: Value
    states: States
    basis: GaugeBasis
    em: Value
    z: Value
    photon_particle: Value
    z_particle: Value
    zprime_particle: Value


class Numbers(NamedTuple):
    """All that is compiled: the sector, and the partial widths of Z' and Z by channel."""

    sector: Sector
    zprime_widths: dict[str, Value]
    z_widths: dict[str, Value]


def numbers(arguments: tuple[Value, ...], *, mixing: str, inputs: str) -> Numbers:
    """Numbers of points of one shape; the arguments are those of :func:`_solved`."""
    return in_blocks(
        (_solved, _compiled), arguments, (particles.mass("Z"), masses()), {"mixing": mixing, "inputs": inputs}
    )


def _solved(
    mass: Array,
    zprime_mass: Array,
    kinetic_mixing: Array,
    amount: Array,
    dark_charge: Array,
    alpha: Array,
    z_mass: float,
    known: Masses,
    *,
    mixing: str,
    inputs: str,
) -> Numbers:
    """``amount`` is the mass mixing or the charge of chi over e, as ``mixing`` says."""
    solve = _physical if inputs == "physical" else _gauge
    found, basis, own_masses, epsilon = solve(zprime_mass, kinetic_mixing, amount, dark_charge, z_mass, mixing=mixing)
    xp = array_namespace(found, alpha)
    unit = xp.sqrt(4 * math.pi * alpha)
    e = unit / found.photon.em if inputs == "physical" else unit + 0 * found.photon.em
    sine2, dark = basis.sin2_theta_w, dark_charge * unit
    charge = xp.abs(dark * found.photon_x / (e * found.photon.em))
    states = States(own_masses[0], own_masses[1], found.photon, found.z, found.zprime)
    z = e / xp.sqrt(sine2 * (1 - sine2))
    sector = Sector(
        epsilon + 0 * e, charge, states, basis, e, z, dark * found.photon_x, dark * found.z_x, dark * found.zprime_x
    )
    widths = []
    for name, own, coupling in (
        ("zprime", own_masses[1], sector.zprime_particle),
        ("z", own_masses[0], sector.z_particle),
    ):
        chi = neutral_current.width_to_fermions(own, coupling, 0.0, mass)
        widths.append({**visible_widths(sector, name, known), PARTICLE: chi + 0 * own})
    return Numbers(sector, *widths)


_compiled = partial(jax.jit, static_argnames=("mixing", "inputs"))(_solved)


def _physical(zprime_mass, delta, amount, dark_charge, z_mass, *, mixing):  # type: ignore[no-untyped-def]
    """From measured masses and the charge of the electron."""
    epsilon = amount
    if mixing == "epsilon":
        epsilon = stueckelberg.mass_mixing_at_charge(amount / dark_charge, delta, zprime_mass, z_mass, PRODUCT)
    found, basis = stueckelberg.states(z_mass, zprime_mass, PRODUCT, delta, epsilon)
    known = 0 * basis.hatted_mass  # nan in the gap
    return found, basis, (z_mass + known, zprime_mass + known), epsilon


def _gauge(zprime_mass, delta, amount, dark_charge, z_mass, *, mixing):  # type: ignore[no-untyped-def]
    """From M_W/cos(theta_W), sin^2(theta_W) and the mass M_1 of the Lagrangian."""
    epsilon = amount / (math.sqrt(1 - SIN2_THETA_W) * dark_charge) if mixing == "epsilon" else amount
    mixed = stueckelberg.hypercharge_mixing(delta, epsilon)
    hatted = neutral_mixing.hatted_angle(SIN2_THETA_W, mixed.scale)
    w_mass = z_mass * math.sqrt(1 - SIN2_THETA_W)
    pair = neutral_mixing.massive_pair(
        w_mass / hatted[1], hatted[0], mixed.eta, zprime_mass * mixed.stretch, z_mass >= zprime_mass
    )
    parts = neutral_mixing.components(pair, mixed, hatted, w_mass / hatted[1])
    zero = 0 * pair.z_mass
    basis = GaugeBasis(
        z_mass + zero, SIN2_THETA_W + zero, zprime_mass + zero, w_mass + zero, hatted[0] ** 2 + zero, w_mass / hatted[1] + zero
    )  # fmt: skip
    return stueckelberg.with_x(parts, epsilon), basis, (pair.z_mass, pair.zprime_mass), epsilon
