r"""Partial widths of a neutral vector with vector and axial couplings: to fermions, hadrons, W pairs, and to a Z with a Higgs boson.

The interaction is :math:`V_\mu\,\bar f\gamma^\mu(v - a\gamma_5)f` with the gauge coupling inside v and a. A left-handed Weyl fermion of
coupling g is v = a = g/2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .. import numerics as _numerics  # noqa: F401  (switches jax to float64)
from ..numerics.batching import in_batches
from ..numerics.namespace import array_namespace
from ..numerics.polylines import on_polyline
from .hadronic_ratio import strong_coupling, table_line

QUARKS_FROM_GEV = 12.0
"""From here on hadrons are quarks with a QCD factor; below, the measured ratio R."""
_BATCH = 64
_SUM_CHARGES2 = 11 / 9  # of u, d, s, c, b


class Current(NamedTuple):
    """Vector and axial coupling of a fermion to one neutral vector, or to several along the last axis."""

    vector: Float[Array, "..."]
    axial: Float[Array, "..."]


def _velocity2(mass: Array, first: ArrayLike, second: ArrayLike) -> tuple[Array, Array]:
    """Whether a pair is open, and 4 |p|^2/M^2; 1 in place of what is closed, so that no root sees 0."""
    xp = array_namespace(mass, first, second)
    total, safe = xp.asarray(first, float) + second, xp.where(mass > 0, mass, 1.0)
    squared = 1 - (total / safe) ** 2
    if first is not second:
        squared = squared * (1 - ((xp.asarray(first, float) - second) / safe) ** 2)
    is_open = (mass > total) & (squared > 0)
    return is_open, xp.where(is_open, squared, 1.0)


def width_to_fermions(
    mass: ArrayLike, vector: ArrayLike, axial: ArrayLike, fermion_mass: ArrayLike, *, colours: int = 1
) -> Float[Array, "..."]:
    r"""Partial width of a neutral vector to a pair of fermions.

    .. math:: \Gamma = \frac{N_c M}{12\pi}\sqrt{1-4x}\left[v^2(1+2x) + a^2(1-4x)\right],\qquad x = m^2/M^2

    Parameters
    ----------
    mass : array, shape (...)            M, GeV
    vector, axial : arrays, shape (...)  v and a
    fermion_mass : array, shape (...)    m, GeV
    colours : int                        N_c

    Returns
    -------
    array, shape (...)                   GeV; 0 at and below threshold

    Notes     Tree level. Z -> e+ e- is 84.00 MeV with alpha = 1/127.95 and sin^2(theta_W) = 0.23122 (measured: 83.98).
    Source    spin sum of the interaction above; equal to the widths of :mod:`portico.decays.vector` for a = 0.

    Examples
    --------
    >>> f"{float(width_to_fermions(91.1876, 0.1, 0.1, 0.0)):.5f} {float(width_to_fermions(1.0, 0.1, 0.1, 0.5))}"
    '0.04838 0.0'
    """
    xp = array_namespace(mass, vector, axial, fermion_mass)
    mass = xp.asarray(mass, float)
    is_open, beta2 = _velocity2(mass, fermion_mass, fermion_mass)
    x = (1 - beta2) / 4
    squares = xp.asarray(vector, float) ** 2 * (1 + 2 * x) + xp.asarray(axial, float) ** 2 * beta2
    return xp.where(is_open, colours * mass / (12 * math.pi) * xp.sqrt(beta2) * squares, 0.0)


def standard_model_current(
    em_coupling: ArrayLike, z_coupling: ArrayLike, sin2_theta_w: ArrayLike, charge: float, isospin: float
) -> Current:
    r"""Couplings of a Standard-Model fermion to a vector that couples to the electromagnetic and to the Z current.

    .. math:: v = g_{EM}Q + g_Z\left(\tfrac12T_3 - s_W^2Q\right),\qquad a = \tfrac12g_ZT_3

    Parameters
    ----------
    em_coupling : array, shape (...)    g_EM = e c_EM
    z_coupling : array, shape (...)     g_Z = (g2/c_W) c_Z
    sin2_theta_w : array, shape (...)   of the Z current, T_3 - sin^2(theta_W) Q
    charge, isospin : float             Q and T_3 of the left-handed fermion

    Returns
    -------
    Current

    Source    arXiv:1506.04760 eqs. (29), (30).

    Examples
    --------
    >>> current = standard_model_current(0.0, 1.0, 0.25, -1.0, -0.5)
    >>> float(current.vector), float(current.axial)
    (0.0, -0.25)
    """
    xp = array_namespace(em_coupling, z_coupling, sin2_theta_w)
    z_coupling = xp.asarray(z_coupling, dtype=float)
    vector = xp.asarray(em_coupling, dtype=float) * charge + z_coupling * (isospin / 2 - sin2_theta_w * charge)
    return Current(vector, z_coupling * isospin / 2)


def width_to_hadrons(mass: ArrayLike, up: Current, down: Current, top_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Partial width of a neutral vector to all hadrons.

    .. math:: \Gamma = \frac{M}{12\pi}\,R(M)\,\frac{\sum_q (v_q^2 + a_q^2)}{\sum_q Q_q^2}\ (M < 12\,\mathrm{GeV}),\qquad
              \Gamma = \frac{3M}{12\pi}\left(1 + \frac{\alpha_s}{\pi}\right)\sum_q (v_q^2 + a_q^2)

    The sums run over u, d, s, c, b, without masses; above 12 GeV the top quark is added with its mass.

    Parameters
    ----------
    mass : array, shape (...)   M, GeV
    up : Current                of u, c and t
    down : Current              of d, s and b
    top_mass : array            GeV

    Returns
    -------
    array, shape (...)          GeV; 0 below two charged pions

    Notes     Below 12 GeV exact for a coupling to charge; what couples to the Z current enters averaged over flavours, 1 % at 10 GeV
              for a vector that mixes with hypercharge. The step at 12 GeV is 0.2 %. Masses of bottom quarks are left out above
              (-1 % at 12 GeV).
    Source    optical theorem with R of :mod:`portico.decays.hadronic_ratio`; QCD factor to first order.

    Examples
    --------
    >>> float(width_to_hadrons(0.2, Current(0.2, 0.0), Current(-0.1, 0.0), 172.6))
    0.0
    """
    xp = array_namespace(mass, up, down, top_mass)
    mass = xp.asarray(mass, float)
    pair = [xp.asarray(c.vector, float) ** 2 + xp.asarray(c.axial, float) ** 2 for c in (up, down)]
    squares = 2 * pair[0] + 3 * pair[1]
    # on the host too, what comes from the data of R is compiled
    low, factor = _qcd(mass) if xp is jnp else in_batches(_qcd, [mass], _BATCH)
    unit = mass / (12 * math.pi) * squares
    top = factor * width_to_fermions(mass, up.vector, up.axial, top_mass, colours=3)
    return xp.where(mass < QUARKS_FROM_GEV, unit * low, unit * 3 * factor + top)


