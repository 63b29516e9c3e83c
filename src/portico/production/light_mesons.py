r"""Light mesons of the LHC decaying to millicharged particles: Dalitz decays of pi0, eta, eta' and omega, and rho, omega, phi to pairs.

They matter below 0.5 GeV. Yields and spectra at mid-rapidity are those of inelastic collisions (``light_mesons.toml``: a measured
density of charged particles, mesons per charged particle from a generator); every vector is exchanged with the coupling to u, d and s quarks that the meson's flavours ask for.
"""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import constants, particles
from ..decays import millicharged
from ..electroweak.exchange import NeutralExchange
from ..errors import unknown_name
from ..numerics.quadrature import Estimate, gauss_legendre
from . import side_decays
from .energy_factors import factor_at
from .quarkonium import phase_space
from .side_flux import BETA_GAMMA, SideFlux

__all__ = [
    "MODES",
    "Mode",
    "branching_ratio",
    "couplings",
    "dalitz_spectrum",
    "density",
    "energy_factor",
    "flux",
    "meson_density",
    "mode",
    "parameters",
]

MODES = ("pi0", "eta", "eta_prime", "omega_to_pi0", "rho", "omega", "phi")
"""Decays that count; the first four are to chi chibar and a photon (omega_to_pi0: and a pi0), the others to chi chibar alone."""

_CHARGES = np.array([2 / 3, -1 / 3, -1 / 3])
_CHUNK = 1024
_LOWEST_RATIO = 1e-3
_ANGLES = 5
_ENERGIES = 15


class Mode(NamedTuple):
    r"""One decay to a pair of millicharged particles.

    Attributes
    ----------
    parent : str               name in :mod:`portico.particles`
    mass, recoil_mass : float  GeV, of the parent and of what goes with the pair
    recoil : str               "gamma", "pi0" or "none"
    fraction : float           branching ratio to two photons, to pi0 gamma, or to e+ e-
    up, down : float           weights of the couplings to up-type and down-type quarks; for the photon, e Q, they add up to e
    """

    parent: str
    mass: float
    recoil_mass: float
    recoil: str
    fraction: float
    up: float
    down: float


@cache
def parameters() -> dict[str, Any]:
    """Return the tables of ``light_mesons.toml``: each number with unit, source and status. Source: the file."""
    return tomllib.loads(files(__package__).joinpath("light_mesons.toml").read_text("utf-8"))


@cache
def mode(name: str) -> Mode:
    r"""Return one of :data:`MODES`; raises UnknownName.

    Weights of the flavours T of the parent: :math:`\sum_q T_q v_q` for a pair alone and for omega to pi0 (isovector),
    :math:`\sum_q T_q Q_q v_q` with a photon, over the same sum for :math:`v_q = Q_q`.
    Source: ``light_mesons.toml``; masses: PDG.
    """
    if name not in MODES:
        raise unknown_name("decay of a light meson", name, MODES)
    entry = parameters()["modes"][name]
    flavours = np.array(entry["flavours"]["value"])
    weights = flavours * (_CHARGES if entry["recoil"] == "gamma" else 1.0)
    weights = weights / (weights @ _CHARGES)
    parent, alone = entry["parent"], entry["recoil"] == "none"
    return Mode(
        parent=parent,
        mass=particles.mass(parent),
        recoil_mass=particles.mass("pi0") if entry["recoil"] == "pi0" else 0.0,
        recoil=entry["recoil"],
        fraction=millicharged.data("electrons" if alone else "photon")[parent],
        up=float(weights[0]),
        down=float(weights[1] + weights[2]),
    )


def energy_factor(sqrt_s: float) -> float:
    """Return yields at a centre-of-mass energy (GeV) over those at 13 TeV.

    Raises OutOfValidity for an energy that ``light_mesons.toml`` does not list: 8, 13, 13.6 and 14 TeV. Source: there.
    """
    return factor_at(sqrt_s, parameters()["energy_factors"], "light mesons: yields")


