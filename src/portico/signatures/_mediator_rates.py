"""Rates of a vector mediator made in a thick target: compiled functions of arrays, without an experiment file."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .. import constants
from ..decays.dark_current import dark_current
from ..matter.form_factors import Nucleus
from ..numerics import quadrature, tables
from ..production import exact_table, nuclear_bremsstrahlung, resonant_annihilation
from ..production.exact_table import ExactTable
from ..transport import path_length, thick_target


class AnnihilationYields(NamedTuple):
    """Events of annihilation with their numerical errors: without and with a resolved photon."""

    value: Array
    error: Array
    radiative_value: Array
    radiative_error: Array


def annihilation_panels(
    path: path_length.PathLength, mass: Array, epsilon: Array, alpha_dark: Array, dark_matter_mass: Array, visible: Array,
    electron: float, *, dark_matter: str, near: bool = True,
) -> Array:  # fmt: skip
    """Panels of the integral over energy for points of one shape, shape (..., edges); on the host for numpy arrays."""
    width = alpha_dark / 3 * dark_current(mass**2, dark_matter_mass, dark_matter) / mass + epsilon**2 * visible
    half_width = np.maximum(mass * width, 1e-300) / (2 * electron)
    threshold = (2 * dark_matter_mass**2 - electron**2) / electron
    return thick_target.panel_edges(path, mass**2 / (2 * electron) - electron, half_width, threshold, near=near)


@partial(jax.jit, static_argnames=("dark_matter", "width"))
def annihilation(
    path: path_length.PathLength, mass: Array, epsilon: Array, alpha_dark: Array, dark_matter_mass: Array, visible: Array,
    electron: Array, density: Array, edges: Array | None = None, *, dark_matter: str, width: str,
) -> AnnihilationYields:  # fmt: skip
    """Events of annihilation for points of one shape; a path length of one part is without photons."""
    dark_width = alpha_dark / 3 * dark_current(mass**2, dark_matter_mass, dark_matter) / mass
    visible_width = epsilon**2 * visible
    panel = [a[..., None, None] for a in (mass, epsilon, alpha_dark, dark_matter_mass, visible_width, dark_width)]
    parts = path.relative_error.shape[0]
    initial = electron if parts == 1 else 0.0  # with photons the initial masses are in the path length

    def cross_section(energy: Array, distance: Array) -> Array:
        return resonant_annihilation.cross_section(
            2 * electron * (energy + electron), 2 * electron * distance, *panel[:3], dark_matter_mass=panel[3], dark_matter=dark_matter,
            visible_width=panel[4], dark_width=panel[5], lepton_mass=initial, width=width,
        )  # fmt: skip

    half_width = mass * (dark_width + visible_width) / (2 * electron)
    threshold = (2 * dark_matter_mass**2 - electron**2) / electron
    result = thick_target.resonant_yield(
        path, cross_section, mass**2 / (2 * electron) - electron, half_width, threshold, edges=edges
    )
    value, error = (density * constants.GEV2_CM2 * part for part in result)
    return AnnihilationYields(value[0], error[0], value[-1] * (parts - 1), error[-1] * (parts - 1))


class EmissionRules(NamedTuple):
    """Rules of the nested integrals of emission: nodes of the beam, of the energy loss, of ln(1-x) and of ln t."""

    beam: tuple[Array, Array]
    loss: quadrature.Rule
    x: quadrature.Rule
    t: quadrature.Rule


_ORDERS = ((8, 12, 24), (6, 8, 16))


def emission_rules(
    beam: tuple[Array, Array], coarse_beam: tuple[Array, Array], orders: tuple[tuple[int, ...], ...] = _ORDERS
) -> tuple[EmissionRules, EmissionRules]:
    """Return the rules of emission and coarser ones for its error, of one shape, for nodes of the beam (GeV, number)."""
    energy, number = (np.asarray(part) for part in beam)
    fewer = [np.asarray(part) for part in coarse_beam]
    missing = (0, energy.size - fewer[0].size)
    coarse = np.pad(fewer[0], missing, mode="edge"), np.pad(fewer[1], missing)
    fine_rules, coarse_rules = (
        [quadrature.padded(n, size) for n, size in zip(row, orders[0], strict=True)] for row in orders
    )
    return EmissionRules((energy, number), *fine_rules), EmissionRules(coarse, *coarse_rules)


@partial(jax.jit, static_argnames=("approximation", "form"))
def emission(
    rules: EmissionRules, track: tables.Table, mass: Float[Array, " masses"], nuclei: Nucleus, counts: Array,
    electron: Array, radiation_length_cm: Array, fraction: Array, density: Array, table: ExactTable | None, *, approximation: str, form: str,
) -> Float[Array, " masses"]:  # fmt: skip
    """Events of bremsstrahlung for epsilon = 1 and BR = 1, per mass."""

    def events(one_mass: Array) -> Array:
        at_mass = None if table is None else exact_table.at_mass(table, one_mass)

        def sigma(missing: Array, energy: Array) -> Array:
            per_nucleus = nuclear_bremsstrahlung.sigma_above(
                missing[..., None], energy[..., None], one_mass, lepton_mass=electron, nucleus=nuclei, approximation=approximation,
                form=form, table=at_mass, orders=(rules.x, rules.t),
            )  # fmt: skip
            return jnp.sum(counts * per_nucleus, axis=-1)

        smallest = electron / (2 * jnp.max(rules.beam[0]))
        total = thick_target.emission_yield(
            *rules.beam, track, sigma, radiation_length_cm, fraction, smallest, rules.loss
        )
        return density * constants.GEV2_CM2 * total

    return jax.lax.map(events, mass, batch_size=8)


def dark_width(mass: Array, alpha_dark: Array, dark_matter_mass: Array, *, kind: str) -> Array:
    """Width to dark matter, GeV."""
    return alpha_dark / 3 * dark_current(mass**2, dark_matter_mass, kind) / mass
