import json
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import particles
from portico.constants import ALPHA, HBARC_GEV_CM
from portico.decays import dark_fermions, vector
from portico.errors import UnknownName
from portico.numerics.quadrature import gauss_legendre

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "dark_fermions.json").read_text())
ELECTRON = particles.mass("e-")


@jax.jit
def _widths(parent, daughter, mass, vector_coupling, axial, width):
    """All pairs at epsilon = 1, compiled once for this file."""
    return dark_fermions.three_body_widths(
        parent, daughter, mass, vector=vector_coupling, axial=axial, mediator_width=width
    )


def _width(parent, daughter, mass, *, pair="e+ e-", v=0.0, a=0.0, width=0.0):
    return _widths(*(np.float64(x) for x in (parent, daughter, mass, v, a, width)))[pair]


def _coupling(entry):
    g = math.sqrt(4 * math.pi * entry["alpha_dark"])
    return {"v": g} if entry.get("current", "vector") == "vector" else {"a": g}


# --- numbers of other routes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", REFERENCE["widths_of_fermions"], ids=lambda e: e["name"])
def test_width_through_a_virtual_mediator(entry):
    found = _width(entry["parent"], entry["daughter"], entry["mass"], pair=entry["pair"], **_coupling(entry))
    assert 1e-6 * float(found.value) == pytest.approx(entry["width"], rel=REFERENCE["tolerance"])


def test_width_just_above_threshold():
    entry = REFERENCE["near_threshold"]
    found = _width(entry["parent"], entry["daughter"], entry["mass"], **_coupling(entry))
    assert 1e-6 * float(found.value) == pytest.approx(entry["width"], rel=entry["tolerance"])


def test_width_of_the_mediator_in_the_propagator_lowers_the_width():
    first, entry = REFERENCE["widths_of_fermions"][0], REFERENCE["with_the_width_of_the_mediator"]
    found = _width(first["parent"], first["daughter"], first["mass"], width=0.0325471058, **_coupling(first))
    assert 1e-6 * float(found.value) == pytest.approx(entry["width"], rel=entry["tolerance"])


def test_pions_without_form_factor():
    """The density with a width of its own for the pair, integrated here."""
    entry, pion, mass = REFERENCE["point_like_pions"], 0.13957039, 3.0
    g = math.sqrt(4 * math.pi * 0.1)
    nodes, weights = gauss_legendre(60)
    low, high = (2 * pion) ** 2, (0.33 * 0.4 * mass) ** 2
    s, slope = low + (high - low) * np.sin(np.pi * nodes / 2) ** 2, np.pi / 2 * np.sin(np.pi * nodes) * (high - low)
    pions = ALPHA * 1e-6 * np.sqrt(s) / 12 * (1 - low / s) ** 1.5
    density = dark_fermions.dgamma_ds(
        s, (0.33 * 1.4 * mass, 0.33 * mass), mass, 0.0, vector=g, axial=0.0, pair_width=pions
    )
    assert float(np.sum(density * slope * weights)) == pytest.approx(entry["width"], rel=entry["tolerance"])


def test_top_quark_of_the_standard_model():
    entry, w, top = REFERENCE["top"], 80.377, 172.5
    coupling = math.sqrt(8 * w**2 * 1.1663788e-5 / math.sqrt(2)) / (2 * math.sqrt(2))
    found = dark_fermions.width_to_fermion_and_vector(w**2, top, 0.0, vector=coupling, axial=coupling)
    assert float(found) == pytest.approx(entry["width"], rel=entry["tolerance"])


def test_decay_lengths_of_a_public_code():
    """A left-handed Dirac current has g_V = g_A = 1/2; a Majorana one with a real coupling g_A = 1."""
    dirac = HBARC_GEV_CM / (1e-6 * float(_width(0.3, 0.14, 1.25, v=0.5, a=0.5).value))
    majorana = HBARC_GEV_CM / (1e-6 * float(_width(0.3, 0.14, 1.25, a=1.0).value))
    public, ours = REFERENCE["public_code"], REFERENCE["decay_lengths_cm"]
    assert dirac / public["running"] == pytest.approx(public["dirac"], rel=public["tolerance"])
    assert majorana / public["running"] == pytest.approx(public["majorana"], rel=public["tolerance"])
    assert dirac == pytest.approx(ours["dirac_alpha_0"], rel=ours["tolerance"])
    assert majorana == pytest.approx(ours["majorana_alpha_0"], rel=ours["tolerance"])


