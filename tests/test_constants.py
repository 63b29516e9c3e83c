import math

import pytest

from portico import constants


def test_hbar_c_is_hbar_times_c():
    # both are given to ten digits, so the product may differ by one in the tenth
    product = constants.HBAR_GEV_S * constants.SPEED_OF_LIGHT_CM_S
    assert pytest.approx(product, rel=3e-10) == constants.HBARC_GEV_CM


def test_conversion_of_cross_sections():
    # CODATA 2018: (hbar c)^2 = 0.3893793721 GeV^2 mbarn, ten digits; our hbar c is cut after ten digits (3e-10), twice in the square
    assert pytest.approx(0.3893793721e-27, rel=7e-10) == constants.GEV2_CM2
    assert pytest.approx(0.3893793721e6, rel=7e-10) == constants.GEV2_NB


def test_charge_squared_is_four_pi_alpha():
    assert pytest.approx(4 * math.pi / 137.035999084, rel=1e-15) == constants.ELECTRIC_CHARGE**2
    assert pytest.approx(137.035999084, rel=1e-15) == 1 / constants.ALPHA


def test_hbar_and_c_follow_from_the_exact_si_values():
    # h/(2 pi e) in eV s with h = 6.62607015e-34 J s and e = 1.602176634e-19 C, exact; ten digits kept
    hbar = 6.62607015e-34 / (2 * math.pi * 1.602176634e-19) * 1e-9
    assert pytest.approx(hbar, rel=1e-9) == constants.HBAR_GEV_S
    assert constants.SPEED_OF_LIGHT_CM_S == 29979245800.0


def test_atomic_mass_unit_is_a_gram_per_mole():
    # u c^2 = (1 g/mol / N_A) c^2 in GeV; since 2019 an identity to 1e-9 only
    gev = 1e-3 / constants.AVOGADRO * 299792458.0**2 / 1.602176634e-10
    assert pytest.approx(gev, rel=2e-9) == constants.ATOMIC_MASS_UNIT_GEV


@pytest.mark.parametrize("name", sorted(constants.TABLE))
def test_each_constant_says_unit_source_and_year(name):
    entry = constants.TABLE[name]
    assert getattr(constants, name) == entry.value
    assert entry.unit
    assert any(word in entry.source for word in ("CODATA", "PDG", "SI"))
    assert 2018 <= entry.year <= 2024
