import json
import sys

import numpy as np
import pytest

import portico
from portico.models import DarkPhoton
from portico.reproductions import base

NAME = "belle2_disappearing_positron"


def _claim(name, computed=1.0, holds=True, note=""):
    return base.Claim(name, "a statement", 1.0, computed, 0.01, holds, note, "relative", "GeV", "talk")


@pytest.fixture
def found(monkeypatch):
    """Put claims in the place of those that are computed."""

    def install(*claims, figures=()):
        calls = []

        def reproduce(name, output=None, *, figures=True, on_step=None):
            calls.append((name, output, figures))
            for step in range(len(claims)):
                on_step(step + 1, len(claims))
            return base.Reproduction(name, "A title", "a talk", claims, drawn, ("PDG",))

        drawn = figures
        monkeypatch.setattr(base, "reproduce", reproduce)
        return calls

    return install


def test_without_an_id_it_lists(run):
    done = run("reproduce")
    assert (done.status, done.err) == (0, "")
    assert NAME in done.out
    content = json.loads(run("reproduce", "--json").out)
    assert content == {"reproductions": [{"id": name, "title": title} for name, title in base.reproductions().items()]}
    assert NAME in [each["id"] for each in content["reproductions"]]


def test_unknown_id_names_the_nearest_and_computes_nothing(run, found):
    calls = found(_claim("1"))
    done = run("reproduce", NAME, "belle2_disapearing_positron")
    assert (done.status, done.out, calls) == (2, "", [])
    assert done.err.startswith(
        "error: no reproduction named 'belle2_disapearing_positron'. Did you mean 'belle2_disappearing_positron'?"
    )


def test_a_claim_that_does_not_hold_is_a_result(run, found, tmp_path):
    figure = base.Figure("line", "A line.", (str(tmp_path / NAME / "line.png"),))
    calls = found(_claim("1"), _claim("2", computed=1.5, holds=False, note="a coarser calculation"), figures=(figure,))
    done = run("reproduce", NAME, "-o", str(tmp_path))
    assert (done.status, done.err) == (0, "")
    assert calls == [(NAME, str(tmp_path), True)]
    head, rows = done.out.split("verdict\n")
    assert all(word in head for word in ("id", "statement", "expected", "computed", "tolerance"))
    lines = rows.splitlines()
    assert lines[1].split() == ["1", "a", "statement", "1", "GeV", "1", "1%", "holds"]
    assert lines[2].endswith("does not hold")
    assert "1 of 2 claims hold." in done.out
    assert "2: a coarser calculation" in done.out
    for file in ("claims.json", "claims.md", "line.png"):
        assert str(tmp_path / NAME / file) in done.out


def test_a_computation_that_failed_is_status_3_and_the_rest_is_told(run, found):
    note = "could not be computed: ZeroDivisionError: made up"
    found(_claim("1"), _claim("2", computed=None, holds=False, note=note))
    done = run("reproduce", NAME, "--json")
    assert done.status == 3
    assert [claim["computed"] for claim in json.loads(done.out)["claims"]] == [1.0, None]
    assert done.err.splitlines() == [
        "note: no figures and no files without a folder; give one with -o DIR.",
        f"error: reproduce: 1 could not be computed, the first: {NAME}, claim 2: {note}.",
    ]


def test_json_of_one_and_of_several(run, found, tmp_path):
    found(_claim("1"))
    one = json.loads(run("reproduce", NAME, "--json", "-o", str(tmp_path)).out)
    assert {"id", "source", "figures", "claims"} <= set(one)
    assert list(one["claims"][0])[:7] == ["id", "statement", "expected", "computed", "tolerance", "holds", "note"]
    several = json.loads(run("reproduce", "all", "--json", "-o", str(tmp_path)).out)
    assert [each["id"] for each in several["reproductions"]] == list(base.reproductions())
    assert one in several["reproductions"]
    assert json.loads(run("reproduce", NAME, NAME, "--json", "-o", str(tmp_path)).out) == {"reproductions": [one]}


def test_figures_can_be_left_out(run, found, tmp_path):
    calls = found(_claim("1"))
    assert run("reproduce", NAME, "-o", str(tmp_path), "--no-figures").status == 0
    assert calls == [(NAME, str(tmp_path), False)]


