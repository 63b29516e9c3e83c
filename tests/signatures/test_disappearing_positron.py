import pickle
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import portico
from portico.models import DarkPhoton
from portico.signatures import disappearing_positron

NAME = "belle2_disappearing_positron"
SMALL = 1e-8  # kinetic mixing at which the visible width does not matter


@cache
def _search(**options):
    return portico.search(NAME, **options)


def _model(mass, alpha_dark=0.5, *, epsilon=SMALL, ratio=1 / 3, kind="dirac"):
    return DarkPhoton(mass=mass, epsilon=epsilon, alpha_dark=alpha_dark, dark_matter_mass_ratio=ratio, dark_matter=kind)


def _annihilation(mass, alpha_dark=0.5, *, options=(("track_length", "tsai_whitis"),), **more):
    """Events and their numerical error for epsilon = 1 without visible width."""
    signal = portico.signal(_search(channels="annihilation", **dict(options)), _model(mass, alpha_dark, **more))
    return signal.expected / SMALL**2, signal.numerical_error["annihilation"] / SMALL**2


# --- against independent integrals ---------------------------------------------------------------------------------

# wide and narrow, off and on resonance, near thresholds, near the end
POINTS = [
    (0.001, 0.5, 1 / 3, "dirac"), (0.040, 0.5, 1 / 3, "dirac"), (0.066, 0.1, 1 / 3, "dirac"), (0.067, 0.5, 1 / 3, "dirac"),
    (0.070, 1e-2, 1 / 3, "dirac"), (0.090, 0.5, 1 / 3, "dirac"), (0.120, 0.5, 1 / 3, "dirac"), (0.084, 0.05, 0.14, "dirac"),
    (0.067, 0.5, 1 / 3, "majorana"), (0.080, 0.1, 0.2, "majorana"), (0.067, 0.5, 1 / 3, "scalar"), (0.100, 0.3, 0.3, "scalar"),
    (0.0787, 0.358, 0.4734, "scalar"), (0.077, 0.15, 0.4867, "dirac"),
]  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_annihilation_against_the_other_order_of_integration(annihilation_by_hand, point):
    mass, alpha_dark, ratio, kind = point
    exact = annihilation_by_hand(mass, alpha_dark, ratio, kind)
    value, error = _annihilation(mass, alpha_dark, ratio=ratio, kind=kind)
    assert abs(value - exact) <= error
    assert value == pytest.approx(exact, rel=1e-3)  # the tolerance that the search promises


@pytest.mark.parametrize("mass", [0.060, 0.067, 0.080])
def test_running_width_against_the_other_order_of_integration(annihilation_by_hand, mass):
    value, error = _annihilation(mass, options=(("track_length", "tsai_whitis"), ("width", "running")))
    exact = annihilation_by_hand(mass, 0.5, width="running")
    assert abs(value - exact) <= error
    assert value == pytest.approx(exact, rel=1e-5)  # what the check by hand is good for


@pytest.mark.parametrize("mass", [0.001, 0.01, 0.1, 0.5, 1.0])
def test_bremsstrahlung_against_an_integral_by_hand(emission_by_hand, mass):
    search = _search(bremsstrahlung="iww", track_length="tsai_whitis", channels="bremsstrahlung")
    signal = portico.signal(search, _model(mass))
    exact = emission_by_hand(mass) * SMALL**2
    assert abs(signal.expected - exact) <= signal.numerical_error["bremsstrahlung"]
    assert signal.expected == pytest.approx(exact, rel=5e-5)  # what the check by hand is good for


# --- numerical error -----------------------------------------------------------------------------------------------


@cache
def _sample(kind):
    random = np.random.default_rng({"dirac": 1, "majorana": 2, "scalar": 3}[kind])
    mass, alpha_dark = 10 ** random.uniform(-3, 0, 2000), 10 ** random.uniform(-6, 0, 2000)
    ratio = random.uniform(0.05, 0.49, 2000)
    return (mass, alpha_dark, ratio), portico.signal(
        _search(), _model(mass, alpha_dark, epsilon=1e-6, ratio=ratio, kind=kind)
    )


