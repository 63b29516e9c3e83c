import json
import os
import re
import shlex
import signal
from pathlib import Path

import numpy as np
import pytest

import portico
from portico.cli import tables as command
from portico.production import table_files

BELLE2 = Path(portico.__file__).parent / "experiments" / "belle2_disappearing_positron.toml"
POINT = ("dark_photon", "--set", "epsilon=1e-4", "--set", "alpha_dark=0.5")
TINY = ("tables", "--element", "Pb", "--energy", "4GeV:7GeV", "--points", "12x5x8")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One folder for all tests of this file; what one makes the next ones find."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTICO_CACHE", str(folder))
        yield folder / "tables"


@pytest.fixture
def lead(tmp_path, monkeypatch, cache):
    """The search with a calorimeter of lead, as a file of the user."""
    monkeypatch.chdir(tmp_path)
    text = BELLE2.read_text(encoding="utf-8")
    assert '"CsI"' in text
    (tmp_path / "lead.toml").write_text(text.replace('"CsI"', '"Pb"'), encoding="utf-8")
    return str(tmp_path / "lead.toml")


def _json(done):
    assert (done.status, done.err) == (0, "")
    return json.loads(done.out)


def test_shipped_tables_are_listed(run, cache):
    done = run("tables")
    assert (done.status, done.err) == (0, "")
    assert re.search(r"vector +e- +I, Cs +elastic_inelastic +2 to 12 +all +1\.9% +shipped", done.out)
    assert f"Yours are in {cache}" in done.out
    content = _json(run("tables", "--json"))
    forms = ["elastic", "elastic_inelastic", "elastic_inelastic_squared"]
    assert [t["form_factor"] for t in content["tables"]] == [*forms, *forms]
    assert [t["elements"] for t in content["tables"][::3]] == [["I", "Cs"], ["Pb"]]
    assert content["tables"][0]["mass_gev"] == [0.0, None]
    assert content["problems"] == []


def test_search_tells_the_command_that_makes_its_table_and_then_runs(run, lead, cache):
    asked = ("signal", lead, *POINT, "--set", "mass=20MeV")
    done = run(*asked)
    assert (done.status, done.out) == (2, "")
    assert "energies from 4.13 to 6.62 GeV are asked; the tables for Pb hold 40 to 120 GeV: make one" in done.err
    words = shlex.split(re.search(r"make one with '(.*?)'", done.err)[1])
    assert words == ["portico", "tables", "--element", "Pb", "--energy", "4.1GeV:6.7GeV"]
    made = run(*words[1:], "--points", "12x5x8")
    assert (made.status, made.err) == (0, "")
    assert re.match(r"Pb, e- of 4\.1 to 6\.7 GeV, elastic: 12x5x8 points, relative error 0\.\d+", made.out)
    assert "wrote " + str(cache / "vector_e-_Pb_elastic_4.1-6.7GeV.npz") in made.out

    content = _json(run(*asked, "--json"))
    ww = _json(run(*asked, "--option", "bremsstrahlung=ww", "--json"))
    exact, near = (c["channels"]["bremsstrahlung"] for c in (content, ww))
    assert 1.3 < near / exact < 1.8  # 1.55 for iodine at 5 GeV, and a small grid
    # the error that the table says of itself is in that of the theory
    table = table_files.read(cache / "vector_e-_Pb_elastic_4.1-6.7GeV.npz")
    assert table.error > 0.02
    only = ("--option", "channels=bremsstrahlung", "--json")
    systematic = _json(run(*asked, *only))
    relative = systematic["systematic_error"] / systematic["expected"]
    assert relative == pytest.approx(
        np.hypot(table.error, np.hypot(0.02, 0.01)), rel=0.03
    )  # form factor, track; beam is less

    assert "vector_e-_Pb_elastic_4.1-6.7GeV.npz" in run("tables").out


