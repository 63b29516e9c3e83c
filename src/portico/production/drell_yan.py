r"""Pairs of fermions from quarks and antiquarks of two protons through neutral vectors that interfere, at leading order.

.. math:: \frac{d\sigma}{dM^2} = \frac{1}{M^2}\sum_q \hat\sigma_q(M)\int_{-Y}^{Y}dy\,[x_1 q(x_1)\,x_2\bar q(x_2) + 1\leftrightarrow 2]

.. math:: \hat\sigma_q = \frac{M^2\beta}{36\pi}\{T_q(1+2x) + A_q(1-4x)\}, \quad T_q = |VV|^2+|AV|^2, \quad A_q = |VA|^2+|AA|^2, \quad
          VV = \sum_V\frac{v_q v_f}{M^2-m_V^2+im_V\Gamma_V}

with x = m^2/M^2, beta^2 = 1 - 4x, the first letter for the quark, the second for the fermion of mass m. Quarks are massless, the
factorisation scale is M, no transverse momentum, no higher orders. The mass of the pair starts at an explicit cut, 2 GeV by default:
below, parton distributions disagree by factors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import constants
from ..electroweak.exchange import NeutralExchange
from ..errors import InvalidInput, unknown_name
from ..numerics import quadrature
from ..numerics.namespace import array_namespace
from . import parton_tables, resonance_panels
from .central_kernels import CELLS, CentralKernel, at_nodes, central_kernel, for_each
from .neutral_amplitudes import ALPHA, strengths
from .parton_tables import MINIMUM_PAIR_MASS, PartonLuminosities, check_pair_mass, pair_mass_ends
from .side_flux import SideFlux

__all__ = [
    "MINIMUM_PAIR_MASS", "CentralKernel", "Spread", "central_kernel", "density", "density_from", "dsigma_dmass", "flux", "flux_from", "sigma", "sigma_narrow", "spread",
]  # fmt: skip

PICOBARN = constants.GEV2_NB * 1e3
"""(hbar c)^2 in GeV^2 pb."""


# --- cross sections ------------------------------------------------------------------------------------------------


def _types(table: PartonLuminosities, log_mass: Any) -> tuple[Any, Any]:
    """Integrals over rapidity of both orientations, summed over up-type and down-type flavours."""
    xp = array_namespace(*table, log_mass)
    rows = parton_tables.integrated(table, xp.exp(log_mass))
    return 2 * (rows[..., 0] + rows[..., 3]), 2 * (rows[..., 1] + rows[..., 2] + rows[..., 4])


def dsigma_dmass(
    table: PartonLuminosities, exchange: NeutralExchange, mass: ArrayLike, pair_mass: ArrayLike, *, alpha: str = "fixed"
) -> Float[Array, "..."]:
    r"""Cross section per mass of the pair.

    Parameters
    ----------
    table : PartonLuminosities             of :func:`portico.production.parton_tables.load`
    exchange : NeutralExchange             arrays of shape (..., vectors)
    mass, pair_mass : arrays, shape (...)  GeV: of the fermion, of the pair
    alpha : str                            one of :data:`ALPHA`

    Returns
    -------
    array, shape (...)                     pb/GeV; 0 below threshold, nan outside the table

    Source: the module; arXiv:1506.04760.
    """
    xp = array_namespace(*table, *exchange[1:], mass, pair_mass)
    pair_mass = xp.asarray(pair_mass)
    return (
        _by_log_mass(table, exchange, xp.asarray(mass)[..., None], xp.log(pair_mass)[..., None], alpha)[..., 0]
        / pair_mass
    )


def _by_log_mass(table: PartonLuminosities, exchange: NeutralExchange, mass: Any, log_mass: Any, alpha: str) -> Any:
    """dsigma/dln M in pb, shapes (..., n)."""
    xp = array_namespace(*table, *exchange[1:], mass, log_mass)
    up, down = _types(table, log_mass)
    part = strengths(exchange, log_mass, alpha=alpha)
    squared = xp.exp(2 * log_mass)
    ratio = xp.asarray(mass) ** 2 / squared
    beta2 = xp.maximum(1 - 4 * ratio, 0.0)
    positive = beta2 > 0
    beta = xp.where(positive, xp.sqrt(xp.where(positive, beta2, 1.0)), 0.0)
    transverse = part.up_transverse * up + part.down_transverse * down
    axial = part.up_axial * up + part.down_axial * down
    total = PICOBARN * squared / (18 * np.pi) * beta * (transverse * (1 + 2 * ratio) + axial * beta2)
    return xp.where(positive, total, 0.0)


def _check(minimum: float, maximum: float | None, alpha: str) -> None:
    check_pair_mass(minimum, maximum)
    if alpha not in ALPHA:
        raise unknown_name("electromagnetic coupling", alpha, ALPHA)


def sigma(
    table: PartonLuminosities,
    exchange: NeutralExchange,
    mass: ArrayLike,
    *,
    minimum_pair_mass: float = MINIMUM_PAIR_MASS,
    maximum_pair_mass: float | None = None,
    alpha: str = "fixed",
) -> quadrature.Estimate:
    r"""Cross section of p p -> f fbar within a range of the pair's mass.

    Parameters
    ----------
    table : PartonLuminosities          of :func:`portico.production.parton_tables.load`
    exchange : NeutralExchange          arrays of shape (..., vectors)
    mass : array, shape (...)           mass of the fermion, GeV
    minimum_pair_mass, maximum_pair_mass : float   GeV; the range is cut to that of the table
    alpha : str                         one of :data:`ALPHA`

    Returns
    -------
    Estimate of shape (...)             pb; error of integration and of the table; 0 where the range is empty

    Raises InvalidInput for a cut that is no range. The integral is good to 1e-4 for widths from 1e-10 of a mass, to 4e-3 where a narrow
    vector lies within the peak of a wide one; the error says so.
    Source: the module; arXiv:1506.04760.
    """
    _check(minimum_pair_mass, maximum_pair_mass, alpha)
    xp = array_namespace(*table, *exchange[1:], mass)
    mass = xp.asarray(mass, dtype=float)
    lower, upper = pair_mass_ends(table, mass, minimum_pair_mass, maximum_pair_mass)
    at = resonance_panels.nodes(lower, upper, *resonance_panels.resonances(exchange))
    each = _by_log_mass(table, exchange, mass[..., None], at.log_mass, alpha)
    return _estimate(xp, table, each, at)


def _estimate(xp: Any, table: PartonLuminosities, each: Any, at: resonance_panels.Nodes) -> quadrature.Estimate:
    fine, coarse = xp.sum(each * at.weights, axis=-1), xp.sum(each * at.coarse, axis=-1)
    return quadrature.Estimate(fine, xp.hypot(xp.abs(fine - coarse), table.error * fine))


def sigma_narrow(table: PartonLuminosities, exchange: NeutralExchange, which: str) -> Any:
    r"""Cross section of one vector on its mass shell, before its branching ratio.

    .. math:: \sigma = \frac{\pi}{3m_V^2}\sum_q (v_q^2 + a_q^2)\,LL_q(m_V)

    Good for Gamma << m_V and away from other vectors; used as a check of :func:`sigma`.

    Parameters
    ----------
    which : str   name of the vector in ``exchange.names``

    Returns
    -------
    array (...)   pb; nan for a mass outside the table

    Raises UnknownName for another vector.
    Source: arXiv:1506.04760; limit Gamma -> 0 of the Breit-Wigner.
    """
    if which not in exchange.names or which == "photon":
        raise unknown_name("massive vector", which, [name for name in exchange.names if name != "photon"])
    k = exchange.names.index(which)
    xp = array_namespace(*table, *exchange[1:])
    mass, *charges = (
        xp.asarray(part)[..., k]
        for part in (exchange.mass, exchange.up_vector, exchange.up_axial, exchange.down_vector, exchange.down_axial)
    )
    up, down = _types(table, xp.log(mass))
    total = (charges[0] ** 2 + charges[1] ** 2) * up + (charges[2] ** 2 + charges[3] ** 2) * down
    return PICOBARN * np.pi / 3 * total / mass**2


# --- at one pseudorapidity -----------------------------------------------------------------------------------------


def density_from(kernel: CentralKernel, exchange: NeutralExchange, *, alpha: str = "fixed") -> quadrature.Estimate:
    r"""Return dsigma/deta per species at the pseudorapidity of a kernel, pb, with its error.

    Parameters
    ----------
    kernel : CentralKernel        of shape (k...), from :func:`central_kernel`
    exchange : NeutralExchange    arrays of shape (k..., r..., vectors): any number of exchanges for each mass

    Returns
    -------
    Estimate of shape (k..., r...)

    Source: :func:`central_kernel`.
    """
    _check(MINIMUM_PAIR_MASS, None, alpha)
    return for_each(_density, kernel, exchange, alpha)


def density(
    table: PartonLuminosities,
    exchange: NeutralExchange,
    mass: ArrayLike,
    pseudorapidity: float,
    *,
    minimum_pair_mass: float = MINIMUM_PAIR_MASS,
    maximum_pair_mass: float | None = None,
    alpha: str = "fixed",
) -> quadrature.Estimate:
    r"""Return dsigma/deta per species at one pseudorapidity, pb, with its error.

    Parameters as for :func:`sigma` and :func:`central_kernel`; exchanges of shape (k..., r..., vectors) for masses of shape (k...).
    For many exchanges of the same masses make the kernel once and call :func:`density_from`.
    Source: :func:`central_kernel`.
    """
    cuts: Any = {"minimum_pair_mass": minimum_pair_mass, "maximum_pair_mass": maximum_pair_mass}
    return density_from(central_kernel(table, mass, pseudorapidity, **cuts), exchange, alpha=alpha)


def flux_from(kernel: CentralKernel, exchange: NeutralExchange, *, alpha: str = "fixed") -> SideFlux:
    r"""Return dsigma/deta per species by velocity, from a kernel made with ``velocity="resolved"``.

    The sum over velocities is :func:`density_from`; the shares are interpolated linearly between the kernel's masses of the pair.

    Parameters
    ----------
    kernel : CentralKernel        of shape (k...)
    exchange : NeutralExchange    arrays of shape (k..., r..., vectors)

    Returns
    -------
    SideFlux of shape (k..., r...)   pb

    Raises InvalidInput for a kernel without velocities. Source: :func:`central_kernel`.
    """
    _check(MINIMUM_PAIR_MASS, None, alpha)
    if np.shape(kernel.velocity)[-1] == 0:
        raise InvalidInput(
            "drell_yan: the kernel was made with velocity='summed'; expected velocity='resolved' in central_kernel."
        )
    return for_each(_shares, kernel, exchange, alpha)


def flux(
    table: PartonLuminosities,
    exchange: NeutralExchange,
    mass: ArrayLike,
    pseudorapidity: float,
    *,
    minimum_pair_mass: float = MINIMUM_PAIR_MASS,
    maximum_pair_mass: float | None = None,
    alpha: str = "fixed",
) -> SideFlux:
    """Return dsigma/deta per species by velocity at one pseudorapidity, pb; arguments as for :func:`density`.

    Source: :func:`central_kernel`.
    """
    cuts: Any = {"minimum_pair_mass": minimum_pair_mass, "maximum_pair_mass": maximum_pair_mass}
    return flux_from(central_kernel(table, mass, pseudorapidity, velocity="resolved", **cuts), exchange, alpha=alpha)


class Spread(NamedTuple):
    """Relative differences: of another set of parton distributions, and the larger of half and twice the factorisation scale."""

    parton_distributions: Any
    factorisation_scale: Any


def spread(
    bands: parton_tables.Bands,
    exchange: NeutralExchange,
    mass: ArrayLike,
    pseudorapidity: float,
    *,
    minimum_pair_mass: float = MINIMUM_PAIR_MASS,
    maximum_pair_mass: float | None = None,
) -> Spread:
    """Return how far :func:`density` moves with the parton distributions and with the factorisation scale: systematic errors.

    Each pair is compared above the mass of the pair from which both tables hold, which is 3.3 GeV for NNPDF 3.1 at half the scale.

    Parameters
    ----------
    bands : Bands   of :func:`portico.production.parton_tables.load_bands`; the rest as for :func:`density`

    Returns
    -------
    Spread of arrays (k..., r...)   >= 0; 0 where nothing is produced

    Source: the tables; a spread of two sets is no confidence interval.
    """
    xp = array_namespace(*bands.central, *exchange[1:], mass)

    def off(other: PartonLuminosities) -> Any:
        start = max(minimum_pair_mass, *(float(parton_tables.valid_from(t)) for t in (bands.central, other)))
        cuts: Any = {"minimum_pair_mass": start, "maximum_pair_mass": maximum_pair_mass}
        one, two = (density(t, exchange, mass, pseudorapidity, **cuts).value for t in (bands.central, other))
        return xp.where(one > 0, xp.abs(two / xp.where(one > 0, one, 1.0) - 1), 0.0)

    return Spread(off(bands.other), xp.maximum(off(bands.half), off(bands.double)))


def _density(kernel: CentralKernel, exchange: NeutralExchange, alpha: str) -> quadrature.Estimate:
    """For one kernel and exchanges of shape (r, vectors)."""
    return _summed(kernel, *at_nodes(kernel, exchange, alpha))


def _summed(kernel: CentralKernel, at: resonance_panels.Nodes, cell: Any, rest: Any, rows: Any) -> quadrature.Estimate:
    xp = array_namespace(*kernel, at.log_mass)
    p, f = xp.asarray(kernel.powers)[cell], rest[..., None]
    value = p[..., 0, :] + f * (p[..., 1, :] + f * (p[..., 2, :] + f * p[..., 3, :]))
    each = PICOBARN * sum(value[..., k] * rows[k] for k in range(4))
    fine, coarse = xp.sum(each * at.weights, axis=-1), xp.sum(each * at.coarse, axis=-1)
    return quadrature.Estimate(fine, xp.hypot(xp.abs(fine - coarse), kernel.error * fine))


def _shares(kernel: CentralKernel, exchange: NeutralExchange, alpha: str) -> SideFlux:
    """For one kernel and exchanges of shape (r, vectors)."""
    at, cell, rest, rows = at_nodes(kernel, exchange, alpha)
    xp = array_namespace(*kernel, at.log_mass)
    total = _summed(kernel, at, cell, rest, rows)
    flat = (cell + (CELLS + 1) * np.arange(cell.shape[0])[:, None]).reshape(-1)
    size = cell.shape[0] * (CELLS + 1)
    spectrum = 0.0
    for k in range(4):
        mass = at.weights * rows[k]
        left, right = (mass * (1 - rest)).reshape(-1), (mass * rest).reshape(-1)
        if xp is np:
            on_grid = np.bincount(flat, left, size) + np.bincount(flat + 1, right, size)
        else:
            on_grid = xp.zeros(size).at[flat].add(left).at[flat + 1].add(right)
        spectrum = spectrum + on_grid.reshape(-1, CELLS + 1) @ xp.asarray(kernel.velocity)[:, k]
    whole = xp.sum(spectrum, axis=-1)
    scale = xp.where(whole > 0, total.value / xp.where(whole > 0, whole, 1.0), 0.0)
    return SideFlux(spectrum * scale[..., None], total.error)
