import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import particles
from portico.constants import ALPHA, ALPHA_S_MZ
from portico.decays import hadronic_ratio as hr
from portico.decays import vector
from portico.errors import DataError

ROOT = Path(__file__).parents[2]
REFERENCE = json.loads((ROOT / "tests" / "reference" / "decays.json").read_text())
MUON = 0.1056583755
Z_MASS = 91.188


def _script():
    spec = importlib.util.spec_from_file_location("make_hadronic_ratio", ROOT / "scripts" / "make_hadronic_ratio.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def regenerated():
    return _script().table_text()


@pytest.fixture(scope="module")
def fine():
    """sqrt(s) with three points inside every interval of the table, and the direct model there."""
    grid = hr.table()[0]
    points = np.sort(np.concatenate([grid, *(grid[:-1] + part * np.diff(grid) for part in (0.21, 0.5, 0.86))]))
    return points, np.asarray(jax.jit(hr.ratio_model)(points**2))


def test_shipped_table_is_what_the_script_makes(regenerated):
    shipped = (ROOT / "src" / "portico" / "decays" / "hadronic_ratio.csv").read_text(encoding="utf-8")
    new, old = regenerated.splitlines(), shipped.splitlines()
    assert new[:4] == old[:4], "parameters changed: run scripts/make_hadronic_ratio.py"
    # another processor may round the last digit and then split one interval more: compare as functions, to 2e-4
    x, y = np.array([row.split(",") for row in new[4:]], float)[:, :2].T
    grid, ratio, _ = hr.table()
    np.testing.assert_allclose(np.interp(grid, x, y), ratio, rtol=2e-4, atol=2e-6)


def test_table_is_small_and_reads_without_slow_imports():
    assert (ROOT / "src" / "portico" / "decays" / "hadronic_ratio.csv").stat().st_size < 400_000
    code = (
        "import sys, portico.decays.vector, portico.decays.hadronic_ratio as h\n"
        "print('particle' in sys.modules, h.table.cache_info().currsize, h.parameters.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "0", "0"]


def test_table_reproduces_the_model_to_1e_4(fine):
    points, exact = fine
    error = np.abs(np.asarray(hr.hadronic_ratio(points)) - exact)
    # 1e-6 absolute: next to threshold R -> 0 like beta^3, where no linear table has a relative accuracy
    assert np.all(error <= np.maximum(1e-4 * exact, 1e-6))


@pytest.mark.parametrize("entry", REFERENCE["branching_to_electrons"]["values"], ids=lambda e: str(e["mass"]))
def test_branching_to_electrons_agrees_with_public_codes(entry):
    lepton = [float(vector.width_to_leptons(entry["mass"], 1e-3, particles.mass(n))) for n in ("e-", "mu-", "tau-")]
    total = sum(lepton) + float(vector.width_to_hadrons(entry["mass"], 1e-3))
    tolerance = REFERENCE["branching_to_electrons"]["tolerance"]
    assert lepton[0] / total == pytest.approx(entry["branching"], rel=tolerance)


@pytest.mark.parametrize("entry", REFERENCE["ratio_form_factor_code"]["values"], ids=lambda e: str(e["sqrt_s"]))
def test_ratio_agrees_with_a_form_factor_code(entry):
    assert float(hr.hadronic_ratio(entry["sqrt_s"])) == pytest.approx(entry["ratio"], rel=entry["tolerance"])


@pytest.mark.parametrize("entry", REFERENCE["ratio_inclusive"]["values"], ids=lambda e: str(e["sqrt_s"]))
def test_ratio_agrees_with_inclusive_measurements(entry):
    tolerance = REFERENCE["ratio_inclusive"]["tolerance"]
    assert float(hr.hadronic_ratio(entry["sqrt_s"])) == pytest.approx(entry["ratio"], rel=tolerance)


def _kernel(s):
    """Muon kernel, int_0^1 dx x^2 (1-x)/(x^2 + (1-x) s/m^2), 64 Gauss nodes in u, x = 1 - u^2."""
    node, weight = np.polynomial.legendre.leggauss(64)
    u, w = (node + 1) / 2, weight / 2
    x = 1 - u**2
    return np.sum(w * 2 * u * x**2 * u**2 / (x**2 + u**2 * (np.asarray(s)[..., None] / MUON**2)), axis=-1)


def test_leading_order_muon_anomaly(fine):
    points, ratio = fine
    # a_mu = (alpha/3 pi)^2 3 int ds/s K R = alpha^2/(3 pi^2) int ...; above 12 GeV by perturbation theory
    high = np.geomspace(12.0, 39.9, 400)
    integral = 0.0
    for x, y in ((points, ratio), (high, np.asarray(hr.ratio_perturbative(high**2)))):
        integral += np.trapezoid(y * _kernel(x**2) * 2 / x, x)
    reference = REFERENCE["muon_anomaly"]
    assert ALPHA**2 / (3 * np.pi**2) * integral == pytest.approx(reference["value"], rel=reference["tolerance"])


def test_running_of_alpha_to_the_z_mass(fine):
    points, ratio = fine
    high = np.geomspace(12.0, 1e4, 20001)[1:]
    x = np.concatenate([points, high])
    y = np.concatenate([ratio, np.asarray(hr.ratio_perturbative(high**2))])
    at_pole = float(hr.ratio_perturbative(Z_MASS**2))
    # principal value: subtract R(M_Z), whose integral is known
    finite = np.trapezoid((y - at_pole) * 2 / (x * (x**2 - Z_MASS**2)), x)
    edges = np.log(np.abs(1 - Z_MASS**2 / x[[0, -1]] ** 2)) / Z_MASS**2
    delta_alpha = -ALPHA * Z_MASS**2 / (3 * np.pi) * (finite + at_pole * (edges[1] - edges[0]))
    reference = REFERENCE["running_of_alpha"]
    assert delta_alpha == pytest.approx(reference["value"], rel=reference["tolerance"])


def test_kaons_with_pion_reproduce_their_published_share():
    channel = hr.parameters()["channels"]["kaons_with_pion"]
    nodes, sigma = (np.asarray(channel[key]["value"]) for key in ("sqrt_s", "sigma"))
    x = np.linspace(nodes[0], 1.8, 2000)
    ratio = channel["factor"]["value"] * np.interp(x, nodes, sigma) * x**2 / hr._POINT_SIGMA_NB
    share = ALPHA**2 / (3 * np.pi**2) * np.trapezoid(ratio * _kernel(x**2) * 2 / x, x)
    reference = REFERENCE["kaons_with_pion_in_muon_anomaly"]
    assert share == pytest.approx(reference["value"], rel=reference["tolerance"])


@pytest.mark.parametrize("number", range(2, 7))
def test_area_of_a_narrow_resonance(number):
    table = hr.parameters()["resonances"]
    mass, width, width_ee, share = (
        table[k]["value"][number] for k in ("masses", "widths", "widths_ee", "branching_hadrons")
    )
    # s - M^2 = M Gamma tan(phi) flattens the peak; the 1 % of the area beyond 60 widths is cut by phi
    phi, weight = np.polynomial.legendre.leggauss(40)
    phi = phi * (np.pi / 2 - 1 / 120)
    s = mass**2 + mass * width * np.tan(phi)
    ratio = np.asarray(hr.ratio_heavy_resonances(s)) * mass * width / np.cos(phi) ** 2
    area = np.sum(weight * ratio) * np.pi / 2
    assert area == pytest.approx(9 * np.pi * mass * width_ee * share / ALPHA**2, rel=1e-2)


@pytest.mark.parametrize(("name", "number"), [("J/psi", 2), ("psi(2S)", 3), ("Upsilon(1S)", 4), ("Upsilon(3S)", 6)])
def test_table_keeps_the_area_of_the_narrow_peaks(name, number):
    table = hr.parameters()["resonances"]
    mass, width, width_ee, share = (
        table[k]["value"][number] for k in ("masses", "widths", "widths_ee", "branching_hadrons")
    )
    x = mass + width / 2 * np.sinh(np.linspace(-6, 6, 40001))
    excess = np.asarray(hr.hadronic_ratio(x)) - np.asarray(hr.ratio_perturbative(x**2))
    # the tails beyond 100 widths hold 0.3 % of the area, the neighbours less
    area = np.trapezoid(excess * 2 * x, x)
    assert area == pytest.approx(9 * np.pi * mass * width_ee * share / ALPHA**2, rel=6e-3), name


def test_peak_of_a_resonance_is_its_branching_ratio():
    peak = float(hr.ratio_resonance(1.0, 1.0, 1e-3, 2e-6, 0.7))
    assert peak == pytest.approx(9 * 2e-3 * 0.7 / ALPHA**2, rel=1e-12)


def test_masses_and_widths_are_those_of_the_particle_table():
    table = hr.parameters()["resonances"]
    for name, mass, width in zip(table["names"], table["masses"]["value"], table["widths"]["value"], strict=True):
        assert mass == pytest.approx(particles.mass(name), abs=2e-6)
        assert width == pytest.approx(particles.width(name), rel=2e-3)
    assert hr.parameters()["pion"]["mass"]["value"] == pytest.approx(particles.mass("pi+"), rel=1e-8)
    assert hr.parameters()["kaon"]["mass"]["value"] == pytest.approx(particles.mass("K+"), rel=1e-6)
    thresholds = hr.parameters()["perturbative"]
    assert thresholds["charm_threshold"]["value"] == pytest.approx(2 * particles.mass("D0"), abs=1e-4)
    assert thresholds["bottom_threshold"]["value"] == pytest.approx(2 * particles.mass("B0"), abs=1e-4)


def test_strong_coupling_is_matched_and_reproduces_the_z_mass_value():
    # 1e-4: the stored Lambda have six digits
    assert float(hr.strong_coupling(Z_MASS**2, 5)) == pytest.approx(ALPHA_S_MZ, rel=1e-4)
    assert float(hr.strong_coupling(4.18**2, 4)) == pytest.approx(float(hr.strong_coupling(4.18**2, 5)), rel=1e-4)
    assert float(hr.strong_coupling(1.27**2, 3)) == pytest.approx(float(hr.strong_coupling(1.27**2, 4)), rel=1e-4)
    # alpha_s(m_tau) = 0.314(14), PDG 2024
    assert float(hr.strong_coupling(1.777**2, 3)) == pytest.approx(0.314, abs=0.014)


def test_perturbative_ratio_approaches_the_parton_model():
    # far above all thresholds only alpha_s/pi and its powers are left: 11/3 (1 + 0.0376 + ...) at the Z mass
    a = ALPHA_S_MZ / np.pi
    expected = 11 / 3 * (1 + a + 1.40970 * a**2 - 12.767 * a**3)
    # 2e-3: charm and bottom masses, (m_B/M_Z)^4 and alpha_s m^2/s
    assert float(hr.ratio_perturbative(Z_MASS**2)) == pytest.approx(expected, rel=2e-3)


def test_form_factor_at_threshold_follows_the_charge_radius():
    # |F| = 1 + s <r^2>/6 + ... with <r^2> = 11.2 GeV^-2 (0.659 fm, PDG 2024); 8 %: the term of order s^2 at s = 0.078
    s = 4 * 0.13957039**2 * (1 + 1e-9)
    assert abs(complex(hr.pion_form_factor(s))) == pytest.approx(1 + s * 11.2 / 6, rel=0.08)


def test_rho_couples_to_electrons_as_measured():
    # peak R = 9 B_ee/alpha^2; the omega mixing nearly vanishes at the rho mass itself
    mass, width = (hr.parameters()["pion_form_factor"][key]["value"][0] for key in ("masses", "widths"))
    width_ee = float(hr.ratio_two_pions((mass - 0.01) ** 2)) * ALPHA**2 * width / 9
    reference = REFERENCE["rho_width_ee"]
    assert width_ee == pytest.approx(reference["value"], rel=reference["tolerance"])


def test_rho_decays_into_two_pions_with_its_width():
    # Watson: below inelasticity the phase of F is the P-wave phase, tan(delta) = M Gamma/(M^2 - s) near the pole;
    # 15 %: rho', omega and the real part of the self energy shift the phase
    x = 0.725
    mass, width = (hr.parameters()["pion_form_factor"][key]["value"][0] for key in ("masses", "widths"))
    phase = np.angle(complex(hr.pion_form_factor(x**2)))
    assert np.tan(phase) * (mass**2 - x**2) / mass == pytest.approx(width, rel=0.15)


def test_ratio_is_zero_below_two_pions_and_nan_beyond_its_validity():
    mass = jnp.array([-1.0, 0.0, 0.1, 0.27914])
    assert not np.any(np.asarray(hr.hadronic_ratio(mass)))
    assert not np.any(np.asarray(hr.ratio_model(mass[1:] ** 2)))
    assert np.isnan(float(hr.hadronic_ratio(40.1)))
    assert np.isnan(float(hr.hadronic_ratio_uncertainty(40.1)))


def test_table_joins_the_perturbative_formula():
    # at 12 GeV the tail of the Upsilons is 1e-5 of R
    below, above = (float(hr.hadronic_ratio(x)) for x in (12.0, 12.0000001))
    assert below == pytest.approx(above, rel=1e-4)


@pytest.mark.slow  # compiles for long
def test_gradients_are_finite_everywhere():
    grid = np.concatenate(
        [[0.0, 0.2, 0.27914078, 0.3, 0.41871117], np.linspace(0.4, 13.0, 300), [3.72968, 10.55944, 1.6, 2.0]]
    )
    table_gradient = jax.vmap(jax.grad(hr.hadronic_ratio))(grid)
    model_gradient = jax.jit(jax.vmap(jax.grad(hr.ratio_model)))(grid**2)
    assert np.all(np.isfinite(table_gradient))
    assert np.all(np.isfinite(model_gradient))


@pytest.mark.slow  # compiles for long
def test_gradient_of_the_model_is_its_difference_quotient():
    s = jnp.array([0.3, 0.6, 2.1, 3.3, 20.0])
    gradient = jax.vmap(jax.grad(hr.ratio_model))(s)
    quotient = (hr.ratio_model(s + 1e-6) - hr.ratio_model(s - 1e-6)) / 2e-6
    # 1e-5: rounding over the step
    np.testing.assert_allclose(gradient, quotient, rtol=1e-5, atol=1e-8)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.0, 40.0))
def test_ratio_and_band_are_sane(mass):
    ratio, band = float(hr.hadronic_ratio(mass)), float(hr.hadronic_ratio_uncertainty(mass))
    assert 0 <= ratio < 1e4
    assert (ratio > 0) == (mass > 0.27914078)
    assert 0.02 < band < 0.3


def test_array_equals_loop_of_scalars_under_jit():
    mass = jnp.array([[0.3, 0.77], [3.0969, 25.0]])
    expected = [[float(hr.hadronic_ratio(m)) for m in row] for row in mass]
    np.testing.assert_allclose(jax.jit(hr.hadronic_ratio)(mass), expected, rtol=1e-14)


def test_every_parameter_has_unit_source_and_status():
    hr.parameters.cache_clear()
    assert hr.parameters()["channels"]
    with pytest.raises(DataError, match="mass lacks source"):
        hr._check_entries({"mass": {"value": 1.0, "unit": "GeV", "status": "assumed"}}, "here")
    with pytest.raises(DataError, match="status 'guessed'; known: published"):
        hr._check_entries({"mass": {"value": 1.0, "unit": "GeV", "source": "x", "status": "guessed"}}, "here")
