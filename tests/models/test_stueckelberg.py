import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh

import portico
from portico import particles
from portico.constants import SIN2_THETA_W
from portico.errors import InvalidInput, UnknownName
from portico.models import MixedPhase, Stueckelberg

ALPHA = 1 / 127.95
Z_MASS = particles.mass("Z")
COSINE = math.sqrt(1 - SIN2_THETA_W)


@pytest.fixture(scope="module")
def light():
    return Stueckelberg(mass=1.0, zprime_mass=3.0, kinetic_mixing=-2e-3, mass_mixing=1e-3, dark_charge=1.5)


def _diagonalised(delta, epsilon, mass, dark_charge):
    """Masses and couplings (lepton v and a, chi) of photon, lighter and heavier state, without the closed form; gauge inputs."""
    e = math.sqrt(4 * math.pi * ALPHA)
    g1, g2 = e / COSINE, e / math.sqrt(SIN2_THETA_W)
    kinetic = np.array([[1, 0, delta], [0, 1, 0], [delta, 0, 1]])
    z1 = Z_MASS * np.array([-math.sqrt(SIN2_THETA_W), COSINE, 0])
    y = mass * np.array([epsilon, 0, 1])
    squares, vectors = eigh(np.outer(z1, z1) + np.outer(y, y), kinetic)
    rows = []
    for b, w3, x in vectors.T:
        left, right = -g1 * b / 2 - g2 * w3 / 2, -g1 * b
        rows.append([(left + right) / 2, (left - right) / 2, dark_charge * e * x])
    return np.sqrt(np.abs(squares)), np.array(rows)


RANDOM = np.random.default_rng(11)
COUNT = 200
POINTS = (RANDOM.uniform(-0.9, 0.9, COUNT), RANDOM.uniform(-1.0, 1.0, COUNT), 10 ** RANDOM.uniform(0.5, 3, COUNT))


def test_couplings_agree_with_a_generalised_eigenvalue_problem():
    delta, epsilon, mass = POINTS
    model = Stueckelberg(
        mass=1.0, zprime_mass=mass, kinetic_mixing=delta, mass_mixing=epsilon, dark_charge=2.0, inputs="gauge"
    )
    found = {name: model.couplings(name) for name in ("photon", "Z", "Z'")}
    for k in range(COUNT):
        masses, rows = _diagonalised(delta[k], epsilon[k], mass[k], 2.0)
        heavier = mass[k] <= Z_MASS
        for place, name in ((0, "photon"), (1 + heavier, "Z"), (2 - heavier, "Z'")):
            c = found[name]
            mine = np.array([c.lepton.vector[k], c.lepton.axial[k], c.particle.vector[k]])
            scale = np.abs(rows).max() * (masses[2] / masses[1]) ** 2  # what the eigenvalue problem loses
            np.testing.assert_allclose(
                np.sign(mine @ rows[place]) * rows[place], mine, rtol=0, atol=1e-10 * max(scale, 1.0)
            )
            if name != "photon":
                assert c.mass[k] == pytest.approx(masses[place], rel=1e-10)


def test_light_limits(light):
    assert light.as_dark_photon().model.epsilon == pytest.approx(COSINE * 3e-3, rel=2e-3)  # m_Z'^2/m_Z^2 is 1.1e-3
    assert light.charge() == pytest.approx(1e-3 * COSINE * 1.5, rel=1e-5)
    photon = light.couplings("photon")
    assert photon.particle.vector / photon.lepton.vector == pytest.approx(
        light.charge(), rel=1e-12
    )  # both charges are negative
    assert photon.lepton.vector == pytest.approx(-math.sqrt(4 * math.pi * ALPHA), rel=1e-14)


def test_only_the_photon_sees_the_mass_mixing_of_chi():
    """delta and epsilon tilde of one eta: all of the Standard Model is alike, and chi has a charge in one of them only."""
    epsilon = 0.02
    delta = -epsilon / math.sqrt(1 + epsilon**2)
    one = Stueckelberg(mass=1.0, zprime_mass=10.0, mass_mixing=epsilon)
    other = Stueckelberg(mass=1.0, zprime_mass=10.0, mass_mixing=0.0, kinetic_mixing=delta)
    assert one.eta() == pytest.approx(other.eta(), rel=1e-12)
    for state in ("photon", "Z", "Z'"):
        first, second = one.couplings(state), other.couplings(state)
        for kind in ("up", "down", "lepton", "neutrino"):
            np.testing.assert_allclose(getattr(first, kind), getattr(second, kind), rtol=1e-11, atol=1e-15)
    assert other.charge() == 0
    assert one.charge() > 0.01
    assert other.notes()
    assert not one.notes()


