"""The Belle II search for a disappearing positron, arXiv:2212.04252, as plain nested ``scipy.integrate.quad``.

Nothing here comes from portico: it is the yardstick for speed, and an independent route to the same numbers. Natural
units, GeV; results are events at epsilon = 1. Left out, each worth about 0.02% of the events: the second generation of
the cascade, and the electron mass in the initial state of the annihilation.
"""

from itertools import pairwise
from math import cos, exp, expm1, log, log1p, pi, radians, sqrt

import numpy as np
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.special import rgamma

ALPHA = 1 / 137.035999084
ELECTRON_MASS = 0.51099895e-3
HBAR_C_SQUARED = 0.3893793721e-27  # GeV^2 cm^2
Z_MASS, Z_WIDTH, SIN2_WEAK = 91.1876, 2.4952, 0.23122
LUMINOSITY = 5e43  # cm^-2, 50/ab
FORMULA_UNITS = 1.045374e22  # CsI per cm^3
ELECTRONS = 108 * FORMULA_UNITS
RADIATION_LENGTH_CM = 1.86
NUCLEI = ((53, 127), (55, 133))  # (Z, A) of iodine and caesium
B1, B2 = 4 / 3, 7 / 9
CUT = 0.95  # least share of the positron's energy that goes missing

SQRT_S = 2 * sqrt(7 * 4)
BETA = 3 / 11
GAMMA = 1 / sqrt(1 - BETA**2)


def lab_energy(theta_degrees):
    return SQRT_S / 2 / (GAMMA * (1 - BETA * cos(radians(theta_degrees))))


ENERGY_LOW, ENERGY_HIGH = lab_energy(128.7), lab_energy(32.2)


def integral(f, low, high, breaks=(), tolerance=1e-6):
    """Adaptive integral, panel by panel between the breaks that lie inside."""
    if not low < high:
        return 0.0
    edges = [low, *sorted(b for b in breaks if low < b < high), high]
    return sum(quad(f, a, b, epsabs=0.0, epsrel=tolerance, limit=200)[0] for a, b in pairwise(edges))


# --- source: Bhabha positrons in the barrel -----------------------------------------------------------------------


def bhabha_spectrum(energy):
    """dsigma/dE, cm^2/GeV, by exchange of photon and Z; the positron comes in along -z, hence c = -c_z."""
    s = SQRT_S**2
    c = -(energy / (GAMMA * SQRT_S / 2) - 1) / BETA
    t, u = -s * (1 - c) / 2, -s * (1 + c) / 2
    sw, cw = sqrt(SIN2_WEAK), sqrt(1 - SIN2_WEAK)
    left, right = (-0.5 + SIN2_WEAK) / (sw * cw), sw / cw

    def s_channel(a, b):
        return 1 / s + a * b / (s - Z_MASS**2 + 1j * Z_MASS * Z_WIDTH)

    def t_channel(a, b):
        return 1 / t + a * b / (t - Z_MASS**2)

    dsigma_dc = (pi * ALPHA**2 / (2 * s)) * (
        u**2 * sum(abs(s_channel(g, g) + t_channel(g, g)) ** 2 for g in (left, right))
        + 2 * t**2 * abs(s_channel(left, right)) ** 2
        + 2 * s**2 * abs(t_channel(left, right)) ** 2
    )
    return dsigma_dc / (GAMMA * BETA * SQRT_S / 2) * HBAR_C_SQUARED


def positrons():
    return LUMINOSITY * integral(bhabha_spectrum, ENERGY_LOW, ENERGY_HIGH)


# --- track length, Tsai and Whitis, first generation --------------------------------------------------------------


def path_kernel(w, depth, tolerance=1e-6):
    """K(w): with y = ln(E/E') and w = 1/ln(1/y), dE' T_e = X0 exp(-y) K(w) dw. The variable is u = t/w."""
    end = min(depth / w, 40.0)  # exp(-b1 u) is 1e-23 there
    return integral(lambda u: exp(-B1 * u) * rgamma(B1 * u * w), 0.0, end, tolerance=tolerance) / w