@pytest.mark.parametrize("kind", ["dirac", "majorana", "scalar"])
def test_numerical_error_keeps_the_tolerance_everywhere(kind):
    points, signal = _sample(kind)
    for channel, value in signal.channels.items():
        relative = signal.numerical_error[channel] / np.where(value > 0, value, 1.0)
        worst = int(np.argmax(relative))
        at = ", ".join(
            f"{name} = {axis[worst]:.8g}" for name, axis in zip(("mass", "alpha_dark", "ratio"), points, strict=True)
        )
        too_large = int(np.sum(relative > disappearing_positron.TOLERANCE))
        assert too_large == 0, f"{channel}: {too_large} of {value.size} points, worst {relative[worst]:.2e} at {at}"


@pytest.mark.parametrize("kind", ["dirac", "majorana", "scalar"])
def test_yields_are_positive_and_vanish_only_where_kinematics_say(kind):
    (mass, _, ratio), signal = _sample(kind)
    assert np.all(signal.channels["bremsstrahlung"] > 0)
    closed = 2 * ratio * mass > np.sqrt(2 * 0.510999e-3 * (6.6183 + 2 * 0.511e-3)) * (1 + 1e-5)
    opened = 2 * ratio * mass < np.sqrt(2 * 0.510999e-3 * 6.6183) * (1 - 1e-5)
    assert np.all(signal.channels["annihilation"][closed] == 0)
    assert np.all(signal.channels["annihilation"][opened] > 0)


def test_a_search_that_is_prepared_again_gives_the_same_numbers():
    again = portico.signal(portico.search(NAME), _model(0.067, epsilon=1e-4))
    assert again.expected == portico.signal(_search(), _model(0.067, epsilon=1e-4)).expected


# --- laws ----------------------------------------------------------------------------------------------------------


def test_yield_goes_with_the_square_of_the_mixing():
    epsilon = np.geomspace(1e-8, 1e-4, 9)
    signal = portico.signal(_search(), _model(0.067, epsilon=epsilon))
    for values in signal.channels.values():
        scaled = values / epsilon**2
        # the visible width is up to alpha eps^2 / alpha_dark = 1.5e-10 of the dark one
        np.testing.assert_allclose(scaled, scaled[0], rtol=1e-9)


def test_visible_decays_take_their_share_at_large_mixing():
    mass, epsilon, alpha_dark = 0.2, 1.0, 1e-3
    model = _model(mass, alpha_dark, epsilon=epsilon)
    small = portico.signal(_search(), _model(mass, alpha_dark)).channels["bremsstrahlung"] / SMALL**2
    large = portico.signal(_search(), model).channels["bremsstrahlung"]
    assert large / small == pytest.approx(model.branching_ratios()["chi chi"], rel=1e-9)
    assert large / small < 0.5


def test_annihilation_off_resonance_goes_with_alpha_dark():
    alpha_dark = np.array([1e-6, 1e-5, 1e-4, 1e-3])
    below, above = (_annihilation(mass, alpha_dark)[0] / alpha_dark for mass in (0.030, 0.100))
    np.testing.assert_allclose(below, below[0], rtol=1e-5)  # (m Gamma)^2 / (s - m^2)^2 at alpha_dark = 1e-3
    np.testing.assert_allclose(above, above[0], rtol=1e-5)


def test_annihilation_on_resonance_does_not_depend_on_alpha_dark():
    values = _annihilation(0.070, np.array([1e-6, 1e-5, 1e-4]))[0]
    np.testing.assert_allclose(values, values[0], rtol=2e-3)  # tails of the Breit-Wigner, linear in alpha_dark


def test_bremsstrahlung_does_not_depend_on_the_dark_sector():
    values = [
        portico.signal(_search(), _model(0.1, alpha_dark, ratio=ratio, kind=kind)).channels["bremsstrahlung"]
        for alpha_dark, ratio, kind in ((0.5, 1 / 3, "dirac"), (1e-3, 0.1, "majorana"), (0.1, 0.45, "scalar"))
    ]
    np.testing.assert_allclose(values, values[0], rtol=1e-9)  # visible width at epsilon = 1e-8


