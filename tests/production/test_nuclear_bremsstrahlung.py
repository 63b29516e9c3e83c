import json
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from portico import constants, particles
from portico.constants import ALPHA
from portico.matter.form_factors import Nucleus, effective_photon_flux
from portico.numerics.quadrature import gauss_legendre
from portico.production import nuclear_bremsstrahlung as brems

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "production.json").read_text())
ELECTRON, MUON = particles.mass("e-"), particles.mass("mu-")
IODINE = Nucleus(53.0, 127.0)
_NAMES = ("approximation", "form", "order")
_dsigma = jax.jit(brems.dsigma_dx, static_argnames=_NAMES)
_sigma = jax.jit(brems.sigma_above, static_argnames=("approximation", "form", "orders"))
_flux = jax.jit(effective_photon_flux, static_argnames=("name", "order"))


def _value(one_minus_x, energy, mass, lepton=ELECTRON, nucleus=IODINE, **names):
    return np.asarray(_dsigma(one_minus_x, energy, mass, lepton_mass=lepton, nucleus=nucleus, **names))


# --- Weizsaecker-Williams by nested integrals ----------------------------------------------------------------------


def _form_factor(t, z, a):
    screening = (111 * z ** (-1 / 3) / 0.51099895e-3) ** 2 * t
    return z**2 * (screening / (1 + screening)) ** 2 / (1 + t / (0.164 * a ** (-2 / 3))) ** 2


def _nested(x, energy, mass, lepton, z, a):
    """Over the angle outside and over the momentum transfer, from its true minimum, inside."""
    u0, t_max = mass**2 * (1 - x) / x + lepton**2 * x, mass**2 + lepton**2
    nodes, weights = np.polynomial.legendre.leggauss(200)

    def integrand(log_ratio):
        u = u0 * np.exp(log_ratio)
        t_min = (u / (2 * energy * (1 - x))) ** 2
        span = np.log(t_max / t_min)
        t = t_min * np.exp(span * (nodes + 1) / 2)
        photons = span / 2 * weights @ ((1 - t_min / t) * _form_factor(t, z, a))
        return u * photons * ((1 - x + x**2 / 2) / u**2 - x * (1 - x) * (mass**2 + 2 * lepton**2) * (u - u0) / u**4)

    end = np.log(2 * energy * (1 - x) * np.sqrt(t_max) / u0)
    if end <= 0:
        return 0.0
    return 4 * ALPHA**3 * np.sqrt(1 - (mass / (x * energy)) ** 2) * quad(integrand, 0, end, epsrel=1e-9, limit=200)[0]


@pytest.mark.parametrize("mass", [0.001, 0.01, 0.1, 1.0])
def test_ww_equals_the_nested_integral(mass):
    x = np.array([0.4, 0.96, 0.99, 0.999])
    exact = np.array([_nested(v, 5.0, mass, ELECTRON, 53, 127) for v in x])
    # 32 nodes in ln t; the two closed forms of the angle and electron masses of 9 digits
    np.testing.assert_allclose(_value(1 - x, 5.0, mass), exact, rtol=1e-8)


@pytest.mark.parametrize("entry", REFERENCE["muons_on_lead"]["values"], ids=lambda e: f"{e['mass']}-{e['x']}")
def test_ww_for_muons_on_lead(entry):
    lead = Nucleus(82.0, 207.2)
    ours = _value(np.full(4, 1 - entry["x"]), 160.0, entry["mass"], MUON, lead)[0] / (4 * np.pi * ALPHA)
    assert ours == pytest.approx(entry["value"], rel=entry["tolerance"])
    assert ours <= entry["value"] * (1 + 2e-5)  # a smaller t_max leaves less; 1e-5 of the other calculation


# --- flux of photons -----------------------------------------------------------------------------------------------


def _seed_flux(mass, **names):
    return float(_flux((mass**2 / 10) ** 2, mass**2 + ELECTRON**2, IODINE, **names)) / 53**2


@pytest.mark.parametrize("entry", REFERENCE["photon_flux"]["values"], ids=lambda e: f"{e['mass']}")
def test_photon_flux_of_iodine(entry):
    assert _seed_flux(entry["mass"]) == pytest.approx(entry["flux"], rel=REFERENCE["photon_flux"]["tolerance"])