# --- Dirac matrices and the Dalitz plane ---------------------------------------------------------------------------

METRIC = np.diag([1.0, -1, -1, -1])


def _matrices():
    pauli = [np.array(m, complex) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
    zero, one = np.zeros((2, 2)), np.eye(2)
    gamma = [np.block([[one, zero], [zero, -one]])] + [np.block([[zero, p], [-p, zero]]) for p in pauli]
    return gamma, 1j * gamma[0] @ gamma[1] @ gamma[2] @ gamma[3]


def _tensor(p, m, q, n, v, a):
    """Tr[(p + m) G^mu (q + n) Gbar^nu] with G = gamma (v - a gamma5), indices up."""
    gamma, five = _matrices()
    vertex = [g @ (v * np.eye(4) - a * five) for g in gamma]
    bar = [gamma[0] @ x.conj().T @ gamma[0] for x in vertex]
    slash = [sum(METRIC[k, k] * x[k] * gamma[k] for k in range(4)) for x in (p, q)]
    left, right = slash[0] + m * np.eye(4), slash[1] + n * np.eye(4)
    return np.array([[np.trace(left @ vertex[i] @ right @ bar[j]) for j in range(4)] for i in range(4)])


def _amplitude2(p, daughter, minus, plus, masses, v, a):
    """The closed form of the squared amplitude over e^2 epsilon^2 and the propagator, averaged over the parent's spin."""
    parent_mass, daughter_mass, lepton = masses

    def dot(x, y):
        return x @ METRIC @ y

    first = 2 * (
        dot(p, minus) * dot(daughter, plus) + dot(p, plus) * dot(daughter, minus) + lepton**2 * dot(p, daughter)
    )
    second = parent_mass * daughter_mass * (2 * dot(minus, plus) + 4 * lepton**2)
    return 8 * ((v**2 + a**2) * first - (v**2 - a**2) * second)


def _decay(masses, s, cosine, phi):
    """Momenta of a decay at rest with the pair's invariant s and the angles of its negative particle in its own frame."""
    parent, daughter, lepton = masses
    root = math.sqrt(s)
    energy = (parent**2 - daughter**2 + s) / (2 * parent)
    k = math.sqrt(energy**2 - s)
    gamma, boost = energy / root, k / root
    z = math.sqrt(s / 4 - lepton**2)
    across = z * math.sqrt(1 - cosine**2)
    found = []
    for sign in (1, -1):
        along = sign * z * cosine
        found.append(
            np.array(
                [
                    gamma * root / 2 + boost * along,
                    sign * across * math.cos(phi),
                    sign * across * math.sin(phi),
                    gamma * along + boost * root / 2,
                ]
            )
        )
    total = np.array([parent, 0, 0, 0])
    return total, total - found[0] - found[1], *found


@pytest.mark.parametrize(("v", "a"), [(1.0, 0.0), (0.0, 1.0), (0.7, 0.4)])
def test_closed_amplitude_is_the_product_of_traces(v, a):
    masses = (0.5, 0.31, 0.05)
    for s, cosine, phi in ((0.02, 0.3, 0.4), (0.035, -0.9, 2.0), (0.0105, 0.0, -1.0)):
        p, daughter, minus, plus = _decay(masses, s, cosine, phi)
        dark = _tensor(daughter, masses[1], p, masses[0], v, a)
        light = _tensor(minus, masses[2], plus, -masses[2], 1.0, 0.0)
        product = np.einsum("ij,ik,jl,kl->", dark, METRIC, METRIC, light).real / 2
        assert _amplitude2(p, daughter, minus, plus, masses, v, a) == pytest.approx(product, rel=1e-11)


@pytest.mark.parametrize(("v", "a"), [(1.0, 0.0), (0.0, 1.0), (0.7, 0.4)])
@pytest.mark.parametrize("width", [0.0, 0.2])
def test_width_is_the_integral_over_the_dalitz_plane(v, a, width):
    """Two-dimensional quadrature of the squared amplitude over s and the mass of daughter and negative particle."""
    parent, daughter, mass, lepton = 0.9, 0.4, 0.7, particles.mass("mu-")
    nodes, weights = gauss_legendre(60)
    low, high = (2 * lepton) ** 2, (parent - daughter) ** 2
    s_values = low + (high - low) * np.sin(np.pi * nodes / 2) ** 2
    slopes = np.pi / 2 * np.sin(np.pi * nodes) * (high - low) * weights
    cosines, angular = gauss_legendre(4)  # quadratic in the cosine
    total = 0.0
    for s, slope in zip(s_values, slopes, strict=True):
        k = math.sqrt(((parent**2 - daughter**2 + s) / (2 * parent)) ** 2 - s)
        range_of_t = 2 * k * parent / math.sqrt(s) * math.sqrt(s - 4 * lepton**2)  # dt = range/2 dcos
        inner = sum(
            w * _amplitude2(*_decay((parent, daughter, lepton), s, 2 * c - 1, 0.0), (parent, daughter, lepton), v, a)
            for c, w in zip(cosines, angular, strict=True)
        )
        total += slope * range_of_t * inner / ((s - mass**2) ** 2 + (mass * width) ** 2)
    expected = 4 * math.pi * ALPHA * total / ((2 * math.pi) ** 3 * 32 * parent**3)
    found = _width(parent, daughter, mass, pair="mu+ mu-", v=v, a=a, width=width)
    assert float(found.value) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("first", "second"), [(0.3, 0.45), (0.1, 0.1), (0.0, 0.7), (0.49, 0.5)])
