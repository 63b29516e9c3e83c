from pathlib import Path

import jax
import numpy as np
import pytest

import portico
from portico import particles, registry
from portico.matter.form_factors import Nucleus
from portico.models import DarkPhoton
from portico.production import nuclear_bremsstrahlung
from portico.signatures import _emission as emission


@pytest.fixture(scope="module")
def search():
    return portico.search("belle2_disappearing_positron", bremsstrahlung="iww", channels="bremsstrahlung")


def _events(search, mass):
    signal = portico.signal(search, DarkPhoton(mass=mass, epsilon=1e-6, alpha_dark=0.5))
    return signal.channels["bremsstrahlung"], signal.numerical_error["bremsstrahlung"]


def test_many_masses_are_interpolated_within_the_reported_error(search):
    mass = np.geomspace(1e-3, 1.0, 2001)
    value, error = _events(search, mass)
    chosen = slice(3, None, 41)
    assert mass.size > 512
    direct, direct_error = _events(
        portico.search("belle2_disappearing_positron", bremsstrahlung="iww", channels="bremsstrahlung"), mass[chosen]
    )
    assert np.any(direct != value[chosen])  # it was interpolated
    assert np.all(np.abs(value[chosen] - direct) <= error[chosen])
    assert np.all(error < 1e-3 * value)
    assert np.all(direct_error > 0)


def test_masses_that_reach_the_end_of_the_spectrum_are_integrated_directly(search):
    mass = np.linspace(0.5, 9.0, 600)
    estimate = emission.cached_emission(search, mass)
    assert np.all(estimate.value[mass > 6.7] == 0)
    assert np.all(estimate.value[mass < 5] > 0)


def test_each_mass_is_computed_once(search):
    mass = np.array([0.011, 0.013])
    first = emission.cached_emission(search, mass)
    kept = dict(search._prepared["emission"])
    again = emission.cached_emission(search, mass[::-1].reshape(2, 1))
    np.testing.assert_array_equal(again.value[::-1, 0], first.value)
    assert search._prepared["emission"] == kept


def test_theory_error_is_the_distance_to_the_exact_tree_level():
    options = {"bremsstrahlung": "ww", "track_length": "cascade", "form_factor": "elastic", "channels": "annihilation"}
    mass = np.array([0.001, 0.01, 0.1, 1.0])
    relative = emission.theory_error(options, "bremsstrahlung", mass, differentiable=False)
    distance, inelastic = np.abs(1 - 1 / np.array([0.93, 1.35, 2.12, 4.13])), np.array([0.02, 0.02, 0.02, 1.0])
    np.testing.assert_allclose(relative, np.sqrt(0.01**2 + distance**2 + inelastic**2), rtol=1e-9)
    exact = emission.theory_error({**options, "bremsstrahlung": "exact"}, "bremsstrahlung", mass, differentiable=False)
    np.testing.assert_allclose(exact, np.sqrt(0.01**2 + 0.02**2 + inelastic**2), rtol=1e-9)  # track, table, form factor
    born = emission.theory_error(options, "annihilation", mass, differentiable=False)
    assert born == pytest.approx(np.hypot(0.01, 0.15))
    merged = {**options, "channels": "annihilation,radiative_annihilation"}
    assert emission.theory_error(merged, "annihilation", mass, differentiable=False) == pytest.approx(
        np.hypot(0.01, 0.005)
    )
    # a table of the user's with a larger error, and the form factor as printed
    coarse = emission.theory_error(
        {**options, "bremsstrahlung": "exact"}, "bremsstrahlung", mass, differentiable=False, table_error=0.3
    )
    np.testing.assert_allclose(coarse, np.sqrt(0.01**2 + 0.3**2 + inelastic**2), rtol=1e-9)
    for form, left_out in (("elastic_inelastic", 0.0), ("elastic_inelastic_squared", inelastic)):
        found = emission.theory_error(
            {**options, "bremsstrahlung": "exact", "form_factor": form}, "bremsstrahlung", mass, differentiable=False
        )
        np.testing.assert_allclose(found, np.sqrt(0.01**2 + 0.02**2 + left_out**2), rtol=1e-9)


@pytest.mark.parametrize("approximation", ["iww_full", "ww"])
def test_distances_to_the_exact_tree_level_agree_among_the_approximations(approximation):
    """Their ratios are known: those of this package for iodine, 5 GeV, x > 0.95."""
    path = Path(portico.__file__).parent / "production" / "bremsstrahlung.toml"
    rows = {name: np.array(row["value"]) for name, row in registry.read_toml(path)["ratio_to_exact"].items()}

    def sigma(name):
        return jax.jit(
            lambda mass: nuclear_bremsstrahlung.sigma_above(
                0.05,
                5.0 + 0 * mass,
                mass,
                lepton_mass=particles.mass("e-"),
                nucleus=Nucleus(53.0, 127.0),
                approximation=name,
            )
        )(rows["mass"] * 1e-3)

    ratio = np.asarray(sigma(approximation)) / np.asarray(sigma("iww"))
    np.testing.assert_allclose(rows[approximation] / rows["iww"], ratio, rtol=0.03)  # each ratio is good to 3%
