"""Everything that crosses to another process or is stored comes back equal: models, searches and every result."""

import copy
import dataclasses
import multiprocessing
import pickle

import jax
import numpy as np
import pytest

import portico
from portico import errors, registry
from portico.models import model_class

SEARCHES, MODELS = portico.searches(), registry.names("model")
COPIES = pytest.mark.parametrize(
    "again", [lambda x: pickle.loads(pickle.dumps(x)), lambda x: pickle.loads(pickle.dumps(x, protocol=2)), copy.deepcopy, copy.copy],
    ids=["pickle", "old pickle", "deepcopy", "copy"],
)  # fmt: skip
POINT = {"mass": 0.067, "epsilon": 1e-4, "alpha_dark": 0.5}


def _model(name="dark_photon", **changes):
    kind = model_class(name)
    return kind(**{key: value for key, value in {**POINT, **kind.EXAMPLE, **changes}.items() if key in kind.PARAMETERS})


@pytest.fixture(scope="module")
def search():
    return portico.search(SEARCHES[0])


@COPIES
@pytest.mark.parametrize("name", MODELS)
def test_models_before_and_after_use(name, again):
    specs = model_class(name).PARAMETERS
    choices = [{}, *({key: choice} for key, spec in specs.items() for choice in spec.choices)]
    for changes in [*choices, {"mass": np.array([0.03, 0.067])}, {"mass": "67 MeV"}]:
        model = _model(name, **changes)
        before = again(model)
        width = np.asarray(model.width())
        for other in (before, again(model)):
            assert type(other) is type(model)
            np.testing.assert_array_equal(other.width(), width)
            assert jax.tree.structure(other) == jax.tree.structure(model)
            for field in dataclasses.fields(model):
                np.testing.assert_array_equal(getattr(other, field.name), getattr(model, field.name))


@COPIES
@pytest.mark.parametrize("name", SEARCHES)
def test_searches_before_and_after_use(name, again):
    fresh = portico.search(name)
    before = again(fresh)
    assert before == fresh
    assert hash(before) == hash(fresh)
    fresh.prepared()
    after = again(fresh)
    assert after == fresh
    assert after.prepared().background == fresh.prepared().background
    assert after.name == name
    assert after.with_options() == fresh


@COPIES
def test_signals_limits_and_counts(search, again):
    signal, limit = portico.signal(search, _model()), portico.limit(search, _model())
    copied = again(signal)
    assert copied._replace(model=None) == signal._replace(model=None)
    assert copied.model.parameters() == signal.model.parameters()
    assert again(limit) == limit
    assert portico.cite(again(limit)) == portico.cite(limit)
    count = portico.count_limit(3, 2.0, luminosity_per_cm2=1e39)
    assert again(count) == count


@COPIES
def test_reach_datasets(search, again):
    data = portico.reach(search, _model(), scan={"mass": [0.03, 0.067]})
    other = again(data)
    assert other.identical(data)
    assert portico.cite(other) == portico.cite(data)
    assert portico.plot.exclusion([other]) is not None


@COPIES
def test_errors(again):
    for kind in (errors.InvalidInput, errors.UnknownName, errors.OutOfValidity, errors.DataError, errors.NumericsError):
        other = again(kind("one sentence."))
        assert (type(other), str(other)) == (kind, "one sentence.")


def test_a_copy_of_a_search_does_not_share_what_is_kept(search):
    """What one keeps while it computes is not written into by the other."""
    search.prepared()
    other = copy.copy(search)
    assert other._prepared is not search._prepared


@pytest.mark.slow
def test_a_spawned_process_computes_the_same(search):
    model = _model()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        signal, limit = pool.apply(portico.signal, (search, model)), pool.apply(portico.limit, (search, model))
    here = portico.signal(search, model)
    assert signal.channels == pytest.approx(here.channels, rel=1e-12)
    assert signal.factors == here.factors
    assert limit.upper == pytest.approx(portico.limit(search, model).upper, rel=1e-12)
