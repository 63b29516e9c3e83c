import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import DataError, InvalidInput, OutOfValidity, UnknownName
from portico.production import parton_distributions, parton_tables, table_files

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "parton_luminosities.json").read_text())[
    "luminosities"
]
SHIPPED = Path(parton_tables.__file__).parent


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path))
    return tmp_path / "tables" / "parton_luminosities"


@pytest.fixture(scope="module", params=list(parton_distributions.SETS))
def table(request):
    return parton_tables.load(14e3, pdf=request.param)


# --- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pdf", list(parton_distributions.SETS))
def test_luminosities_are_those_of_pythia(pdf):
    for case in REFERENCE[pdf]:
        table = parton_tables.load(1e3 * case["energy"], pdf=pdf, scale=case["scale"])
        at = case["pair_mass"], case["rapidity"]
        u, d, s, c, b = parton_tables.quark_antiquark(table, *at)
        found = [u + c, d + s + b, *parton_tables.quark_gluon(table, *at)]
        np.testing.assert_allclose(found, case["values"], rtol=REFERENCE["tolerance"])


def test_integral_is_that_of_the_values_over_rapidity(table):
    nodes, weights = np.polynomial.legendre.leggauss(200)
    for mass in (2.5, 12.0, 91.2, 900.0):
        reach = np.log(14e3 / mass)
        y, measure = np.sin(np.pi / 2 * nodes) * reach, np.pi / 2 * weights * np.cos(np.pi / 2 * nodes) * reach
        found = [
            measure @ function(table, mass, y)
            for function in (parton_tables.quark_antiquark, parton_tables.quark_gluon)
        ]
        whole = parton_tables.integrated(table, mass)
        some = [0, 1, 2, 3, 5, 6]  # below its threshold the b quark is noise
        np.testing.assert_allclose(np.concatenate(found)[some], whole[some], rtol=2e-3)


def test_sea_quarks_are_mirror_symmetric_and_valence_quarks_are_not(table):
    y = np.linspace(0.5, 4.0, 8)
    forward, backward = (parton_tables.quark_antiquark(table, 91.2, sign * y) for sign in (1, -1))
    np.testing.assert_allclose(forward[:, 3:], backward[:, 3:], rtol=0.02)  # c and b
    assert np.all(forward[4:, :2] > 1.2 * backward[4:, :2])


def test_strange_and_heavy_quarks_are_ordered(table):
    u, d, s, c, b = parton_tables.integrated(table, 20.0)[:5]
    assert u > s > c > b > 0
    assert d > s


@given(st.floats(0, 1), st.floats(-1, 1))
def test_values_are_smooth_and_end_at_the_kinematic_limit(fraction, ratio):
    table = parton_tables.load(14e3)
    mass = 2.0 * 2000.0**fraction
    reach = np.log(14e3 / mass)
    values = parton_tables.quark_antiquark(table, mass, np.array([ratio * reach, reach, 1.5 * reach, -reach]))
    centre = np.max(parton_tables.quark_antiquark(table, mass, 0.0))
    assert np.all(np.abs(values[1:]) < 1e-12 * centre)
    near = parton_tables.quark_antiquark(table, mass * (1 + 1e-7), ratio * reach)
    np.testing.assert_allclose(near, values[0], rtol=1e-4, atol=1e-5 * centre)


def test_there_is_nothing_below_the_scales_of_the_set():
    for pdf, lowest in (("NNPDF23_lo", 1.0), ("NNPDF31_nnlo", 1.65)):
        for scale, factor in (("central", 1.0), ("half", 2.0), ("double", 1.0)):
            table = parton_tables.load(13e3, pdf=pdf, scale=scale)
            start = max(lowest * factor, 1.0) if scale != "double" else max(lowest / 2, lowest)
            assert parton_tables.valid_from(table) == pytest.approx(start, rel=1e-6)
            assert np.all(np.isnan(parton_tables.integrated(table, 0.99 * start)))
            assert np.all(np.isnan(parton_tables.quark_gluon(table, 0.99 * start, 0.0)))
            assert np.all(np.isfinite(parton_tables.quark_gluon(table, 1.01 * start, 0.0)))
            assert parton_tables.valid_to(table) == pytest.approx(13e3 / 3)
            assert np.all(np.isnan(parton_tables.quark_antiquark(table, 4400.0, 0.0)))


def test_scales_and_energies_move_the_luminosity_the_right_way():
    low, central, high = (
        parton_tables.integrated(parton_tables.load(14e3, scale=s), 5.0)[0] for s in ("half", "central", "double")
    )
    assert low < central < high  # evolution fills small x
    at = [parton_tables.integrated(parton_tables.load(1e3 * e), 91.2)[0] for e in (8, 13, 13.6, 14)]
    assert at == sorted(at)


# --- files ---------------------------------------------------------------------------------------------------------


