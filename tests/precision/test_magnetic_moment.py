import json
import math
import tomllib
from pathlib import Path

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import particles, sources
from portico.constants import ALPHA
from portico.errors import InvalidInput, UnknownName
from portico.precision import magnetic_moment as moment

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "precision.json").read_text())
TABLE = tomllib.loads(Path(moment.__file__).with_suffix(".toml").read_text(encoding="utf-8"))
MUON, ELECTRON = particles.mass("mu-"), particles.mass("e-")
RATIOS = [1e-6, 1e-3, 0.1, 0.9, 1.3, 2.5, 11.83, 300.0, 2447.0, 1e6]


@pytest.mark.parametrize("entry", REFERENCE["magnetic_moment_shift"]["values"], ids=lambda e: str(e["mass"]))
def test_shift_of_the_muon(entry):
    reference = REFERENCE["magnetic_moment_shift"]
    shift = moment.magnetic_moment_shift(entry["mass"], reference["epsilon"], 0.1056583755)
    assert float(shift) == pytest.approx(entry["shift"], rel=reference["tolerance"])


@pytest.mark.parametrize("entry", REFERENCE["epsilon_for"]["values"], ids=lambda e: str(e["mass"]))
def test_mixing_for_the_shift_of_2021(entry):
    reference = REFERENCE["epsilon_for"]
    epsilon = moment.epsilon_for(reference["shift"], entry["mass"], 0.1056583755)
    assert float(epsilon) == pytest.approx(entry["epsilon"], rel=reference["tolerance"])


@pytest.mark.parametrize("entry", REFERENCE["band_of_2021"]["values"], ids=lambda e: str(e["n_sigma"]))
def test_band_of_2021(entry):
    reference = REFERENCE["band_of_2021"]
    found = moment.band("bnl_fnal_2021", reference["mass"], entry["n_sigma"])
    assert [float(edge) for edge in found] == pytest.approx([entry["low"], entry["high"]], rel=reference["tolerance"])


def _vacuum_polarisation_kernel(ratio):
    """The kernel of Brodsky and de Rafael in closed form, with 60 digits; complex below two lepton masses."""
    with mpmath.workdps(60):
        s = mpmath.mpf(ratio) ** 2
        beta = mpmath.sqrt(mpmath.mpc(1 - 4 / s))
        x = (1 - beta) / (1 + beta)
        value = (
            x**2 * (2 - x**2) / 2
            + (1 + x**2) * (1 + x) ** 2 / x**2 * (mpmath.log(1 + x) - x + x**2 / 2)
            + (1 + x) / (1 - x) * x**2 * mpmath.log(x)
        )
        return float(2 * value.real)


@pytest.mark.parametrize("ratio", RATIOS)
def test_loop_function_is_the_kernel_of_vacuum_polarisation(ratio):
    value, error = moment.loop_function(ratio)
    exact = _vacuum_polarisation_kernel(ratio)
    assert float(value) == pytest.approx(exact, rel=1e-10)
    assert abs(float(value) - exact) <= float(error)
    assert float(error) < 1e-8 * exact


def test_light_mediator_is_a_photon_of_smaller_charge():
    schwinger = ALPHA / (2 * math.pi)
    assert float(moment.magnetic_moment_shift(0.0, 1.0, MUON)) == pytest.approx(schwinger, rel=1e-11)
    # I = 1 - pi rho + ... for rho << 1
    assert float(moment.loop_function(1e-6).value) == pytest.approx(1 - math.pi * 1e-6, abs=1e-10)


def test_heavy_mediator_decouples_with_the_square_of_its_mass():
    # I = (2/3) rho^-2 [1 + 3 rho^-2 (25/12 - ln rho^2) + ...]; then rho^-4 times a few hundred
    for ratio in (1e3, 1e4, 1e6, 1e9):
        series = 1 + 3 / ratio**2 * (25 / 12 - math.log(ratio**2))
        assert float(moment.loop_function(ratio).value) * 1.5 * ratio**2 == pytest.approx(series, rel=4e-12 + 500 / ratio**4)  # fmt: skip


def test_outside_the_domain_there_is_no_number():
    assert np.isnan(moment.magnetic_moment_shift(np.array([-1.0, np.inf, np.nan]), 1e-3, MUON)).all()
    assert np.isnan(moment.magnetic_moment_shift(1.0, 1e-3, np.array([0.0, -MUON]))).all()
    assert np.isnan(moment.epsilon_for(-1e-11, 1.0, MUON))
    assert float(moment.epsilon_for(0.0, 1.0, MUON)) == 0


