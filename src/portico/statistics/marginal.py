r"""The background integrated out: the survival function of the signal that a count leaves, as a table.

.. math:: J(x) = \frac{\int d\beta\,\pi(\beta)\,Q(n+1,\beta+x)}{\int d\beta\,\pi(\beta)\,Q(n+1,\beta)},\qquad
   -J'(x) \propto \int d\beta\,\pi(\beta)\,\mathrm{Pois}(n\,|\,x+\beta)

with Q the regularised incomplete gamma function. -J' is the posterior of a signal of known efficiency with a flat prior,
and J the ratio of two prior-predictive probabilities of at most n events. The integral runs over the logarithm of beta
(over beta itself for a Gaussian) in panels whose ends stand where the Poisson term switches, so that wide and narrow
constraints are taken alike; all in logarithms, so that nothing underflows.

Source: Bayes' theorem with a flat prior; Nucl. Instrum. Meth. A 320 (1992) 331 for the ratio.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..numerics.quadrature import gauss_legendre
from ..numerics.special import log_poisson_cdf
from .model import Widths
from .profile import background_at_zero

_REACH = 9.0
_SMALLEST = -75.0
_NARROW = 1e-5  # of the Poisson width; the square of it is what is neglected


class Rules(NamedTuple):
    """Sizes of the rules: nodes in a panel, panels in a zone, points of the table for one sigma."""

    nodes: int
    panels: int
    points: int


FINE = Rules(12, 5, 12)
COARSE = Rules(9, 5, 8)


class Survival(NamedTuple):
    """ln J and its derivative by the signal at the points of a table that starts at 0."""

    signal: np.ndarray
    log: np.ndarray
    slope: np.ndarray

    def __call__(self, signal: np.ndarray) -> np.ndarray:
        """Return J by cubic Hermite interpolation of its logarithm; beyond the table with the last slope."""
        x = np.minimum(signal, self.signal[-1])
        k = np.clip(np.searchsorted(self.signal, x, side="right") - 1, 0, self.signal.size - 2)
        h = self.signal[k + 1] - self.signal[k]
        u = (x - self.signal[k]) / h
        rise = self.log[k + 1] - self.log[k]
        left, right = h * self.slope[k], h * self.slope[k + 1]
        inner = left - rise, rise - right
        value = self.log[k] + u * rise + u * (1 - u) * ((1 - u) * inner[0] + u * inner[1])
        return np.exp(np.maximum(value + (signal - x) * self.slope[-1], -740.0))


def zones(edges: list[np.ndarray], rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights along a last axis, on panels between edges that may differ from point to point.

    Source: composite Gauss-Legendre rule.
    """
    nodes, weights = gauss_legendre(rules.nodes)
    steps = np.arange(rules.panels)
    unit = ((steps[:, None] + nodes) / rules.panels).ravel()
    share = np.tile(weights, rules.panels) / rules.panels
    bounds = np.sort(np.stack(np.broadcast_arrays(*edges), axis=-1), axis=-1)
    lengths = np.diff(bounds, axis=-1)
    where = bounds[..., :-1, None] + lengths[..., None] * unit
    return where.reshape(*bounds.shape[:-1], -1), (lengths[..., None] * share).reshape(*bounds.shape[:-1], -1)


class _Prior(NamedTuple):
    """Constraint of the background in the variable of integration: limits, marks, and functions of the variable."""

    low: float
    high: float
    marks: tuple[float, ...]
    centre: float
    width: float
    constraint: str

    def background(self, v: np.ndarray) -> np.ndarray:
        return v if self.constraint == "gaussian" else np.exp(v)

    def variable(self, background: np.ndarray) -> np.ndarray:
        if self.constraint == "gaussian":
            return background
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(background, 0.0))

    def log_density(self, v: np.ndarray) -> np.ndarray:
        if self.constraint == "gamma":
            change = v - self.centre
            return np.exp(self.centre) / self.width * (change - np.expm1(np.minimum(change, 700.0)))
        return -0.5 * ((v - self.centre) / self.width) ** 2


def _prior(count: float, background: float, spread: float, constraint: str) -> _Prior:
    one = np.array([count]), Widths(*(np.array([x]) for x in (background, spread, 0.0, 0.0))), constraint
    pulled = float(background_at_zero(*one)[0])
    if constraint == "gaussian":
        low = max(min(pulled, background) - _REACH * spread, 0.0)
        return _Prior(
            low, max(pulled, background) + _REACH * spread, (pulled, background), background, spread, constraint
        )
    centre, width = np.log(background), spread if constraint != "gamma" else np.sqrt(spread / background)
    ends = np.log(pulled), centre
    extra = 60 * width**2 if constraint == "gamma" else 0.0  # the tail towards 0 falls only as a power
    low, high = min(ends) - _REACH * width - extra, max(ends) + _REACH * width
    marks = (*ends, min(ends) - 6 * width, max(ends) + 3 * width) if constraint == "gamma" else ends
    return _Prior(low, high, marks, centre, spread, constraint)


