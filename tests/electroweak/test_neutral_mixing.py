"""Exact mixing of hypercharge with a dark hypercharge: against the eigenvalue problem of kinetic and mass matrix in 40 digits."""

import math

import jax
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.electroweak import neutral_mixing

M1, SINE2 = 91.1876, 0.23122
_states = jax.jit(neutral_mixing.neutral_states)


def states(*arguments):
    """All numbers as arrays of shape (1,): one compilation for every test."""
    found = _states(*(np.atleast_1d(np.asarray(v, float)) for v in arguments))
    return jax.tree.map(lambda v: float(v[0]), jax.tree.map(np.asarray, found))


def diagonalised(m1, sine2, m2, kappa, theta):
    """Masses and (A1, Z1, A2, Z2) components of the two massive states, the lighter first, by mpmath: K = L L^T, then eigsy."""
    s, c = mpmath.sqrt(mpmath.mpf(sine2)), mpmath.sqrt(1 - mpmath.mpf(sine2))
    sp, cp = mpmath.sin(mpmath.mpf(theta)), mpmath.cos(mpmath.mpf(theta))
    kinetic = mpmath.eye(4)  # W3, B, W', B'
    kinetic[1, 3] = kinetic[3, 1] = mpmath.mpf(kappa)
    a1, z1 = mpmath.matrix([s, c, 0, 0]), mpmath.matrix([c, -s, 0, 0])
    a2, z2 = mpmath.matrix([0, 0, sp, cp]), mpmath.matrix([0, 0, cp, -sp])
    squared = mpmath.mpf(m1) ** 2 * z1 * z1.T + mpmath.mpf(m2) ** 2 * z2 * z2.T
    inverse = mpmath.cholesky(kinetic) ** -1
    values, vectors = mpmath.eigsy(inverse * squared * inverse.T)
    fields = inverse.T * vectors
    found = [
        (mpmath.sqrt(values[i]), [(v.T * fields[:, i])[0] for v in (a1, z1, a2, z2)])
        for i in sorted(range(4), key=lambda i: values[i])[2:]
    ]
    return [(float(m), np.array([float(v) for v in parts])) for m, parts in found]


def points(count):
    """Random points, every second one with masses far apart."""
    rng = np.random.default_rng(15060476)
    for number in range(count):
        m2 = 10 ** (rng.uniform(-6, 9) if number % 2 else rng.uniform(0, 3))
        yield M1, rng.uniform(0.05, 0.9), m2, rng.uniform(-0.99, 0.99), rng.uniform(0, math.pi / 2)


def check(count):
    with mpmath.workdps(50):
        for point in points(count):
            found = states(*point)
            order = (found.zprime, found.z) if point[2] <= M1 else (found.z, found.zprime)
            masses = sorted((found.z_mass, found.zprime_mass))
            for mass, state, (exact_mass, exact) in zip(masses, order, diagonalised(*point), strict=True):
                assert mass == pytest.approx(exact_mass, rel=1e-12)
                largest = np.argmax(np.abs(exact))
                sign = np.sign(exact[largest] * state[largest])
                np.testing.assert_allclose(state, sign * exact, rtol=1e-11)  # small ones are a difference for m2 > M1


def test_masses_and_all_components_solve_the_eigenvalue_problem():
    check(40)


@pytest.mark.slow
def test_masses_and_all_components_solve_the_eigenvalue_problem_at_1000_points():
    check(1000)


ANGLE, MIXING = st.floats(0, math.pi / 2), st.floats(-0.99, 0.99)
MASS = st.floats(-4, 5).map(lambda x: 10.0**x)
SINES = st.floats(0.05, 0.9)
QUIET = settings(max_examples=60, deadline=None, derandomize=True)


@QUIET
@given(SINES, MASS, MIXING, ANGLE)
def test_product_of_the_masses_is_that_of_the_determinants(sine2, m2, kappa, theta):
    found = states(M1, sine2, m2, kappa, theta)
    n2 = 1 - kappa**2 * (1 - sine2) * math.cos(theta) ** 2
    exact = M1 * m2 * math.sqrt(n2 / (1 - kappa**2))
    assert found.z_mass * found.zprime_mass == pytest.approx(exact, rel=1e-12)


@QUIET
@given(SINES, MASS, MIXING, ANGLE)
def test_charge_of_dark_particles_is_exactly_linear_in_kappa(sine2, m2, kappa, theta):
    found = states(M1, sine2, m2, kappa, theta)
    exact = -kappa * math.sqrt(1 - sine2) * math.sin(math.pi / 2 - theta)
    assert found.photon.dark_em / found.photon.em == pytest.approx(exact, rel=1e-13, abs=0)
    assert found.photon.z == 0
    assert found.photon.dark_z == 0
    assert found.dark_photon == neutral_mixing.Components(0, 0, 1, 0)


