"""Compiled numbers behind the mixed phase: states, couplings and widths from the parameters of the model."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array

from .. import particles
from ..constants import SIN2_THETA_W
from ..decays import neutral_current
from ..decays.neutral_current import Current
from ..electroweak import neutral_mixing, physical_inputs
from ..electroweak.neutral_mixing import Components, DarkAngle, NeutralStates
from ..electroweak.physical_inputs import GaugeBasis
from ..errors import InvalidInput
from ..numerics.batching import batch_size, in_batches
from ..numerics.namespace import array_namespace
from .base import plain

Value = Any
PRODUCT = SIN2_THETA_W * (1 - SIN2_THETA_W)
"""s0^2 c0^2 of the Standard Model, at the Z."""
STANDARD_MODEL = ("e+ e-", "mu+ mu-", "tau+ tau-", "nu nu", "hadrons")
BOSONS = ("W+ W-", "Z h")
PARTICLE, PARTNER = "chi chi", "nu_D nu_D"
_CHARGES = {"up": (2 / 3, 0.5), "down": (-1 / 3, -0.5), "lepton": (-1.0, -0.5), "neutrino": (0.0, 0.5)}
_WEAK_CHARGES = {"doublet": -0.5, "singlet": 0.0}
SMALLEST_ANGLE = 1e-6
"""Distance of theta_W' from 0 and pi/2: closer, g2' or g1' is above a million e' (perturbation theory ends at 0.02)."""
_ON_HOST, _BATCHES = 4096, (8192, 32768)  # points up to which numpy is as fast; beyond, the same lines are compiled


class Sector(NamedTuple):
    """The neutral sector at a point: mixing, charge over e, the states, the gauge basis and the four couplings of the currents."""

    kappa: Value
    epsilon: Value
    states: NeutralStates
    basis: GaugeBasis
    em: Value
    z: Value
    dark_em: Value
    dark_z: Value


class VectorCouplings(NamedTuple):
    """One mass state: mass in GeV, components (A1, Z1, A2, Z2), and the couplings of fermions with gauge couplings inside."""

    mass: Value
    components: Components
    up: Current
    down: Current
    lepton: Current
    neutrino: Current
    particle: Current
    partner: Current | None


class Masses(NamedTuple):
    """Masses in GeV that widths need."""

    electron: float
    muon: float
    tau: float
    top: float
    higgs: float


class Numbers(NamedTuple):
    """What is compiled: sector, partial widths of Z' and Z by channel, couplings of a state, exchange; None or empty where not asked for."""

    sector: Any
    zprime_widths: dict[str, Value]
    z_widths: dict[str, Value]
    couplings: Any
    exchange: Any


EVERYTHING = "sector, zprime widths, z widths"
"""Names of the parts of :class:`Numbers`; what is not asked for is not computed, and a million points need not be copied.

"sector" is all of the :class:`Sector`, a name of a field of it that field alone; "zprime couplings" are those of one state, "exchange" is
what production needs.
"""


class _Leaves(tuple):
    """A tuple that is made as a named tuple is, from its values one by one."""

    def __new__(cls, *values: Any) -> _Leaves:
        return super().__new__(cls, values)


def masses() -> Masses:
    """Masses of particles, by the names of the table."""
    return Masses(*(particles.mass(name) for name in ("e-", "mu-", "tau-", "t", "H")))


def numbers(
    arguments: tuple[Value, ...], *, mixing: str, inputs: str, content: str, fermions: str, parts: str = EVERYTHING
) -> Numbers:
    """Numbers of points of one shape; the arguments are those of :func:`_compiled`, ``parts`` names what is asked for."""
    options = {"mixing": mixing, "inputs": inputs, "content": content, "fermions": fermions, "parts": parts}
    return in_blocks((_solved, _compiled), arguments, (particles.mass("Z"), masses()), options)


