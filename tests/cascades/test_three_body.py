import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest

from portico.cascades import three_body
from portico.errors import InvalidInput

MASSES, NARROW = (0.5775, 0.4125), (1.25, 0.0)
_cosine = jax.jit(three_body.cosine)
_coefficients = jax.jit(three_body.angular_coefficients)


def explicit(s, c, masses, couplings, each):
    """The squared amplitude in the frame of the pair, from the scalar products as they stand in it."""
    heavy, light = masses
    vector, axial = couplings
    root = np.sqrt(s)
    eh, el = (heavy**2 - light**2 + s) / (2 * root), (heavy**2 - light**2 - s) / (2 * root)
    p, k = np.sqrt(np.maximum(el**2 - light**2, 0.0)), np.sqrt(s / 4 - each**2)

    def product(energy, sign):
        return energy * root / 2 - sign * p * k * c

    first = product(eh, 1) * product(el, -1) + product(eh, -1) * product(el, 1)
    body = (heavy**2 + light**2 - s) / 2
    pair = s / 2 - each**2
    return (vector**2 + axial**2) * 2 * (first + each**2 * body) - (vector**2 - axial**2) * heavy * light * (
        2 * pair + 4 * each**2
    )


@pytest.mark.parametrize("couplings", [(1.0, 0.0), (0.0, 1.0), (0.7, 0.4)])
@pytest.mark.parametrize(("pair", "masses"), [("e+ e-", MASSES), ("mu+ mu-", (1.386, 0.99))])
def test_angles_of_leptons_are_those_of_the_amplitude(couplings, pair, masses):
    each = three_body.pair_mass(pair)
    plus, minus = couplings[0] ** 2 + couplings[1] ** 2, couplings[0] ** 2 - couplings[1] ** 2
    c = np.linspace(-1, 1, 9)
    for share in (1e-3, 0.3, 0.9, 0.999):
        s = 4 * each**2 + share * ((masses[0] - masses[1]) ** 2 - 4 * each**2)
        a, b = _coefficients(s, (*masses, each), (plus, minus), False)
        values = explicit(s, c, masses, couplings, each)
        mean = quad(lambda x, s=s: explicit(s, x, masses, couplings, each), -1, 1)[0] / 2
        np.testing.assert_allclose(float(a) + float(b) * c**2, values / mean, rtol=1e-9)
        assert float(a + b / 3) == pytest.approx(1.0, rel=1e-14)


def test_angles_integrate_to_the_width_of_the_virtual_mediator():
    """The mean over angles of the amplitude, times phase space, has the shape of dGamma/ds: two routes to one spectrum."""
    each, couplings = three_body.pair_mass("mu+ mu-"), (0.8, 0.3)
    masses = (1.386, 0.99)
    s = np.linspace(4 * each**2, (masses[0] - masses[1]) ** 2, 12)[1:-1]
    mean = np.array([quad(lambda c, x=x: explicit(x, c, masses, couplings, each), -1, 1)[0] / 2 for x in s])
    triangle = ((masses[0] - masses[1]) ** 2 - s) * ((masses[0] + masses[1]) ** 2 - s)
    phase = np.sqrt(triangle) * np.sqrt(1 - 4 * each**2 / s)
    expected = mean * phase / (s - NARROW[0] ** 2) ** 2
    found = three_body.dgamma_ds(s, masses, "mu+ mu-", couplings, NARROW)
    np.testing.assert_allclose(found / found[0], expected / expected[0], rtol=1e-9)


def test_pions_turn_the_angular_distribution_round():
    """At the end of the spectrum leptons of a vector current are flat, pions too; below, leptons prefer 90 degrees, pions 0."""
    each = three_body.pair_mass("hadrons")
    a, b = _coefficients(0.1, (1.386, 0.99, each), (1.0, 1.0), True)
    assert float(b) > 0
    assert float(_coefficients(0.1, (1.386, 0.99, three_body.pair_mass("mu+ mu-")), (1.0, 1.0), False)[1]) < 0
    # two pions: |amplitude|^2 = g_+[2(pd)(p'd) - d^2 pp'] + g_- m m' d^2 with d = k_1 - k_2, here for g_+ = g_- = 1
    s, c, heavy, light = 0.1, 0.7, 1.386, 0.99
    p2 = ((heavy - light) ** 2 - s) * ((heavy + light) ** 2 - s) / (4 * s)
    d2 = 4 * each**2 - s

    def value(c):
        return 2 * p2 * -d2 * c**2 - d2 * (heavy**2 + light**2 - s) / 2 + heavy * light * d2

    mean = value(0.0) + (value(1.0) - value(0.0)) / 3
    assert float(a + b * c**2) == pytest.approx(value(c) / mean, rel=1e-12)


