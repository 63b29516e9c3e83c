import csv
import errno
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

import portico
from portico.limits import files
from portico.models import DarkPhoton

NAME = "belle2_disappearing_positron"


@pytest.fixture(scope="module")
def search():
    return portico.search(NAME)


@pytest.fixture(scope="module")
def blocks():
    return []


@pytest.fixture(scope="module")
def dataset(search, blocks):
    """A reach with points where nothing is excluded."""
    model = DarkPhoton(epsilon=5.25e-5)
    scan = {"mass": np.array([0.030, 0.067, 0.070])}
    return portico.reach(search, model, scan=scan, parameter="alpha_dark", on_block=blocks.append)


def _write(folder, blocks):
    with files.ReachTable(folder, DarkPhoton(epsilon=5.25e-5), ["mass"], "alpha_dark") as table:
        for block in blocks:
            table.write(block)
    return table


def test_table_has_one_row_per_point_and_interval(tmp_path, dataset, blocks):
    table = _write(tmp_path, blocks)
    assert table.points == 3
    with table.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["mass_gev", "interval", "alpha_dark_low", "alpha_dark_high", "n_intervals", "status"]
    assert [row["mass_gev"] for row in rows] == ["0.03", "0.067", "0.07"]
    assert rows[0] == {
        "mass_gev": "0.03", "interval": "", "alpha_dark_low": "", "alpha_dark_high": "", "n_intervals": "0", "status": "none",
    }  # fmt: skip
    for k, row in enumerate(rows[1:], start=1):
        assert (row["interval"], row["n_intervals"], row["status"]) == ("0", "1", "excluded")
        assert float(row["alpha_dark_low"]) == pytest.approx(float(dataset["low"][k, 0]), rel=1e-9)  # ten digits
        assert float(row["alpha_dark_high"]) == pytest.approx(float(dataset["high"][k, 0]), rel=1e-9)


def test_table_is_on_disk_after_every_block(tmp_path, dataset, blocks):
    table = files.ReachTable(tmp_path, DarkPhoton(epsilon=5.25e-5), ["mass"], "alpha_dark")
    with table:
        table.write(blocks[0])
        assert len(table.path.read_text(encoding="utf-8").splitlines()) == 4


def test_status_with_a_comma_stays_one_field(tmp_path, dataset, blocks):
    block = blocks[0]._replace(status=["failed: this, and that", "excluded", "excluded"])
    path = _write(tmp_path, [block]).path
    with path.open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["status"] == "failed: this, and that"


def test_results_of_an_earlier_run_are_removed(tmp_path, dataset, blocks):
    for name in files.FILES:
        (tmp_path / name).write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    _write(tmp_path, blocks)
    assert {path.name for path in tmp_path.iterdir()} == {"reach.csv", "mine.txt"}


def test_dataset_is_read_back_with_its_units(tmp_path, dataset):
    import xarray

    path = files.write_dataset(tmp_path, dataset)
    with xarray.open_dataset(path) as again:
        for name in ("low", "high", "n_intervals", "numerical_error", "channel_low"):
            np.testing.assert_array_equal(again[name], dataset[name])
        assert again["status"].values.astype(str).tolist() == dataset["status"].values.tolist()
        assert again["mass"].attrs["units"] == "GeV"
        assert again["low"].attrs["units"] == "1"
        assert again.attrs["parameter"] == "alpha_dark"
        assert again.attrs["cl"] == 0.9
        assert "Liang2022pul" in portico.cite(again)


def test_provenance_holds_versions_inputs_and_sources(tmp_path, dataset, search):
    command = ["portico", "reach", "..."]
    content = json.loads(files.write_provenance(tmp_path, dataset, search, command).read_text(encoding="utf-8"))
    assert content["command"] == command
    assert content["versions"]["portico"] == portico.__version__
    assert set(content["versions"]) >= {"portico", "python", "jax", "numpy", "scipy"}
    assert content["search"]["name"] == NAME
    assert len(content["search"]["file_sha256"]) == 64
    assert content["search"]["options"] == search.options
    assert content["search"]["entries"]["beams.luminosity"]["value"] == "50/ab"
    assert content["model"]["name"] == "dark_photon"
    assert "epsilon=5.25e-05" in content["model"]["parameters"]
    assert content["scan"] == {"mass": [0.03, 0.067, 0.07]}
    assert (content["parameter"], content["cl"], content["method"], content["kind"]) == (
        "alpha_dark",
        0.9,
        "cls",
        "expected",
    )
    assert content["required_events"] == dataset.attrs["required_events"]
    assert content["background"] == pytest.approx(94.1, abs=0.1)
    assert "arXiv:2212.04252" in content["sources"]


