import json
import shlex

import pytest

from portico.plotting import exclusion as real
from portico.precision import magnetic_moment as moment


def _json(done):
    assert (done.status, done.err) == (0, "")
    return json.loads(done.out)


def test_mixing_of_2021_and_its_bands(run):
    found = _json(run("g-2", "--mass", "1.25GeV", "--data", "bnl_fnal_2021", "--sigma", "2", "--sigma", "3", "--json"))
    assert found["epsilon_central"] == pytest.approx(2.202e-2, rel=1e-4)
    edges = [[band["n_sigma"], band["low"], band["high"]] for band in found["bands"]]
    assert edges == [pytest.approx([2, 1.603e-2, 2.670e-2], rel=5e-4), pytest.approx([3, 1.196e-2, 2.876e-2], rel=5e-4)]
    assert found["data_set"]["name"] == "bnl_fnal_2021"
    assert found["shift"] is None
    assert found["relative_error"] < 1e-8
    assert {"arXiv:0811.1030"} < set(found["sources"])


def test_shift_at_a_mixing(run):
    found = _json(run("g-2", "--mass", "1.25GeV", "--epsilon", "1e-2", "--json"))
    assert found["shift"] == pytest.approx(5.175603126e-10, rel=1e-8)
    out = run("g-2", "--mass", "1.25GeV", "--epsilon", "1e-2").out
    assert "5.175603126e-10" in out
    assert "(+0.22 sigma from the data)" in out  # (51.76 - 38)/63


def test_default_is_named_and_is_not_that_of_2021(run):
    out = run("g-2", "--mass", "1.25GeV").out
    assert "data: fnal_2025_wp2025, 38(63)e-11" in out
    assert "unverified" in out
    assert "1 sigma: epsilon up to 0.013969" in out  # 0.0220220 sqrt(101/251)
    assert "rubidium_2020, 48(30)e-14" in run("g-2", "--mass", "20MeV", "--lepton", "e-").out


def test_negative_shift_of_the_electron_has_no_mixing(run):
    arguments = ("g-2", "--mass", "20MeV", "--data", "cesium_2018", "--sigma", "2", "--sigma", "3")
    out = run(*arguments).out
    assert "central value: no mixing: a vector raises the magnetic moment" in out
    assert "\n2 sigma: no mixing\n" in out
    assert "\n3 sigma: epsilon up to " in out
    found = _json(run(*arguments, "--json"))
    assert found["epsilon_central"] is None
    assert found["bands"][0] == {"n_sigma": 2.0, "low": None, "high": None}
    assert found["bands"][1]["low"] == 0
    assert found["lepton"] == "e-"


def test_data_sets_are_listed_and_the_defaults_marked(run):
    out = run("g-2", "--list").out
    lines = [
        line for line in out.splitlines() if line.split()[:1] and line.replace("* ", "  ").split()[0] in moment.names()
    ]
    assert len(lines) == len(moment.names())
    assert {line.split()[1] for line in lines if line.startswith("* ")} == {"fnal_2025_wp2025", "rubidium_2020"}
    listed = _json(run("g-2", "--list", "--json"))["data_sets"]
    assert [entry["name"] for entry in listed] == moment.names()
    assert set(listed[0]) == {"name", "lepton", "title", "label", "shift", "error", "source", "status", "default"}


def test_massless_mediator_and_mixing_above_one_are_said(run):
    assert "epsilon up to" in run("g-2", "--mass", "0").out
    done = run("g-2", "--mass", "500GeV", "--data", "bnl_fnal_2021")
    assert "(the formula means nothing above 1)" in done.out
    assert "note: above 10 GeV the mixing with the Z" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("g-2", "give --mass, such as --mass 1.25GeV, or --list"),
        ("g-2 --list --mass 1GeV", "--list lists all data sets and takes no --mass; leave out one of them"),
        ("g-2 --list --sigma 1", "--list lists all data sets and takes no --sigma; leave out one of them"),
        ("g-2 --mass 1.25cm", "--mass: '1.25cm' is not an energy"),
        ("g-2 --mass -1MeV", "--mass -1MeV: expected at least 0 GeV and at most 1000 GeV."),
        ("g-2 --mass 1GeV --epsilon 2", "--epsilon 2: expected at least 0 and at most 1."),
        ("g-2 --mass 1GeV --sigma -1", "--sigma -1: expected a number of standard deviations, at least 0 and at most 100."),
        ("g-2 --mass 1GeV --data bnl_fnal_2012", "no data set of the magnetic moment named 'bnl_fnal_2012'. Did you mean 'bnl_fnal_2021'?"),
        ("g-2 --mass 1GeV --lepton mu+", "no lepton with data on its magnetic moment named 'mu+'. Did you mean 'mu-'?"),
        ("g-2 --mass 1GeV --lepton e- --data fnal_2023", "--data fnal_2023: is for mu-, not for e-; those of e-: cesium_2018, rubidium_2020."),
        ("reach belle2_disappearing_positron dark_photon --set alpha_dark=0.5 --scan mass=1MeV:1GeV:5 -o out --magnetic-moment fnal_2022", "no data set of the magnetic moment named 'fnal_2022'. Did you mean 'fnal_2023'?"),
        ("recast babar_mono_photon_2017 dark_photon --set mass=1GeV --set alpha_dark=0.1 --magnetic-moment fnal_2023", "recast: --magnetic-moment draws bands in the picture of a scan; give --scan and -o DIR."),
        ("reach belle2_disappearing_positron dark_photon --scan alpha_dark=0.1,0.5 --set mass=67MeV -o out --magnetic-moment fnal_2023", "--magnetic-moment fnal_2023: the bands are drawn over a scan of mass alone with --parameter epsilon; given alpha_dark and epsilon."),
    ],
)  # fmt: skip
def test_wrong_input_is_one_sentence(run, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    done = run(*shlex.split(words))
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_reach_draws_the_bands(run, tmp_path, monkeypatch):
    from portico import plotting

    drawn = {}
    monkeypatch.setattr(
        plotting, "exclusion", lambda reaches, **options: drawn.update(options) or real(reaches, **options)
    )
    arguments = ("--set", "alpha_dark=0.5", "--scan", "mass=60MeV,70MeV", "--method", "sqrt_b", "-o", str(tmp_path))
    extra = ("--magnetic-moment", "bnl_fnal_2021")
    assert run("reach", "belle2_disappearing_positron", "dark_photon", *arguments, *extra).status == 0
    assert drawn == {"magnetic_moment": "bnl_fnal_2021"}
    assert (tmp_path / "reach.png").stat().st_size > 5000
    cited = run("cite", str(tmp_path)).out
    assert "{Muong2021ojo," in cited
    assert "{Pospelov2008zw," in cited


def test_a_band_asked_twice_is_given_once(run):
    assert len(_json(run("g-2", "--mass", "1GeV", "--sigma", "1", "--sigma", "1.0", "--json"))["bands"]) == 1
