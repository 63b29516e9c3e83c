r"""The anomalous magnetic moment of a lepton with a dark photon, and the mixing that a measurement asks for.

With :math:`a_\ell = (g - 2)/2` and a dark photon that couples to charge with ``epsilon e``,
:math:`\Delta a_\ell = (\alpha\epsilon^2/2\pi)\,I(m/m_\ell)` at one loop: positive whatever the mass. What experiments find
over the Standard Model is in ``magnetic_moment.toml``, one named data set for each comparison; there is none without a name.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import numerics as _numerics  # noqa: F401  (switches jax to float64)
from .. import particles, registry
from ..constants import ALPHA
from ..errors import DataError, InvalidInput, unknown_name
from ..numerics.namespace import array_namespace
from ..numerics.quadrature import Estimate

_FILE = Path(__file__).with_name("magnetic_moment.toml")
_STEP, _HALF_POINTS = 1 / 3, 87  # nodes from -29 to 29: both ends cut less than 1e-12
LEPTONS = ("mu-", "e-")
"""Leptons with data."""
SOURCES = ("arXiv:0811.1030", "Phys. Rev. 168 (1968) 1620")
"""Papers of the formula."""


def _real(name: str, value: ArrayLike) -> Float[Array, "..."]:
    """A real number or an array of them, as given or on the host; raises InvalidInput for anything else."""
    if isinstance(value, jax.Array) and value.dtype.kind in "fiu":
        return value.astype(float)
    try:
        if np.ma.isMaskedArray(value) or np.asarray(value).dtype.kind not in "fiu":
            raise TypeError
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{name} = {value!r} is not allowed; expected a number or an array of numbers.") from None


@cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    """z and 1 - z at equal steps of t = ln(z/(1-z)); an odd number, so that every second one is a rule of its own."""
    t = _STEP * np.arange(-_HALF_POINTS, _HALF_POINTS + 1)
    return 1 / (1 + np.exp(-t)), 1 / (1 + np.exp(t))


def loop_function(ratio: ArrayLike) -> Estimate:
    r"""Loop function of a massive photon over that of the massless one.

    .. math:: I(\rho) = \int_0^1 dz\,\frac{2 z(1-z)^2}{(1-z)^2 + \rho^2 z}

    Parameters
    ----------
    ratio : array, shape (...)   mediator mass over lepton mass, >= 0

    Returns
    -------
    Estimate of arrays, shape (...)   value: 1 at rho = 0, 2/(3 rho^2) for rho >> 1, nan for a negative or endless ratio;
                                      error: of the integral

    Notes     The layers of the integrand, at 1 - z ~ rho and at z ~ 1/rho^2, are far from each other and from the middle.
              In t = ln(z/(1-z)) they are equally wide and the integrand is analytic for abs(Im t) < pi/2, so that equal
              steps h err by exp(-pi^2/h) < 1e-12, for every ratio. The step 2 h errs by the root of that: from the
              difference the error is known. Good to 2e-12 for any ratio. 175 nodes, all in memory for each point.
    Source    arXiv:0811.1030, shift of g-2 by a secluded vector; equal to the kernel of S. Brodsky and E. de Rafael, Phys. Rev. 168 (1968) 1620, with which
              it is compared in tests/precision/test_magnetic_moment.py.

    Examples
    --------
    >>> f"{float(loop_function(1.0).value):.10f}"
    '0.2091995762'
    """
    xp, ratio = array_namespace(ratio), _real("ratio", ratio)
    inside = (ratio >= 0) & (ratio < 1e150)  # beyond, its square is no number
    z, rest = _nodes()
    rho2 = xp.where(inside, ratio, 1.0)[..., None] ** 2
    terms = 2 * z**2 * rest**3 / (rest**2 + rho2 * z)
    fine, coarse = _STEP * xp.sum(terms, axis=-1), 2 * _STEP * xp.sum(terms[..., 1::2], axis=-1)
    share = xp.abs(fine - coarse) / fine
    error = xp.maximum(xp.minimum(share, 10 * share**2), 2e-12) * fine
    return Estimate(xp.where(inside, fine, math.nan), xp.where(inside, error, math.nan))


def magnetic_moment_shift(
    mass: ArrayLike, epsilon: ArrayLike, lepton_mass: ArrayLike, *, alpha: float = ALPHA
) -> Float[Array, "..."]:
    r"""Shift of the anomalous magnetic moment of a lepton by a dark photon, at one loop.

    .. math:: \Delta a_\ell = \frac{\alpha\epsilon^2}{2\pi}\,I(m/m_\ell)

    Parameters
    ----------
    mass : array, shape (...)         mediator mass, GeV, >= 0
    epsilon : array, shape (...)      kinetic mixing
    lepton_mass : array, shape (...)  GeV, > 0
    alpha : float                     fine-structure constant; at zero momentum by default

    Returns
    -------
    array, shape (...)                of a = (g-2)/2, no unit; nan outside the domain

    Notes     Vector coupling to charge alone: m << m_Z. The width of the mediator enters at higher order. Relative
              accuracy of the integral 2e-12; the running of alpha would add up to 4% at 1 GeV.
    Source    arXiv:0811.1030, shift of g-2 by a secluded vector.

    Examples
    --------
    >>> f"{float(magnetic_moment_shift(1.25, 1e-2, 0.1056583755)):.6e}"
    '5.175603e-10'
    """
    xp = array_namespace(mass, epsilon, lepton_mass)
    mass, epsilon, lepton_mass = (
        xp.asarray(_real(name, value))
        for name, value in (("mass", mass), ("epsilon", epsilon), ("lepton_mass", lepton_mass))
    )
    heavy = lepton_mass > 0
    ratio = xp.where(heavy, mass / xp.where(heavy, lepton_mass, 1.0), -1.0)
    return alpha * epsilon**2 / (2 * math.pi) * loop_function(ratio).value


def epsilon_for(
    shift: ArrayLike, mass: ArrayLike, lepton_mass: ArrayLike, *, alpha: float = ALPHA
) -> Float[Array, "..."]:
    r"""Kinetic mixing with which a dark photon makes a given shift of the magnetic moment.

    .. math:: \epsilon = \sqrt{\Delta a_\ell/\Delta a_\ell(\epsilon = 1)}

    Parameters
    ----------
    shift : array, shape (...)        of a = (g-2)/2
    mass : array, shape (...)         mediator mass, GeV, >= 0
    lepton_mass : array, shape (...)  GeV, > 0
    alpha : float                     fine-structure constant; at zero momentum by default

    Returns
    -------
    array, shape (...)                0 for no shift, nan for a negative one, which no mixing makes; may be above 1, where
                                      the formula means nothing

    Source    inverse of :func:`magnetic_moment_shift`, arXiv:0811.1030, shift of g-2 by a secluded vector.

    Examples
    --------
    >>> f"{float(epsilon_for(251e-11, 1.25, 0.1056583755)):.5e}"
    '2.20220e-02'
    """
    xp = array_namespace(shift, mass, lepton_mass)
    shift = xp.asarray(_real("shift", shift))
    share = shift / magnetic_moment_shift(mass, 1.0, lepton_mass, alpha=alpha)
    usable = share > 0
    return xp.where(usable, xp.sqrt(xp.where(usable, share, 1.0)), xp.where(share == 0, 0.0, math.nan))


class DataSet(NamedTuple):
    """What experiment finds over theory: name, lepton, texts, shift of a and its error (one sigma), source and status."""

    name: str
    lepton: str
    title: str
    label: str
    shift: float
    error: float
    source: str
    status: str


class Band(NamedTuple):
    """Smallest and largest mixing within so many sigma. Low 0: no lower edge; both nan: no mixing at all."""

    low: Float[Array, "..."]
    high: Float[Array, "..."]


@cache
def _data_sets() -> dict[str, DataSet]:
    sets = {}
    for name, entry in registry.read_toml(_FILE)["data_sets"].items():
        if entry["lepton"] not in LEPTONS or not entry["shift"]["error"] > 0:
            raise DataError(
                f"{_FILE.name}: {name}: expected one of the leptons {', '.join(LEPTONS)} and an error above 0."
            )
        shift = entry["shift"]
        sets[name] = DataSet(
            name, entry["lepton"], entry["title"], entry["label"],
            float(shift["value"]), float(shift["error"]), shift["source"], shift["status"],
        )  # fmt: skip
    return sets


def names(lepton: str | None = None) -> list[str]:
    """Return the names of the data sets, all or those of one lepton; raises UnknownName. Source: ``magnetic_moment.toml``."""
    if lepton is not None and (not isinstance(lepton, str) or lepton not in LEPTONS):
        raise unknown_name("lepton with data on its magnetic moment", lepton, LEPTONS)
    return [name for name, entry in _data_sets().items() if lepton in (None, entry.lepton)]


def data_set(name: str) -> DataSet:
    """Return the data set of this name; raises UnknownName with the nearest match. Source: ``magnetic_moment.toml``."""
    if not isinstance(name, str) or name not in _data_sets():
        raise unknown_name("data set of the magnetic moment", name, _data_sets())
    return _data_sets()[name]


def default(lepton: str) -> str:
    """Return the name of the newest comparison for a lepton; raises UnknownName. Source: ``magnetic_moment.toml``."""
    if not isinstance(lepton, str) or lepton not in LEPTONS:
        raise unknown_name("lepton with data on its magnetic moment", lepton, LEPTONS)
    return str(registry.read_toml(_FILE)["default"][lepton])


def band(dataset: str | DataSet, mass: ArrayLike, n_sigma: float) -> Band:
    r"""Mixings within so many sigma of a measured shift :math:`c \pm s`.

    .. math:: c - n s \le \Delta a_\ell(\epsilon) \le c + n s

    Parameters
    ----------
    dataset : str or DataSet      a name of :func:`names`
    mass : array, shape (...)     mediator mass, GeV, >= 0
    n_sigma : float               n >= 0

    Returns
    -------
    Band of arrays, shape (...)   low is 0 where c - n s <= 0: an upper limit, not a band. Both are nan where c + n s < 0: a
                                  vector raises the magnetic moment, so that no mixing lies within

    Raises UnknownName for the data set, InvalidInput for n_sigma and for a mass that is no number.

    Source    arXiv:0811.1030, shift of g-2 by a secluded vector; data with their sources in ``magnetic_moment.toml``.

    Examples
    --------
    >>> low, high = band("bnl_fnal_2021", 1.25, 2)
    >>> f"{float(low):.4f} {float(high):.4f}"
    '0.0160 0.0267'
    """
    chosen = dataset if isinstance(dataset, DataSet) else data_set(dataset)
    number = _real("n_sigma", n_sigma)
    if np.ndim(number) > 0 or not 0 <= number < math.inf:
        raise InvalidInput(
            f"n_sigma = {n_sigma!r} is not allowed; expected a number of standard deviations, at least 0."
        )
    n_sigma = float(number)
    lepton_mass = particles.mass(chosen.lepton)
    bottom, top = chosen.shift - n_sigma * chosen.error, chosen.shift + n_sigma * chosen.error
    if top < 0:
        nothing = epsilon_for(-1.0, mass, lepton_mass)
        return Band(nothing, nothing)
    return Band(epsilon_for(max(bottom, 0.0), mass, lepton_mass), epsilon_for(top, mass, lepton_mass))
