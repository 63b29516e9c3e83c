"""Missing energy of electrons in a calorimeter, against integrals by hand; laws, limits and what is refused."""

import math
import pickle
from functools import cache
from pathlib import Path

import jax
import numpy as np
import pytest

import portico
from portico import constants, particles
from portico.matter.materials import material
from portico.models import DarkPhoton
from portico.signatures import missing_energy
from portico.transport import path_length

NAME = "na64e_invisible_2019"
ELECTRON, ALPHA, HBARC2 = 0.51099895e-3, 1 / 137.035999084, 1.973269804e-14**2
BEAM, CUT, NUMBER, EFFICIENCY = 100.0, 50.0, 2.84e11, 0.5
SMALL = 1e-8  # kinetic mixing at which the visible width does not matter


@cache
def _search(name=NAME, **options):
    return portico.search(name, **options)


def _model(mass, alpha_dark=0.1, *, epsilon=SMALL, ratio=1 / 3, kind="dirac"):
    return DarkPhoton(mass=mass, epsilon=epsilon, alpha_dark=alpha_dark, dark_matter_mass_ratio=ratio, dark_matter=kind)


def _unit(mass, alpha_dark=0.1, **options):
    """Events for epsilon = 1 without visible width, before efficiency, and their numerical error."""
    signal = portico.signal(_search(**options), _model(mass, alpha_dark))
    scale = EFFICIENCY * SMALL**2
    return signal.expected / scale, sum(signal.numerical_error.values()) / scale


# --- by hand: numpy and scipy only, constants of lead of its own -----------------------------------------------------

RADIATION_LENGTH, NUCLEI = 0.5612, 11.35 * 6.02214076e23 / 207.2
END = -1 / math.log(math.log(2.0))  # of w = 1/ln(1/y) at y = ln 2


def _emission_by_hand(mass, kernel, panels):
    """iww_full on lead, elastic, with the track length of Tsai and Whitis of both charges."""
    w, dw = (a.ravel() for a in panels(np.concatenate([np.linspace(0, 0.5, 17), np.geomspace(0.55, END, 25)]), 10))
    y = np.exp(-1 / w)
    lepton = BEAM * np.exp(-y)
    low = np.log(ELECTRON / lepton)
    high = np.log(np.maximum(np.minimum(1 - CUT / lepton, 1 - mass / lepton), ELECTRON / lepton))
    q, dq = panels(low[..., None] + (high - low)[..., None] * np.linspace(0, 1, 25), 8)
    lepton, x, missing = lepton[:, None, None], -np.expm1(q), np.exp(q)
    u0 = mass**2 * missing / x + ELECTRON**2 * x
    shape = (missing + x**2 / 2) / u0 - x * missing * (mass**2 + 2 * ELECTRON**2) / (6 * u0**2)
    shape = np.sum(dq * missing * shape * np.sqrt(np.maximum(1 - (mass / x / lepton) ** 2, 0)), axis=(-2, -1))
    t_min, t_max = (mass**2 / 2 / lepton[:, 0, 0]) ** 2, mass**2 + ELECTRON**2
    log_t, d_log = panels(np.log(t_min)[..., None] + np.log(t_max / t_min)[..., None] * np.linspace(0, 1, 33), 12)
    t = np.exp(log_t)
    a2, d = (111 * 82 ** (-1 / 3) / ELECTRON) ** 2, 0.164 * 207.2 ** (-2 / 3)
    form = (82 * a2 * t / (1 + a2 * t)) ** 2 / (1 + t / d) ** 2
    phi = np.sum(d_log * (t - t_min[..., None, None]) / t * form, axis=(-2, -1))
    sigma = 4 * ALPHA**3 * phi * shape * HBARC2
    return NUMBER * NUCLEI * RADIATION_LENGTH * np.sum(dw * kernel(40.0, 2, END)(w) * np.exp(-y) * sigma)


