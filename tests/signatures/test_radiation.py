"""Photons in the annihilation and moving electrons, as the search counts them."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import portico
from portico.models import DarkPhoton
from portico.transport import radiative_path

NAME, SMALL = "belle2_disappearing_positron", 1e-6
BOTH = ("annihilation", "radiative_annihilation")


@cache
def _search(**options):
    return portico.search(NAME, **options)


def _events(mass, alpha_dark=0.5, search=None, **options):
    """Annihilation with and without a resolved photon at epsilon = 1, without visible width."""
    search = search or _search(channels=",".join(BOTH), **options)
    signal = portico.signal(search, DarkPhoton(mass=mass, epsilon=SMALL, alpha_dark=alpha_dark))
    return np.array([np.asarray(signal.channels[name]) / SMALL**2 for name in BOTH])


def _born(mass, alpha_dark=0.5, **options):
    signal = portico.signal(
        _search(channels="annihilation", **options), DarkPhoton(mass=mass, epsilon=SMALL, alpha_dark=alpha_dark)
    )
    return np.asarray(signal.expected) / SMALL**2


def test_photons_move_the_resonance_by_what_is_documented():
    mass = np.array([0.001, 0.010, 0.040, 0.060, 0.066, 0.067, 0.080, 0.100])
    table = {
        0.5: [1.14, 1.10, 1.05, 0.98, 0.94, 0.93, 0.92, 0.90],
        0.1: [1.68, 1.63, 1.44, 1.21, 0.96, 0.92, 0.90, 0.90],
    }
    for alpha_dark, wanted in table.items():
        ratio = _events(mass, alpha_dark).sum(axis=0) / _born(mass, alpha_dark)
        np.testing.assert_allclose(ratio, wanted, atol=0.006)


def test_radiative_return_of_a_narrow_mediator():
    """60 MeV, narrow: 4.57e8 events with one real photon; soft and virtual ones change that by less than two exponents beta."""
    soft, hard = _events(np.array([0.060]), 1e-4)
    assert hard[0] == pytest.approx(4.57e8, rel=2 * 0.041)
    assert soft[0] < 0.02 * hard[0]
    assert _born(np.array([0.060]), 1e-4)[0] < 0.01 * hard[0]


def test_division_into_channels_does_not_matter(monkeypatch):
    """The sum for another resolution: only the tables' errors are left, 2e-4."""
    mass = np.array([0.020, 0.060, 0.0665, 0.070, 0.100])
    reference = _events(mass, 0.01)
    monkeypatch.setattr(radiative_path, "RESOLVED", 0.1)
    other = _events(mass, 0.01, search=portico.search(NAME, channels=",".join(BOTH)))
    np.testing.assert_allclose(other.sum(axis=0), reference.sum(axis=0), rtol=3e-4)
    assert np.all(np.abs(other[1] / reference[1] - 1) > 0.01)


def test_photons_open_nothing_beyond_the_largest_invariant_mass():
    assert np.all(_events(np.array([0.1234, 0.2, 1.0])) == 0)
    assert np.all(_events(np.array([0.1232])) > 0)


def test_sum_is_independent_of_alpha_dark_for_narrow_widths():
    """Made on the pole by radiative return: no dependence on the width, 0.5% at Gamma/m below 1e-3."""
    total = _events(0.055, np.array([1e-6, 1e-5, 1e-4])).sum(axis=0)
    np.testing.assert_allclose(total, total[0], rtol=5e-3)


@pytest.mark.slow  # compiles for long
@pytest.mark.parametrize("channel", BOTH)
def test_gradient_of_each_channel_is_its_difference_quotient(channel):
    search = _search(channels=",".join(BOTH))

    def log_events(log_mass):
        model = DarkPhoton(mass=jnp.exp(log_mass), epsilon=1e-5, alpha_dark=0.3)
        return jnp.log(portico.signal(search, model, differentiable=True).channels[channel])

    slope = jax.jit(jax.grad(log_events))
    value = jax.jit(log_events)
    for mass in (0.02, 0.06, 0.09):
        at, step = np.log(mass), 1e-3
        # panels move with the mass: 1e-7 of the events, 1e-4 of the quotient; curvature adds a few 1e-4
        assert float(slope(at)) == pytest.approx(float(value(at + step) - value(at - step)) / (2 * step), abs=2e-3)


def test_errors_cover_a_finer_table():
    fine = _search(channels=",".join(BOTH))
    mass, alpha_dark = np.geomspace(0.002, 0.12, 40), 0.05
    signal = portico.signal(fine, DarkPhoton(mass=mass, epsilon=SMALL, alpha_dark=alpha_dark))
    state = fine.prepared()
    path = radiative_path.radiative_path_length(
        state.fold.flux, radiative_path.radiative_edges(state.fold.edges, state.fold.electron), *state.fold[2:5],
        electron_mass=state.fold.electron, points=513,
    )  # fmt: skip
    other = portico.search(NAME, channels=",".join(BOTH))
    other._prepared["state"] = state._replace(path=lambda: path)
    refined = portico.signal(other, DarkPhoton(mass=mass, epsilon=SMALL, alpha_dark=alpha_dark))
    for name in BOTH:
        off = np.abs(signal.channels[name] - refined.channels[name])
        assert np.all(off <= signal.numerical_error[name])
        assert np.all(signal.numerical_error[name] < 1e-3 * signal.channels[name])


# --- motion of electrons -------------------------------------------------------------------------------------------


def test_motion_smears_the_edge_of_a_narrow_resonance():
    mass = np.array([0.0660, 0.0670])
    rest, moving = (_events(mass, 1e-4, electron_motion=m).sum(axis=0) for m in ("off", "on"))
    assert rest[1] / rest[0] > 3
    assert 1.5 < moving[1] / moving[0] < 2.5
    np.testing.assert_allclose(moving / rest, [1.11, 0.63], rtol=0.03)


def test_wide_mediator_hardly_feels_the_motion():
    mass = np.array([0.020, 0.060, 0.067, 0.080])
    ratio = _born(mass, 0.5, electron_motion="on") / _born(mass, 0.5)
    assert np.all(np.abs(ratio - 1) < 0.08)
    assert np.all(np.abs(ratio[[0, 3]] - 1) < 0.02)


def test_motion_leaves_a_tail_above_the_end_of_annihilation():
    above = _born(np.array([0.124, 0.130]), electron_motion="on")
    assert np.all(above > 0)
    assert above[1] < above[0] < 5e-3 * _born(np.array([0.100]))[0]


def test_element_without_electrons_is_told(tmp_path):
    from portico.matter import atomic_electrons
    from portico.matter.materials import material

    target = material("CsI")._replace(elements=("I", "W"))
    with pytest.raises(portico.OutOfValidity, match="no electron configuration for W"):
        atomic_electrons.motion(target)
