r"""Millicharged particles in a scintillator telescope beside a collision point: hits in all layers at once.

.. math:: N = 2\,L\,\frac{d\sigma}{d\eta}\Big|_{\eta_0}\,\frac{\Delta\eta\,\Delta\phi}{2\pi}\,P(\epsilon), \qquad
          P = (1 - e^{-N_\mathrm{PE}})^n, \qquad N_\mathrm{PE} = \epsilon^2 N_1

with the cross section per species, the window :math:`\Delta\eta\,\Delta\phi = \Omega\cosh^2\eta_0` of the back face, and n layers; a
particle and its antiparticle both count. With ``hits=two`` both of a pair cross the detector, and P enters squared:
:math:`N = L\,\sigma A_2\,P^2`. The channels are added; a Z' is inside the coherent amplitude of Drell-Yan and in that of the mesons.

Any experiment file with this signature: a telescope of equal layers, its place, the rock before it, its light and its noise.

Source: arXiv:1506.04760, section IV; arXiv:1410.6816.
"""

from __future__ import annotations

import operator
from functools import partial, reduce
from typing import Any

import numpy as np

from .. import units
from ..errors import InvalidInput
from ..experiments.base import Field
from ..models.base import Model, plain
from ..numerics import quadrature
from ..production.side_flux import SideFlux
from . import _scintillator_production as production
from . import _scintillator_rows as by_rows
from ._scintillator_flux import COUPLINGS, Rates, Rows, exchange_of, rates, rows_of, shares
from ._scintillator_fold import (
    Rock,
    from_the_top,
    make_rock,
    nodes_error,
    seen,
    seen_by_velocity,
    stopping_logarithm,
    through_rock,
)
from ._scintillator_prepare import FIELDS, Prepared, prepare
from ._scintillator_prepare import OPTIONS as _DETECTOR_OPTIONS
from .base import Factor, Option, Search, SignalYield

__all__ = ["FIELDS", "prepare"]

CHANNELS = production.CHANNELS
OPTIONS: dict[str, Option] = {
    "channels": Option(CHANNELS, ",".join(CHANNELS), "processes that count", many=True),
    **_DETECTOR_OPTIONS,
    "pdf": Option(production.SETS, production.SETS[0], "parton distributions"),
    "minimum_pair_mass": Option((), "2.0 GeV", "smallest mass of a Drell-Yan pair that counts: below, parton distributions are not known", field=Field(units.ENERGY, low=1.0, high=1e4)),
    "nuisances": Option(("background", "signal", "none"), "none", "uncertainties that enter the limit: of a stated background, the signal's by inputs and theory, or none", many=True),
}  # fmt: skip
TOLERANCE = 0.5
"""Largest relative numerical error of a yield that is passed without a complaint: 5% of a coupling where events go as its eighth power.

Errors are 0.1% at most points, some per cent where a Z' mixes strongly or the rock stops a tenth, tens of per cent where it stops most; for two hits
light particles from boosted mesons open too little, a tail that is told with its error."""
LIGHTEST_GEV = 1e-4
"""Smallest mass: of still lighter particles that are slow, the formula of Bethe makes a loss below 0."""
_BLOCK, _MASSES = 8192, 256


def end_of_block(points: dict[str, np.ndarray], first: int) -> int:
    """Return where the block of a scan ends that begins at a point: of one block the integrals of each mass are kept until it is done."""
    count = next(iter(points.values())).size
    end = min(first + _BLOCK, count)
    if "mass" in points:
        _, place = np.unique(points["mass"][first:end], return_index=True)
        if place.size > _MASSES:
            end = first + int(np.sort(place)[_MASSES])
    return end


# --- what is accepted ------------------------------------------------------------------------------------------------


