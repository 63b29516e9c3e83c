r"""The signal of which the median experiment makes a discovery, for a count with a known background.

.. math:: Z_A = \sqrt{2\,[(s+b)\ln(1+s/b) - s]} = z

above :data:`EXACT_BELOW` background events (Asimov data set); below, without approximation: the smallest count n whose
p-value :math:`P(N\ge n\,|\,b)` is at most :math:`p = 1-\Phi(z)`, and the signal with :math:`P(N\ge n\,|\,s+b) = 1/2`.
"""

from __future__ import annotations

import numpy as np

from .counting import poisson_quantile, two_sided_quantile

EXACT_BELOW = 20.0
"""Expected background events from which the Asimov formula is used: there the steps of a count are below 4% of the signal."""


def discovery_signal(background: np.ndarray, cl: float) -> np.ndarray:
    r"""Return the signal events of which the median experiment makes a discovery at z sigma, :math:`\Phi(z) = (1+\mathrm{CL})/2`.

    cl = 0.9973 is 3 sigma: a p-value of 0.00135. Without background one event is a discovery, and ln 2 = 0.69 make it in half
    of all experiments.

    Parameters
    ----------
    background : array, shape (...)   expected events, >= 0
    cl : float                        0 < cl < 1

    Source: arXiv:1007.1727, eq. (97); Poisson distribution.

    Examples
    --------
    >>> round(float(discovery_signal(165.0, 0.9973)), 1)
    40.0
    """
    b = np.asarray(background, dtype=float)
    return np.where(b < EXACT_BELOW, _exact(b, cl), _asimov(np.maximum(b, EXACT_BELOW), two_sided_quantile(cl)))


def asimov_significance(signal: np.ndarray, background: np.ndarray) -> np.ndarray:
    r"""Return the median significance Z of a signal, :math:`\sqrt{2[(s+b)\ln(1+s/b)-s]}`; s/sqrt(b) where s is small.

    Source: arXiv:1007.1727, eq. (97).
    """
    s, b = np.asarray(signal, dtype=float), np.asarray(background, dtype=float)
    x = s / b
    small = x < 1e-2  # there the difference of both terms loses digits
    series = x * x * (1 / 2 - x * (1 / 6 - x * (1 / 12 - x * (1 / 20 - x * (1 / 30 - x / 42)))))
    safe = np.where(small, 1.0, x)
    return np.sqrt(2 * b * np.where(small, series, (1 + safe) * np.log1p(safe) - safe))


def _asimov(b: np.ndarray, z: float) -> np.ndarray:
    """The signal with that Asimov significance, by Newton steps from above: Z is concave in s."""
    s = z * np.sqrt(b) + z * z
    for _ in range(60):
        now = asimov_significance(s, b)
        s = np.maximum(s - (now - z) * now / np.log1p(s / b), 1e-12)
    return s


def _exact(b: np.ndarray, cl: float) -> np.ndarray:
    """The signal that makes the median count one of small enough p-value."""
    from scipy.special import gammaincinv

    count = poisson_quantile(1 - (1 - cl) / 2, b) + 1
    return np.maximum(gammaincinv(count, 0.5) - b, 0.0)