def test_arrays_equal_loops():
    mass, alpha_dark = np.array([[0.01], [0.067], [0.2]]), np.array([1e-3, 0.5])
    signal = portico.signal(_search(), _model(mass, alpha_dark, epsilon=1e-4))
    assert signal.expected.shape == (3, 2)
    for i in range(3):
        for j in range(2):
            one = portico.signal(_search(), _model(mass[i, 0], alpha_dark[j], epsilon=1e-4))
            assert isinstance(one.expected, float)
            for channel in one.channels:
                assert signal.channels[channel][i, j] == pytest.approx(one.channels[channel], rel=1e-12)
                assert signal.numerical_error[channel][i, j] == pytest.approx(one.numerical_error[channel], rel=1e-6)


@pytest.mark.parametrize("point", [(0.067, 0.5, "dirac"), (0.03, 1e-3, "majorana"), (0.5, 0.1, "scalar")])
@pytest.mark.parametrize("options", [{}, {"bremsstrahlung": "iww", "track_length": "tsai_whitis"}])
def test_product_of_the_factors_is_the_channel(point, options):
    mass, alpha_dark, kind = point
    signal = portico.signal(_search(**options), _model(mass, alpha_dark, epsilon=1e-4, kind=kind))
    assert signal.expected == pytest.approx(sum(signal.channels.values()), rel=1e-15)
    for channel, value in signal.channels.items():
        rows = [factor for factor in signal.factors if factor.channel == channel]
        assert len(rows) >= 4
        assert all(factor.source and factor.unit and factor.name for factor in rows)
        assert np.prod([factor.value for factor in rows]) == pytest.approx(value, rel=1e-12)


def test_factors_hold_the_numbers_of_the_target():
    factors = {(f.channel, f.name): f.value for f in portico.signal(_search(), _model(0.067)).factors}
    assert factors["annihilation", "density of electrons"] == pytest.approx(1.129004e24, rel=1e-6)
    assert factors["bremsstrahlung", "density of nuclei of each kind"] == pytest.approx(1.045374e22, rel=1e-6)
    # C(0.95, 16 X0) = 0.269 of Approximation A, and 1.86 cm; the energy of the electron adds a little
    path = factors["annihilation", "path length per positron with E' + m_e above the cut"]
    assert path == pytest.approx(0.26895 * 1.86, rel=0.01)


def test_systematic_error_holds_beam_track_length_and_distance_to_the_exact_tree_level():
    signal = portico.signal(_search(bremsstrahlung="iww"), _model(0.1))
    relative = {name: signal.systematic_error[name] / value for name, value in signal.channels.items()}
    # beam, track, higher orders
    assert relative["annihilation"] == pytest.approx((0.05**2 + 0.01**2 + 0.005**2) ** 0.5, rel=1e-9)
    assert relative["radiative_annihilation"] == pytest.approx((0.05**2 + 0.01**2 + 0.04**2) ** 0.5, rel=1e-9)
    wanted = (0.05**2 + 0.01**2 + 0.02**2 + (1 - 1 / 3.03) ** 2) ** 0.5  # beam, track, inelastic, iww
    assert relative["bremsstrahlung"] == pytest.approx(wanted, rel=1e-9)


# --- options -------------------------------------------------------------------------------------------------------


def test_channels_can_be_taken_alone():
    model = _model(0.067, epsilon=1e-4)
    both = portico.signal(_search(), model)
    for channel in disappearing_positron.CHANNELS:
        alone = portico.signal(_search(channels=channel), model)
        assert list(alone.channels) == [channel]
        assert {factor.channel for factor in alone.factors} == {channel}
        if channel == "annihilation":  # alone it is at Born level
            assert alone.expected > 1.05 * (both.channels[channel] + both.channels["radiative_annihilation"])
        else:
            assert alone.expected == pytest.approx(both.channels[channel], rel=1e-12)
    assert _search(channels="radiative_annihilation,bremsstrahlung,annihilation") == _search()


