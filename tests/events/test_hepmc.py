"""HepMC3 files as pyhepmc reads them."""

import json

import numpy as np
import pytest

pyhepmc = pytest.importorskip("pyhepmc")

from portico.events import hepmc, write  # noqa: E402
from portico.events.record import flatten  # noqa: E402

COUNT = 250


def read(path):
    with pyhepmc.open(path) as file:
        return list(file)


@pytest.mark.parametrize("collide", [True, False])
def test_momentum_is_conserved_at_every_vertex(make, tmp_path, monkeypatch, collide):
    monkeypatch.setattr(hepmc, "CHUNK", 100)
    path = tmp_path / "events.hepmc3"
    write(path, make.source(collide=collide), COUNT)
    events, vertices = read(path), 0
    assert [event.event_number for event in events] == list(range(COUNT))
    for event in events:
        scale = max(p.momentum.e for p in event.particles)
        for vertex in event.vertices:
            balance = np.zeros(4)
            for sign, particles in ((1, vertex.particles_in), (-1, vertex.particles_out)):
                for p in particles:
                    balance += sign * np.array([p.momentum.e, p.momentum.px, p.momentum.py, p.momentum.pz])
            # momenta are written with 16 decimals
            assert np.all(np.abs(balance) < 1e-12 * scale)
            vertices += 1
    assert vertices > 3 * COUNT


@pytest.mark.parametrize("collide", [True, False])
def test_particles_and_vertices_are_those_of_the_record(make, tmp_path, collide):
    source, path = make.source(collide=collide), tmp_path / "events.hepmc3"
    write(path, source, COUNT, about={"seed": 1})
    record = flatten(source.sample(0, COUNT), source, 0)
    names = ("psi3 psi2", "psi2 psi2", "psi3 psi1")
    for k, event in enumerate(read(path)):
        part = slice(record.offsets[k], record.offsets[k + 1])
        assert event.length_unit == pyhepmc.Units.MM
        assert event.momentum_unit == pyhepmc.Units.GEV
        assert [p.pid for p in event.particles] == list(record.id[part])
        assert [p.status for p in event.particles] == list(record.status[part])
        masses = [p.generated_mass for p in event.particles]
        assert masses == pytest.approx(list(record.mass[part]), rel=1e-12)
        assert len(event.beams) == (2 if collide else 1)
        for p, parent, place in zip(event.particles, record.parent[part], record.vertex[part], strict=True):
            above = [q.id - 1 for q in p.production_vertex.particles_in] if parent >= 0 else []
            assert above == ([] if parent < 0 else [0, 1] if collide and parent == 0 else [parent])
            if parent >= 0:
                position = p.production_vertex.position
                assert [position.t, position.x, position.y, position.z] == pytest.approx(list(10 * place), rel=1e-12)
        assert event.weights == [pytest.approx(1)]
        assert str(event.attributes["mode"].astype(str)) == names[record.mode[k]]
        if collide:
            assert event.cross_section.xsec() == pytest.approx(1.5e-3)
    told = json.loads(event.run_info.attributes["portico"].astype(str))
    assert told["codes"]["psi2"] == 4900102
    assert told["seed"] == 1


def test_pieces_give_the_same_bytes(make, tmp_path, monkeypatch):
    texts = []
    for size in (1000, 70):
        monkeypatch.setattr(hepmc, "CHUNK", size)
        path = tmp_path / f"{size}.hepmc3"
        write(path, make.source(), COUNT)
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]
