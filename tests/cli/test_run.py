import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

import portico
from portico.models import DarkPhoton

SEARCH = "belle2_disappearing_positron"
POINT = ("--set", "mass=67MeV", "--set", "alpha_dark=0.5")
REACH = ("reach", SEARCH, "dark_photon", "--set", "alpha_dark=0.5", "--scan", "mass=10MeV:300MeV:5")


def _json(done):
    """The one document on standard output, without numbers that JSON does not have."""
    assert (done.status, done.err) == (0, "")

    def refuse(text):
        raise AssertionError(f"{text} is no JSON number")

    return json.loads(done.out, parse_constant=refuse)


# --- widths --------------------------------------------------------------------------------------------------------


def test_widths_as_json(run):
    content = _json(run("widths", "dark_photon", "--set", "mass=300 MeV", "--set", "epsilon=1e-3", "--json"))
    assert list(content) == [
        "model",
        "parameters",
        "total_width_gev",
        "lifetime_s",
        "ctau_cm",
        "partial_widths_gev",
        "branching_ratios",
    ]
    model = DarkPhoton(mass=0.3, epsilon=1e-3)
    assert content["model"] == "dark_photon"
    assert content["parameters"]["mass"] == pytest.approx(0.3, rel=1e-15)
    assert content["total_width_gev"] == pytest.approx(model.width(), rel=1e-12)
    assert content["lifetime_s"] == pytest.approx(model.lifetime_s(), rel=1e-12)
    assert content["ctau_cm"] == pytest.approx(model.ctau_cm(), rel=1e-12)
    assert sum(content["branching_ratios"].values()) == pytest.approx(1, rel=1e-12)
    assert sum(content["partial_widths_gev"].values()) == pytest.approx(content["total_width_gev"], rel=1e-12)


def test_width_that_vanishes_is_told_without_infinity(run):
    content = _json(run("widths", "dark_photon", "--set", "mass=300 MeV", "--set", "epsilon=0", "--json"))
    assert content["total_width_gev"] == 0
    assert content["lifetime_s"] is None
    assert content["ctau_cm"] is None


def test_widths_as_text(run):
    out = run("widths", "dark_photon", "--set", "mass=300MeV", "--set", "epsilon=1e-3").out
    assert "mu+ mu-" in out
    assert "c tau" in out
    assert " cm" in out


def test_widths_of_what_decays_to_millicharged_particles(run):
    point = ("widths", "mixed_phase", "--set", "mass=1GeV", "--set", "kappa=1e-3", "--set", "theta_w_dark=28.74 deg")
    done = run(*point)
    assert "note: e' = 1 e, BR(Z' -> chi chi) = 0.208." in done.err
    assert "\nZ -> nu_D nu_D " in done.out
    assert "\nJ/psi -> chi chi " in done.out
    assert "rho -> chi chi" not in done.out  # closed
    content = json.loads(run(*point, "--json").out)
    decay = content["parent_decays"]["Z -> chi chi"]
    assert decay["width_gev"] == pytest.approx(30.2e-3 * 7.688e-4**2, rel=3e-3)
    assert content["parent_decays"]["rho -> chi chi"] == {"width_gev": 0.0, "branching_ratio": 0.0}


def test_a_stable_particle_has_no_widths_of_its_own(run):
    out = run("widths", "millicharged", "--set", "mass=100MeV", "--set", "epsilon=1e-3").out
    assert "stable: no decay of its own" in out
    assert "\npi0 -> gamma chi chi" not in out
    assert "\neta -> gamma chi chi " in out


INELASTIC = ("widths", "inelastic", "--set", "mass=1.25", "--set", "epsilon=1e-3", "--set", "alpha_dark=0.1")


def test_widths_of_dark_fermions(run):
    point = (*INELASTIC, "--set", "splitting=0.4", "--set", "dark_matter_mass_ratio=0.33")
    content = _json(run(*point, "--json"))
    assert content["branching_ratios"]["psi_1 psi_2"] == pytest.approx(1.0, abs=1e-6)
    assert list(content["fermions"]) == ["psi_2"]
    psi = content["fermions"]["psi_2"]
    assert list(psi) == ["mass_gev", "partial_widths_gev", "branching_ratios", "lifetime_s", "ctau_cm"]
    assert psi["mass_gev"] == pytest.approx(0.5775)
    assert psi["partial_widths_gev"]["psi_1 e+ e-"] == pytest.approx(1.99543e-15, rel=5e-6)
    assert psi["branching_ratios"] == {
        "psi_1 e+ e-": 1.0,
        "psi_1 mu+ mu-": 0.0,
        "psi_1 tau+ tau-": 0.0,
        "psi_1 hadrons": 0.0,
    }
    assert psi["lifetime_s"] * 2.99792458e10 == pytest.approx(psi["ctau_cm"], rel=1e-8)
    text = run(*point).out
    assert "psi_2: 0.5775 GeV" in text
    assert "9.8889 cm" in text


