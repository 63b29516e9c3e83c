from functools import cache
from pathlib import Path

import numpy as np
import pytest

import portico
from portico.models import DarkPhoton
from portico.statistics import upper_limits
from portico.statistics.model import Counting

NAME = "belle2_disappearing_positron"
MASSES = (0.005, 0.030, 0.067, 0.100, 0.300)


@cache
def _search(**options):
    """The search with known background and signal; what uncertainties do is tested with them."""
    return portico.search(NAME, **{"nuisances": "none", **options})


@cache
def _reach():
    return portico.reach(_search(), DarkPhoton(alpha_dark=0.5), scan={"mass": np.array(MASSES)})


@pytest.fixture
def own(tmp_path):
    """A search from the shipped file with some text replaced and some added."""

    def make(*changes, extra=""):
        text = Path(_search().experiment.path).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "mine.toml"
        path.write_text(text + extra, encoding="utf-8")
        return portico.search(str(path), nuisances="none")

    return make


# --- limit ---------------------------------------------------------------------------------------------------------


def test_signal_at_the_limit_is_the_required_number_of_events():
    for method in ("cls", "likelihood_ratio", "sqrt_b", "bayes"):
        limit = portico.limit(_search(), DarkPhoton(mass=0.067, alpha_dark=0.5), method=method)
        signal = portico.signal(_search(), DarkPhoton(mass=0.067, alpha_dark=0.5, epsilon=limit.upper))
        # edges to 1e-9 in ln(epsilon)
        assert signal.expected == pytest.approx(limit.required_events, rel=1e-8)
        known = upper_limits.upper_limit(Counting(signal.background.expected), 0.9, method)
        assert limit.required_events == limit.required_known == pytest.approx(float(known.value), rel=1e-12)
        assert (limit.kind, limit.status, limit.cl, limit.method) == ("expected", "open", 0.9, method)
        assert limit.intervals == [(limit.upper, None)]
        assert 0 < limit.numerical_error < 1e-3


def test_mixing_of_the_model_does_not_matter_to_its_limit():
    given = portico.limit(_search(), DarkPhoton(mass=0.067, alpha_dark=0.5, epsilon=0.3))
    assert given.intervals == portico.limit(_search(), DarkPhoton(mass=0.067, alpha_dark=0.5)).intervals


def test_limit_is_weaker_at_higher_confidence():
    upper = [
        portico.limit(_search(), DarkPhoton(mass=0.067, alpha_dark=0.5), cl=cl).upper for cl in (0.68, 0.9, 0.95, 0.99)
    ]
    assert np.all(np.diff(upper) > 0)


def test_limit_on_alpha_dark_has_an_upper_edge():
    """On resonance a wider A' is made less often: large alpha_dark escapes."""
    limit = portico.limit(_search(), DarkPhoton(mass=0.067, epsilon=3e-5), parameter="alpha_dark")
    assert limit.parameter == "alpha_dark"
    assert limit.upper is None
    assert limit.status == "excluded"
    ((low, high),) = limit.intervals
    assert low == 1e-8  # the end of the range
    edge = portico.signal(_search(), DarkPhoton(mass=0.067, epsilon=3e-5, alpha_dark=high))
    assert edge.expected == pytest.approx(limit.required_events, rel=1e-7)
    beyond = portico.signal(_search(), DarkPhoton(mass=0.067, epsilon=3e-5, alpha_dark=1.2 * high))
    assert beyond.expected < limit.required_events


def test_limit_on_alpha_dark_between_two_edges():
    """Off resonance the yield rises with alpha_dark: only large values are excluded."""
    limit = portico.limit(
        _search(channels="annihilation"), DarkPhoton(mass=0.030, epsilon=2e-4), parameter="alpha_dark"
    )
    assert limit.status == "open"
    ((low, high),) = limit.intervals
    assert high is None
    assert limit.upper == low
    edge = portico.signal(_search(channels="annihilation"), DarkPhoton(mass=0.030, epsilon=2e-4, alpha_dark=low))
    assert edge.expected == pytest.approx(limit.required_events, rel=1e-7)


