import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import particles
from portico.constants import ALPHA
from portico.decays import vector
from portico.decays.dark_current import KINDS, dark_current
from portico.production import resonant_annihilation as annihilation

ELECTRON = particles.mass("e-")
WIDTHS = {
    "dirac": vector.width_to_dirac,
    "majorana": vector.width_to_majorana,
    "scalar": vector.width_to_complex_scalar,
}


@jax.jit
def _to_width(s, mass, alpha_dark):
    return jnp.stack(
        [
            jnp.stack(
                [
                    alpha_dark / 3 * dark_current(s, mass, kind),
                    jnp.sqrt(s) * WIDTHS[kind](jnp.sqrt(s), alpha_dark, mass),
                ]
            )
            for kind in KINDS
        ]
    )


@given(st.floats(1e-6, 100.0), st.floats(0.0, 0.6), st.floats(1e-6, 1.0))
def test_dark_current_is_the_width_at_the_invariant_mass(s, ratio, alpha_dark):
    """sqrt(s) Gamma_chi(sqrt s) = alpha_D D(s)/3 for the three kinds, 0 below threshold."""
    for current, width in np.asarray(_to_width(s, ratio * np.sqrt(s), alpha_dark)):
        # just above threshold 1 - 4 m^2/s loses digits in both
        assert current == pytest.approx(width, rel=1e-11 + 1e-15 / max(abs(1 - 4 * ratio**2), 1e-15), abs=1e-300)
        assert (current > 0) == (ratio < 0.5) or abs(ratio - 0.5) < 1e-12


def test_current_at_and_below_threshold_is_exactly_zero_with_finite_gradient():
    s = jnp.array([0.0, 1e-3, 0.04 * (1 - 1e-15), 0.04, 0.05, 100.0])
    for kind in KINDS:
        value = np.asarray(dark_current(s, 0.1, kind))
        np.testing.assert_array_equal(value[:4], 0.0)
        assert np.all(value[4:] > 0)
        gradient = jax.jit(jax.vmap(jax.grad(lambda s, m, k=kind: dark_current(s, m, k), (0, 1)), in_axes=(0, None)))(
            s, 0.1
        )
        assert np.all(np.isfinite(gradient))


_sigma = jax.jit(annihilation.cross_section, static_argnames=("dark_matter", "width"))


def _cross_section(s, mass, **changes):
    arguments = {"epsilon": 1.0, "alpha_dark": 0.1, "dark_matter_mass": 0.0, "dark_matter": "dirac", "visible_width": 0.0,
                 "dark_width": 0.0, "lepton_mass": ELECTRON, "width": "constant"}  # fmt: skip
    arguments.update(changes)
    epsilon, alpha_dark = arguments.pop("epsilon"), arguments.pop("alpha_dark")
    return np.asarray(_sigma(s, s - mass**2, mass, epsilon, alpha_dark, **arguments))


def test_with_the_couplings_of_a_photon_it_is_muon_pair_production():
    """alpha_dark -> alpha, epsilon -> 1, m -> 0: sigma = (4 pi alpha^2/3s) beta (1 + 2 mu^2/s) times the electron's factor."""
    muon = particles.mass("mu-")
    s = np.array([0.05, 0.2, 1.0, 112.0])
    beta = np.sqrt(1 - 4 * muon**2 / s)
    initial = (1 + 2 * ELECTRON**2 / s) / np.sqrt(1 - 4 * ELECTRON**2 / s)
    expected = 4 * np.pi * ALPHA**2 / (3 * s) * beta * (1 + 2 * muon**2 / s) * initial
    ours = _cross_section(s, 0.0, alpha_dark=ALPHA, dark_matter_mass=muon)
    np.testing.assert_allclose(ours, expected, rtol=1e-14)
    # PDG: 86.8 nb GeV^2/s for massless muons, three digits
    assert ours[3] * s[3] * 0.3893793721e6 == pytest.approx(86.8, rel=1e-3)


