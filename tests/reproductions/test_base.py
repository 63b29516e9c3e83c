import json

import pytest

import portico
from portico import registry
from portico.errors import DataError
from portico.reproductions import base

FIELDS = ["id", "statement", "expected", "computed", "tolerance", "holds", "note"]


def _verdicts(result):
    return {claim.id: claim.holds for claim in result.claims}


def test_claims_that_are_met_hold(made_up):
    made_up()
    result = portico.reproduce("made_up")
    assert _verdicts(result) == {"1": True, "2": True, "3": True, "4[1 MeV]": True, "4[2 MeV]": True}
    assert result.failures == []
    assert result.figures == ()  # no folder, no figures
    assert [claim.allowed() for claim in result.claims] == ["1%", "+-1e+06", "below", "+-0.1", "+-0.1"]


@pytest.mark.parametrize(
    ("key", "inside", "outside"),
    [
        ("1", 10.1, 10.11),  # 1% of 10
        ("1", 9.9, 9.89),
        ("2", 4.19e8, 4.2e8),  # one unit of the last digit
        ("2", 4.17e8, 4.169e8),
        ("3", 4.1999, 4.2),  # below, not equal
    ],
)
def test_tolerance_is_the_one_of_the_file(made_up, key, inside, outside):
    for value, holds in ((inside, True), (outside, False)):
        made_up({key: lambda n, value=value: value})
        assert _verdicts(portico.reproduce("made_up"))[key] is holds


def test_above_is_the_other_inequality(made_up, monkeypatch):
    document = made_up({"3": lambda n: 5.0})
    document.entries["3"] = {**document.entries["3"], "comparison": "above"}
    try:
        assert _verdicts(portico.reproduce("made_up"))["3"] is True
    finally:
        document.entries["3"] = {**document.entries["3"], "comparison": "below"}


@pytest.mark.parametrize(
    ("text", "unit"), [("4.18e8", 1e6), ("94", 1.0), ("0.147", 1e-3), ("5.2e-5", 1e-6), ("-12.25", 0.01), ("0", 0.0)]
)
def test_last_digit(text, unit):
    assert base.last_digit(text) == pytest.approx(unit, rel=1e-12)


def test_a_claim_that_raises_is_kept_with_its_reason(made_up, failing, tmp_path):
    made_up({"2": failing})
    result = portico.reproduce("made_up", tmp_path)
    claim = result.claims[1]
    assert (claim.computed, claim.holds) == (None, False)
    assert claim.note == "could not be computed: ZeroDivisionError: made up. to three digits"
    assert result.failures == ["claim 2: could not be computed: ZeroDivisionError: made up. to three digits"]
    assert sum(_verdicts(result).values()) == 4
    assert len(result.figures[0].files) == 2
    written = json.loads((tmp_path / "made_up" / "claims.json").read_text(encoding="utf-8"))
    assert written["claims"][1]["computed"] is None
    assert "| not computed |" in (tmp_path / "made_up" / "claims.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "the result is nan"),
        (float("inf"), "the result is inf"),
        ("text", "ValueError"),
    ],
)
def test_a_result_that_is_no_number_is_no_result(made_up, value, reason):
    made_up({"1": lambda n: value})
    claim = portico.reproduce("made_up").claims[0]
    assert claim.computed is None
    assert reason in claim.note


def test_a_list_of_the_wrong_length_is_told(made_up):
    made_up({"4": lambda n: [1.0]})
    notes = {claim.note for claim in portico.reproduce("made_up").claims[3:]}
    assert notes == {"could not be computed: 2 numbers were expected, 1 came"}


def test_a_figure_that_fails_leaves_the_others(made_up, failing, tmp_path):
    made_up(figures={"broken": ("A caption.", failing), "after": made_up().module.FIGURES["line"]})
    result = portico.reproduce("made_up", tmp_path)
    assert [bool(figure.files) for figure in result.figures] == [True, False, True]
    assert result.failures == ["figure broken: could not be drawn: ZeroDivisionError: made up"]
    assert all(_verdicts(result).values())
    assert "could not be drawn" in (tmp_path / "made_up" / "claims.md").read_text(encoding="utf-8")


