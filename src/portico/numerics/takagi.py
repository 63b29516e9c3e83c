r"""Takagi factorisation of complex symmetric matrices, on the host: masses and mixing of Majorana fermions."""

from __future__ import annotations

import numpy as np
from jaxtyping import ArrayLike, Complex, Float

_LARGE = 0.1
"""Singular values above this part of the largest are taken at once; the rest is factorised by itself."""


def takagi(matrix: ArrayLike) -> tuple[Float[np.ndarray, " n"], Complex[np.ndarray, "n n"]]:
    r"""Return the singular values, rising, and a unitary U with :math:`U^T A U = \mathrm{diag}(\sigma)` for a symmetric matrix A.

    With :math:`v = x + iy`, the columns of :math:`U^*`, the equation :math:`A v^* = \sigma v` is a real symmetric eigenvalue problem,

    .. math:: \begin{pmatrix}\mathrm{Re} A & \mathrm{Im} A\\ \mathrm{Im} A & -\mathrm{Re} A\end{pmatrix}\begin{pmatrix}x\\ y\end{pmatrix}
              = \sigma\begin{pmatrix}x\\ y\end{pmatrix},

    in which :math:`iv` belongs to :math:`-\sigma`: vectors of positive values are orthogonal as complex vectors, degenerate ones
    too. Only where sigma is close to 0 do both signs mix; small values are therefore found from the matrix projected on what
    the large ones leave over.

    Parameters
    ----------
    matrix : array, shape (n, n)   complex symmetric; only its symmetric part is looked at

    Returns
    -------
    values : array, shape (n,)     >= 0, rising
    unitary : array, shape (n, n)  unitary to rounding; columns of equal values are a basis, not unique

    Notes     Absolute accuracy: a small singular value is good to 1e-16 of the largest.
    Source    the real form of the problem; checked against products of random unitary matrices in tests/numerics/test_takagi.py.

    Examples
    --------
    >>> from portico.numerics.takagi import takagi
    >>> takagi([[0, 1], [1, 0]])[0].tolist()
    [1.0, 1.0]
    """
    a = np.asarray(matrix, dtype=complex)
    a = (a + a.T) / 2
    values, vectors = _largest_first(a, np.finfo(float).eps * len(a) * np.abs(a).sum())
    return values[::-1], vectors[:, ::-1].conj()


def _largest_first(a: np.ndarray, nothing: float) -> tuple[np.ndarray, np.ndarray]:
    """Values, falling, and vectors v of A v* = sigma v; a matrix below ``nothing`` counts as 0."""
    n = len(a)
    if n == 0 or np.abs(a).max() <= nothing:
        return np.zeros(n), np.eye(n, dtype=complex)
    values, vectors = np.linalg.eigh(np.block([[a.real, a.imag], [a.imag, -a.real]]))
    large = np.flatnonzero(values > _LARGE * values[-1])[::-1][:n]
    found = vectors[:n, large] + 1j * vectors[n:, large]
    if large.size == n:
        return values[large], found
    # what is left over: an orthonormal basis Q of the complement, and the problem Q^dagger A Q^* in it
    rest = np.linalg.qr(np.concatenate([found, np.eye(n)], axis=1))[0][:, large.size :]
    small, inside = _largest_first(rest.conj().T @ a @ rest.conj(), nothing)
    return np.concatenate([values[large], small]), np.concatenate([found, rest @ inside], axis=1)
