import json
import math
import tomllib
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh
from scipy.stats import norm

from portico.constants import ALPHA_S_MZ, SIN2_THETA_W
from portico.errors import InvalidInput, UnknownName
from portico.precision import electroweak

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "precision.json").read_text())
TABLE = tomllib.loads(Path(electroweak.__file__).with_suffix(".toml").read_text(encoding="utf-8"))
MASSES = np.array([1e-3, 10.0, 50.0, 80.0, 150.0])
LIGHT = 1e-3


@pytest.fixture(scope="module")
def shifts():
    reference = REFERENCE["w_mass_shift"]
    return electroweak.shifts(reference["eta"], [entry["zprime_mass"] for entry in reference["values"]])


def test_shift_of_the_mass_of_the_w(shifts):
    reference = REFERENCE["w_mass_shift"]
    expected = [entry["shift_mev"] for entry in reference["values"]]
    np.testing.assert_allclose(1e3 * np.asarray(shifts.w_mass), expected, rtol=reference["tolerance"])


def test_light_vector_has_the_closed_form():
    sine2, eta = SIN2_THETA_W, 1e-4
    expected = -(eta**2) / 2 * sine2 * (1 - sine2) / (1 - 2 * sine2)
    found = float(electroweak.shifts(eta, LIGHT).w_mass) / (91.1880 * math.sqrt(1 - sine2))
    # eta^2 is 1e-8: sixteen digits of a mass leave six of its shift
    assert found == pytest.approx(expected, rel=1e-5)


def _eigenstates(eta, dark_mass, alpha, v, g2):
    """Physical numbers of the Lagrangian of B, W3 and X with any kinetic mixing, from a generalised eigenvalue problem."""
    e = math.sqrt(4 * math.pi * alpha)
    g1 = e / math.sqrt(1 - (e / g2) ** 2)  # the photon's charge is unchanged in the basis of hatted hypercharge
    mixing = -eta / math.sqrt(1 + eta**2)
    kinetic = np.array([[1, 0, mixing], [0, 1, 0], [mixing, 0, 1]])
    higgs = np.array([-g1, g2, 0]) * v / 2
    squares, vectors = eigh(np.outer(higgs, higgs) + np.diag([0, 0, dark_mass**2]), kinetic)
    return np.sqrt(squares[1:]), vectors[:, 1:], g1, g2 * v / 2, e


def _widths(isospin, angle):
    rows = [(0.5, 0, 3), (-0.5, -1, 3), (0.5, 2 / 3, 6 * (1 + ALPHA_S_MZ / math.pi)), (-0.5, -1 / 3, 9 * (1 + ALPHA_S_MZ / math.pi))]  # fmt: skip
    return isospin**2 * sum(n * ((t - 2 * angle * q) ** 2 + t**2) for t, q, n in rows)


@pytest.mark.parametrize(("eta", "dark_mass"), [(0.03, 5.0), (0.2, 40.0), (-0.3, 200.0), (0.8, 600.0)])
def test_all_shifts_agree_with_a_generalised_eigenvalue_problem(eta, dark_mass):
    v, g2 = 246.22, 0.65
    masses, vectors, g1, w_mass, e = _eigenstates(eta, dark_mass, 1 / 128, v, g2)
    z = int(np.argmax(np.abs(vectors[1])))
    b, w3 = vectors[0, z], vectors[1, z]
    # B g1 (Q - T3) + W3 g2 T3
    isospin, angle = (g2 * w3 - g1 * b) / e, -g1 * b / (g2 * w3 - g1 * b)
    product = (e * v / (2 * masses[z])) ** 2
    sine2 = (1 - math.sqrt(1 - 4 * product)) / 2
    found = electroweak.shifts(eta, masses[1 - z], product=product, z_mass=masses[z])
    assert float(found.w_mass) == pytest.approx(w_mass - masses[z] * math.sqrt(1 - sine2), rel=1e-8)
    assert float(found.sin2_effective) == pytest.approx(angle - sine2, rel=1e-8)
    free = 1 / math.sqrt(sine2 * (1 - sine2))
    assert float(found.z_width) == pytest.approx(_widths(isospin, angle) / _widths(free, sine2) - 1, rel=1e-8)


def test_no_mixing_shifts_nothing():
    assert all(np.all(np.abs(part) < 1e-13) for part in electroweak.shifts(0.0, MASSES))  # rounding of 80 GeV


@settings(deadline=None, max_examples=25)
@given(eta=st.floats(1e-3, 2e-2), zprime_mass=st.floats(1e-2, 60.0))
def test_shifts_grow_as_the_square_and_do_not_see_the_sign(eta, zprime_mass):
    one, minus, two = (electroweak.shifts(value, zprime_mass) for value in (eta, -eta, 2 * eta))
    for part, other, double in zip(one, minus, two, strict=True):
        assert float(other) == pytest.approx(float(part), rel=1e-9)
        # the next order is eta^2 over the square of the distance of the masses
        assert float(double) == pytest.approx(4 * float(part), rel=50 * eta**2 + 1e-6)
    assert float(one.w_mass) < 0


