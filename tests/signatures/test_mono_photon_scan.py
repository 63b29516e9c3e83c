"""Scans of the mono-photon search over masses: the generator is compiled once, and results do not depend on how they are drawn."""

import numpy as np
import pytest

import portico
from portico.cascades import generator
from portico.cascades.blocks import BLOCK
from portico.signatures._mono_photon_veto import beams_of

pytestmark = pytest.mark.slow  # many kernels to compile

NAME = "babar_mono_photon_2017"
MODEL = {"alpha_dark": 0.1, "dark_matter_mass_ratio": 0.33, "splitting": 0.4}


def test_a_scan_over_masses_compiles_the_generator_once():
    kernel, masses = (
        generator._collider_kernel,
        np.geomspace(0.05, 7.5, 7),
    )  # electrons alone, muons, hadrons; both selections
    kernel.clear_cache()
    data = portico.recast(
        NAME, portico.models.Inelastic(**MODEL), scan={"mass": masses}, precision="50%", events=str(BLOCK)
    )
    assert data.sizes["mass"] == masses.size
    assert kernel._cache_size() == 1


def _production(sample):
    return sample.recoil, sample.mediator


def test_data_sets_without_events_do_not_change_the_others():
    chain = portico.models.Inelastic(mass=6.5, epsilon=1e-3, **MODEL).chain()
    search = portico.search(NAME)
    beams = beams_of(search, search.prepared(), 6.5)  # the Y(4S) has no luminosity in the high-mass selection
    assert [luminosity > 0 for luminosity in beams.luminosity] == [True, True, False]

    def photons(order):
        given = generator.ColliderBeams(*(tuple(column[k] for k in order) for column in beams[:3]), beams.cos_max)
        return generator.generate_collider(chain, given, 5000, 3, reduction=_production)

    expected = photons((0, 1))
    for order in ((0, 1, 2), (2, 0, 1)):  # the one without events last, and first
        found = photons(order)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-12, atol=1e-12)
    energy = (expected[0] + expected[1])[:, 0]
    assert energy.min() == pytest.approx(beams.electron_energy[0] + 3.1)
    assert energy.max() == pytest.approx(beams.electron_energy[1] + 3.1)


def test_more_events_keep_the_first_and_halve_the_error():
    model, epsilon = portico.models.Inelastic(mass=1.25, **MODEL), np.geomspace(1e-5, 1e-1, 9)
    searches = [portico.search(NAME, precision="1e-4", events=str(count * BLOCK)) for count in (1, 4)]
    few, many = (search.signature.survival(search, model) for search in searches)
    assert [int(found.number.sum()) for found in (few, many)] == [BLOCK, 4 * BLOCK]
    assert np.all(few.passed <= many.passed)
    first, second = few.probability(epsilon), many.probability(epsilon)
    assert np.all(np.abs(first.value - second.value) <= 4 * first.error)
    np.testing.assert_allclose(second.error, first.error / 2, rtol=0.2)
