import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.electroweak.exchange import NeutralExchange
from portico.production import central_kernels, drell_yan, parton_tables, pole_sums, pole_tables, side_flux
from portico.production.central_kernels import CELLS, CentralKernel
from portico.production.side_flux import BETA_GAMMA

MASSES = np.array([0.7, 5.0, 47.0, 100.0])
ETA = 0.1


def _kernel(table, mass):
    return central_kernels.central_kernel(table, float(mass), ETA, velocity="resolved")


@pytest.fixture(scope="module")
def kernels():
    table = parton_tables.load(13e3)
    return [_kernel(table, mass) for mass in MASSES]


@pytest.fixture(scope="module")
def tables(kernels):
    return pole_tables.stacked([pole_tables.pole_table(kernel, 30.0) for kernel in kernels])


def _random(count, seed, *, ratio=(0.2, 40.0), width=(1e-10, 0.3)):
    """Exchanges of photon, Z and a Z' with any couplings, masses over that of the particle and widths."""
    rng = np.random.default_rng(seed)
    which = rng.integers(0, MASSES.size, count)
    own = MASSES[which] * np.exp(rng.uniform(*np.log(ratio), count))
    zero = np.zeros(count)
    mass = np.stack([zero, zero + 91.1876, own], axis=-1)
    widths = np.stack([zero, zero + 2.4952, own * np.exp(rng.uniform(*np.log(width), count))], axis=-1)
    couplings = rng.normal(size=(8, count, 3)) * np.array([1.0, 1.0, 0.3])
    couplings[1::2, :, 0] = 0.0  # the photon has no axial ones
    return which, NeutralExchange(("photon", "Z", "Z'"), mass, widths, *couplings)


def _some(exchange, index):
    return NeutralExchange(exchange.names, *(part[index] for part in exchange[1:]))


def _directly(kernels, which, exchange):
    """The same by quadrature of each exchange."""
    flux, error = np.empty((which.size, BETA_GAMMA.size)), np.empty(which.size)
    for k in range(MASSES.size):
        mine = np.flatnonzero(which == k)
        if mine.size:
            flux[mine], error[mine] = drell_yan.flux_from(kernels[k], _some(exchange, mine))
    return flux, error


def _flat_kernel(start, end):
    """h = 1/(2 x): all integrals are known."""
    powers = np.zeros((CELLS, 4, 4))
    powers[:, 0] = 1.0
    velocity = np.zeros((CELLS + 1, 4, BETA_GAMMA.size))
    velocity[:, :, 20] = 1.0
    return CentralKernel(np.log([start, end]), powers, velocity, np.array(0.0))


def _flat_phi(s, x0, x1):
    return 0.5 * ((np.log(x1 - s) - np.log(x0 - s) - np.log(x1 / x0)) / s**2 - (1 / x0 - 1 / x1) / s)


@pytest.mark.parametrize("ratio", [0.05, 0.5, 0.9, 0.98, 1.03, 1.3, 3.0, 40.0])
@pytest.mark.parametrize("width", [1e-6, 1e-3, 0.03, 0.2])
def test_flat_integrals_are_logarithms(ratio, width):
    table = pole_tables.stacked([pole_tables.pole_table(_flat_kernel(4.0, 13e3), 30.0)])
    mass, other = 4.0 * ratio, 20.0
    s, s2 = (m**2 * (1 - 1j * g) for m, g in ((mass, width), (other, 0.05)))
    zero, one = np.zeros((1, 2)), np.ones((1, 2))
    exchange = NeutralExchange(("Z'", "V"), np.array([[mass, other]]), np.array([[mass * width, other * 0.05]]),
                               one, zero, zero, zero, zero, zero, one, zero)  # fmt: skip
    found = pole_sums.density_at(table, np.zeros(1, int), exchange)
    phi, phi2 = (_flat_phi(value, 16.0, 13e3**2) for value in (s, s2))
    expected = (s * phi).imag / s.imag + (s2 * phi2).imag / s2.imag
    expected += 2 * ((s * phi - np.conj(s2 * phi2)) / (s - np.conj(s2))).real
    # the nodes know smooth functions to 1e-5 and better; sums over them to 1e-4
    assert found.value[0] == pytest.approx(drell_yan.PICOBARN * expected, rel=2e-4)
    assert abs(found.value[0] - drell_yan.PICOBARN * expected) <= found.error[0]
    slow = pole_sums.slow_at(table, np.zeros(1, int), exchange, np.log(BETA_GAMMA[[25]]))
    assert slow.value[0] == pytest.approx(found.value[0], rel=1e-3)  # all have one velocity; linear between nodes
    assert pole_sums.slow_at(table, np.zeros(1, int), exchange, np.log(BETA_GAMMA[[15]])).value[0] == 0