def test_kinetic_mixing_alone_has_the_widths_of_the_okun_phase():
    mine = Stueckelberg(mass=1.0, zprime_mass=10.0, kinetic_mixing=0.05, mass_mixing=0.0)
    okun = MixedPhase(mass=1.0, zprime_mass=10.0, kappa=0.05, theta_w_dark=math.pi / 2, content="singlet")
    ours, theirs = mine.partial_widths(), okun.partial_widths()
    for channel in ("e+ e-", "mu+ mu-", "tau+ tau-", "nu nu", "hadrons"):
        assert ours[channel] == pytest.approx(theirs[channel], rel=1e-11)
    assert {name: mine.z_widths()[name] for name in ("e+ e-", "hadrons")} == pytest.approx(
        {name: okun.z_widths()[name] for name in ("e+ e-", "hadrons")}, rel=1e-11
    )


def test_width_to_chi_is_that_of_its_coupling(light):
    coupling, mass = light.couplings("Z'").particle.vector, 3.0
    ratio = 1 / 9
    expected = coupling**2 * mass / (12 * math.pi) * math.sqrt(1 - 4 * ratio) * (1 + 2 * ratio)
    assert light.partial_widths()["chi chi"] == pytest.approx(expected, rel=1e-12)
    assert coupling == pytest.approx(1.5 * math.sqrt(4 * math.pi * ALPHA), rel=1e-5)
    assert light.with_parameters(mass=1.5).partial_widths()["chi chi"] == 0


def test_invisible_ratio_and_decays_of_parents(light):
    like = light.as_dark_photon()
    assert like.invisible_branching_ratio == light.branching_ratios()["chi chi"] > 0.999
    assert like.model.mass == 3.0
    found = light.parent_decays()
    assert found["Z -> chi chi"].width == light.z_widths()["chi chi"]
    bare = light.as_millicharged()
    assert bare.model.epsilon == light.charge()
    # below its mass the Z' is another photon: the two exchanges almost cancel for chi of kinetic origin
    assert found["J/psi -> chi chi"].branching_ratio != pytest.approx(
        bare.model.parent_decays()["J/psi -> chi chi"].branching_ratio, rel=0.1
    )


def test_exchange_holds_couplings_and_widths(light):
    exchange = light.exchange()
    assert exchange.names == ("photon", "Z", "Z'")
    assert exchange.width.tolist() == pytest.approx([0.0, sum(light.z_widths().values()), light.width()], rel=1e-14)
    assert exchange.mass.tolist() == pytest.approx([0.0, Z_MASS, 3.0], rel=1e-14)
    for place, name in enumerate(exchange.names):
        c = light.couplings(name)
        assert exchange.up_vector[place] == c.up.vector
        assert exchange.down_axial[place] == c.down.axial
        assert exchange.particle_vector[place] == c.particle.vector


def test_chi_couples_to_a_massless_combination_through_the_sum_of_exchanges():
    """Far above all masses the exchanges add up to the propagator of the gauge basis: B and X, of which K^-1 mixes them."""
    delta, epsilon = 0.2, 0.3
    model = Stueckelberg(mass=1.0, zprime_mass=20.0, kinetic_mixing=delta, mass_mixing=epsilon, inputs="gauge")
    exchange = model.exchange()
    e = math.sqrt(4 * math.pi * ALPHA)
    # right-handed lepton (v - a) couples to B with -g1; (K^-1)_BX = -delta/(1 - delta^2)
    total = np.sum((exchange.lepton_vector - exchange.lepton_axial) * exchange.particle_vector)
    assert total == pytest.approx(-e / COSINE * e * -delta / (1 - delta**2), rel=1e-12)


@settings(deadline=None, max_examples=30)
@given(charge=st.floats(1e-6, 0.2), delta=st.floats(-0.1, 0.1), dark=st.floats(0.5, 5.0))
def test_charge_comes_back_as_it_was_given(charge, delta, dark):
    model = Stueckelberg(mass=1.0, zprime_mass=5.0, kinetic_mixing=delta, epsilon=charge, dark_charge=dark)
    again = Stueckelberg(mass=1.0, zprime_mass=5.0, kinetic_mixing=delta, mass_mixing=model.mixing(), dark_charge=dark)
    assert model.charge() == charge
    assert again.charge() == pytest.approx(charge, rel=1e-10)


