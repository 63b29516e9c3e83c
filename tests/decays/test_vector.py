import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import particles
from portico.constants import ALPHA, HBARC_GEV_CM
from portico.decays import vector

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "decays.json").read_text())
TO_DARK_MATTER = {
    "dirac": vector.width_to_dirac,
    "majorana": vector.width_to_majorana,
    "complex_scalar": vector.width_to_complex_scalar,
}


@pytest.mark.parametrize(
    "entry", REFERENCE["widths_over_mass"]["values"], ids=lambda e: f"{e['kind']}-{e['alpha_dark']}"
)
def test_width_to_dark_matter_at_a_third_of_the_mass(entry):
    width = TO_DARK_MATTER[entry["kind"]](0.6, entry["alpha_dark"], 0.2)
    assert float(width) / 0.6 == pytest.approx(entry["width_over_mass"], rel=REFERENCE["widths_over_mass"]["tolerance"])


def test_decay_length_of_the_17_mev_boson():
    width = float(vector.width_to_leptons(0.0167, 1e-4, particles.mass("e-")))
    reference = REFERENCE["decay_length"]
    assert HBARC_GEV_CM / width == pytest.approx(reference["ctau_cm"], rel=reference["tolerance"])


def _spin_sum(mass, fermion_mass, axial):
    """Return sum |M|^2 over spins and polarisations for the vertex g = 1, by explicit Dirac matrices."""
    pauli = [np.array(m, complex) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
    zero, one = np.zeros((2, 2)), np.eye(2)
    gamma = [np.block([[one, zero], [zero, -one]])] + [np.block([[zero, p], [-p, zero]]) for p in pauli]
    gamma5 = 1j * gamma[0] @ gamma[1] @ gamma[2] @ gamma[3]
    metric = np.diag([1.0, -1, -1, -1])
    k = np.sqrt(mass**2 / 4 - fermion_mass**2)
    p1, p2 = np.array([mass / 2, 0, 0, k]), np.array([mass / 2, 0, 0, -k])
    slash = [sum(metric[m, m] * p[m] * gamma[m] for m in range(4)) for p in (p1, p2)]
    vertex = [g @ gamma5 if axial else g for g in gamma]
    bar = [gamma[0] @ v.conj().T @ gamma[0] for v in vertex]
    # polarisation sum -g_mn + q_m q_n/m^2 with lower indices, q = (m, 0, 0, 0)
    polarisation = -metric + np.diag([1.0, 0, 0, 0])
    first, second = slash[0] + fermion_mass * np.eye(4), slash[1] - fermion_mass * np.eye(4)
    terms = (polarisation[m, m] * np.trace(first @ vertex[m] @ second @ bar[m]) for m in range(4))
    return float(sum(terms).real)


@pytest.mark.parametrize("fermion_mass", [0.0, 0.1, 0.3, 0.49])
def test_fermion_widths_follow_from_the_spin_sum(fermion_mass):
    # Majorana: vertex g from 2 x g/2, and 1/2 for identical particles in the phase space; exact up to rounding
    beta = np.sqrt(1 - 4 * fermion_mass**2)
    per_spin_sum = 4 * np.pi * 0.3 / 3 * beta / (16 * np.pi)
    dirac = per_spin_sum * _spin_sum(1.0, fermion_mass, axial=False)
    majorana = per_spin_sum * _spin_sum(1.0, fermion_mass, axial=True) / 2
    assert float(vector.width_to_dirac(1.0, 0.3, fermion_mass)) == pytest.approx(dirac, rel=1e-12)
    assert float(vector.width_to_majorana(1.0, 0.3, fermion_mass)) == pytest.approx(majorana, rel=1e-12)


def test_massless_limit_counts_degrees_of_freedom():
    dirac, majorana, scalar = (float(f(1.0, 0.3, 0.0)) for f in TO_DARK_MATTER.values())
    assert majorana == pytest.approx(dirac / 2, rel=1e-14)
    assert scalar == pytest.approx(dirac / 4, rel=1e-14)


def test_dark_photon_with_unit_mixing_is_a_massive_photon():
    # one Dirac fermion of coupling e is the same as a lepton at epsilon = 1
    assert float(vector.width_to_leptons(1.0, 1.0, 0.2)) == pytest.approx(float(vector.width_to_dirac(1.0, ALPHA, 0.2)))


def test_z_to_neutrinos_is_the_chiral_half_of_the_dirac_width():
    # (g/2 cos) Z nubar gamma P_L nu has half the spin sum of a vector coupling of that strength,
    # with (g/2 cos)^2 = sqrt(2) G_F M_Z^2. PDG 2024: 167.2 MeV per flavour; 1 % for the electroweak corrections
    fermi, z_mass = 1.1663788e-5, 91.188
    coupling2 = np.sqrt(2) * fermi * z_mass**2
    width = float(vector.width_to_dirac(z_mass, coupling2 / (4 * np.pi), 0.0)) / 2
    assert width * 1e3 == pytest.approx(167.2, rel=1e-2)


def test_hadrons_to_massless_muon_pair_is_the_ratio():
    from portico.decays.hadronic_ratio import hadronic_ratio

    mass = jnp.array([0.4, 0.775, 1.3, 2.5, 9.0, 20.0])
    quotient = vector.width_to_hadrons(mass, 1e-3) / vector.width_to_leptons(mass, 1e-3, 0.0)
    np.testing.assert_allclose(quotient, hadronic_ratio(mass), rtol=1e-14)


def test_three_photons_lives_below_the_electron_pair():
    electron = particles.mass("e-")
    assert float(vector.width_to_three_photons(2.001 * electron, 1.0, electron)) == 0.0
    assert float(vector.width_to_leptons(1.999 * electron, 1.0, electron)) == 0.0
    # by hand: 17 alpha^4/(2^7 3^6 5^3 pi^3) = 1.333e-16 (four digits)
    assert float(vector.width_to_three_photons(electron, 1.0, electron)) / electron == pytest.approx(
        1.333e-16, rel=5e-4
    )


@pytest.mark.parametrize("width", [*TO_DARK_MATTER.values(), vector.width_to_leptons])
def test_values_and_gradients_are_finite_around_threshold(width):
    mass = jnp.array([0.0, 0.1, 0.2 * (1 - 1e-12), 0.2, 0.2 * (1 + 1e-12), 0.3, 100.0])
    assert not np.any(np.asarray(width(mass[:4], 0.5, 0.1)))
    for argument in range(3):
        gradient = jax.vmap(jax.grad(width, argument), in_axes=(0, None, None))(mass, 0.5, 0.1)
        assert np.all(np.isfinite(gradient))
    massless = jax.grad(width, 2)(1.0, 0.5, 0.0)
    assert np.isfinite(massless)


def test_gradients_of_loop_and_hadron_widths_are_finite():
    electron = particles.mass("e-")
    for mass in (0.0, electron, 2 * electron, 1.0):
        assert np.isfinite(jax.grad(vector.width_to_three_photons)(mass, 1.0, 0.000511))
    for mass in (0.0, 0.1, 0.27914078, 0.2791407801, 0.78, 3.0969, 11.9999, 12.0, 39.0):
        assert np.isfinite(jax.grad(vector.width_to_hadrons)(mass, 1.0))


@settings(max_examples=30, deadline=None)
@given(mass=st.floats(1e-3, 39.0), scale=st.floats(1e-4, 1e2), daughter=st.floats(0.0, 5.0))
def test_widths_scale_with_the_coupling_and_vanish_below_threshold(mass, scale, daughter):
    for width in TO_DARK_MATTER.values():
        value = float(width(mass, 0.1, daughter))
        assert float(width(mass, 0.1 * scale, daughter)) == pytest.approx(scale * value, rel=1e-12)
        assert (value > 0) == (mass > 2 * daughter) or abs(mass - 2 * daughter) < 1e-12
    for width in (lambda e: vector.width_to_leptons(mass, e, daughter), lambda e: vector.width_to_hadrons(mass, e)):
        assert float(width(1e-3 * scale)) == pytest.approx(scale**2 * float(width(1e-3)), rel=1e-12)
        assert float(width(1e-3)) >= 0


@settings(max_examples=30, deadline=None)
@given(daughter=st.floats(0.01, 1.0), low=st.floats(1.0, 20.0), step=st.floats(0.01, 5.0))
def test_widths_rise_with_the_mediator_mass(daughter, low, step):
    for width in (*TO_DARK_MATTER.values(), vector.width_to_leptons):
        assert float(width((low + step) * daughter, 0.1, daughter)) >= float(width(low * daughter, 0.1, daughter))


def test_arrays_equal_loops_of_scalars():
    mass, dark = jnp.array([[0.1], [0.5], [3.0]]), jnp.array([0.0, 0.04, 0.2])
    for width in TO_DARK_MATTER.values():
        expected = [[float(width(m, 0.5, d)) for d in dark] for m in mass[:, 0]]
        np.testing.assert_allclose(width(mass, 0.5, dark), expected, rtol=1e-14)