@pytest.mark.parametrize(("ratio", "width"), [((0.2, 40.0), (1e-10, 0.3)), ((1.85, 2.3), (1e-5, 0.3)), ((2.2, 30.0), (1e-9, 1e-2))])  # fmt: skip
def test_sums_are_those_of_each_exchange_by_itself(kernels, tables, ratio, width):
    which, exchange = _random(400, 7, ratio=ratio, width=width)
    found = pole_sums.density_at(tables, which, exchange)
    flux, error = _directly(kernels, which, exchange)
    direct = flux.sum(-1)
    known = found.error < 2e-3 * found.value
    assert known.mean() > 0.9
    # both have the error of the kernel in common, 7e-4; what is left of the two is much less
    np.testing.assert_allclose(found.value[known], direct[known], rtol=3e-4)
    assert np.all(np.abs(found.value - direct) <= found.error + error)


def test_slow_particles_are_those_of_each_exchange_by_itself(kernels, tables):
    which, exchange = _random(600, 3, ratio=(2.2, 30.0), width=(1e-9, 1e-2))
    log_place = np.random.default_rng(5).uniform(np.log(0.02), np.log(20.0), which.size)
    found = pole_sums.slow_at(tables, which, exchange, log_place)
    flux, _ = _directly(kernels, which, exchange)
    cell, shares = side_flux.between_nodes(log_place, BETA_GAMMA.size + 1)
    sums = np.pad(np.cumsum(flux, axis=-1), ((0, 0), (1, 0)))
    row = np.arange(which.size)
    each = zip(shares, (np.maximum(cell, 0), cell + 1, np.minimum(cell + 2, BETA_GAMMA.size)), strict=True)
    direct = sum(share * sums[row, place] for share, place in each)
    total = flux.sum(-1)
    off, stated = np.abs(found.value - direct) / total, found.error / total
    # between nodes the share of slow particles is linear there and of fifth order here: 1% of it is what either may miss
    assert np.all(off <= 2 * stated + 2e-2 * direct / total + 1e-5)
    assert np.quantile(off, 0.9) < 1e-3


def test_a_narrow_vector_is_on_its_mass_shell(tables):
    zero, one = np.zeros((2, 1)), np.ones((2, 1))
    width = np.array([[1e-9], [2e-9]])
    exchange = NeutralExchange(("Z'",), 15 * one, 15 * width, one, zero, one, zero, zero, zero, one, zero)
    found = pole_sums.density_at(tables, np.array([1, 1]), exchange).value
    assert found[0] / found[1] == pytest.approx(2, rel=1e-7)
    photon = NeutralExchange(("photon",), 0 * one, 0 * one, one, zero, one, zero, zero, zero, one, zero)
    light = exchange._replace(mass=1e-3 * one, width=1e-9 * one)
    of_photon, of_light = (pole_sums.density_at(tables, np.array([1, 1]), each).value for each in (photon, light))
    np.testing.assert_allclose(of_light, of_photon, rtol=1e-6)  # s/M^2 is 1e-8


def test_particles_of_no_known_velocity_are_nan(tables):
    which, exchange = _random(2, 1)
    place = np.log(np.array([1e4, 1e-3]))
    found = pole_sums.slow_at(tables, which, exchange, place).value
    assert np.isnan(found[0])
    assert found[1] == 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), factor=st.floats(0.1, 10.0))
def test_laws_of_couplings(tables, seed, factor):
    which, exchange = _random(64, seed)
    value = pole_sums.density_at(tables, which, exchange).value
    larger = exchange._replace(particle_vector=factor * exchange.particle_vector, particle_axial=factor * exchange.particle_axial)  # fmt: skip
    np.testing.assert_allclose(pole_sums.density_at(tables, which, larger).value, factor**2 * value, rtol=1e-10)
    turned = exchange._replace(**{name: -getattr(exchange, name) for name in ("up_vector", "up_axial")})
    np.testing.assert_allclose(pole_sums.density_at(tables, which, turned).value, value, rtol=1e-10)
    known = pole_sums.density_at(tables, which, exchange).error < 2e-3 * value
    assert np.all(value[known] > 0)


@pytest.mark.parametrize(
    ("mass", "width"), [(4298.3, 0.126), (4200.0, 0.01), (2500.0, 0.3), (9.99999, 1e-8), (10.002, 2e-5)]
)
def test_errors_cover_the_ends_of_a_table(kernels, tables, mass, width):
    which, (zero, one) = np.array([1]), (np.zeros((1, 1)), np.ones((1, 1)))
    exchange = NeutralExchange(("Z'",), mass * one, width * mass * one, one, zero, one, zero, zero, zero, one, zero)
    found = pole_sums.density_at(tables, which, exchange)
    flux, error = _directly(kernels, which, exchange)
    assert abs(found.value[0] - flux.sum()) <= found.error[0] + error[0]


def test_padding_and_order_do_not_matter(kernels, tables):
    which, exchange = _random(50, 11)
    value = pole_sums.density_at(tables, which, exchange).value
    back = np.arange(50)[::-1]
    np.testing.assert_array_equal(pole_sums.density_at(tables, which[back], _some(exchange, back)).value, value[back])
    turned = pole_tables.stacked([pole_tables.pole_table(kernel) for kernel in kernels[::-1]])
    other = pole_sums.density_at(turned, MASSES.size - 1 - which, exchange).value
    np.testing.assert_allclose(other, value, rtol=1e-13)
