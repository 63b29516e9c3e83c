import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import unitary_group

from portico.errors import InvalidInput
from portico.models import HeavyNeutralLepton

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "dark_fermions.json").read_text())
POINT = {"mass": 1.25, "alpha_dark": 0.11, "lightest_mass_ratio": 0.16, "splitting_21": 0.57, "splitting_32": 0.59}
ENTRIES = ("majorana_mass", "dirac_mass", "lambda_left", "lambda_right", "neutrino_dirac_mass")
FOUR = REFERENCE["four_states"]


def _from(entries, **others):
    return HeavyNeutralLepton.from_lagrangian(**entries, **{"mass": 2.0, "alpha_dark": 0.1, "epsilon": 1e-3, **others})


def test_masses_and_couplings_of_a_mass_matrix():
    model = _from({name: FOUR[name] for name in ENTRIES})
    np.testing.assert_allclose(list(model.fermion_masses().values()), FOUR["psi"], rtol=2 * FOUR["tolerance"])
    for name in ("21", "32", "11", "22", "33"):
        assert abs(getattr(model, f"v_{name}")) == pytest.approx(FOUR[f"v_{name}"], rel=1e-7)


def test_light_neutrino_and_active_mixing():
    """Columns of U found by the inverse are those of the matrix: M = U^* diag U^dagger holds in its first row."""
    from portico.models._seesaw import states

    entries = {name: FOUR[name] for name in ENTRIES}
    masses, mixing = states(**entries)
    assert masses[0] == pytest.approx(FOUR["neutrino"], rel=1e-8)  # 1e-16 of the heaviest
    found = _from(entries).active_mixing()
    np.testing.assert_allclose(np.abs(list(found.values())), np.abs(mixing[0, 1:]), rtol=1e-6)
    # seesaw: U_nu i = m_nuD U_eta i^*/m_i to leading order
    eta = mixing[1, 1:]
    np.testing.assert_allclose(
        np.abs(list(found.values())), FOUR["neutrino_dirac_mass"] * np.abs(eta) / masses[1:], rtol=1e-5
    )
    assert set(_from({**entries, "neutrino_dirac_mass": 0.0}).active_mixing().values()) == {0j}


@given(
    entries=st.tuples(*[st.complex_numbers(min_magnitude=0.05, max_magnitude=0.5)] * 4), neutrino=st.sampled_from([0.0, 1e-7, 1e-4, 3e-3])
)  # fmt: skip
def test_lagrangian_and_physical_parameters_are_inverse(entries, neutrino):
    """For complex matrices: back with phases of fields such that all but M_X are real; then exactly."""
    given_entries = {**dict(zip(ENTRIES, entries, strict=False)), "neutrino_dirac_mass": neutrino}
    model = _from(given_entries)
    masses = np.array(list(model.fermion_masses().values()))
    if np.min(np.diff(masses)) < 1e-3 * masses[2] or masses[0] < 0.02 * masses[2]:
        return  # directions of degenerate states, and phases of massless ones, are lost
    found = model.lagrangian()
    tolerance = 1e-8 * masses[2]
    for name in ("majorana_mass", "lambda_left", "lambda_right", "neutrino_dirac_mass"):
        assert found[name] == pytest.approx(abs(given_entries[name]), abs=tolerance)
    n, x, left, right = (given_entries[name] for name in ENTRIES[:4])
    invariant = np.angle(x * n / (left * right))  # no phase of a field changes this one
    assert found["dirac_mass"] == pytest.approx(abs(x) * np.exp(1j * invariant), abs=tolerance)
    again = _from(found)
    np.testing.assert_allclose(list(again.fermion_masses().values()), masses, rtol=1e-8)
    np.testing.assert_allclose(np.abs(again.coupling_matrix()), np.abs(model.coupling_matrix()), atol=1e-7)


def test_equal_yukawas_connect_even_with_odd_states_only():
    v = _from({"majorana_mass": 0.3, "dirac_mass": 0.45, "lambda_left": 0.1, "lambda_right": 0.1}).coupling_matrix()
    odd = 1  # mass M_X between the two even ones
    np.testing.assert_allclose(np.abs(np.diag(v)), 0.0, atol=1e-12)
    assert abs(v[0, 2]) < 1e-12
    assert abs(v[odd, 0]) ** 2 + abs(v[odd, 2]) ** 2 == pytest.approx(1.0, rel=1e-12)


