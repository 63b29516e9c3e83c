"""What makes millicharged particles at the place of a scintillator telescope, by channel: cross sections, their errors and sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

import numpy as np

from .. import constants, particles, units
from ..decays import neutral_current
from ..electroweak.exchange import NeutralExchange
from ..numerics.quadrature import Estimate
from ..production import central_kernels, drell_yan, light_mesons, parton_tables, quarkonium, vector_and_jet
from ..production.parton_distributions import SETS as _SETS
from ..production.side_flux import BETA_GAMMA, SideFlux
from ._scintillator_prepare import Prepared

CHANNELS = ("drell_yan", "quarkonium", "light_mesons")
SETS = tuple(sorted(_SETS, key=lambda name: name != "NNPDF23_lo"))
_SOURCES = {
    "drell_yan": "leading-order Drell-Yan with the coherent exchange of all neutral vectors",
    "quarkonium": "measured cross sections of J/psi to Upsilon(3S), portico.production.quarkonium",
    "light_mesons": "yields of light mesons, portico.production.light_mesons",
}
_MASSES_OF_ERRORS = np.geomspace(0.3, 300.0, 9)
_STRONG = {"NNPDF23_lo": 0.130, "NNPDF31_nnlo": 0.118}
"""alpha_s(m_Z) of the sets."""
_KERNELS_KEPT = 400
_TOGETHER = 64


class Maker:
    """Cross sections per unit of pseudorapidity of one channel at the place of one detector; kernels are kept by mass."""

    def __init__(
        self, channel: str, state: Prepared, options: dict[str, str], count: Callable[..., np.ndarray]
    ) -> None:
        """Take the place of the detector, the choices of the options, and what counts events from fluxes."""
        self._channel, self._state, self._count = channel, state, count
        self._cut = units.convert(options["minimum_pair_mass"], units.ENERGY)
        self._pdf, self._two = options["pdf"], options["hits"] == "two"
        self._resolved = state.rock_column > 0 or options["energy_loss"] == "velocity"
        self._kernels: dict[float, central_kernels.CentralKernel] = {}
        self.window = 0.3, 30 + 10 * float(np.sqrt(state.background.expected))

    def total(self, exchange: NeutralExchange, mass: np.ndarray) -> Estimate:
        """Return dsigma/deta per species, pb, for exchanges of shape (n, k, vectors) and masses (n,): arrays (n, k)."""
        size = np.shape(exchange.mass)[:2]
        if self._two:
            return self._on_masses(exchange, mass, self._two_hits)
        if self._channel == "drell_yan":
            return self._pairs(exchange, mass)
        made = quarkonium if self._channel == "quarkonium" else light_mesons
        value, error = np.zeros(size), np.zeros(size)
        inside = np.flatnonzero(mass < heaviest(self._channel))
        if inside.size:
            some = _chosen(exchange, inside)
            masses = np.broadcast_to(mass[inside][:, None], (inside.size, size[1]))
            found = made.density(some, masses, self._state.pseudorapidity, self._state.energy)
            value[inside], error[inside] = found
        return Estimate(value, error)

    def flux(self, exchange: NeutralExchange, mass: np.ndarray) -> SideFlux:
        """Return dsigma/deta by node of beta gamma, pb, for exchanges of shape (n, vectors): an array (n, 57), and its error.

        Of two hits velocities are not known, and without rock not needed: all are put on the last node.
        """
        found, error = np.zeros((mass.size, BETA_GAMMA.size)), np.zeros(mass.size)
        if self._two or not self._resolved:
            one = NeutralExchange(exchange.names, *(np.asarray(part)[:, None] for part in exchange[1:]))
            made = self.total(one, mass)
            found[:, -1], error = made.value[:, 0], made.error[:, 0]
        elif self._channel == "drell_yan":
            for index, kernel in self._kernels_of(mass):
                found[index], error[index] = drell_yan.flux_from(kernel, _chosen(exchange, index))
        else:
            mesons = quarkonium if self._channel == "quarkonium" else light_mesons
            inside = np.flatnonzero(mass < heaviest(self._channel))
            if inside.size:
                some = _chosen(exchange, inside)
                made = mesons.flux(some, mass[inside], self._state.pseudorapidity, self._state.energy)
                found[inside], error[inside] = made
        return SideFlux(found, error)

    def events(self, charge: np.ndarray, value: np.ndarray, mass: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Return expected events for charges and fluxes per charge squared (n, k), masses (n,) and shares from the top (n, 58)."""
        return self._count(charge, value, mass, above)

    def kernel(self, key: float) -> central_kernels.CentralKernel:
        """Return what Drell-Yan pairs of particles of one mass (GeV) need, kept."""
        if key not in self._kernels:
            if len(self._kernels) >= _KERNELS_KEPT:
                self._kernels.clear()
            table = _luminosities(self._state.energy, self._pdf)
            self._kernels[key] = central_kernels.compiled_kernel(
                table, key, self._state.pseudorapidity, minimum_pair_mass=self._cut
            )
        return self._kernels[key]

    def _pairs(self, exchange: NeutralExchange, mass: np.ndarray) -> Estimate:
        """Drell-Yan pairs, without velocities."""
        size = np.shape(exchange.mass)[:2]
        value, error = np.empty(size), np.empty(size)
        for index, kernel in self._kernels_of(mass):
            slim = kernel._replace(velocity=kernel.velocity[..., :0])
            value[index], error[index] = drell_yan.density_from(slim, _chosen(exchange, index))
        return Estimate(value, error)

    def _kernels_of(self, mass: np.ndarray) -> Iterator[tuple[np.ndarray, central_kernels.CentralKernel]]:
        """Rows (m, r) of equal masses with their kernels (m,): masses with about as many rows together, padded to the largest."""
        groups = sorted(_groups(mass), key=len)
        while groups:
            together = [group for group in groups if 2 * len(group) > len(groups[-1])][-_TOGETHER:]
            groups = groups[: len(groups) - len(together)]
            index = np.array([np.pad(group, (0, len(together[-1]) - len(group)), mode="edge") for group in together])
            kernels = [self.kernel(float(mass[group[0]])) for group in together]
            yield index, central_kernels.CentralKernel(*(np.stack(part) for part in zip(*kernels, strict=True)))

    def _two_hits(self, rows: NeutralExchange, mass: float) -> Estimate:
        """Pairs of which both cross the detector, pb: of a Z' beside a jet (drell_yan), or of quarkonia."""
        state, window = self._state, float(np.sqrt(np.prod(self._state.opening)))
        if self._channel == "quarkonium":
            pairs = quarkonium.two_hit_sigma(rows, mass, state.pseudorapidity, state.energy, window=window)
            known = pairs.error < 0.5 * pairs.value  # else from a tail in transverse momentum that is not resolved
            return Estimate(np.where(known, pairs.value, 0.0), np.where(known, pairs.error, 0.0))
        value, error = np.zeros((2, np.shape(rows.mass)[0]))
        if self._channel == "drell_yan" and "Z'" in rows.names:
            k = rows.names.index("Z'")
            own = NeutralExchange(("Z'",), *(np.asarray(part)[:, k] for part in rows[1:]))
            share = _share_of_pairs(own, mass)
            strength = np.stack([own.up_vector**2 + own.up_axial**2, own.down_vector**2 + own.down_axial**2]) * share
            unit = [_both_hit(float(m), mass, state.energy, self._pdf, state.pseudorapidity, window) for m in own.mass]
            value, error = (np.sum(strength * np.array(unit)[..., j].T, axis=0) for j in (0, 1))
        return Estimate(value, error)

    @staticmethod
    def _on_masses(
        exchange: NeutralExchange, mass: np.ndarray, make: Callable[[NeutralExchange, float], Estimate]
    ) -> Estimate:
        """Evaluate all exchanges of each different mass together."""
        size = np.shape(exchange.mass)[:2]
        value, error = np.empty(size), np.empty(size)
        for k in _groups(mass):
            rows = _chosen(exchange, k)
            flat = NeutralExchange(rows.names, *(part.reshape(-1, part.shape[-1]) for part in rows[1:]))
            found = make(flat, float(mass[k[0]]))
            value[k], error[k] = (np.reshape(part, (k.size, size[1])) for part in found)
        return Estimate(value, error)


