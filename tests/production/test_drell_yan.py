import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import InvalidInput, UnknownName, constants
from portico.electroweak.exchange import NeutralExchange
from portico.numerics import quadrature
from portico.production import central_kernels, drell_yan, neutral_amplitudes, parton_tables
from portico.production.side_flux import BETA_GAMMA

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "drell_yan.json").read_text())
HYPERCHARGE = REFERENCE["hypercharge_particle"]
MUON, Z, Z_WIDTH = 0.1056584, 91.1876, 2.4952
SIN2, ALPHA = 0.23122, 1 / 127.95
ETA = 0.1


def _exchange(names=("photon", "Z"), *, fermion="particle", epsilon=1.0, alpha=ALPHA, prime=None):
    """Photon and Z of the Standard Model, and a third vector: (mass, width, up, down, particle), pure vector couplings."""
    e = np.sqrt(4 * np.pi * alpha)
    g = e / np.sqrt(SIN2 * (1 - SIN2))

    def standard(isospin, charge):
        photon, weak = (e * charge, 0.0), (g * (isospin - 2 * SIN2 * charge) / 2, g * isospin / 2)
        return [photon[0], weak[0]], [photon[1], weak[1]]

    up, down, lepton = standard(0.5, 2 / 3), standard(-0.5, -1 / 3), standard(-0.5, -1.0)
    own = lepton if fermion == "muon" else ([epsilon * e, -epsilon * e * np.sqrt(SIN2 / (1 - SIN2))], [0.0, 0.0])
    rows = [[0.0, Z], [0.0, Z_WIDTH], *up, *down, *lepton, *own]
    kept = [k for k, name in enumerate(("photon", "Z")) if name in names]
    rows = [[row[k] for k in kept] for row in rows]
    if prime is None:
        return NeutralExchange(names, *map(np.array, rows))
    mass, width, u, d, particle = np.broadcast_arrays(*map(np.asarray, prime))
    zero = np.zeros_like(mass)
    last = [mass, width, u, zero, d, zero, zero, zero, particle, zero]
    return NeutralExchange(
        (*names, "Z'"),
        *(np.concatenate([np.broadcast_to(row, (*mass.shape, len(row))), x[..., None]], axis=-1) for row, x in zip(rows, last, strict=True)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return parton_tables.load(14e3)


# --- published and independent numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", REFERENCE["muons"]["values"])
def test_muon_pairs_are_those_of_other_programs(case):
    table = parton_tables.load(1e3 * case["energy"], pdf=case["pdf"])
    found = drell_yan.sigma(
        table, _exchange(fermion="muon"), MUON, minimum_pair_mass=case["low"], maximum_pair_mass=case["high"], alpha=case["alpha"]
    )  # fmt: skip
    assert found.value == pytest.approx(case["sigma"], rel=REFERENCE["muons"]["tolerance"])
    assert 0 < found.error < 2e-3 * found.value


@pytest.mark.parametrize("case", REFERENCE["muons"]["narrow"])
def test_z_on_its_shell_times_its_branching_ratio(case):
    muon = _exchange(fermion="muon")
    ratio = Z / (12 * np.pi) * (muon.lepton_vector[1] ** 2 + muon.lepton_axial[1] ** 2) / Z_WIDTH
    found = drell_yan.sigma_narrow(parton_tables.load(13e3, pdf=case["pdf"]), muon, "Z") * ratio
    assert found == pytest.approx(case["sigma"], rel=REFERENCE["muons"]["tolerance"])


def test_totals_of_a_particle_with_hypercharge(table):
    found = drell_yan.sigma(table, _exchange(), np.array(HYPERCHARGE["mass"]))
    np.testing.assert_allclose(found.value, HYPERCHARGE["sigma"], rtol=HYPERCHARGE["sigma_tolerance"])


def test_densities_at_the_side_are_those_of_another_calculation(table):
    mass, expected = np.array(HYPERCHARGE["at_side"]).T
    found = drell_yan.density(table, _exchange(), mass, ETA)
    np.testing.assert_allclose(found.value, expected, rtol=HYPERCHARGE["at_side_tolerance"])


def test_other_set_gives_half_as_much_of_light_particles():
    case = REFERENCE["other_set"]
    found = drell_yan.sigma(parton_tables.load(14e3, pdf="NNPDF31_nnlo"), _exchange(), 1.0)
    assert found.value == pytest.approx(case["value"], rel=case["tolerance"])


def test_photon_alone_gives_the_formula_of_one_number():
    case = REFERENCE["photon_only"]
    photon = _exchange(("photon",), alpha=constants.ALPHA)
    transverse = neutral_amplitudes.strengths(photon, np.log([10.0])).up_transverse[0]
    x = 0.09
    found = drell_yan.PICOBARN * 100 / (36 * np.pi) * np.sqrt(1 - 4 * x) * (1 + 2 * x) * transverse
    assert found == pytest.approx(case["value"], rel=case["tolerance"])


@pytest.mark.parametrize(("mass", "expected"), REFERENCE["narrow_vector"]["values"])
def test_narrow_vector_of_the_mixed_phase(table, mass, expected):
    # leading order in kappa: the vector is X with an admixture z of the Z; A1 = eta cW, Z1 = z - sW eta over kappa
    sine, cosine = np.sqrt(SIN2), np.sqrt(1 - SIN2)
    z = sine * sine / (1 - (mass / Z) ** 2)
    charge, weak = sine * cosine, z - sine * sine
    e = np.sqrt(4 * np.pi * ALPHA)

    def coupling(isospin, q):
        g = e / (sine * cosine) * weak
        return e * charge * q + g * (isospin - 2 * SIN2 * q) / 2, g * isospin / 2

    up, down = coupling(0.5, 2 / 3), coupling(-0.5, -1 / 3)
    parts = (mass, 0.0, up[0], up[1], down[0], down[1], 0.0, 0.0, 0.0, 0.0)
    found = drell_yan.sigma_narrow(table, NeutralExchange(("Z'",), *(np.array([p]) for p in parts)), "Z'")
    assert found == pytest.approx(expected, rel=REFERENCE["narrow_vector"]["tolerance"])


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [1e-3, 1e-5, 1e-8])
def test_breit_wigner_tends_to_the_narrow_width(table, ratio):
    mass, charge, particle = 15.0, 1e-3, 0.3
    width = ratio * mass
    vector = _exchange((), prime=(mass, width, charge, -charge / 2, particle))
    near = {"minimum_pair_mass": 12.0, "maximum_pair_mass": 18.0}
    x = (5.0 / mass) ** 2
    branching = mass / (12 * np.pi) * particle**2 * np.sqrt(1 - 4 * x) * (1 + 2 * x) / width
    found = drell_yan.sigma(table, vector, 5.0, **near)
    narrow = drell_yan.sigma_narrow(table, vector, "Z'") * branching
    # the tails cut off are of the order of Gamma/m times the ratio of m to the window
    assert found.value == pytest.approx(narrow, rel=5 * ratio + 2e-4)


def test_nothing_below_threshold_and_beyond_the_range(table):
    photon = _exchange(("photon",))
    assert drell_yan.dsigma_dmass(table, photon, 5.0, 9.999) == 0
    assert drell_yan.dsigma_dmass(table, photon, 5.0, 10.001) > 0
    assert np.isnan(drell_yan.dsigma_dmass(table, photon, 0.1, 0.5))
    assert drell_yan.sigma(table, photon, 5.0, maximum_pair_mass=9.0).value == 0
    beyond = drell_yan.density(table, photon, np.array([3000.0]), ETA)
    assert (beyond.value, beyond.error) == (0, 0)


def test_cross_section_rises_with_the_velocity_above_threshold(table):
    photon = _exchange(("photon",))
    above = np.array([1e-6, 4e-6])
    found = drell_yan.dsigma_dmass(table, photon, 5.0, 10.0 * (1 + above))
    assert found[1] / found[0] == pytest.approx(2.0, rel=1e-4)


@pytest.mark.parametrize("eta", [0.1, 1.5])
def test_slow_particles_move_with_the_pair(table, eta):
    # next to threshold decays are isotropic and y = 0: dsigma/deta = sigma L(0)/(integral of L) (pi/4) beta cosh eta
    photon, mass, above = _exchange(("photon",)), 50.0, 1e-4
    cut = {"minimum_pair_mass": 2 * mass * (1 + above), "maximum_pair_mass": 2 * mass * (1 + 1.001 * above)}
    part = neutral_amplitudes.strengths(photon, np.log([2 * mass]))
    up, down = (np.array([0, 3]), np.array([1, 2, 4]))
    sums, centre = parton_tables.integrated(table, 2 * mass)[:5], parton_tables.quark_antiquark(table, 2 * mass, 0.0)
    share = [
        part.up_transverse[0] * rows[up].sum() + part.down_transverse[0] * rows[down].sum() for rows in (sums, centre)
    ]
    expected = share[1] / share[0] * np.pi / 4 * np.sqrt(2 * above) * np.cosh(eta)
    side = drell_yan.flux(table, photon, mass, eta, **cut)
    assert side.density.sum() / drell_yan.sigma(table, photon, mass, **cut).value == pytest.approx(expected, rel=1e-3)
    assert np.all(side.density[BETA_GAMMA > 0.05] == 0)


def test_running_coupling():
    assert 1 / neutral_amplitudes.alpha_at(1e-4) == pytest.approx(1 / constants.ALPHA, rel=1e-6)
    assert 1 / neutral_amplitudes.alpha_at(Z) == pytest.approx(128.95, abs=0.03)  # PDG, five flavours: 128.94
    for edge in (0.7, 2.0, 4.0, 10.0, Z):  # the pieces of the published fit join
        one, two = neutral_amplitudes.alpha_at(np.array([edge * (1 - 1e-9), edge * (1 + 1e-9)]))
        assert one == pytest.approx(two, rel=1e-6)


# --- laws ----------------------------------------------------------------------------------------------------------

primes = st.tuples(st.floats(0.5, 300), st.floats(-9, -1), st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(-1, 1))


@settings(max_examples=25)
@given(st.floats(0.1, 150), primes, st.floats(-2.5, 2.5))
def test_density_is_positive_and_mirror_symmetric(table, mass, prime, eta):
    z, log_ratio, *couplings = prime
    exchange = _exchange(prime=(z, z * 10**log_ratio, *couplings))
    side = drell_yan.density(table, exchange, mass, eta)
    assert side.value >= 0
    assert drell_yan.density(table, exchange, mass, -eta).value == pytest.approx(side.value, rel=1e-9)
    assert drell_yan.density(table, exchange, mass, eta).value < drell_yan.sigma(table, exchange, mass).value


@settings(max_examples=15)
@given(st.floats(1e-4, 10), st.floats(0.5, 100))
def test_rates_scale_with_the_square_of_the_charge(table, epsilon, mass):
    one, other = (_exchange(epsilon=value) for value in (1.0, epsilon))
    for function in (drell_yan.sigma, lambda *a: drell_yan.density(*a, ETA)):
        assert function(table, other, mass).value == pytest.approx(epsilon**2 * function(table, one, mass).value)


@pytest.mark.parametrize("mass", [1.0, 30.0])
def test_density_over_all_directions_is_the_cross_section(table, mass):
    eta, step = np.linspace(-13, 13, 105, retstep=True)
    total = sum(float(drell_yan.density(table, _exchange(), mass, float(e)).value) for e in eta) * step
    assert total == pytest.approx(drell_yan.sigma(table, _exchange(), mass).value, rel=3e-4)


def test_axial_particle_over_all_directions_is_the_cross_section(table):
    exchange = _exchange()
    axial = exchange._replace(particle_vector=exchange.particle_axial, particle_axial=exchange.particle_vector)
    eta, step = np.linspace(-13, 13, 105, retstep=True)
    total = sum(float(drell_yan.density(table, axial, 20.0, float(e)).value) for e in eta) * step
    assert total == pytest.approx(drell_yan.sigma(table, axial, 20.0).value, rel=3e-4)


def test_density_is_that_of_simulated_decays(table):
    """Points drawn uniformly in mass and rapidity of the pair and in the angle, boosted event by event."""
    mass, window = 10.0, 0.25
    rng, count = np.random.default_rng(4), 400_000
    exchange = _exchange(("photon",))
    log_mass = rng.uniform(np.log(20.0), np.log(200.0), count)
    m = np.exp(log_mass)
    reach = np.log(14e3) - log_mass
    y, c = rng.uniform(-1, 1, count) * reach, rng.uniform(-1, 1, count)
    part = neutral_amplitudes.strengths(exchange, log_mass[None])
    both = parton_tables.quark_antiquark(table, m, y) + parton_tables.quark_antiquark(table, m, -y)
    amplitude = part.up_transverse[0] * (both[:, 0] + both[:, 3]) + part.down_transverse[0] * (
        both[:, 1] + both[:, 2] + both[:, 4]
    )
    x = (mass / m) ** 2
    beta = np.sqrt(1 - 4 * x)
    weight = drell_yan.PICOBARN * m**2 * beta / (48 * np.pi) * amplitude * (1 + c**2 + 4 * x * (1 - c**2))
    weight = weight * np.log(10.0) * 2 * reach * 2 / count
    transverse, own = m * beta / 2 * np.sqrt(1 - c**2), np.arctanh(beta * c)
    along = np.sqrt(transverse**2 + mass**2) * np.sinh(y + own)
    chosen = np.abs(np.arcsinh(along / transverse) - ETA) < window
    expected, error = weight[chosen].sum() / (2 * window), np.sqrt(np.sum(weight[chosen] ** 2)) / (2 * window)
    side = drell_yan.flux(table, exchange, mass, ETA, maximum_pair_mass=200.0)
    assert error < 0.02 * expected
    assert side.density.sum() == pytest.approx(expected, abs=3 * error)
    speed = np.log(np.hypot(transverse, along) / mass)
    mean = np.average(speed[chosen], weights=weight[chosen])
    assert np.average(np.log(BETA_GAMMA), weights=side.density) == pytest.approx(mean, abs=0.03)


def test_flux_adds_up_to_the_density(table):
    mass = np.array([1.0, 20.0])
    prime = (mass[:, None] * np.array([1.5, 3.0, 9.0]), 1e-3, 1e-2, 1e-2, 0.3)
    exchange = _exchange(prime=prime)
    side, density = drell_yan.flux(table, exchange, mass, ETA), drell_yan.density(table, exchange, mass, ETA)
    assert side.density.shape == (2, 3, BETA_GAMMA.size)
    assert np.all(side.density >= 0)
    np.testing.assert_allclose(side.density.sum(axis=-1), density.value, rtol=1e-12)
    np.testing.assert_array_equal(side.error, density.error)
    # no particle is faster than half the largest mass of a pair allows
    assert np.all(side.density[1][:, BETA_GAMMA > 14e3 / 6 / 20.0 * 1.4] == 0)


def test_array_is_the_loop_of_scalars(table):
    masses, ratios = np.array([2.0, 40.0]), np.array([2.5, 4.0, 7.0])
    prime = masses[:, None] * ratios
    exchange = _exchange(prime=(prime, 1e-4 * prime, 1e-3, 2e-3, 0.3))
    whole = drell_yan.density(table, exchange, masses, ETA)
    sums = drell_yan.sigma(table, exchange, masses[:, None])
    for i, mass in enumerate(masses):
        for j in range(3):
            one = NeutralExchange(exchange.names, *(part[i, j] for part in exchange[1:]))
            assert whole.value[i, j] == pytest.approx(drell_yan.density(table, one, mass, ETA).value, rel=1e-12)
            assert sums.value[i, j] == pytest.approx(drell_yan.sigma(table, one, mass).value, rel=1e-12)


def test_error_is_not_understated(table, monkeypatch):
    masses = np.array([1.0, 7.0, 44.0])
    prime = masses[:, None] * np.geomspace(1.9, 20, 12)
    kernel = central_kernels.central_kernel(table._replace(error=np.float64(0)), masses, ETA)
    for ratio in (1e-2, 1e-5, 1e-9):
        exchange = _exchange(prime=(prime, ratio * prime, 1e-3, 2e-3, 0.3))
        found = drell_yan.density_from(kernel, exchange)
        nodes, weights = quadrature.gauss_legendre(60)
        with monkeypatch.context() as patch:
            patch.setattr(quadrature, "gauss_kronrod_15", lambda n=nodes, w=weights: (n, w, w))
            better = drell_yan.density_from(kernel, exchange).value
        off = np.abs(found.value - better)
        assert np.max(off / better) < 1e-3
        assert np.all(off <= found.error + 1e-6 * better)


def test_kernel_is_interpolated_well(table):
    """Against the angular integral at the nodes of a rule of its own, between the nodes of the kernel."""
    exchange, eta, mass = _exchange(("photon",)), 0.7, 6.0
    u = np.log(12.0) + (float(table.log_mass[1]) - np.log(12.0)) * np.linspace(0, 1, 2001) ** 2
    rows, _ = central_kernels._angular(
        table, central_kernels._symmetric(table), np.float64(mass), u, eta, 128, "summed"
    )
    part = neutral_amplitudes.strengths(exchange, u)
    each = rows[:, 0] * part.up_transverse + rows[:, 1] * part.down_transverse
    expected = drell_yan.PICOBARN * np.trapezoid(each, u)
    assert drell_yan.density(table, exchange, mass, eta).value == pytest.approx(expected, rel=1e-5)


# --- bands, cuts, wrong input --------------------------------------------------------------------------------------


def test_bands_are_wide_for_light_pairs_and_narrow_at_the_z():
    bands = parton_tables.load_bands(14e3)
    light, at_z = (drell_yan.spread(bands, _exchange(), m, ETA) for m in (1.0, 40.0))
    assert light.factorisation_scale > 0.5 > at_z.factorisation_scale > 0.05
    assert 0.1 < at_z.parton_distributions < 0.4
    total = [drell_yan.sigma(t, _exchange(), 1.0).value for t in (bands.central, bands.other)]
    assert total[0] / total[1] == pytest.approx(2.09, abs=0.02)  # a factor two at low mass


def test_smallest_pair_mass_is_a_cut_and_the_set_ends_below_it(table):
    two, four = (drell_yan.sigma(table, _exchange(), 0.5, minimum_pair_mass=cut).value for cut in (2.0, 4.0))
    between = drell_yan.sigma(table, _exchange(), 0.5, maximum_pair_mass=4.0).value
    assert two == pytest.approx(four + between, rel=1e-6)
    assert drell_yan.sigma(table, _exchange(), 0.5).value == two
    lowest = float(parton_tables.valid_from(table))
    assert drell_yan.sigma(table, _exchange(), 0.3, minimum_pair_mass=0.7).value == pytest.approx(
        drell_yan.sigma(table, _exchange(), 0.3, minimum_pair_mass=lowest).value
    )


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda t, e: drell_yan.sigma(t, e, 1.0, minimum_pair_mass=0.0), InvalidInput, "masses of the pair from 0.0 to None GeV are asked; expected two that rise, above 0."),
        (lambda t, e: drell_yan.density(t, e, 1.0, ETA, maximum_pair_mass=1.0), InvalidInput, "from 2.0 to 1.0 GeV"),
        (lambda t, e: drell_yan.sigma(t, e, 1.0, alpha="walking"), UnknownName, "no electromagnetic coupling named 'walking'."),
        (lambda t, e: drell_yan.sigma_narrow(t, e, "W"), UnknownName, "no massive vector named 'W'"),
        (lambda t, e: drell_yan.flux_from(drell_yan.central_kernel(t, 1.0, ETA), e), InvalidInput, "expected velocity='resolved' in central_kernel"),
        (lambda t, e: drell_yan.central_kernel(t, 1.0, ETA, velocity="all"), UnknownName, "no velocity of a kernel named 'all'"),
    ],
)  # fmt: skip
def test_wrong_input_is_told(table, call, error, text):
    with pytest.raises(error) as caught:
        call(table, _exchange())
    assert text in str(caught.value)


