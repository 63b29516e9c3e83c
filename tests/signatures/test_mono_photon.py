"""The mono-photon search: cross section, survival of cascades, wrong input.

Survival probabilities are those of two separate Monte Carlos of the same rules (statistical accuracy beside each), at the
Y(4S) alone and without hadronic decays.
"""

from functools import cache

import numpy as np
import pytest

import portico
from portico.errors import InvalidInput, UnknownName

NAME = "babar_mono_photon_2017"
OPTIONS = {"samples": "4s", "hadronic_decays": "off", "precision": "2%"}
INELASTIC = {"dark_matter_mass_ratio": 0.33, "splitting": 0.4, "alpha_dark": 0.1}


def _inelastic(mass=1.25, **changes):
    return portico.models.Inelastic(**{"mass": mass, **INELASTIC, **changes})


def _dirac(mass=1.25, **changes):
    return portico.models.DiracInelastic(**{"mass": mass, "mixing_angle": 0.1, **INELASTIC, **changes})


def _lepton(mass=1.25, **changes):
    given = {"mass": mass, "alpha_dark": 0.11, "lightest_mass_ratio": 0.16, "splitting_21": 0.57, "splitting_32": 0.59,
             "v_32": 1.0, "v_21": 0.195, "current": "vector"}  # fmt: skip
    return portico.models.HeavyNeutralLepton(**{**given, **changes})


@cache
def _search(mode):
    return portico.search(NAME, veto_mode=mode, **OPTIONS)


SURVIVAL = [  # model, epsilon, both, its relative accuracy, any, its relative accuracy
    (_inelastic, 1.25, 1e-3, 0.27505, 0.013, 0.03596, 0.041),
    (_inelastic, 1.25, 1e-2, 0.2706, 0.013, 0.03058, 0.045),
    (_dirac, 1.25, 1e-3, 0.90761, 0.01, 0.87363, 0.01),
    (_dirac, 1.25, 1e-2, 0.0854, 0.026, 0.0023, 0.10),
    pytest.param(_lepton, 1.25, 1e-3, 0.26266, 0.013, 0.06200, 0.031, marks=pytest.mark.slow),  # compiles for long
    pytest.param(_lepton, 1.25, 1e-2, 0.05202, 0.034, 0.00823, 0.087, marks=pytest.mark.slow),
    (_inelastic, 3.0, 1e-3, 0.20393, 0.016, 0.01726, 0.06),
    (_inelastic, 3.0, 1e-2, 0.20393, 0.016, 0.01726, 0.06),
]


@pytest.mark.parametrize("mode", [pytest.param("both", marks=pytest.mark.slow), "any"])
@pytest.mark.parametrize(("make", "mass", "epsilon", "both", "both_error", "any_", "any_error"), SURVIVAL)
def test_survival_of_benchmarks(mode, make, mass, epsilon, both, both_error, any_, any_error):
    search = _search(mode)  # one sample serves both couplings
    value, error = search.signature.survival(search, make(mass)).probability(epsilon)
    expected, accuracy = {"both": (both, both_error), "any": (any_, any_error)}[mode]
    # the reference's accuracy and three standard errors of ours
    assert value == pytest.approx(expected, abs=accuracy * expected + 3 * error)
    assert error < 0.03 * value  # 2% are asked, of at most 400 000 events


@pytest.mark.parametrize(("volume", "expected"), [("full", 0.0022), ("calorimeter", 0.0077), ("drift_chamber", 0.033)])
def test_the_volume_matters_as_much_as_the_mode(volume, expected):
    search = portico.search(NAME, volume=volume, **OPTIONS)
    value, error = search.signature.survival(search, _dirac()).probability(1e-2)
    assert value == pytest.approx(expected, abs=0.05 * expected + 3 * error)  # two digits are given


def test_events_of_an_invisible_mediator():
    search = portico.search(NAME, samples="4s", selection="low_mass")
    model = portico.models.DarkPhoton(mass=1.25, epsilon=1e-3, alpha_dark=0.1)
    # 1.896e-3 pb = 1.89635997 fb at the Y(4S), times 5.9/fb, times the branching ratio to dark matter
    expected = 1.89635997 * 5.9 * model.branching_ratios()["chi chi"]
    signal = portico.signal(search, model)
    assert signal.expected == pytest.approx(expected, rel=1e-8)
    assert signal.numerical_error == {"mono_photon": 0.0}
    assert np.prod([f.value for f in signal.factors]) == pytest.approx(signal.expected, rel=1e-12)
    everything = portico.signal(portico.search(NAME), model)
    assert everything.factors[0].value == pytest.approx(53.0)
    assert everything.background is None


