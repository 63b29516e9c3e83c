r"""Nodes and weights in the logarithm of an invariant mass for integrands with a threshold and any number of resonances.

The interval is cut at each resonance and 30% beside it, each piece in the middle, and each half is mapped from its outer end by

.. math:: u = u_\mathrm{end} \pm g\,\sinh(T v^p), \qquad T = \mathrm{asinh}(\ell/g), \qquad 0 < v < 1

with g the distance to the nearest pole, Gamma/(2 m) at a resonance itself, so that a Breit-Wigner of any width becomes smooth in v, and
p = 2 behind a lower end, which takes away the square root of a threshold. No branching on values: masses and widths may be arrays and may lie outside the interval.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import ArrayLike

from ..electroweak.exchange import NeutralExchange
from ..numerics import quadrature
from ..numerics.namespace import array_namespace

_BESIDE = 0.3
_NARROWEST = 1e-13
_NONE = 10.0  # largest g: the map is linear


class Nodes(NamedTuple):
    """Nodes u = ln M, shape (..., n), their weights, and those of a second, coarser rule for the error."""

    log_mass: Any
    weights: Any
    coarse: Any


def nodes(lower: ArrayLike, upper: ArrayLike, mass: ArrayLike, width: ArrayLike) -> Nodes:
    """Return the nodes between two invariant masses (GeV) for resonances along the last axis of ``mass`` and ``width`` (GeV).

    Gauss-Kronrod of 15 points in each of 2 (3 V + 1) half pieces for V resonances; all weights are 0 where upper <= lower.
    A mass of 0 is no resonance. Source: the module; QUADPACK, routine QK15.
    """
    xp = array_namespace(lower, upper, mass, width)
    low = xp.log(xp.asarray(lower))[..., None]
    high = xp.maximum(xp.log(xp.asarray(upper))[..., None], low)
    mass, width = xp.broadcast_arrays(xp.asarray(mass), xp.asarray(width))
    massive = mass > 0
    safe = xp.where(massive, mass, 1.0)
    centre = xp.where(massive, xp.log(safe), low - _NONE)
    shape = np.broadcast_shapes(centre.shape[:-1], low.shape[:-1])
    centre = xp.broadcast_to(centre, (*shape, centre.shape[-1]))
    inside = xp.clip(centre, low, high)
    ends = xp.concatenate(
        [
            xp.broadcast_to(low, (*shape, 1)), inside, xp.clip(centre - _BESIDE, low, high),
            xp.clip(centre + _BESIDE, low, high), xp.broadcast_to(high, (*shape, 1)),
        ],
        axis=-1,
    )  # fmt: skip
    ends = xp.sort(ends, axis=-1)
    width = xp.broadcast_to(width / (2 * safe), centre.shape)
    distance = xp.hypot(ends[..., None] - centre[..., None, :], xp.maximum(xp.abs(width), _NARROWEST)[..., None, :])
    scales = xp.min(distance, axis=-1, initial=_NONE)
    half = ((ends[..., 1:] - ends[..., :-1]) / 2)[..., None]
    v, kronrod, gauss = quadrature.gauss_kronrod_15()
    upward, slope_up = _from_end(xp, half, scales[..., :-1, None], v**2, 2 * v)
    downward, slope_down = _from_end(xp, half, scales[..., 1:, None], v, np.ones_like(v))
    place = xp.concatenate([ends[..., :-1, None] + upward, ends[..., 1:, None] - downward], axis=-1)
    slope = xp.concatenate([slope_up, slope_down], axis=-1)
    flat = (*shape, -1)
    twice = [np.concatenate([w, w]) for w in (kronrod, gauss)]
    return Nodes(place.reshape(flat), (slope * twice[0]).reshape(flat), (slope * twice[1]).reshape(flat))


def resonances(exchange: NeutralExchange) -> tuple[Any, Any]:
    """Return masses and widths of the vectors that can be resonant, GeV; one named photon is none. Source: the module."""
    kept = [k for k, name in enumerate(exchange.names) if name != "photon"]
    xp = array_namespace(*exchange[1:])
    return xp.asarray(exchange.mass, dtype=float)[..., kept], xp.asarray(exchange.width, dtype=float)[..., kept]


def _from_end(xp: Any, length: Any, scale: Any, v: np.ndarray, slope: np.ndarray) -> tuple[Any, Any]:
    """Distance from the end and its derivative."""
    span = xp.arcsinh(length / scale)
    return scale * xp.sinh(span * v), scale * xp.cosh(span * v) * span * slope
