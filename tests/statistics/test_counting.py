import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import gammaln, ndtr

from portico.errors import InvalidInput
from portico.statistics import counting, upper_limits
from portico.statistics.model import Counting

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "statistics.json").read_text())
BACKGROUND = st.floats(0.01, 2000)
COUNT = st.integers(0, 300)
LEVEL = st.sampled_from([0.5, 0.68, 0.9, 0.95, 0.99, 0.9999])


def _limit(background, cl, method, observed=None):
    return upper_limits.upper_limit(Counting(background), cl, method, observed).value


def _one(background, cl, method, observed=None):
    count = None if observed is None else np.array([float(observed)])
    return float(_limit(np.array([float(background)]), cl, method, count)[0])


def _cumulative(count, mean):
    """P(N <= count | mean) summed term by term in logarithms: its logarithm."""
    k = np.arange(int(count) + 1)
    terms = k * np.log(mean) - mean - gammaln(k + 1)
    return float(np.logaddexp.reduce(terms))


# --- anchors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["sqrt_b", "likelihood_ratio", "cls", "cls_95"])
def test_required_signal_at_94_background_events(case):
    data = REFERENCE["required_signal_at_94"]
    method = case.removesuffix("_95")
    signal = _one(94, data[case]["cl"], method, 94 if method == "cls" else None)
    assert signal == pytest.approx(data[case]["signal"], rel=data["tolerance"])


@pytest.mark.parametrize("background", [0.0, 1e-300, 0.5, 3, 94, 800, 1e5])
def test_limit_without_candidate_does_not_depend_on_the_background(background):
    data = REFERENCE["limit_without_candidate"]
    assert _one(background, 0.9, "cls", 0) == pytest.approx(data["signal"], rel=data["tolerance"])


def test_cross_section_limits_with_known_inputs():
    data = REFERENCE["cross_section_limits"]
    limit = _limit(np.array(data["background"], dtype=float), 0.9, "cls", np.array(data["observed"], dtype=float))
    per_fb = data["luminosity_per_pb"] * 1e-3 * data["efficiency"]
    np.testing.assert_allclose(limit / per_fb, data["limit_fb"], rtol=data["tolerance"])


@pytest.mark.parametrize(("cl", "z"), [(0.90, 1.6448536), (0.95, 1.9599640), (0.6826895, 1.0)])
def test_two_sided_quantile(cl, z):
    assert counting.two_sided_quantile(cl) == pytest.approx(z, rel=1e-7)  # seven digits


# --- CLs -----------------------------------------------------------------------------------------------------------


@given(COUNT, BACKGROUND, LEVEL)
def test_cls_at_its_limit_is_one_minus_cl(count, background, cl):
    limit = _one(background, cl, "cls", count)
    value = counting.cls_value(np.array([limit]), np.array([background]), np.array([float(count)]))[0]
    # 1e-12 of s + b, where the root is sought, is up to 2e3 * 1e-12 in s
    assert value == pytest.approx(1 - cl, rel=1e-7)
    assert limit > 0


@pytest.mark.parametrize(
    ("count", "background", "signal"), [(0, 800, 2.0), (3, 2, 4.0), (50, 900, 30.0), (94, 94, 17.0)]
)
def test_cls_value_is_the_ratio_of_two_poisson_sums(count, background, signal):
    expected = np.exp(_cumulative(count, background + signal) - _cumulative(count, background))
    value = counting.cls_value(np.array([signal]), np.array([float(background)]), np.array([float(count)]))[0]
    assert value == pytest.approx(expected, rel=1e-9)  # logarithms of up to 1e3 lose 1e-13 of 1e3


@given(COUNT, BACKGROUND, LEVEL)
def test_limit_rises_with_the_count_and_falls_with_the_background(count, background, cl):
    here = _one(background, cl, "cls", count)
    assert _one(background, cl, "cls", count + 1) > here
    assert _one(background * 1.1, cl, "cls", count) <= here * (1 + 1e-9)


@given(st.sampled_from(["cls", "likelihood_ratio", "sqrt_b"]), BACKGROUND)
def test_limit_rises_with_the_confidence_level(method, background):
    limits = [_one(background, cl, method) for cl in (0.5, 0.68, 0.9, 0.95, 0.99, 0.9999)]
    assert np.all(np.diff(limits) > 0)


@pytest.mark.parametrize("background", [0.1, 0.5, 2.0, 8.0, 38.0])
@pytest.mark.parametrize("signal", [0.3, 2.0, 5.0, 20.0])
def test_cls_covers_at_least_as_often_as_it_says(background, signal):
    count = np.arange(0, 400)
    probability = np.exp(count * np.log(signal + background) - signal - background - gammaln(count + 1))
    limit = _limit(np.full(count.size, background), 0.9, "cls", count.astype(float))
    covered = probability[limit >= signal].sum()
    assert probability.sum() == pytest.approx(1.0, abs=1e-12)
    assert covered >= 0.9 - 1e-12


@pytest.mark.parametrize("method", ["cls", "likelihood_ratio", "sqrt_b"])
def test_large_backgrounds_approach_the_gaussian(method):
    """CLs of a Gaussian with n = b: 2 (1 - Phi(s/sqrt(b))) = 1 - CL, which is 1.645 sqrt(b) for all three."""
    background = 1e8
    limit = _one(background, 0.9, method, None if method == "sqrt_b" else background)
    assert limit / np.sqrt(background) == pytest.approx(1.6448536, rel=1e-3)  # next term ~ 1/sqrt(b) = 1e-4