class _Qcd(NamedTuple):
    """R over the sum of squared charges, up to 12 GeV; 1 + alpha_s/pi from there."""

    ratio: Array
    factor: Array


@jax.jit
def _qcd(mass: Array) -> _Qcd:
    low = on_polyline(table_line(), mass) / _SUM_CHARGES2  # it ends where quarks begin
    return _Qcd(low, 1 + strong_coupling(jnp.maximum(mass, QUARKS_FROM_GEV) ** 2, 5) / math.pi)


def width_to_w_pair(mass: ArrayLike, coupling: ArrayLike, w_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Partial width of a neutral vector to two W bosons, through its part along W3.

    .. math:: \Gamma = \frac{g^2M}{192\pi}\left(\frac{M}{M_W}\right)^4(1-4x)^{3/2}(1 + 20x + 12x^2),\qquad x = M_W^2/M^2

    Parameters
    ----------
    mass : array, shape (...)       M, GeV
    coupling : array, shape (...)   g: g2 times the component of the state along W3
    w_mass : array, shape (...)     GeV

    Returns
    -------
    array, shape (...)              GeV; 0 at and below threshold

    Source    Yang-Mills vertex with three polarised vectors; that of a Z' in PDG 2024, review "Z'-boson searches".

    Examples
    --------
    >>> float(width_to_w_pair(150.0, 0.1, 80.4))
    0.0
    """
    xp = array_namespace(mass, coupling, w_mass)
    mass = xp.asarray(mass, float)
    is_open, beta2 = _velocity2(mass, w_mass, w_mass)
    x = xp.where(is_open, (1 - beta2) / 4, 0.25)
    width = xp.asarray(coupling, float) ** 2 * mass / (192 * math.pi * x**2) * (1 + 20 * x + 12 * x**2)
    return xp.where(is_open, width * beta2 * xp.sqrt(beta2), 0.0)


def width_to_z_higgs(
    mass: ArrayLike, coupling: ArrayLike, z_mass: ArrayLike, higgs_mass: ArrayLike
) -> Float[Array, "..."]:
    r"""Partial width of a neutral vector to a Z and a Higgs boson.

    .. math:: \Gamma = \frac{g^2|\vec p|}{24\pi M^2}\left(2 + \frac{E_Z^2}{m_Z^2}\right)

    Parameters
    ----------
    mass : array, shape (...)       M, GeV
    coupling : array, shape (...)   g of the term g h Z.V, GeV
    z_mass, higgs_mass : arrays     GeV

    Returns
    -------
    array, shape (...)              GeV; 0 at and below threshold

    Source    sum over polarisations of the vertex; equal to the width to longitudinal W pairs far above threshold, which is tested.

    Examples
    --------
    >>> float(width_to_z_higgs(150.0, 1.0, 91.2, 125.2))
    0.0
    """
    xp = array_namespace(mass, coupling, z_mass, higgs_mass)
    mass, z_mass = xp.asarray(mass, float), xp.asarray(z_mass, float)
    is_open, squared = _velocity2(mass, z_mass, higgs_mass)
    safe = xp.where(is_open, mass, 1.0)
    energy = (safe**2 + z_mass**2 - xp.asarray(higgs_mass, float) ** 2) / (2 * safe)
    width = xp.asarray(coupling, float) ** 2 * xp.sqrt(squared) / (48 * math.pi * safe) * (2 + (energy / z_mass) ** 2)
    return xp.where(is_open, width, 0.0)
