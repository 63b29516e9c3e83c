r"""CLs from toys of the profile-likelihood ratio.

.. math:: \mathrm{CL}_s = \frac{P(\tilde q_s \ge \tilde q_s^{\rm obs}\,|\,s, \hat{\hat\theta}_s)}
                               {P(\tilde q_s \ge \tilde q_s^{\rm obs}\,|\,0, \hat{\hat\theta}_0)}

Each toy is a count and, for each uncertain quantity, an auxiliary measurement; both are drawn at the nuisances that fit the
observed data best for the signal under test (numerator) and without signal (denominator). The random numbers are drawn
once from the seed and turned into toys of any signal, so that CLs is a smooth function of the signal up to the steps of
the count, and the same seed gives the same limit.

Source: arXiv:1007.1727, eqs. (16), (57), (58); J. Phys. G 28 (2002) 2693.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np

from ..errors import InvalidInput, NumericsError
from ..numerics.namespace import array_namespace
from ..numerics.quadrature import Estimate
from . import asymptotic
from .model import Widths
from .profile import curve, fit_at, nuisances_at, start_of_curve

_BLOCK = 16384
_TIE = 1e-9
_STEPS, _WIDTH, _SLOPE = 18, 3e-4, 0.05
_SIGNALS, _BETWEEN = 16, 3e-3
TOYS = 200_000


class Random(NamedTuple):
    """The random numbers behind all toys: a sorted uniform one for the count, a shuffled rank and normals for the rest."""

    uniform: np.ndarray
    second: np.ndarray
    rank: np.ndarray
    background: np.ndarray
    signal: np.ndarray


def random_numbers(seed: int, toys: int) -> Random:
    """Return the random numbers of a seed. Source: default generator of numpy, PCG64."""
    rng = np.random.default_rng(seed)
    return Random(
        np.sort(rng.random(toys)),
        np.sort(rng.random(toys)),
        rng.permutation(toys),
        rng.standard_normal(toys),
        rng.standard_normal(toys),
    )


def poisson_counts(mean: float, uniform: np.ndarray) -> np.ndarray:
    """Return Poisson counts for sorted uniform numbers, by the inverse of the distribution. Source: inversion."""
    from scipy.special import gammaincc

    spread = 10 * np.sqrt(mean) + 30
    count = np.arange(max(np.floor(mean - spread), 0), np.ceil(mean + spread) + 1)
    below = np.searchsorted(uniform, gammaincc(count + 1, mean) if mean > 0 else np.ones(count.size))
    return np.repeat(count, np.diff(below, prepend=0, append=uniform.size)[: count.size])


def statistic(signal: Any, count: Any, widths: Widths, constraint: str, *, known_signal: bool) -> Any:
    """Return the test statistic of toys: 0 where the best fit is above the signal. Source: arXiv:1007.1727, eq. (16)."""
    xp = array_namespace(signal, count, *widths)
    start = start_of_curve(count, widths, constraint)
    first = curve(start, count, widths, constraint)
    point = curve(fit_at(signal, count, widths, constraint, known_signal=known_signal), count, widths, constraint)
    q = point.deviance - first.deviance
    return xp.where(signal > first.signal, xp.maximum(q, 0.0), 0.0)


@cache
def _compiled(constraint: str, known_signal: bool) -> Any:
    def kernel(signal: Any, count: Any, *arrays: Any) -> Any:
        return statistic(signal, count, Widths(*arrays), constraint, known_signal=known_signal)

    return jax.jit(kernel)


class Experiment(NamedTuple):
    """One observed (or Asimov) count, the constraint, and the random numbers of the toys."""

    number: float
    widths: Widths
    constraint: str
    random: Random

    def fitted(self, signal: float) -> tuple[float, float]:
        """Background and efficiency that fit the count best at a signal; below the best fit, those at the best fit."""
        best = max(self.number - float(self.widths.background[0]), 0.0)
        at = np.array([max(signal, best) if signal > 0 else 0.0])
        with np.errstate(all="ignore"):
            found = nuisances_at(at, np.array([self.number]), self.widths, self.constraint)
        return float(found[0][0]), float(found[1][0])

    def statistics(self, signal: float, truth: float) -> np.ndarray:
        """Test statistic at ``signal`` of toys that are drawn with the signal ``truth``."""
        background, efficiency = self.fitted(truth)
        count = poisson_counts(truth * efficiency + background, self.random.uniform)
        measured = self._measured(background, efficiency)
        width: Any = self.relative
        if self.constraint == "gaussian":
            # measured around e, the signal s with relative width t is a signal s e with relative width t/e
            measured = measured[0], np.maximum(measured[1], 1e-3)
            width = width / measured[1]
        known = self.relative == 0
        # a known background is the limit of any constraint; that of "gamma" is the quickest
        kernel = _compiled("gamma" if known and self.widths.spread[0] == 0 else self.constraint, known)
        inputs: tuple[Any, ...] = (signal * measured[1], count, measured[0], self.widths.spread[0], width, 0.0)
        parts = []
        for first in range(0, count.size, _BLOCK):
            block: list[Any] = [a if np.ndim(a) == 0 else a[first : first + _BLOCK] for a in inputs]
            size = min(_BLOCK, count.size - first)
            padded = [
                np.full(_BLOCK, a) if np.ndim(a) == 0 else np.pad(a, (0, _BLOCK - size), mode="edge") for a in block
            ]
            parts.append(np.asarray(kernel(*padded))[:size])
        return np.concatenate(parts)

    @property
    def relative(self) -> float:
        """Relative width of the signal."""
        return float(np.hypot(self.widths.signal[0], self.widths.luminosity[0]))

    def _measured(self, background: float, efficiency: float) -> tuple[Any, Any]:
        """Auxiliary measurements of the toys: background and efficiency."""
        spread, random = float(self.widths.spread[0]), self.random
        if self.constraint == "gaussian":
            return background + spread * random.background, efficiency + self.relative * random.signal
        signal = efficiency * np.exp(self.relative * random.signal) if self.relative > 0 else 1.0
        if spread == 0:
            return background, signal
        if self.constraint == "gamma":
            return spread * poisson_counts(background / spread, random.second)[random.rank], signal
        return background * np.exp(spread * random.background), signal

    def observed(self, signal: float) -> float:
        """Test statistic of the data."""
        arrays = (np.array([signal]), np.array([self.number]))
        with np.errstate(all="ignore"):
            return float(statistic(*arrays, self.widths, self.constraint, known_signal=self.relative == 0)[0])


def _log_cls(experiment: Experiment, signal: float, bands: Sequence[float] | None) -> tuple[np.ndarray, np.ndarray]:
    """ln CLs of the data, or at quantiles of the toys without signal, and its Monte Carlo error."""
    null, with_signal = (np.sort(experiment.statistics(signal, truth)) for truth in (0.0, signal))
    if bands is None:
        level = np.array([experiment.observed(signal)])
    else:
        from scipy.special import ndtr

        level = np.quantile(null, ndtr(-np.array(bands)), method="inverted_cdf")
    level = level - _TIE * np.maximum(level, 1.0)
    toys = null.size
    top, bottom = ((toys - np.searchsorted(q, level) + 0.5) / (toys + 1) for q in (with_signal, null))
    error = np.sqrt((1 - top) / (toys * top) + (1 - bottom) / (toys * bottom))
    return np.log(top / bottom), error


def _check(cl: float, experiment: Experiment) -> None:
    toys = experiment.random.uniform.size
    if toys * (1 - cl) < 10:
        raise InvalidInput(
            f"{toys} toys are too few for cl = {cl:g}; expected at least {10 / (1 - cl):.0f}, or method 'cls_asymptotic'."
        )


def upper_limit(cl: float, experiment: Experiment) -> Estimate:
    """Return the signal at which CLs is 1 - cl for the observed count, and its Monte Carlo error. Source: the module."""
    _check(cl, experiment)
    guess = asymptotic.solve(cl, "observed", np.array([experiment.number]), experiment.widths, experiment.constraint)[0]
    start = float(guess[5, 0])
    if not np.isfinite(start):
        return Estimate(np.float64(np.inf), np.float64(0.0))
    target = np.log1p(-cl)

    def off(log_signal: float) -> float:
        return float(_log_cls(experiment, float(np.exp(log_signal)), None)[0][0]) - target

    root = _root(off, *_bracket(off, float(np.log(start))))
    value, error = np.exp(root), _log_cls(experiment, float(np.exp(root)), None)[1][0]
    slope = (off(root - _SLOPE) - off(root + _SLOPE)) / (2 * _SLOPE)
    return Estimate(np.float64(value), np.float64(value * (error / max(slope, 1e-3) + _WIDTH)))


def expected_limits(cl: float, experiment: Experiment, bands: Sequence[float]) -> Estimate:
    """Return the limits at N sigma of the toys without signal, and their Monte Carlo errors, one for each N.

    CLs at the quantiles of the test statistic, for signals on a logarithmic grid around the asymptotic limits;
    interpolated between them. Source: the module.
    """
    from scipy.interpolate import PchipInterpolator

    _check(cl, experiment)
    guess = asymptotic.solve(cl, "expected", np.array([experiment.number]), experiment.widths, experiment.constraint)[0]
    ends = guess[[0, 4], 0]
    if not np.all(np.isfinite(ends)):
        return Estimate(np.full(len(bands), np.inf), np.zeros(len(bands)))
    grid = np.linspace(np.log(0.6 * ends[0]), np.log(1.6 * ends[1]), _SIGNALS)
    found = [_log_cls(experiment, float(np.exp(x)), bands) for x in grid]
    log, error = (np.stack([f[k] for f in found]) for k in (0, 1))
    result = []
    for k in range(len(bands)):
        off = PchipInterpolator(grid, log[:, k] - np.log1p(-cl))
        roots = off.roots(extrapolate=False)
        if roots.size == 0:
            raise NumericsError("no expected limit found with toys; more toys or 'cls_asymptotic' may help.")
        at = roots[0]
        spread = np.interp(at, grid, error[:, k]) / max(-float(off(at, 1)), 1e-3)
        result.append((np.exp(at), np.exp(at) * (spread + _BETWEEN)))
    return Estimate(*np.array(result).T)


_FARTHEST = np.log(30.0)  # of the limit above the asymptotic one


def _bracket(function: Callable[[float], float], start: float) -> tuple[float, float]:
    low, high, step = start, start, 0.15
    for _ in range(_STEPS):
        if function(low) > 0:
            break
        low, high, step = low - step, low, 1.6 * step
    else:
        raise NumericsError("no limit found with toys: CLs stays below its target at small signals.")
    if high > low:
        return low, high
    step = 0.15
    while high < start + _FARTHEST:
        high, step = high + step, 1.6 * step
        if function(high) <= 0:
            return low, high
        low = high
    raise NumericsError("no limit found with toys: CLs stays above its target; the number of toys or 'cls' may help.")


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function with small steps crosses 0, by halving towards the secant."""
    value_low, value_high = function(low), function(high)
    for k in range(4 * _STEPS):
        if high - low < _WIDTH:
            break
        middle = 0.5 * (low + high)
        secant = (low * value_high - high * value_low) / (value_high - value_low) if value_high < value_low else middle
        margin = 0.05 * (high - low)
        new = middle if k % 3 == 2 else min(max(secant, low + margin), high - margin)
        value = function(new)
        if value > 0:
            low, value_low = new, value
        else:
            high, value_high = new, value
    return 0.5 * (low + high)
