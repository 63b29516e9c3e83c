r"""Events of rows of parameters, each with its own exchange, from what is kept by mass: Drell-Yan pairs and quarkonia, one hit.

Drell-Yan pairs are looked up at the poles of the vectors (:mod:`portico.production.pole_tables`), quarkonia are branching ratios times
kernels. A row is computed directly where a table does not know it: poles next to the smallest mass of a pair or very wide, or velocities
that are not known well where the rock stops particles and the number of events is one that is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from ..electroweak.exchange import NeutralExchange
from ..numerics.batching import padded_size
from ..numerics.quadrature import Estimate
from ..production import pole_sums, pole_tables, quarkonium
from ..production.central_kernels import CentralKernel
from ..production.pole_tables import PoleTable
from ..production.side_flux import BETA_GAMMA, SideFlux, between_nodes

_KNOWN = 2e-3
"""Relative error of a cross section from a table beyond which it is computed directly."""
_SHARE_KNOWN = 5e-3
"""The same for the share that the rock lets through, where events are of a number that is asked for."""
_OF_NODES, _OF_TABLE, _OF_ROUGH, _NEAR_START = 2e-2, 1e-3, 5e-2, 20.0
"""What nodes in velocity may miss of what the rock stops, relative; what a table may beyond what it states, and where a vector is as wide
as its cells or within so many of them of the smallest pair."""
_MATTERS = 1e-3
"""Share of the smallest number of events that may be asked for from which on what the rock stops is looked up."""
_WORTH, _WORTH_EACH = 256, 24
"""Rows, and rows of each mass, from which on tables are worth to be made: one limit asks for 33 and then for one at a time."""
_KEPT_MASSES = 64
"""Masses that are kept from earlier calls."""


_Stack = TypeVar("_Stack")


class Row(NamedTuple):
    """Per row: cross section per unit of pseudorapidity and species with its error, pb, and the share that is not stopped with its error."""

    total: np.ndarray
    error: np.ndarray
    passed: np.ndarray
    passed_error: np.ndarray


class ByMass(Generic[_Stack]):
    """What a channel keeps for each mass, made once: rows of arrays along a first axis."""

    def __init__(self, make: Callable[[list[float]], list[Any]], join: Callable[[list[Any]], _Stack]) -> None:
        """Take what makes the entries of masses, and what stacks entries."""
        self._make, self._join = make, join
        self._kept: tuple[np.ndarray, list[Any], _Stack | None] = np.empty(0), [], None

    def worth(self, mass: np.ndarray) -> bool:
        """Return whether all masses are known, or there are so many rows of them that they are worth to be."""
        if _known(self._kept[0], mass):
            return True
        return mass.size >= _WORTH and mass.size >= _WORTH_EACH * np.unique(mass).size

    def at(self, mass: np.ndarray) -> tuple[_Stack, np.ndarray]:
        """Return the stacked entries, and the place of each mass (n,) among them."""
        kept = self._kept  # read once: another thread may replace it
        if kept[2] is None or not _known(kept[0], mass):
            kept = self._with(kept, np.unique(mass))
            self._kept = kept  # all at once: an interrupt leaves what there was
        assert kept[2] is not None
        return kept[2], np.searchsorted(kept[0], mass)

    def _with(
        self, kept: tuple[np.ndarray, list[Any], _Stack | None], mass: np.ndarray
    ) -> tuple[np.ndarray, list[Any], _Stack]:
        """Make what is missing; others are forgotten where there would be too many."""
        known = dict(zip(kept[0].tolist(), kept[1], strict=True))
        missing = [m for m in mass.tolist() if m not in known]
        if len(known) + len(missing) > _KEPT_MASSES:
            known = {m: known[m] for m in mass.tolist() if m in known}
        known.update(zip(missing, self._make(missing), strict=True))
        every = np.array(sorted(known))
        entries = [known[m] for m in every.tolist()]
        return every, entries, self._join(entries)


def _known(every: np.ndarray, mass: np.ndarray) -> bool:
    return every.size > 0 and np.array_equal(every[np.minimum(np.searchsorted(every, mass), every.size - 1)], mass)


class Pairs:
    """Drell-Yan pairs from tables by mass, and directly where those do not know them."""

    def __init__(self, kernel: Callable[[float], CentralKernel], fastest: Callable[[float], float]) -> None:
        """Take what makes the kernel of a mass, and the largest beta gamma of a mass that the rock may stop (0 without rock)."""

        def of_masses(masses: list[float]) -> list[PoleTable]:
            with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
                return list(pool.map(lambda mass: pole_tables.pole_table(kernel(mass), fastest(mass)), masses))

        self._tables = ByMass(of_masses, pole_tables.stacked)

    def rows(self, exchange: NeutralExchange, mass: np.ndarray, log_stop: np.ndarray | None, matters: Callable[[np.ndarray], np.ndarray]) -> Row:  # fmt: skip
        """Return what is produced and passes the rock; nan where it is not known to :data:`_KNOWN`, or few rows are asked for."""
        if not self._tables.worth(mass):
            return Row(*np.full((2, mass.size), np.nan), *np.zeros((2, mass.size)))
        table, which = self._tables.at(mass)
        made = pole_sums.density_at(table, which, exchange)
        known = (made.error <= _KNOWN * made.value) | (made.value == 0)
        total, error = np.where(known, made.value, np.nan), np.where(known, made.error, np.nan)
        if log_stop is None:
            return Row(total, error, np.ones(total.size), np.zeros(total.size))
        share, off = np.zeros(total.size), np.ones(total.size)  # what is not looked up may be stopped
        here = np.flatnonzero(known & (total > 0) & matters(made.value))
        if here.size:
            slow = pole_sums.slow_at(table, which[here], chosen(exchange, here), log_stop[here])
            share[here] = np.clip(slow.value / total[here], 0.0, 1.0)
            off[here] = 4 * slow.error / total[here] + _OF_TABLE * share[here]
            poles = pole_sums.poles_in_cells(table, which[here], chosen(exchange, here))
            rough = np.maximum(2 * np.abs(poles.imag) - 1, (_NEAR_START - np.abs(poles)) / 5)
            off[here] += _OF_ROUGH * np.max(np.clip(rough, 0.0, 1.0), axis=-1) * share[here]
        return Row(total, error, 1 - share, off)


class Quarkonia:
    """Quarkonia: branching ratios of each row times kernels of its mass."""

    def __init__(self, pseudorapidity: float, energy: float) -> None:
        """Take the place of the detector and the energy of the collisions, GeV."""
        self._energy = energy

        def of_masses(masses: list[float]) -> list[tuple[np.ndarray, ...]]:
            return list(zip(*quarkonium.kernels(np.array(masses), pseudorapidity), strict=True)) if masses else []

        def join(each: list[Any]) -> quarkonium.Kernels:
            more = padded_size(len(each)) - len(each)
            return quarkonium.Kernels(*(np.stack([*part, *[part[0]] * more]) for part in zip(*each, strict=True)))

        self._kernels = ByMass(of_masses, join)

    def rows(self, exchange: NeutralExchange, mass: np.ndarray, log_stop: np.ndarray | None, matters: Callable[[np.ndarray], np.ndarray]) -> Row:  # fmt: skip
        """Return what is produced and passes the rock."""
        kernels, which = self._kernels.at(mass)
        below_all = np.full(1, -np.inf)
        cell, shares = between_nodes(below_all if log_stop is None else log_stop, BETA_GAMMA.size + 1)
        found = quarkonium.density_at(kernels, which, exchange, mass, self._energy, (cell, *shares))
        share = np.clip(found.slow / np.where(found.total > 0, found.total, 1.0), 0.0, 1.0)
        return Row(found.total, found.error, 1 - share, np.zeros(mass.size))


class Maker:
    """Events of rows of one channel."""

    def __init__(
        self,
        made: Pairs | Quarkonia,
        heaviest: float,
        direct: Callable[[NeutralExchange, np.ndarray], SideFlux],
        passed: Callable[[SideFlux, np.ndarray], tuple[np.ndarray, np.ndarray]],
        window: tuple[float, float],
    ) -> None:
        """Take what makes rows up to a mass (GeV), the flux computed directly, the share of it that passes the rock with its error, and which numbers of events may be asked for."""
        self._made, self._heaviest, self._direct, self._passed, self._window = made, heaviest, direct, passed, window

    def events(self, exchange: NeutralExchange, mass: np.ndarray, seen: np.ndarray, log_stop: np.ndarray | None) -> Estimate:  # fmt: skip
        """Return events and their error for finite exchanges (n, vectors), masses (n,), events per pb (n,) and ln(beta gamma) that just passes the rock (n,)."""
        value, error = np.zeros(mass.size), np.zeros(mass.size)
        here = np.flatnonzero(mass < self._heaviest)
        if not here.size:
            return Estimate(value, error)
        own, per_pb = exchange if here.size == mass.size else chosen(exchange, here), seen[here]
        stop = None if log_stop is None else log_stop[here]
        row = self._made.rows(own, mass[here], stop, lambda total: per_pb * total >= _MATTERS * self._window[0])
        value[here] = per_pb * row.total * row.passed
        share_error = row.passed_error + _OF_NODES * (1 - row.passed) * np.minimum(1.0, 10 * row.passed)
        error[here] = _error(per_pb, row.total, row.error, row.passed, share_error)
        poor = self._poor(row, per_pb)
        if poor.size:
            again = here[poor]
            flux = self._direct(chosen(exchange, again), mass[again])
            total, passed, off = np.sum(flux.density, axis=-1), np.ones(poor.size), np.zeros(poor.size)
            if stop is not None:
                passed, off = self._passed(flux, stop[poor])
            value[again] = seen[again] * total * passed
            error[again] = _error(seen[again], total, flux.error, passed, off)
        return Estimate(value, error)

    def _poor(self, row: Row, seen: np.ndarray) -> np.ndarray:
        """Rows that are not known, or whose share is not where it matters."""
        known, free = np.isfinite(row.total), seen * np.nan_to_num(row.total)
        unsure = ~(row.passed_error <= _SHARE_KNOWN * row.passed)
        # as where limits are decided: four times the error above, and (1 + r)^4 below
        relative = np.minimum(row.passed_error / np.maximum(row.passed, 1e-9), 1e9)
        unsure &= free * row.passed <= self._window[1] * (1 + relative) ** 4
        unsure &= free * (row.passed + 4 * row.passed_error) >= self._window[0]
        return np.flatnonzero(~known | unsure)


def _error(per_pb: np.ndarray, total: np.ndarray, error: np.ndarray, passed: np.ndarray, passed_error: np.ndarray) -> np.ndarray:  # fmt: skip
    """Error of events: of the cross section and of the share that passes."""
    return per_pb * np.hypot(error * passed, total * passed_error)


def chosen(exchange: NeutralExchange, index: np.ndarray) -> NeutralExchange:
    """Return some points of an exchange, each vector's numbers side by side as compiled code takes them."""
    return NeutralExchange(exchange.names, *(np.asarray(part).T[:, index].T for part in exchange[1:]))