def _annihilation_by_hand(mass, alpha_dark, kernel, panels):
    """Born level with positrons of the second generation; Dirac, m_chi = m/3."""
    chi = mass / 3
    gamma = alpha_dark / 3 * (mass**2 + 2 * chi**2) * math.sqrt(1 - 4 / 9) / mass
    centre, half = mass**2 / (2 * ELECTRON) - ELECTRON, mass * gamma / (2 * ELECTRON)
    low = max(CUT - ELECTRON, 2 * chi**2 / ELECTRON - ELECTRON)
    steps = np.concatenate([np.linspace(low, BEAM, 161), centre + half * np.sinh(np.linspace(-12, 12, 97))])
    energy, weight = (a.ravel() for a in panels(np.unique(np.clip(steps, low, BEAM)), 8))
    y = np.log(BEAM / energy)
    w = -1 / np.log(y)
    track = (kernel(40.0, 2, END)(w) - kernel(40.0, 1, END)(w)) * w**2 / y / BEAM  # K dw e^-y = T dE'
    s = 2 * ELECTRON * (energy + ELECTRON)
    current = (s + 2 * chi**2) * np.sqrt(np.maximum(1 - 4 * chi**2 / s, 0))
    sigma = 4 * math.pi * ALPHA * alpha_dark / 3 * current / ((s - mass**2) ** 2 + (mass * gamma) ** 2) * HBARC2
    return NUMBER * 82 * NUCLEI * RADIATION_LENGTH * np.sum(weight * track * sigma)


@pytest.mark.parametrize("mass", [0.001, 0.01, 0.1, 1.0])
def test_bremsstrahlung_against_an_integral_by_hand(kernel_by_hand, panels_by_hand, mass):
    options = {"bremsstrahlung": "iww_full", "track_length": "tsai_whitis", "form_factor": "elastic"}
    value, error = _unit(mass, channels="bremsstrahlung", **options)
    exact = _emission_by_hand(mass, kernel_by_hand, panels_by_hand)
    assert value == pytest.approx(exact, rel=1e-3)  # spline of the kernel there
    assert error < missing_energy.TOLERANCE * value


@pytest.mark.parametrize(("mass", "alpha_dark"), [(0.1, 0.1), (0.23, 0.1), (0.25, 0.5), (0.25, 1e-2), (0.3, 0.1)])
def test_annihilation_against_an_integral_by_hand(kernel_by_hand, panels_by_hand, mass, alpha_dark):
    value, error = _unit(mass, alpha_dark, channels="annihilation", track_length="tsai_whitis")
    exact = _annihilation_by_hand(mass, alpha_dark, kernel_by_hand, panels_by_hand)
    assert value == pytest.approx(exact, rel=2e-3)  # spline of the kernel; difference of two of its values
    assert error < missing_energy.TOLERANCE * value


def test_narrow_resonance_counts_the_positrons_at_its_energy():
    """N = N_e n_e T(E_R) 2 pi^2 alpha epsilon^2 / m_e for a width far below the resolution of the shower."""
    mass, target = 0.25, material("Pb")
    value, _ = _unit(mass, 1e-5, channels="annihilation")
    path = _search(channels="annihilation").prepared().plain_path()
    at = float(path_length.evaluate(path, mass**2 / (2 * ELECTRON) - ELECTRON)[0])
    narrow = target.electron_density * at * 2 * math.pi**2 * ALPHA / ELECTRON * HBARC2
    assert value == pytest.approx(narrow, rel=1e-3)  # tails of the Breit-Wigner, linear in alpha_dark


# --- limits and laws -------------------------------------------------------------------------------------------------


def test_nothing_is_made_beyond_the_kinematic_end():
    mass = np.array([0.3, 0.5, 10.0])
    channels = portico.signal(_search(), _model(mass, epsilon=1e-3, ratio=0.499)).channels
    end = math.sqrt(2 * ELECTRON * (BEAM + ELECTRON))  # 0.3197 GeV in the centre of mass
    assert channels["annihilation"][0] > 0
    assert 2 * 0.499 * mass[1] > end
    assert np.all(channels["annihilation"][1:] == 0)
    assert np.all(np.diff(channels["bremsstrahlung"]) < 0)


@pytest.mark.parametrize("mass", [0.003, 0.25, 1.0])
def test_yield_goes_with_the_square_of_the_mixing(mass):
    epsilon = np.geomspace(1e-8, 1e-5, 5)
    signal = portico.signal(_search(), _model(mass, epsilon=epsilon))
    for values in signal.channels.values():
        scaled = values / epsilon**2
        np.testing.assert_allclose(
            scaled, scaled[0], rtol=1e-8
        )  # the visible width is alpha eps^2 / alpha_dark of the dark one


def test_yield_is_that_of_one_electron_times_their_number_and_the_efficiency():
    few, many = (portico.signal(_search(name), _model(0.25)) for name in (NAME, "na64e_invisible_2023"))
    for channel, value in few.channels.items():
        assert many.channels[channel] / value == pytest.approx(9.37e11 / 2.84e11, rel=1e-12)
    rows = [f for f in few.factors if f.channel == "bremsstrahlung"]
    assert [f.value for f in rows if f.name in ("efficiency", "electrons on target")] == [NUMBER, EFFICIENCY]


