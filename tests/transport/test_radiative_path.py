import numpy as np
import pytest

from portico import constants, particles
from portico.matter import materials
from portico.matter.atomic_electrons import Motion, motion
from portico.numerics import maps, quadrature, tables
from portico.production import radiative_annihilation as ra
from portico.transport import electron_motion, radiative_path
from portico.transport import path_length as pl

ELECTRON, FRACTION = particles.mass("e-"), 0.95
CSI = materials.material("CsI")


def _fold(beam):
    flux, track, plain = beam
    edges = radiative_path.radiative_edges(np.asarray(plain.edges), ELECTRON)
    return radiative_path.radiative_path_length(
        flux, edges, track, CSI.radiation_length_cm, FRACTION, electron_mass=ELECTRON
    )


@pytest.fixture(scope="module")
def radiative(head_on):
    return _fold(head_on)


@pytest.fixture(scope="module")
def smeared(head_on):
    return electron_motion.smeared(head_on[2], motion(CSI))


def _integral(path, moment, parts=slice(None)):
    """int dE E^moment F over all pieces, in the logarithmic coordinate of each."""
    total = 0.0
    for left, right in zip(path.edges[:-1], path.edges[1:], strict=True):
        cells = np.linspace(0, 1, 4001)
        below = (right - left) * pl.piece_fractions(4001)
        energy = np.clip(right - below, left, right * (1 - 1e-15))
        value = pl.evaluate(path, energy)[parts].sum(axis=0) * energy**moment
        total += np.sum(0.5 * (value[1:] + value[:-1]) * np.diff(below))
        assert cells.size == below.size
    return total


def _losses(beam, order=40):
    """E, E' and dN T_e dE' over beam and losses above the cut: another order of integration."""
    flux, track, _ = beam
    energy, number = (np.asarray(part) for part in flux.nodes(48))
    u, weight = quadrature.gauss_legendre(order)
    w_end = maps.logarithmic_coordinate(-np.log(FRACTION - ELECTRON / energy))[:, None]
    y = maps.from_logarithmic_coordinate(w_end * u)
    measure = weight * w_end * tables.interpolate(track, w_end * u) * np.exp(-y) * CSI.radiation_length_cm
    return energy[:, None], energy[:, None] * np.exp(-y), number[:, None] * measure


@pytest.mark.parametrize("moment", [0, 1])
def test_all_photons_together_keep_the_moments(head_on, radiative, moment):
    """int F E^n = sum over path lengths of int dx W ((1-x)(E'+m) - m)^n: no photon is lost or counted twice; 1e-3 of this sum."""
    initial, lepton, measure = _losses(head_on)
    total = lepton + ELECTRON
    largest, s = 1 - FRACTION * initial / total, 2 * ELECTRON * total
    v, weight = quadrature.gauss_legendre(300)
    power = 24.0
    wanted = 0.0
    # x from 0 to kappa, where both legs radiate, and from there to 1; the second close to kappa in ln(x - kappa)
    for node, w in zip(v, weight, strict=True):
        x = largest * node**power
        value = ra.radiator(x, largest, s, ELECTRON) * largest * power * node ** (power - 1)
        wanted += w * np.sum(measure * value * ((1 - x) * total - ELECTRON) ** moment)
        step = np.log(1e12)
        beyond = (1 - largest) * np.exp(-step * (1 - node))
        x = np.minimum(largest + beyond, 1 - 1e-9)
        value = ra.radiator(x, largest, s, ELECTRON) * beyond * step
        wanted += w * np.sum(measure * value * ((1 - x) * total - ELECTRON) ** moment)
    assert _integral(radiative, moment) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("left", [0.5, 3.0, 4.0])
def test_tail_is_the_direct_integral(head_on, radiative, left):
    """Far below the beam no photon is soft: a plain sum over E and the logarithmic loss, steep towards the cut; 1e-4."""
    flux, track, _ = head_on
    low, high = (float(flux.edges[k]) for k in (0, -1))
    u, weight = quadrature.gauss_legendre(300)
    energy = low + (high - low) * np.sin(np.pi * u / 2) ** 2
    number = weight * (high - low) * np.pi / 2 * np.sin(np.pi * u) * np.asarray(flux.density(energy))
    q, slope = 1 - u**8, 8 * u**7
    w_end = maps.logarithmic_coordinate(-np.log(FRACTION - ELECTRON / energy))[:, None]
    y = maps.from_logarithmic_coordinate(w_end * q)
    total = energy[:, None] * np.exp(-y) + ELECTRON
    x = 1 - (left + ELECTRON) / total
    strength = ra.radiator(x, 1 - FRACTION * energy[:, None] / total, 2 * ELECTRON * total, ELECTRON) / total
    kernel = tables.interpolate(track, w_end * q) * np.exp(-y) * w_end * slope * weight
    direct = CSI.radiation_length_cm * np.sum(number[:, None] * kernel * strength)
    assert float(pl.evaluate(radiative, np.array([left])).sum()) == pytest.approx(direct, rel=4e-4)


