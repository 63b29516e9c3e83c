"""Flat columns hold the sample: momenta balance at every vertex, particles fly from vertex to vertex, and nothing is lost."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import particles
from portico.errors import InvalidInput, NumericsError
from portico.events import codes
from portico.events.record import flatten

COUNT = 1000


def events(record):
    """Each event as a slice of the particles."""
    return [slice(low, high) for low, high in zip(record.offsets[:-1], record.offsets[1:], strict=True)]


def children(parent, collide):
    """Parents' places with those of their children, in one event."""
    for place in range(-1, parent.max() + 1):
        below = np.flatnonzero(parent == place)
        if place >= 0 and below.size:
            yield ([0, 1] if collide and place == 0 else [place]), below


@pytest.mark.parametrize("collide", [True, False])
def test_momentum_is_conserved_at_every_vertex(make, collide):
    source = make.source(collide=collide)
    record, seen = flatten(source.sample(0, COUNT), source, 0), 0
    for part in events(record):
        p = record.momentum[part]
        for above, below in children(record.parent[part], collide):
            # sums and boosts of a few momenta: a few times the rounding of the largest
            np.testing.assert_allclose(p[above].sum(axis=0), p[below].sum(axis=0), rtol=0, atol=1e-12 * p[:, 0].max())
            seen += 1
    assert seen > 3 * COUNT


def test_particles_are_on_the_mass_shells_of_their_codes(make):
    source = make.source()
    record = flatten(source.sample(0, COUNT), source, 0)
    for code, name in ((11, "e-"), (13, "mu-"), (-211, "pi-"), (22, "gamma")):
        chosen = (np.abs(record.id) == abs(code)) & (record.status == codes.FINAL)
        assert chosen.any()
        mass = 0.0 if name == "gamma" else particles.mass(name)
        assert np.all(record.mass[chosen] == mass)
        off = np.abs(make.mass2(record.momentum[chosen]) - mass**2)
        assert np.all(off < 1e-11 * record.momentum[chosen, 0] ** 2 + 1e-12)
    for k, mass in enumerate(source.chain.masses):
        chosen = record.id == codes.FERMION + k + 1
        assert np.all(record.mass[chosen] == mass)
        np.testing.assert_allclose(make.mass2(record.momentum[chosen]), mass**2, atol=1e-11)
    np.testing.assert_allclose(record.mass[record.id == codes.MEDIATOR], make.mediator, rtol=1e-10)


def test_particles_fly_straight_from_vertex_to_vertex_at_their_velocity(make):
    source = make.source()
    record = flatten(source.sample(0, COUNT), source, 0)
    flown = 0
    for part in events(record):
        p, x, parent = record.momentum[part], record.vertex[part], record.parent[part]
        for above, below in children(parent, True):
            assert np.all(x[below] == x[below[0]])
            step = x[below[0]] - x[above[0]]
            # x = beta c t, to rounding of the vertices
            np.testing.assert_allclose(step[1:] * p[above[0], 0], step[0] * p[above[0], 1:], rtol=0, atol=1e-12 * max(step[0] * p[above[0], 0], 1))  # fmt: skip
            flown += step[0] > 0
    assert flown > COUNT


def test_vertices_go_as_one_over_epsilon_squared_and_nothing_else_moves(make):
    near, far = make.source(epsilon=1e-2), make.source(epsilon=1e-3)
    one, two = (flatten(s.sample(0, COUNT), s, 0) for s in (near, far))
    np.testing.assert_allclose(two.vertex, 100 * one.vertex, rtol=1e-12)
    for name in set(one._fields) - {"vertex"}:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_decay_times_have_the_lifetime_of_the_chain(make):
    source = make.source()
    record = flatten(source.sample(0, 20_000), source, 0)
    place = np.repeat(record.offsets[:-1], np.diff(record.offsets)) + record.parent
    pair = np.flatnonzero(np.isin(record.id, [11, 13, -211]) & (record.parent > 0))
    for k in (1, 2):
        born, died = place[pair], pair
        chosen = record.id[born] == codes.FERMION + k + 1
        born, died = born[chosen], died[chosen]
        time = (record.vertex[died, 0] - record.vertex[born, 0]) * record.mass[born] / record.momentum[born, 0]
        wanted = source.chain.ctau_unit_cm[k] / source.epsilon**2
        # the mean of n exponential times is known to 1/sqrt(n): five standard deviations
        assert time.mean() == pytest.approx(wanted, rel=5 / np.sqrt(time.size))


