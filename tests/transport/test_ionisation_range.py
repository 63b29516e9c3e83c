"""Ranges by ionisation: a tabulated muon range, the constant-loss limit, and what comes out of a column."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from portico.matter.ionisation import medium, stopping_power
from portico.transport.ionisation_range import leaving_beta_gamma, range_table, stopping_beta_gamma

MUON, ROCK = 0.1056584, medium("standard_rock")
TABLE = range_table(np.array([MUON, 1.0, 100.0]), ROCK)
ROW = TABLE._replace(range_over_mass=TABLE.range_over_mass[1])


def _range(beta_gamma, row=0, mass=MUON):
    return mass * np.exp(np.interp(np.log(beta_gamma), np.log(TABLE.beta_gamma), np.log(TABLE.range_over_mass[row])))


def test_muon_of_1_gev_in_standard_rock():
    # At. Data Nucl. Data Tables 78 (2001) 183: about 5.5e2 g/cm^2 for T = 1 GeV, recalled to two digits
    assert _range(np.sqrt((1 + 1 / MUON) ** 2 - 1)) == pytest.approx(5.5e2, rel=0.02)


def test_range_is_the_integral_of_the_inverse_loss():
    def inverse(kinetic):
        return 1e3 / stopping_power(np.sqrt((1 + kinetic / 100.0) ** 2 - 1), 100.0, ROCK)

    low, high = 100 * (np.sqrt(1 + 0.5**2) - 1), 100 * (np.sqrt(1 + 3.0**2) - 1)
    expected = quad(inverse, low, high, epsrel=1e-9)[0]
    assert _range(3.0, 2, 100.0) - _range(0.5, 2, 100.0) == pytest.approx(expected, rel=2e-4)


def test_slow_particles_have_a_range_of_their_kinetic_energy_over_a_constant_loss():
    loss = 1e-3 * stopping_power(1e-3, 1.0, ROCK)
    assert _range(0.02, 1, 1.0) == pytest.approx(
        0.5 * 0.02**2 / loss, rel=6e-4
    )  # trapezoidal steps of 3.6%: (2 h)^2/12


@given(st.floats(0.02, 1e4), st.floats(1e-3, 1e4))
def test_who_leaves_has_the_range_that_is_left(beta_gamma, column):
    after = leaving_beta_gamma(ROW, np.array([beta_gamma]), np.array([column]))[0]
    stop = stopping_beta_gamma(ROW, np.array([column]))[0]
    assert (after > 0) == (beta_gamma > stop) or beta_gamma == pytest.approx(stop, rel=1e-9)
    assert after <= beta_gamma
    if after > 2e-3:
        assert _range(after, 1, 1.0) == pytest.approx(_range(beta_gamma, 1, 1.0) - column, rel=1e-6, abs=1e-9)


def test_a_thinner_column_stops_fewer():
    stops = stopping_beta_gamma(TABLE, np.geomspace(1e-2, 1e4, 50))
    assert stops.shape == (3, 50)
    assert np.all(np.diff(stops, axis=-1) > 0)