def in_blocks(
    both: tuple[Any, Any], arguments: tuple[Value, ...], fixed: tuple[Any, ...], options: dict[str, str]
) -> Any:
    """What a function makes of points of one shape: few points on the host, many compiled in blocks; at once where one is traced."""
    solved, compiled = both
    if any(isinstance(value, jax.core.Tracer) for value in arguments):
        return compiled(*arguments, *fixed, **options)
    count = math.prod(np.broadcast_shapes(*(np.shape(value) for value in arguments)))
    if count <= _ON_HOST:
        with np.errstate(all="ignore"):
            known: list[Any] = [*(np.asarray(value, float) for value in arguments), *fixed]
            return solved(*known, **options)
    structure = None

    def leaves(*arrays: Array) -> _Leaves:
        nonlocal structure
        found, structure = jax.tree.flatten(compiled(*arrays, *fixed, **options))
        return _Leaves(*found)

    found = in_batches(leaves, arguments, batch_size(count, _BATCHES))
    return jax.tree.unflatten(structure, found)


def in_order(widths: dict[str, Value]) -> dict[str, Value]:
    """Widths by channel in the order of the tables; compiled code sorts them by name."""
    return {name: plain(widths[name]) for name in (*STANDARD_MODEL, *BOSONS, PARTICLE, PARTNER) if name in widths}


def _solved(
    mass: Array,
    partner_mass: Array,
    zprime_mass: Array,
    amount: Array,
    theta_w_dark: Array,
    dark_charge: Array,
    alpha: Array,
    z_mass: float,
    known: Masses,
    *,
    mixing: str,
    inputs: str,
    content: str,
    fermions: str,
    parts: str,
) -> Numbers:
    solve = _physical if inputs == "physical" else _gauge
    angle = neutral_mixing.dark_sine_cosine(theta_w_dark)
    found = solve(zprime_mass, amount, angle, dark_charge, alpha, z_mass, mixing=mixing)
    asked, dark = parts.split(", "), {"content": content, "fermions": fermions}
    sector: Any = {name: value if {"sector", name} & {*asked} else None for name, value in found._asdict().items()}
    zprime, z = (
        _widths(found, name, mass, partner_mass, angle, known, **dark) if f"{name} widths" in asked else {}
        for name in ("zprime", "z")
    )
    states = [part.removesuffix(" couplings") for part in asked if part.endswith(" couplings")]
    couplings = couplings_of(found, states[0], angle, **dark) if states else None
    exchange = None
    if "exchange" in asked:
        each = [couplings_of(found, name, angle, **dark) for name in ("photon", "z", "zprime")]
        widths = [sum(_widths(found, name, mass, partner_mass, angle, known, **dark).values()) for name in ("z", "zprime")]  # fmt: skip
        exchange = _exchanged(each, [0 * found.epsilon, *widths])
    return Numbers(Sector(**sector), zprime, z, couplings, exchange)


def _exchanged(each: list[VectorCouplings], widths: list[Value]) -> dict[str, list[Value]]:
    """What production needs of each vector, by the names of a NeutralExchange; all of one shape."""
    found = {"mass": [one.mass for one in each], "width": widths}
    for kind in ("up", "down", "lepton", "particle"):
        for part in ("vector", "axial"):
            found[f"{kind}_{part}"] = [getattr(getattr(one, kind), part) for one in each]
    zero = widths[0]
    return {name: [zero + value for value in values] for name, values in found.items()}


_compiled = partial(jax.jit, static_argnames=("mixing", "inputs", "content", "fermions", "parts"))(_solved)


def _physical(zprime_mass, amount, theta, dark_charge, alpha, z_mass, *, mixing) -> Sector:  # type: ignore[no-untyped-def]
    """From measured masses and the charge of the electron; ``amount`` is kappa or epsilon."""
    if mixing == "epsilon":
        charge = amount / dark_charge
        terms = physical_inputs.repulsion_at_charge(charge, theta)
        first = physical_inputs.gauge_basis(z_mass, zprime_mass, PRODUCT, terms, None)
        kappa = physical_inputs.kappa_at_charge(charge, theta, first.hatted_sine2)
        # the same root as from kappa: the repulsion at fixed charge is used only to find it
        mixed = neutral_mixing.hypercharge_mixing(kappa, theta)
        basis = physical_inputs.gauge_basis(z_mass, zprime_mass, PRODUCT, terms, mixed)
    else:
        kappa = amount
        mixed = neutral_mixing.hypercharge_mixing(kappa, theta)
        terms = physical_inputs.repulsion_at_eta(mixed.eta)
        basis = physical_inputs.gauge_basis(z_mass, zprime_mass, PRODUCT, terms, mixed)
    xp = array_namespace(kappa, basis, alpha)
    pair, parts = physical_inputs.mixed_pair(z_mass, zprime_mass, basis, mixed)
    states = neutral_mixing.dark_states(pair, parts, kappa, theta)
    physical = xp.sqrt(4 * math.pi * alpha)
    return _with_couplings(kappa, states, basis, physical / states.photon.em, physical, theta, dark_charge)


