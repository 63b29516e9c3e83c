import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import pdtr

from portico.errors import InvalidInput
from portico.statistics import toys, upper_limits
from portico.statistics.model import CONSTRAINTS, Counting
from portico.statistics.upper_limits import Options

WORKSPACE = json.loads((Path(__file__).parents[1] / "reference" / "statistics.json").read_text())["workspace"]
FEW = Options(toys=20_000)


def _limit(counting, observed, cl=0.95, options=FEW):
    return upper_limits.upper_limit(counting, cl, "cls_toys", observed, options)


def test_reference_workspace():
    found = _limit(Counting(10.0, 3.0, constraint="gamma"), 12, options=Options())
    assert found.value / WORKSPACE["signal"] == pytest.approx(WORKSPACE["toys_95"], abs=0.01)  # three digits are given
    assert 0 < found.error < 0.01 * found.value


def test_same_seed_same_limit_and_the_error_covers_another_seed():
    counting = Counting(10.0, 3.0, constraint="gamma")
    one, again = _limit(counting, 12), _limit(counting, 12)
    assert one.value == again.value
    others = [_limit(counting, 12, options=Options(seed, 20_000)) for seed in range(2, 8)]
    spread = np.std([float(o.value) for o in others], ddof=1)
    assert spread < 2 * one.error  # chi with 5 degrees of freedom: above 2 in 1e-3 of cases
    assert spread > 0.2 * one.error


def test_limit_of_a_known_background_is_that_of_exact_counting():
    """With one bin the statistic is monotonic in the count: the toys throw the exact CLs."""
    found = _limit(Counting(9.0), 9, cl=0.9)
    exact = upper_limits.upper_limit(Counting(9.0), 0.9, "cls_exact", 9).value
    assert abs(found.value - exact) < 4 * found.error


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_every_constraint_is_near_the_asymptotic_limit(constraint):
    counting = Counting(100.0, 10.0, 0.1, 0.0, constraint)
    near = upper_limits.upper_limit(counting, 0.9, "cls_asymptotic", 100).value
    found = _limit(counting, 100, cl=0.9)
    assert found.value == pytest.approx(near, rel=0.04)  # 2.5% of the formula at 100 events and 1% of the toys


def test_band_of_toys_is_ordered_and_holds_the_median():
    counting = Counting(10.0, 3.0, constraint="gamma")
    band = np.array(upper_limits.expected_band(counting, 0.9, "cls_toys", options=FEW))
    assert np.all(np.diff(band) > 0)
    asymptotic = upper_limits.expected_band(counting, 0.9, "cls_asymptotic").median
    assert band[2] == pytest.approx(asymptotic, rel=0.1)


@pytest.mark.parametrize("mean", [0.0, 0.3, 9.0, 400.0])
def test_counts_follow_the_poisson_distribution(mean):
    uniform = (np.arange(20_000) + 0.5) / 20_000
    counts = toys.poisson_counts(mean, uniform)
    assert counts.size == uniform.size
    k = np.arange(0, int(mean + 10 * np.sqrt(mean) + 10))
    below = np.searchsorted(counts, k, side="right") / counts.size
    np.testing.assert_allclose(below, pdtr(k, mean), atol=1e-4)  # one of 20000


def test_too_few_toys_are_refused():
    with pytest.raises(InvalidInput, match=r"1000 toys are too few for cl = 0\.999; expected at least 10000"):
        _limit(Counting(9.0), 9, cl=0.999, options=Options(toys=1000))
