import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import particles
from portico.decays import millicharged
from portico.electroweak.exchange import NeutralExchange
from portico.errors import OutOfValidity, UnknownName
from portico.production import quarkonium, side_decays
from portico.production.side_flux import BETA_GAMMA

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "side_decays.json").read_text())
E = np.sqrt(4 * np.pi / 127.95)


def exchange(epsilon=1.0, *, mass=0.0, width=0.0, mixing=0.0, vector=0.0, axial=0.0):
    """A photon and a Z' with photon-like couplings, mixing times e Q, to quarks and leptons."""
    charges = np.array([1.0, mixing])
    zero = np.zeros(2)
    return NeutralExchange(
        names=("photon", "Z'"),
        mass=np.array([0.0, mass]),
        width=np.array([0.0, width]),
        up_vector=2 / 3 * E * charges,
        up_axial=zero,
        down_vector=-E / 3 * charges,
        down_axial=zero,
        lepton_vector=-E * charges,
        lepton_axial=zero,
        particle_vector=np.array([E * epsilon, vector]),
        particle_axial=np.array([0.0, axial]),
    )


# --- anchors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", REFERENCE["quarkonia"]["densities"], ids=lambda e: str(e["mass"]))
def test_densities_at_the_side_are_those_of_another_calculation(entry):
    found = quarkonium.density(exchange(), entry["mass"], 0.1, 14e3)
    assert found.value == pytest.approx(entry["value"], rel=REFERENCE["quarkonia"]["density_tolerance"])


@pytest.mark.parametrize("entry", REFERENCE["quarkonia"]["totals"], ids=lambda e: str(e["mass"]))
def test_totals_are_those_of_another_calculation(entry):
    total = quarkonium.sigma(exchange(), entry["mass"], 14e3)
    assert total == pytest.approx(entry["value"], rel=REFERENCE["quarkonia"]["total_tolerance"])


def test_unit_charge_gives_the_measured_tau_pairs_of_psi_2s():
    """3.085e-3; PDG 3.1(4)e-3, from 7.93e-3 to electrons. Four digits, and the mass of the tau has moved by 7e-5."""
    assert quarkonium.branching_ratio(exchange(), particles.mass("tau-"), "psi(2S)") == pytest.approx(
        3.085e-3, rel=1e-3
    )


def test_taus_of_the_upsilons():
    """PDG: 2.60(10)%, 2.00(21)%, 2.29(30)% to taus; we start from the fractions to muons: errors of 2 to 3% more."""
    for name, measured, error in (
        ("Upsilon(1S)", 2.60e-2, 0.12e-2),
        ("Upsilon(2S)", 2.00e-2, 0.25e-2),
        ("Upsilon(3S)", 2.29e-2, 0.35e-2),
    ):
        assert abs(quarkonium.branching_ratio(exchange(), particles.mass("tau-"), name) - measured) < 2 * error


@pytest.mark.parametrize("entry", REFERENCE["jpsi_two_hits"]["values"], ids=lambda e: str(e["mass"]))
def test_pairs_of_the_jpsi_in_one_detector(entry):
    found = quarkonium.two_hit_sigma(exchange(), entry["mass"], 0.1, 14e3, window=1 / 24.2, mesons=("J/psi",))
    assert found.value == pytest.approx(entry["value"], rel=REFERENCE["jpsi_two_hits"]["tolerance"])
    assert found.error < 0.01 * found.value


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", quarkonium.MESONS)
def test_edges_are_exactly_at_half_the_mass(name):
    half = 0.5 * particles.mass(name)
    masses = np.array([half * (1 - 1e-9), half, np.nextafter(half, 20)])
    for found in (
        quarkonium.sigma(exchange(), masses, 14e3, mesons=(name,)),
        quarkonium.density(exchange(), masses, 0.1, 14e3, mesons=(name,)).value,
        quarkonium.flux(exchange(), masses, 0.1, 14e3, mesons=(name,)).density.sum(-1),
    ):
        assert found[0] > 0
        assert np.all(found[1:] == 0)


def test_massless_particles_have_the_rapidity_density_of_their_parents():
    """p/E -> 1 and a flat parent."""
    found = quarkonium.density(exchange(), 1e-4, 0.1, 13e3, mesons=("J/psi",))
    assert found.value / quarkonium.meson("J/psi").dilepton_density == pytest.approx(1, abs=1e-5)


def test_electron_is_recovered():
    found = quarkonium.branching_ratio(exchange(), particles.mass("e-"), "J/psi")
    assert found == pytest.approx(quarkonium.meson("J/psi").electron_fraction, rel=1e-12)


def test_heavy_vector_drops_out_and_a_light_one_does_not():
    """|1 + r M^2/(M^2 - m^2)|^2 with r = (mixing g)/(epsilon e): r = -0.350 gives 0.42 for a light Z' and 1 for a heavy one."""
    r = -0.350
    alone = quarkonium.branching_ratio(exchange(1e-3), 1.0, "Upsilon(1S)")

    def ratio(mass, name="Upsilon(1S)"):
        return quarkonium.branching_ratio(exchange(1e-3, mass=mass, mixing=1e-3, vector=r * E), 1.0, name) / alone

    assert ratio(1e-3) == pytest.approx((1 + r) ** 2, rel=1e-6)
    assert ratio(1e5) == pytest.approx(1, abs=1e-7)
    upsilon = particles.mass("Upsilon(1S)")
    assert ratio(7.0) == pytest.approx((1 + r * upsilon**2 / (upsilon**2 - 49)) ** 2, rel=1e-12)