@pytest.mark.parametrize("entry", REFERENCE["inelastic"]["values"], ids=lambda e: f"{e['mass']}")
def test_inelastic_part_of_the_flux(entry):
    ratio = _seed_flux(entry["mass"], name="elastic_inelastic") / _seed_flux(entry["mass"])
    assert ratio == pytest.approx(entry["ratio"], abs=entry["tolerance"])


def test_inelastic_part_enters_the_cross_section():
    plain, more = (_value(np.full(4, 0.3), 5.0, 0.5, form=form)[0] for form in ("elastic", "elastic_inelastic"))
    assert 1.02 < more / plain < 1.5


# --- limits --------------------------------------------------------------------------------------------------------


def test_massless_limit_of_the_full_form_is_bethe_heitler_with_the_same_flux():
    x, energy, mass = np.array([0.1, 0.3, 0.6, 0.95]), 5.0, 1e-7
    flux = float(_flux((mass**2 / 10) ** 2, mass**2 + ELECTRON**2, IODINE, order=96))
    ours = _value(1 - x, energy, mass, approximation="iww_full", order=96)  # ln t has a wide range here
    expected = 2 * ALPHA**3 * flux / (ELECTRON**2 * x) * (4 / 3 * (1 - x) + x**2)
    # corrections of order m^2 (1-x)/(me^2 x^2) = 4e-6 at x = 0.1
    np.testing.assert_allclose(ours, expected, rtol=1e-5)
    np.testing.assert_allclose(ours[1:], expected[1:], rtol=1e-6)


@pytest.mark.parametrize("mass", [0.05, 0.2])
def test_heavy_vectors_have_the_printed_form(mass):
    """m^2 (1-x) >> m_e^2: iww_full -> iww, which has 1 - x + x^2/3 from the same bracket, times the velocity."""
    x = np.array([0.3, 0.5, 0.7, 0.9])
    full, printed = (_value(1 - x, 5.0, mass, approximation=a) for a in ("iww_full", "iww"))
    velocity = np.sqrt(1 - (mass / (5 * x)) ** 2)
    # of order me^2 x^2/(m^2 (1-x)): 1e-3 at 50 MeV
    np.testing.assert_allclose(full / velocity, printed, rtol=3 * (ELECTRON / mass) ** 2 * 8.1)


def test_printed_form_gives_a_third_instead_of_a_half_at_the_end():
    """At x -> 1 for a light vector the two numerators tend to x^2/3 and x^2/2."""
    full, printed = (_value(np.full(4, 1.1e-4), 5.0, 1e-5, approximation=a)[0] for a in ("iww_full", "iww"))
    assert printed / full == pytest.approx(2 / 3, rel=1e-3)


@pytest.mark.parametrize("approximation", ["iww", "ww"])
def test_cross_section_above_the_cut_against_the_exact_tree_level(approximation):
    reference = REFERENCE["wide_angle_ratio"]
    for entry, ratio in zip(reference["exact"], reference[approximation], strict=True):
        ours = (
            float(
                _sigma(
                    np.full(4, 0.05),
                    5.0,
                    entry["mass"],
                    lepton_mass=ELECTRON,
                    nucleus=IODINE,
                    approximation=approximation,
                )[0]
            )
            / 53**2
        )
        assert ours / entry["sigma"] == pytest.approx(ratio, rel=reference["tolerance"])


# --- support -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("approximation", brems.CLOSED_FORMS)
def test_nothing_outside_the_support(approximation):
    missing = np.array([0.0, -0.1, 1.0, 1.5])
    np.testing.assert_array_equal(_value(missing, 5.0, 0.1, approximation=approximation), 0.0)
    # x E <= m: too heavy
    np.testing.assert_array_equal(
        _value(np.array([0.5, 0.9, 0.97, 0.2]), 5.0, np.array([2.5, 0.5, 0.2, 5.0]), approximation=approximation), 0.0
    )
    # the smallest momentum transfer above the largest
    if approximation == "ww":
        assert _value(np.full(4, 1e-9), 5.0, 0.5)[0] == 0.0


