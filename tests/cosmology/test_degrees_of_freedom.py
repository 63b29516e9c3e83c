import math

import numpy as np
import pytest
from scipy import integrate

from portico import particles
from portico.cosmology.degrees_of_freedom import CONFINEMENT_GEV, relativistic_degrees_estimate
from portico.errors import InvalidInput, OutOfValidity, UnknownName


@pytest.mark.parametrize("quantity", ["energy", "entropy"])
def test_all_of_the_standard_model_is_106_75_and_the_light_part_10_75(quantity):
    # 28 bosonic and 90 fermionic states; photon, electron, three neutrinos
    assert relativistic_degrees_estimate(1e5, quantity=quantity) == pytest.approx(28 + 7 / 8 * 90, rel=1e-6)
    assert relativistic_degrees_estimate(0.008, quantity=quantity) == pytest.approx(2 + 7 / 8 * 10, rel=2e-3)


def test_muons_enter_as_adaptive_quadrature_says():
    """At 20 MeV photon, electron, neutrinos, muons and a few pions."""
    temperature = 0.02

    def share(mass, states, sign):
        ratio = mass / temperature
        value, _ = integrate.quad(
            lambda p: p**2 * math.hypot(p, ratio) / (math.exp(math.hypot(p, ratio)) + sign), 0, 60
        )
        return states * 15 / math.pi**4 * value

    rows = [(0, 2, -1), (particles.mass("e-"), 4, 1), (particles.mass("mu-"), 4, 1), (0, 6, 1), (particles.mass("pi0"), 1, -1), (particles.mass("pi+"), 2, -1)]  # fmt: skip
    # kaons and heavier mesons are below 1e-8 of it; the Gauss-Laguerre rule is good to 1e-6
    assert relativistic_degrees_estimate(temperature) == pytest.approx(sum(share(*row) for row in rows), rel=1e-6)


def test_it_rises_with_the_temperature():
    grid = np.geomspace(2e-3, 1e3, 200)
    assert np.all(np.diff(relativistic_degrees_estimate(grid)) > 0)


def test_it_jumps_where_quarks_are_confined():
    below, above = relativistic_degrees_estimate(CONFINEMENT_GEV * np.array([0.999, 1.001]))
    assert above - below > 30


def test_no_value_once_neutrinos_have_left():
    cold, warm = relativistic_degrees_estimate([1e-3, 1.0])
    assert math.isnan(cold)
    assert warm == relativistic_degrees_estimate(1.0)
    for temperature in (1e-3, 1e-300, [1e-3, 1e-4]):
        with pytest.raises(
            OutOfValidity, match=r"temperature = [0-9.e-]+ GeV is asked; the estimate holds from 0\.002 GeV"
        ):
            relativistic_degrees_estimate(temperature)


@pytest.mark.parametrize(
    "temperature", [-1.0, 0, None, math.inf, math.nan, "hot", [], [[1.0], [1.0, 2.0]], True, [1.0, -2.0]]
)
def test_temperatures_that_are_none_are_refused(temperature):
    with pytest.raises(
        InvalidInput,
        match=r"relativistic_degrees_estimate: temperature = .* is not allowed; expected temperatures above 0 in GeV",
    ) as error:
        relativistic_degrees_estimate(temperature)
    assert not isinstance(error.value, OutOfValidity)


def test_unknown_quantity_is_refused():
    with pytest.raises(UnknownName, match=r"no quantity named 'entropie'.*Did you mean 'entropy'"):
        relativistic_degrees_estimate(1.0, quantity="entropie")
