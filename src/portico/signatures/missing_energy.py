r"""Missing energy of a beam electron in a calorimeter: a mediator made in its shower leaves with the energy that is not seen.

.. math:: N = \varepsilon\,(N_\mathrm{bre} + N_\mathrm{ann} + N_{\gamma\mathrm{ann}}), \qquad
          N_\mathrm{bre} = N_e n_N\,\mathrm{BR}_\chi\int dE\,T_{e^\pm}(E, E_0)\,\sigma_\mathrm{bre}(E;\,E_{A'} > E_0 - E_\mathrm{cut}), \qquad
          N_\mathrm{ann} = N_e n_e\int dE'\,T_{e^+}(E', E_0)\,\sigma_\mathrm{ann}(E')

The cut on the energy that the calorimeter sees, :math:`E_\mathrm{ECAL} < E_\mathrm{cut}`, is one on the mediator's energy:
all else of the shower is contained. Leptons of both charges radiate; only the positrons of the shower annihilate, with
electrons of the atoms. The efficiency is one number, and nothing else is multiplied.

Any experiment file with this signature: a beam of electrons on a thick target that is the calorimeter, a veto and a hadron calorimeter.

Source: arXiv:1906.00176; arXiv:2108.04195 for annihilation.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from .. import units
from ..cascades.survival import Survival
from ..detection import dump_veto
from ..experiments.base import Field
from ..matter.form_factors import FORM_FACTORS
from ..models.base import Model
from ..numerics import quadrature
from ..production import nuclear_bremsstrahlung, resonant_annihilation
from ..transport import electromagnetic_cascade
from . import _invisible
from . import _missing_energy_cascades as cascades
from ._emission import LEAD_DUMP, theory_error
from ._invisible import emission_by_rules, emission_unit
from ._missing_energy_events import event_source
from ._missing_energy_factors import factors, method_sources
from ._missing_energy_fold import Prepared, prepare
from ._missing_energy_spectrum import Spectrum, annihilation_spectrum, emission_spectrum
from ._missing_energy_veto import veto_of
from ._semi_visible import points_of
from .base import Option, Search, SignalYield

__all__ = ["emission_by_rules", "emission_unit", "event_source", "method_sources", "points_of", "prepare"]

CHANNELS = ("annihilation", "bremsstrahlung", "radiative_annihilation")

_PURE = units.DIMENSIONLESS
FIELDS: dict[str, Field] = {
    "beam.energy": Field(units.ENERGY, low=0.1, high=1e4),
    "beam.electrons_on_target": Field(_PURE, low=0.0, high=1e30, low_open=True),
    "target.material": Field("text"),
    "target.depth": Field("length"),
    "target.production_depth": Field("length"),
    "calorimeter.largest_energy": Field(units.ENERGY, low=0.0, high=1e4, low_open=True),
    "calorimeter.length": Field(units.LENGTH, low=0.1, high=1e5),
    "veto.thickness": Field(units.LENGTH, low=0.0, high=1e4),
    "veto.largest_energy": Field(units.ENERGY, low=0.0, high=1e4),
    "hadron_calorimeter.end": Field(units.LENGTH, low=0.1, high=1e6),
    "hadron_calorimeter.largest_energy": Field(units.ENERGY, low=0.0, high=1e4),
    "selection.efficiency": Field(_PURE, low=0.0, high=1.0, low_open=True),
    "selection.efficiency_uncertainty": Field(_PURE, optional=True, low=0.0, high=1.0),
    "selection.semi_visible_veto": Field("text"),
    "counts.background": Field(_PURE, low=0.0, high=1e9),
    "counts.background_uncertainty": Field(_PURE, low=0.0, high=1e9),
    "counts.observed": Field(_PURE, optional=True, low=0.0, high=1e9, whole=True),
}

OPTIONS: dict[str, Option] = {
    "channels": Option(CHANNELS, ",".join(CHANNELS), "processes that count", many=True),
    "bremsstrahlung": Option(nuclear_bremsstrahlung.APPROXIMATIONS, "exact", "cross section on nuclei"),
    "form_factor": Option(FORM_FACTORS, "elastic_inelastic", "nuclear form factor"),
    "track_length": Option(electromagnetic_cascade.METHODS, "cascade", "track length in the shower"),
    "width": Option(resonant_annihilation.WIDTHS, "constant", "width in the Breit-Wigner"),
    "nuisances": Option(
        ("background", "signal", "none"),
        "background,signal",
        "uncertainties that enter the limit; none for a known background and signal",
        many=True,
    ),
    "electron_motion": Option(
        ("off", "on"), "off", "atomic electrons at rest, or moving and bound as in Slater orbitals"
    ),
    "semi_visible_veto": Option(("file", *dump_veto.MODES), "file", "decays on the way: energies decide (invisible), any before the end is seen (strict), or as the file says"),
    "hadronic_decays": Option(("on", "off"), "on", "decays of dark fermions to hadrons, seen as two charged pions"),
    "precision": Option((), "0.05", "wanted relative error of the survival probability", field=Field(_PURE, low=1e-4, high=0.5)),
    "events": Option((), "400000", "largest number of events per point and origin, drawn in blocks of 16384 per decay mode", field=Field(_PURE, low=1e4, high=1e9, whole=True)),
    "seed": Option((), "1", "of the random numbers", field=Field(_PURE, low=0, high=2**31 - 1, whole=True)),
}  # fmt: skip

_INELASTIC = (2.0, "a factor 5 at 5 GeV")  # GeV
TOLERANCE = 2e-3
"""Largest relative numerical error of a yield that is passed without a complaint, for mediators that are not seen."""
_MONTE_CARLO = 0.5


def tolerance(search: Search, model: Model) -> float:
    """Return the largest relative numerical error that is passed without a complaint; that of a Monte Carlo is told with the limit."""
    return _MONTE_CARLO if cascades.is_semi_visible(model) else TOLERANCE


def check_model(search: Search, model: Model) -> None:
    """Raise InvalidInput unless the mediator decays to on-shell dark matter, or to dark fermions that may decay on."""
    (cascades if cascades.is_semi_visible(model) else _invisible).check_model(search, model)


def survival(search: Search, model: Model) -> Survival:
    """Return the probability that no decay is seen over couplings, for a model with scalar masses; kept per search."""
    return cascades.survival(search, model)


def channel_yields(
    search: Search, model: Any, *, channels: tuple[str, ...] | None = None, differentiable: bool = False
) -> dict[str, quadrature.Estimate]:
    """Return expected events by channel with their numerical error, for a model whose parameters are scalars or arrays.

    ``channels`` are those wanted, all of the search by default.
    """
    state: Prepared = search.prepared()
    wanted = tuple(search.options["channels"].split(",")) if channels is None else channels
    kind = cascades if cascades.is_semi_visible(model) else _invisible
    found = kind.channel_yields(search, model, wanted, differentiable=differentiable)
    return {
        name: quadrature.Estimate(state.efficiency * value, state.efficiency * error)
        for name, (value, error) in found.items()
    }


def mediator_spectrum(search: Search, mass: float, width: float) -> dict[str, Spectrum]:
    """Return the energies of mediators above the cut by channel, for a mass and a total width (GeV); for decays on the way.

    All are made at one depth, ``target.production_depth`` of the file, and go along the beam: the angles of some mrad do not count.
    With photons annihilation has the energies of the one without.
    """
    found = {}
    for channel in search.options["channels"].split(","):
        emitted = channel == "bremsstrahlung"
        found[channel] = emission_spectrum(search, mass) if emitted else annihilation_spectrum(search, mass, width)
    return found


def signal_yield(search: Search, model: Any, *, differentiable: bool = False) -> SignalYield:
    """Return expected events with the chain of factors; see :func:`portico.signal`."""
    check_model(search, model)
    channels = channel_yields(search, model, differentiable=differentiable)
    passed = cascades.passed_by_channel(search, model) if cascades.is_semi_visible(model) else {}
    chain = partial(factors, search, search.prepared(), passed)
    return _invisible.signal_yield(search, model, channels, chain, differentiable=differentiable)


def notes(search: Search, model: Any) -> list[str]:
    """Return what a user should know of this model in this search, in sentences."""
    if not cascades.is_semi_visible(model):
        return _invisible.notes(search, model, inelastic=_INELASTIC)
    told = "any decay before the end of the hadron calorimeter is seen"
    if veto_of(search) == "invisible":
        told = "decays in the calorimeter count as energy seen there, later ones by the thresholds of veto and hadron calorimeter, which makes prompt decays pass; NA64 does not claim this, compare semi_visible_veto=strict"
    return [f"semi_visible_veto={veto_of(search)}: {told}; all mediators are made at one depth and go along the beam."]


def systematic_error(search: Search, model: Any, channel: str, *, differentiable: bool = False) -> Any:
    """Return the relative error of a channel from inputs and theory: efficiency, track length, and the cross section."""
    state: Prepared = search.prepared()
    rest = theory_error(
        search.options,
        channel,
        model.mass,
        differentiable=differentiable,
        table_error=0.0 if state.exact is None else float(state.exact.error),
        at=LEAD_DUMP,
    )
    return (state.efficiency_error**2 + rest**2) ** 0.5
