import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.kinematics import collider

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "kinematics.json").read_text())
_frame = jax.jit(collider.collider_frame)
_cosines = jax.jit(collider.cosine_from_energy)
_energy = jax.jit(collider.energy_from_angle)


def test_frame_of_seven_on_four_gev():
    frame, reference = _frame(7.0, 4.0), REFERENCE["belle2_frame"]
    for name in ("root_s", "beta", "gamma"):
        assert float(getattr(frame, name)) == pytest.approx(reference[name], rel=reference["tolerance"])
    assert float(frame.beta * frame.gamma) == pytest.approx(reference["beta_gamma"], rel=reference["tolerance"])
    assert float(frame.beta) == pytest.approx(3 / 11, rel=1e-15)
    assert float(frame.root_s) == pytest.approx(2 * np.sqrt(28), rel=1e-15)
    assert float(frame.tilt) == float(frame.beam_angle) == 0.0


def test_energies_at_the_ends_of_the_barrel():
    reference = REFERENCE["barrel_ends"]
    angles = np.radians(reference["angles_deg"])
    energy = _energy(angles, _frame(7.0, 4.0))
    np.testing.assert_allclose(energy, reference["energies"], rtol=reference["tolerance"])
    star, lab = _cosines(energy, _frame(7.0, 4.0))
    np.testing.assert_allclose(star, reference["cosines_star"], rtol=1e-5)
    np.testing.assert_allclose(lab, np.cos(angles), rtol=1e-13)


def _boosted(vector, direction, gamma, beta):
    """Four-vectors (E, p) of the centre of mass, in the laboratory."""
    along = vector[1:] @ direction
    energy = gamma * (vector[0] + beta * along)
    return np.concatenate([[energy], vector[1:] + direction * ((gamma - 1) * along + gamma * beta * vector[0])])


@given(st.floats(4.5, 9.0), st.floats(1.0, 4.0), st.floats(0.0, 0.5))
def test_frame_carries_the_beams_at_rest_into_the_laboratory(electron, positron, crossing):
    """Boosting back-to-back beams by beta along the tilt gives the two beams, each leaning by half the angle."""
    frame = _frame(electron, positron, crossing)
    half = crossing / 2
    direction = np.array([np.sin(float(frame.tilt)), 0.0, np.cos(float(frame.tilt))])
    star = float(frame.tilt) - float(frame.beam_angle)  # the electron's angle to z, in the centre of mass
    momentum = float(frame.root_s) / 2
    for sign, energy, expected in (
        (1, electron, electron * np.array([np.sin(half), 0.0, np.cos(half)])),
        (-1, positron, positron * np.array([np.sin(half), 0.0, -np.cos(half)])),
    ):
        rest = momentum * np.array([1.0, sign * np.sin(star), 0.0, sign * np.cos(star)])
        lab = _boosted(rest, direction, float(frame.gamma), float(frame.beta))
        np.testing.assert_allclose(lab[0], energy, rtol=1e-12)
        np.testing.assert_allclose(lab[1:], expected, rtol=1e-10, atol=1e-11)


@given(st.floats(4.5, 9.0), st.floats(1.0, 4.0), st.floats(0.0, 0.5))
def test_invariant_mass_is_that_of_the_sum_of_beams(electron, positron, crossing):
    frame, half = _frame(electron, positron, crossing), crossing / 2
    first = electron * np.array([1, np.sin(half), 0, np.cos(half)])
    second = positron * np.array([1, np.sin(half), 0, -np.cos(half)])
    total = first + second
    assert float(frame.root_s) ** 2 == pytest.approx(total[0] ** 2 - total[1:] @ total[1:], rel=1e-12)
    assert float(frame.total_energy) == pytest.approx(total[0], rel=1e-15)
    assert float(frame.beta) == pytest.approx(np.linalg.norm(total[1:]) / total[0], rel=1e-12)
    assert float(frame.gamma) == pytest.approx(1 / np.sqrt(1 - float(frame.beta) ** 2), rel=1e-12)


@given(st.floats(0.0, np.pi), st.floats(0.0, 0.3))
def test_energy_and_angle_of_back_to_back_tracks(angle, crossing):
    """Energies of the two tracks add to the beam energies; their cosines in the centre of mass are opposite."""
    frame = _frame(7.0, 4.0, crossing)
    energy = float(_energy(angle, frame))
    star, lab = _cosines(np.array([energy, 11.0 - energy]), frame)
    assert float(lab[0]) == pytest.approx(np.cos(angle), abs=1e-12)
    assert float(star[0]) == pytest.approx(-float(star[1]), abs=1e-12)
    # aberration
    beta = float(frame.beta)
    assert float(star[0]) == pytest.approx((np.cos(angle) - beta) / (1 - beta * np.cos(angle)), abs=1e-12)


def test_impossible_energies_have_cosines_outside():
    star, lab = _cosines(jnp.array([3.9, 7.1]), _frame(7.0, 4.0))
    assert np.all(np.abs(star) > 1)
    assert np.all(np.abs(lab) > 1)


def test_gradients_are_finite_for_head_on_beams():
    slope = jax.jit(jax.grad(lambda angle: collider.collider_frame(7.0, 4.0, angle).beam_angle))
    assert np.isfinite(slope(0.0))
    assert float(slope(0.0)) == pytest.approx((float(slope(1e-4)) + float(slope(-1e-4))) / 2, rel=1e-6)
