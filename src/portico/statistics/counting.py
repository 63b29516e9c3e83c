r"""Upper limits on the signal of one counting experiment with a known background, by named methods.

``cls``               exact CLs: :math:`P(N\le n|s+b)/P(N\le n|b) = 1-\mathrm{CL}`
``likelihood_ratio``  :math:`-2\ln\lambda(s) = z^2` above the best fit, with :math:`\hat s\ge0`
``sqrt_b``            :math:`s = z\sqrt b`, a figure of merit without observation

with z the two-sided quantile: :math:`\Phi(z) = (1+\mathrm{CL})/2`, 1.645 at 90%. Runs on numpy arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import InvalidInput, unknown_name
from ..numerics.special import log_poisson_cdf

_LARGEST = 1e9
METHODS = ("cls", "likelihood_ratio", "sqrt_b")
SOURCES = {
    "cls": "J. Phys. G 28 (2002) 2693",
    "likelihood_ratio": "arXiv:1007.1727, eq. (14)",
    "sqrt_b": "arXiv:2212.04252 (the criterion that reproduces its contour)",
}


class Band(NamedTuple):
    """Upper limits at the median and at -2, -1, +1, +2 sigma of the background-only expectation."""

    minus2: np.ndarray
    minus1: np.ndarray
    median: np.ndarray
    plus1: np.ndarray
    plus2: np.ndarray


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


def _cls_limit(background: np.ndarray, observed: np.ndarray, cl: float) -> np.ndarray:
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


def _likelihood_limit(background: np.ndarray, observed: np.ndarray, cl: float) -> np.ndarray:
    """Solve m d - n ln(1 + d) = z^2/2 for d = (s - s_hat)/m with m = s_hat + b; stable for any n and b."""
    level = two_sided_quantile(cl) ** 2 / 2
    best = np.maximum(observed - background, 0.0)
    mean = best + background
    open_ = mean > 1e-290  # below that the quotients overflow, and the limit is that of no background
    safe = np.where(open_, mean, 1.0)
    # convex in d: Newton's steps come from above; the start is right for n << m and for n = m alike
    d = (level + np.sqrt(2 * level * np.maximum(observed, 0.0))) / safe
    for _ in range(60):
        value = safe * d - observed * np.log1p(d) - level
        d = np.maximum(d - value / (safe - observed / (1 + d)), 1e-300)
    return np.where(open_, best + mean * d, level)


def upper_limit(background: np.ndarray, cl: float, method: str, observed: np.ndarray | None = None) -> np.ndarray:
    """Return the upper limit on the signal in events.

    Parameters
    ----------
    background : array, shape (...)        expected background events, > 0 (>= 0 for ``cls`` with a count)
    cl : float                             confidence level, 0 < cl < 1
    method : str                           one of METHODS
    observed : array, shape (...) or None  count; None for the expected limit: the median count of the background for
                                           ``cls``, the Asimov data set n = b for ``likelihood_ratio``

    Raises InvalidInput for values outside these ranges and for an observation given to ``sqrt_b``.

    Source: see the module.
    """
    background = np.asarray(background, dtype=float)
    check(background, cl, method, observed)
    cl = float(cl)
    if method == "sqrt_b":
        return two_sided_quantile(cl) * np.sqrt(background)
    if method == "likelihood_ratio":
        count = background if observed is None else np.asarray(observed, dtype=float)
        background, count = np.broadcast_arrays(background, count)
        return _likelihood_limit(background, count, cl)
    count = poisson_quantile(0.5, background) if observed is None else np.asarray(observed, dtype=float)
    background, count = np.broadcast_arrays(background, count)
    return _cls_limit(background, count, cl)


def check(background: np.ndarray, cl: float, method: str, observed: np.ndarray | None) -> None:
    """Raise InvalidInput unless background, confidence level and observation suit the method. Source: definitions."""
    if not isinstance(method, str) or method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if isinstance(cl, bool) or not isinstance(cl, int | float | np.integer | np.floating):
        raise InvalidInput(f"cl = {cl!r} is not a confidence level; expected a number between 0 and 1, such as 0.9.")
    if not 0 < cl < 1:
        raise InvalidInput(f"cl = {cl:g} is not a confidence level; expected a number between 0 and 1, such as 0.9.")
    if not 1e-6 <= cl <= 1 - 1e-12:
        raise InvalidInput(f"cl = {cl!r} is too close to 0 or 1; expected a number between 1e-6 and 1 - 1e-12.")
    if np.any(~np.isfinite(background)) or np.any(background < 0):
        raise InvalidInput(
            f"background = {np.min(background):g} is not allowed; expected a finite number of events, at least 0."
        )
    if np.any(background > _LARGEST):
        raise InvalidInput(
            f"a background above {_LARGEST:g} is not allowed; at such numbers a limit is a matter of systematics."
        )
    if method == "sqrt_b":
        if observed is not None:
            raise InvalidInput(
                "method 'sqrt_b' is a figure of merit and takes no observed count; use 'cls' or 'likelihood_ratio', or leave the count out."
            )
        if np.any(background == 0):
            raise InvalidInput("method 'sqrt_b' needs a background above 0; use 'cls'.")
    if observed is not None:
        count = np.asarray(observed, dtype=float)
        if np.any(~np.isfinite(count)) or np.any(count < 0):
            raise InvalidInput(f"observed = {np.min(count):g} is not allowed; expected a count, at least 0.")
        if np.any(count > 2 * _LARGEST):
            raise InvalidInput(f"an observed count above {2 * _LARGEST:g} is not allowed.")


def expected_band(background: np.ndarray, cl: float, method: str) -> Band:
    """Return expected limits at the quantiles of the background-only count (of z for ``sqrt_b``: all the same).

    For ``likelihood_ratio`` the median is that of the Asimov data set, as in :func:`upper_limit`.
    Source: quantiles of the Poisson distribution at the normal probabilities of -2 ... 2.
    """
    from scipy.special import ndtr

    background = np.asarray(background, dtype=float)
    middle = upper_limit(background, cl, method)
    if method == "sqrt_b":
        return Band(middle, middle, middle, middle, middle)
    low2, low1, high1, high2 = (
        upper_limit(background, cl, method, poisson_quantile(float(ndtr(z)), background)) for z in (-2, -1, 1, 2)
    )
    return Band(low2, low1, middle, high1, high2)
