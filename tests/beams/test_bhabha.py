import itertools
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from portico import constants, particles
from portico.beams import bhabha
from portico.kinematics.collider import collider_frame

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "beams.json").read_text())
BARREL = (float(np.radians(32.2)), float(np.radians(128.7)))
PER_NB = 5e43 * constants.CM2_PER_NB  # 50/ab, in events per nb
Z = {"z_mass": particles.mass("Z"), "z_width": particles.width("Z"), "sin2_theta_w": constants.SIN2_THETA_W}
PHOTON = {"z_mass": jnp.inf, "z_width": 0.0, "sin2_theta_w": constants.SIN2_THETA_W}
_dsigma = jax.jit(bhabha.dsigma_dcos)


def _photon_exchange(c, s):
    """(pi alpha^2/s) [u^2 (1/s + 1/t)^2 + (t/s)^2 + (s/t)^2]."""
    t, u = -s * (1 - c) / 2, -s * (1 + c) / 2
    return np.pi * constants.ALPHA**2 / s * (u**2 * (1 / s + 1 / t) ** 2 + (t / s) ** 2 + (s / t) ** 2)


@given(st.floats(-1.0, 0.99), st.floats(1.0, 1e4))
def test_without_the_z_it_is_the_textbook_form(c, s):
    assert float(_dsigma(c, s, **PHOTON)) == pytest.approx(_photon_exchange(c, s), rel=1e-12)


@given(st.floats(-0.9, 0.9), st.floats(1.0, 200.0))
def test_dsigma_scales_with_the_energy_squared(c, s):
    """Photon exchange has no scale; with the Z the scale is its mass."""
    assert float(_dsigma(c, 4 * s, **PHOTON)) == pytest.approx(float(_dsigma(c, s, **PHOTON)) / 4, rel=1e-12)
    scaled = {**Z, "z_mass": 2 * Z["z_mass"], "z_width": 2 * Z["z_width"]}
    assert float(_dsigma(c, 4 * s, **scaled)) == pytest.approx(float(_dsigma(c, s, **Z)) / 4, rel=1e-12)


def test_small_angle_limit_is_rutherford_like():
    # dsigma/dc -> (2 pi alpha^2/s) 4/(1-c)^2 ... from (s/t)^2 + (u/t)^2 = 2 s^2/t^2
    c, s = 1 - 1e-6, 112.0
    expected = np.pi * constants.ALPHA**2 / s * 8 / (1 - c) ** 2
    assert float(_dsigma(c, s, **PHOTON)) == pytest.approx(expected, rel=2e-6)  # next term is of order 1-c


def test_on_the_z_pole_the_s_channel_gives_the_known_peak():
    """sigma(ee -> Z -> ee) = 12 pi Gamma_ee^2/(m^2 Gamma^2) at tree level; backward, where the t channel is small.

    Spin-averaged s channel alone: dsigma/dc = (3/8) sigma0 [(1 + c^2) + 2 A c]; at c = -1 the sum of t and interference is
    computed here from the same couplings by complex numbers.
    """
    s, sw2 = Z["z_mass"] ** 2, constants.SIN2_THETA_W
    norm = np.sqrt(sw2 * (1 - sw2))
    g = {"L": (sw2 - 0.5) / norm, "R": sw2 / norm}
    for c in (-0.9, -0.3, 0.4):
        t, u = -s * (1 - c) / 2, -s * (1 + c) / 2

        def propagator(i, j, q2, width):
            return 1 / q2 + g[i] * g[j] / (q2 - Z["z_mass"] ** 2 + 1j * Z["z_mass"] * width)

        total = sum(u**2 * abs(propagator(i, i, s, Z["z_width"]) + propagator(i, i, t, 0.0)) ** 2 for i in "LR")
        total += (
            2 * t**2 * abs(propagator("L", "R", s, Z["z_width"])) ** 2
            + 2 * s**2 * abs(propagator("L", "R", t, 0.0)) ** 2
        )
        expected = np.pi * constants.ALPHA**2 / (2 * s) * total
        assert float(_dsigma(c, s, **Z)) == pytest.approx(expected, rel=1e-12)


def test_size_of_z_exchange():
    reference, s = REFERENCE["z_exchange"], 112.0
    at_zero = float(_dsigma(0.0, s, **Z) / _dsigma(0.0, s, **PHOTON)) - 1
    assert at_zero == pytest.approx(reference["at_right_angle"], rel=reference["tolerance"])
    nodes, weights = np.polynomial.legendre.leggauss(60)
    low, high = -0.74552, 0.76715  # of the positron's scattering angle in the barrel
    c = (high - low) * (nodes + 1) / 2 + low
    total = [weights @ np.asarray(_dsigma(c, s, **couplings)) for couplings in (Z, PHOTON)]
    assert total[0] / total[1] - 1 == pytest.approx(reference["on_total"], rel=reference["tolerance"])


