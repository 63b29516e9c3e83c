import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import models, particles
from portico.constants import ALPHA, HBAR_GEV_S, HBARC_GEV_CM
from portico.decays.dark_current import KINDS
from portico.errors import InvalidInput, UnknownName
from portico.models import DarkPhoton

CHANNELS = ["e+ e-", "mu+ mu-", "tau+ tau-", "hadrons", "gamma gamma gamma", "chi chi"]


def test_branching_ratio_to_electrons_below_the_muon_pair_is_one():
    model = DarkPhoton(mass=0.1, epsilon=1e-4)
    ratios = model.branching_ratios()
    assert list(ratios) == CHANNELS
    assert ratios["e+ e-"] == pytest.approx(1.0, rel=1e-15)
    electron = particles.mass("e-")
    r = 4 * electron**2 / 0.01
    assert model.width() == pytest.approx(ALPHA * 1e-8 * 0.1 / 3 * (1 + r / 2) * np.sqrt(1 - r), rel=1e-12)


@pytest.mark.parametrize(("kind", "share"), [("dirac", 0.1518), ("majorana", 0.0345), ("scalar", 0.01725)])
def test_width_to_dark_matter_of_a_third_of_the_mass(kind, share):
    model = DarkPhoton(mass=0.3, epsilon=1e-6, alpha_dark=0.5, dark_matter=kind)
    assert model.partial_widths()["chi chi"] / 0.3 == pytest.approx(share, rel=3e-3)  # three or four digits
    assert model.width() / 0.3 == pytest.approx(share, rel=3e-3)
    assert model.dark_matter_mass_gev() == pytest.approx(0.1, rel=1e-15)


@pytest.mark.parametrize(("pair", "channel"), [("e-", "e+ e-"), ("mu-", "mu+ mu-"), ("tau-", "tau+ tau-")])
def test_channels_open_at_their_threshold(pair, channel):
    mass = 2 * particles.mass(pair) * np.array([1 - 1e-9, 1.0, 1 + 1e-9, 1.5])
    width = DarkPhoton(mass=mass, epsilon=1e-3).partial_widths()[channel]
    np.testing.assert_array_equal(np.asarray(width)[:2], 0.0)
    assert np.all(np.asarray(width)[2:] > 0)


def test_three_photons_take_over_below_the_electron_pair():
    ratios = DarkPhoton(mass=2 * particles.mass("e-") * np.array([0.5, 0.999, 1.001]), epsilon=1e-3).branching_ratios()
    np.testing.assert_allclose(ratios["gamma gamma gamma"], [1, 1, 0], rtol=1e-15)
    np.testing.assert_allclose(ratios["e+ e-"], [0, 0, 1], rtol=1e-15)


def test_dark_channel_closes_at_twice_its_mass_and_beyond_is_allowed():
    for mass, is_open in ((0.19, False), (0.2, False), (0.2001, True)):
        model = DarkPhoton(mass=mass, epsilon=1e-3, alpha_dark=0.5, dark_matter_mass=0.1)
        assert (model.partial_widths()["chi chi"] > 0) == is_open
    assert (
        DarkPhoton(mass=0.1, epsilon=1e-3, alpha_dark=0.5, dark_matter_mass_ratio=3.0).branching_ratios()["chi chi"]
        == 0.0
    )


def test_nothing_open_has_no_width_and_an_infinite_lifetime():
    model = DarkPhoton(mass=0.1, epsilon=0.0)
    assert model.width() == 0.0
    assert model.lifetime_s() == np.inf
    assert model.ctau_cm() == np.inf
    assert all(ratio == 0.0 for ratio in model.branching_ratios().values())


def test_lifetime_and_decay_length():
    model = DarkPhoton(mass=0.0167, epsilon=1e-4)
    assert model.ctau_cm() == pytest.approx(0.04858, rel=2e-4)  # by hand, four digits
    assert model.lifetime_s() * model.width() == pytest.approx(HBAR_GEV_S, rel=1e-14)
    assert model.ctau_cm() * model.width() == pytest.approx(HBARC_GEV_CM, rel=1e-9)  # hbar c is rounded


