r"""psi_h -> psi_l f fbar through the virtual mediator: the mass of the pair from a table, its angle from a closed formula.

The table is made once per decay on the host; the rest runs in compiled code. The parent is unpolarised here; see
:mod:`portico.cascades.spin_correlations` for how spin enters.
"""

from __future__ import annotations

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import particles
from ..decays.hadronic_ratio import hadronic_ratio
from ..errors import InvalidInput

PAIRS = ("e+ e-", "mu+ mu-", "tau+ tau-", "hadrons")
"""What a pair can be; hadrons are two charged pions in kinematics, with the rate of all hadrons. Taus do not decay on."""
CELLS = 8192
"""Cells of equal probability in a table of the mass of the pair."""
_NODES, _POLE_NODES = 16384, 1024
_GAUSS = (np.array([-np.sqrt(0.6), 0.0, np.sqrt(0.6)]), np.array([5.0, 8.0, 5.0]) / 18)


@cache
def pair_mass(pair: str) -> float:
    """Return the mass of each of a pair in GeV: of the charged lepton, or the charged pion.

    Raises InvalidInput for another name.

    Source: PDG, by :mod:`portico.particles`.
    """
    names = dict(zip(PAIRS, ("e-", "mu-", "tau-", "pi+"), strict=True))
    if pair not in names:
        raise InvalidInput(f"a decay to '{pair}'; known pairs: {', '.join(PAIRS)}.")
    return particles.mass(names[pair])


def fermion_current(s: ArrayLike, masses: tuple[float, float], couplings: tuple[float, float]) -> np.ndarray:
    r"""Return the width of psi_h -> psi_l V* of mass sqrt(s), without constant factors.

    .. math:: \Gamma_{hl}(s) \propto \frac{\lambda^{1/2}(1,r^2,\rho)}{\rho}\left\{(g_V^2+g_A^2)
              \left[(1-r^2)^2+\rho(1+r^2)-2\rho^2\right] - 6r\rho(g_V^2-g_A^2)\right\}, \quad r = \frac{m_l}{m_h},\
              \rho = \frac{s}{m_h^2}

    Parameters
    ----------
    s : array          GeV^2, > 0
    masses             of psi_h and psi_l, GeV
    couplings          vector and axial

    Source: two-body width to a vector; the shape of t -> b W.
    """
    r, rho = masses[1] / masses[0], np.asarray(s) / masses[0] ** 2
    vector2, axial2 = couplings[0] ** 2, couplings[1] ** 2
    triangle = ((1 - r) ** 2 - rho) * ((1 + r) ** 2 - rho)
    square = (vector2 + axial2) * ((1 - r**2) ** 2 + rho * (1 + r**2) - 2 * rho**2) - 6 * r * rho * (vector2 - axial2)
    return np.sqrt(np.maximum(triangle, 0.0)) / rho * np.maximum(square, 0.0)


def pair_current(s: ArrayLike, pair: str) -> np.ndarray:
    r"""Return :math:`s(1+2m^2/s)\sqrt{1-4m^2/s}` for leptons, :math:`s\,R(s)` for hadrons: sqrt(s) times the width to the pair.

    Source: two-body widths of a vector; R of :mod:`portico.decays.hadronic_ratio`.
    """
    s = np.asarray(s, dtype=float)
    if pair == "hadrons":
        return s * np.asarray(hadronic_ratio(np.sqrt(s)))
    x = pair_mass(pair) ** 2 / s
    return s * (1 + 2 * x) * np.sqrt(np.maximum(1 - 4 * x, 0.0))


def dgamma_ds(
    s: ArrayLike,
    masses: tuple[float, float],
    pair: str,
    couplings: tuple[float, float],
    mediator: tuple[float, float],
) -> np.ndarray:
    r"""Return the distribution of the mass squared of the pair, without constant factors.

    .. math:: \frac{d\Gamma}{ds} \propto \frac{\sqrt s\,\Gamma_{V\to f\bar f}(\sqrt s)\,\Gamma_{hl}(s)}
              {(s-M^2)^2+M^2\Gamma_V^2}

    Parameters: s in GeV^2; masses of psi_h, psi_l; the pair's name; vector and axial coupling; mass and width of the mediator.
    Source: factorised three-body phase space; the pair's current is conserved, so that only transverse V* enter.
    """
    s = np.asarray(s, dtype=float)
    mass, width = mediator
    return pair_current(s, pair) * fermion_current(s, masses, couplings) / ((s - mass**2) ** 2 + (mass * width) ** 2)


