import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portico.kinematics import four_momentum as fm

momenta = st.tuples(*[st.floats(-50.0, 50.0)] * 3)
_there = jax.jit(lambda p, m2, by, mass: fm.boost(p, m2, fm.boost_to(by, mass)))
_back = jax.jit(lambda p, m2, by, mass: fm.boost(p, m2, fm.boost_to(by, mass).inverse()))


def on_shell(vector, mass):
    """A FourMomentum of floats with the energy of its mass."""
    return fm.FourMomentum(float(np.sqrt(mass**2 + np.dot(vector, vector))), *map(float, vector))


def matrix(by, mass):
    """The boost as a matrix, from the textbook formula."""
    p, gamma = np.array(by[1:]), by.energy / mass
    found = np.empty((4, 4))
    found[0, 0], found[0, 1:], found[1:, 0] = gamma, p / mass, p / mass
    found[1:, 1:] = np.eye(3) + np.outer(p, p) / mass**2 / (gamma + 1)
    return found


@settings(max_examples=50, deadline=None)
@given(momenta, momenta, st.floats(0.01, 5.0), st.floats(0.1, 5.0))
def test_boost_is_that_of_the_matrix(vector, other, mass, by_mass):
    momentum, by = on_shell(np.array(vector), mass), on_shell(np.array(other), by_mass)
    expected = matrix(by, by_mass) @ np.array(momentum)
    np.testing.assert_allclose(
        _there(momentum, mass**2, by, by_mass), expected, rtol=1e-9, atol=1e-10 * momentum.energy
    )


@settings(max_examples=50, deadline=None)
@given(momenta, momenta, momenta, st.floats(0.1, 5.0))
def test_products_are_invariant_and_the_way_back_leads_back(vector, other, third, mass):
    a, b, by = on_shell(np.array(vector), mass), on_shell(np.array(other), 0.5), on_shell(np.array(third), 1.0)
    there = _there(a, mass**2, by, 1.0), _there(b, 0.25, by, 1.0)
    scale = there[0].energy * there[1].energy
    assert float(fm.product(*there)) == pytest.approx(float(fm.product(a, b)), abs=1e-12 * float(scale))
    np.testing.assert_allclose(_back(there[0], mass**2, by, 1.0), a, atol=1e-11 * float(there[0].energy))


def test_boost_of_what_is_at_rest_gives_the_boosting_particle_and_rest_changes_nothing():
    by, still = on_shell(np.array([3.0, -4.0, 12.0]), 2.0), on_shell(np.zeros(3), 1.5)
    np.testing.assert_allclose(_there(on_shell(np.zeros(3), 2.0), 4.0, by, 2.0), by, rtol=1e-14)
    np.testing.assert_allclose(_there(by, 4.0, still, 1.5), by, rtol=1e-14)


def test_particle_left_behind_keeps_its_digits_at_large_gamma():
    """An electron emitted against a parent with gamma = 1e6: the laboratory energy is the difference of two large numbers."""
    gamma, electron = 1e6, 0.511e-3
    by = on_shell(np.array([0.0, 0.0, np.sqrt(gamma**2 - 1)]), 1.0)
    backwards = on_shell(np.array([0.0, 0.0, -0.3]), electron)
    there = _there(backwards, electron**2, by, 1.0)
    # p_- = E - p_z stays exact: (E+p)(gamma-u) with gamma-u = 1/(gamma+u)
    e, u = np.longdouble(np.sqrt(np.longdouble(electron) ** 2 + np.longdouble(0.3) ** 2)), np.sqrt(gamma**2 - 1)
    plus = np.longdouble(electron) ** 2 / (e + np.longdouble(0.3)) * (gamma + u)
    expected = (plus + (e + np.longdouble(0.3)) / (gamma + u)) / 2
    assert float(there.energy) == pytest.approx(float(expected), rel=1e-9)
    assert float(fm.mass_squared(there)) == pytest.approx(electron**2, rel=1e-6)


@settings(max_examples=50, deadline=None)
@example((0.0, 1.0, 0.0), 0.0, (1.0, 1.5638842300458296e-56, 0.0))  # across the boost but for rounding
@example((1e-17, 0.6, 0.8), 0.0, (1.0, 0.0, 0.0))
@given(momenta, st.floats(-60.0, 60.0), momenta)
def test_any_four_vector_is_boosted(vector, energy, other):
    """Spin and polarisation vectors are space-like, and their time component may be negative."""
    by, v = on_shell(np.array(other), 1.0), fm.FourMomentum(energy, *vector)
    expected = matrix(by, 1.0) @ np.array(v)
    there = _there(v, energy**2 - np.dot(vector, vector), by, 1.0)
    scale = by.energy * (abs(energy) + np.linalg.norm(vector)) + 1e-300
    np.testing.assert_allclose(np.array(there) / scale, expected / scale, atol=1e-9)


def test_arrays_and_components_are_the_same():
    momenta = jnp.arange(24.0).reshape(2, 3, 4)
    split = fm.from_array(momenta)
    assert split.energy.shape == (2, 3)
    np.testing.assert_array_equal(fm.to_array(split), momenta)
    np.testing.assert_array_equal(fm.add(split, split).z, 2 * momenta[..., 3])
