import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.errors import InvalidInput
from portico.numerics.polylines import make_polyline, on_polyline

COUNT = 40


@given(
    gaps=st.lists(st.floats(-5.0, 0.0), min_size=COUNT - 1, max_size=COUNT - 1),
    values=st.lists(st.floats(-3.0, 3.0), min_size=COUNT, max_size=COUNT),
    start=st.floats(-5.0, 5.0),
)
def test_polylines_are_those_of_numpy(gaps, values, start):
    x = start + np.concatenate([[0.0], np.cumsum(10.0 ** np.array(gaps))])
    line = make_polyline(x, np.array(values))
    # the index has as many parts as the nodes need: padded, so that one compilation serves all
    line = line._replace(node=np.pad(line.node, (0, max(0, (1 << 20) - line.node.size)), mode="edge"))
    at = np.concatenate([x, np.nextafter(x, -9), np.nextafter(x, 99), (x[1:] + x[:-1]) / 2, [x[0] - 1, x[-1] + 1]])
    # a step of 1e-16 of x moves the value by the largest slope times it
    steepest = np.max(np.abs(np.diff(values) / np.diff(x)))
    found, expected = np.asarray(on_polyline(line, at)), np.interp(at, x, values)
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14 + 4e-15 * steepest)


def test_outside_nan_slopes_and_shapes():
    line = make_polyline(np.array([0.0, 1.0, 1.001, 3.0]), np.array([1.0, 2.0, 5.0, 1.0]))
    at = np.array([[-1.0, 0.0, np.nan], [3.0, 4.0, np.inf]])
    np.testing.assert_array_equal(on_polyline(line, at), [[1.0, 1.0, np.nan], [1.0, 1.0, 1.0]])
    slopes = jax.vmap(jax.grad(lambda x: on_polyline(line, x)))(jnp.array([-1.0, 0.5, 1.0005, 2.0, 4.0]))
    np.testing.assert_allclose(slopes, [0.0, 1.0, 3000.0, -4 / 1.999, 0.0], rtol=1e-12)


def test_nodes_that_no_index_holds_are_told():
    with pytest.raises(InvalidInput, match="node 2 at 1 follows 1; expected nodes that rise"):
        make_polyline(np.array([0.0, 1.0, 1.0]), np.zeros(3))
    with pytest.raises(InvalidInput, match="expected at most 4194304"):
        make_polyline(np.array([0.0, 1e-12, 1.0]), np.zeros(3))
