r"""The likelihood of one counting experiment: a Poisson count, a background and a signal that are known up to errors.

.. math:: L(s, \beta, \epsilon) = \mathrm{Pois}(n\,|\,\epsilon s + \beta)\; \pi(\beta)\; \pi(\epsilon)

with s the expected signal events, beta the background around b with error sigma, and epsilon around 1 with relative
error r (efficiency, luminosity, theory). What pi is, is a named choice, the *constraint*:

``log_normal``        :math:`\beta = b\,e^{\ln(1+r) z}`, z standard normal: one sigma multiplies by 1 + r (kappa convention)
``log_normal_sigma``  :math:`\beta = b\,e^{r z}`: r is the width of the logarithm
``gaussian``          normal, truncated at 0 (as BAT and many older analyses do)
``gamma``             background from an auxiliary Poisson count of :math:`(b/\sigma)^2` (``shapesys`` of pyhf); the signal as in
                      ``log_normal``
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import InvalidInput, unknown_name

LARGEST = 1e9
CONSTRAINTS = ("log_normal", "log_normal_sigma", "gaussian", "gamma")
_WIDEST = 3.0
_NOTHING = 1e-12  # a relative error below this is none: it would be lost in rounding


class Counting(NamedTuple):
    """Expected background and the errors of background and signal; the arrays broadcast.

    ``background``        expected events, >= 0
    ``background_error``  absolute, events; 0 where it is known
    ``signal_error``      relative error of the expected signal; 0 where it is known
    ``luminosity_error``  a second relative error of the signal with a constraint of its own; log-normal ones are combined
    ``constraint``        one of :data:`CONSTRAINTS`
    """

    background: np.ndarray | float
    background_error: np.ndarray | float = 0.0
    signal_error: np.ndarray | float = 0.0
    luminosity_error: np.ndarray | float = 0.0
    constraint: str = "log_normal"


class Widths(NamedTuple):
    """Numbers of a constraint as the formulas need them, all of one shape.

    ``background``  events
    ``spread``      of the background: width of its logarithm (log-normal), sigma in events (Gaussian), sigma^2/b (gamma)
    ``signal``      of the signal: width of its logarithm, or relative sigma (Gaussian)
    ``luminosity``  relative sigma of the second signal error (Gaussian only; 0 elsewhere, it is contained in ``signal``)
    """

    background: np.ndarray
    spread: np.ndarray
    signal: np.ndarray
    luminosity: np.ndarray


def has_nuisances(counting: Counting) -> bool:
    """Return whether anything but the count is uncertain. Source: definitions of this module."""
    return any(np.any(np.asarray(error) != 0) for error in counting[1:4])


def widths(counting: Counting) -> Widths:
    """Return the numbers of the constraint, broadcast to one shape. Source: definitions of this module."""
    b, error, signal, luminosity = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in counting[:4]))
    error = np.where(error > _NOTHING * b, error, 0.0)
    signal, luminosity = (np.where(width > _NOTHING, width, 0.0) for width in (signal, luminosity))
    if counting.constraint == "gaussian":
        return Widths(b, error, signal, luminosity)
    relative = error / np.where(b > 0, b, 1.0)
    if counting.constraint == "log_normal_sigma":
        return Widths(b, relative, np.hypot(signal, luminosity), np.zeros_like(b))
    both = np.hypot(np.log1p(signal), np.log1p(luminosity))
    spread = np.log1p(relative) if counting.constraint == "log_normal" else error * relative
    return Widths(b, spread, both, np.zeros_like(b))


def check_level(cl: float) -> None:
    """Raise InvalidInput unless ``cl`` is a confidence level. Source: definition."""
    if isinstance(cl, bool) or not isinstance(cl, int | float | np.integer | np.floating) or not 0 < cl < 1:
        given = (
            f"{cl:g}"
            if isinstance(cl, int | float | np.integer | np.floating) and not isinstance(cl, bool)
            else repr(cl)
        )
        raise InvalidInput(f"cl = {given} is not a confidence level; expected a number between 0 and 1, such as 0.9.")
    if not 1e-6 <= cl <= 1 - 1e-12:
        raise InvalidInput(f"cl = {cl!r} is too close to 0 or 1; expected a number between 1e-6 and 1 - 1e-12.")


def check_count(observed: np.ndarray | float | None) -> None:
    """Raise InvalidInput unless ``observed`` is None or counts. Source: definition."""
    if observed is None:
        return
    count = np.asarray(observed, dtype=float)
    if np.any(~np.isfinite(count)) or np.any(count < 0):
        raise InvalidInput(f"observed = {np.min(count):g} is not allowed; expected a count, at least 0.")
    if np.any(count > 2 * LARGEST):
        raise InvalidInput(f"an observed count above {2 * LARGEST:g} is not allowed.")


def check_model(counting: Counting) -> None:
    """Raise InvalidInput unless background and errors suit the constraint. Source: definitions of this module."""
    if not isinstance(counting.constraint, str) or counting.constraint not in CONSTRAINTS:
        raise unknown_name("constraint", counting.constraint, CONSTRAINTS)
    b, error, signal, luminosity = (np.asarray(a, dtype=float) for a in counting[:4])
    if np.any(~np.isfinite(b)) or np.any(b < 0):
        raise InvalidInput(
            f"background = {np.min(b):g} is not allowed; expected a finite number of events, at least 0."
        )
    if np.any(b > LARGEST):
        raise InvalidInput(
            f"a background above {LARGEST:g} is not allowed; at such numbers a limit is a matter of systematics."
        )
    for name, value, unit in (
        ("background", error, " events"),
        ("signal", signal, ""),
        ("luminosity", luminosity, ""),
    ):
        if np.any(~np.isfinite(value)) or np.any(value < 0):
            raise InvalidInput(
                f"{name} uncertainty = {np.min(value):g}{unit} is not allowed; expected a finite number, at least 0."
            )
        widest = _widest(counting.constraint)
        if name != "background" and np.any(value > widest):
            raise InvalidInput(
                f"{name} uncertainty = {100 * np.max(value):.4g}% is not allowed; expected at most {100 * widest:g}% with constraint '{counting.constraint}'."
            )
    _check_background_error(b, error, counting.constraint)


def _widest(constraint: str) -> float:
    """The largest relative error; as a width of the logarithm 1.5 is already a factor 4.5."""
    return 1.5 if constraint == "log_normal_sigma" else _WIDEST


def _check_background_error(b: np.ndarray, error: np.ndarray, constraint: str) -> None:
    if constraint != "gaussian" and np.any((b == 0) & (error > 0)):
        raise InvalidInput(
            f"a background of 0 with an uncertainty has no {constraint} constraint; expected a background above 0, or constraint 'gaussian'."
        )
    relative = np.max(error / np.where(b > 0, b, 1.0))
    widest = _widest(constraint) if constraint != "gamma" else 1.0
    if np.any(b > 0) and np.any(np.where(b > 0, error > widest * b * (1 + 1e-12), False)):
        why = " (an auxiliary count below 1); use 'log_normal'" if constraint == "gamma" else ""
        raise InvalidInput(
            f"background uncertainty = {100 * relative:.4g}% is not allowed; expected at most {100 * widest:g}% with constraint '{constraint}'{why}."
        )
