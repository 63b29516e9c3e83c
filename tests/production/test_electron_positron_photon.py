import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from portico.constants import ALPHA, GEV2_CM2
from portico.errors import InvalidInput
from portico.production import electron_positron_photon as process

PB = GEV2_CM2 / 1e-36
S = 10.5794**2
_cosine = jax.jit(process.cosine)

# Dirac matrices, standard representation
_SIGMA = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]])]
_ZERO, _ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = [np.block([[_ONE, _ZERO], [_ZERO, -_ONE]])] + [np.block([[_ZERO, m], [-m, _ZERO]]) for m in _SIGMA]
METRIC = np.array([1.0, -1.0, -1.0, -1.0])


def slash(p):
    return sum(METRIC[mu] * p[mu] * GAMMA[mu] for mu in range(4))


def boosted(p, velocity):
    beta2 = velocity @ velocity
    gamma = 1 / np.sqrt(1 - beta2)
    along = velocity @ p[1:]
    factor = ((gamma - 1) * along / beta2 if beta2 > 0 else 0.0) + gamma * p[0]
    return np.array([gamma * (p[0] + along), *(p[1:] + velocity * factor)])


def tensor(s, mass, cos):
    """Spin-summed amplitude of e- e+ -> gamma V by polarisation of V at rest, and the beams' directions there; e = 1."""
    root, energy = np.sqrt(s), (s - mass**2) / (2 * np.sqrt(s))
    sin = np.sqrt(1 - cos**2)
    electron, positron = (root / 2 * np.array([1, 0, 0, sign]) for sign in (1, -1))
    photon = energy * np.array([1, sin, 0, cos])
    mediator = np.array([root - energy, *(-photon[1:])])
    velocity = -mediator[1:] / mediator[0]
    p1, p2, k = (boosted(p, velocity) for p in (electron, positron, photon))
    vectors = [np.array([0, *row]) for row in np.eye(3)]
    total = np.zeros((3, 3), dtype=complex)
    for mu in range(4):  # sum over photon polarisations: -g

        def amplitude(vector, mu=mu):
            q1, q2 = p1 - k, k - p2
            first = slash(vector) @ slash(q1) @ GAMMA[mu] / (METRIC * q1 @ q1)
            second = GAMMA[mu] @ slash(q2) @ slash(vector) / (METRIC * q2 @ q2)
            return first + second

        for i in range(3):
            for j in range(3):
                left, right = amplitude(vectors[i]), amplitude(vectors[j])
                barred = GAMMA[0] @ right.conj().T @ GAMMA[0]
                total[i, j] -= METRIC[mu] * np.trace(slash(p2) @ left @ slash(p1) @ barred)
    return total, p1[1:] / p1[0], p2[1:] / p2[0]


@pytest.mark.parametrize(
    ("mass", "expected"), [(0.5, 0.00184088988), (1.25, 0.00189635997), (4.0, 0.00264548728), (8.0, 0.00940378276)]
)
def test_cross_section_within_the_acceptance(mass, expected):
    """Independent quadrature, nine digits, at epsilon = 1e-3."""
    assert process.sigma(S, mass, 1e-3, 0.6) * PB == pytest.approx(expected, rel=1e-8)


def test_photon_energy():
    assert process.photon_energy(S, 1.25) == pytest.approx(5.21585366, rel=1e-8)


@pytest.mark.parametrize(("mass", "cos"), [(0.1, 0.3), (1.25, -0.55), (6.0, 0.0), (10.0, 0.59)])
def test_cross_section_and_polarisation_are_those_of_the_dirac_matrices(mass, cos):
    found, electron, positron = tensor(S, mass, cos)
    trace = np.trace(found).real
    rate = trace / 4 * (4 * np.pi * ALPHA) ** 2 * (1 - mass**2 / S) / (32 * np.pi * S)
    assert process.dsigma_dcos(cos, S, mass, 1.0) == pytest.approx(rate, rel=1e-9)
    density = process.density_matrix(mass**2 / S, cos, electron, positron)
    np.testing.assert_allclose(density, found / trace, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0, 10.0), st.floats(0.05, 0.99))
def test_cross_section_is_the_integral_over_angles(mass, cos_max):
    expected = quad(lambda c: float(process.dsigma_dcos(c, S, mass, 1.0)), -cos_max, cos_max, epsrel=1e-11)[0]
    assert process.sigma(S, mass, 1.0, cos_max) == pytest.approx(expected, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0, 10.57), st.floats(0.05, 0.999), st.floats(0.0, 1.0))
def test_cosine_inverts_the_share_of_the_cross_section(mass, cos_max, u):
    cos = float(_cosine(u, S, mass, cos_max))
    assert abs(cos) <= cos_max * (1 + 1e-14)
    share = (
        0.5
        + np.sign(cos) * process.sigma(S, mass, 1.0, max(abs(cos), 1e-300)) / process.sigma(S, mass, 1.0, cos_max) / 2
    )
    assert share == pytest.approx(u, abs=1e-13)


def test_massless_limit_is_twice_that_of_two_photons():
    """QED: dsigma/dcos = (2 pi alpha^2/s)(1+c^2)/(1-c^2) over the full sphere, counting each photon once, has no 1/2 here."""
    c = np.linspace(-0.9, 0.9, 7)
    expected = 2 * np.pi * ALPHA**2 / S * (1 + c**2) / (1 - c**2)
    np.testing.assert_allclose(process.dsigma_dcos(c, S, 0.0, 1.0), expected, rtol=1e-14)


def test_zero_above_the_beams_and_refused_at_the_pole():
    assert process.sigma(S, 10.6, 1.0, 0.6) == process.dsigma_dcos(0.1, S, 10.6, 1.0) == 0.0
    assert np.isnan(process.sigma(S, 1.0, 1.0, 1.0))
    assert np.isnan(process.dsigma_dcos(1.0, S, 1.0, 1.0))
    with pytest.raises(InvalidInput, match="pole of the t channel"):
        process.check_cut(1.0)


def test_grows_as_epsilon_squared():
    assert process.sigma(S, 1.0, 2e-3, 0.6) == pytest.approx(4 * process.sigma(S, 1.0, 1e-3, 0.6), rel=1e-14)