def positron_path_integral(f, depth, least_share, breaks=lambda energy: (), tolerance=1e-6):
    r""":math:`\int dE\, d\sigma_B/dE \int dE' T_e f(E', E)`, for E' above ``least_share(E)`` times E.

    ``breaks(E)`` are the E' at which f has a peak or a kink.
    """

    def at_energy(energy):
        def at_w(w):
            y = exp(-1 / w)
            return exp(-y) * path_kernel(w, depth, tolerance) * f(energy * exp(-y), energy)

        y_end = -log(least_share(energy))
        inside = [log(energy / e) for e in breaks(energy) if 0 < e < energy]
        w_breaks = [1 / log(1 / y) for y in inside if 0 < y < y_end]
        w_end = 1 / log(1 / y_end)
        return bhabha_spectrum(energy) * integral(at_w, 0.0, w_end, w_breaks, tolerance)

    edges = sorted(e for peak in breaks(ENERGY_LOW) for e in (peak, peak / CUT))
    return RADIATION_LENGTH_CM * integral(at_energy, ENERGY_LOW, ENERGY_HIGH, edges, 3 * tolerance)


# --- annihilation on atomic electrons -----------------------------------------------------------------------------


def width(mass, alpha_dark, ratio=1 / 3, dark_matter="dirac"):
    r = 4 * ratio**2
    if r >= 1:
        return 0.0
    if dark_matter == "dirac":
        return alpha_dark * mass / 3 * (1 + r / 2) * sqrt(1 - r)
    return alpha_dark * mass / {"majorana": 6, "scalar": 12}[dark_matter] * (1 - r) ** 1.5


def annihilation_cross_section(s, mass, alpha_dark, ratio=1 / 3, dark_matter="dirac"):
    """e+ e- -> A'* -> dark matter, cm^2, with the full Breit-Wigner."""
    dark_mass = ratio * mass
    if s <= 4 * dark_mass**2:
        return 0.0
    velocity = sqrt(1 - 4 * dark_mass**2 / s)
    phase_space = {
        "dirac": (s + 2 * dark_mass**2) * velocity,
        "majorana": s / 2 * velocity**3,
        "scalar": s / 4 * velocity**3,
    }[dark_matter]
    gamma = width(mass, alpha_dark, ratio, dark_matter)
    propagator = (s - mass**2) ** 2 + (mass * gamma) ** 2
    return 4 * pi * ALPHA * alpha_dark / 3 * phase_space / propagator * HBAR_C_SQUARED


def annihilation_events(mass, alpha_dark, ratio=1 / 3, dark_matter="dirac", *, depth=16.0, tolerance=1e-6):
    me = ELECTRON_MASS

    def cross_section(e_prime, _):
        s = 2 * me * (e_prime + me)
        return annihilation_cross_section(s, mass, alpha_dark, ratio, dark_matter)

    gamma = width(mass, alpha_dark, ratio, dark_matter)
    special_s = [mass**2 + d * mass * gamma for d in (-10, -3, -1, 0, 1, 3, 10)] + [4 * (ratio * mass) ** 2]
    special = [s / (2 * me) - me for s in special_s]
    path = positron_path_integral(cross_section, depth, lambda e: CUT - me / e, lambda _: special, tolerance)
    return LUMINOSITY * ELECTRONS * path


# --- bremsstrahlung on nuclei -------------------------------------------------------------------------------------


def photon_flux(t_min, t_max, tolerance=1e-8):
    r"""Elastic :math:`\int dt (t - t_{min})/t^2\, G_2(t)`, iodine plus caesium, in ln t."""
    total = 0.0
    for z, a in NUCLEI:
        a_squared = (111 * z ** (-1 / 3) / ELECTRON_MASS) ** 2
        d = 0.164 * a ** (-2 / 3)

        def integrand(log_t, a_squared=a_squared, d=d):
            t = exp(log_t)
            return (1 - t_min / t) * (a_squared * t / (1 + a_squared * t)) ** 2 / (1 + t / d) ** 2

        total += z**2 * integral(integrand, log(t_min), log(t_max), (-log(a_squared), log(d)), tolerance)
    return total


def tabulated_flux(t_low, t_max):
    """The flux by quadrature at 400 points and a spline between them: the angular integral asks for it very often."""
    log_t = np.linspace(log(t_low), log(t_max), 400)
    return CubicSpline(log_t, [photon_flux(exp(value), t_max) for value in log_t])


