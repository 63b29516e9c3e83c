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

from functools import partial
from typing import Any

from .. import units
from ..beams import bhabha
from ..experiments.base import Field
from ..matter.form_factors import FORM_FACTORS
from ..numerics import quadrature
from ..production import nuclear_bremsstrahlung, resonant_annihilation
from ..transport import electromagnetic_cascade
from . import _invisible
from ._disappearing_positron_factors import factors, method_sources
from ._disappearing_positron_fold import BACKGROUND_NUISANCES, Prepared, background, prepare
from ._emission import theory_error
from ._invisible import check_model, emission_by_rules, emission_unit
from .base import Option, Search, SignalYield

__all__ = ["background", "check_model", "emission_by_rules", "emission_unit", "method_sources", "prepare"]

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

_INELASTIC = (0.6, "a factor 2 at 1 GeV")  # GeV
TOLERANCE = 1e-3
"""Largest relative numerical error of a yield that is passed without a complaint."""


def channel_yields(
    search: Search, model: Any, *, channels: tuple[str, ...] | None = None, differentiable: bool = False
) -> dict[str, quadrature.Estimate]:
    """Return expected events by channel with their numerical error, for a model whose parameters are scalars or arrays.

    ``channels`` are those wanted, all of the search by default.
    """
    state: Prepared = search.prepared()
    wanted = search.options["channels"].split(",") if channels is None else channels
    found = _invisible.channel_yields(search, model, wanted, differentiable=differentiable)
    return {name: _with_beam_error(state, estimate) for name, estimate in found.items()}


def _with_beam_error(state: Prepared, estimate: quadrature.Estimate) -> quadrature.Estimate:
    """Add the numerical error of the number of positrons."""
    return quadrature.Estimate(
        estimate.value, estimate.error + estimate.value * (state.positrons_error / state.positrons)
    )


def signal_yield(search: Search, model: Any, *, differentiable: bool = False) -> SignalYield:
    """Return expected events with the chain of factors; see :func:`portico.signal`."""
    check_model(search, model)
    channels = channel_yields(search, model, differentiable=differentiable)
    chain = partial(factors, search, search.prepared())
    return _invisible.signal_yield(search, model, channels, chain, differentiable=differentiable)


def notes(search: Search, model: Any) -> list[str]:
    """Return what a user should know of this model in this search, in sentences."""
    return _invisible.notes(search, model, inelastic=_INELASTIC)


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
