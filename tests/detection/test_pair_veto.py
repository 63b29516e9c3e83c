"""The veto on pairs: thresholds, angles, modes."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.detection.pair_veto import MODES, PairRule, curling_transverse_momentum, probability_seen

DEGREE = math.pi / 180
RULE = PairRule(0.1, 0.0, 17 * DEGREE, 142 * DEGREE, 10 * DEGREE, 0.0)


def _particle(energy, theta, phi=0.0, mass=0.0):
    p = math.sqrt(energy**2 - mass**2)
    return np.array([energy, p * math.sin(theta) * math.cos(phi), p * math.sin(theta) * math.sin(phi), p * math.cos(theta)])  # fmt: skip


def _seen(first, second, mode, rule=RULE):
    return float(probability_seen(jnp.asarray(first), jnp.asarray(second), rule, mode=mode))


@pytest.mark.parametrize(
    ("first", "second", "any_", "both"),
    [
        (_particle(0.2, 1.0), _particle(0.2, 2.0), 1, 1),
        (_particle(0.2, 1.0), _particle(0.05, 2.0), 1, 0),  # one too soft
        (_particle(0.2, 1.0), _particle(0.2, 0.1), 1, 0),  # one outside
        (_particle(0.05, 1.0), _particle(0.06, 2.0), 0, 0),  # apart: each has to pass
        (_particle(0.05, 1.0), _particle(0.06, 1.05), 1, 1),  # close: their sum passes
        (_particle(0.04, 1.0), _particle(0.05, 1.05), 0, 0),
        (_particle(0.2, 16 * DEGREE), _particle(0.2, 18 * DEGREE), 1, 0),  # close, one outside
        (_particle(0.2, 145 * DEGREE), _particle(0.2, 10 * DEGREE), 0, 0),
        (np.zeros(4), np.zeros(4), 0, 0),
    ],
)
def test_rules_case_by_case(first, second, any_, both):
    assert _seen(first, second, "any") == any_
    assert _seen(first, second, "both") == both
    assert _seen(second, first, "any") == any_


def test_muons_pass_by_their_total_energy():
    muon = _particle(0.11, 1.0, mass=0.1056583755)
    assert _seen(muon, _particle(0.11, 2.0, mass=0.1056583755), "both") == 1


def test_a_turn_on_is_half_at_the_threshold_and_sharpens_to_the_step():
    rule = RULE._replace(turn_on=0.02)
    soft = np.zeros(4)
    soft[0], soft[3] = 1e-6, -1e-6  # outside the acceptance
    assert _seen(_particle(0.1, 1.0), soft, "any", rule) == pytest.approx(0.5)
    # one standard deviation above: 0.841344746, normal distribution
    assert _seen(_particle(0.12, 1.0), soft, "any", rule) == pytest.approx(0.841344746)
    two = _seen(_particle(0.1, 1.0), _particle(0.1, 2.0), "any", rule)
    assert two == pytest.approx(0.75)
    assert _seen(_particle(0.1, 1.0), _particle(0.1, 2.0), "both", rule) == pytest.approx(0.25)
    narrow = RULE._replace(turn_on=1e-9)
    assert _seen(_particle(0.1001, 1.0), _particle(0.09, 2.0), "any", narrow) == pytest.approx(1.0)


def test_curling_momenta_of_the_detector():
    # radius of a track = p_T / 0.45 m at 1.5 T (p_T in GeV): half of 91 cm at 0.205 GeV, half of 23.6 cm at 0.053 GeV
    assert float(curling_transverse_momentum(91.0, 1.5)) == pytest.approx(0.455 * 0.45, rel=2e-3)
    assert float(curling_transverse_momentum(23.6, 1.5)) == pytest.approx(0.0531, rel=2e-3)
    slow = _particle(0.12, 20 * DEGREE), _particle(0.12, 140 * DEGREE)
    assert _seen(*slow, "any") == 1
    assert _seen(*slow, "any", RULE._replace(smallest_transverse_momentum=0.205)) == 0


energies, angles = st.floats(1e-3, 5.0), st.floats(0.01, 3.13)


@given(energies, angles, energies, angles, st.floats(-3, 3), st.floats(0, 0.1))
def test_any_sees_at_least_what_both_sees_and_more_at_lower_thresholds(e1, t1, e2, t2, phi, width):
    rule = RULE._replace(turn_on=width)
    pair = _particle(e1, t1), _particle(e2, t2, phi)
    seen = {mode: _seen(*pair, mode, rule) for mode in MODES}
    assert 0 <= seen["both"] <= seen["any"] + 1e-15 <= 1 + 1e-14
    for mode in MODES:
        assert _seen(*pair, mode, rule._replace(energy_threshold=0.05)) >= seen[mode] - 1e-15
        assert _seen(*pair[::-1], mode, rule) == pytest.approx(seen[mode], abs=1e-12)
