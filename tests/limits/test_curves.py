import numpy as np
import pytest

from portico import registry
from portico.errors import UnknownName
from portico.limits import curves

NAMES = registry.names("published limit")


@pytest.mark.parametrize("name", NAMES)
def test_every_published_limit_loads(name):
    curve = curves.curve(name)
    assert curve.name == name
    assert curve.title
    assert curve.kind in ("limit", "projection")
    assert 0 < curve.cl < 1
    assert curve.sources
    assert curve.mass.shape == curve.value.shape
    assert curve.mass.size >= 2
    assert np.all(np.diff(curve.mass) > 0)
    assert np.all(curve.mass > 0)
    assert np.all((curve.value > 0) & (curve.value <= 1))


@pytest.mark.parametrize("name", NAMES)
def test_every_point_has_a_source_and_a_status(name):
    content = registry.read_toml(registry.path_of("published limit", name))
    for entry in content["points"].values():
        assert entry["source"]
        assert entry["status"] in ("published", "digitised", "inferred", "assumed", "unverified", "computed")


def test_curves_of_a_parameter():
    assert {curve.name for curve in curves.curves("epsilon")} == set(NAMES)
    assert curves.curves("alpha_dark") == []


def test_numbers_are_in_gev():
    na64 = curves.curve("na64e_invisible_2023")
    assert na64.mass[0] == 0.003
    assert na64.value[0] == 9.3e-6
    assert np.interp(0.068, na64.mass, na64.value) == 1.34e-4


def test_unknown_limit_has_the_nearest_match():
    with pytest.raises(
        UnknownName, match=r"no published limit named 'babar_mono_photon'.*Did you mean 'babar_mono_photon_2017'\?"
    ):
        curves.curve("babar_mono_photon")