def test_nothing_is_excluded_without_luminosity(own):
    search = own(("50/ab", "1e-16/ab"))
    limit = portico.limit(search, DarkPhoton(mass=0.067, alpha_dark=0.5))
    assert (limit.intervals, limit.upper, limit.status) == ([], None, "none")
    reach = portico.reach(search, DarkPhoton(alpha_dark=0.5), scan={"mass": [0.03, 0.067]})
    assert reach["status"].values.tolist() == ["none", "none"]
    assert reach["n_intervals"].values.tolist() == [0, 0]
    assert np.all(np.isnan(reach["low"]))
    assert np.all(np.isnan(reach["high"]))


def test_limit_without_background_needs_2_3_events(own):
    limit = portico.limit(own(("50/ab", "1e-4/ab")), DarkPhoton(mass=0.067, alpha_dark=0.5))
    assert limit.required_events == pytest.approx(np.log(10), rel=1e-9)
    assert limit.status == "open"


COUNT = '\n[counts]\nobserved = { value = 94, unit = "1", source = "made up", status = "assumed" }\n'


def test_observed_counts_of_the_file_are_used(own):
    search, model = own(extra=COUNT.replace("94", "110")), DarkPhoton(mass=0.067, alpha_dark=0.5)
    observed, expected = portico.limit(search, model), portico.limit(_search(), model)
    assert observed.kind == "observed"
    known = upper_limits.upper_limit(Counting(search.prepared().background.expected), 0.9, "cls", 110.0)
    assert observed.required_events == pytest.approx(float(known.value), rel=1e-12)
    assert observed.upper > expected.upper
    assert portico.signal(search, model.with_parameters(epsilon=1e-4)).observed == 110
    assert portico.reach(search, model, scan={"mass": [0.03, 0.067]}).attrs["kind"] == "observed"
    # a figure of merit has no observation
    assert portico.limit(search, model, method="sqrt_b").kind == "expected"


def test_observed_median_equals_the_expected_limit(own):
    search, model = own(extra=COUNT), DarkPhoton(mass=0.067, alpha_dark=0.5)
    assert portico.limit(search, model).upper == pytest.approx(portico.limit(_search(), model).upper, rel=1e-9)


def test_events_that_are_missed_fail_loudly(monkeypatch):
    monkeypatch.setattr(_search().signature, "TOLERANCE", 1e-12)
    with pytest.raises(
        portico.NumericsError, match=r"limit on epsilon: numerical error .* of the signal exceeds 1e-12"
    ):
        portico.limit(_search(), DarkPhoton(mass=0.067, alpha_dark=0.5))
    reach = portico.reach(_search(), DarkPhoton(alpha_dark=0.5), scan={"mass": [0.03, 0.067]})
    assert all(status.startswith("failed: numerical error") for status in reach["status"].values)


# --- reach ---------------------------------------------------------------------------------------------------------


def test_reach_and_limit_agree():
    for mass, low, high in zip(MASSES, _reach()["low"].values[:, 0], _reach()["high"].values[:, 0], strict=True):
        limit = portico.limit(_search(), DarkPhoton(mass=mass, alpha_dark=0.5))
        assert low == pytest.approx(limit.upper, rel=1e-8)  # edges to 1e-9
        assert high == np.inf


def test_order_of_the_scan_does_not_matter():
    order = np.array([3, 0, 4, 2, 1])
    mixed = portico.reach(_search(), DarkPhoton(alpha_dark=0.5), scan={"mass": np.array(MASSES)[order]})
    np.testing.assert_array_equal(mixed["mass"], np.array(MASSES)[order])
    np.testing.assert_allclose(mixed["low"], _reach()["low"].values[order], rtol=1e-8)
    np.testing.assert_allclose(mixed["channel_low"], _reach()["channel_low"].values[:, order], rtol=1e-8)


