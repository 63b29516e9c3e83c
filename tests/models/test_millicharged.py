"""A millicharged particle alone: stable, and what decays to it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import particles
from portico.constants import SIN2_THETA_W
from portico.decays import millicharged as decays
from portico.models import Millicharged

MZ = particles.mass("Z")


def test_it_is_stable():
    model = Millicharged(mass=np.array([0.1, 1.0]), epsilon=1e-3)
    assert model.partial_widths() == {}
    assert model.branching_ratios() == {}
    np.testing.assert_array_equal(model.width(), [0, 0])
    np.testing.assert_array_equal(model.lifetime_s(), [math.inf, math.inf])


def test_width_of_the_z_is_that_of_hypercharge():
    """71.4 MeV epsilon^2; the published 0.24 is 4.1 MeV of invisible width."""
    found = Millicharged(mass=1e-3, epsilon=0.24).parent_decays()["Z -> chi chi"]
    assert 1e3 * found.width == pytest.approx(4.11, abs=0.01)
    assert found.branching_ratio == pytest.approx(found.width / 2.50, rel=3e-3)
    assert "Z -> chi chi" not in Millicharged(mass=1e-3, epsilon=0.24, kind="photon").parent_decays()


def test_width_of_the_z_to_us_is_the_measured_one():
    """Tree level with the QCD factor: 2.503 GeV, against 2.4955(23)."""
    assert Millicharged(mass=1.0, epsilon=0.0).exchange().width[1] == pytest.approx(2.4955, rel=4e-3)


def test_exchange_is_that_of_charge_and_hypercharge():
    model, e = Millicharged(mass=1.0, epsilon=1e-2), math.sqrt(4 * math.pi / 127.95)
    both, photon = model.exchange(), model.with_parameters(kind="photon").exchange()
    assert both.names == ("photon", "Z")
    assert photon.names == ("photon",)
    np.testing.assert_allclose(
        both.particle_vector, [1e-2 * e, -1e-2 * e * math.sqrt(SIN2_THETA_W / (1 - SIN2_THETA_W))], rtol=1e-14
    )
    np.testing.assert_allclose(photon.up_vector, [2 / 3 * e], rtol=1e-14)
    np.testing.assert_allclose(photon.lepton_vector, [-e], rtol=1e-14)
    z = e / math.sqrt(SIN2_THETA_W * (1 - SIN2_THETA_W))
    assert both.down_vector[1] == pytest.approx(z * (-0.25 + SIN2_THETA_W / 3), rel=1e-14)
    assert both.up_axial[1] == -both.lepton_axial[1] == pytest.approx(z / 4, rel=1e-14)
    assert not np.any(both.particle_axial)
    # far above the Z the pair couples to hypercharge: right-handed up quarks of Y = 2/3, the vector part with Q - T3/2
    right = both.up_vector - both.up_axial
    g1 = e / math.sqrt(1 - SIN2_THETA_W)
    assert np.sum(right * both.particle_vector) == pytest.approx(g1**2 * 2 / 3 * 1e-2, rel=1e-12)


def test_exchange_broadcasts():
    found = Millicharged(mass=np.array([[1.0], [2.0]]), epsilon=np.array([1e-3, 1e-2, 1e-1])).exchange()
    assert np.broadcast_shapes(*(np.shape(v) for v in found[1:])) == (2, 3, 2)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.floats(-3, 2).map(lambda x: 10.0**x), st.floats(1e-5, 0.5))
def test_every_decay_goes_with_the_square_of_the_charge(mass, epsilon):
    one, two = (Millicharged(mass=mass, epsilon=value).parent_decays() for value in (epsilon, 2 * epsilon))
    for mode, found in one.items():
        assert two[mode].width == pytest.approx(4 * found.width, rel=1e-12)
        parent = mode.split(" -> ")[0]
        others = particles.mass("pi0") if mode.startswith("omega -> pi0") else 0.0
        assert (found.width > 0) == (2 * mass < particles.mass(parent) - others), mode
    unit = decays.branching_ratio_two_body("J/psi", mass)
    photon = Millicharged(mass=mass, epsilon=epsilon, kind="photon").parent_decays()
    assert photon["J/psi -> chi chi"].branching_ratio == pytest.approx(epsilon**2 * unit, rel=1e-12)
    # the Z beside the photon: (m_J/psi/m_Z)^2 (v_c/Q_c)(tan theta_W ...), half a per mille
    assert one["J/psi -> chi chi"].branching_ratio == pytest.approx(epsilon**2 * unit, rel=1e-3)