def check_model(search: Search, model: Model) -> None:
    """Raise InvalidInput unless the model has a millicharged particle that colliders make, with its mass and coupling set."""
    if not hasattr(model, "exchange") or "mass" not in model.PARAMETERS:
        raise InvalidInput(
            f"search '{search.name}' needs a model with a millicharged particle, such as millicharged or mixed_phase; given {model.NAME}."
        )
    model.require("mass")
    names = [name for name in COUPLINGS if name in model.PARAMETERS]
    if all(getattr(model, name) is None for name in names):
        names = [names[0], *model.alternatives(names[0])]
        raise InvalidInput(
            f"{model.NAME}: {' or '.join(names)} must be set; give {' or '.join(f'{name}=...' for name in names)}."
        )
    half = search.prepared().energy / 2
    heaviest = float(np.max(np.asarray(model.mass)))  # type: ignore[attr-defined]
    lightest = float(np.min(np.asarray(model.mass)))  # type: ignore[attr-defined]
    if lightest < LIGHTEST_GEV:
        raise InvalidInput(
            f"search '{search.name}': mass = {lightest:g} GeV is far below that of the electron, where the formula for the energy loss in rock and scintillator ends; expected at least {LIGHTEST_GEV:g} GeV."
        )
    if heaviest >= half:
        raise InvalidInput(
            f"search '{search.name}': mass = {heaviest:g} GeV is beyond half of its collision energy; expected below {half:g} GeV."
        )


# --- yields ----------------------------------------------------------------------------------------------------------


def channel_yields(
    search: Search,
    model: Any,
    *,
    channels: tuple[str, ...] | None = None,
    differentiable: bool = False,
    exact: bool = False,
) -> dict[str, quadrature.Estimate]:
    """Return expected events by channel with their numerical error, for a model whose parameters are scalars or arrays.

    For a scan of the coupling the flux of a point is computed once and kept with the search; with ``exact`` at each row.
    Raises InvalidInput for ``differentiable=True``.
    """
    if differentiable:
        raise InvalidInput(
            f"search '{search.name}' looks fluxes up in tables and is not differentiable; leave out differentiable=True, or take production and detection themselves."
        )
    wanted = tuple(search.options["channels"].split(",")) if channels is None else channels
    rows = rows_of(model)
    state: Prepared = search.prepared()
    found = {}
    by_row = () if exact else tuple(name for name in wanted if production.by_row(name, search.options))
    if by_row and "zprime_mass" in model.PARAMETERS:  # fluxes of the photon and the Z alone go as the charge squared
        found = _row_yields(search, rows, by_row)
    for channel in wanted:
        if channel in found:
            continue
        if np.all(rows.mass >= production.heaviest(channel)):
            found[channel] = quadrature.Estimate(np.zeros(rows.shape), np.zeros(rows.shape))
            continue
        rate = _rates(search, rows, channel, exact=exact)
        exposure, share = _exposure(state, search.options), _seen(search, rate)
        error = exposure * (share * rate.error + _unseen_error(search, rate) * rate.total)
        found[channel] = quadrature.Estimate(
            (exposure * share * rate.total).reshape(rows.shape), error.reshape(rows.shape)
        )
    return found


def _row_yields(search: Search, rows: Rows, channels: tuple[str, ...]) -> dict[str, quadrature.Estimate]:
    """Events of channels of which each row has its own exchange."""
    state: Prepared = search.prepared()
    exchange, charge = exchange_of(rows)
    seen_per_pb = _exposure(state, search.options) * seen(state, charge, 1)
    log_stop = None
    if state.rock_column > 0:
        rock = _rock(search, rows.mass)
        log_stop = stopping_logarithm(rock, rows.mass, charge**2 * state.rock_column / rows.mass)
    with_states = np.flatnonzero(np.isfinite(sum(np.sum(part, axis=-1) for part in exchange[1:])))
    mass = rows.mass
    if with_states.size < mass.size:
        exchange, mass, seen_per_pb = by_rows.chosen(exchange, with_states), mass[with_states], seen_per_pb[with_states]
        log_stop = None if log_stop is None else log_stop[with_states]
    found = {}
    for channel in channels:
        each = _row_maker(search, channel).events(exchange, mass, seen_per_pb, log_stop)
        parts = np.full((2, rows.mass.size), np.nan)
        parts[:, with_states] = each
        found[channel] = quadrature.Estimate(*(part.reshape(rows.shape) for part in parts))
    return found