@lru_cache(maxsize=2)
def _luminosities(energy: float, pdf: str) -> parton_tables.PartonLuminosities:
    """The table of one energy and set, read once for many masses."""
    return parton_tables.load(energy, pdf=pdf)


def _share_of_pairs(zprime: NeutralExchange, mass: float) -> np.ndarray:
    """Branching ratio of a vector to the particle, from its couplings and its total width."""
    own, vector, axial = np.asarray(zprime.mass), zprime.particle_vector, zprime.particle_axial
    width = neutral_current.width_to_fermions(own, vector, axial, mass)
    total = np.asarray(zprime.width)
    return np.where(total > 0, width / np.where(total > 0, total, 1.0), 0.0)


@lru_cache(maxsize=4096)
def _both_hit(
    parent: float, mass: float, energy: float, pdf: str, pseudorapidity: float, window: float
) -> tuple[tuple[float, float], ...]:
    """Two-hit cross sections (pb) and errors of a vector with a jet for unit couplings to up-type and to down-type quarks."""
    table, found = _luminosities(energy, pdf), []
    for up in (1.0, 0.0):
        one = NeutralExchange(("Z'",), *(np.array([x]) for x in (parent, 0, up, 0, 1 - up, 0, 0, 0, 0, 0)))
        made = vector_and_jet.two_hit_sigma(
            table, one, mass, pseudorapidity, window=window, branching_ratio=1.0, strong_at_z=_STRONG[pdf]
        )
        found.append((float(made.value), float(made.error)))
    return tuple(found)


