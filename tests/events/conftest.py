"""A source of events with real kinematics: e+ e- -> gamma Z' at two energies, Z' -> psi_i psi_j, and their cascades, in numpy."""

from types import SimpleNamespace

import numpy as np
import pytest

from portico import particles
from portico.cascades.event_source import Beams, EventSource
from portico.cascades.sample import Sample
from portico.decays.chain import Chain, FermionDecay, PairMode

BLOCK = 500
STEPS = 2
MASSES = (0.2, 0.45, 0.75)
MEDIATOR = 1.6


def chain(majorana=True, masses=MASSES):
    """Three fermions; the heaviest may decay twice in a row, to all three kinds of pairs."""
    return Chain(
        mediator_mass=MEDIATOR, mediator_width=0.01, masses=masses, majorana=majorana,
        modes=(PairMode(2, 1, 0.7, 1.0, 0.0), PairMode(1, 1, 0.2, 0.0, 1.0), PairMode(2, 0, 0.1, 1.0, 0.0)),
        decays=(
            FermionDecay(1, 0, "e+ e-", 0.8, 1.0, 0.0), FermionDecay(1, 0, "mu+ mu-", 0.2, 1.0, 0.0),
            FermionDecay(2, 1, "e+ e-", 0.6, 1.0, 0.0), FermionDecay(2, 0, "hadrons", 0.4, 1.0, 0.0),
        ),
        ctau_unit_cm=(np.inf, 1e-5, 3e-6),
    )  # fmt: skip


def beams(low, high):
    """Electrons along z against positrons, massless."""
    return Beams(("e-", "e+"), ((high, 0.0, 0.0, high), (low, 0.0, 0.0, -low)))


BEAMS = (beams(3.1, 9.0), beams(3.1, 8.1))


def mass2(p):
    return p[..., 0] ** 2 - np.sum(p[..., 1:] ** 2, axis=-1)


def boost(p, frame):
    """Momenta from the rest frame of ``frame`` to where it has its momentum."""
    m = np.sqrt(mass2(frame))
    along = np.sum(p[:, 1:] * frame[:, 1:], axis=1)
    energy = (p[:, 0] * frame[:, 0] + along) / m
    space = p[:, 1:] + frame[:, 1:] * ((along / (frame[:, 0] + m) + p[:, 0]) / m)[:, None]
    return np.concatenate([energy[:, None], space], axis=1)


def split(rng, parent, m1, m2):
    """An isotropic decay to two bodies of these masses."""
    m = np.sqrt(mass2(parent))
    e1 = (m**2 + m1**2 - m2**2) / (2 * m)
    size = np.sqrt(np.maximum(e1**2 - m1**2, 0))
    cos, phi = rng.uniform(-1, 1, m.size), rng.uniform(0, 2 * np.pi, m.size)
    sin = np.sqrt(1 - cos**2)
    unit = np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)
    one = boost(np.concatenate([e1[:, None], size[:, None] * unit], axis=1), parent)
    return one, parent - one


def block(number, seed, model, collide):
    """One block of events; draws depend on its number and the seed alone."""
    rng = np.random.default_rng([seed, number])
    shape = (BLOCK, 2, STEPS)
    out = Sample(
        mode=rng.choice(len(model.modes), BLOCK, p=[mode.ratio for mode in model.modes]), weight=np.full(BLOCK, 1 / BLOCK),
        recoil=np.zeros((BLOCK, 4)), mediator=np.zeros((BLOCK, 4)), state=np.zeros((BLOCK, 2, STEPS + 1), int),
        fermion=np.zeros((BLOCK, 2, STEPS + 1, 4)), decay=np.full(shape, -1), minus=np.zeros((*shape, 4)),
        plus=np.zeros((*shape, 4)), vertex=np.zeros((*shape, 3)),
    )  # fmt: skip
    if collide:
        total = np.array([np.sum(pair.momenta, axis=0) for pair in BEAMS])[rng.integers(len(BEAMS), size=BLOCK)]
        out.recoil[:], out.mediator[:] = split(rng, total, 0.0, model.mediator_mass)
    else:
        energy = rng.uniform(50, 100, BLOCK)
        out.mediator[:, 0], out.mediator[:, 3] = energy, np.sqrt(energy**2 - model.mediator_mass**2)
    masses = np.array(model.masses)
    pairs = np.array([(mode.first, mode.second) for mode in model.modes])[out.mode]
    out.state[:, :, 0] = pairs
    out.fermion[:, 0, 0], out.fermion[:, 1, 0] = split(rng, out.mediator, *masses[pairs.T])
    for leg in range(2):
        for step in range(STEPS):
            _decay(rng, out, model, leg, step)
    return out


def _decay(rng, out, model, leg, step):
    masses, state, p = np.array(model.masses), out.state[:, leg, step], out.fermion[:, leg, step]
    out.state[:, leg, step + 1], out.fermion[:, leg, step + 1] = state, p
    before = out.vertex[:, leg, step - 1] if step else np.zeros((BLOCK, 3))
    for parent in range(len(masses)):
        rows = np.flatnonzero(state == parent)
        open_ = [k for k, d in enumerate(model.decays) if d.parent == parent]
        if not open_ or not rows.size:
            continue
        chosen = rng.choice(open_, rows.size, p=[model.decays[k].ratio for k in open_])
        length = rng.exponential(model.ctau_unit_cm[parent], rows.size) / masses[parent]
        out.decay[rows, leg, step] = chosen
        out.vertex[rows, leg, step] = before[rows] + length[:, None] * p[rows, 1:]
        for k in open_:
            at = rows[chosen == k]
            light = {"e+ e-": "e-", "mu+ mu-": "mu-", "hadrons": "pi-"}[model.decays[k].pair]
            m, daughter = particles.mass(light), masses[model.decays[k].daughter]
            pair_mass = rng.uniform(2 * m, masses[parent] - daughter, at.size)
            pair, rest = split(rng, p[at], pair_mass, daughter)
            out.minus[at, leg, step], out.plus[at, leg, step] = split(rng, pair, m, m)
            out.fermion[at, leg, step + 1], out.state[at, leg, step + 1] = rest, model.decays[k].daughter


def source(seed=1, epsilon=1e-2, majorana=True, collide=True, **changes):
    """A source that makes blocks of events and cuts out what is asked."""
    model = chain(majorana)

    def sample(start, count):
        blocks = [block(k, seed, model, collide) for k in range(start // BLOCK, (start + count - 1) // BLOCK + 1)]
        skip = start - start // BLOCK * BLOCK
        cut = Sample(*(np.concatenate(columns)[skip : skip + count] for columns in zip(*blocks, strict=True)))
        return cut._replace(weight=np.full(count, 1 / count))

    made = EventSource(
        model, epsilon, sample, BEAMS if collide else (), 1.5e-3 if collide else None, ("arXiv:1702.03327",)
    )
    return made._replace(**changes)


@pytest.fixture(scope="session")
def make():
    """What the tests of this folder share: they are functions, and test files do not import each other."""
    return SimpleNamespace(source=source, chain=chain, beams=BEAMS, mass2=mass2, mediator=MEDIATOR)
