"""Decays to millicharged particles: widths with closed forms, measured decays to electrons and muons, quadrature."""

import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from portico import particles
from portico.constants import ALPHA
from portico.decays import millicharged

SINE2, MZ = 0.23122, 91.1876


def test_tau_pairs_of_the_excited_charmonium_follow_from_electrons():
    """PDG 2024: 3.1(4)e-3."""
    ratio = millicharged.branching_ratio_two_body("psi(2S)", particles.mass("tau-"))
    assert ratio == pytest.approx(3.085e-3, rel=1e-3)
    assert ratio == pytest.approx(3.1e-3, abs=4e-4)


@pytest.mark.parametrize("meson", millicharged.VECTOR_MESONS)
def test_a_particle_like_the_electron_has_its_branching_ratio(meson):
    electrons = millicharged.branching_ratio_two_body(meson, particles.mass("e-"))
    assert electrons == pytest.approx(millicharged.data("electrons")[meson], rel=1e-14)
    edge = particles.mass(meson) / 2
    assert millicharged.branching_ratio_two_body(meson, edge) == 0
    assert millicharged.branching_ratio_two_body(meson, edge * (1 - 1e-12)) > 0


@pytest.mark.parametrize(("meson", "r"), [("J/psi", -0.350), ("Upsilon(1S)", 0.301)])
def test_zprime_changes_the_rate_from_both_ends_of_its_mass(meson, r):
    parent = particles.mass(meson)
    assert millicharged.exchange_factor(parent, 1e12, 1.0, r) == pytest.approx(1, abs=1e-12)
    assert millicharged.exchange_factor(parent, 1e-9, 0.0, r) == pytest.approx((1 + r) ** 2, rel=1e-9)
    peak = millicharged.exchange_factor(parent, parent, 1e-3, r)
    assert peak == pytest.approx(1 + (r * parent / 1e-3) ** 2, rel=1e-9)
    # as |1 + r M^2/(M^2 - m^2 + i m Gamma)|^2 in complex numbers
    exact = abs(1 + r * parent**2 / (parent**2 - 4.0**2 + 4.0j * 0.01)) ** 2
    assert millicharged.exchange_factor(parent, 4.0, 0.01, r) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    ("meson", "lepton", "measured", "tolerance"),
    # PDG 2024, recalled: Dalitz decays with lepton pairs, and their errors
    [
        ("pi0", "e-", 1.174e-2, 0.01),
        ("eta", "e-", 6.9e-3, 0.06),
        ("eta", "mu-", 3.1e-4, 0.13),
        ("eta'", "e-", 4.91e-4, 0.06),
        ("eta'", "mu-", 1.13e-4, 0.25),
        ("omega", "e-", 7.7e-4, 0.08),
        ("omega", "mu-", 1.34e-4, 0.25),
    ],
)
def test_decays_with_leptons_are_those_measured(meson, lepton, measured, tolerance):
    found = millicharged.branching_ratio_dalitz(meson, particles.mass(lepton))
    assert found.value == pytest.approx(measured, rel=tolerance)
    assert found.error < 1e-6 * found.value


@pytest.mark.parametrize("meson", millicharged.DALITZ)
@pytest.mark.parametrize("share", [1e-3, 0.3, 0.9])
def test_three_body_integral_is_that_of_an_adaptive_rule(meson, share):
    parent = particles.mass(meson)
    partner = 0.0 if millicharged.DALITZ[meson] == "gamma" else particles.mass("pi0")
    mass = share * (parent - partner) / 2
    pole, width = millicharged.data("pole")[meson], millicharged.data("pole_width")[meson]

    def rate(log_q2):
        q2 = math.exp(log_q2)
        pair = (1 + 2 * mass**2 / q2) * math.sqrt(max(1 - 4 * mass**2 / q2, 0))
        form = pole**2 * (pole**2 + width**2) / ((pole**2 - q2) ** 2 + (pole * width) ** 2)
        if partner == 0:
            return 2 * pair * form * (1 - q2 / parent**2) ** 3
        d = parent**2 - partner**2
        return pair * form * max((1 + q2 / d) ** 2 - 4 * parent**2 * q2 / d**2, 0) ** 1.5

    exact, _ = quad(rate, math.log(4 * mass**2), 2 * math.log(parent - partner), epsabs=0, epsrel=1e-10, limit=200)
    exact *= ALPHA / (3 * math.pi) * millicharged.data("photon")[meson]
    found = millicharged.branching_ratio_dalitz(meson, mass)
    assert found.value == pytest.approx(exact, rel=1e-6)
    assert abs(found.value - exact) <= found.error + 1e-9 * exact


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(millicharged.DALITZ)), st.floats(1e-4, 0.5), st.floats(1.0, 2.0))
def test_three_body_ratio_falls_with_the_mass_down_to_0(meson, mass, factor):
    light, heavy = millicharged.branching_ratio_dalitz(meson, np.array([mass, factor * mass])).value
    assert light >= heavy >= 0
    partner = 0.0 if millicharged.DALITZ[meson] == "gamma" else particles.mass("pi0")
    assert (light > 0) == (2 * mass < particles.mass(meson) - partner)


def test_width_of_the_z_has_its_closed_form():
    width = millicharged.width_of_z(0.0, MZ, alpha=1 / 127.95, sin2_theta_w=SINE2)
    assert width == pytest.approx(MZ / 127.95 * SINE2 / (1 - SINE2) / 3, rel=1e-15)
    assert 1e3 * width == pytest.approx(71.4, abs=0.05)
    assert 1e3 * millicharged.width_of_z(0.0, MZ, alpha=ALPHA, sin2_theta_w=SINE2) == pytest.approx(66.7, abs=0.05)
    assert math.sqrt(2.0e-3 / width) == pytest.approx(0.167, abs=1e-3)
    assert 0.24**2 * 1e3 * width == pytest.approx(4.1, abs=0.05)
    assert millicharged.width_of_z(MZ / 2, MZ, alpha=1 / 128, sin2_theta_w=SINE2) == 0


def test_derivatives_are_finite_at_threshold():
    edge = particles.mass("J/psi") / 2
    mass = np.array([0.5, edge, 1.01 * edge])
    slope = jax.jit(jax.vmap(jax.grad(lambda m: millicharged.branching_ratio_two_body("J/psi", m))))(mass)
    assert np.all(np.isfinite(slope))
    slope = jax.jit(jax.vmap(jax.grad(lambda m: millicharged.branching_ratio_dalitz("eta", m).value)))(mass / 4)
    assert np.all(np.isfinite(slope))
    step = [millicharged.branching_ratio_dalitz("eta", 0.125 + d).value for d in (1e-6, -1e-6)]
    assert slope[0] == pytest.approx((step[0] - step[1]) / 2e-6, rel=1e-6)
