import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import constants, particles, registry
from portico.errors import OutOfValidity
from portico.matter import atomic_electrons
from portico.matter.atomic_electrons import Subshell, compton_profile, motion, subshells
from portico.matter.materials import material

ELECTRON = particles.mass("e-")
ELEMENTS = sorted(registry.read_toml(atomic_electrons._FILE)["configurations"])
CHARGE = {"C": 6, "Fe": 26, "I": 53, "Cs": 55, "Pb": 82}


@pytest.mark.parametrize("element", ELEMENTS)
def test_electrons_add_to_the_charge(element):
    assert sum(shell.electrons for shell in subshells(element)) == CHARGE[element]


def test_hydrogenic_profile():
    """1s: J = 8/(3 pi) (1 + q^2)^-3 for zeta = 1."""
    q = np.linspace(0, 5, 40)
    np.testing.assert_allclose(
        compton_profile(q, Subshell(1.0, 0, 1.0, 1)), 8 / (3 * np.pi) * (1 + q**2) ** -3, rtol=1e-5, atol=1e-8
    )


def test_slater_charges_of_carbon():
    """Textbook: zeta(1s) = 5.70, zeta(2s, 2p) = 1.625."""
    zeta = {(s.effective_number, s.angular_momentum): s.zeta for s in subshells("C")}
    assert zeta[1.0, 0] == pytest.approx(5.70)
    assert zeta[2.0, 0] == zeta[2.0, 1] == pytest.approx(1.625)


@pytest.mark.parametrize(("shift", "microbarn", "tolerance"), [(0.0, 59.0, 0.003), (0.01, 16.2, 0.004), (-0.02, 4.4, 0.01), (0.05, 0.57, 0.01)])  # fmt: skip
def test_resonance_on_a_toy_carbon_target(shift, microbarn, tolerance):
    """A vector of 16.9 MeV with g = 5e-4, beam spread 0.25%, per electron: values of an independent calculation, their digits."""
    g, mass, spread = 5e-4, 16.9e-3, 0.0025
    shells = [Subshell(1.0, 0, 5.67, 1), Subshell(2.0, 0, 1.625, 1), Subshell(2.0, 1, 1.625, 1)]
    resonance = mass**2 / (2 * ELECTRON) - ELECTRON
    centre = resonance * (1 + shift)
    z = np.linspace(-6, 6, 4001)
    energy = centre * (1 + spread * z)
    density = sum(compton_profile((1 - resonance / energy) / constants.ALPHA, shell) for shell in shells) / 3
    per_energy = np.pi * g**2 / (2 * ELECTRON * energy) * density / constants.ALPHA
    mean = np.trapezoid(per_energy * np.exp(-(z**2) / 2), z) / np.sqrt(2 * np.pi)
    assert mean * constants.GEV2_CM2 * 1e30 == pytest.approx(microbarn, rel=tolerance)


def test_motion_of_caesium_iodide():
    found = motion(material("CsI"))
    step = found.grid[1] - found.grid[0]
    # 0.1% of the electrons, of the inner shells, move faster than the grid reaches
    assert found.density.sum() * step == pytest.approx(1, abs=2e-3)
    fast = motion(material("CsI"), binding=False)
    spread = np.sum(fast.grid**2 * fast.density) * step
    assert 0.04 < np.sqrt(spread) < 0.08
    mean = np.sum(found.grid * found.density) * step
    # separation energies: two thirds of the total binding energy by Thomas and Fermi, 184 and 201 keV over 108 m_e
    assert mean == pytest.approx(2 / 3 * (184 + 201) / (108 * 511), rel=0.15)


def test_separation_energies_of_iodine_and_carbon():
    """Edges in keV (X-ray data booklet): K 33.17, L 5.19, 4.85, 4.56, M 1.07 to 0.62; carbon K 0.284, first ionisation 0.0113."""
    kev = {(s.effective_number, s.angular_momentum): s.separation * 27.2114e-3 for s in subshells("I")}
    assert kev[1.0, 0] == pytest.approx(33.17, rel=0.05)
    assert kev[2.0, 1] == pytest.approx(4.85, rel=0.08)
    assert kev[3.0, 2] == pytest.approx(0.62, rel=0.25)
    carbon = {(s.effective_number, s.angular_momentum): s.separation * 27.2114e-3 for s in subshells("C")}
    assert carbon[1.0, 0] == pytest.approx(0.284, rel=0.1)
    assert carbon[2.0, 1] == pytest.approx(0.0113, rel=0.05)


@given(st.floats(0.1, 80), st.sampled_from([(1.0, 0), (2.0, 1), (3.0, 2), (3.7, 3), (4.2, 0)]))
def test_profile_is_a_density(zeta, numbers):
    q = zeta * np.sinh(np.linspace(0, np.arcsinh(60), 4001))
    profile = compton_profile(q, Subshell(*numbers, zeta, 1))
    assert np.all(profile >= 0)
    assert np.all(np.diff(profile) <= 1e-12 / zeta)
    # l = 3 falls slowest, like q^-11; linear steps of the table
    assert 2 * np.trapezoid(profile, q) == pytest.approx(1, rel=1e-4)


def test_element_without_a_configuration():
    with pytest.raises(
        OutOfValidity, match=r"electron_motion=on: no electron configuration for Xx; there is one for C, "
    ):
        subshells("Xx")
