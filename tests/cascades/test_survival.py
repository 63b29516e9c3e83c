"""Survival over couplings: staircases of single events, their sum, and the error that is quoted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.cascades import survival
from portico.cascades.survival import EDGES, Survival, counted, estimate, first_edge, steps


def _direct(p, start, stop, epsilon):
    inside = (start <= epsilon) & (epsilon < stop)
    return np.prod(1 - p * inside, axis=-1)


def _from_steps(place, drop, epsilon):
    return 1 - np.sum(np.where(place <= epsilon, drop, 0.0), axis=-1)


numbers = st.lists(st.tuples(st.sampled_from([0.0, 0.3, 0.8, 1.0]), st.floats(1e-5, 0.9), st.floats(1.01, 50)), min_size=1, max_size=4)  # fmt: skip


@given(numbers, st.floats(1e-5, 1.0))
def test_steps_add_up_to_the_product(decays, epsilon):
    p, start, ratio = (np.array(column)[None] for column in zip(*decays, strict=True))
    stop = start * ratio
    if len({*start[0], *stop[0], epsilon}) < 2 * p.size + 1:
        return  # steps at one place are added in one order or the other
    place, drop = steps(p, start, stop)
    np.testing.assert_allclose(_from_steps(place, drop, epsilon), _direct(p, start, stop, epsilon), atol=1e-12)
    place, drop = steps(p, start, None)
    np.testing.assert_allclose(_from_steps(place, drop, epsilon), _direct(p, start, np.inf, epsilon), atol=1e-12)


def test_edges_are_found_from_above():
    coupling = np.array([np.exp(EDGES[7]) * 0.999999, np.exp(EDGES[7]) * 1.000001, 0.0, np.inf, 2.0])
    np.testing.assert_array_equal(first_edge(coupling), [7, 8, 0, EDGES.size, EDGES.size])


def _drops(index):
    """What a block returns for decays that are always seen: how many there are from each edge on."""
    return np.bincount(index, minlength=EDGES.size + 1).astype(float)


def test_drops_are_counted_at_their_edges_for_events_with_weight():
    rng = np.random.default_rng(5)
    place, drop = np.exp(rng.uniform(-25.0, 2.0, (500, 3))), rng.random((500, 3))
    place[:5, 1] = np.inf
    weight = np.where(rng.random(500) < 0.8, 1 / 500, 0.0)
    expected = np.zeros(EDGES.size + 1)
    for row, heights, of_event in zip(place, drop, weight, strict=True):
        for coupling, height in zip(row, heights, strict=True):
            expected[np.searchsorted(EDGES, np.log(coupling))] += height * (of_event > 0)
    np.testing.assert_allclose(counted(place, drop, weight), expected, rtol=1e-12, atol=1e-14)


def _exponential(length, seed):
    """One decay per event, exponential with decay length/epsilon^2 (units of the volume), that is always seen inside."""

    def block(mode, first, count):
        u = np.random.default_rng([seed, mode, first]).exponential(size=count)
        start = np.sqrt(length[mode] * u)  # inside for length u / epsilon^2 < 1
        return _drops(np.asarray(first_edge(start)))

    return block


def test_exponential_decay_is_recovered_with_two_modes():
    length, ratio = (1e-4, 1e-6), (0.7, 0.3)
    found = estimate(_exponential(length, 1), ratio, precision=0.02, most=10**6, block_size=4096, largest_epsilon=0.02)
    epsilon = np.geomspace(1e-4, 1e-2, 30)
    exact = sum(r * np.exp(-(epsilon**2) / x) for r, x in zip(ratio, length, strict=True))
    value, error = found.probability(epsilon)
    assert np.max(np.abs(value - exact) / error) < 4
    assert np.max(error / value) < 0.021


def test_the_quoted_error_covers_the_spread_over_fifty_seeds():
    epsilon = np.array([3e-3, 1e-2, 1.5e-2, 2e-2])  # from 0.91 to 0.018
    exact = np.exp(-(epsilon**2) / 1e-4)
    pulls = []
    for seed in range(50):
        found = estimate(_exponential((1e-4,), seed), (1.0,), precision=0.2, most=4096, block_size=1024)
        value, error = found.probability(epsilon)
        pulls.append((value - exact) / error)
    spread = np.sqrt(np.mean(np.square(pulls), axis=0))
    # 50 draws know a standard deviation to 10%: three of those
    assert np.all(spread < 1.3), spread
    assert np.all(spread > 0.6), spread  # and is not inflated


def test_nothing_that_passes_leaves_a_one_sided_bound():
    def everything_seen(mode, first, count):
        return _drops(np.zeros(count, dtype=int))

    found = estimate(everything_seen, (1.0,), precision=0.05, most=400_000, block_size=1000)
    assert 30_000 < found.number[0] < 100_000  # until the bound is 5% of one in a thousand
    value, error = found.probability(1e-3)
    assert value == 0
    # P(0 of n) = 1 - 0.8413 for P = 1.841/n
    assert error == pytest.approx(1.841 / found.number[0], rel=1e-3)


def test_what_never_decays_passes_without_error():
    value, error = survival.nothing_decays((0.2, 0.8)).probability(np.array([1e-8, 1.0]))
    np.testing.assert_array_equal(value, 1.0)
    np.testing.assert_array_equal(error, 0.0)


def test_rare_modes_get_the_events_that_the_error_needs():
    # a common mode that is nearly always seen and a rare one that is seen half the time
    def block(mode, first, count):
        u = np.random.default_rng([mode, first]).random(count)
        seen = u < (0.9999, 0.5)[mode]
        return _drops(np.where(seen, 0, EDGES.size))

    found = estimate(block, (0.9, 0.1), precision=0.01, most=400_000, block_size=1000)
    assert found.number[1] > found.number[0]
    value, error = found.probability(0.1)
    assert value == pytest.approx(0.9 * 1e-4 + 0.1 * 0.5, abs=4 * error)
    assert error / value <= 0.0101


def test_the_error_of_a_smooth_veto_is_an_upper_bound():
    rng = np.random.default_rng(3)
    p = rng.random(20_000)
    values = []
    for part in p.reshape(20, 1000):
        found = Survival(np.ones(1), np.array([1000]), np.full((1, EDGES.size), np.sum(1 - part)))
        values.append(found.probability(0.1))
    assert np.std([v for v, _ in values]) < np.mean([e for _, e in values])
