import json
from pathlib import Path

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammainc, gammaln

from portico.numerics import maps
from portico.transport import electromagnetic_cascade as em

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "transport.json").read_text())
B1, B2 = 4 / 3, 7 / 9
_first = jax.jit(em.first_generation_track)
_second = jax.jit(em.second_generation_track)
_kernels = em.track_length_kernels
_photons = jax.jit(em.photon_yield)
_above = jax.jit(em.photons_above, static_argnames="order")
_cascade_photons = em.photon_yield_cascade
# five values of y in every call, so that each function is compiled once
Y5 = np.array([0.02, 0.1, 0.5, 1.0, 2.5])


def _kernel(w, depth, *, method):
    """K of positrons."""
    return _kernels(w, depth, method=method)[0]


def _densities(y, depth, *, method):
    """E T_e/X0 per unit v, from the kernels: of positrons, and of positrons and electrons."""
    w = np.asarray(maps.logarithmic_coordinate(y))
    return np.asarray(_kernels(w, depth, method=method)) * w**2 / (y * (1 + y))


# --- first generation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [0.1, 1.0, 16.0])
def test_first_generation_equals_an_adaptive_integral(depth):
    y = np.concatenate([Y5, [1e-6, 1e-2, 7.0, 20.0, 1.0]])
    exact = [
        quad(
            lambda t, v=v: np.exp(B1 * t * np.log(v) - gammaln(B1 * t)) if t else 0.0, 0, depth, epsrel=1e-11, limit=200
        )[0]
        for v in y
    ]
    np.testing.assert_allclose(
        _first(y, depth), exact, rtol=1e-7
    )  # fixed nodes in t; worst at y = 20 and 16 radiation lengths


@pytest.mark.parametrize("depth", ["1", "16"])
def test_kernel_at_a_tenth_in_the_usual_variable(depth):
    """K = L^2 int e^(-b1 t L)/Gamma(b1 t) dt with L = 10: the track times L^2, because dy = y L^2 dw."""
    reference = REFERENCE["kernel_at_a_tenth"]
    track = float(_first(np.exp(-10.0), float(depth)))
    assert 100 * track == pytest.approx(reference["values"][depth], rel=reference["tolerance"])


@pytest.mark.parametrize("depth", [1.0, 16.0])
@pytest.mark.parametrize("method", em.METHODS)
def test_kernel_starts_at_the_inverse_of_b1(method, depth):
    w = np.array([0.0, 1e-6, 1e-3, 5e-3, 1e-2])
    kernel = np.asarray(_kernel(w, depth, method=method))
    assert kernel[0] == pytest.approx(0.75, rel=1e-15)
    # K = (1/b1)(1 + c w + ...), with c = 2 gamma_E in the Tsai-Whitis form
    slope = (kernel[1:] / 0.75 - 1) / w[1:]
    if method == "tsai_whitis":
        assert 2 * slope[2] - slope[3] == pytest.approx(2 * np.euler_gamma, rel=1e-3)  # two orders are left
    np.testing.assert_allclose(slope[:2], slope[2], rtol=0.02)  # linear towards 0


@pytest.mark.parametrize("depth", [0.5, 1.0, 16.0])
def test_cumulative_of_the_first_generation_is_the_incomplete_gamma_function(depth):
    nodes, weights = np.polynomial.legendre.leggauss(48)
    w = 0.33668 * (nodes + 1) / 2  # v > 0.95 in the usual variable
    y = np.exp(-1 / np.maximum(w, 1 / 300))
    kernel = np.asarray(_first(y, depth)) / np.maximum(w, 1 / 300) ** 2
    kernel = np.where(
        w < 1 / 300, 0.75 * (1 + 2 * np.euler_gamma * w), kernel
    )  # y underflows; the next term is of order w^2
    ours = 0.33668 / 2 * weights @ (np.exp(-y) * kernel)
    v0 = np.exp(-np.exp(-1 / 0.33668))
    exact = quad(lambda t: gammainc(B1 * t, np.log(1 / v0)) if t else 1.0, 0, depth, epsrel=1e-11, limit=200)[0]
    assert ours == pytest.approx(exact, rel=3e-7)  # quadrature in w, and the linear end
    reference = REFERENCE["cumulative_first_generation"]
    if (key := str(int(depth))) in reference["tsai_whitis"]:
        assert ours == pytest.approx(reference["tsai_whitis"][key], rel=2e-5)  # 0.33668 is rounded
        at_cut = quad(lambda t: gammainc(B1 * t, np.log(1 / 0.95)) if t else 1.0, 0, depth, epsrel=1e-11, limit=200)[0]
        assert at_cut == pytest.approx(reference["tsai_whitis"][key], rel=reference["tolerance"])