def test_interruption_says_what_is_on_disk(run, monkeypatch, tmp_path):
    def reproduce(name, output=None, *, figures=True, on_step=None):
        on_step(3, 8)
        raise KeyboardInterrupt

    monkeypatch.setattr(base, "reproduce", reproduce)
    done = run("reproduce", NAME, "-o", str(tmp_path))
    assert (done.status, done.out) == (130, "")
    assert done.err == f"interrupted: 3 of 8 steps of {NAME} are in {tmp_path / NAME / 'claims.json'}.\n"


def test_help_says_what_the_status_means(run):
    out = " ".join(run("reproduce", "--help").out.split())
    assert "The status is 0 when everything was computed" in out
    assert "3 when a computation failed" in out


# --- cite ---------------------------------------------------------------------------------------------------------------


def test_cite_of_a_folder_is_that_of_its_reach(run, tmp_path):
    arguments = ("--set", "alpha_dark=0.5", "--scan", "mass=60MeV,70MeV", "--method", "sqrt_b", "-o", str(tmp_path))
    assert run("reach", NAME, "dark_photon", *arguments).status == 0
    done = run("cite", str(tmp_path))
    assert (done.status, done.err) == (0, "")
    reach = portico.reach(NAME, DarkPhoton(alpha_dark=0.5), scan={"mass": np.array([0.06, 0.07])}, method="sqrt_b")
    entries = set(done.out.strip().split("\n\n"))
    own = set(portico.cite(reach).split("\n\n"))
    assert own < entries
    # and what its picture compares with
    assert any("NA642023wbi" in entry for entry in entries - own)
    assert run("cite", str(tmp_path / "provenance.json")).out == done.out


def test_cite_of_a_name_is_that_of_search_and_reproduction(run):
    done = run("cite", NAME)
    assert (done.status, done.err) == (0, "")
    for key in ("Liang2022pul", "Liu2023talk", "ParticleDataGroup2024cfk"):
        assert done.out.count(f"{{{key},") == 1
    assert run("cite", NAME, NAME).out == done.out


def test_cite_of_claims(run, tmp_path):
    (tmp_path / "claims.json").write_text('{"sources": ["PDG 2024"]}', encoding="utf-8")
    made = run("cite", str(tmp_path)).out
    assert made.startswith("@article{ParticleDataGroup2024cfk,")
    # and of the folder above, which 'portico reproduce -o' was given
    above = tmp_path / "above"
    above.mkdir()
    (tmp_path / "claims.json").rename(above / "claims.json")
    assert run("cite", str(tmp_path)).out == made


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("[1, 2]", "expected provenance.json of a reach or claims.json of a reproduction"),
        ("{", "expected provenance.json of a reach or claims.json of a reproduction"),
        ('{"sources": 3}', "expected provenance.json of a reach or claims.json of a reproduction"),
        ('{"sources": [3]}', "expected texts under 'sources'"),
    ],
)
def test_cite_of_a_file_that_is_no_result(run, tmp_path, content, text):
    (tmp_path / "provenance.json").write_text(content, encoding="utf-8")
    done = run("cite", str(tmp_path))
    assert (done.status, done.out) == (2, "")
    assert text in done.err
    assert done.err.count("\n") == 1


def test_cite_of_anything_else_is_one_sentence(run):
    done = run("cite", "belle2_disappearing_positrn")
    assert (done.status, done.out) == (2, "")
    assert "no search or reproduction named" in done.err
    assert "Did you mean 'belle2_disappearing_positron'?" in done.err
    assert done.err.count("\n") == 1


def test_bar_is_drawn_on_a_terminal_only(run, found, monkeypatch):
    found(_claim("1"))
    quiet = run("reproduce", NAME)
    assert len(quiet.err.splitlines()) == 1  # the note that there is no folder
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    shown = run("reproduce", NAME)
    assert (shown.status, shown.out) == (0, quiet.out)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"sources": "abc"}', '{"sources": {"a": "b"}}', '{"sources": []}', "nonsense", "{}"]
)
def test_cite_refuses_a_provenance_that_is_none(run, tmp_path, text):
    (tmp_path / "provenance.json").write_text(text, encoding="utf-8")
    done = run("cite", str(tmp_path))
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "expected provenance.json of a reach" in done.err


def test_cite_takes_the_users_own_experiment_file(run):
    path = portico.search("belle2_disappearing_positron").experiment.path
    assert "Liang2022pul" in run("cite", path).out


def test_reproduce_without_a_folder_name_is_refused(run):
    done = run("reproduce", "belle2_disappearing_positron", "-o", "")
    assert (done.status, done.err) == (2, "error: output folder: none is given; name one with -o.\n")
