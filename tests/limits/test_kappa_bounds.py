import math

import numpy as np
import pytest
import xarray as xr

import portico
from portico import units
from portico.constants import SIN2_THETA_W
from portico.errors import InvalidInput, UnknownName
from portico.limits import curves, kappa_bounds
from portico.models import DarkPhoton, MixedPhase, Stueckelberg
from portico.precision import electroweak

MASSES = np.array([0.3, 1.0, 2.0, 3.0, 10.0, 30.0])
SINE = math.sqrt(SIN2_THETA_W)


@pytest.fixture(scope="module")
def model():
    return MixedPhase(mass=MASSES)


@pytest.fixture(scope="module")
def largest(model):
    return {name: kappa_bounds.largest_mixing(model, name) for name in kappa_bounds.NAMES}


def test_bound_of_the_source_is_twice_as_weak_as_it_says(largest):
    """kappa s' < 1e-3: 2.08e-3 for theta_W' = theta_W, below 8 GeV, where the source says 1e-3."""
    np.testing.assert_allclose(largest["b_factory_invisible_seed"][:3], 2.08e-3, rtol=2e-3)
    assert np.isinf(largest["b_factory_invisible_seed"][3:]).all()
    np.testing.assert_array_equal(largest["electroweak_seed"], 1e-2)


def test_published_curve_is_reached_at_the_bound(model, largest):
    """The coupling of the Z' to charge, with its invisible ratio, is that of BaBar's curve there."""
    at = MixedPhase(mass=MASSES[:3], kappa=largest["b_factory_invisible"][:3])
    like = at.as_dark_photon()
    published = curves.curve("babar_mono_photon_2017").at(3 * MASSES[:3])
    np.testing.assert_allclose(like.model.epsilon * np.sqrt(like.invisible_branching_ratio), published, rtol=1e-6)
    assert np.isinf(largest["b_factory_invisible"][3:]).all()


def test_electroweak_bound_is_that_on_eta(largest):
    eta = largest["electroweak_fit"] * SINE / np.sqrt(1 - largest["electroweak_fit"] ** 2)
    np.testing.assert_allclose(eta[:5], electroweak.eta_bound(3 * MASSES[:5]), rtol=1e-4)
    assert eta[5] < 0.003  # next to the Z, at 90 GeV


def test_invisible_width_of_the_z_is_2_mev_at_its_bound(largest):
    kappa = largest["z_invisible_width"][:5]
    widths = MixedPhase(mass=MASSES[:5], kappa=kappa).z_widths()
    # the power of the mixing between two points of the grid is not exactly 2 for so large a kappa
    np.testing.assert_allclose(widths["chi chi"] + widths["nu_D nu_D"], 2.0e-3, rtol=2e-3)


def test_a_light_vector_changes_the_invisible_width_as_its_exchange_does():
    """71.4 |1 + r|^2 MeV eps^2 for a light Z': 30.2 for chi of a doublet, 121 for a singlet; the source's formula has 71.4."""
    for content, expected in (("doublet", 30.2e-3), ("singlet", 121e-3)):
        light = MixedPhase(mass=0.1, zprime_mass=0.3, kappa=1e-2, content=content)
        assert light.z_widths()["chi chi"] / light.charge() ** 2 == pytest.approx(expected, rel=1e-2)
    alone = MixedPhase(mass=0.1, zprime_mass=0.3, content="singlet", partner_mass=1e3)
    epsilon = float(kappa_bounds.largest_in(alone, "z_invisible_width", "epsilon"))
    assert epsilon == pytest.approx(electroweak.invisible_width_bound(121e-3), rel=2e-2)  # kappa is 0.16 there


def test_a_bound_that_no_mixing_breaks():
    """With so small a dark charge no mixing makes the Z too wide: no end, and no warning."""
    model = MixedPhase(mass=np.array([1.0, 20.0]), zprime_mass_ratio=2.0, dark_charge=0.01, content="singlet")
    assert np.isinf(kappa_bounds.largest_mixing(model, "z_invisible_width")).all()


def test_charge_at_the_bound_grows_with_the_dark_charge(model):
    one = kappa_bounds.largest_in(model, "electroweak_fit", "epsilon")
    five = kappa_bounds.largest_in(MixedPhase(mass=MASSES, dark_charge=5.0), "electroweak_fit", "epsilon")
    np.testing.assert_allclose(five, 5 * one, rtol=1e-9)
    np.testing.assert_array_equal(
        kappa_bounds.largest_in(model, "electroweak_fit", "kappa"),
        kappa_bounds.largest_mixing(model, "electroweak_fit"),
    )


def test_a_vector_that_decays_to_what_is_seen_is_not_bounded_by_searches_for_invisible_ones():
    closed = MixedPhase(mass=2.0, zprime_mass=3.0, content="singlet")
    assert np.isinf(kappa_bounds.largest_mixing(closed, "b_factory_invisible"))
    assert np.isinf(kappa_bounds.largest_mixing(closed, "b_factory_invisible_seed"))


def test_holdom_limit_has_no_bound_through_the_vector():
    holdom = MixedPhase(mass=1.0, theta_w_dark=0.0)
    for name in ("b_factory_invisible", "electroweak_fit"):
        assert np.isinf(kappa_bounds.largest_mixing(holdom, name))
    # and the invisible width is that of a hypercharge
    epsilon = float(kappa_bounds.largest_in(holdom, "z_invisible_width", "epsilon"))
    assert epsilon == pytest.approx(0.167, rel=2e-2)