def test_gradients_are_finite_and_right():
    slope = jax.grad(moment.magnetic_moment_shift, argnums=(0, 1, 2))
    for mass in (0.0, 1e-7, 0.1, 100.0):
        by_mass, by_epsilon, by_lepton_mass = slope(mass, 1e-3, MUON)
        shift = float(moment.magnetic_moment_shift(mass, 1e-3, MUON))
        assert float(by_epsilon) == pytest.approx(2 * shift / 1e-3, rel=1e-12)
        # a function of the ratio: Euler's theorem
        assert float(mass * by_mass) == pytest.approx(-MUON * float(by_lepton_mass), rel=1e-9, abs=1e-25)
    assert np.isfinite(jax.grad(moment.epsilon_for)(251e-11, 1.0, MUON))
    assert np.isfinite(jax.grad(lambda c: jnp.nan_to_num(moment.epsilon_for(c, 1.0, MUON)))(0.0))


@given(mass=st.floats(1e-6, 100.0), epsilon=st.floats(1e-8, 1.0), factor=st.floats(1.01, 1e3))
def test_shift_falls_with_the_mass_and_rises_with_the_square_of_the_mixing(mass, epsilon, factor):
    for lepton_mass in (MUON, ELECTRON):
        shift = float(moment.magnetic_moment_shift(mass, epsilon, lepton_mass))
        assert 0 < float(moment.magnetic_moment_shift(factor * mass, epsilon, lepton_mass)) < shift
        assert float(moment.magnetic_moment_shift(mass, epsilon / factor, lepton_mass)) * factor**2 == pytest.approx(shift, rel=1e-12)  # fmt: skip
        assert float(moment.epsilon_for(shift, mass, lepton_mass)) == pytest.approx(epsilon, rel=1e-12)


@given(scale=st.floats(1e-3, 1e3), mass=st.floats(1e-3, 10.0))
def test_shift_depends_on_the_ratio_of_the_masses(scale, mass):
    shift = float(moment.magnetic_moment_shift(mass, 1e-3, MUON))
    assert float(moment.magnetic_moment_shift(scale * mass, 1e-3, scale * MUON)) == pytest.approx(shift, rel=1e-11)


def test_arrays_equal_loops_of_scalars_on_the_host_and_in_jax():
    mass, epsilon = np.array([[0.0], [0.1], [3.0]]), np.array([1e-4, 1e-2])
    expected = [[float(moment.magnetic_moment_shift(m, e, MUON)) for e in epsilon] for m in mass[:, 0]]
    np.testing.assert_allclose(moment.magnetic_moment_shift(mass, epsilon, MUON), expected, rtol=1e-14)
    compiled = jax.jit(moment.magnetic_moment_shift)(jnp.asarray(mass), jnp.asarray(epsilon), MUON)
    np.testing.assert_allclose(compiled, expected, rtol=1e-12)
    assert compiled.dtype == float


def test_alpha_is_that_at_zero_momentum_unless_another_is_given():
    other = moment.magnetic_moment_shift(1.0, 1e-3, MUON, alpha=1.04 * ALPHA)
    assert float(other / moment.magnetic_moment_shift(1.0, 1e-3, MUON)) == pytest.approx(1.04, rel=1e-14)
    assert float(moment.epsilon_for(other, 1.0, MUON, alpha=1.04 * ALPHA)) == pytest.approx(1e-3, rel=1e-12)


# --- data and bands -----------------------------------------------------------------------------------------------


def test_data_sets_are_those_of_the_literature():
    found = {name: (moment.data_set(name).shift, moment.data_set(name).error) for name in moment.names()}
    assert found == {
        "bnl_fnal_2021": (251e-11, 59e-11),
        "fnal_2023": (249e-11, 48e-11),
        "exp_2023_wp2025": (26e-11, 66e-11),
        "fnal_2025_wp2025": (38e-11, 63e-11),
        "bmw_2021": (107e-11, 70e-11),
        "cesium_2018": (-88e-14, 36e-14),
        "rubidium_2020": (48e-14, 30e-14),
    }


@pytest.mark.parametrize(
    ("name", "deviations", "digits"),
    [("bnl_fnal_2021", 4.2, 0.1), ("fnal_2023", 5.1, 0.1), ("bmw_2021", 1.5, 0.1), ("cesium_2018", -2.4, 0.1), ("rubidium_2020", 1.6, 0.05)],
)  # fmt: skip
def test_deviations_are_the_quoted_ones(name, deviations, digits):
    entry = moment.data_set(name)
    assert entry.shift / entry.error == pytest.approx(deviations, abs=digits)


