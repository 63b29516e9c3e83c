from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from portico.numerics.batching import in_batches, on_different


class _Pair(NamedTuple):
    total: np.ndarray
    product: np.ndarray


@pytest.mark.parametrize("shape", [(), (1,), (7,), (8,), (9,), (3, 5), (2, 1, 4)])
def test_batches_give_what_one_call_gives(shape):
    random = np.random.default_rng(2)
    x, y = random.normal(size=shape), random.normal(size=shape)
    np.testing.assert_allclose(in_batches(jax.jit(lambda a, b: jnp.sin(a) * b), (x, y), 8), np.sin(x) * y, rtol=1e-14)
    pair = in_batches(lambda a, b: _Pair(a + b, a * b), (x, y), 4)
    assert isinstance(pair, _Pair)
    np.testing.assert_array_equal(pair.total, x + y)
    np.testing.assert_array_equal(pair.product, x * y)


def test_batches_broadcast_and_see_one_shape_only():
    shapes = set()

    def function(a, b):
        shapes.add(a.shape)
        return a + b

    out = in_batches(function, (np.arange(5.0)[:, None], np.arange(3.0)), 4)
    np.testing.assert_array_equal(out, np.arange(5.0)[:, None] + np.arange(3.0))
    assert shapes == {(4,)}


def test_no_points_give_no_values():
    assert in_batches(lambda a: a, (np.empty((0, 3)),), 4).shape == (0, 3)


def test_each_different_value_is_computed_once():
    seen = []

    def function(values):
        seen.extend(values.tolist())
        return values**2

    values = np.array([[3.0, 1.0, 3.0], [1.0, 2.0, 2.0]])
    np.testing.assert_array_equal(on_different(function, values), values**2)
    assert sorted(seen) == [1.0, 2.0, 3.0]
    assert on_different(function, 5.0).shape == ()


def test_known_numbers_are_evaluated_inside_a_trace():
    compiled = jax.jit(lambda x: jnp.sqrt(x))
    values = np.array([1.0, 4.0, 9.0])
    found = jax.jit(lambda y: y + in_batches(compiled, [values], 2))(1.0)
    np.testing.assert_allclose(found, [2.0, 3.0, 4.0])
