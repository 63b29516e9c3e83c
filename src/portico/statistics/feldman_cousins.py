r"""Unified intervals of Feldman and Cousins: Neyman belt, ratio ordering, known background.

A count n is accepted at a signal s if the counts ranked before it by

.. math:: R(n) = \frac{\mathrm{Pois}(n\,|\,s+b)}{\mathrm{Pois}(n\,|\,\max(n, b))}

have together a probability below CL. R has a single maximum at n = s + b, so the counts ranked before n lie on one side
of it up to the place where R takes the same value again, which Lambert's W gives: acceptance is a difference of two
incomplete gamma functions, for arrays of signals at once.

``feldman_cousins``              the belt as it is; where the accepted signals have gaps, the ends of their hull
``feldman_cousins_monotonised``  upper end: the largest for any background at or above b, so that a limit does not rise
                                 when the background falls; the published tables do this

Source: Phys. Rev. D 57 (1998) 3873, sections IV B and C.
"""

from __future__ import annotations

import numpy as np

from ..errors import InvalidInput
from ..numerics.quadrature import Estimate

LARGEST_COUNT = 1e4
_GRID = 3000
_B_STEP, _B_REACH = 0.02, 6.0  # the belt jumps at least once per two events of background
_TIE = 1e-12


def accepted(signal: np.ndarray, background: np.ndarray, count: float, cl: float) -> np.ndarray:
    """Return whether a count is accepted at the signals, in the ratio ordering. Source: the module."""
    from scipy.special import gammaincc

    s, b = np.broadcast_arrays(np.asarray(signal, dtype=float), np.asarray(background, dtype=float))
    mean = s + b
    log_ratio = _log_ratio(count, s, b)
    above = count <= mean  # the counts ranked before lie above this one
    other = np.where(above, _other_side(log_ratio, s, b, branch=0), _other_side(log_ratio, s, b, branch=-1))
    high = np.ceil(other * (1 - _TIE)) - 1  # last count with a larger ratio
    low = np.floor(other * (1 + _TIE)) + 1  # first one, on the other side
    safe = np.maximum(mean, 1e-300)
    between_above = gammaincc(np.maximum(high, count) + 1, safe) - gammaincc(count + 1, safe)
    below_count = gammaincc(max(count, 1e-300), safe) if count > 0 else np.zeros_like(safe)
    below_low = np.where(low > 0, gammaincc(np.clip(low, 1e-300, max(count, 1e-300)), safe), 0.0)
    return np.where(above, between_above, np.maximum(below_count - below_low, 0.0)) < cl


def _log_ratio(count: float | np.ndarray, s: np.ndarray, b: np.ndarray) -> np.ndarray:
    best = np.maximum(count, b)
    safe = np.where(best > 0, best, 1.0)
    # n ln(mu/best) - mu + best, formed so that nothing cancels near mu = best
    change = np.where(best > 0, (s + b - best) / safe, 0.0)
    with np.errstate(divide="ignore"):
        log = np.where(np.asarray(count) > 0, count * np.log1p(np.maximum(change, -1.0)), 0.0)
    return log - (s + b - best)


def _other_side(log_ratio: np.ndarray, s: np.ndarray, b: np.ndarray, *, branch: int) -> np.ndarray:
    """The real count on the other side of the maximum at which the ratio is the same; above (0) or below (-1)."""
    from scipy.special import lambertw

    mean = np.maximum(s + b, 1e-280)
    argument = -(1 + np.clip(log_ratio, -1e9, 0.0) / mean) / np.e
    inside = argument < 0
    root = np.real(lambertw(np.where((branch == 0) | inside, np.maximum(argument, -1 / np.e), -1 / np.e), branch))
    curved = np.where((branch == 0) | inside, mean * np.exp(1 + root), 0.0)
    if branch == 0:
        return curved
    # below b the best fit stays at s = 0, and the logarithm of the ratio is a straight line in the count
    usable = s > 1e-12 * b
    slope = np.where(usable & (b > 0), np.log1p(s / np.where(b > 1e-280, b, 1.0)), 1.0)
    straight = np.where(usable & (b > 1e-280), (np.maximum(log_ratio, -1e9) + s) / slope, -1.0)
    return np.where((curved <= b) | ~inside, np.minimum(straight, b), curved)


