"""Widths of a vector with vector and axial couplings: closed forms, the measured Z, limits."""

import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.constants import ALPHA
from portico.decays import neutral_current, vector
from portico.decays.neutral_current import Current

SINE2, MZ, E2 = 0.23122, 91.1876, 4 * math.pi / 127.95
G_Z = math.sqrt(E2 / (SINE2 * (1 - SINE2)))
TOP = 172.6


def z_current(charge, isospin):
    return neutral_current.standard_model_current(0.0, G_Z, SINE2, charge, isospin)


def test_z_to_fermions_has_the_closed_form_and_the_measured_widths():
    electron, neutrino = z_current(-1, -0.5), z_current(0, 0.5)
    width = 1e3 * float(neutral_current.width_to_fermions(MZ, *electron, 0.0))
    exact = 1e3 * MZ / (12 * math.pi) * G_Z**2 * ((-0.25 + SINE2) ** 2 + 0.25**2)
    assert width == pytest.approx(exact, rel=1e-12)
    assert width == pytest.approx(84.00, abs=0.005)
    assert width == pytest.approx(83.98, abs=0.09)
    weyl = 1e3 * float(neutral_current.width_to_fermions(MZ, *neutrino, 0.0))
    assert weyl == pytest.approx(1e3 * G_Z**2 * MZ / (96 * math.pi), rel=1e-12)
    hadrons = 1e3 * float(neutral_current.width_to_hadrons(MZ, z_current(2 / 3, 0.5), z_current(-1 / 3, -0.5), TOP))
    assert hadrons == pytest.approx(1744, rel=5e-3)  # PDG 2024: 1744.4(2.0)
    assert 3 * (width + weyl) + hadrons == pytest.approx(2495, rel=5e-3)


def test_hadrons_are_continuous_where_quarks_take_over():
    couplings = Current(2 / 3, 0.0), Current(-1 / 3, 0.0)
    below, above = (
        float(neutral_current.width_to_hadrons(m, *couplings, TOP)) for m in (12 * (1 - 1e-12), 12 * (1 + 1e-12))
    )
    assert above == pytest.approx(below, rel=3e-3)
    photon_like = vector.width_to_hadrons(np.array([0.2, 0.8, 3.0, 11.0]), 1.0)
    e = math.sqrt(4 * math.pi * ALPHA)
    found = neutral_current.width_to_hadrons(
        np.array([0.2, 0.8, 3.0, 11.0]), Current(2 / 3 * e, 0.0), Current(-1 / 3 * e, 0.0), TOP
    )
    np.testing.assert_allclose(found, photon_like, rtol=1e-12)


def test_top_quarks_open():
    couplings = Current(0.1, 0.1), Current(0.0, 0.0)
    light = neutral_current.width_to_hadrons(2 * TOP * (1 - 1e-9), *couplings, TOP)
    heavy = neutral_current.width_to_hadrons(1e5, *couplings, TOP)
    assert heavy / 1e5 / (light / (2 * TOP)) == pytest.approx(1.5, rel=0.02)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.floats(-2, 3).map(lambda x: 10.0**x), st.floats(0, 0.6), st.floats(0.01, 2), st.floats(-2, 2))
def test_fermion_width_is_even_and_quadratic_and_vanishes_below_threshold(mass, ratio, v, a):
    found = _widths(np.array([mass]), v, a, ratio * mass)
    width = float(found[0])
    assert (width > 0) == (ratio < 0.5)
    assert float(_widths(np.array([mass]), -v, 2 * a, ratio * mass)[0] - 4 * _widths(np.array([mass]), -v / 2, a, ratio * mass)[0]) == pytest.approx(0, abs=1e-12 * mass)  # fmt: skip
    alpha_dark = v**2 / (4 * math.pi)
    dirac = float(_dirac(np.array([mass]), alpha_dark, ratio * mass)[0])
    assert float(_widths(np.array([mass]), v, 0.0, ratio * mass)[0]) == pytest.approx(dirac, rel=1e-9)


_widths, _dirac = jax.jit(neutral_current.width_to_fermions), jax.jit(vector.width_to_dirac)


def test_w_pairs_and_z_with_higgs_are_alike_far_above_threshold():
    """Goldstone bosons: Gamma(W W) = Gamma(Z h) for a vector coupled to the Higgs doublet; g m_Z^2/M^2 and g m_Z for their parts."""
    mass, w_mass, g = 1e5, MZ * math.sqrt(1 - SINE2), 0.01
    pairs = neutral_current.width_to_w_pair(mass, g * w_mass**2 / mass**2, w_mass)
    associated = neutral_current.width_to_z_higgs(mass, g * MZ, MZ, 125.2)
    assert float(pairs) == pytest.approx(g**2 * mass / (192 * math.pi), rel=1e-4)
    assert float(associated) == pytest.approx(g**2 * mass / (192 * math.pi), rel=1e-4)
    assert float(neutral_current.width_to_w_pair(2 * w_mass, 1.0, w_mass)) == 0
    assert float(neutral_current.width_to_z_higgs(MZ + 125.2, 1.0, MZ, 125.2)) == 0


def test_derivatives_are_finite_at_thresholds():
    def total(mass):
        return (
            neutral_current.width_to_fermions(mass, 0.1, 0.2, 1.0)
            + neutral_current.width_to_hadrons(mass, Current(0.1, 0.1), Current(0.2, 0.1), TOP)
            + neutral_current.width_to_w_pair(mass, 0.1, 80.0)
            + neutral_current.width_to_z_higgs(mass, 0.1, 91.0, 125.0)
        )

    at = np.array([0.1, 2.0, 2.0 + 1e-9, 12.0, 160.0, 216.0, 216.0 + 1e-9, 2 * TOP, 500.0])
    assert np.all(np.isfinite(jax.jit(jax.vmap(jax.grad(total)))(at)))
