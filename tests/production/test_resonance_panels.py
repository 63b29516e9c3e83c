import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from portico.production import resonance_panels


def _sum(function, at):
    return np.sum(function(at.log_mass) * at.weights, axis=-1), np.sum(function(at.log_mass) * at.coarse, axis=-1)


@given(st.floats(1, 100), st.floats(1.01, 100), st.floats(0.1, 1e4), st.floats(-12, 0))
def test_weights_add_up_to_the_interval(lower, factor, mass, log_width):
    at = resonance_panels.nodes(lower, lower * factor, np.array([mass]), np.array([mass * 10**log_width]))
    fine, _ = _sum(np.ones_like, at)
    assert fine == pytest.approx(np.log(factor), rel=1e-6)
    assert np.all(at.log_mass >= np.log(lower) - 1e-12)
    assert np.all(at.log_mass <= np.log(lower * factor) + 1e-12)


@pytest.mark.parametrize("ratio", [1e-1, 1e-3, 1e-6, 1e-10])
def test_breit_wigner_of_any_width_is_integrated(ratio):
    # integral of d(M^2) m Gamma/((M^2 - m^2)^2 + m^2 Gamma^2) = difference of arc tangents
    mass, lower, upper = 10.0, 4.0, 300.0
    width = ratio * mass
    at = resonance_panels.nodes(lower, upper, np.array([mass]), np.array([width]))

    def breit_wigner(u):
        off = mass**2 * np.expm1(2 * (u - np.log(mass)))
        return 2 * np.exp(2 * u) * mass * width / (off**2 + (mass * width) ** 2)

    fine, coarse = _sum(breit_wigner, at)
    expected = sum(np.arctan(abs(end**2 - mass**2) / (mass * width)) for end in (lower, upper))
    assert fine == pytest.approx(expected, rel=1e-4)
    assert abs(fine - expected) <= abs(fine - coarse) + 1e-5 * expected


def test_square_root_at_the_lower_end_is_integrated():
    at = resonance_panels.nodes(3.0, 300.0, np.array([91.2]), np.array([2.5]))
    found, _ = _sum(lambda u: np.sqrt(np.maximum(-np.expm1(2 * (np.log(3.0) - u)), 0)), at)
    expected = quad(lambda v: np.sqrt(-np.expm1(-2 * v * v)) * 2 * v, 0, np.sqrt(np.log(100)))[0]
    assert found == pytest.approx(expected, rel=1e-8)


def test_two_resonances_close_together_and_beside_the_interval():
    masses, widths = np.array([91.19, 91.2]), np.array([2.5, 1e-5])

    def both(u):
        return sum(
            np.exp(2 * u) * w * m / ((np.exp(2 * u) - m * m) ** 2 + (m * w) ** 2)
            for m, w in zip(masses, widths, strict=True)
        )

    fine, coarse = _sum(both, resonance_panels.nodes(60.0, 120.0, masses, widths))
    expected = sum(
        np.arctan((120.0**2 - m * m) / (m * w)) - np.arctan((60.0**2 - m * m) / (m * w))
        for m, w in zip(masses, widths, strict=True)
    )
    assert fine == pytest.approx(expected / 2, rel=2e-3)  # a wide bump in the logarithmic map around a narrow one
    assert abs(fine - expected / 2) < abs(fine - coarse)
    # just below the interval: a steep fall from its lower end
    fine, coarse = _sum(both, resonance_panels.nodes(91.2001, 120.0, masses, widths))
    expected = sum(
        np.arctan((120.0**2 - m * m) / (m * w)) - np.arctan((91.2001**2 - m * m) / (m * w))
        for m, w in zip(masses, widths, strict=True)
    )
    assert fine == pytest.approx(expected / 2, rel=4e-3)
    assert abs(fine - expected / 2) < abs(fine - coarse)


def test_empty_interval_has_no_weight_and_no_resonance_is_no_matter():
    assert np.all(resonance_panels.nodes(5.0, 3.0, np.array([4.0]), np.array([0.1])).weights == 0)
    at = resonance_panels.nodes(2.0, 50.0, np.zeros(0), np.zeros(0))
    assert _sum(lambda u: np.exp(-2 * u), at)[0] == pytest.approx((2.0**-2 - 50.0**-2) / 2, rel=1e-10)
    at = resonance_panels.nodes(2.0, 50.0, np.array([0.0]), np.array([0.0]))
    assert _sum(lambda u: np.exp(-2 * u), at)[0] == pytest.approx((2.0**-2 - 50.0**-2) / 2, rel=1e-10)
