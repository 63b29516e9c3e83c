import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln

from portico import particles
from portico.transport import electromagnetic_cascade as em
from portico.transport import path_length as pl

ELECTRON = particles.mass("e-")
B1 = 4 / 3


def _evaluate(path, energy):
    return pl.evaluate(path, energy)[0]


_second = jax.jit(lambda y: em.second_generation_track(y, 16.0))
_density = jax.jit(lambda flux, energy: flux.density(energy))


def _track(y):
    """y E T_e/X0 of the first generation by an integral of its own."""
    t, weight = np.polynomial.legendre.leggauss(60)
    total = 0.0
    for low, high in ((0.0, 0.05), (0.05, 0.5), (0.5, 3.0), (3.0, 16.0)):
        nodes = low + (high - low) * (t + 1) / 2
        total = total + (high - low) / 2 * np.exp(B1 * nodes * np.log(y)[:, None] - gammaln(B1 * nodes)) @ weight
    return total


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(100)
_PAIR_Y = np.linspace(1e-6, 0.06, 201)


@pytest.fixture(scope="module")
def pairs():
    """Pairs are per mille here: the tested closed form, interpolated in y."""
    return np.asarray(_second(_PAIR_Y))


def _direct(flux, pairs, energy, fraction=0.95):
    """X0 int dE dN/dE T_e(E', E) up to E = (E' + m_e)/x_0, in w = 1/ln(1/y) with breaks at the edges of the flux."""
    end = np.log((energy + ELECTRON) / (fraction * energy))
    breaks = [np.log(e / energy) for e in np.asarray(flux.edges) if 0 < np.log(e / energy) < end]
    total, low = 0.0, 0.0
    for high in sorted(-1 / np.log(y) for y in [*breaks, end]):
        # the flux has square-root ends: a cubic map at both ends of each panel
        u = (_NODES + 1) / 2
        w = low + (high - low) * u**2 * (3 - 2 * u)
        slope = (high - low) * 6 * u * (1 - u)
        y = np.exp(-1 / np.maximum(w, 1 / 700))
        kernel = (_track(y) + np.interp(y, _PAIR_Y, pairs)) / np.maximum(w, 1 / 700) ** 2
        kernel = np.where(w < 1 / 700, 0.75 * (1 + 2 * np.euler_gamma * w), kernel)  # y underflows
        total += 0.5 * _WEIGHTS @ (slope * kernel * np.asarray(_density(flux, energy * np.exp(y))))
        low = high
    return 1.86 * total


