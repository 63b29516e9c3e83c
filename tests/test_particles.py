import pytest

from portico import constants, particles
from portico.errors import UnknownName


@pytest.mark.parametrize(
    ("name", "mass"),
    # PDG 2024 listings; the tolerance is the rounding to the digits written here
    [
        ("e-", 0.51099895e-3),
        ("mu-", 0.1056583755),
        ("tau-", 1.77693),
        ("p", 0.93827209),
        ("Z", 91.188),
        ("pi0", 0.1349768),
    ],
)
def test_masses_are_those_of_the_listings(name, mass):
    # an older edition of the tau and Z averages differs by 1e-4 and 1e-5
    assert particles.mass(name) == pytest.approx(mass, rel=1e-4 if name in ("tau-", "Z") else 1e-7)


def test_electron_mass_in_atomic_mass_units():
    # CODATA 2018: 5.48579909065e-4 u
    assert particles.mass("e-") / constants.ATOMIC_MASS_UNIT_GEV == pytest.approx(5.48579909065e-4, rel=1e-8)


@pytest.mark.parametrize(
    "pair", [("e-", "e+"), ("mu-", "mu+"), ("tau-", "tau+"), ("pi+", "pi-"), ("K+", "K-"), ("W+", "W-")]
)
def test_antiparticles_have_the_same_mass_and_the_opposite_number(pair):
    first, second = pair
    assert particles.mass(first) == particles.mass(second)
    assert particles.pdg_id(first) == -particles.pdg_id(second)


def test_the_photon_is_massless_and_stable_things_have_no_width():
    assert particles.mass("gamma") == 0.0
    assert particles.width("gamma") == particles.width("e-") == particles.width("p") == 0.0


def test_widths_are_in_gev():
    assert particles.width("Z") == pytest.approx(2.4955, rel=1e-3)  # PDG 2024: 2.4955(23) GeV
    # tau_mu = 2.1969811 us
    assert constants.HBAR_GEV_S / particles.width("mu-") == pytest.approx(2.1969811e-6, rel=1e-5)


def test_all_names_are_read():
    assert all(particles.mass(name) >= 0 and particles.pdg_id(name) for name in particles.names())


@pytest.mark.parametrize(("given", "nearest"), [("muon", None), ("Mu-", "mu-"), ("K++", "K+"), ("jpsi", "J/psi")])
def test_unknown_particle_names_the_nearest(given, nearest):
    for question in (particles.mass, particles.width, particles.pdg_id):
        with pytest.raises(UnknownName, match=f"no particle named '{given.replace('+', '[+]')}'") as caught:
            question(given)
        assert nearest is None or f"Did you mean '{nearest}'?" in str(caught.value)
