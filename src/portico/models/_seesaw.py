"""The mass matrix of the active neutrino and three heavy neutral leptons: masses, mixing, couplings, and back."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..errors import InvalidInput
from ..numerics.takagi import takagi

_SAME = 1e-8
"""To this accuracy a matrix is unitary or hermitian, and a Lagrangian gives the masses and couplings that it is asked for."""
_STEPS = 50


def states(
    *,
    majorana_mass: complex,
    dirac_mass: complex,
    lambda_left: complex,
    lambda_right: complex,
    neutrino_dirac_mass: complex,
) -> tuple[np.ndarray, np.ndarray]:
    """Masses in GeV, rising, and U: rows nu, eta, chi_L, chi_R^c."""
    m, n, x, left, right = neutrino_dirac_mass, majorana_mass, dirac_mass, lambda_left, lambda_right
    return takagi([[0, m, 0, 0], [m, n, left, right], [0, left, 0, x], [0, right, x, 0]])


def couplings(mixing: np.ndarray) -> np.ndarray:
    """V_ij of all states of a 4 x 4 mixing matrix, over g_D."""
    left, right = mixing[2], mixing[3]
    return np.outer(left.conj(), left) - np.outer(right.conj(), right)


def _matrix(model: str, name: str, value: Any, size: int) -> np.ndarray:
    if np.ma.isMaskedArray(value):
        raise InvalidInput(f"{model}: {name} is a masked array; expected {size} x {size} finite complex numbers.")
    try:
        array = np.asarray(value, dtype=complex)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != (size, size) or not np.all(np.isfinite(array)):
        raise InvalidInput(
            f"{model}: {name} must be {size} x {size} finite complex numbers; given shape {np.shape(array)}."
        )
    return array


def hermitian(model: str, value: Any) -> np.ndarray:
    """A matrix of couplings, checked; moduli above 1 by rounding become 1."""
    v = _matrix(model, "couplings", value, 3)
    worst = np.abs(v - v.conj().T).max()
    if worst > _SAME:
        i, j = np.unravel_index(np.abs(v - v.conj().T).argmax(), v.shape)
        raise InvalidInput(f"{model}: the matrix of couplings is not hermitian: V_{i + 1}{j + 1} = {v[i, j]:.6g} and V_{j + 1}{i + 1} = {v[j, i]:.6g}; expected V_ij = conj(V_ji).")  # fmt: skip
    size = np.abs(v)
    return np.where((size > 1) & (size <= 1 + _SAME), v / np.where(size > 1, size, 1.0), v)


def unitary(model: str, value: Any) -> np.ndarray:
    """A mixing matrix, checked."""
    u = _matrix(model, "mixing_matrix", value, 4)
    worst = np.abs(u.conj().T @ u - np.eye(4)).max()
    if worst > _SAME:
        raise InvalidInput(f"{model}: the mixing matrix is not unitary: U^dagger U differs from 1 by up to {worst:.3g}; expected at most {_SAME:g}.")  # fmt: skip
    return u


def lagrangian(model: str, masses: np.ndarray, v: np.ndarray, neutrino_dirac_mass: float) -> dict[str, complex]:
    """Entries of the mass matrix for masses of psi_1 to psi_3, their couplings and m_nuD; raises InvalidInput where there is none.

    Without m_nuD the eigenvectors of V for 1, -1, 0 are the rows of U^* of chi_L, chi_R, eta. With it, what that matrix
    gives is compared to what was asked, and the difference added to the request: converges as (m_nuD/Lambda)^2 per step.
    """
    wanted, asked_masses, asked = v, masses, v
    for _ in range(_STEPS):
        entries = {**_without_neutrino(asked_masses, asked), "neutrino_dirac_mass": neutrino_dirac_mass}
        found_masses, mixing = states(**entries)
        found = _aligned(couplings(mixing)[1:, 1:], wanted)
        off_masses, off = masses - found_masses[1:], wanted - found
        distance = max(np.abs(off_masses).max() / masses.max(), np.abs(off).max())
        if distance < 1e-14 or neutrino_dirac_mass == 0:
            break
        asked_masses, asked = asked_masses + off_masses, asked + off
    if not distance < _SAME:
        eigenvalues = ", ".join(f"{x:.4g}" for x in np.linalg.eigvalsh(v)[::-1])
        raise InvalidInput(
            f"{model}: no mass matrix of this model has these masses and couplings (it misses them by {distance:.2g}); expected V as from_lagrangian gives it, "
            f"with eigenvalues 1, 0, -1; here they are {eigenvalues}."
        )
    return entries


def _without_neutrino(masses: np.ndarray, v: np.ndarray) -> dict[str, complex]:
    """Entries of the matrix of eta, chi_L, chi_R^c, with phases of the fields such that all but M_X are real."""
    vectors = np.linalg.eigh(v)[1]  # eigenvalues -1, 0, 1: conjugate rows of chi_R, eta, chi_L
    rows = vectors[:, [1, 2, 0]].T  # U^*
    matrix = rows @ np.diag(masses) @ rows.T
    n, left, right, x = matrix[0, 0], matrix[0, 1], matrix[0, 2], matrix[1, 2]
    tiny = 1e-12 * masses.max()
    eta = -np.angle(n) / 2 if abs(n) > tiny else (np.angle(x) - np.angle(left) - np.angle(right)) / 2
    turn_left = -np.angle(left) - eta
    turn_right = -np.angle(right) - eta if abs(right) > tiny else -np.angle(x) - turn_left
    if abs(left) <= tiny:
        turn_left = -np.angle(x) - turn_right
    turned = x * np.exp(1j * (turn_left + turn_right))
    return {
        "majorana_mass": float(abs(n)),
        "dirac_mass": complex(turned),
        "lambda_left": float(abs(left)),
        "lambda_right": float(abs(right)),
    }


def with_signs(v: np.ndarray) -> np.ndarray:
    """V with the signs of psi_1 and psi_3 chosen so that V_21 and V_32 have a positive real part, or imaginary part where that is 0."""

    def sign(value: complex) -> float:
        part = value.real if abs(value.real) > _SAME * abs(value) else value.imag
        return -1.0 if part < 0 else 1.0

    signs = np.array([sign(v[1, 0]), 1.0, sign(v[2, 1])])
    return np.outer(signs, signs) * v


def _aligned(v: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """V with the signs of the Majorana fields that bring it closest to ``wanted``."""
    signs = [np.array([1.0, *rest]) for rest in itertools.product((1.0, -1.0), repeat=2)]
    return min((np.outer(s, s) * v for s in signs), key=lambda candidate: np.abs(candidate - wanted).max())