def test_mixings_of_the_stueckelberg_model_may_cancel():
    """Only the difference is seen: the largest mass mixing lies above the kinetic one by as much as without it."""
    plain = float(kappa_bounds.largest_mixing(Stueckelberg(mass=1.0), "electroweak_fit"))
    shifted = Stueckelberg(mass=1.0, kinetic_mixing=0.1)
    root = math.sqrt(1 - 0.1**2)
    assert float(kappa_bounds.largest_mixing(shifted, "electroweak_fit")) == pytest.approx(0.1 + plain * root, rel=3e-3)
    assert np.isinf(kappa_bounds.largest_mixing(shifted, "electroweak_seed"))


@pytest.fixture(scope="module")
def reach():
    """A reach of the mixed phase over the mass, in the form that a picture takes."""
    base = portico.reach("belle2_disappearing_positron", DarkPhoton(alpha_dark=0.5), scan={"mass": [0.03, 0.067]})
    content = {
        "low": (("mass", "interval"), np.full((6, 1), 2e-3)),
        "high": (("mass", "interval"), np.full((6, 1), np.inf)),
        "n_intervals": ("mass", np.ones(6, dtype=int)),
        "status": ("mass", np.array(["excluded"] * 6)),
    }
    attributes = {**base.attrs, "model": "mixed_phase", "parameter": "epsilon", "scanned_low": 1e-6, "options": "", "changed_options": "",
                  "model_parameters": "zprime_mass_ratio=3.0\ntheta_w_dark=0.5\ndark_charge=1.0\ncontent=doublet\npartner_mass=0.0\nfermions=dirac\nalpha=0.0078\ninputs=physical"}  # fmt: skip
    return xr.Dataset(content, coords={"mass": ("mass", MASSES, {"units": units.ENERGY})}, attrs=attributes)


def test_reach_of_the_mixed_phase_has_bounds_in_its_parameter(reach):
    found = {each.name: each for each in kappa_bounds.bounds_of(reach)}
    assert set(found) == set(kappa_bounds.SHOWN)
    model = MixedPhase(mass=MASSES, theta_w_dark=0.5, alpha=0.0078)
    np.testing.assert_allclose(found["electroweak_fit"].value, kappa_bounds.largest_in(model, "electroweak_fit", "epsilon"), rtol=1e-12)  # fmt: skip
    assert found["b_factory_invisible"].mass.tolist() == MASSES[:3].tolist()
    assert {each.kind for each in found.values()} == {"bound"}
    in_kappa = kappa_bounds.bounds_of(reach.assign_attrs(parameter="kappa"), ("electroweak_seed",))
    assert in_kappa[0].value.tolist() == [1e-2] * 6


def test_picture_of_the_mixed_phase_shows_its_bounds(reach):
    ax = portico.plot.exclusion([reach])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    for name in ("b_factory_invisible", "electroweak_fit"):
        assert any(text.startswith(kappa_bounds.bound(name).title) for text in labels)
    assert any(text.startswith("milliQan demonstrator") for text in labels)
    bare = portico.plot.exclusion([reach], compare=False)
    assert not any(text.get_text().startswith("Electroweak") for text in bare.get_legend().get_texts())


def test_bounds_of_two_reaches_are_told_apart_where_they_differ(reach):
    text = reach.attrs["model_parameters"]
    other = reach.assign_attrs(model_parameters=text.replace("dark_charge=1.0", "dark_charge=5.0"))
    ax = portico.plot.exclusion([reach, other], labels=["one", "five"])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    told = [text for text in labels if text.startswith("Electroweak fit")]
    assert len(told) == 1  # one entry, a line in the colour of each reach
    assert told[0].replace("\n", " ").endswith("by colour of the reach")
    same = portico.plot.exclusion([reach, reach], labels=["one", "two"])
    assert len([t for t in same.get_legend().get_texts() if t.get_text().startswith("Electroweak fit")]) == 1


def test_other_models_and_planes_have_no_such_bounds(reach):
    assert kappa_bounds.bounds_of(reach.assign_attrs(model="dark_photon", model_parameters="alpha_dark=0.5")) == []
    assert kappa_bounds.bounds_of(reach.assign_attrs(parameter="dark_charge")) == []
    assert kappa_bounds.bounds_of(reach.rename(mass="theta_w_dark")) == []


def test_wrong_names_and_models_are_refused_in_a_sentence(model, reach):
    with pytest.raises(UnknownName, match=r"no bound on a mixing named 'electroweak'.*Did you mean 'electroweak_"):
        kappa_bounds.largest_mixing(model, "electroweak")
    with pytest.raises(UnknownName, match=r"no bound on a mixing named 'babar'"):
        kappa_bounds.bounds_of(reach, ("babar",))
    with pytest.raises(
        InvalidInput, match=r"dark_photon: bounds on a mixing need a model with a Z' and millicharged particles"
    ):
        kappa_bounds.largest_mixing(DarkPhoton(mass=1.0), "electroweak_fit")
    with pytest.raises(
        InvalidInput, match=r"mixed_phase: bounds on dark_charge cannot be told; expected kappa or epsilon"
    ):
        kappa_bounds.largest_in(model, "electroweak_fit", "dark_charge")
