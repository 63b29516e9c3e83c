"""Limits of a bare counting experiment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import InvalidInput, NumericsError
from ..statistics import upper_limits
from ..statistics.model import Counting
from ..statistics.upper_limits import Options

CM2_PER_FB = 1e-39
_LARGEST = 10**300


class Coverage(NamedTuple):
    """How often the limit is at or above a true signal of so many events, and the binomial error."""

    signal: float
    fraction: float
    error: float


class CountLimit(NamedTuple):
    """Upper limit of a counting experiment, observed (or expected where no count is given) and expected band."""

    method: str
    cl: float
    kind: str
    upper_limit_events: float
    upper_limit_cross_section_fb: float | None
    expected: dict[str, float]
    sources: tuple[str, ...]
    used: str
    error_events: float
    definition: str
    constraint: str
    notes: tuple[str, ...]
    coverage: Coverage | None


def count_limit(
    observed: float | None,
    background: float,
    *,
    background_uncertainty: float = 0.0,
    efficiency: float = 1.0,
    efficiency_uncertainty: float = 0.0,
    luminosity_per_cm2: float | None = None,
    luminosity_uncertainty: float = 0.0,
    constraint: str = "log_normal",
    cl: float = 0.9,
    method: str = "cls",
    seed: int = 1,
    toys: int = Options().toys,
    prior_ceiling: float | None = None,
    coverage: bool = False,
) -> CountLimit:
    """Return the upper limit on the signal events of one counting experiment.

    Parameters
    ----------
    observed : float or None            count; None for the expected limit
    background : float                  expected background events
    background_uncertainty : float      relative error of the background
    efficiency : float                  of the signal, 0 < efficiency <= 1; enters the cross section
    efficiency_uncertainty : float      relative error of the efficiency
    luminosity_per_cm2 : float or None  integrated luminosity; without it no cross section is given
    luminosity_uncertainty : float      relative error of the luminosity
    constraint : str                    one of :data:`portico.statistics.model.CONSTRAINTS`
    cl : float                          confidence level
    method : str                        one of :data:`portico.statistics.upper_limits.METHODS`
    seed, toys : int                    of the toys: method ``cls_toys``; the seed also of the coverage
    prior_ceiling : float or None       end of the flat prior of ``bayes``, events, with a Gaussian signal uncertainty
    coverage : bool                     whether to count how often the limit covers a true signal equal to it

    Raises InvalidInput for values out of range, UnknownName for the method or the constraint.

    Examples
    --------
    >>> round(count_limit(94, 94.0).upper_limit_events, 2)
    17.3
    >>> round(count_limit(94, 94.0, background_uncertainty=0.22, method="bayes").upper_limit_events, 1)
    31.8
    """
    numbers = {
        "observed": observed, "background": background, "background_uncertainty": background_uncertainty, "efficiency": efficiency,
        "efficiency_uncertainty": efficiency_uncertainty, "luminosity_per_cm2": luminosity_per_cm2,
        "luminosity_uncertainty": luminosity_uncertainty, "prior_ceiling": prior_ceiling,
    }  # fmt: skip
    _check(numbers, seed, toys)
    model = Counting(
        np.array([float(background)]),
        np.array([background_uncertainty * float(background)]),
        np.array([float(efficiency_uncertainty)]),
        np.array([float(luminosity_uncertainty)]),
        constraint,
    )
    options = Options(int(seed), int(toys), prior_ceiling)
    count = None if observed is None else np.array([float(observed)])
    limit = upper_limits.upper_limit(model, cl, method, count, options)
    upper = float(limit.value[0])
    band = upper_limits.expected_band(model, cl, method, options=options)
    return CountLimit(
        method, cl, "expected" if observed is None else "observed", upper,
        None if luminosity_per_cm2 is None else _cross_section(upper, efficiency, luminosity_per_cm2),
        {name: float(value[0]) for name, value in band._asdict().items()},
        (upper_limits.SOURCES[method],), limit.used, float(limit.error[0]), upper_limits.DEFINITIONS[limit.used], constraint,
        *_with_coverage(limit.notes, (model, cl, method, upper), options, wanted=coverage),
    )  # fmt: skip


def _cross_section(events: float, efficiency: float, luminosity_per_cm2: float) -> float:
    """The cross section of so many events, in fb."""
    effective = efficiency * luminosity_per_cm2 * CM2_PER_FB
    value = events / effective if effective > 0 else np.inf
    if not value < np.inf:
        raise InvalidInput(
            f"efficiency = {efficiency:g} and luminosity = {luminosity_per_cm2:g} /cm^2 are too small: the limit on the cross section is beyond 1.8e308 fb."
        )
    return value


def _with_coverage(
    notes: tuple[str, ...], question: tuple[Counting, float, str, float], options: Options, *, wanted: bool
) -> tuple[tuple[str, ...], Coverage | None]:
    """Notes and coverage; where that fails, the limit is kept and a note says why."""
    if not wanted:
        return notes, None
    try:
        return notes, _coverage(*question, options)
    except NumericsError as error:
        return (*notes, f"the coverage could not be computed: {error}"), None


def _coverage(model: Counting, cl: float, method: str, signal: float, options: Options) -> Coverage:
    found = upper_limits.coverage(model, cl, method, signal, options=options)
    return Coverage(signal, float(found.value), float(found.error))


def _check(numbers: dict[str, float | None], seed: int, toys: int) -> None:
    """Raise InvalidInput for what is not a number, and for what only a cross section needs."""
    for name, value in numbers.items():
        may_lack = value is None and name in ("observed", "luminosity_per_cm2", "prior_ceiling")
        if not may_lack and (isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating)):
            raise InvalidInput(f"{name} = {value!r} is not a number.")
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise InvalidInput(f"{name} is too large; expected at most {_LARGEST:.0e}.")
    for name, whole, least in (("seed", seed, 0), ("toys", toys, 100)):
        if isinstance(whole, bool) or not isinstance(whole, int | np.integer) or not least <= whole <= 10**8:
            raise InvalidInput(f"{name} = {whole!r} is not allowed; expected a whole number from {least} to 1e8.")
    observed, efficiency = numbers["observed"], numbers["efficiency"]
    luminosity, ceiling = numbers["luminosity_per_cm2"], numbers["prior_ceiling"]
    if efficiency is None or not 0 < efficiency <= 1:
        raise InvalidInput(f"efficiency = {efficiency:g} is not allowed; expected a number above 0 and at most 1.")
    if luminosity is not None and not 0 < luminosity < np.inf:
        raise InvalidInput(f"luminosity = {luminosity:g} /cm^2 is not allowed; expected a number above 0.")
    if ceiling is not None and not 0 < ceiling < np.inf:
        raise InvalidInput(f"prior_ceiling = {ceiling:g} events is not allowed; expected a number above 0.")
    if observed is not None and observed != np.floor(observed):
        raise InvalidInput(f"observed = {observed:g} is not a count; expected a whole number.")
    for name in ("background_uncertainty", "efficiency_uncertainty", "luminosity_uncertainty"):
        value = numbers[name]
        if value is None or not 0 <= value < np.inf:
            raise InvalidInput(f"{name} = {value:g} is not allowed; expected a relative error, at least 0.")
