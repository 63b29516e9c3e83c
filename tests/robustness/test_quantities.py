"""Any text is a finite number in the unit asked for, or refused with a sentence."""

import math

from hypothesis import given
from hypothesis import strategies as st

from portico import units
from portico.errors import InvalidInput

TARGETS = (
    units.ENERGY,
    units.LENGTH,
    units.TIME,
    units.ANGLE,
    units.DIMENSIONLESS,
    units.CROSS_SECTION,
    units.LUMINOSITY,
    units.DENSITY,
    "g/mol",
)
numbers = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.from_regex(r"[+-]?[0-9]{0,3}\.?[0-9]{0,3}([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)
powers = st.builds(
    lambda name, power: name + power,
    st.sampled_from(units.UNIT_NAMES),
    st.sampled_from(("", "", "^2", "^-1", "^9", "^0", "^-9", "^+3")),
)
words = st.builds(
    lambda head, parts, joint: head + joint.join(parts), st.sampled_from(("", "", "/", " / ")), st.lists(powers, max_size=6), st.sampled_from(("*", "/", " * ", " "))
)  # fmt: skip
texts = st.one_of(
    st.builds(lambda a, b, c: f"{a}{b}{c}", numbers, st.sampled_from(("", " ", "  ")), words),
    st.builds(lambda a, b, c: f"{a}/{b} {c}", numbers, numbers, words),
)


def _holds(tools, text, target):
    try:
        with tools.deadline(20):
            value = units.convert(text, target, where="here")
    except InvalidInput as error:
        message = str(error)
        assert message.startswith(("here", "no unit named")), message
        assert len(message) <= 1510, message  # what messages are cut to, and the dots
        return False
    assert type(value) is float
    assert math.isfinite(value)
    return True


def test_any_text_is_a_finite_number_or_refused(tools, some):
    @some(250)
    @given(st.one_of(texts, tools.mangled(texts), tools.junk()), st.sampled_from(TARGETS))
    def holds(text, target):
        answers.append(_holds(tools, text, target))

    answers = []
    holds()
    assert {True, False} == set(answers)  # some are read, some refused


def test_any_object_is_a_finite_number_or_refused(tools, some):
    anything = st.one_of(
        st.none(),
        st.booleans(),
        st.floats(),
        st.integers(),
        st.complex_numbers(),
        st.binary(),
        st.lists(st.floats()),
        st.decimals(),
        st.fractions(),
        st.dates(),
    )

    @some(100)
    @given(anything, st.sampled_from(TARGETS))
    def holds(thing, target):
        answers.append(_holds(tools, thing, target))

    answers = []
    holds()
    assert False in answers
    assert _holds(tools, 0.25, units.DIMENSIONLESS)  # and some are read


def test_a_quantity_that_is_parsed_is_written_and_parsed_again(tools, some):
    """What parse returns is itself in the grammar: the same number and unit come back."""

    @some(100)
    @given(texts)
    def holds(text):
        try:
            first = units.parse(text)
        except InvalidInput:
            return
        again = units.parse(f"{first.value!r} {first.unit}")
        assert again == first

    holds()


def test_lengths_in_any_unit_are_finite_or_refused(tools, some):
    @some(100)
    @given(
        st.one_of(texts, numbers.map(lambda n: f"{n} X0"), numbers.map(lambda n: f"{n} cm")),
        st.sampled_from((None, 1.86, 1e-300, 1e300)),
    )
    def holds(text, length):
        for read in (units.length, units.radiation_lengths):
            try:
                value = read(text, length, where="here")
            except InvalidInput:
                continue
            assert math.isfinite(value)

    holds()