def test_inside_the_gap_there_is_no_number():
    assert math.isnan(float(electroweak.shifts(0.1, 91.0).w_mass))
    assert np.isinf(electroweak.chi_squared(0.1, 91.0))


def test_gradient_is_finite():
    slope = jax.jit(jax.grad(lambda eta: electroweak.shifts(eta, 10.0).w_mass))(1e-2)
    assert float(slope) == pytest.approx(2 * -1.338e-3 / 1e-2, rel=1e-2)
    traced = jax.jit(lambda mass, z: electroweak.shifts(1e-2, mass, z_mass=z).w_mass)(10.0, 91.0)
    assert float(traced) == pytest.approx(float(electroweak.shifts(1e-2, 10.0, z_mass=91.0).w_mass), rel=1e-9)


@pytest.mark.parametrize("entry", REFERENCE["eta_bound"]["values"], ids=lambda e: str(e["sigma"]))
def test_mass_of_the_w_alone(entry, monkeypatch):
    reference = REFERENCE["eta_bound"]
    known = electroweak.observables()
    known = {**known, "w_mass": known["w_mass"]._replace(measured_error=reference["w_error"])}
    monkeypatch.setattr(electroweak, "observables", lambda: known)
    cl = 2 * norm.cdf(entry["sigma"]) - 1
    found = electroweak.eta_bound(LIGHT, cl=cl, used=["w_mass"], data="errors")
    assert found == pytest.approx(entry["eta"], rel=reference["tolerance"])


@pytest.fixture(scope="module")
def bounds():
    return electroweak.eta_bound(MASSES)


def test_all_observables_together_exclude_more_than_0_03_as_published(bounds):
    # arXiv:1006.0973: 0.03 for most masses between 1 GeV and 1 TeV, stronger next to the Z
    assert bounds[1] == pytest.approx(0.03, rel=0.15)
    assert np.all(np.diff(bounds[:4]) < 0)
    assert bounds[4] > bounds[3]


def test_bound_lies_where_chi_squared_has_risen_by_the_quantile(bounds):
    grid = np.linspace(0, 0.05, 501)[:, None]
    lowest = np.min(electroweak.chi_squared(grid, MASSES), axis=0)
    at = electroweak.chi_squared(bounds, MASSES)
    np.testing.assert_allclose(at - lowest, norm.ppf(0.975) ** 2, rtol=1e-3)  # the grid misses the minimum by so much


def test_a_smaller_level_excludes_more(bounds):
    assert np.all(electroweak.eta_bound(MASSES, cl=0.68) < bounds)


def test_bound_on_kappa_is_that_on_eta_in_other_words(bounds):
    angle = math.asin(math.sqrt(SIN2_THETA_W))
    kappa = electroweak.kappa_bound(MASSES, angle)
    np.testing.assert_allclose(kappa * math.sin(angle) / np.sqrt(1 - kappa**2), bounds, rtol=1e-9)
    assert np.all(electroweak.kappa_bound(MASSES, 0.0) == 1.0)


def test_source_is_three_to_nine_times_stricter_than_the_mass_of_the_w():
    angle = math.asin(math.sqrt(SIN2_THETA_W))
    seed = electroweak.kappa_bound(LIGHT, angle, method="seed")
    assert seed == 1e-2
    for cl, place, factor in ((0.683, angle, 6.5), (0.954, angle, 9.2), (0.683, math.pi / 2, 3.1)):
        fit = electroweak.kappa_bound(LIGHT, place, cl=cl, used=["w_mass"], data="errors")
        assert fit / seed == pytest.approx(factor, rel=0.05)


def test_invisible_width_of_the_z():
    unit = 1 / 127.95 * SIN2_THETA_W / (1 - SIN2_THETA_W) * 91.1876 / 3
    assert unit == pytest.approx(71.4e-3, rel=1e-3)
    assert electroweak.invisible_width_bound(unit) == pytest.approx(0.167, rel=5e-3)
    assert electroweak.invisible_width_bound(unit, allowed=4.1e-3) == pytest.approx(0.24, rel=5e-3)
    assert np.isinf(electroweak.invisible_width_bound([0.0, 1.0])[0])


