"""Limits of a bare counting experiment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import InvalidInput, unknown_name
from ..statistics import counting

CM2_PER_FB = 1e-39
_LARGEST = 10**300


class CountLimit(NamedTuple):
    """Upper limit of a counting experiment, observed (or expected where no count is given) and expected band."""

    method: str
    cl: float
    kind: str
    upper_limit_events: float
    upper_limit_cross_section_fb: float | None
    expected: dict[str, float]
    sources: tuple[str, ...]


def count_limit(
    observed: float | None,
    background: float,
    *,
    efficiency: float = 1.0,
    luminosity_per_cm2: float | None = None,
    cl: float = 0.9,
    method: str = "cls",
) -> CountLimit:
    """Return the upper limit on the signal events of one counting experiment with known background.

    Parameters
    ----------
    observed : float or None            count; None for the expected limit
    background : float                  expected background events
    efficiency : float                  of the signal, 0 < efficiency <= 1; enters the cross section
    luminosity_per_cm2 : float or None  integrated luminosity; without it no cross section is given
    cl : float                          confidence level
    method : str                        one of :data:`portico.statistics.counting.METHODS`

    Raises InvalidInput for values out of range, UnknownName for the method.

    Examples
    --------
    >>> round(count_limit(94, 94.0).upper_limit_events, 2)
    17.3
    """
    if not isinstance(method, str) or method not in counting.METHODS:
        raise unknown_name("method", method, counting.METHODS)
    for name, value in (
        ("observed", observed),
        ("background", background),
        ("efficiency", efficiency),
        ("luminosity_per_cm2", luminosity_per_cm2),
    ):
        wanted = value is None and name in ("observed", "luminosity_per_cm2")
        if not wanted and (isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating)):
            raise InvalidInput(f"{name} = {value!r} is not a number.")
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise InvalidInput(f"{name} is too large; expected at most {_LARGEST:.0e}.")
    if not 0 < efficiency <= 1:
        raise InvalidInput(f"efficiency = {efficiency:g} is not allowed; expected a number above 0 and at most 1.")
    if luminosity_per_cm2 is not None and not 0 < luminosity_per_cm2 < np.inf:
        raise InvalidInput(f"luminosity = {luminosity_per_cm2:g} /cm^2 is not allowed; expected a number above 0.")
    if observed is not None and observed != np.floor(observed):
        raise InvalidInput(f"observed = {observed:g} is not a count; expected a whole number.")
    mean = np.array([float(background)])
    count = None if observed is None else np.array([float(observed)])
    upper = float(counting.upper_limit(mean, cl, method, count)[0])
    band = {name: float(value[0]) for name, value in counting.expected_band(mean, cl, method)._asdict().items()}
    cross_section = None
    if luminosity_per_cm2 is not None:
        effective = efficiency * luminosity_per_cm2 * CM2_PER_FB
        cross_section = upper / effective if effective > 0 else np.inf
        if not cross_section < np.inf:
            raise InvalidInput(
                f"efficiency = {efficiency:g} and luminosity = {luminosity_per_cm2:g} /cm^2 are too small: the limit on the cross section is beyond 1.8e308 fb."
            )
    kind = "expected" if observed is None else "observed"
    return CountLimit(method, cl, kind, upper, cross_section, band, (counting.SOURCES[method],))