@pytest.mark.parametrize(("v", "a"), [(1.0, 0.0), (0.0, 1.0), (0.7, 0.4)])
def test_two_body_width_follows_from_the_spin_sum(first, second, v, a):
    energy = (1 + first**2 - second**2) / 2
    k = math.sqrt(energy**2 - first**2)
    momenta = np.array([energy, 0, 0, k]), np.array([1 - energy, 0, 0, -k])
    tensor = _tensor(momenta[0], first, momenta[1], -second, v, a)
    polarisation = -METRIC + np.diag([1.0, 0, 0, 0])
    expected = np.einsum("ij,ij->", polarisation, tensor).real / 3 * k / (8 * math.pi)
    found = float(dark_fermions.width_to_fermions(1.0, first, second, vector=v, axial=a))
    assert found == pytest.approx(expected, rel=1e-12)


# --- limits ----------------------------------------------------------------------------------------------------------


def test_equal_fermions_are_those_of_the_dark_photon():
    for mass in (0.1, 0.3, 0.499):
        pair = [
            float(dark_fermions.width_to_fermions(1.0, mass, mass, vector=v, axial=1 - v)) / (4 * math.pi)
            for v in (1.0, 0.0)
        ]
        dirac, majorana = (
            float(f(1.0, 1 / (4 * math.pi), mass)) for f in (vector.width_to_dirac, vector.width_to_majorana)
        )
        assert pair[0] * 4 * math.pi == pytest.approx(dirac, rel=1e-12)
        assert pair[1] * 4 * math.pi / 2 == pytest.approx(majorana, rel=1e-12)  # identical particles


@pytest.mark.parametrize(("v", "a"), [(1.0, 0.0), (0.0, 1.0)])
def test_small_splittings(v, a):
    """Massless pairs need delta far above the electron mass, and a mediator far above delta."""
    daughter, delta, mass = 1e4, 3.0, 1e3
    found = _width(daughter + delta, daughter, mass, v=v, a=a)
    limit = dark_fermions.width_at_small_splitting(delta, mass, 1.0, vector=v, axial=a)
    assert float(found.value) == pytest.approx(float(limit), rel=1e-3)  # delta/m and (delta/M)^2
    g = math.sqrt(4 * math.pi * 0.1)
    assert float(dark_fermions.width_at_small_splitting(0.165, 1.25, 1e-3, vector=g, axial=0.0)) == pytest.approx(
        4 * ALPHA * 0.1 * 1e-6 * 0.165**5 / (15 * math.pi * 1.25**4), rel=1e-12
    )


def test_limit_of_small_splittings_is_too_large_by_a_known_factor():
    """Massless pairs: 0.957 at delta/m = 0.03, three digits; any scale far above the electron mass."""
    daughter, mass = 412.5, 1250.0
    limit = float(dark_fermions.width_at_small_splitting(0.03 * daughter, mass, 1.0, vector=1.0, axial=0.0))
    assert float(_width(1.03 * daughter, daughter, mass, v=1.0).value) / limit == pytest.approx(0.957, abs=5e-4)