def _table_points(count: float, prior: _Prior, rules: Rules) -> np.ndarray:
    """Signals at which J is tabulated: dense where a count or a constraint switches, and geometric towards 0."""
    sigma = np.sqrt(count + 1)
    last = count + 12 * sigma + 75
    steps = np.linspace(-12, 12, 24 * rules.points // 2 + 1)
    around = [count + sigma * steps]
    spots = np.linspace(prior.low, prior.high, 24 * rules.points // 2)
    around.append(count - prior.background(spots))
    for v in prior.marks:
        around.append(count - prior.background(np.array(v)) + sigma * steps)
    around.append(np.linspace(0, last, 24 * rules.points))
    around.append(np.linspace(0, min(12 * sigma + 20, last), 24 * rules.points))
    around.append(last * np.geomspace(1e-4, 1, 12 * rules.points))
    points = np.unique(np.concatenate(around))
    points = points[(points > 0) & (points <= last)]
    keep = np.diff(points, prepend=0.0) > 1e-7 * sigma
    return np.concatenate([[0.0], points[keep]])


def _integrals(signal: np.ndarray, count: float, prior: _Prior, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the integrals of Q and of the Poisson probability over the background, at given signals."""
    sigma = np.sqrt(count + 1)
    switch = [prior.variable(np.maximum(count - signal, 0.0) + k * sigma) for k in (-8.0, 0.0, 8.0)]
    switch.append(prior.variable(np.maximum(count - signal, 0.0) + 40))
    edges = [np.full(signal.shape, prior.low), np.full(signal.shape, prior.high)]
    edges += [np.full(signal.shape, v) for v in prior.marks] + [np.clip(v, prior.low, prior.high) for v in switch]
    v, weight = zones(edges, rules)
    total = prior.background(v) + signal[:, None]
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight) + prior.log_density(v)
    from scipy.special import gammaln, xlogy

    cumulative = log_weight + log_poisson_cdf(np.asarray(count), total)
    density = log_weight + xlogy(count, total) - total - gammaln(count + 1)
    return _log_sum(cumulative), _log_sum(density)


def _log_sum(terms: np.ndarray) -> np.ndarray:
    largest = np.max(terms, axis=-1, keepdims=True)
    return np.log(np.sum(np.exp(terms - largest), axis=-1)) + largest[..., 0]


def survival(count: float, background: float, spread: float, constraint: str, rules: Rules = FINE) -> Survival:
    """Return the table of J for one count and one background. Source: the module."""
    sigma = spread * background if constraint.startswith("log_normal") else spread
    sigma = np.sqrt(spread * background) if constraint == "gamma" else sigma
    if sigma <= _NARROW * np.sqrt(count + 1):
        return _known(count, background, rules)
    prior = _prior(count, background, spread, constraint)
    signal = _table_points(count, prior, rules)
    log, log_density = _integrals(signal, count, prior, rules)
    return _cut(Survival(signal, log - log[0], -np.exp(log_density - log)))


def _known(count: float, background: float, rules: Rules) -> Survival:
    from scipy.special import gammaln, xlogy

    at = _Prior(background, background, (background,), 0.0, 1.0, "gaussian")
    signal = _table_points(count, at, rules)
    total = background + signal
    log = log_poisson_cdf(np.asarray(count), total)
    return _cut(Survival(signal, log - log[0], -np.exp(xlogy(count, total) - total - gammaln(count + 1) - log)))


def _cut(table: Survival) -> Survival:
    """The table without what is too deep to matter."""
    keep = max(int(np.searchsorted(-table.log, -_SMALLEST)) + 1, 3)
    return Survival(*(a[:keep] for a in table))


def predictive_quantile(probability: float, background: float, spread: float, constraint: str) -> float:
    """Return the smallest count whose prior-predictive probability without signal reaches ``probability``.

    Source: Poisson distribution with the background drawn from its constraint.
    """
    from .counting import poisson_quantile

    if spread == 0:
        return float(poisson_quantile(probability, np.array(background)))

    def cumulative(count: float) -> float:
        prior = _prior(background, background, spread, constraint)
        zero = np.zeros(1)
        v, weight = zones([np.full(1, e) for e in (prior.low, prior.centre, prior.high)], FINE)
        norm = _log_sum(np.log(weight) + prior.log_density(v))
        return float(np.exp(_integrals(zero, count, prior, FINE)[0] - norm)[0])

    low, high = -1.0, 1.0
    while cumulative(high) < probability:
        low, high = high, 2 * high + 1
    while high - low > 1:
        middle = np.floor(0.5 * (low + high))
        low, high = (middle, high) if cumulative(middle) < probability else (low, middle)
    return float(high) if cumulative(0.0) < probability else 0.0
