r"""Semi-visible mediators in a missing-energy search: the yields of an invisible one times the probability that no decay is seen.

.. math:: N = \varepsilon\,\epsilon^2\,\mathrm{BR}_\mathrm{dark}\,\sum_c N_c\,P_c(\epsilon)

The mediator is made as one that decays to Dirac dark matter with the same width and the same threshold, which is exact for
bremsstrahlung and for annihilation on the resonance; off it the shape of the current between threshold and resonance is that of
one pair. Where the resonance lies above the beam, annihilation makes few, off-shell mediators: they get the probability of emitted ones.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from .. import particles
from ..cascades.survival import Survival
from ..decays.chain import Chain
from ..decays.dark_current import dark_current
from ..errors import InvalidInput
from ..models.base import Model, VectorMediator
from ..numerics import quadrature
from ..numerics.sampling import MonteCarlo
from ..production import exact_table
from . import _invisible
from ._missing_energy_fold import Prepared
from ._missing_energy_spectrum import Spectrum, annihilation_spectrum, emission_spectrum
from ._missing_energy_veto import mixed, survival_of_chain
from ._semi_visible import Points, cached_survival, points_of, refuse_closed, survival_at
from .base import Search

_SMALL = 1e-6  # kinetic mixing at which the visible width does not matter for the shares of channels


class _Equivalent(NamedTuple):
    """A vector mediator with Dirac dark matter, and the dark and visible widths and the threshold of a model."""

    mass: Any
    epsilon: Any
    alpha_dark: Any
    visible: Any
    dark_matter_mass: Any
    dark_matter: str = "dirac"

    def dark_matter_mass_gev(self) -> Any:
        return self.dark_matter_mass

    def visible_width_unit(self) -> Any:
        return self.visible


def is_semi_visible(model: Any) -> bool:
    """Whether a model is one of cascades: it knows its chain, and is not a mediator of stable dark matter."""
    return hasattr(model, "chain") and not isinstance(model, VectorMediator)


def check_model(search: Search, model: Model) -> None:
    """Raise InvalidInput unless the mediator decays to dark fermions, OutOfValidity for a mass beyond the table."""
    refuse_closed(search, model)
    exact = search.prepared().exact
    if exact is not None:
        exact_table.check_mass(exact, np.asarray(model.mass))  # type: ignore[attr-defined]


def _equivalent(points: Points, epsilon: Any) -> _Equivalent:
    mass, half = points.column("mass"), points.column("threshold") / 2
    unit = np.asarray(dark_current(mass**2, half, "dirac")) / (3 * mass)  # width for alpha_dark = 1
    return _Equivalent(mass, epsilon, points.column("dark") / unit, points.column("visible"), half)


def channel_yields(
    search: Search, model: Any, wanted: tuple[str, ...], *, differentiable: bool = False
) -> dict[str, quadrature.Estimate]:
    """Return events by channel before efficiency, with the error of integration and of the Monte Carlo."""
    if differentiable or isinstance(model.mass, jax.core.Tracer):
        raise InvalidInput(
            f"search '{search.name}' counts events of a Monte Carlo for {model.NAME} and is not differentiable; leave out differentiable=True."
        )
    points = points_of(search, model)
    made = _invisible.channel_yields(search, _equivalent(points, points.epsilon), wanted)
    found = {}
    for channel, (value, error) in made.items():
        passed = _passed(search, points, channel)
        found[channel] = quadrature.Estimate(value * passed.value, error * passed.value + value * passed.error)
    return found


def _passed(search: Search, points: Points, channel: str) -> MonteCarlo:
    """The probability that no decay is seen, with its error, at every row."""
    return survival_at(points, lambda chain: _origins(search, chain, channel))


def passed_by_channel(search: Search, model: Any) -> dict[str, np.ndarray]:
    """Return the probability that no decay is seen, by channel of the search, at every point of a model."""
    points = points_of(search, model)
    return {name: _passed(search, points, name).value for name in search.options["channels"].split(",")}


def made_by_channel(search: Search, model: Any) -> dict[str, float]:
    """Return the mediators made by channel, in events of small mixing, for a model with scalar masses: their shares matter."""
    points, wanted = points_of(search, model), tuple(search.options["channels"].split(","))
    made = _invisible.channel_yields(search, _equivalent(points, np.full(points.epsilon.shape, _SMALL)), wanted)
    return {name: float(np.ravel(made[name].value)[0]) for name in wanted}


def survival(search: Search, model: Any) -> Survival:
    """Return the probability that no decay is seen, for mediators of all channels together; ``model`` has scalar masses."""
    chain = points_of(search, model).different[0].chain
    if chain.steps() == 0:
        return _origins(search, chain, "bremsstrahlung")
    made = made_by_channel(search, model)
    return mixed([(events, _origins(search, chain, name)) for name, events in made.items()])


def _origins(search: Search, chain: Chain, channel: str) -> Survival:
    """The survival of cascades behind emitted mediators, or behind those of annihilation, kept per search."""
    state: Prepared = search.prepared()
    resonance = chain.mediator_mass**2 / (2 * particles.mass("e-"))
    some_are_emitted = "bremsstrahlung" in search.options["channels"].split(",")
    emitted = channel == "bremsstrahlung" or (some_are_emitted and resonance > state.beam_energy)
    kept = search._prepared.setdefault(
        "emitted" if emitted else "annihilated", Search(search.experiment, search.options)
    )
    return cached_survival(kept, chain, partial(_survival, search, emitted))


def _survival(search: Search, emitted: bool, chain: Chain) -> Survival:
    state: Prepared = search.prepared()
    spectrum: Spectrum
    if emitted:
        spectrum = emission_spectrum(search, chain.mediator_mass)
    else:
        spectrum = annihilation_spectrum(search, chain.mediator_mass, chain.mediator_width)
    return survival_of_chain(search, state, chain, spectrum, origin=0 if emitted else 1)