def test_scalars_are_a_quarter_of_muons_far_above_threshold():
    s = np.array([0.05, 0.2, 1.0, 112.0])
    dirac, majorana, scalar = (_cross_section(s, 0.0, dark_matter=kind) for kind in KINDS)
    np.testing.assert_allclose(majorana, dirac / 2, rtol=1e-14)
    np.testing.assert_allclose(scalar, dirac / 4, rtol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_product_of_widths_at_the_invariant_mass(kind):
    """12 pi s Gamma_ee(sqrt s) Gamma_chi(sqrt s)/(s |propagator|^2), over the electron's flux factor 1 - 4 me^2/s."""
    mass, chi, alpha_dark = 0.07, 0.02, 0.3
    s = np.array([0.002, 0.0045, 0.0049, 0.006])
    root = np.sqrt(s)
    gamma_ee = np.asarray(vector.width_to_leptons(root, 1.0, ELECTRON))
    gamma_chi = np.asarray(WIDTHS[kind](root, alpha_dark, chi))
    pole = float(WIDTHS[kind](mass, alpha_dark, chi))
    expected = 12 * np.pi * gamma_ee * gamma_chi / ((s - mass**2) ** 2 + mass**2 * pole**2) / (1 - 4 * ELECTRON**2 / s)
    ours = _cross_section(s, mass, alpha_dark=alpha_dark, dark_matter_mass=chi, dark_matter=kind, dark_width=pole)
    np.testing.assert_allclose(ours, expected, rtol=1e-13)


def test_on_the_peak_it_is_the_unitarity_limit_times_branching_ratios():
    """sigma_peak = 12 pi/m^2 BR_ee BR_chi (spin 1 from two spins 1/2), for light electrons."""
    mass, chi, alpha_dark, epsilon = 0.07, 0.02, 1e-6, 1e-3
    visible = float(vector.width_to_leptons(mass, epsilon, ELECTRON))
    dark = float(vector.width_to_dirac(mass, alpha_dark, chi))
    ours = _cross_section(
        np.full(4, mass**2),
        mass,
        alpha_dark=alpha_dark,
        epsilon=epsilon,
        dark_matter_mass=chi,
        dark_width=dark,
        visible_width=visible,
    )
    expected = 12 * np.pi / mass**2 * visible * dark / (visible + dark) ** 2
    assert ours[0] == pytest.approx(expected, rel=3e-4)  # flux factor 1 - 4 me^2/m^2


@pytest.mark.parametrize("kind", KINDS)
def test_below_threshold_it_is_exactly_zero(kind):
    chi = 0.03
    s = 4 * chi**2 * np.array([0.1, 0.99, 1.0, 1.01])
    for width in annihilation.WIDTHS:
        value = _cross_section(s, 0.05, dark_matter_mass=chi, dark_matter=kind, dark_width=1e-3, width=width)
        np.testing.assert_array_equal(value[:3], 0.0)
        assert value[3] > 0


def test_running_width_equals_the_constant_one_on_the_peak_and_is_wider_above():
    mass, chi = 0.07, 0.02
    dark = float(vector.width_to_dirac(mass, 0.5, chi))
    s = mass**2 * np.array([0.7, 1.0, 1.5, 2.0])
    constant, running = (
        _cross_section(s, mass, alpha_dark=0.5, dark_matter_mass=chi, dark_width=dark, visible_width=1e-5, width=w)
        for w in annihilation.WIDTHS
    )
    assert running[1] == pytest.approx(constant[1], rel=1e-12)
    assert running[0] > constant[0]
    assert np.all(running[2:] < constant[2:])


@given(st.floats(1e-8, 1.0), st.floats(1e-6, 1.0), st.floats(0.5, 2.0))
def test_it_scales_with_the_couplings(epsilon, alpha_dark, factor):
    s = np.array([0.002, 0.0045, 0.0049, 0.006])
    base = _cross_section(s, 0.07, dark_matter_mass=0.02, dark_width=1e-3)
    scaled = _cross_section(s, 0.07, epsilon=epsilon, alpha_dark=alpha_dark, dark_matter_mass=0.02, dark_width=1e-3)
    np.testing.assert_allclose(scaled, base * epsilon**2 * alpha_dark / 0.1, rtol=1e-13)
    # no scale but the masses: sigma ~ 1/energy^2
    stretched = _cross_section(
        s * factor**2,
        0.07 * factor,
        dark_matter_mass=0.02 * factor,
        dark_width=1e-3 * factor,
        lepton_mass=ELECTRON * factor,
    )
    np.testing.assert_allclose(stretched * factor**2, base, rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_the_integral_over_a_narrow_peak_is_the_strength(kind):
    mass, chi, alpha_dark = 0.07, 0.02, 1e-7
    dark = float(WIDTHS[kind](mass, alpha_dark, chi))
    half = mass * dark
    # s - m^2 = m Gamma tan(phi); dE_A' = ds/(2 me)
    phi, weight = np.polynomial.legendre.leggauss(60)
    phi = phi * (np.pi / 2) * (1 - 1e-5)
    distance = half * np.tan(phi)
    sigma = np.asarray(
        _sigma(
            mass**2 + distance,
            distance,
            mass,
            1.0,
            alpha_dark,
            dark_matter_mass=chi,
            dark_matter=kind,
            visible_width=0.0,
            dark_width=dark,
            lepton_mass=ELECTRON,
            width="constant",
        )
    )
    total = (np.pi / 2) * (1 - 1e-5) * weight @ (sigma * half / np.cos(phi) ** 2) / (2 * ELECTRON)
    strength = float(annihilation.narrow_width_strength(mass, 1.0, 1.0, ELECTRON))
    assert total == pytest.approx(strength, rel=5e-5)  # the tails beyond 1e5 half widths are cut: 1e-5


def test_strength_of_a_narrow_resonance_by_hand():
    # 2 pi^2 alpha/m_e = 281.9 GeV^-1 (four digits), mass corrections 4e-4 at 70 MeV... (1 + 2r)/sqrt(1 - 4r) = 1 + 4 r
    strength = float(annihilation.narrow_width_strength(0.07, 1.0, 1.0, ELECTRON))
    assert strength == pytest.approx(
        2 * np.pi**2 / 137.035999 / 0.51099895e-3 * (1 + 4 * (ELECTRON / 0.07) ** 2), rel=1e-7
    )
    assert float(annihilation.narrow_width_strength(0.07, 1e-3, 0.5, ELECTRON)) == pytest.approx(
        strength * 5e-7, rel=1e-14
    )


def test_gradients_are_finite_at_threshold_and_peak():
    def function(mass, chi):
        s = jnp.array([4 * 0.03**2, 0.07**2, 0.08**2])
        return jnp.sum(
            annihilation.cross_section(
                s,
                s - mass**2,
                mass,
                1.0,
                0.1,
                dark_matter_mass=chi,
                dark_matter="dirac",
                visible_width=1e-9,
                dark_width=1e-3,
                lepton_mass=ELECTRON,
                width="running",
            )
        )

    assert np.all(np.isfinite(jax.jit(jax.grad(function, (0, 1)))(0.07, 0.03)))
