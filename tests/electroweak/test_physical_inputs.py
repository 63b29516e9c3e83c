"""From measured masses to the gauge basis and back."""

import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from portico.electroweak import neutral_mixing, physical_inputs

MZ, SINE2 = 91.1876, 0.23122
PRODUCT = SINE2 * (1 - SINE2)
_from_physical = jax.jit(physical_inputs.states_from_physical)
_forward = jax.jit(neutral_mixing.neutral_states)
_gap = jax.jit(lambda eta: physical_inputs.gap(PRODUCT, physical_inputs.repulsion_at_eta(eta)))
_charge_gap = jax.jit(lambda t, a: physical_inputs.gap(PRODUCT, physical_inputs.repulsion_at_charge(t, a)))


@jax.jit
def _from_charge(zprime_mass, charge, theta):
    terms = physical_inputs.repulsion_at_charge(charge, theta)
    basis = physical_inputs.gauge_basis(MZ, zprime_mass, PRODUCT, terms, None)
    return physical_inputs.kappa_at_charge(charge, theta, basis.hatted_sine2)


def numbers(count):
    rng = np.random.default_rng(3)
    kappa, theta = rng.uniform(-0.99, 0.99, count), rng.uniform(0, math.pi / 2, count)
    return MZ * 10 ** rng.uniform(-4, 2, count), kappa, theta


def test_gauge_basis_gives_back_the_measured_masses():
    zprime, kappa, theta = numbers(20_000)
    states, basis = jax.tree.map(np.asarray, _from_physical(MZ, zprime, PRODUCT, kappa, theta))
    known = np.isfinite(basis.w_mass)
    assert 0.8 < np.mean(known) < 0.95
    again = _forward(basis.unmixed_z_mass, basis.sin2_theta_w, basis.dark_mass, kappa, theta)
    masses = np.sort([again.z_mass, again.zprime_mass], axis=0)[:, known]
    np.testing.assert_allclose(masses, np.sort([MZ + 0 * zprime, zprime], axis=0)[:, known], rtol=1e-13)
    sine2 = basis.hatted_sine2[known]
    np.testing.assert_allclose(sine2 * (1 - sine2) * basis.hatted_mass[known] ** 2, PRODUCT * MZ**2, rtol=1e-14)
    np.testing.assert_allclose(basis.unmixed_z_mass**2 * (1 - basis.sin2_theta_w), basis.w_mass**2, rtol=1e-14)
    # the same states: the label of the two may differ where they all but repel each other
    alike = known & ((np.asarray(again.z_mass) > again.zprime_mass) == (zprime < MZ))
    assert np.mean(alike[known]) > 0.99
    for one, other in zip(states.zprime, again.zprime, strict=True):
        np.testing.assert_allclose(one[alike], np.asarray(other)[alike], rtol=1e-6, atol=1e-12)


def test_there_is_a_solution_exactly_outside_the_gap():
    zprime, kappa, theta = numbers(20_000)
    _, basis = _from_physical(MZ, zprime, PRODUCT, kappa, theta)
    low, high = (np.asarray(v) for v in _gap(neutral_mixing.hypercharge_mixing(kappa, theta).eta))
    inside = (zprime / MZ > low) & (zprime / MZ < high)
    np.testing.assert_array_equal(np.isnan(basis.w_mass), inside)


def test_gap_is_the_repulsion_of_both_states():
    """About s_W eta m_Z to each side; 3.4 GeV would be the Z' next to it at eta = 0.08."""
    low, high = (float(v) for v in _gap(1e-3))
    width = 1e-3 * math.sqrt(SINE2)
    assert (1 - low) == pytest.approx(width, rel=2e-3)
    assert (high - 1) == pytest.approx(width, rel=2e-3)
    low, high = (float(v) for v in _gap(0.0))
    assert low == high == 1


