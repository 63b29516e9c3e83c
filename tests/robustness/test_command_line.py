"""Any argument list ends in a status and, where it is wrong, in one sentence."""

import contextlib
import os
from functools import cache

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from portico import registry
from portico.cli.app import app
from portico.experiments.base import load
from portico.models import model_class
from portico.precision import magnetic_moment

COMMANDS = typer.main.get_command(app).commands
HEAVY = {"reproduce", "tables"}  # lawful calls of these take minutes: they get no lawful name
SCANS = ("mass=30MeV:100MeV:3", "mass=30MeV,67MeV", "mass=30MeV:100MeV:3:linear", "mass=1GeV:1MeV:3", "mass=1MeV:1GeV:10000000", "alpha_dark=0.1,1/2",
         "mass=67MeV,30MeV,0.1", "epsilon=1e-5,1e-4", "dark_matter_mass=1MeV,2MeV", "dark_matter_mass_ratio=0.1:0.3:2:linear", "dark_matter=dirac,scalar")  # fmt: skip
QUANTITIES = (
    "67MeV",
    "67 MeV",
    "0.067",
    "0.3",
    "1e-4",
    "1/2",
    "15%",
    "2",
    "3",
    "0",
    "276/pb",
    "50/ab",
    "40 cm",
    "1.5 X0",
    "32.2 deg",
    "90%",
    "0.9",
    "94",
)


@cache
def _pairs(kind):
    """Lawful values of --set and --option, from the registry."""
    values = []
    if kind == "--set":
        for model in registry.names("model"):
            for name, spec in model_class(model).PARAMETERS.items():
                good = spec.choices or {"GeV": ("67MeV", "0.03", "500 keV")}.get(
                    spec.unit, ("0.5", "1e-4", "1/3", "10%")
                )
                values += [f"{name}={value}" for value in good]
        return values
    for search in registry.names("search"):
        for name, option in registry.load("signature", load(search).signature).OPTIONS.items():
            values += [f"{name}={choice}" for choice in option.choices]
    return values


def _pool(command, parameter, folder):
    """Lawful values for one parameter of a command."""
    name = parameter.opts[0] if parameter.param_type_name == "option" else parameter.name
    if name in ("--set", "--option"):
        return _pairs(name)
    if command in HEAVY:
        return ("nonsense", "", "1e400")
    own = [name for kind in ("model", "search") for name in registry.names(kind)]
    return {
        "search": (*registry.names("search"), "mine.toml", "nowhere.toml", "binary.toml", "folder", "./mine.toml"),
        "model": registry.names("model"),
        "name": own,
        "--scan": SCANS,
        "-o": (os.path.join(folder, "out"), os.path.join(folder, "file"), os.path.join(folder, "file/below")),
        "--parameter": ("epsilon", "alpha_dark", "mass", "dark_matter"),
        "--method": ("cls", "likelihood_ratio", "sqrt_b"),
        "--data": magnetic_moment.names(),
        "--magnetic-moment": magnetic_moment.names(),
        "--lepton": magnetic_moment.LEPTONS,
        "--sigma": ("1", "2", "2.5", "0"),
        "--cl": ("0.9", "95%", "0", "1", "nan", "0.999999999999", "1e-6", "1e-300"),
    }.get(name, QUANTITIES)


POINT = ("mass=67MeV", "epsilon=1e-4", "alpha_dark=0.5")


@st.composite
def argument_lists(draw, tools, folder):
    """A command with values for its parameters, some of them strange; then perhaps shuffled, cut or spiked."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    wild = draw(st.booleans())
    arguments = []
    for parameter in COMMANDS[name].params:
        option = parameter.param_type_name == "option"
        if not draw(st.sampled_from((True, True, True, False) if parameter.required or not wild else (True, False))):
            continue
        flags = [parameter.opts[draw(st.integers(0, len(parameter.opts) - 1))]] if option else []
        if option and parameter.is_flag:
            arguments.append(flags[0])
            continue
        values = st.sampled_from(_pool(name, parameter, folder))
        values = tools.mangled(values) if wild else values
        given_values = draw(
            st.lists(values, min_size=1, max_size=3 if parameter.multiple or parameter.nargs != 1 else 1)
        )
        if "--set" in flags and draw(st.booleans()):
            given_values = [*POINT, *given_values] if wild else POINT
        for value in given_values:
            arguments += [*flags, value]
    match draw(st.sampled_from(("keep",) * 6 + ("spike", "shuffle", "cut", "twice"))):
        case "spike":
            arguments.insert(draw(st.integers(0, len(arguments))), draw(tools.junk()))
        case "shuffle":
            arguments = draw(st.permutations(arguments))
        case "cut":
            arguments = arguments[: draw(st.integers(0, len(arguments)))]
        case "twice":
            arguments = arguments + arguments
    head = draw(st.sampled_from((name,) * 12 + ("", name[:-1], name.upper(), "--json")))
    return [head, *(["nonsense"] if name in HEAVY else []), *arguments]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00\x01" * 100)
    (tmp_path / "mine.toml").write_bytes(registry.path_of("search", registry.names("search")[0]).read_bytes())
    return str(tmp_path)


def test_any_argument_list_ends_in_a_status_and_a_sentence(tools, some, folder):
    @some(150)
    @given(argument_lists(tools, folder))
    def holds(arguments):
        tools.check(tools.command(*arguments), arguments)

    holds()


def test_any_list_of_words_ends_in_a_status_and_a_sentence(tools, some, folder):
    words = st.one_of(
        tools.junk(),
        st.sampled_from(sorted(COMMANDS.keys() - HEAVY)),
        st.sampled_from(("--json", "--help", "--set", "-o", "--version")),
    )

    @some(100)
    @given(st.lists(words, max_size=5))
    def holds(arguments):
        tools.check(tools.command(*arguments), arguments)

    holds()


def test_the_tools_notice_what_is_wrong(tools, monkeypatch, folder):
    """Each property fails where a command breaks it."""
    from portico.cli import show

    def breaks(text, arguments):
        monkeypatch.setattr(show, "models", lambda *_, **__: print(text))
        with contextlib.suppress(AssertionError, ValueError):
            tools.check(tools.command("models", *arguments), arguments)
            return False
        return True

    assert not breaks('{"a": 1}', ["--json"])
    assert breaks('{"a": NaN}', ["--json"])
    assert breaks('{"a": 1} {"b": 2}', ["--json"])
    assert breaks("", ["--json"])
    monkeypatch.setattr(show, "models", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tools.command("models")
