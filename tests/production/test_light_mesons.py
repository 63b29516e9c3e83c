import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from portico import particles
from portico.decays import millicharged
from portico.electroweak.exchange import NeutralExchange
from portico.errors import OutOfValidity, UnknownName
from portico.production import light_mesons, side_decays
from portico.production.side_flux import BETA_GAMMA

ELECTRON, MUON = particles.mass("e-"), particles.mass("mu-")
E = np.sqrt(4 * np.pi / 127.95)
POLE = millicharged.data("pole")["pi0"]


def exchange(epsilon=1.0, *, mass=30.0, width=0.1, up=0.0, down=0.0, vector=0.0, axial=0.0):
    """A photon and a Z' with any couplings."""
    zero = np.zeros(2)
    return NeutralExchange(
        names=("photon", "Z'"),
        mass=np.array([0.0, mass]),
        width=np.array([0.0, width]),
        up_vector=np.array([2 / 3 * E, up]),
        up_axial=zero,
        down_vector=np.array([-E / 3, down]),
        down_axial=zero,
        lepton_vector=np.array([-E, 0.0]),
        lepton_axial=zero,
        particle_vector=np.array([E * epsilon, vector]),
        particle_axial=np.array([0.0, axial]),
    )


# --- anchors: leptons are particles of unit charge ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "lepton", "measured", "error"),
    [
        # PDG 2024; pi0 -> e e gamma is 1.1735% at tree level with the rho, radiative corrections add 1%
        ("pi0", ELECTRON, 1.174e-2, 0.035e-2),
        ("eta", ELECTRON, 6.9e-3, 0.4e-3),
        ("eta", MUON, 3.1e-4, 0.4e-4),
        ("eta_prime", ELECTRON, 4.91e-4, 0.27e-4),
        ("eta_prime", MUON, 1.13e-4, 0.28e-4),
        ("omega_to_pi0", ELECTRON, 7.7e-4, 0.6e-4),
        ("omega_to_pi0", MUON, 1.34e-4, 0.18e-4),
        ("rho", MUON, 4.55e-5, 0.28e-5),
        ("omega", MUON, 7.4e-5, 1.8e-5),
        ("phi", MUON, 2.85e-4, 0.19e-4),
    ],
)
def test_lepton_pairs_are_those_of_the_listings(name, lepton, measured, error):
    found = light_mesons.branching_ratio(exchange(), lepton, name)
    assert abs(found.value - measured) < 2 * error
    # the spectrum of the eta' crosses the pole of its form factor
    assert found.error < (2e-3 if name == "eta_prime" else 5e-4) * found.value


def test_pion_dalitz_decay_is_the_published_integral():
    """Kroll and Wada, without form factor: 2 alpha/3pi [2 ln(M/m) - 7/2] = 0.0118508; terms of order m^2/M^2 and form factor: 0.2%."""
    found = light_mesons.branching_ratio(exchange(), ELECTRON, "pi0").value / light_mesons.mode("pi0").fraction
    logarithm = 2 / (3 * np.pi * 137.035999) * (2 * np.log(particles.mass("pi0") / ELECTRON) - 3.5)
    slope = 2 / (3 * np.pi * 137.035999) * 2 * particles.mass("pi0") ** 2 / POLE**2 / 4
    assert found == pytest.approx(logarithm + slope, rel=3e-4)


@pytest.mark.parametrize("name", ["eta", "eta_prime", "omega_to_pi0"])
def test_integral_over_the_mass_of_the_pair_is_that_of_an_adaptive_rule(name):
    entry, m = light_mesons.mode(name), 0.1

    def integrand(log_q2):
        x = m * m * np.exp(-log_q2)
        return light_mesons.dalitz_spectrum(np.exp(log_q2), name) * (1 + 2 * x) * np.sqrt(1 - 4 * x)

    ends = 2 * np.log(2 * m * (1 + 1e-14)), 2 * np.log(entry.mass - entry.recoil_mass)
    wanted = entry.fraction * quad(integrand, *ends, epsrel=1e-9, limit=400)[0]
    assert light_mesons.branching_ratio(exchange(), m, name).value == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("width", [1e-10, 1e-6, 1e-4])