def test_arrays_are_loops():
    epsilon, mass = np.array([1e-4, 1e-2])[:, None], np.array([0.5, 4.0, 60.0])
    together = Stueckelberg(mass=mass, epsilon=epsilon)
    for i in range(2):
        for j in range(3):
            alone = Stueckelberg(mass=mass[j], epsilon=epsilon[i, 0])
            assert together.width()[i, j] == pytest.approx(alone.width(), rel=1e-12)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"mass_mixing": 0.1, "zprime_mass": 91.0}, r"zprime_mass = 91 GeV is inside the level-repulsion gap from 86.75\d* to 95.53\d* GeV of mixings with eta = 0.1"),
        ({"epsilon": 1e-3, "zprime_mass": 91.1876}, r"a Z' of 91\.\d* GeV is closer to the Z than the repulsion of the two at epsilon = 0.001; expected its mass outside \[91\.1\d*, 91\.2\d*\] GeV, or a smaller epsilon"),
        ({"epsilon": 0.95}, r"epsilon = 0.95 is not possible with dark_charge = 1 and zprime_mass = 3 GeV; expected a charge below about"),
        ({"kinetic_mixing": 1.0}, r"kinetic_mixing = 1 is not allowed; expected above -1 and below 1 \(positive kinetic energy\)"),
        ({"mass_mixing": 0.1, "epsilon": 0.1}, r"mass_mixing and epsilon are both given"),
        ({"dark_charge": 0.0}, r"dark_charge = 0 is not allowed; expected at least 1e-06"),
        ({"inputs": "physics"}, r"no choice for inputs named 'physics'.*Did you mean 'physical'"),
        ({"kinetic_mixin": 0.1}, r"Did you mean 'kinetic_mixing'"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_refused_in_a_sentence(given_, message):
    with pytest.raises(InvalidInput, match=message):
        Stueckelberg(mass=1.0, **given_)


@pytest.mark.parametrize("epsilon", [1e-3, 0.1, 0.86])
def test_gap_at_a_charge_is_where_there_are_no_states(epsilon):
    with pytest.raises(InvalidInput, match="closer to the Z than the repulsion") as refused:
        Stueckelberg(mass=1.0, epsilon=epsilon, zprime_mass=91.1876)
    edges = [float(edge) for edge in re.findall(r"(?:\[|, |below |above )(\d+\.\d+)", str(refused.value))]
    assert edges
    for edge in edges:
        # edges are written with six digits
        inside, outside = (edge + 2e-3 * sign * (1 if edge < 91.1876 else -1) for sign in (1, -1))
        assert Stueckelberg(mass=1.0, epsilon=epsilon, zprime_mass=outside).mixing() > 0
        with pytest.raises(InvalidInput):
            Stueckelberg(mass=1.0, epsilon=epsilon, zprime_mass=inside)


def test_a_heavy_vector_is_no_dark_photon_and_states_have_names(light):
    with pytest.raises(InvalidInput, match=r"a Z' of 300 GeV is no dark photon.*expected at most 40 GeV"):
        light.with_parameters(zprime_mass=300.0).as_dark_photon()
    with pytest.raises(UnknownName, match=r"no state named 'Zprime'"):
        light.couplings("Zprime")


def test_limit_with_a_particle_without_charge():
    """Nothing of it is seen: no logarithm of 0."""
    search = portico.search("milliqan_2015", channels="drell_yan")
    for uncharged in ({"mass_mixing": 0.0}, {"epsilon": 0.0}):
        assert portico.limit(search, Stueckelberg(mass=1.0, **uncharged), parameter="kinetic_mixing").status == "none"


@pytest.mark.parametrize(("given_", "parameter"), [({"kinetic_mixing": 1e-3}, "epsilon"), ({"mass_mixing": -5e-4}, "kinetic_mixing")])  # fmt: skip
def test_limits_with_both_mixings_are_those_of_the_signal(given_, parameter):
    """The charge is not proportional to a kinetic mixing, nor the rest to the charge beside one."""
    search, model = portico.search("milliqan_2015", channels="drell_yan"), Stueckelberg(mass=1.0, **given_)
    limit = portico.limit(search, model, parameter=parameter)
    edge = limit.intervals[0][0]
    assert edge > limit.scanned[0]
    signal = portico.signal(search, model.with_parameters(**{parameter: edge}))
    assert signal.expected == pytest.approx(limit.required_events, rel=1e-6)
