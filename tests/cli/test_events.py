"""``portico events``: a file from a search that makes events, one sentence from any other."""

import importlib.util
import json
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from portico import registry
from portico.cli import interrupted
from portico.signatures.base import Search

pq = pytest.importorskip("pyarrow.parquet")

SEARCH = "belle2_disappearing_positron"
QUESTION = ("events", SEARCH, "dark_photon", "--set", "mass=0.1", "--set", "epsilon=1e-2", "-n", "1200", "--seed", "3")


@pytest.fixture
def sources(monkeypatch):
    """Give a search that makes no events the hand-made source of the tests of events, and tell what it was asked."""
    path = Path(__file__).parent.parent / "events" / "conftest.py"
    spec = importlib.util.spec_from_file_location("sources_of_events", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    real, asked = Search.signature.fget, []

    def event_source(search, model, seed):
        asked.append((search.name, model.NAME, seed))
        return module.source(seed=seed, epsilon=float(model.epsilon))

    def signature(search):
        return SimpleNamespace(**vars(real(search)), event_source=event_source)

    monkeypatch.setattr(Search, "signature", property(signature))
    return asked


def test_events_are_written_and_told(run, sources, tmp_path):
    path = tmp_path / "events.parquet"
    done = run(*QUESTION, "-o", str(path))
    assert (done.status, done.err) == (0, "")
    first, second, third = done.out.splitlines()
    assert first.startswith(f"{SEARCH}, dark_photon: 1200 events (mediator to psi3 psi2 ")
    assert second == "cross section within the cuts of their generation: 0.0015 pb"
    assert third == f"wrote {path}"
    assert sources == [(SEARCH, "dark_photon", 3)]
    assert pq.read_metadata(path).num_rows == 1200
    told = json.loads(pq.read_schema(path).metadata[b"portico"])
    assert (told["search"], told["model"], told["seed"], told["events_asked"]) == (SEARCH, "dark_photon", 3, 1200)
    assert told["parameters"]["mass"] == 0.1
    assert told["options"]["bremsstrahlung"] == "exact"
    assert "arXiv:" in " ".join(told["search_sources"] + told["model_sources"])


def test_json_is_one_document(run, sources, tmp_path):
    path = tmp_path / "events.parquet"
    done = run(*QUESTION, "-o", str(path), "--json")
    told = json.loads(done.out)
    assert list(told) == ["search", "model", "parameters", "seed", "events", "modes", "sigma_pb", "file"]
    assert (told["events"], sum(told["modes"].values()), told["file"]) == (1200, 1200, str(path))


def test_a_search_that_makes_none_is_refused_with_those_that_do(run, tmp_path):
    done = run(*QUESTION, "-o", str(tmp_path / "events.parquet"))
    able = [name for name in registry.names("search") if name != SEARCH]
    assert done.status == 2
    assert done.err.startswith(f"error: search '{SEARCH}' makes no events; searches that do: ")
    assert able or done.err.endswith(": none.\n")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_replaced_only_if_asked(run, sources, tmp_path):
    path = tmp_path / "events.parquet"
    path.write_text("mine")
    done = run(*QUESTION, "-o", str(path))
    assert done.status == 2
    assert done.err == f"error: output file '{path}' exists already; choose another, or replace it with --overwrite.\n"
    assert path.read_text() == "mine"
    assert sources == []
    assert run(*QUESTION, "-o", str(path), "--overwrite").status == 0
    assert pq.read_metadata(path).num_rows == 1200


def test_a_full_disk_is_told_with_the_path_as_it_is(run, sources, tmp_path, monkeypatch):
    from portico.events import lhe

    monkeypatch.setattr(lhe, "CHUNK", 500)
    monkeypatch.setattr(sys.modules["portico.cli.main"], "_drop_output", lambda: None)  # the output here has no file
    path, real = tmp_path / "Events.lhe", lhe.encode

    def encode(record, source, about):
        if record.number[0] == 1000:
            (tmp_path / "Events.lhe.parts" / ".writing").symlink_to("/dev/full")
        return real(record, source, about)

    monkeypatch.setattr(lhe, "encode", encode)
    done = run(*QUESTION, "-o", str(path))
    assert done.status == 2
    assert (
        done.err
        == f"error: cannot write '{path}': no space left on device; the first 1000 of 1200 events are in '{path}'.\n"
    )


def test_an_interruption_is_told_and_what_is_finished_stays(run, sources, tmp_path, monkeypatch):
    from portico.events import parquet

    monkeypatch.setattr(parquet, "CHUNK", 500)
    path, real = tmp_path / "events.parquet", parquet.encode

    def encode(record, source, about):
        if record.number[0] == 1000:
            signal.raise_signal(signal.SIGINT)
        return real(record, source, about)

    monkeypatch.setattr(parquet, "encode", encode)
    before, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
    try:
        done = run(*QUESTION, "-o", str(path))
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = hook
        interrupted._state.update(computing=False, asked=False)
    assert done.status == 130
    assert done.err == f"interrupted: the first 1000 of 1200 events are in '{path}'.\n"
    assert pq.read_metadata(path).num_rows == 1000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("-n", "0"), "number of events: 0 is not allowed; expected a whole number from 1 to 1,000,000,000."),
        (("-n", "1e3"), "'-n' / '--number': '1e3' is not a whole number; expected digits only, such as 1000."),
        (("-n", "1.5"), "'-n' / '--number': '1.5' is not a whole number"),
        (("-n", "9" * 5000), "is not a whole number"),
        (("--seed", "abc"), "'--seed': 'abc' is not a whole number"),
        (("--seed", "-1"), "--seed -1: expected a whole number from 0 to 2^32 - 1."),
        (("-o", "events.root"), "no format of events named '.root' in the ending of 'events.root'. Known: .hepmc, .hepmc3, .lhe, .parquet."),
        (("-o", ""), "output file: none is given"),
        (("--set", "epsilon=0"), "epsilon"),
        (("--set", "epsilon=1e-300"), "epsilon = 1e-300: vertices of events would be farther away than numbers go"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_sentence(run, sources, tmp_path, monkeypatch, change, message):
    monkeypatch.chdir(tmp_path)
    question = [*QUESTION, "-o", "events.lhe"]
    if change[0] == "--set":
        question[question.index("epsilon=1e-2")] = change[1]
    else:
        question += change
    done = run(*question)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert os.listdir(tmp_path) == []
