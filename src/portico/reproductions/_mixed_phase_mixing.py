"""Claims on the exact solution of the mixed phase: against an eigenproblem, in both limits, and against the printed expansion."""

from __future__ import annotations

import math

import jax
import numpy as np
import scipy.linalg

from ..constants import SIN2_THETA_W
from ..electroweak import neutral_mixing, perturbative
from ..electroweak.neutral_mixing import NeutralStates
from ..particles import mass

Z_MASS = mass("Z")
_exact, _printed = jax.jit(neutral_mixing.neutral_states), jax.jit(perturbative.neutral_states)
_kinetic = jax.jit(perturbative.kinetic_matrix, static_argnames="dark_shift")
_COUNT, _SEED = 1000, 150604760
_ANGLE, _DARK_MASS = 0.7, 20.0  # where the powers of kappa are measured: nothing special


def random_points() -> np.ndarray:
    """M1 (GeV), sin^2 theta_W, M2 (GeV), kappa and theta' of 1000 points, shape (5, 1000); M2 from 1 GeV to 3 TeV.

    A lighter M2 would test the rounding of the eigensolver.
    """
    draw = np.random.default_rng(_SEED).uniform
    return np.array([
        np.full(_COUNT, Z_MASS), draw(0.05, 0.9, _COUNT), 10 ** draw(0.0, np.log10(3e3), _COUNT),
        draw(-0.99, 0.99, _COUNT), draw(0.0, math.pi / 2, _COUNT),
    ])  # fmt: skip


def found(points: np.ndarray) -> NeutralStates:
    """The closed form at these points, as numpy arrays."""
    return jax.tree.map(np.asarray, _exact(*points))


def _massive_states(m1: float, sine2: float, m2: float, kappa: float, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Masses of Z and Z' (GeV, the lighter first) and the columns of their components along A1, Z1, A2, Z2, from a generalised eigenproblem."""
    s, c, sp, cp = math.sqrt(sine2), math.sqrt(1 - sine2), math.sin(theta), math.cos(theta)
    basis = np.array(
        [[s, c, 0, 0], [c, -s, 0, 0], [0, 0, sp, cp], [0, 0, cp, -sp]]
    )  # A1, Z1, A2, Z2 along W3, B, W', B'
    kinetic = np.eye(4)
    kinetic[1, 3] = kinetic[3, 1] = kappa
    squared = m1**2 * np.outer(basis[1], basis[1]) + m2**2 * np.outer(basis[3], basis[3])
    values, fields = scipy.linalg.eigh(squared, kinetic)
    return np.sqrt(values[2:]), basis @ fields[:, 2:]


def against_eigenproblem() -> list[float]:
    """Largest deviations: of masses (relative), of the couplings of the photon, Z and Z' (absolute).

    The photon's follow from the inverse of the kinetic matrix, which is the sum over all states.
    """
    points = random_points()
    states = found(points)
    worst = np.zeros(4)
    for k, point in enumerate(points.T):
        masses, columns = _massive_states(*point)
        z, zprime = (np.array([component[k] for component in state]) for state in (states.z, states.zprime))
        mine = (
            (states.zprime_mass[k], states.z_mass[k])
            if point[0] >= point[2]
            else (states.z_mass[k], states.zprime_mass[k])
        )
        place = (1, 0) if point[0] >= point[2] else (0, 1)
        deviations = [_apart(columns[:, place[0]], z), _apart(columns[:, place[1]], zprime)]
        sine2, kappa, theta = point[1], point[3], point[4]
        # the sum over all states of products of components is the inverse kinetic matrix; without the massive ones, the photon's is left
        inverse = np.array([[1.0, -kappa], [-kappa, 1.0]]) / (1 - kappa**2)  # of B and B'
        em = sine2 + (1 - sine2) * inverse[0, 0] - np.sum(columns[0] ** 2)
        cross = math.sqrt(1 - sine2) * math.cos(theta) * inverse[0, 1] - np.sum(columns[0] * columns[2])
        photon = [abs(states.photon.em[k] ** 2 - em), abs(states.photon.em[k] * states.photon.dark_em[k] - cross)]
        worst = np.maximum(worst, [np.max(np.abs(np.array(mine) / masses - 1)), max(photon), *deviations])
    return [float(value) for value in worst]


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference of two vectors whose common sign is free, over their largest component."""
    sign = np.sign(one[np.argmax(np.abs(one))] * other[np.argmax(np.abs(one))])
    return float(np.max(np.abs(one - sign * other)) / np.max(np.abs(one)))


def product_of_masses() -> float:
    """Largest relative deviation of m_Z m_Z' from M1 M2 sqrt((1 - kappa^2 cW^2 c'^2)/(1 - kappa^2))."""
    points = random_points()
    states = found(points)
    m1, sine2, m2, kappa, theta = points
    wanted = m1 * m2 * np.sqrt((1 - kappa**2 * (1 - sine2) * np.cos(theta) ** 2) / (1 - kappa**2))
    return float(np.max(np.abs(states.z_mass * states.zprime_mass / wanted - 1)))


def charge() -> float:
    """Largest deviation of the dark charge of the photon over its electric one from -kappa cW c'."""
    points = random_points()
    photon = found(points).photon
    wanted = -points[3] * np.sqrt(1 - points[1]) * np.cos(points[4])
    return float(np.max(np.abs(photon.dark_em / photon.em - wanted)))


