import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2, kstest

from portico.cascades import blocks, generator, three_body
from portico.cascades.generator import ColliderBeams, generate, generate_collider
from portico.decays.chain import Chain, FermionDecay, PairMode
from portico.errors import InvalidInput
from portico.production import electron_positron_photon

S = 10.5794**2
BEAMS = ColliderBeams((S / 4 / 3.1,), (3.1,), (1.0,), 0.6)
SAMPLES = ColliderBeams((9.026, 8.648, 8.102), (3.1, 3.1, 3.1), (5.9, 31.2, 15.9), 0.6)
COUNT = 40_000
MASSES = (0.4125, 0.5775)
INELASTIC = Chain(
    1.25, 0.0325, MASSES, True, (PairMode(1, 0, 1.0, 1.12, 0.0),), (FermionDecay(1, 0, "e+ e-", 1.0, 1.12, 0.0),), (np.inf, 9.88e-6)
)  # fmt: skip
# three modes of unequal legs, three fermions, two of them unstable, two channels
LADDER = Chain(
    3.0,
    0.1,
    (0.3, 0.6, 1.0),
    True,
    (PairMode(2, 1, 0.6, 1.0, 0.0), PairMode(1, 0, 0.3, 1.0, 0.0), PairMode(0, 0, 0.1, 0.0, 1.0)),
    (
        FermionDecay(1, 0, "mu+ mu-", 0.3, 1.0, 0.0),
        FermionDecay(1, 0, "e+ e-", 0.7, 1.0, 0.0),
        FermionDecay(2, 1, "hadrons", 0.25, 1.0, 0.5),
        FermionDecay(2, 1, "e+ e-", 0.35, 1.0, 0.0),
        FermionDecay(2, 0, "e+ e-", 0.4, 0.0, 1.0),
    ),
    (np.inf, 1e-3, 2e-5),
)


def square(p):
    return p[..., 0] ** 2 - np.sum(p[..., 1:] ** 2, axis=-1)


@pytest.fixture(scope="module")
def inelastic():
    return generate_collider(INELASTIC, BEAMS, COUNT, 1)


@pytest.fixture(scope="module")
def ladder():
    return generate_collider(LADDER, SAMPLES, COUNT, 2)


def check_momenta(sample, chain):
    """Energy and momentum at every vertex to 1e-12 of the mediator's energy; everything on its mass shell."""
    scale = sample.mediator[:, 0].max()
    np.testing.assert_allclose(sample.fermion[:, 0, 0] + sample.fermion[:, 1, 0], sample.mediator, atol=1e-12 * scale)
    for step in range(sample.decay.shape[2]):
        after = sample.fermion[:, :, step + 1] + sample.minus[:, :, step] + sample.plus[:, :, step]
        np.testing.assert_allclose(after, sample.fermion[:, :, step], atol=1e-12 * scale)
    masses = np.array(chain.masses)[sample.state]
    np.testing.assert_allclose(square(sample.fermion), masses**2, atol=1e-12 * scale**2)
    each = np.array([three_body.pair_mass(d.pair) for d in chain.decays])[sample.decay]
    for member in (sample.minus, sample.plus):
        np.testing.assert_allclose(square(member), np.where(sample.decay < 0, 0, each**2), atol=1e-12 * scale**2)


def test_momenta_are_conserved_at_every_vertex(inelastic, ladder):
    check_momenta(inelastic, INELASTIC)
    check_momenta(ladder, LADDER)
    total = inelastic.recoil + inelastic.mediator
    np.testing.assert_allclose(total, np.tile([S / 12.4 + 3.1, 0, 0, S / 12.4 - 3.1], (COUNT, 1)), atol=1e-12)


def test_states_and_decays_follow_the_chain(ladder):
    first = np.array([(m.first, m.second) for m in LADDER.modes])
    np.testing.assert_array_equal(ladder.state[:, :, 0], first[ladder.mode])
    for step in range(2):
        before, decay, after = ladder.state[:, :, step], ladder.decay[:, :, step], ladder.state[:, :, step + 1]
        happens = decay >= 0
        np.testing.assert_array_equal(happens, before > 0)  # only the lightest is stable
        np.testing.assert_array_equal(np.array([d.parent for d in LADDER.decays])[decay[happens]], before[happens])
        np.testing.assert_array_equal(np.array([d.daughter for d in LADDER.decays])[decay[happens]], after[happens])
        np.testing.assert_array_equal(before[~happens], after[~happens])
        assert not np.any(ladder.vertex[:, :, step][~happens])
    assert np.all(ladder.state[:, :, 2] == 0)


