import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.numerics import splines

COUNT = 12


def _spline(values, x):
    """The spline through values on an even grid of [0, 1]."""
    coefficients = splines.spline_matrix(len(values)) @ values
    cell, weights = splines.spline_weights(np.asarray(x) * (len(values) - 1), len(values) - 1)
    return np.sum(coefficients[cell[..., None] + np.arange(4)] * weights, axis=-1)


@given(st.lists(st.floats(-10, 10), min_size=4, max_size=4), st.floats(0, 1))
def test_cubic_polynomials_are_exact(powers, x):
    grid = np.linspace(0, 1, COUNT)
    assert _spline(np.polyval(powers, grid), x) == pytest.approx(np.polyval(powers, x), abs=1e-11)


def test_spline_goes_through_its_values_and_end_values_hold_outside():
    values = np.random.default_rng(1).normal(size=COUNT)
    np.testing.assert_allclose(_spline(values, np.linspace(0, 1, COUNT)), values, atol=1e-12)
    np.testing.assert_allclose(_spline(values, [-3.0, 7.0]), values[[0, -1]], atol=1e-12)


@given(st.floats(0, COUNT - 1))
def test_weights_are_positive_and_add_to_one(position):
    _, weights = splines.spline_weights(position, COUNT - 1)
    assert np.all(weights >= 0)
    assert np.sum(weights) == pytest.approx(1, abs=1e-14)


def test_error_falls_with_the_fourth_power_of_the_step():
    x = np.linspace(0.3, 0.7, 101)
    errors = [np.max(np.abs(_spline(np.sin(9 * np.linspace(0, 1, n)), x) - np.sin(9 * x))) for n in (21, 41)]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.3)


def test_polynomials_are_the_same_spline():
    values = np.random.default_rng(2).normal(size=(3, COUNT))
    coefficients = values @ splines.spline_matrix(COUNT).T
    powers = splines.polynomials(coefficients)
    assert powers.shape == (3, COUNT - 1, 4)
    x = np.random.default_rng(3).uniform(0, 1, 20)
    cell, rest = splines.cell_and_rest(x * (COUNT - 1), COUNT - 1)
    found = np.sum(powers[:, cell] * rest[:, None] ** np.arange(4), axis=-1)
    np.testing.assert_allclose(found, [_spline(row, x) for row in values], atol=1e-12)
