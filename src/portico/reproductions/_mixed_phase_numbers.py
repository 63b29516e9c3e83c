"""The numbers of arXiv:1506.04760 that several claims and figures share, each computed once and when first asked for.

Channels, options and energies are always named here, so that no default of a search changes a reproduction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy.optimize import brentq

from .. import constants
from ..constants import SIN2_THETA_W
from ..detection.coincidence import coincidence_probability
from ..electroweak.exchange import NeutralExchange
from ..limits.reach import Limit, limit, reach
from ..models import Millicharged, MixedPhase
from ..particles import mass as particle_mass
from ..production import drell_yan, parton_tables, quarkonium, vector_and_jet
from ..production.parton_tables import PartonLuminosities
from ..signatures.base import Search, make_search

if TYPE_CHECKING:
    import xarray

NAME = "milliqan_2015"
ALPHA = 1 / 127.95
ENERGY = 14_000.0
"""Energy of the collisions in GeV."""
THETA_W = math.asin(math.sqrt(SIN2_THETA_W))
STRONG_CHARGE = math.sqrt(SIN2_THETA_W / constants.ALPHA)
"""e'/e for g2'^2 = 4 pi at theta' = theta_W, e being that of Thomson scattering: 5.63."""
LARGEST_CHARGE = 9.0
"""e'/e at which the source sees the Landau pole."""
HEAVY = 1e4
"""Mass of a neutral partner that is out of reach, GeV: BR(Z' -> chi chi) = 1 but for the Standard Model."""
_OPTIONS = {
    "channels": "drell_yan,quarkonium", "hits": "one", "photo_electrons": "detected", "energy_loss": "minimum_ionising",
    "rock": "off", "pdf": "NNPDF23_lo", "minimum_pair_mass": "2 GeV", "nuisances": "none",
}  # fmt: skip
_TINY = 1e-5  # of kappa and epsilon: where rates go as the square, and no width feels them

