import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portico.numerics.sorting import sort_few

_sort = jax.jit(sort_few)
_number = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 2.5]), st.floats(-1e300, 1e300, allow_subnormal=False))


@given(st.lists(_number, min_size=7, max_size=7))
def test_sorting_equals_that_of_numpy_with_ties(values):
    np.testing.assert_array_equal(_sort(jnp.array(values)), np.sort(values))


def test_rows_are_sorted_one_by_one():
    x = np.random.default_rng(5).integers(0, 6, size=(40, 3, 9)).astype(float)
    np.testing.assert_array_equal(_sort(jnp.asarray(x)), np.sort(x, axis=-1))


def test_a_row_with_nan_is_nan_and_leaves_the_others():
    out = np.asarray(_sort(jnp.array([[3.0, jnp.nan, 1.0], [2.0, 3.0, 1.0]])))
    assert np.all(np.isnan(out[0]))
    np.testing.assert_array_equal(out[1], [1, 2, 3])


def test_gradients_follow_the_permutation_and_are_finite_at_ties():
    weights = jnp.array([1.0, 10.0, 100.0, 1000.0])
    gradient = jax.jit(jax.grad(lambda x: jnp.sum(weights * sort_few(x))))
    np.testing.assert_array_equal(gradient(jnp.array([3.0, 1.0, 4.0, 2.0])), [100.0, 1.0, 1000.0, 10.0])
    tied = np.asarray(gradient(jnp.array([2.0, 2.0, 2.0, 1.0])))
    np.testing.assert_array_equal(np.sort(tied), weights)
