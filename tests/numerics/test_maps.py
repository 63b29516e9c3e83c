import jax
import jax.numpy as jnp
import numpy as np
import pytest

from portico.numerics import maps

Y = jnp.concatenate([jnp.geomspace(1e-250, 1e3, 200), jnp.array([1.0])])


def test_logarithmic_coordinate_and_its_inverse_undo_each_other():
    back = maps.from_logarithmic_coordinate(maps.logarithmic_coordinate(Y))
    # w -> y has the condition number 1/w, up to 576 here
    np.testing.assert_allclose(back, Y, rtol=2e-13)


def test_logarithmic_coordinate_is_the_usual_one_at_small_loss():
    y = np.array([1e-300, 1e-100, 1e-12])
    np.testing.assert_allclose(maps.logarithmic_coordinate(y), 1 / np.log(1 / y), rtol=1e-13)
    # w -> y + 1/2 - 1/(12 y) far away
    assert float(maps.logarithmic_coordinate(1e3)) == pytest.approx(1000.5 - 1 / 12e3, rel=1e-9)


def test_ends_of_the_logarithmic_coordinate():
    assert float(maps.logarithmic_coordinate(0.0)) == 0.0
    assert float(maps.from_logarithmic_coordinate(0.0)) == 0.0
    assert float(maps.logarithmic_jacobian(0.0)) == 0.0
    for function in (maps.logarithmic_coordinate, maps.from_logarithmic_coordinate, maps.logarithmic_jacobian):
        assert np.isfinite(jax.grad(function)(0.0))


def test_logarithmic_jacobian_is_the_derivative():
    w = jnp.geomspace(0.01, 50.0, 40)
    slope = jax.jit(jax.vmap(jax.grad(maps.from_logarithmic_coordinate)))(w)
    np.testing.assert_allclose(maps.logarithmic_jacobian(w), slope, rtol=1e-12)  # roundings times 1/w


def test_logarithmic_coordinate_rises():
    assert np.all(np.diff(np.asarray(maps.logarithmic_coordinate(jnp.sort(Y)))) >= 0)


def test_the_logarithmic_end_becomes_smooth():
    """int_0^0.05 dy/(y ln^2 y) = 1/ln 20 with few nodes, although no rule in y converges."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    end = float(maps.logarithmic_coordinate(0.05))
    w = end * (nodes + 1) / 2
    y = np.asarray(maps.from_logarithmic_coordinate(w))
    good = y > 0  # nodes where y underflows contribute dw (1 + O(y))
    integrand = np.where(
        good, np.asarray(maps.logarithmic_jacobian(w)) / np.where(good, y * np.log(np.where(good, y, 0.5)) ** 2, 1), 1.0
    )
    assert end / 2 * weights @ integrand == pytest.approx(1 / np.log(20), rel=1e-8)  # 16 nodes of a smooth function


def test_resonance_coordinate_and_its_inverse_undo_each_other():
    u = jnp.linspace(-30.0, 30.0, 61)
    for centre, width in ((4.4, 1e-6), (0.0, 1.0)):
        z = maps.from_resonance_coordinate(u, centre, width)
        # the distance to the centre loses eps * centre
        np.testing.assert_allclose(
            maps.resonance_coordinate(z, centre, width), u, rtol=1e-13, atol=5e-16 * centre / width
        )


def test_resonance_coordinate_makes_a_breit_wigner_of_any_width_smooth():
    nodes, weights = np.polynomial.legendre.leggauss(64)
    for width in (1e-9, 1e-4, 0.1):
        low, high = (float(maps.resonance_coordinate(z, 0.3, width)) for z in (0.0, 1.0))
        u = low + (high - low) * (nodes + 1) / 2
        slope = width * np.cosh(u)  # dz/du
        total = (high - low) / 2 * weights @ (slope / (1 + np.sinh(u) ** 2))
        exact = width * (np.arctan(0.7 / width) + np.arctan(0.3 / width))
        assert total == pytest.approx(exact, rel=1e-8)  # poles of 1/cosh at i pi/2: 64 nodes on 40 units
