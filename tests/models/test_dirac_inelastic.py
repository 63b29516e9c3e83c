import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.errors import InvalidInput
from portico.models import DiracInelastic, Inelastic

POINT = {"mass": 1.25, "alpha_dark": 0.1, "splitting": 0.4, "dark_matter_mass_ratio": 0.33}


def test_branching_ratio_to_two_heavy_states():
    chain = DiracInelastic(**POINT, mixing_angle=0.1).chain()
    ratios = {(mode.first, mode.second): mode.ratio for mode in chain.modes}
    assert ratios[1, 1] == pytest.approx(0.971822890, rel=1e-8)  # nine digits, computed without this code
    assert sum(ratios.values()) == pytest.approx(1.0, rel=1e-14)
    assert not chain.majorana


def test_lifetime_goes_as_the_inverse_square_of_the_mixing():
    """Relative to the Majorana model, where the coupling is g_D, by 1/(s c)^2."""
    majorana = Inelastic(**POINT).chain(propagator_width="zero").ctau_unit_cm[1]
    for angle in (0.02, 0.1, 0.4):
        length = DiracInelastic(**POINT, mixing_angle=angle).chain(propagator_width="zero").ctau_unit_cm[1]
        assert length == pytest.approx(majorana * 4 / np.sin(2 * angle) ** 2, rel=1e-12)


def test_without_mixing_the_heavy_state_is_stable():
    chain = DiracInelastic(**POINT, mixing_angle=0.0).chain()
    assert [(m.first, m.second) for m in chain.modes] == [(1, 1)]
    assert (chain.decays, chain.ctau_unit_cm, chain.steps()) == ((), (np.inf, np.inf), 0)


@given(neutral=st.floats(0.01, 1.0), charged=st.floats(0.01, 1.0), mixing=st.floats(-0.9, 0.9))
def test_lagrangian_and_physical_parameters_are_inverse(neutral, charged, mixing):
    mixing *= (neutral * charged) ** 0.5
    model = DiracInelastic.from_lagrangian(
        neutral_mass=neutral, charged_mass=charged, mass_mixing=mixing, mass=2.0, alpha_dark=0.1
    )
    values, vectors = np.linalg.eigh([[neutral, mixing], [mixing, charged]])
    np.testing.assert_allclose(list(model.fermion_masses().values()), values, rtol=1e-12)
    if abs(values[1] - values[0]) > 1e-3 * values[1]:
        assert np.sin(model.mixing_angle) ** 2 == pytest.approx(vectors[1, 0] ** 2, abs=1e-12)  # charged part of psi_1
    found = model.lagrangian()
    assert found["neutral_mass"] == pytest.approx(neutral, rel=1e-12)
    assert found["charged_mass"] == pytest.approx(charged, rel=1e-12)
    assert found["mass_mixing"] == pytest.approx(abs(mixing), abs=1e-14)


def test_current_is_that_of_the_charged_state():
    """The matrix of couplings is the projector on the charged state in the mass basis."""
    for angle in (0.1, 0.7, 1.4):
        c = DiracInelastic(**POINT, mixing_angle=angle).couplings()
        matrix = np.array(
            [
                [c["psi_1", "psi_1"].vector, c["psi_2", "psi_1"].vector],
                [c["psi_2", "psi_1"].vector, c["psi_2", "psi_2"].vector],
            ]
        )
        np.testing.assert_allclose(matrix @ matrix, matrix, atol=1e-15)
        assert np.trace(matrix) == pytest.approx(1.0)


def test_the_mixing_angle_has_to_be_given():
    with pytest.raises(InvalidInput, match=r"dirac_inelastic: mixing_angle must be set; give mixing_angle=\.\.\."):
        DiracInelastic(**POINT).chain()


@pytest.mark.parametrize("masses", [(0.1, 0.1, 0.2), (-0.1, -0.1, 0.01), (0.1, 0.4, 0.2)])
def test_a_mass_of_the_other_sign_is_refused(masses):
    with pytest.raises(InvalidInput, match=r"expected M_1 M_2 > m\^2"):
        DiracInelastic.from_lagrangian(neutral_mass=masses[0], charged_mass=masses[1], mass_mixing=masses[2])


def test_three_dark_fermions_from_one_are_refused():
    model = DiracInelastic(**{**POINT, "splitting": 2.1}, mixing_angle=0.1, epsilon=1e-3)
    with pytest.raises(
        InvalidInput, match="psi_2 is heavy enough to decay to psi_1 psi_1 psi_1 without kinetic mixing"
    ):
        model.fermion_widths()
    assert model.with_parameters(splitting=1.9).fermion_widths()


def test_tiny_lagrangians_are_not_lost_below_the_range_of_squares():
    model = DiracInelastic.from_lagrangian(neutral_mass=1e-200, charged_mass=2e-200, mass_mixing=0)
    assert float(model.dark_matter_mass) == pytest.approx(1e-200, rel=1e-15)


@pytest.mark.parametrize("name", ["splitting", "dark_matter_mass", "dark_matter_mass_ratio", "mixing_angle"])
def test_what_follows_from_the_lagrangian_cannot_be_given(name):
    with pytest.raises(InvalidInput, match=f"^dirac_inelastic: {name} follows from the masses of the Lagrangian"):
        DiracInelastic.from_lagrangian(neutral_mass=0.4, charged_mass=0.5, mass_mixing=0.1, **{name: 0.1})
