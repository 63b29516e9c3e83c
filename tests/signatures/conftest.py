"""The yields of the disappearing positron by hand: numpy and scipy only, with the integrals in the other order.

Numbers and formulas of arXiv:2212.04252; nothing of the package is used.
"""

from functools import cache

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.special import rgamma

ALPHA, ELECTRON, HBARC2 = 1 / 137.035999084, 0.51099895e-3, 1.973269804e-14**2
Z_MASS, Z_WIDTH, SIN2 = 91.1879, 2.4955, 0.23122
S, GAMMA, BETA = 112.0, 11 / 2 / np.sqrt(28), 3 / 11
B1, B2 = 4 / 3, 7 / 9
RADIATION_LENGTH, UNITS_PER_CM3, ELECTRONS_PER_CM3, PER_CM2 = 1.86, 1.045374e22, 108 * 1.045374e22, 5e43
LOWEST, HIGHEST = (np.sqrt(S) / 2 / (GAMMA * (1 - BETA * np.cos(np.radians(angle)))) for angle in (128.7, 32.2))


def panels(edges, order):
    """Gauss-Legendre nodes and weights between edges, shape (..., panels, order)."""
    x, weight = np.polynomial.legendre.leggauss(order)
    left, right = edges[..., :-1, None], edges[..., 1:, None]
    return (left + right) / 2 + (right - left) / 2 * x, (right - left) / 2 * weight


def beam(energy):
    """Positrons per GeV: Bhabha scattering by photon and Z, boosted."""
    cosine = -(energy / (GAMMA * np.sqrt(S) / 2) - 1) / BETA
    t, u = -S * (1 - cosine) / 2, -S * (1 + cosine) / 2
    sine, cos = np.sqrt(SIN2), np.sqrt(1 - SIN2)
    left, right = (-0.5 + SIN2) / (sine * cos), sine / cos

    def exchange(a, b, q2, width):
        return 1 / q2 + a * b / (q2 - Z_MASS**2 + 1j * Z_MASS * width)

    same = sum(abs(exchange(g, g, S, Z_WIDTH) + exchange(g, g, t, 0)) ** 2 for g in (left, right))
    other = 2 * t**2 * abs(exchange(left, right, S, Z_WIDTH)) ** 2 + 2 * S**2 * abs(exchange(left, right, t, 0)) ** 2
    per_cosine = np.pi * ALPHA**2 / (2 * S) * (u**2 * same + other)
    return PER_CM2 * HBARC2 * per_cosine / (GAMMA * BETA * np.sqrt(S) / 2)


def _integrated(rate, depth):
    """int_0^depth exp(rate t) dt."""
    rate = np.where(np.abs(rate) < 1e-12, 1e-12, rate)
    return np.expm1(rate * depth) / rate


@cache
def kernel(depth, leptons, end=0.36):
    """Tsai-Whitis K(w), w = 1/ln(1/y), with one (positrons) or two leptons per pair of the second generation."""
    w = np.linspace(1 / 400, end, 400)
    length, y = 1 / w, np.exp(-1 / w)
    u, du = (a.ravel() for a in panels(np.linspace(0, 1, 9), 12))
    top = np.minimum(depth * length, 60.0)[:, None]
    first = length * np.sum(du * top * np.exp(-B1 * u * top) * rgamma(B1 * u * top / length[:, None]), axis=1)
    second = np.empty_like(y)
    q, dq = (a.ravel() for a in panels(np.array([0, 0.5, 1.0]), 48))
    for k, largest in enumerate(y):
        x = np.exp(-largest * q)
        p, r = B1 * np.log(-np.expm1(-largest * q)), B1 * np.log(-np.expm1(-largest * (1 - q)))
        bracket = (_integrated(p, depth) - _integrated(r, depth)) / (p - r)
        bracket = bracket + (_integrated(np.full_like(p, -B2), depth) - _integrated(r, depth)) / (B2 + r)
        second[k] = np.sum(dq * largest / x / (B2 + p) * bracket)
    return CubicSpline(np.r_[0, w], np.r_[1 / B1, first + leptons * second * y * length**2])


def current(s, chi, kind):
    beta = np.sqrt(np.maximum(1 - 4 * chi**2 / s, 0))
    return {"dirac": (s + 2 * chi**2) * beta, "majorana": s / 2 * beta**3, "scalar": s / 4 * beta**3}[kind]


