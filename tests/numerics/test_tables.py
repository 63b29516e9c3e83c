import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.numerics import tables

FINE = np.linspace(0.0, 1.0, 2001)
_interpolate = jax.jit(tables.interpolate)


def _interpolated(values, x=FINE):
    return np.asarray(_interpolate(tables.make_table(np.asarray(values, dtype=float), 0.0, 1.0), x))


SMOOTH = {
    "sine": lambda x: np.sin(3 * x + 0.5),
    "exponential": lambda x: np.exp(-2 * x),
    "bump": lambda x: 1 / (1 + 25 * (x - 0.3) ** 2),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_interpolation_converges_with_the_fourth_order(name):
    function = SMOOTH[name]
    counts = np.array([65, 129, 257, 513])
    errors = [np.max(np.abs(_interpolated(function(np.linspace(0, 1, n))) - function(FINE))) for n in counts]
    slope = np.polyfit(np.log(1 / (counts - 1)), np.log(errors), 1)[0]
    assert 3.7 < slope < 4.5  # not yet quite asymptotic at 65 points


@pytest.mark.parametrize(
    "function",
    [*SMOOTH.values(), np.sqrt, lambda x: np.abs(x - 0.4), lambda x: np.tanh(40 * (x - 0.5)), lambda x: np.sin(25 * x)],
    ids=[*SMOOTH, "sqrt", "kink", "step", "waves"],
)
@pytest.mark.parametrize("count", [17, 65, 129])
def test_the_error_of_a_table_is_honest(function, count):
    table = tables.make_table(function(np.linspace(0, 1, count)), 0.0, 1.0)
    true = np.max(np.abs(np.asarray(_interpolate(table, FINE)) - function(FINE)))
    assert true <= float(table.error)


def test_the_error_of_a_table_is_of_use():
    table = tables.make_table(SMOOTH["sine"](np.linspace(0, 1, 129)), 0.0, 1.0)
    assert float(table.error) < 1e-6


@given(st.lists(st.one_of(st.just(0.0), st.floats(0, 1e6)), min_size=12, max_size=12), st.sampled_from([1.0, -1.0]))
def test_monotone_data_stay_monotone(steps, sign):
    values = sign * np.cumsum([0.0, *steps])
    curve = sign * _interpolated(values)
    assert np.all(np.diff(curve) >= -1e-12 * max(abs(values[-1]), 1e-300))  # rounding of a cubic
    assert np.all((curve >= values.min() * sign - 1e-9) | (sign < 0))
    assert curve[0] == pytest.approx(sign * values[0], abs=1e-300)
    assert curve[-1] == pytest.approx(sign * values[-1], rel=1e-15)


@given(st.lists(st.floats(-1e3, 1e3), min_size=13, max_size=13))
def test_no_cell_overshoots_where_its_neighbourhood_is_monotone(values):
    values = np.array(values)
    curve = _interpolated(values)
    for cell in range(2, 10):
        window = np.diff(values[cell - 2 : cell + 4])
        if np.all(window > 0) or np.all(window < 0):
            inside = curve[(cell / 12 <= FINE) & ((cell + 1) / 12 >= FINE)]
            low, high = sorted(values[cell : cell + 2])
            assert low - 1e-9 <= inside.min()
            assert inside.max() <= high + 1e-9


def test_cubics_are_reproduced():
    x = np.linspace(0.0, 1.0, 17)
    np.testing.assert_allclose(_interpolated((x + 1) ** 3), (FINE + 1) ** 3, rtol=1e-14)


def test_nodes_are_hit_and_ends_hold_outside():
    x = np.linspace(0.0, 1.0, 17)
    values = np.random.default_rng(7).normal(size=17)
    np.testing.assert_allclose(_interpolated(values, x), values, rtol=1e-14)
    np.testing.assert_allclose(_interpolated(values, np.array([-3.0, 5.0])), values[[0, -1]], rtol=1e-15)


def test_rows_are_tables_of_their_own():
    x = np.linspace(0.0, 1.0, 17)
    values = np.stack([np.exp(x), np.sin(x), np.sqrt(x)])
    lower, upper = np.array([0.0, 1.0, -2.0]), np.array([1.0, 3.0, 2.0])
    table = tables.make_table(values, lower, upper)
    assert table.error.shape == (3,)
    for row in range(3):
        at = lower[row] + FINE[::100] * (upper - lower)[row]
        single = tables.make_table(values[row], lower[row], upper[row])
        both = jax.jit(tables.interpolate_row)(table, jnp.full(at.shape, row), at)
        np.testing.assert_allclose(both, _interpolate(single, at), rtol=1e-14)


def test_a_row_of_no_extent_gives_its_first_value():
    table = tables.make_table(np.full((1, 9), 3.0), np.ones(1), np.ones(1))
    assert float(tables.interpolate_row(table, 0, 1.0)) == 3.0


def test_a_table_may_be_a_constant_of_a_compiled_function():
    table = tables.tabulate(np.sin, 0.0, 1.0, 129)
    assert float(jax.jit(lambda x: tables.interpolate(table, x))(0.3)) == pytest.approx(np.sin(0.3), rel=1e-8)


def test_gradients_are_those_of_the_function():
    table = tables.tabulate(np.sin, 0.0, 1.0, 129)
    slope = jax.jit(jax.vmap(jax.grad(tables.interpolate, 1), in_axes=(None, 0)))(table, jnp.linspace(0.05, 0.95, 19))
    np.testing.assert_allclose(slope, np.cos(np.linspace(0.05, 0.95, 19)), rtol=1e-6)  # third order: (1/128)^3 / 24