def test_shift_of_2025_is_the_difference_of_its_parts():
    # 116592071.5(14.5) - 116592033(62), rounded to a whole number
    entry = moment.data_set("fnal_2025_wp2025")
    assert abs(entry.shift - 38.5e-11) <= 0.51e-11
    assert abs(entry.error - math.hypot(14.5, 62) * 1e-11) <= 1e-11


@pytest.mark.parametrize("name", sorted(TABLE["data_sets"]))
def test_every_data_set_can_be_cited_and_recalled_numbers_are_marked(name):
    entry = moment.data_set(name)
    assert sources.keys_in(entry.source)
    assert ("recalled" in entry.source) == (entry.status == "unverified")
    assert entry.lepton in moment.LEPTONS
    assert name in moment.names(entry.lepton)


def test_default_is_the_newest_and_not_that_of_2021():
    assert moment.default("mu-") == "fnal_2025_wp2025"
    assert moment.default("e-") == "rubidium_2020"
    for lepton in moment.LEPTONS:
        assert moment.data_set(moment.default(lepton)).lepton == lepton


def test_band_without_a_lower_edge_starts_at_zero():
    low, high = moment.band("fnal_2025_wp2025", np.array([0.1, 1.25]), 1)
    assert np.all(low == 0)
    # by hand: sqrt((38 + 63)/251) of the mixing for 251e-11
    assert float(high[1]) == pytest.approx(0.0220219807 * math.sqrt(101 / 251), rel=1e-7)
    assert float(moment.band("bnl_fnal_2021", 1.0, 5).low) == 0
    assert float(moment.band("bnl_fnal_2021", 1.0, 4).low) > 0


def test_negative_shift_has_no_mixing_until_the_error_reaches_zero():
    for n_sigma in (0, 1, 2, 2.4):
        assert np.isnan(moment.band("cesium_2018", np.array([0.01, 1.0]), n_sigma)).all()
    low, high = moment.band("cesium_2018", 0.01, 3)
    assert float(low) == 0
    assert float(moment.magnetic_moment_shift(0.01, high, ELECTRON)) == pytest.approx(20e-14, rel=1e-12)


@given(
    mass=st.floats(0.0, 10.0),
    first=st.floats(0.0, 6.0),
    more=st.floats(0.0, 3.0),
    name=st.sampled_from(moment.names("mu-")),
)
def test_wider_bands_hold_narrower_ones(mass, first, more, name):
    inner, outer = moment.band(name, mass, first), moment.band(name, mass, first + more)
    assert outer.low <= inner.low <= inner.high <= outer.high


def test_unknown_names_have_the_nearest_match():
    with pytest.raises(
        UnknownName, match=r"no data set of the magnetic moment named 'bnl_fnal_2012'.*Did you mean 'bnl_fnal_2021'\?"
    ):
        moment.data_set("bnl_fnal_2012")
    with pytest.raises(
        UnknownName, match=r"no lepton with data on its magnetic moment named 'mu\+'.*Did you mean 'mu-'\?"
    ):
        moment.default("mu+")
    for n_sigma in (-1, math.nan, math.inf):
        with pytest.raises(InvalidInput, match="expected a number of standard deviations, at least 0"):
            moment.band("bnl_fnal_2021", 1.0, n_sigma)


@pytest.mark.parametrize("wrong", [None, ["mu-"], 3, np.array(["mu-", "e-"])])
def test_what_is_no_name_is_refused(wrong):
    with pytest.raises(UnknownName, match="no lepton with data"):
        moment.default(wrong)
    with pytest.raises(UnknownName, match="no data set of the magnetic moment"):
        moment.band(wrong, 1.0, 1)


@pytest.mark.parametrize("wrong", ["a", None, np.array([1.0, 2.0]), [1, 2], 1j, True, 10**400])
def test_numbers_of_sigma_that_are_none_are_refused(wrong):
    with pytest.raises(InvalidInput, match=r"^n_sigma = "):
        moment.band("bnl_fnal_2021", 1.0, wrong)


@pytest.mark.parametrize("wrong", ["1GeV", "x", None, [1.0, "x"], 1j, 10**400, np.ma.masked_array([1.0], [True])])
def test_masses_that_are_no_numbers_are_refused(wrong):
    for ask in (lambda: moment.band("bnl_fnal_2021", wrong, 1), lambda: moment.magnetic_moment_shift(wrong, 1e-3, 0.1),
                lambda: moment.epsilon_for(1e-9, wrong, 0.1)):  # fmt: skip
        with pytest.raises(InvalidInput, match=r"^mass = .* is not allowed; expected a number or an array of numbers"):
            ask()
    with pytest.raises(InvalidInput, match=r"^ratio = "):
        moment.loop_function(wrong)
