import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico import units
from portico.errors import InvalidInput, PorticoError, UnknownName


@pytest.mark.parametrize(
    ("text", "target", "value"),
    [
        ("67 MeV", units.ENERGY, 0.067),
        ("67MeV", units.ENERGY, 0.067),
        ("  1.5e-3   GeV ", units.ENERGY, 1.5e-3),
        ("-2 keV", units.ENERGY, -2e-6),
        (".5 TeV", units.ENERGY, 500.0),
        ("5", units.ENERGY, 5.0),
        (5, units.ENERGY, 5.0),
        (0.067, units.ENERGY, 0.067),
        ("40 cm", units.LENGTH, 40.0),
        ("4.7 mm", units.LENGTH, 0.47),
        ("2 km", units.LENGTH, 2e5),
        ("1 fm", units.LENGTH, 1e-13),
        ("50/ab", units.LUMINOSITY, 5e43),
        ("50 /ab", units.LUMINOSITY, 5e43),
        ("50 ab^-1", units.LUMINOSITY, 5e43),
        ("364 1/fb", units.LUMINOSITY, None),
        ("364/fb", units.LUMINOSITY, 3.64e41),
        ("2e34 1/cm^2", units.LUMINOSITY, None),
        ("2e34/cm^2", units.LUMINOSITY, 2e34),
        ("12 nb", units.CROSS_SECTION, 1.2e-32),
        ("1 fb", units.CROSS_SECTION, 1e-39),
        ("1 m^2", units.CROSS_SECTION, 1e4),
        ("15%", units.DIMENSIONLESS, 0.15),
        ("15 %", units.DIMENSIONLESS, 0.15),
        ("1/3", units.DIMENSIONLESS, 1 / 3),
        ("1 / 3", units.DIMENSIONLESS, 1 / 3),
        ("4.51 g/cm^3", units.DENSITY, 4.51),
        ("4510 kg/m^3", units.DENSITY, 4.51),
        ("4.51 g*cm^-3", units.DENSITY, 4.51),
        ("83 mrad", units.ANGLE, 0.083),
        ("32.2 deg", units.ANGLE, 32.2 * math.pi / 180),
        ("1 ns", units.TIME, 1e-9),
        ("1 yr", units.TIME, 365.25 * 86400),
        ("126.90447 g/mol", "g/mol", 126.90447),
        ("1/3 GeV", units.ENERGY, 1 / 3),
    ],
)
def test_accepted_quantities(text, target, value):
    if value is None:  # the grammar has no number inside a unit
        with pytest.raises(InvalidInput):
            units.convert(text, target)
        return
    assert units.convert(text, target) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "1,2 GeV", "10**8**8", "", " ", "MeV", "1/0", "1e999 GeV", "1e400/3 GeV", "2 (GeV)", "GeV 5", "5 GeV GeV", "5 GeV/",
        "5 GeV*", "5 GeV**2", "5 GeV^", "5 GeV^12", "5 GeV^1.5", "1/2/3 GeV", "0x10 GeV", "5 GeV; 3 cm", "1_000 GeV",
        "nan GeV", "inf GeV", "nan", "inf", "-inf GeV", "∞ GeV", "5 GeV\x00", "5" * 300, "+", "e5 GeV", "5..0 GeV",
        "5 //cm", "__import__('os')", "5 %%",
    ],
)  # fmt: skip
def test_text_outside_the_grammar_is_refused(text):
    with pytest.raises(InvalidInput):
        units.convert(text, units.ENERGY)


@pytest.mark.parametrize(
    "value", [True, False, None, [1.0], {"value": 1}, b"5 GeV", 1j, float("nan"), float("inf"), -math.inf]
)
def test_things_that_are_no_quantity_are_refused(value):
    with pytest.raises(InvalidInput, match=r"plan\.toml: mass"):
        units.convert(value, units.ENERGY, where="plan.toml: mass")


def test_huge_integers_are_refused():
    with pytest.raises(InvalidInput):
        units.convert(10**400, units.ENERGY)


def test_text_of_the_messages():
    with pytest.raises(InvalidInput) as caught:
        units.convert("1,2 GeV", units.ENERGY, where="plan.toml: mass")
    assert str(caught.value) == (
        "plan.toml: mass: '1,2 GeV' is not a quantity; expected number[/number] [unit], such as '67 MeV', '50/ab' or '1/3'."
    )
    with pytest.raises(InvalidInput) as caught:
        units.convert("5", units.LENGTH, where="depth")
    assert str(caught.value) == "depth: '5' has no unit; expected a length, such as '40 cm' or '16 X0'."
    with pytest.raises(InvalidInput) as caught:
        units.convert("3 cm", units.ENERGY, where="mass")
    assert str(caught.value) == "mass: '3 cm' is not an energy; expected for example '67 MeV'."
    with pytest.raises(InvalidInput) as caught:
        units.convert("1/0", units.DIMENSIONLESS, where="ratio")
    assert str(caught.value) == "ratio: '1/0' divides by zero."
    with pytest.raises(InvalidInput, match=r"mass: '1e999 GeV' is not finite; expected a number below 1.8e308\."):
        units.convert("1e999 GeV", units.ENERGY, where="mass")
    with pytest.raises(InvalidInput, match="ends in an operator; expected a unit behind it"):
        units.convert("5 g/", units.DENSITY)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("5 parsecs", None), ("5 gev", "GeV"), ("5 Mev", "MeV"), ("5 minutes", "minute"), ("5 CM", "cm")],
)
def test_unknown_unit_names_the_nearest(text, nearest):
    with pytest.raises(UnknownName, match=f"no unit named '{text.split()[1]}' in length: '{text}'") as caught:
        units.convert(text, units.LENGTH, where="length")
    assert "Known: %, GeV" in str(caught.value)
    assert nearest is None or f"Did you mean '{nearest}'?" in str(caught.value)


