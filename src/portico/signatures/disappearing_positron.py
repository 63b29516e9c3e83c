r"""A positron of Bhabha scattering that disappears in the calorimeter: missing energy made inside the detector.

.. math:: N = N_\mathrm{ann} + N_\mathrm{bre}, \qquad
          N_\mathrm{ann} = n_e\int dE'\,F_{16X_0}(E')\,\sigma_\mathrm{ann}(E'), \qquad
          N_\mathrm{bre} = n_N\,\mathrm{BR}_\chi\int dE\,\frac{dN}{dE}\int dE'\,T_e(E',E)\,\sigma_\mathrm{bre}(E';\,E_{A'} > x_0E)

Any experiment file with this signature: beams, barrel, target, and two backgrounds (photons that punch through, neutrons).

Source: arXiv:2212.04252.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .. import particles, units
from ..beams import bhabha
from ..errors import DataError, InvalidInput, OutOfValidity
from ..experiments.base import Experiment, Field
from ..matter.form_factors import FORM_FACTORS, Nucleus
from ..matter.materials import Material, material
from ..models.base import Model, VectorMediator
from ..numerics import quadrature, tables
from ..numerics.batching import in_batches
from ..production import exact_table, nuclear_bremsstrahlung, resonant_annihilation
from ..transport import electromagnetic_cascade, path_length, thick_target
from ._disappearing_positron_rates import EmissionRules, annihilation, dark_width, emission, emission_rules
from ._emission import cached_emission, theory_error
from .base import Background, Factor, Option, Search, SignalYield, concrete

CHANNELS = ("annihilation", "bremsstrahlung")

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
    "target.annihilation_depth": Field("length", optional=True),
    "target.bremsstrahlung_depth": Field("length", optional=True),
    "photon_background.veto_inefficiency": Field(_PURE, low=0.0, high=1.0),
    "photon_background.relative_uncertainty": Field(_PURE, low=0.0, high=100.0),
    "neutron_background.selected_events": Field(_PURE, low=0.0, high=1e15),
    "neutron_background.simulated_positrons": Field(_PURE, low=1.0, high=1e30),
    "neutron_background.calorimeter_interaction_length": Field(units.LENGTH, low=0.1, high=1e6),
    "neutron_background.muon_system_iron": Field(units.LENGTH, low=0.0, high=1e6),
    "neutron_background.iron_interaction_length": Field(units.LENGTH, low=0.1, high=1e6),
    "neutron_background.relative_uncertainty": Field(_PURE, low=0.0, high=100.0),
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
}

_CHUNK = 1024
_DEEPEST = 100.0
_MANY = 32 * _CHUNK
TOLERANCE = 1e-3
"""Largest relative numerical error of a yield that is passed without a complaint."""


class Prepared(NamedTuple):
    """What does not depend on the model: beam, path lengths, target, background.

    ``path`` folds the path length for annihilation when it is first called: by then the compiler has other work beside it.
    """

    positrons: float
    positrons_error: float
    luminosity_per_cm2: float
    minimum_fraction: float
    path: Callable[[], path_length.PathLength]
    track: tables.Table
    track_cm: float
    emission_rules: tuple[EmissionRules, EmissionRules]
    exact: exact_table.ExactTable | None
    target: Material
    background: Background


# --- Folding of beam and target, once per search -------------------------------------------------------------------


def prepare(experiment: Experiment, options: dict[str, str]) -> Prepared:
    """Fold the beam with its track length; raises DataError where the file's numbers make no search."""
    target = material(experiment.text("target.material"))
    fraction = experiment.number("acceptance.missing_energy_fraction", units.DIMENSIONLESS)
    angles = tuple(experiment.number(f"acceptance.{end}_polar_angle", units.ANGLE) for end in ("smallest", "largest"))
    luminosity = experiment.number("beams.luminosity", units.LUMINOSITY)
    _check_facts(experiment, fraction, angles, luminosity)
    flux = bhabha.bhabha_positrons(
        experiment.number("beams.electron_energy", units.ENERGY),
        experiment.number("beams.positron_energy", units.ENERGY),
        (angles[0], angles[1]),
        luminosity,
        crossing_angle=_crossing_angle(experiment, options),
        tracks=options["tracks"],
    )
    depths = [_depth(experiment, target, f"target.{name}_depth") for name in CHANNELS]
    electron = particles.mass("e-")
    edges = path_length.path_edges(np.asarray(flux.edges), fraction, electron)
    largest = float(-np.log(fraction) + 2 * electron / edges[0])
    track, emission_track = path_length.track_tables((depths[0], depths[1]), largest, method=options["track_length"])
    length = target.radiation_length_cm
    positrons = flux.total()
    number = float(positrons.value)
    if number <= 0:
        raise DataError(
            f"{experiment.where('acceptance')}: no positron reaches the barrel; check the polar angles and beam energies."
        )
    return Prepared(
        positrons=number,
        positrons_error=float(positrons.error),
        luminosity_per_cm2=luminosity,
        minimum_fraction=fraction,
        path=cache(partial(path_length.path_length, flux, edges, track, length, fraction, energy_gain=electron)),
        track=emission_track,
        track_cm=length * path_length.track_total(emission_track, fraction),
        emission_rules=emission_rules(flux),
        exact=_exact_table(options, target, fraction, np.asarray(flux.edges)),
        target=target,
        background=background(experiment, number, target, fraction),
    )


