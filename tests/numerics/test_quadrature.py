import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.numerics import quadrature


@pytest.mark.parametrize("order", [1, 2, 5, 16, 48])
def test_gauss_legendre_is_exact_for_polynomials(order):
    nodes, weights = quadrature.gauss_legendre(order)
    degrees = np.arange(2 * order)
    # powers up to 95 of nodes that are rounded
    np.testing.assert_allclose(weights @ nodes[:, None] ** degrees, 1 / (degrees + 1), rtol=5e-13)


def test_gauss_legendre_is_not_exact_beyond_its_degree():
    nodes, weights = quadrature.gauss_legendre(2)
    assert abs(weights @ nodes**4 - 1 / 5) > 1e-3


def test_kronrod_is_exact_up_to_degree_22_and_no_further():
    nodes, kronrod, _ = quadrature.gauss_kronrod_15()
    degrees = np.arange(24)
    np.testing.assert_allclose(kronrod @ nodes[:, None] ** degrees, 1 / (degrees + 1), rtol=1e-14)  # odd 23 by symmetry
    legendre = np.polynomial.legendre.Legendre.basis(24, domain=[0, 1])(nodes)
    assert abs(kronrod @ legendre) > 1e-5  # the integral is 0


def test_the_embedded_rule_is_the_seven_point_gauss_rule():
    nodes, _, gauss = quadrature.gauss_kronrod_15()
    expected_nodes, expected_weights = quadrature.gauss_legendre(7)
    used = gauss > 0
    np.testing.assert_allclose(nodes[used], expected_nodes, atol=1e-15)
    np.testing.assert_allclose(gauss[used], expected_weights, rtol=1e-14)
    assert used.sum() == 7


def _breit_wigner(centre, width):
    def primitive(z):
        return np.arctan((z - centre) / width) * width

    return lambda z: 1 / (1 + ((z - centre) / width) ** 2), primitive(1.0) - primitive(0.0)


# Non-negative integrands on [0, 1] with their exact integrals. No 15 points can know of a peak that lies between two of them,
# so the widths end where the peak spans the nodes; narrower ones are made smooth first (portico.numerics.maps).
INTEGRANDS = {
    **{
        f"breit-wigner at {c}, width {w}": _breit_wigner(c, w)
        for c in (0.5, 0.31, 0.0, 1.0, -0.2)
        for w in (0.07, 0.2, 1.0)
    },
    **{
        f"exp({k} z)": ((lambda z, k=k: np.exp(k * z)), np.expm1(k) / k)
        for k in (-200.0, -30.0, -1.0, 3.0, 40.0, 300.0)
    },
    **{f"z^{p}": ((lambda z, p=p: z**p), 1 / (p + 1)) for p in (0.5, 1.5, -0.5, 2.5, 0.1, 40.0)},
    "sqrt at both ends": (lambda z: np.sqrt(z * (1 - z)), np.pi / 8),
    "log 1/z": (lambda z: -np.log(z), 1.0),
    "log^2 z": (lambda z: np.log(z) ** 2, 2.0),
    "z log 1/z": (lambda z: -z * np.log(z), 0.25),
    "1/(z + 1e-3)": (lambda z: 1 / (z + 1e-3), np.log(1001.0)),
    "one": (np.ones_like, 1.0),
}


def _rule(function):
    nodes, kronrod, gauss = quadrature.gauss_kronrod_15()
    return kronrod @ function(nodes), gauss @ function(nodes)


@pytest.fixture(scope="module")
def estimates():
    sums = {name: _rule(function) for name, (function, _) in INTEGRANDS.items()}
    errors = np.asarray(quadrature.kronrod_error(*np.array(list(sums.values())).T))
    return {name: (total, error) for (name, (total, _)), error in zip(sums.items(), errors, strict=True)}


@pytest.mark.parametrize("name", INTEGRANDS)
def test_the_error_of_the_kronrod_rule_is_honest(estimates, name):
    total, error = estimates[name]
    exact = INTEGRANDS[name][1]
    assert abs(total - exact) <= error


def test_the_error_of_the_kronrod_rule_is_of_use(estimates):
    """It must fall with the true error: smooth integrands are known to be good."""
    for name, bound in (
        ("exp(-1.0 z)", 1e-13),
        ("exp(3.0 z)", 1e-13),
        ("breit-wigner at 0.5, width 1.0", 1e-8),
        ("one", 1e-13),
    ):
        total, error = estimates[name]
        assert error < bound * total


def test_kronrod_error_of_nothing_is_nothing():
    np.testing.assert_array_equal(quadrature.kronrod_error(jnp.zeros(3), jnp.zeros(3)), 0.0)


@given(
    lower=st.floats(-5, 5, allow_subnormal=False),
    length=st.floats(0, 10, allow_subnormal=False),
    degree=st.integers(0, 9),
)
def test_scaled_rules_integrate_on_any_interval(lower, length, degree):
    upper = lower + length
    nodes, weights = (np.asarray(a) for a in quadrature.scaled(np.float64(lower), np.float64(upper), 5))
    exact = (upper ** (degree + 1) - lower ** (degree + 1)) / (degree + 1)
    scale = length * max(abs(lower), abs(upper)) ** degree
    assert weights @ nodes**degree == pytest.approx(exact, abs=1e-12 * scale + 1e-300, rel=1e-10)
    assert np.all((nodes >= lower - 1e-15) & (nodes <= upper + 1e-15))


def test_an_interval_of_no_length_has_no_weight():
    nodes, weights = quadrature.scaled(jnp.array([1.0, 0.0]), jnp.array([1.0, 2.0]), 4)
    assert nodes.shape == (2, 4)
    np.testing.assert_array_equal(weights[0], 0.0)
    assert float(weights[1].sum()) == pytest.approx(2.0, rel=1e-15)