def test_output_folder_is_made(tmp_path):
    folder = files.output_folder(str(tmp_path / "a" / "b"))
    assert folder.is_dir()
    assert list(folder.iterdir()) == []
    assert files.output_folder(str(folder)) == folder


def test_output_folder_that_cannot_be_written_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    for path in (file, file / "below"):
        with pytest.raises(
            portico.InvalidInput, match=r"output folder '.*file.*' cannot be written: .*; choose another with -o"
        ):
            files.output_folder(str(path))
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("path", ["", "  ", "a\0b"])
def test_a_folder_without_a_name_is_refused(path):
    with pytest.raises(portico.InvalidInput, match=r"output folder.*-o\.$"):
        files.output_folder(path)


def _table(folder):
    return files.ReachTable(str(folder), DarkPhoton(epsilon=3e-5), ["mass"], "alpha_dark")


def test_two_scans_into_one_folder_do_not_mix(tmp_path, dataset, blocks):
    """The second is refused while the first runs, touches nothing, and may start afterwards."""
    with _table(tmp_path) as first:
        first.write(blocks[0])
        before = first.path.read_bytes()
        with (
            pytest.raises(portico.InvalidInput, match=r"output folder '.*' is in use by another scan"),
            _table(tmp_path) as second,
        ):
            second.open()
        assert first.path.read_bytes() == before
    with _table(tmp_path) as second:
        second.open()
        assert second.path.read_text().startswith("mass_gev,interval")  # on disk at once
    assert os.listdir(tmp_path) == ["reach.csv"]


def test_a_folder_that_cannot_be_locked_is_used_all_the_same(tmp_path, monkeypatch, dataset, blocks):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(files.fcntl, "flock", refuse)
    _write(tmp_path, blocks)
    assert (tmp_path / "reach.csv").exists()


def test_a_table_that_is_taken_away_is_missed(tmp_path, dataset, blocks):
    with _table(tmp_path) as table:
        table.write(blocks[0])
        table.verify()
        table.path.unlink()
        with pytest.raises(OSError, match="removed or replaced during the scan"):
            table.verify()
        table.path.write_text("another")
        with pytest.raises(OSError, match="removed or replaced during the scan"):
            table.verify()


def test_earlier_results_stay_where_a_folder_bears_the_name_of_one(tmp_path):
    (tmp_path / "reach.csv").write_text("old")
    (tmp_path / "reach.nc").mkdir()
    with pytest.raises(portico.InvalidInput, match=r"reach\.nc is a folder there"), _table(tmp_path) as table:
        table.open()
    assert (tmp_path / "reach.csv").read_text() == "old"


def test_no_name_bears_half_a_file(tmp_path):
    path = tmp_path / "whole.txt"
    path.write_text("before")

    def fails():
        with files.whole(path) as part:
            part.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert path.read_text() == "before"
    with pytest.raises(OSError, match="No space left") as caught, files.whole(path) as part:
        raise OSError(errno.ENOSPC, "No space left on device", str(part))
    assert caught.value.filename == str(path)  # the name that the user knows
    with files.whole(path) as part:
        part.write_text("after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert os.listdir(tmp_path) == ["whole.txt"]


def test_a_link_keeps_pointing_and_a_device_stays_a_device(tmp_path):
    (tmp_path / "real.txt").write_text("before")
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    with files.whole(link) as part:
        part.write_text("after")
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "after"
    device = Path("/dev/null")
    with files.whole(device) as part:
        assert part == device


def test_provenance_has_the_hash_of_the_file_that_was_read(tmp_path, dataset):
    """Also when the file is changed or removed while the scan runs."""
    path = tmp_path / "mine.toml"
    content = Path(portico.search(NAME).experiment.path).read_bytes()
    path.write_bytes(content)
    search = portico.search(str(path))
    path.unlink()
    written = json.loads(files.write_provenance(tmp_path, dataset, search, []).read_text(encoding="utf-8"))
    assert written["search"]["file_sha256"] == hashlib.sha256(content).hexdigest()
