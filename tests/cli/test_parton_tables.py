import json
import re

import pytest

from portico.production import parton_distributions, parton_table_maker, parton_tables


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path))
    return tmp_path / "tables" / "parton_luminosities"


def test_tables_of_luminosities_are_listed_with_the_others(run, cache):
    for arguments in (("tables",), ("tables", "--parton-luminosities")):
        done = run(*arguments)
        assert (done.status, done.err) == (0, "")
        assert re.search(r"NNPDF23_lo +13\.6 +1 to 4533 +0\.0\d+% +shipped", done.out)
        assert re.search(r"NNPDF31_nnlo +14 +1\.65 to 4667 +0\.0\d+% +shipped", done.out)
        assert f"Yours are in {cache}; make one with: portico tables --parton-luminosities --energy 27TeV" in done.out
    content = json.loads(run("tables", "--json").out)
    assert len(content["tables"]) == 6
    assert [t["energy_gev"] for t in content["parton_luminosities"]] == [8e3, 13e3, 13.6e3, 14e3] * 2
    only = json.loads(run("tables", "--parton-luminosities", "--json").out)
    assert only["parton_luminosities"] == content["parton_luminosities"]
    assert only["parton_luminosities"][0]["pair_mass_gev"] == pytest.approx([1.0, 8e3 / 3])


def test_table_that_is_not_used_is_told(run, cache):
    """One that lies there from before: of an energy that ships."""
    cache.mkdir(parents=True)
    source = parton_tables.find(14e3, "NNPDF23_lo").path
    (cache / source.name).write_bytes(source.read_bytes())
    done = run("tables", "--parton-luminosities")
    assert f"{source.name} (not used: the shipped one is)" in done.out
    content = json.loads(run("tables", "--parton-luminosities", "--json").out)["parton_luminosities"]
    assert [t["used"] for t in content] == [True] * 8 + [False]


def test_damaged_file_is_told(run, cache):
    cache.mkdir(parents=True)
    (cache / "a.npz").write_bytes(b"nothing")
    for arguments in (("tables",), ("tables", "--parton-luminosities")):
        done = run(*arguments)
        assert done.status == 0
        assert done.err.startswith(f"note: {cache / 'a.npz'}: ")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--parton-luminosities", "--energy", "50GeV:200GeV"), "'50GeV:200GeV' is not a quantity"),
        (("--parton-luminosities", "--energy", "13"), "sqrt(s) of 13 GeV is asked"),
        (("--parton-luminosities", "--energy", "27 cm"), "--energy"),
        (("--parton-luminosities", "--energy", "27TeV", "--pdf", "NNPDF31"), "Did you mean 'NNPDF31_nnlo'?"),
        (("--parton-luminosities", "--pdf", "NNPDF23_lo"), "--pdf is given without --energy"),
        (("--parton-luminosities", "--element", "Pb"), "--element does not go with --parton-luminosities"),
        (("--parton-luminosities", "--form-factor", "elastic"), "--form-factor does not go with --parton-luminosities"),
        (("--element", "Pb", "--energy", "4GeV:7GeV", "--pdf", "NNPDF23_lo"), "--pdf does not go with --element"),
        (("--energy", "27TeV"), "expected for example --element Pb, or --parton-luminosities"),
    ],
)
def test_wrong_input_is_told(run, arguments, text):
    if "13" in arguments:
        pytest.importorskip("pythia8mc")
    done = run("tables", *arguments)
    assert (done.status, done.out) == (2, "")
    assert text in done.err
    assert done.err.count("\n") == 1


def test_missing_package_is_told(run, monkeypatch):
    monkeypatch.setattr(parton_distributions.importlib.util, "find_spec", lambda name: None)
    done = run("tables", "--parton-luminosities", "--energy", "27TeV")
    assert (done.status, done.out) == (2, "")
    assert "install it with: pip install 'portico[hadron]'" in done.err


@pytest.mark.slow
def test_table_is_made_by_the_command_that_the_error_names(run, cache, monkeypatch):
    pytest.importorskip("pythia8mc")
    monkeypatch.setattr(parton_table_maker, "POINTS", (23, 31))
    command = parton_tables.command(27e3, "NNPDF31_nnlo").split()
    done = run(*command[1:])
    assert (done.status, done.err) == (0, "")
    assert re.match(
        r"NNPDF31_nnlo, sqrt\(s\) of 27 TeV, masses of the pair from 1\.65 to 9000 GeV: relative error 0\.0\d+",
        done.out,
    )
    path = cache / "parton_luminosities_NNPDF31_nnlo_27TeV.npz"
    assert f"wrote {path}" in done.out
    assert parton_tables.find(27e3, "NNPDF31_nnlo").path == path
    again = json.loads(run(*command[1:], "--json").out)
    assert (again["path"], again["shipped"]) == (str(path), False)
