"""Every wrong input ends in status 2, one sentence on standard error, nothing on standard output."""

import shlex

import pytest

SEARCH = "belle2_disappearing_positron"
WIDTHS = "widths dark_photon --set mass=67MeV --set epsilon=1e-4"
SIGNAL = f"signal {SEARCH} dark_photon --set mass=67MeV --set epsilon=1e-4 --set alpha_dark=0.5"
LIMIT = f"limit {SEARCH} dark_photon --set mass=67MeV --set alpha_dark=0.5"
REACH = f"reach {SEARCH} dark_photon --set alpha_dark=0.5 -o out"
COUNT = "count --observed 3 --background 2"

WRONG = [
    # commands and options of the command line
    ("nonsense", "No such command 'nonsense'. See '"),
    ("--nonsense", "No such option: --nonsense"),
    (f"{SIGNAL} --nonsense", "No such option: --nonsense"),
    ("signal", "Missing argument 'SEARCH'. See '"),
    (f"signal {SEARCH}", "Missing argument 'MODEL'"),
    (REACH, "Missing option '--scan'. See '"),
    (f"reach {SEARCH} dark_photon --scan mass=1MeV:1GeV:5", "Missing option '-o' / '--output'"),
    ("count --observed 3", "Missing option '--background'"),
    ("widths dark_photon --set", "Option '--set' requires an argument"),
    (f"{SIGNAL} extra", "unexpected extra argument"),
    # names
    ("signal belle2_disapearing_positron dark_photon", "no search named 'belle2_disapearing_positron'. Did you mean 'belle2_disappearing_positron'?"),
    (f"signal {SEARCH} dark_foton", "no model named 'dark_foton'. Did you mean 'dark_photon'?"),
    (f"{SIGNAL} --set alpha_drak=0.5", "no parameter named 'alpha_drak' in model dark_photon. Did you mean 'alpha_dark'?"),
    (f"{SIGNAL} --option bremstrahlung=iww", f"no option named 'bremstrahlung' in search '{SEARCH}'. Did you mean 'bremsstrahlung'?"),
    (f"{SIGNAL} --option bremsstrahlung=iwv", "no choice for option bremsstrahlung named 'iwv' in search"),
    (f"{SIGNAL} --option channels=annihilation,decay", "no choice for option channels named 'decay'"),
    (f"{SIGNAL} --set dark_matter=dirak", "no choice for dark_matter named 'dirak' in dark_photon. Did you mean 'dirac'?"),
    (f"{LIMIT} --method clz", "no method named 'clz'. Did you mean 'cls'? Known: bayes, cls, cls_asymptotic, cls_exact,"),
    (f"{LIMIT} --parameter epsilonn", "no parameter named 'epsilonn' in model dark_photon. Did you mean 'epsilon'?"),
    (f"{LIMIT} --parameter mass", "no limit can be set on 'mass' of dark_photon; expected one of epsilon, alpha_dark."),
    ("reach milliqan_2015 mixed_phase --set mass=1 --scan kappa=0.1,0.01 -o out", "mixed_phase: kappa and epsilon are alternatives; epsilon is limited, so kappa cannot be scanned; scan another parameter."),
    ("limit milliqan_2015 stueckelberg --set mass=1 --set mass_mixing=0.1", "stueckelberg: mass_mixing and epsilon are alternatives; epsilon is limited, so mass_mixing cannot be set; leave out mass_mixing."),
    (f"{REACH} --scan mass=1MeV:1GeV:5 --parameter epsilonn", "no parameter named 'epsilonn'"),
    (f"{REACH} --scan mass=1MeV:1GeV:5 --method clz", "no method named 'clz'"),
    (f"{COUNT} --method bayess", "no method named 'bayess'"),
    # KEY=VALUE
    ("widths dark_photon --set mass", "--set 'mass': expected KEY=VALUE, such as --set mass=67MeV."),
    ("widths dark_photon --set mass=", "--set 'mass=': expected KEY=VALUE"),
    ("widths dark_photon --set =67MeV", "--set '=67MeV': expected KEY=VALUE"),
    (f"{WIDTHS} --set mass=68MeV", "--set: 'mass' is given twice."),
    (f"{SIGNAL} --option width", "--option 'width': expected KEY=VALUE, such as --option bremsstrahlung=iww."),
    # quantities
    ("widths dark_photon --set 'mass=1,2 GeV'", "dark_photon: mass: '1,2 GeV' is not a quantity; expected number[/number] [unit], such as '67 MeV'"),
    ("widths dark_photon --set mass=10**8**8", "'10**8**8' is not a quantity"),
    ("widths dark_photon --set mass=nan", "'nan' is not a quantity"),
    ("widths dark_photon --set mass=1e400", "'1e400' is not finite"),
    ("widths dark_photon --set mass=1/0", "'1/0' divides by zero"),
    ("widths dark_photon --set mass=67Mev", "no unit named 'Mev' in dark_photon: mass: '67Mev'. Did you mean 'MeV'?"),
    ("widths dark_photon --set 'mass=67 cm'", "dark_photon: mass: '67 cm' is not an energy; expected for example '67 MeV'."),
    (f"{COUNT} --luminosity 276", "--luminosity: '276' has no unit; expected an integrated luminosity, such as '50/ab'."),
    (f"{COUNT} --luminosity 276/parsec", "no unit named 'parsec' in --luminosity: '276/parsec'"),
    # ranges
    ("widths dark_photon --set mass=0", "dark_photon: mass = 0 GeV is not allowed; expected above 0 GeV and at most 40 GeV."),
    ("widths dark_photon --set mass=-1MeV", "mass = -0.001 GeV is not allowed"),
    ("widths dark_photon --set mass=67", "mass = 67 GeV is not allowed"),
    (f"signal {SEARCH} dark_photon --set mass=67MeV --set epsilon=1.5", "epsilon = 1.5 is not allowed; expected at least 0 and at most 1."),
    (f"signal {SEARCH} dark_photon --set alpha_dark=-1", "alpha_dark = -1 is not allowed; expected at least 0 and at most 100."),
    (f"{LIMIT} --cl 0", "--cl 0: expected a confidence level between 0 and 1, such as 0.9 or 90%."),
    (f"{LIMIT} --cl 1", "--cl 1: expected a confidence level"),
    (f"{LIMIT} --cl 1.5", "--cl 1.5: expected a confidence level"),
    (f"{LIMIT} --cl=-0.5", "--cl -0.5: expected a confidence level"),
    (f"{LIMIT} --cl abc", "--cl: 'abc' is not a quantity"),
    (f"{REACH} --scan mass=1MeV:1GeV:5 --cl 1", "--cl 1: expected a confidence level"),
    (f"{COUNT} --cl 0", "--cl 0: expected a confidence level"),
    ("count --background=-1", "background = -1 is not allowed; expected a finite number of events, at least 0."),
    ("count --background abc", "--background: 'abc' is not a quantity"),
    ("count --background 2 --observed 3.5", "observed = 3.5 is not a count; expected a whole number."),
    ("count --background 2 --observed=-3", "observed = -3 is not allowed; expected a count, at least 0."),
    (f"{COUNT} --efficiency 0", "efficiency = 0 is not allowed; expected a number above 0 and at most 1."),
    (f"{COUNT} --efficiency 150%", "efficiency = 1.5 is not allowed"),
    (f"{COUNT} --luminosity 0/pb", "luminosity = 0 /cm^2 is not allowed"),
    (f"{COUNT} --background-uncertainty=-5%", "background_uncertainty = -0.05 is not allowed; expected a relative error, at least 0."),
    (f"{COUNT} --background-uncertainty 5", "background uncertainty = 500% is not allowed; expected at most 300% with constraint 'log_normal'."),
    (f"{COUNT} --efficiency-uncertainty abc", "--efficiency-uncertainty: 'abc' is not a quantity"),
    (f"{COUNT} --constraint normal", "no constraint named 'normal'. Did you mean 'log_normal'?"),
    (f"{COUNT} --efficiency-uncertainty 30% --constraint gaussian --method bayes", "makes the posterior improper"),
    (f"{COUNT} --background-uncertainty 5% --method feldman_cousins", "method 'feldman_cousins' takes no uncertainties"),
    (f"{COUNT} --method sqrt_b", "'sqrt_b' is a figure of merit and takes no observed count"),
    ("count --background 0 --method sqrt_b", "'sqrt_b' needs a background above 0; use 'cls'."),
    # what belongs together
    (f"{SIGNAL} --set dark_matter_mass=40MeV", "needs on-shell dark matter, 2 m_chi < m_A'; given m_chi = 0.04 GeV and m_A' = 0.067 GeV."),
    (f"{LIMIT} --set dark_matter_mass_ratio=0.5", "needs on-shell dark matter, 2 m_chi < m_A'"),
    (f"{SIGNAL} --set dark_matter_mass=1MeV --set dark_matter_mass_ratio=1/3", "dark_matter_mass and dark_matter_mass_ratio are both given; give one of them."),
    (f"limit {SEARCH} dark_photon --set mass=67MeV", "looks for A' -> chi chi and needs alpha_dark above 0; set for example alpha_dark=0.5."),
    (f"limit {SEARCH} dark_photon --set alpha_dark=0.5", "dark_photon: mass must be set; give mass="),
    ("widths dark_photon --set mass=67MeV", "dark_photon: epsilon must be set; give epsilon="),
    # scans
    (f"{REACH} --scan mass=1GeV:1MeV:10", "--scan mass=1GeV:1MeV:10: the low end is not below the high end."),
    (f"{REACH} --scan mass=1MeV:1MeV:10", "the low end is not below the high end."),
    (f"{REACH} --scan mass=1MeV:1GeV:1", "--scan mass=1MeV:1GeV:1: 1 point is no scan; expected at least 2."),
    (f"{REACH} --scan mass=1MeV:1GeV:0", "expected at least 2."),
    (f"{REACH} --scan mass=1MeV:1GeV:-5", "'-5' is not a number of points; expected a whole number, at least 2."),
    (f"{REACH} --scan mass=1MeV:1GeV:ten", "'ten' is not a number of points"),
    (f"{REACH} --scan mass=1MeV:1GeV:10.5", "'10.5' is not a number of points"),
    (f"{REACH} --scan mass=1MeV:1GeV:10000000", "10000000 points are more than 1,000,000; cut the scan into parts."),
    (f"{REACH} --scan mass=1MeV:1GeV:{10**24}", f"{10**24} points are more than 1,000,000"),
    (f"{REACH} --scan mass=1MeV:1GeV", "--scan mass=1MeV:1GeV: expected LOW:HIGH:COUNT, LOW:HIGH:COUNT:linear or A,B,C"),
    (f"{REACH} --scan mass=1MeV:1GeV:10:lin", "expected LOW:HIGH:COUNT, LOW:HIGH:COUNT:linear or A,B,C"),
    (f"{REACH} --scan mass=1MeV:1GeV:10:linear:2", "expected LOW:HIGH:COUNT"),
    (f"{REACH} --scan mass=low:1GeV:10", "--scan mass: 'low' is not a quantity"),
    (f"{REACH} --scan mass=1cm:1GeV:10", "--scan mass: '1cm' is not an energy"),
    (f"{REACH} --scan mass=0:1GeV:10", "a logarithmic scan needs a low end above 0; add ':linear' for an even one."),
    (f"{REACH} --scan mass=-1:1GeV:10:linear", "mass = -1 GeV is not allowed"),
    (f"{REACH} --scan mass=1MeV:100GeV:10", "mass = 100 GeV is not allowed"),
    (f"{REACH} --scan mass=1MeV", "--scan mass=1MeV: one point is no scan; give at least two, or use 'portico limit' with --set mass=1MeV."),
    (f"{REACH} --scan mass=1MeV,1MeV", "scan of mass: a value occurs twice."),
    (f"{REACH} --scan mass", "--scan 'mass': expected KEY=VALUE, such as --scan mass=1MeV:1GeV:200."),
    (f"{REACH} --scan maas=1MeV:1GeV:10", "no parameter to scan named 'maas' in model dark_photon. Did you mean 'mass'?"),
    (f"{REACH} --scan dark_matter=dirac,scalar", "no parameter to scan named 'dark_matter'"),
    (f"{REACH} --scan epsilon=1e-5:1e-3:10", "scan: 'epsilon' is the parameter that is limited; scan another one"),
    (f"{REACH} --scan mass=1MeV:1GeV:5 --scan mass=1MeV:1GeV:5", "--scan: 'mass' is given twice."),
    (f"{REACH} --scan mass=1MeV:1GeV:5 --set dark_matter_mass=0.1", "given m_chi = 0.1 GeV and m_A' = 0.001 GeV and 3 more points"),
    # tables
    ("tables --element Pd --energy 50GeV:200GeV", "no element named 'Pd' in materials.toml. Did you mean 'Pb'? Known: Cs, Fe, I, Pb."),
    ("tables --element Pb", "tables: --energy is missing; expected LOW:HIGH, such as --energy 50GeV:200GeV."),
    ("tables --energy 50GeV:200GeV", "tables: --energy is given without --element; expected for example --element Pb, or --parton-luminosities."),
    ("tables --form-factor elastic", "tables: --form-factor is given without --element"),
    ("tables --element Pb --energy 50GeV", "--energy 50GeV: expected LOW:HIGH, such as --energy 50GeV:200GeV."),
    ("tables --element Pb --energy 200GeV:50GeV", "--energy 200GeV:50GeV: expected two quantities that rise, above 0"),
    ("tables --element Pb --energy=-5GeV:50GeV", "expected two quantities that rise, above 0"),
    ("tables --element Pb --energy 5cm:50GeV", "--energy: '5cm' is not an energy"),
    ("tables --element Pb --energy 50GeV:200TeV", "expected between 0.0128 GeV, 25 times the lepton's mass, and 10000 GeV."),
    ("tables --element Pb --energy 50GeV:200GeV --mass 1GeV:300GeV", "tables: masses up to 300 GeV are asked; a lepton of 200 GeV emits none of 200 GeV or more."),
    ("tables --element Pb --energy 50GeV:200GeV --mass 2GeV:1GeV", "--mass 2GeV:1GeV: expected two quantities that rise, above 0, such as --mass 1MeV:1GeV."),
    ("tables --element Pb --energy 50GeV:200GeV --lepton tau-", "no lepton named 'tau-'. Did you mean 'mu-'? Known: e+, e-, mu+, mu-."),
    ("tables --element Pb --energy 1GeV:200GeV --lepton mu-", "tables: mu- energies from 1 to 200 GeV are asked; expected between 2.64 GeV"),
    ("tables --element Pb --energy 50GeV:200GeV --kind vectro", "no kind of emitted particle named 'vectro'. Did you mean 'vector'?"),
    ("tables --element Pb --energy 50GeV:200GeV --form-factor inelastic", "no form factor named 'inelastic'. Did you mean 'elastic'?"),
    ("tables --element Pb --energy 50GeV:200GeV --points 20x6", "--points 20x6: expected three whole numbers, such as --points 20x6x10."),
    ("tables --element Pb --energy 50GeV:200GeV --points 20x6x2", "20x6x2 points are asked; expected three numbers of at least 5"),
    ("tables --element Pb --energy 50GeV:200GeV --points 999x999x999", "with a product of at most 1,000,000."),
    ("tables Pb", "unexpected extra argument"),
    # files
    ("signal nowhere.toml dark_photon", "nowhere.toml: cannot be read: No such file or directory."),
    ("signal ./folder dark_photon", "folder: cannot be read: Is a directory."),
    ("signal malformed.toml dark_photon", "malformed.toml: not valid TOML: "),
    ("signal binary.toml dark_photon", "binary.toml: not a text file in UTF-8; expected TOML."),
    ("signal empty.toml dark_photon", "empty.toml: title is missing; expected text."),
    (f"reach {SEARCH} dark_photon --set alpha_dark=0.5 --scan mass=1MeV:1GeV:5 -o file", "output folder 'file' cannot be written: it is a file; choose another with -o."),
    ("reproduce mixed_phase -o file", "output folder 'file' cannot be written: it is a file; choose another with -o."),
    ("recast milliqan_2015 dark_photon --set mass=1 --set alpha_dark=0.5", "search 'milliqan_2015' has no published limit to carry over; expected one of babar_mono_photon_2017, "),
    (f"reach {SEARCH} dark_photon --set alpha_dark=0.5 --scan mass=1MeV:1GeV:5 -o ''", "output folder: none is given; name one with -o."),
    ("signal /dev/zero dark_photon", "/dev/zero: larger than 10 MB; expected a TOML file of a few pages."),
    ("signal 'a\nb' dark_photon", "no search named 'a b'."),
    ("widths dark_photon --set 'mass=1\n\x1b[31mGeV'", r"'1\n\x1b[31mGeV' is not a quantity"),
    ("x" * 5000, "No such command '" + "x" * 59 + "..."),
    (f"reach {SEARCH} dark_photon --set alpha_dark=0.5 --scan mass=1MeV:1GeV:5 -o file/below", "output folder 'file/below' cannot be written: not a directory"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "malformed.toml").write_text("title = [\n")
    (tmp_path / "empty.toml").write_text("")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00\x01")
    return tmp_path


@pytest.mark.parametrize(("command", "text"), WRONG, ids=[command[:90] for command, _ in WRONG])
def test_wrong_input_is_refused_in_one_sentence(run, command, text):
    done = run(*shlex.split(command))
    assert done.status == 2
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert text in done.err
    assert "Traceback" not in done.err


def test_wrong_input_leaves_earlier_results_alone(run, folder):
    (folder / "out").mkdir()
    (folder / "out" / "reach.csv").write_text("earlier")
    for command in (f"{REACH} --scan mass=1MeV:100GeV:10", f"{REACH} --scan mass=1MeV:1GeV:5 --method clz"):
        assert run(*shlex.split(command)).status == 2
    assert (folder / "out" / "reach.csv").read_text() == "earlier"


def test_wrong_input_with_json_keeps_standard_output_empty(run):
    for command in (f"{LIMIT} --cl 2 --json", f"{SIGNAL} --option width=3 --json"):
        done = run(*shlex.split(command))
        assert (done.status, done.out) == (2, "")
