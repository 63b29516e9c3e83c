"""Uncertain backgrounds at small counts, where the asymptotic formula of CLs fails."""

import numpy as np
import pytest

import portico
from portico.statistics import upper_limits
from portico.statistics.model import Counting


@pytest.mark.parametrize(("count", "background"), [(0, 0.01), (0, 94.0), (2, 1.3), (1, 5.0)])
def test_an_uncertainty_tightens_no_cls_limit(count, background):
    known = float(upper_limits.upper_limit(Counting(background), 0.9, "cls", count).value)
    uncertain = upper_limits.upper_limit(Counting(background, 0.1 * background, 0.01), 0.9, "cls", count)
    assert float(uncertain.value) >= known
    formula = upper_limits.upper_limit(Counting(background, 0.1 * background, 0.01), 0.9, "cls_asymptotic", count)
    assert float(formula.value) < known
    assert any("exact limit" in note for note in uncertain.notes)
    assert not any("exact limit for" in note for note in formula.notes)


def test_nothing_seen_excludes_2_3_events_whatever_the_background():
    limit = portico.count_limit(0, 0.01, background_uncertainty=0.1)
    assert limit.upper_limit_events == pytest.approx(np.log(10), rel=1e-9)


@pytest.mark.parametrize("method", ["bayes", "cls_hybrid", "likelihood_ratio"])
def test_a_vanishing_uncertainty_is_none(method):
    none = portico.count_limit(None, 94.1, method=method)
    for width in (1e-300, 1e-30, 1e-17, 1e-13):
        limit = portico.count_limit(None, 94.1, background_uncertainty=width, method=method)
        assert limit.upper_limit_events == pytest.approx(none.upper_limit_events, rel=1e-9)
        assert limit.expected == pytest.approx(none.expected, rel=1e-9)


def test_toys_far_from_the_background_end():
    """No memory without bound: a limit or a sentence."""
    with pytest.raises(portico.NumericsError, match="toys"):
        portico.count_limit(3, 1000.0, method="cls_toys", cl=0.5, toys=1000)


def test_a_limit_is_kept_where_its_coverage_fails(monkeypatch):
    def fails(*_, **__):
        raise portico.NumericsError("no coverage today.")

    monkeypatch.setattr(upper_limits, "coverage", fails)
    limit = portico.count_limit(3, 2.0, coverage=True)
    assert limit.coverage is None
    assert limit.upper_limit_events > 0
    assert limit.notes[-1] == "the coverage could not be computed: no coverage today."