def test_benchmark_and_its_branching_ratio():
    model = HeavyNeutralLepton(**POINT, epsilon=1e-3, v_32=1.0, v_21=0.195)
    np.testing.assert_allclose(list(model.fermion_masses().values()), [0.2, 0.314, 0.49926], rtol=1e-12)
    modes = {(m.first, m.second): m.ratio for m in model.chain().modes}
    assert modes[2, 1] == pytest.approx(0.96, abs=1e-3)  # |V21/V32| = 0.195 is given to three digits
    assert model.chain().steps() == 2
    axial = model.with_parameters(current="axial").fermion_widths()["psi_3"]["psi_2 e+ e-"]
    vector = model.fermion_widths()["psi_3"]["psi_2 e+ e-"]
    first = {e["name"]: e["width"] for e in REFERENCE["widths_of_fermions"]}
    assert vector == pytest.approx(first["three states, vector"], rel=3e-3)  # with the width of the mediator
    assert axial / vector == pytest.approx(first["three states, axial"] / first["three states, vector"], rel=3e-3)


def test_phases_turn_a_vector_current_into_an_axial_one():
    vector, axial = (HeavyNeutralLepton(**POINT, v_32=0.8, v_21=0.1, current=c) for c in ("vector", "axial"))
    for phase, same in ((np.pi / 2, vector), (0.0, axial)):
        turned = HeavyNeutralLepton(**POINT, v_32=0.8, v_21=0.1, current="complex", phase_32=phase, phase_21=phase)
        for channel, width in same.dark_widths().items():
            assert float(turned.dark_widths()[channel]) == pytest.approx(float(width), rel=1e-12)
    half = HeavyNeutralLepton(**POINT, v_32=0.8, v_21=0.1, current="complex", phase_32=np.pi / 4, phase_21=-np.pi / 4)
    for channel, width in half.dark_widths().items():
        mean = (float(vector.dark_widths()[channel]) + float(axial.dark_widths()[channel])) / 2
        assert float(width) == pytest.approx(mean, rel=1e-12)


def test_complex_couplings_survive_pickling_and_parameters():
    v = np.array([[0.1, 0.3 - 0.2j, 0.05j], [0.3 + 0.2j, -0.05, 0.4], [-0.05j, 0.4, -0.05]])
    model = HeavyNeutralLepton.from_couplings(couplings=v, **POINT)
    np.testing.assert_allclose(model.coupling_matrix(), v, atol=1e-15)
    for other in (pickle.loads(pickle.dumps(model)), HeavyNeutralLepton(**model.parameters()), model.with_parameters()):
        np.testing.assert_array_equal(other.coupling_matrix(), model.coupling_matrix())


def test_mixing_matrix_gives_the_couplings():
    u = unitary_group.rvs(4, random_state=3)
    model = HeavyNeutralLepton.from_mixing_matrix(mixing_matrix=u, **POINT)
    full = np.outer(u[2].conj(), u[2]) - np.outer(u[3].conj(), u[3])
    np.testing.assert_allclose(model.coupling_matrix(), full[1:, 1:], atol=1e-14)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: HeavyNeutralLepton.from_mixing_matrix(mixing_matrix=np.diag([1, 1, 1, 1.1]), **POINT),
         "heavy_neutral_lepton: the mixing matrix is not unitary: U^dagger U differs from 1 by up to 0.21; expected at most 1e-08."),
        (lambda: HeavyNeutralLepton.from_mixing_matrix(mixing_matrix=np.eye(3), **POINT),
         "heavy_neutral_lepton: mixing_matrix must be 4 x 4 finite complex numbers; given shape (3, 3)."),
        (lambda: HeavyNeutralLepton.from_couplings(couplings=[[0, 1, 0], [0.5, 0, 0], [0, 0, 0]], **POINT),
         "heavy_neutral_lepton: the matrix of couplings is not hermitian: V_12 = 1+0j and V_21 = 0.5+0j; expected V_ij = conj(V_ji)."),
        (lambda: HeavyNeutralLepton(**POINT, v_32=1.0, v_21=0.1, phase_32=0.1),
         "heavy_neutral_lepton: phase_32 is given with current=vector; expected current=complex."),
        (lambda: HeavyNeutralLepton(**POINT, v_32=1.2), "heavy_neutral_lepton: v_32 = 1.2 is not allowed; expected at least -1 and at most 1."),
        (lambda: HeavyNeutralLepton(splitting_32=-0.59), "heavy_neutral_lepton: splitting_32 = -0.59 is not allowed; expected at least 0 and at most 1000."),
    ],
)  # fmt: skip
def test_wrong_input_is_one_sentence(make, text):
    with pytest.raises(InvalidInput) as caught:
        make()
    assert str(caught.value) == text


