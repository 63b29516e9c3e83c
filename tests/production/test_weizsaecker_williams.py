import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import UnknownName, constants, particles
from portico.matter.form_factors import Nucleus
from portico.production import exact_bremsstrahlung, nuclear_bremsstrahlung
from portico.production import weizsaecker_williams as ww

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "production.json").read_text())["emission_by_muons"]
LEAD, MUON = Nucleus(82.0, 207.2), particles.mass("mu-")
UNIT = {kind: 1.0 if kind == "photon_coupled" else 4 * np.pi * constants.ALPHA for kind in ww.KINDS}


def _muons(missing, mass, kind, **names):
    return ww.dsigma_dx(missing, 160.0, mass, lepton_mass=MUON, nucleus=LEAD, kind=kind, **names)


@pytest.mark.parametrize("kind", ww.KINDS)
def test_muons_on_lead_agree_with_another_calculation(kind):
    rows = [row for row in REFERENCE["values"] if row["kind"] == kind]
    x, mass, expected = (np.array([row[name] for row in rows]) for name in ("x", "mass", "ww"))
    assert x.size == 4
    found = _muons(1 - x, mass, kind)
    np.testing.assert_allclose(found.value / UNIT[kind], expected, rtol=1e-5)  # theirs is good to 8e-6
    assert np.all(found.error < 1e-7 * found.value)


@pytest.mark.parametrize("kind", ["vector", "pseudoscalar", "photon_coupled"])
def test_muons_that_lose_more_than_half(kind):
    table = REFERENCE["above_half"]
    nodes, weights = np.polynomial.legendre.leggauss(24)
    low, high = np.log(MUON / 160), np.log(0.5)
    missing = np.exp(low + (high - low) * (nodes + 1) / 2)
    density = _muons(missing, np.array(table["mass"])[:, None], kind).value / UNIT[kind]
    sigma = np.sum(weights / 2 * (high - low) * missing * density, axis=-1)
    np.testing.assert_allclose(sigma, table[kind], rtol=table["tolerance"])
    np.testing.assert_allclose(sigma, table[kind], rtol=2e-4)  # what is found, 24 nodes


@pytest.mark.slow  # compiles for long
@pytest.mark.parametrize("kind", exact_bremsstrahlung.KINDS)
def test_within_a_percent_of_the_exact_tree_level_for_muons(kind):
    x, mass = np.array([0.2, 0.5, 0.9])[:, None], np.array([0.001, 0.1, 1.0])
    exact = exact_bremsstrahlung.dsigma_dx(1 - x, 160.0, mass, lepton_mass=MUON, nucleus=LEAD, kind=kind)
    ratio = _muons(1 - x, mass, kind).value / exact.value
    assert np.all(np.abs(ratio - 1) < 0.0095)  # 0 to 0.9% for V, P and S
    assert np.any(np.abs(ratio - 1) > 2e-3)  # it is an approximation


def test_it_fails_at_the_ends_as_known():
    def ratio(x, mass, kind):
        exact = exact_bremsstrahlung.dsigma_dx(1 - x, 160.0, mass, lepton_mass=MUON, nucleus=LEAD, kind=kind)
        return float(_muons(1 - x, mass, kind).value / exact.value) - 1

    # two digits are given
    assert ratio(0.97, 0.01, "vector") == pytest.approx(0.014, abs=2e-3)
    assert ratio(0.01, 1.0, "pseudoscalar") == pytest.approx(-0.33, abs=0.01)
    assert ratio(0.01, 1.0, "scalar") == pytest.approx(-0.33, abs=0.02)
    assert ratio(0.05, 3.0, "vector") == pytest.approx(-0.06, abs=0.01)


