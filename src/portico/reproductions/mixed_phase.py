r"""arXiv:1506.04760: the mixed phase of Holdom and Okun, millicharged particles from a Z' at the LHC, and a detector for them.

What is claimed stands in ``mixed_phase.toml``; each claim is computed here by the functions that users call. Reference numbers that
add up a narrow Z' and the rest are computed in the same way (``apart``); what the search gives by itself is the coherent amplitude.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..constants import SIN2_THETA_W
from ..cosmology import relic_density
from ..decays import millicharged
from ..detection.coincidence import accidental_rate, coincidence_probability
from ..electroweak.perturbative import zprime_photon_coupling
from ..limits.curves import compared, curve
from ..limits.kappa_bounds import SHOWN, bound
from ..limits.problem import sources_of
from ..models import MixedPhase
from ..particles import mass as particle_mass
from ..precision import electroweak
from ..production import quarkonium
from . import _mixed_phase_mixing as mixing
from . import _mixed_phase_pictures as pictures
from ._mixed_phase_numbers import ALPHA, LARGEST_CHARGE, STRONG_CHARGE, THETA_W, Numbers

begin = Numbers
_MASSES = (0.5, 1.0, 1.4, 2.0, 3.0, 4.5, 10.0, 30.0, 40.0, 60.0, 100.0)
_QUARKONIA = (0.5, 1.0, 1.4, 2.0, 3.0, 4.5)
_LEVELS = (1.0, 2.0, 4.5, 10.0, 30.0, 60.0, 100.0)
_REACHES = (1.0, 2.0, 4.5, 10.0, 30.0)
_RESONANT = (1.0, 2.0, 3.0, 4.5, 10.0, 20.0, 40.0, 60.0, 100.0)


def sources(numbers: Numbers) -> list[str]:
    """Return the sources of all that is used here: the search, both models, statistics, electroweak data, relic densities."""
    models = (numbers.mixed(mass=1.0, zprime_mass=3.0, epsilon=1e-3), numbers.particle(1.0, epsilon=1e-3))
    used = [text for model in models for text in sources_of(numbers.search(), model, "cls")]
    drawn = [
        text
        for each in (*compared("epsilon", "millicharged"), curve("babar_mono_photon_2017"))
        for text in each.sources
    ]
    drawn += [text for name in SHOWN for text in bound(name).sources]
    return [*used, *drawn, "arXiv:1506.04760", "arXiv:1410.6816", "arXiv:1607.04669"]


# --- widths and shifts --------------------------------------------------------------------------------------------------------


def _w_mass_shifts() -> list[float]:
    """Shift of M_W in MeV for eta = 1e-2, by mass of the Z'."""
    found = electroweak.shifts(1e-2, np.array([1e-3, 10.0, 50.0, 80.0, 150.0]))
    return [1e3 * float(value) for value in np.asarray(found.w_mass)]


def _electron_width() -> float:
    model = MixedPhase(mass=1.0, zprime_mass=10.0, kappa=1e-9, alpha=ALPHA)
    return 1e3 * float(np.asarray(model.z_widths()["e+ e-"]))


def _invisible_widths(numbers: Numbers) -> list[float]:
    """Widths of the Z to light millicharged particles over the square of their charge, MeV."""
    alone = numbers.particle(1e-3, epsilon=1e-3).parent_decays()["Z -> chi chi"].width
    found = [float(np.asarray(alone)) / 1e-6]
    for content in ("doublet", "singlet"):
        model = numbers.mixed(mass=1e-3, zprime_mass=0.1, kappa=1e-5, content=content)
        found.append(float(np.asarray(model.z_widths()["chi chi"])) / float(np.asarray(model.charge())) ** 2)
    return [1e3 * value for value in found]


def _share_of_the_particle(numbers: Numbers) -> float:
    ratios = numbers.mixed(mass=1.0, zprime_mass=3.0, kappa=1e-6).branching_ratios()
    return float(np.asarray(ratios["chi chi"]))


def _tau_ratio() -> float:
    """BR(psi(2S) -> tau tau) from that to e+ e-: a particle of charge 1."""
    return float(millicharged.branching_ratio_two_body("psi(2S)", particle_mass("tau-")))


# --- what the paper says of parameters -----------------------------------------------------------------------------------------


def _largest_charge(kappa: float, theta: float, dark_charge: float) -> float:
    """Charge from eq. (44)."""
    model = MixedPhase(
        mass=1.0, zprime_mass=3.0, kappa=kappa, theta_w_dark=theta, dark_charge=dark_charge, inputs="gauge"
    )
    return float(np.asarray(model.charge()))


