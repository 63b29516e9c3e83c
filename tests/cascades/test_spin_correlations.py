"""Closed traces against explicit Dirac matrices; angles of events against shapes known in closed form."""

import jax
import numpy as np
import pytest

from portico.cascades import spin_correlations as spin
from portico.cascades import three_body
from portico.cascades.generator import ColliderBeams, generate_collider
from portico.decays.chain import Chain, FermionDecay, PairMode
from portico.kinematics import four_momentum as fm
from portico.kinematics import three_body as kinematics
from portico.kinematics import two_body
from portico.production import electron_positron_photon as production

pytestmark = pytest.mark.slow  # many kernels to compile

S = 10.5794**2
BEAMS = ColliderBeams((S / 4 / 3.1,), (3.1,), (1.0,), 0.6)

# Dirac matrices, standard representation
_SIGMA = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]])]
_ZERO, _ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = np.array([np.block([[_ONE, _ZERO], [_ZERO, -_ONE]])] + [np.block([[_ZERO, m], [-m, _ZERO]]) for m in _SIGMA])
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
UNIT = np.eye(4)


def slash(p):
    return np.einsum("m,mab->ab", METRIC @ np.asarray(p, dtype=complex), GAMMA)


def vertex(vector, axial):
    return [g @ (vector * UNIT - axial * GAMMA5) for g in GAMMA]


def moving(spin_vector, momentum, mass):
    """The spin four-vector of a fermion with this polarisation at rest."""
    zero = fm.FourMomentum(0.0, *map(float, spin_vector))
    return np.array(fm.boost(zero, -float(np.dot(spin_vector, spin_vector)), fm.boost_to(momentum, mass)))


def traced(momenta, masses, couplings, polarisation, spins):
    """Tr[(p1+m1)(1+g5 s1)/2 e(v-a g5)(p2-m2)(1+g5 s2)/2 e(v-a g5)], by matrices."""
    first = (slash(momenta[0]) + masses[0] * UNIT) @ (UNIT + GAMMA5 @ slash(spins[0])) / 2
    second = (slash(momenta[1]) - masses[1] * UNIT) @ (UNIT + GAMMA5 @ slash(spins[1])) / 2
    gamma = slash(polarisation) @ (couplings[0] * UNIT - couplings[1] * GAMMA5)
    barred = GAMMA[0] @ gamma.conj().T @ GAMMA[0]
    return np.trace(first @ gamma @ second @ barred).real


def mediator_decay(couplings, masses=(0.5775, 0.4125), mass=1.25):
    """A moving mediator's decay: its fermions, and a linear polarisation, in the laboratory."""
    parent = fm.FourMomentum(float(np.sqrt(mass**2 + 1.7**2 + 0.4**2 + 3.0**2)), 1.7, -0.4, 3.0)
    to = fm.boost_to(parent, mass)
    fermions = two_body.decay(to, mass, masses, two_body.direction(0.37, 0.21))
    e = np.array([0.3, -0.8, np.sqrt(1 - 0.73)])
    polarisation = fm.boost(fm.FourMomentum(0.0, *e), -1.0, to)
    v, a = couplings
    pair = spin.Pair(polarisation, fermions, masses, (v**2 + a**2, v**2 - a**2, v * a))
    return pair, [fm.boost_to(p, m) for p, m in zip(fermions, masses, strict=True)]


@pytest.mark.parametrize("couplings", [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.8, -0.5)])
def test_spins_of_both_fermions_are_those_of_the_dirac_matrices(couplings):
    """Every component: the rate for any two polarisations follows from S_1 and from S_2 given the first."""
    pair, to = mediator_decay(couplings)
    momenta, e = [np.array(p) for p in pair.momenta], np.array(pair.polarisation)
    zero = np.zeros(4)
    bare = traced(momenta, pair.masses, couplings, e, (zero, zero))
    first = np.array(spin.first_spin(pair, to[0]))
    basis = [np.array(row) for row in np.eye(3)]
    expected = [
        traced(momenta, pair.masses, couplings, e, (moving(s, pair.momenta[0], pair.masses[0]), zero)) / bare - 1
        for s in basis
    ]
    np.testing.assert_allclose(first, expected, atol=1e-10)
    for h in ([0.0, 0.0, 0.0], [0.5, -0.3, 0.6], [0.0, 1.0, 0.0]):
        s1 = moving(np.array(h), pair.momenta[0], pair.masses[0])
        given = traced(momenta, pair.masses, couplings, e, (s1, zero))
        expected = [
            traced(momenta, pair.masses, couplings, e, (s1, moving(s, pair.momenta[1], pair.masses[1]))) / given - 1
            for s in basis
        ]
        found = spin.second_spin(pair, to[1], tuple(np.array(h)), to[0])
        np.testing.assert_allclose(np.array(found), expected, atol=1e-10)