def pair_mass_table(
    masses: tuple[float, float],
    pair: str,
    couplings: tuple[float, float],
    mediator: tuple[float, float],
    *,
    cells: int = CELLS,
) -> np.ndarray:
    r"""Return the values of s below which shares 0, 1/cells, 2/cells, ..., 1 of all decays lie.

    Linear interpolation between them gives a sample whose cumulative distribution is off by less than 1/cells in a cell over
    which the density changes from 0 to a peak, and by 1/(8 cells) times its relative change elsewhere: below 1e-4.

    Source: :func:`dgamma_ds`. Raises InvalidInput if the pair is too heavy, and if the mediator can be on its mass shell but has no width.

    The integral runs over :math:`\ln s = \ln s_- + \ln(s_+/s_-)\,w^2(3-2w)`, which is smooth at both ends, and where the mediator
    can be on its mass shell also over the angle of its Breit-Wigner; three Gauss points per cell.
    """
    low, high = 4 * pair_mass(pair) ** 2, (masses[0] - masses[1]) ** 2
    if masses[0] <= masses[1] or low >= high:
        raise InvalidInput(
            f"a fermion of {masses[0]:g} GeV to one of {masses[1]:g} GeV and {pair}: the decay is closed, yet has a branching ratio."
        )
    logs = np.log(high / low)
    mass, width = mediator

    def s_of(w: np.ndarray) -> np.ndarray:
        return low * np.exp(logs * w * w * (3 - 2 * w))

    nodes = np.linspace(0.0, 1.0, _NODES + 1)
    if low < mass**2 < high:
        if not width > 0:
            raise InvalidInput(
                f"a fermion of {masses[0]:g} GeV to one of {masses[1]:g} GeV and a mediator of {mass:g} GeV on its mass shell: its width "
                "has to be above 0."
            )
        ends = np.arctan((np.array([low, high]) - mass**2) / (mass * width))
        angles = np.linspace(ends[0], ends[1], _POLE_NODES + 1)[1:-1]
        pole = np.clip(mass**2 + mass * width * np.tan(angles), low, high)
        nodes = np.union1d(nodes, np.interp(pole, s_of(nodes), nodes))
    middle, half = (nodes[1:] + nodes[:-1]) / 2, (nodes[1:] - nodes[:-1]) / 2
    w = middle[:, None] + half[:, None] * _GAUSS[0]
    s = s_of(w)
    density = dgamma_ds(s, masses, pair, couplings, mediator) * s * logs * 6 * w * (1 - w)
    total = np.concatenate([[0.0], np.cumsum(2 * half * (density @ _GAUSS[1]))])
    if not total[-1] > 0:
        raise InvalidInput(f"the decay of a fermion of {masses[0]:g} GeV to {pair} has no rate: both couplings are 0.")
    table = s_of(np.interp(np.linspace(0.0, 1.0, cells + 1), total / total[-1], nodes))
    table[0], table[-1] = low, high
    return table


def angular_coefficients(
    s: Float[Array, "..."],
    masses: tuple[Float[Array, "..."], Float[Array, "..."], Float[Array, "..."]],
    squares: tuple[Float[Array, "..."], Float[Array, "..."]],
    is_hadronic: ArrayLike,
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Return A and B of the distribution :math:`\tfrac12(A + B\cos^2\theta)`, A + B/3 = 1, of the pair's polar angle.

    The angle is that of one of the pair to the direction of the pair, in the frame of the pair. With P the momentum of psi_h there,
    :math:`\beta` the velocity of the pair's members, :math:`g_\pm = g_V^2 \pm g_A^2`, for leptons

    .. math:: A \propto g_+\left[\tfrac14\left((m_h^2-m_l^2)^2-s^2\right)+m_f^2(m_h^2+m_l^2-s)\right] - g_-m_hm_l(s+2m_f^2),
              \qquad B \propto -g_+ sP^2\beta^2

    and for two pions :math:`A \propto s\beta^2[\tfrac12 g_+(m_h^2+m_l^2-s) - g_-m_hm_l]`, :math:`B \propto 2g_+sP^2\beta^2`.

    Parameters
    ----------
    s : array                GeV^2
    masses : three arrays    of psi_h, psi_l and each of the pair, GeV
    squares : two arrays     g_V^2 + g_A^2 and g_V^2 - g_A^2
    is_hadronic : array      whether the pair are pions

    Source: trace of the vector current of the pair with that of the fermions; redone from scalar products in the tests.
    """
    heavy, light, each = masses
    plus, minus = squares
    sum2, difference2, product_ = heavy**2 + light**2, (heavy - light) * (heavy + light), heavy * light
    momentum2 = 0.25 * jnp.maximum((heavy - light) ** 2 - s, 0.0) * ((heavy + light) ** 2 - s)  # s P^2
    beta2 = jnp.maximum(1 - 4 * each**2 / s, 0.0)
    leptons = plus * (0.25 * (difference2 - s) * (difference2 + s) + each**2 * (sum2 - s)) - minus * product_ * (
        s + 2 * each**2
    )
    pions = s * (0.5 * plus * (sum2 - s) - minus * product_)  # beta^2 of both coefficients is common
    a = jnp.where(is_hadronic, pions, leptons)
    b = plus * momentum2 * jnp.where(is_hadronic, 2.0, -beta2)
    total = a + b / 3
    safe = jnp.where(total > 0, total, 1.0)
    a = jnp.where(total > 0, jnp.clip(a / safe, 0.0, 1.5), 1.0)
    return a, 3 * (1 - a)


def cosine(u: Float[Array, "..."], a: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Return the cosine below which a share u of the distribution :math:`\tfrac12(A + B c^2)`, B = 3(1-A), lies.

    The root of :math:`Ac + (1-A)c^3 = 2u - 1`, 0 <= A <= 3/2, by the trigonometric (A > 1) or hyperbolic (A < 1) formula for cubics.

    Exact to 1e-11. Source: Cardano's formula.
    """
    y = 2 * u - 1
    is_flat = jnp.abs(a - 1) < 1e-7
    b = jnp.where(is_flat, 1.0, jnp.abs(1 - a))
    a = jnp.maximum(a, 1e-12)
    scale = 2 * jnp.sqrt(a / (3 * b))
    argument = 3 * y / (a * scale)
    below = scale * jnp.sin(jnp.arcsin(jnp.clip(argument, -1.0, 1.0)) / 3)
    size = jnp.abs(argument)
    # sinh(asinh(z)/3) from the cube root t = (z + sqrt(1+z^2))^(1/3)
    third = jnp.cbrt(size + jnp.sqrt(1 + size * size))
    above = jnp.sign(y) * scale * 0.5 * (third - 1 / third)
    root = jnp.where(a > 1, below, above)
    return jnp.clip(jnp.where(is_flat, y * (1 + (1 - a) * (1 - y * y)), root), -1.0, 1.0)
