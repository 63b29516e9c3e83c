r"""Vector quarkonia of the LHC, J/psi to Upsilon(3S), decaying to millicharged particles: pp -> V X, V -> chi chibar.

Cross sections are measured ones (``quarkonium.toml``); the decay is that to electrons with the exchanged vectors and the phase
space of chi in place of those of the electron.
"""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import particles
from ..decays import millicharged
from ..electroweak.exchange import NeutralExchange
from ..errors import unknown_name
from ..numerics.batching import batch_size, in_batches
from ..numerics.namespace import array_namespace
from ..numerics.quadrature import Estimate
from . import side_decays
from .energy_factors import factor_at
from .side_flux import BETA_GAMMA, SideFlux

__all__ = [
    "MESONS",
    "Meson",
    "branching_ratio",
    "density",
    "energy_factor",
    "flux",
    "meson",
    "parameters",
    "phase_space",
    "sigma",
    "two_hit_sigma",
]

MESONS = ("J/psi", "psi(2S)", "Upsilon(1S)", "Upsilon(2S)", "Upsilon(3S)")
"""The mesons that count, by their names in :mod:`portico.particles`."""


class Meson(NamedTuple):
    r"""One quarkonium at 13 TeV.

    Attributes
    ----------
    mass : float                       GeV
    electron_fraction : float          branching ratio to e+ e-
    dilepton_density, dilepton_total   pb, branching ratio to e+ e- times dsigma/dy at y = 0, and times the cross section
    uncertainty, total_uncertainty     relative errors of the two
    mean_transverse_momentum : float   GeV
    """

    mass: float
    electron_fraction: float
    dilepton_density: float
    dilepton_total: float
    uncertainty: float
    total_uncertainty: float
    mean_transverse_momentum: float


@cache
def parameters() -> dict[str, Any]:
    """Return the tables of ``quarkonium.toml``: each number with unit, source and status. Source: the file."""
    return tomllib.loads(files(__package__).joinpath("quarkonium.toml").read_text("utf-8"))


@cache
def meson(name: str) -> Meson:
    """Return one of :data:`MESONS`; raises UnknownName. Source: ``quarkonium.toml``; masses: PDG."""
    if name not in MESONS:
        raise unknown_name("quarkonium", name, MESONS)
    entry = parameters()["mesons"][name]
    fraction = millicharged.data("electrons")[name]

    def dilepton(kind: str) -> tuple[float, float]:
        measured = entry.get(f"dilepton_{kind}")
        if measured is not None:
            return measured["value"], measured["error"] / measured["value"]
        return fraction * entry[kind]["value"], entry[kind]["error"] / entry[kind]["value"]

    (central, uncertainty), (total, total_uncertainty) = dilepton("density"), dilepton("total")
    return Meson(
        mass=particles.mass(name),
        electron_fraction=fraction,
        dilepton_density=central,
        dilepton_total=total,
        uncertainty=uncertainty,
        total_uncertainty=total_uncertainty,
        mean_transverse_momentum=entry["mean_transverse_momentum"]["value"],
    )


def energy_factor(sqrt_s: float) -> float:
    """Return cross sections at a centre-of-mass energy (GeV) over those at 13 TeV.

    Raises OutOfValidity for an energy that ``quarkonium.toml`` does not list: 8, 13, 13.6 and 14 TeV. Source: there.
    """
    return factor_at(sqrt_s, parameters()["energy_factors"], "quarkonia: cross sections")


# --- decay ---------------------------------------------------------------------------------------------------------