def test_each_event_holds_what_the_sample_says(make):
    source = make.source()
    sample = source.sample(0, COUNT)
    record = flatten(sample, source, 0)
    decays = (sample.decay >= 0).sum(axis=(1, 2))
    np.testing.assert_array_equal(np.diff(record.offsets), 6 + 3 * decays)
    assert len(record) == COUNT
    for k, part in enumerate(events(record)):
        ids, status = record.id[part], record.status[part]
        assert list(ids[:4]) == [11, -11, 22, codes.MEDIATOR]
        assert list(status[:4]) == [codes.BEAM, codes.BEAM, codes.FINAL, codes.DECAYED]
        left = sorted(record.id[part][(status == codes.FINAL) & (ids > codes.FERMION)] - codes.FERMION - 1)
        assert left == sorted(sample.state[k, :, -1])
        assert (status == codes.DECAYED).sum() == 1 + decays[k]
        mode = source.chain.modes[record.mode[k]]
        assert list(ids[4:6] - codes.FERMION - 1) == [mode.first, mode.second]
    assert {11, -11, 13, -13, 211, -211} <= set(record.id)


def test_beams_are_those_of_the_event(make):
    source = make.source()
    record = flatten(source.sample(0, COUNT), source, 0)
    energies = record.momentum[record.offsets[:-1], 0]
    assert set(energies) == {9.0, 8.1}
    assert record.momentum[record.offsets[:-1] + 1, 0] == pytest.approx(3.1)


def test_weights_are_one_on_average(make):
    source = make.source()
    assert flatten(source.sample(0, COUNT), source, 0).weight == pytest.approx(1)
    uneven = np.random.default_rng(1).dirichlet(np.ones(COUNT))
    record = flatten(source.sample(0, COUNT)._replace(weight=uneven), source, 0)
    np.testing.assert_allclose(record.weight, uneven * COUNT)


@given(cuts=st.lists(st.integers(1, 1999), unique=True, max_size=6))
@settings(max_examples=10)
def test_pieces_of_any_size_give_the_same_events(make, cuts):
    source = make.source(majorana=False)
    whole = flatten(source.sample(0, 2000), source, 0)
    edges = [0, *sorted(cuts), 2000]
    pieces = [flatten(source.sample(a, b - a), source, a) for a, b in itertools.pairwise(edges)]
    for name in set(whole._fields) - {"offsets"}:
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_allclose(joined, getattr(whole, name), rtol=1e-14)
    assert np.array_equal(np.concatenate([np.diff(p.offsets) for p in pieces]), np.diff(whole.offsets))


def test_dirac_fermions_come_with_antifermions_and_either_leg_is_one_equally_often(make):
    source = make.source(majorana=False)
    record = flatten(source.sample(0, COUNT), source, 0)
    dark = np.abs(record.id) > codes.FERMION
    number = np.where(dark, np.sign(record.id), 0)
    for part in events(record):
        final = record.status[part] == codes.FINAL
        assert number[part][final].sum() == 0
        for above, below in children(record.parent[part], True):
            if dark[part][above[0]]:
                assert number[part][above[0]] == number[part][below].sum()
    first = record.id[record.offsets[:-1] + 4]
    assert (first < 0).mean() == 0.5


def test_majorana_fermions_have_no_antiparticles(make):
    source = make.source()
    record = flatten(source.sample(0, COUNT), source, 0)
    assert np.all(record.id[np.abs(record.id) > codes.FERMION] > 0)


def test_a_sample_that_fits_no_beams_is_refused(make):
    source = make.source(beams=make.beams[:1])
    with pytest.raises(
        NumericsError, match=r"^event \d+: photon and mediator have .* GeV, which no pair of beams has\.$"
    ):
        flatten(source.sample(0, COUNT), source, 0)
    with pytest.raises(InvalidInput, match="no beams are named"):
        flatten(source.sample(0, COUNT), source._replace(beams=()), 0)


def test_a_chain_whose_fermions_are_stable_is_written(make):
    source = make.source()
    source = source._replace(chain=source.chain._replace(decays=()))
    sample = source.sample(0, COUNT)
    stable = sample._replace(decay=np.full_like(sample.decay, -1))
    record = flatten(stable, source, 0)
    assert np.all(np.diff(record.offsets) == 6)
    short = stable._replace(**{name: getattr(stable, name)[:, :, :0] for name in ("decay", "minus", "plus", "vertex")})
    short = short._replace(state=short.state[:, :, :1], fermion=short.fermion[:, :, :1])
    for one, two in zip(record, flatten(short, source, 0), strict=True):
        np.testing.assert_array_equal(one, two)
