"""Uncertainties in a limit: which, how much, and what the limit is without them."""

from pathlib import Path

import numpy as np
import pytest

import portico
from portico.limits import required
from portico.models import DarkPhoton
from portico.statistics import upper_limits
from portico.statistics.model import Counting

NAME = "belle2_disappearing_positron"
MODEL = DarkPhoton(mass=0.067, alpha_dark=0.5)


def _limit(method="cls", **options):
    return portico.limit(portico.search(NAME, **options), MODEL, method=method)


@pytest.mark.parametrize("method", ["cls", "bayes", "cls_hybrid", "likelihood_ratio"])
def test_events_at_the_edge_are_those_of_the_statistics(method):
    """Interpolation in the signal's error: 1e-4."""
    limit = _limit(method)
    background = portico.search(NAME).prepared().background
    counting = Counting(background.expected, background.uncertainty, limit.systematic_error)
    direct = float(upper_limits.upper_limit(counting, 0.9, method).value)
    assert limit.required_events == pytest.approx(direct, rel=1e-4)
    signal = portico.signal(portico.search(NAME), MODEL.with_parameters(epsilon=limit.upper))
    assert signal.expected == pytest.approx(limit.required_events, rel=1e-8)


def test_limit_without_uncertainties_stands_beside_it():
    limit, known = _limit(), _limit(nuisances="none")
    assert known.nuisances == ()
    assert limit.nuisances == ("photons", "neutrons", "thickness", "attenuation", "beam", "signal")
    assert limit.intervals_known == known.intervals == known.intervals_known
    assert limit.required_known == known.required_known == known.required_events
    # yields go like epsilon squared: the edges like the root of the events
    ratio = limit.upper / known.upper
    assert ratio == pytest.approx(np.sqrt(limit.required_events / known.required_events), rel=1e-6)
    assert 1.3 < ratio < 1.6


@pytest.mark.parametrize(
    "name",
    [
        "photons",
        "signal",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("neutrons", "thickness", "attenuation", "beam")),
    ],
)
def test_each_uncertainty_alone_weakens_the_limit(name):
    alone = _limit(nuisances=name, method="bayes")
    assert alone.nuisances == (name,)
    assert alone.required_known < alone.required_events < _limit("bayes").required_events


def test_uncertainties_of_the_figure_of_merit():
    """S = 1.645 sqrt(B + sigma_B^2) by definition; the error of the signal plays no part."""
    background = portico.search(NAME).prepared().background
    wanted = 1.6448536 * np.sqrt(background.expected + background.uncertainty**2)
    found = _limit("sqrt_b")
    assert found.required_events == pytest.approx(wanted, rel=1e-7)
    assert "signal" in portico.search(NAME).options["nuisances"]
    assert found.nuisances
    assert "signal" not in found.nuisances
    assert found.notes == ("sqrt_b is a figure of merit: the uncertainty of the signal does not enter.",)
    assert _limit("sqrt_b", nuisances="neutrons").notes == ()


def test_figures_of_merit_tell_that_the_signals_uncertainty_does_not_enter():
    for method in upper_limits.FIGURES_OF_MERIT:
        plain, asked = (_limit(method, nuisances=name) for name in ("none", "signal"))
        assert plain.intervals == asked.intervals
        assert (plain.nuisances, asked.nuisances) == ((), ())
        assert (plain.notes, asked.notes) == ((), (upper_limits.SIGNAL_LEFT_OUT.format(method),))
        counted = portico.count_limit(None, 94.0, luminosity_uncertainty=0.1, method=method)
        assert counted.notes == asked.notes
    with pytest.raises(portico.InvalidInput, match="'cls_exact' takes no uncertainties"):
        _limit("cls_exact", nuisances="signal")


def test_nuisances_of_the_background_add_in_quadrature():
    background = portico.search(NAME).prepared().background
    parts = background.nuisances
    assert background.uncertainty == pytest.approx(np.sqrt(sum(x**2 for x in parts.values())), rel=1e-12)
    # 26% of 81 neutrons; 0.5 X0 and 3% of the attenuation move 13 photons by e^(0.5 * 0.78) and e^(0.03 * 12.3)
    assert parts["neutrons"] == pytest.approx(0.26 * 81.3, rel=0.01)
    assert parts["attenuation"] == pytest.approx(12.8 * np.expm1(0.03 * 12.25), rel=0.02)
    assert parts["thickness"] == pytest.approx(12.8 * np.expm1(0.5 * 0.78) + 81.3 * 0.93 / 38.04, rel=0.03)
    assert required.background_error(parts, ("photons", "signal")) == parts["photons"]


