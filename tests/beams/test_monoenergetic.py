import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.beams.monoenergetic import HALF_WIDTH, monoenergetic


@given(st.floats(0.1, 1e4), st.floats(1.0, 1e15))
def test_box_holds_the_particles_and_their_energy(energy, number):
    flux = monoenergetic("e-", energy, number)
    assert float(flux.total().value) == pytest.approx(number, rel=1e-12)
    at, weight = (np.asarray(part) for part in flux.nodes(12))
    assert np.sum(at * weight) / number == pytest.approx(energy, rel=1e-12)
    # variance of a box, (2 delta E)^2 / 12
    assert np.sum((at / energy - 1) ** 2 * weight) / number == pytest.approx(HALF_WIDTH**2 / 3, rel=1e-5)


def test_nothing_lies_outside_the_box():
    flux = monoenergetic("e-", 100.0, 1.0, half_width=0.01)
    np.testing.assert_array_equal(np.asarray(flux.density(np.array([98.9, 101.1]))), 0.0)
    assert float(flux.density(100.5)) == pytest.approx(0.5)  # 1 / (2 GeV)