def test_both_tracks_in_the_barrel_cost_a_ninth():
    positron, both = _search().prepared(), _search(tracks="both").prepared()
    assert both.positrons / positron.positrons == pytest.approx(10.636 / 11.992, rel=1e-4)  # five digits by hand
    assert both.background.expected / positron.background.expected == pytest.approx(
        both.positrons / positron.positrons, rel=1e-12
    )
    model = _model(0.01, epsilon=1e-4)
    ratio = portico.signal(_search(tracks="both"), model).expected / portico.signal(_search(), model).expected
    assert 0.85 < ratio < 0.92  # what is lost is the lowest energies, where the spectrum is softest


@pytest.mark.slow  # compiles for long
def test_crossing_angle_moves_the_rate_by_little():
    head_on, crossing = _search().prepared(), _search(crossing_angle="on").prepared()
    # by hand: the boost falls by cos(41.5 mrad) = 1 - 8.6e-4; the barrel turns by up to 41.5 mrad about it
    assert crossing.positrons == pytest.approx(head_on.positrons, rel=0.02)
    assert crossing.positrons != head_on.positrons
    model = _model(0.067, epsilon=1e-4)
    ratio = portico.signal(_search(crossing_angle="on"), model).expected / portico.signal(_search(), model).expected
    assert 0.9 < ratio < 1.1


def test_running_width_matters_near_the_resonance_and_nowhere_else():
    mass = np.array([0.001, 0.010, 0.067, 0.100, 0.110])
    ratio = _annihilation(mass, options=(("width", "running"),))[0] / _annihilation(mass, options=())[0] - 1
    assert np.all(np.abs(ratio) < 0.1)  # Gamma/m = 0.15 at alpha_dark = 0.5
    assert np.abs(ratio[2]) > 1e-3
    narrow = (
        _annihilation(mass, 1e-4, options=(("width", "running"),))[0] / _annihilation(mass, 1e-4, options=())[0] - 1
    )
    np.testing.assert_allclose(narrow, 0, atol=2e-3)


def test_inelastic_form_factor_adds_what_was_found_by_hand():
    """2% below 100 MeV, 9% at 0.5 GeV of the flux."""
    mass = np.array([0.05, 0.5])
    total, elastic = (
        portico.signal(_search(bremsstrahlung="ww", form_factor=f), _model(mass)).channels["bremsstrahlung"]
        for f in ("elastic_inelastic", "elastic")
    )
    assert 1 < total[0] / elastic[0] < 1.05
    assert 1.04 < total[1] / elastic[1] < 1.2


def test_approximations_agree_where_they_should():
    mass = np.array([0.002, 0.5])
    iww, full, ww = (
        portico.signal(_search(bremsstrahlung=b), _model(mass)).channels["bremsstrahlung"]
        for b in ("iww", "iww_full", "ww")
    )
    # the velocity of A' costs (m/E)^2/2; the extra terms go with (m_e/m)^2/(1 - x)
    assert full[1] / iww[1] == pytest.approx(1, abs=0.01)
    assert full[0] / iww[0] > 1.2
    assert ww[0] / iww[0] == pytest.approx(1.07 / 0.85, rel=0.05)
    assert ww[1] / iww[1] == pytest.approx(2.66 / 7.2, rel=0.05)  # ratios to the exact tree level by hand, each 3%


# --- gradients -----------------------------------------------------------------------------------------------------


