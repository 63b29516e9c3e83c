"""Reach of a mixing that comes with a Z': whatever the picture compares with, what is computed is on disk."""

import json
import re

import numpy as np
import pytest
import xarray as xr

from portico.limits import kappa_bounds

FILES = ("reach.csv", "reach.nc", "reach.png", "reach.pdf", "provenance.json")
REACH = (
    "reach",
    "milliqan_2015",
    "mixed_phase",
    "--option",
    "channels=quarkonium",
    "--set",
    "mass=1",
    "--parameter",
    "kappa",
)


def test_scan_over_the_mass_of_the_vector_has_its_picture_and_bounds(run, tmp_path):
    """The ratio that a model has by default is not there beside a scanned mass."""
    done = run(*REACH, "--scan", "zprime_mass=10,20", "-o", str(tmp_path))
    assert done.status == 0, done.err
    assert all((tmp_path / name).stat().st_size for name in FILES)
    comparison = json.loads((tmp_path / "provenance.json").read_text())["comparison"]
    assert "electroweak_fit" in comparison
    with xr.open_dataset(tmp_path / "reach.nc", engine="scipy") as dataset:
        assert "zprime_mass" not in dataset.attrs["model_parameters"]
        assert "epsilon" not in dataset.attrs["model_parameters"]


@pytest.mark.parametrize("failing", ["bounds", "picture"])
def test_nothing_computed_is_lost_when_a_picture_fails(run, tmp_path, monkeypatch, failing):
    def fail(*arguments, **options):
        raise ZeroDivisionError("made to fail")

    if failing == "bounds":
        monkeypatch.setattr(kappa_bounds, "largest_in", fail)
    else:
        monkeypatch.setattr("portico.plotting.exclusion", fail)
    done = run(*REACH, "--scan", "zprime_mass=10,20", "-o", str(tmp_path))
    assert done.status == 0, done.err
    assert done.out.count("reach.") == 4 if failing == "bounds" else 2
    words = "the picture is without what it compares with" if failing == "bounds" else "no picture is drawn"
    assert f"note: {words}: made to fail" in done.err
    there = {path.name for path in tmp_path.iterdir()}
    assert there == set(FILES) if failing == "bounds" else {"reach.csv", "reach.nc", "provenance.json"}
    with xr.open_dataset(tmp_path / "reach.nc", engine="scipy") as dataset:
        assert np.isfinite(dataset["low"].values).all()


@pytest.mark.parametrize("angle", ["90 deg", "89.9999 deg", "0 deg"])
def test_limit_on_the_mixing_fills_in_no_charge(run, angle):
    """At pi/2 there is no charge, next to it none of 1e-6; at 0 no Z' that couples to us."""
    done = run("limit", "milliqan_2015", *REACH[2:], "--set", f"theta_w_dark={angle}")
    assert (done.status, "error" in done.err) == (0, False)
    assert ("nothing is excluded" in done.out) == (angle != "0 deg")
    assert "BR(Z' -> chi chi) = " in done.err


def test_scan_over_the_dark_angle_from_end_to_end(run, tmp_path):
    angles = "theta_w_dark=0 rad,0.5 rad,89.9999 deg,90 deg"
    done = run(*REACH, "--scan", angles, "-o", str(tmp_path))
    assert (done.status, "error" in done.err) == (0, False)
    with xr.open_dataset(tmp_path / "reach.nc", engine="scipy") as dataset:
        assert dataset["status"].values.astype(str).tolist() == ["open", "open", "none", "none"]


def test_end_of_the_states_is_told_as_the_end_of_the_limit(run, tmp_path):
    near = ("--set", "zprime_mass=91", "--set", "mass=1", "--option", "channels=drell_yan", "--parameter", "kappa")
    done = run("limit", "milliqan_2015", "mixed_phase", *near)
    assert done.status == 0, done.err
    end = re.search(r"kappa from \S+ up to (\S+), where the model ends, is excluded", done.out)
    assert end is not None
    found = json.loads(run("limit", "milliqan_2015", "mixed_phase", *near, "--json").out)
    assert found["intervals"][-1][1] is None
    assert found["range"] == pytest.approx([1e-8, float(end[1])], rel=1e-4)  # five digits
    scan = ("--scan", "zprime_mass=91,200", "-o", str(tmp_path))
    assert run("reach", "milliqan_2015", "mixed_phase", *near[2:], *scan).status == 0
    with xr.open_dataset(tmp_path / "reach.nc", engine="scipy") as dataset:
        assert dataset["largest_allowed"].values == pytest.approx([found["range"][1], 0.5], rel=1e-12)
