"""Nothing is lost: full disks, Ctrl-C, kills and second runs; and one sentence for every wrong input."""

import errno
import importlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import portico.events
from portico.errors import InvalidInput, NumericsError, UnknownName
from portico.events import files, join_parts, write
from portico.events.metadata import metadata

CHUNK, COUNT = 100, 450
ENDINGS = tuple(files.FORMATS)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    for name in files.FORMATS.values():
        module = importlib.import_module(f"portico.events.{name}")
        if module.REQUIRES:
            pytest.importorskip(module.REQUIRES)
        monkeypatch.setattr(module, "CHUNK", CHUNK)


def numbers(path):
    """Events in a file, by the package that others read it with."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(path)["number"].to_pylist()
    if path.suffix.startswith(".hepmc"):
        import pyhepmc

        with pyhepmc.open(path) as file:
            return [event.event_number for event in file]
    pylhe = pytest.importorskip("pylhe")
    return list(range(len(list(pylhe.LHEFile.fromfile(str(path)).events))))


def left(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("ending", ENDINGS)
def test_all_events_are_written_and_nothing_else_is_left(make, tmp_path, ending):
    path, seen = tmp_path / "new" / f"events{ending}", []
    written = write(path, make.source(), COUNT, on_chunk=seen.append)
    assert written.path == path
    assert (written.events, sum(written.modes.values()), list(written.modes)) == (
        COUNT, COUNT, ["psi3 psi2", "psi2 psi2", "psi3 psi1"],
    )  # fmt: skip
    assert seen == [100, 100, 100, 100, 50]
    assert numbers(path) == list(range(COUNT))
    assert left(path.parent) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_a_full_disk_leaves_a_readable_file_up_to_the_last_chunk(make, tmp_path, ending, chunks):
    path, done = tmp_path / f"events{ending}", []

    def filled(count):
        done.append(count)
        if len(done) == chunks:
            fill()

    def fill():
        (tmp_path / f"{path.name}.parts" / ".writing").symlink_to("/dev/full")

    source = make.source()
    if chunks == 0:
        sample = source.sample

        def first(start, count):
            fill()
            return sample(start, count)

        source = source._replace(sample=first)
    with pytest.raises(OSError, match="No space left on device") as full:
        write(path, source, COUNT, on_chunk=filled)
    assert full.value.errno == errno.ENOSPC
    assert full.value.filename == str(path)
    if chunks == 0:
        assert full.value.strerror == "No space left on device; no event was finished"
        assert left(tmp_path) == []
        return
    assert full.value.strerror == f"No space left on device; the first {100 * chunks} of {COUNT} events are in '{path}'"
    assert numbers(path) == list(range(100 * chunks))
    assert left(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_disk_too_full_to_join_leaves_the_parts(make, tmp_path, monkeypatch, ending):
    path = tmp_path / f"events{ending}"
    module = importlib.import_module(f"portico.events.{files.FORMATS[ending]}")

    def full(parts, target):
        target.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(module, "join", full)
        with pytest.raises(OSError, match=f"the first 450 of 450 events are in the folder '.*{ending}.parts'"):
            write(path, make.source(), COUNT)
    assert left(tmp_path) == [f"{path.name}.parts", *(f"{path.name}.parts/part-{k:06d}{ending}" for k in range(5))]
    assert sum(len(numbers(part)) for part in (tmp_path / f"{path.name}.parts").iterdir()) == COUNT
    assert join_parts(path).events == COUNT
    assert numbers(path) == list(range(COUNT))
    assert left(tmp_path) == [path.name]


KILLED = """
import importlib.util, os, signal, sys
from pathlib import Path
conftest, path, how = sys.argv[1:]
spec = importlib.util.spec_from_file_location("sources", conftest)
sources = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sources)
from portico.events import files, parquet, hepmc, lhe
for module in (parquet, hepmc, lhe):
    module.CHUNK = 100
done = []
def on_chunk(count):
    done.append(count)
    if how == "between" and len(done) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
real = Path.open
def half(self, *mode, **more):
    file = real(self, *mode, **more)
    if how == "within" and len(done) == 3 and self.name == ".writing":
        file.write(b"half a chunk")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    return file
Path.open = half
if how == "joining":
    files._Parts.join = lambda self: os.kill(os.getpid(), signal.SIGKILL)