def test_shipped_tables_are_two_sets_at_four_energies_and_small():
    found, problems = parton_tables.tables()
    assert problems == []
    assert [(t.pdf, t.energy) for t in found] == [
        (p, 1e3 * e) for p in sorted(parton_distributions.SETS) for e in (8, 13, 13.6, 14)
    ]
    assert all(t.shipped and 1e-4 < t.error < 1e-3 for t in found)
    assert sum(t.path.stat().st_size for t in found) < 3_000_000
    for t in found:
        made = t.provenance
        assert made["grid_file"] == parton_distributions.SETS[t.pdf][0]
        assert len(made["grid_sha256"]) == 64
        assert made["checked_points"] > 5000


def test_missing_energy_names_those_there_are_and_the_command():
    with pytest.raises(OutOfValidity) as error:
        parton_tables.load(27e3, pdf="NNPDF31_nnlo")
    assert str(error.value) == (
        "parton luminosities: sqrt(s) of 27 TeV is asked; there are tables of NNPDF31_nnlo for 8, 13, 13.6, 14 TeV: "
        "make them with 'portico tables --parton-luminosities --energy 27TeV --pdf NNPDF31_nnlo' and "
        "'portico tables --parton-luminosities --energy 27TeV --pdf NNPDF23_lo' (errors compare both sets)."
    )
    assert isinstance(error.value, InvalidInput)


def test_wrong_names_are_told():
    with pytest.raises(UnknownName, match=r"no set of parton distributions named 'NNPDF23'. Did you mean 'NNPDF23_lo'"):
        parton_tables.load(14e3, pdf="NNPDF23")
    with pytest.raises(UnknownName, match=r"no factorisation scale named 'twice'. .*Known: central, double, half"):
        parton_tables.load(14e3, scale="twice")


def _users(cache, name="a.npz", energy=27e3, **changes):
    """A copy of a shipped table under another energy, as the user's."""
    cache.mkdir(parents=True, exist_ok=True)
    source = parton_tables.find(14e3, "NNPDF23_lo")
    content = {**table_files.arrays(source.path), **changes}
    content.pop("provenance")
    table_files.write(cache / name, content, {**source.provenance, "energy_gev": energy})
    return cache / name


def test_users_table_is_found(cache):
    path = _users(cache)
    found = parton_tables.find(27e3, "NNPDF23_lo")
    assert (found.path, found.shipped) == (path, False)
    assert float(np.exp(parton_tables.load(27e3).log_energy)) == pytest.approx(27e3)
    assert table_files.tables()[1] == []  # not taken for a table of the exact emission
    assert parton_tables.find(14e3, "NNPDF23_lo").shipped
    with pytest.raises(OutOfValidity, match=r"make one with '[^']* --energy 27TeV --pdf NNPDF31_nnlo'\.$"):
        parton_tables.load_bands(27e3)


def test_name_of_another_energy_is_told(cache):
    path = _users(cache, "parton_luminosities_NNPDF23_lo_27TeV.npz", energy=8e3)
    found, problems = parton_tables.tables()
    assert len(found) == 8
    assert problems == [
        f"{path}: not a table of parton luminosities: its name does not say what it holds, NNPDF23_lo at 8 TeV; delete it or make it again."
    ]
    _users(cache, "parton_luminosities_NNPDF23_lo_27TeV.npz")
    assert parton_tables.tables()[1] == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"central_step": np.ones(3)}, "its arrays have the wrong shapes"),
        ({"central_step": np.full(7, "0.1")}, "an array has entries that are not numbers"),
        ({"central_log_mass": np.array([0j, 1j])}, "an array has entries that are not numbers"),
        ({"central_log_norm": np.full(75, np.nan)}, "an array has entries that are not finite"),
    ],
)
def test_damaged_arrays_are_told(cache, change, text):
    path = _users(cache, **change)
    with pytest.raises(DataError) as error:
        parton_tables.load(27e3)
    assert str(error.value) == f"{path}: not a table of parton luminosities: {text}; delete it or make it again."


def test_file_of_another_kind_is_told_and_does_not_hide_the_others(cache):
    cache.mkdir(parents=True)
    (cache / "a.npz").write_bytes(b"no table")
    found, problems = parton_tables.tables()
    assert len(found) == 8
    assert problems[0].startswith(f"{cache / 'a.npz'}: not a table of 'portico tables'")
    with pytest.raises(DataError, match="No other table suits: make them with 'portico tables --parton-luminosities"):
        parton_tables.load(27e3)
    for made, text in (({"pdf": "x"}, "lacks a usable entry 'mass_gev'"), ({"pdf": "x", "mass_gev": [3, 1], "energy_gev": 5, "relative_error": 0}, "numbers that make no table")):  # fmt: skip
        table_files.write(cache / "a.npz", {}, made)
        assert text in parton_tables.tables()[1][0]
