import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import particles, registry, sources
from portico.errors import DataError, UnknownName
from portico.limits import curves

NAMES = registry.names("published limit")


@pytest.mark.parametrize("name", NAMES)
def test_every_published_limit_loads(name):
    curve = curves.curve(name)
    assert curve.name == name
    assert curve.title
    assert curve.kind in curves.KINDS
    assert curve.applies_to in curves.APPLIES_TO
    assert curve.particle in curves.PARTICLES
    assert 0 < curve.cl < 1 or (np.isnan(curve.cl) and "confidence level" in curve.note)
    assert curve.sources
    assert curve.mass.shape == curve.value.shape == curve.high.shape
    assert curve.mass.size >= 2
    assert np.all(np.diff(curve.mass) > 0)
    if curve.kind == "range":
        assert np.all(np.isnan(curve.value))
    else:
        assert np.all((curve.value > 0) & (curve.value <= 1))
    assert not curve.newer or curves.curve(curve.newer).applies_to == curve.applies_to


@pytest.mark.parametrize("name", NAMES)
def test_every_curve_passes_through_its_points_and_ends_there(name):
    curve = curves.curve(name)
    if curve.kind == "range":
        assert np.isnan(curve.at(curve.mass)).all()
        assert not curve.covers(curve.mass[0], 1.0)
        return
    np.testing.assert_allclose(curve.at(curve.mass), curve.value, rtol=1e-12)
    np.testing.assert_allclose(curve.high_at(curve.mass), curve.high, rtol=1e-12)
    assert np.isnan(curve.at([0.999 * curve.mass[0], 1.001 * curve.mass[-1]])).all()
    assert np.isnan(curve.high_at([0.999 * curve.mass[0], 1.001 * curve.mass[-1]])).all()
    middle = np.sqrt(curve.mass[1:] * curve.mass[:-1])
    np.testing.assert_allclose(curve.at(middle), np.sqrt(curve.value[1:] * curve.value[:-1]), rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_point_has_a_source_and_a_status(name):
    content = registry.read_toml(registry.path_of("published limit", name))
    for entry in content["points"].values():
        assert entry["source"]
        assert entry["status"] in ("published", "digitised", "inferred", "assumed", "unverified", "computed")


def test_curves_of_a_parameter():
    known = [{curve.name for curve in curves.curves("epsilon", particle)} for particle in curves.PARTICLES]
    assert set.union(*known) == set(NAMES)
    assert set.intersection(*known) == set()
    assert curves.curves("alpha_dark") == []


def test_pictures_show_the_newest_of_each_search_and_all_bounds():
    assert {curve.name for curve in curves.compared("epsilon")} == {
        "babar_mono_photon_2017",
        "belle2_mono_photon_projection",
        "electroweak_precision",
        "hera_deep_inelastic_2020",
        "na64e_invisible_2023",
    }


def test_pictures_of_millicharged_particles_show_searches_for_these_and_no_other():
    assert {curve.name for curve in curves.compared("epsilon", "millicharged")} == {
        "argoneut_millicharged_2019",
        "cms_fractional_charge_2012",
        "cms_fractional_charge_2024",
        "colliders_millicharged_2000",
        "milliqan_demonstrator_2020",
        "milliqan_hl_lhc_projection",
        "milliqan_run3_2025",
        "sensei_millicharged_2023",
        "slac_mq_1998",
    }


def test_other_particles_have_no_limits():
    with pytest.raises(
        UnknownName, match=r"no particle with published limits named 'millicharge'.*Did you mean 'millicharged'"
    ):
        curves.curves("epsilon", "millicharge")


def test_every_source_of_a_curve_can_be_cited():
    lost = [s for c in map(curves.curve, NAMES) for s in c.sources if s.startswith("arXiv:") and not sources.keys_in(s)]
    assert lost == []


@pytest.mark.parametrize(
    ("name", "points"),
    [
        (
            "babar_mono_photon_2017",
            {0.001: 9.48e-4, 1.27: 9.70e-4, 2.0: 8.23e-4, 4.0: 4.56e-4, 6.0: 1.27e-3, 8.0: 8.67e-4},
        ),
        ("na64e_invisible_2019", {0.001: 7.54e-6, 0.1: 3.46e-4, 1.0: 1.09e-2}),
        (
            "na64e_invisible_2023",
            {0.0031: 9.3e-6, 0.068: 1.34e-4, 0.2: 3.77e-4, 0.25: 1.64e-4, 0.3: 5.28e-4, 1.27: 8.81e-3},
        ),
        ("slac_mq_1998", {1e-3: 4.1e-5, 0.1: 5.8e-4}),
        ("colliders_millicharged_2000", {0.05: 0.0101, 0.3: 0.030, 1.0: 0.24, 45.0: 0.233}),
        ("cms_fractional_charge_2012", {140.0: 0.333333, 310.0: 0.666667}),
        ("argoneut_millicharged_2019", {0.01: 2.5e-3, 0.1: 4.2e-3, 1.0: 2.2e-2, 3.0: 0.11}),
        ("milliqan_demonstrator_2020", {0.02: 5.4e-3, 0.1: 8.5e-3, 1.0: 2.0e-2, 4.1: 0.2}),
    ],
)
def test_numbers_are_the_tabulated_ones_in_gev(name, points):
    np.testing.assert_allclose(curves.curve(name).at(list(points)), list(points.values()), rtol=1e-12)


def test_annihilation_of_secondary_positrons_makes_a_dip_in_2023_and_none_in_2019():
    old, new = (curves.curve(f"na64e_invisible_{year}") for year in (2019, 2023))
    assert new.at(0.234) < new.at(0.2) / 2 < new.at(0.3)
    assert old.at(0.2) < old.at(0.234) < old.at(0.3)
    # more than three times the electrons: below it everywhere
    assert np.all(new.value[new.mass <= 1] < old.at(new.mass[new.mass <= 1]))


def test_closed_regions_of_charge_end_where_their_abstracts_say():
    demonstrator, cms = curves.curve("milliqan_demonstrator_2020"), curves.curve("cms_fractional_charge_2012")
    assert demonstrator.covers([1.0, 1.0, 1.0, 4.5], [0.1, 0.31, 0.01, 0.25]).tolist() == [True, False, False, False]
    assert cms.covers([120.0, 200.0, 120.0, 310.0], [0.5, 0.4, 0.7, 0.666667]).tolist() == [True, False, False, True]
    run3 = curves.curve("milliqan_hl_lhc_projection")
    assert (run3.kind, run3.mass.tolist(), run3.value[0], run3.high[0]) == ("extent", [0.01, 80.0], 0.0018, 0.3)


def test_range_of_masses_may_have_no_upper_end():
    assert curves.curve("sensei_millicharged_2023").mass.tolist() == [0.03, 0.38]
    assert curves.curve("milliqan_run3_2025").mass.tolist() == [0.45, np.inf]


def test_jagged_curve_is_not_smoothed():
    babar = curves.curve("babar_mono_photon_2017")
    assert babar.at(4.0) < 0.7 * babar.at(3.0)
    assert babar.at(6.0) > 2 * babar.at(5.0)


def test_closed_contour_is_told_by_its_extent():
    extent = curves.curve("na64e_semi_visible_2021")
    assert extent.kind == "extent"
    assert extent.mass[0] == pytest.approx(2 * particles.mass("e-"), rel=1e-6)
    assert extent.covers([0.1, 0.1, 0.1, 0.5], [1e-3, 1e-5, 0.1, 1e-3]).tolist() == [True, False, False, False]
    assert extent not in curves.compared("epsilon")


def test_bounds_hold_for_any_decay_and_reach_up():
    bounds = [curve for curve in curves.curves() if curve.kind == "bound"]
    assert {curve.applies_to for curve in bounds} == {"any_decay"}
    weak = curves.curve("electroweak_precision")
    assert weak.covers([1.0, 1.0, 100.0, 0.5], [0.031, 0.029, 0.9, 0.9]).tolist() == [True, False, True, False]
    assert float(weak.high_at(10.0)) == np.inf


@given(mass=st.floats(1e-4, 20.0), scale=st.floats(1.0, 1e4))
def test_whatever_lies_above_an_open_limit_is_covered(mass, scale):
    for curve in map(curves.curve, NAMES):
        if curve.kind == "range":
            continue
        edge = float(curve.at(mass))
        if np.isinf(curve.high).all():
            assert bool(curve.covers(mass, edge * scale)) == (curve.mass[0] <= mass <= curve.mass[-1])
        assert not curve.covers(mass, edge * 0.99)


GOOD = {
    "title": "some",
    "kind": "extent",
    "applies_to": "semi_visible",
    "cl": "90%",
    "parameter": "epsilon",
    "sources": ["arXiv:2107.02021"],
    "points": {
        "mass": {"value": [1.0, 2.0], "unit": "MeV"},
        "epsilon": {"value": [1e-4, 1e-4], "unit": "1"},
        "epsilon_high": {"value": [1e-2, 1e-2], "unit": "1"},
    },
}


def test_file_of_known_form_is_read():
    curve = curves.from_content("mine", GOOD)
    np.testing.assert_allclose(curve.mass, [1e-3, 2e-3], rtol=1e-15)
    assert curve.cl == 0.9


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("title", None, "'title' is missing"),
        ("points", None, "'points' is missing"),
        ("kind", "limits", "kind = 'limits' is not known; expected one of limit, projection, bound, extent, range"),
        ("applies_to", "visible", "applies_to = 'visible' is not known; expected one of invisible, semi_visible, any_decay, millicharged"),
        ("kind", "bound", "a bound, and only a bound, is for any_decay"),
        ("applies_to", "any_decay", "a bound, and only a bound, is for any_decay"),
        ("points.mass", None, "'mass' is missing or no list"),
        ("points.epsilon_high", None, "'epsilon_high' is missing; an extent has an upper edge"),
        ("points.mass.value", [1.0], "1 masses, 2 values and 2 upper edges; expected as many of each"),
        ("points.mass.value", [2.0, 1.0], "the masses do not rise"),
        ("points.epsilon.value", [1e-4, 0.0], "'epsilon' holds a number that is not above 0 and finite"),
        ("points.epsilon.value", [1e-4, "x"], "'epsilon' holds something that is no number"),
        ("points.epsilon.value", [1e-4, 2e-2], "an upper edge lies at or below the lower one"),
        ("points.epsilon.value", [1e-2, 1e-2], "an upper edge lies at or below the lower one; only at the last mass may they meet"),
        ("kind", "range", "points: 'epsilon' is given; a range has masses only"),
        ("points.mass.unit", None, "'mass' is missing or no list; expected value = "),
        ("title", 3, "title = 3 is not allowed; expected text"),
        ("title", "", "title = '' is not allowed; expected text"),
        ("note", 3, "note = 3 is not allowed; expected text"),
        ("kind", ["limit"], "kind = .'limit'. is not known"),
        ("parameter", ["epsilon"], "parameter = .'epsilon'. is not allowed; expected text"),
        ("sources", "abc", "sources = 'abc' is not allowed; expected a list of at least one source"),
        ("sources", [], "expected a list of at least one source"),
        ("sources", [3], "expected a list of at least one source"),
        ("points", [], "points = .. is not allowed; expected a table with mass and epsilon"),
        ("points", "x", "points = 'x' is not allowed; expected a table"),
        ("cl", 5, "cl = 5 is not allowed; expected a confidence level between 0 and 1"),
        ("cl", -1, "cl = -1 is not allowed"),
        ("cl", "x", "cl: 'x' is not a quantity"),
        ("points.mass.unit", "", "mass: unit = '' is not allowed; expected GeV, MeV or another energy"),
        ("points.mass.unit", "1", "mass: unit = '1' is not allowed; expected GeV"),
        ("points.mass.unit", "cm", "mass: '1 cm' is not an energy"),
        ("points.epsilon.unit", 1, "epsilon: unit = 1 is not allowed; expected 1"),
        ("points.mass.value", [1.0, 10**400], "'mass' holds something that is no number"),
        ("points.mass.value", [1.0, 1e300], "'mass' holds 1e.297; expected at most 1e.06 GeV"),
        ("points.epsilon_high.value", [1.0, 1e300], "'epsilon_high' holds 1e.300; expected at most 100"),
        ("titles", "x", "no key named 'titles' in mine.toml. Did you mean 'title'"),
        ("points.epsilon_hihg", {}, "Did you mean 'epsilon_high'"),
        ("points.mass.units", "GeV", "Did you mean 'unit'"),
    ],
)  # fmt: skip
def test_wrong_file_is_refused_with_a_sentence(place, value, message):
    content = copy.deepcopy(GOOD)
    *path, last = place.split(".")
    table = content
    for key in path:
        table = table[key]
    if value is None:
        del table[last]
    else:
        table[last] = value
    with pytest.raises(DataError, match=message) as caught:
        curves.from_content("mine", content)
    assert "mine.toml" in str(caught.value)


@pytest.mark.parametrize("content", [None, [], "x", 3])
def test_content_that_is_no_table_is_refused(content):
    with pytest.raises(DataError, match="expected a table with title, kind, parameter, sources, points"):
        curves.from_content("mine", content)


def test_unknown_limit_has_the_nearest_match():
    with pytest.raises(
        UnknownName, match=r"no published limit named 'babar_mono_photon'.*Did you mean 'babar_mono_photon_2017'\?"
    ):
        curves.curve("babar_mono_photon")
