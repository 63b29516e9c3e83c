import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import models
from portico.constants import HBARC_GEV_CM
from portico.errors import InvalidInput
from portico.models import Inelastic
from portico.numerics.takagi import takagi

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "dark_fermions.json").read_text())
POINT = {"mass": 1.25, "alpha_dark": 0.1, "splitting": 0.4, "dark_matter_mass_ratio": 0.33}


@pytest.mark.parametrize(
    "entry",
    REFERENCE["widths_of_the_mediator"],
    ids=lambda e: f"{e['model']} {next(iter(e['channels']))} {e.get('theta', '')}",
)
def test_widths_of_the_mediator_of_every_model(entry):
    settings = entry["set"] | ({"cos_2theta": math.cos(2 * entry["theta"])} if "theta" in entry else {})
    widths = models.model_class(entry["model"])(**settings).dark_widths()
    for channel, width in entry["channels"].items():
        assert float(widths[channel]) == pytest.approx(width, rel=REFERENCE["tolerance"])


def test_decay_length_of_the_benchmark():
    chain = Inelastic(**POINT).chain(propagator_width="zero")
    length = chain.ctau_unit_cm[1] / 1e-6
    assert length == pytest.approx(
        REFERENCE["decay_lengths_cm"]["inelastic_1_25"], rel=REFERENCE["decay_lengths_cm"]["tolerance"]
    )
    width = REFERENCE["widths_of_fermions"][0]["width"]
    assert length == pytest.approx(HBARC_GEV_CM / width, rel=1e-8)
    model = Inelastic(**POINT, epsilon=1e-3)
    # the width of the mediator in its propagator, 7e-4
    assert model.fermion_ctau_cm()["psi_2"] == pytest.approx(HBARC_GEV_CM / 1.99543e-15, rel=5e-6)
    assert model.with_parameters(epsilon=1e-2).fermion_ctau_cm()["psi_2"] == pytest.approx(length / 100, rel=1e-3)
    lighter = model.with_parameters(mass=0.1).fermion_ctau_cm()["psi_2"]
    assert lighter == pytest.approx(126, rel=5e-3)  # three digits


@given(
    left=st.floats(-0.5, 0.5), right=st.floats(-0.5, 0.5), dirac=st.floats(-0.5, 0.5).filter(lambda m: abs(m) > 1e-3),
    charge=st.floats(-2.0, 2.0),
)  # fmt: skip
def test_lagrangian_and_physical_parameters_are_inverse(left, right, dirac, charge):
    """Masses from numerical diagonalisation; the matrix comes back with mu >= 0 and m_D >= 0."""
    values, _ = takagi([[left, dirac], [dirac, right]])
    if values[0] < 1e-3 * values[1]:
        return
    model = Inelastic.from_lagrangian(
        majorana_mass_left=left,
        majorana_mass_right=right,
        dirac_mass=dirac,
        mass=2.0,
        epsilon=1e-3,
        alpha_dark=0.1,
        charge_right=charge,
    )
    np.testing.assert_allclose(list(model.fermion_masses().values()), values, rtol=1e-9)
    sign = -1 if left + right < 0 else 1
    found = model.lagrangian()
    scale = values[1]
    assert found["majorana_mass_left"] == pytest.approx(sign * left, abs=1e-12 * scale)
    assert found["majorana_mass_right"] == pytest.approx(sign * right, abs=1e-12 * scale)
    assert found["dirac_mass"] == pytest.approx(
        abs(dirac), abs=1e-7 * scale
    )  # sin from cos, half of the digits at theta = 0
    assert model.charge_right == charge
    again = Inelastic.from_lagrangian(**found, mass=2.0, epsilon=1e-3, alpha_dark=0.1, charge_right=charge)
    for name, value in again.parameters().items():
        expected = model.parameters()[name]
        assert value == (
            expected if isinstance(expected, str) or expected is None else pytest.approx(expected, rel=1e-6, abs=1e-12)
        )


@pytest.mark.parametrize(("left", "right", "dirac"), [(0.06, 0.02, 0.5), (0.3, 0.2, 0.1), (0.5, -0.1, 0.2)])
@pytest.mark.parametrize("charges", [(1.0, 1.0), (1.0, 0.3)])
def test_couplings_are_those_of_the_mixing_matrix(left, right, dirac, charges):
    """Current Q_L chi_L^dag sigma chi_L - Q_R chi_R^c: V_ij = Q_L U*_Li U_Lj - Q_R U*_Ri U_Rj; Im V is vector, Re V axial."""
    model = Inelastic.from_lagrangian(
        majorana_mass_left=left,
        majorana_mass_right=right,
        dirac_mass=dirac,
        charge_left=charges[0],
        charge_right=charges[1],
        mass=2.0,
        alpha_dark=0.1,
    )
    unitary = takagi([[left, dirac], [dirac, right]])[1]
    v = charges[0] * np.outer(unitary[0].conj(), unitary[0]) - charges[1] * np.outer(unitary[1].conj(), unitary[1])
    found = model.couplings()
    assert abs(found["psi_2", "psi_1"].vector) == pytest.approx(abs(v[1, 0].imag), abs=1e-12)
    assert abs(found["psi_2", "psi_1"].axial) == pytest.approx(abs(v[1, 0].real), abs=1e-12)
    for name, k in (("psi_1", 0), ("psi_2", 1)):
        assert abs(found[name, name].axial) == pytest.approx(abs(v[k, k].real), abs=1e-12)
        assert found[name, name].vector == 0


