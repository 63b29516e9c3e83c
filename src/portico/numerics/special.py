"""Special functions that jax lacks or gets wrong, tested against mpmath."""

from __future__ import annotations

import math
from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .namespace import array_namespace


def relative_exponential(h: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`(e^h - 1)/h`, 1 at h = 0, with a finite gradient there."""
    xp = array_namespace(h)
    h = xp.asarray(h)
    small = xp.abs(h) < 1e-5
    safe = xp.where(small, 1.0, h)
    return xp.where(small, 1 + h / 2 + h**2 / 6, xp.expm1(safe) / safe)


def divided_exponential(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Float[Array, "..."]:
    r"""Return the divided difference :math:`(e^{at} - e^{bt})/(a - b)`, equal to :math:`t e^{at}` for a = b.

    Written as :math:`t\,e^{\max(a,b)t}` times a function in (0, 1], so that neither equal nor very different
    arguments lose digits.
    """
    high, low = jnp.maximum(a, b), jnp.minimum(a, b)
    return t * jnp.exp(high * t) * relative_exponential((low - high) * t)


def sine_cosine(angle: ArrayLike) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Return sine and cosine of angles in rad, to 2e-16 for a few turns; multiples of pi/2 give exactly 0 and 1.

    The Taylor series up to :math:`x^{16}` for what is left to the nearest multiple of pi/2: compiled code does many points at once, while
    the sine of the mathematical library is called point by point, and again in each result that needs it.
    """
    xp = array_namespace(angle)
    angle = xp.asarray(angle, float)
    quarters = xp.round(angle / (math.pi / 2))
    rest = angle - quarters * (math.pi / 2)
    square = rest * rest
    odd, even = xp.zeros_like(rest), xp.zeros_like(rest)
    for n in range(7, 0, -1):
        odd = square * (odd + (-1) ** n / math.factorial(2 * n + 1))
        even = square * (even + (-1) ** (n + 1) / math.factorial(2 * n + 2))
    sine, cosine = rest + rest * odd, 1 - square * (0.5 - even)
    quarter = quarters - 4 * xp.floor(quarters / 4)
    turned, back = (quarter == 1) | (quarter == 3), quarter >= 2
    first, second = xp.where(turned, cosine, sine), xp.where(turned, 0.0 - sine, cosine)
    return xp.where(back, 0.0 - first, first), xp.where(back, 0.0 - second, second)


def log_poisson_cdf(count: np.ndarray, mean: np.ndarray) -> np.ndarray:
    r"""Return :math:`\ln P(N \le n\,|\,\mu) = \ln Q(n+1, \mu)`, finite where the probability underflows.

    The regularised incomplete gamma function while it is above 1e-280, else its continued fraction in logarithms.
    Real counts are allowed (the Asimov data set). Runs on numpy arrays, not under ``jit``.

    Source: DLMF eqs. (8.4.10), (8.9.2).
    """
    from scipy.special import gammaincc, gammaln

    count, mean = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(mean, dtype=float))
    plain = gammaincc(count + 1, mean)
    deep = (plain < 1e-280) & (mean > count)
    with np.errstate(divide="ignore"):
        result = np.array(np.log(plain))
    if np.any(deep):
        n, x = count[deep], mean[deep]
        # Gamma(a, x) x^-a e^x = 1/(x + 1 - a - 1 (1-a)/(x + 3 - a - ...)), converging fast since x >> a
        a = n + 1
        fraction = np.zeros_like(x)
        for k in range(200, 0, -1):
            fraction = k * (k - a) / (x + 2 * k + 1 - a - fraction)
        result[deep] = a * np.log(x) - x - gammaln(a) - np.log(x + 1 - a - fraction)
    return result


@cache
def _mills_polynomial() -> tuple[float, ...]:
    """Monomial coefficients of (1 + x) R(x) in (x - 2.5)/(x + 2.5), R the Mills ratio; fitted to scipy's erfcx."""
    from scipy.special import erfcx

    def scaled_ratio(v):  # type: ignore[no-untyped-def]
        x = 2.5 * (1 + v) / np.maximum(1 - v, 1e-300)
        return (1 + x) * np.sqrt(np.pi / 2) * erfcx(x / np.sqrt(2))

    fit = np.polynomial.chebyshev.chebinterpolate(scaled_ratio, 26)
    return tuple(np.polynomial.chebyshev.cheb2poly(fit).tolist())


def mills_ratio(x: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`\Phi(-x)/\varphi(x)` for x >= 0, to 1e-12, without underflow.

    One polynomial in (x - 2.5)/(x + 2.5), so that it is cheap in compiled code. Source: form of DLMF section 7.24;
    coefficients fitted to ``scipy.special.erfcx``.
    """
    xp = array_namespace(x)
    x = xp.asarray(x)
    v = (x - 2.5) / (x + 2.5)
    value = xp.zeros_like(v)
    for coefficient in reversed(_mills_polynomial()):
        value = value * v + coefficient
    return value / (1 + x)


def log_normal_tail(x: ArrayLike) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Return :math:`\ln\Phi(-x)` and its derivative by x, finite for any x. Source: normal distribution."""
    xp = array_namespace(x)
    x = xp.asarray(x)
    ratio = mills_ratio(xp.abs(x))
    log_density = -0.5 * x**2 - 0.5 * np.log(2 * np.pi)
    density = xp.exp(log_density)
    below = 1 - ratio * density  # Phi(-x) for x < 0
    above = x >= 0
    value = xp.where(above, xp.log(ratio) + log_density, xp.log1p(-ratio * density))
    return value, xp.where(above, -1 / ratio, -density / below)


def wright_omega(x: ArrayLike) -> Float[Array, "..."]:
    r"""Return the solution of :math:`u + \ln u = x`, that is :math:`W(e^x)` with Lambert's W; 0 at x = -inf.

    Source: DLMF section 4.13; two steps of the iteration of Fritsch, Shafer and Crowley, CACM 16 (1973) 123.
    """
    xp = array_namespace(x)
    x = xp.asarray(x)
    empty = x < -700
    x = xp.where(empty, 0.0, x)
    power = xp.exp(xp.minimum(x, 2.0))
    large = xp.maximum(x, 1.0)
    log_large = xp.log(large)
    small = xp.log1p(power)
    u = xp.where(x > 2, large - log_large + log_large / large, small * (1 - xp.log1p(small) / (2 + small)))
    for _ in range(2):
        r = x - u - xp.log(u)
        q = 2 * (1 + u) * (1 + u + 2 * r / 3)
        u = u * (1 + r / (1 + u) * (q - r) / (q - 2 * r))
    return xp.where(empty, 0.0, u)


def lambert_w(x: ArrayLike) -> Float[Array, "..."]:
    """Return Lambert's W for x >= 0, the solution of u e^u = x, to 1e-14. Source: as :func:`wright_omega`."""
    xp = array_namespace(x)
    x = xp.asarray(x)
    tiny = x < 1e-8
    x_safe = xp.where(tiny, 1.0, x)
    log = xp.log1p(x_safe)
    u = log * (1 - xp.log1p(log) / (2 + log))
    for _ in range(2):
        r = xp.log(x_safe / u) - u
        q = 2 * (1 + u) * (1 + u + 2 * r / 3)
        u = u * (1 + r / (1 + u) * (q - r) / (q - 2 * r))
    return xp.where(tiny, x * (1 - x), u)