def test_fractions_of_modes_channels_and_beams_are_the_branching_ratios(ladder):
    def check(counts, ratios):
        expected = np.sum(counts) * np.array(ratios)
        assert chi2.sf(np.sum((counts - expected) ** 2 / expected), len(ratios) - 1) > 1e-3

    check(np.bincount(ladder.mode, minlength=3), [m.ratio for m in LADDER.modes])
    for parent in (1, 2):
        index = [k for k, d in enumerate(LADDER.decays) if d.parent == parent]
        check(
            np.array([np.sum(ladder.decay == k) for k in index]),
            [LADDER.decays[k].ratio for k in index],
        )
    energies = (ladder.recoil + ladder.mediator)[:, 0]
    counts = np.array([np.sum(np.isclose(energies, e + 3.1)) for e in SAMPLES.electron_energy])
    rate = [
        lumi * electron_positron_photon.sigma(4 * e * 3.1, 3.0, 1.0, 0.6)
        for e, lumi in zip(SAMPLES.electron_energy, SAMPLES.luminosity, strict=True)
    ]
    check(counts, np.array(rate) / np.sum(rate))


def test_photons_follow_the_cross_section(inelastic):
    total = inelastic.recoil + inelastic.mediator
    beta = total[0, 3] / total[0, 0]
    e, pz = inelastic.recoil[:, 0], inelastic.recoil[:, 3]
    cos = (pz - beta * e) / (e - beta * pz)
    sigma = electron_positron_photon.sigma

    def share(c):
        size = np.maximum(np.abs(c), 1e-12)
        return 0.5 + 0.5 * np.sign(c) * sigma(S, 1.25, 1.0, size) / sigma(S, 1.25, 1.0, 0.6)

    assert np.abs(cos).max() < 0.6 * (1 + 1e-12)
    assert kstest(cos, share).pvalue > 1e-3
    phi = np.arctan2(inelastic.recoil[:, 2], inelastic.recoil[:, 1]) / (2 * np.pi) + 0.5
    assert kstest(phi, "uniform").pvalue > 1e-3


def rest_frame(p, of, mass):
    """p in the rest frame of ``of``, by the textbook boost."""
    u = of[:, 1:] / np.reshape(mass, (-1, 1))
    gamma = of[:, 0] / mass
    along = np.sum(u * p[:, 1:], axis=1)
    vector = p[:, 1:] + u * (along / (gamma + 1) - p[:, 0])[:, None]
    return np.column_stack([gamma * p[:, 0] - along, vector])


def test_pairs_follow_the_spectrum_and_the_angles_of_the_amplitude(inelastic):
    parent, pair = inelastic.fermion[:, 0, 0], (inelastic.minus + inelastic.plus)[:, 0, 0]
    in_parent = rest_frame(pair, parent, MASSES[1])
    # mass of the pair from its energy in the rest frame: no cancellation
    s = 2 * MASSES[1] * in_parent[:, 0] - MASSES[1] ** 2 + MASSES[0] ** 2
    nodes = np.linspace(2 * 0.00051099895, MASSES[1] - MASSES[0], 8001)
    density = three_body.dgamma_ds(nodes**2, MASSES, "e+ e-", (1.0, 0.0), (1.25, 0.0325)) * nodes
    cumulative = np.concatenate([[0], np.cumsum(density[1:] + density[:-1])])
    cumulative /= cumulative[-1]
    assert kstest(np.sqrt(np.maximum(s, 0)), lambda m: np.interp(m, nodes, cumulative)).pvalue > 1e-3
    # helicity angle, compared as the share of the distribution below it: uniform if A + B cos^2 is right event by event
    minus = rest_frame(inelastic.minus[:, 0, 0], parent, MASSES[1])
    root = np.sqrt(np.maximum(s, 4 * 0.00051099895**2))
    in_pair = rest_frame(minus, in_parent, root)
    axis = in_parent[:, 1:]
    cos = np.sum(in_pair[:, 1:] * axis, 1) / np.linalg.norm(axis, axis=1) / np.linalg.norm(in_pair[:, 1:], axis=1)
    wide = s > 1e-4
    a, _ = jax.jit(three_body.angular_coefficients)(s, (MASSES[1], MASSES[0], 0.00051099895), (1.0, 1.0), False)
    below = 0.5 + 0.5 * (np.asarray(a) * cos + (1 - np.asarray(a)) * cos**3)
    assert kstest(below[wide], "uniform").pvalue > 1e-3
    assert kstest((cos[wide] + 1) / 2, "uniform").pvalue < 1e-6  # it is not flat
    # directions: isotropic
    for direction in (axis, rest_frame(parent, inelastic.mediator, 1.25)[:, 1:]):
        cosines = direction[:, 2] / np.linalg.norm(direction, axis=1)
        assert kstest((cosines + 1) / 2, "uniform").pvalue > 1e-3


