import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.numerics import special

mpmath.mp.dps = 40

H = np.array(
    [
        -800.0,
        -30.0,
        -1.0,
        -1e-3,
        -1.01e-5,
        -0.99e-5,
        -1e-9,
        -1e-300,
        0.0,
        1e-12,
        0.99e-5,
        1.01e-5,
        1e-4,
        0.5,
        3.0,
        600.0,
    ]
)


def test_relative_exponential_and_its_gradient():
    value = jax.jit(special.relative_exponential)(H)
    slope = jax.jit(jax.vmap(jax.grad(special.relative_exponential)))(jnp.asarray(H))
    exact = [float(mpmath.expm1(h) / h) if h else 1.0 for h in H]
    # d/dh: (e^h (h - 1) + 1)/h^2
    exact_slope = [
        float((mpmath.exp(h) * (mpmath.mpf(h) - 1) + 1) / mpmath.mpf(h) ** 2) if abs(h) > 1e-15 else 0.5 for h in H
    ]
    np.testing.assert_allclose(value, exact, rtol=1e-14)
    # next to the switch at 1e-5 the difference quotient loses eps/h = 2e-11, and the series is cut at h^2
    np.testing.assert_allclose(slope, exact_slope, rtol=1e-10)


@given(st.floats(-5, 5), st.floats(-9, 1).map(lambda p: 10**p), st.sampled_from([-1, 1]), st.floats(0.01, 16))
def test_divided_exponential_near_equality(a, distance, sign, t):
    b = a + sign * distance
    exact = (
        (mpmath.exp(mpmath.mpf(a) * t) - mpmath.exp(mpmath.mpf(b) * t)) / (mpmath.mpf(a) - mpmath.mpf(b))
        if a != b
        else t * mpmath.exp(a * t)
    )
    exponent = max(abs(a), abs(b)) * t
    assert float(_divided(a, b, t)) == pytest.approx(
        float(exact), rel=1e-14 * (2 + exponent)
    )  # exp loses its exponent in roundings


_divided = jax.jit(special.divided_exponential)


def test_divided_exponential_is_symmetric_and_finite_for_distant_arguments():
    assert float(_divided(0.7, -900.0, 16.0)) == float(_divided(-900.0, 0.7, 16.0)) > 0
    assert float(_divided(0.7, -900.0, 16.0)) == pytest.approx(np.exp(0.7 * 16) / 900.7, rel=1e-13)
    assert float(_divided(-jnp.inf, 0.5, 2.0)) == 0.0


@pytest.mark.parametrize("difference", [0.0, 1e-12, 1e-7, 1e-6, 1e-3, 1.0])
@pytest.mark.parametrize("argument", [0, 1, 2])
def test_gradient_of_the_divided_exponential(difference, argument):
    point = (0.3, 0.3 + difference, 2.0)
    value = float(_divided_gradients[argument](*point))

    def function(*p):
        a, b, t = p
        return t * mpmath.exp(a * t) if a == b else (mpmath.exp(a * t) - mpmath.exp(b * t)) / (a - b)

    step = mpmath.mpf(10) ** -15
    shifted = [[mpmath.mpf(v) + (sign * step if k == argument else 0) for k, v in enumerate(point)] for sign in (1, -1)]
    exact = (function(*shifted[0]) - function(*shifted[1])) / (2 * step)
    # at equal arguments maximum and minimum share the gradient, which is then right by symmetry
    assert value == pytest.approx(float(exact), rel=1e-9)


_divided_gradients = [jax.jit(jax.grad(special.divided_exponential, k)) for k in range(3)]


@pytest.mark.parametrize(
    ("count", "mean"),
    [
        (0, 800.0), (10, 2000.0), (0, 0.0), (5, 0.0), (94, 94.0), (94, 111.3), (7.5, 900.0), (3.25, 2.0), (0.5, 1e4), (150, 3000.0),
        (1000, 3000.0), (94, 1400.0), (2000, 5000.0), (40, 780.0), (1e4, 1.3e4),
    ],
)  # fmt: skip
def test_log_poisson_cdf(count, mean):
    exact = mpmath.log(mpmath.gammainc(count + 1, mean, mpmath.inf, regularized=True))
    value = float(special.log_poisson_cdf(np.array([count]), np.array([mean]))[0])
    # gammaincc of scipy is good to about 1e-13 relative, hence absolute in the logarithm; deep down 1e-13 of the logarithm
    assert value == pytest.approx(float(exact), rel=1e-12, abs=1e-12)


