import jax
import jax.numpy as jnp
import numpy as np
import pytest

from portico.flux import Flux, coordinate, energies
from portico.numerics import tables

EDGES = np.array([2.0, 3.0, 7.0])


def _spectrum(energy):
    """A square-root start at 2, a jump at 3, a square-root end at 7."""
    low = 3 * np.sqrt(np.maximum(energy - 2, 0))
    high = energy**2 * np.sqrt(np.maximum(7 - energy, 0))
    return low, high


@pytest.fixture(scope="module")
def flux():
    energy = np.asarray(energies(jnp.asarray(EDGES), 129))
    values = np.stack([_spectrum(energy[0])[0], _spectrum(energy[1])[1]])
    table = tables.make_table(values, np.zeros(2), np.ones(2))
    return Flux("e+", jnp.asarray(EDGES), table, "test")


def test_density_is_that_of_the_spectrum(flux):
    energy = np.linspace(2, 7, 777)
    low, high = _spectrum(energy)
    density = np.asarray(jax.jit(lambda f, e: f.density(e))(flux, energy))
    expected = np.where(energy < 3, low, high)
    assert np.max(np.abs(density - expected)) <= np.max(np.asarray(flux.table.error))
    assert np.max(np.asarray(flux.table.error)) < 1e-5 * expected.max()


def test_density_is_zero_outside(flux):
    np.testing.assert_array_equal(flux.density(np.array([0.0, 1.999, 7.001, 1e9])), 0.0)


def test_nodes_integrate_the_spectrum(flux):
    energy, number = (np.asarray(a) for a in flux.nodes(32))
    # 2 + int_3^7 E^2 sqrt(7 - E) = with z = 7 - E: int_0^4 (7 - z)^2 sqrt(z)
    first = 2.0
    second = 49 * 4**1.5 / 1.5 - 14 * 4**2.5 / 2.5 + 4**3.5 / 3.5
    assert number.sum() == pytest.approx(first + second, rel=1e-6)
    mean = 3 * (2 / 3 * 2 + 2 / 5) + 7 * second - (49 * 4**2.5 / 2.5 - 14 * 4**3.5 / 3.5 + 4**4.5 / 4.5)
    assert (energy * number).sum() == pytest.approx(mean, rel=1e-6)
    assert np.all((energy > 2) & (energy < 7))


def test_the_total_and_its_error(flux):
    total = flux.total()
    exact = 2.0 + 49 * 4**1.5 / 1.5 - 14 * 4**2.5 / 2.5 + 4**3.5 / 3.5
    assert abs(float(total.value) - exact) <= float(total.error)
    assert float(total.error) < 1e-4 * exact


def test_coordinate_undoes_the_even_grid_and_has_finite_gradients():
    energy = np.asarray(energies(jnp.asarray(EDGES), 33))
    np.testing.assert_allclose(energy[:, [0, -1]], [[2, 3], [3, 7]], rtol=1e-15)
    fraction = (energy - EDGES[:-1, None]) / np.diff(EDGES)[:, None]
    np.testing.assert_allclose(coordinate(fraction), np.broadcast_to(np.linspace(0, 1, 33), (2, 33)), atol=1e-7)
    slope = jax.jit(jax.vmap(jax.grad(coordinate)))(jnp.array([-1.0, 0.0, 0.5, 1.0, 2.0]))
    assert np.all(np.isfinite(slope))
    np.testing.assert_array_equal(coordinate(np.array([-1.0, 2.0])), [0.0, 1.0])
