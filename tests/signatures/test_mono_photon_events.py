"""Events of the mono-photon search, of a model that is given by its chain."""

import json

import numpy as np
import pytest

import portico
from portico.decays.chain import Chain, FermionDecay, PairMode
from portico.errors import InvalidInput
from portico.events import write

pq = pytest.importorskip("pyarrow.parquet")


class Given:
    """What the search asks of a model."""

    NAME, SOURCES = "given", ()

    def __init__(self, mass=1.25, epsilon=1e-3):
        self.mass, self.epsilon, self.alpha_dark = mass, epsilon, 0.1

    def parameters(self):
        return {"mass": self.mass, "epsilon": self.epsilon, "alpha_dark": self.alpha_dark}

    def require(self, *names):
        pass

    def partial_widths(self):
        return {"psi2 psi1": 0.03}

    def visible_width_unit(self):
        return 3e-3

    def chain(self, *, hadrons):
        return Chain(
            self.mass, 0.03, (0.33 * self.mass, 0.462 * self.mass), True, (PairMode(1, 0, 1.0, 1.0, 0.0),),
            (FermionDecay(1, 0, "e+ e-", 1.0, 1.0, 0.0),), (np.inf, 1e-5),
        )  # fmt: skip


@pytest.fixture(scope="module")
def search():
    return portico.search("babar_mono_photon_2017")


def test_events_have_the_beams_and_the_photons_of_the_search(search, tmp_path):
    source = search.signature.event_source(search, Given(), 1)
    path = tmp_path / "events.parquet"
    write(path, source, 2000)
    table = pq.read_table(path)
    assert table.num_rows == 2000
    e, pz, codes = (np.array([row[:4] for row in table[name].to_pylist()]) for name in ("e", "pz", "id"))
    assert np.all(codes == [11, -11, 22, 4900022])
    root_s = np.sqrt(4 * e[:, 0] * e[:, 1])
    # Y(2S), Y(3S), Y(4S), drawn by luminosity and cross section
    assert np.unique(root_s.round(4)) == pytest.approx([10.0233, 10.3552, 10.5794])
    velocity = (e[:, 0] - e[:, 1]) / (e[:, 0] + e[:, 1])
    gamma = 1 / np.sqrt(1 - velocity**2)
    energy = gamma * (e[:, 2] - velocity * pz[:, 2])
    cosine = gamma * (pz[:, 2] - velocity * e[:, 2]) / energy
    assert energy == pytest.approx((root_s**2 - 1.25**2) / (2 * root_s))
    assert 0.55 < np.abs(cosine).max() <= 0.6
    told = json.loads(pq.read_schema(path).metadata[b"portico"])
    assert len(told["beams"]) == 3
    assert 1.8e-3 < told["sigma_pb"] < 2.2e-3
    assert told["sources"] == list(search.signature.method_sources(search))


def test_the_seed_chooses_the_events(search):
    one, two, same = (search.signature.event_source(search, Given(), seed).sample(0, 100) for seed in (1, 2, 1))
    np.testing.assert_array_equal(one.mediator, same.mediator)
    assert not np.any(one.mediator == two.mediator)


def test_a_mass_out_of_reach_is_refused(search):
    with pytest.raises(InvalidInput, match="no event passes its selection"):
        search.signature.event_source(search, Given(mass=9.5), 1)
