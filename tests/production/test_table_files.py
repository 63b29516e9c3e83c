import io
import json
import zipfile

import numpy as np
import pytest

from portico import DataError, OutOfValidity, particles, registry
from portico.matter import materials
from portico.production import exact_table, table_files, table_maker

SHAPE = (6, 5, 7)
MADE = {
    "made_by": "a test", "kind": "vector", "lepton": "e-", "form_factor": "elastic", "elements": ["Pb"], "nuclei": [[82.0, 207.2]],
    "energy_gev": [50.0, 200.0], "mass_gev": [0.0, None], "points": list(SHAPE), "largest_relative_error": 0.02, "integration_error": 0.01,
}  # fmt: skip


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path))
    (tmp_path / "tables").mkdir()
    return tmp_path / "tables"


def _arrays(**changes):
    values = np.linspace(-1, 1, int(np.prod(SHAPE)), dtype=np.float32).reshape(SHAPE)
    arrays = {"Pb": values, "log_ratio": np.array([-9.0, 2.0]), "log_energy": np.log([45.0, 230.0]), **changes}
    return {name: array for name, array in arrays.items() if array is not None}


def _write(cache, name="pb.npz", made=MADE, **changes):
    table_files.write(cache / name, _arrays(**changes), made)
    return cache / name


def test_cache_folder_is_that_of_the_environment(cache, monkeypatch):
    assert table_files.folder() == cache
    monkeypatch.delenv("PORTICO_CACHE")
    assert registry.cache_folder().name == "portico"
    assert registry.cache_folder() != cache.parent


def test_users_table_is_found_and_loaded(cache):
    path = _write(cache)
    found = table_files.find(("Pb",), "elastic", (60.0, 150.0))
    assert (found.path, found.shipped, found.elements, found.points) == (path, False, ("Pb",), SHAPE)
    assert found.mass == (0.0, np.inf)
    table = exact_table.load(("Pb",), "elastic", 60.0, 150.0)
    np.testing.assert_array_equal(table.values[0], _arrays()["Pb"])
    assert table.error == pytest.approx(0.03)  # of interpolation and of integration


def test_shipped_tables_come_first_then_those_of_all_masses_then_the_most_exact(cache):
    iodine = {**MADE, "elements": ["I"], "nuclei": [[53.0, 127.0]], "energy_gev": [1.0, 100.0]}
    _write(cache, "i.npz", {**iodine, "largest_relative_error": 0.0}, Pb=None, I=_arrays()["Pb"])
    assert table_files.find(("I",), "elastic", (3.0, 6.0)).shipped
    assert table_files.find(("I",), "elastic", (3.0, 60.0)).path == cache / "i.npz"
    _write(cache, "a.npz", {**MADE, "largest_relative_error": 0.5})
    _write(cache, "b.npz", {**MADE, "largest_relative_error": 0.1})
    _write(cache, "c.npz", {**MADE, "largest_relative_error": 0.0, "mass_gev": [0.1, 1.0]})
    assert table_files.find(("Pb",), "elastic", (60.0, 150.0)).path == cache / "b.npz"


def test_shipped_tables_are_those_of_two_targets_and_good_to_a_few_percent():
    found, problems = table_files.tables()
    assert problems == []
    for elements, energy in ((("I", "Cs"), (2.0, 12.0)), (("Pb",), (40.0, 120.0))):
        own = [t for t in found if t.elements == elements]
        assert [t.form_factor for t in own] == ["elastic", "elastic_inelastic", "elastic_inelastic_squared"]
        assert all(t.shipped and t.energy == energy and 0.01 < t.error < 0.035 for t in own)
    found = [t for t in found if t.elements == ("I", "Cs")]
    stated = registry.read_toml(table_files._SHIPPED / "bremsstrahlung.toml")["relative_uncertainty"]["table"]["value"]
    assert all(0.01 < t.error < float(stated.rstrip("%")) / 100 for t in found[:2])  # not understated


