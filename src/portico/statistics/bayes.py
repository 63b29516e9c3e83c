r"""Limits with the uncertainties integrated out: Bayesian, and the hybrid CLs of Cousins and Highland.

``bayes``
    posterior of the signal, flat prior for s >= 0, background and signal uncertainty marginalised:

    .. math:: \frac{\int d\epsilon\,\pi(\epsilon)\,\epsilon^{-1} J(\epsilon s)}{\int d\epsilon\,\pi(\epsilon)\,\epsilon^{-1}} = 1 - \mathrm{CL}

``cls_hybrid``
    CLs with prior-predictive probabilities: :math:`\int d\epsilon\,\pi(\epsilon)\,J(\epsilon s) = 1 - \mathrm{CL}`

with J of :mod:`portico.statistics.marginal`. The two are equal where the signal is known. They differ by the factor
:math:`1/\epsilon`, which for a Gaussian that reaches 0 makes the posterior improper: its mass at large signals is then set
by the end of the prior. With a Gaussian the prior therefore ends at a *ceiling*; unless the ceiling was chosen, a limit
that moves by more than 0.1% when it is raised tenfold is refused.

Source: G. Zech, Nucl. Instrum. Meth. A 277 (1989) 608 (flat prior); Nucl. Instrum. Meth. A 320 (1992) 331 (hybrid).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import InvalidInput, NumericsError
from ..numerics.quadrature import Estimate
from .marginal import COARSE, FINE, Rules, Survival, survival
from .model import Widths
from .smearing import Signal, below, remaining

_MOVED = 1e-3
_CEILING = 200.0  # in units of the limit without uncertainty of the signal
_STEPS, _AT_ONCE, _DEEP, _UNSEEN = 200, 256, -740.0, 1e-7


def marginal_limit(
    cl: float, count: np.ndarray, widths: Widths, constraint: str, *, power: int, ceiling: float | None = None
) -> Estimate:
    """Return the upper limit with all uncertainties integrated out, and its numerical error.

    Parameters
    ----------
    cl : float              confidence level (credibility)
    count : array           observed counts; real ones are allowed
    widths : Widths         of the constraint, of the shape of ``count``
    constraint : str        one of :data:`portico.statistics.model.CONSTRAINTS`
    power : int             1 for the Bayesian limit, 0 for the hybrid one
    ceiling : float | None  end of the flat prior in events, for the Bayesian limit with a Gaussian signal uncertainty; None:
                            200 times the limit without that uncertainty, provided that it does not matter

    The error is the difference to the limit with smaller rules and a coarser table. Raises InvalidInput where the
    posterior is improper and no ceiling is chosen. Points that share count and background share one table.

    Source: the module.
    """
    arrays = np.broadcast_arrays(np.asarray(count, dtype=float), *widths)
    flat = np.stack([a.ravel() for a in arrays], axis=1)
    value, coarse = np.empty(flat.shape[0]), np.empty(flat.shape[0])
    groups, index = np.unique(flat[:, :3], axis=0, return_inverse=True)
    for k, (n, background, spread) in enumerate(groups):
        members = np.flatnonzero(index.ravel() == k)
        signal = Signal(flat[members, 3], flat[members, 4], constraint, power)
        for rules, result in ((FINE, value), (COARSE, coarse)):
            table = survival(n, background, spread, constraint, rules)
            result[members] = _limits(cl, table, signal, rules, ceiling)
    error = np.abs(value - coarse) + 1e-9 * value
    return Estimate(value.reshape(arrays[0].shape), error.reshape(arrays[0].shape))


def _limits(cl: float, table: Survival, signal: Signal, rules: Rules, ceiling: float | None) -> np.ndarray:
    zero = np.zeros(1)
    known = _root(cl, table, signal._replace(width=zero, second=zero), rules, None)[0]
    result = np.full(signal.width.shape, known)
    # a width enters squared: what lies below this is not seen, and 1/width stays finite
    signal = signal._replace(width=_seen(signal.width), second=_seen(signal.second))
    uncertain = np.flatnonzero((signal.width > 0) | (signal.second > 0))
    for first in range(0, uncertain.size, _AT_ONCE):
        some = uncertain[first : first + _AT_ONCE]
        rest = signal._replace(width=signal.width[some], second=signal.second[some])
        if signal.constraint != "gaussian" or signal.power == 0:
            result[some] = _root(cl, table, rest, rules, None)
        else:
            if ceiling is None:
                result[some] = _below_ceiling(cl, table, rest, rules, _CEILING * known)
            else:
                result[some] = _root(cl, table, rest, rules, ceiling)
    return result


def _seen(width: np.ndarray) -> np.ndarray:
    return np.where(width < _UNSEEN, 0.0, width)


def _below_ceiling(cl: float, table: Survival, signal: Signal, rules: Rules, ceiling: float) -> np.ndarray:
    """The limit of a posterior that a Gaussian may make improper: it must not depend on where the prior ends."""
    found, raised = (_root(cl, table, signal, rules, factor * ceiling) for factor in (1, 10))
    moved = np.abs(raised / found - 1)
    if np.any(moved > _MOVED):
        k = int(np.argmax(moved))
        width = 100 * float(np.hypot(signal.width[k], signal.second[k]))
        raise InvalidInput(
            f"a Gaussian signal uncertainty of {width:.3g}% makes the posterior improper: the limit moves from {found[k]:.4g} to {raised[k]:.4g} "
            f"events as the flat prior ends at {10 * ceiling:.3g} in place of {ceiling:.3g} events; use constraint 'log_normal'."
        )
    return found


def _root(cl: float, table: Survival, signal: Signal, rules: Rules, ceiling: float | None) -> np.ndarray:
    """Signals at which the remaining probability is 1 - cl."""
    ones = np.ones(signal.width.shape)
    total = None if ceiling is None else below(ceiling * ones, table, signal, rules)

    def log_share(log_events: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.maximum(np.log(remaining(np.exp(log_events), table, signal, rules, total)), _DEEP)

    low = np.log(_scale(table) * 1e-9) * ones
    high = low + np.log(1e9)
    target = np.log1p(-cl)
    for _ in range(500 if ceiling is None else 0):
        outside = log_share(high) > target
        if not np.any(outside):
            break
        high = np.where(outside, high + 2, high)
    if ceiling is not None:
        high = np.log(ceiling) * ones
    return np.exp(_bracketed(target, low, high, log_share))


def _bracketed(
    target: float, low: np.ndarray, high: np.ndarray, function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """The root of a falling function, by the Illinois rule with a bisection every fourth step."""
    value_low, value_high = function(low) - target, function(high) - target
    side = np.zeros(low.shape)
    for k in range(_STEPS):
        fall = value_low - value_high
        new = (high * value_low - low * value_high) / np.where(fall > 0, fall, 1.0)
        new = np.where((new > low) & (new < high) & (k % 4 != 3), new, 0.5 * (low + high))
        value = function(new) - target
        up = value > 0
        value_high = np.where(up & (side > 0), 0.5 * value_high, value_high)
        value_low = np.where(~up & (side < 0), 0.5 * value_low, value_low)
        low, value_low = np.where(up, new, low), np.where(up, value, value_low)
        high, value_high = np.where(up, high, new), np.where(up, value_high, value)
        side = np.where(up, 1.0, -1.0)
        if np.all((np.abs(value) < 1e-12) | (high - low < 1e-12)):
            return new
    raise NumericsError(f"no limit found at cl = {-np.expm1(target):g} with the uncertainties integrated out.")


def _scale(table: Survival) -> float:
    """A signal at which J has fallen by about a factor e."""
    return float(table.signal[min(int(np.searchsorted(-table.log, 1.0)), table.signal.size - 1)])
