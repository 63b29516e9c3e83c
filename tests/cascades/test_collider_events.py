"""Generated collisions as a source of event files: momenta balance, pieces agree, the cross section is that of the production."""

import numpy as np
import pytest

from portico.cascades.collider_events import collider_events
from portico.cascades.generator import ColliderBeams
from portico.decays.chain import Chain, FermionDecay, PairMode
from portico.errors import InvalidInput
from portico.events.record import flatten

ROOT_S = 10.5794
CHAIN = Chain(
    1.25, 0.0325, (0.4125, 0.5775), True, (PairMode(1, 0, 1.0, 1.0, 0.0),), (FermionDecay(1, 0, "e+ e-", 1.0, 1.0, 0.0),), (np.inf, 9.88e-6)
)  # fmt: skip


def beams(*root_s, luminosity=1.0):
    return ColliderBeams(
        tuple(r**2 / 12.4 for r in root_s), tuple(3.1 for _ in root_s), tuple(luminosity for _ in root_s), 0.6
    )


@pytest.fixture(scope="module")
def source():
    return collider_events(CHAIN, beams(ROOT_S, 10.0233), 1e-3, 5)


def test_cross_section_is_the_published_one():
    # |cos| < 0.6, M = 1.25 GeV, epsilon = 1e-3 at the 4S: independent quadrature, quoted to 9 digits
    single = collider_events(CHAIN, beams(ROOT_S), 1e-3, 1)
    assert single.sigma_pb == pytest.approx(0.00189635997, rel=1e-8)
    assert collider_events(CHAIN, beams(ROOT_S), 2e-3, 1, dark_fraction=0.25).sigma_pb == pytest.approx(single.sigma_pb)


def test_cross_section_of_several_energies_is_their_mean(source):
    parts = [collider_events(CHAIN, beams(r), 1e-3, 1).sigma_pb for r in (ROOT_S, 10.0233)]
    assert source.sigma_pb == pytest.approx(np.mean(parts), rel=1e-12)


def test_momentum_is_conserved_at_every_vertex_of_generated_events(source):
    record = flatten(source.sample(0, 2000), source, 0)
    place = np.repeat(record.offsets[:-1], np.diff(record.offsets))
    balance = record.momentum * (record.status == 2)[:, None]
    first = record.offsets[:-1]
    balance[first] = record.momentum[first] + record.momentum[first + 1]
    child = np.flatnonzero(record.parent >= 0)
    np.subtract.at(balance, place[child] + record.parent[child], record.momentum[child])
    parents = np.unique(place[child] + record.parent[child])
    # boosts by up to 10 GeV in double precision
    assert np.abs(balance[parents]).max() < 1e-11
    assert parents.size == 3 * 2000  # collision, mediator, heavy fermion


def test_events_do_not_depend_on_the_pieces(source):
    whole = source.sample(0, 3000)
    parts = [source.sample(0, 1000), source.sample(1000, 2000)]
    for name in set(whole._fields) - {"weight"}:
        np.testing.assert_array_equal(np.concatenate([getattr(p, name) for p in parts]), getattr(whole, name))
    assert np.sum(whole.weight) == pytest.approx(1)


def test_proper_lifetime_of_generated_events(source):
    record = flatten(source.sample(0, 20_000), source, 0)
    place = np.repeat(record.offsets[:-1], np.diff(record.offsets)) + record.parent
    electron = np.flatnonzero((record.id == 11) & (record.status == 1))
    born = place[electron]
    time = (record.vertex[electron, 0] - record.vertex[born, 0]) * record.mass[born] / record.momentum[born, 0]
    # 9.88 cm at epsilon = 1e-3; five standard deviations of the mean
    assert time.mean() == pytest.approx(9.88, rel=5 / np.sqrt(electron.size))


def test_a_mediator_too_heavy_is_refused_at_once():
    with pytest.raises(InvalidInput, match="too heavy"):
        collider_events(CHAIN._replace(mediator_mass=11.0), beams(ROOT_S), 1e-3, 1)
