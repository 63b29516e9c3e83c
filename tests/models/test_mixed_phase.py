"""The mixed phase: numbers of arXiv:1506.04760 and their corrections, limits of Holdom and Okun, laws, refusals."""

import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import particles
from portico.constants import ALPHA, SIN2_THETA_W
from portico.decays import millicharged as decays
from portico.errors import InvalidInput, UnknownName
from portico.models import Millicharged, MixedPhase, _mixed_phase
from portico.production import quarkonium

THETA = math.asin(math.sqrt(SIN2_THETA_W))
COS_W = math.sqrt(1 - SIN2_THETA_W)
MZ = particles.mass("Z")
SMALL = 1e-4


def test_widths_of_the_doublet_are_those_of_the_charges():
    """e' = e, theta' = theta_W, m = M/3: Gamma/M = 9.0e-4 and 3.4e-3 with alpha(0), BR(chi chi) = 21 %; at 5.63 e times 31.7."""
    model = MixedPhase(mass=1.0, kappa=SMALL, alpha=ALPHA)
    widths = model.partial_widths()
    assert widths["chi chi"] / 3 == pytest.approx(9.0e-4, rel=0.005)
    assert widths["nu_D nu_D"] / 3 == pytest.approx(3.4e-3, rel=0.01)
    assert model.branching_ratios()["chi chi"] == pytest.approx(0.21, abs=0.002)
    strong = model.with_parameters(dark_charge=5.63).partial_widths()
    assert strong["chi chi"] / widths["chi chi"] == pytest.approx(31.7, rel=1e-3)
    assert strong["chi chi"] / 3 == pytest.approx(0.029, rel=0.02)
    at_z = model.with_parameters(alpha=1 / 127.95).partial_widths()
    assert at_z["chi chi"] / 3 == pytest.approx(9.6e-4, rel=0.01)
    # the closed form of a vector coupling, v = g2'/c' (-1/2 + s'^2)
    v = math.sqrt(4 * math.pi * ALPHA) / (math.sin(THETA) * math.cos(THETA)) * (-0.5 + SIN2_THETA_W)
    exact = 3 / (12 * math.pi) * v**2 * (1 + 2 / 9) * math.sqrt(1 - 4 / 9)
    assert widths["chi chi"] == pytest.approx(exact, rel=1e-6)


def test_weyl_neutrino_has_half_of_the_dirac_width():
    dirac = MixedPhase(mass=1.0, kappa=SMALL).partial_widths()["nu_D nu_D"]
    weyl = MixedPhase(mass=1.0, kappa=SMALL, fermions="weyl").partial_widths()["nu_D nu_D"]
    assert weyl == pytest.approx(dirac / 2, rel=1e-12)


@pytest.mark.parametrize(("content", "per_charge2"), [("doublet", 30.2), ("singlet", 121)])
def test_z_to_chi_with_a_light_zprime(content, per_charge2):
    """71.4 |1 + r|^2 MeV epsilon^2; the Z' does not decouple from the Z."""
    model = MixedPhase(mass=1e-3, zprime_mass=1e-2, epsilon=SMALL, content=content)
    assert 1e3 * model.z_widths()["chi chi"] / SMALL**2 == pytest.approx(per_charge2, rel=3e-3)
    r = model.exchange_ratio()
    assert 1e3 * model.z_widths()["chi chi"] / SMALL**2 == pytest.approx(71.4 * (1 + r) ** 2, rel=1e-3)


def test_z_to_chi_without_dark_angle_is_that_of_hypercharge():
    model = MixedPhase(mass=1.0, epsilon=1e-3, theta_w_dark=0.0)
    unit = float(decays.width_of_z(1.0, MZ, alpha=1 / 127.95, sin2_theta_w=SIN2_THETA_W))
    assert model.z_widths()["chi chi"] == pytest.approx(1e-6 * unit, rel=1e-6)
    assert model.z_widths()["e+ e-"] == pytest.approx(0.0840, rel=1e-4)


def test_exchange_ratio_is_that_of_the_charges():
    for content, q_z in (("doublet", -0.5 + SIN2_THETA_W), ("singlet", SIN2_THETA_W)):
        r = MixedPhase(mass=1.0, kappa=SMALL, zprime_mass=0.1, content=content).exchange_ratio()
        expected = q_z / (1 - SIN2_THETA_W)  # -(q_Z'/Q')/c'^2 with Q' = -1
        assert r == pytest.approx(expected, rel=1e-5)
        assert r == pytest.approx({"doublet": -0.350, "singlet": 0.301}[content], abs=5e-4)


