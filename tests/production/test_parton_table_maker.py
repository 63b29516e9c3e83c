import json
from pathlib import Path

import numpy as np
import pytest

from portico import DataError, InvalidInput, OutOfValidity, UnknownName
from portico.production import parton_distributions, parton_table_maker, parton_tables, table_files

# --- without pythia8mc ---------------------------------------------------------------------------------------------


def test_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(parton_distributions.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        DataError, match=r"pythia8mc.* is not installed; install it with: pip install 'portico\[hadron\]'"
    ):
        parton_table_maker.compute(14e3)


def _grid(tmp_path, text):
    folder = tmp_path / "pdfdata"
    folder.mkdir(exist_ok=True)
    (folder / parton_distributions.SETS["NNPDF23_lo"][0]).write_text(text)
    parton_distributions._read.cache_clear()


def test_missing_or_broken_grids_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(parton_distributions.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("PYTHIA8DATA", str(tmp_path / "xmldoc"))
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    with pytest.raises(DataError, match=r"no folder of grids at .*set PYTHIA8DATA"):
        parton_distributions.load("NNPDF23_lo")
    _grid(tmp_path, "Format: lhagrid1\n")
    with pytest.raises(DataError, match="holds no grid"):
        parton_distributions.load("NNPDF23_lo")
    _grid(tmp_path, "Format: lhagrid1\n---\n1e-3 1\n1 10\n1 2\n1 2 3\n---\n")
    with pytest.raises(DataError, match="is not a grid of the format lhagrid1"):
        parton_distributions.load("NNPDF23_lo")
    with pytest.raises(UnknownName):
        parton_distributions.load("CT14")


def test_powers_are_interpolated_between_knots(tmp_path, monkeypatch):
    """A made-up grid, ln x times ln Q: cubic Hermite with central differences is exact."""
    monkeypatch.setattr(parton_distributions.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("PYTHIA8DATA", str(tmp_path / "xmldoc"))
    x, q = np.geomspace(1e-6, 1, 13), np.array([1.0, 1.5, 2.0, 5.0, 9.0, 100.0])
    rows = [f"{np.log(a) * np.log(b):.15e} {3 + np.log(a):.15e}" for a in x for b in q]
    knots = (" ".join(f"{v:.15e}" for v in values) for values in (x, q))
    _grid(tmp_path, "\n".join(["Format: lhagrid1", "---", *knots, "21 2", *rows, "---", ""]))
    partons = parton_distributions.load("NNPDF23_lo")
    assert (parton_distributions.lowest_scale(partons), parton_distributions.highest_scale(partons)) == pytest.approx(
        (1, 100)
    )
    assert parton_distributions.lowest_x(partons) == pytest.approx(1e-6)
    at = np.random.default_rng(1).uniform(0.01, 0.99, (2, 50))
    fraction, scale = 1e-6 ** at[0], 100 ** at[1]
    found = parton_distributions.momentum_density(partons, (2, 21), fraction, scale)
    np.testing.assert_allclose(found, [3 + np.log(fraction), np.log(fraction) * np.log(scale)], rtol=1e-9)
    outside = parton_distributions.momentum_density(
        partons, (2,), np.array([1e-7, 0.1, 0.1]), np.array([2.0, 0.9, 101.0])
    )
    assert np.all(np.isnan(outside))
    parton_distributions._read.cache_clear()


def test_energies_are_told_and_those_within_work():
    ends = np.log([1.65, 1e5])
    grid = parton_distributions._Grid(np.log([1e-9, 1.0]), 2 * ends, np.zeros((1, 2, 2)))
    partons = parton_distributions.PartonDistributions("NNPDF31_nnlo", "", {}, (grid,))
    for energy in (50.0, 98.9, 1.001e6, 1e303):
        with pytest.raises(OutOfValidity) as error:
            parton_table_maker._range(partons, energy)
        assert str(error.value) == (
            f"tables: sqrt(s) of {energy:.10g} GeV is asked; "
            "expected 99 GeV to 1000 TeV for NNPDF31_nnlo, whose scales start at 1.65 GeV."
        )
    for energy in (99.0, 14e3, 1e6):
        low, high = parton_table_maker._range(partons, energy)
        assert high >= 20 * low * (1 - 1e-9)


def test_table_that_ships_is_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path))
    with pytest.raises(InvalidInput, match=r"NNPDF23_lo at 13\.6 TeV ships with portico and is the one that is used"):
        parton_table_maker.make(13.6e3)
    assert list(tmp_path.iterdir()) == []


