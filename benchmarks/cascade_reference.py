"""Events of e+e- -> gamma V, V -> psi_2 psi_1, psi_2 -> psi_1 e+e- with plain numpy: what :mod:`portico.cascades` is compared with.

Written apart from it: accept-reject where it inverts, matrices where it does not; one unstable fermion, electrons without mass in
the squared amplitude.
"""

import numpy as np

ELECTRON = 0.51099895e-3


def _boost(p, frame, mass):
    u, gamma = frame[:, 1:] / mass, frame[:, :1] / mass
    along = np.sum(u * p[:, 1:], axis=1, keepdims=True)
    return np.concatenate([gamma * p[:, :1] + along, p[:, 1:] + u * (p[:, :1] + along / (gamma + 1))], axis=1)


def _direction(rng, count, cosine=None):
    c = rng.uniform(-1, 1, count) if cosine is None else cosine
    phi = rng.uniform(0, 2 * np.pi, count)
    s = np.sqrt(1 - c**2)
    return np.column_stack([s * np.cos(phi), s * np.sin(phi), c])


def _accepted(rng, count, draw, density):
    """Rows of ``draw(n)`` accepted with probability density/maximum, the maximum found from a first try."""
    top = 1.1 * np.max(density(draw(100_000)))
    found, have = [], 0
    while have < count:
        rows = draw(2 * count)
        rows = rows[rng.random(len(rows)) * top < density(rows)]
        found.append(rows)
        have += len(rows)
    return np.concatenate(found)[:count]


def events(rng, count, mass, masses, beams, cos_max, ctau_unit_cm):
    """Momenta of electron and positron, and vertices at epsilon = 1."""
    light, heavy = masses
    s_beam = 4 * beams[0] * beams[1]
    x = mass**2 / s_beam

    def angle(rows):
        return (1 + rows[:, 0] ** 2 + 4 * x / (1 - x) ** 2) / (1 - rows[:, 0] ** 2)

    cos = _accepted(rng, count, lambda n: rng.uniform(-cos_max, cos_max, (n, 1)), angle)[:, 0]
    energy = (s_beam - mass**2) / (2 * np.sqrt(s_beam))
    photon = energy * _direction(rng, count, cos)
    mediator = np.column_stack([np.full(count, np.sqrt(energy**2 + mass**2)), -photon])
    total = np.tile([beams[0] + beams[1], 0, 0, beams[0] - beams[1]], (count, 1))
    mediator = _boost(mediator, total, np.sqrt(s_beam))
    p = np.sqrt((mass**2 - (heavy + light) ** 2) * (mass**2 - (heavy - light) ** 2)) / (2 * mass)
    parent = _boost(np.column_stack([np.full(count, np.hypot(heavy, p)), p * _direction(rng, count)]), mediator, mass)

    def amplitude(rows):
        s, c = rows[:, 0], rows[:, 1]
        momentum2 = ((heavy - light) ** 2 - s) * ((heavy + light) ** 2 - s) / (4 * s)
        beta2 = 1 - 4 * ELECTRON**2 / s
        square = ((heavy**2 - light**2) ** 2 - s**2) / 4 - heavy * light * s - s * momentum2 * beta2 * c**2
        return square * np.sqrt(momentum2 * s * beta2) / (s - mass**2) ** 2

    def draw(n):
        return np.column_stack([rng.uniform(4 * ELECTRON**2, (heavy - light) ** 2, n), rng.uniform(-1, 1, n)])

    s, c = _accepted(rng, count, draw, amplitude).T
    root = np.sqrt(s)
    p = np.sqrt(((heavy - light) ** 2 - s) * ((heavy + light) ** 2 - s)) / (2 * heavy)
    axis = _direction(rng, count)
    pair = np.column_stack([np.hypot(root, p), p[:, None] * axis])
    aside = np.cross(axis, _direction(rng, count))
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    k = np.sqrt(s / 4 - ELECTRON**2)
    vector = k[:, None] * (c[:, None] * axis + np.sqrt(1 - c**2)[:, None] * aside)
    minus, plus = (np.column_stack([root / 2, sign * vector]) for sign in (1, -1))
    minus, plus = (_boost(_boost(member, pair, root[:, None]), parent, heavy) for member in (minus, plus))
    vertex = parent[:, 1:] / heavy * (ctau_unit_cm * rng.exponential(size=count))[:, None]
    return minus, plus, vertex


def passes(minus, plus, vertex, epsilon):
    """Whether a pair is not seen: of the leptons above 100 MeV (both together if within 10 degrees) none is between 17 and 142 degrees, or the vertex lies outside."""
    x, y, z = (vertex / epsilon**2).T
    inside = (np.hypot(x, y) < 300) & (z > -250) & (z < 300)
    size = [np.maximum(np.linalg.norm(member[:, 1:], axis=1), 1e-300) for member in (minus, plus)]
    angle = [np.arccos(member[:, 3] / p) for member, p in zip((minus, plus), size, strict=True)]
    accepted = [(a > np.radians(17)) & (a < np.radians(142)) for a in angle]
    between = np.arccos(np.clip(np.sum(minus[:, 1:] * plus[:, 1:], axis=1) / (size[0] * size[1]), -1, 1))
    apart = (accepted[0] & (minus[:, 0] > 0.1)) | (accepted[1] & (plus[:, 0] > 0.1))
    close = (accepted[0] | accepted[1]) & (minus[:, 0] + plus[:, 0] > 0.1)
    return ~(inside & np.where(between > np.radians(10), apart, close))