@pytest.fixture(scope="module")
def fluxes():
    return {
        (tracks, angle): bhabha.bhabha_positrons(7.0, 4.0, BARREL, 5e43, crossing_angle=angle, tracks=tracks)
        for tracks in bhabha.TRACKS
        for angle in (0.0, 0.083)
    }


def test_spectrum_at_three_energies(fluxes):
    reference, flux = REFERENCE["dsigma_denergy_nb_per_gev"], fluxes["positron", 0.0]
    energy = np.array([float(flux.edges[0]), 5.5, float(flux.edges[-1])])
    np.testing.assert_allclose(flux.density(energy) / PER_NB, reference["values"], rtol=reference["tolerance"])


@pytest.mark.parametrize("tracks", bhabha.TRACKS)
def test_number_of_positrons(fluxes, tracks):
    total = fluxes[tracks, 0.0].total()
    for name, unit in (("total_nb", PER_NB), ("events_50_per_ab", 1.0)):
        reference = REFERENCE[name]
        assert float(total.value) / unit == pytest.approx(reference[tracks], rel=reference["tolerance"])
    assert float(total.error) < 2e-4 * float(total.value)


@pytest.mark.parametrize("tracks", bhabha.TRACKS)
def test_head_on_total_equals_the_integral_over_the_angle(fluxes, tracks):
    """In the centre of mass the acceptance is an interval of the cosine; c = -c_z, because the positron moves along -z."""
    beta = 3 / 11

    def star(theta):
        return (np.cos(theta) - beta) / (1 - beta * np.cos(theta))

    low, high = star(BARREL[1]), star(BARREL[0])
    if tracks == "both":
        low, high = max(low, -high), min(high, -low)
    exact = quad(lambda c_z: float(_dsigma(-c_z, 112.0, **Z)), low, high, epsrel=1e-10)[0] * constants.GEV2_NB
    total = fluxes[tracks, 0.0].total()
    assert abs(float(total.value) - exact * PER_NB) <= float(total.error)


def test_spectrum_is_zero_outside_the_barrel(fluxes):
    flux = fluxes["positron", 0.0]
    np.testing.assert_array_equal(flux.density(np.array([4.0, 4.3492, 6.6184, 7.0])), 0.0)


def test_a_small_crossing_angle_changes_little(fluxes):
    """The angle enters the total squared: 0.1 mrad is like none, although it takes the other branch of the acceptance."""
    small = bhabha.bhabha_positrons(7.0, 4.0, BARREL, 5e43, crossing_angle=1e-4)
    assert float(small.total().value) == pytest.approx(float(fluxes["positron", 0.0].total().value), rel=1e-5)


def _events(count, crossing, seed):
    """Laboratory four-vectors (positron, electron) and weights (nb) of Bhabha events, by explicit rotation and boost."""
    random = np.random.default_rng(seed)
    c_max = 0.97  # of the scattering angle: beyond, no positron comes to the barrel, checked below
    # importance: 1/(1 - c)^2 between -1 and c_max
    low, high = 1 / 2, 1 / (1 - c_max)
    c = 1 - 1 / random.uniform(low, high, count)
    azimuth = random.uniform(0, 2 * np.pi, count)
    half = crossing / 2
    beams = np.array(
        [7 * np.array([1, np.sin(half), 0, np.cos(half)]), 4 * np.array([1, np.sin(half), 0, -np.cos(half)])]
    )
    total = beams.sum(axis=0)
    s = total[0] ** 2 - total[1:] @ total[1:]
    beta = total[1:] / total[0]
    gamma = 1 / np.sqrt(1 - beta @ beta)

    def boost(vectors, beta):
        along = vectors[:, 1:] @ beta
        momentum = vectors[:, 1:] + np.outer((gamma - 1) * along / (beta @ beta) + gamma * vectors[:, 0], beta)
        return np.column_stack([gamma * (vectors[:, 0] + along), momentum])

    incoming = boost(beams, -beta)[1]  # the positron at rest
    axis = incoming[1:] / np.linalg.norm(incoming[1:])
    first = np.cross(axis, [0.0, 1.0, 0.0])
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    sine = np.sqrt(1 - c**2)
    direction = np.outer(c, axis) + np.outer(sine * np.cos(azimuth), first) + np.outer(sine * np.sin(azimuth), second)
    energy = np.full((count, 1), np.sqrt(s) / 2)
    positron = boost(np.hstack([energy, energy * direction]), beta)
    electron = boost(np.hstack([energy, -energy * direction]), beta)
    weight = _photon_exchange(c, s) * (1 - c) ** 2 * (high - low) * constants.GEV2_NB
    return positron, electron, weight, total