# --- likelihood ratio ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "background"),
    [(0, 0.0), (0, 0.5), (0, 94.0), (1, 3.0), (3, 2.0), (10, 2.0), (94, 94.0), (2, 500.0), (5000, 10.0)],
)
@pytest.mark.parametrize("cl", [0.68, 0.9, 0.99])
def test_likelihood_ratio_against_root_finding(count, background, cl):
    def minus_log(signal):
        mean = signal + background
        return mean - (count * np.log(mean) if count else 0.0)

    best = max(count - background, 0.0)
    lowest = minus_log(best) + counting.two_sided_quantile(cl) ** 2 / 2
    root = brentq(lambda s: minus_log(s) - lowest, best, best + 50 + 20 * np.sqrt(count + 1), xtol=1e-12, rtol=1e-14)
    assert _one(background, cl, "likelihood_ratio", count) == pytest.approx(
        root, rel=1e-8, abs=1e-9
    )  # cancels in s + b


def test_likelihood_ratio_without_candidate_is_half_of_z_squared():
    assert _one(94.0, 0.9, "likelihood_ratio", 0) == pytest.approx(1.6448536**2 / 2, rel=1e-7)


def test_expected_likelihood_ratio_is_that_of_the_asimov_data():
    assert _one(94.1, 0.9, "likelihood_ratio") == _one(94.1, 0.9, "likelihood_ratio", 94.1)


# --- quantiles and bands -------------------------------------------------------------------------------------------


@given(st.sampled_from([float(ndtr(z)) for z in (-2, -1, 0, 1, 2)] + [0.1, 0.9]), st.floats(1e-3, 500))
def test_poisson_quantile_against_summing_up(probability, mean):
    count = 0
    while np.exp(_cumulative(count, mean)) < probability:
        count += 1
    assert float(counting.poisson_quantile(probability, np.array(mean))) == count


def test_poisson_quantile_without_background_is_zero():
    np.testing.assert_array_equal(counting.poisson_quantile(0.5, np.array([0.0, 1e-12])), 0.0)


@given(st.sampled_from(["cls", "likelihood_ratio", "sqrt_b"]), BACKGROUND, LEVEL)
def test_band_is_ordered_around_the_median(method, background, cl):
    band = upper_limits.expected_band(Counting(np.array([background])), cl, method)
    values = np.array([band.minus2, band.minus1, band.median, band.plus1, band.plus2]).ravel()
    assert np.all(np.diff(values) >= 0)
    assert band.median[0] == _one(background, cl, method)
    if method == "sqrt_b":
        assert np.ptp(values) == 0


def test_band_at_94_holds_the_limits_at_its_quantiles():
    band = upper_limits.expected_band(Counting(np.array([94.0])), 0.9, "cls")
    for values, count in (
        (band.minus2, 75),
        (band.minus1, 84),
        (band.median, 94),
        (band.plus1, 104),
        (band.plus2, 114),
    ):
        assert (
            float(
                counting.poisson_quantile(float(ndtr({75: -2, 84: -1, 94: 0, 104: 1, 114: 2}[count])), np.array(94.0))
            )
            == count
        )
        assert values[0] == _one(94, 0.9, "cls", count)


# --- arrays --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["cls", "likelihood_ratio", "sqrt_b"])
@pytest.mark.parametrize("with_count", [True, False])
def test_arrays_equal_loops(method, with_count):
    if method == "sqrt_b" and with_count:
        with_count = False
    background = np.array([[0.5, 2.0, 94.0], [800.0, 3000.0, 1e-3]])
    count = np.array([0.0, 3.0, 90.0]) if with_count else None
    limit = _limit(background, 0.9, method, count)
    assert limit.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            one = _one(background[i, j], 0.9, method, None if count is None else count[j])
            assert limit[i, j] == pytest.approx(one, rel=1e-13)


# --- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cl", [0.0, 1.0, 1.5, -0.1, np.nan])
def test_confidence_level_outside_its_range_is_refused(cl):
    with pytest.raises(InvalidInput, match=r"cl = .* is not a confidence level; expected a number between 0 and 1"):
        _one(94, cl, "cls")


@pytest.mark.parametrize("background", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("method", ["cls", "likelihood_ratio", "sqrt_b"])
def test_background_must_be_finite_and_not_negative(background, method):
    with pytest.raises(
        InvalidInput, match=r"background = .* is not allowed; expected a finite number of events, at least 0"
    ):
        _one(background, 0.9, method)


@pytest.mark.parametrize("observed", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("method", ["cls", "likelihood_ratio"])
def test_observed_must_be_a_count(observed, method):
    with pytest.raises(InvalidInput, match=r"observed = .* is not allowed; expected a count, at least 0"):
        _one(94, 0.9, method, observed)


def test_figure_of_merit_takes_no_count():
    with pytest.raises(InvalidInput, match=r"'sqrt_b' is a figure of merit and takes no observed count; use 'cls'"):
        _one(94, 0.9, "sqrt_b", 94)
    with pytest.raises(InvalidInput, match=r"'sqrt_b' needs a background above 0"):
        _one(0, 0.9, "sqrt_b")


def test_every_method_names_its_source():
    assert set(upper_limits.SOURCES) == set(upper_limits.METHODS)
    assert all(upper_limits.SOURCES.values())


def test_likelihood_limit_of_a_vanishing_background_is_that_of_none():
    for background in (5e-324, 1e-300, 1e-200, 1e-100):
        limit = upper_limits.upper_limit(Counting(np.array(background)), 0.9, "likelihood_ratio", 0.0).value
        none = upper_limits.upper_limit(Counting(np.array(0.0)), 0.9, "likelihood_ratio", 0.0).value
        assert float(limit) == pytest.approx(float(none), rel=1e-12)