# --- what is not there ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ((("Fe",), "elastic", (3.14, 5.27)), ["no table for Fe with e- and form factor elastic; there are I, Cs with e-", "portico tables --element Fe --energy 3.1GeV:5.3GeV'", "or use bremsstrahlung=ww."]),
        ((("Pb",), "elastic", (10.0, 150.0)), ["energies from 10 to 150 GeV are asked; the tables for Pb hold 40 to 120 GeV and 50 to 200 GeV", "portico tables --element Pb --energy 10GeV:150GeV'"]),
        ((("Pb",), "elastic_inelastic", (60.0, 150.0)), ["the tables for Pb hold 40 to 120 GeV: make", "--form-factor elastic_inelastic'"]),
        ((("Cs", "Pb"), "elastic", (60.0, 150.0)), ["no table for Cs, Pb", "--element Cs --element Pb --energy 60GeV:150GeV'"]),
    ],
)  # fmt: skip
def test_missing_table_is_told_with_the_command_that_makes_it(cache, arguments, texts):
    _write(cache)
    with pytest.raises(OutOfValidity) as error:
        table_files.find(*arguments)
    for text in texts:
        assert text in str(error.value)


def test_table_of_another_lepton_or_kind_is_not_taken(cache):
    _write(cache)
    with pytest.raises(OutOfValidity, match="--lepton mu-'"):
        table_files.find(("Pb",), "elastic", (60.0, 150.0), lepton="mu-")
    with pytest.raises(OutOfValidity, match="--kind scalar'"):
        table_files.find(("Pb",), "elastic", (60.0, 150.0), kind="scalar")


@pytest.mark.parametrize("low", [0.0999, 1.0, 3.149, 9.99, 123.4])
def test_command_covers_what_is_asked(low):
    words = table_files.command(("Pb",), "elastic", (low, 10 * low)).split()
    ends = [float(end.removesuffix("GeV")) for end in words[words.index("--energy") + 1].split(":")]
    assert low / 1.1 < ends[0] <= low
    assert 10 * low <= ends[1] < 11 * low


def test_mass_beyond_the_table_is_refused(cache):
    _write(cache, made={**MADE, "mass_gev": [0.1, 2.0]})
    table = exact_table.load(("Pb",), "elastic", 60.0, 150.0)
    exact_table.check_mass(table, np.array([0.1, 1.0, 2.0]))
    with pytest.raises(
        OutOfValidity, match=r"mass 0\.05 GeV is outside the table, which holds 0\.1 to 2 GeV; make one"
    ):
        exact_table.check_mass(table, np.array([1.0, 0.05]))


# --- what is broken ------------------------------------------------------------------------------------------------


