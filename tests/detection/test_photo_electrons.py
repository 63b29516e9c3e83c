"""Photo-electrons and coincidences against the numbers of the proposal, by hand and by simulation."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.detection.coincidence import WINDOWS, accidental_rate, coincidence_probability
from portico.detection.photo_electrons import (
    MINIMUM_IONISING,
    layer_probability,
    mean_photo_electrons,
    photo_electrons_of_unit_charge,
    relative_energy_loss,
)
from portico.errors import UnknownName
from portico.matter.ionisation import medium

ONE = (1 / 2e-3) ** 2
PLASTIC = medium("plastic_scintillator")


# arXiv:1506.04760 eq. (46) read as the mean detected number; printed to the digits given
@pytest.mark.parametrize(("epsilon", "p"), [(5e-4, 2.22e-4), (1e-3, 1.082e-2), (2e-3, 0.2526), (4e-3, 0.946)])
def test_probability_of_three_layers(epsilon, p):
    found = coincidence_probability(mean_photo_electrons(epsilon, ONE), 3)
    assert found == pytest.approx((1 - np.exp(-((epsilon / 2e-3) ** 2))) ** 3, rel=1e-10)
    assert found == pytest.approx(p, rel=2.5e-3)  # half a unit of the last digit printed


def test_photo_electrons_from_light_yield():
    assert photo_electrons_of_unit_charge(2.0, 140.0, 1e4, 0.1) == pytest.approx(2.8e5, rel=1e-14)
    assert 1 / np.sqrt(photo_electrons_of_unit_charge(2.0, 140.0, 1e4, 0.1)) == pytest.approx(1.89e-3, rel=1e-3)


def test_small_charges_are_seen_by_a_power_law():
    low, high = coincidence_probability(mean_photo_electrons(np.array([1e-6, 2e-6]), ONE), 3)
    assert high / low == pytest.approx(2.0**6, rel=1e-5)  # 1 - N/2 twice


def test_probability_is_finite_with_its_gradient_at_no_charge():
    gradient = jax.grad(lambda e: layer_probability(mean_photo_electrons(e, ONE)))(0.0)
    assert float(gradient) == 0


@given(st.floats(1e-5, 0.1), st.floats(1.0, 3.0), st.integers(1, 5))
def test_more_light_is_seen_more_often_and_by_fewer_in_more_layers(epsilon, factor, layers):
    less, more = (coincidence_probability(mean_photo_electrons(epsilon, ONE, f), layers) for f in (1.0, factor))
    assert 0 <= less <= more <= 1
    assert coincidence_probability(mean_photo_electrons(epsilon, ONE), layers + 1) <= less


# --- slow particles ------------------------------------------------------------------------------------------------


def test_fast_particles_are_minimum_ionising_and_slow_ones_lose_as_one_over_beta_squared():
    np.testing.assert_array_equal(relative_energy_loss(np.array([MINIMUM_IONISING, 10.0, 1e4]), 1.0, PLASTIC), 1.0)
    # PDG 2024, figure 34.2: dE/dx of heavy particles in carbon and scintillator is about 1.1 at beta gamma = 2 and
    # 1.6 at 1 of its minimum, read to 5%
    assert relative_energy_loss(1.0, 10.0, PLASTIC) == pytest.approx(1.6, rel=0.05)
    beta2 = 0.1**2 / (1 + 0.1**2), 0.2**2 / (1 + 0.2**2)
    ratio = relative_energy_loss(0.1, 10.0, PLASTIC) / relative_energy_loss(0.2, 10.0, PLASTIC)
    assert 0.7 * beta2[1] / beta2[0] < ratio < beta2[1] / beta2[0]  # less by the logarithm


@given(st.floats(0.06, 3.0), st.floats(0.05, 100.0))
def test_a_slower_particle_loses_more(beta_gamma, mass):
    slow, fast = relative_energy_loss(np.array([beta_gamma, 1.2 * beta_gamma]), mass, PLASTIC)
    assert slow > fast >= 1


# --- chance --------------------------------------------------------------------------------------------------------


def test_chance_coincidences_of_the_letter_of_intent():
    # arXiv:1607.04669 as recalled: 500 Hz, 15 ns, 400 bars, 1.5e7 s give 165; its own numbers give 168.75
    assert 400 * 1.5e7 * accidental_rate(500.0, 15e-9, 3) == pytest.approx(168.75, rel=1e-12)
    assert 400 * 3e7 * accidental_rate(500.0, 15e-9, 3) == pytest.approx(337.5, rel=1e-12)


@pytest.mark.parametrize(("layers", "rate"), [(2, 0.015), (3, 2.25e-7), (4, 3.375e-12)])
def test_chance_coincidences_of_the_proposal(layers, rate):
    assert accidental_rate(1e3, 15e-9, layers) == pytest.approx(rate, rel=1e-12)
    assert 400 * 1.5e7 * accidental_rate(1e3, 15e-9, 3) == pytest.approx(1350, rel=1e-12)


def test_conventions_of_the_window_against_simulated_counters():
    """Three counters at random for a time in which each fires 2e5 times; R tau = 0.02, so terms of that size are left out."""
    rng, rate, window, total = np.random.default_rng(7), 1.0, 0.02, 2e5
    first, second, third = (np.sort(rng.uniform(0, total, rng.poisson(rate * total))) for _ in range(3))

    def following(start, later, width):
        """Pairs: each start with each later hit within the width behind it."""
        low, high = np.searchsorted(later, start), np.searchsorted(later, start + width)
        index = np.repeat(np.arange(start.size), high - low)
        return index, later[np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)]).astype(int)]

    def triples(a, b, c):
        """Ordered a < b < c, all within the window of a."""
        index, at = following(a, b, window)
        return sum(np.searchsorted(c, a[index] + window) - np.searchsorted(c, at))

    ordered = triples(first, second, third)
    from_first = ordered + triples(first, third, second)
    span = from_first + triples(second, first, third) + triples(second, third, first)
    span += triples(third, first, second) + triples(third, second, first)
    for name, found in zip(WINDOWS, (from_first, span, ordered), strict=True):
        expected = total * accidental_rate(rate, window, 3, window=name)
        # Poisson error of 40 to 240 counts: 4 sigma
        assert abs(found - expected) < 4 * np.sqrt(expected), name


def test_unknown_window_has_the_nearest_match():
    with pytest.raises(UnknownName, match=r"no window named 'first'.*'first_layer'"):
        accidental_rate(1.0, 1.0, 3, window="first")
