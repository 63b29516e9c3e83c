import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaincc

from portico.errors import InvalidInput
from portico.statistics import upper_limits
from portico.statistics.model import CONSTRAINTS, Counting
from portico.statistics.upper_limits import Options

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "statistics.json").read_text())
TABLE = REFERENCE["cross_section_limits"]
WITH = TABLE["with_systematics"]
PER_FB = TABLE["luminosity_per_pb"] * 1e-3 * TABLE["efficiency"]
OBSERVED, BACKGROUND = np.array(TABLE["observed"], dtype=float), np.array(TABLE["background"], dtype=float)
UNCERTAIN = ("cls", "cls_asymptotic", "cls_hybrid", "bayes", "likelihood_ratio")
COUNT, MEAN = st.integers(0, 60), st.floats(0.3, 50)


def _limit(counting, method="bayes", observed=None, cl=0.9, **options):
    return upper_limits.upper_limit(counting, cl, method, observed, Options(**options)).value


def _table(constraint, **changes):
    numbers = {"efficiency": WITH["efficiency"], "luminosity": WITH["luminosity"], **changes}
    return Counting(
        BACKGROUND, WITH["background"] * BACKGROUND, numbers["efficiency"], numbers["luminosity"], constraint
    )


# --- anchors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("constraint", ["gaussian", "log_normal", "log_normal_sigma"])
def test_bayesian_limits_with_systematics(constraint):
    limit = _limit(_table(constraint), observed=OBSERVED, ceiling=1e5 * PER_FB if constraint == "gaussian" else None)
    np.testing.assert_allclose(limit / PER_FB, WITH[constraint], rtol=WITH["tolerance"])


def test_hybrid_limits_with_systematics():
    limit = _limit(_table("gaussian"), "cls_hybrid", OBSERVED)
    np.testing.assert_allclose(limit / PER_FB, WITH["hybrid_gaussian"], rtol=WITH["tolerance"])


def test_ceiling_of_an_improper_posterior():
    data = TABLE["improper"]
    for width, limits in zip(data["efficiency"], data["limit_fb"], strict=True):
        for ceiling, expected in zip((1e5, 1e6), limits, strict=True):
            counting = Counting(2.0, 2 * WITH["background"], width, WITH["luminosity"], "gaussian")
            limit = _limit(counting, observed=3, ceiling=ceiling * PER_FB)
            assert limit / PER_FB == pytest.approx(expected, rel=data["tolerance"])


@pytest.mark.parametrize("width", [0.3, 0.4])
def test_improper_posterior_is_refused(width):
    with pytest.raises(InvalidInput, match=r"makes the posterior improper: the limit moves .*; use constraint 'log_n"):
        _limit(Counting(2.0, 0.4, width, 0.0, "gaussian"), observed=3)
    assert _limit(Counting(2.0, 0.4, width), observed=3) > 0


def test_figure_of_merit_with_a_background_error():
    data = REFERENCE["required_signal_with_errors"]
    for sigma, cl, signal in zip(data["sigma"], data["cl"], data["signal"], strict=True):
        assert _limit(Counting(94.0, sigma), "sqrt_b", cl=cl) == pytest.approx(signal, rel=data["tolerance"])


@pytest.mark.parametrize(("count", "background", "cl"), [(3, 2.0, 0.9), (0, 5.0, 0.95), (12, 4.0, 0.68)])
def test_log_normal_background_against_adaptive_quadrature(count, background, cl):
    counting = Counting(background, 0.3 * background)
    limit = float(_limit(counting, observed=count, cl=cl))

    def tail(signal):
        def integrand(z):
            return np.exp(-0.5 * z**2) * gammaincc(count + 1, background * 1.3**z + signal)

        return quad(integrand, -9, 9, epsabs=0, epsrel=1e-10, limit=200)[0]

    assert tail(limit) / tail(0.0) == pytest.approx(1 - cl, rel=1e-6)  # d ln J/ds ~ 1 times 1e-7 of the limit


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("method", ["bayes", "cls_hybrid", "cls_asymptotic", "likelihood_ratio"])
def test_small_uncertainties_approach_none(method, constraint):
    known = Counting(BACKGROUND)
    small = Counting(BACKGROUND, 1e-3 * BACKGROUND, 1e-3, 0.0, constraint)
    # the uncertainty enters squared: 1e-6 times at most (s^2 + b^2)/(s + b) ~ 60
    np.testing.assert_allclose(_limit(small, method, OBSERVED), _limit(known, method, OBSERVED), rtol=1e-4)