def test_bremsstrahlung_falls_with_the_mass():
    value, _ = _unit(np.geomspace(1e-3, 20, 60), channels="bremsstrahlung")
    assert np.all(np.diff(value) < 0)


def test_exact_level_is_below_the_approximations_at_heavy_masses():
    mass = np.array([0.1, 1.0])
    exact, ww, full, iww = (_unit(mass, channels="bremsstrahlung", bremsstrahlung=level)[0] for level in ("exact", "ww", "iww_full", "iww"))  # fmt: skip
    assert np.all(exact < ww)
    assert np.all(ww < full)
    np.testing.assert_allclose(iww, full, rtol=0.06)  # velocity and 1/3 for 1/2


@pytest.mark.parametrize("level", ["ww", *(pytest.param(n, marks=pytest.mark.slow) for n in ("iww_full", "iww"))])
def test_distance_to_the_exact_level_is_in_the_error(level):
    mass = np.array([0.001, 0.01, 0.1, 1.0])
    exact, near = (_unit(mass, channels="bremsstrahlung", form_factor="elastic", bremsstrahlung=b)[0] for b in ("exact", level))  # fmt: skip
    search = _search(channels="bremsstrahlung", form_factor="elastic", bremsstrahlung=level)
    told = missing_energy.systematic_error(search, _model(mass), "bremsstrahlung")
    inelastic = np.array([0.014, 0.013, 0.013, 0.031])
    wanted = np.sqrt((1 - exact / near) ** 2 + inelastic**2 + 0.02**2 + 0.2**2)  # with track length and efficiency
    np.testing.assert_allclose(told, wanted, rtol=0.01)  # three digits of the table


def test_track_length_and_table_are_in_the_error():
    search, plain = _search(), _search(track_length="tsai_whitis", channels="annihilation,radiative_annihilation")
    table = float(search.prepared().exact.error)
    told = missing_energy.systematic_error(search, _model(0.1), "bremsstrahlung")
    assert told == pytest.approx(math.sqrt(0.2**2 + 0.02**2 + table**2), rel=1e-9)
    told = missing_energy.systematic_error(plain, _model(0.1), "annihilation")
    assert told == pytest.approx(math.sqrt(0.2**2 + 0.25**2 + 0.005**2), rel=1e-9)


def test_photons_add_the_radiative_return_below_the_resonance():
    """A narrow mediator below the positrons' energies is made after a photon of the electron at rest; a resonant one loses some."""
    born, merged = (_unit(np.array([0.1, 0.25]), 1e-4, channels=c)[0] for c in ("annihilation", "annihilation,radiative_annihilation"))  # fmt: skip
    assert merged[0] / born[0] > 50
    assert 0.7 < merged[1] / born[1] < 1.0


# --- spectrum --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mass", [0.01, 0.25, 1.0])
def test_spectrum_of_bremsstrahlung_adds_up_to_the_yield(mass):
    spectrum = missing_energy.mediator_spectrum(_search(channels="bremsstrahlung"), mass, 0.0)["bremsstrahlung"]
    value, _ = _unit(mass, channels="bremsstrahlung")
    assert spectrum.total == pytest.approx(value, rel=1e-9)
    assert spectrum.energy[0] == CUT
    assert spectrum.energy[-1] == BEAM
    assert np.all(np.diff(spectrum.above) <= 0)
    median = float(spectrum.quantile(np.array(0.5)))
    assert CUT < median < BEAM
    assert spectrum.above[np.searchsorted(spectrum.energy, median)] <= 0.5 * spectrum.total


def test_spectrum_of_annihilation_is_the_resonance_times_the_shower():
    search = _search(channels="annihilation")
    narrow = missing_energy.mediator_spectrum(search, 0.25, 1e-6)["annihilation"]
    np.testing.assert_allclose(narrow.quantile(np.array([0.05, 0.5, 0.95])), 0.25**2 / (2 * ELECTRON), rtol=1e-3)
    light = missing_energy.mediator_spectrum(search, 0.01, 1e-4)["annihilation"]
    wide = search.prepared().plain_path()
    energy = np.linspace(CUT, BEAM, 20001)
    density = path_length.evaluate(wide, energy)[0] / energy  # far above the resonance sigma goes like 1/s
    half = energy[np.searchsorted(np.cumsum(density) / density.sum(), 0.5)]
    assert float(light.quantile(np.array(0.5))) == pytest.approx(half, rel=1e-3)