def _gauge(zprime_mass, amount, theta, dark_charge, alpha, z_mass, *, mixing) -> Sector:  # type: ignore[no-untyped-def]
    """From masses without mixing and e = g1 cos(theta_W)."""
    cosine = theta.cosine
    cos_w = math.sqrt(1 - SIN2_THETA_W)
    kappa = amount / (cos_w * cosine * dark_charge) if mixing == "epsilon" else amount
    states = neutral_mixing.neutral_states(z_mass, SIN2_THETA_W, zprime_mass, kappa, theta)
    mixed = neutral_mixing.hypercharge_mixing(kappa, theta)
    sine, hatted_cosine = neutral_mixing.hatted_angle(SIN2_THETA_W, mixed.scale)
    w_mass = z_mass * cos_w + 0 * states.z_mass
    basis = GaugeBasis(
        z_mass + 0 * w_mass,
        SIN2_THETA_W + 0 * w_mass,
        zprime_mass + 0 * w_mass,
        w_mass,
        sine**2,
        w_mass / hatted_cosine,
    )
    e = array_namespace(kappa, alpha).sqrt(4 * math.pi * alpha)
    return _with_couplings(kappa, states, basis, e, e, theta, dark_charge)


def _with_couplings(kappa, states, basis, e, unit, theta, dark_charge) -> Sector:  # type: ignore[no-untyped-def]
    """Couplings of the four currents: e, g2/c_W, e' and g2'/c'. At the ends of theta_W' see :class:`MixedPhase`."""
    xp = array_namespace(states, theta, dark_charge, e)
    sine, cosine = theta
    sine2, given = basis.sin2_theta_w, dark_charge * unit
    dark_em = xp.where(cosine == 0, 0.0, given)
    inner = (sine != 0) & (cosine != 0)
    dark_z = xp.where(sine == 0, 0.0, given / xp.where(inner, sine * cosine, 1.0))
    charge = xp.abs(dark_em * states.photon.dark_em / (e * states.photon.em))
    full = lambda value: value + 0 * charge  # noqa: E731  (which depends on all)
    z = e / xp.sqrt(sine2 * (1 - sine2))
    return Sector(full(kappa), charge, states, basis, full(e), full(z), full(dark_em), full(dark_z))


def standard_model_current(sector: Any, state: Components, kind: str) -> Current:
    """Couplings of "up", "down", "lepton" or "neutrino" to a state."""
    charge, isospin = _CHARGES[kind]
    return neutral_current.standard_model_current(
        sector.em * state.em, sector.z * state.z, sector.basis.sin2_theta_w, charge, isospin
    )


def dark_current(
    sector: Sector, state: Components, angle: DarkAngle, kind: str, *, content: str, fermions: str
) -> Current:
    """Couplings of the millicharged particle ("particle", Q' = -1) or of its neutral partner ("partner") to a state.

    Dirac fields carry q_W' in both halves; of Weyl fields, as in the Standard Model, only the left-handed half does.
    """
    charge, weak = (-1.0, _WEAK_CHARGES[content]) if kind == "particle" else (0.0, 0.5)
    em, z = sector.dark_em * state.dark_em, sector.dark_z * state.dark_z
    right = charge * angle.sine**2
    if fermions == "dirac":
        return Current(em * charge + z * (weak - right), 0 * z)
    return Current(em * charge + z * (weak / 2 - right), z * weak / 2)