def test_axial_width_is_three_times_the_vector_one_for_small_splittings():
    ratio = float(_width(1e4 + 1.0, 1e4, 1e3, a=1.0).value / _width(1e4 + 1.0, 1e4, 1e3, v=1.0).value)
    assert ratio == pytest.approx(3.0, rel=1e-3)


@pytest.mark.parametrize("pair", ["e+ e-", "mu+ mu-", "hadrons"])
@pytest.mark.parametrize("width", [1e-4, 1e-6, 1e-9, 1e-12])
def test_a_narrow_mediator_on_its_mass_shell_gives_the_product_of_two_decays(pair, width):
    found = _width(2.0, 0.5, 1.0, pair=pair, v=1.0, a=0.5, width=width)
    two_body = dark_fermions.width_to_fermion_and_vector(1.0, 2.0, 0.5, vector=1.0, axial=0.5)
    product = float(two_body * dark_fermions.pair_width(pair, 1.0) / width)
    # what is not resonant is of the order of the width over the mass; R has a phi beside the pole
    slack = (200 if pair == "hadrons" else 2) * width + 2 * float(found.error) / product
    assert float(found.value) == pytest.approx(product, rel=slack)
    assert float(found.error) < 2e-3 * float(found.value)


def test_width_does_not_jump_where_the_mediator_reaches_its_mass_shell():
    around = [float(_width(1.5 + step, 0.5, 1.0, v=1.0, width=0.03).value) for step in (-1e-6, 0.0, 1e-6)]
    assert around[0] == pytest.approx(around[2], rel=1e-4)
    assert around[0] <= around[1] <= around[2]


def test_an_on_shell_mediator_without_width_has_no_answer():
    assert np.isnan(float(_width(2.0, 0.5, 1.0, v=1.0).value))
    assert np.isfinite(float(_width(1.45, 0.5, 1.0, v=1.0).value))
    assert float(_width(0.14 + 0.1, 0.14, 0.05, pair="mu+ mu-", v=1.0).value) == 0.0  # closed whatever the mediator


@pytest.mark.parametrize("pair", ["e+ e-", "hadrons"])
@pytest.mark.parametrize(
    ("parent", "daughter", "mass", "width"),
    [(0.9, 0.4, 0.7, 0.02), (1.2, 0.2, 1.5, 0.0), (3.0, 0.5, 2.0, 0.1), (8.0, 1.0, 4.0, 0.3)],
)
def test_reported_errors_cover_the_difference_from_a_dense_integral(parent, daughter, mass, width, pair):
    """In plain numpy, between every two nodes of the table of R."""
    from portico.decays.hadronic_ratio import table

    low, high = dark_fermions.pair_threshold(pair), parent - daughter
    table_nodes, ratio, _ = table()
    inner = np.concatenate([table_nodes, np.geomspace(low, high, 2000)])
    ends = np.unique(np.concatenate([[low, high], inner[(inner > low) & (inner < high)]]))
    nodes, weights = gauss_legendre(8)
    across = np.sin(np.pi * nodes / 2) ** 2
    q = ends[:-1, None] + np.diff(ends)[:, None] * across
    slope = np.diff(ends)[:, None] * np.pi / 2 * np.sin(np.pi * nodes) * weights
    s = q * q
    near, far = (high - q) * (high + q), (parent + daughter) ** 2 - s
    couplings = near * ((parent + daughter) ** 2 + 2 * s) + 0.09 * far * (high**2 + 2 * s)
    two_body = np.sqrt(near * far) * couplings / (16 * math.pi * s * parent**3)
    r = 4 * ELECTRON**2 / s
    shape = (
        (1 + r / 2) * np.sqrt(np.maximum(1 - r, 0)) if pair == "e+ e-" else np.interp(q, table_nodes, ratio, left=0.0)
    )
    density = 2 * q * q / math.pi * ALPHA * q / 3 * shape * two_body / ((s - mass**2) ** 2 + (mass * width) ** 2)
    exact = float(np.sum(density * slope))
    found = _width(parent, daughter, mass, pair=pair, v=1.0, a=0.3, width=width)
    assert abs(float(found.value) - exact) <= float(found.error) + 1e-11 * exact
    assert float(found.error) < (1e-6 if pair == "e+ e-" else 2e-3) * exact