def phase_space(mass: ArrayLike, parent_mass: ArrayLike) -> tuple[Any, Any]:
    r"""Return the factors of a vector and of an axial current in V -> chi chibar.

    .. math:: F_V = (1+2x)\sqrt{1-4x}, \qquad F_A = (1-4x)^{3/2}, \qquad x = m^2/M^2

    Parameters
    ----------
    mass, parent_mass : arrays, shape (...)   GeV

    Returns
    -------
    two arrays, shape (...)                   1 for m = 0; exactly 0 from 2m = M on

    Source: spin sum of a massive vector, arXiv:1506.04760; exact for an unpolarised parent.
    """
    xp = array_namespace(mass, parent_mass)
    mass = xp.asarray(mass)
    x = (mass / parent_mass) ** 2
    is_open = 2 * mass < parent_mass
    squared = xp.where(is_open, (1 - 2 * mass / parent_mass) * (1 + 2 * mass / parent_mass), 1.0)
    velocity = xp.where(is_open, xp.sqrt(squared), 0.0)
    return (1 + 2 * x) * velocity, velocity**3


def branching_ratio(exchange: NeutralExchange, mass: ArrayLike, name: str) -> Float[Array, "..."]:
    r"""Branching ratio of a quarkonium to a pair of millicharged particles.

    .. math:: B(V\to\chi\bar\chi) = B(V\to e^+e^-)\,\frac{|A_V|^2 F_V(m) + |A_A|^2 F_A(m)}{F_V(m_e)}

    Parameters
    ----------
    exchange : NeutralExchange        points of shape (...)
    mass : array, shape (...)         of chi, GeV
    name : str                        one of :data:`MESONS`

    Returns
    -------
    array, shape (...)                exactly 0 from half of the meson's mass on

    Source: :func:`portico.decays.millicharged.branching_ratio_by_exchange`; arXiv:1506.04760.
    """
    return millicharged.branching_ratio_by_exchange(exchange, mass, name)


def _strength(exchange: NeutralExchange, mass: ArrayLike, name: str) -> Any:
    """Branching ratio to chi over that to electrons."""
    return branching_ratio(exchange, mass, name) / meson(name).electron_fraction


# --- cross sections ------------------------------------------------------------------------------------------------


def sigma(
    exchange: NeutralExchange, mass: ArrayLike, sqrt_s: float, *, mesons: tuple[str, ...] = MESONS
) -> Float[Array, "..."]:
    r"""Cross section of pp -> V X, V -> chi chibar in all directions, summed over quarkonia.

    Parameters
    ----------
    exchange : NeutralExchange    points of shape (...)
    mass : array, shape (...)     of chi, GeV
    sqrt_s : float                GeV; see :func:`energy_factor`

    Returns
    -------
    array, shape (...)            pb, pairs

    Notes     The totals are extrapolated from |y| < 4.5 to all rapidities: 15 to 30%.
    Source    ``quarkonium.toml``; :func:`branching_ratio`.
    """
    factor = energy_factor(sqrt_s)
    return sum(factor * meson(name).dilepton_total * _strength(exchange, mass, name) for name in mesons)


@lru_cache(maxsize=64)
def _table(name: str, pseudorapidity: float) -> side_decays.SideTable:
    return side_decays.side_table(
        _spectrum(name),
        meson(name).mass,
        pseudorapidity=pseudorapidity,
    )


def _spectrum(name: str) -> side_decays.TransverseMomentum:
    """pT/(1+(pT/p0)^2)^3 with its mean, pi p0/4."""
    entry = meson(name)
    exponent = parameters()["spectrum"]["exponent"]["value"]
    return side_decays.TransverseMomentum("power", 4 / np.pi * entry.mean_transverse_momentum, exponent, entry.mass)


def _rates(exchange: NeutralExchange, mass: np.ndarray, sqrt_s: float, name: str) -> np.ndarray:
    """Density in y of the meson at y = 0 times its branching ratio to chi, pb."""
    return np.asarray(energy_factor(sqrt_s) * meson(name).dilepton_density * _strength(exchange, mass, name))


