"""Any Python argument gives a result or an error of portico's own."""

import datetime
import decimal
import fractions
import math
import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import portico
from portico import registry
from portico.errors import PorticoError
from portico.models import model_class

MODELS, SEARCHES = registry.names("model"), registry.names("search")
ARRAYS = (
    np.array([0.03, 0.067]), np.array([]), np.array(0.067), np.array([[0.03], [0.067]]), np.array([np.nan, 0.1]), np.array([True, False]), np.array(["a"]),
    np.array([1j]), np.array([0.1, None], dtype=object), np.ma.masked_array([0.1, 0.2], [True, False]), np.array(["2024-02-29"], dtype="M8[D]"), np.array([b"x"]),
    np.zeros(3, dtype=[("a", float)]), np.float32(0.067), np.int64(3), np.longdouble("0.067"), np.array([2**63], dtype=np.uint64), np.float16(0.5), np.array([0.1, 0.1]),
)  # fmt: skip
OBJECTS = (
    None, True, 0, -1, 10**400, 1.5, float("nan"), float("inf"), -0.0, 1j, "", "67 MeV", "dirac", "cls", "epsilon", b"67 MeV", [], [0.03, "67 MeV"], ["a", 1], [[0.1], [0.1, 0.2]], (), {}, {"mass": 1},
    {1, 2}, object(), int, len, pathlib.Path("x"), decimal.Decimal("0.1"), fractions.Fraction(1, 3), datetime.date(2024, 2, 29), range(3), iter([0.1, 0.2]), Ellipsis, slice(1),
    memoryview(b"abc"), np, 5e-324, 1e308, "x" * 10_000,
)  # fmt: skip
anything = st.one_of(
    st.sampled_from(OBJECTS),
    st.sampled_from(ARRAYS),
    st.floats(),
    st.integers(),
    st.text(max_size=12),
    st.lists(st.floats(0.01, 0.1), max_size=4),
)
good = {
    "GeV": st.sampled_from((0.03, 0.067, "67 MeV", np.array([0.03, 0.067]))),
    "1": st.sampled_from((0.5, 1e-4, "1/3", "10%", np.array([0.1, 0.5]))),
    "rad": st.sampled_from((0.5, 0.0, "30 deg", math.pi / 2, np.array([0.1, 0.5]))),
}


@st.composite
def models(draw):
    """A model with lawful and strange parameters; the strange ones may be refused."""
    kind = model_class(draw(st.sampled_from(MODELS)))
    values = {}
    for name, spec in kind.PARAMETERS.items():
        if draw(st.booleans()):
            lawful = st.sampled_from(spec.choices) if spec.choices else good[spec.unit]
            values[name] = draw(st.one_of(lawful, lawful, lawful, lawful, anything))
    return kind(**values)


class Bears:
    """Calls functions; keeps count of answers and of refusals by an error of ours with a sentence. Both must occur."""

    answered = refused = 0

    def __call__(self, function, *arguments, **options):
        """The result, or None where it is refused."""
        try:
            result = function(*arguments, **options)
        except PorticoError as error:
            sentence = str(error)
        else:
            self.answered += 1
            return result
        assert sentence
        self.refused += 1
        return None


@pytest.fixture
def bears():
    return Bears()


def _plain_model():
    return model_class("dark_photon")(mass=0.067, epsilon=1e-4, alpha_dark=0.5)


def test_any_parameters_make_a_model_or_are_refused(tools, some, bears):
    @some(150)
    @given(st.data())
    def holds(data):
        with tools.deadline():
            model = bears(data.draw, models())
            if model is None:
                return
            widths = bears(model.partial_widths)
            for width in (widths or {}).values():
                assert np.all(np.asarray(width) >= 0), model
                assert np.all(np.isfinite(np.asarray(width))), model
            name = data.draw(st.sampled_from(sorted(model.PARAMETERS)))
            bears(model.with_parameters, **{name: data.draw(anything)})

    holds()
    assert bears.answered > 0
    assert bears.refused > 0