@QUIET
@given(SINES, MASS, MIXING, ANGLE)
def test_components_reproduce_the_inverse_of_the_kinetic_matrix(sine2, m2, kappa, theta):
    """Sum over all states of c_a c_b is K^-1 in the basis A1, Z1, A2, Z2: fields are canonical."""
    found = states(M1, sine2, m2, kappa, theta)
    parts = np.array([found.photon, found.dark_photon, found.z, found.zprime])
    b = np.array([math.sqrt(1 - sine2), -math.sqrt(sine2), 0, 0])
    bp = np.array([0, 0, math.cos(theta), -math.sin(theta)])
    kinetic = np.eye(4) + kappa * (np.outer(b, bp) + np.outer(bp, b))
    np.testing.assert_allclose(parts.T @ parts @ kinetic, np.eye(4), atol=1e-9)
    mass2 = np.diag([0, 0, found.z_mass**2, found.zprime_mass**2])
    back = parts @ np.diag([0, M1**2, 0, m2**2]) @ parts.T  # the mass matrix in the basis of the states
    np.testing.assert_allclose(back, mass2, atol=1e-9 * max(M1, m2) ** 2)


@QUIET
@given(SINES, st.floats(-3, 3).map(lambda x: M1 * 10.0**x), MIXING, ANGLE)
def test_small_components_obey_the_identities_of_the_mass_terms(sine2, m2, kappa, theta):
    r"""c_Z(Z') = -kappa s_W B' m^2/(M1^2 - m^2), c_Z'(Z) = -kappa s' B m^2/(M2^2 - m^2): the rows of the field equations."""
    found = states(M1, sine2, m2, kappa, theta)
    sine, cosine = math.sin(theta), math.sin(math.pi / 2 - theta)
    z, zprime = found.z, found.zprime
    dark_b = cosine * zprime.dark_em - sine * zprime.dark_z
    left, right = zprime.z * (M1**2 - found.zprime_mass**2), -kappa * math.sqrt(sine2) * dark_b * found.zprime_mass**2
    assert left == pytest.approx(right, rel=1e-9, abs=1e-11 * max(M1, m2) ** 2)
    b = math.sqrt(1 - sine2) * z.em - math.sqrt(sine2) * z.z
    left, right = z.dark_z * (m2**2 - found.z_mass**2), -kappa * sine * b * found.z_mass**2
    assert left == pytest.approx(right, rel=1e-9, abs=1e-11 * max(M1, m2) ** 2)


@pytest.mark.parametrize("kappa", [1e-3, -0.3, 0.9])
@pytest.mark.parametrize("m2", [0.5, 80.0, 300.0])
def test_without_a_dark_angle_the_standard_model_is_unchanged(kappa, m2):
    """Holdom: in hatted parameters; the Z' is W', with no Standard-Model coupling at all."""
    found = states(M1, SINE2, m2, kappa, 0.0)
    n2 = 1 - kappa**2
    hatted_cosine2 = n2 * (1 - SINE2) / (SINE2 + n2 * (1 - SINE2))
    w_mass = M1 * math.sqrt(1 - SINE2)
    assert found.z_mass == pytest.approx(w_mass / math.sqrt(hatted_cosine2), rel=1e-12)
    assert found.zprime_mass == pytest.approx(m2, rel=1e-15)
    assert found.zprime == neutral_mixing.Components(0, 0, 0, 1)
    assert found.z.dark_z == 0
    # couplings of the Z to (T3, Q): g2/c_W c_Z (T3 - s_W^2 Q) + e c_EM Q = g2/c^ (T3 - s^2 Q)
    g2, cos_w = 1.0, math.sqrt(1 - SINE2)
    e = g2 * math.sqrt(SINE2)
    for t3, charge in ((0.5, 2 / 3), (-0.5, -1 / 3), (-0.5, -1), (0.5, 0)):
        coupling = g2 / cos_w * found.z.z * (t3 - SINE2 * charge) + e * found.z.em * charge
        exact = g2 / math.sqrt(hatted_cosine2) * (t3 - (1 - hatted_cosine2) * charge)
        assert coupling == pytest.approx(exact, rel=1e-12)


def test_without_a_dark_angle_the_z_keeps_its_mass_beyond_that_of_the_dark_z():
    """The rescaled hypercharge makes the Z heavier; at 0.9 it has passed a dark Z of 100 GeV that it does not mix with."""
    found = states(M1, SINE2, 100.0, 0.9, 0.0)
    n2 = 1 - 0.9**2
    assert found.z_mass == pytest.approx(M1 * math.sqrt((SINE2 + (1 - SINE2) * n2) / n2), rel=1e-14)
    assert found.z_mass > 100
    assert found.zprime_mass == pytest.approx(100.0, rel=1e-14)
    assert (found.zprime.em, found.z.dark_z) == (0.0, 0.0)