@pytest.mark.parametrize("tracks", bhabha.TRACKS)
def test_crossing_beams_agree_with_explicit_events(fluxes, tracks):
    count = 400_000
    positron, electron, weight, total = _events(count, 0.083, seed=19)
    np.testing.assert_allclose(positron + electron, np.broadcast_to(total, positron.shape), atol=1e-9)

    def in_barrel(p):
        theta = np.arccos(p[:, 3] / p[:, 0])
        return (theta > BARREL[0]) & (theta < BARREL[1])

    accepted = in_barrel(positron) & (in_barrel(electron) if tracks == "both" else True)
    value = np.where(accepted, weight, 0.0)
    mean, error = value.mean(), value.std() / np.sqrt(count)
    flux = fluxes[tracks, 0.083]
    ours = float(flux.total().value) / PER_NB
    # four standard errors (each 0.2%), and 0.04% of Z exchange that the events leave out
    assert abs(ours - mean) < 4 * error + 5e-4 * mean
    # and the spectrum, in bins
    edges = np.linspace(float(flux.edges[0]), float(flux.edges[-1]), 9)
    nodes, node_weights = np.polynomial.legendre.leggauss(40)
    for low, high in itertools.pairwise(edges):
        selected = np.where((positron[:, 0] >= low) & (positron[:, 0] < high), value, 0.0)
        energy = low + (high - low) * (nodes + 1) / 2
        expected = (high - low) / 2 * node_weights @ np.asarray(flux.density(energy)) / PER_NB
        # 1%: 40 nodes across a kink of the acceptance
        assert abs(selected.mean() - expected) < 4 * selected.std() / np.sqrt(count) + 0.01 * expected
    outside = accepted & ((positron[:, 0] < edges[0] * (1 - 1e-9)) | (positron[:, 0] > edges[-1] * (1 + 1e-9)))
    assert not np.any(outside)


def test_no_event_of_the_barrel_scatters_by_less_than_the_generated_range():
    positron, _, _, _ = _events(100_000, 0.083, seed=3)
    theta = np.arccos(positron[:, 3] / positron[:, 0])
    assert theta.max() > BARREL[1] + 0.15  # the generated range reaches well beyond the barrel's backward end


@pytest.mark.parametrize("tracks", bhabha.TRACKS)
@pytest.mark.parametrize("angle", [0.0, 0.083])
def test_the_error_of_the_total_is_honest(fluxes, tracks, angle):
    flux = fluxes[tracks, angle]
    finer = bhabha.bhabha_positrons(7.0, 4.0, BARREL, 5e43, crossing_angle=angle, tracks=tracks, points=513)
    best = float(jnp.sum(finer.nodes(96)[1]))
    assert abs(float(flux.total().value) - best) <= float(flux.total().error) + float(finer.total().error)


def test_an_empty_acceptance_gives_no_positrons():
    flux = bhabha.bhabha_positrons(7.0, 4.0, (float(np.radians(20.0)), float(np.radians(21.0))), 5e43, tracks="both")
    assert float(flux.total().value) == 0.0


@given(st.floats(4.4, 6.6), st.floats(0.0, 0.1))
def test_accepted_azimuth_is_that_of_the_four_vectors(energy, crossing):
    frame = _frame(7.0, 4.0, crossing)
    start, stop = (float(a) for a in _azimuth(energy, frame))
    beta, tilt = float(frame.beta), float(frame.tilt)
    cosine = (1 - float(frame.root_s) / 2 / (float(frame.gamma) * energy)) / beta
    phi = np.linspace(0, np.pi, 721)
    cos_lab = np.cos(tilt) * cosine + np.sin(tilt) * np.sqrt(max(1 - cosine**2, 0)) * np.cos(phi)
    inside = (cos_lab <= np.cos(BARREL[0])) & (cos_lab >= np.cos(BARREL[1]))
    assert (stop - start) == pytest.approx(np.pi * inside.mean(), abs=2 * np.pi / 720)


_frame = jax.jit(collider_frame)
_azimuth = jax.jit(lambda energy, frame: bhabha.accepted_azimuth(energy, frame, BARREL, "positron"))
