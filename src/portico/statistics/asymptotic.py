r"""Limits from the profile likelihood with the asymptotic formulae: CLs and likelihood ratio, many points at once.

.. math::
   \tilde q_s = -2\ln\frac{L(s, \hat{\hat\theta})}{L(\hat s, \hat\theta)}\ (s \ge \hat s \ge 0),\qquad
   \mathrm{CL}_s = \frac{1-\Phi(\sqrt{\tilde q_s})}{\Phi(\sqrt{q_A}-\sqrt{\tilde q_s})}
   \ \text{or, for}\ \tilde q_s > q_A,\ \frac{1-\Phi((\tilde q_s+q_A)/2\sqrt{q_A})}{1-\Phi((\tilde q_s-q_A)/2\sqrt{q_A})}

with :math:`q_A` that of the Asimov data set: counts equal to their expectation at s = 0 and the nuisances that fit the
observed count best there. Expected limits solve :math:`\sqrt{q_A} = N + \Phi^{-1}(1 - (1-\mathrm{CL})\Phi(N))`.

The signal is found by Newton's method on :math:`\sqrt{q_A}` (expected) and on :math:`\ln\mathrm{CL}_s` (observed), with
analytic derivatives: by the envelope theorem :math:`dq/ds = 2\epsilon w`. Small batches run in numpy, large ones compiled
in blocks of one shape.

Source: arXiv:1007.1727, eqs. (16), (62)-(66), (89); section 3.2 for the Asimov data set.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import jax
import numpy as np

from ..errors import NumericsError
from ..numerics.namespace import array_namespace
from ..numerics.special import log_normal_tail
from .counting import two_sided_quantile
from .model import Widths
from .profile import background_at_zero, curve, followed, start_of_curve

BANDS = (-2, -1, 0, 1, 2)
_STEPS, _SETTLE = 40, 3
_LEFT = 1e-10
_HOST = 512  # below this many points compiling costs more than it saves
_BLOCK = 2048
_ACCURACY, _MISSED = 1e-9, 1e-7


def expected_roots(cl: float) -> np.ndarray:
    r"""Return :math:`\sqrt{q_A}` at the expected limits for N = -2 ... 2. Source: arXiv:1007.1727, eq. (89)."""
    from scipy.special import log_ndtr, ndtri_exp

    bands = np.array(BANDS, dtype=float)
    # 1 - (1 - cl) Phi(N) through its complement, which is small for cl near 1
    return bands - ndtri_exp(np.log1p(-cl) + log_ndtr(bands))


def signal_at_root(root: Any, count: Any, widths: Widths, constraint: str) -> tuple[Any, Any]:
    r"""Return the signal above the best fit at which :math:`\sqrt{\tilde q_s}` is ``root``, and what is left of the equation.

    Source: Newton's method along the curve of :mod:`portico.statistics.profile`.
    """
    xp = array_namespace(root, count, *widths)
    start = start_of_curve(count, widths, constraint)
    zero = curve(start, count, widths, constraint).deviance
    gap = _first_gap(root, start, count, widths, constraint)

    def step(state: tuple[Any, ...]) -> tuple[Any, ...]:
        gap, low, high, before = state
        point = curve(start + gap, count, widths, constraint)
        q = xp.maximum(point.deviance - zero, 1e-300)
        off = xp.sqrt(q) - root
        rate = point.slope * point.speed / (2 * xp.sqrt(q))
        move = off / xp.where(rate > 0, rate, 1e-300)
        # a truncated Gaussian has a kink, around which Newton's method alone may circle
        low, high = xp.where(off > 0, low, gap), xp.where(off > 0, gap, high)
        new = xp.clip(gap - move, 0.1 * gap, 8 * gap)
        stuck = (xp.abs(off) > 0.5 * before) & (xp.abs(off) > _LEFT) & (high < 1e300)
        new = xp.where(stuck | (new < low) | (new > high), 0.5 * (low + high), new)
        return new, low, high, xp.abs(off)

    endless = xp.full_like(gap, np.inf)
    gap, _, _, _ = _repeat(xp, step, (gap, 0 * gap, endless, endless), _STEPS)
    point = curve(start + gap, count, widths, constraint)
    q = xp.maximum(point.deviance - zero, 0.0)
    return point.signal, xp.abs(xp.sqrt(q) - root) / xp.maximum(root, 1.0)


def _first_gap(root: Any, start: Any, count: Any, widths: Widths, constraint: str) -> Any:
    """A Gaussian guess of the distance from the best fit along the curve."""
    xp = array_namespace(root, count, *widths)
    b = xp.maximum(count, start)
    if constraint == "gaussian":
        t2 = widths.signal**2 + widths.luminosity**2
        return root * xp.sqrt(b + widths.spread**2 + t2 * start**2) + 0.5 * root**2
    variance = widths.spread * b if constraint == "gamma" else (widths.spread * b) ** 2
    return root * b / xp.sqrt(xp.maximum(b + variance, 1e-300)) + root**2 / 3


def _repeat(xp: Any, step: Any, state: tuple[Any, ...], most: int) -> tuple[Any, ...]:
    """Newton steps until the last entry of the state, what is left of the equation, is small everywhere."""

    def unfinished(counted: tuple[Any, ...]) -> Any:
        return (counted[0] < most) & xp.any(counted[-1] > _LEFT)

    def counted_step(counted: tuple[Any, ...]) -> tuple[Any, ...]:
        return (counted[0] + 1, *step(counted[1:]))

    counted = (0, *state)
    if xp is not np:
        return jax.lax.while_loop(unfinished, counted_step, counted)[1:]
    while unfinished(counted):
        counted = counted_step(counted)
    return counted[1:]


def log_cls(q: Any, q_asimov: Any, slopes: tuple[Any, Any]) -> tuple[Any, Any]:
    r"""Return :math:`\ln\mathrm{CL}_s` and its derivative by the signal, given those of q and of the Asimov q.

    Source: arXiv:1007.1727, eqs. (64)-(66).
    """
    xp = array_namespace(q, q_asimov)
    root, root_a = xp.sqrt(xp.maximum(q, 0.0)), xp.sqrt(xp.maximum(q_asimov, 1e-300))
    droot = slopes[0] / (2 * xp.maximum(root, 1e-150))
    droot = xp.where(q > 0, droot, 0.0)
    droot_a = slopes[1] / (2 * root_a)
    far = root > root_a
    upper = xp.where(far, 0.5 * (q / root_a + root_a), root)
    lower = xp.where(far, 0.5 * (q / root_a - root_a), root - root_a)
    dratio = slopes[0] / root_a - q * droot_a / root_a**2
    dupper = xp.where(far, 0.5 * (dratio + droot_a), droot)
    dlower = xp.where(far, 0.5 * (dratio - droot_a), droot - droot_a)
    (top, dtop), (bottom, dbottom) = log_normal_tail(upper), log_normal_tail(lower)
    return top - bottom, dtop * dupper - dbottom * dlower


def observed_signal(
    cl: float, count: Any, widths: Widths, constraint: str, guess: Any, *, careful: bool = False
) -> tuple[Any, Any]:
    """Return the signal at which CLs is 1 - cl for an observed count, and what is left of the equation.

    Newton's method for the signal, while the two curves follow it with one Newton step of their own each; ``careful``
    lets them settle at each step and keeps the signal in a bracket.

    Source: arXiv:1007.1727, eqs. (64)-(66).
    """
    xp = array_namespace(count, *widths)
    moved = widths._replace(background=background_at_zero(count, widths, constraint))
    data = _Follower(count, widths, constraint)
    expectation = _Follower(moved.background, moved, constraint)
    target = np.log1p(-cl)
    first = xp.maximum(count - widths.background, 0.0) + xp.maximum(guess, 1e-12)
    inner = 12 if careful else 0

    def step(state: tuple[Any, ...]) -> tuple[Any, ...]:
        signal, gap, gap_a, low, high, before = state
        q, dq, gap, rate, at = data.at(signal, gap, inner)
        qa, dqa, gap_a, rate_a, at_a = expectation.at(signal, gap_a, inner)
        log, dlog = log_cls(q, qa, (dq, dqa))
        off = log - target
        new = xp.clip(signal - off / xp.where(dlog < 0, dlog, -1e-300), 0.2 * signal, 5 * signal)
        if careful:
            low, high = xp.where(off > 0, signal, low), xp.where(off > 0, high, signal)
            middle = xp.where(xp.isfinite(high), 0.5 * (low + xp.minimum(high, 1e300)), 5 * signal)
            stuck = (xp.abs(off) > 0.5 * before) & (xp.abs(off) > _LEFT)
            new = xp.where(stuck | (new < low) | (new > high), middle, new)
        left = xp.abs(off) + xp.abs(at - signal) / signal + xp.abs(at_a - signal) / signal
        gap = data.moved(gap, at, new, rate)
        gap_a = expectation.moved(gap_a, at_a, new, rate_a)
        return new, gap, gap_a, low, high, left

    edges = (xp.zeros_like(first), xp.full_like(first, np.inf))
    state = (first, data.gap(first), expectation.gap(first), *edges, xp.full_like(first, np.inf))
    signal, _, _, _, _, left = _repeat(xp, step, state, 200 if careful else _STEPS)
    return signal, left


class _Follower:
    """A curve at given signals: its parameter follows the signal by Newton's method, warm from the step before."""

    def __init__(self, count: Any, widths: Widths, constraint: str) -> None:
        self.count, self.widths, self.constraint = count, widths, constraint
        self.start = start_of_curve(count, widths, constraint)
        self.first = curve(self.start, count, widths, constraint)

    def gap(self, signal: Any) -> Any:
        """A first distance along the curve."""
        xp = array_namespace(signal, self.start)
        gap = xp.maximum(signal - self.first.signal, 1e-9 * signal) / self.first.speed
        return gap if self.constraint == "gaussian" else self.settled(signal, gap, _SETTLE)

    def settled(self, signal: Any, gap: Any, steps: int) -> Any:
        """The distance after Newton steps towards a signal."""
        for _ in range(steps):
            point = curve(self.start + gap, self.count, self.widths, self.constraint)
            gap = self.moved(gap, point.signal, signal, point.speed)
        return gap

    def moved(self, gap: Any, at: Any, signal: Any, speed: Any) -> Any:
        """The distance after a step from one signal to another."""
        xp = array_namespace(gap, signal)
        if self.constraint == "gaussian":
            return xp.maximum(signal - self.first.signal, 0.0)
        return followed(gap, at - self.first.signal, signal - self.first.signal, speed)

    def at(self, signal: Any, gap: Any, inner: int) -> tuple[Any, Any, Any, Any, Any]:
        """Test statistic and its derivative by the signal (0 below the best fit); the distance, its speed and signal."""
        xp = array_namespace(signal, self.start)
        gap = self.settled(signal, gap, inner)
        point = curve(self.start + gap, self.count, self.widths, self.constraint)
        inside = signal > self.first.signal
        # the step that is left in the signal enters through the slope
        q = point.deviance - self.first.deviance + point.slope * (signal - point.signal)
        at = xp.where(inside, point.signal, signal)
        return xp.where(inside, xp.maximum(q, 0.0), 0.0), xp.where(inside, point.slope, 0.0), gap, point.speed, at


