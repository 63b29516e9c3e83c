"""Median discovery: the printed formula, exact Poisson sums, and the entry by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import portico
from portico.errors import InvalidInput
from portico.statistics import upper_limits
from portico.statistics.discovery import EXACT_BELOW, asimov_significance, discovery_signal
from portico.statistics.model import Counting

THREE_SIGMA = 0.9973002039367398


def test_asimov_significance_by_hand():
    # arXiv:1007.1727, eq. (97): sqrt(2 (30 ln 1.5 - 10))
    assert asimov_significance(10.0, 20.0) == pytest.approx(np.sqrt(2 * (30 * np.log(1.5) - 10)), rel=1e-13)


def test_three_sigma_with_the_background_of_the_letter_of_intent():
    found = discovery_signal(165.0, THREE_SIGMA)
    assert asimov_significance(found, 165.0) == pytest.approx(3.0, rel=1e-10)
    assert found == pytest.approx(3 * np.sqrt(165.0), rel=0.04)  # z^2/6 = 1.5 events above s/sqrt(b)


def test_large_backgrounds_approach_s_over_sqrt_b():
    b = np.array([1e6, 1e10])
    np.testing.assert_allclose(discovery_signal(b, THREE_SIGMA), 3 * np.sqrt(b), rtol=1e-3)
    assert asimov_significance(1e-3, 1e6) == pytest.approx(1e-6, rel=1e-9)  # the difference would have lost all digits


def test_without_background_one_event_is_a_discovery():
    assert discovery_signal(0.0, THREE_SIGMA) == pytest.approx(np.log(2), rel=1e-12)


@given(st.floats(1e-3, EXACT_BELOW - 1e-6), st.floats(0.6, 0.99999))
def test_small_backgrounds_are_exact(background, cl):
    signal = float(discovery_signal(background, cl))
    count = next(n for n in range(200) if stats.poisson.sf(n - 1, background) <= (1 - cl) / 2)
    assert stats.poisson.sf(count - 1, signal + background) == pytest.approx(0.5, abs=1e-9)


@given(st.floats(1e-3, 1e8), st.floats(0.6, 0.99))
def test_more_is_needed_for_more_sigma(background, cl):
    assert discovery_signal(background, cl) <= discovery_signal(background, 1 - (1 - cl) / 100)  # equal: one count


def test_both_forms_meet_within_the_steps_of_a_count():
    low, high = discovery_signal(np.array([EXACT_BELOW * (1 - 1e-9), EXACT_BELOW]), THREE_SIGMA)
    assert low == pytest.approx(high, abs=1.0)


def test_the_method_by_name():
    found = portico.count_limit(None, 165.0, method="discovery", cl=THREE_SIGMA)
    assert found.upper_limit_events == discovery_signal(165.0, THREE_SIGMA)
    assert found.kind == "expected"
    with pytest.raises(InvalidInput, match=r"'discovery' is a figure of merit and takes no observed count"):
        portico.count_limit(3, 165.0, method="discovery")
    with pytest.raises(InvalidInput, match=r"'discovery' takes no uncertainties of the background"):
        portico.count_limit(None, 165.0, background_uncertainty=0.1, method="discovery")
    uncertain = portico.count_limit(None, 165.0, efficiency_uncertainty=0.15, method="discovery", cl=THREE_SIGMA)
    assert uncertain.upper_limit_events == found.upper_limit_events
    assert (found.notes, uncertain.notes) == ((), (upper_limits.SIGNAL_LEFT_OUT.format("discovery"),))
    both = portico.count_limit(None, 0.0, efficiency_uncertainty=0.15, method="discovery").notes
    assert (both[0].startswith("next to no background"), both[1:]) == (True, uncertain.notes)
    with pytest.raises(InvalidInput, match="covers nothing"):
        upper_limits.coverage(Counting(5.0), 0.9, "discovery", 1.0)