@pytest.mark.parametrize("is_hadronic", [False, True])
@pytest.mark.parametrize("antiparticle", [False, True])
@pytest.mark.parametrize("couplings", [(1.0, 0.0), (0.9, 0.6), (0.5, -0.5)])
def test_analysing_vector_is_that_of_the_dirac_matrices(couplings, antiparticle, is_hadronic):
    masses = (1.386, 0.99, three_body.pair_mass("hadrons" if is_hadronic else "mu+ mu-"))
    decay = kinematics.at_rest(masses, 0.11, two_body.frame_about(0.4, 0.3), 0.55, 0.8)
    body, k1, k2 = (np.array(p) for p in decay)
    parent, m = np.array([masses[0], 0, 0, 0]), masses[2]
    if is_hadronic:
        pair = np.outer(k1 - k2, k1 - k2)
    else:
        left, right = slash(k1) + m * UNIT, slash(k2) - m * UNIT
        pair = np.array([[np.trace(left @ a @ right @ b) for b in GAMMA] for a in GAMMA])
    gamma = vertex(*couplings)
    barred = [GAMMA[0] @ g.conj().T @ GAMMA[0] for g in gamma]
    lowered = METRIC @ pair @ METRIC
    sign = -1 if antiparticle else 1

    def rate(s):
        projector = (slash(parent) + sign * masses[0] * UNIT) @ (UNIT + GAMMA5 @ slash([0, *s])) / 2
        other = slash(body) + sign * masses[1] * UNIT
        if antiparticle:  # vbar(p) gamma v(p')
            found = [[np.trace(projector @ a @ other @ b) for b in barred] for a in gamma]
        else:
            found = [[np.trace(other @ a @ projector @ b) for b in barred] for a in gamma]
        return np.einsum("mn,mn", np.array(found), lowered).real

    bare = rate(np.zeros(3))
    expected = [rate(row) / bare - 1 for row in np.eye(3)]
    v, a = couplings
    found = spin.analysing_vector(decay, masses, (v**2 + a**2, v**2 - a**2, v * a), is_hadronic)
    np.testing.assert_allclose(sign * np.array(found), expected, atol=1e-11)


@pytest.mark.parametrize(("x", "cos"), [(0.014, 0.3), (0.3, -0.55), (0.9, 0.0), (1e-6, 0.59), (0.014, 0.0)])
def test_axes_and_eigenvalues_are_those_of_the_density_matrix(x, cos):
    root, energy = 1.0, (1 - x) / 2
    photon = fm.FourMomentum(energy, energy * np.sqrt(1 - cos**2), 0.0, energy * cos)
    mediator = fm.FourMomentum(root - energy, -photon.x, 0.0, -photon.z)
    back = fm.boost_to(mediator, np.sqrt(x)).inverse()
    beams = [fm.boost(fm.FourMomentum(0.5, 0.0, 0.0, sign * 0.5), 0.0, back) for sign in (1.0, -1.0)]
    n = [np.array(b[1:]) / float(b.energy) for b in beams]
    axes, values = spin.principal_axes(*map(np.asarray, (x, cos)), *(tuple(v) for v in n))
    values = [*map(float, values), 1 - float(sum(values))]
    axes = np.array(axes)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-10)
    density = production.density_matrix(x, cos, *n)
    np.testing.assert_allclose(np.einsum("k,ki,kj", values, axes, axes), density, atol=1e-9)


# --- events ----------------------------------------------------------------------------------------------------------


def two_states(vector, axial, *, majorana, masses=(0.05, 0.4), mass=1.25, both=False):
    """A mediator to a heavy and a light fermion (or two heavy ones), the heavy one to the light one and electrons."""
    mode = PairMode(1, 1 if both else 0, 1.0, vector, axial)
    decay = FermionDecay(1, 0, "e+ e-", 1.0, vector, axial)
    return Chain(mass, 0.01, masses, majorana, (mode,), (decay,), (np.inf, 1e-5))


@jax.jit
def _at_rest(momentum, of, mass):
    return fm.to_array(fm.boost(fm.from_array(momentum), 0.0, fm.boost_to(fm.from_array(of), mass).inverse()))


