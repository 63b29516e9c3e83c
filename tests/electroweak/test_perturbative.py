"""The formulas of arXiv:1506.04760 as printed, each against the exact solution: by which power of kappa they miss it."""

import math

import jax
import numpy as np
import pytest

from portico.electroweak import neutral_mixing, perturbative

M1, SINE2, THETA = 91.1876, 0.23122, 0.7
_exact, _printed = jax.jit(neutral_mixing.neutral_states), jax.jit(perturbative.neutral_states)
_kinetic = jax.jit(perturbative.kinetic_matrix, static_argnames="dark_shift")
_matrix, _substituted = jax.jit(perturbative.mass_matrix), jax.jit(perturbative.substituted_mass_matrix)

# power of kappa of the first term that each printed component leaves out
POWERS = {
    "photon": (4, None, 3, None),
    "z": (4, 4, 3, 3),
    "zprime": (3, 3, 4, 4),
}


def power(left, right):
    """From a residual at kappa and at kappa/2."""
    return math.log2(abs(left) / abs(right))


@pytest.mark.parametrize("m2", [20.0, 300.0])
@pytest.mark.parametrize("state", POWERS)
def test_couplings_miss_the_exact_ones_by_the_next_power(state, m2):
    exact, printed = ([np.array(getattr(f(M1, SINE2, m2, k, THETA), state)) for k in (2e-2, 1e-2)]
                      for f in (_exact, _printed))  # fmt: skip
    for place, expected in enumerate(POWERS[state]):
        left, right = (float(exact[i][place] - printed[i][place]) for i in (0, 1))
        if expected is None:
            assert left == right == 0
        else:
            assert power(left, right) == pytest.approx(expected, abs=0.05), (state, place)


@pytest.mark.parametrize("m2", [20.0, 300.0])
def test_masses_miss_the_exact_ones_by_the_fourth_power(m2):
    exact, printed = ([f(M1, SINE2, m2, k, THETA) for k in (4e-2, 2e-2)] for f in (_exact, _printed))
    for place in ("z_mass", "zprime_mass"):
        left, right = (float(getattr(exact[i], place) - getattr(printed[i], place)) for i in (0, 1))
        assert power(left, right) == pytest.approx(4, abs=0.05)


def test_sign_of_one_substitution_is_misprinted():
    """Eq. (9): as printed the kinetic terms are left unfinished at second order, with the other sign at third."""
    left = {s: [float(np.max(np.abs(_kinetic(SINE2, k, THETA, dark_shift=s) - np.eye(4)))) for k in (1e-2, 5e-3)]
            for s in ("printed", "corrected")}  # fmt: skip
    assert power(*left["printed"]) == pytest.approx(2.00, abs=0.05)
    assert power(*left["corrected"]) == pytest.approx(3.01, abs=0.05)


def test_mass_matrix_is_that_of_the_substitutions():
    left = [
        np.asarray(_matrix(M1, SINE2, 20.0, k, THETA) - _substituted(M1, SINE2, 20.0, k, THETA)) for k in (4e-2, 2e-2)
    ]
    for place in ((0, 0), (0, 1), (1, 1)):
        assert power(left[0][place], left[1][place]) > 2.95
    plain = np.asarray(_matrix(M1, SINE2, 20.0, 0.0, THETA))
    np.testing.assert_allclose(np.linalg.eigvalsh(plain), [400.0, M1**2], rtol=1e-13)


def test_mixing_angle_diagonalises_the_mass_matrix_up_to_third_order():
    """The rotation (25) by phi, itself given to first order, leaves an off-diagonal element of third order."""
    left = []
    for kappa in (1e-2, 5e-3):
        sine, cosine = (float(v) for v in perturbative.mixing_angle(M1, SINE2, 20.0, kappa, THETA))
        half = math.sqrt(0.5)
        rows = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[half, half], [-half, half]])
        left.append((rows @ np.asarray(_matrix(M1, SINE2, 20.0, kappa, THETA)) @ rows.T)[0, 1])
    assert power(*left) == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize(("x", "error"), [(0.015, 3.5e-4), (0.056, 4.7e-3), (0.12, 2.1e-2), (0.56, 0.37), (1.4, 1.4)])
def test_error_grows_with_the_square_of_the_expansion_parameter(x, error):
    """Of eq. (36), near the Z at theta_W' = theta_W: 1.5 x^2, as long as x is small."""
    theta, kappa = math.asin(math.sqrt(SINE2)), 1e-3
    ratio = 2 * x / (kappa * SINE2)  # (M1^2 + M2^2)/(M1^2 - M2^2)
    m2 = M1 * math.sqrt((ratio - 1) / (ratio + 1))
    assert float(perturbative.expansion_parameter(M1, SINE2, m2, kappa, theta)) == pytest.approx(x, rel=1e-6)
    exact, printed = (float(f(M1, SINE2, m2, kappa, theta).z.dark_z) for f in (_exact, _printed))
    assert abs(printed / exact - 1) == pytest.approx(error, rel=0.15)
    if x < 0.1:
        assert abs(printed / exact - 1) == pytest.approx(1.5 * x**2, rel=0.1)


def test_light_zprime_couples_to_charge_as_a_dark_photon():
    """eq. (45) against the exact component for m_Z' << m_Z."""
    kappa = 1e-3
    exact = float(_exact(M1, SINE2, 1.0, kappa, THETA).zprime.em)
    printed = float(perturbative.zprime_photon_coupling(SINE2, kappa, THETA))
    assert printed == pytest.approx(exact, rel=1e-5)
    assert printed == pytest.approx(kappa * math.sqrt(1 - SINE2) * math.sin(THETA), rel=1e-14)
