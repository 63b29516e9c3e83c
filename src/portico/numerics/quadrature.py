"""Fixed quadrature rules, each with an error estimate from a second rule.

A rule lives on [0, 1]; :func:`scaled` carries it to any interval, :func:`panels` to a chain of intervals
whose end points may differ from point to point. Integrands are made smooth by a change of variable first
(:mod:`portico.numerics.maps`); no rule here adapts, so that it runs unchanged under ``jit``, ``vmap`` and ``grad``.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .namespace import array_namespace

Rule = tuple[ArrayLike, ArrayLike]
"""Nodes on [0, 1] and their weights."""


class Estimate(NamedTuple):
    """An integral and the error of the integral, both in the unit of the integral and of the same shape."""

    value: Float[Array, "..."]
    error: Float[Array, "..."]


@cache
def gauss_legendre(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of the Gauss-Legendre rule on [0, 1], exact for polynomials up to degree 2 order - 1."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return 0.5 * (nodes + 1), 0.5 * weights


@cache
def padded(order: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the Gauss-Legendre rule with nodes of weight 0 up to ``size``: two orders of one shape compile once."""
    nodes, weights = gauss_legendre(order)
    return np.pad(nodes, (0, size - order), mode="edge"), np.pad(weights, (0, size - order))


# Positive half of the Kronrod nodes, their weights, and the weights of the embedded 7-point Gauss rule.
# Source: R. Piessens et al., QUADPACK (Springer 1983), routine QK15.
_KRONROD_NODES = (
    0.991455371120812639206854697526329, 0.949107912342758524526189684047851, 0.864864423359769072789712788640926,
    0.741531185599394439863864773280788, 0.586087235467691130294144691693013, 0.405845151377397166906606412076961,
    0.207784955007898467600689403773245, 0.0,
)  # fmt: skip
_KRONROD_WEIGHTS = (
    0.022935322010529224963732008058970, 0.063092092629978553290700663189204, 0.104790010322250183839876322541518,
    0.140653259715525918745189590510238, 0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
    0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
)  # fmt: skip
_GAUSS_WEIGHTS = (
    0.129484966168869693270611432679082, 0.279705391489276667901467771423780,
    0.381830050505118944950369775488975, 0.417959183673469387755102040816327,
)  # fmt: skip


@cache
def gauss_kronrod_15() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return nodes, Kronrod weights and embedded Gauss weights on [0, 1]; the Gauss weights are 0 on Kronrod-only nodes.

    Source: QUADPACK, routine QK15.
    """
    half = np.array(_KRONROD_NODES)
    nodes = np.concatenate([-half[:-1], half[::-1]])
    kronrod = np.concatenate([_KRONROD_WEIGHTS[:-1], _KRONROD_WEIGHTS[::-1]])
    gauss_half = np.zeros(8)
    gauss_half[1::2] = _GAUSS_WEIGHTS
    gauss = np.concatenate([gauss_half[:-1], gauss_half[::-1]])
    return 0.5 * (nodes + 1), 0.5 * kronrod, 0.5 * gauss


def scaled(
    lower: ArrayLike, upper: ArrayLike, order: int | Rule
) -> tuple[Float[Array, "... order"], Float[Array, "... order"]]:
    """Return Gauss-Legendre nodes and weights on [lower, upper], along a new last axis.

    ``lower`` and ``upper`` broadcast; an interval of no length gets weights 0. In place of the order a rule of any kind
    may be given, such as that of :func:`padded`.
    """
    nodes, weights = gauss_legendre(order) if isinstance(order, int) else order
    xp = array_namespace(lower, upper, nodes)
    start = xp.asarray(lower)[..., None]
    length = (xp.asarray(upper) - xp.asarray(lower))[..., None]
    return start + length * nodes, length * weights


def kronrod_error(kronrod: Float[Array, "..."], gauss: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Return the error of a Kronrod sum of a non-negative integrand from the Gauss sum embedded in it.

    .. math:: \delta = \min\{|K - G|,\ (200\,|K - G|)^{3/2} K^{-1/2}\}

    and never below 2e-14 of the result, which is what rounding leaves. The difference |K - G| is the error of the Gauss
    sum, larger than that of K; the second form takes over once the rule has converged (below 1e-7). A peak narrower than a tenth of the interval can slip
    through both rules: put panel ends around it.
    Source: QUADPACK, routine QK15, without its enlargement of |K - G| before convergence.
    """
    difference = jnp.abs(kronrod - gauss)
    safe = jnp.where(kronrod > 0, kronrod, 1.0)
    ratio = jnp.where(kronrod > 0, 200 * difference / safe, 0.0)
    usable = ratio > 0
    root = jnp.sqrt(jnp.where(usable, ratio, 1.0))
    error = jnp.where(usable, jnp.minimum(difference, safe * ratio * root), difference)
    return jnp.maximum(error, 2e-14 * jnp.abs(kronrod))