def _solve(cl: float, task: str, constraint: str, count: Any, *arrays: Any) -> tuple[Any, Any]:
    """All limits that a task asks for, along a new first axis: five expected and the observed one, or one ratio."""
    xp = array_namespace(count, *arrays)
    widths = Widths(*arrays, *(0.0,) * (4 - len(arrays)))
    if task == "ratio":
        limit, left = signal_at_root(two_sided_quantile(cl) + 0 * count, count, widths, constraint)
        return limit[None], left[None]
    roots = expected_roots(cl).reshape((5,) + (1,) * np.ndim(count))
    asimov = widths._replace(background=background_at_zero(count, widths, constraint))
    many = Widths(*(a if isinstance(a, float) else a[None] + 0 * roots for a in asimov))
    limit, left = signal_at_root(roots + 0 * many.background, many.background, many, constraint)
    if task == "expected":
        return limit, left
    limit_o, left_o = observed_signal(cl, count, widths, constraint, limit[2])
    return xp.concatenate([limit, limit_o[None]]), xp.concatenate([left, left_o[None]])


@cache
def _compiled(cl: float, task: str, constraint: str) -> Any:
    return jax.jit(partial(_solve, cl, task, constraint))


def solve(cl: float, task: str, count: np.ndarray, widths: Widths, constraint: str) -> tuple[np.ndarray, np.ndarray]:
    """Return limits (1, 5 or 6 along the first axis) and their relative numerical error, for arrays of one shape.

    Parameters
    ----------
    cl : float           confidence level
    task : str           "expected" (five CLs limits), "observed" (the same and the observed one), "ratio" (likelihood ratio)
    count : array        observed counts; "expected" limits take from them the background that fits without signal
    widths : Widths      of the constraint
    constraint : str     one of :data:`portico.statistics.model.CONSTRAINTS`

    The error covers rounding and what Newton's method leaves; a limit that does not exist (a Gaussian signal
    uncertainty that lets any signal pass) is inf.

    Source: the module.
    """
    count, *arrays = np.broadcast_arrays(np.asarray(count, dtype=float), *widths)
    shape = count.shape
    flat = [np.ascontiguousarray(a, dtype=float).ravel() for a in (count, *arrays)]
    uncertain = flat if np.any(flat[3]) or np.any(flat[4]) else flat[:3]
    if flat[0].size <= _HOST:
        with np.errstate(all="ignore"):
            limit, left = _solve(cl, task, constraint, *uncertain)
    else:
        limit, left = _in_blocks(_compiled(cl, task, constraint), uncertain)
    limit, left = np.asarray(limit), np.asarray(left)
    if task == "observed":
        limit, left = _again(cl, constraint, flat, (limit, left))
    limit, left = _finish(cl, task, constraint, flat, (limit, left))
    return limit.reshape((-1, *shape)), left.reshape((-1, *shape))


