"""Special functions that jax lacks or gets wrong, tested against mpmath."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .namespace import array_namespace


def relative_exponential(h: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`(e^h - 1)/h`, 1 at h = 0, with a finite gradient there."""
    xp = array_namespace(h)
    h = xp.asarray(h)
    small = xp.abs(h) < 1e-5
    safe = xp.where(small, 1.0, h)
    return xp.where(small, 1 + h / 2 + h**2 / 6, xp.expm1(safe) / safe)


def divided_exponential(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Float[Array, "..."]:
    r"""Return the divided difference :math:`(e^{at} - e^{bt})/(a - b)`, equal to :math:`t e^{at}` for a = b.

    Written as :math:`t\,e^{\max(a,b)t}` times a function in (0, 1], so that neither equal nor very different
    arguments lose digits.
    """
    high, low = jnp.maximum(a, b), jnp.minimum(a, b)
    return t * jnp.exp(high * t) * relative_exponential((low - high) * t)


def log_poisson_cdf(count: np.ndarray, mean: np.ndarray) -> np.ndarray:
    r"""Return :math:`\ln P(N \le n\,|\,\mu) = \ln Q(n+1, \mu)`, finite where the probability underflows.

    The regularised incomplete gamma function while it is above 1e-280, else its continued fraction in logarithms.
    Real counts are allowed (the Asimov data set). Runs on numpy arrays, not under ``jit``.

    Source: DLMF eqs. (8.4.10), (8.9.2).
    """
    from scipy.special import gammaincc, gammaln

    count, mean = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(mean, dtype=float))
    plain = gammaincc(count + 1, mean)
    deep = (plain < 1e-280) & (mean > count)
    with np.errstate(divide="ignore"):
        result = np.array(np.log(plain))
    if np.any(deep):
        n, x = count[deep], mean[deep]
        # Gamma(a, x) x^-a e^x = 1/(x + 1 - a - 1 (1-a)/(x + 3 - a - ...)), converging fast since x >> a
        a = n + 1
        fraction = np.zeros_like(x)
        for k in range(200, 0, -1):
            fraction = k * (k - a) / (x + 2 * k + 1 - a - fraction)
        result[deep] = a * np.log(x) - x - gammaln(a) - np.log(x + 1 - a - fraction)
    return result
