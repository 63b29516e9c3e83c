r"""Upper limits of one counting experiment by named methods: the entry that the rest of the package uses.

==============================  ===============================================================================
``cls``                         exact CLs with known background and signal, else the asymptotic formula, never below that
``cls_exact``                   :math:`P(N\le n|s+b)/P(N\le n|b) = 1-\mathrm{CL}`; nothing uncertain
``cls_asymptotic``              CLs of the profile-likelihood ratio, asymptotic formula
``cls_toys``                    the same with toys
``cls_hybrid``                  CLs of the count with prior-predictive probabilities (Cousins-Highland)
``bayes``                       flat prior in the signal, everything else integrated out
``likelihood_ratio``            :math:`-2\ln\lambda(s) = z^2` above the best fit, with :math:`\hat s\ge0`, profiled
``feldman_cousins``             upper end of the hull of the unified interval; nothing uncertain
``feldman_cousins_monotonised`` the same, the largest for any larger background
``sqrt_b``                      :math:`s = z\sqrt{b+\sigma_b^2}`, a figure of merit without observation
``discovery``                   the signal of which the median experiment makes a discovery at z sigma; nothing uncertain
==============================  ===============================================================================

with z the two-sided quantile: :math:`\Phi(z) = (1+\mathrm{CL})/2`, 1.645 at 90%.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import InvalidInput, unknown_name
from ..numerics.quadrature import Estimate
from . import asymptotic, feldman_cousins, toys
from .bayes import marginal_limit
from .counting import cls_limit, poisson_quantile, two_sided_quantile
from .discovery import discovery_signal
from .marginal import predictive_quantile
from .model import Counting, Widths, check_count, check_level, check_model, has_nuisances, widths

DEFINITIONS = {
    "cls": "exact CLs where background and signal are known, else the asymptotic formula, never below the exact one of a known background",
    "cls_exact": "P(N <= n | s+b) / P(N <= n | b) = 1 - CL",
    "cls_asymptotic": "CLs of the profile-likelihood ratio q-tilde, asymptotic formula",
    "cls_toys": "CLs of the profile-likelihood ratio q-tilde, toys",
    "cls_hybrid": "CLs of the count, its probabilities averaged over the uncertainties (Cousins-Highland)",
    "bayes": "credible limit: flat prior in the signal from 0, uncertainties integrated out",
    "likelihood_ratio": "-2 ln(profile likelihood ratio) = z^2 above the best fit at s >= 0, z two-sided",
    "feldman_cousins": "upper end of the unified interval (Neyman belt, ratio ordering)",
    "feldman_cousins_monotonised": "upper end of the unified interval, the largest for any background at or above b",
    "sqrt_b": "s = z sqrt(b + sigma_b^2), z two-sided; a figure of merit",
    "discovery": "the signal of which the median experiment makes a discovery at z sigma, z two-sided: Asimov formula, below 20 background events exact Poisson; a figure of merit",
}
METHODS = tuple(DEFINITIONS)
SOURCES = {
    "cls": "J. Phys. G 28 (2002) 2693; with uncertainties arXiv:1007.1727",
    "cls_exact": "J. Phys. G 28 (2002) 2693",
    "cls_asymptotic": "arXiv:1007.1727, eqs. (16), (64)-(66)",
    "cls_toys": "J. Phys. G 28 (2002) 2693; arXiv:1007.1727, eq. (16)",
    "cls_hybrid": "Nucl. Instrum. Meth. A 320 (1992) 331; J. Phys. G 28 (2002) 2693",
    "bayes": "Nucl. Instrum. Meth. A 277 (1989) 608",
    "likelihood_ratio": "arXiv:1007.1727, eq. (14)",
    "feldman_cousins": "Phys. Rev. D 57 (1998) 3873, section IV B",
    "feldman_cousins_monotonised": "Phys. Rev. D 57 (1998) 3873, section IV C",
    "sqrt_b": "arXiv:2212.04252 (the criterion that reproduces its contour)",
    "discovery": "arXiv:1007.1727, eq. (97); below 20 background events the Poisson distribution",
}
FIGURES_OF_MERIT = ("sqrt_b", "discovery")
"""Methods that take no observed count."""
_KNOWN_ONLY = ("cls_exact", "feldman_cousins", "feldman_cousins_monotonised", "discovery")
_SLOW = ("cls_toys", "bayes", "cls_hybrid")
_ASYMPTOTIC_FROM = 100.0


class Options(NamedTuple):
    """Choices that only some methods use.

    ``seed``, ``toys``  of ``cls_toys``
    ``ceiling``         end of the flat prior of ``bayes`` with a Gaussian signal uncertainty, events; None: chosen, and
                        refused where it matters
    """

    seed: int = 1
    toys: int = toys.TOYS
    ceiling: float | None = None


class UpperLimit(NamedTuple):
    """Upper limit on the signal in events, and its error: numerical, or Monte Carlo of toys.

    ``used``   the method that was used: ``cls`` chooses
    ``notes``  sentences on what should be known of these numbers
    """

    value: np.ndarray
    error: np.ndarray
    used: str
    notes: tuple[str, ...]


class Band(NamedTuple):
    """Upper limits at the median and at -2, -1, +1, +2 sigma of the background-only expectation."""

    minus2: np.ndarray
    minus1: np.ndarray
    median: np.ndarray
    plus1: np.ndarray
    plus2: np.ndarray


def check(counting: Counting, cl: float, method: str, observed: np.ndarray | float | None = None) -> None:
    """Raise InvalidInput unless model, level and observation suit the method; UnknownName for the method.

    Source: definitions.
    """
    if not isinstance(method, str) or method not in METHODS:
        raise unknown_name("method", method, METHODS)
    check_level(cl)
    check_model(counting)
    if method in FIGURES_OF_MERIT and observed is not None:
        raise InvalidInput(
            f"method '{method}' is a figure of merit and takes no observed count; use 'cls' or 'likelihood_ratio', or leave the count out."
        )
    if method == "sqrt_b" and np.any(np.asarray(counting.background) == 0):
        raise InvalidInput("method 'sqrt_b' needs a background above 0; use 'cls'.")
    if method in _KNOWN_ONLY and has_nuisances(counting):
        raise InvalidInput(
            f"method '{method}' takes no uncertainties; use 'cls', 'cls_hybrid' or 'bayes', or leave them out."
        )
    check_count(observed)


def used_method(counting: Counting, method: str) -> str:
    """Return the method that is used: ``cls`` is exact without uncertainties. Source: definitions of this module."""
    if method != "cls":
        return method
    return "cls_asymptotic" if has_nuisances(counting) else "cls_exact"


def upper_limit(
    counting: Counting,
    cl: float,
    method: str,
    observed: np.ndarray | float | None = None,
    options: Options | None = None,
) -> UpperLimit:
    """Return the upper limit on the signal in events, observed or expected.

    Parameters
    ----------
    counting : Counting               background and errors; arrays broadcast with ``observed``
    cl : float                        confidence level, 0 < cl < 1
    method : str                      one of :data:`METHODS`
    observed : array, float or None   count; None for the expected limit, the median of :func:`expected_band`
    options : Options                 seed, toys, ceiling

    Raises InvalidInput for values outside these ranges, for uncertainties that the method does not take, and where a
    Gaussian signal uncertainty leaves no limit.

    Source: :data:`SOURCES`.
    """
    check(counting, cl, method, observed)
    cl = float(cl)
    options = Options() if options is None else options
    used = used_method(counting, method)
    if observed is None:
        found = _expected(counting, cl, used, options, (2,))[0]
    else:
        found = _observed(counting, cl, used, np.asarray(observed, dtype=float), options)
    if np.any(np.isinf(found.value)):
        width = float(np.max(np.hypot(counting.signal_error, counting.luminosity_error)))
        raise InvalidInput(
            f"a Gaussian signal uncertainty of {100 * width:.3g}% lets any signal pass at cl = {cl:g}; use constraint 'log_normal'."
        )
    if method == "cls" and used == "cls_asymptotic":
        found, raised = _at_least_exact(counting, cl, observed, found)
        if raised:
            return UpperLimit(*found, used, (*_notes(counting, cl, used, options), _RAISED))
    return UpperLimit(*found, used, _notes(counting, cl, used, options))


_RAISED = "the asymptotic formula falls below the exact limit for a known background and signal, which is given instead; compare cls_hybrid."


def _at_least_exact(
    counting: Counting, cl: float, observed: np.ndarray | float | None, found: Estimate
) -> tuple[Estimate, bool]:
    """The limits, not below the exact ones of a known background and signal: an uncertainty tightens no limit.

    The formula is for large counts: at n = 0 it excludes 1.35 events at 90%, where 2.30 is right.
    """
    numbers = widths(counting)
    count = poisson_quantile(0.5, numbers.background) if observed is None else np.asarray(observed, dtype=float)
    background, count, value, error = np.broadcast_arrays(numbers.background, count, *found)
    exact = cls_limit(background, count, cl)
    below = value < exact
    raised = bool(np.all(below)) if below.size else False
    return Estimate(np.where(below, exact, value), np.where(below, 1e-9 * exact, error)), raised


def expected_band(
    counting: Counting,
    cl: float,
    method: str,
    observed: np.ndarray | float | None = None,
    options: Options | None = None,
) -> Band:
    """Return the limits expected without signal, at the median and at -2 ... +2 sigma.

    Ensembles, by method:

    ``cls_exact``, ``feldman_cousins``     Poisson counts of the background; the limit at the quantiles of the count
    ``bayes``, ``cls_hybrid``              the same with the background drawn from its constraint (prior-predictive)
    ``likelihood_ratio``                   as ``bayes``; the median is that of the Asimov data set n = b
    ``cls_asymptotic``                     Asimov data set with N sigma of the test statistic, arXiv:1007.1727 eq. (89); with
                                           ``observed`` at the background which fits that count without signal, as pyhf
                                           does, else at the expected background
    ``cls_toys``                           quantiles of the test statistic in toys without signal; ``observed`` as above
    ``sqrt_b``, ``discovery``              none: all five are the same

    An end that does not exist (Gaussian signal uncertainty) is inf.

    Source: :data:`SOURCES`.
    """
    check(counting, cl, method, None if method in FIGURES_OF_MERIT else observed)
    cl = float(cl)
    options = Options() if options is None else options
    found = _expected(counting, cl, used_method(counting, method), options, (0, 1, 2, 3, 4), observed)
    return Band(*(estimate.value for estimate in found))


def coverage(
    counting: Counting,
    cl: float,
    method: str,
    signal: float,
    *,
    samples: int = 100_000,
    options: Options | None = None,
) -> Estimate:
    """Return how often the limit is at or above a true signal, and the binomial error.

    Each sample draws background and efficiency from their constraints and a count from the Poisson distribution; the limit
    takes the count with the constraints as stated. Without uncertainties that is the frequentist coverage; with them it is
    averaged over the constraints.

    Parameters
    ----------
    counting : Counting   of one point
    cl, method : as in :func:`upper_limit`
    signal : float        true signal, events, >= 0
    samples : int         number of samples
    options : Options     ``seed`` is that of the samples, too

    Source: definition of coverage.
    """
    check(counting, cl, method)
    if method in FIGURES_OF_MERIT:
        raise InvalidInput(f"method '{method}' is a figure of merit, which covers nothing; use 'cls'.")
    if not 0 <= signal < np.inf:
        raise InvalidInput(f"signal = {signal:g} is not allowed; expected a finite number of events, at least 0.")
    options = Options() if options is None else options
    counts, number = np.unique(_sampled_counts(counting, signal, samples, options.seed), return_counts=True)
    least = signal * (1 - 1e-7)  # the signal is often the limit of one of the counts itself
    if method in _SLOW:
        covered = counts >= _first_covering(counting, cl, method, counts, least, options)
    else:
        covered = upper_limit(counting, cl, method, counts, options).value >= least
    share = number[np.broadcast_to(covered, counts.shape)].sum() / samples
    inner = np.clip(share, 0.5 / samples, 1 - 0.5 / samples)
    return Estimate(np.float64(share), np.float64(np.sqrt(inner * (1 - inner) / samples)))


def _first_covering(
    counting: Counting, cl: float, method: str, counts: np.ndarray, signal: float, options: Options
) -> float:
    """The smallest count whose limit is at or above a signal: these limits rise with the count."""
    low, high = 0, counts.size
    while low < high:
        middle = (low + high) // 2
        limit = float(np.squeeze(upper_limit(counting, cl, method, counts[[middle]], options).value))
        low, high = (low, middle) if limit >= signal else (middle + 1, high)
    return float(counts[low]) if low < counts.size else np.inf


def _sampled_counts(counting: Counting, signal: float, samples: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    b, spread, width, second = (float(np.squeeze(a)) for a in widths(counting))
    if counting.constraint == "gaussian":
        background = _truncated(rng, b, spread, samples)
        efficiency = _truncated(rng, 1.0, width, samples) * _truncated(rng, 1.0, second, samples)
    else:
        efficiency = np.exp(width * rng.standard_normal(samples))
        if counting.constraint == "gamma" and spread > 0:
            background = rng.gamma(b / spread, spread, samples)
        else:
            background = b * np.exp((spread if counting.constraint != "gamma" else 0.0) * rng.standard_normal(samples))
    return rng.poisson(efficiency * signal + background).astype(float)


def _truncated(rng: np.random.Generator, mean: float, sigma: float, samples: int) -> np.ndarray:
    from scipy.special import ndtr, ndtri

    if sigma == 0:
        return np.full(samples, mean)
    below = ndtr(-mean / sigma)
    return np.maximum(mean + sigma * ndtri(below + (1 - below) * rng.random(samples)), 0.0)


def _notes(counting: Counting, cl: float, used: str, options: Options) -> tuple[str, ...]:
    least = float(np.min(counting.background))
    if used in ("cls_asymptotic", "likelihood_ratio") and least < _ASYMPTOTIC_FROM:
        if used == "likelihood_ratio":
            return ("below about 100 events the distribution of the ratio is not yet the asymptotic one.",)
        low = asymptotic_bias(least, cl)
        size = f"{100 * abs(low):.2g}% {'below' if low < 0 else 'above'} the exact one"
        return (
            f"asymptotic formula at {least:g} background events: with a known background its median limit is {size}.",
        )
    if used == "discovery" and least < 1e-3:
        return ("next to no background: one event already counts as a discovery, and half of all experiments see it.",)
    if used == "bayes" and counting.constraint == "gaussian" and options.ceiling is not None:
        return (f"the flat prior of the signal ends at {options.ceiling:g} events.",)
    return ()


def asymptotic_bias(background: float, cl: float) -> float:
    """Return the relative difference of the median asymptotic CLs limit to the exact one, for a known background.

    Source: difference of ``cls_asymptotic`` and ``cls_exact``.
    """
    b = np.array([max(background, 1e-6)])
    known = Counting(b)
    approximate = asymptotic.solve(cl, "expected", b, widths(known), known.constraint)[0][2]
    return float((approximate / cls_limit(b, poisson_quantile(0.5, b), cl) - 1)[0])


def _observed(counting: Counting, cl: float, used: str, count: np.ndarray, options: Options) -> Estimate:
    """The limits of observed counts."""
    numbers = widths(counting)
    count, *arrays = np.broadcast_arrays(count, *numbers)
    numbers = Widths(*arrays)
    if used in FIGURES_OF_MERIT:
        raise InvalidInput(f"method '{used}' takes no observed count.")
    if used == "cls_exact":
        value = cls_limit(numbers.background, count, cl)
        return Estimate(value, 1e-9 * value)
    if used in ("cls_asymptotic", "likelihood_ratio"):
        task = "ratio" if used == "likelihood_ratio" else "observed"
        value, left = asymptotic.solve(cl, task, count, numbers, counting.constraint)
        return Estimate(value[-1], left[-1] * np.where(np.isfinite(value[-1]), value[-1], 0.0))
    if used in ("bayes", "cls_hybrid"):
        power = 1 if used == "bayes" else 0
        return marginal_limit(cl, count, numbers, counting.constraint, power=power, ceiling=options.ceiling)
    if used == "cls_toys":
        return _by_point(count, numbers, lambda n, w: toys.upper_limit(cl, _experiment(n, w, counting, options)))
    one = used == "feldman_cousins_monotonised"
    return _by_point(
        count, numbers, lambda n, w: feldman_cousins.upper_limit(n, float(w.background[0]), cl, monotonised=one)
    )


def _experiment(count: float, numbers: Widths, counting: Counting, options: Options) -> toys.Experiment:
    return toys.Experiment(count, numbers, counting.constraint, toys.random_numbers(options.seed, options.toys))


def _by_point(count: np.ndarray, numbers: Widths, limit) -> Estimate:  # type: ignore[no-untyped-def]
    """A method that takes one point at a time, over arrays."""
    flat = [np.ravel(a) for a in (count, *numbers)]
    found = [limit(float(n), Widths(*(np.array([x]) for x in w))) for n, *w in zip(*flat, strict=True)]
    return Estimate(*(np.reshape([float(e[k]) for e in found], np.shape(count)) for k in (0, 1)))


def _expected(
    counting: Counting,
    cl: float,
    used: str,
    options: Options,
    which: tuple[int, ...],
    observed: np.ndarray | float | None = None,
) -> list[Estimate]:
    """The expected limits at the chosen of the five places of the band."""
    numbers = widths(counting)
    b = numbers.background
    if used == "sqrt_b":
        value = two_sided_quantile(cl) * np.sqrt(b + np.broadcast_to(counting.background_error, b.shape) ** 2)
        return [Estimate(value, 1e-15 * value)] * len(which)
    if used == "discovery":
        value = discovery_signal(b, cl)
        return [Estimate(value, 1e-9 * value)] * len(which)
    asimov = b if observed is None else np.asarray(observed, dtype=float)
    if used == "cls_asymptotic":
        value, left = asymptotic.solve(cl, "expected", asimov, numbers, counting.constraint)
        return [Estimate(value[k], left[k] * np.where(np.isfinite(value[k]), value[k], 0.0)) for k in which]
    if used == "cls_toys":
        return _expected_toys(cl, asimov, numbers, (counting, options), [asymptotic.BANDS[k] for k in which])
    result = []
    for k in which:
        count = b if used == "likelihood_ratio" and k == 2 else _quantile(asymptotic.BANDS[k], numbers, counting)
        result.append(_observed(counting, cl, used, count, options))
    return result


def _expected_toys(
    cl: float, asimov: np.ndarray, numbers: Widths, choices: tuple[Counting, Options], bands: list[int]
) -> list[Estimate]:
    count, *arrays = np.broadcast_arrays(asimov, *numbers)
    flat = [np.ravel(a) for a in (count, *arrays)]
    found = []
    for n, *w in zip(*flat, strict=True):
        one = Widths(*(np.array([x]) for x in w))
        found.append(toys.expected_limits(cl, _experiment(float(n), one, *choices), bands))
    value, error = (np.array([e[k] for e in found]) for k in (0, 1))
    return [Estimate(value[:, k].reshape(count.shape), error[:, k].reshape(count.shape)) for k in range(len(bands))]


def _quantile(band: float, numbers: Widths, counting: Counting) -> np.ndarray:
    """The count at a place of the band, of the background with its constraint."""
    from scipy.special import ndtr

    if np.all(numbers.spread == 0):
        return poisson_quantile(float(ndtr(band)), numbers.background)
    pairs = np.stack([numbers.background.ravel(), numbers.spread.ravel()], axis=1)
    unique, index = np.unique(pairs, axis=0, return_inverse=True)
    counts = np.array([predictive_quantile(float(ndtr(band)), b, s, counting.constraint) for b, s in unique])
    return counts[index.ravel()].reshape(numbers.background.shape)
