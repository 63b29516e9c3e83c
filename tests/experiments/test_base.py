import re
from pathlib import Path

import pytest

import portico
from portico import registry, units
from portico.errors import DataError, UnknownName
from portico.experiments import base

SHIPPED = registry.path_of("search", "belle2_disappearing_positron").read_text(encoding="utf-8")


def _file(folder, *changes, name="mine.toml"):
    """The shipped file with some text replaced, in a folder of the user's."""
    text = SHIPPED
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def _line(key):
    return re.search(rf"^{key} = .*$", SHIPPED, re.MULTILINE)[0]


# --- what is shipped -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", portico.searches())
def test_every_shipped_file_has_what_its_signature_needs(name):
    experiment = base.load(name)
    assert experiment.name == name
    assert experiment.title
    assert experiment.sources
    experiment.check(registry.load("signature", experiment.signature).FIELDS)
    for key, entry in experiment.entries.items():
        assert entry.status in base.STATUSES, key
        assert len(entry.source) >= 3, key


@pytest.mark.parametrize("name", portico.searches())
def test_every_entry_says_what_it_is_as_written(name):
    for entry in base.load(name).entries.values():
        assert entry.shown().startswith(str(entry.value))


def test_belle2_numbers_are_read_with_their_units():
    experiment = base.load("belle2_disappearing_positron")
    assert experiment.number("beams.electron_energy", units.ENERGY) == 7.0
    assert experiment.number("beams.luminosity", units.LUMINOSITY) == pytest.approx(5e43, rel=1e-14)
    assert experiment.number("acceptance.missing_energy_fraction", units.DIMENSIONLESS) == pytest.approx(
        0.95, rel=1e-15
    )
    assert experiment.number("photon_background.veto_inefficiency", units.DIMENSIONLESS) == 4.5e-4
    assert experiment.radiation_lengths("target.depth", 1.86) == 16
    assert experiment.radiation_lengths("neutron_background.muon_system_iron", 1.757) == pytest.approx(
        65.8 / 1.757, rel=1e-14
    )
    assert experiment.text("target.material") == "CsI"


# --- a user's own file ---------------------------------------------------------------------------------------------


def test_own_file_is_a_search(tmp_path):
    search = portico.search(_file(tmp_path, ("50/ab", "1/ab")))
    assert search.name == "mine"
    state, shipped = search.prepared(), portico.search("belle2_disappearing_positron").prepared()
    assert state.positrons == pytest.approx(shipped.positrons / 50, rel=1e-12)
    assert state.background.expected == pytest.approx(shipped.background.expected / 50, rel=1e-12)


