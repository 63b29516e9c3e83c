import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh

from portico.constants import SIN2_THETA_W
from portico.electroweak import stueckelberg
from portico.electroweak.neutral_mixing import hypercharge_mixing

Z_MASS, PRODUCT = 91.1876, SIN2_THETA_W * (1 - SIN2_THETA_W)
COUNT = 1000
MIXINGS = st.floats(-0.6, 0.6)


@pytest.fixture(scope="module")
def points():
    """Random points over all mixings and masses, some of them inside the gap."""
    rng = np.random.default_rng(5)
    delta, epsilon = rng.uniform(-0.95, 0.95, COUNT), rng.uniform(-1.5, 1.5, COUNT)
    zprime_mass = 10 ** rng.uniform(-1, 3.5, COUNT)
    found, basis = jax.jit(stueckelberg.states)(Z_MASS, zprime_mass, PRODUCT, delta, epsilon)
    return delta, epsilon, zprime_mass, jax.tree.map(np.asarray, found), jax.tree.map(np.asarray, basis)


def test_masses_and_fields_solve_the_generalised_eigenvalue_problem(points):
    """Kinetic and mass matrix of (B, W3, X), diagonalised without the closed form."""
    delta, epsilon, zprime_mass, found, basis = points
    known = np.flatnonzero(np.isfinite(basis.dark_mass))
    assert known.size > 0.5 * COUNT
    for k in known:
        sine, cosine = math.sqrt(basis.sin2_theta_w[k]), math.sqrt(1 - basis.sin2_theta_w[k])
        kinetic = np.array([[1, 0, delta[k]], [0, 1, 0], [delta[k], 0, 1]])
        z1 = basis.unmixed_z_mass[k] * np.array([-sine, cosine, 0])
        y = basis.dark_mass[k] * np.array([epsilon[k], 0, 1])
        squares, vectors = eigh(np.outer(z1, z1) + np.outer(y, y), kinetic)
        order = [0, 2, 1] if zprime_mass[k] < Z_MASS else [0, 1, 2]
        expected = np.array([0.0, Z_MASS**2, zprime_mass[k] ** 2])
        scale = max(squares)
        np.testing.assert_allclose(squares[order], expected, rtol=0, atol=1e-10 * scale)
        parts = (found.photon, found.photon_x), (found.z, found.z_x), (found.zprime, found.zprime_x)
        for place, (part, x) in zip(order, parts, strict=True):
            b, w3, dark = vectors[:, place]
            want = np.array([sine * w3 + cosine * b, cosine * w3 - sine * b, b, dark])
            got = np.array([part.em[k], part.z[k], part.dark_em[k], x[k]])
            # light states: the eigenvalue problem loses digits with the square of the ratio of the masses
            loss = 1 + scale / expected[1:].min()
            np.testing.assert_allclose(np.sign(got @ want) * want, got, rtol=0, atol=1e-13 * loss * np.abs(got).max())


def test_inputs_come_back(points):
    """The charge of the electron and the Fermi constant are the measured ones: e^2 v^2 = 4 m_Z^2 s0^2 c0^2."""
    *_, found, basis = points
    known = np.isfinite(basis.dark_mass)
    sine2 = basis.sin2_theta_w
    charge2 = found.photon.em**2 * sine2 * (1 - sine2) * basis.unmixed_z_mass**2
    np.testing.assert_allclose(charge2[known], PRODUCT * Z_MASS**2, rtol=1e-12)


