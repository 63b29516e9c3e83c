"""Laws that every model with decaying dark fermions obeys by existing, and the chains of decays that cascades take."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import portico
from portico import registry
from portico.constants import HBARC_GEV_CM
from portico.decays.dark_fermions import PAIRS, pair_threshold
from portico.errors import InvalidInput, UnknownName
from portico.models import DarkPhoton, model_class
from portico.models.base import DarkFermionModel

NAMES = [name for name in registry.names("model") if issubclass(model_class(name), DarkFermionModel)]
EVERY = pytest.mark.parametrize("name", NAMES)


def _make(name, **values):
    kind = model_class(name)
    return kind(**{"mass": 1.25, "epsilon": 1e-3, **kind.EXAMPLE}).with_parameters(**values)


def test_three_models_are_of_this_kind():
    assert NAMES == ["dirac_inelastic", "heavy_neutral_lepton", "inelastic"]


@EVERY
@given(mass=st.floats(0.01, 20.0), epsilon=st.floats(1e-6, 1e-2), factor=st.floats(1e-3, 10.0))
def test_widths_of_fermions_go_with_the_square_of_the_mixing(name, mass, epsilon, factor):
    model = _make(name, mass=mass, epsilon=epsilon)
    widths, scaled = model.fermion_widths(), model.with_parameters(epsilon=epsilon * factor).fermion_widths()
    masses, errors = model.fermion_masses(), model.fermion_width_errors()
    for parent, partial in widths.items():
        assert list(partial) == list(scaled[parent])
        for channel, width in partial.items():
            daughter, _, pair = channel.partition(" ")
            assert pair in PAIRS
            assert scaled[parent][channel] == pytest.approx(factor**2 * width, rel=1e-12)
            if float(masses[parent] - masses[daughter]) <= pair_threshold(pair):
                assert width == 0.0
            assert 0 <= errors[parent][channel] <= 5e-3 * width
        length = model.fermion_ctau_cm()[parent]
        assert length * sum(partial.values()) == pytest.approx(HBARC_GEV_CM, rel=1e-12) or np.isinf(length)
    assert "psi_1" not in widths
    assert np.isinf(model.fermion_ctau_cm()["psi_1"])


@EVERY
@pytest.mark.parametrize("mass", [0.02, 0.3, 1.25, 4.0, 15.0])
def test_chain_holds_the_widths_of_the_model(name, mass):
    model = _make(name, mass=mass)
    chain = model.chain()
    names = list(model.fermion_masses())
    assert chain.masses == pytest.approx([float(m) for m in model.fermion_masses().values()])
    assert list(chain.masses) == sorted(chain.masses)
    assert sum(mode.ratio for mode in chain.modes) == pytest.approx(1.0, rel=1e-12)
    assert chain.mediator_width == pytest.approx(sum(float(w) for w in model.dark_widths().values()), rel=1e-12)
    for mode in chain.modes:
        assert mode.first >= mode.second
        channel = f"{names[mode.second]} {names[mode.first]}"
        assert mode.ratio * chain.mediator_width == pytest.approx(float(model.dark_widths()[channel]), rel=1e-12)
    lengths = model.fermion_ctau_cm()
    for k, parent in enumerate(names):
        ratios = [d.ratio for d in chain.decays if d.parent == k]
        assert (sum(ratios) == pytest.approx(1.0, rel=1e-12)) if ratios else np.isinf(chain.ctau_unit_cm[k])
        assert chain.ctau_unit_cm[k] / 1e-6 == pytest.approx(lengths[parent], rel=1e-12)
    assert all(isinstance(value, float) for value in (*chain.masses, *chain.ctau_unit_cm, chain.mediator_width))
    assert pickle.loads(pickle.dumps(chain)) == chain
    # what is at hand at epsilon = 1 does not depend on it
    assert model.with_parameters(epsilon=None).chain() == chain
    assert model.with_parameters(epsilon=0.5).chain() == chain


@EVERY
def test_options_of_a_chain(name):
    model = _make(name, mass=8.0)
    full, leptons, bare = model.chain(), model.chain(hadrons=False), model.chain(propagator_width="zero")
    assert any(d.pair == "hadrons" for d in full.decays)
    assert not any(d.pair == "hadrons" for d in leptons.decays)
    unstable = [k for k, length in enumerate(full.ctau_unit_cm) if np.isfinite(length)]
    assert unstable
    for k in unstable:
        hadronic = sum(d.ratio for d in full.decays if d.parent == k and d.pair == "hadrons")
        assert leptons.ctau_unit_cm[k] * (1 - hadronic) == pytest.approx(full.ctau_unit_cm[k], rel=1e-12)
        assert full.ctau_unit_cm[k] * 0.98 < bare.ctau_unit_cm[k] < full.ctau_unit_cm[k]
    with pytest.raises(UnknownName, match="no choice for propagator_width named 'none'"):
        model.chain(propagator_width="none")
    with pytest.raises(InvalidInput, match="a chain of decays is that of one point; mass is an array"):
        _make(name, mass=[1.0, 2.0]).chain()


@EVERY
def test_closed_dark_decays_leave_visible_ones_and_say_so(name):
    lightest = model_class(name).EITHER[0][0]
    model = _make(name, **{lightest: 1.0})
    assert sum(float(w) for w in model.dark_widths().values()) == 0.0
    chain = model.chain()
    assert (chain.modes, chain.decays, chain.steps()) == ((), (), 0)
    assert model.notes() == (
        "no pair of dark fermions that couples is lighter than the mediator: the mediator falls back to visible decays.",
    )
    assert sum(model.branching_ratios().values()) == pytest.approx(1.0)
    assert model.width() == pytest.approx(float(model.visible_width_unit()) * 1e-6, rel=1e-12)
    assert _make(name).notes() == ()
    assert _make(name, alpha_dark=0.0).notes() == ("alpha_dark is 0: the mediator falls back to visible decays.",)
    (large,) = _make(name, alpha_dark=2.0).notes()
    assert large.startswith("alpha_dark is above 1")
    (some,) = _make(name, mass=np.array([1.0, 5.0]), **{lightest: 1.0}).notes()
    assert "at 1 of 2 points" in some


@EVERY
def test_fermions_above_a_mediator_on_its_mass_shell_do_not_feel_the_mixing(name):
    """psi_h -> psi_l Z', Z' -> visible: the product of widths and branching ratios of the mediator."""
    from portico.decays.dark_fermions import width_to_fermion_and_vector

    splitting = "splitting_21" if name == "heavy_neutral_lepton" else "splitting"
    model = _make(name, **{model_class(name).EITHER[0][0]: 1.0, splitting: 1.9, "mass": 1.5})
    widths = model.fermion_widths()["psi_2"]
    weaker = model.with_parameters(epsilon=1e-4).fermion_widths()["psi_2"]
    g = np.sqrt(4 * np.pi * float(model.alpha_dark))
    coupling = model.couplings()["psi_2", "psi_1"]
    two_body = float(
        width_to_fermion_and_vector(1.5**2, 2.9, 1.0, vector=g * coupling.vector, axial=g * coupling.axial)
    )
    for pair in ("e+ e-", "mu+ mu-"):
        expected = two_body * float(model.branching_ratios()[pair])
        assert widths[f"psi_1 {pair}"] == pytest.approx(expected, rel=1e-5)
        assert weaker[f"psi_1 {pair}"] == pytest.approx(widths[f"psi_1 {pair}"], rel=1e-4)


@EVERY
def test_arrays_of_fermion_widths_equal_loops(name):
    mass, epsilon = np.array([[0.2], [1.25], [8.0]]), np.array([1e-4, 1e-2])
    together = _make(name, mass=mass, epsilon=epsilon).fermion_widths()
    for i, m in enumerate(mass[:, 0]):
        for j, e in enumerate(epsilon):
            for parent, partial in _make(name, mass=m, epsilon=e).fermion_widths().items():
                for channel, width in partial.items():
                    assert together[parent][channel][i, j] == pytest.approx(width, rel=1e-12)


@EVERY
def test_searches_for_invisible_vectors_refuse_these_models(name):
    with pytest.raises(
        InvalidInput, match=f"needs a model with a vector mediator and dark matter, such as dark_photon; given {name}"
    ):
        portico.signal("belle2_disappearing_positron", _make(name))


@pytest.mark.parametrize(
    ("kind", "coupling"), [("dirac", (1.0, 0.0)), ("majorana", (0.0, 1.0)), ("scalar", (1.0, 0.0))]
)
def test_chain_of_a_dark_photon_is_one_stable_pair(kind, coupling):
    model = DarkPhoton(mass=1.2, alpha_dark=0.5, dark_matter=kind)
    chain = model.chain()
    assert [(m.first, m.second, m.ratio) for m in chain.modes] == [(0, 0, 1.0)]
    assert (chain.modes[0].vector, chain.modes[0].axial) == coupling
    assert (chain.masses, chain.decays, chain.ctau_unit_cm, chain.majorana) == (
        pytest.approx((0.4,)),
        (),
        (np.inf,),
        kind == "majorana",
    )
    assert chain.mediator_width == pytest.approx(float(model.with_parameters(epsilon=0.0).width()), rel=1e-12)
    assert model.with_parameters(alpha_dark=0.0).chain().modes == ()
    assert model.with_parameters(dark_matter_mass_ratio=0.6).chain().modes == ()
    with pytest.raises(InvalidInput, match="a chain of decays is that of one point"):
        model.with_parameters(mass=[1.0, 2.0]).chain()