def _mass_of_the_relic() -> float:
    """Mass in GeV at which the estimate of footnote 5 gives Omega h^2 = 1e-3, with alpha' = sin^2 theta_W."""
    at_one = relic_density.relic_density_estimate(1.0, SIN2_THETA_W, method="seed").omega_h2
    return math.sqrt(1e-3 / float(np.asarray(at_one)))


# --- reach -----------------------------------------------------------------------------------------------------------------------


def _gain(numbers: Numbers) -> float:
    return float(np.max(np.divide(numbers.edges(_REACHES, "3000/fb"), numbers.edges(_REACHES))))


def _coherent_over_apart(numbers: Numbers) -> np.ndarray:
    return np.divide(numbers.resonant_edges(_RESONANT, 3, STRONG_CHARGE), numbers.apart(_RESONANT, 3, STRONG_CHARGE))


def _smaller_charge(numbers: Numbers) -> float:
    return float(np.max(np.divide(numbers.apart(_RESONANT, 3, 1.0), numbers.apart(_RESONANT, 3, STRONG_CHARGE))))


def _two_over_one(numbers: Numbers) -> float:
    """Charge with three events with two hits over that with one, 3000/fb, m_Z' = 3 GeV."""
    model = numbers.resonant(1.0, 3)
    return numbers.edge(model, "3000/fb", hits="two") / numbers.edge(model, "3000/fb")


def _edges_of_production() -> list[float]:
    return [quarkonium.meson(name).mass / 2 for name in ("J/psi", "Upsilon(1S)", "Upsilon(3S)")] + [mixing.Z_MASS / 2]


CLAIMS: dict[str, Callable[[Numbers], Any]] = {
    "1": lambda n: mixing.against_eigenproblem(),
    "2": lambda n: mixing.product_of_masses(),
    "3": lambda n: mixing.charge(),
    "4": lambda n: mixing.limits(),
    "5": lambda n: mixing.powers(),
    "6": lambda n: mixing.powers_of_the_sign(),
    "7": lambda n: mixing.splitting(),
    "8": lambda n: mixing.shifts_of_the_z(),
    "8a": lambda n: _w_mass_shifts(),
    "9": lambda n: _electron_width(),
    "9a": _invisible_widths,
    "9b": _share_of_the_particle,
    "10": lambda n: _tau_ratio(),
    "11": lambda n: n.muons(),
    "11a": lambda n: n.drell_yan(_MASSES),
    "11b": lambda n: n.quarkonia(_QUARKONIA),
    "12": lambda n: n.narrow((3.0, 9.0, 30.0, 180.0, 300.0)),
    "12a": lambda n: n.narrow_z() / n.muons(),
    "13": lambda n: [float(coincidence_probability((q / 2e-3) ** 2, 3)) for q in (5e-4, 1e-3, 2e-3, 4e-3)],
    "13a": lambda n: 400 * float(accidental_rate(500.0, 15e-9, 3)) * 1.5e7,
    "14": lambda n: _largest_charge(1e-3, THETA_W, STRONG_CHARGE),
    "14a": lambda n: _mass_of_the_relic(),
    "14b": lambda n: 1e-3 * math.sqrt(1 - SIN2_THETA_W) / float(zprime_photon_coupling(SIN2_THETA_W, 1.0, THETA_W)),
    "14c": lambda n: _largest_charge(1e-3, math.asin(math.sqrt(0.75)), LARGEST_CHARGE),
    "14d": lambda n: _largest_charge(1e-2, THETA_W, STRONG_CHARGE),
    "15": lambda n: _edges_of_production(),
    "15a": lambda n: n.drell_yan(_LEVELS) + n.quarkonia(_LEVELS),
    "16": _gain,
    "16a": _smaller_charge,
    "16b": lambda n: n.edges((1.0,))[0],
    "16c": lambda n: n.edges((10.0,))[0],
    "16d": lambda n: n.edges(_REACHES),
    "16e": lambda n: n.edges(_REACHES, sigma=2),
    "16f": lambda n: n.edges(_REACHES, "3000/fb"),
    "16g": lambda n: n.edges(_REACHES, "3000/fb", sigma=2),
    "16h": lambda n: n.apart(_RESONANT, 3, 1.0),
    "16i": lambda n: n.apart(_RESONANT, 3, STRONG_CHARGE),
    "16j": lambda n: float(np.max(_coherent_over_apart(n))),
    "16k": lambda n: float(np.min(_coherent_over_apart(n))),
    "fig3.third": lambda n: [n.two_hits(mass, 3) for mass in (1.5, 3.0, 6.0, 9.0, 13.5, 30.0)],
    "fig3.ninth": lambda n: [n.two_hits(mass, 9) for mass in (4.5, 9.0, 27.0)],
    "fig3.reach": _two_over_one,
    "17": lambda n: mixing.zeros(),
}
"""What computes each claim of the file, by its key."""

FIGURES = pictures.FIGURES