def annihilation(mass, alpha_dark, ratio=1 / 3, kind="dirac", *, width="constant"):
    """Events for epsilon = 1 without visible width: the beam outside, the track length inside."""
    chi = ratio * mass
    gamma = alpha_dark / 3 * current(mass**2, chi, kind) / mass
    threshold = 2 * chi**2 / ELECTRON - ELECTRON
    if threshold >= HIGHEST:
        return 0.0
    resonance, half = mass**2 / (2 * ELECTRON) - ELECTRON, mass * gamma / (2 * ELECTRON)
    steps, away = resonance + half * np.sinh(np.linspace(-14, 14, 61)), threshold + np.geomspace(1e-6, 1, 24)
    even = np.exp(np.linspace(np.log(0.3), np.log(HIGHEST - LOWEST + 0.3), 41)) - 0.3 + LOWEST
    ends = np.concatenate(
        [even, [threshold], away, steps, (threshold + ELECTRON) / 0.95 + 0 * even[:1], (steps + ELECTRON) / 0.95]
    )
    energy, d_energy = (a.ravel() for a in panels(np.unique(np.clip(ends, max(LOWEST, threshold), HIGHEST)), 8))
    low = np.maximum(0.95 * energy - ELECTRON, threshold)[:, None]
    places = np.concatenate([steps, away])[None, :] + 0 * energy[:, None]
    places = np.sort(np.concatenate([np.clip(places, low, energy[:, None]), low, energy[:, None]], axis=1), axis=1)
    y = np.log(energy[:, None] / places)[:, ::-1]
    w, dw = panels(np.where(y > 0, -1 / np.log(np.where(y > 0, y, 0.1)), 0), 16)
    y = np.where(w > 0, np.exp(-1 / np.where(w > 0, w, 1)), 0)
    s = 2 * ELECTRON * (energy[:, None, None] * np.exp(-y) + ELECTRON)
    imaginary = mass * gamma if width == "constant" else alpha_dark / 3 * current(s, chi, kind)
    sigma = 4 * np.pi * ALPHA * alpha_dark / 3 * current(s, chi, kind) / ((s - mass**2) ** 2 + imaginary**2)
    sigma = sigma * (1 + 2 * ELECTRON**2 / s) / np.sqrt(1 - 4 * ELECTRON**2 / s) * HBARC2
    inner = np.sum(dw * kernel(16.0, 1)(w) * np.exp(-y) * sigma, axis=(1, 2))
    return float(RADIATION_LENGTH * ELECTRONS_PER_CM3 * np.sum(d_energy * beam(energy) * inner))


def emission(mass):
    """Events of bremsstrahlung for epsilon = 1 and BR = 1 by eq. (13), electrons of the shower included."""
    energy, d_energy = (a.ravel() for a in panels(np.geomspace(LOWEST, HIGHEST, 17), 8))
    w, dw = (a.ravel() for a in panels(np.linspace(0, -1 / np.log(-np.log(0.95)), 17), 8))
    y = np.exp(-1 / w)
    positron = energy[:, None] * np.exp(-y)
    low, high = (
        np.log(ELECTRON / positron),
        np.log(np.maximum(1 - 0.95 * energy[:, None] / positron, ELECTRON / positron)),
    )
    q, dq = panels(low[..., None] + (high - low)[..., None] * np.linspace(0, 1, 25), 8)
    x = -np.expm1(q)
    shape = x * (1 - x + x**2 / 3) / (mass**2 * (1 - x) + ELECTRON**2 * x**2)
    shape = np.sum(dq * np.exp(q) * shape, axis=(-2, -1))
    t_min, t_max = (mass**2 / 2 / positron) ** 2, mass**2 + ELECTRON**2
    log_t, d_log = panels(np.log(t_min)[..., None] + np.log(t_max / t_min)[..., None] * np.linspace(0, 1, 33), 12)
    t, phi = np.exp(log_t), 0.0
    for charge, number in ((53, 127), (55, 133)):
        a2, d = (111 * charge ** (-1 / 3) / ELECTRON) ** 2, 0.164 * number ** (-2 / 3)
        form = (charge * a2 * t / (1 + a2 * t)) ** 2 / (1 + t / d) ** 2
        phi = phi + np.sum(d_log * (t - t_min[..., None, None]) / t * form, axis=(-2, -1))
    inner = np.sum(dw * kernel(1.0, 2)(w) * np.exp(-y) * 4 * ALPHA**3 * phi * shape * HBARC2, axis=1)
    return float(RADIATION_LENGTH * UNITS_PER_CM3 * np.sum(d_energy * beam(energy) * inner))


@pytest.fixture(scope="session")
def annihilation_by_hand():
    return annihilation


@pytest.fixture(scope="session")
def emission_by_hand():
    return emission


@pytest.fixture(scope="session")
def kernel_by_hand():
    return kernel


@pytest.fixture(scope="session")
def panels_by_hand():
    return panels