def tensor_moment(sample, mass=1.25):
    """Mean of n.rho.n over events, with the density matrix of each event."""
    beams = [np.broadcast_to([1.0, 0.0, 0.0, sign], sample.mediator.shape) for sign in (1.0, -1.0)]
    axes = [np.asarray(_at_rest(b, sample.mediator, mass))[:, 1:] for b in beams]
    axes = [a / np.linalg.norm(a, axis=-1, keepdims=True) for a in axes]
    total = fm.from_array(sample.recoil + sample.mediator)
    photon = fm.boost(fm.from_array(sample.recoil), 0.0, fm.boost_to(total, np.sqrt(S)).inverse())
    density = production.density_matrix(mass**2 / S, np.asarray(photon.z / photon.energy), *axes)
    boost = fm.boost_to(fm.from_array(sample.mediator), mass).inverse()
    first = fm.from_array(sample.fermion[:, 0, 0])
    n = np.asarray(fm.to_array(fm.boost(first, fm.mass_squared(first), boost)))[:, 1:]
    n = n / np.linalg.norm(n, axis=-1, keepdims=True)
    return np.einsum("ni,nij,nj->n", n, density, n), np.einsum("nij,nij->n", density, density)


COUNT = 60_000


@pytest.mark.slow
@pytest.mark.parametrize(("vector", "axial"), [(1.0, 0.0), (0.0, 1.0)])
def test_directions_follow_the_density_matrix(vector, axial):
    r"""<n.rho.n> for the density a + b n.rho.n: (a + b(1 + 2 tr rho^2)/5)/(3a + b), event by event."""
    sample = generate_collider(two_states(vector, axial, majorana=True), BEAMS, COUNT, 3, spin_correlations=True)
    moment, purity = tensor_moment(sample)
    p2, m = two_body.momentum(1.25, 0.4, 0.05) ** 2, 0.4 * 0.05 * (vector**2 - axial**2)
    a, b = np.sqrt((0.16 + p2) * (0.0025 + p2)) + p2 + m, -2 * p2
    expected = (a + b * (1 + 2 * purity) / 5) / (3 * a + b)
    error = np.std(moment) / np.sqrt(COUNT)
    assert np.mean(moment) == pytest.approx(np.mean(expected), abs=4 * error)
    assert abs(np.mean(expected) - 1 / 3) > 20 * error  # it could have failed: isotropic decays give 1/3
    flat, _ = tensor_moment(generate_collider(two_states(vector, axial, majorana=True), BEAMS, COUNT, 3))
    assert np.mean(flat) == pytest.approx(1 / 3, abs=4 * error)


def test_light_mediator_to_light_fermions_has_one_plus_cosine_squared():
    """A light mediator, and fermions without mass: helicities are conserved as in e+e- -> gamma gamma, 1 + cos^2 to its flight."""
    chain = two_states(1.0, 0.0, majorana=True, masses=(1e-4, 3e-3), mass=0.02)
    sample = generate_collider(chain, BEAMS, COUNT, 4, spin_correlations=True)
    boost = fm.boost_to(fm.from_array(sample.mediator), 0.02).inverse()
    first = fm.from_array(sample.fermion[:, 0, 0])
    n = np.asarray(fm.to_array(fm.boost(first, fm.mass_squared(first), boost)))[:, 1:]
    total = fm.from_array(sample.recoil + sample.mediator)
    at_rest = fm.boost(total, S, boost)  # the centre of mass flies backwards here
    axis = -np.asarray(fm.to_array(at_rest))[:, 1:]
    cos = np.sum(axis * n, -1) / np.linalg.norm(axis, axis=-1) / np.linalg.norm(n, axis=-1)
    counts, _ = np.histogram(cos, bins=20, range=(-1, 1))
    edges = np.linspace(-1, 1, 21)
    expected = COUNT * np.diff(3 / 8 * (edges + edges**3 / 3))
    assert np.sum((counts - expected) ** 2 / expected) < 45  # chi^2 of 20 bins, 0.1 %
    assert np.sum((counts - COUNT / 20) ** 2 / (COUNT / 20)) > 500


def daughter_cosines(sample, leg):
    """Cosine between the flight of a heavy fermion and its daughter, in its rest frame."""
    fermion, daughter = sample.fermion[:, leg, 0], fm.from_array(sample.fermion[:, leg, 1])
    back = fm.boost_to(fm.from_array(fermion), 0.4).inverse()
    n = np.asarray(fm.to_array(fm.boost(daughter, 0.05**2, back)))[:, 1:]
    flight = -np.asarray(fm.to_array(fm.boost(fm.from_array(sample.mediator), 1.25**2, back)))[:, 1:]
    return np.sum(n * flight, -1) / np.linalg.norm(n, axis=-1) / np.linalg.norm(flight, axis=-1)