@pytest.mark.parametrize(("dark_charge", "sine2", "charge"),
                         [(5.63, 0.23122, 4.33e-3), (9, 0.23122, 6.9e-3), (9, 0.75, 3.9e-3)])  # fmt: skip
def test_charges_of_the_source_at_kappa_of_a_thousandth(dark_charge, sine2, charge):
    """kappa = 1e-3. e' = 5.63 e is g2'^2 = 4 pi. At sin^2 theta_W' = 0.75 the source says 1e-3, which no coupling below 9 e gives."""
    model = MixedPhase(mass=1.0, kappa=1e-3, dark_charge=dark_charge, theta_w_dark=math.asin(math.sqrt(sine2)))
    assert model.charge() == pytest.approx(charge, rel=0.012)
    assert model.charge() == pytest.approx(1e-3 * COS_W * math.sqrt(1 - sine2) * dark_charge, rel=1e-5)


def test_bound_on_the_light_zprime_is_one_on_kappa():
    """eps_Z/c_W < 1e-3 is kappa < 2.08e-3 at theta' = theta_W: eps_Z as a dark photon's mixing."""
    model = MixedPhase(mass=0.5, kappa=2.08e-3, zprime_mass=1.0)
    assert model.as_dark_photon().model.epsilon / COS_W == pytest.approx(1e-3, rel=1e-3)


def test_landau_pole():
    model = MixedPhase(mass=1.0, kappa=1e-3, alpha=ALPHA, dark_charge=9)
    assert model.landau_pole_gev() == pytest.approx(2.9e3, rel=0.01)
    assert model.with_parameters(dark_charge=5.63).landau_pole_gev() == pytest.approx(7e8, rel=0.05)
    assert any("Landau pole is at 2.9e+03 GeV" in note for note in model.notes())
    assert not any("Landau" in note for note in model.with_parameters(dark_charge=5.63).notes())


def test_electroweak_shifts_are_those_of_the_states():
    model = MixedPhase(mass=0.05, zprime_mass=0.15, kappa=1e-2 / math.sqrt(1 + 1e-4), theta_w_dark=math.pi / 2)
    shifts = model.electroweak_shifts()
    assert 1e3 * shifts.w_mass == pytest.approx(-1.32, abs=0.006)
    assert shifts.w_mass_light == pytest.approx(shifts.w_mass, rel=1e-3)
    fixed = MixedPhase(mass=0.3, zprime_mass=1.0, kappa=1e-2, inputs="gauge").electroweak_shifts()
    assert 1e3 * fixed.z_mass == pytest.approx(1.054, abs=1e-3)
    assert fixed.z_mass_second_order == pytest.approx(fixed.z_mass, rel=1e-3)


def test_holdom_has_no_zprime_for_us():
    model = MixedPhase(mass=1.0, kappa=1e-2).holdom()
    zprime = model.couplings("Z'")
    for current in (zprime.up, zprime.down, zprime.lepton, zprime.neutrino):
        assert current.vector == current.axial == 0
    assert model.charge() > 0
    visible = [width for name, width in model.partial_widths().items() if "chi" not in name and "nu_D" not in name]
    assert not any(visible)
    exchange = model.exchange()
    assert not np.any(exchange.up_vector[..., 2])


def test_okun_has_no_millicharge():
    model = MixedPhase(mass=1.0, epsilon=1e-3).okun()
    assert model.charge() == 0
    assert model.couplings("photon").particle.vector == 0
    assert model.couplings("Z").components.dark_em == 0
    dark = model.couplings("A'")
    assert dark.particle.vector == 0
    assert model.branching_ratios()["chi chi"] > 0.1
    assert model.as_dark_photon().invisible_branching_ratio == pytest.approx(1, abs=1e-4)


def test_millicharged_alone_is_the_holdom_limit():
    """Same charge and couplings to photon and Z, to second order in kappa."""
    model = MixedPhase(mass=2.0, epsilon=1e-3).holdom()
    like = model.as_millicharged()
    assert like.z_coupling_ratio == pytest.approx(1, abs=1e-12)
    one, other = model.exchange(), like.model.exchange()
    for field in ("mass", "up_vector", "up_axial", "down_vector", "lepton_vector", "particle_vector", "particle_axial"):
        np.testing.assert_allclose(np.asarray(getattr(one, field))[:2], getattr(other, field), rtol=1e-6, atol=1e-12)
    assert one.width[1] == pytest.approx(other.width[1], rel=2e-3)  # masses of leptons; the running of alpha_s


