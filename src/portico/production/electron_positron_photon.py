r"""e+ e- -> gamma V in the continuum: cross section, angles, and the polarisation of V.

Angles and energies are those of the centre of mass. The electron's mass is neglected: towards the beam, at
:math:`|\cos\theta| \to 1`, the cross section has the pole of the t channel, so a cut below 1 is required.
:math:`\Upsilon(nS) \to \gamma V` through mixing is forbidden by charge conjugation: there is the continuum only.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..constants import ALPHA
from ..errors import InvalidInput
from ..numerics.namespace import array_namespace

_NEWTON_STEPS = 6


def check_cut(cos_max: ArrayLike) -> None:
    """Raise InvalidInput unless 0 < cos_max < 1. Source: the pole of the t channel at 1."""
    if not (np.all(np.asarray(cos_max) > 0) and np.all(np.asarray(cos_max) < 1)):
        raise InvalidInput(
            f"cos_max = {cos_max} of the photon's angle; between 0 and 1, both excluded, is needed: the electron's mass is "
            "neglected, and at 1 the cross section has the pole of the t channel."
        )


def _below(mass: Any, s: Any, xp: Any) -> tuple[Any, Any]:
    """Whether the process is open, and M^2/s, 0 where it is not."""
    mass, s = xp.asarray(mass), xp.asarray(s)
    is_open = (s > 0) & (mass**2 < s) & (mass >= 0)
    return is_open, xp.where(is_open, mass**2 / xp.where(is_open, s, 1.0), 0.0)


def dsigma_dcos(cos: ArrayLike, s: ArrayLike, mass: ArrayLike, epsilon: ArrayLike) -> Float[Array, "..."]:
    r"""Cross section per cosine of the photon's angle to the beam.

    .. math:: \frac{d\sigma}{dc} = \frac{2\pi\alpha^2\epsilon^2}{s}\left(1-x\right)
              \frac{(1+c^2) + 4x/(1-x)^2}{1-c^2}, \qquad x = M^2/s

    Parameters
    ----------
    cos : array, shape (...)       -1 < cos < 1
    s : array, shape (...)         GeV^2
    mass : array, shape (...)      of the mediator, GeV
    epsilon : array, shape (...)   kinetic mixing

    Returns
    -------
    array, shape (...)             GeV^-2; 0 at and below threshold, nan for |cos| >= 1

    Notes     Tree level, massless electrons: good to m_e^2/[s (1-c^2)]. M -> 0 is e+e- -> gamma gamma without its 1/2.
              Runs on numpy and jax arrays.
    Source    tree-level QED with one massive photon; redone with explicit Dirac matrices in the tests.
    """
    xp = array_namespace(cos, s, mass, epsilon)
    c2 = xp.asarray(cos) ** 2
    is_open, x = _below(mass, s, xp)
    is_inside = c2 < 1
    value = ((1 + c2) + 4 * x / (1 - x) ** 2) / xp.where(is_inside, 1 - c2, 1.0)
    value = 2 * np.pi * ALPHA**2 * xp.asarray(epsilon) ** 2 / xp.asarray(s) * (1 - x) * value
    return xp.where(is_inside, xp.where(is_open, value, 0.0), np.nan)


def sigma(s: ArrayLike, mass: ArrayLike, epsilon: ArrayLike, cos_max: ArrayLike) -> Float[Array, "..."]:
    r"""Cross section for a photon with :math:`|\cos\theta| < c_0`.

    .. math:: \sigma = \frac{4\pi\alpha^2\epsilon^2}{s}\left\{\frac{1+x^2}{1-x}\,L - (1-x)\,c_0\right\}, \qquad
              x = M^2/s, \quad L = \ln\frac{1+c_0}{1-c_0}

    Parameters
    ----------
    s, mass, epsilon : arrays      as in :func:`dsigma_dcos`
    cos_max : array, shape (...)   c_0, 0 < c_0 < 1

    Returns
    -------
    array, shape (...)             GeV^-2; 0 at and below threshold, nan for cos_max >= 1

    Notes     Grows as 1/(1-x) towards threshold, where the photon is soft; refused at c_0 = 1, where the t channel has a pole.
    Source    integral of :func:`dsigma_dcos`.
    """
    xp = array_namespace(s, mass, epsilon, cos_max)
    c0 = xp.asarray(cos_max)
    is_open, x = _below(mass, s, xp)
    is_inside = (c0 > 0) & (c0 < 1)
    logarithm = 2 * xp.arctanh(xp.where(is_inside, c0, 0.0))
    value = (1 + x**2) / (1 - x) * logarithm - (1 - x) * c0
    value = 4 * np.pi * ALPHA**2 * xp.asarray(epsilon) ** 2 / xp.asarray(s) * value
    return xp.where(is_inside, xp.where(is_open, value, 0.0), np.nan)


def photon_energy(s: ArrayLike, mass: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`E_\gamma = (s-M^2)/2\sqrt s` in GeV. Source: energy-momentum conservation."""
    xp = array_namespace(s, mass)
    root = xp.sqrt(xp.asarray(s))
    return (root - mass) * (root + mass) / (2 * root)