def dsigma_dx_iww(x, e_prime, mass):
    """Eq. (13) of the paper over the flux; GeV^-2."""
    return 4 * ALPHA**3 * x * (1 - x + x**2 / 3) / (mass**2 * (1 - x) + (ELECTRON_MASS * x) ** 2)


def dsigma_dx_iww_full(x, e_prime, mass):
    """The same with the electron mass in the numerator and the velocity of the dark photon."""
    me2 = ELECTRON_MASS**2
    u0 = mass**2 * (1 - x) / x + me2 * x
    velocity = sqrt(max(1 - (mass / (x * e_prime)) ** 2, 0.0))
    bracket = (1 - x + x**2 / 2) / u0 - x * (1 - x) * (mass**2 + 2 * me2) / (6 * u0**2)
    return 4 * ALPHA**3 * velocity * bracket


def dsigma_dx_ww(x, e_prime, mass, flux, tolerance):
    """The integral over the angle, U = eta + U0, with the flux at t_min(U), in ln U; GeV^-2."""
    me2 = ELECTRON_MASS**2
    t_max = mass**2 + me2
    u0 = mass**2 * (1 - x) / x + me2 * x
    recoil = 2 * e_prime * (1 - x)

    def integrand(log_u):
        u = exp(log_u)
        bracket = (1 - x + x**2 / 2) / u - x * (1 - x) * (mass**2 + 2 * me2) * (u - u0) / u**3
        return bracket * float(flux(2 * log(u / recoil)))

    velocity = sqrt(max(1 - (mass / (x * e_prime)) ** 2, 0.0))
    return 4 * ALPHA**3 * velocity * integral(integrand, log(u0), log(recoil * sqrt(t_max)), (), tolerance)


def bremsstrahlung_events(mass, level="iww", *, depth=1.0, tolerance=1e-6):
    """Level: ``iww`` (eq. 13), ``iww_full`` (full numerator) or ``ww`` (t_min depends on the angle)."""
    me = ELECTRON_MASS
    t_max = mass**2 + me**2
    table = tabulated_flux(1e-2 * (mass**2 / (2 * ENERGY_HIGH)) ** 2, t_max) if level == "ww" else None

    def cross_section(e_prime, energy):
        def integrand(q):  # q = ln(1 - x)
            x = -expm1(q)
            if level == "ww":
                return exp(q) * dsigma_dx_ww(x, e_prime, mass, table, 0.3 * tolerance)
            dsigma_dx = {"iww": dsigma_dx_iww, "iww_full": dsigma_dx_iww_full}[level]
            return exp(q) * dsigma_dx(x, e_prime, mass)

        x_low = max(CUT * energy / e_prime, mass / e_prime)
        sigma = integral(integrand, log(me / e_prime), log1p(-x_low), (2 * log(me / mass),), 0.5 * tolerance)
        if level != "ww":
            sigma *= photon_flux((mass**2 / (2 * e_prime)) ** 2, t_max, tolerance)
        return sigma * HBAR_C_SQUARED

    path = positron_path_integral(cross_section, depth, lambda e: CUT + me / e, tolerance=tolerance)
    return LUMINOSITY * FORMULA_UNITS * path


# --- backgrounds and limit ----------------------------------------------------------------------------------------


def punch_through_photons(depth=16.0):
    """Photons with 95% of the energy behind ``depth`` radiation lengths, per positron."""

    def spectrum(x):
        h = (B2 + B1 * log1p(-x)) * depth
        return exp(-B2 * depth) * depth / x * (expm1(h) / h if h else 1.0)

    return integral(spectrum, CUT, 1.0)


def backgrounds():
    """Photons missed by the muon system, and neutrons (15 of 1e9 simulated positrons, times the survival)."""
    survival = exp(-(29.76 / 38.04 + 65.8 / 16.77))
    return {"photons": positrons() * punch_through_photons() * 4.5e-4, "neutrons": positrons() * 15 / 1e9 * survival}


def signal_limit(background, z=1.6448536):
    return z * sqrt(background)


def epsilon_limit(mass, alpha_dark, level="iww", tolerance=1e-6):
    events = annihilation_events(mass, alpha_dark, tolerance=tolerance)
    events += bremsstrahlung_events(mass, level, tolerance=tolerance)
    return sqrt(signal_limit(sum(backgrounds().values())) / events)