def couplings_of(sector: Sector, name: str, angle: DarkAngle, *, content: str, fermions: str) -> VectorCouplings:
    """Mass, components and couplings of one mass state of a sector, by the name of its field in the states."""
    states, state = sector.states, getattr(sector.states, name)
    mass = getattr(states, f"{name}_mass", 0 * states.z_mass)
    up, down, lepton, neutrino = (standard_model_current(sector, state, kind) for kind in _CHARGES)
    particle, partner = (
        dark_current(sector, state, angle, kind, content=content, fermions=fermions) for kind in ("particle", "partner")
    )
    return VectorCouplings(mass, state, up, down, lepton, neutrino, particle, partner if content == "doublet" else None)


def visible_widths(sector, name, known):  # type: ignore[no-untyped-def]
    """Partial widths of "zprime" or "z" to the Standard Model by channel, GeV; for any sector with states, basis and couplings."""
    state, own = getattr(sector.states, name), getattr(sector.states, f"{name}_mass")
    up, down, lepton, neutrino = (standard_model_current(sector, state, kind) for kind in _CHARGES)
    found = {
        "e+ e-": neutral_current.width_to_fermions(own, *lepton, known.electron),
        "mu+ mu-": neutral_current.width_to_fermions(own, *lepton, known.muon),
        "tau+ tau-": neutral_current.width_to_fermions(own, *lepton, known.tau),
        "nu nu": 3 * neutral_current.width_to_fermions(own, *neutrino, 0.0),
        "hadrons": neutral_current.width_to_hadrons(own, up, down, known.top),
    }
    return found | (_boson_widths(sector, known) if name == "zprime" else {})


def _widths(sector, name, mass, partner_mass, theta, known, *, content, fermions):  # type: ignore[no-untyped-def]
    """Partial widths of "zprime" or "z" by channel, GeV."""
    state, own = getattr(sector.states, name), getattr(sector.states, f"{name}_mass")
    found = visible_widths(sector, name, known)
    for channel, kind, daughter in ((PARTICLE, "particle", mass), (PARTNER, "partner", partner_mass)):
        if kind == "particle" or content == "doublet":
            current = dark_current(sector, state, theta, kind, content=content, fermions=fermions)
            found[channel] = neutral_current.width_to_fermions(own, *current, daughter)
    return {channel: width + 0 * own for channel, width in found.items()}


def _boson_widths(sector, known):  # type: ignore[no-untyped-def]
    """Z' to W pairs through its part along W3, and to Z and Higgs boson through the mass term of Z1."""
    states, basis = sector.states, sector.basis
    xp = array_namespace(basis)
    sine2 = basis.sin2_theta_w
    g2 = sector.em / xp.sqrt(sine2)
    along_w3 = xp.sqrt(sine2) * states.zprime.em + xp.sqrt(1 - sine2) * states.zprime.z
    vacuum = 2 * basis.w_mass / g2
    higgs = 2 * basis.unmixed_z_mass**2 / vacuum * states.z.z * states.zprime.z
    return {
        "W+ W-": neutral_current.width_to_w_pair(states.zprime_mass, g2 * along_w3, basis.w_mass),
        "Z h": neutral_current.width_to_z_higgs(states.zprime_mass, higgs, states.z_mass, known.higgs),
    }


def check_angle(theta_w_dark: np.ndarray) -> None:
    """Raise InvalidInput for an angle next to 0 or pi/2, where g2' or g1' goes to infinity, but for 0 and pi/2 themselves."""
    theta = np.ravel(theta_w_dark)
    near = np.minimum(theta, math.pi / 2 - theta)
    bad = np.flatnonzero((near > 0) & (near < SMALLEST_ANGLE * (1 - 1e-9)))
    if bad.size:
        raise InvalidInput(
            f"mixed_phase: theta_w_dark = {theta[bad[0]]:.10g} rad is closer than {SMALLEST_ANGLE:g} to 0 or pi/2, where a dark gauge coupling is "
            "infinite; expected another angle, or exactly 0 (Holdom) or pi/2 (Okun)."
        )