@pytest.mark.parametrize("depth", [1.0, 16.0])
def test_cumulative_track_and_its_error(depth):
    """First generation by the incomplete gamma function, second by an integral of its track."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    y_end = np.log(1 / 0.95)
    y = y_end * (nodes + 1) / 2
    second = y_end / 2 * weights @ (np.exp(-y) * np.asarray(_second(y, depth)) / y)
    first = quad(lambda t: gammainc(B1 * t, y_end) if t else 1.0, 0, depth, epsrel=1e-11, limit=200)[0]
    estimate = em.cumulative_track(0.95, depth, method="tsai_whitis")
    assert abs(float(estimate.value) - first - second) <= float(estimate.error) + 1e-9
    assert float(estimate.error) < 1e-6
    assert 3e-5 < second / first < 4e-3  # at v > 0.95 pairs hardly matter: 7e-5 (1 X0), 2e-4 (16 X0)


# --- second generation ---------------------------------------------------------------------------------------------


def _second_by_iteration(v, depth):
    """int dt int dx (dN_gamma/dx)(x, t') (1/x) (1 - v/x)^(b1 (t - t')): the iterated integral, one lepton per pair."""

    def interval(count, low, high):
        nodes, weights = np.polynomial.legendre.leggauss(count)
        return low + (high - low) * (nodes + 1) / 2, (high - low) / 2 * weights

    u, weight_u = interval(160, 0.0, 1.0)
    x = v + (1 - v) * u**3 * (10 - 15 * u + 6 * u**2)  # flat at both ends, where powers of 1-x and x-v are not smooth
    weight_x = weight_u * (1 - v) * 30 * u**2 * (1 - u) ** 2
    total = 0.0
    for t, weight_t in zip(*interval(24, 0.0, depth), strict=True):
        before, weight_before = interval(40, 0.0, t)
        x_, b_ = x[:, None], before[None, :]
        photons = (1 / x_) * ((1 - x_) ** (B1 * b_) - np.exp(-B2 * b_)) / (B2 + B1 * np.log(1 - x_))
        inner = photons / x_ * (1 - v / x_) ** (B1 * (t - b_))
        total += weight_t * weight_x @ inner @ weight_before
    return total


@pytest.mark.parametrize("depth", [1.0, 16.0])
def test_second_generation_equals_the_iterated_integral(depth):
    v = np.exp(-Y5)
    exact = [_second_by_iteration(value, depth) for value in v]
    np.testing.assert_allclose(
        np.asarray(_second(Y5, depth)) / Y5, exact, rtol=1e-6
    )  # quadrature of both, ends like (x-v)^(b1 t)


@pytest.mark.parametrize("entry", REFERENCE["second_generation"]["values"], ids=lambda e: f"{e['depth']}-{e['v']}")
def test_second_generation_numbers(entry):
    y = np.full(5, -np.log(entry["v"]))
    tolerance = REFERENCE["second_generation"]["tolerance"]
    ours = float(_second(y, float(entry["depth"]))[0] / y[0])
    assert ours == pytest.approx(entry["tsai_whitis"], rel=tolerance)
    positron, both = _densities(y, float(entry["depth"]), method="tsai_whitis")
    assert both[0] - positron[0] == pytest.approx(ours, rel=1e-12)  # as many electrons of pairs as positrons


def test_second_generation_is_smooth_at_the_removable_singularities():
    """v at which sqrt(v), v/0.44196 or 0.44196 meet nodes or ends of the integral: no kink in third differences."""
    critical = 1 - np.exp(-B2 / B1)
    for centre in (critical, critical**2, 0.5):
        v = centre * (1 + 1e-3 * np.arange(-2, 3))
        track = np.asarray(_second(-np.log(v), 4.0)) / -np.log(v)
        # third difference of a smooth function: (1e-3)^3 times a few; 2e-6 is left where nodes pass through p = r, whose
        # confluent form is a central difference of step 1e-3
        assert abs(np.diff(track, 3)).max() < 3e-6 * track[2]


def test_second_generation_starts_with_the_cube_of_the_depth():
    # I2 -> t^2 (1/v - 1)/E for both leptons, hence T^3 (1/v - 1)/6 for positrons
    v = np.exp(-Y5)
    depth = 1e-4
    # the next term is of order b1 T ln(1-x)
    np.testing.assert_allclose(np.asarray(_second(Y5, depth)) / Y5, depth**3 * (1 / v - 1) / 6, rtol=2e-3)


# --- exact cascade -------------------------------------------------------------------------------------------------


def test_moments_conserve_energy_to_machine_precision():
    a, b, c, d = em.mellin_kernels(np.array([1.0 + 0j]))
    for value, expected in ((a, 1.0), (c, 1.0), (b, d)):
        assert complex(value[0]) == pytest.approx(expected, rel=1e-14)
    assert d == 7 / 9


def _bremsstrahlung(x):
    return (4 / 3 - 4 * x / 3 + x**2) / x


def test_moments_are_those_of_the_kernels():
    """A, B and C from their integrals over the bremsstrahlung and pair kernels."""
    for s in (0.5, 2.0, 3.7):
        a, b, c, _ = (complex(np.asarray(m).ravel()[0]) for m in em.mellin_kernels(np.array([s + 0j])))
        assert a.real == pytest.approx(
            quad(lambda x, s=s: _bremsstrahlung(x) * -np.expm1(s * np.log1p(-x)), 0, 1)[0], rel=1e-9
        )
        assert b.real == pytest.approx(2 * quad(lambda z, s=s: (1 - 4 / 3 * z * (1 - z)) * z**s, 0, 1)[0], rel=1e-9)
        assert c.real == pytest.approx(quad(lambda x, s=s: _bremsstrahlung(x) * x**s, 0, 1)[0], rel=1e-9)


def _exact_first_generation(y, depth):
    """Positrons minus electrons are the primary: 2 positron - both."""
    positron, both = _densities(y, depth, method="cascade")
    return 2 * positron - both


@pytest.mark.parametrize("entry", REFERENCE["second_generation"]["values"], ids=lambda e: f"{e['depth']}-{e['v']}")
def test_exact_pairs(entry):
    y, depth = np.full(5, -np.log(entry["v"])), float(entry["depth"])
    pairs = _densities(y, depth, method="cascade")[0] - _exact_first_generation(y, depth)
    assert pairs[0] == pytest.approx(entry["exact"], rel=REFERENCE["second_generation"]["tolerance"])


def test_exact_first_generation_against_tsai_whitis():
    reference = REFERENCE["exact_over_tsai_whitis"]
    y = -np.log(reference["v"])
    ratio = _exact_first_generation(y, 1.0) * y / np.asarray(_first(y, 1.0))
    np.testing.assert_allclose(ratio, reference["values"], rtol=reference["tolerance"])


@pytest.mark.parametrize("depth", ["1", "16"])
def test_cumulative_of_the_exact_first_generation(depth):
    reference = REFERENCE["cumulative_first_generation_exact"]
    nodes, weights = np.polynomial.legendre.leggauss(48)
    end = float(maps.logarithmic_coordinate(np.log(1 / 0.95)))
    w = end * (nodes + 1) / 2
    y = np.asarray(maps.from_logarithmic_coordinate(w))
    positron, both = np.asarray(_kernels(w, float(depth), method="cascade"))
    cumulative = end / 2 * weights @ (np.exp(-y) * (2 * positron - both))
    assert cumulative == pytest.approx(reference["values"][depth], rel=reference["tolerance"])


def test_exact_mean_energy_of_the_primary_falls_like_an_exponential():
    """The kernel of the primary gives <v> = e^-t; the track length weighted with v is 1 - e^-T. Tsai-Whitis has 2^(-b1 t)."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    depth = 2.0
    exact = tsai_whitis = 0.0
    for low, high in ((0.0, 1.0), (1.0, 3.0), (3.0, 30.0)):
        w = low + (high - low) * (nodes + 1) / 2
        y = np.asarray(maps.from_logarithmic_coordinate(w))
        positron, both = np.asarray(_kernels(w, depth, method="cascade"))
        exact += (high - low) / 2 * weights @ (np.exp(-2 * y) * (2 * positron - both))
        positron, both = np.asarray(_kernels(w, depth, method="tsai_whitis"))
        tsai_whitis += (high - low) / 2 * weights @ (np.exp(-2 * y) * (2 * positron - both))
    assert exact == pytest.approx(-np.expm1(-depth), rel=1e-6)  # quadrature and Talbot inversion
    rate = B1 * np.log(2)
    assert tsai_whitis == pytest.approx(-np.expm1(-rate * depth) / rate, rel=1e-6)


