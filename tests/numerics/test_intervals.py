import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.numerics.intervals import find_intervals

GRID = np.geomspace(1e-8, 1.0, 97)


def _one(function, level, grid=GRID, **options):
    """Intervals of one point, as a list of pairs."""
    found = find_intervals(lambda point, x: function(x), np.array([level]), grid, **options)
    assert found.edges.shape[-1] == 2
    assert np.all(np.isnan(found.edges[0, found.number[0] :]))
    return [tuple(pair) for pair in found.edges[0, : found.number[0]]]


def _gaussian(x, centre, width):
    return np.exp(-0.5 * (np.log(x / centre) / width) ** 2)


@given(st.floats(0.5, 8.0), st.floats(-6.0, -1.0))
def test_power_law_has_its_edge_where_algebra_says(power, log_edge):
    edge = 10**log_edge
    ((low, high),) = _one(lambda x: (x / edge) ** power, 1.0)
    assert low == pytest.approx(edge, rel=2e-9)  # the tolerance is 1e-9 in ln x, or in the logarithm of the function
    assert high == np.inf


def test_a_falling_function_is_excluded_from_the_start():
    ((low, high),) = _one(lambda x: 1e-4 / x, 1.0)
    assert low == GRID[0]
    assert high == pytest.approx(1e-4, rel=2e-9)


@pytest.mark.parametrize("width", [0.3, 1.0, 1.6])
@pytest.mark.parametrize("height", [1.1, 10.0, 1e5])
def test_a_window_is_bounded_on_both_sides(width, height):
    """x^2 growth against decay before the detector: excluded above and allowed again further up."""
    ((low, high),) = _one(lambda x: height * _gaussian(x, 3.3e-4, width), 1.0)
    reach = width * np.sqrt(2 * np.log(height))
    assert low == pytest.approx(3.3e-4 * np.exp(-reach), rel=1e-8)
    assert high == pytest.approx(3.3e-4 * np.exp(reach), rel=1e-8)


def test_a_yield_with_decay_has_two_edges_that_solve_the_equation():
    def function(x):
        return 1e12 * x**2 * np.exp(-np.minimum((x / 1e-4) ** 2, 700.0))

    ((low, high),) = _one(function, 3.0)
    np.testing.assert_allclose(function(np.array([low, high])), 3.0, rtol=1e-6)
    assert low == pytest.approx(np.sqrt(3e-12), rel=1e-3)  # decay negligible there
    assert 1e-4 < high < 1e-3


def test_several_peaks_give_several_intervals():
    centres = np.array([1e-7, 2e-5, 3e-3, 0.2])

    def function(x):
        return 0.5 + 4 * sum(_gaussian(x, c, 0.4) for c in centres)

    found = _one(function, 1.0)
    reach = 0.4 * np.sqrt(2 * np.log(8.0))
    assert len(found) == 4
    for (low, high), centre in zip(found, centres, strict=True):
        assert low == pytest.approx(centre * np.exp(-reach), rel=1e-8)
        assert high == pytest.approx(centre * np.exp(reach), rel=1e-8)


@pytest.mark.parametrize("shift", np.linspace(0, 1, 9))
def test_a_peak_that_pokes_out_between_two_samples_is_found(shift):
    """Wider than a 16th of a cell, and seen by the samples as an extremum below the level."""
    step = np.log(GRID[1] / GRID[0])
    centre = GRID[50] * np.exp(shift * step)
    width = 0.6 * step
    reach = 0.25 * step
    level = float(np.exp(-0.5 * (reach / width) ** 2))
    ((low, high),) = _one(lambda x: _gaussian(x, centre, width), level)
    assert low == pytest.approx(centre * np.exp(-reach), rel=1e-8)
    assert high == pytest.approx(centre * np.exp(reach), rel=1e-8)


@pytest.mark.parametrize("shift", np.linspace(0, 1, 9))
def test_a_dip_between_two_samples_is_found(shift):
    step = np.log(GRID[1] / GRID[0])
    centre = GRID[50] * np.exp(shift * step)
    width, reach = 0.6 * step, 0.25 * step
    level = float(np.exp(0.5 * (reach / width) ** 2))
    found = _one(lambda x: np.exp(np.minimum(0.5 * (np.log(x / centre) / width) ** 2, 600.0)), level)
    assert len(found) == 2
    assert found[0][0] == GRID[0]
    assert found[0][1] == pytest.approx(centre * np.exp(-reach), rel=1e-8)
    assert found[1][0] == pytest.approx(centre * np.exp(reach), rel=1e-8)
    assert found[1][1] == np.inf