def check_charge(epsilon: np.ndarray, theta_w_dark: np.ndarray, dark_charge: np.ndarray, *, inputs: str) -> None:
    """Raise InvalidInput for a charge at theta_w_dark = pi/2, and for one that abs(kappa) < 1 does not give."""
    epsilon, theta, dark_charge = np.broadcast_arrays(epsilon, theta_w_dark, dark_charge)
    cosine, sine = np.sin(math.pi / 2 - theta), np.sin(theta)
    if np.any(cosine == 0):
        raise InvalidInput(
            "mixed_phase: there is no millicharge at theta_w_dark = pi/2; expected kappa instead of epsilon."
        )
    cos_w = math.sqrt(1 - SIN2_THETA_W)
    # measured inputs: t = epsilon e/e' has to be below c' c^/s', and c^ below 1/sqrt(2) or more only next to a heavy mixing
    bound = (
        cos_w * cosine * dark_charge if inputs == "gauge" else cos_w * cosine * dark_charge / np.maximum(sine, 1e-300)
    )
    bad = epsilon >= bound
    if np.any(bad):
        worst = np.flatnonzero(bad.ravel())[0]
        raise InvalidInput(
            f"mixed_phase: epsilon = {epsilon.ravel()[worst]:g} needs abs(kappa) >= 1 at dark_charge = {dark_charge.ravel()[worst]:g} and "
            f"theta_w_dark = {theta.ravel()[worst]:g}; expected below {bound.ravel()[worst]:.6g}, or a larger dark_charge."
        )


def check_gap(zprime_mass: Value, amount: Value, theta_w_dark: Value, dark_charge: Value, *, mixing: str) -> None:
    """Raise InvalidInput, naming the gap, for a Z' closer to the Z than their repulsion."""
    full = np.broadcast_arrays(*(np.asarray(v, float) for v in (zprime_mass, amount, theta_w_dark, dark_charge)))
    mass, amount, theta, dark_charge = (value.ravel() for value in full)
    z_mass = particles.mass("Z")
    if mixing == "kappa":
        # eta is largest at pi/2: without sines, and most points are done with
        some = np.flatnonzero((mass / z_mass - 1) ** 2 * ((1 - amount) * (1 + amount)) <= 3 * amount**2)
        mass, amount, theta, dark_charge = (value[some] for value in (mass, amount, theta, dark_charge))
    sine = np.sin(theta)
    if mixing == "kappa":
        eta2 = (amount * sine) ** 2 / ((1 - amount) * (1 + amount))
    else:
        t2 = (amount / dark_charge * sine) ** 2
        rest = np.sin(math.pi / 2 - theta) ** 2 / 2 - t2
        eta2 = np.where(rest > 0, t2 / np.where(rest > 0, rest, 1.0), np.inf)
    near = np.flatnonzero(
        np.abs(mass / z_mass - 1) < 1.7 * np.sqrt(eta2)
    )  # the gap is 0.48 eta to 0.65 eta wide to each side
    if near.size == 0:
        return
    arguments = [value[near] for value in (amount, theta, dark_charge)]
    with np.errstate(all="ignore"):
        low, high = _gap(*arguments, mixing=mixing)
    ratio = mass[near] / z_mass
    inside = np.flatnonzero(~((ratio < low) | (ratio > high)))
    if inside.size:
        worst = inside[0]
        ends = [z_mass * value for value in (low[worst], high[worst])]
        expected = f"outside [{ends[0]:.6g}, {ends[1]:.6g}] GeV" if ends[0] > 0 else f"above {ends[1]:.6g} GeV"
        raise InvalidInput(
            f"mixed_phase: a Z' of {mass[near][worst]:.6g} GeV is closer to the Z than the repulsion of the two at "
            f"{mixing} = {arguments[0][worst]:.6g}; expected its mass {expected}, or a smaller {mixing}."
        )


def _gap(amount: Value, theta_w_dark: Value, dark_charge: Value, *, mixing: str) -> tuple[Value, Value]:
    if mixing == "kappa":
        terms = physical_inputs.repulsion_at_eta(neutral_mixing.hypercharge_mixing(amount, theta_w_dark).eta)
    else:
        terms = physical_inputs.repulsion_at_charge(amount / dark_charge, theta_w_dark)
    return physical_inputs.gap(PRODUCT, terms)