def test_claims_are_on_disk_before_the_next_is_computed(made_up, tmp_path):
    seen = []

    def stop(_):
        seen.extend(json.loads((tmp_path / "made_up" / "claims.json").read_text(encoding="utf-8"))["claims"])
        raise KeyboardInterrupt

    made_up({"3": stop})
    with pytest.raises(KeyboardInterrupt):
        portico.reproduce("made_up", tmp_path)
    assert [claim["id"] for claim in seen] == ["1", "2"]
    assert sorted(path.name for path in (tmp_path / "made_up").iterdir()) == ["claims.json", "claims.md"]


def test_files_of_a_reproduction(made_up, tmp_path):
    made_up()
    (tmp_path / "made_up").mkdir()
    (tmp_path / "made_up" / "line.pdf").write_text("old", encoding="utf-8")
    steps = []
    result = portico.reproduce("made_up", tmp_path, on_step=lambda done, total: steps.append((done, total)))
    assert steps[0] == (1, 5)
    assert steps[-1] == (5, 5)
    names = sorted(path.name for path in (tmp_path / "made_up").iterdir())
    assert names == ["claims.json", "claims.md", "line.pdf", "line.png"]
    written = json.loads((tmp_path / "made_up" / "claims.json").read_text(encoding="utf-8"))
    assert {"id", "source", "figures", "claims"} <= set(written)
    assert written["figures"] == ["line.png", "line.pdf"]
    assert list(written["claims"][0])[:7] == FIELDS
    assert written["sources"] == ["arXiv:2212.04252", "PDG"]
    assert "Liang2022pul" in portico.cite(result)


def test_figures_can_be_left_out(made_up, tmp_path):
    made_up()
    assert portico.reproduce("made_up", tmp_path, figures=False).figures == ()
    assert not (tmp_path / "made_up" / "line.png").exists()


def test_unknown_id_names_the_nearest():
    with pytest.raises(portico.UnknownName, match="Did you mean 'belle2_disappearing_positron'"):
        portico.reproduce("belle2_disappearing_positrons")


def test_folder_that_cannot_be_written_is_told_first(made_up, tmp_path):
    (tmp_path / "made_up").write_text("a file", encoding="utf-8")
    made_up({"1": lambda n: pytest.fail("computed before the folder was tried")})
    with pytest.raises(portico.InvalidInput, match=r"output folder .* cannot be written"):
        portico.reproduce("made_up", tmp_path)


def test_claims_without_a_function_are_a_defect_of_the_file(monkeypatch):
    name = registry.names("reproduction")[0]
    module = registry.load("reproduction", name)
    monkeypatch.setattr(module, "CLAIMS", {k: f for k, f in module.CLAIMS.items() if k != "1"})
    with pytest.raises(DataError, match=rf"{name}\.toml: claims: 1 stand in one of"):
        base.document(name)


# --- every file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", registry.names("reproduction"))
def test_file_is_complete(name):
    document = base.document(name)
    assert document.title
    assert document.source
    assert base.reproductions()[name] == document.title
    for key, entry in document.entries.items():
        kinds = {"relative", "absolute", "digits", "comparison"} & set(entry)
        assert len(kinds) == 1, key
        assert entry.get("comparison", "below") in ("below", "above"), key
        assert set(entry) - kinds <= {"statement", "value", "unit", "source", "status", "note", "at"}, key
        assert isinstance(entry["value"], list) == ("at" in entry), key
        if "at" in entry:
            assert len(entry["value"]) == len(document.points[entry["at"]]), key
        if "digits" in entry:  # a bare number has lost its last digit
            values = entry["value"] if isinstance(entry["value"], list) else [entry["value"]]
            assert all(isinstance(value, str) for value in values), key
    used = {entry.get("at") for entry in document.entries.values()}
    assert set(document.points) <= used
