"""Millicharged particles in a scintillator telescope: the reach tabulated for the proposal, factor by factor, and its laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import portico
from portico import registry
from portico.errors import DataError, InvalidInput
from portico.models import Millicharged
from portico.production.side_flux import BETA_GAMMA
from portico.signatures import _scintillator_flux as flux
from portico.signatures import _scintillator_fold as fold

NAME = "milliqan_2015"
TWO_SIGMA, MASSES = 0.9544997361036416, (1.0, 2.0, 4.5, 10.0, 30.0)
# Reach for Drell-Yan and quarkonia by an independent calculation (leading order, NNPDF2.3 LO, 20 m, eta = 0.1): charges in
# 1e-3 at 1, 2, 4.5, 10, 30 GeV; it uses densities that are 3 to 10% above and below those here, and P goes as a power of 6 or less
REACH = {
    ("300/fb", "none"): (1.22, 2.5, 3.6, 9.11, 13.22),
    ("300/fb", "loi"): (1.70, 5.3, 9.8, 28.0, 40.0),
    ("3000/fb", "none"): (0.89, 1.65, 2.0, 3.3, 4.4),
    ("3000/fb", "loi"): (1.26, 2.65, 3.8, 10.5, 15.0),
}


def _search(**options):
    return portico.search(NAME, **{"channels": "drell_yan,quarkonium", **options})


def _reach(search, **more):
    return portico.reach(search, Millicharged(), scan={"mass": np.array(MASSES)}, **more)["low"].values[:, 0]


@pytest.mark.parametrize(("luminosity", "background"), list(REACH))
def test_reach_of_the_proposal(luminosity, background):
    question = {"cl": 0.95} if background == "none" else {"cl": TWO_SIGMA, "method": "sqrt_b"}
    found = _reach(_search(luminosity=luminosity, background=background), **question)
    np.testing.assert_allclose(1e3 * found, REACH[luminosity, background], rtol=0.07)


def test_events_are_the_product_of_the_printed_factors():
    """By hand: 2 L dsigma/deta (A/d^2) cosh^2(eta)/(2 pi) P, with the density that the signal itself names."""
    epsilon = 2e-3
    signal = portico.signal(_search(channels="drell_yan", rock="off"), Millicharged(mass=10.0, epsilon=epsilon))
    density = next(f.value for f in signal.factors if f.name.startswith("cross section"))
    # 219.6 pb at unit charge, 14 TeV, leading order, NNPDF2.3 LO: an independent calculation
    assert density / epsilon**2 == pytest.approx(219.6, rel=0.02)
    window = np.cosh(0.1) ** 2 / 24.2**2 / (2 * np.pi)
    assert signal.expected == pytest.approx(2 * 3e5 * density * window * 0.2526, rel=1e-3)


def test_three_events_without_background_and_their_discovery():
    model, search = Millicharged(mass=10.0), _search()
    limit = portico.limit(search, model, cl=0.95)
    assert limit.required_events == pytest.approx(-np.log(0.05), rel=1e-12)
    at_edge = portico.signal(search, Millicharged(mass=10.0, epsilon=limit.upper))
    # kept for a scan of the charge with the width of the Z at charge 0, of which 1e-4 MeV go to the particle here
    assert at_edge.expected == pytest.approx(limit.required_events, rel=1e-5)
    with pytest.raises(InvalidInput, match="needs a background above 0"):
        portico.limit(search, model, cl=TWO_SIGMA, method="sqrt_b")
    three = portico.limit(_search(background="loi"), model, cl=0.9973, method="discovery")
    assert three.kind == "expected"
    assert three.required_events == pytest.approx(40.0, abs=0.2)  # 3 sqrt(165) + z^2/6


@pytest.mark.parametrize(
    ("name", "options", "events"),
    [
        (NAME, {"background": "loi"}, 165),
        (NAME, {"background": "loi", "luminosity": "3000/fb"}, 330),
        (NAME, {"background": "computed"}, 3.375),  # 1 kHz, 15 ns, three layers, 1.5e7 s
        (NAME, {"background": "computed", "window": "total_span"}, 10.125),
        (NAME, {"background": "computed", "window": "strict_order"}, 1.6875),
        (NAME, {"background": "computed", "luminosity": "3000/fb"}, 6.75),
        (NAME, {"background": "computed", "live_time": "3e7 s"}, 6.75),
        ("milliqan_run3_2025", {"background": "computed"}, 16 * 500.0**4 * 15e-9**3 * 6.2e6),
        ("milliqan_hl_lhc", {"background": "none"}, 0),
    ],
)
def test_backgrounds(name, options, events):
    assert portico.search(name, **options).prepared().background.expected == pytest.approx(events, rel=1e-9)


def test_readings_of_the_photo_electrons():
    """At 2e-3 one detected photo-electron per layer; the rejected reading multiplies by 10% once more: P = 8.6e-4."""
    model = Millicharged(mass=10.0, epsilon=2e-3)

    def seen(reading):
        signal = portico.signal(_search(channels="drell_yan", rock="off", photo_electrons=reading), model)
        return next(f.value for f in signal.factors if f.name.startswith("probability"))

    assert seen("detected") == pytest.approx((1 - np.exp(-1)) ** 3, rel=1e-9)
    assert seen("before_efficiency") == pytest.approx(8.6e-4, rel=5e-3)
    assert seen("computed") == pytest.approx((1 - np.exp(-1.12)) ** 3, rel=1e-9)  # 2.8e5 in place of 2.5e5


def test_slow_particles_give_more_light_and_large_charges_stop_in_rock():
    slow, fast = (_search(energy_loss=loss) for loss in ("velocity", "minimum_ionising"))
    few, many = Millicharged(mass=1.0, epsilon=1e-3), Millicharged(mass=1.0, epsilon=0.5)
    assert portico.signal(slow, few).expected > 1.2 * portico.signal(fast, few).expected
    open_air, rock = (portico.signal(_search(rock=choice), many).expected for choice in ("off", "on"))
    assert rock < 0.9 * open_air
    thin = [portico.signal(_search(rock=choice), few).expected for choice in ("off", "on")]
    assert thin[1] == pytest.approx(thin[0], rel=1e-3)
    # with light in plenty the velocity makes no difference, and both ways through the rock agree
    assert portico.signal(slow, many).expected == pytest.approx(rock, rel=1e-6)


@settings(max_examples=30)
@given(st.floats(0.06, 90.0), st.floats(1e-4, 3e-3), st.floats(1.1, 3.0))
def test_more_charge_or_luminosity_is_seen_more_often(mass, epsilon, factor):
    search = portico.search(NAME)
    low, high = (
        portico.signal(search, Millicharged(mass=mass, epsilon=e)).expected for e in (epsilon, factor * epsilon)
    )
    # at least production times charge squared, at most times the power of 6 of three layers (where nothing stops)
    assert factor**2 * low * (1 - 1e-3) <= high <= factor**8 * low * (1 + 1e-9)
    twice = portico.signal(portico.search(NAME, luminosity="600/fb"), Millicharged(mass=mass, epsilon=epsilon))
    assert twice.expected == pytest.approx(2 * low, rel=1e-12)


def test_reach_equals_limits_point_by_point():
    search, masses = portico.search(NAME), np.array([0.2, 1.0, 20.0])
    together = portico.reach(search, Millicharged(), scan={"mass": masses}, cl=0.95)["low"].values[:, 0]
    alone = [portico.limit(portico.search(NAME), Millicharged(mass=m), cl=0.95).upper for m in masses]
    np.testing.assert_allclose(together, alone, rtol=1e-6)  # edges are found to 1e-9


# --- the fold --------------------------------------------------------------------------------------------------------


@given(st.floats(-6.0, 13.0), st.integers(0, 2**31 - 1))
def test_flux_above_a_velocity_by_three_numbers_and_by_hats(logarithm, seed):
    density = np.random.default_rng(seed).random((3, BETA_GAMMA.size))
    at = np.full(3, logarithm)
    expected = np.sum(density * fold.share_above(density, at), axis=-1)
    found = fold.through_rock(fold.from_the_top(density), np.arange(3), at)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def test_hats_are_shared_smoothly():
    x = np.linspace(np.log(0.5), np.log(50.0), 4001)
    share = fold.share_above(np.zeros((x.size, BETA_GAMMA.size)), x)
    assert np.all(np.diff(share, axis=0) <= 0)
    assert np.max(np.abs(np.diff(share, axis=0))) < 0.01
    assert share[0, -1] == 1
    assert share[-1, 0] == 0


def test_interpolation_in_the_coupling_is_exact_for_cubics():
    nodes = np.linspace(-3.0, 1.0, 9)
    values = np.stack([nodes**3 - nodes, 2 + nodes**2])
    x = np.array([-2.9, -1.1, 0.3, 0.99])
    found = flux._interpolated(values, nodes, np.array([0, 1, 0, 1]), np.exp(x))
    np.testing.assert_allclose(found, [x[0] ** 3 - x[0], 2 + x[1] ** 2, x[2] ** 3 - x[2], 2 + x[3] ** 2], rtol=1e-12)


# --- what is said and refused ----------------------------------------------------------------------------------------


def test_masses_below_the_parton_distributions_are_told_as_open():
    search = portico.search(NAME)
    told = portico.limit(search, Millicharged(mass=0.3), cl=0.95).notes
    assert any("for masses below 1 GeV the signal is a lower bound, and what is excluded an interval open below" in t for t in told)  # fmt: skip
    assert portico.limit(search, Millicharged(mass=3.0), cl=0.95).notes == ()


def test_models_without_a_millicharged_particle_are_refused():
    with pytest.raises(
        InvalidInput, match="needs a model with a millicharged particle, such as millicharged or mixed_"
    ):
        portico.signal(NAME, portico.models.DarkPhoton(mass=0.1, epsilon=1e-3))
    with pytest.raises(InvalidInput, match=r"epsilon.* must be set"):
        portico.signal(NAME, Millicharged(mass=1.0))
    with pytest.raises(InvalidInput, match="not differentiable"):
        portico.signal(NAME, Millicharged(mass=1.0, epsilon=1e-3), differentiable=True)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"luminosity": "3000"}, "has no unit; expected an.* luminosity|has no unit"),
        ({"luminosity": "0/fb"}, "not allowed; expected above 0"),
        ({"minimum_pair_mass": "0.5 GeV"}, "not allowed; expected at least 1"),
        ({"background": "letter"}, "no choice for option background named 'letter'"),
    ],
)
def test_wrong_options_are_refused(options, text):
    with pytest.raises(InvalidInput, match=text):
        portico.search(NAME, **options)


def test_background_of_the_letter_of_intent_only_where_there_is_one():
    with pytest.raises(InvalidInput, match="holds no background of the letter of intent"):
        portico.search("milliqan_run3_2025", background="loi").prepared()
    with pytest.raises(InvalidInput, match="background=loi is that of one hit"):
        portico.search(NAME, background="loi", hits="two").prepared()


def test_no_luminosity_in_the_file_is_refused_as_in_the_option(tmp_path):
    text = registry.path_of("search", NAME).read_text(encoding="utf-8")
    assert '"300/fb"' in text
    (tmp_path / "mine.toml").write_text(text.replace('"300/fb"', '"0/fb"'), encoding="utf-8")
    with pytest.raises(DataError, match=r"run\.luminosity = 0/fb is not allowed; expected above 0 and"):
        portico.search(tmp_path / "mine.toml")
    with pytest.raises(
        InvalidInput, match=r"option luminosity = 0/fb is not allowed; expected above 0 and at most 1e\+09/fb"
    ):
        _search(luminosity="0/fb")