def _row_maker(search: Search, channel: str) -> by_rows.Maker:
    place = f"rows {channel}"
    kept: by_rows.Maker | None = search._prepared.get(place)
    if kept is None:
        state, direct = search.prepared(), _maker(search, channel)

        def fastest(mass: float) -> float:
            one = np.array([mass])
            return (
                0.0
                if state.rock_column <= 0
                else float(np.exp(stopping_logarithm(_rock(search, one), one, state.rock_column / one)[0]))
            )

        def passed(flux: SideFlux, log_stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            above, row = from_the_top(shares(flux.density)), np.arange(log_stop.size)
            return through_rock(above, row, log_stop), nodes_error(above, row, log_stop)

        made = (
            by_rows.Quarkonia(state.pseudorapidity, state.energy)
            if channel == "quarkonium"
            else by_rows.Pairs(direct.kernel, fastest)
        )
        kept = by_rows.Maker(made, production.heaviest(channel), direct.flux, passed, direct.window)
        search._prepared[place] = kept
    return kept


def _two(options: dict[str, str]) -> bool:
    return options["hits"] == "two"


def _maker(search: Search, channel: str) -> production.Maker:
    kept: production.Maker | None = search._prepared.get(f"maker {channel}")
    if kept is None:
        kept = production.Maker(channel, search.prepared(), search.options, partial(_count, search))
        search._prepared[f"maker {channel}"] = kept
    return kept


def _rates(search: Search, rows: Rows, channel: str, *, exact: bool) -> Rates:
    return rates(search, rows, channel, _maker(search, channel), exact=exact)


def _count(search: Search, charge: np.ndarray, value: np.ndarray, mass: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Events of minimum-ionising particles for charges and fluxes per charge squared, both of shape (n, k)."""
    flat = charge.ravel()
    point = np.repeat(np.arange(mass.size), charge.shape[1])
    rate = Rates(flat, value.ravel() * flat**2, 0 * flat, np.repeat(mass, charge.shape[1]), point, above[:, :-1], above)
    plain_loss = search.options["energy_loss"] == "minimum_ionising" or _two(search.options)
    seen_share = _seen(search, rate) if plain_loss else 0.0
    return (_exposure(search.prepared(), search.options) * rate.total * seen_share).reshape(charge.shape)


def _exposure(state: Prepared, options: dict[str, str]) -> float:
    """What multiplies cross section and probability: 1/pb."""
    return state.luminosity_pb * (1.0 if _two(options) else 2 * state.window / (2 * np.pi))


def _rock(search: Search, mass: np.ndarray) -> Rock:
    """Ranges in the rock for these masses, kept with the search."""
    kept: Rock | None = search._prepared.get("rock")
    if kept is None or not np.array_equal(
        kept.mass[np.minimum(np.searchsorted(kept.mass, mass), kept.mass.size - 1)], mass
    ):
        known = np.empty(0) if kept is None or kept.mass.size > 4096 else kept.mass
        kept = search._prepared["rock"] = make_rock(search.prepared(), np.concatenate([known, mass]))
    return kept


def _seen(search: Search, rate: Rates) -> np.ndarray:
    """Mean probability to be seen, over the velocities of each row."""
    state, options = search.prepared(), search.options
    two = _two(options)
    if options["energy_loss"] == "velocity" and not two:
        rock = _rock(search, rate.mass)
        each = seen_by_velocity(state, rock, rate.mass, rate.charge, 1)
        return np.sum(each * rate.share[rate.point], axis=-1)
    probability = seen(state, rate.charge, 2 if two else 1)
    if state.rock_column <= 0 or two:
        return probability
    rock = _rock(search, rate.mass)
    stop = stopping_logarithm(rock, rate.mass, rate.charge**2 * state.rock_column / rate.mass)
    return probability * through_rock(rate.above, rate.point, stop)


def _unseen_error(search: Search, rate: Rates) -> np.ndarray:
    """Error of :func:`_seen` by the nodes in velocity, where the rock stops particles."""
    state, two = search.prepared(), _two(search.options)
    if state.rock_column <= 0 or two or search.options["energy_loss"] == "velocity":
        return np.zeros(rate.mass.size)
    rock = _rock(search, rate.mass)
    stop = stopping_logarithm(rock, rate.mass, rate.charge**2 * state.rock_column / rate.mass)
    return seen(state, rate.charge, 1) * nodes_error(rate.above, rate.point, stop)


def signal_yield(search: Search, model: Any, *, differentiable: bool = False) -> SignalYield:
    """Return expected events with the chain of factors; see :func:`portico.signal`."""
    check_model(search, model)
    found = channel_yields(search, model, differentiable=differentiable, exact=True)
    rows, state = rows_of(model), search.prepared()
    factors: list[Factor] = []
    for channel, estimate in found.items():
        rate = _rates(search, rows, channel, exact=True)
        factors += _factors(search, channel, rate, rows.shape, estimate.value)
    errors = {name: _relative(search, model, name) for name in found}
    return SignalYield(
        search=search.name,
        model=model,
        expected=plain(sum(estimate.value for estimate in found.values())),
        channels={name: plain(estimate.value) for name, estimate in found.items()},
        numerical_error={name: plain(estimate.error) for name, estimate in found.items()},
        systematic_error={name: plain(errors[name] * estimate.value) for name, estimate in found.items()},
        factors=tuple(factors),
        background=state.background,
        observed=None,
        sources=tuple(dict.fromkeys([*search.sources, *method_sources(search), *model.SOURCES])),
    )


def _factors(search: Search, channel: str, rate: Rates, shape: tuple[int, ...], value: Any) -> list[Factor]:
    """The chain behind a channel; its product is the expected events."""
    state, options, entries = search.prepared(), search.options, search.experiment.entries
    chain: list[tuple[str, Any, str, str]] = [
        ("integrated luminosity", state.luminosity_pb, "1/pb", entries["run.luminosity"].source)
    ]
    made = rate.total.reshape(shape)
    if _two(options):
        chain.append(
            (
                "cross section of pairs of which both cross the detector",
                plain(made),
                "pb",
                production.source(channel, options),
            )
        )
    else:
        chain += [
            ("particle and antiparticle", 2.0, "1", "charge conjugation"),
            ("cross section per unit of pseudorapidity and species", plain(made), "pb", production.source(channel, options)),
            ("window in pseudorapidity and azimuth of the back face, over 2 pi", state.window / (2 * np.pi), "1", "portico.detection.rectangle; " + entries["detector.distance"].source),
        ]  # fmt: skip
    product = reduce(operator.mul, (np.asarray(factor[1]) for factor in chain))
    safe = np.where(product > 0, product, 1.0)
    words = f"{state.layers} layers" + (", twice" if _two(options) else "")
    name = f"probability of a photo-electron in all of {words} (energy_loss={options['energy_loss']}, rock={options['rock']})"
    chain.append((name, plain(np.where(product > 0, value / safe, 0.0)), "1", entries["response.photo_electrons_of_unit_charge"].source))  # fmt: skip
    return [Factor(channel, *factor) for factor in chain]


# --- what should be known ----------------------------------------------------------------------------------------------


def systematic_error(search: Search, model: Any, channel: str, *, differentiable: bool = False) -> Any:
    """Return the relative error of a channel from inputs and theory: parton distributions and scale, or measured mesons."""
    return _relative(search, model, channel)


def _relative(search: Search, model: Any, channel: str) -> Any:
    return production.relative_error(channel, search.prepared(), search.options, np.asarray(model.mass, dtype=float))


def method_sources(search: Search) -> tuple[str, ...]:
    """Return the sources of the formulas behind the counts."""
    channels = search.options["channels"].split(",")
    made = [production.source(channel, search.options) for channel in channels]
    return tuple(dict.fromkeys(["arXiv:1506.04760", *made]))


def notes(search: Search, model: Any) -> list[str]:
    """Return what a user should know of this model in this search, in sentences."""
    return limit_notes(search, model)


def limit_notes(search: Search, model: Any) -> list[str]:
    """Return what should be known of a limit: dark charge and branching ratio, what the cut on pairs leaves out, open ends."""
    options, found = search.options, list(model.notes())
    cut = production.smallest_pair_mass(search.prepared(), options)
    mass = np.asarray(model.mass, dtype=float)
    light = 2 * mass < cut
    if "drell_yan" in options["channels"].split(",") and np.any(light):
        where = "" if light.ndim == 0 else f" at {int(np.sum(light))} of {light.size} points"
        found.append(
            f"Drell-Yan pairs below {cut:.3g} GeV (minimum_pair_mass, or where parton distributions begin) are left out{where}: for masses below {cut / 2:.3g} GeV the signal is a lower bound, and what is excluded an interval open below."
        )
    entries = search.experiment.entries
    if options["background"] == "none" and "counts.background" in entries:
        found.append("counts.background of the file does not enter: background=none; choose background=file.")
    response = entries["response.photo_electrons_of_unit_charge"]
    if response.status == "inferred" and options["photo_electrons"] != "computed":
        found.append(f"the light yield is not that of a calibration ({response.source}), and no efficiency of a selection enters: an ideal detector. The published limit of the demonstrator is weaker by factors, see docs/physics/mixed_phase.md.")  # fmt: skip
    return [*found, *production.notes(options, model, cut)]
