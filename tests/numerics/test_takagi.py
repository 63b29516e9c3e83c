import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import unitary_group

from portico.numerics.takagi import takagi


def _check(matrix, values, unitary, rel=1e-13):
    scale = max(values.max(), 1e-300)
    np.testing.assert_allclose(unitary.T @ matrix @ unitary, np.diag(values), atol=rel * scale)
    np.testing.assert_allclose(unitary.conj().T @ unitary, np.eye(len(values)), atol=1e-13)
    assert np.all(values >= 0)
    assert np.all(np.diff(values) >= 0)


@given(
    seed=st.integers(0, 2**31), size=st.integers(1, 5), complexity=st.sampled_from(["complex", "real"]),
    kinds=st.lists(st.sampled_from([0.0, 1.0, 1.0, 2.0, 1e-4, 1e-8, 1e-12]), min_size=5, max_size=5),
)  # fmt: skip
def test_values_are_found_back_degenerate_or_not(seed, size, complexity, kinds):
    """A = V diag V^T with a random unitary (or orthogonal) V has the values of the diagonal, whatever their multiplicity."""
    v = (
        unitary_group.rvs(5, random_state=seed)
        if complexity == "complex"
        else np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))[0]
    )
    v = np.linalg.qr(v[:size, :size])[0]
    expected = np.sort(kinds[:size])
    matrix = v @ np.diag(expected) @ v.T
    values, unitary = takagi(matrix)
    np.testing.assert_allclose(values, expected, atol=3e-14 * max(expected.max(), 1e-300))
    _check(matrix, values, unitary)


def test_negative_eigenvalues_of_a_real_matrix_give_imaginary_columns():
    values, unitary = takagi([[0.0, 1.0], [1.0, 0.5]])
    eigenvalues, vectors = np.linalg.eigh([[0.0, 1.0], [1.0, 0.5]])
    np.testing.assert_allclose(values, np.sort(np.abs(eigenvalues)), rtol=1e-14)
    assert eigenvalues[0] < 0
    np.testing.assert_allclose(unitary[:, 0].real, 0.0, atol=1e-15)
    np.testing.assert_allclose(np.abs(unitary[:, 0]), np.abs(vectors[:, 0]), rtol=1e-13)


@pytest.mark.parametrize("phase", [0.0, 0.3, np.pi / 2])
def test_a_phase_of_the_matrix_is_taken_up_by_the_mixing(phase):
    a = np.array([[0.06, 0.5, 0.1], [0.5, 0.02, 0.2j], [0.1, 0.2j, 0.0]])
    values = takagi(a)[0]
    turned, unitary = takagi(np.exp(1j * phase) * a)
    np.testing.assert_allclose(turned, values, rtol=1e-14)
    _check(np.exp(1j * phase) * a, turned, unitary)


def test_nothing_and_zero():
    values, unitary = takagi(np.zeros((3, 3)))
    assert not np.any(values)
    np.testing.assert_array_equal(np.abs(unitary.conj().T @ unitary), np.eye(3))
    assert takagi([[-2.0]])[0] == 2.0
    assert takagi([[-2.0]])[1][0, 0] ** 2 == pytest.approx(-1.0)


def test_dirac_pairs_and_an_exact_null_vector():
    """Two degenerate Majorana states of a Dirac fermion with a massless neutrino between them."""
    matrix = np.array([[0, 3.0, 4.0], [3.0, 0, 0], [4.0, 0, 0]])
    values, unitary = takagi(matrix)
    np.testing.assert_allclose(values, [0, 5, 5], atol=1e-15)
    _check(matrix, values, unitary)
