"""Laws that hold for every choice of every process: kind of dark matter, width, approximation, form factor."""

import itertools
from functools import partial

import jax
import numpy as np
import pytest

from portico import particles
from portico.decays.dark_current import KINDS
from portico.matter.form_factors import FORM_FACTORS
from portico.matter.materials import material
from portico.production import nuclear_bremsstrahlung, resonant_annihilation

ELECTRON = particles.mass("e-")
NUCLEUS = material("CsI").nuclei[0][0]
MASS, CHI = 0.067, 0.02


def _annihilation(s, kind, width, **changes):
    values = {"mass": MASS, "epsilon": 1e-4, "alpha_dark": 0.5, **changes}
    return np.asarray(
        resonant_annihilation.cross_section(
            s, s - MASS**2, values["mass"], values["epsilon"], values["alpha_dark"], dark_matter_mass=CHI, dark_matter=kind,
            visible_width=1e-9, dark_width=1e-4, lepton_mass=ELECTRON, width=width,
        )
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "width"), list(itertools.product(KINDS, resonant_annihilation.WIDTHS)))
def test_annihilation_is_positive_above_threshold_and_scales_with_the_mixing(kind, width):
    threshold = 4 * CHI**2
    s = threshold * np.concatenate([1 - np.geomspace(1e-12, 0.9, 64), 1 + np.geomspace(1e-12, 100.0, 64)])
    sigma = _annihilation(s, kind, width)
    assert not np.any(sigma[:64])
    assert np.all(sigma[64:] > 0)
    assert np.all(np.isfinite(sigma))
    np.testing.assert_allclose(_annihilation(s, kind, width, epsilon=3e-4), 9 * sigma, rtol=1e-13)
    # far above pole and threshold: a current that grows as s over s^2
    far = _annihilation(np.array([1e4, 1e5]) * MASS**2, kind, width)
    assert far[0] / far[1] == pytest.approx(10, rel=1e-3)


# two of each shape only, compiled: the same nucleus for all
@partial(jax.jit, static_argnames=("approximation", "form"))
def _density(missing, energy, *, approximation, form):
    return nuclear_bremsstrahlung.dsigma_dx(
        missing, energy, MASS, lepton_mass=ELECTRON, nucleus=NUCLEUS, approximation=approximation, form=form
    )


@partial(jax.jit, static_argnames=("approximation", "form"))
def _above(largest, energy, *, approximation, form):
    return nuclear_bremsstrahlung.sigma_above(
        largest, energy, MASS, lepton_mass=ELECTRON, nucleus=NUCLEUS, approximation=approximation, form=form
    )


@pytest.mark.parametrize("form", FORM_FACTORS)
@pytest.mark.parametrize("approximation", nuclear_bremsstrahlung.CLOSED_FORMS)
def test_bremsstrahlung_is_positive_where_it_is_allowed_and_grows_with_the_range(approximation, form):
    energy = np.array([5.0] * 6 + [0.9 * MASS] * 2)
    density = partial(_density, energy=energy, approximation=approximation, form=form)
    allowed = np.asarray(density(np.array([2 * ELECTRON / 5, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.01, 0.5])))
    assert np.all(allowed[:6] > 0)
    assert np.all(np.isfinite(allowed))
    # no energy fraction, or less energy than mass
    forbidden = np.asarray(density(np.array([-0.1, 0.0, 1.0, 1.5, 1 - MASS / 5, 0.999, 0.01, 0.5])))
    assert not np.any(allowed[6:])
    assert not np.any(forbidden)
    total = np.asarray(_above(np.array([1e-5, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.05, 0.5]), energy, approximation=approximation, form=form))  # fmt: skip
    assert total[0] == 0  # below the mass of the lepton over its energy
    assert np.all(np.diff(total[:6]) > 0)
    assert not np.any(total[6:])