@pytest.mark.parametrize("a", [0.0, 1e-6, 0.4, 0.999999, 1 - 3e-8, 1.0, 1 + 2e-8, 1.00001, 1.3, 1.5])
def test_cosine_inverts_the_cubic(a):
    u = np.linspace(0, 1, 1001)
    c = np.asarray(_cosine(u, a))
    np.testing.assert_allclose(a * c + (1 - a) * c**3, 2 * u - 1, atol=1e-11)
    assert np.all(np.diff(c) > 0)
    assert c[0] == pytest.approx(-1, abs=1e-11)


@pytest.mark.parametrize(
    ("masses", "pair", "couplings", "mediator"),
    [
        (MASSES, "e+ e-", (1.0, 0.0), NARROW),
        (MASSES, "e+ e-", (0.0, 1.0), (1.25, 0.03)),
        ((1.386, 0.99), "mu+ mu-", (1.0, 0.0), (3.0, 0.1)),
        ((1.386, 0.99), "hadrons", (1.0, 0.0), (3.0, 0.0)),
        ((1.5, 0.2), "hadrons", (0.2, 0.7), (1.0, 0.02)),  # on the mass shell
        ((0.103, 0.1), "e+ e-", (1.0, 0.0), (0.31, 0.0)),
    ],
)
def test_table_reproduces_the_spectrum(masses, pair, couplings, mediator):
    """Kolmogorov distance of the piecewise-linear table to the spectrum, by a fine trapezoid, below 1e-4."""
    table = three_body.pair_mass_table(masses, pair, couplings, mediator)
    low, high = table[0], table[-1]
    assert low == pytest.approx(4 * three_body.pair_mass(pair) ** 2, rel=1e-14)
    assert high == pytest.approx((masses[0] - masses[1]) ** 2, rel=1e-12)
    assert np.all(np.diff(table) > 0)
    # independent route: trapezoid in ln s on a very fine grid
    fine = low * (high / low) ** np.linspace(0, 1, 400_001)
    density = three_body.dgamma_ds(fine, masses, pair, couplings, mediator) * fine
    cumulative = np.concatenate([[0], np.cumsum(density[1:] + density[:-1])])
    cumulative /= cumulative[-1]
    sampled = np.interp(fine, table, np.linspace(0, 1, table.size))
    assert np.max(np.abs(sampled - cumulative)) < 1e-4


def test_sampled_spectrum_passes_a_kolmogorov_test():
    table = three_body.pair_mass_table(MASSES, "e+ e-", (1.0, 0.0), NARROW)
    s = np.interp(np.random.default_rng(5).random(200_000), np.linspace(0, 1, table.size), table)
    total = quad(
        lambda x: float(three_body.dgamma_ds(x, MASSES, "e+ e-", (1, 0), NARROW)), table[0], table[-1], limit=200
    )[0]
    nodes = np.linspace(np.sqrt(table[0]), np.sqrt(table[-1]), 4001)  # in the mass of the pair
    values = three_body.dgamma_ds(nodes**2, MASSES, "e+ e-", (1, 0), NARROW) * 2 * nodes / total
    cumulative = np.concatenate([[0], np.cumsum((values[1:] + values[:-1]) / 2 * np.diff(nodes))])
    assert cumulative[-1] == pytest.approx(1.0, rel=1e-4)
    assert kstest(np.sqrt(s), lambda m: np.interp(m, nodes, cumulative)).pvalue > 0.01


def test_on_shell_mediator_carries_most_decays():
    """psi_h -> psi_l V with V on its mass shell: half of the pairs lie within half a width of it, as in a Breit-Wigner."""
    table = three_body.pair_mass_table((3.0, 0.4), "mu+ mu-", (1.0, 0.3), (1.25, 1e-4))
    middle = np.sqrt(np.interp([0.25, 0.75], np.linspace(0, 1, table.size), table))
    np.testing.assert_allclose((middle - 1.25) / 1e-4, [-0.5, 0.5], atol=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0.5, 0.45), "mu+ mu-", (1.0, 0.0), NARROW), "is closed"),
        (((0.4, 0.45), "e+ e-", (1.0, 0.0), NARROW), "is closed"),
        (((3.0, 0.45), "e+ e-", (1.0, 0.0), NARROW), "its width has to be above 0"),
        ((MASSES, "e+ e-", (0.0, 0.0), NARROW), "both couplings are 0"),
        ((MASSES, "gamma gamma", (1.0, 0.0), NARROW), "known pairs: e\\+ e-, mu\\+ mu-, tau\\+ tau-, hadrons"),
        ((MASSES, "tau+ tau-", (1.0, 0.0), NARROW), "is closed"),
    ],
)
def test_impossible_decays_are_refused(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        three_body.pair_mass_table(*arguments)


def test_gradient_free_of_nan_at_the_ends_of_the_spectrum():
    for s in (4 * 0.000511**2, 0.165**2):
        a, b = _coefficients(s, (*MASSES, 0.000511), (1.0, 1.0), False)
        assert np.isfinite([float(a), float(b)]).all()
        assert np.isfinite(float(_cosine(jnp.asarray(0.3), a)))