def test_log_poisson_cdf_of_scalars_equals_that_of_arrays():
    pairs = np.array([[0.0, 800.0], [94.0, 111.3]])
    for (count, mean), expected in zip(pairs, special.log_poisson_cdf(*pairs.T), strict=True):
        assert float(special.log_poisson_cdf(count, mean)) == expected


def test_log_poisson_cdf_is_a_sum_of_poisson_terms():
    terms = [np.exp(-4.2) * 4.2**k / float(mpmath.factorial(k)) for k in range(7)]
    assert float(special.log_poisson_cdf(np.array(6), np.array(4.2))) == pytest.approx(np.log(sum(terms)), rel=1e-13)


@given(st.floats(0, 300), st.floats(0, 3000), st.floats(0.01, 500))
def test_log_poisson_cdf_falls_with_the_mean_and_rises_with_the_count(count, mean, step):
    low, high, up = special.log_poisson_cdf(np.array([count, count, count + 1]), np.array([mean, mean + step, mean]))
    assert high <= low + 1e-12  # rounding where the probability is 1
    assert low <= up + 1e-12
    assert np.isfinite(high)


def test_log_poisson_cdf_has_no_jump_where_the_method_changes():
    # the switch to the continued fraction is at a probability of 1e-280; equal steps of the mean, equal steps down
    mean = np.linspace(600.0, 750.0, 601)
    second = np.diff(special.log_poisson_cdf(np.full(mean.shape, 3.0), mean), 2)
    assert np.max(np.abs(second)) < 1e-6  # curvature n/mu^2 step^2 = 5e-7


def test_lambert_and_wright_functions_against_scipy():
    from scipy.special import lambertw, wrightomega

    x = np.concatenate([[0.0], np.geomspace(1e-300, 1e12, 3000)])
    np.testing.assert_allclose(special.lambert_w(x), np.real(lambertw(x)), rtol=1e-13, atol=0)
    y = np.concatenate([np.linspace(-690, 700, 4001), np.geomspace(701, 1e9, 500)])
    np.testing.assert_allclose(special.wright_omega(y), wrightomega(y), rtol=1e-13)
    assert special.wright_omega(np.array(-np.inf)) == 0


def test_normal_tail_in_logarithms_against_scipy():
    from scipy.special import log_ndtr

    x = np.linspace(-30, 300, 20_001)
    value, slope = special.log_normal_tail(x)
    np.testing.assert_allclose(value, log_ndtr(-x), rtol=1e-12, atol=1e-16)
    h = 1e-5
    difference = (log_ndtr(-(x + h)) - log_ndtr(-(x - h))) / (2 * h)
    np.testing.assert_allclose(slope, difference, rtol=1e-6, atol=1e-9)  # rounding of the difference over 2e-5


ANGLES = np.concatenate([np.linspace(-7.0, 7.0, 301), 10.0 ** np.linspace(-300, 0, 40), np.arange(-5, 6) * np.pi / 4])


@pytest.mark.parametrize("function", [special.sine_cosine, jax.jit(special.sine_cosine)], ids=["host", "compiled"])
def test_sine_and_cosine_are_those_of_mpmath(function):
    exact = np.array([[float(mpmath.sin(x)), float(mpmath.cos(x))] for x in map(mpmath.mpf, ANGLES)]).T
    np.testing.assert_allclose(function(ANGLES), exact, rtol=0, atol=5e-16)
    first = (ANGLES > 0) & (ANGLES < 1)
    np.testing.assert_allclose(np.stack(function(ANGLES))[:, first], exact[:, first], rtol=5e-16)
    turns = np.array([0.0, 0.5, 1.0, 1.5, -0.5]) * np.pi
    np.testing.assert_array_equal(function(turns), [[0, 1, 0, -1, -1], [1, 0, -1, 0, 0]])
    assert np.isnan(function(np.array([np.nan]))).all()


def test_slopes_of_sine_and_cosine_are_each_other():
    angles = jnp.linspace(-3.0, 3.0, 25)
    (sine, cosine), (rise, fall) = jax.jvp(special.sine_cosine, (angles,), (jnp.ones_like(angles),))
    np.testing.assert_allclose(rise, cosine, atol=1e-14)
    np.testing.assert_allclose(fall, -sine, atol=1e-14)
