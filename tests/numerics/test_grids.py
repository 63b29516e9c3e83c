import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portico.numerics.grids import cubic_weights, interpolate_cubic

unit = st.floats(0, 1)


@given(unit)
def test_weights_add_to_one_and_keep_straight_lines(f):
    weights = np.asarray(cubic_weights(jnp.asarray(f)))
    assert abs(weights.sum() - 1) < 1e-12
    assert abs(weights @ np.array([-1.0, 0.0, 1.0, 2.0]) - f) < 1e-12


def _values(count):
    a, b, c = np.meshgrid(*(np.linspace(0, 1, count),) * 3, indexing="ij")
    return np.stack([np.zeros_like(a), np.sin(2 * a) * np.exp(b) + c**2 * a])


def _exact(a, b, c):
    return np.sin(2 * a) * np.exp(b) + c**2 * a


def test_error_falls_with_the_third_power_of_the_step():
    place = np.random.default_rng(1).uniform(0.15, 0.85, (3, 300))  # the end cells are of second order
    find = jax.jit(lambda values, p: interpolate_cubic(values, jnp.ones(300, int), tuple(p)))
    errors = [np.abs(np.asarray(find(jnp.asarray(_values(n)), place)) - _exact(*place)).max() for n in (9, 17, 33)]
    slope = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.all(slope > 2.6)


def test_grid_points_and_ends_are_kept():
    values = jnp.asarray(_values(7))
    axis = np.linspace(0, 1, 7)
    a, b, c = (part.ravel() for part in np.meshgrid(axis, axis, axis, indexing="ij"))
    found = interpolate_cubic(values, jnp.ones(a.size, int), (jnp.asarray(a), jnp.asarray(b), jnp.asarray(c)))
    np.testing.assert_allclose(found, _exact(a, b, c), atol=1e-12)
    outside = interpolate_cubic(values, jnp.asarray(1), (jnp.asarray(1.5), jnp.asarray(-1.0), jnp.asarray(0.5)))
    np.testing.assert_allclose(outside, _exact(1.0, 0.0, 0.5), atol=1e-12)