def test_every_number_of_the_table_says_where_it_is_from():
    for name, entry in electroweak.observables().items():
        assert name in electroweak.OBSERVABLES
        assert entry.measured_error > 0
        assert all(entry.sources)
        assert set(entry.status) == {"unverified"}
        # within three sigma of the prediction, or the fit would mean nothing
        assert abs(entry.measured - entry.predicted) < 3 * math.hypot(entry.measured_error, entry.predicted_error)
    assert TABLE["seed"]["kappa"]["value"] == 1e-2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: electroweak.eta_bound(-1.0), InvalidInput, r"zprime_mass = -1.0 is not allowed; expected masses above 0"),
        (lambda: electroweak.eta_bound("x"), InvalidInput, r"zprime_mass = 'x' is not allowed"),
        (lambda: electroweak.eta_bound(1.0, cl=95), InvalidInput, r"cl = 95 is not allowed; expected a confidence level between 0 and 1"),
        (lambda: electroweak.eta_bound(1.0, used=[]), InvalidInput, r"used = \[\] is not allowed; expected at least one of w_mass"),
        (lambda: electroweak.eta_bound(1.0, used="w_mass"), InvalidInput, r"used = 'w_mass' is not allowed"),
        (lambda: electroweak.eta_bound(1.0, used=["w_mas"]), UnknownName, r"no electroweak observable named 'w_mas'.*Did you mean 'w_mass'"),
        (lambda: electroweak.eta_bound(1.0, data="error"), UnknownName, r"no choice for data named 'error'.*Did you mean 'errors'"),
        (lambda: electroweak.kappa_bound(1.0, 0.5, method="sed"), UnknownName, r"no method named 'sed'.*Did you mean 'seed'"),
        (lambda: electroweak.shifts(0.01, -1), InvalidInput, r"shifts: zprime_mass = -1 is not allowed; expected masses above 0 in GeV"),
        (lambda: electroweak.shifts(0.01, 0), InvalidInput, "zprime_mass = 0 is not allowed"),
        (lambda: electroweak.shifts(0.01, math.inf), InvalidInput, "zprime_mass = inf is not allowed"),
        (lambda: electroweak.shifts("x", 1.0), InvalidInput, "shifts: eta = 'x' is not allowed; expected finite numbers"),
        (lambda: electroweak.shifts([0.1, 0.2], [1.0, 2.0, 3.0]), InvalidInput, r"shifts: the shapes of eta \(2,\) and zprime_mass \(3,\) do not fit"),
        (lambda: electroweak.shifts(0.01, 1.0, z_mass=-1), InvalidInput, "z_mass = -1 is not allowed; expected a mass above 0"),
        (lambda: electroweak.shifts(0.01, 1.0, product=0.3), InvalidInput, r"product = 0\.3 is not allowed; expected a number above 0 and below 1/4"),
        (lambda: electroweak.chi_squared(0.01, None), InvalidInput, "chi_squared: zprime_mass = None is not allowed"),
        (lambda: electroweak.chi_squared([0.01, math.nan], 1.0), InvalidInput, "chi_squared: eta = nan is not allowed"),
        (lambda: electroweak.chi_squared(0.01, -1), InvalidInput, "chi_squared: zprime_mass = -1 is not allowed"),
        (lambda: electroweak.chi_squared([0.1, 0.2], [1.0, 2.0, 3.0]), InvalidInput, "do not fit together"),
        (lambda: electroweak.chi_squared(0.01, 1.0, used=3), InvalidInput, "used = 3 is not allowed; expected at least one of w_mass"),
        (lambda: electroweak.eta_bound(1e300), InvalidInput, r"eta_bound: zprime_mass = 1e\+300 is not allowed; expected masses above 0 in GeV, at most 1e\+12"),
        (lambda: electroweak.eta_bound(1.0, cl=1 - 1e-16), InvalidInput, "expected a confidence level between 0 and 1, at most 1 - 1e-12"),
        (lambda: electroweak.eta_bound(1.0, cl=True), InvalidInput, "cl = True is not allowed"),
        (lambda: electroweak.kappa_bound(1.0, "half"), InvalidInput, "kappa_bound: theta_w_dark = 'half' is not allowed"),
        (lambda: electroweak.kappa_bound([1.0, 2.0], [0.1, 0.2, 0.3]), InvalidInput, "do not fit together"),
        (lambda: electroweak.tree_level_product(1 / 128, 0), InvalidInput, "tree_level_product: z_mass = 0 is not allowed; expected a number above 0"),
        (lambda: electroweak.tree_level_product("x", 91.0), InvalidInput, "alpha = 'x' is not allowed"),
        (lambda: electroweak.invisible_width_bound(-1.0), InvalidInput, r"width_unit = -1\.0 is not allowed; expected widths of at least 0"),
        (lambda: electroweak.invisible_width_bound("x"), InvalidInput, "width_unit = 'x' is not allowed"),
        (lambda: electroweak.invisible_width_bound(1.0, allowed=0), InvalidInput, r"allowed = 0 is not allowed; expected a width above 0"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_in_a_sentence(call, error, message):
    with pytest.raises(error, match=message):
        call()