@pytest.mark.parametrize("kappa", [1e-3, -0.3, 0.9])
def test_at_a_right_angle_there_is_no_millicharge(kappa):
    """Okun: exactly 0, and the closed form of one massive vector."""
    found = states(M1, SINE2, 20.0, kappa, math.pi / 2)
    assert found.photon.em == pytest.approx(1, abs=1e-15)
    assert found.photon[1:] == (0, 0, 0)
    assert found.z.dark_em == 0
    assert found.zprime.dark_em == 0
    eta = kappa / math.sqrt(1 - kappa**2)
    s2, delta = SINE2 * eta**2, (20.0 / M1) ** 2 * (1 + eta**2)
    eigenvalues = np.linalg.eigvalsh([[1, -math.sqrt(s2)], [-math.sqrt(s2), s2 + delta]])
    np.testing.assert_allclose([found.zprime_mass, found.z_mass], M1 * np.sqrt(eigenvalues), rtol=1e-13)


def test_degenerate_masses_split_by_the_repulsion():
    """Exact 0.21086 GeV against kappa s_W s' m_Z = 0.21084 GeV."""
    theta = math.asin(math.sqrt(SINE2))
    found = states(M1, SINE2, M1, 1e-2, theta)
    assert found.z_mass - found.zprime_mass == pytest.approx(0.21086, abs=1e-5)
    leading = 1e-2 * SINE2 * M1
    assert leading == pytest.approx(0.21084, abs=1e-5)
    assert found.z.z == pytest.approx(math.sqrt(0.5), rel=1e-2)


def test_shift_of_the_z_mass_at_fixed_w_mass():
    """arXiv:1506.04760 eq. (23) is 1.054 MeV for kappa = 1e-2; it grows towards the Z."""
    theta = math.asin(math.sqrt(SINE2))
    shifts = [1e3 * (states(M1, SINE2, m2, 1e-2, theta).z_mass - M1) for m2 in (1.0, 10.0, 50.0)]
    assert shifts[0] == pytest.approx(1.054, abs=1e-3)
    assert shifts[1] == pytest.approx(1.06, abs=5e-3)
    assert shifts[2] == pytest.approx(1.16, abs=5e-3)
    assert 1e3 * (states(M1, SINE2, 1.0, 1e-2, 0.0).z_mass - M1) == pytest.approx(1.054, abs=1e-3)


def test_residue_does_not_depend_on_the_basis_of_the_massless_states():
    kappa, theta = 0.2, 0.7
    found = _states(M1, SINE2, 3.0, kappa, theta)
    residue = np.asarray(neutral_mixing.massless_residue(found))
    parts = np.array([found.photon, found.dark_photon])
    turn = np.array([[math.cos(0.4), math.sin(0.4)], [-math.sin(0.4), math.cos(0.4)]])
    np.testing.assert_allclose(residue, (turn @ parts).T @ (turn @ parts), atol=1e-15)
    exact = -kappa * math.sqrt(1 - SINE2) * math.cos(theta) * float(found.photon.em) ** 2
    assert residue[0, 2] == pytest.approx(exact, rel=1e-13)


def test_kinetic_mixing_of_1_is_no_number():
    assert all(math.isnan(states(M1, SINE2, 3.0, kappa, 0.5).z_mass) for kappa in (1.0, -1.0, 1.7))
    assert not math.isnan(states(M1, SINE2, 3.0, 1 - 1e-15, 0.5).z_mass)


def test_derivatives_are_those_of_the_function():
    def numbers(m2, kappa, theta):
        found = neutral_mixing.neutral_states(M1, SINE2, m2, kappa, theta)
        return jax.numpy.stack([found.z_mass, found.zprime_mass, found.z.dark_z, found.zprime.z, found.zprime.em])

    slopes = jax.jit(jax.vmap(jax.jacfwd(numbers, argnums=(0, 1, 2))))
    at = np.array([[3.0, 1e-2, 0.5], [85.0, 0.1, 0.5], [120.0, -0.3, 1.0], [3.0, 0.0, 0.0], [M1, 0.0, 0.5]]).T
    found = np.stack(slopes(*at))
    assert np.all(np.isfinite(found))
    values = jax.jit(jax.vmap(numbers))
    for place in range(3):
        step = np.where(np.arange(3) == place, 1e-5, 0.0)[:, None]
        central = (values(*(at + step)) - values(*(at - step))) / 2e-5
        np.testing.assert_allclose(found[place][:4], central[:4], rtol=1e-5, atol=1e-8)
