"""Energy loss by ionisation against tables of the PDG, and its laws."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.errors import UnknownName
from portico.matter.ionisation import SLOWEST, density_effect, medium, stopping_power

MUON = 0.1056584
MEDIA = ("standard_rock", "plastic_scintillator")


# PDG, Atomic and nuclear properties of materials: minimum ionisation of muons, printed to 4 digits; at 1e-3 the
# formula without shell corrections is within its own accuracy, and a wrong density effect or Z/A is not
@pytest.mark.parametrize(("name", "least"), [("standard_rock", 1.688), ("plastic_scintillator", 1.956)])
def test_minimum_ionisation_of_muons(name, least):
    loss = stopping_power(np.geomspace(1, 20, 400), MUON, medium(name))
    assert loss.min() == pytest.approx(least, rel=1.5e-3)
    assert 3 < np.geomspace(1, 20, 400)[loss.argmin()] < 4.2


def test_the_formula_by_hand_at_beta_gamma_of_one():
    # K Z/A 2 (ln(2 m_e / I) - 1/2) for a particle much heavier than the electron, x = 0 below x0: no density effect
    expected = 0.307075 * 0.5 * 2 * (np.log(2 * 0.51099895e6 / 136.4) - 0.5)
    assert stopping_power(1.0, 1e6, medium("standard_rock")) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", MEDIA)
def test_density_effect_is_continuous_and_ends_in_a_logarithm(name):
    of = medium(name)
    for x in (of.density_x0, of.density_x1):
        low, high = density_effect(10 ** np.array([x - 1e-9, x + 1e-9]), of)
        assert high == pytest.approx(low, abs=0.02)  # the fit itself jumps by up to 0.01 at x0
    step = density_effect(np.array([1e6, 1e5]), of)
    assert step[0] - step[1] == pytest.approx(2 * np.log(10), rel=1e-12)


def test_slow_particles_lose_as_at_the_end_of_the_formula():
    of = medium("standard_rock")
    assert stopping_power(1e-3, 1.0, of) == stopping_power(SLOWEST, 1.0, of)


@given(st.floats(0.06, 0.9), st.floats(1.01, 2.0), st.floats(0.05, 100.0))
def test_loss_falls_towards_the_minimum(slow, factor, mass):
    of = medium("plastic_scintillator")
    assert stopping_power(slow, mass, of) > stopping_power(slow * factor, mass, of) > 0


def test_gradient_is_that_of_differences():
    of = medium("standard_rock")
    gradient = float(jax.grad(lambda bg: stopping_power(bg, 1.0, of))(2.0))
    difference = (stopping_power(2.0 + 1e-5, 1.0, of) - stopping_power(2.0 - 1e-5, 1.0, of)) / 2e-5
    assert gradient == pytest.approx(difference, rel=1e-6)


def test_unknown_medium_has_the_nearest_match():
    with pytest.raises(UnknownName, match=r"no medium named 'standard_rok'.*Did you mean 'standard_rock'\?"):
        medium("standard_rok")
