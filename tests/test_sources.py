import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

import portico.sources as sources
from portico.errors import InvalidInput

PACKAGE = Path(sources.__file__).parent


def _source_strings():
    """Every text of a TOML file of the package that names a paper, with its file."""

    def texts(value):
        if isinstance(value, dict):
            for inner in value.values():
                yield from texts(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from texts(inner)
        elif isinstance(value, str) and re.search(r"arXiv:[\w-]*/?\d", value):
            yield value

    found = {}
    for path in sorted(PACKAGE.rglob("*.toml")):
        if path.name != "sources.toml":
            for text in texts(tomllib.loads(path.read_text(encoding="utf-8"))):
                found.setdefault(text, path.name)
    return found


def test_every_paper_named_in_the_data_can_be_cited():
    lost = []
    for text, file in _source_strings().items():
        made = sources.bibtex([text])
        lost += [
            f"{file}: {paper}"
            for paper in re.findall(r"arXiv:([\w-]+/\d{7}|\d{4}\.\d{4,5})", text)
            if paper not in made
        ]
    assert not lost, "\n".join(sorted(set(lost)))


@pytest.mark.parametrize("key", sorted(sources.bibliography()))
def test_bibliography_entries_are_complete(key):
    entry = sources.bibliography()[key]
    assert {"match", "author", "title", "year"} <= set(entry)
    assert sources.keys_in(f"{entry['match']}, table 2") == [key]
    if "eprint" in entry:
        assert entry["match"] == f"arXiv:{entry['eprint']}"
        assert entry["archivePrefix"] == "arXiv"
    made = sources.bibtex([entry["match"]])
    assert made.startswith(f"@{entry.get('type', 'article')}{{{key},\n")
    assert "match" not in made
    assert made.count("{") == made.count("}")


def test_longer_numbers_are_other_papers():
    assert sources.keys_in("arXiv:0906.05801 table 1") == []
    assert sources.keys_in("arXiv:0906.0580v2") == []
    assert sources.keys_in("see arXiv:0906.0580.") == ["Bjorken2009mm"]
    assert sources.keys_in("(arXiv:0906.0580)") == ["Bjorken2009mm"]


def test_one_text_may_name_several_papers_and_each_appears_once():
    text = "arXiv:2212.04252, section on backgrounds; PDG, Atomic and nuclear properties of materials"
    assert sources.keys_in(text) == ["Liang2022pul", "ParticleDataGroup2024cfk"]
    made = sources.bibtex([text, text, "PDG 2024"])
    assert re.findall(r"@\w+\{(\w+)", made) == ["Liang2022pul", "ParticleDataGroup2024cfk"]


def test_a_paper_without_an_entry_becomes_a_note():
    made = sources.bibtex(["arXiv:1234.56789, table 3"])
    assert made == "@misc{arXiv_1234_56789_table_3,\n  note = {arXiv:1234.56789, table 3}\n}"
    assert sources.bibtex(["assumed", "periodic table"]) == ""


def test_two_long_texts_with_the_same_start_are_two_notes():
    start = "Collaboration A, B and C, public note on the detector, "
    made = sources.bibtex([start + "arXiv:1111.11111", start + "arXiv:2222.22222"])
    assert "1111.11111" in made
    assert "2222.22222" in made


def test_cite_reads_sources_of_results_and_datasets():
    assert "Bjorken" in sources.cite(SimpleNamespace(sources=("arXiv:0906.0580",)))
    assert "Bjorken" in sources.cite(SimpleNamespace(attrs={"sources": "assumed\narXiv:0906.0580"}))
    assert sources.cite(SimpleNamespace(attrs={})) == ""


def test_cite_of_something_else_is_refused():
    with pytest.raises(InvalidInput) as caught:
        sources.cite(3.0)
    assert str(caught.value) == "cite: float carries no sources; expected a signal, limit, reach or search of portico."