def test_partner_parent_decays_and_mesons():
    model = MixedPhase(mass=1.0, epsilon=1e-3, zprime_mass=1e3)
    heavy, alone = model.parent_decays(), Millicharged(mass=1.0, epsilon=1e-3).parent_decays()
    assert heavy["J/psi -> chi chi"].branching_ratio == pytest.approx(
        alone["J/psi -> chi chi"].branching_ratio, rel=1e-4
    )
    light = MixedPhase(mass=1.0, epsilon=1e-3, zprime_mass=0.1).parent_decays()
    ratio = light["J/psi -> chi chi"].branching_ratio / heavy["J/psi -> chi chi"].branching_ratio
    assert ratio == pytest.approx(0.42, abs=0.005)
    assert light["Z -> nu_D nu_D"].width > 0
    singlet = MixedPhase(mass=1.0, epsilon=1e-3, zprime_mass=0.1, content="singlet").parent_decays()
    assert "Z -> nu_D nu_D" not in singlet
    assert singlet["J/psi -> chi chi"].branching_ratio / heavy["J/psi -> chi chi"].branching_ratio == pytest.approx(
        1.69, abs=0.01
    )


def test_dark_photon_of_the_zprime_has_its_widths():
    model = MixedPhase(mass=1.0, kappa=1e-2, zprime_mass=1.5, content="singlet", alpha=ALPHA)
    like = model.as_dark_photon()
    assert like.invisible_branching_ratio == 0  # 2 m_chi > m_Z'
    for channel in ("e+ e-", "mu+ mu-", "hadrons"):
        assert like.model.partial_widths()[channel] == pytest.approx(model.partial_widths()[channel], rel=1e-3)
    open_ = MixedPhase(mass=0.3, kappa=1e-2, zprime_mass=1.5).as_dark_photon()
    assert open_.model.branching_ratios()["chi chi"] == pytest.approx(open_.invisible_branching_ratio, rel=1e-5)
    with pytest.raises(InvalidInput, match="a Z' of 300 GeV is no dark photon; expected at most 40 GeV"):
        MixedPhase(mass=100.0, kappa=1e-2).as_dark_photon()