@pytest.fixture(scope="module", params=["head_on", "crossing"])
def compared(request, pairs):
    """Path, energies, path length from the table and from the direct integral."""
    flux, _, path = request.getfixturevalue(request.param)
    edges = np.asarray(flux.edges)
    energy = [0.5 * (edges[0] + edges[-1]), 0.97 * edges[-1], edges[0] * 1.01, 0.97 * edges[0]]
    energy += [edges[0] * (1 - 1e-4), edges[0] * (1 - 1e-6), edges[0] * (1 + 1e-6), edges[-1] * (1 - 1e-5)]
    energy += [edges[len(edges) // 2] * (1 - 1e-5), edges[len(edges) // 2 - 1] * (1 + 1e-5)]
    energy = np.array(energy)
    return (
        request.param,
        path,
        energy,
        np.asarray(_evaluate(path, energy)),
        np.array([_direct(flux, pairs, e) for e in energy]),
    )


def test_path_length_equals_the_direct_integral(compared):
    beam, _, _, ours, exact = compared
    # a per mille next to the square-root edges of the spectrum of crossing beams, over 1e-5 of the energy
    np.testing.assert_allclose(ours, exact, rtol=2e-4 if beam == "head_on" else 2e-3)


def test_the_error_of_the_path_length_is_honest(compared):
    _, path, energy, ours, exact = compared
    piece = np.searchsorted(np.asarray(path.edges), energy) - 1
    # 2e-6 for the tables of flux and track, whose errors are their own
    assert np.all(np.abs(ours - exact) <= np.asarray(path.table.error)[piece] + 2e-6 * exact.max())


def test_error_of_the_path_length_is_small(head_on, crossing):
    for (_, _, path), bound in ((head_on, 2e-4), (crossing, 2e-3)):
        assert np.max(np.asarray(path.table.error)) < bound * float(np.max(path.table.values))


def test_path_length_is_zero_outside(head_on):
    _, _, path = head_on
    low, high = float(path.edges[0]), float(path.edges[-1])
    np.testing.assert_array_equal(
        _evaluate(path, np.array([0.0, low * (1 - 1e-12), high * (1 + 1e-12), high, 100.0])), 0.0
    )


def test_total_path_is_the_number_times_the_cumulative_track(head_on):
    """Both orders of integration: int dE' F(E') = X0 int dE dN/dE C((x0 E - m_e)/E, T)."""
    flux, _, path = head_on
    nodes, weights = np.polynomial.legendre.leggauss(60)
    total = 0.0
    for left, right in zip(np.asarray(path.edges)[:-1], np.asarray(path.edges)[1:], strict=True):
        # logarithmic end at the right: 1 - fraction = e^-z/(1-z)
        z = 0.97 * (nodes + 1) / 2
        below = np.exp(-z / (1 - z))
        energy = right - (right - left) * below
        total += 0.485 * (right - left) * weights @ (np.asarray(_evaluate(path, energy)) * below / (1 - z) ** 2)
    beam_energy, number = (np.asarray(a) for a in flux.nodes(20))
    cumulative = np.array(
        [float(em.cumulative_track(0.95 - ELECTRON / e, 16.0, method="tsai_whitis").value) for e in beam_energy]
    )
    assert total == pytest.approx(1.86 * (number @ cumulative), rel=1e-5)  # table and quadrature


@given(st.floats(1e-12, 1.0))
def test_piece_coordinate_rises_from_end_to_end(fraction):
    low, here, high = np.asarray(_coordinate(np.array([0.0, fraction, 1.0])))
    assert low == 0.0
    assert high == pytest.approx(1.0, rel=1e-9)
    assert 0 < here <= high * (1 + 1e-12)


_coordinate = jax.jit(pl.piece_coordinate)


def test_edges_of_the_path_are_those_of_the_flux_and_of_the_cut():
    np.testing.assert_allclose(pl.path_edges(np.array([4.0, 6.0]), 0.95, 0.001), [3.799, 4.0, 5.699, 6.0])


def test_track_table_is_the_kernel(head_on):
    _, track, _ = head_on
    w = np.linspace(0, float(track.upper), 333)
    exact = em.track_length_kernels(w, 16.0, method="tsai_whitis")[0]
    from portico.numerics import tables

    difference = np.abs(np.asarray(jax.jit(tables.interpolate)(track, w)) - exact)
    assert difference.max() <= float(track.error)
    assert float(track.error) < 3e-5


def test_track_tables_are_of_positrons_and_of_both():
    positron, both = pl.track_tables((16.0, 1.0), 0.06, method="cascade")
    for table, depth, which in ((positron, 16.0, 0), (both, 1.0, 1)):
        kernel = em.track_length_kernels(np.linspace(0, float(table.upper), 129), depth, method="cascade")[which]
        np.testing.assert_allclose(table.values, kernel, rtol=1e-12)


def test_path_length_is_linear_in_the_flux_and_the_radiation_length(head_on):
    flux, track, path = head_on
    import equinox as eqx

    doubled = eqx.tree_at(
        lambda f: f.table, flux, flux.table._replace(values=2 * flux.table.values, slopes=2 * flux.table.slopes)
    )
    other = pl.path_length(doubled, path.edges, track, 3.72, 0.95, energy_gain=ELECTRON)
    np.testing.assert_allclose(other.table.values, 4 * path.table.values, rtol=1e-12)