def meson_density(parent: str, sqrt_s: float) -> Estimate:
    """Return dsigma/dy of a light meson at y = 0 in pb, and its uncertainty. Source: ``light_mesons.toml``."""
    tables = parameters()
    if parent not in tables["mesons"]:
        raise unknown_name("light meson", parent, tables["mesons"])
    entries = (
        tables["collisions"]["cross_section"],
        tables["collisions"]["charged_density"],
        tables["mesons"][parent]["per_charged"],
    )
    value = energy_factor(sqrt_s) * np.prod([entry["value"] for entry in entries])
    return Estimate(value, value * np.sqrt(sum((entry["error"] / entry["value"]) ** 2 for entry in entries)))


# --- decay ---------------------------------------------------------------------------------------------------------


def couplings(exchange: NeutralExchange, name: str) -> tuple[np.ndarray, np.ndarray]:
    r"""Return what each vector couples the meson to chi with, over the photon's e^2: vector and axial coupling of chi.

    .. math:: c_V = \frac{(w_u v_u^V + w_d v_d^V)\,(v_\chi^V,\ a_\chi^V)}{(w_u v_u^\gamma + w_d v_d^\gamma)\,|v_e^\gamma|}

    For the photon it is epsilon. pi0: :math:`2v_u + v_d`, rho and omega to pi0: :math:`v_u - v_d`, omega: :math:`3(v_u + v_d)`,
    phi: :math:`-3v_d`; over e.

    Returns
    -------
    two arrays, shape (..., vectors)

    Notes     Charge conjugation leaves the quarks' axial couplings out (one photon and a pseudoscalar, or a vector meson).
    Source    flavour content of the mesons, ``light_mesons.toml``.
    """
    entry = mode(name)
    photon = exchange.names.index("photon")
    quark = entry.up * np.asarray(exchange.up_vector) + entry.down * np.asarray(exchange.down_vector)
    lepton = np.abs(np.asarray(exchange.lepton_vector))
    share = quark / (quark[..., photon] * lepton[..., photon])[..., None]
    return share * np.asarray(exchange.particle_vector), share * np.asarray(exchange.particle_axial)


def dalitz_spectrum(q2: ArrayLike, name: str) -> Float[Array, "..."]:
    r"""Return the spectrum of a massless pair of unit charge, vector coupling, per ln q^2, over the decay that normalises it.

    .. math:: \frac{1}{\Gamma_{\gamma\gamma}}\frac{d\Gamma}{d\ln q^2} = \frac{2\alpha}{3\pi}\left(1-\frac{q^2}{M^2}\right)^3|F|^2,
              \qquad \frac{1}{\Gamma_{\pi\gamma}}\frac{d\Gamma}{d\ln q^2} = \frac{\alpha}{3\pi}
              \left[\left(1+\frac{q^2}{D}\right)^2 - \frac{4M^2q^2}{D^2}\right]^{3/2}|F|^2

    with :math:`D = M^2 - m_\pi^2` and F of :func:`portico.decays.millicharged.form_factor2`. A mass m of the pair multiplies it by
    :math:`(1+2m^2/q^2)\sqrt{1-4m^2/q^2}`, for an axial coupling by :math:`(1-4m^2/q^2)^{3/2}`.

    Parameters
    ----------
    q2 : array, shape (...)    GeV^2
    name : str                 one of the first four of :data:`MODES`

    Returns
    -------
    array, shape (...)         0 beyond the end of the spectrum

    Source: N. M. Kroll and W. Wada, Phys. Rev. 98 (1955) 1355; L. G. Landsberg, Phys. Rept. 128 (1985) 301.
    """
    entry, q2 = mode(name), np.asarray(q2, float)
    squared = entry.mass**2
    form = millicharged.form_factor2(entry.parent, q2)
    if entry.recoil == "gamma":
        phase = 2 * np.maximum(1 - q2 / squared, 0.0) ** 3
    else:
        # the bracket, factorised: it vanishes at q = M - m_pi and, beyond the spectrum, at q = M + m_pi
        small, large = (entry.mass - entry.recoil_mass) ** 2, (entry.mass + entry.recoil_mass) ** 2
        phase = np.maximum((1 - q2 / small) * (1 - q2 / large), 0.0) ** 1.5 * (q2 < small)
    return constants.ALPHA / (3 * np.pi) * phase * form


