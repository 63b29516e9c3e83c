import csv
import json
import os

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
    model = DarkPhoton(epsilon=5.2e-5)
    scan = {"mass": np.array([0.030, 0.067, 0.070])}
    return portico.reach(search, model, scan=scan, parameter="alpha_dark", on_block=blocks.append)


def _write(folder, blocks):
    with files.ReachTable(folder, DarkPhoton(epsilon=5.2e-5), ["mass"], "alpha_dark") as table:
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
    table = files.ReachTable(tmp_path, DarkPhoton(epsilon=5.2e-5), ["mass"], "alpha_dark")
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
    assert "epsilon=5.2e-05" in content["model"]["parameters"]
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
