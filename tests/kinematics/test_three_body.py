import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.kinematics import four_momentum as fm
from portico.kinematics import three_body, two_body

_at_rest = jax.jit(
    lambda masses, s, angles: three_body.at_rest(
        masses, s, two_body.frame_about(angles[0], angles[1]), angles[2], angles[3]
    )
)


@settings(max_examples=50, deadline=None)
@given(
    st.floats(0.0, 0.9),
    st.floats(0.01, 0.99),
    st.tuples(st.floats(-1, 1), st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1)),
)
def test_momenta_add_up_and_the_angle_in_the_frame_of_the_pair_is_the_one_given(light, share, angles):
    heavy, each = 1.3, 0.02
    light = light * (heavy - 2 * each) * 0.99
    low, high = 4 * each**2, (heavy - light) ** 2
    s = low + share * (high - low)
    decay = _at_rest((heavy, light, each), s, angles)
    total = np.array(fm.add(fm.add(decay.body, decay.first), decay.second))
    np.testing.assert_allclose(total, [heavy, 0, 0, 0], atol=1e-12)
    for body, mass in zip(decay, (light, each, each), strict=True):
        assert float(fm.mass_squared(body)) == pytest.approx(mass**2, abs=1e-13)
    pair = fm.add(decay.first, decay.second)
    assert float(fm.mass_squared(pair)) == pytest.approx(s, rel=1e-11)
    in_pair = fm.boost(decay.first, each**2, fm.boost_to(pair, np.sqrt(s)).inverse())
    axis = np.array(pair[1:]) / np.linalg.norm(pair[1:])
    cosine = np.dot(np.array(in_pair[1:]), axis) / np.linalg.norm(in_pair[1:])
    assert cosine == pytest.approx(angles[2], abs=1e-7)


def test_velocity_vanishes_at_and_below_threshold():
    assert three_body.velocity(0.04, 0.1) == three_body.velocity(0.03, 0.1) == 0.0
    assert float(three_body.velocity(1.0, 0.3)) == pytest.approx(0.8, rel=1e-15)
