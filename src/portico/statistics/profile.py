r"""The profile likelihood of one count: deviance and signal along a curve, with nuisances in closed form.

For a given expected total :math:`\nu = \epsilon s + \beta` the profiled nuisances depend on
:math:`w = 1 - n/\nu` alone, the slope of the Poisson term:

==============  =========================================  ============================
constraint      background                                 cost :math:`-2\ln\pi`
==============  =========================================  ============================
``log_normal``  :math:`\beta = b e^{-a},\ a = W(r^2 w b)`  :math:`a^2/r^2 = a w \beta`
``gamma``       :math:`\beta = b/(1 + g w)`                :math:`(2b/g)[\ln(1+gw) - gw/(1+gw)]`
``gaussian``    :math:`\beta = \max(b - \sigma^2 w, 0)`    :math:`(\beta - b)^2/\sigma^2`
==============  =========================================  ============================

with :math:`g = \sigma^2/b` and W Lambert's function. A log-normal signal has :math:`\epsilon = e^{-c}`,
:math:`c = t^2 w (\nu - \beta)`, so that for ``log_normal`` and ``gamma`` signal *and* deviance are explicit in nu: the
curve is followed in nu, and nothing is solved for. With Gaussians nu solves a quadratic at given s, and the curve is
followed in s. Both run on numpy and on jax arrays.

Source: stationarity of the likelihood of :mod:`portico.statistics.model`; DLMF section 4.13 for W.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..numerics.namespace import array_namespace
from ..numerics.special import lambert_w, wright_omega
from .model import Widths


class Point(NamedTuple):
    """A place on the curve: signal, its derivative by the parameter, deviance and its derivative by the signal; the fit."""

    signal: Any
    speed: Any
    deviance: Any
    slope: Any
    background: Any
    efficiency: Any


_FOLLOW = 9


def background_at_zero(count: Any, widths: Widths, constraint: str) -> Any:
    """Return the background that fits best with no signal; for an Asimov data set it is the expectation.

    Source: stationarity in the background at s = 0; arXiv:1007.1727, section 3.2 for its use.
    """
    xp = array_namespace(count, *widths)
    b, spread = widths.background, widths.spread
    if constraint == "gaussian":
        v = spread**2
        half = 0.5 * (b - v)
        root = xp.sqrt(half**2 + count * v)
        return xp.where(half > 0, half + root, count * v / xp.where(root - half > 0, root - half, 1.0))
    if constraint == "gamma":
        return (spread * count + b) / (spread + 1)
    r2 = spread**2
    known = (r2 < 1e-14) | (b <= 0)
    safe = xp.where(known, 1.0, r2)
    solved = wright_omega(xp.log(xp.where(known, 1.0, safe * b)) + safe * count) / safe
    return xp.where(known, b, solved)


def start_of_curve(count: Any, widths: Widths, constraint: str) -> Any:
    """Return the parameter at the best fit with s >= 0, where the test statistic is 0. Source: definition of the curve."""
    xp = array_namespace(count, *widths)
    if constraint == "gaussian":
        return xp.maximum(count - widths.background, 0.0)
    return xp.where(count >= widths.background, count, background_at_zero(count, widths, constraint))


def fit_at(signal: Any, count: Any, widths: Widths, constraint: str, *, known_signal: bool = False) -> Any:
    """Return the parameter of the curve at a signal above the best fit.

    Closed forms for ``gaussian``, and for ``gamma`` with ``known_signal`` (no signal uncertainty anywhere); else Newton's
    method. Source: table of this module.
    """
    xp = array_namespace(signal, count, *widths)
    if constraint == "gaussian":
        return signal
    start = start_of_curve(count, widths, constraint)
    if constraint == "gamma" and known_signal:
        g, b = widths.spread, widths.background
        half = 0.5 * ((1 + g) * signal - g * count - b) / (1 + g)
        product = b * signal / (1 + g)
        root = xp.sqrt(half**2 + product)
        beta = xp.where(half > 0, product / xp.where(half + root > 0, half + root, 1.0), root - half)
        return xp.maximum(signal + beta, start)
    if known_signal:
        return xp.maximum(signal + _log_normal_background(signal, count, widths), start)
    first = curve(start, count, widths, constraint)
    gap = xp.maximum(signal - first.signal, 1e-9 * signal) / first.speed
    for _ in range(_FOLLOW):
        point = curve(start + gap, count, widths, constraint)
        gap = followed(gap, point.signal - first.signal, signal - first.signal, point.speed)
    return start + gap


def _log_normal_background(signal: Any, count: Any, widths: Widths) -> Any:
    """The background b e^-a at a known signal: Newton's method for a = r^2 w b e^-a."""
    xp = array_namespace(signal, count, *widths)
    b, r2 = widths.background, widths.spread**2
    pull = xp.zeros_like(b * signal)
    for _ in range(_FOLLOW):
        beta = b * xp.exp(-pull)
        nu = xp.maximum(signal + beta, 1e-300)
        w = (nu - count) / nu
        rise = 1 + r2 * beta * (w + count * beta / nu**2)
        pull = xp.clip(pull - (pull - r2 * w * beta) / xp.maximum(rise, 0.1), 0.0, pull + 2)
    return b * xp.exp(-pull)