# --- with its grids ------------------------------------------------------------------------------------------------


@pytest.fixture
def grids():
    pytest.importorskip("pythia8mc")
    parton_distributions._read.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(parton_distributions.SETS))
def test_sum_rules(grids, name):
    partons = parton_distributions.load(name)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x = np.exp((nodes - 1) / 2 * np.log(1e9))
    measure = weights / 2 * np.log(1e9)
    for scale in (2.0, 91.19):
        codes = (1, 2, -1, -2, 3, -3, 4, -4, 5, -5, 21)
        densities = parton_distributions.momentum_density(partons, codes, x, np.full_like(x, scale))
        assert densities.sum(axis=0) @ (x * measure) == pytest.approx(1, abs=5e-3)  # the photon carries 0.2 to 0.4%
        assert (densities[1] - densities[3]) @ measure == pytest.approx(2, abs=6e-3)
        assert (densities[0] - densities[2]) @ measure == pytest.approx(1, abs=3e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(parton_distributions.SETS))
def test_densities_are_those_of_pythia(grids, name):
    pythia8mc = pytest.importorskip("pythia8mc")
    pythia = pythia8mc.Pythia("", False)
    pythia.readString("Print:quiet = on")
    pythia.readString(f"PDF:pSet = {parton_distributions.SETS[name][2]}")
    proton, random = pythia.getPDFPtr(2212), np.random.default_rng(2)
    x, scale = (
        np.exp(random.uniform(np.log(1e-7), np.log(0.4), 300)),
        np.exp(random.uniform(np.log(2), np.log(2e3), 300)),
    )
    codes = (1, 2, -1, -2, 21)
    found = parton_distributions.momentum_density(parton_distributions.load(name), codes, x, scale)
    expected = np.array([[proton.xf(code, a, b * b) for a, b in zip(x, scale, strict=True)] for code in codes])
    np.testing.assert_allclose(found, expected, rtol=4e-3)
    assert np.median(np.abs(found / expected - 1)) < 1e-4


@pytest.mark.slow
def test_shipped_table_is_made_again_bit_for_bit(grids):
    shipped = parton_tables.find(13e3, "NNPDF31_nnlo")
    points = []
    content, provenance = parton_table_maker.compute(13e3, pdf="NNPDF31_nnlo", on_points=points.append)
    kept = table_files.arrays(shipped.path)
    assert set(kept) == {*content, "provenance"}
    for name, array in content.items():
        assert array.dtype == kept[name].dtype
        np.testing.assert_array_equal(array, kept[name])
    assert {**shipped.provenance, "portico": 0, "made_by": 0} == {
        **json.loads(json.dumps(provenance)),
        "portico": 0,
        "made_by": 0,
    }
    assert sum(points) == parton_table_maker.size()
    assert Path(shipped.path).name == parton_tables.file_name("NNPDF31_nnlo", 13e3)


@pytest.mark.slow
def test_users_table_is_made_found_and_good(grids, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path))
    made = parton_table_maker.make(100e3)
    assert made.path == parton_tables.folder() / "parton_luminosities_NNPDF23_lo_100TeV.npz"
    assert parton_tables.find(100e3, "NNPDF23_lo") == made
    assert made.mass == pytest.approx(
        (100e3 * np.sqrt(1e-9), 5000.0)
    )  # the smallest momentum fraction and the largest scale of the set
    assert made.error < 2e-3
    table = parton_tables.load(100e3)
    partons = parton_distributions.load("NNPDF23_lo")
    one, two = 91.2 / 100e3 * np.exp(np.array([1.5, -1.5]))
    expected = [
        parton_distributions.momentum_density(partons, (code,), np.array([x]), np.array([91.2]))[0, 0]
        for code, x in ((2, one), (-2, two))
    ]
    assert parton_tables.quark_antiquark(table, 91.2, 1.5)[0] == pytest.approx(expected[0] * expected[1], rel=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("energy", "error", "text"), [(-1.0, InvalidInput, "finite energy above 0"), (np.inf, InvalidInput, "finite"), (30.0, OutOfValidity, "expected 60 GeV to 1000 TeV")])  # fmt: skip
def test_energy_that_makes_no_table_is_told(grids, energy, error, text):
    with pytest.raises(error, match=text):
        parton_table_maker.compute(energy)