def test_dataset_has_units_and_provenance():
    data = _reach()
    wanted = {
        "low",
        "high",
        "n_intervals",
        "low_expected",
        "status",
        "numerical_error",
        "systematic_error",
        "channel_low",
        "required_events",
        "low_known",
        "largest_allowed",
    }
    assert set(data.data_vars) == wanted
    assert data["low"].dims == ("mass", "interval")
    assert data["mass"].attrs["units"] == "GeV"
    assert data["low"].attrs["units"] == data["high"].attrs["units"] == "1"
    assert data["n_intervals"].values.tolist() == [1] * 5
    assert data["status"].values.tolist() == ["open"] * 5
    assert np.all(data["numerical_error"] < 1e-3)
    # beam 5% and track length 1% at least; the approximation on nuclei adds to that
    assert np.all(data["systematic_error"] > 0.05)
    attributes = data.attrs
    assert attributes["search"] == NAME
    assert (attributes["model"], attributes["parameter"], attributes["kind"]) == ("dark_photon", "epsilon", "expected")
    assert (attributes["cl"], attributes["method"]) == (0.9, "cls")
    assert attributes["background"] == pytest.approx(94.1, abs=0.1)
    assert "alpha_dark=0.5" in attributes["model_parameters"].split("\n")
    assert "mass=" not in attributes["model_parameters"].replace("dark_matter_mass", "")
    assert "bremsstrahlung=exact" in attributes["options"].split("\n")
    assert attributes["portico_version"] == portico.__version__


def test_channels_alone_are_weaker_than_together():
    data = _reach()
    assert data["channel"].values.tolist() == ["annihilation", "bremsstrahlung", "radiative_annihilation"]
    alone = data["channel_low"].values
    assert np.isnan(alone[0, 4])  # no annihilation at 300 MeV
    assert alone[1, 4] == pytest.approx(data["low"].values[4, 0], rel=1e-8)
    both = 1 / np.sqrt(np.nansum(1 / alone**2, axis=0))
    np.testing.assert_allclose(both, data["low"].values[:, 0], rtol=1e-6)  # the visible width is below 1e-6


def test_a_single_channel_has_no_line_of_its_own():
    data = portico.reach(_search(channels="annihilation"), DarkPhoton(alpha_dark=0.5), scan={"mass": [0.03, 0.3]})
    assert "channel_low" not in data
    assert data["status"].values.tolist() == ["open", "none"]
    assert data["n_intervals"].values.tolist() == [1, 0]


def test_scan_over_two_parameters_is_a_grid():
    mass, alpha_dark = np.array([0.030, 0.067, 0.100]), np.array([0.1, 0.5])
    data = portico.reach(_search(), DarkPhoton(), scan={"mass": mass, "alpha_dark": alpha_dark})
    assert data["low"].shape == (3, 2, 1)
    assert data["low"].dims == ("mass", "alpha_dark", "interval")
    assert data["status"].shape == data["n_intervals"].shape == (3, 2)
    assert data["channel_low"].shape == (3, 3, 2)
    np.testing.assert_allclose(data["low"].values[:, 1, 0], _reach()["low"].values[1:4, 0], rtol=1e-8)
    one = portico.limit(_search(), DarkPhoton(mass=0.067, alpha_dark=0.1)).upper
    assert float(data["low"].sel(mass=0.067, alpha_dark=0.1)[0]) == pytest.approx(one, rel=1e-8)


