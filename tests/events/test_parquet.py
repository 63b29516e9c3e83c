"""Parquet: what is read back is the record, with its metadata, by pyarrow, awkward and pandas."""

import json
import time

import numpy as np
import pytest

pyarrow = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

from portico.events import parquet, write  # noqa: E402
from portico.events.record import flatten  # noqa: E402

COUNT = 700
COLUMNS = {"e": 0, "px": 1, "py": 2, "pz": 3}


@pytest.fixture
def written(make, tmp_path, monkeypatch):
    """A file of three chunks, and the record of its events."""
    monkeypatch.setattr(parquet, "CHUNK", 300)
    source = make.source()
    path = tmp_path / "events.parquet"
    write(path, source, COUNT, about={"search": "a search", "seed": 1})
    return path, flatten(source.sample(0, COUNT), source, 0)


def test_columns_are_those_of_the_record(written):
    path, record = written
    table = pq.read_table(path)
    assert table.num_rows == COUNT
    assert pq.ParquetFile(path).num_row_groups == 3
    for name in ("id", "status", "parent", "mass", *COLUMNS, "ct", "x", "y", "z"):
        column = table[name].combine_chunks()
        np.testing.assert_array_equal(column.value_lengths(), np.diff(record.offsets))
        flat = column.flatten().to_numpy()
        if name in COLUMNS:
            np.testing.assert_array_equal(flat, record.momentum[:, COLUMNS[name]])
        elif name in ("ct", "x", "y", "z"):
            np.testing.assert_array_equal(flat, record.vertex[:, ("ct", "x", "y", "z").index(name)])
        else:
            np.testing.assert_array_equal(flat, getattr(record, name))
    assert table["number"].to_pylist() == list(range(COUNT))
    assert table["weight"].to_pylist() == pytest.approx([1.0] * COUNT)
    names = ("psi3 psi2", "psi2 psi2", "psi3 psi1")
    assert table["mode"].to_pylist() == [names[mode] for mode in record.mode]


def test_metadata_tell_codes_units_and_the_question(written):
    schema = pq.read_schema(written[0])
    told = json.loads(schema.metadata[b"portico"])
    assert told["search"] == "a search"
    assert told["epsilon"] == 1e-2
    assert told["events_asked"] == COUNT
    assert told["codes"] == {"gamma": 22, "mediator": 4900022, "psi1": 4900101, "psi2": 4900102, "psi3": 4900103, "e-": 11, "e+": -11,
                             "mu-": 13, "mu+": -13, "pi-": -211, "pi+": 211}  # fmt: skip
    assert told["fermion_ctau_cm"] == [None, pytest.approx(0.1), pytest.approx(0.03)]
    assert told["sources"] == ["arXiv:1702.03327"]
    assert schema.field("x").metadata[b"unit"] == b"cm"
    assert schema.field("e").metadata[b"unit"] == b"GeV"


def test_awkward_and_pandas_read_it(written):
    awkward = pytest.importorskip("awkward")
    pandas = pytest.importorskip("pandas")
    path, record = written
    events = awkward.from_parquet(path)
    electrons = events.e[(events.id == 11) & (events.status == 1)]
    assert int(awkward.count(electrons)) == ((record.id == 11) & (record.status == 1)).sum()
    flat = pandas.read_parquet(path).explode(
        ["id", "status", "parent", "mass", "e", "px", "py", "pz", "ct", "x", "y", "z"]
    )
    assert len(flat) == record.id.size


def test_the_same_seed_gives_the_same_bytes_and_the_chunk_the_same_events(make, tmp_path, monkeypatch):
    tables = []
    for size in (300, 300, 512):
        monkeypatch.setattr(parquet, "CHUNK", size)
        path = tmp_path / f"{len(tables)}.parquet"
        write(path, make.source(seed=7), COUNT)
        tables.append((path.read_bytes(), pq.read_table(path)))
    assert tables[0][0] == tables[1][0]
    assert tables[0][1].equals(tables[2][1])
    other = tmp_path / "other.parquet"
    write(other, make.source(seed=8), COUNT)
    assert not pq.read_table(other).equals(tables[0][1])


def test_a_hundred_thousand_events_are_encoded_in_a_second(make):
    source = make.source()
    small = source.sample(0, 5000)
    sample = small._replace(**{name: np.concatenate([getattr(small, name)] * 10) for name in small._fields})
    best = np.inf
    for _ in range(2):
        start = time.process_time()
        parquet.encode(flatten(sample, source, 0), source, {})
        best = min(best, time.process_time() - start)
    print(f"{50_000 / best:.3g} events/s")
    assert best < 2 * 0.5  # half a second is asked; twice that for a busy machine
