import pickle

import numpy as np
import pytest

import portico
from portico import registry
from portico.errors import InvalidInput
from portico.models import DarkPhoton, Millicharged

NAME = "belle2_disappearing_positron"


# --- every search that is shipped ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", portico.searches())
def test_every_search_prepares_counts_and_pickles(name):
    search = portico.search(name)
    state = search.prepared()
    assert search.prepared() is state  # computed once
    assert (state.background is None) == hasattr(search.signature, "published_limit")
    if state.background is not None:
        assert state.background.expected >= 0
        assert state.background.uncertainty >= 0
        components = sum(value for value, _ in state.background.components.values())
        assert components == pytest.approx(state.background.expected, rel=1e-12)
    mass = np.geomspace(1e-3, 1.0, 10)
    if search.experiment.signature == "scintillator_coincidence":
        model = Millicharged(mass=mass, epsilon=3e-2)
    else:
        model = DarkPhoton(mass=mass, epsilon=1e-3, alpha_dark=0.5)
    signal = portico.signal(search, model)
    assert np.any(signal.expected > 0)
    assert np.all(np.isfinite(signal.expected))
    assert set(signal.numerical_error) == set(signal.systematic_error) == set(signal.channels)
    assert signal.search == name
    assert "@" in portico.cite(signal)
    again = pickle.loads(pickle.dumps(search))
    assert again == search
    assert hash(again) == hash(search)
    np.testing.assert_array_equal(portico.signal(again, signal.model).expected, signal.expected)


@pytest.mark.parametrize("name", portico.searches())
def test_every_option_has_a_default_among_its_choices_and_a_meaning(name):
    search = portico.search(name)
    for key, option in search.signature.OPTIONS.items():
        assert option.meaning, key
        if option.field is None:
            assert set(option.default.split(",")) <= set(option.choices)
        else:
            assert option.choices == ()
            again = search.with_options(**{key: search.options[key]})
            assert again == search
        assert search.options[key] == option.default


# --- options -------------------------------------------------------------------------------------------------------


def test_options_are_keywords():
    search = portico.search(NAME, bremsstrahlung="iww", tracks="both")
    assert search.options["bremsstrahlung"] == "iww"
    assert search.options["tracks"] == "both"
    assert search.with_options(tracks="positron").options == portico.search(NAME, bremsstrahlung="iww").options


@pytest.mark.parametrize(
    "channels", ["annihilation, bremsstrahlung", "bremsstrahlung,annihilation", ["bremsstrahlung", "annihilation"]]
)
def test_several_choices_in_any_order_and_form_are_the_same(channels):
    assert portico.search(NAME, channels=channels) == portico.search(NAME, channels="annihilation,bremsstrahlung")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"bremstrahlung": "iww"}, r"no option named 'bremstrahlung' in search 'belle2_disappearing_positron'\. Did you mean 'bremsstrahlung'\?"),
        ({"bremsstrahlung": "iwv"}, r"no choice for option bremsstrahlung named 'iwv'.*Did you mean 'iww'\?"),
        ({"channels": "annihilation,decay"}, r"no choice for option channels named 'decay'"),
        ({"width": 3}, r"no choice for option width named '3'.*Known: constant, running"),
        ({"width": ["constant", "running"]}, r"option width takes one choice; given constant, running"),
    ],
)  # fmt: skip
def test_wrong_option_is_refused(options, text):
    with pytest.raises(portico.InvalidInput, match=text):
        portico.search(NAME, **options)


def test_no_channel_at_all_is_refused():
    with pytest.raises(portico.InvalidInput, match="channels"):
        portico.search(NAME, channels=[])


def test_sources_name_the_paper_and_every_entry():
    search = portico.search(NAME)
    assert search.sources[0] == "arXiv:2212.04252"
    assert {entry.source for entry in search.experiment.entries.values()} <= set(search.sources)
    assert "Liang2022pul" in portico.cite(search)


def test_signature_is_found_by_name():
    assert portico.search(NAME).signature is registry.load("signature", "disappearing_positron")


@pytest.mark.parametrize("value", [np.array([1, 2]), np.array([0.1, 0.1]), [1, 2], None, object()])
def test_a_quantity_given_as_something_else_is_refused(value):
    with pytest.raises(InvalidInput, match=r"option seed: .* is not a quantity"):
        portico.search("na64e_semi_visible_2021", seed=value)
    with pytest.raises(InvalidInput, match="option hadronic_decays"):
        portico.search("na64e_semi_visible_2021", hadronic_decays=value)
