import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import ndtr

from portico.errors import InvalidInput
from portico.statistics import asymptotic, upper_limits
from portico.statistics.model import CONSTRAINTS, Counting, Widths, widths
from portico.statistics.profile import curve, fit_at, nuisances_at, start_of_curve

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "statistics.json").read_text())
WORKSPACE = REFERENCE["workspace"]


def _widths(*arguments, constraint):
    return Widths(*(np.atleast_1d(a) for a in widths(Counting(*arguments, constraint=constraint))))


@pytest.mark.parametrize("cl", ["0.95", "0.9"])
def test_reference_workspace(cl):
    counting = Counting(10.0, 3.0, constraint="gamma")
    observed = upper_limits.upper_limit(counting, float(cl), "cls", 12).value / WORKSPACE["signal"]
    band = np.array(upper_limits.expected_band(counting, float(cl), "cls", 12)) / WORKSPACE["signal"]
    np.testing.assert_allclose([observed, *band], WORKSPACE["gamma"][cl], rtol=WORKSPACE["tolerance"])


def test_gaussian_constraint_of_the_workspace():
    found = upper_limits.upper_limit(Counting(10.0, 3.0, constraint="gaussian"), 0.95, "cls", 12).value
    assert found / WORKSPACE["signal"] == pytest.approx(WORKSPACE["gaussian_95"], rel=WORKSPACE["tolerance"])


def test_median_of_a_known_background():
    data = REFERENCE["asymptotic_median"]
    b = data["background"]
    for method, name in (("cls_asymptotic", "asymptotic"), ("cls_exact", "exact")):
        limit = upper_limits.upper_limit(Counting(float(b)), 0.9, method).value
        assert limit == pytest.approx(data[name], rel=data["tolerance"])
    assert upper_limits.asymptotic_bias(9.0, 0.9) == pytest.approx(data["asymptotic"] / data["exact"] - 1, abs=2e-4)