def test_any_options_make_a_search_or_are_refused(tools, some, bears):
    known = sorted({name for search in SEARCHES for name in portico.search(search).options})

    @some(150)
    @given(
        st.one_of(st.sampled_from(SEARCHES), anything),
        st.dictionaries(st.one_of(st.sampled_from(known), st.text(max_size=8)), anything, max_size=2),
    )
    def holds(name, options):
        options.pop("name_or_path", None)
        with tools.deadline():
            search = bears(portico.search, name, **options)
            if search is not None:
                bears(search.with_options, **options)

    holds()
    assert bears.answered > 0
    assert bears.refused > 0


@pytest.mark.parametrize("function", [portico.limit, portico.reach, portico.signal])
def test_any_question_is_answered_or_refused(tools, some, bears, function):
    search, model = portico.search(SEARCHES[0]), _plain_model()
    names = {
        portico.limit: ("parameter", "cl", "method"),
        portico.reach: ("scan", "parameter", "cl", "method"),
        portico.signal: (),
    }[function]
    scans = st.dictionaries(
        st.one_of(st.sampled_from(sorted(model.PARAMETERS)), anything.filter(_hashable)), anything, max_size=2
    )
    pools = {
        "scan": st.one_of(scans, anything, st.just({"mass": [0.03, 0.067]}), st.just({"mass": [0.03, 0.067]})),
        "parameter": st.sampled_from(("epsilon", "alpha_dark", "mass", "dark_matter")),
        "cl": st.sampled_from((0.9, 0.95, np.float64(0.5))),
        "method": st.sampled_from(("cls", "likelihood_ratio", "sqrt_b")),
    }

    @some(60)
    @given(st.data())
    def holds(data):
        options = {
            name: data.draw(st.one_of(pools[name], pools[name], anything))
            for name in names
            if name == "scan" or data.draw(st.booleans())
        }
        # a search is long when shown, hence by its place
        first, second = (data.draw(st.one_of(st.just("good"), st.just("good"), anything)) for _ in range(2))
        first, second = (search if isinstance(first, str) else first), (model if isinstance(second, str) else second)
        with tools.deadline():
            bears(function, first, second, **options)

    holds()
    assert bears.answered > 0
    assert bears.refused > 0


def test_any_count_is_answered_or_refused(tools, some, bears):
    number = st.one_of(
        st.sampled_from((0, 3, 94, 0.5, 1e-300, 1e9, 2e9, 1e12)), st.floats(0, 1e6), st.integers(0, 10**9), anything
    )

    @some(150)
    @given(
        number,
        number,
        st.fixed_dictionaries(
            {},
            optional={
                "efficiency": number,
                "luminosity_per_cm2": number,
                "cl": st.one_of(st.floats(0, 1), number),
                "method": st.one_of(st.sampled_from(("cls", "likelihood_ratio", "sqrt_b")), anything),
            },
        ),
    )
    def holds(observed, background, options):
        with tools.deadline():
            result = bears(portico.count_limit, observed, background, **options)
        if result is not None:
            assert result.upper_limit_events >= 0
            assert np.isfinite(result.upper_limit_events)
            assert result.upper_limit_cross_section_fb is None or np.isfinite(result.upper_limit_cross_section_fb)
            assert all(np.isfinite(value) for value in result.expected.values())

    holds()
    assert bears.answered > 0
    assert bears.refused > 0


def test_anything_is_cited_drawn_and_saved_or_refused(tools, some, bears, tmp_path):
    @some(40)
    @given(anything, anything)
    def holds(first, second):
        with tools.deadline():
            bears(portico.cite, portico.search(SEARCHES[0]) if isinstance(first, str) else first)
            bears(portico.plot.exclusion, first)
            bears(portico.plot.exclusion, [first, second])
            bears(portico.plot.exclusion_map, first)

    holds()
    assert bears.answered > 0
    assert bears.refused > 0


def _hashable(thing):
    try:
        hash(thing)
    except TypeError:
        return False
    return True