def test_ratio_follows_the_mass_and_an_absolute_mass_stays():
    ratio = portico.reach(_search(), DarkPhoton(alpha_dark=0.5), scan={"mass": [0.067, 0.09]})
    fixed = portico.reach(
        _search(), DarkPhoton(alpha_dark=0.5, dark_matter_mass=0.067 / 3), scan={"mass": [0.067, 0.09]}
    )
    assert fixed["low"].values[0, 0] == pytest.approx(ratio["low"].values[0, 0], rel=1e-8)
    assert fixed["low"].values[1, 0] != pytest.approx(ratio["low"].values[1, 0], rel=1e-3)
    scanned = portico.reach(
        _search(), DarkPhoton(mass=0.09, alpha_dark=0.5), scan={"dark_matter_mass": [0.067 / 3, 0.03]}
    )
    assert scanned["low"].values[0, 0] == pytest.approx(fixed["low"].values[1, 0], rel=1e-8)
    assert scanned["dark_matter_mass"].attrs["units"] == "GeV"


def test_blocks_arrive_in_order_and_are_complete():
    blocks = []
    mass = np.geomspace(0.2, 0.3, 1100)
    search = _search(channels="bremsstrahlung")
    data = portico.reach(search, DarkPhoton(alpha_dark=0.5), scan={"mass": mass}, on_block=blocks.append)
    assert [block.first for block in blocks] == [0, 1024]
    np.testing.assert_array_equal(np.concatenate([block.points["mass"] for block in blocks]), mass)
    np.testing.assert_array_equal(np.concatenate([block.edges[:, 0, 0] for block in blocks]), data["low"].values[:, 0])


def test_reach_of_alpha_dark():
    data = portico.reach(
        _search(), DarkPhoton(epsilon=3.6e-5), scan={"mass": [0.030, 0.067, 0.070]}, parameter="alpha_dark"
    )
    assert data["n_intervals"].values.tolist() == [0, 1, 1]
    one = portico.limit(_search(), DarkPhoton(mass=0.070, epsilon=3.6e-5), parameter="alpha_dark").intervals[0]
    assert data["high"].values[2, 0] == pytest.approx(one[1], rel=1e-8)


def test_both_cite_the_paper_and_the_method():
    for result in (portico.limit(_search(), DarkPhoton(mass=0.067, alpha_dark=0.5)), _reach()):
        text = portico.cite(result)
        assert "@article{Liang2022pul," in text
        assert "@article{Read2002hq," in text
        assert text.count("{Liang2022pul,") == 1
    text = portico.cite(portico.limit(_search(), DarkPhoton(mass=0.067, alpha_dark=0.5), method="likelihood_ratio"))
    assert "1007.1727" in text
    assert "Read2002hq" not in text


# --- wrong input ---------------------------------------------------------------------------------------------------

GOOD = {"mass": 0.067, "alpha_dark": 0.5}


@pytest.mark.parametrize(
    ("model", "arguments", "text"),
    [
        (GOOD, {"parameter": "epsilonn"}, r"no parameter named 'epsilonn' in model dark_photon\. Did you mean 'epsilon'\?"),
        (GOOD, {"parameter": "mass"}, r"no limit can be set on 'mass' of dark_photon; expected one of epsilon, alpha_dark"),
        (GOOD, {"parameter": "dark_matter"}, r"no limit can be set on 'dark_matter' of dark_photon"),
        (GOOD, {"method": "clz"}, r"no method named 'clz'\. Did you mean 'cls'\?"),
        (GOOD, {"method": np.array([1.0, 2.0])}, r"no method named '\[1\. 2\.\]'"),
        (GOOD, {"parameter": ["epsilon"]}, r"no parameter named '\['epsilon'\]'"),
        (GOOD, {"cl": 0}, r"cl = 0 is not a confidence level"),
        (GOOD, {"cl": 1}, r"cl = 1 is not a confidence level"),
        (GOOD, {"cl": 1.5}, r"cl = 1\.5 is not a confidence level"),
        ({"alpha_dark": 0.5}, {}, r"dark_photon: mass must be set"),
        ({"mass": 0.067}, {}, r"needs alpha_dark above 0"),
        ({"mass": 0.067}, {"parameter": "alpha_dark"}, r"dark_photon: epsilon must be set"),
        ({**GOOD, "dark_matter_mass_ratio": 0.6}, {}, r"needs on-shell dark matter, 2 m_chi < m_A'"),
        ({"mass": np.array([0.067, 0.07]), "alpha_dark": 0.5}, {}, r"mass is an array; expected one value, or a scan over it with portico\.reach"),
    ],
)  # fmt: skip
def test_wrong_limit_is_refused(model, arguments, text):
    with pytest.raises(portico.InvalidInput, match=text):
        portico.limit(_search(), DarkPhoton(**model), **arguments)