files.write(path, sources.source(), 450, on_chunk=on_chunk)
"""


@pytest.mark.parametrize(("ending", "how"), [(ENDINGS[0], "between"), (ENDINGS[1], "within"), (ENDINGS[2], "within"), (ENDINGS[0], "joining")])  # fmt: skip
def test_a_kill_leaves_readable_files_that_are_joined_later(make, tmp_path, ending, how):
    path = tmp_path / f"events{ending}"
    conftest = Path(__file__).with_name("conftest.py")
    done = subprocess.run([sys.executable, "-c", KILLED, str(conftest), str(path), how], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    finished = COUNT if how == "joining" else 300
    assert not path.exists()
    parts = sorted((tmp_path / f"{path.name}.parts").glob("part-*"))
    assert sum(len(numbers(part)) for part in parts) == finished
    with pytest.raises(InvalidInput, match=r"holds events of a run that was killed; keep them with .*join_parts"):
        write(path, make.source(), COUNT)
    assert join_parts(path).events == finished
    assert numbers(path) == list(range(finished))
    assert left(tmp_path) == [path.name]
    whole = tmp_path / f"whole{ending}"
    write(whole, make.source(), finished)
    # the metadata tell how many were asked
    assert path.stat().st_size == pytest.approx(whole.stat().st_size, abs=100)


def test_what_a_kill_left_is_replaced_if_asked(make, tmp_path):
    folder = tmp_path / "events.lhe.parts"
    folder.mkdir()
    (folder / "part-000000.lhe").write_text("old")
    (folder / "part-000007.lhe").write_text("old")
    write(tmp_path / "events.lhe", make.source(), COUNT, overwrite=True)
    assert numbers(tmp_path / "events.lhe") == list(range(COUNT))
    assert left(tmp_path) == ["events.lhe"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_interruption_keeps_what_is_finished(make, tmp_path, ending):
    path, done = tmp_path / f"events{ending}", []

    def interrupt(count):
        done.append(count)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stop:
        write(path, make.source(), COUNT, on_chunk=interrupt)
    assert str(stop.value) == f"the first 200 of 450 events are in '{path}'"
    assert numbers(path) == list(range(200))
    assert left(tmp_path) == [path.name]


def test_an_error_of_the_source_keeps_what_is_finished(make, tmp_path):
    source = make.source()

    def sample(start, count):
        if start == 300:
            raise NumericsError("the sampler missed its tolerance.")
        if start > 300:
            raise AssertionError
        return source.sample(start, count)

    path = tmp_path / "events.lhe"
    with pytest.raises(NumericsError) as failed:
        write(path, source._replace(sample=sample), COUNT)
    assert str(failed.value) == f"the sampler missed its tolerance; the first 300 of 450 events are in '{path}'."
    assert numbers(path) == list(range(300))


def test_no_file_is_replaced_silently(make, tmp_path):
    path = tmp_path / "events.lhe"
    path.write_text("mine")
    for action in (lambda: write(path, make.source(), 10), lambda: join_parts(path)):
        with pytest.raises(InvalidInput) as refused:
            action()
        assert (
            str(refused.value)
            == f"output file '{path}' exists already; choose another, or replace it with --overwrite."
        )
    assert path.read_text() == "mine"
    write(path, make.source(), 10, overwrite=True)
    assert numbers(path) == list(range(10))


def test_a_file_that_comes_up_meanwhile_stays_and_so_do_the_events(make, tmp_path):
    path = tmp_path / "events.lhe"
    with pytest.raises(FileExistsError, match=r"came up .* first 450 of 450 events are in the folder"):
        write(path, make.source(), COUNT, on_chunk=lambda count: path.write_text("mine"))
    assert path.read_text() == "mine"
    assert join_parts(path, overwrite=True).events == COUNT


def test_an_older_file_stays_until_a_chunk_is_finished(make, tmp_path):
    path = tmp_path / "events.lhe"
    path.write_text("old")

    def broken(start, count):
        raise NumericsError("nothing comes.")

    with pytest.raises(NumericsError, match=r"^nothing comes; no event was finished\.$"):
        write(path, make.source(sample=broken), COUNT, overwrite=True)
    assert path.read_text() == "old"
    assert left(tmp_path) == ["events.lhe"]


def test_a_second_run_into_the_same_file_is_refused_and_the_first_unharmed(make, tmp_path):
    path, told = tmp_path / "events.lhe", []

    def second(count):
        if not told:
            for action in (lambda: write(path, make.source(), 10, overwrite=True), lambda: join_parts(path)):
                with pytest.raises(InvalidInput) as refused:
                    action()
                told.append(str(refused.value))

    thread = threading.Thread(target=lambda: write(path, make.source(), COUNT, on_chunk=second))
    thread.start()
    thread.join()
    assert told == [f"output file '{path}' is being written by another run; choose another, or wait for its end."] * 2
    assert numbers(path) == list(range(COUNT))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("events.hepmc2", "no format of events named '.hepmc2' in the ending of '{path}'. Did you mean '.hepmc'? Known: .hepmc, .hepmc3, .lhe, .parquet."),
        ("events.parqet", "no format of events named '.parqet' in the ending of '{path}'. Did you mean '.parquet'? Known: .hepmc, .hepmc3, .lhe, .parquet."),
        ("events", "no format of events named 'events' in the ending of '{path}'. Known: .hepmc, .hepmc3, .lhe, .parquet."),
    ],
)  # fmt: skip
def test_an_unknown_ending_is_told_with_the_nearest(make, tmp_path, name, message):
    path = tmp_path / name
    with pytest.raises(UnknownName) as refused:
        write(path, make.source(), 10)
    assert str(refused.value) == message.format(path=path)
    assert left(tmp_path) == []


def test_places_that_cannot_be_written_are_told(make, tmp_path):
    (tmp_path / "folder.lhe").mkdir()
    (tmp_path / "file").write_text("")
    cases = {
        tmp_path / "folder.lhe": "is a folder; give the name of a file in it",
        tmp_path / "file" / "events.lhe": "cannot be written: not a directory; choose another with -o",
        tmp_path / ("x" * 300 + ".lhe"): "cannot be written: file name too long; choose another with -o",
        "/proc/events.lhe": "cannot be written: no such file or directory; choose another with -o",
        "": "none is given; name one with -o, such as events.parquet",
        "a\0.lhe": "cannot be written: its name is no text that a file may bear",
        "\ud800.lhe": "cannot be written: its name is no text that a file may bear",
    }
    for path, message in cases.items():
        with pytest.raises(InvalidInput) as refused:
            write(path, make.source(), 10)
        assert message in str(refused.value)
        assert str(refused.value).startswith("output file")


@pytest.mark.parametrize("ending", [ending for ending, name in files.FORMATS.items() if name != "lhe"])
def test_a_missing_extra_is_told_before_anything_is_made(make, tmp_path, monkeypatch, ending):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    package = {".parquet": "pyarrow", ".hepmc": "pyhepmc", ".hepmc3": "pyhepmc"}[ending]
    path = tmp_path / f"events{ending}"
    with pytest.raises(InvalidInput) as refused:
        write(path, make.source(), 10)
    assert (
        str(refused.value)
        == f"'{path}': {ending} needs the package {package}; install it with: pip install 'portico[events]'."
    )
    write(tmp_path / "events.lhe", make.source(), 10)  # plain text


@pytest.mark.parametrize("count", [0, -1, 10**10, True, 1.5, "9" * 400, None, np.float64(10)])
def test_a_wrong_number_of_events_is_told(make, tmp_path, count):
    with pytest.raises(
        InvalidInput,
        match=r"^number of events: .{1,30} is not allowed; expected a whole number from 1 to 1,000,000,000\.$",
    ):
        write(tmp_path / "events.lhe", make.source(), count)


def test_a_source_without_events_is_told(make, tmp_path):
    for epsilon in (0.0, -1e-3, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match="vertices of events need an epsilon above 0"):
            write(tmp_path / "events.lhe", make.source(epsilon=epsilon), 10)
    closed = make.source(chain=make.chain()._replace(modes=()))
    with pytest.raises(InvalidInput, match="the mediator has no open decay to dark fermions"):
        write(tmp_path / "events.lhe", closed, 10)
    with pytest.raises(InvalidInput, match=r"nothing of '.*' is left to join"):
        join_parts(tmp_path / "events.lhe")
    (tmp_path / "events.lhe.parts").mkdir()
    with pytest.raises(InvalidInput, match="holds no finished events"):
        join_parts(tmp_path / "events.lhe")


def test_public_names():
    assert portico.events.__all__ == ["Written", "join_parts", "write"]


def test_a_whole_number_of_numpy_is_one(make, tmp_path):
    written = write(tmp_path / "events.lhe", make.source(), np.int64(10))
    assert written.events == 10
    assert isinstance(written.events, int)


@pytest.mark.parametrize("epsilon", [1e-300, 1e-160, 1e-64])
def test_vertices_beyond_the_range_of_numbers_are_refused(make, tmp_path, epsilon):
    with pytest.raises(InvalidInput, match=r"^epsilon = 1e-\d+: vertices .*; expected at least 1e-60"):
        write(tmp_path / "events.lhe", make.source(epsilon=epsilon), 10)
    long = make.chain()._replace(ctau_unit_cm=(np.inf, 1e110, 1e-6))
    with pytest.raises(InvalidInput, match=r"expected at least 1e-10\.$"):
        write(tmp_path / "events.lhe", make.source(chain=long, epsilon=0.9e-10), 10)
    write(tmp_path / "events.lhe", make.source(epsilon=1e-60), 10)
    assert "inf" not in (tmp_path / "events.lhe").read_text().partition("<event>")[2]


@pytest.mark.parametrize("path", [None, b"events.lhe", 3, ["events.lhe"]])
def test_what_is_no_path_is_refused(make, path):
    with pytest.raises(InvalidInput, match=r"^output file: .* is no name of a file"):
        write(path, make.source(), 10)


@pytest.mark.parametrize("source", [None, "babar", 3])
def test_what_is_no_source_is_refused(tmp_path, source):
    with pytest.raises(InvalidInput, match=r"^source of events: .* is none; expected an EventSource"):
        write(tmp_path / "events.lhe", source, 10)


@pytest.mark.parametrize("about", [{"x": object()}, {"x": 1j}, {"x": [{1, 2}]}, {"x": np.array(["a"])}, [1], "abc"])
def test_what_json_cannot_hold_is_refused(make, tmp_path, about):
    with pytest.raises(InvalidInput, match="about"):
        write(tmp_path / "events.lhe", make.source(), 10, about=about)


def test_arrays_in_what_a_file_tells_become_lists(make):
    told = metadata(make.source(), {"x": np.array([1.0, np.nan]), "y": np.float32(0.5), "z": np.int64(3)})
    assert (told["x"], told["y"], told["z"]) == ([1.0, None], 0.5, 3)
