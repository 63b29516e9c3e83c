"""Checks that every model of the registry passes, and the tools of the abstract model."""

import dataclasses
import pickle

import jax
import numpy as np
import pytest

from portico import models, registry, sources
from portico.errors import InvalidInput, UnknownName
from portico.models import base

NAMES = registry.names("model")


def _example(name, **changes):
    """A model with a mass of 0.3 GeV and couplings of 1e-3, all else as it comes or as in its example."""
    kind = models.model_class(name)
    values = {
        parameter: 1e-3 for parameter, spec in kind.PARAMETERS.items() if spec.limit_range and spec.default == "none"
    }
    for first, second in kind.EITHER:
        if first in values and second in values:
            del values[first]
    return kind(**{"mass": 0.3, **values, **kind.EXAMPLE, **changes})


@pytest.mark.parametrize("name", NAMES)
def test_model_is_described(name):
    kind = models.model_class(name)
    assert name == kind.NAME
    assert kind.TITLE
    assert kind.TITLE[0].isupper()
    assert issubclass(kind, base.Model)
    assert not kind.__subclasses__()
    assert set(kind.PARAMETERS) == {field.name for field in dataclasses.fields(kind)}
    for parameter, spec in kind.PARAMETERS.items():
        assert spec.meaning, parameter
        assert spec.default, parameter
        assert spec.low < spec.high or spec.choices
        if spec.limit_range:
            low, high = spec.limit_range
            assert spec.low <= low < high <= spec.high
    assert sources.bibtex(kind.SOURCES)


@pytest.mark.parametrize("name", NAMES)
def test_branching_ratios_of_a_model_add_to_one(name):
    for mass in (0.01, 0.3, 5.0):
        model = _example(name, mass=mass)
        ratios = model.branching_ratios()
        assert sum(ratios.values()) == pytest.approx(1.0 if model.width() > 0 else 0.0, rel=1e-12)
        assert all(ratio >= 0 for ratio in ratios.values())
        assert model.width() == pytest.approx(sum(float(w) for w in model.partial_widths().values()), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_a_model_equal_loops(name):
    mass = np.array([0.01, 0.3, 5.0])
    together = _example(name, mass=mass)
    alone = [_example(name, mass=m) for m in mass]
    np.testing.assert_allclose(together.width(), [model.width() for model in alone], rtol=1e-12)
    np.testing.assert_allclose(together.ctau_cm(), [model.ctau_cm() for model in alone], rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_survives_pickling_and_a_round_trip_through_its_parameters(name):
    model = _example(name)
    assert pickle.loads(pickle.dumps(model)).width() == model.width()
    assert type(model)(**model.parameters()).width() == model.width()
    assert model.with_parameters().width() == model.width()
    assert model.with_parameters(mass=0.4).parameters()["mass"] == 0.4


_COMPILES_LONG = ("mixed_phase",)


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in _COMPILES_LONG else n for n in NAMES])
def test_gradients_of_a_model_are_finite(name):
    slope = jax.jit(jax.vmap(jax.grad(lambda mass: _example(name, mass=mass).width())))(np.array([0.01, 0.3, 5.0]))
    assert np.all(np.isfinite(slope))


@pytest.mark.parametrize("name", NAMES)
def test_values_outside_the_range_are_refused(name):
    for parameter, spec in models.model_class(name).PARAMETERS.items():
        if spec.choices:
            with pytest.raises(InvalidInput, match=f"no choice for {parameter}"):
                models.model_class(name)(**{parameter: "nonsense"})
            with pytest.raises(InvalidInput, match=f"no choice for {parameter} named 'None'"):
                models.model_class(name)(**{parameter: None})
            continue
        for wrong in (np.nan, np.inf, spec.low - 1 if np.isfinite(spec.low) else np.nan):
            with pytest.raises(InvalidInput, match=f"{name}: {parameter} = "):
                models.model_class(name)(**{parameter: wrong})


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_model_names_what_it_lacks(name):
    with pytest.raises(InvalidInput, match=f"{name}: mass.* must be set"):
        models.model_class(name)().width()


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_that_is_left_out_is_asked_for(name):
    """None stands for left out: whatever is needed then is named."""
    for parameter, spec in models.model_class(name).PARAMETERS.items():
        if spec.choices:
            continue
        try:
            width = _example(name, **{parameter: None}).width()
        except InvalidInput as error:
            told = str(error)
            names = (parameter, *models.model_class(name).alternatives(parameter))
            assert any(f"{' or '.join(order)} must be set" in told for order in (names, names[::-1]))
        else:
            assert width >= 0


def test_allowed_ranges_in_words():
    spec = base.Parameter("GeV", "x", "none", 0.0, 40.0, low_open=True)
    assert base.allowed_range(spec) == "above 0 GeV and at most 40 GeV"
    assert base.allowed_range(spec._replace(high=np.inf)) == "above 0 GeV"
    assert base.allowed_range(spec._replace(low=-np.inf, low_open=False)) == "at most 40 GeV"
    assert base.allowed_range(spec._replace(unit="1", low_open=False, high=1.0)) == "at least 0 and at most 1"
    assert base.allowed_range(spec._replace(choices=("a", "b"))) == "one of a, b"


