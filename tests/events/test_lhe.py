"""LHE files as pylhe reads them; vertices come back from proper flight lengths."""

import json

import numpy as np
import pytest

pylhe = pytest.importorskip("pylhe")

from portico.events import lhe, write  # noqa: E402
from portico.events.record import flatten  # noqa: E402

COUNT = 250


def read(path):
    file = pylhe.LHEFile.fromfile(str(path))
    return file.init, list(file.events)


@pytest.mark.parametrize("collide", [True, False])
def test_particles_are_those_of_the_record(make, tmp_path, monkeypatch, collide):
    monkeypatch.setattr(lhe, "CHUNK", 100)
    source, path = make.source(collide=collide), tmp_path / "events.lhe"
    write(path, source, COUNT)
    record = flatten(source.sample(0, COUNT), source, 0)
    init, events = read(path)
    assert len(events) == COUNT
    assert (init.initInfo.beamA, init.initInfo.beamB) == ((11, -11) if collide else (0, 0))
    assert init.initInfo.energyA == (9.0 if collide else 0)
    sigma = 1.5e-3 if collide else 1.0
    assert [p.xSection for p in init.procInfo] == pytest.approx([0.7 * sigma, 0.2 * sigma, 0.1 * sigma])
    assert np.mean([event.eventinfo.weight for event in events]) == pytest.approx(sigma)
    codes = {-1: 4, 2: 2, 1: 1}
    for k, event in enumerate(events):
        part = slice(record.offsets[k], record.offsets[k + 1])
        assert event.eventinfo.pid == record.mode[k] + 1
        assert [p.id for p in event.particles] == list(record.id[part])
        wanted = [
            4 if parent < 0 else status for parent, status in zip(record.parent[part], record.status[part], strict=True)
        ]
        assert [codes[int(p.status)] for p in event.particles] == wanted
        momenta = [[p.e, p.px, p.py, p.pz] for p in event.particles]
        np.testing.assert_allclose(momenta, record.momentum[part], rtol=1e-15)
        assert [p.mother1 - 1 for p in event.particles] == list(record.parent[part])
        second = [1 if collide and parent == 0 else parent for parent in record.parent[part]]
        assert [p.mother2 - 1 for p in event.particles] == second
        scale = np.sqrt(2 * 3.1 * 2 * record.momentum[part][0, 0]) if collide else make.mediator
        assert event.eventinfo.scale == pytest.approx(scale)


def test_vertices_come_back_from_the_lengths(make, tmp_path):
    source, path = make.source(), tmp_path / "events.lhe"
    write(path, source, COUNT)
    record = flatten(source.sample(0, COUNT), source, 0)
    for k, event in enumerate(read(path)[1]):
        places = []
        for p in event.particles:
            if p.mother1 == 0 or p.mother1 == 1:
                places.append(np.zeros(4))
                continue
            mother = event.particles[p.mother1 - 1]
            velocity = np.array([mother.e, mother.px, mother.py, mother.pz]) / mother.m
            places.append(places[p.mother1 - 1] + mother.lifetime * velocity)
        wanted = 10 * record.vertex[record.offsets[k] : record.offsets[k + 1]]
        # lengths are written with 10 digits
        np.testing.assert_allclose(places, wanted, rtol=0, atol=1e-8 * max(np.abs(wanted).max(), 1e-9))


def test_header_tells_codes_and_survives_strange_text(make, tmp_path):
    import xml.etree.ElementTree as tree

    path = tmp_path / "events.lhe"
    write(path, make.source(), 3, about={"search": "a < b & --> é"})
    told = json.loads(tree.parse(path).getroot().find("header/portico").text)
    assert told["search"] == "a < b & --> é"
    assert told["codes"]["mediator"] == 4900022


def test_pieces_give_the_same_bytes(make, tmp_path, monkeypatch):
    texts = []
    for size in (1000, 70):
        monkeypatch.setattr(lhe, "CHUNK", size)
        path = tmp_path / f"{size}.lhe"
        write(path, make.source(), COUNT)
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]
