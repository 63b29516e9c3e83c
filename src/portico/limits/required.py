"""The signal events that are excluded, with the uncertainties of a search."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..numerics import tables
from ..signatures.base import Search
from ..statistics import upper_limits
from ..statistics.model import Counting

_ERRORS = np.expm1(np.linspace(0.0, np.log(4.0), 41))
_TOY_ERRORS = np.array([0.0, 0.3])


class Required(NamedTuple):
    """Signal events that are excluded, as a function of the relative error r of the signal: a cubic in ln(1+r)."""

    error: np.ndarray
    events: np.ndarray
    largest_error: float

    @property
    def depends(self) -> bool:
        """Whether the number depends on the error of the signal."""
        return self.error.size > 1

    def at(self, error_of: Callable[[np.ndarray, np.ndarray], np.ndarray], index: np.ndarray, x: np.ndarray) -> np.ndarray:  # fmt: skip
        """Return the events that are excluded for the error of the signal at some places, which is asked for where it counts."""
        return self(error_of(index, x)) if self.depends else np.full(np.shape(x), self.events[0])

    def __call__(self, signal_error: np.ndarray) -> np.ndarray:
        """Return the events that are excluded for a relative error of the signal; beyond 300% those of 300%."""
        if not self.depends:
            return np.full(np.shape(signal_error), self.events[0])
        curve = tables.make_table(np.log(self.events), 0.0, np.log1p(self.error[-1]))
        return np.asarray(np.exp(tables.interpolate(curve, np.log1p(signal_error))))


def nuisances_of(search: Search, method: str) -> tuple[str, ...]:
    """Return the names of the uncertainties that enter a limit of this search, by its option ``nuisances`` and the method.

    That of the signal does not enter a figure of merit.
    """
    chosen = search.options.get("nuisances", "none").split(",")
    without = ("none", "signal") if method in upper_limits.FIGURES_OF_MERIT else ("none",)
    return tuple(name for name in chosen if name not in without)


def background_error(effects: dict[str, float], chosen: tuple[str, ...]) -> float:
    """Return the error of the background in events from the chosen nuisances, which are independent."""
    return float(np.sqrt(sum(effects[name] ** 2 for name in chosen if name in effects)))


def required_events(
    counting: Counting, cl: float, method: str, observed: np.ndarray | None, *, signal: bool
) -> tuple[Required, str, tuple[str, ...]]:
    """Return the events that are excluded, the method that was used, and what should be known of it.

    With ``signal`` they depend on the error of the signal: found at 41 errors, and between them by interpolation. Toys take
    long: their ratio to the asymptotic formula is found at two errors.
    """
    if not signal:
        found = upper_limits.upper_limit(counting, cl, method, observed)
        return Required(np.zeros(1), np.reshape(found.value, 1), _relative(found)), found.used, found.notes
    basis = "cls_asymptotic" if method == "cls_toys" else method
    found = upper_limits.upper_limit(counting._replace(signal_error=_ERRORS), cl, basis, observed)
    if method != "cls_toys":
        return Required(_ERRORS, found.value, _relative(found)), found.used, found.notes
    toys = upper_limits.upper_limit(counting._replace(signal_error=_TOY_ERRORS), cl, method, observed)
    over = toys.value / np.interp(_TOY_ERRORS, _ERRORS, found.value)
    told = f"toys: the number of excluded events is good to {100 * _relative(toys):.2g}% (Monte Carlo)."
    return (
        Required(_ERRORS, found.value * np.interp(_ERRORS, _TOY_ERRORS, over), _relative(toys)),
        toys.used,
        (*toys.notes, told),
    )


BANDS = ("minus2", "minus1", "median", "plus1", "plus2")
_NO_BAND = (*upper_limits.FIGURES_OF_MERIT, "cls_toys", "feldman_cousins_monotonised")


def expected_requirements(counting: Counting, cl: float, method: str, *, signal: bool) -> tuple[Required, ...]:
    """Return the events that are excluded without signal at -2, -1, 0, 1 and 2 sigma, each as :func:`required_events`.

    None for a figure of merit, and for methods whose band takes long. Source: :func:`portico.statistics.upper_limits.expected_band`.
    """
    if method in _NO_BAND:
        return ()
    errors = _ERRORS if signal and method not in ("cls_exact", "feldman_cousins") else np.zeros(1)
    band = upper_limits.expected_band(counting._replace(signal_error=errors), cl, method)
    return tuple(Required(errors, np.broadcast_to(events, errors.shape), 0.0) for events in band)


def _relative(found: upper_limits.UpperLimit) -> float:
    return float(np.max(found.error / found.value))