def test_light_vector_is_made_on_its_mass_shell(width):
    """pi0 -> gamma Z' -> gamma chi chi: B(gamma gamma) 2 (g/e)^2 (1 - m^2/M^2)^3 |F|^2 times Gamma(chi chi)/Gamma; wings: some 1e-3."""
    mass, chi, coupling = 0.05, 0.01, 1e-3
    model = exchange(0.0, mass=mass, width=width, up=2 / 3 * coupling * E, down=-coupling / 3 * E, vector=E)
    partial = E**2 * mass / (12 * np.pi) * (1 + 2 * (chi / mass) ** 2) * np.sqrt(1 - 4 * (chi / mass) ** 2)
    onset = 2 * coupling**2 * (1 - (mass / particles.mass("pi0")) ** 2) ** 3 / (1 - (mass / POLE) ** 2) ** 2
    alpha_ratio = (1 / 137.035999084) / (E**2 / (4 * np.pi))  # the meson's own e is that of low energies
    wanted = light_mesons.mode("pi0").fraction * onset * partial / width * alpha_ratio
    found = light_mesons.branching_ratio(model, chi, "pi0")
    assert found.value == pytest.approx(wanted, rel=1e-4 if width < 1e-5 else 5e-3)


def test_flavours_of_the_mesons():
    """2v_u + v_d for pi0, v_u - v_d for rho and omega to pi0, 3(v_u + v_d) for omega, -3 v_d for phi."""
    model = exchange(up=0.3 * E, down=0.2 * E, vector=E)
    for name, wanted in (("pi0", 0.8), ("rho", 0.1), ("omega_to_pi0", 0.1), ("omega", 1.5), ("phi", -0.6)):
        assert light_mesons.couplings(model, name)[0] == pytest.approx([1.0, wanted], rel=1e-12)
    for name in light_mesons.MODES:
        entry = light_mesons.mode(name)
        assert 2 / 3 * entry.up - entry.down / 3 == pytest.approx(1, rel=1e-12)


def test_flux_of_dalitz_decays_is_what_events_give():
    """eta -> gamma chi chi at m = 0.1 drawn step by step; density, mean and spread of ln beta gamma at eta = 0.1."""
    rng, count, chi, eta0 = np.random.default_rng(5), 3_000_000, 0.1, 0.1
    entry = light_mesons.mode("eta")
    log_q2 = rng.uniform(2 * np.log(2 * chi), 2 * np.log(entry.mass), count)
    q2 = np.exp(log_q2)
    x = chi**2 / q2
    cosine = rng.uniform(-1, 1, count)
    weight = light_mesons.dalitz_spectrum(q2, "eta") * (1 + 2 * x) * np.sqrt(1 - 4 * x)
    weight *= 2 * np.log(entry.mass / (2 * chi)) * entry.fraction
    weight *= (1 + cosine**2 + 4 * x * (1 - cosine**2)) / (4 / 3 * (1 + 2 * x))
    energy = (entry.mass**2 + q2) / (2 * entry.mass)
    energy = 0.5 * (energy + np.sqrt(energy**2 - q2) * np.sqrt(1 - 4 * x) * cosine)
    p = np.sqrt(energy**2 - chi**2)
    temperature, exponent = light_mesons.parameters()["mesons"]["eta"]["levy"]["value"]
    nodes = np.linspace(0, 30, 300001)[1:]
    grown = np.cumsum(nodes * (1 + (np.hypot(nodes, entry.mass) - entry.mass) / (exponent * temperature)) ** -exponent)
    boost = np.interp(rng.random(count), grown / grown[-1], nodes) / entry.mass
    polar, turn = rng.uniform(-1, 1, count), rng.uniform(0, 2 * np.pi, count)
    along = boost * energy + np.hypot(1, boost) * p * polar
    pt = np.hypot(along, p * np.sqrt(1 - polar**2) * np.cos(turn))
    lab = pt * np.cosh(eta0)
    weight *= lab / np.hypot(lab, chi)  # a flat density in y, at one pseudorapidity
    wanted, error = weight.mean(), weight.std() / np.sqrt(count)
    yields = light_mesons.meson_density("eta", 13e3).value
    found = light_mesons.flux(exchange(), chi, eta0, 13e3, modes=("eta",))
    assert found.density.sum() / yields == pytest.approx(wanted, abs=3 * error + found.error / yields)
    assert found.error < 1e-3 * found.density.sum()
    share = found.density / found.density.sum()
    logs = np.log(lab / chi)
    mean = (weight @ logs) / weight.sum()
    assert share @ np.log(BETA_GAMMA) == pytest.approx(mean, abs=0.01)
    spread = np.sqrt(weight @ (logs - mean) ** 2 / weight.sum())
    assert np.sqrt(share @ (np.log(BETA_GAMMA) - mean) ** 2) == pytest.approx(spread, rel=0.04)


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", light_mesons.MODES)
def test_edges_are_exactly_at_half_of_what_is_left(name):
    entry = light_mesons.mode(name)
    half = 0.5 * (entry.mass - entry.recoil_mass)
    masses = np.array([half * (1 - 1e-4), half, half + 1e-9])
    for found in (
        light_mesons.branching_ratio(exchange(), masses, name).value,
        light_mesons.density(exchange(), masses, 0.1, 14e3, modes=(name,)).value,
        light_mesons.flux(exchange(), masses, 0.1, 14e3, modes=(name,)).density.sum(-1),
    ):
        assert found[0] > 0
        assert np.all(found[1:] == 0)


