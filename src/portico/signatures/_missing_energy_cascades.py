r"""Semi-visible mediators in a missing-energy search: the yields of an invisible one times the probability that no decay is seen.

.. math:: N = \varepsilon\,\epsilon^2\,\mathrm{BR}_\mathrm{dark}\,\sum_c N_c\,P_c(\epsilon)

The mediator is made as one that decays to massless Dirac dark matter with the same width, which is exact for bremsstrahlung
and for annihilation on the resonance; off it the lineshape near the threshold of the dark fermions is left out.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from ..cascades.survival import Survival
from ..decays.chain import Chain
from ..errors import InvalidInput
from ..models.base import Model, VectorMediator
from ..numerics import quadrature
from ..production import exact_table
from . import _invisible
from ._missing_energy_fold import Prepared
from ._missing_energy_spectrum import Spectrum, annihilation_spectrum, emission_spectrum
from ._missing_energy_veto import mixed, survival_of_chain
from ._semi_visible import cached_survival, chain_of, dark_and_visible, refuse_closed, survival_at
from .base import Search

_SMALL = 1e-6  # kinetic mixing at which the visible width does not matter for the shares of channels


class _Equivalent(NamedTuple):
    """A vector mediator with massless Dirac dark matter and the dark and visible widths of a model."""

    mass: Any
    epsilon: Any
    alpha_dark: Any
    visible: Any
    dark_matter: str = "dirac"

    def dark_matter_mass_gev(self) -> Any:
        return np.zeros_like(np.asarray(self.mass, dtype=float))

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


def _equivalent(model: Any, epsilon: Any) -> _Equivalent:
    dark, visible = dark_and_visible(model)
    mass = np.asarray(model.mass, dtype=float)
    return _Equivalent(mass, np.asarray(epsilon, dtype=float), 3 * dark / mass, visible)


def channel_yields(
    search: Search, model: Any, wanted: tuple[str, ...], *, differentiable: bool = False
) -> dict[str, quadrature.Estimate]:
    """Return events by channel before efficiency, with the error of integration and of the Monte Carlo."""
    if differentiable or isinstance(model.mass, jax.core.Tracer):
        raise InvalidInput(
            f"search '{search.name}' counts events of a Monte Carlo for {model.NAME} and is not differentiable; leave out differentiable=True."
        )
    made = _invisible.channel_yields(search, _equivalent(model, model.epsilon), wanted)
    found = {}
    for channel, (value, error) in made.items():
        passed = survival_at(partial(_of_channel, search, channel), model)
        found[channel] = quadrature.Estimate(value * passed.value, error * passed.value + value * passed.error)
    return found


def survival(search: Search, model: Any) -> Survival:
    """Return the probability that no decay is seen, for mediators of all channels together; ``model`` has scalar masses."""
    chain = chain_of(search, model)
    wanted = tuple(search.options["channels"].split(","))
    if chain.steps() == 0:
        return _origins(search, chain, "bremsstrahlung")
    made = _invisible.channel_yields(search, _equivalent(model, _SMALL), wanted)
    return mixed([(float(made[name].value), _origins(search, chain, name)) for name in wanted])


def _of_channel(search: Search, channel: str, model: Any) -> Survival:
    return _origins(search, chain_of(search, model), channel)


def _origins(search: Search, chain: Chain, channel: str) -> Survival:
    """The survival of cascades behind emitted mediators, or behind those of annihilation, kept per search."""
    emitted = channel == "bremsstrahlung"
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
    return survival_of_chain(search, state, chain, spectrum)
