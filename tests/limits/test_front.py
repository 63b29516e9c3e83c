import numpy as np
import pytest

import portico
from portico.limits import front
from portico.models import DarkPhoton


def test_searches_are_listed_by_name():
    assert "belle2_disappearing_positron" in portico.searches()
    assert portico.searches() == sorted(portico.searches())


def test_a_search_may_be_given_by_name():
    model = DarkPhoton(mass=0.067, epsilon=1e-4, alpha_dark=0.5)
    name = "belle2_disappearing_positron"
    assert portico.signal(name, model).expected == portico.signal(portico.search(name), model).expected
    assert portico.limit(name, model).intervals == portico.limit(portico.search(name), model).intervals


def test_given_objects_pass_unchanged():
    model, search = DarkPhoton(mass=0.067), portico.search("belle2_disappearing_positron")
    assert front.as_model(model) is model
    assert front.as_search(search) is search


@pytest.mark.parametrize("wrong", [None, 3, {"mass": 0.067}, DarkPhoton])
def test_something_else_is_refused(wrong):
    search = portico.search("belle2_disappearing_positron")
    for call in (portico.signal, portico.limit):
        with pytest.raises(portico.InvalidInput, match=r"model: expected a model such as portico\.models\.DarkPhoton"):
            call(search, wrong)
        with pytest.raises(portico.InvalidInput, match=r"search: expected a search or its name, given"):
            call(wrong, DarkPhoton(mass=0.067, alpha_dark=0.5))
    with pytest.raises(portico.InvalidInput, match=r"model: expected a model"):
        portico.reach(search, wrong, scan={"mass": [0.01, 0.02]})


def test_the_example_of_the_package_runs():
    model = portico.models.DarkPhoton(mass=0.067, epsilon=1e-4, alpha_dark=0.5)
    signal = portico.signal(portico.search("belle2_disappearing_positron"), model)
    # 3.30e-5 excludes 16 events without photons; with them 6% less at the top of the resonance
    assert signal.expected == pytest.approx(0.938 * 15.95 * (1e-4 / 3.30e-5) ** 2, rel=0.02)
    assert signal.background.expected == pytest.approx(94, rel=0.005)
    assert signal.observed is None
    assert np.isfinite(sum(signal.systematic_error.values()))


def test_cite_refuses_what_carries_no_sources():
    with pytest.raises(
        portico.InvalidInput, match="cite: int carries no sources; expected a signal, limit, reach or search"
    ):
        portico.cite(3)


def test_unknown_name_of_the_package_is_told():
    with pytest.raises(AttributeError, match="portico has no 'limitt'; it has "):
        portico.limitt  # noqa: B018
    assert set(dir(portico)) >= {"limit", "reach", "search", "signal"}