def test_closed_dark_decays_are_told(run):
    done = run(*INELASTIC, "--set", "splitting=0.4", "--set", "dark_matter_mass=0.6", "--json")
    assert done.status == 0
    assert (
        done.err
        == "note: no pair of dark fermions that couples is lighter than the mediator: the mediator falls back to visible decays.\n"
    )
    assert json.loads(done.out)["partial_widths_gev"]["psi_1 psi_2"] == 0.0
    stable = json.loads(run(*INELASTIC, "--set", "splitting=0", "--json").out)["fermions"]["psi_2"]
    assert (stable["ctau_cm"], stable["lifetime_s"]) == (None, None)


def test_fermions_that_are_not_computed_leave_the_mediator(run):
    point = ("widths", "dirac_inelastic", *INELASTIC[2:], "--set", "splitting=2.5", "--set", "mixing_angle=0.1")
    done = run(*point, "--json")
    assert done.err.startswith(
        "note: no widths of dark fermions: dirac_inelastic: psi_2 is heavy enough to decay to psi_1 psi_1 psi_1"
    )
    assert json.loads(done.out)["fermions"] == {}


# --- signal --------------------------------------------------------------------------------------------------------


def test_signal_as_json(run):
    content = _json(run("signal", SEARCH, "dark_photon", *POINT, "--set", "epsilon=1e-4", "--json"))
    assert list(content) == [
        "search", "model", "parameters", "expected", "channels", "numerical_error", "systematic_error", "factors", "background",
    ]  # fmt: skip
    signal = portico.signal(SEARCH, DarkPhoton(mass=0.067, alpha_dark=0.5, epsilon=1e-4))
    assert content["expected"] == pytest.approx(signal.expected, rel=1e-12)
    assert content["channels"] == pytest.approx(signal.channels, rel=1e-12)
    assert content["numerical_error"] == pytest.approx(sum(signal.numerical_error.values()), rel=1e-9)
    assert content["systematic_error"] == pytest.approx(sum(signal.systematic_error.values()), rel=1e-9)
    assert {"name", "value", "unit", "source"} <= set(content["factors"][0])
    assert set(content["background"]) == {"expected", "uncertainty", "components"}
    assert content["background"]["expected"] == pytest.approx(94.1, abs=0.1)
    assert set(content["background"]["components"]) == {"photons", "neutrons"}


def test_signal_as_text_has_its_factors(run):
    done = run("signal", SEARCH, "dark_photon", *POINT, "--set", "epsilon=1e-4", "--option", "channels=annihilation")
    assert done.status == 0
    assert "integrated luminosity" in done.out
    assert "bremsstrahlung" not in done.out
    assert "background  94.1" in done.out


def test_options_reach_the_search(run):
    options = (
        "--option",
        "bremsstrahlung=iww",
        "--option",
        "track_length=tsai_whitis",
        "--option",
        "channels=bremsstrahlung",
    )
    content = _json(run("signal", SEARCH, "dark_photon", *POINT, "--set", "epsilon=1e-4", *options, "--json"))
    search = portico.search(SEARCH, bremsstrahlung="iww", track_length="tsai_whitis", channels="bremsstrahlung")
    expected = portico.signal(search, DarkPhoton(mass=0.067, alpha_dark=0.5, epsilon=1e-4)).expected
    assert content["expected"] == pytest.approx(expected, rel=1e-12)


# --- limit ---------------------------------------------------------------------------------------------------------


def test_limit_as_json(run):
    content = _json(
        run("limit", SEARCH, "dark_photon", *POINT, "--cl", "95%", "--method", "likelihood_ratio", "--json")
    )
    assert list(content)[:8] == ["search", "model", "parameter", "cl", "method", "kind", "intervals", "status"]
    limit = portico.limit(SEARCH, DarkPhoton(mass=0.067, alpha_dark=0.5), cl=0.95, method="likelihood_ratio")
    assert (content["parameter"], content["method"]) == ("epsilon", "likelihood_ratio")
    assert content["cl"] == pytest.approx(0.95, rel=1e-15)
    assert (content["kind"], content["status"]) == ("expected", "open")
    ((low, high),) = content["intervals"]
    assert high is None
    assert low == pytest.approx(limit.upper, rel=1e-9)