def test_printed_couplings_are_near_the_exact_ones():
    model = MixedPhase(mass=10.0, kappa=1e-2)
    for state in ("photon", "Z", "Z'"):
        exact, printed = model.couplings(state), model.couplings(state, method="perturbative")
        np.testing.assert_allclose(printed.lepton, exact.lepton, rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose(printed.particle, exact.particle, rtol=1e-3, atol=1e-7)
    assert not any("strong" in note for note in model.notes())
    near = MixedPhase(mass=10.0, kappa=5e-2, zprime_mass=88.0)
    assert near.expansion_parameter() > 0.08
    assert any("mixing of Z and Z' is strong" in note for note in near.notes())


def test_couplings_below_dark_limits_are_told():
    assert any("g2' = " in note for note in MixedPhase(mass=1.0, kappa=1e-3, theta_w_dark=0.01).notes())
    assert any("g1' = " in note for note in MixedPhase(mass=1.0, kappa=1e-3, theta_w_dark=1.56).notes())
    assert MixedPhase(mass=1.0, kappa=1e-3).notes() == ("e' = 1 e, BR(Z' -> chi chi) = 0.208.",)
    assert MixedPhase(mass=1.0).notes() == ()


@pytest.mark.parametrize("inputs", ["physical", "gauge"])
def test_charge_and_mixing_are_two_ways_to_say_one_thing(inputs):
    for theta in (0.0, THETA, 1.2):
        model = MixedPhase(mass=1.0, epsilon=0.02, theta_w_dark=theta, dark_charge=2.0, inputs=inputs)
        again = model.with_parameters(kappa=model.mixing())
        assert again.epsilon is None
        assert again.charge() == pytest.approx(0.02, rel=1e-12)
        np.testing.assert_allclose(list(again.z_widths().values()), list(model.z_widths().values()), rtol=1e-9)
        photon = model.couplings("photon")
        physical = -photon.lepton.vector  # the charge of the electron
        assert photon.particle.vector / physical == pytest.approx(0.02, rel=1e-12)
        if inputs == "physical":
            assert physical == pytest.approx(math.sqrt(4 * math.pi / 127.95), rel=1e-12)


REFUSED = [
    ({"kappa": 1.0}, "kappa = 1 is not allowed; expected above -1 and below 1"),
    ({"kappa": -1.5}, "kappa = -1.5 is not allowed"),
    ({"theta_w_dark": 2.0}, "theta_w_dark = 2 rad is not allowed; expected at least 0 rad and at most 1.5708 rad"),
    ({"kappa": 0.1, "epsilon": 0.1}, "kappa and epsilon are both given"),
    ({"zprime_mass": 3.0, "zprime_mass_ratio": 3.0}, "zprime_mass and zprime_mass_ratio are both given"),
    ({"epsilon": 0.1, "theta_w_dark": math.pi / 2}, "no millicharge at theta_w_dark = pi/2; expected kappa"),
    ({"epsilon": 0.9, "dark_charge": 0.5}, r"epsilon = 0.9 needs abs\(kappa\) >= 1 .*; expected below 0.799391"),
    ({"epsilon": 0.9, "inputs": "gauge"}, r"epsilon = 0.9 needs abs\(kappa\) >= 1 .*; expected below 0.76878"),
    ({"kappa": 0.1, "zprime_mass": 91.0}, r"closer to the Z than the repulsion .* outside \[89.0577, 93.2969\] GeV"),
    ({"epsilon": 0.1, "zprime_mass": 91.0}, r"repulsion .* at epsilon = 0.1; expected its mass outside \[88.4016, 93.9024\] GeV"),
    ({"kappa": 0.95, "zprime_mass": 60.0, "theta_w_dark": 1.57}, "expected its mass above 213.219 GeV"),
    ({"kappa": 0.1, "zprime_mass": np.array([3.0, 91.0])}, "a Z' of 91 GeV is closer"),
]  # fmt: skip


@pytest.mark.parametrize(("given_", "told"), REFUSED)
def test_what_no_mixing_gives_is_refused(given_, told):
    with pytest.raises(InvalidInput, match=told):
        MixedPhase(**{"mass": 1.0, **given_})


def test_ends_of_the_gap_are_where_states_begin():
    for mass in (89.05, 93.30):
        assert MixedPhase(mass=1.0, kappa=0.1, zprime_mass=mass).couplings("Z'").mass == mass
    for mass in (89.06, 93.29):
        with pytest.raises(InvalidInput, match="closer to the Z"):
            MixedPhase(mass=1.0, kappa=0.1, zprime_mass=mass)


def test_equal_masses_without_mixing_are_told_and_not_failed():
    """M1 = M2 in the gauge basis: the printed formulas are infinite, the exact ones split by the repulsion."""
    model = MixedPhase(mass=1.0, zprime_mass=MZ, kappa=1e-2, inputs="gauge")
    assert model.couplings("Z").mass - model.couplings("Z'").mass == pytest.approx(0.21086, abs=1e-5)
    assert model.expansion_parameter() == math.inf
    assert any("strong" in note for note in model.notes())
    assert not math.isfinite(model.electroweak_shifts().z_mass_second_order)


def test_names_of_states_and_methods_are_told():
    model = MixedPhase(mass=1.0, kappa=1e-3)
    with pytest.raises(UnknownName, match=r"no state named 'z'.* Did you mean 'Z'"):
        model.couplings("z")
    with pytest.raises(UnknownName, match=r"no method named 'exacts'.* Did you mean 'exact'"):
        model.couplings("Z", method="exacts")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.floats(-2, 3).map(lambda x: 10.0**x), st.floats(-5, -1.5).map(lambda x: 10.0**x), st.floats(0.01, 1.5),
    st.floats(0.1, 9), st.sampled_from(["doublet", "singlet"]),
)  # fmt: skip
def test_laws_of_the_couplings(mass, kappa, theta, dark_charge, content):
    if abs(3 * mass / MZ - 1) < 0.1:
        return  # may be in the gap, which has tests of its own
    model = MixedPhase(mass=mass, kappa=kappa, theta_w_dark=theta, dark_charge=dark_charge, content=content)
    widths = model.partial_widths()
    assert all(width >= 0 for width in widths.values())
    assert sum(model.branching_ratios().values()) == pytest.approx(1, rel=1e-12)
    # the sign of kappa is that of charges: no width depends on it
    mirrored = model.with_parameters(kappa=-kappa)
    np.testing.assert_allclose(list(mirrored.partial_widths().values()), list(widths.values()), rtol=1e-9)
    # dark widths go as e'^2, those to us do not depend on e'
    twice = model.with_parameters(dark_charge=2 * dark_charge).partial_widths()
    for channel, width in widths.items():
        assert twice[channel] == pytest.approx((4 if channel in ("chi chi", "nu_D nu_D") else 1) * width, rel=1e-9)
    # the charge grows with e' and with kappa
    assert model.with_parameters(dark_charge=2 * dark_charge).charge() == pytest.approx(2 * model.charge(), rel=1e-9)
    residue = np.asarray(model.massless_residue())
    # R_EM,EM'/R_EM,EM = -kappa c_W c': of the gauge basis, as epsilon e = kappa c_W c' e' is
    lepton, dark = model.couplings("photon").lepton.vector, model.couplings("A'").particle.vector
    gauge_charge = lepton / model.couplings("photon").components.em
    assert residue[0, 2] / residue[0, 0] * dark / gauge_charge == pytest.approx(-model.charge(), rel=1e-9)


