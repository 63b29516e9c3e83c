import json

import pytest

import portico

SEARCH = "belle2_disappearing_positron"


def _json(done):
    assert (done.status, done.err) == (0, "")
    return json.loads(done.out)


def test_models_are_listed(run):
    assert "dark_photon" in run("models").out
    assert {"name", "title"} == set(_json(run("models", "--json"))["models"][0])


def test_a_model_is_described(run):
    out = run("models", "dark_photon").out
    for text in (
        "alpha_dark",
        "dark_matter_mass_ratio",
        "above 0 GeV and at most 40 GeV",
        "epsilon in [1e-08, 1]",
        "arXiv:2212.04252",
    ):
        assert text in out
    content = _json(run("models", "dark_photon", "--json"))
    assert content["model"] == "dark_photon"
    assert {p["name"] for p in content["parameters"]} == set(portico.models.DarkPhoton.PARAMETERS)
    assert set(content["parameters"][0]) >= {"name", "unit", "default", "allowed", "meaning", "source"}


def test_searches_are_listed(run):
    assert SEARCH in run("searches").out
    assert [entry["name"] for entry in _json(run("searches", "--json"))["searches"]] == portico.searches()


def test_a_search_is_described_and_its_unverified_numbers_stand_out(run):
    out = run("searches", SEARCH).out
    lines = {line.split()[1]: line for line in out.splitlines() if line.startswith("! ") and "unverified:" not in line}
    unverified = {key for key, e in portico.search(SEARCH).experiment.entries.items() if e.status == "unverified"}
    assert set(lines) == unverified
    assert f"! {len(unverified)} unverified" in out
    for option in portico.search(SEARCH).signature.OPTIONS:
        assert f"\n{option} " in out


def test_every_choice_of_an_option_is_shown(run):
    for name in (SEARCH, "milliqan_2015"):
        out = run("searches", name).out
        for option, spec in portico.search(name).signature.OPTIONS.items():
            line = next(text for text in out.splitlines() if text.startswith(f"{option} "))
            assert all(choice in line for choice in spec.choices), option
    assert " none | background | signal " in out


def test_a_search_as_json(run):
    content = _json(run("searches", SEARCH, "--json"))
    search = portico.search(SEARCH)
    assert content["search"] == SEARCH
    assert {entry["name"] for entry in content["entries"]} == set(search.experiment.entries)
    assert set(content["entries"][0]) >= {"name", "value", "unit", "source", "status", "note"}
    assert {option["name"]: option["default"] for option in content["options"]} == search.options


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("models", "dark_foton"), "no model named 'dark_foton'. Did you mean 'dark_photon'?"),
        (
            ("searches", "belle2_disappearing"),
            "no search named 'belle2_disappearing'. Did you mean 'belle2_disappearing_positron'?",
        ),
        (("searches", "nowhere.toml"), "nowhere.toml: cannot be read: No such file or directory"),
    ],
)
def test_unknown_names_are_refused(run, arguments, text):
    done = run(*arguments)
    assert (done.status, done.out) == (2, "")
    assert text in done.err
