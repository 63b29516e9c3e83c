import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.cosmology.dark_radiation import delta_n_eff_estimate
from portico.cosmology.degrees_of_freedom import relativistic_degrees_estimate
from portico.errors import InvalidInput, UnknownName

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "cosmology.json").read_text())["delta_n_eff"]


@pytest.mark.parametrize("entry", REFERENCE["values"], ids=lambda e: str(e["degrees"]))
def test_shift_of_a_dark_photon_alone(entry):
    assert delta_n_eff_estimate(entry["degrees"]) == pytest.approx(entry["shift"], rel=REFERENCE["tolerance"])


def test_dirac_particles_heat_it_by_3_85():
    assert delta_n_eff_estimate(80.0, heated_by="dirac") / delta_n_eff_estimate(80.0) == pytest.approx(3.85, rel=2e-3)


def test_above_a_gev_the_shift_is_negligible_alone_and_marginal_with_heating():
    degrees = relativistic_degrees_estimate(np.array([1.0, 2.0]), quantity="entropy")
    assert np.all(delta_n_eff_estimate(degrees) < 0.1)
    assert np.all(delta_n_eff_estimate(degrees, heated_by="dirac") > 0.25)


@given(degrees=st.floats(10.75, 200.0), factor=st.floats(1.0, 3.0))
def test_shift_falls_with_the_four_thirds_power(degrees, factor):
    ratio = delta_n_eff_estimate(degrees * factor) / delta_n_eff_estimate(degrees)
    assert ratio == pytest.approx(factor ** (-4 / 3), rel=1e-12)


def test_a_dark_photon_that_leaves_with_the_neutrinos_counts_as_8_7():
    assert delta_n_eff_estimate(10.75) == pytest.approx(8 / 7, rel=1e-15)


def test_wrong_input_is_refused_in_a_sentence():
    with pytest.raises(InvalidInput, match=r"degrees = 3.36 is not allowed; expected at least 10.75"):
        delta_n_eff_estimate(3.36)
    with pytest.raises(InvalidInput, match="degrees = 'many' is not allowed"):
        delta_n_eff_estimate("many")
    with pytest.raises(UnknownName, match=r"no kind of particle named 'dirak'.*Did you mean 'dirac'"):
        delta_n_eff_estimate(80.0, heated_by="dirak")
