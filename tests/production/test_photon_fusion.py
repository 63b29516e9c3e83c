import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import constants, particles
from portico.matter.form_factors import Nucleus, elastic
from portico.production import photon_fusion
from portico.production import weizsaecker_williams as ww

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "production.json").read_text())["emission_by_muons"]
LEAD, MUON, ENERGY = Nucleus(82.0, 207.2), particles.mass("mu-"), 160.0
ROWS = [row for row in REFERENCE["values"] if row["kind"] == "photon_coupled"]
CROSS, MASS, EXPECTED = (np.array([row[name] for row in ROWS]) for name in ("x", "mass", "exact"))

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
GAMMA = np.zeros((4, 4, 4), dtype=complex)  # Dirac representation
GAMMA[0] = np.diag([1, 1, -1, -1])
for _k, _sigma in enumerate(([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]), start=1):
    GAMMA[_k, :2, 2:], GAMMA[_k, 2:, :2] = np.array(_sigma), -np.array(_sigma)


def _slash(p):
    return np.einsum("...m,mab->...ab", p @ METRIC, GAMMA)


def _trace(p, recoil, vector):
    """Half the sum over spins of |u'(p') gamma.V u(p)|^2 by explicit matrices."""
    one, v = MUON * np.eye(4), _slash(vector)
    return np.einsum("...ab,...bc,...cd,...da->...", _slash(recoil) + one, v, _slash(p) + one, v).real / 2


def _by_angles(x, mass, nodes):
    """Over the angle of a, t and the azimuth of the recoil about p - k, with Dirac matrices at every node."""
    omega, recoil_energy = x * ENERGY, (1 - x) * ENERGY
    p, k = np.sqrt(ENERGY**2 - MUON**2), np.sqrt(omega**2 - mass**2)
    r = np.sqrt(recoil_energy**2 - MUON**2)
    (a, a_weight), (b, b_weight) = (
        [(part[0] + 1) / 2, part[1] / 2] for part in map(np.polynomial.legendre.leggauss, nodes[:2])
    )
    phi = (np.arange(nodes[2]) + 0.5) * np.pi / nodes[2]
    turn = (MUON / ENERGY) ** 2 / 2
    span, total = np.log1p(2 / turn), 0.0
    minus_u0 = 2 * (MUON**2 * omega**2 + mass**2 * ENERGY**2 - (MUON * mass) ** 2) / (ENERGY * omega + p * k) - mass**2
    for node, weight in zip(a, a_weight, strict=True):
        opening = turn * np.expm1(span * node)
        minus_u = minus_u0 + 2 * p * k * opening
        v = np.sqrt((p - k) ** 2 + 2 * p * k * opening)
        excess = minus_u / (v + r)
        length = 2 * np.log((v + r) / excess)
        t = (excess**2 * np.exp(length * b))[:, None]
        turned = (t - excess**2) / (2 * v * r)
        sine = np.sqrt(np.maximum(turned * (2 - turned), 0.0))
        shape = np.broadcast_shapes(t.shape, phi.shape)
        recoil = np.stack(
            np.broadcast_arrays(recoil_energy, r * sine * np.cos(phi), r * sine * np.sin(phi), r * (1 - turned)), -1
        )
        k_vec = np.array([p * k * np.sqrt(opening * (2 - opening)) / v, 0.0, (p * k * (1 - opening) - k**2) / v])
        p_vec = np.broadcast_to([ENERGY, k_vec[0], 0.0, v + k_vec[2]], (*shape, 4))
        # p - p' is k minus the momentum of the nucleus, which is written without cancellation
        small = np.stack(np.broadcast_arrays(-recoil[..., 1], -recoil[..., 2], excess + r * turned), -1)
        vector = np.concatenate([np.zeros((*shape, 1)), np.cross(small, k_vec)], -1)
        q2 = np.sum((small + k_vec) ** 2, -1) - omega**2
        squared = np.mean(_trace(p_vec, recoil, vector) / q2**2, axis=-1)
        form = np.asarray(elastic(t[:, 0], LEAD)) / t[:, 0]
        total += weight * span * (opening + turn) / v * np.sum(b_weight * length * form * squared)
    return ENERGY * (4 * np.pi * constants.ALPHA) ** 2 * k / (16 * p * (2 * np.pi) ** 4) * 2 * np.pi * total


