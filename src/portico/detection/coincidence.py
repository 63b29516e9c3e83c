r"""Hits in all of several layers at once: by a particle, and by chance."""

from __future__ import annotations

import math

from jaxtyping import Array, ArrayLike, Float

from ..errors import unknown_name
from .photo_electrons import layer_probability

WINDOWS = ("first_layer", "total_span", "strict_order")
"""Conventions of an n-fold chance coincidence within tau:

``first_layer``    the others follow a given first layer within tau, in any order
``total_span``     the n hits lie within tau, whichever is first
``strict_order``   they follow a given first layer within tau in one given order
"""


def coincidence_probability(mean: ArrayLike, layers: int) -> Float[Array, "..."]:
    r"""Return the probability that a particle is seen in every layer, :math:`P = (1 - e^{-N})^n`.

    Parameters
    ----------
    mean : array, shape (...)   mean number N of photo-electrons per layer
    layers : int                n

    Source: arXiv:1506.04760, text above eq. (46). For small charges P goes as N^n, a power law.

    Examples
    --------
    >>> round(float(coincidence_probability(1.0, 3)), 4)
    0.2526
    """
    return layer_probability(mean) ** layers


def accidental_rate(
    rate_hz: ArrayLike, window_s: ArrayLike, layers: int, *, window: str = "first_layer"
) -> Float[Array, "..."]:
    r"""Return the rate of chance coincidences of n independent counters, one per layer, Hz.

    .. math:: R^n\tau^{n-1}\ (\text{first layer}), \qquad n\,R^n\tau^{n-1}\ (\text{total span}), \qquad
              \frac{R^n\tau^{n-1}}{(n-1)!}\ (\text{strict order})

    for :math:`R\tau\ll1`: 500 Hz and 15 ns make 168.75 in 400 triples of counters and 1.5e7 s.

    Parameters
    ----------
    rate_hz : array, shape (...)    R, of one counter
    window_s : array, shape (...)   tau, s
    layers : int                    n
    window : str                    one of :data:`WINDOWS`

    Raises UnknownName for the name of a window. Source: Poisson processes.
    """
    if window not in WINDOWS:
        raise unknown_name("window", window, WINDOWS)
    factor = {"first_layer": 1.0, "total_span": float(layers), "strict_order": 1 / math.factorial(layers - 1)}[window]
    return factor * rate_hz**layers * window_s ** (layers - 1)