def _exact_table(
    options: dict[str, str], target: Material, fraction: float, edges: np.ndarray
) -> exact_table.ExactTable | None:
    """The table of the exact cross section, if it is asked for; raises OutOfValidity beyond its range."""
    if options["bremsstrahlung"] != "exact" or "bremsstrahlung" not in options["channels"].split(","):
        return None
    if fraction < 0.5:
        raise OutOfValidity(
            f"bremsstrahlung=exact: energy fractions from {fraction:g} are asked; the table holds 0.5 to 1. Use bremsstrahlung=ww."
        )
    return exact_table.load(target.elements, options["form_factor"], fraction * float(edges[0]), float(edges[-1]))


def _depth(experiment: Experiment, target: Material, key: str) -> float:
    """A thickness in radiation lengths; that of the target where the file gives no other."""
    found = key if key in experiment.entries else "target.depth"
    depth = experiment.radiation_lengths(found, target.radiation_length_cm)
    if not 0 < depth <= _DEEPEST:
        raise DataError(
            f"{experiment.where(found)} is {depth:g} X0; expected a thickness above 0 and at most {_DEEPEST:g} X0."
        )
    return depth


def _check_facts(experiment: Experiment, fraction: float, angles: tuple[float, ...], luminosity: float) -> None:
    if not 0 < fraction < 1:
        raise DataError(
            f"{experiment.where('acceptance.missing_energy_fraction')} = {fraction:g}; expected a number between 0 and 1."
        )
    if not 0 < angles[0] < angles[1] < np.pi:
        raise DataError(f"{experiment.where('acceptance')}: polar angles must rise between 0 and 180 deg.")
    if luminosity <= 0:
        raise DataError(f"{experiment.where('beams.luminosity')} must be above 0.")
    energies = [experiment.number(f"beams.{name}_energy", units.ENERGY) for name in ("electron", "positron")]
    if energies[0] < 1.05 * energies[1]:
        raise DataError(
            f"{experiment.where('beams')}: expected electron_energy at least 5% above positron_energy; the boost along +z is what spreads the energies."
        )


def _crossing_angle(experiment: Experiment, options: dict[str, str]) -> float:
    if options["crossing_angle"] == "off":
        return 0.0
    if "beams.crossing_angle" not in experiment.entries:
        raise InvalidInput(
            f"option crossing_angle=on: {experiment.where('beams.crossing_angle')} is not given in the file."
        )
    return experiment.number("beams.crossing_angle", units.ANGLE)


def background(experiment: Experiment, positrons: float, target: Material, fraction: float) -> Background:
    r"""Photons that punch through calorimeter and muon system, and neutrons that pass both.

    .. math:: B_\gamma = N_{e^+}\,\epsilon_\mathrm{veto}\int_{x_0}^1 dx\,\frac{dN_\gamma}{dx}(t, x), \qquad
              B_n = N_{e^+}\,\frac{n_\mathrm{sel}}{n_\mathrm{sim}}\,e^{-(L_1/\lambda_1 + L_2/\lambda_2)}

    Source: arXiv:2212.04252, with the numbers of the experiment file.
    """
    depth = _depth(experiment, target, "target.depth")
    photons = float(electromagnetic_cascade.photons_above(fraction, depth).value) * positrons

    def number(key: str, unit: str = units.DIMENSIONLESS) -> float:
        return experiment.number(key, unit)

    photon_events = photons * number("photon_background.veto_inefficiency")
    lengths = (
        depth * target.radiation_length_cm / number("neutron_background.calorimeter_interaction_length", units.LENGTH)
    )
    lengths += number("neutron_background.muon_system_iron", units.LENGTH) / number(
        "neutron_background.iron_interaction_length", units.LENGTH
    )
    selected = number("neutron_background.selected_events") / number("neutron_background.simulated_positrons")
    neutron_events = positrons * selected * float(np.exp(-lengths))
    components = {
        "photons": (photon_events, photon_events * number("photon_background.relative_uncertainty")),
        "neutrons": (neutron_events, neutron_events * number("neutron_background.relative_uncertainty")),
    }
    uncertainty = float(np.hypot(components["photons"][1], components["neutrons"][1]))
    return Background(photon_events + neutron_events, uncertainty, components)