def test_a_length_in_radiation_lengths_needs_its_material():
    with pytest.raises(
        InvalidInput, match="depth: '16 X0' needs a material; give the length in cm or name the material"
    ):
        units.length("16 X0", where="depth")
    with pytest.raises(InvalidInput, match="needs a material to be counted in X0"):
        units.radiation_lengths("30 cm")
    assert units.length("16 X0", 1.86) == pytest.approx(29.76, rel=1e-15)
    assert units.length("30 cm", 1.86) == units.length("30 cm") == 30.0
    assert units.radiation_lengths("16 X0") == 16.0
    assert units.radiation_lengths("30 cm", 1.86) == pytest.approx(30 / 1.86, rel=1e-15)
    for function in (units.length, units.radiation_lengths):
        with pytest.raises(InvalidInput, match="is not a length"):
            function("3 GeV", 1.86)
    with pytest.raises(InvalidInput):
        units.convert("16 X0", units.LENGTH)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("32 deg", units.DIMENSIONLESS), ("5 mrad", units.DIMENSIONLESS), ("5%", units.ANGLE), ("1 GeV", units.DIMENSIONLESS),
        ("50/ab", units.CROSS_SECTION), ("50 ab", units.LUMINOSITY), ("1 s", units.LENGTH), ("1 GeV^2", units.ENERGY),
        ("1/GeV", units.ENERGY), ("3", units.ANGLE), ("3", units.TIME), ("3", units.CROSS_SECTION), ("3", units.DENSITY),
        ("3%", units.LENGTH), ("1 g", units.ENERGY), ("1 X0", units.ENERGY), ("1e300 TeV^1", units.LENGTH),
    ],
)  # fmt: skip
def test_another_dimension_is_refused(text, target):
    with pytest.raises(InvalidInput):
        units.convert(text, target)


def test_overflow_on_conversion_is_refused():
    with pytest.raises(InvalidInput, match="not finite in cm"):
        units.convert("1e305 km", units.LENGTH)


ENERGIES = {"TeV": 1e3, "GeV": 1.0, "MeV": 1e-3, "keV": 1e-6, "eV": 1e-9}
LENGTHS = {"km": 1e5, "m": 1e2, "cm": 1.0, "mm": 0.1, "um": 1e-4, "nm": 1e-7, "fm": 1e-13}
TIMES = {
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "ns": 1e-9,
    "ps": 1e-12,
    "fs": 1e-15,
    "minute": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
AREAS = {
    "b": 1e-24,
    "mb": 1e-27,
    "ub": 1e-30,
    "nb": 1e-33,
    "pb": 1e-36,
    "fb": 1e-39,
    "ab": 1e-42,
    "cm^2": 1.0,
    "mm^2": 1e-2,
}


@pytest.mark.parametrize("family", [ENERGIES, LENGTHS, TIMES, AREAS], ids=["energy", "length", "time", "area"])
def test_every_conversion_within_a_dimension(family):
    for given_unit, size in family.items():
        for target, other in family.items():
            # a few roundings of factors that are powers of ten
            assert units.convert(f"3 {given_unit}", target) == pytest.approx(3 * size / other, rel=1e-13)


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=30), st.from_regex(r"[0-9eE+\-./^* %A-Za-z]{0,20}", fullmatch=True)))
def test_random_text_gives_a_finite_number_or_an_error_of_ours(text):
    for target in (units.ENERGY, units.LENGTH, units.DIMENSIONLESS):
        try:
            value = units.convert(text, target)
        except PorticoError:
            continue
        assert math.isfinite(value)


@given(
    number=st.floats(-1e100, 1e100, allow_subnormal=False),
    names=st.lists(st.sampled_from([n for n in units.UNIT_NAMES if n != "%"]), min_size=1, max_size=3, unique=True),
    powers=st.lists(st.integers(-3, 3).filter(bool), min_size=3, max_size=3),
)
def test_quantities_survive_being_written_and_read(number, names, powers):
    unit = "*".join(name if power == 1 else f"{name}^{power}" for name, power in zip(names, powers, strict=False))
    quantity = units.parse(f"{number!r} {unit}")
    assert quantity == (number, unit)
    assert units.parse(f"{quantity.value!r} {quantity.unit}") == quantity
    assert units.convert(quantity, unit) == pytest.approx(number, rel=1e-13, abs=0)


@given(value=st.floats(1e-30, 1e30), pair=st.tuples(st.sampled_from(sorted(AREAS)), st.sampled_from(sorted(AREAS))))
def test_converting_there_and_back_returns_the_value(value, pair):
    there = units.convert(units.Quantity(value, pair[0]), pair[1])
    assert units.convert(units.Quantity(there, pair[1]), pair[0]) == pytest.approx(value, rel=1e-13)


def test_lengths_that_overflow_are_refused():
    with pytest.raises(InvalidInput, match=r"depth: '1e\+308 X0' is not finite in cm"):
        units.length("1e308 X0", 35.0, where="depth")
    with pytest.raises(InvalidInput, match=r"depth: '1e\+308 cm' is not finite in X0"):
        units.radiation_lengths("1e308 cm", 0.5, where="depth")


@pytest.mark.parametrize("unit", ["s*fb^9/km^9/km^9", "s*km^9*km^9/fb^9"])
def test_powers_of_units_that_leave_the_range_of_numbers_are_no_silent_zero(unit):
    """The factors are 1e-441 and 1e441."""
    with pytest.raises(InvalidInput, match=r"age: '1 .*' is not finite in s"):
        units.convert(f"1 {unit}", units.TIME, where="age")
