"""Beam, path lengths, target, geometry and background of the missing-energy search: what does not depend on the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .. import particles, units
from ..beams.monoenergetic import monoenergetic
from ..errors import DataError
from ..experiments.base import Experiment
from ..matter.materials import Material, material
from ..numerics import tables
from ..production import exact_table
from ..transport import path_length
from ._emission import table_for
from ._folded_path import Fold, paths
from ._mediator_rates import EmissionRules, emission_rules
from .base import Background

_DEEPEST = 100.0
_EMISSION_ORDERS = ((16, 20, 24), (12, 14, 16))  # the cut is far below the beam: more nodes than for 95% of its energy
_RADIATIVE_ORDERS = ((24, 28, 40), (18, 20, 28))


class Geometry(NamedTuple):
    """Where decays are seen, along the beam from the start of the calorimeter (cm), and from which energies on (GeV)."""

    production: float
    calorimeter_end: float
    veto_end: float
    hadron_calorimeter_end: float
    largest_calorimeter_energy: float
    veto_energy: float
    hadron_calorimeter_energy: float


class Prepared(NamedTuple):
    """What does not depend on the model; ``path`` and ``plain_path`` fold the path length when they are first called."""

    fold: Fold
    beam_energy: float
    electrons: float
    efficiency: float
    efficiency_error: float
    minimum_fraction: float
    path: Callable[[], path_length.PathLength]
    plain_path: Callable[[], path_length.PathLength]
    track: tables.Table
    track_cm: float
    emission_rules: tuple[EmissionRules, EmissionRules]
    exact: exact_table.ExactTable | None
    target: Material
    geometry: Geometry
    background: Background


def prepare(experiment: Experiment, options: dict[str, str]) -> Prepared:
    """Fold the beam with its track length; raises DataError where the file's numbers make no search."""
    target = material(experiment.text("target.material"))
    energy = experiment.number("beam.energy", units.ENERGY)
    electrons = experiment.number("beam.electrons_on_target", units.DIMENSIONLESS)
    largest = experiment.number("calorimeter.largest_energy", units.ENERGY)
    if not 0 < largest < energy:
        raise DataError(
            f"{experiment.where('calorimeter.largest_energy')} = {largest:g} GeV; expected an energy above 0 and below that of the beam, {energy:g} GeV."
        )
    fraction = 1 - largest / energy
    depth = _depth(experiment, target)
    flux = monoenergetic("e-", energy, electrons, source=experiment.entries["beam.energy"].source)
    electron = particles.mass("e-")
    edges = path_length.path_edges(np.asarray(flux.edges), fraction, electron)
    if edges[0] <= 0:
        raise DataError(
            f"{experiment.where('calorimeter.largest_energy')} = {largest:g} GeV leaves no missing energy to ask for."
        )
    largest_loss = float(-np.log(fraction) + 2 * electron / edges[0])
    track, emission_track = path_length.track_tables(
        (depth, depth), largest_loss, method=options["track_length"], primary="e-"
    )
    length = target.radiation_length_cm
    fold = Fold(flux, edges, track, length, fraction, electron)
    path, plain = paths(fold, target, options, orders=_RADIATIVE_ORDERS)
    nodes = np.array([energy]), np.array([electrons])
    efficiency = experiment.number("selection.efficiency", units.DIMENSIONLESS)
    return Prepared(
        fold=fold,
        beam_energy=energy,
        electrons=electrons,
        efficiency=efficiency,
        efficiency_error=_optional(experiment, "selection.efficiency_uncertainty"),
        minimum_fraction=fraction,
        path=path,
        plain_path=plain,
        track=emission_track,
        track_cm=length * path_length.track_total(emission_track, fraction),
        emission_rules=emission_rules(nodes, nodes, _EMISSION_ORDERS),
        exact=table_for(options, target.elements, fraction, np.array([energy, energy])),
        target=target,
        geometry=_geometry(experiment, target, depth, largest),
        background=_background(experiment),
    )


def _optional(experiment: Experiment, key: str) -> float:
    return experiment.number(key, units.DIMENSIONLESS) if key in experiment.entries else 0.0


def _depth(experiment: Experiment, target: Material) -> float:
    depth = experiment.radiation_lengths("target.depth", target.radiation_length_cm)
    if not 0 < depth <= _DEEPEST:
        raise DataError(
            f"{experiment.where('target.depth')} is {depth:g} X0; expected a thickness above 0 and at most {_DEEPEST:g} X0."
        )
    return depth


def _geometry(experiment: Experiment, target: Material, depth: float, largest: float) -> Geometry:
    """The detector along the beam; depths in radiation lengths are those of the calorimeter as built."""
    end = experiment.number("calorimeter.length", units.LENGTH)
    start = experiment.radiation_lengths("target.production_depth", target.radiation_length_cm)
    veto = end + experiment.number("veto.thickness", units.LENGTH)
    far = end + experiment.number("hadron_calorimeter.end", units.LENGTH)
    if not 0 <= start < depth:
        raise DataError(
            f"{experiment.where('target.production_depth')} is {start:g} X0; expected at least 0 and less than the depth of {depth:g} X0."
        )
    if not veto < far:
        raise DataError(
            f"{experiment.where('hadron_calorimeter.end')} must lie behind the veto, {veto - end:g} cm after the calorimeter."
        )
    energies = (experiment.number(f"{name}.largest_energy", units.ENERGY) for name in ("veto", "hadron_calorimeter"))
    return Geometry(start * end / depth, end, veto, far, largest, *energies)


def _background(experiment: Experiment) -> Background:
    """The background of the file, one component, with its uncertainty."""
    expected = experiment.number("counts.background", units.DIMENSIONLESS)
    error = experiment.number("counts.background_uncertainty", units.DIMENSIONLESS)
    return Background(expected, error, {"background": (expected, error)}, {"background": error})