def test_resonance_is_a_breit_wigner():
    """Gamma_Z' = 0.1 GeV on the pole: M/(i Gamma), squared."""
    parent = particles.mass("J/psi")
    found, _ = millicharged.exchange_amplitudes(exchange(0.0, mass=parent, width=0.1, mixing=1e-3, vector=E), "J/psi")
    assert abs(found) == pytest.approx(1e-3 * parent / 0.1, rel=1e-12)


def test_axial_coupling_of_the_particle_is_suppressed_at_threshold():
    """(1-4x)^{3/2} against (1+2x)(1-4x)^{1/2}; 1-4x = 0.19 at m = 0.9 M/2."""
    parent = particles.mass("J/psi")
    pair = {"mass": 1.0, "mixing": 1e-3}
    axial = quarkonium.branching_ratio(exchange(0.0, axial=E, **pair), 0.45 * parent, "J/psi")
    vector = quarkonium.branching_ratio(exchange(0.0, vector=E, **pair), 0.45 * parent, "J/psi")
    assert axial / vector == pytest.approx(0.19 / (1 + 0.405), rel=1e-9)


# --- laws ----------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 5.0), st.floats(1e-4, 0.3), st.floats(-0.3, 0.3))
def test_flux_adds_up_to_the_density_and_scales_with_the_charge_squared(mass, epsilon, axial):
    pair = exchange(epsilon, mass=30.0, width=0.1, mixing=1e-3 * epsilon, axial=axial)
    unit = exchange(1.0, mass=30.0, width=0.1, mixing=1e-3, axial=axial)
    found, whole = quarkonium.flux(pair, mass, 0.1, 14e3), quarkonium.density(unit, mass, 0.1, 14e3)
    assert np.all(found.density >= 0)
    assert found.density.sum() == pytest.approx(epsilon**2 * whole.value, rel=1e-9)
    assert found.error == pytest.approx(epsilon**2 * whole.error, rel=1e-9)


def test_points_of_a_map_are_those_of_scalars():
    masses = np.array([[0.3, 1.2, 2.4], [4.9, 1.2, 6.0]])
    vectors = np.linspace(-0.2, 0.2, 3)
    many = exchange(1.0, mass=3.0, width=0.01)._replace(
        up_vector=np.stack([np.full(3, 2 / 3 * E), 1e-3 * np.ones(3)], -1),
        particle_vector=np.stack([np.full(3, E), vectors], -1),
    )
    found = quarkonium.flux(many, masses, 0.1, 13e3)
    assert found.density.shape == (2, 3, len(BETA_GAMMA))
    for place in np.ndindex(2, 3):
        one = many._replace(up_vector=many.up_vector[place[1]], particle_vector=many.particle_vector[place[1]])
        alone = quarkonium.flux(one, masses[place], 0.1, 13e3)
        assert found.density[place] == pytest.approx(alone.density, rel=1e-12)
        assert found.error[place] == pytest.approx(alone.error, rel=1e-12)


# --- input ---------------------------------------------------------------------------------------------------------


def test_unknown_energy_names_those_there_are():
    with pytest.raises(
        OutOfValidity, match=r"sqrt\(s\) of 100 TeV is asked; cross sections are known at 8, 13, 13\.6, 14 TeV"
    ):
        quarkonium.sigma(exchange(), 1.0, 100e3)


def test_unknown_meson_names_the_nearest():
    with pytest.raises(UnknownName, match="Upsilon"):
        quarkonium.meson("Upsilon(4S)")


def test_every_number_says_unit_source_and_status():
    def entries(table):
        for value in table.values():
            if isinstance(value, dict):
                if "value" in value:
                    yield value
                yield from entries(value)

    found = list(entries(quarkonium.parameters()))
    assert len(found) > 20
    for entry in found:
        assert entry["source"].strip()
        assert entry["status"] in {"published", "digitised", "inferred", "assumed", "unverified", "computed"}
        assert entry.get("unit") or isinstance(entry["value"], str)


@pytest.mark.parametrize("ratio", [0.05, 0.3, 0.7, 0.9, 0.99])
def test_numerical_error_covers_the_difference_to_a_finer_rule(ratio):
    """Between the nodes in mass, against 80 momenta, 40 polar angles and 40 azimuths."""
    entry, mass = quarkonium.meson("J/psi"), 0.5 * ratio * particles.mass("J/psi")
    shape = side_decays.TransverseMomentum("power", 4 / np.pi * entry.mean_transverse_momentum, 3.0, entry.mass)
    spectrum = side_decays.transverse_momentum_nodes(shape, 80)
    fine = side_decays.one_hit(
        spectrum, entry.mass, mass, np.array([0.5 * entry.mass]), pseudorapidity=0.1, orders=(40, 40)
    ).sum()
    found = quarkonium.density(exchange(), mass, 0.1, 13e3, mesons=("J/psi",))
    rate = entry.dilepton_density * quarkonium.branching_ratio(exchange(), mass, "J/psi") / entry.electron_fraction
    assert abs(found.value / rate - fine) <= found.error / rate
    assert found.error < 3e-3 * found.value