def test_own_file_in_the_current_folder_and_as_a_path(tmp_path, monkeypatch):
    path = _file(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert portico.search("mine.toml").name == portico.search(Path(path)).name == portico.search("./mine.toml").name


def test_lengths_may_be_given_in_cm_or_in_radiation_lengths(tmp_path):
    in_cm = base.load(
        _file(
            tmp_path,
            (
                'depth = { value = "16 X0", source = "arXiv:2212.04252, thickness',
                'depth = { value = "29.76 cm", source = "arXiv:2212.04252, thickness',
            ),
        )
    )
    assert in_cm.radiation_lengths("target.depth", 1.86) == pytest.approx(16, rel=1e-14)


def test_optional_entries_may_be_left_out(tmp_path):
    path = _file(tmp_path, (_line("crossing_angle"), ""), (_line("momentum_resolution"), ""))
    search = portico.search(path)
    assert "beams.crossing_angle" not in search.experiment.entries
    with pytest.raises(
        portico.InvalidInput,
        match=r"option crossing_angle=on: mine\.toml: beams\.crossing_angle is not given in the file",
    ):
        search.with_options(crossing_angle="on").prepared()


# --- wrong files ---------------------------------------------------------------------------------------------------

WRONG = {
    "missing entry": ([(_line("luminosity"), "")], r"mine\.toml: entry 'beams\.luminosity' is missing; signature 'disappearing_positron' needs it"),
    "missing section": ([("[target]", "[targets]")], r"no entry named 'targets\.material' in mine\.toml\. Did you mean 'target\.material'\?"),
    "misspelt entry": ([("electron_energy", "elektron_energy")], r"no entry named 'beams\.elektron_energy' in mine\.toml\. Did you mean 'beams\.electron_energy'\?"),
    "superfluous entry": ([("[detector]", '[detector]\nsize = { value = "1 m", source = "here", status = "assumed" }')], r"no entry named 'detector\.size' in mine\.toml"),
    "unit of another dimension": ([('"7 GeV"', '"7 cm"')], r"mine\.toml: beams\.electron_energy: '7 cm' is not an energy"),
    "unknown unit": ([('"7 GeV"', '"7 Gev"')], r"no unit named 'Gev' in mine\.toml: beams\.electron_energy: '7 Gev'\. Did you mean 'GeV'\?"),
    "no unit": ([('"50/ab"', '"50"')], r"mine\.toml: beams\.luminosity: '50' has no unit; expected an integrated luminosity"),
    "bare number": ([('value = "7 GeV"', "value = 7")], r"mine\.toml: beams\.electron_energy: a bare number needs unit = \"1\", or its unit inside the value"),
    "unit beside the value": ([('value = "7 GeV"', 'value = 7, unit = "GeV"')], r"mine\.toml: beams\.electron_energy: unit = 'GeV' stands beside the value; write the unit into the value"),
    "not a quantity": ([('"50/ab"', '"50 per ab"')], r"mine\.toml: beams\.luminosity: '50 per ab' is not a quantity|no unit named 'per' in mine\.toml: beams\.luminosity"),
    "truth value": ([('value = "7 GeV"', "value = true")], r"mine\.toml: beams\.electron_energy\.value = true is not allowed; expected a number, or text such as '7 GeV'"),
    "list": ([('value = "7 GeV"', "value = [7]")], r"mine\.toml: beams\.electron_energy\.value = \[7\] is not allowed; expected a number, or text"),
    "unknown section of no entries": ([("[detector]", "[more]\nsize = 3\n[detector]")], r"mine\.toml: more\.size = 3 is no entry; expected a table \{ value"),
    "sources that are no texts": ([('sources = ["arXiv:2212.04252"]', "sources = [1, 2]")], r"mine\.toml: sources holds 1; expected a list of texts"),
    "missing source": ([('source = "arXiv:2212.04252", status = "published" }\n\n[acceptance]', 'status = "published" }\n\n[acceptance]')], r"mine\.toml: beams\.luminosity\.source is missing; expected text of at least 3 letters"),
    "empty source": ([('value = "50/ab", source = "arXiv:2212.04252"', 'value = "50/ab", source = ""')], r"mine\.toml: beams\.luminosity\.source = '' is not allowed; expected text of at least 3 letters"),
    "missing status": ([('"50/ab", source = "arXiv:2212.04252", status = "published"', '"50/ab", source = "arXiv:2212.04252"')], r"mine\.toml: beams\.luminosity\.status is missing; expected one of published, digitised"),
    "unknown status": ([('"50/ab", source = "arXiv:2212.04252", status = "published"', '"50/ab", source = "arXiv:2212.04252", status = "guessed"')], r"mine\.toml: beams\.luminosity\.status = 'guessed' is not allowed; expected one of published, digitised, inferred"),
    "unknown field of an entry": ([('value = "50/ab"', 'values = "50/ab", value = "50/ab"')], r"mine\.toml: beams\.luminosity\.values is not known; an entry holds value, unit, source, status and note"),
    "no value": ([('value = "50/ab", ', "")], r"mine\.toml: beams\.luminosity\.value is missing; expected a number, or text"),
    "entry that is no table": ([(_line("luminosity"), 'luminosity = "50/ab"')], r"mine\.toml: beams\.luminosity = '50/ab' is no entry; expected a table"),
    "loose key": ([("sources = [", 'colour = "red"\nsources = [')], r"mine\.toml: colour: expected a table of entries"),
    "no title": ([(_line("title"), "")], r"mine\.toml: title is missing; expected text"),
    "no sources": ([('sources = ["arXiv:2212.04252"]', "")], r"mine\.toml: sources is missing; expected a list of texts"),
    "unknown signature": ([('"disappearing_positron"', '"disapearing_positron"')], r"no signature named 'disapearing_positron'.*Did you mean 'disappearing_positron'\?"),
    "malformed": ([("[beams]", "[beams")], r"mine\.toml: not valid TOML: .*line"),
}  # fmt: skip


def test_table_of_any_depth_is_refused(tmp_path):
    deep = f"[{'.'.join(['a'] * 3000)}]"
    with pytest.raises(DataError, match=r"mine\.toml: a\.a\.value is missing"):
        portico.search(_file(tmp_path, ("[detector]", f"{deep}\n[detector]")))


@pytest.mark.parametrize("case", WRONG)
def test_wrong_file_is_refused_with_file_field_and_reason(tmp_path, case):
    changes, text = WRONG[case]
    with pytest.raises((DataError, UnknownName), match=text) as refused:
        portico.search(_file(tmp_path, *changes))
    assert str(tmp_path) not in str(refused.value) or case == "malformed"
    assert "\n" not in str(refused.value)


FACTS = {
    "fraction above 1": ([('"95%"', '"195%"')], r"mine\.toml: acceptance\.missing_energy_fraction = 195% is not allowed; expected at least 0\.05 and at most 0\.999"),
    "angles the wrong way": ([('"32.2 deg"', '"150 deg"')], r"mine\.toml: acceptance: polar angles must rise between 0 and 180 deg"),
    "no luminosity": ([('"50/ab"', '"0/ab"')], r"mine\.toml: beams\.luminosity = 0/ab is not allowed; expected above 0"),
    "beams exchanged": ([('"7 GeV"', '"3 GeV"')], r"mine\.toml: beams: expected electron_energy at least 5% above positron_energy"),
    "unknown material": ([('"CsI"', '"CsJ"')], r"no material named 'CsJ'.*Did you mean 'CsI'\?"),
}  # fmt: skip


@pytest.mark.parametrize("case", FACTS)
def test_file_whose_numbers_make_no_search_is_refused(tmp_path, case):
    changes, text = FACTS[case]
    with pytest.raises((DataError, UnknownName), match=text):
        portico.search(_file(tmp_path, *changes)).prepared()


def test_path_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.toml: cannot be read: No such file or directory"):
        portico.search(str(tmp_path / "nowhere.toml"))
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        portico.search(str(tmp_path))
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(DataError, match=r"binary\.toml: not a text file in UTF-8; expected TOML"):
        portico.search(str(binary))


def test_unknown_name_has_the_nearest_match():
    with pytest.raises(
        UnknownName,
        match=r"no search named 'belle2_disappering_positron'\. Did you mean 'belle2_disappearing_positron'\?",
    ):
        portico.search("belle2_disappering_positron")
