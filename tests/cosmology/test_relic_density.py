import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.cosmology import relic_density as relic
from portico.errors import InvalidInput, UnknownName

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "cosmology.json").read_text())
MASSES, COUPLINGS = st.floats(0.5, 1e3), st.floats(3e-3, 0.5)


@pytest.mark.parametrize("entry", REFERENCE["annihilation"]["values"], ids=lambda e: str(e["mass"]))
def test_cross_section_to_dark_photons(entry):
    found = relic.annihilation_to_vectors_gev2(entry["mass"], entry["alpha_dark"]) * relic.GEV2_CM3_S
    assert found == pytest.approx(entry["sigma_v_cm3_s"], rel=REFERENCE["annihilation"]["tolerance"])


def test_conversion_to_cm3_per_second():
    assert pytest.approx(1.1673e-17, rel=5e-5) == relic.GEV2_CM3_S  # five digits


@pytest.mark.parametrize("entry", REFERENCE["relic_density"]["values"], ids=lambda e: str(e["mass"]))
def test_densities_of_both_methods(entry):
    found = relic.relic_density_estimate(entry["mass"], 1e-2)
    assert found.omega_h2 == pytest.approx(entry["omega_h2"], rel=REFERENCE["relic_density"]["tolerance"])
    footnote = relic.relic_density_estimate(entry["mass"], 1e-2, method="seed")
    assert footnote.omega_h2 == pytest.approx(entry["seed"], rel=1e-12)
    assert 2 < footnote.omega_h2 / found.omega_h2 < 7  # the footnote is the larger one by so much


def test_footnote_closes_at_230_gev():
    """Omega h^2 = 1e-3 with the coupling of g2'^2 = 4 pi, alpha' = 0.2312: the mass at which the source's contour ends."""
    mass = np.geomspace(100, 400, 2001)
    omega = relic.relic_density_estimate(mass, 0.2312, method="seed").omega_h2
    assert np.interp(relic.CMB_LARGEST_OMEGA_H2, omega, mass) == pytest.approx(230, rel=1e-2)


def test_secluded_wimp_has_about_the_density_of_dark_matter():
    found = relic.relic_density_estimate(300.0, 1e-2, vector_mass=100.0)
    assert found.omega_h2 == pytest.approx(0.12, rel=0.3)
    assert relic.relic_density_estimate(300.0, 1e-2).sigma_v_cm3_s == pytest.approx(4.1e-26, rel=1e-2)


def test_freeze_out_solves_its_equation():
    found = relic.freeze_out_estimate(10.0, 3e-6, degrees=80.0)
    rate = 0.038 * 2 * 10.0 * relic.PLANCK_MASS_GEV * 3e-6
    assert math.exp(found.freeze_out) == pytest.approx(rate / math.sqrt(80.0 * found.freeze_out), rel=1e-9)
    assert found.temperature_gev * found.freeze_out == pytest.approx(10.0, rel=1e-12)


def test_cross_section_vanishes_where_the_vectors_are_too_heavy():
    assert relic.annihilation_to_vectors_gev2(1.0, 0.1, [0.0, 0.999, 1.0, 2.0])[2:].tolist() == [0.0, 0.0]
    assert relic.annihilation_to_vectors_gev2(1.0, 0.1, 1e-6) == pytest.approx(math.pi * 1e-2, rel=1e-11)