# --- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    mass=st.floats(1e-2, 30.0), ratio=st.floats(1e-3, 2.0), splitting=st.floats(0.0, 3.0), v=st.floats(0.0, 3.0),
    a=st.floats(0.0, 3.0), width=st.floats(1e-6, 0.1), factor=st.floats(0.1, 10.0),
)  # fmt: skip
def test_laws_of_three_body_widths(mass, ratio, splitting, v, a, width, factor):
    daughter, parent = ratio * mass, ratio * mass * (1 + splitting)
    found, scaled = (
        _widths(*(np.float64(x) for x in (parent, daughter, mass, c * v, c * a, width * mass))) for c in (1.0, factor)
    )
    for pair in dark_fermions.PAIRS:
        if parent - daughter > 39 and pair == "hadrons":
            continue  # beyond the R ratio
        value, error = float(found[pair].value), float(found[pair].error)
        assert value >= 0
        assert (value > 0) == (parent - daughter > dark_fermions.pair_threshold(pair) and v**2 + a**2 > 1e-150)
        assert 0 <= error <= 5e-3 * value
        assert float(scaled[pair].value) == pytest.approx(factor**2 * value, rel=1e-9)
    vectors, axials = (
        _widths(*(np.float64(x) for x in (parent, daughter, mass, c, d, width * mass)))["e+ e-"].value
        for c, d in ((v, 0.0), (0.0, a))
    )
    assert float(vectors + axials) == pytest.approx(float(found["e+ e-"].value), rel=1e-9)  # no interference


@settings(max_examples=50)
@given(
    mass=st.floats(1e-3, 40.0),
    first=st.floats(0.0, 20.0),
    second=st.floats(0.0, 20.0),
    v=st.floats(0.0, 3.0),
    a=st.floats(0.0, 3.0),
)
def test_two_body_width_is_the_textbook_form_and_symmetric(mass, first, second, v, a):
    found = float(dark_fermions.width_to_fermions(mass, first, second, vector=v, axial=a))
    assert found == pytest.approx(
        float(dark_fermions.width_to_fermions(mass, second, first, vector=v, axial=a)), rel=1e-12
    )
    x, y = first / mass, second / mass
    if x + y >= 1:
        assert found == 0.0
        return
    square = 1 + x**4 + y**4 - 2 * (x**2 + y**2 + x**2 * y**2)
    spins = (v**2 + a**2) * (2 - x**2 - y**2 - (x**2 - y**2) ** 2) + 6 * x * y * (v**2 - a**2)
    textbook = mass / (24 * math.pi) * math.sqrt(max(square, 0)) * spins
    # the textbook form loses digits towards threshold
    assert found == pytest.approx(textbook, rel=1e-6, abs=1e-9 * mass * (v**2 + a**2))


@pytest.mark.slow
def test_gradients_are_finite_at_thresholds():
    def three_body(parent, daughter, mass):
        found = dark_fermions.three_body_widths(parent, daughter, mass, vector=1.0, axial=0.5, mediator_width=0.01)
        return sum(estimate.value for estimate in found.values())

    slopes = jax.jit(jax.vmap(jax.grad(three_body, argnums=(0, 1, 2))))
    parent = jnp.array([0.3, 0.3 + 2 * ELECTRON, 0.4, 0.3 + 2 * particles.mass("mu-"), 1.3, 1.8, 0.2])
    for slope in slopes(parent, jnp.full(7, 0.3), jnp.ones(7)):
        assert np.all(np.isfinite(slope))
    two_body = jax.vmap(jax.grad(lambda m: dark_fermions.width_to_fermions(m, 0.3, 0.4, vector=1.0, axial=1.0)))
    assert np.all(np.isfinite(two_body(jnp.array([0.0, 0.5, 0.7, 0.7 * (1 + 1e-15), 1.0]))))


def test_unknown_pairs_are_refused():
    for function in (dark_fermions.pair_threshold, lambda pair: dark_fermions.pair_width(pair, 1.0)):
        with pytest.raises(UnknownName, match="no pair named 'e- e-'"):
            function("e- e-")