def _energy_flow(depth, method, photons):
    """Energy of all tracks and photons behind a thickness, per energy of the primary."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    tracks = 0.0
    for low, high in ((0.0, 1.0), (1.0, 3.0), (3.0, 20.0)):
        w = low + (high - low) * (nodes + 1) / 2
        y = np.asarray(maps.from_logarithmic_coordinate(w))
        # the spectrum behind t is the derivative of the track length
        tracks += (high - low) / 2 * weights @ (np.exp(-2 * y) * np.asarray(_kernel_slope(w, depth, method=method)))
    z, weight = 0.5 * (nodes + 1), 0.5 * weights
    x = z**3 * (10 - 15 * z + 6 * z**2)
    slope = 30 * z**2 * (1 - z) ** 2
    return tracks + (weight * slope * x) @ np.asarray(photons(x, depth))


def _kernel_slope(w, depth, *, method):
    """Derivative by the depth of K of positrons and electrons, by a central difference of error 1e-6."""
    step = 1e-3 * depth
    return (_kernels(w, depth + step, method=method)[1] - _kernels(w, depth - step, method=method)[1]) / (2 * step)


def test_energy_of_two_generations():
    reference = REFERENCE["energy_of_two_generations"]
    for depth, expected in zip(reference["depths"], reference["values"], strict=True):
        assert _energy_flow(float(depth), "tsai_whitis", _photons) == pytest.approx(
            expected, rel=reference["tolerance"]
        )


@pytest.mark.parametrize("depth", [0.3, 1.0, 4.0])
def test_the_exact_cascade_conserves_energy(depth):
    # 1e-4: the tracks reach down to v = e^-19 and the photons are integrated with 80 nodes
    assert _energy_flow(depth, "cascade", _cascade_photons) == pytest.approx(1.0, rel=1e-4)


def test_positrons_and_electrons_become_equally_many_deep_inside():
    y = np.full(5, 5.0)
    positron, both = _densities(y, 16.0, method="cascade")[:, 0]
    assert positron / both == pytest.approx(0.5, abs=0.02)
    positron, both = _densities(np.full(5, 0.02), 0.1, method="cascade")[:, 0]
    assert positron / both == pytest.approx(1.0, abs=1e-4)  # the primary alone


@settings(max_examples=15)
@given(st.floats(0.05, 8.0), st.floats(0.01, 8.0), st.sampled_from(em.METHODS))
def test_track_length_grows_with_the_depth(depth, step, method):
    kernels = [np.asarray(_kernel(np.linspace(0.05, 2.0, 5), t, method=method)) for t in (depth, depth + step)]
    assert np.all(kernels[1] >= kernels[0] * (1 - 1e-7))  # quadrature
    assert np.all(kernels[0] > 0)


def test_several_depths_at_once_equal_each_alone():
    w, depths = np.linspace(0.05, 2.0, 5), np.array([0.3, 1.0, 16.0])
    for method in em.METHODS:
        together = np.asarray(_kernels(w, depths[:, None], method=method))
        alone = np.stack([np.asarray(_kernels(w, depth, method=method)) for depth in depths], axis=1)
        np.testing.assert_allclose(together, alone, rtol=1e-12)


# --- photons -------------------------------------------------------------------------------------------------------


def test_photons_behind_the_calorimeter():
    reference = REFERENCE["photons"]
    estimate = _above(0.95, 16.0)
    assert float(estimate.value) == pytest.approx(reference["tsai_whitis"], rel=reference["tolerance"])

    def spectrum(q):
        """In q = ln(1 - x), where nothing is lost as x -> 1."""
        b1, b2 = mpmath.mpf(4) / 3, mpmath.mpf(7) / 9
        return mpmath.exp(q) / (1 - mpmath.exp(q)) * (mpmath.exp(b1 * 16 * q) - mpmath.exp(-b2 * 16)) / (b2 + b1 * q)

    with mpmath.workdps(25):
        exact = mpmath.quad(spectrum, [-80, -40, -20, -10, -5, mpmath.log(mpmath.mpf("0.05"))])
    assert abs(float(estimate.value) - float(exact)) <= float(estimate.error) + 1e-14 * float(exact)  # rounding


def test_photons_of_the_exact_cascade():
    reference = REFERENCE["photons_exact"]
    nodes, weights = np.polynomial.legendre.leggauss(80)
    z = 0.96 * (nodes + 1) / 2  # 1 - x down to 0.05 e^-24
    missing = 0.05 * np.exp(-z / (1 - z))
    measure = 0.48 * weights * missing / (1 - z) ** 2
    for generations in ("first", "all"):
        total = measure @ np.asarray(_cascade_photons(1 - missing, 16.0, generations=generations))
        assert total == pytest.approx(reference[generations], rel=reference["tolerance"])


def test_photons_fall_steeply_with_the_attenuation():
    reference = REFERENCE["photons_attenuation"]
    slope = jax.jit(jax.grad(lambda b: jnp.log(em.photons_above(0.95, 16.0, attenuation=jnp.exp(b)).value)))(np.log(B2))
    assert float(slope) == pytest.approx(reference["derivative"], abs=0.005)
    number = {scale: 6e11 * float(_above(0.95, 16.0, attenuation=scale * B2).value) for scale in (0.97, 1.0, 1.03)}
    for scale, name in ((0.97, "lower"), (1.0, "nominal"), (1.03, "higher")):
        assert number[scale] == pytest.approx(reference[name], rel=reference["tolerance"])
    deeper, shallower = (float(_above(0.95, depth).value) / 4.7472e-8 for depth in (16.13, 15.0))
    assert deeper == pytest.approx(0.90, abs=0.01)
    assert shallower == pytest.approx(2.2, abs=0.05)


def test_photon_yield_is_smooth_where_its_denominator_vanishes():
    critical = 1 - np.exp(-B2 / B1)
    assert critical == pytest.approx(0.44196, abs=5e-6)
    x = critical + np.array([-1e-3, -1e-9, 0.0, 1e-9, 1e-3])
    value = np.asarray(_photons(x, 3.0))
    assert value[2] == pytest.approx(3 * np.exp(-B2 * 3) / critical, rel=1e-12)
    np.testing.assert_allclose(value[[1, 3]], value[2], rtol=1e-8)
    far = [((1 - v) ** (B1 * 3) - np.exp(-B2 * 3)) / (B2 + B1 * np.log(1 - v)) / v for v in x[[0, 4]]]
    np.testing.assert_allclose(value[[0, 4]], far, rtol=1e-11)  # the printed form loses three digits there
    assert np.all(np.isfinite(jax.jit(jax.vmap(jax.grad(em.photon_yield), in_axes=(0, None)))(jnp.asarray(x), 3.0)))


def test_thin_targets_have_a_photon_spectrum_like_one_over_x():
    x = np.array([0.01, 0.3, 0.44196, 0.7, 0.9])
    # corrections of order t ln(1-x)
    np.testing.assert_allclose(_photons(x, 1e-6), 1e-6 / x, rtol=1e-5)
    exact = (4 / 3 - 4 * x / 3 + x**2) / x * 1e-6
    np.testing.assert_allclose(_cascade_photons(x, 1e-6), exact, rtol=1e-4)


@given(st.floats(0.1, 20.0), st.floats(0.02, 0.98), st.floats(0.5, 1.0))
def test_photon_yield_solves_its_transport_equation(depth, x, attenuation):
    """dN/dt = (1/x)(1-x)^(b1 t) - b2 N."""
    value, slope = _photon_flow(x, depth, attenuation)
    source = (1 - x) ** (B1 * depth) / x
    assert float(slope) == pytest.approx(source - attenuation * float(value), rel=1e-8, abs=1e-9 * float(value))


@jax.jit
def _photon_flow(x, depth, attenuation):
    return jax.jvp(lambda t: em.photon_yield(x, t, attenuation=attenuation), (depth,), (1.0,))


# --- leptons of the other charge -------------------------------------------------------------------------------------

LOST = np.array([0.01, 0.05, 0.1, 0.3, 0.693, 2.0])


@pytest.mark.parametrize("depth", [1.0, 16.0, 40.0])
@pytest.mark.parametrize("method", em.METHODS)
def test_other_charge_is_the_sum_of_both_less_that_of_the_primary(depth, method):
    w = np.asarray(maps.logarithmic_coordinate(LOST))
    positron, both = em.track_length_kernels(w, depth, method=method)
    other = em.opposite_charge_kernel(w, depth, method=method)
    # what the difference of two numbers leaves
    np.testing.assert_allclose(other, both - positron, rtol=1e-7, atol=1e-9)


def test_other_charge_in_a_thin_target_is_one_photon_and_one_pair():
    """T^3/6 times the kernels of bremsstrahlung and pair production, folded."""
    depth = 1e-3

    def folded(v):
        def integrand(x):
            z = v / x
            return (4 / 3 - 4 * x / 3 + x**2) / x * (1 - 4 / 3 * z * (1 - z)) / x

        return quad(integrand, v, 1)[0]

    for y in (0.1, 0.5, 1.0):
        wanted = depth**3 / 6 * folded(np.exp(-y))
        found = em.opposite_charge_track(np.array([y]), depth, method="cascade")[0]
        assert found == pytest.approx(wanted, rel=3e-3)  # next order in the depth


def test_other_charge_vanishes_with_the_energy_lost_and_keeps_its_digits():
    y = np.geomspace(1e-9, 1e-3, 25)
    track = em.opposite_charge_track(y, 40.0, method="cascade") / y
    assert np.all(track > 0)
    assert np.all(np.diff(track) > 0)  # like y times a power of y that the depth smears: slowly more than linear
    assert np.all(np.diff(np.log(track)) < 0.5 * np.diff(np.log(y)))
    assert np.all(em.opposite_charge_kernel(np.array([0.0, 0.01]), 40.0, method="cascade") == 0)


def test_primary_electrons_by_a_separate_integration():
    reference = json.loads((Path(__file__).parents[1] / "reference" / "missing_energy.json").read_text())
    row = reference["track_length"]
    y = np.log(100.0 / row["energy"])
    found = float(em.first_generation_track(y, 40.0)) / y / 100.0
    assert found == pytest.approx(row["per_gev"], rel=row["tolerance"])
