"""Events behind a dump: their energies follow the spectra of the channels, and pieces make one sample."""

import numpy as np
import pytest

import portico
from portico.errors import InvalidInput
from portico.signatures._missing_energy_spectrum import annihilation_spectrum, emission_spectrum

MODEL = {"mass": 0.25, "epsilon": 1e-3, "dark_matter_mass_ratio": 0.33, "splitting": 0.4, "alpha_dark": 0.1}


def _source(seed=1, **options):
    search = portico.search("na64e_semi_visible_2021", **options)
    return search, search.signature.event_source(search, portico.models.Inelastic(**MODEL), seed)


def test_energies_follow_the_spectra_of_the_channels():
    search, source = _source(channels="annihilation,bremsstrahlung")
    energy = np.sort(source.sample(0, 40_000).mediator[:, 0])
    emitted = emission_spectrum(search, 0.25)
    resonant = annihilation_spectrum(search, 0.25, source.chain.mediator_width)
    signal = portico.signal(search, portico.models.DarkPhoton(mass=0.25, epsilon=1e-6, alpha_dark=0.1)).channels
    share = {name: value / sum(signal.values()) for name, value in signal.items()}
    parts = ((share["bremsstrahlung"], emitted), (share["annihilation"], resonant))
    for e in (51.0, 55.0, 61.0, 65.0, 80.0, 95.0):
        above = sum(part * np.interp(e, s.energy, s.above) / s.total for part, s in parts)
        # spread evenly; the width, and so the share of annihilation, is that of dark_photon here: 3% of 7%
        assert np.mean(energy > e) == pytest.approx(above, abs=3e-3), e
    assert energy[0] >= 50.0


def test_mediators_go_along_the_beam_on_their_mass_shell_and_decay_downstream():
    _, source = _source()
    sample = source.sample(0, 2000)
    assert source.beams == ()
    np.testing.assert_array_equal(sample.mediator[:, 1:3], 0.0)
    mass2 = sample.mediator[:, 0] ** 2 - sample.mediator[:, 3] ** 2
    np.testing.assert_allclose(mass2, 0.25**2, rtol=1e-9)
    assert np.all(sample.vertex[sample.decay >= 0][:, 2] > 0)


def test_pieces_make_one_sample_and_seeds_different_ones():
    _, source = _source(seed=3)
    whole = source.sample(0, 3000)
    pieces = [source.sample(start, 1000) for start in (0, 1000, 2000)]
    for name in ("mediator", "minus", "vertex", "decay"):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    other = _source(seed=4)[1].sample(0, 3000)
    assert not np.any(other.mediator[:, 0] == whole.mediator[:, 0])


def test_arrays_and_wrong_seeds_are_refused():
    search, _ = _source()
    many = portico.models.Inelastic(**{**MODEL, "epsilon": np.array([1e-3, 1e-2])})
    with pytest.raises(InvalidInput, match="events are those of one point of inelastic; epsilon is an array"):
        search.signature.event_source(search, many, 1)
    for seed in (1.5, "a", None):
        with pytest.raises(InvalidInput, match=r"^seed = .* expected a whole number from 0 to 2\^32 - 1\.$"):
            _source(seed=seed)