def by_row(channel: str, options: dict[str, str]) -> bool:
    """Return whether events of a channel are known for each row by itself: one hit of particles whose loss does not depend on their velocity."""
    return (
        channel in ("drell_yan", "quarkonium")
        and options["hits"] == "one"
        and options["energy_loss"] == "minimum_ionising"
    )


def _groups(mass: np.ndarray) -> list[np.ndarray]:
    """Rows of equal mass."""
    order = np.argsort(mass, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(mass[order])) + 1)


def _chosen(exchange: NeutralExchange, index: np.ndarray) -> NeutralExchange:
    return NeutralExchange(exchange.names, *(np.asarray(part)[index] for part in exchange[1:]))


def heaviest(channel: str) -> float:
    """Return the mass from which on nothing is made, GeV: half of the heaviest meson, none for pairs."""
    if channel == "drell_yan":
        return np.inf
    return particles.mass("Upsilon(3S)" if channel == "quarkonium" else "phi") / 2


def smallest_pair_mass(state: Prepared, options: dict[str, str]) -> float:
    """Return the smallest mass of a Drell-Yan pair that counts, GeV: the cut, or where the parton distributions begin."""
    start = float(parton_tables.valid_from(_luminosities(state.energy, options["pdf"])))
    return max(units.convert(options["minimum_pair_mass"], units.ENERGY), start)


def source(channel: str, options: dict[str, str]) -> str:
    """Return where the cross section of a channel comes from."""
    if channel == "drell_yan":
        paper = "arXiv:1308.0598" if options["pdf"] == "NNPDF23_lo" else "arXiv:1712.07053"
        return f"{_SOURCES[channel]}; {options['pdf']}, {paper}"
    return _SOURCES[channel]


# --- errors of inputs and theory ---------------------------------------------------------------------------------------


def photon_exchange(count: int) -> NeutralExchange:
    """Return the exchange of the photon alone with unit charge, for errors that hardly depend on the model."""
    e, one = constants.ELECTRIC_CHARGE, np.ones((count, 1))
    none = 0 * one
    return NeutralExchange(("photon",), none, none, 2 / 3 * e * one, none, -e / 3 * one, none, -e * one, none, e * one, none)  # fmt: skip