def test_arrays_of_couplings_and_masses_equal_loops():
    search = portico.search(NAME, events=40_000, **OPTIONS)
    epsilon, mass = np.array([1e-4, 1e-3, 1e-2]), np.array([[0.5], [1.25]])
    together = portico.signal(search, _inelastic(mass=mass, epsilon=epsilon)).expected
    assert together.shape == (2, 3)
    for k, m in enumerate(mass[:, 0]):
        alone = [portico.signal(search, _inelastic(mass=float(m), epsilon=float(e))).expected for e in epsilon]
        np.testing.assert_allclose(together[k], alone, rtol=1e-12)


def test_limits_of_the_survival_long_lived_and_prompt():
    search = portico.search(NAME, events=40_000, **OPTIONS)
    survival = search.signature.survival(search, _inelastic())
    value, _ = survival.probability(np.geomspace(1e-7, 1.0, 60))
    assert value[0] > 0.999  # 100 km and more
    assert np.all(
        np.diff(value) <= 1e-12
    )  # in a volume that holds the production point more is seen with every coupling
    assert value[-1] == value[-10]  # prompt


@pytest.mark.slow  # compiles for long
def test_vetoes_order_as_they_must():
    def survived(**options):
        search = portico.search(NAME, **{**OPTIONS, "events": 100_000, **options})
        return float(search.signature.survival(search, _inelastic()).probability(1e-2).value)

    standard = survived()
    assert survived(veto_mode="both") > 2 * standard
    assert survived(energy_threshold="50 MeV") < standard < survived(energy_threshold="200 MeV")
    assert survived(magnetic_field="calorimeter") > survived(magnetic_field="drift_chamber") > standard
    assert survived(turn_on="1e-6 GeV") == pytest.approx(standard, rel=1e-3)


def test_a_seed_gives_one_sample_and_another_seed_another():
    def curve(seed):
        search = portico.search(NAME, seed=seed, events=20_000, **OPTIONS)
        return search.signature.survival(search, _inelastic()).probability(np.array([1e-3, 1e-2])).value

    np.testing.assert_array_equal(curve(5), curve(5))
    assert np.all(curve(5) != curve(6))


def test_the_quoted_error_covers_the_spread_over_fifty_seeds():
    pulls, model = [], _inelastic()
    reference = portico.search(NAME, **{**OPTIONS, "precision": "1%", "events": 1_000_000})
    exact = float(reference.signature.survival(reference, model).probability(1e-2).value)
    for seed in range(50):
        search = portico.search(NAME, **{**OPTIONS, "precision": "50%", "seed": 100 + seed})
        value, error = search.signature.survival(search, model).probability(1e-2)
        pulls.append(float((value - exact) / error))
    # 50 draws know a standard deviation to 10%
    assert 0.7 < np.sqrt(np.mean(np.square(pulls))) < 1.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mass": 9.0}, "at mass = 9 GeV no event passes its selection"),
        ({"dark_matter_mass_ratio": 0.45}, "no pair that couples is lighter"),
        ({"alpha_dark": 0.0}, "needs alpha_dark above 0"),
    ],
)
def test_models_that_do_not_fit_are_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        portico.signal(NAME, _inelastic(**{"epsilon": 1e-3, **change}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"energy_threshold": "3 cm"}, "not an energy"),
        ({"energy_threshold": "-1 GeV"}, "is not allowed"),
        ({"precision": "0"}, "is not allowed"),
        ({"seed": 1.5}, "whole number"),
        ({"volume": "drift_chambre"}, "drift_chamber"),
    ],
)
def test_wrong_options_are_told(options, message):
    with pytest.raises((InvalidInput, UnknownName), match=message):
        portico.search(NAME, **options)


def test_files_whose_ends_lie_before_their_starts_are_refused(tmp_path):
    from portico import registry
    from portico.errors import DataError

    text = registry.path_of("search", NAME).read_text(encoding="utf-8")
    for old, new, message in (
        ('smallest_polar_angle = { value = "17 deg"', 'smallest_polar_angle = { value = "150 deg"', "is not below veto.largest_polar_angle"),
        ('drift_chamber_radius = { value = "81 cm"', 'drift_chamber_radius = { value = "10 m"', "is not below volume.full_radius"),
        ('largest_mass_low_mass = { value = "6 GeV"', 'largest_mass_low_mass = { value = "60 GeV"', "largest centre-of-mass energy"),
        ('smallest_mass_high_mass = { value = "4.899 GeV"', 'smallest_mass_high_mass = { value = "9 GeV"', "is not below acceptance.largest_mass_high_mass"),
    ):  # fmt: skip
        assert old in text
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(DataError, match=message):
            portico.search(str(path)).prepared()


def test_the_y2s_has_a_window_of_its_own():
    from portico.signatures._mono_photon_samples import collisions

    search = portico.search(NAME)

    def used(mass):
        return [round(c.root_s, 2) for c in collisions(search.prepared(), search.options, mass)]

    assert used(7.9) == [10.02, 10.36]
    assert used(7.99) == [10.36]  # M^2 < 63.5 GeV^2 at the Y(2S)
    assert used(3.0) == [10.02, 10.36, 10.58]