def mean_and_error(values):
    return np.mean(values), np.std(values) / np.sqrt(len(values))


@pytest.mark.slow  # compiles both legs with spin
def test_left_handed_couplings_polarise_fermion_and_antifermion_alike():
    """CP: the antifermion has the other helicity and the other analysing power."""
    sample = generate_collider(two_states(1.0, 1.0, majorana=False, both=True), BEAMS, COUNT, 5, spin_correlations=True)
    found = [mean_and_error(daughter_cosines(sample, leg)) for leg in range(2)]
    assert all(abs(mean) > 10 * error for mean, error in found)
    assert found[0][0] == pytest.approx(found[1][0], abs=5 * found[0][1])


@pytest.mark.parametrize(("couplings", "majorana"), [((1.0, 1.0), True), ((1.0, 0.0), False)])
def test_majorana_fermions_and_pure_vectors_show_no_asymmetry(couplings, majorana):
    chain = two_states(*couplings, majorana=majorana)
    mean, error = mean_and_error(daughter_cosines(generate_collider(chain, BEAMS, COUNT, 5, spin_correlations=True), 0))
    assert abs(mean) < 4 * error


@pytest.mark.slow
def test_opposite_chirality_turns_the_asymmetry_round_unless_both_change():
    """S ~ kappa of the mode, h ~ kappa of the decay: the product counts."""
    chain = two_states(1.0, 1.0, majorana=False, both=True)
    both = chain._replace(modes=(chain.modes[0]._replace(axial=-1.0),), decays=(chain.decays[0]._replace(axial=-1.0),))
    one = chain._replace(modes=(chain.modes[0]._replace(axial=-1.0),))
    (mean, error), same, other = (
        mean_and_error(daughter_cosines(generate_collider(c, BEAMS, COUNT, 6, spin_correlations=True), 0))
        for c in (chain, both, one)
    )
    assert same[0] == pytest.approx(mean, abs=5 * error)
    assert other[0] == pytest.approx(-mean, abs=5 * error)


@pytest.mark.slow
def test_second_leg_is_correlated_with_the_first_where_neither_alone_is():
    r"""A pure vector makes fermions without polarisation whose spins are correlated; decays with both couplings tell of them."""
    chain = two_states(1.0, 1.0, majorana=False, both=True)
    chain = chain._replace(modes=(chain.modes[0]._replace(axial=0.0),))
    sample = generate_collider(chain, BEAMS, 5 * COUNT, 7, spin_correlations=True)
    cosines = [daughter_cosines(sample, leg) for leg in range(2)]
    for cos in cosines:
        mean, error = mean_and_error(cos)
        assert abs(mean) < 4 * error
    mean, error = mean_and_error(cosines[0] * cosines[1])
    assert abs(mean) > 8 * error
    plain = generate_collider(chain, BEAMS, 5 * COUNT, 7)
    mean, error = mean_and_error(daughter_cosines(plain, 0) * daughter_cosines(plain, 1))
    assert abs(mean) < 4 * error
    assert np.sum(sample.weight) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.slow
def test_energies_in_the_frame_of_the_parent_do_not_depend_on_spin():
    """Spin turns decays, it does not change their shape: spectra of the pairs' masses are those of unpolarised parents."""
    chain = two_states(1.0, 1.0, majorana=False, both=True)
    masses = [
        np.asarray(fm.mass_squared(fm.from_array((s.minus + s.plus)[:, 0, 0])))
        for s in (generate_collider(chain, BEAMS, COUNT, 8, spin_correlations=on) for on in (False, True))
    ]
    error = np.std(masses[0]) / np.sqrt(COUNT / 2)
    assert np.mean(masses[1]) == pytest.approx(np.mean(masses[0]), abs=4 * error)


@pytest.mark.slow
def test_momenta_are_conserved_with_spin():
    sample = generate_collider(two_states(0.9, 0.4, majorana=False, both=True), BEAMS, 1000, 9, spin_correlations=True)
    scale = sample.mediator[:, :1]
    np.testing.assert_allclose(
        (sample.fermion[:, 0, 0] + sample.fermion[:, 1, 0] - sample.mediator) / scale, 0, atol=1e-12
    )
    left = sample.fermion[:, :, 1] + sample.minus[:, :, 0] + sample.plus[:, :, 0] - sample.fermion[:, :, 0]
    np.testing.assert_allclose(left / scale[:, None], 0, atol=1e-12)