@pytest.mark.slow  # compiles for long
def test_gradients_equal_central_differences():
    search, mass, alpha_dark, step = portico.search(NAME), np.array([0.030, 0.060, 0.067, 0.090, 0.200]), 0.5, 1e-5
    search.prepared()

    def logarithm(m, a):
        return jnp.log(portico.signal(search, _model(m, a, epsilon=1e-4), differentiable=True).expected)

    by_mass, by_alpha = jax.jit(jax.vmap(jax.grad(logarithm, argnums=(0, 1))))(mass, np.full(5, alpha_dark))

    def plain(m, a):
        return np.log(portico.signal(search, _model(m, a, epsilon=1e-4)).expected)

    mass_difference = (plain(mass * (1 + step), alpha_dark) - plain(mass * (1 - step), alpha_dark)) / (2 * step * mass)
    alpha_difference = (plain(mass, alpha_dark * (1 + step)) - plain(mass, alpha_dark * (1 - step))) / (
        2 * step * alpha_dark
    )
    # the third derivative over the width of the resonance, (step m / Gamma)^2 with a slope that nearly vanishes at 67 MeV
    np.testing.assert_allclose(by_mass, mass_difference, rtol=3e-6)
    # at 200 MeV only the branching ratio depends on alpha_dark, by 1e-10: rounding of the difference
    np.testing.assert_allclose(by_alpha, alpha_difference, rtol=1e-6, atol=1e-9)


def test_gradient_can_be_compiled_before_anything_was_computed():
    search = portico.search(NAME, channels="annihilation")

    def expected(mass):
        return portico.signal(search, _model(mass, epsilon=1e-4), differentiable=True).expected

    assert float(jax.jit(expected)(0.067)) == pytest.approx(
        portico.signal(_search(channels="annihilation"), _model(0.067, epsilon=1e-4)).expected, rel=1e-9
    )


# --- what a search refuses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (DarkPhoton(mass=0.067, epsilon=1e-4), r"looks for A' -> chi chi and needs alpha_dark above 0; set for example alpha_dark=0\.5"),
        (DarkPhoton(mass=0.067, epsilon=1e-4, alpha_dark=np.array([0.5, 0.0])), "needs alpha_dark above 0"),
        (DarkPhoton(mass=0.067, epsilon=1e-4, alpha_dark=0.5, dark_matter_mass=0.04), r"needs on-shell dark matter, 2 m_chi < m_A'; given m_chi = 0\.04 GeV and m_A' = 0\.067 GeV"),
        (DarkPhoton(mass=np.array([0.1, 0.05]), epsilon=1e-4, alpha_dark=0.5, dark_matter_mass=0.04), r"given m_chi = 0\.04 GeV and m_A' = 0\.05 GeV"),
        (DarkPhoton(mass=0.067, epsilon=1e-4, alpha_dark=0.5, dark_matter_mass_ratio=0.5), r"needs on-shell dark matter"),
        (DarkPhoton(epsilon=1e-4, alpha_dark=0.5), r"dark_photon: mass must be set; give mass="),
        (DarkPhoton(mass=0.067, alpha_dark=0.5), r"dark_photon: epsilon must be set"),
        ("dark_photon", r"expected a model such as portico\.models\.DarkPhoton\(\.\.\.\), given str"),
    ],
)  # fmt: skip
def test_model_that_does_not_fit_is_refused(model, text):
    with pytest.raises(portico.InvalidInput, match=text):
        portico.signal(_search(), model)


def test_search_of_the_wrong_type_is_refused():
    with pytest.raises(portico.InvalidInput, match="expected a search or its name, given int"):
        portico.signal(3, _model(0.067))


def test_signal_pickles_with_its_model():
    signal = portico.signal(_search(), _model(np.array([0.01, 0.067]), epsilon=1e-4))
    again = pickle.loads(pickle.dumps(signal))
    np.testing.assert_array_equal(again.expected, signal.expected)
    assert again.factors[0].name == signal.factors[0].name
    assert again.background == signal.background
    np.testing.assert_array_equal(portico.signal(_search(), again.model).expected, signal.expected)


def test_emission_is_0_without_a_warning_where_the_widths_underflow():
    search = portico.search("belle2_disappearing_positron", channels="bremsstrahlung")
    signal = portico.signal(search, DarkPhoton(mass=0.067, epsilon=1e-300, alpha_dark=5e-324))
    assert signal.channels == {"bremsstrahlung": 0.0}
    assert signal.numerical_error == {"bremsstrahlung": 0.0}