# --- compiled ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_many_points_are_compiled_and_stay_the_same(table):
    masses = np.geomspace(1.0, 60.0, 33)
    prime = masses[:, None] * np.linspace(1.0, 9.0, 100)
    exchange = _exchange(prime=(prime, 1e-4 * prime, 1e-3, 2e-3, 0.3))
    kernel = central_kernels.central_kernel(table, masses, ETA, velocity="resolved")
    whole, side = drell_yan.density_from(kernel, exchange), drell_yan.flux_from(kernel, exchange)
    for i in (0, 17, 32):
        some = NeutralExchange(exchange.names, *(part[i] for part in exchange[1:]))
        one = central_kernels.CentralKernel(*(part[i] for part in kernel))
        np.testing.assert_allclose(drell_yan.density_from(one, some).value, whole.value[i], rtol=1e-9)
        np.testing.assert_allclose(drell_yan.flux_from(one, some).density, side.density[i], rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("mass", "ratio"), [(5.0, 3.0), (0.8, 3.5), (45.0, 2.5)])
def test_derivatives_are_those_of_differences(table, mass, ratio):
    base = _exchange()

    def value(m, r, charge):
        last = (r * m, 1e-3 * r * m, charge, 0.0, -charge / 2, 0.0, 0.0, 0.0, 0.3, 0.0)
        parts = (jnp.concatenate([jnp.asarray(b), jnp.asarray(x)[None]]) for b, x in zip(base[1:], last, strict=True))
        exchange = NeutralExchange((*base.names, "Z'"), *parts)
        return drell_yan.density(table, exchange, m, ETA).value + drell_yan.sigma(table, exchange, m).value

    at = (mass, ratio, 1e-3)
    plain, slopes = jax.jit(value), jax.jit(jax.grad(value, argnums=(0, 1, 2)))(*at)
    for k, slope in enumerate(slopes):
        shifted = [plain(*(x * (1 + sign * 1e-5 * (k == j)) for j, x in enumerate(at))) for sign in (1, -1)]
        central = (shifted[0] - shifted[1]) / (2e-5 * at[k])
        assert slope == pytest.approx(float(central), rel=2e-5)