def test_massless_particles_have_the_rapidity_density_of_their_parents():
    for name in light_mesons.MODES:
        found = light_mesons.density(exchange(), 1e-5, 0.1, 13e3, modes=(name,)).value
        yields = light_mesons.meson_density(light_mesons.mode(name).parent, 13e3).value
        assert found / yields == pytest.approx(light_mesons.branching_ratio(exchange(), 1e-5, name).value, rel=2e-3)


def test_very_light_vector_adds_to_the_photon_and_a_heavy_one_drops_out():
    """Z' far below threshold with photon-like couplings: |epsilon + mixing g/e|^2."""
    alone = light_mesons.branching_ratio(exchange(1e-3), 0.02, "pi0").value
    kind = {"up": 2e-3 / 3 * E, "down": -1e-3 / 3 * E, "vector": -0.35 * E, "width": 0.0}
    light = light_mesons.branching_ratio(exchange(1e-3, mass=1e-6, **kind), 0.02, "pi0").value
    heavy = light_mesons.branching_ratio(exchange(1e-3, mass=1e4, **kind), 0.02, "pi0").value
    assert light / alone == pytest.approx(0.65**2, rel=1e-6)
    assert heavy / alone == pytest.approx(1, abs=1e-6)


# --- laws ----------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.floats(0.005, 0.5), st.floats(0.01, 1.0), st.floats(1e-7, 1e-2), st.floats(-1, 1))
def test_flux_adds_up_to_the_density_and_scales_with_the_charge_squared(mass, vector_mass, width, axial):
    one, half = (
        exchange(s, mass=vector_mass, width=width, up=s * 1e-3, down=s * 2e-4, vector=0.1, axial=axial)
        for s in (1.0, 0.5)
    )
    found, whole = light_mesons.flux(one, mass, 0.1, 14e3), light_mesons.density(one, mass, 0.1, 14e3)
    assert np.all(found.density >= 0)
    assert found.density.sum() == pytest.approx(whole.value, rel=1e-9, abs=0)
    quarter = light_mesons.density(half, mass, 0.1, 14e3)
    assert quarter.value == pytest.approx(whole.value / 4, rel=1e-9)


def test_points_of_a_map_are_those_of_scalars():
    masses = np.array([[0.02, 0.1, 0.25], [0.05, 0.45, 0.7]])
    many = exchange(1.0, mass=0.3, width=1e-4)._replace(
        particle_vector=np.stack([np.full(3, E), np.linspace(-0.2, 0.2, 3)], -1), up_vector=np.array([2 / 3 * E, 1e-3])
    )
    found = light_mesons.flux(many, masses, 0.1, 13e3)
    whole = light_mesons.density(many, masses, 0.1, 13e3)
    assert found.density.shape == (2, 3, len(BETA_GAMMA))
    for place in np.ndindex(2, 3):
        one = many._replace(particle_vector=many.particle_vector[place[1]])
        alone = light_mesons.flux(one, masses[place], 0.1, 13e3)
        assert found.density[place] == pytest.approx(alone.density, rel=1e-12)
        assert found.error[place] == pytest.approx(alone.error, rel=1e-9)
        assert whole.value[place] == pytest.approx(alone.density.sum(), rel=1e-9)


def test_spectra_have_the_means_that_are_said():
    for parent, mean in (("pi0", 0.498), ("eta", 0.75), ("eta'", 0.96), ("rho", 0.90), ("omega", 0.87), ("phi", 1.16)):
        temperature, exponent = light_mesons.parameters()["mesons"][parent]["levy"]["value"]
        shape = side_decays.TransverseMomentum("levy", temperature, exponent, particles.mass(parent))
        transverse, share = side_decays.transverse_momentum_nodes(shape, 60)
        assert share @ transverse == pytest.approx(mean, rel=0.01)


# --- input ---------------------------------------------------------------------------------------------------------


def test_wrong_names_and_energies_are_said():
    with pytest.raises(
        OutOfValidity, match=r"light mesons: sqrt\(s\) of 7 TeV is asked; yields are known at 8, 13, 13\.6, 14 TeV"
    ):
        light_mesons.density(exchange(), 0.1, 0.1, 7e3)
    with pytest.raises(UnknownName, match="omega_to_pi0"):
        light_mesons.mode("omega_to_pi")
    with pytest.raises(UnknownName, match="phi"):
        light_mesons.meson_density("phy", 13e3)
