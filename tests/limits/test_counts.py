import json
from pathlib import Path

import numpy as np
import pytest

import portico
from portico.limits import counts
from portico.statistics import upper_limits
from portico.statistics.model import Counting

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "statistics.json").read_text())


def test_cross_section_limits_with_known_inputs():
    data = REFERENCE["cross_section_limits"]
    for observed, background, expected in zip(data["observed"], data["background"], data["limit_fb"], strict=True):
        limit = portico.count_limit(
            observed, background, efficiency=data["efficiency"], luminosity_per_cm2=data["luminosity_per_pb"] * 1e36
        )
        assert limit.upper_limit_cross_section_fb == pytest.approx(expected, rel=data["tolerance"])
        assert limit.kind == "observed"


@pytest.mark.parametrize("method", [name for name in upper_limits.METHODS if name != "cls_toys"])
def test_events_are_those_of_the_method(method):
    limit = portico.count_limit(None, 94.0, cl=0.95, method=method)
    assert limit.kind == "expected"
    assert limit.upper_limit_cross_section_fb is None
    assert limit.upper_limit_events == upper_limits.upper_limit(Counting(np.array([94.0])), 0.95, method).value[0]
    assert limit.error_events < 1e-4 * limit.upper_limit_events
    assert limit.expected["median"] == limit.upper_limit_events
    assert list(limit.expected) == ["minus2", "minus1", "median", "plus1", "plus2"]
    assert portico.cite(limit) is not None


def test_cross_section_goes_with_luminosity_and_efficiency():
    one = portico.count_limit(3, 2.0, luminosity_per_cm2=1e42)
    assert one.upper_limit_cross_section_fb == pytest.approx(
        one.upper_limit_events / 1e42 / counts.CM2_PER_FB, rel=1e-14
    )
    third = portico.count_limit(3, 2.0, efficiency=1 / 3, luminosity_per_cm2=2e42)
    assert third.upper_limit_cross_section_fb == pytest.approx(1.5 * one.upper_limit_cross_section_fb, rel=1e-14)