def test_bayes_and_hybrid_without_uncertainties_are_exact_cls():
    exact = _limit(Counting(BACKGROUND), "cls_exact", OBSERVED)
    for method in ("bayes", "cls_hybrid"):
        np.testing.assert_allclose(_limit(Counting(BACKGROUND), method, OBSERVED), exact, rtol=1e-7)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_hybrid_is_bayesian_with_a_background_uncertainty_only(constraint):
    counting = Counting(BACKGROUND, 0.3 * BACKGROUND, 0.0, 0.0, constraint)
    hybrid, bayes = (_limit(counting, method, OBSERVED) for method in ("cls_hybrid", "bayes"))
    np.testing.assert_allclose(hybrid, bayes, rtol=1e-8)
    other = counting._replace(signal_error=0.15)
    assert np.all(_limit(other, "cls_hybrid", OBSERVED) < 0.99 * _limit(other, "bayes", OBSERVED))


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("method", ["bayes", "cls_hybrid", "cls_asymptotic", "likelihood_ratio"])
@pytest.mark.parametrize(
    ("count", "background"), [(0, 0.0), (0, 9.0), (3, 800.0), (200, 2.0), (1000, 900.0), (10**6, 1e6)]
)
def test_extremes_have_a_limit_with_a_small_error(method, constraint, count, background):
    for relative, signal in ((0.0, 0.0), (0.2, 0.1), (1.0, 0.0)):
        if relative and not background:
            continue
        for cl in (0.5, 0.9999):
            counting = Counting(background, relative * background, signal, 0.0, constraint)
            found = upper_limits.upper_limit(counting, cl, method, count)
            assert np.isfinite(found.value)
            assert found.value > 0
            assert found.error < 2e-4 * found.value


def test_widest_log_normal_is_finite():
    for method in UNCERTAIN:
        found = upper_limits.upper_limit(Counting(5.0, 15.0, 3.0), 0.95, method, 7)
        assert np.isfinite(found.value)
        assert found.error < 1e-3 * found.value


# --- laws ----------------------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(st.sampled_from(UNCERTAIN), st.sampled_from(CONSTRAINTS), COUNT, MEAN, st.floats(0, 0.4), st.floats(0, 0.15))
def test_limit_rises_with_the_count(method, constraint, count, background, relative, signal):
    counting = Counting(background, relative * background, signal, 0.0, constraint)
    here, more = _limit(counting, method, np.array([count, count + 1.0]))
    assert more > here


@pytest.mark.slow  # compiles for long
@settings(max_examples=15)
@given(st.sampled_from(["bayes", "cls_hybrid"]), st.sampled_from(["log_normal", "gaussian"]), COUNT, MEAN)
def test_wider_background_does_not_lower_the_limit_much(method, constraint, count, background):
    widths = np.array([0.05, 0.15, 0.3]) * background
    limit = _limit(Counting(background, widths, 0.0, 0.0, constraint), method, float(count))
    # with few counts below a large background the tail of the constraint towards 0 explains them, and s is known better
    floor = 0.98 if count >= background else 0.5
    assert np.all(np.diff(limit) > -(1 - floor) * limit[:-1])


@settings(max_examples=10)
@given(COUNT, MEAN)
def test_wider_signal_does_not_lower_the_limit(count, background):
    limit = _limit(Counting(background, 0.1 * background, np.array([0.0, 0.1, 0.2, 0.4])), "bayes", float(count))
    assert np.all(np.diff(limit) > 0)


@pytest.mark.parametrize("method", [*UNCERTAIN, "sqrt_b"])
@pytest.mark.parametrize("with_count", [True, False])
def test_arrays_equal_loops(method, with_count):
    if method == "sqrt_b" and with_count:
        with_count = False
    background, signal = np.array([[2.0], [40.0]]), np.array([0.0, 0.1, 0.3])
    observed = np.array([[3.0], [35.0]]) if with_count else None
    counting = Counting(background, 0.2 * background, signal)
    limit = np.broadcast_to(_limit(counting, method, observed), (2, 3))
    for i in range(2):
        for j in range(3):
            one = Counting(background[i, 0], 0.2 * background[i, 0], signal[j])
            alone = _limit(one, method, None if observed is None else observed[i, 0])
            assert limit[i, j] == pytest.approx(float(alone), rel=1e-9)