def test_limit_on_another_parameter(run):
    done = run(
        "limit", SEARCH, "dark_photon", "--set", "mass=67MeV", "--set", "epsilon=3e-5", "--parameter", "alpha_dark",
        "--option", "nuisances=none",
    )  # fmt: skip
    assert done.status == 0
    assert "all of alpha_dark from 1e-08 up to 0.3" in done.out


def test_limit_as_text(run):
    out = run("limit", SEARCH, "dark_photon", *POINT).out
    assert "expected 90% CL (cls): a signal above 35.7" in out
    assert "epsilon from 5.1" in out
    assert "uncertainties in this limit: photons 9.6 events, neutrons 21 events, thickness" in out
    assert "without uncertainties: epsilon from 3.5" in out
    partly = run("limit", SEARCH, "dark_photon", *POINT, "--option", "nuisances=neutrons").out
    assert "uncertainties in this limit: neutrons 21 events; not in this limit: photons 9.6 events" in partly


# --- count ---------------------------------------------------------------------------------------------------------


def test_count_as_json(run):
    content = _json(
        run("count", "--observed", "3", "--background", "2", "--efficiency", "3%", "--luminosity", "276/pb", "--json")
    )
    assert set(content) >= {"method", "cl", "upper_limit_events", "upper_limit_cross_section_fb", "expected"}
    assert content["upper_limit_cross_section_fb"] == pytest.approx(594.9, rel=4e-4)  # four digits
    assert content["upper_limit_events"] == pytest.approx(594.9 * 0.276 * 0.03, rel=4e-4)
    assert set(content["expected"]) == {"median", "minus2", "minus1", "plus1", "plus2"}
    without = _json(run("count", "--background", "94", "--json"))
    assert without["upper_limit_cross_section_fb"] is None
    assert without["upper_limit_events"] == without["expected"]["median"] == pytest.approx(17.30, rel=3e-4)


def test_count_as_text(run):
    out = run("count", "--observed", "94", "--background", "94").out
    assert out.startswith("observed 90% CL upper limit (cls): 17.298 events")


def test_count_with_uncertainties_names_what_it_did(run):
    words = (
        "count",
        "--observed",
        "3",
        "--background",
        "2",
        "--background-uncertainty",
        "22.091%",
        "--efficiency",
        "3%",
    )
    words += ("--efficiency-uncertainty", "14.975%", "--luminosity", "276/pb", "--luminosity-uncertainty", "0.7%")
    content = _json(run(*words, "--method", "bayes", "--json"))
    assert content["upper_limit_cross_section_fb"] == pytest.approx(621.3, rel=3e-4)  # four digits
    assert (content["method"], content["used"], content["constraint"]) == ("bayes", "bayes", "log_normal")
    assert content["coverage"] is None
    out = run(*words, "--coverage").out
    assert "cls_asymptotic: CLs of the profile-likelihood ratio q-tilde, asymptotic formula" in out
    assert "note: asymptotic formula at 2 background events: with a known background its median limit is" in out
    assert "coverage: the limit is at or above a true signal of" in out
    toys = run("count", "--observed", "3", "--background", "2", "--method", "cls_toys", "--toys", "20000").out
    assert re.match(r"observed 90% CL upper limit \(cls_toys\): 4\.\d+ \+- 0\.\d+ \(toys\) events", toys)


# --- reach ---------------------------------------------------------------------------------------------------------