def _check(count: float, background: float) -> None:
    if count != np.floor(count):
        raise InvalidInput(f"observed = {count:g} is not a count; a Neyman belt needs a whole number.")
    if max(count, background) > LARGEST_COUNT:
        raise InvalidInput(
            f"a Feldman-Cousins interval for more than {LARGEST_COUNT:g} events is not offered; use 'cls', which is its Gaussian limit."
        )


def _farthest(count: float, background: float, cl: float) -> float:
    """A signal that is surely not accepted."""
    from scipy.special import gammainccinv

    far = max(float(gammainccinv(count + 1, 1e-3 * (1 - cl))), 1.0)
    return min(far, max(count - background, 0.0) + 12 * np.sqrt(far) + far / 4)


def _edge(inside: np.ndarray, outside: np.ndarray, background: np.ndarray, count: float, cl: float) -> np.ndarray:
    """Where acceptance ends between an accepted and a rejected signal, by bisection."""
    for _ in range(44):
        middle = 0.5 * (inside + outside)
        yes = accepted(middle, background, count, cl)
        inside, outside = np.where(yes, middle, inside), np.where(yes, outside, middle)
    return 0.5 * (inside + outside)


def _upper_ends(count: float, background: np.ndarray, cl: float, grid: np.ndarray) -> np.ndarray:
    """The last accepted signal for each background, sought on a grid of signals and refined."""
    yes = accepted(grid, background[:, None], count, cl)
    last = grid.size - 1 - np.argmax(yes[:, ::-1], axis=1)
    last = np.where(yes.any(axis=1), last, 0)
    ends = _edge(grid[last], grid[np.minimum(last + 1, grid.size - 1)], background, count, cl)
    return np.where(yes.any(axis=1), ends, 0.0)


def interval(count: float, background: float, cl: float) -> tuple[float, float]:
    """Return the ends of the hull of the accepted signals, in events.

    Source: Phys. Rev. D 57 (1998) 3873, section IV B.
    """
    _check(count, background)
    best = max(count - background, 0.0)
    b = np.array([background])
    upper = float(_upper_ends(count, b, cl, np.linspace(best, _farthest(count, background, cl), _GRID))[0])
    if best == 0 or accepted(np.array(0.0), b, count, cl)[0]:
        return 0.0, upper
    grid = np.linspace(0.0, best, _GRID)
    first = int(np.argmax(accepted(grid, b, count, cl)))
    return float(_edge(grid[[first]], grid[[first - 1]], b, count, cl)[0]), upper


def monotonised_upper(count: float, background: float, cl: float) -> float:
    """Return the largest upper end of the belt for any background at or above the given one, in events.

    Between jumps of the belt the end falls with the background, so the largest lie just behind jumps: backgrounds in steps
    of 0.02, then of 4e-4 and 8e-6 around the largest ends.
    Source: Phys. Rev. D 57 (1998) 3873, section IV C.
    """
    _check(count, background)
    best = interval(count, background, cl)[1]
    far = _farthest(count, background, cl)
    low = max(0.97 * best, max(count - background, 0.0))
    b = background + np.arange(0, _B_REACH, _B_STEP)
    grid = np.append(np.linspace(low, min(1.3 * best + 1, far), 1000), far)
    step = _B_STEP
    for finer in (4e-4, 8e-6):
        ends = _upper_ends(count, b, cl, grid)
        peak = (ends >= np.append(ends[1:], 0.0)) & (ends >= np.append(0.0, ends[:-1]))
        best = max(best, float(ends.max()))
        # between its jumps the end falls by at most one event per event of background
        places = b[peak & (ends > best - step)]
        if places.size == 0:
            return best
        b = np.unique(np.maximum((places[-8:, None] + np.arange(-step, step, finer)).ravel(), background))
        grid = np.append(np.linspace(best, best + 1.2 * step, 40), far)
        grid = np.insert(grid, 0, low)
        step = finer
    return max(best, float(_upper_ends(count, b, cl, grid).max()))


def upper_limit(count: float, background: float, cl: float, *, monotonised: bool) -> Estimate:
    """Return the upper end of the interval and its numerical error. Source: the module."""
    if not monotonised:
        value = interval(count, background, cl)[1]
        return Estimate(np.float64(value), np.float64(1e-9 * max(value, 1.0)))
    value = monotonised_upper(count, background, cl)
    return Estimate(np.float64(value), np.float64(1e-5 + 1e-9 * value))