def test_proper_lengths_are_exponential_and_along_the_flight(ladder):
    for step in range(2):
        before = ladder.vertex[:, :, step - 1] if step else np.zeros_like(ladder.vertex[:, :, 0])
        happens = ladder.decay[:, :, step] >= 0
        flight, p = (ladder.vertex[:, :, step] - before)[happens], ladder.fermion[:, :, step, 1:][happens]
        np.testing.assert_allclose(np.cross(flight, p), 0, atol=1e-12 * np.abs(flight).max() * np.abs(p).max())
        state = ladder.state[:, :, step][happens]
        proper = np.sum(flight * p, -1) / np.sum(p * p, -1) * np.array(LADDER.masses)[state]
        for fermion in (1, 2):
            chosen = proper[state == fermion] / LADDER.ctau_unit_cm[fermion]
            if chosen.size:
                assert kstest(chosen, "expon").pvalue > 1e-3
    assert np.sum(ladder.state[:, :, 1] == 1) > 1000  # there are decays in a row


def test_events_do_not_depend_on_how_they_are_asked_for(inelastic):
    parts = [
        generate_collider(INELASTIC, BEAMS, count, 1, start=start)
        for start, count in ((0, 100), (100, blocks.BLOCK), (blocks.BLOCK + 100, 5000))
    ]
    for name in ("recoil", "minus", "vertex", "state", "mode"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(inelastic, name)[: len(joined)])
    other = generate_collider(INELASTIC, BEAMS, 100, 2)
    assert not np.any(other.recoil[:, 1] == inelastic.recoil[:100, 1])


def test_weights_add_up_to_one_or_to_the_share_of_the_modes(ladder):
    assert np.sum(ladder.weight) == pytest.approx(1.0, rel=1e-12)
    chain = INELASTIC._replace(modes=(PairMode(1, 0, 0.7, 1.0, 0.0), PairMode(0, 0, 0.3, 0.0, 1.0)))
    for mode, share in ((0, 0.7), (1, 0.3)):
        one = generate_collider(chain, BEAMS, 1000, 2, modes=[mode])
        assert np.sum(one.weight) == pytest.approx(share, rel=1e-12)
        assert np.all(one.mode == mode)


@pytest.mark.slow  # compiles anew
def test_several_modes_of_many_keep_their_ratios():
    two = generate_collider(LADDER, SAMPLES, 3000, 2, modes=[2, 0])
    assert np.sum(two.weight) == pytest.approx(0.7, rel=1e-12)
    assert set(two.mode) == {0, 2}
    assert np.mean(two.mode == 0) == pytest.approx(6 / 7, abs=4 * np.sqrt(6 / 49 / 3000))


def total_energy(sample, scale):
    return {"energy": sample.weight * sample.minus[:, 0, 0, 0] * scale, "number": jnp.ones_like(sample.weight)}


def sums(sample, scale):
    return jax.tree.map(jnp.sum, total_energy(sample, scale))


@pytest.mark.slow  # compiles for long
def test_reductions_see_the_same_events(inelastic):
    rows = generate_collider(INELASTIC, BEAMS, COUNT, 1, reduction=total_energy, arguments=(2.0,))
    np.testing.assert_allclose(rows["energy"], 2 / COUNT * inelastic.minus[:, 0, 0, 0], rtol=1e-13)
    assert rows["number"].shape == (COUNT,)
    total = generate_collider(INELASTIC, BEAMS, COUNT, 1, reduction=sums, arguments=(2.0,), combine="sum")
    assert float(total["energy"]) == pytest.approx(np.sum(rows["energy"]), rel=1e-12)


def test_a_scan_over_masses_is_compiled_once():
    generate_collider(INELASTIC, BEAMS, 10, 1)
    before = generator._collider_kernel._cache_size()
    for factor in (0.5, 1.3, 2.0):
        chain = INELASTIC._replace(
            mediator_mass=1.25 * factor,
            masses=tuple(m * factor for m in MASSES),
            ctau_unit_cm=(np.inf, 1e-5 / factor),
        )
        decays = (chain.decays[0]._replace(ratio=0.6), FermionDecay(1, 0, "mu+ mu-", 0.4, 1.12, 0.0))
        generate_collider(chain._replace(decays=decays) if factor > 1.6 else chain, BEAMS, 10, 1)
    assert generator._collider_kernel._cache_size() == before


def test_given_mediators_decay_like_those_of_the_collider(inelastic):
    sample = generate(INELASTIC, inelastic.mediator, 5)
    check_momenta(sample, INELASTIC)
    np.testing.assert_allclose(sample.mediator, inelastic.mediator, rtol=1e-12)
    assert not np.any(sample.recoil)
    assert np.sum(sample.weight) == pytest.approx(1.0, rel=1e-12)
    # another seed, the same distribution
    energy = [s.minus[:, 0, 0, 0] for s in (sample, inelastic)]
    error = np.std(energy[0]) * np.sqrt(2 / COUNT)
    assert np.mean(energy[0]) == pytest.approx(np.mean(energy[1]), abs=4 * error)


