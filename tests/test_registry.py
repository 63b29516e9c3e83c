from pathlib import Path

import pytest

from portico import registry
from portico.errors import DataError, UnknownName


def test_names_are_the_files_of_the_room():
    assert "dark_photon" in registry.names("model")
    assert not {"base", "__init__"} & set(registry.names("model"))
    for kind in ("model", "signature", "search", "published limit"):
        names = registry.names(kind)
        assert names == sorted(set(names))
        assert all(registry.path_of(kind, name).stem == name for name in names)


def test_unknown_file_names_the_nearest():
    with pytest.raises(UnknownName, match=r"no model named 'dark_foton'\. Did you mean 'dark_photon'\?"):
        registry.path_of("model", "dark_foton")
    with pytest.raises(UnknownName):
        registry.load("model", "base")  # not a model, and no way around the list


def test_load_imports_the_module():
    assert registry.load("model", "dark_photon").__name__ == "portico.models.dark_photon"


def test_unreadable_toml_says_file_and_reason(tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("a = = 1", encoding="utf-8")
    with pytest.raises(DataError, match=r"bad.toml: not valid TOML: .*line 1"):
        registry.read_toml(bad)
    bad.write_bytes(b"a = '\xff'")
    with pytest.raises(DataError, match=r"bad\.toml: not a text file in UTF-8; expected TOML"):
        registry.read_toml(bad)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        registry.read_toml(tmp_path / "missing.toml")
    with pytest.raises(DataError, match="cannot be read"):
        registry.read_toml(tmp_path)
    bad.write_text("a = 1", encoding="utf-8")
    assert registry.read_toml(bad) == {"a": 1}


def test_endless_files_are_refused(tmp_path):
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * 10_000_001)
    for path in (big, Path("/dev/zero")):
        with pytest.raises(DataError, match="larger than 10 MB; expected a TOML file"):
            registry.read_toml(path)
    with pytest.raises(DataError, match="cannot be read: embedded null byte"):
        registry.read_toml(Path("a\0b"))


def test_line_ends_of_any_system_are_read(tmp_path):
    file = tmp_path / "lines.toml"
    for end in (b"\n", b"\r\n", b"\r"):
        file.write_bytes(b"\xef\xbb\xbfa = 1" + end + b"b = 2")
        assert registry.read_toml(file) == {"a": 1, "b": 2}
