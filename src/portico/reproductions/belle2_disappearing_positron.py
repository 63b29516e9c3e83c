r"""arXiv:2212.04252 and the talk on it: the search for a Bhabha positron that disappears in the barrel of Belle II.

What is claimed stands in ``belle2_disappearing_positron.toml``; each claim is computed here by the functions that users
call, in the treatment of the paper: Tsai-Whitis track length, bremsstrahlung by eq. (13), S = 1.645 sqrt(B).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import constants, particles, units
from ..beams import bhabha
from ..decays import vector
from ..kinematics.collider import ColliderFrame, collider_frame, energy_from_angle
from ..limits.curves import compared, curve
from ..limits.problem import sources_of
from ..matter.form_factors import effective_photon_flux
from ..models.dark_photon import DarkPhoton
from ..numerics import quadrature
from ..statistics import counting, upper_limits
from ..statistics.model import Counting
from ..transport import electromagnetic_cascade as cascade
from . import _belle2_pictures as pictures
from ._belle2_numbers import ELECTRON, Numbers, bethe_heitler_ratio, generations, iodine, screened_ratio

begin = Numbers
_NANOBARN = 1e-33  # cm^2
_NEUTRONS, _PHOTONS = 0.26, 1.0  # errors of the claim
YIELDS = np.array([1, 5, 10, 20, 40, 60, 66, 70, 75, 80, 90, 100, 120, 200, 500, 1000]) * 1e-3
RATIOS = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]) * 1e-3
AVERAGED = np.array([0.1, 0.2, 0.5, 1.0])


def sources(numbers: Numbers) -> list[str]:
    """Return the sources of all that is used here: searches in three treatments, statistics, curves, cascade."""
    model = DarkPhoton(alpha_dark=0.5, dark_matter_mass_ratio=1 / 3)
    treatments = [{}, {"bremsstrahlung": "ww"}, {"bremsstrahlung": "exact", "track_length": "cascade"}]
    used = [text for options in treatments for text in sources_of(numbers.search(**options), model, "sqrt_b")]
    used += [upper_limits.SOURCES[method] for method in ("cls", "likelihood_ratio", "sqrt_b")]
    used += [str(numbers.document()["source"])]
    return used + [text for published in compared("epsilon") for text in published.sources]


# --- positrons ----------------------------------------------------------------------------------------------------------


def _frame(numbers: Numbers) -> tuple[ColliderFrame, tuple[float, float]]:
    """The boost, and the ends of the barrel in rad."""
    experiment = numbers.search().experiment
    beams = [experiment.number(f"beams.{name}_energy", units.ENERGY) for name in ("electron", "positron")]
    ends = [experiment.number(f"acceptance.{end}_polar_angle", units.ANGLE) for end in ("smallest", "largest")]
    return collider_frame(*beams), (ends[0], ends[1])


def _ends(numbers: Numbers) -> tuple[float, float]:
    """Smallest and largest energy of positrons in the barrel, GeV."""
    frame, (small, large) = _frame(numbers)
    return float(energy_from_angle(large, frame)), float(energy_from_angle(small, frame))


def _cross_section_nb(numbers: Numbers, tracks: str) -> float:
    state = numbers.search(tracks=tracks).prepared()
    return state.positrons / state.luminosity_per_cm2 / _NANOBARN


def _electron_in_barrel_nb(numbers: Numbers) -> float:
    """Bhabha cross section with the electron between the ends of the barrel: its angle to z is the scattering angle."""
    frame, ends = _frame(numbers)
    cos = np.cos(ends)
    low, high = (float((c - frame.beta) / (1 - frame.beta * c)) for c in (cos[1], cos[0]))
    cosine, weight = quadrature.scaled(low, high, 48)
    density = bhabha.dsigma_dcos(
        cosine, frame.root_s**2, z_mass=particles.mass("Z"), z_width=particles.width("Z"), sin2_theta_w=constants.SIN2_THETA_W
    )  # fmt: skip
    return float(np.sum(weight * density)) * constants.GEV2_CM2 / _NANOBARN


def _spectrum_nb(numbers: Numbers) -> list[float]:
    flux = pictures.positrons(numbers, "positron")
    low, high = _ends(numbers)
    return [float(flux.density(energy)) for energy in (low * (1 + 1e-12), 5.5, high * (1 - 1e-12))]


# --- background ---------------------------------------------------------------------------------------------------------


def _punch_through(depth: float = 16.0, attenuation: float = cascade.B2) -> float:
    """Photons above 95% of the energy, per positron."""
    return float(cascade.photons_above(0.95, depth, attenuation=attenuation).value)


def _punch_through_cascade(generations: str) -> float:
    """The same in Approximation A, where the spectrum is smooth in ln(1 - x)."""
    log_missing, weight = quadrature.scaled(np.log(1e-12), np.log(0.05), 96)
    missing = np.exp(log_missing)
    return float(np.sum(weight * missing * cascade.photon_yield_cascade(1 - missing, 16.0, generations=generations)))


def _photons_behind(numbers: Numbers, factor: float = 1.0) -> float:
    return numbers.search().prepared().positrons * _punch_through(attenuation=factor * cascade.B2)


def _attenuation_power() -> float:
    step = 1e-4
    high, low = (_punch_through(attenuation=cascade.B2 * (1 + sign * step)) for sign in (1, -1))
    return float(np.log(high / low) / np.log((1 + step) / (1 - step)))


def _background(numbers: Numbers, component: str) -> float:
    return numbers.search().prepared().background.components[component][0]


def _neutron_passes(numbers: Numbers) -> float:
    """Neutron background over positrons and selected fraction of the simulation."""
    experiment, state = numbers.search().experiment, numbers.search().prepared()
    selected, simulated = (
        experiment.number(f"neutron_background.{key}", units.DIMENSIONLESS)
        for key in ("selected_events", "simulated_positrons")
    )
    return _background(numbers, "neutrons") / (state.positrons * selected / simulated)


# --- contour ------------------------------------------------------------------------------------------------------------


def _end_of_annihilation(numbers: Numbers) -> float:
    """Largest mass with a yield above 0, in MeV, on a grid of 1 keV."""
    mass = np.linspace(0.1230, 0.1240, 1001)
    open_masses = mass[numbers.events("annihilation", mass) > 0]
    return float(1e3 * open_masses.max())


def _other_criterion(numbers: Numbers, method: str) -> float:
    plain, other = numbers.limit("sqrt_b"), numbers.limit(method)
    return float(_upper(other) / _upper(plain) / np.sqrt(other.required_events / plain.required_events))


def _upper(found: Any) -> float:
    """The excluded epsilon, or nan where nothing is excluded."""
    return np.nan if found.upper is None else found.upper


def _crossing(numbers: Numbers, alpha_dark: float, end: int) -> float:
    """First or last mass (MeV) at which the contour lies below the mono-photon line, between grid points of 0.1 MeV."""
    mass = np.linspace(0.060, 0.075, 151)
    line = float(curve("belle2_mono_photon_projection").value[0])
    excess = np.log(numbers.epsilon(mass, alpha_dark) / line)
    changes = np.flatnonzero(excess[:-1] * excess[1:] < 0)
    if changes.size != 2:
        raise ArithmeticError(f"the contour crosses the line {changes.size} times, expected 2")
    k = int(changes[end])
    return float(1e3 * (mass[k] + (mass[k + 1] - mass[k]) * excess[k] / (excess[k] - excess[k + 1])))


def _over_na64(numbers: Numbers) -> float:
    published = curve("na64e_invisible_2023")
    at = int(np.argmin(np.abs(published.mass - 0.068)))
    return float(numbers.epsilon(np.array([0.0679, published.mass[at]]), 0.5)[1] / published.value[at])


# --- cascade ------------------------------------------------------------------------------------------------------------

_DEPTHS = np.array([16.0, 1.0, 1.0])
_PAIRS = np.array([0.5, 0.5, 0.1])
_PRIMARY = np.array([0.95, 0.9, 0.7, 0.5, 0.3, 0.1])


def _start_of_kernel(method: str) -> float:
    return float(cascade.track_length_kernels(np.array([0.0]), 16.0, method=method)[0][0])


def _first_generation_above(depth: float, method: str) -> float:
    """Track length of the primary above 95% of its energy, in X0."""
    fraction, weight = quadrature.gauss_legendre(48)
    end = 1 / np.log1p(-1 / np.log(0.95))
    w = end * fraction
    y = 1 / np.expm1(1 / np.maximum(w, 1 / 700))
    positron, both = cascade.track_length_kernels(w, depth, method=method)
    return float(np.sum(end * weight * np.exp(-y) * (2 * positron - both)))  # pairs give as many electrons as positrons


def _moment(which: int) -> float:
    """A(1), B(1)/D or C(1)."""
    a, b, c, d = cascade.mellin_kernels(np.array([1.0]))
    return float((a, b / d, c)[which][0].real)


def _primary_ratio() -> np.ndarray:
    return generations(_PRIMARY, 1.0, "cascade")[0] / generations(_PRIMARY, 1.0, "tsai_whitis")[0]


# --- limits of the formulas, tables ---------------------------------------------------------------------------------------


def _luminosity_power(numbers: Numbers) -> float:
    low, high = (_upper(numbers.limit("sqrt_b", luminosity=text)) for text in ("50/ab", "800/ab"))
    return float(np.log(high / low) / np.log(16))


def _epsilon_power(numbers: Numbers) -> float:
    from ..limits.front import signal

    model = DarkPhoton(mass=0.067, epsilon=np.array([1e-6, 1e-5]), alpha_dark=0.5, dark_matter_mass_ratio=1 / 3)
    events = np.asarray(signal(numbers.search(), model).expected)
    return float(np.log10(events[1] / events[0]))


def _narrow_over_breit_wigner(numbers: Numbers) -> np.ndarray:
    mass = np.array([0.066, 0.070, 0.080])
    return numbers.narrow(mass) / numbers.events("annihilation", mass)


def _breit_wigner_over_narrow(numbers: Numbers) -> np.ndarray:
    mass = np.array([0.066, 0.068, 0.070, 0.080])
    return numbers.events("annihilation", mass, 1e-4) / numbers.narrow(mass)


def _widths() -> list[float]:
    third = 1 / 3
    return [
        float(width(1.0, alpha_dark, third))
        for width, alpha_dark in (
            (vector.width_to_dirac, 0.5),
            (vector.width_to_dirac, 0.1),
            (vector.width_to_majorana, 0.5),
            (vector.width_to_complex_scalar, 0.5),
        )
    ]


def _photon_flux() -> np.ndarray:
    mass, nucleus = np.array([0.001, 0.01, 0.1]), iodine()
    flux = effective_photon_flux((mass**2 / 10) ** 2, mass**2 + ELECTRON**2, nucleus, name="elastic")
    return np.asarray(flux) / float(nucleus.charge) ** 2


def _required(method: str, cl: float = 0.9) -> float:
    """Signal events that are excluded with a background of 94."""
    observed = np.array(94.0) if method == "cls" else None
    return float(upper_limits.upper_limit(Counting(np.array(94.0)), cl, method, observed).value)


def _required_with_signal_in_the_root() -> float:
    square = counting.two_sided_quantile(0.9) ** 2
    return float(square / 2 + np.sqrt(square**2 / 4 + square * 94))


def _required_with_background_error(numbers: Numbers) -> float:
    background = numbers.search().prepared().background
    photons, neutrons = (background.components[name][0] for name in ("photons", "neutrons"))
    # rounded to whole events, as stated
    error = np.hypot(round(_NEUTRONS * neutrons), round(_PHOTONS * photons))
    found = upper_limits.upper_limit(Counting(np.array(94.0), np.array(error)), 0.9, "sqrt_b")
    return float(found.value)


CLAIMS: dict[str, Callable[[Numbers], Any]] = {
    "1": lambda n: n.search().prepared().positrons,
    "1a": lambda n: _cross_section_nb(n, "positron"),
    "1b": lambda n: _cross_section_nb(n, "both"),
    "1c": _electron_in_barrel_nb,
    "1d": lambda n: n.search(tracks="both").prepared().positrons,
    "1e": _spectrum_nb,
    "2": lambda n: _ends(n)[0],
    "2a": lambda n: _ends(n)[0],
    "2b": lambda n: _ends(n)[1],
    "3": lambda n: _punch_through(),
    "3a": lambda n: _punch_through(),
    "3b": lambda n: _punch_through_cascade("first"),
    "3c": lambda n: _punch_through_cascade("all"),
    "4": _photons_behind,
    "4a": lambda n: _attenuation_power(),
    "4b": lambda n: _photons_behind(n, 0.97),
    "4c": lambda n: _photons_behind(n, 1.03),
    "4d": lambda n: _punch_through(15.0) / _punch_through(),
    "5": lambda n: _background(n, "photons"),
    "6": _neutron_passes,
    "6a": _neutron_passes,
    "7": lambda n: _background(n, "neutrons"),
    "8": lambda n: n.search().prepared().background.expected,
    "9": lambda n: n.events("annihilation", np.linspace(0.1234, 1.0, 200)).max(),
    "9a": lambda n: n.events("annihilation", np.array([0.1233]))[0],
    "9b": _end_of_annihilation,
    "10a": lambda n: n.minimum(0.5)[0],
    "10b": lambda n: 1e3 * n.minimum(0.5)[1],
    "10c": lambda n: n.minimum(0.1)[0],
    "10d": lambda n: 1e3 * n.minimum(0.1)[1],
    "10e": lambda n: _other_criterion(n, "likelihood_ratio"),
    "10f": lambda n: _other_criterion(n, "cls"),
    "11a": lambda n: n.minimum(0.5)[0],
    "11b": lambda n: n.minimum(0.1)[0],
    "11c": lambda n: _crossing(n, 0.5, 0),
    "11d": lambda n: _crossing(n, 0.5, 1),
    "11e": lambda n: _crossing(n, 0.1, 0),
    "11f": lambda n: _crossing(n, 0.1, 1),
    "11g": _over_na64,
    "12a": lambda n: _start_of_kernel("tsai_whitis"),
    "12b": lambda n: _start_of_kernel("cascade"),
    "12c": lambda n: _first_generation_above(16.0, "tsai_whitis"),
    "12d": lambda n: _moment(0),
    "12e": lambda n: _moment(2),
    "12f": lambda n: _moment(1),
    "12g": lambda n: _first_generation_above(1.0, "tsai_whitis"),
    "12h": lambda n: _first_generation_above(1.0, "cascade"),
    "12i": lambda n: _first_generation_above(16.0, "cascade"),
    "12j": lambda n: _primary_ratio(),
    "12k": lambda n: generations(_PAIRS, _DEPTHS, "tsai_whitis")[1],
    "12l": lambda n: generations(_PAIRS, _DEPTHS, "cascade")[1],
    "13a": lambda n: bethe_heitler_ratio(),
    "13b": lambda n: screened_ratio(),
    "14": _breit_wigner_over_narrow,
    "14a": lambda n: n.narrow(np.array([0.066, 0.0667, 0.070, 0.080])),
    "14b": _narrow_over_breit_wigner,
    "15a": _luminosity_power,
    "15b": _epsilon_power,
    "widths": lambda n: _widths(),
    "photon_flux": lambda n: _photon_flux(),
    "required.one_sided": lambda n: _required("sqrt_b", 0.8),
    "required.sqrt_b": lambda n: _required("sqrt_b"),
    "required.likelihood_ratio": lambda n: _required("likelihood_ratio"),
    "required.cls": lambda n: _required("cls"),
    "required.cls_95": lambda n: _required("cls", 0.95),
    "required.s_over_sqrt_s_plus_b": lambda n: _required_with_signal_in_the_root(),
    "required.two_sigma": lambda n: _required("sqrt_b", 0.9544997361036416),
    "required.with_background_error": _required_with_background_error,
    "yield.annihilation_0.5": lambda n: n.events("annihilation", YIELDS, 0.5),
    "yield.annihilation_0.1": lambda n: n.events("annihilation", YIELDS, 0.1),
    "yield.bremsstrahlung_iww": lambda n: n.events("bremsstrahlung", YIELDS, bremsstrahlung="iww"),
    "yield.bremsstrahlung_ww": lambda n: n.events("bremsstrahlung", YIELDS, bremsstrahlung="ww"),
    "yield.bremsstrahlung_1MeV": lambda n: n.events("bremsstrahlung", YIELDS[:1], bremsstrahlung="iww_full")[0],
    "epsilon_0.5": lambda n: n.epsilon(YIELDS, 0.5),
    "epsilon_0.1": lambda n: n.epsilon(YIELDS, 0.1)[:14],
    "epsilon_0.5_exact": lambda n: n.epsilon(YIELDS, 0.5, bremsstrahlung="exact")[[0, 1, 2, 3, 11, 13, 14, 15]],
    "ratio.iww": lambda n: n.ratio_to_exact("iww", RATIOS),
    "ratio.ww": lambda n: n.ratio_to_exact("ww", RATIOS),
    "ratio.averaged": lambda n: (
        n.events("bremsstrahlung", AVERAGED, bremsstrahlung="iww")
        / n.events("bremsstrahlung", AVERAGED, bremsstrahlung="exact")
    ),
    "ratio.epsilon": lambda n: (n.epsilon(YIELDS, 0.5, bremsstrahlung="exact") / n.epsilon(YIELDS, 0.5))[-3:],
    "exact_sigma": lambda n: n.exact_sigma(RATIOS)[6:],
    "radiative": lambda n: n.on_shell_photon(0.060),
}
"""What computes each claim of the file, by its key."""

FIGURES = pictures.FIGURES
