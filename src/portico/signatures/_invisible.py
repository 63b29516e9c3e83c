"""A vector mediator that is made in a thick target and decays to dark matter: what several signatures count alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .. import particles, units
from ..errors import InvalidInput
from ..matter.form_factors import Nucleus
from ..models.base import Model, VectorMediator, plain
from ..numerics import quadrature
from ..numerics.batching import concrete, in_batches
from ..production import exact_table
from ..transport import path_length, thick_target
from ._emission import cached_emission
from ._mediator_rates import AnnihilationYields, annihilation, annihilation_panels, dark_width, emission
from .base import Factor, Search, SignalYield

_CHUNK = 1024
_MANY = 32 * _CHUNK

Yields = dict[str, quadrature.Estimate]


# --- What is accepted ---------------------------------------------------------------------------------------------


def check_model(search: Search, model: Model) -> None:
    """Raise InvalidInput unless the model is a vector mediator with on-shell dark matter."""
    if not isinstance(model, VectorMediator):
        raise InvalidInput(
            f"search '{search.name}' needs a model with a vector mediator and dark matter, such as dark_photon; given {model.NAME}."
        )
    model.require("mass", "epsilon", "alpha_dark")
    _check_parameters(search, model)
    if not isinstance(model.mass, jax.core.Tracer) and search.prepared().exact is not None:
        exact_table.check_mass(search.prepared().exact, model.mass)


def _check_parameters(search: Search, model: VectorMediator) -> None:
    """Raise InvalidInput unless dark matter is produced on-shell."""
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


# --- Yields -------------------------------------------------------------------------------------------------------


def emission_unit(search: Search, mass: Array) -> quadrature.Estimate:
    """Return events of bremsstrahlung for epsilon = 1 and BR = 1 at masses (GeV), shape (n,), with their error."""
    fine, coarse = (emission_by_rules(search, mass, k) for k in (0, 1))
    return quadrature.Estimate(fine, abs(fine - coarse))


def emission_by_rules(search: Search, mass: Array, which: int) -> Array:
    """Return the events by the fine (0) or the coarse (1) rules of integration, shape (n,)."""
    state = search.prepared()
    # one axis for the kinds of nuclei, ahead of those for x and t
    nuclei = Nucleus(
        *(
            np.array(column)[:, None, None]
            for column in zip(*(nucleus for nucleus, _ in state.target.nuclei), strict=True)
        )
    )
    counts = np.array([float(number) for _, number in state.target.nuclei])
    events = emission(
        state.emission_rules[which], state.track, mass, nuclei, counts, particles.mass("e-"), state.target.radiation_length_cm, state.minimum_fraction,
        state.target.unit_density, state.exact, approximation=search.options["bremsstrahlung"], form=search.options["form_factor"],
    )  # fmt: skip
    return events if isinstance(mass, jax.core.Tracer) else np.asarray(events)


def channel_yields(search: Search, model: Any, wanted: Sequence[str], *, differentiable: bool = False) -> Yields:
    """Return expected events by channel with their numerical error, for a model whose parameters are scalars or arrays."""
    state = search.prepared()
    parameters = (model.mass, model.epsilon, model.alpha_dark, model.dark_matter_mass_gev(), model.visible_width_unit())
    run = partial(
        annihilation, electron=particles.mass("e-"), density=state.target.electron_density,
        dark_matter=model.dark_matter, width=search.options["width"],
    )  # fmt: skip
    jobs: dict[str, Callable[[], Yields]] = {}
    if differentiable:
        full = jnp.broadcast_arrays(*(jnp.asarray(a, dtype=float) for a in parameters))
        jobs["annihilation"] = lambda: _both(run(concrete(state.path), *full))
        jobs["bremsstrahlung"] = lambda: {
            "bremsstrahlung": _scaled_emission(
                model, parameters, emission_unit(search, jnp.ravel(full[0])), full[0].shape
            )
        }
        started = [job() for name, job in jobs.items() if name in _computed(wanted)]
    else:
        jobs["annihilation"] = lambda: _both(_open_annihilation(run, parameters, state.path(), model.dark_matter))
        jobs["bremsstrahlung"] = lambda: {
            "bremsstrahlung": _scaled_emission(model, parameters, cached_emission(search, np.asarray(model.mass)), None)
        }
        # side by side: the first call compiles, and the compiler leaves the other core free
        with ThreadPoolExecutor(max_workers=2) as pool:
            futures = [pool.submit(job) for name, job in jobs.items() if name in _computed(wanted)]
            started = [future.result() for future in futures]
    found = {name: estimate for results in started for name, estimate in results.items()}
    return {name: found[name] for name in wanted}


def _computed(wanted: Sequence[str]) -> set[str]:
    """The computations behind channels: annihilation with and without a photon come together."""
    return {"bremsstrahlung" if name == "bremsstrahlung" else "annihilation" for name in wanted}


def _both(yields: AnnihilationYields) -> Yields:
    return {
        "annihilation": quadrature.Estimate(*yields[:2]),
        "radiative_annihilation": quadrature.Estimate(*yields[2:]),
    }


def _open_annihilation(
    run: Callable[..., AnnihilationYields], parameters: tuple[Any, ...], path: path_length.PathLength, kind: str
) -> AnnihilationYields:
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
    yields = AnnihilationYields(*(np.zeros(threshold.shape) for _ in AnnihilationYields._fields))
    for chosen, near in groups:
        if np.any(chosen):
            panels = partial(annihilation_panels, path, electron=electron, dark_matter=kind, near=near)

            def batch(*points: Array, panels: Callable[..., Any] = panels) -> AnnihilationYields:
                return run(path, *points, edges=panels(*points))

            found = in_batches(batch, [a[chosen] for a in full], _CHUNK)
            for column, part in zip(yields, found, strict=True):
                column[chosen] = part
    return yields


def _scaled_emission(
    model: Any, parameters: tuple[Any, ...], unit: quadrature.Estimate, shape: tuple[int, ...] | None
) -> quadrature.Estimate:
    """Emission for epsilon = 1 and BR = 1 times epsilon^2 BR(A' -> chi chi)."""
    mass, epsilon, alpha_dark, chi, visible = parameters
    dark = dark_width(mass, alpha_dark, chi, kind=model.dark_matter)
    if shape is not None:
        unit = quadrature.Estimate(*(part.reshape(shape) for part in unit))
    total = dark + epsilon**2 * visible
    scale = epsilon**2 * dark / (total + (total == 0))  # widths below the smallest number are 0
    return quadrature.Estimate(scale * unit.value, scale * unit.error)


# --- What is handed out ---------------------------------------------------------------------------------------------


def signal_yield(
    search: Search, model: Any, channels: Yields, factors: Callable[[dict[str, Any]], tuple[Factor, ...]], *, differentiable: bool
) -> SignalYield:  # fmt: skip
    """Return the events of the channels with their errors and the chain of factors behind them."""
    state, signature = search.prepared(), search.signature
    shown: Callable[[Any], Any] = (lambda x: x) if differentiable else plain
    values = {name: shown(estimate.value) for name, estimate in channels.items()}
    systematic = {}
    numerical = {}
    for name, estimate in channels.items():
        numerical[name] = shown(estimate.error)
        relative = signature.systematic_error(search, model, name, differentiable=differentiable)
        systematic[name] = shown(estimate.value * relative)
    observed = search.experiment.entries.get("counts.observed")
    own = signature.method_sources(search)
    return SignalYield(
        search=search.name,
        model=model,
        expected=sum(values.values()),
        channels=values,
        numerical_error=numerical,
        systematic_error=systematic,
        factors=factors(values),
        background=state.background,
        observed=search.experiment.number("counts.observed", units.DIMENSIONLESS) if observed else None,
        sources=tuple(dict.fromkeys([*search.sources, *state.target.sources, *own, *model.SOURCES])),
    )


def notes(search: Search, model: Any, *, inelastic: tuple[float, str]) -> list[str]:
    """Return what a user should know of this model in such a search, in sentences.

    ``inelastic`` is the mass (GeV) above which emission off single protons is more than a tenth, and how it grows.
    """
    ratio = 2 * np.asarray(model.dark_matter_mass_gev()) / np.asarray(model.mass)
    channels, found = search.options["channels"].split(","), []
    if "annihilation" in channels and "radiative_annihilation" not in channels and np.any(_narrow_below(search, model)):
        found.append(
            "annihilation is without photons here, which give most of the events below the resonance of a narrow A'; add the channel radiative_annihilation."
        )
    if search.options["width"] == "constant" and np.any(ratio > 0.9):
        found.append(
            "2 m_chi is above 90% of m_A': there a constant width overstates the annihilation off the resonance; compare --option width=running."
        )
    if (
        "bremsstrahlung" in channels
        and search.options["form_factor"] == "elastic"
        and np.max(model.mass) > inelastic[0]
    ):
        found.append(
            f"above {inelastic[0]:g} GeV emission off single protons, which form_factor=elastic leaves out, adds more than a tenth to the bremsstrahlung ({inelastic[1]}); it is in the error of the signal, taken as 300% at most. Compare --option form_factor=elastic_inelastic."
        )
    return found


def _narrow_below(search: Search, model: Any) -> np.ndarray:
    """Points where the width is below 3% of the mass, and the resonance below the positrons that pass the cut."""
    mass, electron = np.asarray(model.mass), particles.mass("e-")
    width = np.asarray(dark_width(mass, model.alpha_dark, model.dark_matter_mass_gev(), kind=model.dark_matter))
    return (width < 0.03 * mass) & (mass**2 / (2 * electron) - electron < search.prepared().fold.edges[0])