@pytest.mark.parametrize("kind", exact_bremsstrahlung.KINDS)
def test_small_angles_give_the_closed_form(kind):
    """``ww`` is the same with U = E^2 theta^2 x + U_0 and t_max = m^2 + m_mu^2: they meet at high energy."""
    x, mass, energy = np.array([0.3, 0.6, 0.9]), 0.1, 16000.0
    full = ww.dsigma_dx(1 - x, energy, mass, lepton_mass=MUON, nucleus=LEAD, kind=kind, t_max=mass**2 + MUON**2).value
    closed = nuclear_bremsstrahlung.dsigma_dx(1 - x, energy, mass, lepton_mass=MUON, nucleus=LEAD, kind=kind, order=96)
    np.testing.assert_allclose(closed, full, rtol=1e-5)  # (mass/energy)^2 is far below


@pytest.mark.parametrize("kind", ["scalar", "pseudoscalar"])
def test_printed_closed_form_is_for_vectors(kind):
    with pytest.raises(ValueError, match=f"iww is printed for vectors only; use iww_full or ww for a {kind}"):
        nuclear_bremsstrahlung.dsigma_dx(
            0.5, 160.0, 0.1, lepton_mass=MUON, nucleus=LEAD, kind=kind, approximation="iww"
        )


def test_heavy_parity_partners_are_alike():
    """m >> m_mu: the scalar's m^2 - 4 m_mu^2 and the pseudoscalar's m^2 differ by 4 m_mu^2/m^2."""
    mass = np.array([1.0, 3.0])
    one, two = (
        nuclear_bremsstrahlung.dsigma_dx(
            0.5, 160.0, mass, lepton_mass=MUON, nucleus=LEAD, kind=kind, approximation="iww_full"
        )
        for kind in ("scalar", "pseudoscalar")
    )
    assert np.all(np.abs(np.asarray(one / two) - 1) < 4 * (MUON / mass) ** 2)


@given(st.floats(0.01, 0.99), st.floats(1e-3, 5), st.floats(0, 4))
def test_vector_amplitude_is_that_of_liu_and_miller(x, mass, log_ratio):
    u = -(mass**2 * (1 - x) / x + MUON**2 * x) * np.exp(log_ratio)
    found = float(ww.amplitude(u, x, mass, MUON))
    rest = 4 * (mass**2 + 2 * MUON**2) * (u * x + mass**2 * (1 - x) + MUON**2 * x**2) / u**2
    assert found == pytest.approx(2 * (x**2 - 2 * x + 2) / (1 - x) + rest, rel=1e-9)


@given(st.floats(0.05, 0.95), st.floats(1e-3, 2), st.sampled_from(ww.KINDS))
@settings(max_examples=20)
def test_cross_section_is_positive_inside_its_support_and_nothing_outside(missing, mass, kind):
    found = _muons(missing, mass, kind)
    assert float(found.value) > 0
    np.testing.assert_array_equal(_muons([1e-4, 1.0, 0.5], [0.1, 0.1, 90.0], kind).value, 0.0)


def test_kind_that_is_not_known():
    with pytest.raises(UnknownName, match=r"no kind of emitted particle named 'vectro'\. Did you mean 'vector'"):
        _muons(0.5, 0.1, "vectro")
    with pytest.raises(UnknownName, match="Did you mean 'vector'"):
        nuclear_bremsstrahlung.dsigma_dx(0.5, 160.0, 0.1, lepton_mass=MUON, nucleus=LEAD, kind="vectro")


def test_inelastic_part_for_muons():
    """What other calculations add for the inelastic part is that of the form factor as printed, with the extra square."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    low, high = np.log(MUON / 160), np.log(0.5)
    missing = np.exp(low + (high - low) * (nodes + 1) / 2)
    mass = np.array([0.1, 1.0, 2.0, 3.0, 5.0])[:, None]
    sigma = {
        form: np.sum(weights * missing * _muons(missing, mass, "vector", form=form).value, axis=-1)
        for form in ("elastic", "elastic_inelastic", "elastic_inelastic_squared")
    }
    printed, right = (sigma[form] / sigma["elastic"] - 1 for form in ("elastic_inelastic_squared", "elastic_inelastic"))
    np.testing.assert_allclose(printed, [0.018, 0.034, 0.07, 0.17, 0.91], rtol=0.04)  # two digits are given
    np.testing.assert_allclose(right, [0.0196, 0.0393, 0.0895, 0.226, 1.495], rtol=0.01)  # and without it
