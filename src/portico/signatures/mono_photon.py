r"""One photon and nothing else at an electron-positron collider: a mediator that leaves no trace, or a cascade that is not seen.

.. math:: N = \epsilon^2\,\mathrm{BR}_\mathrm{dark}(\epsilon)\,P(\epsilon)\,\sum_k L_k\,\sigma_1(s_k, M)

before efficiencies, with the probability P that no decay of the cascade trips the veto (:mod:`portico.cascades.survival`). No
file of facts holds the background and the multivariate selection of such a search: what is excluded is what gives as many
events as an invisible mediator at the published limit, in which the efficiency cancels,

.. math:: \epsilon^2\,\mathrm{BR}_\mathrm{dark}(\epsilon)\,P(\epsilon) \ge \epsilon_\mathrm{inv}^2(M).

Source: arXiv:1702.03327 (search), talk on arXiv:2302.05410 (veto).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import units
from ..cascades.survival import Survival
from ..constants import GEV2_CM2
from ..decays.chain import Chain
from ..detection.pair_veto import MODES
from ..errors import InvalidInput
from ..experiments.base import Field
from ..models.base import Model, plain
from ..numerics import quadrature
from ..production import electron_positron_photon
from ._mono_photon_events import event_source
from ._mono_photon_samples import LINES, SELECTIONS, Prepared, collisions, prepare
from ._mono_photon_veto import survival_of_chain
from ._semi_visible import cached_survival, dark_fraction, points_of, refuse_closed, some_points, survival_at
from .base import Factor, Option, Search, SignalYield

__all__ = ["event_source", "points_of", "prepare"]

_PURE = units.DIMENSIONLESS
_ENERGY = Field(units.ENERGY, low=0.0, high=1e3)
_LENGTH = Field(units.LENGTH, low=0.1, high=1e5)
FIELDS: dict[str, Field] = {
    "beams.positron_energy": Field(units.ENERGY, low=0.1, high=1e4),
    **{f"samples.energy_{name}": Field(units.ENERGY, optional=True, low=1.0, high=1e4) for name in LINES},
    **{
        f"samples.luminosity_{selection}_{name}": Field(units.LUMINOSITY, optional=True, low=0.0, high=1e60)
        for selection in SELECTIONS
        for name in LINES
    },
    "acceptance.largest_cosine": Field(_PURE, low=0.01, high=0.999),
    **{f"acceptance.photon_energy_{selection}": _ENERGY for selection in SELECTIONS},
    "acceptance.largest_mass_low_mass": _ENERGY,
    "acceptance.smallest_mass_high_mass": _ENERGY,
    "acceptance.largest_mass_high_mass": _ENERGY,
    **{f"acceptance.largest_mass_high_mass_{name}": _ENERGY._replace(optional=True) for name in LINES},
    "volume.full_radius": _LENGTH,
    "volume.full_backward": _LENGTH,
    "volume.full_forward": _LENGTH,
    "volume.calorimeter_radius": _LENGTH,
    "volume.drift_chamber_radius": _LENGTH,
    "veto.energy_threshold": _ENERGY,
    "veto.smallest_polar_angle": Field(units.ANGLE, low=0.0, high=3.1416),
    "veto.largest_polar_angle": Field(units.ANGLE, low=0.0, high=3.1416),
    "veto.separation": Field(units.ANGLE, low=0.0, high=3.1416),
    "veto.magnetic_field": Field(_PURE, low=0.0, high=20.0),
    "veto.drift_chamber_inner_radius": _LENGTH,
    "veto.calorimeter_inner_radius": _LENGTH,
    "limit.published": Field("text"),
}

OPTIONS: dict[str, Option] = {
    "channels": Option(("mono_photon",), "mono_photon", "processes that count", many=True),
    "veto_mode": Option(MODES, "any", "one particle of a pair is enough to trip the veto, or both have to pass its cuts"),
    "volume": Option(("full", "calorimeter", "drift_chamber"), "full", "where a decay is seen: up to the muon system, or less"),
    "energy_threshold": Option((), "file", "energy above which a particle is seen; by default that of the file", field=Field(units.ENERGY, low=0.0, high=10.0)),
    "turn_on": Option((), "0.0 GeV", "width of the threshold: standard deviation of an error function, 0 for a step", field=Field(units.ENERGY, low=0.0, high=1.0)),
    "magnetic_field": Option(("off", "drift_chamber", "calorimeter"), "off", "off, or a particle needs the transverse momentum to reach this from the axis"),
    "hadronic_decays": Option(("on", "off"), "on", "decays of dark fermions to hadrons, seen as two charged pions"),
    "spin_correlations": Option(("off", "on"), "off", "between the photon, the mediator and its decay products"),
    "selection": Option(("auto", *SELECTIONS), "auto", "auto: low_mass up to the end of its window, high_mass above"),
    "samples": Option(LINES, ",".join(LINES), "centre-of-mass energies that count", many=True),
    "precision": Option((), "0.05", "wanted relative error of the survival probability", field=Field(_PURE, low=1e-4, high=0.5)),
    "events": Option((), "400000", "largest number of events per point, drawn in blocks of 16384 per decay mode", field=Field(_PURE, low=1e4, high=1e9, whole=True)),
    "seed": Option((), "1", "of the random numbers", field=Field(_PURE, low=0, high=2**31 - 1, whole=True)),
}  # fmt: skip

_CM2_PER_FB = 1e-39
TOLERANCE = 0.5
"""Largest relative numerical error of a yield that is passed without a complaint; that of the sample is told with the limit."""


def check_model(search: Search, model: Model) -> None:
    """Raise InvalidInput unless the mediator decays to dark particles and its mass is in reach of the search."""
    refuse_closed(search, model)
    state: Prepared = search.prepared()
    for mass in np.unique(np.asarray(model.mass)):  # type: ignore[attr-defined]
        if not collisions(state, search.options, float(mass)):
            raise InvalidInput(
                f"search '{search.name}': at mass = {mass:g} GeV no event passes its selection (photon energy and mass window); expected a mass {state.window(search.options)}."
            )


def survival(search: Search, model: Model) -> Survival:
    """Return the probability to pass the veto over couplings, for a model with scalar masses; kept per search."""
    return _survival(search, points_of(search, model).different[0].chain)


def _survival(search: Search, chain: Chain) -> Survival:
    return cached_survival(search, chain, lambda wanted: survival_of_chain(search, search.prepared(), wanted))


def published_limit(search: Search) -> str:
    """Return the name of the published limit on invisible mediators on which limits rest."""
    return search.experiment.text("limit.published")


def events_unit(search: Search, mass: np.ndarray) -> np.ndarray:
    """Return sum of luminosity times cross section in the acceptance for epsilon = 1, at masses (GeV) of any shape."""
    state: Prepared = search.prepared()

    def total(m: float) -> float:
        return sum(
            c.luminosity * float(electron_positron_photon.sigma(c.root_s**2, m, 1.0, cos_max=state.largest_cosine))
            for c in collisions(state, search.options, m)
        )

    return _on_masses(total, np.asarray(mass)) * GEV2_CM2


def channel_yields(
    search: Search, model: Any, *, channels: tuple[str, ...] | None = None, differentiable: bool = False
) -> dict[str, quadrature.Estimate]:
    """Return expected events before efficiencies with the error of the Monte Carlo, for scalars or arrays of parameters.

    Raises InvalidInput for ``differentiable=True``: a survival probability from events has no gradient.
    """
    if differentiable:
        raise InvalidInput(
            f"search '{search.name}' counts events of a Monte Carlo and is not differentiable; leave out differentiable=True."
        )
    points = points_of(search, model)
    passed = survival_at(points, partial(_survival, search))
    scale = points.epsilon**2 * dark_fraction(points) * events_unit(search, points.column("mass"))
    return {"mono_photon": quadrature.Estimate(scale * passed.value, scale * passed.error)}


def systematic_error(search: Search, model: Any, channel: str, *, differentiable: bool = False) -> Any:
    """Return the relative error from inputs and theory: 0, as neither the efficiency nor its error is in the file.

    The choice of ``veto_mode`` and ``volume`` moves the result far more than any error, and is told with it.
    """
    return 0.0


def method_sources(search: Search) -> tuple[str, ...]:
    """Return the sources of the formulas behind the counts."""
    return ("arXiv:1702.03327", "arXiv:2302.05410")


def notes(search: Search, model: Any) -> list[str]:
    """Return what a user should know of this model in this search, in sentences."""
    options, found = search.options, []
    if any(point.chain.decays for point in some_points(search, model)):
        found.append(
            f"decays are vetoed with veto_mode={options['veto_mode']} and volume={options['volume']}; the published search leaves both open, and they move limits on epsilon by factors of 3 to 10."
        )
    return found


def signal_yield(search: Search, model: Any, *, differentiable: bool = False) -> SignalYield:
    """Return expected events with the chain of factors; see :func:`portico.signal`."""
    check_model(search, model)
    estimate = channel_yields(search, model, differentiable=differentiable)["mono_photon"]
    points = points_of(search, model)
    mass, epsilon = points.column("mass"), points.epsilon
    passed, dark = survival_at(points, partial(_survival, search)), dark_fraction(points)
    luminosity = _on_masses(lambda m: sum(c.luminosity for c in collisions(search.prepared(), search.options, m)), mass)
    cross_section = epsilon**2 * events_unit(search, mass) / luminosity
    own, veto = search.experiment.sources[0], search.experiment.sources[-1]

    def factor(name: str, value: Any, unit: str, source: str) -> Factor:
        return Factor("mono_photon", name, plain(value), unit, source)

    return SignalYield(
        search=search.name,
        model=model,
        expected=plain(estimate.value),
        channels={"mono_photon": plain(estimate.value)},
        numerical_error={"mono_photon": plain(estimate.error)},
        systematic_error={"mono_photon": plain(0.0 * estimate.value)},
        factors=(
            factor("integrated luminosity", luminosity * _CM2_PER_FB, "1/fb", own),
            factor("cross section of photon and mediator in the acceptance", cross_section / _CM2_PER_FB, "fb", "portico.production.electron_positron_photon"),
            factor("branching ratio to dark particles", dark, "1", model.NAME),
            factor(f"probability that no decay is seen (veto_mode={search.options['veto_mode']}, volume={search.options['volume']})", passed.value, "1", veto),
        ),
        background=None,
        observed=None,
        sources=tuple(dict.fromkeys([*search.sources, *method_sources(search), *model.SOURCES])),
    )  # fmt: skip


def _on_masses(function: Callable[[float], float], mass: np.ndarray) -> np.ndarray:
    """Evaluate a function of one mass at each different mass."""
    different, place = np.unique(mass, return_inverse=True)
    return np.array([function(float(m)) for m in different])[place].reshape(np.shape(mass))
