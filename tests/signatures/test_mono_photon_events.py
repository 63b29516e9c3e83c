"""Events of the mono-photon search, of a model that is given by its chain."""

import json

import numpy as np
import pytest

import portico
from portico.errors import InvalidInput
from portico.events import write

pq = pytest.importorskip("pyarrow.parquet")


def given(mass=1.25, epsilon=1e-3):
    return portico.models.Inelastic(
        mass=mass, epsilon=epsilon, alpha_dark=0.1, dark_matter_mass_ratio=0.33, splitting=0.4
    )


@pytest.fixture(scope="module")
def search():
    return portico.search("babar_mono_photon_2017")


def test_events_have_the_beams_and_the_photons_of_the_search(search, tmp_path):
    source = search.signature.event_source(search, given(), 1)
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
    one, two, same = (search.signature.event_source(search, given(), seed).sample(0, 100) for seed in (1, 2, 1))
    np.testing.assert_array_equal(one.mediator, same.mediator)
    assert not np.any(one.mediator == two.mediator)


def test_a_mass_out_of_reach_is_refused(search):
    with pytest.raises(InvalidInput, match="no event passes its selection"):
        search.signature.event_source(search, given(mass=9.5), 1)


def test_arrays_and_wrong_seeds_are_refused(search):
    many = given(epsilon=np.array([1e-3, 1e-2]))
    with pytest.raises(InvalidInput, match="events are those of one point of inelastic; epsilon is an array"):
        search.signature.event_source(search, many, 1)
    for seed in (1.5, "a", None, -1, 2**32, True):
        with pytest.raises(InvalidInput, match=r"^seed = .* expected a whole number from 0 to 2\^32 - 1\.$"):
            search.signature.event_source(search, given(), seed)
    search.signature.event_source(search, given(), np.int64(1))
