import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, xlogy

from portico.errors import InvalidInput
from portico.statistics import feldman_cousins, upper_limits
from portico.statistics.model import Counting

DATA = json.loads((Path(__file__).parents[1] / "reference" / "statistics.json").read_text())["feldman_cousins"]


def test_upper_ends_of_the_belt():
    found = upper_limits.upper_limit(
        Counting(np.array(DATA["background"], dtype=float)), 0.9, "feldman_cousins", np.array(DATA["observed"])
    )
    np.testing.assert_allclose(found.value, DATA["upper"], atol=DATA["tolerance"])


def test_monotonised_upper_end():
    data = DATA["monotonised"]
    found = feldman_cousins.monotonised_upper(data["observed"], data["background"], 0.9)
    assert found == pytest.approx(data["upper"], abs=DATA["tolerance"])


@pytest.mark.parametrize(
    ("count", "background", "low", "high"), [(3, 0.5, 0.60, 6.92), (6, 0.0, 2.21, 11.47), (10, 3.0, 2.63, 13.50)]
)
def test_published_intervals(count, background, low, high):
    """Phys. Rev. D 57 (1998) 3873, table IV, two decimals."""
    found = feldman_cousins.interval(count, background, 0.9)
    np.testing.assert_allclose(found, (low, high), atol=6e-3)


def _accepted_by_sorting(signal, background, cl):
    """Counts in the order of their ratio, added up until the level is reached."""
    n = np.arange(0, 400)
    mean, best = signal + background, np.maximum(n, background)
    log = xlogy(n, mean) - mean
    ratio = log - (xlogy(n, best) - best)
    probability = np.exp(log - gammaln(n + 1))
    order = np.argsort(-ratio, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(probability[order])[:-1]])
    return set(n[order][before < cl].tolist())


@settings(max_examples=40)
@given(st.floats(0.01, 40), st.floats(0, 20), st.sampled_from([0.68, 0.9, 0.95]))
def test_acceptance_is_that_of_sorting(signal, background, cl):
    sorted_ones = _accepted_by_sorting(signal, background, cl)
    ours = {n for n in range(100) if feldman_cousins.accepted(np.array(signal), np.array(background), n, cl)}
    different = sorted_ones ^ ours
    # ratios that agree to the last digits, or a sum that meets the level, may go either way
    assert len(different) <= 1


@pytest.mark.parametrize(("count", "background"), [(0, 2.5), (0, 3.5), (1, 5.0)])
def test_hull_goes_past_gaps(count, background):
    upper = feldman_cousins.interval(count, background, 0.9)[1]
    grid = np.arange(upper + 1e-6, upper + 8, 1e-3)
    assert not np.any(feldman_cousins.accepted(grid, np.array(background), count, 0.9))
    assert feldman_cousins.accepted(np.array(upper - 1e-7), np.array(background), count, 0.9)


def test_monotonised_end_does_not_rise_with_a_smaller_background():
    ends = [feldman_cousins.monotonised_upper(0, b, 0.9) for b in (2.9, 3.0, 3.4, 3.45, 3.5)]
    assert np.all(np.diff(ends) <= 2e-5)
    raw = [feldman_cousins.interval(0, b, 0.9)[1] for b in (3.0, 3.5)]
    assert raw[1] > raw[0]


def test_belt_needs_whole_and_not_too_many_counts():
    with pytest.raises(InvalidInput, match=r"observed = 2\.5 is not a count"):
        feldman_cousins.interval(2.5, 1.0, 0.9)
    with pytest.raises(InvalidInput, match="not offered; use 'cls'"):
        feldman_cousins.interval(20_000, 1.0, 0.9)