def followed(gap: Any, here: Any, there: Any, speed: Any) -> Any:
    """Return the distance along the curve after a Newton step from one signal above the best fit to another.

    In logarithms, since the signal is exponential far out. Source: Newton's method.
    """
    xp = array_namespace(gap, here)
    usable = (here > 0) & (there > 0)
    ratio = xp.log(xp.where(usable, there, 1.0) / xp.where(usable, here, 1.0))
    return xp.clip(gap + ratio * here / xp.maximum(speed, 1e-300), 0.1 * gap, 8 * gap)


def nuisances_at(signal: Any, count: Any, widths: Widths, constraint: str) -> tuple[Any, Any]:
    """Return background and efficiency that fit best at a signal, 0 or at least the best fit.

    Source: table of this module.
    """
    xp = array_namespace(signal, count, *widths)
    parameter = fit_at(signal, count, widths, constraint)
    point = curve(parameter, count, widths, constraint)
    at_zero = background_at_zero(count, widths, constraint)
    return xp.where(signal > 0, point.background, at_zero), xp.where(signal > 0, point.efficiency, 1.0)


def curve(parameter: Any, count: Any, widths: Widths, constraint: str) -> Point:
    """Return the point of the curve at a parameter: the total (``log_normal``, ``gamma``) or the signal (``gaussian``).

    Source: table of this module.
    """
    if constraint == "gaussian":
        return _gaussian(parameter, count, widths)
    return _explicit(parameter, count, widths, constraint)


def _poisson_deviance(total: Any, excess: Any, count: Any) -> Any:
    """2 [nu - n - n ln(nu/n)] with nu - n given, so that nothing is lost near nu = n."""
    xp = array_namespace(total, excess, count)
    safe = xp.where(count > 0, count, 1.0)
    log = xp.log1p(xp.maximum(xp.where(count > 0, excess / safe, 0.0), -1 + 1e-300))
    return 2 * (excess - count * log)


def _explicit(total: Any, count: Any, widths: Widths, constraint: str) -> Point:
    xp = array_namespace(total, count, *widths)
    b, spread = widths.background, widths.spread
    nu = xp.maximum(total, 1e-300)
    w, dw = (nu - count) / nu, count / nu / nu
    if constraint == "gamma":
        pull = spread * w
        beta = b / (1 + pull)
        bend = -spread * beta / (1 + pull)
        small = pull < 1e-4
        safe = xp.where(small, 1.0, pull)
        ratio = xp.where(small, pull / 2 - 2 * pull**2 / 3, (xp.log1p(safe) - safe / (1 + safe)) / safe)
        cost = 2 * b * w * ratio
    else:
        rate = spread**2 * w
        a = lambert_w(xp.maximum(rate * b, 0.0))
        beta = xp.where(a > 1e-12, a / xp.where(a > 1e-12, rate, 1.0), b * (1 - a))  # b e^-a without the exponential
        bend = -(spread**2) * beta**2 / (1 + a)
        cost = a * w * beta
    visible = xp.maximum(nu - beta, 0.0)
    dvisible = 1 - bend * dw
    if isinstance(widths.signal, float) and widths.signal == 0:  # known in the whole batch: nothing to compute
        deviance = _poisson_deviance(nu, nu - count, count) + cost
        return Point(visible, dvisible, deviance, 2 * w, beta, xp.ones_like(nu))
    t2 = widths.signal**2
    c = t2 * w * visible
    dc = t2 * (w * dvisible + visible * dw)
    boost = xp.exp(xp.minimum(c, 600.0))
    deviance = _poisson_deviance(nu, nu - count, count) + cost + c * w * visible
    return Point(visible * boost, boost * (dvisible + visible * dc), deviance, 2 * w / boost, beta, 1 / boost)


def _gaussian(signal: Any, count: Any, widths: Widths) -> Point:
    xp = array_namespace(signal, count, *widths)
    b, v = widths.background, widths.spread**2
    t2 = widths.signal**2 + widths.luminosity**2
    u = t2 * signal**2
    w = _slope(signal + b, v + u, count)
    no_background = b < v * w
    w = xp.where(no_background, _slope(signal, u, count), w)
    no_signal = t2 * signal * w > 1
    w = xp.where(no_signal & ~no_background, _slope(b, v, count), w)
    empty = no_signal & (b < v * w)
    w = xp.where((count <= 0) | empty, 1.0, w)
    no_background = b < v * w
    no_signal = t2 * signal * w > 1
    beta = xp.where(no_background, 0.0, b - v * w)
    epsilon = xp.where(no_signal, 0.0, 1 - t2 * signal * w)
    safe_v, safe_t2 = xp.where(v > 0, v, 1.0), xp.where(t2 > 0, t2, 1.0)
    cost = xp.where(no_background, b**2 / safe_v, v * w**2) + xp.where(no_signal, 1 / safe_t2, u * w**2)
    nu = epsilon * signal + beta
    deviance = _poisson_deviance(nu, nu - count, count) + cost
    return Point(signal, xp.ones_like(w), deviance, 2 * w * epsilon, beta, epsilon)


def _slope(expected: Any, variance: Any, count: Any) -> Any:
    """w = 1 - n/nu of nu = expected - variance w, without the cancellation of 1 - n/nu."""
    xp = array_namespace(expected, variance, count)
    half = 0.5 * (variance - expected)
    root = xp.sqrt(half**2 + variance * count)
    nu = xp.where(half < 0, root - half, variance * count / xp.where(root + half > 0, root + half, 1.0))
    total = nu + variance
    return xp.where(total > 0, (expected - count) / xp.where(total > 0, total, 1.0), 1.0)