def test_diagonalisation_by_hand():
    entry = REFERENCE["two_weyl_fermions"]
    model = Inelastic.from_lagrangian(
        **{k: entry[k] for k in ("majorana_mass_left", "majorana_mass_right", "dirac_mass")}
    )
    for name in ("psi_1", "psi_2"):
        assert model.fermion_masses()[name] == pytest.approx(entry[name], rel=entry["tolerance"])
    assert model.cos_2theta == pytest.approx(entry["cos_2theta"], rel=entry["tolerance"])
    assert model.current == "vector"


def test_massless_fermions_have_one_width_for_any_mixing():
    """g_D^2 M/12 pi, half of a Dirac fermion's for each of two Majorana ones."""
    for cosine in (-1.0, -0.3, 0.0, 0.6, 1.0):
        model = Inelastic(mass=2.0, alpha_dark=0.1, splitting=0.0, dark_matter_mass=1e-9, cos_2theta=cosine)
        assert sum(float(w) for w in model.dark_widths().values()) == pytest.approx(0.1 * 2.0 / 3, rel=1e-12)


def test_vector_and_axial_currents_differ():
    kinds = [Inelastic(**POINT, current=current).chain() for current in ("vector", "axial")]
    assert [(m.vector, m.axial) for m in (kinds[0].modes[0], kinds[1].modes[0])] == [(1.0, 0.0), (0.0, 1.0)]
    assert kinds[0].mediator_width > 1.5 * kinds[1].mediator_width
    assert kinds[0].ctau_unit_cm[1] > 1.5 * kinds[1].ctau_unit_cm[1]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"splitting": -0.1}, "inelastic: splitting = -0.1 is not allowed; expected at least 0 and at most 1000."),
        ({"alpha_dark": 13.0}, "inelastic: alpha_dark = 13 is not allowed; expected at least 0 and at most 12.5664 (4 pi, where g_D = 4 pi ends perturbation theory)."),
        ({"cos_2theta": 1.1}, "inelastic: cos_2theta = 1.1 is not allowed; expected at least -1 and at most 1."),
        ({"dark_matter_mass": 0.1, "dark_matter_mass_ratio": 0.3}, "inelastic: dark_matter_mass and dark_matter_mass_ratio are both given; give one of them."),
    ],
)  # fmt: skip
def test_wrong_parameters_are_refused(arguments, text):
    with pytest.raises(InvalidInput) as caught:
        Inelastic(**arguments)
    assert str(caught.value) == text


def test_wrong_lagrangians_are_refused():
    with pytest.raises(InvalidInput, match="make psi_1 massless; expected m_D\\^2 != mu_L mu_R"):
        Inelastic.from_lagrangian(majorana_mass_left=0.2, majorana_mass_right=0.2, dirac_mass=0.2)
    with pytest.raises(InvalidInput, match="inelastic: dirac_mass must be one number in GeV"):
        Inelastic.from_lagrangian(majorana_mass_left=0.2, majorana_mass_right=0.2, dirac_mass=[0.2, 0.3])
    with pytest.raises(InvalidInput, match="inelastic: dirac_mass"):
        Inelastic.from_lagrangian(majorana_mass_left=0.2, majorana_mass_right=0.2, dirac_mass="3 cm")


def test_tiny_lagrangians_are_not_lost_below_the_range_of_squares():
    model = Inelastic.from_lagrangian(majorana_mass_left=0, majorana_mass_right=0, dirac_mass=1e-200)
    assert float(model.dark_matter_mass) == pytest.approx(1e-200, rel=1e-15)
    assert float(model.splitting) == 0.0


@pytest.mark.parametrize("name", ["splitting", "dark_matter_mass", "dark_matter_mass_ratio", "cos_2theta", "current"])
def test_what_follows_from_the_lagrangian_cannot_be_given(name):
    with pytest.raises(InvalidInput, match=f"^inelastic: {name} follows from the masses of the Lagrangian"):
        Inelastic.from_lagrangian(majorana_mass_left=0.1, majorana_mass_right=0.1, dirac_mass=0.4, **{name: 0.1})