@pytest.mark.parametrize(("x", "mass"), [(0.9, 0.5), (0.5, 1.0)])
def test_cross_section_is_the_integral_of_dirac_traces_in_other_variables(x, mass):
    found = photon_fusion.dsigma_dx(1 - x, ENERGY, mass, lepton_mass=MUON, nucleus=LEAD)
    assert float(found.value) == pytest.approx(_by_angles(x, mass, (50, 60, 80)), rel=3e-6)  # nodes of the other one
    assert found.error < 1e-7 * found.value


def test_muons_on_lead_against_another_calculation():
    found = photon_fusion.dsigma_dx(1 - CROSS, ENERGY, MASS, lepton_mass=MUON, nucleus=LEAD)
    # that one converges slowly, as it says: it is 8e-5 to 2e-4 above the test before this, and 1e-6 at x = 0.9
    np.testing.assert_allclose(found.value, EXPECTED, rtol=2.5e-4)
    assert float(found.value[2]) == pytest.approx(EXPECTED[2], rel=1e-5)


def test_weizsaecker_williams_is_near():
    x, mass = np.array([0.5, 0.7, 0.9])[:, None], np.array([0.01, 0.1, 1.0])
    exact = photon_fusion.dsigma_dx(1 - x, ENERGY, mass, lepton_mass=MUON, nucleus=LEAD).value
    near = ww.dsigma_dx(1 - x, ENERGY, mass, lepton_mass=MUON, nucleus=LEAD, kind="photon_coupled").value
    np.testing.assert_allclose(near, exact, rtol=7e-3)


def test_weizsaecker_williams_fails_for_heavy_soft_axions():
    x, mass = np.array([0.2, 0.5, 0.2]), np.array([1.0, 2.0, 2.0])
    exact = photon_fusion.dsigma_dx(1 - x, ENERGY, mass, lepton_mass=MUON, nucleus=LEAD).value
    near = ww.dsigma_dx(1 - x, ENERGY, mass, lepton_mass=MUON, nucleus=LEAD, kind="photon_coupled").value
    # another calculation has -1.4%, -1.2% and -25%; it converges slowly, and the traces above, taken here, agree with ours
    np.testing.assert_allclose(near / exact - 1, [-0.0144, -0.0105, -0.214], rtol=0.01)
    assert _by_angles(0.2, 2.0, (60, 60, 80)) == pytest.approx(exact[2], rel=2e-3)  # nodes of the other one


@given(st.floats(0.05, 0.95), st.floats(0.01, 10), st.floats(0.5, 2))
@settings(max_examples=15)
def test_only_ratios_of_energies_count(missing, mass, scale):
    """dsigma/dx per g^2 has no unit: with a^2 t and t/d kept, it depends on ratios only; Z^2 = scale^6."""
    one = photon_fusion.dsigma_dx(missing, ENERGY, mass, lepton_mass=MUON, nucleus=LEAD)
    other = Nucleus(82.0 * scale**3, 207.2 / scale**3)
    two = photon_fusion.dsigma_dx(missing, ENERGY * scale, mass * scale, lepton_mass=MUON * scale, nucleus=other)
    assert float(two.value) == pytest.approx(float(one.value) * scale**6, rel=1e-9)


def test_nothing_outside_the_support():
    found = photon_fusion.dsigma_dx([1e-4, 0.5, 0.0, 1.0], 160.0, [0.1, 90.0, 0.1, 0.1], lepton_mass=MUON, nucleus=LEAD)
    assert found.value.tolist() == found.error.tolist() == [0.0] * 4