class _Points(NamedTuple):
    """Flat points: masses of chi, and of each vector its couplings (vector, axial), mass and width."""

    mass: np.ndarray
    vector: np.ndarray
    axial: np.ndarray
    pole: np.ndarray
    width: np.ndarray


def _points(exchange: NeutralExchange, mass: ArrayLike, name: str) -> tuple[_Points, tuple[int, ...]]:
    vector, axial = couplings(exchange, name)
    mass = np.asarray(mass, float)
    pole, width = np.asarray(exchange.mass, float), np.asarray(exchange.width, float)
    shape = np.broadcast_shapes(mass.shape, *(a.shape[:-1] for a in (vector, axial, pole, width)))
    spread = [np.broadcast_to(a, (*shape, a.shape[-1])).reshape(-1, a.shape[-1]) for a in (vector, axial, pole, width)]
    return _Points(np.broadcast_to(mass, shape).ravel(), *spread), shape


def _amplitudes(points: _Points, q2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squares of the sums over vectors of c_V q^2/(q^2 - m^2 + i m Gamma), vector and axial; q2 has a second axis."""
    vector: Any = 0.0
    axial: Any = 0.0
    for v in range(points.pole.shape[1]):
        pole, width = points.pole[:, v, None], points.width[:, v, None]
        propagator = q2 / (q2 - pole**2 + 1j * pole * width)
        vector, axial = vector + points.vector[:, v, None] * propagator, axial + points.axial[:, v, None] * propagator
    return np.abs(vector) ** 2, np.abs(axial) ** 2


def _mass_squared_nodes(points: _Points, entry: Mode, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in q^2 and weights in ln q^2 between threshold and end, dense about a pole that lies between them.

    ln q^2 = ln m_V^2 + (Gamma/m_V) sinh u: peak, wings and the far ends are all smooth in u; two panels meet at the pole.
    """
    end = 2 * np.log(entry.mass - entry.recoil_mass)
    start = np.minimum(2 * np.log(2 * points.mass), end)
    middle = 0.5 * (start + end)
    with np.errstate(divide="ignore"):
        place = 2 * np.log(points.pole)
    distance = np.abs(place - np.clip(place, start[:, None], end))
    nearest = np.argmin(distance, axis=1)[:, None]
    distance, place = np.take_along_axis(distance, nearest, 1)[:, 0], np.take_along_axis(place, nearest, 1)[:, 0]
    pole, width = np.take_along_axis(points.pole, nearest, 1)[:, 0], np.take_along_axis(points.width, nearest, 1)[:, 0]
    is_near = distance < 1.0
    scale = np.where(is_near, np.maximum(width / np.where(is_near, pole, 1.0), 1e-12), 1e3)
    centre = np.where(is_near, place, middle)
    low, high = np.arcsinh((start - centre) / scale), np.arcsinh((end - centre) / scale)
    split = np.where(is_near & (low < 0) & (high > 0), 0.0, 0.5 * (low + high))
    nodes, weights = gauss_legendre(order)
    u = np.concatenate(
        [low[:, None] + (split - low)[:, None] * nodes, split[:, None] + (high - split)[:, None] * nodes], 1
    )
    weight = np.concatenate([(split - low)[:, None] * weights, (high - split)[:, None] * weights], 1)
    q2 = np.exp(centre[:, None] + scale[:, None] * np.sinh(u))
    return q2, weight * scale[:, None] * np.cosh(u)


def _rates(points: _Points, name: str, order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes in q^2, and at each the branching ratio through vector and axial couplings of chi."""
    q2, weight = _mass_squared_nodes(points, mode(name), order)
    vector, axial = _amplitudes(points, q2)
    space_vector, space_axial = phase_space(points.mass[:, None], np.sqrt(q2))
    rate = mode(name).fraction * weight * dalitz_spectrum(q2, name)
    return q2, rate * vector * space_vector, rate * axial * space_axial


_ORDERS = (28, 20)
"""Nodes in each of two panels in q^2, and those of the rule that estimates the error."""


def branching_ratio(exchange: NeutralExchange, mass: ArrayLike, name: str) -> Estimate:
    r"""Branching ratio of a light meson to a pair of millicharged particles, alone or with a photon or a pi0.

    .. math:: B = B_0\int d\ln q^2\,\frac{1}{\Gamma_0}\frac{d\Gamma}{d\ln q^2}\left[|A_V|^2 F_V + |A_A|^2 F_A\right], \qquad
              A(q^2) = \sum_V c_V\frac{q^2}{q^2-m_V^2+i m_V\Gamma_V}

    for Dalitz decays; a pair alone has q^2 = M^2 and is normalised to e+ e-. For the photon A_V is epsilon.

    Parameters
    ----------
    exchange : NeutralExchange    points of shape (...)
    mass : array, shape (...)     of chi, GeV
    name : str                    one of :data:`MODES`

    Returns
    -------
    Estimate of arrays, shape (...)    exactly 0 from threshold on; the error is that of the integral

    Notes     A vector whose pole lies inside the spectrum is made on its mass shell: nodes follow it down to Gamma/m = 1e-12. Two such
              poles in one spectrum are not followed.
    Source    :func:`dalitz_spectrum`, :func:`couplings`, :func:`portico.production.quarkonium.phase_space`.
    """
    entry = mode(name)
    points, shape = _points(exchange, mass, name)
    if entry.recoil == "none":
        strength = _pair_strength(points, entry).reshape(shape)
        return Estimate(strength, np.zeros(shape))
    value, rough = np.zeros((2, len(points.mass)))
    is_open = np.flatnonzero(2 * points.mass < entry.mass - entry.recoil_mass)
    for start in range(0, len(is_open), _CHUNK):
        rows = is_open[start : start + _CHUNK]
        some = _Points(*(a[rows] for a in points))
        for total, order in ((value, _ORDERS[0]), (rough, _ORDERS[1])):
            total[rows] = sum(part.sum(1) for part in _rates(some, name, order)[1:])
    return Estimate(value.reshape(shape), np.abs(value - rough).reshape(shape))


def _pair_strength(points: _Points, entry: Mode) -> np.ndarray:
    """Branching ratio to a pair alone."""
    vector, axial = _amplitudes(points, np.full((1, 1), entry.mass**2))
    space_vector, space_axial = phase_space(points.mass, entry.mass)
    electron, _ = phase_space(particles.mass("e-"), entry.mass)
    return entry.fraction * (vector[:, 0] * space_vector + axial[:, 0] * space_axial) / electron


# --- at the side ---------------------------------------------------------------------------------------------------


def _spectrum(parent: str) -> side_decays.TransverseMomentum:
    temperature, exponent = parameters()["mesons"][parent]["levy"]["value"]
    return side_decays.TransverseMomentum("levy", temperature, exponent, particles.mass(parent))


@lru_cache(maxsize=32)
def _pair_table(parent: str, pseudorapidity: float) -> side_decays.SideTable:
    return side_decays.side_table(_spectrum(parent), particles.mass(parent), pseudorapidity=pseudorapidity)


class _DalitzTable(NamedTuple):
    """Daughters per unit of pseudorapidity by mass of chi, energy in the rest frame and p/M; sums from a coarser table."""

    log_ratio: np.ndarray
    density: np.ndarray
    coarse: np.ndarray


def _largest_energy(entry: Mode, mass: np.ndarray) -> np.ndarray:
    """Energy of chi in the rest frame of the parent when the recoil and the other chi go together, GeV."""
    return (entry.mass**2 + mass**2 - (mass + entry.recoil_mass) ** 2) / (2 * entry.mass)


@lru_cache(maxsize=32)
def _dalitz_table(name: str, pseudorapidity: float) -> _DalitzTable:
    entry = mode(name)
    spectrum = _spectrum(entry.parent)
    log_ratio = np.linspace(np.log(_LOWEST_RATIO), 0.0, 41)
    fraction = np.linspace(0, 1, _ENERGIES) ** 2

    def tabulated(step: int, order: int, orders: tuple[int, int]) -> np.ndarray:
        nodes, rows = side_decays.transverse_momentum_nodes(spectrum, order), []
        for mass in 0.5 * (entry.mass - entry.recoil_mass) * np.exp(log_ratio[::step]):
            energy = mass + (_largest_energy(entry, mass) - mass) * fraction[::step]
            rows.append(
                side_decays.one_hit(nodes, entry.mass, mass, energy, pseudorapidity=pseudorapidity, orders=orders)
            )
        return np.array(rows)

    # every second mass and energy, fewer directions: their difference to the table holds all that is approximate in it
    coarse = tabulated(2, 12, (8, 4)).sum(-1)
    coarse = np.array([np.interp(fraction, fraction[::2], row) for row in coarse])
    coarse = np.array([np.interp(log_ratio, log_ratio[::2], column) for column in coarse.T]).T
    return _DalitzTable(log_ratio, tabulated(1, 24, (16, 6)), coarse)


def _energy_weights(points: _Points, name: str, order: int) -> np.ndarray:
    r"""Branching ratio by node of the energy of chi in the rest frame of the parent.

    The pair has helicity +-1: chi goes as :math:`1+\cos^2+(4m^2/q^2)\sin^2` in its frame (vector) and as :math:`1+\cos^2` (axial).
    """
    entry = mode(name)
    q2, vector, axial = _rates(points, name, order)
    mass = points.mass[:, None]
    pair_energy = (entry.mass**2 + q2 - entry.recoil_mass**2) / (2 * entry.mass)
    pair_momentum = np.sqrt(np.maximum(pair_energy**2 - q2, 0.0))
    slow = np.minimum(4 * mass**2 / q2, 1.0)
    momentum = 0.5 * np.sqrt(np.maximum(q2 * (1 - slow), 0.0))
    range_ = np.maximum(_largest_energy(entry, mass) - mass, 1e-12)
    found = np.zeros((len(points.mass), _ENERGIES))
    rows = _ENERGIES * np.arange(len(points.mass))[:, None]
    cosine, weight = gauss_legendre(_ANGLES)
    for c, w in zip(2 * cosine - 1, weight, strict=True):
        energy = 0.5 * pair_energy + pair_momentum * momentum * c / np.sqrt(q2)
        place = np.sqrt(np.clip((energy - mass) / range_, 0.0, 1.0)) * (_ENERGIES - 1)
        left = np.minimum(place.astype(int), _ENERGIES - 2)
        # shared linearly in the energy, which is quadratic in the place
        share = (place**2 - left**2) / (2 * left + 1)
        rate = w * (vector * (1 + c * c + slow * (1 - c * c)) / (4 / 3 + 2 / 3 * slow) + axial * (1 + c * c) / (4 / 3))
        index = (rows + left).ravel()
        found += np.bincount(index, (rate * (1 - share)).ravel(), found.size).reshape(found.shape)
        found += np.bincount(index + 1, (rate * share).ravel(), found.size).reshape(found.shape)
    return found


def _dalitz(points: _Points, name: str, pseudorapidity: float, *, by_node: bool) -> tuple[np.ndarray, np.ndarray]:
    """Densities per meson and unit of rapidity, by node of BETA_GAMMA or in all, and their errors."""
    entry, table = mode(name), _dalitz_table(name, pseudorapidity)
    limit = 0.5 * (entry.mass - entry.recoil_mass)
    size = (len(points.mass), len(BETA_GAMMA)) if by_node else (len(points.mass),)
    found, errors = np.zeros(size), np.zeros(len(points.mass))
    is_open = np.flatnonzero(points.mass < limit)
    different, index = np.unique(points.mass[is_open], return_inverse=True)
    place = np.log(np.maximum(different / limit, _LOWEST_RATIO)) - table.log_ratio[0]
    place = place / (table.log_ratio[1] - table.log_ratio[0])
    left = np.clip(place.astype(int), 0, len(table.log_ratio) - 2)
    share = (place - left)[:, None]
    totals = table.density.sum(-1)
    total = (1 - share) * totals[left] + share * totals[left + 1]
    rough = (1 - share) * table.coarse[left] + share * table.coarse[left + 1]
    kernel = np.zeros((0, 0, 0))
    if by_node:
        density = (1 - share[..., None]) * table.density[left] + share[..., None] * table.density[left + 1]
        kernel = side_decays.on_beta_gamma(density, np.log(entry.mass / different)[:, None])
    for start in range(0, len(is_open), _CHUNK):
        rows, here = is_open[start : start + _CHUNK], index[start : start + _CHUNK]
        some = _Points(*(a[rows] for a in points))
        weights, fewer = (_energy_weights(some, name, order) for order in _ORDERS)
        value = (weights * total[here]).sum(1)
        errors[rows] = np.abs((weights * (total - rough)[here]).sum(1)) + np.abs(value - (fewer * total[here]).sum(1))
        found[rows] = np.einsum("nk,nkb->nb", weights, kernel[here]) if by_node else value
    return found, errors


def density(
    exchange: NeutralExchange,
    mass: ArrayLike,
    pseudorapidity: float,
    sqrt_s: float,
    *,
    modes: tuple[str, ...] = MODES,
) -> Estimate:
    r"""Cross section per unit of pseudorapidity, of chi (not of chibar), from decays of light mesons.

    .. math:: \frac{d\sigma}{d\eta} = \sum \frac{d\sigma_\mathrm{meson}}{dy}\Big|_0 \left\langle B\,K\right\rangle

    Parameters
    ----------
    exchange : NeutralExchange    points of shape (...)
    mass : array, shape (...)     of chi, GeV
    pseudorapidity : float        of chi
    sqrt_s : float                GeV; see :func:`energy_factor`

    Returns
    -------
    Estimate of arrays, shape (...)   pb; the error is that of numerics, that of the yields (20 to 50%) is :func:`meson_density`'s

    Source: ``light_mesons.toml``; exact kinematics of two isotropic steps, :func:`portico.production.side_decays.one_hit`.
    """
    value: Any = 0.0
    error: Any = 0.0
    for name in modes:
        entry, yields = mode(name), meson_density(mode(name).parent, sqrt_s).value
        points, shape = _points(exchange, mass, name)
        if entry.recoil == "none":
            kernel = side_decays.side_total(_pair_table(entry.parent, float(pseudorapidity)), points.mass)
            strength = _pair_strength(points, entry)
            rate, numerical = strength * kernel.value, strength * kernel.error
        else:
            rate, numerical = _dalitz(points, name, float(pseudorapidity), by_node=False)
        value = value + yields * rate.reshape(shape)
        error = error + yields * numerical.reshape(shape)
    return Estimate(value, error)


def flux(
    exchange: NeutralExchange,
    mass: ArrayLike,
    pseudorapidity: float,
    sqrt_s: float,
    *,
    modes: tuple[str, ...] = MODES,
) -> SideFlux:
    r"""Cross section per unit of pseudorapidity and species by :math:`\beta\gamma`, of chi from decays of light mesons.

    Parameters as for :func:`density`, which is its sum over the nodes.

    Returns
    -------
    SideFlux    densities in pb, shape (..., 57)

    Source: :func:`density`.
    """
    found: Any = np.zeros(len(BETA_GAMMA))
    error: Any = 0.0
    for name in modes:
        entry, yields = mode(name), meson_density(mode(name).parent, sqrt_s).value
        points, shape = _points(exchange, mass, name)
        if entry.recoil == "none":
            table = _pair_table(entry.parent, float(pseudorapidity))
            different, index = np.unique(points.mass, return_inverse=True)
            kernel = side_decays.side_total(table, different)
            spread = side_decays.side_shape(table, different) * kernel.value[:, None]
            strength = _pair_strength(points, entry)
            rate, numerical = strength[:, None] * spread[index], strength * kernel.error[index]
        else:
            rate, numerical = _dalitz(points, name, float(pseudorapidity), by_node=True)
        found = found + yields * rate.reshape(*shape, len(BETA_GAMMA))
        error = error + yields * numerical.reshape(shape)
    return SideFlux(found, error)