def _in_blocks(kernel: Any, flat: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of one shape, side by side on the cores; each ends with its slowest point, so they are short."""

    def block(first: int) -> tuple[np.ndarray, np.ndarray]:
        some = [a[first : first + _BLOCK] for a in flat]
        limit, left = kernel(*(np.pad(a, (0, _BLOCK - a.size), mode="edge") for a in some))
        return np.asarray(limit)[..., : some[0].size], np.asarray(left)[..., : some[0].size]

    starts = range(0, flat[0].size, _BLOCK)
    parts = [block(0)]  # compiled once, before the others start
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        parts += pool.map(block, starts[1:])
    limit, left = (np.concatenate([p[k] for p in parts], axis=-1) for k in (0, 1))
    return limit, left


def _again(
    cl: float, constraint: str, flat: list[np.ndarray], found: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The observed limits that the quick way missed, with care."""
    limit, left = (np.array(a) for a in found)
    missed = np.isfinite(limit[2]) & (left[2] < _MISSED) & ~(left[5] < _MISSED)
    if np.any(missed):
        count, *arrays = (a[missed] for a in flat)
        with np.errstate(all="ignore"):
            limit[5, missed], left[5, missed] = observed_signal(
                cl, count, Widths(*arrays), constraint, limit[2, missed], careful=True
            )
    return limit, left


def _finish(
    cl: float, task: str, constraint: str, flat: list[np.ndarray], found: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Mark limits that do not exist, and refuse those that were not found."""
    limit, left = (np.array(a) for a in found)
    bad = ~(left < _MISSED) | ~np.isfinite(limit)
    if constraint == "gaussian":
        endless = bad & (np.hypot(flat[3], flat[4]) > 0)
        limit[endless], left[endless] = np.inf, 0.0
        bad &= ~endless
    if np.any(bad):
        row, k = np.argwhere(bad)[0]
        raise NumericsError(
            f"no {task} limit found at cl = {cl:g} for count {flat[0][k]:g}, background {flat[1][k]:g} (error {left[row, k]:.1e})."
        )
    return limit, np.maximum(left, _ACCURACY)