# --- the search as a whole -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"bremsstrahlung": "ww", "track_length": "tsai_whitis"}])
def test_product_of_the_factors_is_the_channel(options):
    signal = portico.signal(_search(**options), _model(0.25, epsilon=1e-4))
    for channel, value in signal.channels.items():
        rows = [factor for factor in signal.factors if factor.channel == channel]
        assert len(rows) == 5
        assert np.prod([factor.value for factor in rows]) == pytest.approx(value, rel=1e-12)


def test_sources_name_what_was_used():
    told = portico.cite(portico.signal(_search(), _model(0.25)))
    for key in ("NA642019imj", "Andreev2021fzd", "Gninenko2017yus", "Bjorken2009mm"):
        assert key in told
    assert "Andreev2021fzd" not in portico.cite(portico.signal(_search(channels="bremsstrahlung"), _model(0.25)))


def test_limit_is_where_the_required_events_are():
    """Nothing observed, background and signal known: 2.303 events at 90% CL, whatever the background."""
    limit = portico.limit(_search(nuisances="none"), _model(0.1), method="cls")
    assert limit.kind == "observed"
    assert portico.signal(_search(), _model(0.1, epsilon=limit.upper)).expected == pytest.approx(math.log(10), rel=1e-3)


@pytest.mark.slow  # compiles for half a minute
def test_gradient_is_that_of_differences():
    search, mass, step = portico.search(NAME), 0.24, 1e-5

    def logarithm(m):
        return jax.numpy.log(portico.signal(search, _model(m, epsilon=1e-4), differentiable=True).expected)

    def plain(m):
        return math.log(portico.signal(search, _model(m, epsilon=1e-4)).expected)

    slope = (plain(mass * (1 + step)) - plain(mass * (1 - step))) / (2 * step * mass)
    assert float(jax.grad(logarithm)(mass)) == pytest.approx(slope, rel=1e-4)


def test_search_pickles_and_gives_the_same_again():
    search = pickle.loads(pickle.dumps(_search()))
    assert search == _search()
    assert portico.signal(search, _model(0.25)).expected == portico.signal(_search(), _model(0.25)).expected


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (DarkPhoton(mass=0.1, epsilon=1e-4), r"looks for A' -> chi chi and needs alpha_dark above 0"),
        (DarkPhoton(mass=0.1, epsilon=1e-4, alpha_dark=0.5, dark_matter_mass=0.06), r"needs on-shell dark matter, 2 m_chi < m_A'"),
        (DarkPhoton(epsilon=1e-4, alpha_dark=0.5), r"dark_photon: mass must be set"),
    ],
)  # fmt: skip
def test_model_that_does_not_fit_is_refused(model, text):
    with pytest.raises(portico.InvalidInput, match=text):
        portico.signal(_search(), model)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('largest_energy = { value = "50 GeV"', 'largest_energy = { value = "120 GeV"', r"expected an energy above 0 and below that of the beam, 100 GeV"),
        ('end = { value = "6.5 m"', 'end = { value = "2 cm"', r"hadron_calorimeter\.end must lie behind the veto, 5 cm"),
        ('depth = { value = "40 X0"', 'depth = { value = "400 X0"', r"target\.depth is 400 X0; expected a thickness above 0 and at most 100 X0"),
        ('production_depth = { value = "2 X0"', 'production_depth = { value = "60 X0"', r"target\.production_depth is 60 X0; expected at least 0 and less than the depth"),
        ('value = 0.5, unit = "1"', 'value = 1.5, unit = "1"', r"selection\.efficiency = 1\.5 is not allowed; expected above 0 and at most 1"),
        ("electrons_on_target", "electrons_on_targets", r"no entry named 'beam\.electrons_on_targets'.*Did you mean 'beam\.electrons_on_target'"),
    ],
)  # fmt: skip
def test_file_that_makes_no_search_is_refused(tmp_path, old, new, text):
    original = Path(_search().experiment.path).read_text(encoding="utf-8")
    assert old in original
    (tmp_path / "mine.toml").write_text(original.replace(old, new), encoding="utf-8")
    with pytest.raises(portico.PorticoError, match=text):
        portico.search(str(tmp_path / "mine.toml")).prepared()


def test_constants_by_hand_are_those_of_the_package():
    target = material("Pb")
    assert target.unit_density == pytest.approx(NUCLEI, rel=1e-9)
    assert target.radiation_length_cm == RADIATION_LENGTH
    assert particles.mass("e-") == pytest.approx(ELECTRON, rel=1e-9)
    assert pytest.approx(ALPHA, rel=1e-9) == constants.ALPHA
