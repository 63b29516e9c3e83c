r"""Exact statements on a Poisson count with a known background: CLs, quantiles. Runs on numpy arrays.

.. math:: \mathrm{CL}_s = P(N\le n\,|\,s+b)/P(N\le n\,|\,b)
"""

from __future__ import annotations

import numpy as np

from ..numerics.special import log_poisson_cdf


def two_sided_quantile(cl: float) -> float:
    r"""Return z with :math:`\Phi(z) = (1+\mathrm{CL})/2`; 1.645 at 90%. Source: normal distribution."""
    from scipy.special import ndtri

    return float(ndtri((1 + cl) / 2))


def poisson_quantile(probability: float, mean: np.ndarray) -> np.ndarray:
    """Return the smallest count whose cumulative probability reaches ``probability``. Source: Poisson distribution."""
    from scipy.special import gammaincc, pdtrik

    mean = np.asarray(mean, dtype=float)
    safe = np.where(mean > 0, mean, 1.0)
    guess = np.nan_to_num(pdtrik(probability, safe), nan=0.0)
    count = np.maximum(np.ceil(guess - 1e-9), 0.0)
    count = np.where(gammaincc(count + 1, safe) < probability, count + 1, count)
    count = np.where((count > 0) & (gammaincc(np.maximum(count, 1.0), safe) >= probability), count - 1, count)
    return np.where(mean > 0, count, 0.0)


def cls_value(signal: np.ndarray, background: np.ndarray, observed: np.ndarray) -> np.ndarray:
    r"""Return :math:`\mathrm{CL}_s = P(N\le n|s+b)/P(N\le n|b)`; a signal is excluded where it is below 1 - CL.

    Parameters
    ----------
    signal, background, observed : arrays that broadcast   expected events, >= 0; count

    Source: J. Phys. G 28 (2002) 2693. Formed in logarithms, so that it is right where both probabilities underflow.
    """
    signal, background = np.asarray(signal, dtype=float), np.asarray(background, dtype=float)
    null = log_poisson_cdf(observed, background)
    return np.exp(log_poisson_cdf(observed, signal + background) - null)


def cls_limit(background: np.ndarray, observed: np.ndarray, cl: float) -> np.ndarray:
    """Return the signal at which the exact CLs is 1 - cl, for arrays of one shape. Source: as :func:`cls_value`."""
    from scipy.special import gammainccinv

    log_target = np.log1p(-cl) + log_poisson_cdf(observed, background)
    with np.errstate(under="ignore"):
        limit = np.array(gammainccinv(observed + 1, np.exp(log_target)) - background)
    deep = log_target < -600  # the inverse underflows: a few Newton steps on the logarithm instead
    if np.any(deep):
        n, b, target = (np.broadcast_to(a, log_target.shape)[deep] for a in (observed, background, log_target))
        # d ln Q / ds = -Poisson(n|s+b)/Q ~ -(1 - n/(s+b)) for s + b >> n
        s = -np.log1p(-cl) / np.maximum(1 - n / b, 1e-3)
        for _ in range(50):
            value = log_poisson_cdf(n, s + b) - target
            s = np.maximum(s + value / np.maximum(1 - n / (s + b), 1e-3), 0.0)
        limit[deep] = s
    return np.maximum(limit, 0.0)