@settings(deadline=None, max_examples=50)
@given(delta=MIXINGS, epsilon=MIXINGS, other=MIXINGS, zprime_mass=st.floats(0.5, 50.0))
def test_without_chi_only_eta_is_physical(delta, epsilon, other, zprime_mass):
    """A kinetic mixing alone, and another one with the mass mixing that makes the same eta, cannot be told apart."""
    eta = float(stueckelberg.hypercharge_mixing(delta, epsilon).eta)
    partner = other + eta * math.sqrt(1 - other**2)
    kinetic = -eta / math.sqrt(1 + eta**2)
    seen = []
    for pair in ((delta, epsilon), (other, partner), (kinetic, 0.0)):
        found, basis = _compiled(zprime_mass, *pair)
        sine2 = float(basis.sin2_theta_w)
        e = 1 / float(found.photon.em)  # in units of the measured charge
        seen.append([
            float(basis.w_mass),
            *(e * float(part.em) - sine2 * e / math.sqrt(sine2 * (1 - sine2)) * float(part.z) for part in (found.z, found.zprime)),
            *(e / math.sqrt(sine2 * (1 - sine2)) * float(part.z) for part in (found.z, found.zprime)),
        ])  # fmt: skip
    if np.isfinite(seen[0]).all():
        np.testing.assert_allclose(seen[1], seen[0], rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(seen[2], seen[0], rtol=1e-9, atol=1e-13)


_states = jax.jit(stueckelberg.states)


def _compiled(zprime_mass, delta, epsilon):
    return _states(Z_MASS, zprime_mass, PRODUCT, delta, epsilon)


def test_small_mixings_have_the_linear_limit():
    cosine = math.sqrt(1 - SIN2_THETA_W)
    delta, epsilon = 3e-5, 1e-4
    found, basis = _compiled(0.1, delta, epsilon)
    assert float(found.zprime.em) == pytest.approx(cosine * (epsilon - delta), rel=1e-5)  # + m_Z'^2/m_Z^2
    assert float(stueckelberg.charge(delta, epsilon, basis.hatted_sine2)) == pytest.approx(-epsilon * cosine, rel=1e-4)


def test_chi_has_no_charge_without_mass_mixing():
    found, basis = _compiled(10.0, 0.3, 0.0)
    assert float(found.photon_x) == 0
    assert float(stueckelberg.charge(0.3, 0.0, basis.hatted_sine2)) == 0


def test_equal_mixings_decouple_the_vector_from_the_standard_model():
    found, _ = _compiled(10.0, 0.2, 0.2)
    assert float(found.zprime.em) == 0
    assert float(found.zprime.z) == 0
    assert float(found.photon_x) != 0


def test_kinetic_mixing_alone_is_the_okun_phase():
    mine, okun = stueckelberg.hypercharge_mixing(0.3, 0.0), hypercharge_mixing(0.3, math.pi / 2)
    assert float(mine.eta) == pytest.approx(-float(okun.eta), rel=1e-15)
    assert float(mine.deficit) == float(okun.deficit) == 0.0
    assert [float(mine.scale), float(okun.scale)] == pytest.approx([1.0, 1.0], rel=1e-15)
    assert float(mine.stretch) == pytest.approx(float(okun.stretch), rel=1e-15)


def test_kinetic_mixing_of_one_or_more_is_no_number():
    assert np.isnan(np.asarray(stueckelberg.hypercharge_mixing(np.array([1.0, -1.0, 1.5]), 0.1).eta)).all()


_at_charge = jax.jit(stueckelberg.mass_mixing_at_charge)
_charge = jax.jit(stueckelberg.charge)


@settings(deadline=None, max_examples=50)
@given(t=st.floats(1e-6, 0.3), delta=MIXINGS, zprime_mass=st.floats(0.5, 60.0))
def test_mass_mixing_is_found_from_the_charge(t, delta, zprime_mass):
    epsilon = float(_at_charge(t, delta, zprime_mass, Z_MASS, PRODUCT))
    if np.isfinite(epsilon):
        _, basis = _compiled(zprime_mass, delta, epsilon)
        assert float(_charge(delta, epsilon, basis.hatted_sine2)) == pytest.approx(-t, rel=1e-10)
    else:  # too strong a repulsion for this mass
        assert t > 0.02 or abs(delta) > 0.1


def test_no_mass_mixing_gives_too_large_a_charge():
    assert math.isnan(float(_at_charge(0.95, 0.0, 1.0, Z_MASS, PRODUCT)))


@pytest.mark.slow
def test_slope_at_fixed_charge_is_that_of_differences():
    def at(t):
        return stueckelberg.mass_mixing_at_charge(t, 0.1, 20.0, Z_MASS, PRODUCT)

    slope = float(jax.jit(jax.grad(at))(0.05))
    step = 1e-5
    differences = (float(_at_charge(0.05 + step, 0.1, 20.0, Z_MASS, PRODUCT)) - float(_at_charge(0.05 - step, 0.1, 20.0, Z_MASS, PRODUCT))) / (2 * step)  # fmt: skip
    assert slope == pytest.approx(differences, rel=1e-7)
