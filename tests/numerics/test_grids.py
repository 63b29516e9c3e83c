import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portico.numerics.grids import contract_first, cubic_stencil, interpolate_two

unit = st.floats(0, 1)


@given(unit)
def test_stencil_keeps_constants_and_straight_lines(f):
    places, weights = (np.asarray(part) for part in cubic_stencil(f, 6))
    assert abs(weights.sum() - 1) < 1e-12
    assert abs(weights @ (places / 5) - f) < 1e-12


def _exact(b, c):
    return np.sin(2 * b) * np.exp(c) + c**2 * b


def _values(count):
    b, c = np.meshgrid(*(np.linspace(0, 1, count),) * 2, indexing="ij")
    return np.stack([np.zeros_like(b), _exact(b, c)])


def test_error_falls_with_the_third_power_of_the_step():
    place = np.random.default_rng(1).uniform(0.15, 0.85, (2, 300))  # the end cells are of second order
    find = jax.jit(lambda values, p: interpolate_two(values, 1, p[0], p[1]))
    errors = [np.abs(np.asarray(find(_values(n), place)) - _exact(*place)).max() for n in (9, 17, 33)]
    slope = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.all(slope > 2.6)


def test_grid_points_and_ends_are_kept():
    axis = np.linspace(0, 1, 7)
    b, c = (part.ravel() for part in np.meshgrid(axis, axis, indexing="ij"))
    np.testing.assert_allclose(interpolate_two(_values(7), 1, b, c), _exact(b, c), atol=1e-12)
    np.testing.assert_allclose(interpolate_two(_values(7), 1, 1.5, -1.0), _exact(1.0, 0.0), atol=1e-12)


def test_contraction_takes_each_column_at_its_own_place():
    a = np.linspace(0, 1, 21)
    values = np.sin(a)[None, :, None, None] * np.arange(1, 4)[:, None] * np.ones(2)  # rows 1, a 21, b 3, c 2
    place = np.array([0.2, 0.55, 1.0])
    found = contract_first(jnp.asarray(values), place)
    assert found.shape == (1, 3, 2)
    np.testing.assert_allclose(found[0, :, 1], np.sin(place) * [1, 2, 3], rtol=1e-4)  # step^3 of 1/20