@settings(max_examples=15)
@given(
    mass=st.floats(0.002, 39.0), epsilon=st.floats(1e-8, 1.0), factor=st.floats(1e-3, 1.0),
    alpha_dark=st.floats(0.0, 1.0), ratio=st.floats(0.0, 0.7), kind=st.sampled_from(KINDS),
)  # fmt: skip
def test_laws_of_widths(mass, epsilon, factor, alpha_dark, ratio, kind):
    model = DarkPhoton(
        mass=mass, epsilon=epsilon, alpha_dark=alpha_dark, dark_matter=kind, dark_matter_mass_ratio=ratio
    )
    assert sum(model.branching_ratios().values()) == pytest.approx(1.0, rel=1e-13)
    widths, weaker = model.partial_widths(), model.with_parameters(epsilon=epsilon * factor).partial_widths()
    for channel in CHANNELS[:-1]:
        assert float(weaker[channel]) == pytest.approx(float(widths[channel]) * factor**2, rel=1e-12)
    assert float(weaker["chi chi"]) == float(widths["chi chi"])
    visible = sum(float(widths[channel]) for channel in CHANNELS[:-1])
    assert visible == pytest.approx(float(model.visible_width_unit()) * epsilon**2, rel=1e-12)


def test_arrays_equal_loops():
    mass = np.array([[0.001], [0.05], [0.3], [5.0]])
    epsilon = np.array([1e-4, 1e-2])
    model = DarkPhoton(mass=mass, epsilon=epsilon, alpha_dark=0.1)
    assert np.shape(model.width()) == (4, 2)
    expected = [[DarkPhoton(mass=m, epsilon=e, alpha_dark=0.1).width() for e in epsilon] for m in mass[:, 0]]
    np.testing.assert_allclose(model.width(), expected, rtol=1e-13)
    for ratio in model.branching_ratios().values():
        assert np.all(np.asarray(ratio) >= 0)
    np.testing.assert_allclose(
        sum(np.broadcast_to(r, (4, 2)) for r in model.branching_ratios().values()), 1.0, rtol=1e-13
    )


def test_gradients_by_the_mass_are_finite_and_right():
    def width(mass):
        return DarkPhoton(mass=mass, epsilon=1e-3, alpha_dark=0.1).width()

    slope = jax.jit(jax.vmap(jax.grad(width)))
    mass = jnp.array([0.0005, 2 * particles.mass("e-"), 0.1, 2 * particles.mass("mu-"), 0.5, 20.0])
    assert np.all(np.isfinite(slope(mass)))
    step = 1e-6
    value = [
        DarkPhoton(mass=np.array([0.1, 0.5, 20.0, 0.3, 0.05, 0.15]) + s * step, epsilon=1e-3, alpha_dark=0.1).width()
        for s in (1, -1)
    ]
    difference = (value[0] - value[1]) / (2 * step)
    np.testing.assert_allclose(slope(jnp.array([0.1, 0.5, 20.0, 0.3, 0.05, 0.15])), difference, rtol=1e-5)


def test_gradient_by_the_mixing_is_twice_the_width_over_it():
    slope = jax.jit(jax.grad(lambda e: DarkPhoton(mass=0.5, epsilon=e).width()))(1e-3)
    assert float(slope) == pytest.approx(2 * DarkPhoton(mass=0.5, epsilon=1e-3).width() / 1e-3, rel=1e-12)


def test_quantities_may_be_written_with_units():
    model = DarkPhoton(mass="67 MeV", epsilon="1e-4", alpha_dark="1/2", dark_matter_mass="5 MeV")
    assert model.parameters()["mass"] == pytest.approx(0.067)
    assert model.parameters()["alpha_dark"] == 0.5
    assert model.dark_matter_mass_gev() == pytest.approx(0.005)