def test_given_mediators_continue_and_keep_their_weights(inelastic):
    momenta, weight = inelastic.mediator[:20_000], np.linspace(0, 1, 20_000)
    whole = generate(INELASTIC, momenta, 5, weight=weight)
    np.testing.assert_allclose(whole.weight, weight / np.sum(weight), rtol=1e-12)
    part = generate(INELASTIC, momenta[15_000:], 5, start=15_000)
    np.testing.assert_array_equal(part.minus, whole.minus[15_000:])


def test_large_boosts_conserve_momentum():
    """NA64: mediators of 100 GeV and 10 MeV."""
    chain = INELASTIC._replace(mediator_mass=0.01, masses=(0.0033, 0.00462))
    energy = np.full(1000, 100.0)
    momenta = np.column_stack([energy, np.zeros(1000), np.zeros(1000), np.sqrt(energy**2 - 1e-4)])
    sample = generate(chain, momenta, 1)
    check_momenta(sample, chain)
    assert np.all(sample.minus[:, 0, 0, 0] > 0)


@pytest.mark.slow  # compiles anew
def test_width_of_the_mediator_spreads_its_mass():
    sample = generate_collider(INELASTIC, BEAMS, COUNT, 3, line_shape="breit_wigner")
    mass = np.sqrt(square(sample.mediator))
    check = sample.recoil + sample.mediator
    np.testing.assert_allclose(check[:, 0], S / 12.4 + 3.1, rtol=1e-12)
    quartiles = np.percentile(mass, [25, 50, 75])
    # half of a Breit-Wigner lies within half a width; the tails are cut at 25 widths and bent by threshold and cross section
    assert quartiles[2] - quartiles[0] == pytest.approx(0.0325, rel=0.05)
    assert quartiles[1] == pytest.approx(1.25, abs=0.004)
    assert mass.min() >= sum(MASSES) * (1 - 1e-9)
    np.testing.assert_allclose(sample.fermion[:, 0, 0] + sample.fermion[:, 1, 0], sample.mediator, atol=1e-11)


@pytest.mark.parametrize(
    ("chain", "arguments", "message"),
    [
        (INELASTIC._replace(modes=()), {}, "no open dark decay"),
        (INELASTIC, {"modes": [1]}, "mode 1 of 1 modes; expected 0 to 0"),
        (INELASTIC, {"modes": []}, "modes is empty"),
        (LADDER._replace(modes=(LADDER.modes[0]._replace(ratio=0.0),)), {"modes": [0]}, "mode 0 is closed"),
        (INELASTIC, {"count": 0}, "expected count >= 1"),
        (INELASTIC, {"seed": -1}, "expected a whole number from 0 to 2\\^32 - 1"),
        (INELASTIC, {"seed": 1.5}, "seed = 1.5 is not allowed"),
        (INELASTIC, {"seed": "a"}, "seed = .a. is not allowed"),
        (INELASTIC, {"count": 1.5}, "count = 1.5 is not allowed; expected a whole number"),
        (INELASTIC, {"start": None}, "start = None is not allowed"),
        (INELASTIC, {"combine": "mean"}, "known: concatenate, sum"),
        (INELASTIC, {"line_shape": "gaussian"}, "known: narrow, breit_wigner"),
        (INELASTIC._replace(mediator_width=0.0), {"line_shape": "breit_wigner"}, "has to be above 0"),
        (INELASTIC._replace(mediator_mass=11.0), {}, "too heavy for beams"),
        (INELASTIC._replace(ctau_unit_cm=(np.inf, np.inf)), {}, "fermion 1 decays but has the decay length inf cm"),
        (INELASTIC, {"beams": BEAMS._replace(cos_max=1.0)}, "pole of the t channel"),
        (INELASTIC, {"beams": BEAMS._replace(luminosity=(1.0, 2.0))}, "2 luminosities"),
        (INELASTIC, {"beams": BEAMS._replace(luminosity=(0.0,))}, "not all 0"),
    ],
)
def test_wrong_input_is_told(chain, arguments, message):
    given = {"beams": BEAMS, "count": 10, "seed": 1, **arguments}
    with pytest.raises(InvalidInput, match=message):
        generate_collider(chain, given.pop("beams"), given.pop("count"), given.pop("seed"), **given)


def test_wrong_mediators_are_told():
    with pytest.raises(InvalidInput, match="expected \\(n, 4\\)"):
        generate(INELASTIC, np.ones((3, 3)), 1)
    with pytest.raises(InvalidInput, match="weight has shape"):
        generate(INELASTIC, np.ones((3, 4)), 1, weight=np.ones(2))
