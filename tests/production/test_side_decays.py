"""Kinematics of decays at the side, against events drawn one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.production import side_decays
from portico.production.side_flux import BETA_GAMMA

JPSI = side_decays.TransverseMomentum("power", 2.8 * 4 / np.pi, 3.0, 3.0969)
PION = side_decays.TransverseMomentum("levy", 0.137, 6.3, 0.135)


def _events(shape, mass, count, edge, seed):
    """Pseudorapidity, azimuth and beta gamma of both daughters of isotropic decays of parents flat in |y| < edge."""
    rng = np.random.default_rng(seed)
    nodes = np.linspace(0, 60 * shape.scale, 200001)[1:]
    if shape.kind == "power":
        density = nodes * (1 + (nodes / shape.scale) ** 2) ** -shape.exponent
    else:
        density = (
            nodes * (1 + (np.hypot(nodes, shape.mass) - shape.mass) / (shape.exponent * shape.scale)) ** -shape.exponent
        )
    grown = np.cumsum(density)
    pt = np.interp(rng.random(count), grown / grown[-1], nodes)
    y, parent = rng.uniform(-edge, edge, count), shape.mass
    transverse_mass = np.hypot(pt, parent)
    velocity = np.stack([pt, 0 * pt, transverse_mass * np.sinh(y)]) / (transverse_mass * np.cosh(y))
    gamma = transverse_mass * np.cosh(y) / parent
    cosine, turn = rng.uniform(-1, 1, count), rng.uniform(0, 2 * np.pi, count)
    sine = np.sqrt(1 - cosine**2)
    n = np.stack([sine * np.cos(turn), sine * np.sin(turn), cosine])
    energy = parent / 2
    p = np.sqrt(energy**2 - mass**2)
    found = []
    for sign in (1, -1):
        along = sign * p * (velocity * n).sum(0)
        momentum = sign * p * n + velocity * (gamma**2 / (1 + gamma) * along + gamma * energy)
        size = np.sqrt((momentum**2).sum(0))
        found.append((np.arctanh(momentum[2] / size), np.arctan2(momentum[1], momentum[0]), size / mass))
    return found


@pytest.mark.parametrize(
    ("shape", "mass"), [(JPSI, 1.0), (JPSI, 1.53), (PION, 0.03)], ids=["J/psi", "threshold", "pion"]
)
def test_one_hit_is_what_events_give(shape, mass):
    """Events in 0.05 < eta < 0.15: density within three sigma; mean and spread of ln beta gamma within 1% and 3%."""
    count, edge = 2_000_000, 5.0
    eta, _, beta_gamma = _events(shape, mass, count, edge, seed=1)[0]
    seen = np.abs(eta - 0.1) < 0.05
    density = seen.sum() / count * 2 * edge / 0.1
    table = side_decays.side_table(shape, shape.mass, pseudorapidity=0.1)
    found = side_decays.side_total(table, np.asarray(mass))
    assert found.value == pytest.approx(density, abs=3 * density / np.sqrt(seen.sum()) + found.error)
    assert found.error < 2e-3 * found.value
    share = side_decays.side_shape(table, np.asarray(mass))
    assert share.sum() == pytest.approx(1, rel=1e-12)
    mean = share @ np.log(BETA_GAMMA)
    assert mean == pytest.approx(np.log(beta_gamma[seen]).mean(), abs=0.012)
    spread = np.sqrt(share @ (np.log(BETA_GAMMA) - mean) ** 2)
    assert spread == pytest.approx(np.log(beta_gamma[seen]).std(), rel=0.05)


def test_two_hits_are_what_events_give():
    """A window of 0.6 about eta = 0.1, drawn pairs: 3% of statistics."""
    window, eta0, edge, mass = 0.6, 0.1, 2.5, 0.8
    (eta1, phi1, _), (eta2, phi2, _) = _events(JPSI, mass, 2_000_000, edge, seed=2)
    turn = np.abs((phi1 - phi2 + np.pi) % (2 * np.pi) - np.pi)
    inside = (np.abs(eta1 - eta0) < window / 2) & (np.abs(eta2 - eta0) < window / 2)
    weight = np.where(inside, np.maximum(window - turn, 0), 0) / (2 * np.pi) * 2 * edge
    drawn, error = weight.mean(), weight.std() / np.sqrt(len(weight))
    transverse, share = side_decays.transverse_momentum_nodes(JPSI, 48)
    found = side_decays.two_hits(transverse, 3.0969, mass, window=window, pseudorapidity=eta0)
    assert error < 0.03 * drawn
    assert share @ found.value == pytest.approx(drawn, abs=3 * error)


def test_fast_parents_send_both_daughters_into_the_window():
    """gamma -> infinity: the pair is one particle, which crosses the window of azimuth w in w/2pi of the turns and w in y."""
    found = side_decays.two_hits(np.array([3e6]), 3.0, 0.0, window=0.1, pseudorapidity=0.0)
    assert found.value[0] == pytest.approx(0.1**2 / (2 * np.pi), rel=1e-3)


def test_two_hits_go_as_the_fourth_power_of_a_small_window_for_slow_parents():
    """Both differences of angle have to be small: (w - |a|)(w - |b|) over a plane gives w^4."""
    narrow, wide = (
        side_decays.two_hits(np.array([6.0]), 3.0, 1.0, window=w, pseudorapidity=0.1).value[0] for w in (0.005, 0.01)
    )
    assert wide / narrow == pytest.approx(16, rel=0.02)


def test_nothing_is_left_at_threshold():
    found = side_decays.two_hits(np.array([1.0, 10.0]), 3.0, 1.5, window=0.1, pseudorapidity=0.1)
    assert np.all(found.value == 0)
    table = side_decays.side_table(JPSI, 3.0969, pseudorapidity=0.1, masses=9)
    assert side_decays.side_total(table, np.array([1.54845, 2.0])).value.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("shape", "mean"), [(JPSI, 2.8), (PION, 0.4974)], ids=["power", "levy"])
def test_spectra_have_their_means(shape, mean):
    """pi p0/4; the Levy form integrated adaptively."""
    transverse, share = side_decays.transverse_momentum_nodes(shape, 40)
    assert share.sum() == pytest.approx(1, rel=1e-12)
    assert share @ transverse == pytest.approx(mean, rel=2e-3)


@settings(max_examples=30, deadline=None)
@given(st.floats(-6, 8), st.integers(0, len(side_decays.MOMENTUM) - 1))
def test_sharing_keeps_number_and_mean(shift, node):
    density = np.zeros(len(side_decays.MOMENTUM))
    density[node] = 2.0
    found = side_decays.on_beta_gamma(density, np.asarray(shift))
    assert found.sum() == pytest.approx(2, rel=1e-12)
    wanted = np.log(side_decays.MOMENTUM[node]) + shift
    if np.log(BETA_GAMMA[0]) < wanted < np.log(BETA_GAMMA[-1]):
        assert found @ np.log(BETA_GAMMA) / 2 == pytest.approx(wanted, abs=1e-9)
