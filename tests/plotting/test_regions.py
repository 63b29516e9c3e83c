from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path

import portico
from portico.plotting.regions import interval_region

ENDS = (1e-6, 1.0)
NAN, INF = np.nan, np.inf


def _inside(region, x, y):
    """Whether a point lies in one of the polygons; the plane is mass by the logarithm of the coupling."""
    return any(
        Path(np.column_stack([p[:, 0], np.log(p[:, 1])])).contains_point((x, np.log(y))) for p in region.polygons
    )


def _region(x, rows, **options):
    """A region from lists of intervals."""
    most = max(1, *(len(row) for row in rows))
    low, high = np.full((len(rows), most), NAN), np.full((len(rows), most), NAN)
    for k, row in enumerate(rows):
        for j, (a, b) in enumerate(row):
            low[k, j], high[k, j] = a, b
    return interval_region(np.asarray(x, float), low, high, ENDS, logarithmic=False, **options)


def test_pocket_that_opens_stays_open_and_closes_half_way():
    region = _region([1, 2, 3], [[(1e-4, INF)], [(1e-4, 1e-3), (1e-2, INF)], [(1e-4, 1e-3), (1e-2, INF)]])
    for x in (1.9, 2.1, 2.9):
        assert not _inside(region, x, 3e-3)
        assert _inside(region, x, 3e-4)
        assert _inside(region, x, 0.1)
    assert _inside(region, 1.4, 3e-3)  # the tip of the pocket is at 1.5
    assert not _inside(region, 1.6, np.sqrt(1e-5))


def test_island_ends_half_way_and_the_rest_goes_on():
    region = _region([1, 2, 3], [[(1e-2, INF)], [(1e-4, 1e-3), (1e-2, INF)], [(1e-2, INF)]])
    middle = np.sqrt(1e-7)
    assert [_inside(region, x, middle) for x in (1.4, 1.6, 2.4, 2.6)] == [False, True, True, False]
    for x in (1.1, 1.9, 2.1, 2.9):
        assert _inside(region, x, 0.1)
        assert not _inside(region, x, 3e-3)


def test_four_intervals_beside_two_are_told_apart():
    four = [(1e-5, 2e-5), (1e-4, 2e-4), (1e-3, 2e-3), (1e-2, INF)]
    region = _region([1, 2], [[four[0], four[3]], four])
    for low, high in (four[0], (four[3][0], 1.0)):
        assert all(_inside(region, x, np.sqrt(low * high)) for x in (1.1, 1.9))
    for low, high in four[1:3]:
        assert [_inside(region, x, np.sqrt(low * high)) for x in (1.1, 1.9)] == [False, True]


def test_pocket_and_island_are_told_apart_by_what_moves_least():
    region = _region([1, 2], [[(4e-3, INF)], [(1.4e-3, 2.5e-3), (5.6e-3, INF)]])
    assert not _inside(region, 1.9, 4e-3)
    assert not _inside(region, 1.2, 2e-3)  # the lower interval has begun between the two masses
    joined = _region([1, 2], [[(1.4e-3, INF)], [(1.4e-3, 2.5e-3), (3e-3, INF)]])
    assert _inside(joined, 1.2, 2e-3)


def test_points_that_are_not_known_leave_a_gap():
    low = np.array([[1e-4], [NAN], [1e-4], [1e-4]])
    high = np.array([[1e-2], [INF], [1e-2], [1e-2]])
    region = interval_region(np.arange(4.0), low, high, ENDS, logarithmic=False)
    assert len(region.polygons) == 1
    assert region.polygons[0][:, 0].min() == 2
    # nothing excluded is something else: there the interval ends
    high[1] = NAN
    assert interval_region(np.arange(4.0), low, high, ENDS, logarithmic=False).polygons[0][:, 0].max() == 0.5


def test_no_line_runs_along_the_frame():
    region = _region([1, 2, 3], [[(1e-9, 1e-3), (1e-2, INF)]] * 3)
    edges = sorted({round(float(y), 9) for line in region.lines for y in line[:, 1]})
    assert edges == [1e-3, 1e-2]


@st.composite
def _rows(draw):
    """Intervals at five masses, up to four at each."""
    rows = []
    for _ in range(5):
        count = draw(st.integers(0, 4))
        edges = sorted(
            draw(
                st.lists(
                    st.floats(-13.0, -0.5), min_size=2 * count, max_size=2 * count, unique_by=lambda v: round(v, 2)
                )
            )
        )
        rows.append([(np.exp(edges[2 * k]), np.exp(edges[2 * k + 1])) for k in range(count)])
    return rows


@given(_rows())
def test_region_is_the_intervals_at_every_mass(rows):
    """Next to each mass the polygons hold just what the intervals there hold, whatever their number."""
    region = _region(range(5), rows)
    for k, row in enumerate(rows):
        ends = np.sort(np.concatenate([[np.log(ENDS[0]), np.log(ENDS[1])], *[np.log(pair) for pair in row]]))
        for j, (a, b) in enumerate(pairwise(ends)):
            if b - a > 1e-2:
                for x in (k - 1e-6, k + 1e-6):
                    if 0 < x < 4:
                        assert _inside(region, x, np.exp(0.5 * (a + b))) == (j % 2 == 1)


def test_drawn_intervals_have_a_legend_and_an_edge():
    ax = portico.plot.excluded_intervals([1.0, 2.0, 3.0], [[1e-4, 1e-2], [1e-4, NAN], [1e-4, 1e-2]], [[1e-3, INF], [INF, NAN], [1e-3, INF]], label="some")  # fmt: skip
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["some"]
    assert ax.get_ylim() == pytest.approx((1e-5, 1e-1))
    assert len(ax.collections) == 2


def test_grid_is_drawn_where_it_is_above_zero():
    mass, epsilon = np.geomspace(0.1, 8, 30), np.geomspace(1e-5, 1, 60)
    excess = np.log(epsilon[None, :] / (1e-3 * mass[:, None]))
    ax = portico.plot.excluded_region(mass, epsilon, excess, label="line")
    points = np.concatenate([path.vertices for path in ax.collections[1].get_paths()])
    np.testing.assert_allclose(points[:, 1], 1e-3 * points[:, 0], rtol=2e-2)  # between grid points
    nothing = portico.plot.excluded_region(mass, epsilon, np.full((30, 60), -INF), label="line")
    assert not nothing.collections


def test_wrong_shapes_are_refused():
    with pytest.raises(portico.InvalidInput, match=r"2 masses with edges of shape \(3, 1\) and \(3, 1\)"):
        portico.plot.excluded_intervals([1.0, 2.0], np.ones((3, 1)), np.ones((3, 1)))
    with pytest.raises(portico.InvalidInput, match="an interval ends below its start"):
        portico.plot.excluded_intervals([1.0, 2.0], np.full((2, 1), 2.0), np.ones((2, 1)))
    with pytest.raises(portico.InvalidInput, match="more than 8 intervals at one mass"):
        portico.plot.excluded_intervals([1.0, 2.0], np.ones((2, 9)), np.ones((2, 9)))
    with pytest.raises(portico.InvalidInput, match="mass: expected at least two numbers above 0, the smallest first"):
        portico.plot.excluded_intervals([2.0, 1.0], np.ones((2, 1)), np.ones((2, 1)))
    with pytest.raises(portico.InvalidInput, match=r"2 masses and 3 mixings with values of shape \(2, 2\)"):
        portico.plot.excluded_region([1.0, 2.0], [0.1, 0.2, 0.3], np.ones((2, 2)))