@pytest.mark.parametrize(
    ("eta", "ratio"), [(0.1, 1e-3), (0.1, 0.9), (0.3, 1.5), (0.01, 0.98), (0.01, 1.02), (0.5, 30.0)]
)
def test_root_is_that_of_an_independent_search(eta, ratio):
    """T and det of the squared masses, with scipy's bracketing between 1 and the mass of the Z'."""

    def left(y):
        cos2 = (1 + math.sqrt(1 - 4 * PRODUCT / y)) / 2
        return y * (1 + (1 - cos2) * eta**2) + ratio**2 / y - 1 - ratio**2

    middle = math.sqrt(ratio**2) if abs(ratio - 1) < 0.5 else (1 + 1e-9 + (0.72 if ratio < 1 else ratio**2)) / 2
    exact = brentq(left, min(1, middle), max(1, middle), xtol=1e-16, rtol=1e-15)
    found = jax.jit(physical_inputs.hatted_mass_squared)(ratio**2, PRODUCT, physical_inputs.repulsion_at_eta(eta))
    assert float(found) == pytest.approx(exact, rel=1e-13)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(-3, 1.5).map(lambda x: MZ * 10.0**x), st.floats(-5, -0.5).map(lambda x: 10.0**x), st.floats(0, 1.4))
def test_charge_and_kinetic_mixing_are_inverse(zprime, charge, theta):
    """The photon's component along the dark current is the charge that was asked for."""
    kappa = float(_from_charge(zprime, charge, theta))
    if math.isnan(kappa) or kappa > 0.999:
        low, high = (MZ * float(v) for v in _charge_gap(charge, theta))
        assert low <= zprime <= high or kappa > 0.999
        return
    states, basis = _from_physical(MZ, zprime, PRODUCT, kappa, theta)
    if math.isnan(states.z_mass):
        assert abs(zprime / MZ - 1) < 1e-8  # inside a gap that rounding alone makes or breaks
        return
    charge_found = -float(states.photon.dark_em)  # over the coupling of the photon to the physical charge, e c_EM
    gauge = math.sqrt(1 - float(basis.hatted_sine2)) / math.sqrt(1 - float(basis.sin2_theta_w))
    n = math.sqrt(1 - (kappa * math.cos(theta)) ** 2)
    assert float(states.photon.em) == pytest.approx(gauge / n, rel=1e-12)
    assert charge_found == pytest.approx(charge, rel=1e-9)
    again = float(physical_inputs.charge_at_kappa(kappa, theta, basis.hatted_sine2))
    assert again == pytest.approx(charge, rel=1e-9)


@pytest.mark.parametrize(("zprime", "shift"), [(0.1, -1.32), (10, -1.34), (50, -1.89), (80, -5.74), (150, 0.77)])
def test_w_mass_shifts_at_fixed_inputs(zprime, shift):
    """eta = 1e-2 at fixed alpha, G_F and m_Z, in MeV."""
    kappa = 1e-2 / math.sqrt(1 + 1e-4)  # at theta_W' = pi/2
    _, basis = _from_physical(MZ, zprime, PRODUCT, kappa, math.pi / 2)
    w_mass = MZ * math.sqrt(1 - SINE2)
    assert 1e3 * (float(basis.w_mass) - w_mass) == pytest.approx(shift, abs=0.006)
    if zprime < 1:
        light = -0.5e-4 * SINE2 * (1 - SINE2) / (1 - 2 * SINE2)
        assert float(basis.w_mass) / w_mass - 1 == pytest.approx(light, rel=1e-3)


def test_standard_model_without_mixing():
    states, basis = _from_physical(MZ, 3.0, PRODUCT, 0.0, 0.5)
    assert float(basis.hatted_sine2) == pytest.approx(SINE2, rel=1e-15)
    assert float(basis.unmixed_z_mass) == pytest.approx(MZ, rel=1e-15)
    assert float(basis.dark_mass) == 3.0
    assert float(states.photon.em) == pytest.approx(1, rel=1e-15)


def test_derivatives_follow_the_root():
    def numbers_at(zprime, kappa, theta):
        states, basis = physical_inputs.states_from_physical(MZ, zprime, PRODUCT, kappa, theta)
        return jax.numpy.stack([basis.w_mass, basis.dark_mass, states.zprime.z, states.z.dark_z, states.zprime.em])

    at = np.array([[3.0, 1e-2, 0.5], [85.0, 0.1, 0.5], [120.0, -0.3, 1.0], [3.0, 0.0, 0.0]]).T
    slopes = np.stack(jax.jit(jax.vmap(jax.jacfwd(numbers_at, argnums=(0, 1, 2))))(*at))
    values = jax.jit(jax.vmap(numbers_at))
    for place in range(3):
        step = np.where(np.arange(3) == place, 1e-5, 0.0)[:, None]
        central = (values(*(at + step)) - values(*(at - step))) / 2e-5
        np.testing.assert_allclose(slopes[place], central, rtol=1e-5, atol=1e-7)