def density(
    exchange: NeutralExchange,
    mass: ArrayLike,
    pseudorapidity: float,
    sqrt_s: float,
    *,
    mesons: tuple[str, ...] = MESONS,
) -> Estimate:
    r"""Cross section per unit of pseudorapidity, of chi (not of chibar), from decays of quarkonia.

    .. math:: \frac{d\sigma}{d\eta} = \sum_V \frac{d\sigma_V}{dy}\Big|_0\,B(V\to\chi\bar\chi)\,K_V(m, \eta)

    with K of :func:`portico.production.side_decays.one_hit`: for massless chi from flat parents it is 1.

    Parameters
    ----------
    exchange : NeutralExchange    points of shape (...)
    mass : array, shape (...)     of chi, GeV
    pseudorapidity : float        of chi
    sqrt_s : float                GeV; see :func:`energy_factor`

    Returns
    -------
    Estimate of arrays, shape (...)   pb; the error is that of numerics, the measurements' own is in ``quarkonium.toml``

    Source: ``quarkonium.toml``; isotropic decay with exact kinematics.
    """
    mass = np.asarray(mass, float)
    value: Any = 0.0
    error: Any = 0.0
    for name in mesons:
        rate = _rates(exchange, mass, sqrt_s, name)
        kernel = side_decays.side_total(_table(name, float(pseudorapidity)), mass)
        value, error = value + rate * kernel.value, error + rate * kernel.error
    return Estimate(value, error)


def flux(
    exchange: NeutralExchange,
    mass: ArrayLike,
    pseudorapidity: float,
    sqrt_s: float,
    *,
    mesons: tuple[str, ...] = MESONS,
) -> SideFlux:
    r"""Cross section per unit of pseudorapidity and species by :math:`\beta\gamma`, of chi from decays of quarkonia.

    Parameters as for :func:`density`, which is its sum over the nodes.

    Returns
    -------
    SideFlux    densities in pb, shape (..., 57)

    Notes     Kernels depend on the mass of chi alone: they are looked up once for each different mass.
    Source    :func:`density`.
    """
    mass = np.asarray(mass, float)
    different, index = np.unique(mass, return_inverse=True)
    index = index.reshape(mass.shape)
    found: Any = np.zeros(len(BETA_GAMMA))
    error: Any = 0.0
    for name in mesons:
        table = _table(name, float(pseudorapidity))
        kernel = side_decays.side_total(table, different)
        spread = side_decays.side_shape(table, different) * kernel.value[:, None]
        rate = _rates(exchange, mass, sqrt_s, name)
        found = found + rate[..., None] * spread[index]
        error = error + rate * kernel.error[index]
    return SideFlux(found, error)


class Kernels(NamedTuple):
    """By mass of chi and meson of :data:`MESONS`: what multiplies branching ratios, its error, and shares below each node of beta gamma."""

    value: np.ndarray
    error: np.ndarray
    below: np.ndarray


def kernels(mass: np.ndarray, pseudorapidity: float) -> Kernels:
    """Return what :func:`flux` needs of masses (m,): arrays (m, mesons) and (m, mesons, 58). Source: :func:`density`."""
    tables = [_table(name, float(pseudorapidity)) for name in MESONS]
    totals = [side_decays.side_total(table, mass) for table in tables]
    below = [np.cumsum(side_decays.side_shape(table, mass), axis=-1) for table in tables]
    value, error = (np.stack(part, axis=-1) for part in zip(*totals, strict=True))
    return Kernels(value, error, np.pad(np.stack(below, axis=1), ((0, 0), (0, 0), (1, 0))))


class Rows(NamedTuple):
    """Per point: dsigma/deta per species and its error, pb, and the same of particles below a velocity."""

    total: Any
    error: Any
    slow: Any


