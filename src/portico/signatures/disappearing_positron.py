r"""A positron of Bhabha scattering that disappears in the calorimeter: missing energy made inside the detector.

.. math:: N = N_\mathrm{ann} + N_{\gamma\mathrm{ann}} + N_\mathrm{bre}, \qquad
          N_\mathrm{ann} = n_e\int dE'\,F_{16X_0}(E')\,\sigma_\mathrm{ann}(E'), \qquad
          N_\mathrm{bre} = n_N\,\mathrm{BR}_\chi\int dE\,\frac{dN}{dE}\int dE'\,T_e(E',E)\,\sigma_\mathrm{bre}(E';\,E_{A'} > x_0E)

Annihilation on atomic electrons is without a resolved photon, radiative annihilation with one: together they are merged, exact
hard emission with exponentiated soft photons (:mod:`portico.production.radiative_annihilation`). Without the channel
``radiative_annihilation`` annihilation is at Born level.

Any experiment file with this signature: beams, barrel, target, and two backgrounds (photons that punch through, neutrons).

Source: arXiv:2212.04252.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .. import particles, units
from ..beams import bhabha
from ..errors import InvalidInput
from ..experiments.base import Field
from ..matter.form_factors import FORM_FACTORS, Nucleus
from ..models.base import Model, VectorMediator
from ..numerics import quadrature
from ..numerics.batching import in_batches
from ..production import exact_table, nuclear_bremsstrahlung, resonant_annihilation
from ..transport import electromagnetic_cascade, path_length, thick_target
from ._disappearing_positron_factors import factors, method_sources
from ._disappearing_positron_fold import BACKGROUND_NUISANCES, Prepared, background, prepare
from ._disappearing_positron_rates import AnnihilationYields, annihilation, annihilation_panels, dark_width, emission
from ._emission import cached_emission, theory_error
from .base import Option, Search, SignalYield, concrete

__all__ = ["background", "method_sources", "prepare"]

CHANNELS = ("annihilation", "bremsstrahlung", "radiative_annihilation")

_PURE = units.DIMENSIONLESS
FIELDS: dict[str, Field] = {
    "beams.electron_energy": Field(units.ENERGY, low=0.01, high=1e4),
    "beams.positron_energy": Field(units.ENERGY, low=0.01, high=1e4),
    "beams.crossing_angle": Field(units.ANGLE, optional=True, low=0.0, high=1.0),
    "beams.luminosity": Field(units.LUMINOSITY, low=0.0, high=1e60, low_open=True),
    "acceptance.smallest_polar_angle": Field(units.ANGLE, low=0.02, high=3.12),
    "acceptance.largest_polar_angle": Field(units.ANGLE, low=0.02, high=3.12),
    "acceptance.missing_energy_fraction": Field(_PURE, low=0.05, high=0.999),
    "target.material": Field("text"),
    "target.depth": Field("length"),
    "target.depth_uncertainty": Field("length", optional=True),
    "target.annihilation_depth": Field("length", optional=True),
    "target.bremsstrahlung_depth": Field("length", optional=True),
    "photon_background.veto_inefficiency": Field(_PURE, low=0.0, high=1.0),
    "photon_background.relative_uncertainty": Field(_PURE, low=0.0, high=3.0),
    "photon_background.attenuation_uncertainty": Field(_PURE, optional=True, low=0.0, high=0.2),
    "neutron_background.selected_events": Field(_PURE, low=0.0, high=1e15),
    "neutron_background.simulated_positrons": Field(_PURE, low=1.0, high=1e30),
    "neutron_background.calorimeter_interaction_length": Field(units.LENGTH, low=0.1, high=1e6),
    "neutron_background.muon_system_iron": Field(units.LENGTH, low=0.0, high=1e6),
    "neutron_background.iron_interaction_length": Field(units.LENGTH, low=0.1, high=1e6),
    "neutron_background.relative_uncertainty": Field(_PURE, low=0.0, high=3.0),
    "counts.observed": Field(_PURE, optional=True, low=0.0, high=1e9, whole=True),
    "detector.momentum_resolution": Field(_PURE, optional=True, low=0.0, high=1.0),
}

OPTIONS: dict[str, Option] = {
    "channels": Option(CHANNELS, ",".join(CHANNELS), "processes that count", many=True),
    "bremsstrahlung": Option(nuclear_bremsstrahlung.APPROXIMATIONS, "exact", "cross section on nuclei"),
    "form_factor": Option(FORM_FACTORS, "elastic", "nuclear form factor"),
    "track_length": Option(electromagnetic_cascade.METHODS, "cascade", "track length of positrons"),
    "tracks": Option(bhabha.TRACKS, "positron", "tracks that must be in the barrel"),
    "crossing_angle": Option(("off", "on"), "off", "beams cross at the angle in the file, or head-on"),
    "width": Option(resonant_annihilation.WIDTHS, "constant", "width in the Breit-Wigner"),
    "nuisances": Option(
        (*BACKGROUND_NUISANCES, "signal", "none"),
        ",".join((*BACKGROUND_NUISANCES, "signal")),
        "uncertainties that enter the limit; none for a known background and signal",
        many=True,
    ),
    "electron_motion": Option(
        ("off", "on"), "off", "atomic electrons at rest, or moving and bound as in Slater orbitals"
    ),
}

_CHUNK = 1024
_INELASTIC = 0.6  # GeV
_MANY = 32 * _CHUNK
TOLERANCE = 1e-3
"""Largest relative numerical error of a yield that is passed without a complaint."""


# --- Yields -----------------------------------------------------------------------------------------------------------


def emission_unit(search: Search, mass: Array) -> quadrature.Estimate:
    """Return events of bremsstrahlung for epsilon = 1 and BR = 1 at masses (GeV), shape (n,), with their error."""
    fine, coarse = (emission_by_rules(search, mass, k) for k in (0, 1))
    return quadrature.Estimate(fine, abs(fine - coarse))


def emission_by_rules(search: Search, mass: Array, which: int) -> Array:
    """Return the events by the fine (0) or the coarse (1) rules of integration, shape (n,)."""
    state: Prepared = search.prepared()
    # one axis for the kinds of nuclei, ahead of those for x and t
    nuclei = Nucleus(
        *(
            np.array(column)[:, None, None]
            for column in zip(*(nucleus for nucleus, _ in state.target.nuclei), strict=True)
        )
    )
    counts = np.array([float(number) for _, number in state.target.nuclei])
    events = emission(
        state.emission_rules[which], state.track, mass, nuclei, counts, particles.mass("e-"), state.target.radiation_length_cm, state.minimum_fraction,
        state.target.unit_density, state.exact, approximation=search.options["bremsstrahlung"], form=search.options["form_factor"],
    )  # fmt: skip
    return events if isinstance(mass, jax.core.Tracer) else np.asarray(events)


def check_model(search: Search, model: Model) -> None:
    """Raise InvalidInput unless the model is a vector mediator with on-shell dark matter."""
    if not isinstance(model, VectorMediator):
        raise InvalidInput(
            f"search '{search.name}' needs a model with a vector mediator and dark matter, such as dark_photon; given {model.NAME}."
        )
    model.require("mass", "epsilon", "alpha_dark")
    _check_parameters(search, model)
    if not isinstance(model.mass, jax.core.Tracer) and search.prepared().exact is not None:
        exact_table.check_mass(search.prepared().exact, model.mass)


def _check_parameters(search: Search, model: VectorMediator) -> None:
    """Raise InvalidInput unless dark matter is produced on-shell."""
    if isinstance(model.mass, jax.core.Tracer) or isinstance(model.alpha_dark, jax.core.Tracer):
        return
    if np.any(np.asarray(model.alpha_dark) == 0):
        raise InvalidInput(
            f"search '{search.name}' looks for A' -> chi chi and needs alpha_dark above 0; set for example alpha_dark=0.5."
        )
    chi = model.dark_matter_mass_gev()
    if isinstance(chi, jax.core.Tracer):
        return
    mass, chi = np.broadcast_arrays(np.asarray(model.mass), np.asarray(chi))
    closed = 2 * chi >= mass
    if np.any(closed):
        worst = np.flatnonzero(closed.ravel())[0]
        raise InvalidInput(
            f"search '{search.name}' needs on-shell dark matter, 2 m_chi < m_A'; given m_chi = {chi.ravel()[worst]:g} GeV and m_A' = {mass.ravel()[worst]:g} GeV"
            + (f" and {np.sum(closed) - 1} more points; start the scan above 2 m_chi." if np.sum(closed) > 1 else ".")
        )


def channel_yields(
    search: Search, model: Any, *, channels: tuple[str, ...] | None = None, differentiable: bool = False
) -> dict[str, quadrature.Estimate]:
    """Return expected events by channel with their numerical error, for a model whose parameters are scalars or arrays.

    ``channels`` are those wanted, all of the search by default.
    """
    state: Prepared = search.prepared()
    wanted = search.options["channels"].split(",") if channels is None else channels
    parameters = (model.mass, model.epsilon, model.alpha_dark, model.dark_matter_mass_gev(), model.visible_width_unit())
    run = partial(
        annihilation, electron=particles.mass("e-"), density=state.target.electron_density,
        dark_matter=model.dark_matter, width=search.options["width"],
    )  # fmt: skip
    jobs: dict[str, Callable[[], dict[str, quadrature.Estimate]]] = {}
    if differentiable:
        full = jnp.broadcast_arrays(*(jnp.asarray(a, dtype=float) for a in parameters))
        jobs["annihilation"] = lambda: _both(run(concrete(state.path), *full))
        jobs["bremsstrahlung"] = lambda: {
            "bremsstrahlung": _scaled_emission(
                model, parameters, emission_unit(search, jnp.ravel(full[0])), full[0].shape
            )
        }
        started = [job() for name, job in jobs.items() if name in _computed(wanted)]
    else:
        jobs["annihilation"] = lambda: _both(_open_annihilation(run, parameters, state.path(), model.dark_matter))
        jobs["bremsstrahlung"] = lambda: {
            "bremsstrahlung": _scaled_emission(model, parameters, cached_emission(search, np.asarray(model.mass)), None)
        }
        # side by side: the first call compiles, and the compiler leaves the other core free
        with ThreadPoolExecutor(max_workers=2) as pool:
            futures = [pool.submit(job) for name, job in jobs.items() if name in _computed(wanted)]
            started = [future.result() for future in futures]
    found = {name: estimate for results in started for name, estimate in results.items()}
    return {name: _with_beam_error(state, found[name]) for name in wanted}


def _computed(wanted: Sequence[str]) -> set[str]:
    """The computations behind channels: annihilation with and without a photon come together."""
    return {"bremsstrahlung" if name == "bremsstrahlung" else "annihilation" for name in wanted}


def _both(yields: AnnihilationYields) -> dict[str, quadrature.Estimate]:
    return {
        "annihilation": quadrature.Estimate(*yields[:2]),
        "radiative_annihilation": quadrature.Estimate(*yields[2:]),
    }


def _with_beam_error(state: Prepared, estimate: quadrature.Estimate) -> quadrature.Estimate:
    """Add the numerical error of the number of positrons."""
    return quadrature.Estimate(
        estimate.value, estimate.error + estimate.value * (state.positrons_error / state.positrons)
    )


def _open_annihilation(
    run: Callable[..., AnnihilationYields], parameters: tuple[Any, ...], path: path_length.PathLength, kind: str
) -> AnnihilationYields:
    """Annihilation at the points whose threshold lies below the highest energy of the beam; exactly 0 at the others.

    Of many points, those with a smooth cross section over the beam are done apart, with fewer panels.
    """
    full = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in parameters))
    electron = particles.mass("e-")
    threshold = (2 * full[3] ** 2 - electron**2) / electron
    groups = [(threshold < np.asarray(path.edges)[-1], True)]
    if threshold.size >= _MANY:
        far = thick_target.is_far(path, full[0] ** 2 / (2 * electron) - electron, threshold)
        groups = [(groups[0][0] & ~far, True), (far, False)]
    yields = AnnihilationYields(*(np.zeros(threshold.shape) for _ in AnnihilationYields._fields))
    for chosen, near in groups:
        if np.any(chosen):
            panels = partial(annihilation_panels, path, electron=electron, dark_matter=kind, near=near)

            def batch(*points: Array, panels: Callable[..., Any] = panels) -> AnnihilationYields:
                return run(path, *points, edges=panels(*points))

            found = in_batches(batch, [a[chosen] for a in full], _CHUNK)
            for column, part in zip(yields, found, strict=True):
                column[chosen] = part
    return yields


def _scaled_emission(
    model: Any, parameters: tuple[Any, ...], unit: quadrature.Estimate, shape: tuple[int, ...] | None
) -> quadrature.Estimate:
    """Emission for epsilon = 1 and BR = 1 times epsilon^2 BR(A' -> chi chi)."""
    mass, epsilon, alpha_dark, chi, visible = parameters
    dark = dark_width(mass, alpha_dark, chi, kind=model.dark_matter)
    if shape is not None:
        unit = quadrature.Estimate(*(part.reshape(shape) for part in unit))
    total = dark + epsilon**2 * visible
    scale = epsilon**2 * dark / (total + (total == 0))  # widths below the smallest number are 0
    return quadrature.Estimate(scale * unit.value, scale * unit.error)


def signal_yield(search: Search, model: Any, *, differentiable: bool = False) -> SignalYield:
    """Return expected events with the chain of factors; see :func:`portico.signal`."""
    check_model(search, model)
    state: Prepared = search.prepared()
    channels = channel_yields(search, model, differentiable=differentiable)
    plain = (lambda x: x) if differentiable else _plain
    values = {name: plain(estimate.value) for name, estimate in channels.items()}
    systematic = {}
    numerical = {}
    for name, estimate in channels.items():
        numerical[name] = plain(estimate.error)
        systematic[name] = plain(estimate.value * systematic_error(search, model, name, differentiable=differentiable))
    observed = search.experiment.entries.get("counts.observed")
    return SignalYield(
        search=search.name,
        model=model,
        expected=sum(values.values()),
        channels=values,
        numerical_error=numerical,
        systematic_error=systematic,
        factors=factors(search, state, values),
        background=state.background,
        observed=search.experiment.number("counts.observed", units.DIMENSIONLESS) if observed else None,
        sources=tuple(dict.fromkeys([*search.sources, *state.target.sources, *method_sources(search), *model.SOURCES])),
    )


def notes(search: Search, model: Any) -> list[str]:
    """Return what a user should know of this model in this search, in sentences."""
    ratio = 2 * np.asarray(model.dark_matter_mass_gev()) / np.asarray(model.mass)
    channels, found = search.options["channels"].split(","), []
    if "annihilation" in channels and "radiative_annihilation" not in channels and np.any(_narrow_below(search, model)):
        found.append(
            "annihilation is without photons here, which give most of the events below the resonance of a narrow A'; add the channel radiative_annihilation."
        )
    if search.options["width"] == "constant" and np.any(ratio > 0.9):
        found.append(
            "2 m_chi is above 90% of m_A': there a constant width overstates the annihilation off the resonance; compare --option width=running."
        )
    if "bremsstrahlung" in channels and search.options["form_factor"] == "elastic" and np.max(model.mass) > _INELASTIC:
        found.append(
            f"above {_INELASTIC:g} GeV emission off single protons, which form_factor=elastic leaves out, adds more than a tenth to the bremsstrahlung (a factor 2 at 1 GeV); it is in the error of the signal, taken as 300% at most. Compare --option form_factor=elastic_inelastic."
        )
    return found


def _narrow_below(search: Search, model: Any) -> np.ndarray:
    """Points where the width is below 3% of the mass, and the resonance below the positrons that pass the cut."""
    mass, electron = np.asarray(model.mass), particles.mass("e-")
    width = np.asarray(dark_width(mass, model.alpha_dark, model.dark_matter_mass_gev(), kind=model.dark_matter))
    return (width < 0.03 * mass) & (mass**2 / (2 * electron) - electron < search.prepared().fold.edges[0])


def systematic_error(search: Search, model: Any, channel: str, *, differentiable: bool = False) -> Any:
    """Return the relative error of a channel from inputs and theory: beam, track length, and the cross section on nuclei."""
    beam = bhabha.relative_uncertainty()
    table = search.prepared().exact
    rest = theory_error(
        search.options,
        channel,
        model.mass,
        differentiable=differentiable,
        table_error=0.0 if table is None else float(table.error),
    )
    return (beam**2 + rest**2) ** 0.5


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array
