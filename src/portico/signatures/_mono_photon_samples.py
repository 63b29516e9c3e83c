"""The collisions of a mono-photon search: centre-of-mass energies, luminosities, windows in mass and photon energy."""

from __future__ import annotations

from typing import NamedTuple

from .. import units
from ..detection.pair_veto import PairRule, curling_transverse_momentum
from ..detection.volumes import Volume
from ..errors import DataError
from ..experiments.base import Experiment

LINES = ("2s", "3s", "4s")
SELECTIONS = ("low_mass", "high_mass")


class Collisions(NamedTuple):
    """A data set: centre-of-mass energy, energies of the beams (GeV), luminosity (cm^-2)."""

    root_s: float
    electron_energy: float
    positron_energy: float
    luminosity: float


class Prepared(NamedTuple):
    """What does not depend on the model."""

    luminosity: dict[tuple[str, str], float]
    energy: dict[str, float]
    positron_energy: float
    largest_cosine: float
    photon_energy: dict[str, float]
    masses: dict[str, tuple[float, float]]
    largest_mass: dict[str, float]
    rule: PairRule
    volume: Volume
    background: None = None

    def window(self, options: dict[str, str]) -> str:
        """The masses that the chosen selection accepts, in words."""
        chosen = SELECTIONS if options["selection"] == "auto" else (options["selection"],)
        low, high = min(self.masses[name][0] for name in chosen), max(self.masses[name][1] for name in chosen)
        return f"from {low:g} to {high:g} GeV with selection={options['selection']} and samples={options['samples']}"


def prepare(experiment: Experiment, options: dict[str, str]) -> Prepared:
    """Read the numbers of an experiment file for the chosen options; raises DataError where no data set is complete."""

    def number(key: str, unit: str) -> float:
        return experiment.number(key, unit)

    energy = {
        k: number(f"samples.energy_{k}", units.ENERGY) for k in LINES if f"samples.energy_{k}" in experiment.entries
    }
    luminosity = {
        (selection, k): number(key, units.LUMINOSITY)
        for selection in SELECTIONS
        for k in energy
        if (key := f"samples.luminosity_{selection}_{k}") in experiment.entries
    }
    if not luminosity:
        raise DataError(
            f"{experiment.where('samples')}: no data set is complete; expected energy_K and luminosity_low_mass_K or luminosity_high_mass_K for K in {', '.join(LINES)}."
        )
    masses = {
        "low_mass": (0.0, number("acceptance.largest_mass_low_mass", units.ENERGY)),
        "high_mass": (number("acceptance.smallest_mass_high_mass", units.ENERGY), number("acceptance.largest_mass_high_mass", units.ENERGY)),
    }  # fmt: skip
    _check_order(experiment, masses, energy)
    return Prepared(
        luminosity, energy, number("beams.positron_energy", units.ENERGY), number("acceptance.largest_cosine", "1"),
        {name: number(f"acceptance.photon_energy_{name}", units.ENERGY) for name in SELECTIONS}, masses,
        {k: number(key, units.ENERGY) for k in energy if (key := f"acceptance.largest_mass_high_mass_{k}") in experiment.entries},
        _rule(experiment, options), _volume(experiment, options),
    )  # fmt: skip


def _check_order(experiment: Experiment, masses: dict[str, tuple[float, float]], energy: dict[str, float]) -> None:
    """Raise DataError where an end lies before its start, or a part of the detector outside the whole."""
    pairs = [
        ("veto.smallest_polar_angle", "veto.largest_polar_angle", units.ANGLE),
        ("volume.drift_chamber_radius", "volume.full_radius", units.LENGTH),
        ("volume.calorimeter_radius", "volume.full_radius", units.LENGTH),
        ("veto.drift_chamber_inner_radius", "volume.full_radius", units.LENGTH),
        ("veto.calorimeter_inner_radius", "volume.full_radius", units.LENGTH),
        ("acceptance.smallest_mass_high_mass", "acceptance.largest_mass_high_mass", units.ENERGY),
    ]
    for low, high, unit in pairs:
        if not experiment.number(low, unit) < experiment.number(high, unit):
            raise DataError(
                f"{experiment.where(low)} = {experiment.entries[low].shown()} is not below {high} = {experiment.entries[high].shown()}."
            )
    for name, (_, largest) in masses.items():
        if largest >= max(energy.values()):
            raise DataError(
                f"{experiment.where(f'acceptance.largest_mass_{name}')} = {largest:g} GeV is not below the largest centre-of-mass energy, {max(energy.values()):g} GeV."
            )


def _rule(experiment: Experiment, options: dict[str, str]) -> PairRule:
    chosen = options["energy_threshold"]
    threshold = experiment.entries["veto.energy_threshold"].value if chosen == "file" else chosen
    curling = 0.0
    if options["magnetic_field"] != "off":
        radius = experiment.number(f"veto.{options['magnetic_field']}_inner_radius", units.LENGTH)
        curling = float(curling_transverse_momentum(radius, experiment.number("veto.magnetic_field", "1")))
    angle = {name: experiment.number(f"veto.{name}", units.ANGLE) for name in ("smallest_polar_angle", "largest_polar_angle", "separation")}  # fmt: skip
    return PairRule(
        units.convert(threshold, units.ENERGY, where="energy_threshold"),
        units.convert(options["turn_on"], units.ENERGY, where="turn_on"),
        angle["smallest_polar_angle"],
        angle["largest_polar_angle"],
        angle["separation"],
        curling,
    )


def _volume(experiment: Experiment, options: dict[str, str]) -> Volume:
    return Volume(
        0.0,
        experiment.number(f"volume.{options['volume']}_radius", units.LENGTH),
        -experiment.number("volume.full_backward", units.LENGTH),
        experiment.number("volume.full_forward", units.LENGTH),
    )


def selection_of(state: Prepared, options: dict[str, str], mass: float) -> str:
    """Return the selection that is used at a mass (GeV)."""
    if options["selection"] != "auto":
        return options["selection"]
    return "low_mass" if mass <= state.masses["low_mass"][1] else "high_mass"


def collisions(state: Prepared, options: dict[str, str], mass: float) -> list[Collisions]:
    """Return the data sets in which a mediator of this mass (GeV) passes the selection; none where it does not.

    The photon has :math:`E^*_\\gamma = (s - M^2)/(2\\sqrt s)` (1702.03327).
    """
    selection = selection_of(state, options, mass)
    low, high = state.masses[selection]
    found = []
    for name in options["samples"].split(","):
        luminosity = state.luminosity.get((selection, name), 0.0)
        root_s = state.energy.get(name, 0.0)
        own = min(high, state.largest_mass.get(name, high)) if selection == "high_mass" else high
        if luminosity > 0 and low <= mass <= own and mass < root_s:
            photon = (root_s**2 - mass**2) / (2 * root_s)
            if photon >= state.photon_energy[selection]:
                positron = state.positron_energy
                found.append(Collisions(root_s, root_s**2 / (4 * positron), positron, luminosity))
    return found
