"""The numbers of arXiv:2212.04252 that several claims and figures share, each computed once and when first asked for.

Channels, method and options are always named here, so that no default of a search changes a reproduction.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import constants, particles, registry
from ..experiments.base import Experiment, load
from ..limits.front import signal
from ..limits.reach import Limit, limit, reach
from ..matter.form_factors import Nucleus, effective_photon_flux
from ..matter.materials import material
from ..models.dark_photon import DarkPhoton
from ..numerics import maps, quadrature, tables
from ..production import exact_bremsstrahlung, nuclear_bremsstrahlung, radiative_annihilation, resonant_annihilation
from ..production.nuclear_bremsstrahlung import sigma_above
from ..signatures.base import Search, resolve_options
from ..transport import electromagnetic_cascade as cascade
from ..transport import path_length

if TYPE_CHECKING:
    import xarray

NAME = "belle2_disappearing_positron"
EPSILON = 1e-6
"""Kinetic mixing at which the visible width does not matter; yields are scaled from there to 1."""
_OPTIONS = {
    "channels": "annihilation,bremsstrahlung", "bremsstrahlung": "iww", "form_factor": "elastic", "track_length": "tsai_whitis",
    "tracks": "positron", "crossing_angle": "off", "width": "constant", "electron_motion": "off", "nuisances": "none",
}  # fmt: skip
ELECTRON = particles.mass("e-")
_CUT, _ENERGY = 0.05, 5.0  # 1 - x above which, and the energy at which, the ratios to the exact tree level are taken

_TOGETHER = 12  # masses whose points fill one compiled shape of the exact amplitude
_DOCUMENT = Path(__file__).with_name(f"{NAME}.toml")

_Value = TypeVar("_Value")


class Numbers:
    """What claims and figures share; nothing is computed before it is asked for."""

    def __init__(self) -> None:
        """Start with nothing computed."""
        self._kept: dict[Any, Any] = {}

    def _once(self, key: Any, make: Callable[[], _Value]) -> _Value:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def search(self, *, luminosity: str | None = None, **options: str) -> Search:
        """Return the search in the treatment of the paper, but for the given options and luminosity."""
        chosen = {**_OPTIONS, **options}
        key = ("search", luminosity, *chosen.items())
        return self._once(
            key, lambda: Search(_experiment(luminosity), resolve_options(_experiment(luminosity), chosen))
        )

    def events(self, channel: str, mass_gev: np.ndarray, alpha_dark: float = 0.5, **options: str) -> np.ndarray:
        """Return the events of one channel at epsilon = 1 without visible width."""
        mass = np.asarray(mass_gev, dtype=float)
        search = self.search(**{"channels": channel, **options})

        def make() -> np.ndarray:
            model = DarkPhoton(mass=mass, epsilon=EPSILON, alpha_dark=alpha_dark, dark_matter_mass_ratio=1 / 3)
            return np.asarray(signal(search, model).channels[channel]) / EPSILON**2

        return self._once(("events", channel, mass.tobytes(), alpha_dark, search), make)

    def contour(self, mass_gev: np.ndarray, alpha_dark: float, **options: str) -> xarray.Dataset:
        """Return the reach in epsilon by S = 1.645 sqrt(B), without uncertainties."""
        mass, search = np.asarray(mass_gev, dtype=float), self.search(**options)

        def make() -> xarray.Dataset:
            model = DarkPhoton(alpha_dark=alpha_dark, dark_matter_mass_ratio=1 / 3)
            return reach(search, model, scan={"mass": mass}, parameter="epsilon", cl=0.9, method="sqrt_b")

        return self._once(("contour", mass.tobytes(), alpha_dark, search), make)

    def epsilon(self, mass_gev: np.ndarray, alpha_dark: float, **options: str) -> np.ndarray:
        """Return the smallest excluded epsilon of :meth:`contour`; nan where nothing is excluded."""
        return self.contour(mass_gev, alpha_dark, **options)["low"].values[:, 0]

    def minimum(self, alpha_dark: float) -> tuple[float, float]:
        """Return epsilon and mass (GeV) of the lowest point of the contour, on a grid of 0.02 MeV."""
        mass = np.linspace(0.0660, 0.0690, 151)
        epsilon = self.epsilon(mass, alpha_dark)
        lowest = int(np.argmin(epsilon))
        return float(epsilon[lowest]), float(mass[lowest])

    def limit(self, method: str, *, luminosity: str | None = None) -> Limit:
        """Return the limit at 67 MeV, alpha_D = 0.5."""
        model = DarkPhoton(mass=0.067, alpha_dark=0.5, dark_matter_mass_ratio=1 / 3)
        search = self.search(luminosity=luminosity)
        return self._once(
            ("limit", method, luminosity), lambda: limit(search, model, parameter="epsilon", cl=0.9, method=method)
        )

    def document(self) -> dict[str, Any]:
        """Return the file of the source document: what is expected."""
        return self._once("document", lambda: registry.read_toml(_DOCUMENT))

    def expected(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Return masses (GeV) and expected values of a table of the source document, for comparison in figures."""
        content = self.document()
        entry = content["claims"][key]
        mass = np.array(content["points"][entry["at"]]["value"], dtype=float) * 1e-3
        return mass, np.array(entry["value"], dtype=float)

    def narrow(self, mass_gev: np.ndarray) -> np.ndarray:
        r"""Return the events of annihilation at epsilon = 1 for a narrow width, :math:`n_e\,k\,F(E_R)`."""
        mass = np.asarray(mass_gev, dtype=float)
        state = self.search(channels="annihilation").prepared()
        path = path_length.evaluate(state.plain_path(), mass**2 / (2 * ELECTRON) - ELECTRON)[0]
        strength = np.asarray(resonant_annihilation.narrow_width_strength(mass, 1.0, 1.0, ELECTRON))
        return state.target.electron_density * constants.GEV2_CM2 * strength * path

    def on_shell_photon(self, mass_gev: float) -> float:
        r"""Return the events of e+ e- -> gamma A' at epsilon = 1 with one photon and an A' on its mass shell.

        The photon and what the positron lost before must leave A' 95% of the energy.
        """
        state = self.search(channels="annihilation").prepared()
        flux, track = state.fold.flux, state.fold.track
        energy, number = (np.asarray(part)[:, None] for part in flux.nodes(24))
        u, weight = quadrature.gauss_legendre(48)
        w_end = maps.logarithmic_coordinate(-np.log(state.minimum_fraction - ELECTRON / energy))
        y = maps.from_logarithmic_coordinate(w_end * u)
        measure = number * weight * w_end * tables.interpolate(track, w_end * u) * np.exp(-y)
        lepton = energy * np.exp(-y)
        sigma = radiative_annihilation.cross_section(
            2 * ELECTRON * (lepton + ELECTRON), mass_gev, 1.0,
            largest_photon_energy=lepton + ELECTRON - state.minimum_fraction * energy, lepton_mass=ELECTRON,
        )  # fmt: skip
        scale = state.target.electron_density * state.target.radiation_length_cm * constants.GEV2_CM2
        return float(scale * np.sum(measure * sigma))

    def exact_sigma(self, mass_gev: np.ndarray) -> np.ndarray:
        """Return the exact cross section over Z^2 on iodine at 5 GeV for x > 0.95, GeV^-2, by 20 points in ln(1-x)."""
        mass, nucleus = np.asarray(mass_gev, dtype=float), iodine()

        def make() -> np.ndarray:
            nodes, weights = np.polynomial.legendre.leggauss(20)
            span = np.log(_CUT * _ENERGY / ELECTRON)
            missing = ELECTRON / _ENERGY * np.exp(span * (nodes + 1) / 2)
            density = [
                exact_bremsstrahlung.dsigma_dx(
                    missing, _ENERGY, part[:, None], lepton_mass=ELECTRON, nucleus=nucleus
                ).value
                for part in np.array_split(mass, -(-mass.size // _TOGETHER))
            ]
            return np.sum(span / 2 * weights * missing * np.concatenate(density), axis=-1) / float(nucleus.charge) ** 2

        return self._once(("exact", mass.tobytes()), make)

    def ratio_to_exact(self, approximation: str, mass_gev: np.ndarray) -> np.ndarray:
        """Return the cross section of an approximation over the exact one, both as in :meth:`exact_sigma`."""
        mass, nucleus = np.asarray(mass_gev, dtype=float), iodine()

        def make() -> np.ndarray:
            sigma = sigma_above(
                _CUT, _ENERGY, mass, lepton_mass=ELECTRON, nucleus=nucleus, approximation=approximation, form="elastic"
            )
            return np.asarray(sigma) / float(nucleus.charge) ** 2 / self.exact_sigma(mass)

        return self._once(("ratio", approximation, mass.tobytes()), make)


def generations(v: np.ndarray, depth: float | np.ndarray, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Return E T_e/X0 at v = E'/E of the primary positron, and of the positrons of pairs."""
    y = -np.log(np.asarray(v, dtype=float))
    w = 1 / np.log1p(1 / y)
    positron, both = cascade.track_length_kernels(w, depth, method=method)
    scale = w**2 / (y * (1 + y))
    return scale * (2 * positron - both), scale * (both - positron)  # pairs give as many electrons as positrons


def iodine() -> Nucleus:
    """Return the nucleus of iodine."""
    csi = material("CsI")
    return csi.nuclei[csi.elements.index("I")][0]


def _experiment(luminosity: str | None) -> Experiment:
    """The experiment file, with another luminosity if that is asked."""
    experiment = load(NAME)
    if luminosity is None:
        return experiment
    entry = experiment.entries["beams.luminosity"]._replace(value=luminosity)
    return experiment._replace(entries={**experiment.entries, "beams.luminosity": entry})


def bethe_heitler_ratio() -> float:
    """Return the full numerator at a vanishing mass over the Bethe-Heitler form with the same flux, at x = 0.3 and 5 GeV."""
    mass, x, nucleus = 1e-9, 0.3, iodine()
    found = nuclear_bremsstrahlung.dsigma_dx(
        1 - x, _ENERGY, mass, lepton_mass=ELECTRON, nucleus=nucleus, approximation="iww_full", form="elastic", order=64
    )
    flux = effective_photon_flux(
        (mass**2 / (2 * _ENERGY)) ** 2, mass**2 + ELECTRON**2, nucleus, name="elastic", order=64
    )
    form = 2 * constants.ALPHA**3 * flux / (ELECTRON**2 * x) * (4 / 3 * (1 - x) + x**2)
    return float(found / form)


def screened_ratio() -> float:
    """Return the exact tree level at a vanishing mass over screened Bethe-Heitler, at x = 0.3 and 5 GeV on iodine."""
    x, nucleus = 0.3, iodine()
    found = exact_bremsstrahlung.dsigma_dx(1 - x, _ENERGY, 1e-5, lepton_mass=ELECTRON, nucleus=nucleus)
    charge = float(nucleus.charge)
    form = (4 / 3 * (1 - x) + x**2) * (np.log(111 * charge ** (-1 / 3)) + 0.5) + (1 - x) / 9
    return float(found.value / (4 * charge**2 * constants.ALPHA**3 / (ELECTRON**2 * x) * form))