TRACED = {
    "dark_photon": ("epsilon", {"mass": 0.3}),
    "inelastic": ("splitting", {"mass": 1.25, "epsilon": 1e-3, "alpha_dark": 0.1}),
    "dirac_inelastic": ("mixing_angle", {"mass": 1.25, "epsilon": 1e-3, "alpha_dark": 0.1, "splitting": 0.4}),
    "mixed_phase": ("epsilon", {"mass": 0.3}),
    "heavy_neutral_lepton": ("v_21", {**models.HeavyNeutralLepton.EXAMPLE, "mass": 1.25, "epsilon": 1e-3}),
}


_QUICK = ("dark_photon",)  # the others compile for long


@pytest.mark.parametrize("name", [n if n in _QUICK else pytest.param(n, marks=pytest.mark.slow) for n in TRACED])
def test_ratios_and_lengths_are_known_under_jit_and_grad(name):
    traced, others = TRACED[name]
    others = {key: value for key, value in others.items() if key != traced}

    def answers(value):
        model = models.model_class(name)(**others, **{traced: value})
        dark = isinstance(model, base.DarkFermionModel)
        fermions = [model.fermion_widths()["psi_2"]["psi_1 e+ e-"], model.fermion_ctau_cm()["psi_2"]] if dark else []
        return [*model.branching_ratios().values(), model.lifetime_s(), model.ctau_cm(), *fermions]

    at = 1e-3 if traced == "epsilon" else 0.3
    np.testing.assert_allclose(jax.jit(answers)(at), answers(at), rtol=1e-12)

    def length(value):
        model = models.model_class(name)(**others, **{traced: value})
        return model.ctau_cm()

    slope = (length(at * (1 + 1e-5)) - length(at * (1 - 1e-5))) / (2e-5 * at)
    assert jax.grad(length)(at) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_that_a_model_does_not_have_is_told_with_the_nearest(name):
    with pytest.raises(UnknownName, match=f"no parameter named 'epsilom' in model {name}. Did you mean 'epsilon'?"):
        models.model_class(name)(epsilom=0.1)


def test_widths_that_are_not_known_are_no_zeros():
    widths = {"a": 1.0, "b": float("nan")}
    assert all(np.isnan(value) for value in base.ratios(widths).values())
    assert np.isnan(base.inverse(1.0, float("nan")))
    assert base.inverse(1.0, 0.0) == np.inf
    model = models.Inelastic(mass=1.0, epsilon=1e-3, alpha_dark=0.1, splitting=np.array([0.4, 1000.0]))
    length = model.fermion_ctau_cm()["psi_2"]
    assert length[0] > 0
    assert np.isnan(length[1])


def test_a_limit_is_written_with_the_digits_that_tell_it_from_what_was_given():
    for given, expected in ((1.5708, "1.5708 is not allowed; expected at least 0 and at most 1.57079632679"),
                            (1.57079633, "1.57079633 is not allowed; expected at least 0 and at most 1.57079632679"),
                            (2.0, "2 is not allowed; expected at least 0 and at most 1.5708")):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            models.DiracInelastic(mixing_angle=given)
        assert str(refused.value) == f"dirac_inelastic: mixing_angle = {expected}."
    with pytest.raises(InvalidInput, match=r"= 1\.0000000000000999 is not allowed; .* at most 1\."):
        models.Inelastic(cos_2theta=1 + 1e-13)


def test_fermions_heavier_than_the_ratio_of_hadrons_have_no_chain(monkeypatch):
    model = models.Inelastic(mass=1.25, epsilon=1e-3, alpha_dark=0.1, splitting=0.4)
    known = model._widths_of_fermions(0.01, 1.0)
    broken = {names: {**pairs, "hadrons": (np.nan, np.nan)} for names, pairs in known.items()}
    monkeypatch.setattr(models.Inelastic, "_widths_of_fermions", lambda *_: broken)
    with pytest.raises(InvalidInput, match="the width of psi_2 to psi_1 hadrons is not known"):
        model.chain()
    assert model.chain(hadrons=False).ctau_unit_cm[1] > 0


def test_a_model_is_shown_with_its_values_and_long_arrays_short():
    model = models.DarkPhoton(mass=np.geomspace(0.1, 10, 30), epsilon="1e-3", alpha_dark=[[0.1], [0.5]])
    assert repr(model).startswith(
        "DarkPhoton(mass=[0.1, 0.11721, ..., 10] of shape (30,), epsilon=0.001, alpha_dark=[0.1, 0.5] of shape (2, 1), "
    )
    assert "dark_matter='dirac'" in str(model)
    assert "None" not in repr(model)
    assert "epsilon=..." in repr(jax.tree.map(lambda leaf: object(), model))