@pytest.mark.parametrize("form", ["elastic_inelastic", "elastic_inelastic_squared"])
def test_every_form_factor_works_out_of_the_box(run, cache, form):
    asked = ("signal", "belle2_disappearing_positron", *POINT, "--set", "mass=500MeV", "--option", "channels=bremsstrahlung", "--json")  # fmt: skip
    plain, more = (_json(run(*asked, "--option", f"form_factor={name}")) for name in ("elastic", form))
    added = more["expected"] / plain["expected"] - 1
    # exact at 5 GeV on iodine: 7.5% and 7.0%
    assert added == pytest.approx({"elastic_inelastic": 0.075, "elastic_inelastic_squared": 0.070}[form], abs=0.004)


@pytest.mark.slow  # makes a table
def test_masses_beyond_the_users_table_are_refused(run, lead, cache):
    option = ("--option", "form_factor=elastic_inelastic")
    made = run(*TINY, "--form-factor", "elastic_inelastic", "--mass", "10MeV:1GeV", "--json")
    assert _json(made)["mass_gev"] == [0.01, 1.0]
    assert run("signal", lead, *POINT, "--set", "mass=20MeV", *option).status == 0
    done = run("signal", lead, *POINT, "--set", "mass=2MeV", *option)
    assert (done.status, done.out) == (2, "")
    assert "mass 0.002 GeV is outside the table, which holds 0.01 to 1 GeV" in done.err
    done = run(
        "reach", lead, *POINT[:1], "--set", "alpha_dark=0.5", "--scan", "mass=2MeV:20MeV:3", "-o", "out", *option
    )
    assert (done.status, done.out) == (2, "")
    assert not Path("out").exists()


def test_interruption_keeps_the_older_table(run, cache, monkeypatch):
    assert run(*TINY).status == 0
    path = cache / "vector_e-_Pb_elastic_4-7GeV.npz"
    before, files = path.read_bytes(), sorted(cache.iterdir())

    seen = []

    def interrupted_at_the_second(bar, count, **_):
        seen.append(count)
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(command.Progress, "advance", interrupted_at_the_second)
    done = run(*TINY)
    assert (done.status, done.out) == (130, "")
    assert done.err == "interrupted: 1504 of 1980 points; no table was written, an older one stays.\n"
    assert path.read_bytes() == before
    assert sorted(cache.iterdir()) == files


def test_damaged_file_is_told_and_does_not_hide_the_others(run, cache, lead):
    (cache / "damaged.npz").write_bytes(b"PK\x03\x04 and no more")
    try:
        done = run("tables")
        assert done.status == 0
        assert "elastic_inelastic_squared" in done.out
        assert done.err.startswith(f"note: {cache / 'damaged.npz'}: not a table of 'portico tables': ")
        assert done.err.count("\n") == 1
        done = run("signal", lead, *POINT, "--set", "mass=20MeV", "--option", "form_factor=elastic_inelastic_squared")
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith(f"error: {cache / 'damaged.npz'}: not a table of 'portico tables': ")
        assert done.err.count("\n") == 1
    finally:
        (cache / "damaged.npz").unlink()


def test_bar_is_for_terminals_only(monkeypatch, capsys):
    from portico.cli.progress import Progress

    with Progress(3) as bar:
        bar.advance(3)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Progress(3) as bar:
        bar.advance(3)
    assert "points" in capsys.readouterr().err


def test_a_coarser_table_does_not_replace_a_finer_one(run, cache, lead):
    path = cache / "vector_e-_Pb_elastic_4-7GeV.npz"
    before = path.read_bytes()
    coarser = [("5x5x5" if k and TINY[k - 1] == "--points" else word) for k, word in enumerate(TINY)]
    done = run(*coarser)
    assert done.status == 0
    assert done.err.startswith("note: an older table with a smaller error, of ")
    assert path.read_bytes() == before


def test_a_folder_in_the_place_of_a_table_is_told_at_once(run, cache):
    place = cache / "vector_e-_Fe_elastic_4-7GeV.npz"
    place.mkdir(parents=True)
    try:
        done = run(*["Fe" if word == "Pb" else word for word in TINY])
        assert (done.status, done.out) == (2, "")
        assert "is a folder and stands where the table is to be written" in done.err
    finally:
        place.rmdir()
