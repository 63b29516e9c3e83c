"""Yields that are measured at one energy of the LHC and carried to the others by tabulated factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import OutOfValidity


def factor_at(sqrt_s: float, known: Mapping[str, Mapping[str, Any]], what: str) -> float:
    """Return the factor of a table by energy in TeV, for a centre-of-mass energy in GeV.

    Raises OutOfValidity for an energy that the table does not list; ``what`` says of what, such as "quarkonia: cross sections".
    Source: the table, number by number.

    Examples
    --------
    >>> factor_at(8000.0, {"8": {"value": 0.7}, "13": {"value": 1.0}}, "quarkonia: cross sections")
    0.7
    """
    for energy, entry in known.items():
        if abs(1e3 * float(energy) - sqrt_s) < 1e-6 * sqrt_s:
            return float(entry["value"])
    process, _, measured = what.partition(": ")
    raise OutOfValidity(
        f"{process}: sqrt(s) of {sqrt_s / 1e3:.10g} TeV is asked; {measured} are known at {', '.join(known)} TeV; elsewhere leave this channel out, as with option channels=drell_yan."
    )