@pytest.mark.parametrize("method", ["cls", "bayes", "cls_hybrid", "likelihood_ratio", "feldman_cousins"])
def test_band_is_ordered(method):
    error = 0.0 if method == "feldman_cousins" else 3.0
    band = np.array(upper_limits.expected_band(Counting(12.0, error), 0.9, method))
    assert np.all(np.diff(band) > 0)
    assert band[2] == upper_limits.upper_limit(Counting(12.0, error), 0.9, method).value


def test_predictive_band_is_at_quantiles_of_counts_drawn_with_the_background():
    rng = np.random.default_rng(1)
    counting = Counting(50.0, 10.0)
    drawn = rng.poisson(50 * np.exp(np.log(1.2) * rng.standard_normal(400_000)))
    band = upper_limits.expected_band(counting, 0.9, "bayes")
    for limit, probability in zip(band, (0.02275, 0.15866, 0.5, 0.84134, 0.97725), strict=True):
        count = np.quantile(drawn, probability, method="inverted_cdf")
        near = _limit(counting, "bayes", np.array([count - 1, count + 1]))
        assert near[0] <= limit <= near[1]


# --- coverage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "low", "high"), [("bayes", 0.895, 0.99), ("feldman_cousins", 0.895, 0.99)])
def test_coverage_without_uncertainties_is_at_least_the_level(method, low, high):
    found = upper_limits.coverage(Counting(6.0), 0.9, method, 5.3)
    assert low < found.value < high


def test_coverage_of_the_bayesian_limit_with_uncertainties():
    counting = Counting(20.0, 4.0, 0.1)
    signal = float(_limit(counting, "bayes", 20))
    found = upper_limits.coverage(counting, 0.9, "bayes", signal + 0.01)
    # flat prior: averaged over the constraints it covers close to its level, and more since s >= 0
    assert 0.88 < found.value < 0.97
    again = upper_limits.coverage(counting, 0.9, "bayes", signal + 0.01)
    assert again == found


def test_coverage_counts_what_it_says():
    """With n ~ Poisson(s + b) and an exact limit, coverage is the probability of the counts whose limit is above s."""
    signal, background = 4.0, 3.0
    counts = np.arange(0, 60)
    above = _limit(Counting(background), "cls", counts.astype(float)) >= signal
    cumulative = gammaincc(counts + 1, signal + background)
    exact = np.sum(np.diff(cumulative, prepend=0.0)[above])
    found = upper_limits.coverage(Counting(background), 0.9, "cls", signal)
    assert abs(found.value - exact) < 4 * found.error


# --- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counting", "method", "text"),
    [
        (Counting(5.0, -1.0), "cls", r"background uncertainty = -1 events is not allowed"),
        (Counting(5.0, np.nan), "cls", r"background uncertainty = nan events is not allowed"),
        (Counting(5.0, 16.0), "cls", r"background uncertainty = 320% is not allowed; expected at most 300%"),
        (Counting(0.0, 1.0), "cls", r"a background of 0 with an uncertainty has no log_normal constraint"),
        (Counting(5.0, 0.0, 1.6, 0.0, "log_normal_sigma"), "cls", r"expected at most 150%"),
        (Counting(5.0, 1.0, 0.0, 0.0, "poisson"), "cls", r"no constraint named 'poisson'"),
        (Counting(5.0, 1.0), "feldman_cousins", r"takes no uncertainties; use 'cls', 'cls_hybrid' or 'bayes'"),
        (Counting(5.0, 0.0, 0.9, 0.0, "gaussian"), "cls", r"lets any signal pass at cl = 0\.9; use constraint 'log_n"),
    ],
)
def test_wrong_input_is_refused(counting, method, text):
    with pytest.raises(InvalidInput, match=text):
        upper_limits.upper_limit(counting, 0.9, method, 5)


def test_coverage_of_a_figure_of_merit_is_refused():
    with pytest.raises(InvalidInput, match="covers nothing"):
        upper_limits.coverage(Counting(5.0), 0.9, "sqrt_b", 1.0)


def test_every_method_is_defined_and_named():
    assert set(upper_limits.DEFINITIONS) == set(upper_limits.SOURCES) == set(upper_limits.METHODS)