def relative_error(channel: str, state: Prepared, options: dict[str, str], mass: np.ndarray) -> np.ndarray:
    """Return the relative error of a channel at masses (GeV): half a spread of parton distributions and scale, or of measured mesons.

    That of Drell-Yan is for the exchange of a photon: the difference of the two sets of parton distributions and the larger of
    half and twice the scale, added in squares.
    """
    if channel == "drell_yan":
        cut = units.convert(options["minimum_pair_mass"], units.ENERGY)
        nodes, errors = _parton_errors(state.energy, options["pdf"], state.pseudorapidity, cut)
        return np.interp(np.log(mass), nodes, errors)
    different, place = np.unique(mass, return_inverse=True)
    return _meson_errors(channel, state, different)[place].reshape(np.shape(mass))


@cache
def _parton_errors(energy: float, pdf: str, pseudorapidity: float, cut: float) -> tuple[np.ndarray, np.ndarray]:
    bands, mass = parton_tables.load_bands(energy, pdf=pdf), _MASSES_OF_ERRORS[energy / 8 > _MASSES_OF_ERRORS]
    exchange = photon_exchange(mass.size)
    found = drell_yan.spread(bands, exchange, mass, pseudorapidity, minimum_pair_mass=cut)
    return np.log(mass), np.hypot(found.parton_distributions, found.factorisation_scale)


def _meson_errors(channel: str, state: Prepared, mass: np.ndarray) -> np.ndarray:
    """Errors of the measured cross sections, each meson's by its share."""
    exchange, total, squared = photon_exchange(mass.size), np.zeros(mass.size), np.zeros(mass.size)
    at = (state.pseudorapidity, state.energy)
    if channel == "quarkonium":
        for name in quarkonium.MESONS:
            part = quarkonium.density(exchange, mass, *at, mesons=(name,)).value
            total, squared = total + part, squared + (part * quarkonium.meson(name).uncertainty) ** 2
    else:
        for name in light_mesons.MODES:
            part = light_mesons.density(exchange, mass, *at, modes=(name,)).value
            known = light_mesons.meson_density(light_mesons.mode(name).parent, state.energy)
            total, squared = total + part, squared + (part * known.error / known.value) ** 2
    return np.sqrt(squared) / np.where(total > 0, total, 1.0)


# --- what should be known ----------------------------------------------------------------------------------------------


def notes(options: dict[str, str], model: Any, cut: float) -> list[str]:
    """Return sentences on a resonance below the cut and on what two hits leave out."""
    found = []
    if options["hits"] == "two":
        found.append(
            "hits=two: drell_yan is a Z' beside a jet with pT above twice its mass, for pairs without a Z' are back to back; of quarkonia only those whose acceptance is known to 50%."
        )
    if options["hits"] == "two" and "light_mesons" in options["channels"].split(","):
        found.append("light mesons are left out of hits=two.")
    zprime = _zprime_mass(model)
    if zprime is not None and "drell_yan" in options["channels"].split(","):
        mass = np.asarray(model.mass, dtype=float)
        hidden = (zprime < cut) & (zprime > 2 * mass)
        if np.any(hidden):
            where = "" if hidden.ndim == 0 else f" at {int(np.sum(hidden))} of {hidden.size} points"
            found.append(
                f"the Z' is lighter than the smallest pair mass of {cut:.3g} GeV{where}: its resonance is left out, where parton distributions are not valid; what is excluded is an interval open below, not a number."
            )
    return found


def _zprime_mass(model: Any) -> np.ndarray | None:
    """Mass of the Z' of a model in GeV, None without one."""
    if getattr(model, "zprime_mass", None) is not None:
        return np.asarray(model.zprime_mass, dtype=float)
    if getattr(model, "zprime_mass_ratio", None) is not None and model.mass is not None:
        return np.asarray(model.zprime_mass_ratio, dtype=float) * np.asarray(model.mass, dtype=float)
    return None
