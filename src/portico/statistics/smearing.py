r"""The signal uncertainty integrated out: the share of the probability that lies above a signal.

.. math:: T_p(s) = \frac{\int d\epsilon\,\pi(\epsilon)\,\epsilon^{-p}\,J(\epsilon s)}{\int d\epsilon\,\pi(\epsilon)\,\epsilon^{-p}}

with J of :mod:`portico.statistics.marginal`; p = 1 for the posterior of a flat prior, p = 0 for the hybrid ratio. The
integral runs over :math:`\ln\epsilon`, in panels with ends where J falls. For a log-normal of width t,
:math:`\pi(\epsilon)/\epsilon` is a log-normal again, shifted by :math:`-t^2`. For a Gaussian and p = 1 the denominator
diverges at 0, and the share is taken of the mass below a ceiling.

Source: integrals of :mod:`portico.statistics.bayes`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .marginal import Rules, Survival, zones

_REACH = 9.0


class Signal(NamedTuple):
    """Signal uncertainties of several points that share one table J.

    ``width``, ``second``  relative widths of the constraint (:class:`portico.statistics.model.Widths`)
    ``power``              1: the integrand holds 1/epsilon (Bayes), 0: it does not (hybrid)
    """

    width: np.ndarray
    second: np.ndarray
    constraint: str
    power: int


def remaining(
    events: np.ndarray, table: Survival, signal: Signal, rules: Rules, total: np.ndarray | None
) -> np.ndarray:
    """Return the share of the probability above a signal, one for each point.

    ``total`` is the mass below the ceiling of the prior, where there is one; see :func:`below`. Source: the module.
    """
    if total is not None:
        return np.maximum(1 - below(events, table, signal, rules) / total, 0.0)
    if np.all(signal.width == 0) and np.all(signal.second == 0):
        return table(events)
    if signal.constraint == "gaussian":
        v, weight = _gaussian_nodes(events, table, signal, rules)
        weight = weight * np.exp(v)
        return np.sum(weight * table(np.exp(v) * events[:, None]), axis=-1) / np.sum(weight, axis=-1)
    t = signal.width
    centre = -(t**2) * signal.power
    ends = [centre - _REACH * t, centre, centre + _REACH * t]
    v, weight = zones([*ends, *(np.clip(m, ends[0], ends[-1]) for m in _marks(events, table))], rules)
    safe = np.where(t > 0, t, 1.0)[:, None]
    density = np.exp(-0.5 * ((v - centre[:, None]) / safe) ** 2) / (safe * np.sqrt(2 * np.pi))
    value = np.sum(weight * density * table(np.exp(v) * events[:, None]), axis=-1)
    return np.where(t > 0, value, table(events))


def below(events: np.ndarray, table: Survival, signal: Signal, rules: Rules) -> np.ndarray:
    """Return the mass of the posterior below a signal, for Gaussians, up to a constant. Source: the module."""
    v, weight = _gaussian_nodes(events, table, signal, rules)
    return np.sum(weight * (1 - table(np.exp(v) * events[:, None])), axis=-1)


def _marks(events: np.ndarray, table: Survival) -> list[np.ndarray]:
    """Logarithms of the efficiencies at which J begins, goes on and ends to fall."""
    last = table.signal.size - 1
    places = [min(int(np.searchsorted(-table.log, level)), last) for level in (1e-6, 0.1, 1.0, 8.0)]
    return [np.log(max(float(table.signal[k]), 1e-300)) - np.log(events) for k in [*places, last]]


def _gaussian_nodes(events: np.ndarray, table: Survival, signal: Signal, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the efficiency, and weights times density."""
    t = np.hypot(signal.width, signal.second)
    marks = _marks(events, table)
    top = np.log1p(signal.width * _REACH) + np.log1p(signal.second * _REACH)
    bottom = np.minimum(np.min(marks, axis=0), 0.0) - 40
    # the bulk, its tail towards 0, and the plateau at 0 of a wide Gaussian
    low = [np.log(np.maximum(1 - k * t, 1e-12)) for k in (_REACH, 6, 4.5, 3, 1.5)]
    low += [np.full_like(t, np.log(x)) for x in (0.5, 0.1, 1e-3)]
    ends = [bottom, *(np.clip(x, bottom, top) for x in low), np.zeros_like(t), np.log1p(3 * t), top]
    v, weight = zones([*ends, *(np.clip(m, bottom, top) for m in marks)], rules)
    return v, weight * _gaussian_density(v, signal, rules)


def _gaussian_density(v: np.ndarray, signal: Signal, rules: Rules) -> np.ndarray:
    """Density of the efficiency at e^v, up to a constant; of the product of two, each truncated at 0."""
    wide = np.maximum(signal.width, signal.second)[:, None]
    narrow = np.minimum(signal.width, signal.second)
    if np.all(narrow == 0):
        return np.exp(-0.5 * ((np.exp(v) - 1) / wide) ** 2)
    narrow = narrow[:, None]
    top = np.broadcast_to(np.log1p(_REACH * narrow), v.shape)
    low = np.maximum(v - np.log1p(_REACH * wide), np.log(np.maximum(1 - _REACH * narrow, 1e-300)))
    low = np.minimum(low, top)
    u, weight = zones([low, np.clip(0.0, low, top), np.clip(v, low, top), top], rules._replace(panels=1))
    narrow = np.where(narrow > 0, narrow, 1.0)[..., None]
    first = np.exp(-0.5 * ((np.exp(v[..., None] - u) - 1) / wide[..., None]) ** 2)
    second = np.exp(-0.5 * ((np.exp(u) - 1) / narrow) ** 2) / narrow
    both = np.sum(weight * first * second, axis=-1)
    alone = np.exp(-0.5 * ((np.exp(v) - 1) / wide) ** 2)
    return np.where(np.minimum(signal.width, signal.second)[:, None] > 0, both, alone)
