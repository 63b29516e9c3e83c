"""Beam, path lengths, target and background of the disappearing positron: what is folded once, whatever the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .. import particles, units
from ..beams import bhabha
from ..errors import DataError, InvalidInput
from ..experiments.base import Experiment
from ..matter.materials import Material, material
from ..numerics import tables
from ..production import exact_table
from ..transport import electromagnetic_cascade, path_length
from ._emission import table_for
from ._folded_path import Fold, paths
from ._mediator_rates import EmissionRules, emission_rules
from .base import Background

BACKGROUND_NUISANCES = ("photons", "neutrons", "thickness", "attenuation", "beam")
_DEEPEST = 100.0
_ATTENUATION = electromagnetic_cascade.B2


class Prepared(NamedTuple):
    """What does not depend on the model: beam, path lengths, target, background.

    ``path`` folds the path length for annihilation when it is first called: by then the compiler has other work beside it.
    ``plain_path`` is the one without photons, for electrons at rest.
    """

    fold: Fold
    positrons: float
    positrons_error: float
    luminosity_per_cm2: float
    minimum_fraction: float
    path: Callable[[], path_length.PathLength]
    plain_path: Callable[[], path_length.PathLength]
    track: tables.Table
    track_cm: float
    emission_rules: tuple[EmissionRules, EmissionRules]
    exact: exact_table.ExactTable | None
    target: Material
    background: Background


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
    depths = [_depth(experiment, target, f"target.{name}_depth") for name in ("annihilation", "bremsstrahlung")]
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
    fold = Fold(flux, edges, track, length, fraction, electron)
    path, plain = paths(fold, target, options)
    return Prepared(
        fold=fold,
        positrons=number,
        positrons_error=float(positrons.error),
        luminosity_per_cm2=luminosity,
        minimum_fraction=fraction,
        path=path,
        plain_path=plain,
        track=emission_track,
        track_cm=length * path_length.track_total(emission_track, fraction),
        emission_rules=emission_rules(flux.nodes(12), flux.nodes(8)),
        exact=table_for(options, target.elements, fraction, np.asarray(flux.edges)),
        target=target,
        background=background(experiment, number, target, fraction),
    )


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

    The thickness moves both, the attenuation of photons (:math:`d\ln B_\gamma/d\ln b_2 = -12`) the first; what else is not
    known of each is in the file; the number of positrons moves all. Effects of one standard deviation, taken symmetric in the logarithm.

    Source: arXiv:2212.04252, with the numbers of the experiment file.
    """
    depth = _depth(experiment, target, "target.depth")
    found = np.array(_components(experiment, positrons, target, fraction, depth))
    thicker = np.array(_components(experiment, positrons, target, fraction, depth - _depth_error(experiment, target)))
    sections = ("photon_background", "neutron_background")
    known = [experiment.number(f"{name}.relative_uncertainty", units.DIMENSIONLESS) for name in sections]
    attenuation = "photon_background.attenuation_uncertainty"
    width = experiment.number(attenuation, units.DIMENSIONLESS) if attenuation in experiment.entries else 0.0
    less = float(electromagnetic_cascade.photons_above(fraction, depth, attenuation=_ATTENUATION * (1 - width)).value)
    base = float(electromagnetic_cascade.photons_above(fraction, depth).value)
    relative = {
        "photons": np.array([known[0], 0.0]),
        "neutrons": np.array([0.0, known[1]]),
        "thickness": thicker / np.where(found > 0, found, 1.0) - 1,
        "attenuation": np.array([less / base - 1, 0.0]),
        "beam": np.full(2, bhabha.relative_uncertainty()),
    }
    error = np.sqrt(np.sum([effect**2 for effect in relative.values()], axis=0)) * found
    nuisances = {name: float(np.sum(effect * found)) for name, effect in relative.items()}
    components = {
        name: (float(value), float(sigma))
        for name, value, sigma in zip(("photons", "neutrons"), found, error, strict=True)
    }
    total = float(np.sqrt(sum(events**2 for events in nuisances.values())))
    return Background(float(found.sum()), total, components, nuisances)


def _components(
    experiment: Experiment, positrons: float, target: Material, fraction: float, depth: float
) -> tuple[float, float]:
    """Photons and neutrons behind a calorimeter of a depth in radiation lengths."""

    def number(key: str, unit: str = units.DIMENSIONLESS) -> float:
        return experiment.number(key, unit)

    photons = float(electromagnetic_cascade.photons_above(fraction, depth).value) * positrons
    lengths = (
        depth * target.radiation_length_cm / number("neutron_background.calorimeter_interaction_length", units.LENGTH)
    )
    lengths += number("neutron_background.muon_system_iron", units.LENGTH) / number(
        "neutron_background.iron_interaction_length", units.LENGTH
    )
    selected = number("neutron_background.selected_events") / number("neutron_background.simulated_positrons")
    veto = number("photon_background.veto_inefficiency")
    return photons * veto, positrons * selected * float(np.exp(-lengths))


def _depth_error(experiment: Experiment, target: Material) -> float:
    """Error of the depth in radiation lengths, 0 where the file gives none."""
    key = "target.depth_uncertainty"
    if key not in experiment.entries:
        return 0.0
    error = experiment.radiation_lengths(key, target.radiation_length_cm)
    depth = _depth(experiment, target, "target.depth")
    if not 0 <= error < depth / 2:
        raise DataError(
            f"{experiment.where(key)} is {error:g} X0; expected at least 0 and less than half the depth of {depth:g} X0."
        )
    return error