_THREE = -math.log(0.05)  # events without background at 95% CL

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

    # --- models ---------------------------------------------------------------------------------------------------

    def mixed(self, **changes: Any) -> MixedPhase:
        """Return the mixed phase at theta' = theta_W with e' = e, but for the given parameters."""
        return MixedPhase(**{"theta_w_dark": THETA_W, "alpha": ALPHA, "content": "doublet", **changes})

    def resonant(self, mass: Any, ratio: float, **changes: Any) -> MixedPhase:
        """Return a doublet with a partner out of reach, so that the Z' decays to millicharged particles."""
        return self.mixed(mass=mass, zprime_mass_ratio=ratio, partner_mass=HEAVY, **changes)

    def particle(self, mass: Any, **changes: Any) -> Millicharged:
        """Return a millicharged particle that couples to hypercharge: photon and Z."""
        return Millicharged(**{"mass": mass, "kind": "hypercharge", "alpha": ALPHA, **changes})

    # --- production -------------------------------------------------------------------------------------------------

    def table(self, energy: float = ENERGY, pdf: str = "NNPDF23_lo") -> PartonLuminosities:
        """Return parton luminosities at an energy in GeV."""
        return self._once(("table", energy, pdf), lambda: parton_tables.load(energy, pdf=pdf))

    def drell_yan(self, mass: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return cross sections through photon and Z per square of the charge, pb."""
        masses = np.asarray(mass, dtype=float)
        exchange = self.particle(masses, epsilon=np.full(masses.size, _TINY)).exchange()
        return np.asarray(drell_yan.sigma(self.table(), exchange, masses, minimum_pair_mass=2.0).value) / _TINY**2

    def quarkonia(self, mass: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return cross sections from quarkonia per square of the charge, pb: through the photon alone."""
        masses = np.asarray(mass, dtype=float)
        exchange = self.particle(masses, epsilon=np.full(masses.size, _TINY)).exchange()
        return np.asarray(quarkonium.sigma(exchange, masses, ENERGY)) / _TINY**2

    def narrow(self, zprime_mass: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return cross sections of Z' production over kappa^2, pb, in the narrow-width approximation."""
        masses = np.asarray(zprime_mass, dtype=float)
        exchange = self.mixed(mass=masses / 3, zprime_mass=masses, kappa=np.full(masses.size, _TINY)).exchange()
        return np.asarray(drell_yan.sigma_narrow(self.table(), exchange, "Z'")) / _TINY**2

    def coherent(self, mass: Sequence[float] | np.ndarray, ratio: float, dark_charge: float = 1.0) -> np.ndarray:
        """Return cross sections through photon, Z and Z' per square of the charge, pb; the Z' decays to millicharged particles."""
        masses = np.asarray(mass, dtype=float)
        model = self.resonant(masses, ratio, kappa=np.full(masses.size, _TINY), dark_charge=dark_charge)
        found = drell_yan.sigma(self.table(), model.exchange(), masses, minimum_pair_mass=2.0)
        return np.asarray(found.value) / np.asarray(model.charge()) ** 2

    @cached_property
    def muon(self) -> NeutralExchange:
        """Photon and Z between quarks and muons: a particle of the charge and the currents of the muon."""
        base = self.particle(1.0, epsilon=_TINY).exchange()
        return base._replace(particle_vector=base.lepton_vector, particle_axial=base.lepton_axial)

    def muons(self, *, only: str | None = None) -> float:
        """Return pp -> mu+ mu- from 60 to 120 GeV at 13 TeV, pb; through one vector only where it is named."""
        exchange = self.muon
        if only is not None:
            keep = np.array([name == only for name in exchange.names])
            exchange = exchange._replace(
                particle_vector=np.where(keep, exchange.particle_vector, 0.0),
                particle_axial=np.where(keep, exchange.particle_axial, 0.0),
            )
        table = self.table(13_000.0)
        ends: dict[str, Any] = {"minimum_pair_mass": 60.0, "maximum_pair_mass": 120.0}
        return float(drell_yan.sigma(table, exchange, particle_mass("mu-"), **ends).value)

    def narrow_z(self) -> float:
        """Return Z production at 13 TeV in the narrow-width approximation times the branching ratio to muons, pb."""
        model = self.mixed(mass=1.0, zprime_mass=10.0, kappa=1e-9)
        widths = model.z_widths()
        share = float(np.asarray(widths["mu+ mu-"])) / sum(float(np.asarray(w)) for w in widths.values())
        return float(drell_yan.sigma_narrow(self.table(13_000.0), self.muon, "Z")) * share

    def two_hits(self, zprime_mass: float, ratio: float) -> float:
        """Return the cross section of Z' and jet with both particles in the detector over kappa^2, pb; pT above 2 m_Z'."""

        def make() -> float:
            model = self.mixed(mass=zprime_mass / ratio, zprime_mass=zprime_mass, kappa=_TINY)
            state = self.search().prepared()
            found = vector_and_jet.two_hit_sigma(
                self.table(), model.exchange(), zprime_mass / ratio, state.pseudorapidity,
                window=1 / (20 + 4.2), branching_ratio=1.0, scale="z_mass",
            )  # fmt: skip
            return float(found.value) / _TINY**2

        return self._once(("two hits", zprime_mass, ratio), make)

    def density(self, mass: float, ratio: float, dark_charge: float) -> float:
        """Return dsigma/deta at the detector over the square of the charge, pb, with a narrow Z' and all else as if there were none.

        Drell-Yan and quarkonia through photon and Z, and the Z' alone with BR = 1: what the reference numbers add up.
        """
        eta = self.search().prepared().pseudorapidity
        alone = self.particle(mass, epsilon=_TINY).exchange()
        total = float(drell_yan.density(self.table(), alone, mass, eta).value)
        total += float(quarkonium.density(alone, mass, eta, ENERGY).value)
        model = self.resonant(mass, ratio, kappa=_TINY, dark_charge=dark_charge)
        exchange = model.exchange()
        keep = np.array([name == "Z'" for name in exchange.names])
        only = exchange._replace(
            particle_vector=np.where(keep, exchange.particle_vector, 0.0),
            particle_axial=np.where(keep, exchange.particle_axial, 0.0),
        )
        resonance = float(drell_yan.density(self.table(), only, mass, eta).value)
        return total / _TINY**2 + resonance / float(np.asarray(model.charge())) ** 2

    def apart(self, masses: Sequence[float], ratio: float, dark_charge: float) -> list[float]:
        """Return the charge at which :meth:`density` gives three events without background, 300/fb."""
        state = self.search().prepared()
        exposure = state.luminosity_pb * 2 * state.window / (2 * np.pi)

        def excess(log_charge: float, density: float) -> float:
            charge = math.exp(log_charge)
            seen = float(coincidence_probability((charge / 2e-3) ** 2, 3))
            return math.log(exposure * density * charge**2 * seen / _THREE)

        return [
            math.exp(brentq(excess, math.log(1e-5), 0.0, args=(self.density(m, ratio, dark_charge),), xtol=1e-9))
            for m in masses
        ]

    # --- the search ---------------------------------------------------------------------------------------------------

    def search(self, luminosity: str = "300/fb", **options: str) -> Search:
        """Return the search of the source in the treatment of the reference numbers, without background."""
        wanted = {**_OPTIONS, "background": "none", "luminosity": luminosity, **options}
        return self._once(("search", *sorted(wanted.items())), lambda: make_search(NAME, wanted))

    def edge(self, model: Any, luminosity: str = "300/fb", *, sigma: float | None = None, **options: str) -> float:
        """Return the smallest charge in reach: three events without background, or so many sigma over that of the letter of intent."""
        cl, method = (0.95, "cls") if sigma is None else (math.erf(sigma / math.sqrt(2)), "sqrt_b")
        if sigma is not None:
            options["background"] = "loi"
        found: Limit = limit(self.search(luminosity, **options), model, parameter="epsilon", cl=cl, method=method)
        return found.intervals[0][0]

    def edges(self, masses: Sequence[float], luminosity: str = "300/fb", *, sigma: float | None = None) -> list[float]:
        """Return the reach at each mass without a Z'."""
        return [self.edge(self.particle(m), luminosity, sigma=sigma) for m in masses]

    def resonant_edges(
        self, masses: Sequence[float], ratio: float, dark_charge: float, luminosity: str = "300/fb"
    ) -> list[float]:
        """Return the reach at each mass with a Z' that decays to millicharged particles."""
        key = ("resonant edges", tuple(masses), ratio, dark_charge, luminosity)
        models = [self.resonant(m, ratio, dark_charge=dark_charge) for m in masses]
        return self._once(key, lambda: [self.edge(model, luminosity) for model in models])

    def reach(self, model: Any, masses: np.ndarray, luminosity: str, **question: Any) -> xarray.Dataset:
        """Return the reach in the charge over masses."""
        options = question.pop("options", {})
        return reach(self.search(luminosity, **options), model, scan={"mass": masses}, parameter="epsilon", **question)

    def background_reach(self, model: Any, masses: np.ndarray, luminosity: str, sigma: float) -> xarray.Dataset:
        """Return the reach at so many sigma over the background of the letter of intent."""
        question: dict[str, Any] = {"cl": math.erf(sigma / math.sqrt(2)), "method": "sqrt_b"}
        return self.reach(model, masses, luminosity, options={"background": "loi"}, **question)

    def one_hit(self, mass: float, ratio: float) -> float:
        """Return the cross section with one particle or its antiparticle in the detector over kappa^2, pb; the Z' with BR = 1."""
        model = self.resonant(mass, ratio, kappa=_TINY)
        state = self.search().prepared()
        density = float(drell_yan.density(self.table(), model.exchange(), mass, state.pseudorapidity).value)
        return 2 * density * state.window / (2 * np.pi) / _TINY**2
