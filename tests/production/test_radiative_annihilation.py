import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from portico import constants, particles
from portico.production import radiative_annihilation as ra

ELECTRON = particles.mass("e-")
S = 2 * ELECTRON * (5.0 + ELECTRON)  # a positron of 5 GeV
PB = constants.GEV2_CM2 / 1e-36


def _both(x, largest, s=S):
    return sum(ra.photon_spectrum(x, largest, s, ELECTRON))


# --- anchors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mass", "picobarn"), [(0.01, 0.0439), (1.0, 0.0443), (9.0, 0.242)])
def test_cross_section_at_a_collider_is_the_published_one(mass, picobarn):
    """epsilon = 1e-3 at 10.58 GeV, all angles, m_e kept: closed form of the full angle integral, three digits."""
    sigma = ra.cross_section(10.58**2, mass, 1e-3, largest_photon_energy=np.inf, lepton_mass=ELECTRON) * PB
    assert sigma == pytest.approx(picobarn, rel=3e-3)


def test_cross_section_within_an_angle():
    """\\|cos\\| < 0.95 at 1 GeV: 6.41 fb; tau = (s - m^2)(1 - b cos)/2 turns angles into cuts on tau."""
    s, x = 10.58**2, 1 - 1 / 10.58**2
    b = np.sqrt(1 - 4 * ELECTRON**2 / s)
    cuts = [x * (1 - b * cosine) / 2 for cosine in (0.95, -0.95)]
    near, far = (_both(x, cut, s) for cut in cuts)
    assert 4 * np.pi**2 * constants.ALPHA * 1e-6 / s * (far - near) * PB * 1e3 == pytest.approx(6.41, abs=0.005)


@pytest.mark.parametrize(("x", "largest"), [(0.3, 0.05), (0.04, 0.05), (0.9, 0.02), (0.0501, 0.05), (0.5, 1e-4)])
def test_closed_form_is_the_integral_of_the_squared_amplitude(x, largest):
    """X of f fbar -> V V, as printed, integrated over ln tau from both ends: 1e-9 of quadrature."""
    m2, left = ELECTRON**2, (1 - x) * S

    def amplitude(tau):
        t, u = -tau, -(x * S - tau)
        poles = 1 / t + 1 / u
        bracket = t / u + u / t + 2 * S * left / (t * u) - 2 * m2 * left * (1 / t**2 + 1 / u**2)
        return 8 * (bracket - 4 * m2 * poles - 4 * m2**2 * poles**2)

    b = np.sqrt(1 - 4 * m2 / S)
    low = x * 2 * m2 / (1 + b)
    high = min(x * S - low, largest * S)
    middle = min(x * S / 2, high)
    total = quad(lambda q: amplitude(np.exp(q)) * np.exp(q), np.log(low), np.log(middle), epsabs=0, limit=400)[0]
    if high > middle:
        rest = (x * S - middle, x * S - high)
        total += quad(
            lambda q: amplitude(x * S - np.exp(q)) * np.exp(q), np.log(rest[1]), np.log(rest[0]), epsabs=0, limit=400
        )[0]
    assert _both(x, largest) == pytest.approx(constants.ALPHA / (16 * np.pi * S * b**2) * total, rel=1e-7)


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [1e-6, 1e-3, 0.1, 0.6, 0.95])
def test_without_a_cut_it_is_the_collinear_radiator(x):
    """(alpha/pi)(ln s/m^2 - 1)(1 + (1-x)^2)/x, both legs alike; left out is of order m^2/s = 5e-5, or m^2/s' near x = 1."""
    wanted = constants.ALPHA / np.pi * (np.log(S / ELECTRON**2) - 1) * (1 + (1 - x) ** 2) / x
    electron, positron = ra.photon_spectrum(x, 1.0, S, ELECTRON)
    assert electron + positron == pytest.approx(wanted, rel=1e-3 / (1 - x))
    assert electron == pytest.approx(positron, rel=1e-9)


def test_soft_limit_is_the_exponent():
    assert 1e-9 * _both(1e-9, 1.0) == pytest.approx(ra.radiator_exponent(S, ELECTRON), rel=3e-4)  # times (1 + 2m^2/s)/b
    assert ra.radiator_exponent(S, ELECTRON) == pytest.approx(
        2 * constants.ALPHA / np.pi * (np.log(S / ELECTRON**2) - 1), rel=1e-3
    )


def test_radiator_without_a_cut_is_the_usual_one():
    """beta x^(beta-1)(1 + delta) - beta(1 - x/2): to first order alike; the hard term is suppressed too here, beta^2 ln x."""
    beta, delta = ra.radiator_exponent(S, ELECTRON), ra.virtual_correction(S, ELECTRON)
    x = np.geomspace(1e-12, 0.9, 60)
    usual = beta * x ** (beta - 1) * (1 + delta) - beta * (1 - x / 2)
    assert np.all(np.abs(ra.radiator(x, 1.0, S, ELECTRON) - usual) < -1.5 * beta**2 * np.log(x / 2) + 4e-4 * usual)


def test_photons_are_neither_lost_nor_made():
    """The integral of the radiator is 1 + delta' with |delta'| < 2 alpha/pi ln: real and virtual photons cancel but for that."""
    beta = ra.radiator_exponent(S, ELECTRON)
    whole = quad(lambda v: ra.radiator(v ** (1 / beta), 1.0, S, ELECTRON) * v ** (1 / beta - 1) / beta, 0, 1)[0]
    # beta x^(beta-1)(1+delta) - beta(1-x/2) integrates to 1 + delta - 3/4 beta = 1 + (alpha/pi)(pi^2/3 - 1/2)
    assert whole == pytest.approx(1 + constants.ALPHA / np.pi * (np.pi**2 / 3 - 0.5), abs=beta**2)


def test_on_the_threshold_nothing_is_made():
    sigma = ra.cross_section(S, np.sqrt(S) * np.array([1.0, 1.1]), 1.0, largest_photon_energy=1.0, lepton_mass=ELECTRON)
    np.testing.assert_array_equal(sigma, 0.0)


# --- laws ----------------------------------------------------------------------------------------------------------

fractions = st.floats(1e-8, 0.999)


@given(fractions, st.floats(0.0, 1.0), st.floats(0.01, 1e3))
def test_spectrum_is_positive_and_grows_with_the_cut(x, largest, energy):
    s = 2 * ELECTRON * (energy + ELECTRON)
    for part, wider in zip(
        ra.photon_spectrum(x, largest, s, ELECTRON), ra.photon_spectrum(x, 1.1 * largest, s, ELECTRON), strict=True
    ):
        assert part >= -1e-12 / x
        assert wider >= part * (1 - 1e-9) - 1e-12 / x


@given(fractions, st.floats(1e-6, 1.0))
def test_a_cut_spares_the_target_electron(x, largest):
    """Photons of the electron at rest carry little energy: the cut takes more from the positron's side."""
    electron, positron = ra.photon_spectrum(x, largest, S, ELECTRON)
    assert electron >= positron * (1 - 1e-9)


@given(fractions, st.floats(1e-3, 1.0))
def test_numpy_and_jax_agree(x, largest):
    import jax.numpy as jnp

    host = ra.radiator(np.float64(x), np.float64(largest), S, ELECTRON)
    assert float(ra.radiator(jnp.asarray(x), jnp.asarray(largest), S, ELECTRON)) == pytest.approx(float(host), rel=1e-9)