def limits() -> list[float]:
    """Deviation of Standard-Model couplings in hatted parameters from those without mixing, at theta' = 0; at pi/2 from one massive vector."""
    points = random_points()
    m1, sine2, m2, kappa, _ = points
    free = found(np.array([m1, sine2, m2, kappa, np.zeros(_COUNT)]))
    n2 = 1 - kappa**2
    hatted_cos2 = (1 - sine2) * n2 / (sine2 + (1 - sine2) * n2)
    mass_ratio = free.z_mass / (m1 * np.sqrt(1 - sine2) / np.sqrt(hatted_cos2)) - 1
    # B and W3 of the Z are those of a Z with the hatted angle
    sin_w, cos_w = np.sqrt(sine2), np.sqrt(1 - sine2)
    weak = sin_w * free.z.em + cos_w * free.z.z - np.sqrt(hatted_cos2)
    okun = found(np.array([m1, sine2, m2, kappa, np.full(_COUNT, math.pi / 2)]))
    one_vector = np.array([_one_vector(*point) for point in points[:4].T]).T
    both = np.sort([okun.z_mass, okun.zprime_mass], axis=0)
    holdom = max(np.max(np.abs(mass_ratio)), np.max(np.abs(weak)), np.max(np.abs(free.zprime.em)))
    return [float(holdom), float(np.max(np.abs(both / one_vector - 1)))]


def _one_vector(m1: float, sine2: float, m2: float, kappa: float) -> tuple[float, float]:
    """Masses of W3, B and one massive vector with kinetic mixing kappa, GeV: the 2 x 2 problem after B = B~ + eta X."""
    eta2 = kappa**2 / (1 - kappa**2)
    trace = m1**2 * (1 + sine2 * eta2) + m2**2 * (1 + eta2)
    upper = (trace + math.sqrt((m1**2 * (1 - sine2 * eta2) - m2**2 * (1 + eta2)) ** 2 + 4 * m1**4 * sine2 * eta2)) / 2
    return math.sqrt(m1**2 * m2**2 * (1 + eta2) / upper), math.sqrt(upper)


def _power(left: float, right: float) -> float:
    """Power of kappa from a residual at kappa and at kappa/2."""
    return math.log2(abs(left) / abs(right))


def powers() -> list[float]:
    """Power of kappa in exact minus printed, in the order of equations (23) to (42)."""
    pairs = [
        [
            jax.tree.map(float, function(Z_MASS, SIN2_THETA_W, _DARK_MASS, kappa, _ANGLE))
            for function in (_exact, _printed)
        ]
        for kappa in (2e-2, 1e-2)
    ]
    left = [jax.tree.map(lambda a, b: a - b, *pair) for pair in pairs]

    def power(state: str, place: str = "") -> float:
        parts = [getattr(residual, state) for residual in left]
        return _power(*((getattr(part, place) for part in parts) if place else parts))

    return [
        power("z_mass"), power("zprime_mass"), power("photon", "em"), power("photon", "dark_em"),
        power("z", "z"), power("z", "em"), power("z", "dark_em"), power("z", "dark_z"),
        power("zprime", "dark_z"), power("zprime", "dark_em"), power("zprime", "em"), power("zprime", "z"),
    ]  # fmt: skip


def powers_of_the_sign() -> list[float]:
    """Power of kappa in the kinetic mixing that is left over with eq. (9) as printed, and with its sign turned."""
    return [
        _power(*(float(np.max(np.abs(_kinetic(SIN2_THETA_W, kappa, _ANGLE, dark_shift=sign) - np.eye(4)))) for kappa in (1e-2, 5e-3)))
        for sign in ("printed", "corrected")
    ]  # fmt: skip


def splitting() -> float:
    """Splitting of Z and Z' in GeV where their masses without mixing are equal, kappa = 1e-2, theta' = theta_W."""
    states = _exact(Z_MASS, SIN2_THETA_W, Z_MASS, 1e-2, math.asin(math.sqrt(SIN2_THETA_W)))
    return abs(float(states.z_mass - states.zprime_mass))


def shifts_of_the_z() -> list[float]:
    """Shift of m_Z in MeV at fixed mass before mixing, for kappa = 1e-2."""
    theta = math.asin(math.sqrt(SIN2_THETA_W))
    return [1e3 * (float(_exact(Z_MASS, SIN2_THETA_W, m2, 1e-2, theta).z_mass) - Z_MASS) for m2 in (1.0, 10.0, 50.0)]


def zeros() -> list[float]:
    """Coupling of the Z' to electric charge at theta' = 0, and of the photon to dark charge at theta' = pi/2."""
    m1, sine2, m2, kappa, _ = random_points()
    holdom = found(np.array([m1, sine2, m2, kappa, np.zeros(_COUNT)]))
    okun = found(np.array([m1, sine2, m2, kappa, np.full(_COUNT, math.pi / 2)]))
    return [float(np.max(np.abs(holdom.zprime.em))), float(np.max(np.abs(okun.photon.dark_em)))]