def test_touching_the_level_gives_one_interval_or_none_but_no_nonsense():
    found = _one(lambda x: _gaussian(x, GRID[40], 1.0), 1.0)  # the maximum is a sample and equals the level
    assert len(found) <= 1
    for low, high in found:
        assert low <= high
        assert low == pytest.approx(GRID[40], rel=1e-3)  # within sqrt of the tolerance of the level


def test_zero_everywhere_is_nowhere_above():
    assert _one(np.zeros_like, 1.0) == []


def test_above_everywhere_is_the_whole_range():
    assert _one(np.ones_like, 0.5) == [(GRID[0], np.inf)]
    assert _one(np.ones_like, 1.0) == [(GRID[0], np.inf)]  # the set is closed


def test_a_function_that_starts_at_zero_has_its_edge_at_the_step():
    ((low, high),) = _one(lambda x: np.where(x > 3e-3, 5.0, 0.0), 1.0)
    assert low == pytest.approx(3e-3, rel=1e-8)
    assert high == np.inf
    ((low, high),) = _one(lambda x: np.where(x < 3e-3, 5.0, 0.0), 1.0)
    assert low == GRID[0]
    assert high == pytest.approx(3e-3, rel=1e-8)


def test_rows_with_nan_have_no_interval_and_leave_the_others_alone():
    def function(point, x):
        return np.where(point == 1, np.nan, x)

    found = find_intervals(function, np.array([1e-3, 1e-3, 1e-5]), GRID)
    np.testing.assert_array_equal(found.number, [1, 0, 1])
    assert np.all(np.isnan(found.edges[1]))
    np.testing.assert_allclose(found.edges[[0, 2], 0, 0], [1e-3, 1e-5], rtol=2e-9)


def test_no_points_give_no_intervals():
    found = find_intervals(lambda point, x: x, np.array([]), GRID)
    assert found.number.shape == (0,)


def test_many_points_together_equal_each_alone():
    random = np.random.default_rng(11)
    centre, width = 10 ** random.uniform(-7, -1, (60, 3)), random.uniform(0.2, 1.5, (60, 3))
    slope = random.uniform(-0.3, 0.3, 60)
    level = random.uniform(0.05, 1.4, 60)

    def function(point, x):
        return x ** slope[point] * 0.3 + _gaussian(x[:, None], centre[point], width[point]).sum(axis=-1)

    together = find_intervals(function, level, GRID)
    assert together.edges.shape[0] == 60
    assert set(together.number) >= {0, 1, 2}  # the sample has variety
    for point in range(60):
        alone = find_intervals(lambda p, x, k=point: function(np.full(p.shape, k), x), level[point : point + 1], GRID)
        assert alone.number[0] == together.number[point]
        mine = together.edges[point, : alone.number[0]]
        np.testing.assert_allclose(mine, alone.edges[0, : alone.number[0]], rtol=5e-9)
        # edges inside the range solve the equation; between edges the function is above
        inner = mine[np.isfinite(mine) & (mine > GRID[0])]
        np.testing.assert_allclose(function(np.full(inner.shape, point), inner), level[point], rtol=1e-7)


@given(
    st.lists(st.tuples(st.floats(-7, -1), st.floats(0.5, 2.0), st.floats(0.1, 10.0)), min_size=1, max_size=4),
    st.floats(0.2, 5.0),
)
def test_membership_agrees_with_a_dense_scan(peaks, level):
    def function(x):
        return sum(h * _gaussian(x, 10**c, w) for c, w, h in peaks)

    found = _one(function, level)
    dense = np.geomspace(GRID[0], GRID[-1], 4001)
    value = function(dense)
    inside = np.zeros(dense.shape, bool)
    for low, high in found:
        inside |= (dense >= low) & (dense <= high)
    clear = np.abs(np.log(np.maximum(value, 1e-300) / level)) > 1e-3  # the peaks are wider than the sampling
    np.testing.assert_array_equal(inside[clear], (value >= level)[clear])


@pytest.mark.parametrize("power", [0, 6])
@pytest.mark.parametrize("zero", [1.03e-3, 1.3e-3, 1.6e-3])
def test_a_hole_where_couplings_cancel_is_found_however_narrow(zero, power):
    """(1 - x/x0)^2 over its level to the left and right of x0, where the hole is a thousandth of a cell wide."""
    grid = np.geomspace(1e-8, 0.5, 33)

    def function(index, x):
        return (1 - x / zero) ** 2 * (x / zero) ** power

    found = find_intervals(function, np.array([1e-8]), grid)
    low, high = zero * (1 - 1e-4), zero * (1 + 1e-4)
    edges = found.edges[0, : found.number[0]].ravel()
    assert edges[1] == pytest.approx(low, rel=1e-6)
    assert edges[2] == pytest.approx(high, rel=1e-6)
