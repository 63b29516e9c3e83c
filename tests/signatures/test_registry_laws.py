"""Laws that every search obeys by existing, with any model that it accepts."""

import math
from functools import cache

import numpy as np
import pytest

import portico
from portico import registry, units
from portico.errors import InvalidInput, PorticoError
from portico.models import model_class
from portico.signatures.base import Search

SEARCHES = portico.searches()
POINTS = (
    {"mass": 0.067, "epsilon": 1e-4, "alpha_dark": 0.5},
    {"mass": 0.067, "epsilon": 1e-4},
    {"mass": 0.3, "epsilon": 1e-3, "alpha_dark": 0.5},
    {"mass": 0.3, "epsilon": 1e-7},
)
ROUNDING = 1e-12
ON_EVERY_SEARCH = pytest.mark.parametrize("name", SEARCHES)


@cache
def _search(name):
    return portico.search(name)


@cache
def _model(name):
    """The first model of the registry, at the first point, of which this search expects events."""
    for stem in registry.names("model"):
        for point in POINTS:
            try:
                model = model_class(stem)(**point)
                if portico.signal(_search(name), model).expected > 0:
                    return model
            except (InvalidInput, TypeError):
                continue
    raise AssertionError(f"no model at the points of this file gives events in {name}; add one")


@cache
def _signal(name):
    return portico.signal(_search(name), _model(name))


@ON_EVERY_SEARCH
def test_yields_are_finite_and_their_errors_below_the_tolerance(name):
    signal = _signal(name)
    for channel, value in signal.channels.items():
        assert 0 <= value < math.inf, channel
        assert 0 <= signal.numerical_error[channel] < math.inf, channel
        assert 0 <= signal.systematic_error[channel] < math.inf, channel
    assert sum(signal.numerical_error.values()) <= _search(name).signature.TOLERANCE * signal.expected


@ON_EVERY_SEARCH
def test_channels_add_up_and_factors_multiply(name):
    signal = _signal(name)
    assert signal.expected == pytest.approx(sum(signal.channels.values()), rel=ROUNDING)
    assert {factor.channel for factor in signal.factors} == set(signal.channels)
    for channel, value in signal.channels.items():
        product = math.prod(factor.value for factor in signal.factors if factor.channel == channel)
        assert product == pytest.approx(value, rel=ROUNDING), channel
    for factor in signal.factors:
        assert factor.name
        assert factor.unit
        assert factor.source
    background = signal.background
    if background is None:  # limits rest on a published one
        assert hasattr(_search(name).signature, "published_limit")
        return
    assert sum(part for part, _ in background.components.values()) == pytest.approx(background.expected, rel=ROUNDING)


def _scaled(search, factor):
    """The search with its luminosity times a factor, None where it has none."""
    experiment, fields = search.experiment, search.signature.FIELDS
    entries = dict(experiment.entries)
    keys = [key for key in entries if fields[key].unit == units.LUMINOSITY]
    for key in keys:
        entries[key] = entries[key]._replace(value=f"{factor * experiment.number(key, units.LUMINOSITY)!r} /cm^2")
    return Search(experiment._replace(entries=entries), search.options) if keys else None


@ON_EVERY_SEARCH
def test_yields_and_backgrounds_grow_with_the_luminosity(name):
    twice = _scaled(_search(name), 2.0)
    if twice is None:
        pytest.skip("a search without a luminosity")
    signal, again = _signal(name), portico.signal(twice, _model(name))
    if signal.background is not None:
        assert again.background.expected == pytest.approx(2 * signal.background.expected, rel=ROUNDING)
    for channel, value in signal.channels.items():
        assert again.channels[channel] == pytest.approx(2 * value, rel=1e-9), channel  # folded anew


@ON_EVERY_SEARCH
def test_arrays_of_points_equal_loops_of_scalars(name):
    mass = np.array([0.5, 1.0, 1.5]) * _model(name).mass
    together = portico.signal(_search(name), _model(name).with_parameters(mass=mass)).expected
    alone = [portico.signal(_search(name), _model(name).with_parameters(mass=m)).expected for m in mass]
    np.testing.assert_allclose(together, alone, rtol=1e-9)  # batches differ in their padding


@ON_EVERY_SEARCH
def test_options_go_there_and_back(name):
    search = _search(name)
    for key, option in search.signature.OPTIONS.items():
        for choice in option.choices:
            changed = search.with_options(**{key: choice})
            assert changed.options[key] == choice
            assert changed.with_options(**search.options) == search
            assert (changed == search) == (choice == search.options[key])
            assert portico.search(name, **changed.options) == changed


@ON_EVERY_SEARCH
def test_a_file_answers_each_of_its_own_entries(name):
    experiment, fields = _search(name).experiment, _search(name).signature.FIELDS
    assert set(experiment.entries) <= set(fields)
    for key in experiment.entries:
        field = fields[key]
        if field.unit == "text":
            assert experiment.text(key)
        elif field.unit == "length":
            assert experiment.radiation_lengths(key, 2.0) > 0
        else:
            assert field.allows(experiment.number(key, field.unit)), key


@pytest.mark.slow
@ON_EVERY_SEARCH
def test_every_choice_of_every_option_gives_a_signal_or_says_why_not(name):
    search, answered = _search(name), 0
    for key, option in search.signature.OPTIONS.items():
        for choice in option.choices:
            try:
                chosen = search.with_options(**{key: choice})
                signal = portico.signal(chosen, _model(name))
            except PorticoError as error:
                told = str(error)
                assert choice in told
                continue
            answered += 1
            assert 0 <= signal.expected < math.inf, (key, choice)
            assert sum(signal.numerical_error.values()) <= chosen.tolerance(_model(name)) * signal.expected, (
                key,
                choice,
            )
    assert answered > 0