def test_reach_keeps_both():
    data = portico.reach(NAME, DarkPhoton(alpha_dark=0.5), scan={"mass": np.array([0.01, 0.067, 0.3])})
    known = portico.reach(
        portico.search(NAME, nuisances="none"), DarkPhoton(alpha_dark=0.5), scan={"mass": data["mass"].values}
    )
    np.testing.assert_allclose(data["low_known"], known["low"][:, 0], rtol=1e-8)
    np.testing.assert_array_equal(known["low_known"], known["low"][:, 0])
    assert np.all(data["low"][:, 0] > 1.3 * data["low_known"])
    assert np.all(data["required_events"] >= data.attrs["required_events"])
    assert data.attrs["uncertainties"].startswith("included in the limit: photons, neutrons")
    assert known.attrs["uncertainties"] == "none included in the limit"
    assert data.attrs["method_used"] == "cls_asymptotic"


@pytest.mark.parametrize("method", ["feldman_cousins", "cls_exact"])
def test_method_without_uncertainties_says_what_to_do(method):
    with pytest.raises(portico.InvalidInput, match=rf"method '{method}' takes no uncertainties; .*nuisances=none"):
        _limit(method)
    assert _limit(method, nuisances="none").upper > 0


@pytest.mark.parametrize(
    "name", ["signal", *(pytest.param(n, marks=pytest.mark.slow) for n in ("beam", "attenuation"))]
)
def test_no_uncertainty_tightens_the_limit(name):
    """The asymptotic formula alone would, by 2%."""
    assert _limit(nuisances=name).required_events >= _limit(nuisances="none").required_events
    assert _limit("cls_asymptotic", nuisances=name).required_events < 17.2 or name != "signal"


def test_none_goes_alone():
    with pytest.raises(portico.InvalidInput, match=r"option nuisances: 'none' cannot be combined"):
        portico.search(NAME, nuisances="none,signal")


@pytest.mark.slow
def test_toys_agree_with_the_asymptotic_formula():
    """At 94 events of background they differ by less than 2%."""
    limit = _limit("cls_toys")
    assert limit.required_events == pytest.approx(_limit().required_events, rel=0.02)
    assert limit.notes[-1].startswith("toys: the number of excluded events is good to ")


# --- expected band -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["cls", "bayes", "cls_hybrid", "likelihood_ratio"])
def test_band_is_that_of_the_statistics(method):
    """Yields go like epsilon squared: edges of the band like the root of the events of the band."""
    limit = _limit(method)
    background = portico.search(NAME).prepared().background
    counting = Counting(background.expected, background.uncertainty, limit.systematic_error)
    events = np.array([float(e) for e in upper_limits.expected_band(counting, 0.9, method)])
    edges = np.array(list(limit.expected.values()))
    assert list(limit.expected) == ["minus2", "minus1", "median", "plus1", "plus2"]
    assert np.all(np.diff(edges) > 0)
    # the visible width is below 1e-6 of the dark one; interpolation in the signal's error 1e-4
    np.testing.assert_allclose(edges / edges[2], np.sqrt(events / events[2]), rtol=2e-4)
    assert limit.expected["median"] == pytest.approx(limit.upper, rel=1e-9)


def test_band_of_a_reach_and_of_methods_without_one():
    data = portico.reach(NAME, DarkPhoton(alpha_dark=0.5), scan={"mass": np.array([0.01, 0.067, 0.99])})
    assert data["low_expected"].dims == ("band", "mass")
    np.testing.assert_allclose(data["low_expected"].sel(band="median"), data["low"][:, 0], rtol=1e-9)
    assert np.all(np.diff(data["low_expected"].values[:, :2], axis=0) > 0)
    assert np.isnan(data["low_expected"].values[-1, -1])  # two sigma up nothing is excluded at 0.99 GeV
    assert _limit("sqrt_b").expected == {}


def test_observed_limit_stands_beside_the_expected_band(tmp_path):
    text = Path(portico.search(NAME).experiment.path).read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(
        text + '\n[counts]\nobserved = { value = 115, unit = "1", source = "made up", status = "assumed" }\n',
        encoding="utf-8",
    )
    limit = portico.limit(portico.search(str(path)), MODEL)
    assert limit.kind == "observed"
    assert limit.expected["median"] == pytest.approx(_limit().expected["median"], rel=1e-3)
    assert limit.expected["median"] < limit.upper < limit.expected["plus2"]
