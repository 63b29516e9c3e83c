"""Every pair that a dark fermion decays to is drawn, has a code, and keeps its share."""

import numpy as np
import pytest

import portico
from portico.cascades import three_body
from portico.cascades.generator import ColliderBeams, generate_collider
from portico.decays import dark_fermions
from portico.decays.chain import Chain, FermionDecay, PairMode
from portico.errors import InvalidInput
from portico.events import codes

BEAMS = ColliderBeams((9.0,), (3.1,), (1.0,), 0.6)


def test_all_rooms_know_the_same_pairs():
    assert set(three_body.PAIRS) == set(dark_fermions.PAIRS) == set(codes.PAIRS)


def test_taus_are_drawn_with_their_branching_ratio():
    model = portico.models.Inelastic(mass=7.0, epsilon=1e-3, alpha_dark=0.1, dark_matter_mass=0.8, splitting=6.5)
    chain = model.chain()
    sample = generate_collider(chain, BEAMS, 40_000, 1)
    drawn = sample.decay[sample.decay >= 0]
    for k, decay in enumerate(chain.decays):
        error = np.sqrt(decay.ratio * (1 - decay.ratio) / drawn.size)
        assert np.mean(drawn == k) == pytest.approx(decay.ratio, abs=4 * error), decay.pair
    tau = next(k for k, decay in enumerate(chain.decays) if decay.pair == "tau+ tau-")
    assert chain.decays[tau].ratio > 0.03
    chosen = sample.decay == tau
    mass2 = sample.minus[chosen][:, 0] ** 2 - np.sum(sample.minus[chosen][:, 1:] ** 2, axis=1)
    np.testing.assert_allclose(np.sqrt(mass2), 1.777, atol=1e-3)


def test_a_pair_without_a_slot_is_refused():
    chain = Chain(1.25, 0.03, (0.4, 0.6), True, (PairMode(1, 0, 1.0, 1.0, 0.0),),
                  (FermionDecay(1, 0, "gamma gamma", 1.0, 1.0, 0.0),), (np.inf, 1e-5))  # fmt: skip
    with pytest.raises(InvalidInput, match="a decay to 'gamma gamma'"):
        generate_collider(chain, BEAMS, 100, 1)