def test_resolved_part_alone_is_the_hard_photon(radiative):
    """Far below the beam everything is resolved; h = x_r^2/(x^2 + x_r^2) with x > 0.3 leaves 0.4% to the other part."""
    soft, hard = pl.evaluate(radiative, np.array([1.0, 2.0, 3.0]))
    assert np.all(soft < 0.006 * hard)
    assert np.all(pl.evaluate(radiative, np.linspace(0.0, 6.6, 500)) >= 0)


def test_refinement_stays_within_the_error(head_on, radiative):
    flux, track, plain = head_on
    beam = radiative_path._Beam(flux, track, FRACTION, ELECTRON)
    random = np.random.default_rng(1)
    energy = np.sort(np.concatenate([random.uniform(0.1, 6.6, 40), np.asarray(plain.edges)[1:] * (1 - 1e-6)]))
    energy = energy[energy < plain.edges[-1]]
    fine = CSI.radiation_length_cm * radiative_path._fold(energy, beam, (60, 40, 60))
    piece = np.clip(np.searchsorted(radiative.edges, energy, side="right") - 1, 0, len(radiative.edges) - 2)
    bound = radiative.relative_error[:, piece] + 1e-12
    mean = radiative.table.values.reshape(2, -1, radiative.table.values.shape[-1]).mean(axis=-1)[:, piece]
    # below a hundredth of a piece's mean, that hundredth is the scale
    assert np.all(np.abs(pl.evaluate(radiative, energy) - fine) <= bound * np.maximum(fine, 0.01 * mean))
    assert np.all(bound < 1e-3)


def test_several_pieces_of_the_beam(crossing):
    """A spectrum with edges inside: positive, and the same share of photons as head-on within 1%."""
    path = _fold(crossing)
    share = _integral(path, 0, slice(1, 2)) / _integral(path, 0)
    assert 0.06 < share < 0.09
    # the spectrum starts like a square root at edges inside, which a table even in E resolves to that
    assert np.max(path.relative_error) < 5e-3


# --- motion of electrons -------------------------------------------------------------------------------------------


def test_motion_keeps_the_flux_weighted_number(head_on, smeared):
    """int F(E) dE = int F_rest dE' times int J (1-Q) dQ; 4e-4 of it lies beyond the energies that are kept."""
    found = motion(CSI)
    step = found.grid[1] - found.grid[0]
    factor = np.sum(found.density * (1 - found.grid)) * step
    assert pl.total(smeared) == pytest.approx(pl.total(head_on[2]) * factor, rel=8e-4)


def test_motion_by_hand(head_on, smeared):
    """Direct sum over Q at energies away from the edges; 1e-3: steps of the sum."""
    found = motion(CSI)
    step = found.grid[1] - found.grid[0]
    for energy in (4.25, 5.0, 6.0):
        lepton = energy / np.maximum(1 - found.grid, 0.01)
        direct = np.sum(found.density * pl.evaluate(head_on[2], lepton)[0]) * step
        # the logarithmic end at 4.349 GeV is met by single points of the sum only
        assert float(pl.evaluate(smeared, np.array([energy]))[0, 0]) == pytest.approx(direct, rel=0.02)


def test_electrons_at_rest_are_the_limit(head_on):
    """A narrow distribution gives the path length back away from its edges; second order in its width, 0.1%."""
    width = 1e-3
    grid = np.linspace(-8 * width, 8 * width, 4001)
    density = np.exp(-0.5 * (grid / width) ** 2) / (np.sqrt(2 * np.pi) * width)
    path = electron_motion.smeared(head_on[2], Motion(grid, density), points=257)
    energy = np.array([4.2, 4.25, 4.6, 5.0, 6.0, 6.4])
    np.testing.assert_allclose(pl.evaluate(path, energy), pl.evaluate(head_on[2], energy), rtol=2e-3)


def test_the_edge_is_smeared(head_on, smeared):
    """At the beam's lowest energy the path length jumps up; outer electrons smear it over alpha E = 30 MeV."""
    low = float(head_on[0].edges[0])
    before, after = pl.evaluate(head_on[2], np.array([low * 0.999, low * 1.001]))[0]
    smooth = pl.evaluate(smeared, np.array([low * 0.999, low * 1.001]))[0]
    assert after / before > 1.5
    assert smooth[1] / smooth[0] == pytest.approx(1.0, abs=0.1)
    assert constants.ALPHA * low < 0.05