def _bytes_of(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _with_member(text):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("provenance.npy", text)
    return stream.getvalue()


def _encrypted():
    """A zip whose entries say that they are encrypted."""
    content = bytearray(_bytes_of(provenance=np.array("{}")))
    content[6] |= 1
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1
    return bytes(content)


GOOD = _bytes_of(provenance=np.array(json.dumps(MADE)), **_arrays())
UNREADABLE = {
    "cut": (GOOD[: len(GOOD) // 2], "damaged or of another kind"),
    "text": (b"not a table\n", "damaged or of another kind"),
    "empty": (b"", "damaged or of another kind"),
    "bare array": (io.BytesIO(), "damaged or of another kind"),
    "no array inside": (_with_member("text"), "damaged or of another kind|lacks a usable entry"),
    "encrypted": (_encrypted(), "damaged or of another kind"),
    "of someone else": (_bytes_of(x=np.arange(3.0)), "it has no array 'provenance'"),
    "objects": (_bytes_of(provenance=np.array([{"a": 1}], dtype=object)), "damaged or of another kind"),
    "no json": (_bytes_of(provenance=np.array("text")), "its provenance lacks a usable entry"),
    "a list": (_bytes_of(provenance=np.array("[1, 2]")), "its provenance lacks a usable entry"),
    **{
        f"without {key}": (_bytes_of(provenance=np.array(json.dumps({k: v for k, v in MADE.items() if k != key}))), f"lacks a usable entry '{key}'")
        for key in ("kind", "lepton", "energy_gev", "points", "largest_relative_error")
    },
    "energies fall": (_bytes_of(provenance=np.array(json.dumps({**MADE, "energy_gev": [7, 2]}))), "lacks a usable entry"),
    "nan": (_bytes_of(provenance=np.array(json.dumps({**MADE, "largest_relative_error": float("nan")}))), "numbers that make no table"),
    "few points": (_bytes_of(provenance=np.array(json.dumps({**MADE, "points": [1, 5]}))), "numbers that make no table"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_file_that_is_no_table_is_refused_in_one_sentence(cache, name):
    content, reason = UNREADABLE[name]
    if isinstance(content, io.BytesIO):
        np.save(content, np.arange(3.0))
        content = content.getvalue()
    (cache / "x.npz").write_bytes(content)
    with pytest.raises(DataError, match=reason) as error:
        table_files.read(cache / "x.npz")
    assert str(error.value).startswith(str(cache / "x.npz"))
    assert "\n" not in str(error.value)
    assert len(table_files.tables()[1]) == 1
    with pytest.raises(DataError, match="No other table suits: make one with 'portico tables --element Pb"):
        exact_table.load(("Pb",), "elastic", 60.0, 150.0)
    _write(cache)  # a broken file does not stand in the way of a good one
    assert exact_table.load(("Pb",), "elastic", 60.0, 150.0).error == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Pb": None}, "it has no array 'Pb'"),
        ({"log_energy": None}, "it has no array 'log_energy'"),
        ({"Pb": np.zeros((6, 5))}, r"array 'Pb' has shape \(6, 5\), expected numbers of shape \(6, 5, 7\)"),
        ({"Pb": np.full(SHAPE, "x")}, "array 'Pb' has shape"),
        ({"Pb": np.full(SHAPE, np.nan)}, "array 'Pb' has entries that are not finite"),
        ({"log_ratio": np.array([np.inf, 1.0])}, "array 'log_ratio' has entries that are not finite"),
        ({"log_ratio": np.array([2.0, 1.0])}, "the ends of its grid do not rise"),
    ],
)
def test_arrays_that_make_no_table_are_refused(cache, changes, reason):
    _write(cache, **changes)
    with pytest.raises(DataError, match=reason):
        exact_table.load(("Pb",), "elastic", 60.0, 150.0)


def test_table_of_another_nucleus_under_the_same_name_is_refused(cache):
    _write(cache, made={**MADE, "nuclei": [[82.0, 208.0]]})
    with pytest.raises(DataError, match="made with another charge or mass number"):
        exact_table.load(("Pb",), "elastic", 60.0, 150.0)


def test_unreadable_file_is_told_with_the_reason(cache):
    (cache / "folder.npz").mkdir()
    with pytest.raises(DataError, match=r"folder\.npz: cannot be read: Is a directory"):
        table_files.read(cache / "folder.npz")


# --- writing -------------------------------------------------------------------------------------------------------


def test_write_that_is_interrupted_leaves_the_old_table_and_nothing_else(cache, monkeypatch):
    path = _write(cache)
    before = path.read_bytes()

    def half(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", half)
    with pytest.raises(KeyboardInterrupt):
        _write(cache)
    assert path.read_bytes() == before
    assert list(cache.iterdir()) == [path]


def test_a_new_table_takes_the_place_of_the_old_one_at_once(cache):
    path = _write(cache)
    (cache / "link").hardlink_to(path)
    before = path.read_bytes()
    _write(cache, made={**MADE, "largest_relative_error": 0.5})
    assert table_files.read(path).error == pytest.approx(0.51)
    assert (cache / "link").read_bytes() == before  # the old file was not written into
    assert path.stat().st_mode & 0o777 == 0o644


def test_folder_that_cannot_be_written_is_told_before_anything_is_computed(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(table_maker, "compute", None)
    with pytest.raises(DataError, match=r"file/tables' cannot be written: not a directory; set PORTICO_CACHE"):
        table_maker.make(["Pb"], (50.0, 200.0))
    assert table_files.tables()[1] == []


def test_elements_are_those_of_the_materials():
    assert materials.elements() == ["Cs", "Fe", "I", "Pb"]
    assert tuple(materials.element("Pb")) == (82.0, 207.2)
    with pytest.raises(KeyError, match=r"no element named 'Pd' in materials\.toml\. Did you mean 'Pb'"):
        materials.element("Pd")
    assert particles.mass("e-") > 0