# --- Yields -----------------------------------------------------------------------------------------------------------


def emission_unit(search: Search, mass: Array) -> quadrature.Estimate:
    """Return events of bremsstrahlung for epsilon = 1 and BR = 1 at masses (GeV), shape (n,)."""
    state: Prepared = search.prepared()
    # one axis for the kinds of nuclei, ahead of those for x and t
    nuclei = Nucleus(
        *(
            np.array(column)[:, None, None]
            for column in zip(*(nucleus for nucleus, _ in state.target.nuclei), strict=True)
        )
    )
    counts = np.array([float(number) for _, number in state.target.nuclei])
    fine, coarse = (
        emission(
            rules, state.track, mass, nuclei, counts, particles.mass("e-"), state.target.radiation_length_cm, state.minimum_fraction,
            state.target.unit_density, state.exact, approximation=search.options["bremsstrahlung"], form=search.options["form_factor"],
        )
        for rules in state.emission_rules
    )  # fmt: skip
    if not isinstance(mass, jax.core.Tracer):
        fine, coarse = np.asarray(fine), np.asarray(coarse)
    return quadrature.Estimate(fine, abs(fine - coarse))


def check_model(search: Search, model: Model) -> None:
    """Raise InvalidInput unless the model is a vector mediator with on-shell dark matter."""
    if not isinstance(model, VectorMediator):
        raise InvalidInput(
            f"search '{search.name}' needs a model with a vector mediator and dark matter, such as dark_photon; given {model.NAME}."
        )
    model.require("mass", "epsilon", "alpha_dark")
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
    if differentiable:
        full = jnp.broadcast_arrays(*(jnp.asarray(a, dtype=float) for a in parameters))
        jobs = {
            "annihilation": lambda: run(concrete(state.path), *full),
            "bremsstrahlung": lambda: _scaled_emission(
                model, parameters, emission_unit(search, jnp.ravel(full[0])), full[0].shape
            ),
        }
        return {name: _with_beam_error(state, jobs[name]()) for name in wanted}
    jobs = {
        "annihilation": lambda: _open_annihilation(run, parameters, state.path()),
        "bremsstrahlung": lambda: _scaled_emission(
            model, parameters, cached_emission(search, np.asarray(model.mass)), None
        ),
    }
    # side by side: the first call compiles, and the compiler leaves the other core free
    with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
        started = {name: pool.submit(jobs[name]) for name in wanted}
        return {name: _with_beam_error(state, job.result()) for name, job in started.items()}


def _with_beam_error(state: Prepared, estimate: quadrature.Estimate) -> quadrature.Estimate:
    """Add the numerical error of the number of positrons."""
    return quadrature.Estimate(
        estimate.value, estimate.error + estimate.value * (state.positrons_error / state.positrons)
    )


def _open_annihilation(
    run: Callable[..., quadrature.Estimate], parameters: tuple[Any, ...], path: path_length.PathLength
) -> quadrature.Estimate:
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
    value, error = np.zeros(threshold.shape), np.zeros(threshold.shape)
    for chosen, near in groups:
        if np.any(chosen):
            value[chosen], error[chosen] = in_batches(partial(run, path, near=near), [a[chosen] for a in full], _CHUNK)
    return quadrature.Estimate(value, error)