SCAN = {"mass": [0.03, 0.067]}


@pytest.mark.parametrize(
    ("model", "arguments", "text"),
    [
        ({}, {"scan": SCAN}, r"needs alpha_dark above 0"),
        ({"alpha_dark": 0.5}, {"scan": {}}, r"scan: nothing to scan"),
        ({"alpha_dark": 0.5}, {"scan": {"maas": [1, 2]}}, r"no parameter to scan named 'maas' in model dark_photon\. Did you mean 'mass'\?"),
        ({"alpha_dark": 0.5}, {"scan": {"dark_matter": ["dirac", "scalar"]}}, r"no parameter to scan named 'dark_matter'"),
        ({"alpha_dark": 0.5, "mass": 0.067}, {"scan": {"epsilon": [1e-5, 1e-4]}}, r"scan: 'epsilon' is the parameter that is limited; scan another one"),
        ({"alpha_dark": 0.5}, {"scan": {"mass": [0.067]}}, r"scan of mass: expected at least two values in one dimension, given 1; use limit for one point"),
        ({"alpha_dark": 0.5}, {"scan": {"mass": [[0.03, 0.067]]}}, r"scan of mass: expected at least two values in one dimension"),
        ({"alpha_dark": 0.5}, {"scan": {"mass": [0.067, 0.067]}}, r"scan of mass: a value occurs twice"),
        ({"alpha_dark": 0.5}, {"scan": {"mass": [0.0, 0.067]}}, r"mass = 0 GeV is not allowed"),
        ({"alpha_dark": 0.5}, {"scan": {"mass": [np.nan, 0.067]}}, r"mass = nan GeV is not allowed"),
        ({"alpha_dark": 0.5}, {"scan": {"mass": [0.067, 41.0]}}, r"mass = 41 GeV is not allowed; expected above 0 GeV and at most 40 GeV"),
        ({"alpha_dark": 0.5, "dark_matter_mass": 0.03}, {"scan": SCAN}, r"given m_chi = 0\.03 GeV and m_A' = 0\.03 GeV"),
        ({}, {"scan": {"mass": np.geomspace(0.01, 0.1, 1001), "alpha_dark": np.geomspace(0.01, 0.1, 1000)}}, r"scan: 1001000 points are more than 1,000,000; cut the scan into parts"),
        ({"mass": 0.067}, {"scan": {"alpha_dark": [0.0, 0.5]}}, r"needs alpha_dark above 0"),
        ({"alpha_dark": 0.5}, {"scan": SCAN, "parameter": "epsilonn"}, r"no parameter named 'epsilonn' in model dark_photon\. Did you mean 'epsilon'\?"),
        ({"alpha_dark": 0.5}, {"scan": SCAN, "parameter": np.array([1.0, 2.0])}, r"no parameter named '\[1\. 2\.\]'"),
        ({"alpha_dark": 0.5}, {"scan": SCAN, "method": "clz"}, r"no method named 'clz'"),
        ({"alpha_dark": 0.5}, {"scan": SCAN, "cl": 1.0}, r"cl = 1 is not a confidence level"),
        ({"alpha_dark": np.array([0.1, 0.5])}, {"scan": {"mass": [0.03, 0.05, 0.067]}}, r"alpha_dark is an array"),
    ],
)  # fmt: skip
def test_wrong_reach_is_refused(model, arguments, text):
    with pytest.raises(portico.InvalidInput, match=text):
        portico.reach(_search(), DarkPhoton(**model), **arguments)