def cosine(u: ArrayLike, s: ArrayLike, mass: ArrayLike, cos_max: ArrayLike) -> Float[Array, "..."]:
    r"""Return the cosine below which a share u of the photons with :math:`|\cos\theta| < c_0` lies.

    .. math:: F(c) \propto K\,\mathrm{artanh}\,c - c, \qquad K = 2 + \frac{4x}{(1-x)^2}

    solved for :math:`w = \mathrm{artanh}\,c` by Newton's method from above, where it converges monotonically.

    Parameters
    ----------
    u : array, shape (...)         uniform in 0..1
    s, mass, cos_max : arrays      as in :func:`sigma`

    Notes     Exact to rounding.
    Source    inverse of the integral of :func:`dsigma_dcos`.
    """
    _, x = _below(mass, s, jnp)
    k = 2 + 4 * x / (1 - x) ** 2
    y = (2 * jnp.asarray(u, float) - 1) * (k * jnp.arctanh(jnp.asarray(cos_max, float)) - cos_max)
    size = jnp.abs(y)
    w = jnp.minimum(size / (k - 1), (size + 1) / k)
    for _ in range(_NEWTON_STEPS):
        t = jnp.tanh(w)
        w = w - (k * w - t - size) / (k - 1 + t * t)
    return jnp.sign(y) * jnp.tanh(w)


def density_matrix(
    x: ArrayLike, cos: ArrayLike, electron: Float[ArrayLike, "... 3"], positron: Float[ArrayLike, "... 3"]
) -> Float[Array, "... 3 3"]:
    r"""Return the polarisation density matrix of V in its rest frame, of trace 1, in Cartesian components.

    .. math:: \rho_{ij} = \frac{(2x + y_1^2 + y_2^2)\,\delta_{ij} - (1-y_1)^2 n_i n_j - (1-y_2)^2 n'_i n'_j}
              {4x + 2(y_1^2 + y_2^2)}, \qquad y_{1,2} = \tfrac12(1-x)(1\mp c)

    with n and n' the directions of electron and positron in that frame. It is real: unpolarised beams give no net spin.

    Parameters
    ----------
    x : array, shape (...)          M^2/s
    cos : array, shape (...)        between electron and photon in the centre of mass
    electron, positron : (..., 3)   unit vectors in the rest frame of V

    Notes     Massless electrons. One eigenvalue is 1/2, along the normal to the plane of production.
    Source    derived: the tensor of e+e- -> gamma gamma* at tree level without electron mass, in the rest frame of V;
              redone with explicit Dirac matrices in the tests.
    """
    xp = array_namespace(x, cos, electron, positron)
    x, cos, n, other = (xp.asarray(a) for a in (x, cos, electron, positron))
    y1, y2 = (1 - x) * (1 - cos) / 2, (1 - x) * (1 + cos) / 2
    diagonal = 2 * x + y1**2 + y2**2
    matrix = diagonal[..., None, None] * xp.eye(3)
    for y, v in ((y1, n), (y2, other)):
        matrix = matrix - ((1 - y) ** 2)[..., None, None] * v[..., :, None] * v[..., None, :]
    return matrix / (2 * diagonal)[..., None, None]