def _scaled_emission(
    model: Any, parameters: tuple[Any, ...], unit: quadrature.Estimate, shape: tuple[int, ...] | None
) -> quadrature.Estimate:
    """Emission for epsilon = 1 and BR = 1 times epsilon^2 BR(A' -> chi chi)."""
    mass, epsilon, alpha_dark, chi, visible = parameters
    if shape is None:
        dark = in_batches(partial(dark_width, kind=model.dark_matter), (mass, alpha_dark, chi), _CHUNK)
    else:
        dark, unit = (
            dark_width(mass, alpha_dark, chi, kind=model.dark_matter),
            quadrature.Estimate(*(part.reshape(shape) for part in unit)),
        )
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
        factors=_factors(search, state, model, values),
        background=state.background,
        observed=search.experiment.number("counts.observed", units.DIMENSIONLESS) if observed else None,
        sources=tuple(dict.fromkeys([*search.sources, *state.target.sources, *method_sources(search), *model.SOURCES])),
    )


def notes(search: Search, model: Any) -> list[str]:
    """Return what a user should know of this model in this search, in sentences."""
    ratio = 2 * np.asarray(model.dark_matter_mass_gev()) / np.asarray(model.mass)
    if search.options["width"] == "constant" and np.any(ratio > 0.9):
        return [
            "2 m_chi is above 90% of m_A': there a constant width overstates the annihilation off the resonance; compare --option width=running."
        ]
    return []


def systematic_error(search: Search, model: Any, channel: str, *, differentiable: bool = False) -> Any:
    """Return the relative error of a channel from inputs and theory: beam, track length, and the cross section on nuclei."""
    beam = bhabha.relative_uncertainty()
    rest = theory_error(search.options, channel, model.mass, differentiable=differentiable)
    return (beam**2 + rest**2) ** 0.5


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array


def method_sources(search: Search) -> list[str]:
    """Return the sources of the formulas that the options choose."""
    track = (
        "Approximation A, Rev. Mod. Phys. 13 (1941) 240"
        if search.options["track_length"] == "cascade"
        else "two generations, Phys. Rev. 149 (1966) 1248"
    )
    emission = (
        "arXiv:2212.04252, eq. (13)"
        if search.options["bremsstrahlung"] == "iww"
        else "arXiv:0906.0580, eqs. (A11)-(A19)"
    )
    wanted = search.options["channels"].split(",")
    return [
        track,
        *(["arXiv:2212.04252, N_ann"] if "annihilation" in wanted else []),
        *([emission] if "bremsstrahlung" in wanted else []),
    ]


def _density_source(target: Material) -> str:
    return "density and atomic masses, " + next(
        (source for source in target.sources if "Atomic" in source), target.sources[0]
    )


def _factors(search: Search, state: Prepared, model: Any, values: dict[str, Any]) -> tuple[Factor, ...]:
    """The chain behind each channel; the product of its factors is the channel's expected events."""
    cross_section = state.positrons / state.luminosity_per_cm2
    where = "positron" if search.options["tracks"] == "positron" else "both tracks"
    track, *emission = [s for s in method_sources(search) if "N_ann" not in s]
    beam = [
        (
            "integrated luminosity",
            state.luminosity_per_cm2,
            "1/cm^2",
            search.experiment.entries["beams.luminosity"].source,
        ),
        (
            f"Bhabha cross section, {where} in the barrel",
            cross_section,
            "cm^2",
            "Born level, photon and Z exchange",
        ),
    ]
    chains = {
        "annihilation": [
            (
                "density of electrons",
                state.target.electron_density,
                "1/cm^3",
                f"{state.target.name}: {_density_source(state.target)}",
            ),
            (
                "path length per positron with E' + m_e above the cut",
                path_length.total(concrete(state.path)) / state.positrons,
                "cm",
                track,
            ),
        ],
        "bremsstrahlung": [
            (
                "density of nuclei of each kind",
                state.target.unit_density,
                "1/cm^3",
                f"{state.target.name}: {_density_source(state.target)}",
            ),
            ("path length per positron with E' above the cut", state.track_cm, "cm", track),
        ],
    }
    means = {
        "annihilation": f"mean cross section of e+ e- -> chi chi over that path ({search.options['width']} width)",
        "bremsstrahlung": f"mean cross section of e+ N -> e+ N A', A' -> chi chi, summed over nuclei ({search.options['bremsstrahlung']})",
    }
    sources = {"annihilation": "arXiv:2212.04252, N_ann", "bremsstrahlung": emission[0] if emission else ""}
    rows: list[Factor] = []
    for channel, value in values.items():
        chain = [*beam, *chains[channel]]
        product = float(np.prod([factor[1] for factor in chain]))
        chain.append((means[channel], value / product, "cm^2", sources[channel]))
        rows += [Factor(channel, *factor) for factor in chain]
    return tuple(rows)