@pytest.mark.parametrize("approximation", brems.CLOSED_FORMS)
def test_gradients_are_finite_in_and_outside_the_support(approximation):
    gradient = jax.jit(
        jax.vmap(
            jax.grad(
                lambda z, e, m: brems.dsigma_dx(
                    z, e, m, lepton_mass=ELECTRON, nucleus=IODINE, approximation=approximation
                ),
                (0, 1, 2),
            ),
            in_axes=(0, None, 0),
        )
    )(np.array([0.0, 0.5, 1.0, 0.5, 0.02]), 5.0, np.array([0.1, 2.5, 0.1, 0.1, 4.9]))
    assert np.all(np.isfinite(gradient))


@given(st.floats(0.001, 0.9), st.floats(-3, 0).map(lambda p: 10**p), st.floats(1.0, 200.0))
@settings(max_examples=20)
def test_cross_sections_are_positive_and_ordered(missing, mass, energy):
    values = [_value(np.full(4, missing), energy, mass, approximation=a)[0] for a in brems.CLOSED_FORMS]
    assert all(np.isfinite(v) and v >= 0 for v in values)
    # the true minimal momentum transfer is never below that of iww for x = 1/2 and above
    if missing < 0.5:
        assert values[0] <= values[1] * (1 + 1e-6) or mass < 3 * ELECTRON


@given(st.floats(0.01, 0.9), st.floats(0.005, 0.5), st.floats(1.1, 3.0))
@settings(max_examples=15)
def test_scaling_with_charge(missing, mass, factor):
    """a = 111 Z^(-1/3)/m_e: with t_min far above 1/a^2 screening is gone and Z^2 is left."""
    # in the product a^2 t the charge enters; keep Z and scale the number of nuclei instead where screening matters
    energy = 5.0
    t_min = (mass**2 / (2 * energy)) ** 2
    screening = (0.51099895e-3 * 53 ** (1 / 3) / 111) ** 2
    for approximation in ("iww", "iww_full"):
        one, other = (
            _value(np.full(4, missing), energy, mass, nucleus=Nucleus(z, 127.0), approximation=approximation)[0]
            for z in (53.0, 53.0 * factor)
        )
        if one == 0.0:
            continue
        # d ln sigma/d ln Z = 2 minus the weight of screening, which is at most 4/3 in a region t < few/a^2
        assert other / one <= factor**2 * (1 + 1e-12)
        if t_min > 1e4 * screening * factor:
            assert other / one == pytest.approx(factor**2, rel=2e-3)


@given(st.floats(0.02, 0.9), st.floats(0.01, 0.5), st.floats(0.5, 2.0))
@settings(max_examples=15)
def test_only_ratios_of_energies_count(missing, mass, scale):
    """A point charge without screening has no scale but the masses: sigma ~ 1/energy^2. Screening and size scale with t."""
    # a^2 t and t/d are unchanged when Z and A are changed with the scale: a ~ Z^(-1/3), d ~ A^(-2/3)
    first = Nucleus(53.0, 127.0)
    second = Nucleus(53.0 * scale**3, 127.0 / scale**3)
    values = [
        _value(np.full(4, missing), 5.0 * k, mass * k, ELECTRON * k, n)[0] for k, n in ((1.0, first), (scale, second))
    ]
    assert values[1] * scale**2 == pytest.approx(values[0] * scale**6, rel=1e-9, abs=1e-300)  # Z^2 = scale^6


# --- integral above a cut ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("approximation", brems.CLOSED_FORMS)
@pytest.mark.parametrize("mass", [0.001, 0.1])
def test_cross_section_above_a_cut_is_the_integral(approximation, mass):
    energy = 5.0
    q, weight = np.polynomial.legendre.leggauss(160)
    low, high = np.log(ELECTRON / energy), np.log(0.05)
    missing = np.exp(low + (high - low) * (q + 1) / 2)
    exact = (high - low) / 2 * weight @ (missing * _value(missing, energy, mass, approximation=approximation))
    ours = float(
        _sigma(np.full(4, 0.05), energy, mass, lepton_mass=ELECTRON, nucleus=IODINE, approximation=approximation)[0]
    )
    assert ours == pytest.approx(exact, rel=1e-5)  # 20 nodes


