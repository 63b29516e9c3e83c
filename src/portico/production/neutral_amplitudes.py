r"""Squared amplitudes of quarks and a fermion that exchange neutral vectors coherently, and the running electromagnetic coupling."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import ArrayLike

from .. import constants, particles
from ..electroweak.exchange import NeutralExchange
from ..numerics.namespace import array_namespace

ALPHA = ("fixed", "running")
"""Electromagnetic coupling of the exchanged photon: as the exchange has it, or :func:`alpha_at` the mass of the pair."""


def alpha_at(pair_mass: ArrayLike) -> Any:
    r"""Return the running electromagnetic coupling at a mass of the pair, GeV.

    .. math:: \alpha(M) = \frac{\alpha}{1-\Delta_l-\Delta_h}, \quad \Delta_l = \sum_{e\mu\tau}\frac{\alpha}{3\pi}\Big[\ln\frac{M^2}{m_l^2}-\frac53\Big]_+,
              \quad \Delta_h = A + B\ln(1 + C M^2)

    with A, B, C of five light flavours by ranges of M. 1/133.1 at 5 GeV, 1/128.9 at the Z (on-shell scheme; top and W left out).
    Source: arXiv:hep-ph/0506115, table II; the leptons at one loop.
    """
    xp = array_namespace(pair_mass)
    q2 = xp.asarray(pair_mass, dtype=float) ** 2
    lepton = sum(xp.maximum(xp.log(q2 / particles.mass(name) ** 2) - 5 / 3, 0.0) for name in ("e-", "mu-", "tau-"))
    hadron = xp.zeros_like(q2)
    for edge, a, b, c in _HADRONIC:
        hadron = xp.where(q2 >= edge**2, a + b * xp.log1p(c * q2), hadron)
    return constants.ALPHA / (1 - constants.ALPHA / (3 * np.pi) * lepton - hadron)


_HADRONIC = (
    (0.0, 0.0, 0.0023092, 3.9925370), (0.7, 0.0, 0.0022333, 4.2191779), (2.0, 0.0, 0.0024402, 3.2496684),
    (4.0, 0.0, 0.0027340, 2.0995092), (10.0, 0.0010485, 0.0029431, 1.0), (91.1876, 0.0012234, 0.0029237, 1.0),
)  # fmt: skip
"""From which M in GeV; A, B, C. Recalled, not looked up (unverified): they join to four digits at every edge."""


class Strengths(NamedTuple):
    """T = |VV|^2 + |AV|^2 and A = |VA|^2 + |AA|^2 for up-type and down-type quarks, GeV^-4."""

    up_transverse: Any
    up_axial: Any
    down_transverse: Any
    down_axial: Any


def strengths(exchange: NeutralExchange, log_mass: ArrayLike, *, alpha: str = "fixed") -> Strengths:
    r"""Squared amplitudes, coherent over the exchanged vectors.

    .. math:: T_q = |VV|^2 + |AV|^2, \quad A_q = |VA|^2 + |AA|^2, \quad VV = \sum_V \frac{v_q v_f}{M^2-m_V^2+im_V\Gamma_V}

    and alike with a_q or a_f; the first letter is that of the quark.

    Parameters
    ----------
    exchange : NeutralExchange          arrays of shape (..., vectors)
    log_mass : array, shape (..., n)    ln of the pair's mass in GeV
    alpha : str                         one of :data:`ALPHA`

    Returns
    -------
    Strengths of shape (..., n)         GeV^-4

    Source: arXiv:1506.04760 for the couplings; tree level.
    """
    xp = array_namespace(*exchange[1:], log_mass)
    u = xp.asarray(log_mass)
    real: list[Any] = []
    imaginary: list[Any] = []
    couplings: list[list[Any]] = [[] for _ in range(6)]
    for k, name in enumerate(exchange.names):
        mass, width = (xp.asarray(part)[..., k, None] for part in (exchange.mass, exchange.width))
        massive = mass > 0
        safe = xp.where(massive, mass, 1.0)
        # M^2 - m^2 without loss of digits next to a narrow resonance
        off = xp.where(massive, safe**2 * xp.expm1(2 * (u - xp.log(safe))), xp.exp(2 * u))
        damping = mass * width
        bottom = off**2 + damping**2
        away = bottom > 0  # a vector without width, on its mass shell: one that couples to nothing
        size = xp.where(away, 1 / xp.where(away, bottom, 1.0), 0.0)
        if name == "photon" and alpha == "running":
            reference = (1.5 * xp.asarray(exchange.up_vector)[..., k, None]) ** 2 / (4 * np.pi)
            size = size * alpha_at(xp.exp(u)) / reference
        real.append(off * size)
        imaginary.append(-damping * size)
        for row, part in zip(couplings, (exchange.up_vector, exchange.up_axial, exchange.down_vector, exchange.down_axial, exchange.particle_vector, exchange.particle_axial), strict=True):  # fmt: skip
            row.append(xp.asarray(part)[..., k, None])
    found: list[Any] = []
    for vector, axial in (couplings[:2], couplings[2:4]):
        for fermion in couplings[4:]:
            total = 0.0
            for i in range(len(real)):
                for j in range(i + 1):
                    weight = (
                        (vector[i] * vector[j] + axial[i] * axial[j]) * (fermion[i] * fermion[j]) * (1 if i == j else 2)
                    )
                    total = total + weight * (real[i] * real[j] + imaginary[i] * imaginary[j])
            found.append(total)
    return Strengths(*found)