def test_reach_as_json_and_its_files(run, tmp_path):
    content = _json(run(*REACH, "-o", str(tmp_path / "out"), "--json"))
    assert list(content) == ["search", "model", "parameter", "cl", "method", "scan", "intervals", "status", "files"]
    mass = np.geomspace(0.01, 0.3, 5)
    reach = portico.reach(SEARCH, DarkPhoton(alpha_dark=0.5), scan={"mass": mass})
    np.testing.assert_allclose(content["scan"]["mass"], mass, rtol=1e-14)
    assert [len(point) for point in content["intervals"]] == [1] * 5
    assert all(point[0][1] is None for point in content["intervals"])
    np.testing.assert_allclose([point[0][0] for point in content["intervals"]], reach["low"].values[:, 0], rtol=1e-9)
    assert content["status"] == ["open"] * 5
    names = {"reach.csv", "reach.nc", "reach.png", "reach.pdf", "provenance.json"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    assert set(content["files"]) == {str(tmp_path / "out" / name) for name in names}
    for name in names:
        assert (tmp_path / "out" / name).stat().st_size > 100
    with (tmp_path / "out" / "reach.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_allclose([float(row["epsilon_low"]) for row in rows], reach["low"].values[:, 0], rtol=1e-9)
    assert {row["epsilon_high"] for row in rows} == {"inf"}
    provenance = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["command"][1:] == [*REACH, "-o", str(tmp_path / "out"), "--json"]


def test_the_same_command_writes_the_same_bytes(run, tmp_path):
    for k in (1, 2):
        assert run(*REACH, "-o", str(tmp_path / str(k))).status == 0
    for name in ("reach.csv", "reach.png", "reach.pdf"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name
    before = (tmp_path / "1" / "reach.csv").read_bytes()
    run(*REACH, "-o", str(tmp_path / "1"))
    assert (tmp_path / "1" / "reach.csv").read_bytes() == before


def test_reach_over_two_parameters_and_lists(run, tmp_path):
    scans = ("--scan", "mass=30MeV:100MeV:3:linear", "--scan", "alpha_dark=0.1,1/2")
    content = _json(run("reach", SEARCH, "dark_photon", *scans, "-o", str(tmp_path), "--json"))
    np.testing.assert_allclose(content["scan"]["mass"], [0.030, 0.065, 0.100], rtol=1e-14)
    assert content["scan"]["alpha_dark"] == [0.1, 0.5]
    assert len(content["intervals"]) == len(content["status"]) == 6
    assert (tmp_path / "reach.png").stat().st_size > 5000


def test_reach_as_text_says_where_it_is_best(run, tmp_path):
    out = run(*REACH, "-o", str(tmp_path)).out
    assert "5 of 5 points exclude a range of epsilon at 90% CL (expected, cls, from 35.6" in out
    assert "smallest excluded epsilon: " in out
    assert " GeV" in out
    assert str(tmp_path / "reach.csv") in out


def test_own_experiment_file_works_as_search(run, tmp_path):
    shipped = Path(portico.search(SEARCH).experiment.path).read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(shipped.replace("50/ab", "1/ab"), encoding="utf-8")
    content = _json(run("signal", str(path), "dark_photon", *POINT, "--set", "epsilon=1e-4", "--json"))
    reference = portico.signal(SEARCH, DarkPhoton(mass=0.067, alpha_dark=0.5, epsilon=1e-4))
    assert content["search"] == "mine"
    assert content["expected"] == pytest.approx(reference.expected / 50, rel=1e-9)


def test_points_that_miss_their_tolerance_end_in_status_3(run, tmp_path, monkeypatch):
    monkeypatch.setattr(portico.search(SEARCH).signature, "TOLERANCE", 1e-12)
    done = run(*REACH, "-o", str(tmp_path))
    assert done.status == 3
    *notes, message = done.err.splitlines()
    assert all(line.startswith("note: ") for line in notes)
    assert message.startswith("error: 5 of 5 points failed, the first at mass = 0.01 GeV: numerical error")
    assert str(tmp_path / "reach.csv") in done.err
    assert (tmp_path / "reach.csv").read_text(encoding="utf-8").count("\n") == 6
    one = run("limit", SEARCH, "dark_photon", *POINT)
    assert (one.status, one.out) == (3, "")
    assert "numerical error" in one.err


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("inelastic", "mass=1 splitting=1000", r"psi_2 to psi_1 hadrons .* m\(psi_2\) - m\(psi_1\) is 333.333 GeV"),
        ("inelastic", "mass=1e-3 dark_matter_mass=1000 splitting=0.1", r"psi_2 to psi_1 hadrons .* is 100 GeV"),
        ("heavy_neutral_lepton", "mass=1 lightest_mass=900 splitting_21=0.57 splitting_32=0.59 v_32=1 v_21=0.2", "is 513 GeV"),
        ("inelastic", "mass=0.1 dark_matter_mass=1 splitting=1 epsilon=0", r"psi_1 e\+ e- .* it has no width"),
    ],
)  # fmt: skip
def test_a_width_that_is_not_known_is_no_stable_particle(run, model, settings, message):
    given = {"epsilon": "1e-3", "alpha_dark": "0.1"} | dict(item.split("=") for item in settings.split())
    done = run("widths", model, *(word for key, value in given.items() for word in ("--set", f"{key}={value}")))
    assert done.status == 2
    assert done.out == ""
    assert re.search(message, done.err)


def test_discovery_is_not_called_exclusion(run, tmp_path):
    search, question = ("milliqan_hl_lhc", "millicharged"), ("--method", "discovery", "--cl", "99.73%")
    done = run("limit", *search, "--set", "mass=5", *question)
    assert done.status == 0
    assert "is discovered by the median experiment" in done.out
    assert re.search(r"epsilon from \S+ up to .* is discovered", done.out)
    assert "exclude" not in done.out
    done = run("reach", *search, "--scan", "mass=5:6:2", *question, "-o", str(tmp_path / "out"))
    assert "2 of 2 points discover a range of epsilon" in done.out
    assert "smallest discovered epsilon" in done.out
    assert "exclude" not in done.out