def test_a_third_is_assumed_and_follows_the_mass():
    model = DarkPhoton(mass=0.3, epsilon=1e-3)
    assert model.parameters()["dark_matter_mass_ratio"] == pytest.approx(1 / 3)
    assert model.with_parameters(mass=0.6).dark_matter_mass_gev() == pytest.approx(0.2)
    fixed = DarkPhoton(mass=0.3, epsilon=1e-3, dark_matter_mass=0.1)
    assert fixed.with_parameters(mass=0.6).dark_matter_mass_gev() == 0.1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"mass": 0.0, "epsilon": 1e-3}, "dark_photon: mass = 0 GeV is not allowed; expected above 0 GeV and at most 40 GeV."),
        ({"mass": -1.0, "epsilon": 1e-3}, "dark_photon: mass = -1 GeV is not allowed; expected above 0 GeV and at most 40 GeV."),
        ({"mass": 41.0}, "dark_photon: mass = 41 GeV is not allowed; expected above 0 GeV and at most 40 GeV. A bare number is GeV; write for example 67MeV."),
        ({"mass": "50 TeV"}, "dark_photon: mass = 50000 GeV is not allowed; expected above 0 GeV and at most 40 GeV. A bare number is GeV; write for example 67MeV."),
        ({"mass": 0.1, "epsilon": 1.5}, "dark_photon: epsilon = 1.5 is not allowed; expected at least 0 and at most 1."),
        ({"mass": 0.1, "epsilon": -1e-3}, "dark_photon: epsilon = -0.001 is not allowed; expected at least 0 and at most 1."),
        ({"mass": 0.1, "alpha_dark": -0.1}, "dark_photon: alpha_dark = -0.1 is not allowed; expected at least 0 and at most 100."),
        ({"mass": [0.1, -0.2, 0.3]}, "dark_photon: mass = -0.2 GeV is not allowed; expected above 0 GeV and at most 40 GeV."),
        ({"mass": float("nan")}, "dark_photon: mass = nan GeV is not allowed; expected above 0 GeV and at most 40 GeV."),
        ({"alpha_dark": float("inf")}, "dark_photon: alpha_dark = inf is not allowed; expected at least 0 and at most 100."),
        ({"dark_matter_mass": -1.0}, "dark_photon: dark_matter_mass = -1 GeV is not allowed; expected at least 0 GeV and at most 1000 GeV."),
        ({"mass": "3 cm"}, "dark_photon: mass: '3 cm' is not an energy; expected for example '67 MeV'."),
        ({"mass": {"a": 1}}, "dark_photon: mass: {'a': 1} is not a number or an array of numbers."),
        (
            {"mass": 0.1, "dark_matter_mass": 0.02, "dark_matter_mass_ratio": 0.3},
            "dark_photon: dark_matter_mass and dark_matter_mass_ratio are both given; give one of them.",
        ),
    ],
)  # fmt: skip
def test_wrong_parameters_are_refused(arguments, text):
    with pytest.raises(InvalidInput) as caught:
        DarkPhoton(**arguments)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "value", [True, pytest.param(10**400, id="huge"), 1j, "5 parsecs", "", np.array(["a"]), [[0.1], [0.1, 0.2]]]
)
def test_a_mass_that_is_no_number_is_refused(value):
    with pytest.raises(InvalidInput):
        DarkPhoton(mass=value, epsilon=1e-3)


def test_unknown_kind_of_dark_matter_names_the_nearest():
    with pytest.raises(UnknownName) as caught:
        DarkPhoton(mass=0.1, dark_matter="Dirak")
    assert str(caught.value) == (
        "no choice for dark_matter named 'Dirak' in dark_photon. Did you mean 'dirac'? Known: dirac, majorana, scalar."
    )


def test_missing_parameters_are_named():
    with pytest.raises(
        InvalidInput, match=r"dark_photon: mass and epsilon must be set; give mass=\.\.\., epsilon=\.\.\.\."
    ):
        DarkPhoton().width()
    with pytest.raises(InvalidInput, match="dark_photon: epsilon must be set"):
        DarkPhoton(mass=0.1).partial_widths()
    assert float(DarkPhoton(mass=0.1).visible_width_unit()) > 0  # needs no mixing


def test_unknown_parameters_are_refused():
    with pytest.raises(UnknownName, match="no parameter named 'coupling'"):
        DarkPhoton(mass=0.1, coupling=1.0)


def test_models_are_frozen_and_survive_pickling():
    model = DarkPhoton(mass=[0.1, 0.2], epsilon=1e-3, alpha_dark=0.1, dark_matter="majorana")
    with pytest.raises(AttributeError):
        model.mass = 0.3
    copy = pickle.loads(pickle.dumps(model))
    assert copy.dark_matter == "majorana"
    np.testing.assert_array_equal(copy.width(), model.width())


def test_class_is_found_by_name():
    assert models.model_class("dark_photon") is DarkPhoton is models.DarkPhoton
    assert models.class_name("dark_photon") == "DarkPhoton"
    assert "DarkPhoton" in dir(models)
    with pytest.raises(AttributeError, match=r"Did you mean 'DarkPhoton'\?"):
        models.DarkFoton  # noqa: B018
