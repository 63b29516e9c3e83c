import jax
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.kinematics import four_momentum as fm
from portico.kinematics import two_body

_decay = jax.jit(lambda p, m, masses, towards: two_body.decay(fm.boost_to(p, m), m, masses, towards))


def test_momentum_of_a_pion_to_muon_and_neutrino():
    """29.792 MeV, to its five digits (PDG, decay of the pion)."""
    assert two_body.momentum(0.13957039, 0.1056583755, 0.0) == pytest.approx(0.029792, abs=5e-7)


def test_momentum_vanishes_at_and_below_threshold_and_keeps_digits_above():
    assert two_body.momentum(1.0, 0.6, 0.4) == two_body.momentum(0.9, 0.6, 0.4) == 0.0
    above = two_body.momentum(1.0 + 1e-12, 0.6, 0.4)
    # p = sqrt(2 mu T) with the reduced mass 0.24
    assert above == pytest.approx(np.sqrt(2 * 0.24 * 1e-12), rel=2e-4)
    assert two_body.momentum(2.0, 0.0, 0.0) == 1.0


@settings(max_examples=50, deadline=None)
@given(
    st.tuples(*[st.floats(-100.0, 100.0)] * 3),
    st.floats(0.05, 10.0),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.floats(-1.0, 1.0),
    st.floats(0.0, 1.0),
)
def test_decay_conserves_momentum_and_keeps_masses(vector, mass, share, split, cosine, turn):
    masses = (mass * share * split, mass * share * (1 - split))
    parent = fm.FourMomentum(float(np.sqrt(mass**2 + np.dot(vector, vector))), *vector)
    first, second = _decay(parent, mass, masses, two_body.direction(cosine, turn))
    np.testing.assert_allclose(np.array(fm.add(first, second)), np.array(parent), atol=1e-12 * parent.energy)
    for body, m in zip((first, second), masses, strict=True):
        assert float(fm.mass_squared(body)) == pytest.approx(m**2, abs=1e-13 * (mass**2 + float(body.energy) ** 2))


def test_directions_are_unit_vectors_with_their_angles():
    cosine, turn = np.meshgrid(np.linspace(-1, 1, 7), np.linspace(0, 1, 9))
    first, second, third = (np.array(v) for v in two_body.frame_about(cosine, turn))
    np.testing.assert_allclose(third[2], cosine, atol=1e-15)
    np.testing.assert_allclose(third[0], np.sqrt(1 - cosine**2) * np.cos(2 * np.pi * turn), atol=1e-15)
    np.testing.assert_allclose(np.cross(first, second, axis=0), third, atol=1e-15)
    np.testing.assert_allclose((first**2).sum(0), 1.0, rtol=1e-15)


def test_cosine_and_sine_of_turns():
    turn = np.concatenate([np.random.default_rng(4).uniform(-1.0, 2.0, 2000), np.arange(-8, 17) / 8])
    # two units in the last digit of 1
    exact = [complex(mpmath.expjpi(2 * mpmath.mpf(t))) for t in turn]
    for found, expected in zip(two_body.cosine_and_sine(turn), (np.real(exact), np.imag(exact)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=3e-16)
    quarters = np.array(two_body.cosine_and_sine(np.arange(5) / 4))
    np.testing.assert_array_equal(quarters, [[1, 0, -1, 0, 1], [0, 1, 0, -1, 0]])


def test_derivatives_of_cosine_and_sine():
    for turn in (0.0, 0.125, 0.3, 0.77):
        slope = [float(jax.grad(lambda t, k=k: two_body.cosine_and_sine(t)[k])(turn)) for k in range(2)]
        cosine, sine = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
        np.testing.assert_allclose(slope, [-2 * np.pi * sine, 2 * np.pi * cosine], rtol=1e-13, atol=1e-13)