def test_limit_cites_its_method():
    assert "Read2002hq" in portico.cite(portico.count_limit(3, 2.0))
    for method, key in (("bayes", "Zech1988un"), ("cls_hybrid", "Cousins1991qz"), ("feldman_cousins", "Feldman1997qc")):
        assert key in portico.cite(portico.count_limit(3, 2.0, method=method))
    both = portico.cite(portico.count_limit(3, 2.0, background_uncertainty=0.2))
    assert "Read2002hq" in both
    assert "Cowan2010js" in both


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"method": "bayess"}, r"no method named 'bayess'.*Known: bayes, cls, cls_asymptotic"),
        ({"method": np.array([1.0, 2.0])}, r"no method named"),
        ({"efficiency": np.complex128(0.5)}, r"efficiency = .* is not a number"),
        ({"cl": np.complex128(0.5)}, r"cl = .* is not a confidence level"),
        ({"background": 10**5000}, r"background is too large"),
        ({"method": "clss"}, r"Did you mean 'cls'\?"),
        ({"constraint": "gauss"}, r"no constraint named 'gauss'.*Did you mean 'gaussian'\?"),
        ({"background_uncertainty": -0.1}, r"background_uncertainty = -0\.1 is not allowed; expected a relative error"),
        ({"efficiency_uncertainty": np.nan}, r"efficiency_uncertainty = nan is not allowed"),
        ({"efficiency_uncertainty": 3.5}, r"signal uncertainty = 350% is not allowed; expected at most 300%"),
        ({"luminosity_uncertainty": "1%"}, r"luminosity_uncertainty = '1%' is not a number"),
        (
            {"background_uncertainty": 1.2, "constraint": "gamma"},
            r"120% is not allowed; expected at most 100%.*use 'log_normal'",
        ),
        ({"background_uncertainty": 0.2, "method": "feldman_cousins"}, r"'feldman_cousins' takes no uncertainties"),
        ({"background_uncertainty": 0.2, "method": "cls_exact"}, r"'cls_exact' takes no uncertainties"),
        ({"seed": -1}, r"seed = -1 is not allowed; expected a whole number"),
        ({"toys": 10}, r"toys = 10 is not allowed"),
        ({"prior_ceiling": 0.0}, r"prior_ceiling = 0 events is not allowed"),
        ({"efficiency": 0}, r"efficiency = 0 is not allowed; expected a number above 0 and at most 1"),
        ({"efficiency": 1.5}, r"efficiency = 1\.5 is not allowed"),
        (
            {"efficiency": 2e-311, "luminosity_per_cm2": 1e-300},
            r"are too small: the limit on the cross section is beyond",
        ),
        ({"luminosity_per_cm2": 1e-290}, r"luminosity = 1e-290 /cm\^2 are too small"),
        ({"efficiency": np.nan}, r"efficiency = nan is not allowed"),
        ({"luminosity_per_cm2": 0.0}, r"luminosity = 0 /cm\^2 is not allowed; expected a number above 0"),
        ({"luminosity_per_cm2": np.inf}, r"luminosity = inf /cm\^2 is not allowed"),
        ({"observed": 3.5}, r"observed = 3\.5 is not a count; expected a whole number"),
        ({"observed": np.nan}, r"observed = nan is not"),
        ({"observed": np.inf}, r"observed = inf is not"),
        ({"observed": -3}, r"observed = -3 is not allowed; expected a count, at least 0"),
        ({"background": -1.0}, r"background = -1 is not allowed"),
        ({"background": np.nan}, r"background = nan is not allowed"),
        ({"cl": 0}, r"cl = 0 is not a confidence level"),
        ({"cl": 1.5}, r"cl = 1\.5 is not a confidence level"),
        ({"method": "sqrt_b"}, r"'sqrt_b' is a figure of merit and takes no observed count"),
    ],
)
def test_wrong_input_is_refused(arguments, text):
    with pytest.raises(portico.InvalidInput, match=text):
        portico.count_limit(**{"observed": 3, "background": 2.0, **arguments})


def test_uncertainties_enter_as_relative_errors():
    data = REFERENCE["cross_section_limits"]
    systematic = data["with_systematics"]
    for k, expected in enumerate(systematic["log_normal"]):
        limit = portico.count_limit(
            data["observed"][k],
            data["background"][k],
            background_uncertainty=systematic["background"],
            efficiency=data["efficiency"],
            efficiency_uncertainty=systematic["efficiency"],
            luminosity_per_cm2=data["luminosity_per_pb"] * 1e36,
            luminosity_uncertainty=systematic["luminosity"],
            method="bayes",
        )
        assert limit.upper_limit_cross_section_fb == pytest.approx(expected, rel=systematic["tolerance"])
        assert limit.used == "bayes"


def test_cls_says_what_it_used():
    assert portico.count_limit(3, 2.0).used == "cls_exact"
    limit = portico.count_limit(3, 2.0, background_uncertainty=0.2)
    assert limit.used == "cls_asymptotic"
    assert "below the exact one" in limit.notes[0]


def test_coverage_is_near_the_confidence_level():
    coverage = portico.count_limit(9, 9.0, coverage=True).coverage
    # counts are whole: CLs covers more, the more so for a signal that is the limit of a count itself
    assert 0.9 < coverage.fraction < 0.97
    assert coverage.error == pytest.approx(np.sqrt(coverage.fraction * (1 - coverage.fraction) / 1e5), rel=1e-6)


def test_levels_of_any_floating_type_are_the_same():
    for kind in (np.float32, np.float64, np.longdouble):
        assert (
            portico.count_limit(3, 2.0, cl=kind(0.875)).upper_limit_events
            == portico.count_limit(3, 2.0, cl=0.875).upper_limit_events
        )