def _cost(constraint, spread, b, t):
    """-2 ln of the constraint in (background, efficiency), up to a constant, written out anew."""

    def of(background, efficiency):
        signal = (np.log(efficiency) / t) ** 2 if t else 0.0
        if constraint == "gaussian":
            return ((background - b) / spread) ** 2 + (((efficiency - 1) / t) ** 2 if t else 0.0)
        if constraint == "gamma":
            m = b / spread
            return 2 * (m * background / b - m * np.log(background / b)) + signal
        return (np.log(background / b) / spread) ** 2 + signal

    return of


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize(("count", "signal"), [(12, 11.0), (4, 3.0), (0, 2.0), (25, 40.0)])
@pytest.mark.parametrize("t", [0.0, 0.2])
def test_profiled_nuisances_are_those_of_a_minimiser(constraint, count, signal, t):
    numbers = _widths(10.0, 3.0, t, constraint=constraint)
    b, spread, width = (float(a[0]) for a in numbers[:3])
    cost = _cost(constraint, spread, b, width)

    def deviance(x):
        background, efficiency = np.exp(x[0]), np.exp(x[1]) if t else 1.0
        mean = background + efficiency * signal
        return 2 * (mean - (count * np.log(mean) if count else 0.0)) + cost(background, efficiency)

    best = minimize(deviance, [np.log(10.0), 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    best = minimize(deviance, best.x, method="BFGS", options={"gtol": 1e-9})
    at = np.array([signal]), np.array([float(count)]), numbers, constraint
    background, efficiency = nuisances_at(*at)
    assert background[0] == pytest.approx(np.exp(best.x[0]), rel=1e-5)  # a minimum is flat: root of 1e-12
    assert efficiency[0] == pytest.approx(np.exp(best.x[1]) if t else 1.0, rel=1e-5)
    point = curve(fit_at(*at), at[1], numbers, constraint)
    assert point.signal[0] == pytest.approx(signal, rel=1e-9)


@settings(max_examples=40)
@given(
    st.sampled_from(CONSTRAINTS),
    st.integers(0, 80),
    st.floats(0.5, 60),
    st.floats(0.01, 0.8),
    st.sampled_from([0.0, 0.15]),
    st.floats(0.01, 2),
)
def test_slopes_of_the_curve_are_derivatives(constraint, count, background, relative, t, distance):
    numbers = _widths(background, relative * background, t, constraint=constraint)
    n = np.array([float(count)])
    start = start_of_curve(n, numbers, constraint)
    at = start + distance * np.sqrt(background + 1)
    step = 1e-5 * (at + 1)
    low, here, high = (curve(at + k * step, n, numbers, constraint) for k in (-1, 0, 1))
    ds, dd = high.signal - low.signal, high.deviance - low.deviance
    assert ds / (2 * step) == pytest.approx(here.speed, rel=1e-5)
    if constraint != "gaussian":  # whose slope jumps where the background reaches 0
        assert dd / ds == pytest.approx(here.slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_compiled_blocks_equal_the_host(constraint):
    rng = np.random.default_rng(2)
    background = rng.uniform(1, 100, 700)
    count = rng.poisson(background).astype(float)
    numbers = widths(Counting(background, 0.25 * background, 0.1, constraint=constraint))
    many, _ = asymptotic.solve(0.9, "observed", count, numbers, constraint)
    few, _ = asymptotic.solve(0.9, "observed", count[:100], Widths(*(a[:100] for a in numbers)), constraint)
    np.testing.assert_allclose(many[:, :100], few, rtol=1e-9)


@settings(max_examples=25)
@given(st.integers(0, 200), st.floats(0.5, 150), st.sampled_from(CONSTRAINTS), st.sampled_from([0.68, 0.9, 0.99]))
def test_cls_at_the_limit_is_one_minus_cl(count, background, constraint, cl):
    """CLs written out from the test statistic, at the limit that was found."""
    numbers = _widths(background, 0.3 * background, 0.1, constraint=constraint)
    n = np.array([float(count)])
    limit, _ = asymptotic.solve(cl, "observed", n, numbers, constraint)
    signal = limit[5]
    at_zero = nuisances_at(np.zeros(1), n, numbers, constraint)[0]
    moved = numbers._replace(background=at_zero)

    def statistic(data, model):
        first = curve(start_of_curve(data, model, constraint), data, model, constraint)
        point = curve(fit_at(signal, data, model, constraint), data, model, constraint)
        return np.where(signal > first.signal, np.maximum(point.deviance - first.deviance, 0.0), 0.0)[0]

    q, qa = statistic(n, numbers), statistic(at_zero, moved)
    if q <= qa:
        value = ndtr(-np.sqrt(q)) / ndtr(np.sqrt(qa) - np.sqrt(q))
    else:
        value = ndtr(-(q + qa) / (2 * np.sqrt(qa))) / ndtr(-(q - qa) / (2 * np.sqrt(qa)))
    assert value == pytest.approx(1 - cl, rel=1e-6)


def test_gaussian_signal_may_leave_no_limit():
    with pytest.raises(InvalidInput, match="lets any signal pass"):
        upper_limits.upper_limit(Counting(5.0, 0.0, 0.7, 0.0, "gaussian"), 0.95, "cls_asymptotic", 5)


def test_note_says_the_bias():
    notes = upper_limits.upper_limit(Counting(9.0, 1.0), 0.9, "cls", 9).notes
    assert notes[:1] == ("asymptotic formula at 9 background events: with a known background its median limit is 7.8% below the exact one.",)  # fmt: skip
    assert upper_limits.upper_limit(Counting(500.0, 10.0), 0.9, "cls", 500).notes == ()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("constraint", "modifier"),
    [
        ("gamma", {"name": "u", "type": "shapesys", "data": [3.0]}),
        ("gaussian", {"name": "u", "type": "staterror", "data": [3.0]}),
        ("log_normal", {"name": "u", "type": "normsys", "data": {"hi": 1.3, "lo": 1 / 1.3}}),
    ],
)
def test_limits_against_pyhf(constraint, modifier):
    pyhf = pytest.importorskip("pyhf")
    from pyhf.infer.intervals.upper_limits import toms748_scan

    def sample(name, events, modifiers):
        return {"name": name, "data": [events], "modifiers": modifiers}

    signal = sample("s", 5.0, [{"name": "mu", "type": "normfactor", "data": None}])
    channel = {"name": "c", "samples": [signal, sample("b", 10.0, [modifier])]}
    model = pyhf.Model({"channels": [channel], "parameters": []}, poi_name="mu")
    for count in (7, 12, 20):
        observed, expected = toms748_scan([count, *model.config.auxdata], model, 0.05, 10, level=0.1, rtol=1e-7)
        counting = Counting(10.0, 3.0, constraint=constraint)
        ours = upper_limits.upper_limit(counting, 0.9, "cls", count).value / 5
        band = np.array(upper_limits.expected_band(counting, 0.9, "cls", count)) / 5
        np.testing.assert_allclose([ours, *band], [observed, *expected], rtol=1e-4)  # minimiser of the other side
