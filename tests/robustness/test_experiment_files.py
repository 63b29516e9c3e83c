"""Any file is a search or refused with a sentence, and a search answers with numbers or a sentence."""

import copy
import datetime
import json
import math
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portico
from portico import registry
from portico.errors import PorticoError
from portico.experiments.base import STATUSES
from portico.models import model_class

SHIPPED = {name: registry.path_of("search", name).read_bytes() for name in registry.names("search")}
VALUES = st.one_of(
    st.sampled_from(("7 GeV", "-7 GeV", "0 GeV", "1e300 GeV", "1e-300 GeV", "40 cm", "16 X0", "1e-9 X0", "99 X0", "50/ab", "1e-300/ab", "1e300/ab", "95%", "0%", "100%", "5%", "CsI", "W", "",
                     "Kryptonite", "32.2 deg", "3.1 rad", "83 mrad", "1e400", "nan", "x" * 10_000, "\0", "ε", "4 MeV", "0.1 mm", "1e4 km")),
    st.sampled_from((0, 1, -1, 15, 10**30, -(10**18), 0.5, 0.95, 1e-320, 1e300, math.nan, math.inf, -math.inf, True, False)),
    st.floats(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=20),
    st.sampled_from(([], [1, 2], {}, {"value": 1}, [[]], datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1), datetime.time(1), "DROP")),
)  # fmt: skip
UNITS = st.sampled_from(("1", "", "GeV", "cm", "X0", "nonsense", 1, None, "DROP", [], "%"))


def toml(value, indent=0):
    """A value as inline TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value).replace("\x7f", "\\u007f")
        case float():
            return {math.inf: "inf", -math.inf: "-inf"}.get(value, "nan" if math.isnan(value) else repr(value))
        case list():
            return "[" + ", ".join(toml(item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
        case None:
            return '""'
    return str(value)


def document(content):
    """A document of inline values."""
    return "\n".join(f"{json.dumps(key)} = {toml(value)}" for key, value in content.items())


def _entries(content):
    return [(section, key) for section, table in content.items() if isinstance(table, dict) for key in table]


def _changed(draw, content, names):
    """Change one thing of a file."""

    def drawn(values):
        return copy.deepcopy(draw(values))  # what is drawn may be changed by the next step

    entries = _entries(content)
    how = draw(
        st.sampled_from(
            (
                "value",
                "value",
                "value",
                "value",
                "unit",
                "source",
                "status",
                "drop",
                "rename",
                "move",
                "head",
                "section",
                "extra",
                "deep",
            )
        )
    )
    section, key = draw(st.sampled_from(entries)) if entries else ("title", None)
    if key is None or how == "head":
        name = draw(st.sampled_from(("title", "label", "signature", "sources")))
        new = drawn(VALUES)
        content.pop(name, None) if new == "DROP" else content.update({name: new})
    elif how in ("value", "unit", "source", "status"):
        pool = {"value": VALUES, "unit": UNITS, "status": st.sampled_from((*STATUSES, "", 1, "DROP"))}.get(how, VALUES)
        new = drawn(pool)
        entry = content[section][key]
        if isinstance(entry, dict):
            entry.pop(how, None) if new == "DROP" else entry.update({how: new})
    elif how == "drop":
        del content[section][key]
    elif how == "rename":
        content[section][draw(st.sampled_from((key[:-1], key.upper(), "", "value", "é", "observed")))] = content[
            section
        ].pop(key)
    elif how == "move":
        content.setdefault(draw(st.sampled_from((*names, "nowhere"))), {})
        moved = content[section].pop(key)
        content[draw(st.sampled_from([n for n, t in content.items() if isinstance(t, dict)]))][key] = moved
    elif how == "section":
        content[section] = drawn(st.sampled_from(([], [content[section]], 1, "text", {}, {"a": {"b": {"c": 1}}})))
    elif how == "extra":
        content[section][draw(st.text(max_size=8))] = drawn(VALUES)
    else:
        content[section][key] = {"value": content[section][key], "source": "x" * 3, "status": "assumed"}


@st.composite
def files(draw):
    """A shipped file with one to four things changed, or with its bytes damaged."""
    original = draw(st.sampled_from(sorted(SHIPPED.values())))
    how = draw(st.sampled_from(("facts",) * 8 + ("bytes", "encoding", "junk", "cut", "long")))
    if how == "facts":
        content = copy.deepcopy(tomllib.loads(original.decode()))
        names = [name for name, table in content.items() if isinstance(table, dict)]
        for _ in range(draw(st.integers(1, 4))):
            _changed(draw, content, names)
        return document(content).encode("utf-8", "surrogatepass")
    if how == "bytes":
        place = draw(st.integers(0, len(original) - 1))
        return original[:place] + draw(st.binary(max_size=4)) + original[place + draw(st.integers(0, 40)) :]
    if how == "encoding":
        return original.decode().encode(draw(st.sampled_from(("utf-16", "utf-32", "utf-8-sig", "cp037", "utf-7"))))
    if how == "cut":
        return original[: draw(st.integers(0, len(original)))]
    if how == "long":
        tail = draw(
            st.sampled_from(
                (
                    b"\n[a" + b".a" * 5000 + b"]",
                    b"\nx = " + b"[" * 5000,
                    b"\nx = " + b"9" * 10_000,
                    b"\n#" + b"x" * 2_000_000,
                    b'\nx = """' + b"y" * 500_000 + b'"""',
                )
            )
        )
        return original + tail
    return draw(st.binary(max_size=200))


def _sentence(error):
    text = str(error)
    assert text, repr(error)
    assert len(text) < 3000, text[:3000]
    assert "\n" not in text.strip(), text


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.toml"


def test_any_file_is_a_search_or_refused(tools, some, path):
    @some(250)
    @given(files())
    def holds(content):
        path.write_bytes(content)
        try:
            with tools.deadline(20):
                search = portico.search(str(path))
        except PorticoError as error:
            _sentence(error)
        else:
            assert search.name == "mine"
            assert portico.cite(search) is not None

    holds()


@pytest.mark.slow
def test_a_search_from_any_file_answers_or_says_why_not(tools, some, path):
    """Whatever facts a file has: the state of the search, a signal and a limit are numbers, or an error of ours."""
    model = model_class("dark_photon")(mass=0.067, epsilon=1e-4, alpha_dark=0.5)

    @some(15)
    @given(files())
    def holds(content):
        path.write_bytes(content)
        try:
            with tools.deadline():
                search = portico.search(str(path))
                background = search.prepared().background
                assert background is None or 0 <= background.expected < math.inf
                assert background is None or 0 <= background.uncertainty < math.inf
                signal = portico.signal(search, model)
                assert 0 <= signal.expected < math.inf
                assert sum(signal.channels.values()) == pytest.approx(signal.expected, rel=1e-12)
                portico.limit(search, model)
        except PorticoError as error:
            _sentence(error)

    holds()