def density_at(
    known: Kernels, which: np.ndarray, exchange: NeutralExchange, mass: np.ndarray, sqrt_s: float, velocity: tuple[np.ndarray, ...]
) -> Rows:  # fmt: skip
    """Return :func:`density` of many points (n,) by kernels of their masses, and what is slower than a velocity.

    Parameters
    ----------
    known : Kernels                        of masses (m,), of which ``which`` (n,) are those of the points
    exchange : NeutralExchange             arrays of shape (n, vectors)
    velocity : four arrays, shape (n,)     cell and shares of :func:`portico.production.side_flux.between_nodes`

    Source: :func:`density`.
    """
    names = exchange.names
    columns = [part[..., k] for part in exchange[1:] for k in range(len(names))]
    factor = energy_factor(sqrt_s)
    scale = tuple(factor * meson(name).dilepton_density / meson(name).electron_fraction for name in MESONS)
    kept = tuple(jnp.asarray(part) for part in known)
    arrays = [which, mass, *velocity, *columns]
    return in_batches(lambda *some: _compiled(names, scale, kept, *some), arrays, batch_size(mass.size, _BATCHES))


_BATCHES = (1024, 8192)


@partial(jax.jit, static_argnums=(0, 1))
def _compiled(
    names: tuple[str, ...], scale: tuple[float, ...], known: tuple[Any, ...], which: Any, mass: Any, cell: Any, *rest: Any
) -> Rows:  # fmt: skip
    shares, columns, size = rest[:3], rest[3:], len(names)
    exchange = NeutralExchange(names, *(jnp.stack(columns[k : k + size], axis=-1) for k in range(0, len(columns), size)))  # fmt: skip
    row, left = which.astype(jnp.int32), cell.astype(jnp.int32)
    places = jnp.maximum(left, 0), left + 1, jnp.minimum(left + 2, known[2].shape[-1] - 1)
    total, error, slow = 0.0, 0.0, 0.0
    for k, name in enumerate(MESONS):
        rate = scale[k] * branching_ratio(exchange, mass, name)
        made = rate * known[0][row, k]
        total, error = total + made, error + rate * known[1][row, k]
        slow = slow + made * sum(share * known[2][row, k, place] for share, place in zip(shares, places, strict=True))
    return Rows(total, error, slow)


def two_hit_sigma(
    exchange: NeutralExchange,
    mass: float,
    pseudorapidity: float,
    sqrt_s: float,
    *,
    window: float,
    mesons: tuple[str, ...] = MESONS,
) -> Estimate:
    r"""Cross section of decays of quarkonia of which both chi and chibar cross one small detector.

    .. math:: \sigma A_2 = \sum_V \frac{d\sigma_V}{dy}\Big|_0 B(V\to\chi\bar\chi)\,\langle A_2\rangle_{p_T}

    Parameters
    ----------
    mass : float      of chi, GeV
    window : float    width of the detector in pseudorapidity and azimuth, such as 1 m over its distance

    Returns
    -------
    Estimate of arrays, shape of the points of ``exchange``    pb

    Source: :func:`portico.production.side_decays.two_hits`.
    """
    value: Any = 0.0
    error: Any = 0.0
    for name in mesons:
        rate = _rates(exchange, np.asarray(mass, float), sqrt_s, name)
        acceptance = _pair_acceptance(name, float(mass), float(pseudorapidity), float(window))
        value, error = value + rate * acceptance.value, error + rate * acceptance.error
    return Estimate(value, error)


@lru_cache(maxsize=256)
def _pair_acceptance(name: str, mass: float, pseudorapidity: float, window: float) -> Estimate:
    """Average over the spectrum in pT, with the error of the directions and of the spectrum."""
    parent = meson(name).mass
    averages = []
    for order in (56, 40):
        transverse, share = side_decays.transverse_momentum_nodes(_spectrum(name), order)
        pairs = side_decays.two_hits(transverse, parent, mass, window=window, pseudorapidity=pseudorapidity)
        averages.append((float(share @ pairs.value), float(share @ pairs.error)))
    (value, directions), (rough, _) = averages
    return Estimate(value, directions + abs(value - rough))