@pytest.mark.slow
def test_derivatives_of_widths_follow_differences():
    def logs(kappa, theta, zprime):
        model = MixedPhase(mass=1.0, kappa=kappa, theta_w_dark=theta, zprime_mass=zprime)
        return jax.numpy.log(model.partial_widths()["e+ e-"])

    at = (1e-2, 0.5, 5.0)
    slopes = jax.jit(jax.grad(logs, argnums=(0, 1, 2)))(*at)
    for place in range(3):
        step = 1e-5 * at[place]
        up, down = (logs(*(v + sign * step * (i == place) for i, v in enumerate(at))) for sign in (1, -1))
        assert float(slopes[place]) == pytest.approx(float(up - down) / (2 * step), rel=1e-5)


def test_a_million_points_have_the_numbers_of_each():
    rng = np.random.default_rng(5)
    many = {
        "mass": 10 ** rng.uniform(-1, 2, 300),
        "kappa": 10 ** rng.uniform(-4, -2, 300),
        "zprime_mass": 10 ** rng.uniform(-1, 1.8, 300),
    }
    together = MixedPhase(**many).exchange()
    for point in (0, 17, 299):
        alone = MixedPhase(**{name: value[point] for name, value in many.items()}).exchange()
        for one, other in zip(together[1:], alone[1:], strict=True):
            np.testing.assert_allclose(one[point], other, rtol=1e-12)


def test_what_is_asked_alone_is_what_it_is_beside_the_rest(monkeypatch):
    rng = np.random.default_rng(6)
    model = MixedPhase(mass=10 ** rng.uniform(-1, 2, 50), kappa=10 ** rng.uniform(-4, -1, 50), zprime_mass=10 ** rng.uniform(-1, 1.8, 50),
                       theta_w_dark=rng.uniform(0.1, 1.4, 50))  # fmt: skip
    on_host, all_of_it = model.couplings("Z'"), model.exchange()
    monkeypatch.setattr(_mixed_phase, "_ON_HOST", 0)
    monkeypatch.setattr(_mixed_phase, "_BATCHES", (16,))
    for one, other in zip(jax.tree.leaves(model.couplings("Z'")), jax.tree.leaves(on_host), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(on_host.up.vector, all_of_it.up_vector[:, 2], rtol=1e-15)
    np.testing.assert_allclose(on_host.mass, all_of_it.mass[:, 2], rtol=1e-15)
    np.testing.assert_allclose(
        model.charge() * np.sqrt(4 * np.pi * model.alpha), all_of_it.particle_vector[:, 0], rtol=1e-12
    )


@pytest.mark.parametrize("angle", [1e-300, 9.9e-7, math.pi / 2 - 9e-7, [0.5, 1e-9]])
def test_angles_next_to_the_ends_are_refused(angle):
    """The Z' coupling to us falls as the angle, that to dark particles grows as its inverse: no limit but the end itself."""
    with pytest.raises(InvalidInput, match="closer than 1e-06 to 0 or pi/2"):
        MixedPhase(mass=1.0, kappa=1e-3, theta_w_dark=angle)


@pytest.mark.parametrize("angle", [0.0, 1e-6, math.pi / 2 - 1e-6, math.pi / 2])
def test_widths_at_the_ends_of_the_angle(angle):
    ratios = MixedPhase(mass=1.0, kappa=1e-3, theta_w_dark=angle).branching_ratios()
    assert sum(ratios.values()) == pytest.approx(0.0 if angle == 0 else 1.0, rel=1e-12)


def test_quarkonia_see_the_axial_coupling_of_weyl_doublets():
    """J/psi near a Z' of 2.9 GeV: 4.6495e-4 from the amplitude of all vectors by explicit traces, kappa = 0.03."""
    model = MixedPhase(mass=0.7, zprime_mass=2.9, theta_w_dark=0.7, kappa=0.03, fermions="weyl")
    found = model.parent_decays()["J/psi -> chi chi"].branching_ratio
    assert found == pytest.approx(4.64952e-4, rel=1e-4)
    made = quarkonium.branching_ratio(model.exchange(), 0.7, "J/psi")
    assert found == pytest.approx(float(made), rel=1e-12)