def test_cross_section_above_a_cut_that_leaves_no_room_is_zero():
    cuts = np.array([0.0, 1e-5, ELECTRON / 5.0, 0.05])
    value = np.asarray(_sigma(cuts, 5.0, 0.1, lepton_mass=ELECTRON, nucleus=IODINE))
    np.testing.assert_array_equal(value[:3], 0.0)
    assert value[3] > 0
    np.testing.assert_array_equal(_sigma(np.full(4, 0.05), 5.0, 6.0, lepton_mass=ELECTRON, nucleus=IODINE), 0.0)


def test_cross_section_of_a_cut_below_the_mass_starts_at_the_mass():
    """x > x_0 with x_0 E < m: the integral starts where the vector can be made."""
    loose, tight = (
        float(_sigma(np.full(4, cut), 5.0, 2.0, lepton_mass=ELECTRON, nucleus=IODINE)[0]) for cut in (0.99, 0.6)
    )
    assert loose == pytest.approx(tight, rel=1e-12)


def test_arrays_equal_loops():
    missing, energy, mass = (
        np.array([0.1, 0.3, 0.5, 0.02]),
        np.array([5.0, 4.0, 10.0, 6.0]),
        np.array([0.01, 0.1, 1.0, 0.2]),
    )
    together = _value(missing, energy, mass)
    alone = [
        _value(np.full(4, z), np.full(4, e), np.full(4, m))[0] for z, e, m in zip(missing, energy, mass, strict=True)
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-13)


def test_virtuality():
    assert float(brems.virtuality(0.5, 0.1, 0.0)) == pytest.approx(0.01, rel=1e-15)
    assert float(brems.virtuality(1.0, 0.1, 0.2)) == pytest.approx(0.04, rel=1e-15)


# --- electrons of 100 GeV on lead ------------------------------------------------------------------------------------

LEAD = Nucleus(82.0, 207.2)
DUMP = json.loads((Path(__file__).parents[1] / "reference" / "missing_energy.json").read_text())
SQUARED = "elastic_inelastic_squared"
PICOBARN = constants.GEV2_CM2 * 1e36 * 1e-6  # for epsilon = 1e-3


def _tolerances(row):
    return [row["tolerance"], row["tolerance"], row["tolerance_1_gev"]]


def test_flux_of_lead_by_a_separate_integration():
    row = DUMP["flux"]
    for mass, wanted, tolerance in zip(row["mass"], row["chi"], _tolerances(row), strict=True):
        flux = effective_photon_flux((mass**2 / 200) ** 2, mass**2 + ELECTRON**2, LEAD, name=SQUARED, order=200)
        assert float(flux) == pytest.approx(wanted, rel=tolerance), mass


def test_frozen_flux_of_lead_by_a_separate_integration():
    row = DUMP["iww_full"]
    for mass, wanted, tolerance in zip(row["mass"], row["dsigma_dx"], _tolerances(row), strict=True):
        found = brems.dsigma_dx(0.1, 100.0, mass, lepton_mass=ELECTRON, nucleus=LEAD, approximation="iww_full", form=SQUARED, order=200)  # fmt: skip
        assert float(found) * PICOBARN == pytest.approx(wanted, rel=tolerance), mass


def test_sigma_ends_where_no_lepton_is_left_and_the_separate_integration_goes_on():
    row = DUMP["iww_full"]
    u, weight = gauss_legendre(400)
    for mass, wanted in zip(row["mass"], row["sigma"], strict=True):

        def piece(low, high, mass=mass):
            log_missing = np.log(low) + np.log(high / low) * u
            density = _dsigma(np.exp(log_missing), 100.0, mass, lepton_mass=ELECTRON, nucleus=LEAD, approximation="iww_full", form=SQUARED, order=100)  # fmt: skip
            return np.sum(weight * np.log(high / low) * np.exp(log_missing) * np.asarray(density)) * PICOBARN

        end = ELECTRON / 100.0
        inside = brems.sigma_above(0.5, 100.0, mass, lepton_mass=ELECTRON, nucleus=LEAD, approximation="iww_full", form=SQUARED, orders=(60, 100))  # fmt: skip
        assert float(inside) * PICOBARN == pytest.approx(piece(end, 0.5), rel=1e-6)
        assert piece(end, 0.5) + piece(1e-13, end) == pytest.approx(wanted, rel=row["tolerance_sigma"]), mass