def test_couplings_of_no_lagrangian_are_told():
    model = HeavyNeutralLepton(**POINT, v_32=1.0, v_21=0.195)
    with pytest.raises(
        InvalidInput,
        match=r"no mass matrix of this model has these masses and couplings .* eigenvalues 1, 0, -1; here they are 1\.019",
    ):
        model.lagrangian()
    with pytest.raises(InvalidInput, match="the active neutrino has a share of"):
        _from(
            {
                "majorana_mass": 0.3,
                "dirac_mass": 0.45,
                "lambda_left": 0.1,
                "lambda_right": 0.1,
                "neutrino_dirac_mass": 5.0,
            }
        )


@given(st.integers(0, 2**32 - 1))
def test_maximal_mixing_is_not_refused_for_rounding(seed):
    """chi_L and chi_R mix to two states of opposite parity with |V| = 1, here in a random basis that keeps these two."""
    rng = np.random.default_rng(seed)
    phases = np.exp(2j * np.pi * rng.random(4))
    half = np.sqrt(0.5)
    matrix = np.eye(4, dtype=complex)
    matrix[2:, 2:] = [[half, half], [-half, half]]
    v = np.abs(
        HeavyNeutralLepton.from_mixing_matrix(
            mixing_matrix=phases[:, None] * matrix, splitting_21=0.5, splitting_32=0.5
        ).coupling_matrix()
    )
    np.testing.assert_allclose(v, [[0, 0, 0], [0, 0, 1], [0, 1, 0]], atol=1e-12)


def test_couplings_above_one_by_rounding_are_one():
    model = HeavyNeutralLepton.from_couplings(couplings=np.eye(3) * (1 + 1e-12))
    assert model.v_11 == model.v_22 == model.v_33 == 1.0
    with pytest.raises(InvalidInput, match=r"v_11 = 1\.0001 is not allowed"):
        HeavyNeutralLepton.from_couplings(couplings=np.eye(3) * 1.0001)
    model = HeavyNeutralLepton.from_lagrangian(majorana_mass=0.3, dirac_mass=0.5 + 0.1j, lambda_left=0, lambda_right=0)
    assert np.abs(model.coupling_matrix()).max() == pytest.approx(1, abs=1e-12)


def test_what_follows_from_a_matrix_cannot_be_given():
    for name in ("v_32", "v_11", "phase_21", "current", "couplings"):
        with pytest.raises(InvalidInput, match=f"^heavy_neutral_lepton: {name} follows from the mixing matrix"):
            HeavyNeutralLepton.from_mixing_matrix(mixing_matrix=np.eye(4), **{name: 1})
    with pytest.raises(InvalidInput, match="v_32 follows from the matrix of couplings"):
        HeavyNeutralLepton.from_couplings(couplings=np.eye(3), v_32=1)
    with pytest.raises(InvalidInput, match="splitting_21 follows from the mass matrix"):
        HeavyNeutralLepton.from_lagrangian(majorana_mass=1, dirac_mass=1, lambda_left=1, lambda_right=0, splitting_21=1)


def test_masked_matrices_are_refused():
    with pytest.raises(InvalidInput, match="couplings is a masked array"):
        HeavyNeutralLepton.from_couplings(couplings=np.ma.masked_array(np.eye(3), np.eye(3) == 1))


def test_a_closed_coupling_has_no_width_whatever_the_splitting():
    """0 times the ratio of hadrons, which ends at 40 GeV, is 0 and not nan."""
    model = HeavyNeutralLepton(mass=1.25, epsilon=1e-3, alpha_dark=0.1, lightest_mass=20.0, splitting_21=1.0, splitting_32=0.9,
                               v_32=1.0, v_21=0.1)  # fmt: skip
    widths = model.fermion_widths()
    assert widths["psi_3"]["psi_1 hadrons"] == 0.0
    assert widths["psi_3"]["psi_2 hadrons"] > 0