def test_no_number_outside_the_domain():
    assert np.isnan(relic.annihilation_to_vectors_gev2([-1.0, 1.0, 1.0], [0.1, -0.1, 0.1], [0.0, 0.0, -1.0])).all()
    found = relic.freeze_out_estimate([1e-3, 1.0, 10.0], [1e-6, 1e-60, 3e-6])
    assert np.isnan(found.omega_h2).tolist() == [True, True, False]
    assert found.omega_h2[2] == pytest.approx(relic.freeze_out_estimate(10.0, 3e-6).omega_h2, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: relic.relic_density_estimate(1, 1e-30), r"no freeze-out of a cold relic for mass = 1 GeV and sigma v = 3\.14e-60/GeV\^2"),
        (lambda: relic.freeze_out_estimate(1e-3, 1e-6), "no freeze-out of a cold relic"),
        (lambda: relic.freeze_out_estimate(1, 0.0), r"sigma_v_gev2 = 0\.0 is not allowed; expected numbers above 0"),
        (lambda: relic.freeze_out_estimate([1.0, -2.0], 1e-9), "freeze_out_estimate: mass = -2 is not allowed"),
        (lambda: relic.freeze_out_estimate(1, 1e-9, internal_states=-1), "internal_states = -1 is not allowed; expected numbers above 0"),
        (lambda: relic.freeze_out_estimate(1, 1e-9, degrees=0), "degrees = 0 is not allowed"),
        (lambda: relic.freeze_out_estimate(1, 1e-9, degrees="x"), "degrees = 'x' is not allowed"),
        (lambda: relic.freeze_out_estimate([1, 2, 3], [1e-9, 1e-9]), r"the shapes of mass \(3,\) and sigma_v_gev2 \(2,\) and .* do not fit together"),
        (lambda: relic.relic_density_estimate([1, 2, 3], [0.1, 0.1]), r"the shapes of mass \(3,\) and alpha_dark \(2,\) and"),
        (lambda: relic.relic_density_estimate(1, 0.1, vector_mass="light"), "vector_mass = 'light' is not allowed"),
    ],
)  # fmt: skip
def test_what_makes_no_estimate_is_refused_in_a_sentence(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()


@given(mass=MASSES, alpha=COUPLINGS, factor=st.floats(1.1, 5.0))
def test_density_falls_with_the_coupling_a_little_slower_than_its_square(mass, alpha, factor):
    one, more = (relic.relic_density_estimate(mass, a).omega_h2 for a in (alpha, alpha * factor))
    # x_f grows by the logarithm of the cross section; at the step of g* (factor 3) its root would enter
    assert factor**-2 <= more / one * 1.8
    assert more < one * 1.8 * factor**-1.5
    seed = [relic.relic_density_estimate(mass, a, method="seed").omega_h2 for a in (alpha, alpha * factor)]
    assert seed[0] / seed[1] == pytest.approx(factor**2, rel=1e-12)


@given(mass=MASSES, alpha=COUPLINGS, ratio=st.floats(0.0, 0.999))
def test_massive_vectors_leave_more_relics(mass, alpha, ratio):
    light = relic.annihilation_to_vectors_gev2(mass, alpha)
    heavy = relic.annihilation_to_vectors_gev2(mass, alpha, ratio * mass)
    assert 0 <= heavy <= light * (1 + 1e-12)


def test_arrays_are_loops():
    mass = np.array([1.0, 30.0, 300.0])
    together = relic.relic_density_estimate(mass[:, None], np.array([1e-2, 0.1]))
    assert together.omega_h2.shape == (3, 2)
    assert together.omega_h2[1, 1] == pytest.approx(relic.relic_density_estimate(30.0, 0.1).omega_h2, rel=1e-12)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"mass": -1.0}, "mass = -1.0 is not allowed; expected numbers above 0"),
        ({"alpha_dark": 0.0}, "alpha_dark = 0.0 is not allowed"),
        ({"mass": "heavy"}, "mass = 'heavy' is not allowed"),
        ({"vector_mass": 2.0}, "vector_mass = 2.0 GeV is not allowed; expected at least 0 and below the mass of the particle, 1.0 GeV"),
        ({"vector_mass": -0.1}, "vector_mass = -0.1 GeV is not allowed"),
        ({"method": "seed", "vector_mass": 0.1}, "is for massless vectors; expected vector_mass = 0"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_in_a_sentence(given_, message):
    with pytest.raises(InvalidInput, match=message):
        relic.relic_density_estimate(**{"mass": 1.0, "alpha_dark": 1e-2, **given_})


def test_unknown_method_has_the_nearest_match():
    with pytest.raises(UnknownName, match=r"no method named 'freezeout'.*Did you mean 'freeze_out'"):
        relic.relic_density_estimate(1.0, 1e-2, method="freezeout")


def test_results_say_that_they_are_estimates():
    for method in ("freeze_out", "seed"):
        note = relic.relic_density_estimate(1.0, 1e-2, method=method).note
        assert "estimate" in note or "order of magnitude" in note
