r"""Electroweak observables with a Z' that mixes kinetically with hypercharge: shifts at tree level, and what they allow.

At fixed charge, Fermi constant and mass of the Z all shifts of Standard-Model observables depend on the mass of the Z' and on one
number, :math:`\eta`: :math:`\hat B = \tilde B + \eta X`, in the mixed phase :math:`\eta = \kappa s'/\sqrt{1-\kappa^2}`. Measured and
predicted numbers are in ``electroweak.toml``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import particles, registry
from ..constants import ALPHA_S_MZ, FERMI_CONSTANT, SIN2_THETA_W
from ..electroweak.neutral_mixing import HyperchargeMixing
from ..electroweak.physical_inputs import gauge_basis, mixed_pair, repulsion_at_eta
from ..errors import InvalidInput, unknown_name
from ..numerics.checks import numbers, same_shape

_FILE = Path(__file__).with_name("electroweak.toml")
OBSERVABLES = ("w_mass", "z_width", "sin2_effective")
"""Names of the observables."""
DATA = ("measured", "errors")
METHODS = ("fit", "seed")
SOURCES = ("arXiv:1506.04760", "arXiv:hep-ex/0509008", "PDG 2024")
"""What the bounds rest on."""
_LEPTONS = ((0.5, 0.0, 3.0), (-0.5, -1.0, 3.0))
_QUARKS = ((0.5, 2 / 3, 6.0), (-0.5, -1 / 3, 9.0))
"""T3, charge and number of states: three generations, without the top."""
_HEAVIEST = 1e12  # GeV: its square is far from the end of the numbers
_SMALLEST, _LARGEST, _GRID, _HALVINGS, _BLOCK = 1e-5, 10.0, 241, 45, 256


class Observable(NamedTuple):
    """An observable: measured and predicted value with errors of one sigma (GeV or none), with sources and status."""

    name: str
    title: str
    measured: float
    measured_error: float
    predicted: float
    predicted_error: float
    sources: tuple[str, str]
    status: tuple[str, str]


class Shifts(NamedTuple):
    """Shifts by mixing: of the mass of the W (GeV), of the width of the Z (relative), of the leptonic sin^2 theta_eff."""

    w_mass: Float[Array, "..."]
    z_width: Float[Array, "..."]
    sin2_effective: Float[Array, "..."]


def tree_level_product(alpha: float, z_mass: float, fermi_constant: float = FERMI_CONSTANT) -> float:
    r""":math:`s_0^2c_0^2` of three measured numbers, at tree level.

    .. math:: s_0^2c_0^2 = \frac{\pi\alpha}{\sqrt2\,G_F\,m_Z^2}

    Parameters
    ----------
    alpha : float            at the mass of the Z
    z_mass : float           GeV
    fermi_constant : float   GeV^-2

    Returns
    -------
    float                    0.179 for alpha = 1/127.95; 0.1778 with radiative corrections, sin^2 theta_W = 0.23122

    Raises InvalidInput for numbers that are not above 0.

    Source    arXiv:1506.04760 uses the same inputs; textbook.

    Examples
    --------
    >>> f"{tree_level_product(1 / 127.95, 91.1876):.4f}"
    '0.1790'
    """
    for name, value in (("alpha", alpha), ("z_mass", z_mass), ("fermi_constant", fermi_constant)):
        numbers("tree_level_product", name, value, lambda x: x > 0, "a number above 0")
    return math.pi * alpha / (math.sqrt(2) * fermi_constant * z_mass**2)


@cache
def observables() -> dict[str, Observable]:
    """Return the observables by name. Source: ``electroweak.toml``."""
    found = {}
    for name, entry in registry.read_toml(_FILE)["observables"].items():
        measured, predicted = entry["measured"], entry["predicted"]
        found[name] = Observable(
            name=name, title=entry["title"], measured=float(measured["value"]), measured_error=float(measured["error"]),
            predicted=float(predicted["value"]), predicted_error=float(predicted["error"]),
            sources=(measured["source"], predicted["source"]), status=(measured["status"], predicted["status"]),
        )  # fmt: skip
    return found


@jax.jit
def _shifts(eta: Array, zprime_mass: Array, z_mass: Array, product: Array) -> Shifts:
    def of(eta: Array) -> tuple[Array, Array, Array]:
        one = jnp.ones_like(eta)
        mixing = HyperchargeMixing(0 * one, one, eta, jnp.sqrt(1 + eta**2))
        basis = gauge_basis(z_mass, zprime_mass, product, repulsion_at_eta(eta), mixing)
        _, (_, z, _) = mixed_pair(z_mass, zprime_mass, basis, mixing)
        sine2 = basis.sin2_theta_w
        isospin = z.z / jnp.sqrt(sine2 * (1 - sine2))  # over e
        angle = sine2 - z.em / isospin
        leptons, quarks = (sum(n * ((t - 2 * angle * q) ** 2 + t**2) for t, q, n in row) for row in (_LEPTONS, _QUARKS))
        return basis.w_mass, isospin**2 * (leptons + (1 + ALPHA_S_MZ / math.pi) * quarks), angle

    new, old = of(eta), of(0 * eta)
    return Shifts(new[0] - old[0], new[1] / old[1] - 1, new[2] - old[2])


def shifts(
    eta: ArrayLike, zprime_mass: ArrayLike, *, product: float | None = None, z_mass: float | None = None
) -> Shifts:
    r"""Shifts of electroweak observables by a Z' at fixed charge, Fermi constant and mass of the Z, at tree level and exact in eta.

    For a light Z':

    .. math:: \frac{\delta M_W}{M_W} = -\frac{\eta^2}{2}\,\frac{s_W^2c_W^2}{c_W^2-s_W^2}

    Parameters
    ----------
    eta : array, shape (...)           mixing of the massive vector with hypercharge
    zprime_mass : array, shape (...)   GeV, > 0
    product : float or None            s0^2 c0^2, below 1/4; by default that of sin^2 theta_W = 0.23122, which holds the leading radiative
                                       corrections, see :func:`tree_level_product`
    z_mass : float or None             GeV; of the PDG by default

    Returns
    -------
    Shifts of arrays, shape (...)      nan inside the gap around the mass of the Z

    Raises InvalidInput for numbers outside these ranges and shapes that do not fit; not for what jax traces.

    Notes     Radiative corrections to the shifts are left out: some per cent of them. Decays of the Z to new particles are not in its
              width; :func:`invisible_width_bound` is about these.
    Source    derived from the Lagrangian of arXiv:1506.04760 with measured inputs, :mod:`portico.electroweak.physical_inputs`.

    Examples
    --------
    >>> f"{1e3 * float(shifts(1e-2, 1e-3).w_mass):.2f}"
    '-1.32'
    """
    product = SIN2_THETA_W * (1 - SIN2_THETA_W) if product is None else product
    z_mass = particles.mass("Z") if z_mass is None else z_mass
    numbers("shifts", "product", product, lambda x: (x > 0) & (x < 0.25), "a number above 0 and below 1/4")
    numbers("shifts", "z_mass", z_mass, lambda x: x > 0, "a mass above 0 in GeV")
    eta, zprime_mass = _mixing("shifts", eta), _masses("shifts", zprime_mass)
    same_shape("shifts", eta=eta, zprime_mass=zprime_mass)
    eta, zprime_mass = jnp.broadcast_arrays(jnp.asarray(eta, float), jnp.asarray(zprime_mass, float))
    return _shifts(eta, zprime_mass, z_mass, product)


def chi_squared(
    eta: ArrayLike, zprime_mass: ArrayLike, *, used: Sequence[str] = OBSERVABLES, data: str = "measured"
) -> np.ndarray:
    r"""Distance of the observables from their measured values, for a Z' that mixes.

    .. math:: \chi^2 = \sum_i \frac{(p_i + \delta_i(\eta) - m_i)^2}{\sigma_i^2 + \sigma_{p,i}^2}

    Parameters
    ----------
    eta : array, shape (...)
    zprime_mass : array, shape (...)   GeV
    used : sequence of str             names of :data:`OBSERVABLES`
    data : str                         "measured"; or "errors": as if the measurements agreed with the predictions, which had no
                                       errors: what the measurements could exclude

    Returns
    -------
    array, shape (...)                 infinite inside the gap around the mass of the Z

    Raises UnknownName for an observable or for data, InvalidInput for none and as :func:`shifts`.

    Notes     Observables are taken as independent.
    Source    ``electroweak.toml``; arXiv:1006.0973 does the same with all observables of the Z.

    Examples
    --------
    >>> bool(chi_squared(0.1, 1.0) > chi_squared(0.0, 1.0) + 50)
    True
    """
    _check(used, data)
    eta, zprime_mass = _mixing("chi_squared", eta), _masses("chi_squared", zprime_mass)
    same_shape("chi_squared", eta=eta, zprime_mass=zprime_mass)
    eta, zprime_mass = np.broadcast_arrays(eta, zprime_mass)
    # whole blocks, so that the compiled part meets few shapes
    padding = (0, -eta.size % _BLOCK)
    found = shifts(*(np.pad(part.ravel(), padding, mode="edge") for part in (eta, zprime_mass)))
    total = np.zeros(eta.size)
    for name in used:
        each = observables()[name]
        shift = np.asarray(getattr(found, name))[: eta.size] * (each.predicted if name == "z_width" else 1.0)
        if data == "errors":
            total += (shift / each.measured_error) ** 2
        else:
            total += (each.predicted + shift - each.measured) ** 2 / (each.measured_error**2 + each.predicted_error**2)
    return np.where(np.isnan(total), np.inf, total).reshape(eta.shape)


def _check(used: Sequence[str], data: str) -> None:
    if isinstance(used, str) or not isinstance(used, Sequence) or not len(used):
        raise InvalidInput(f"electroweak bound: used = {used!r} is not allowed; expected at least one of {', '.join(OBSERVABLES)} in a list.")  # fmt: skip
    for name in used:
        if name not in OBSERVABLES:
            raise unknown_name("electroweak observable", name, OBSERVABLES)
    if data not in DATA:
        raise unknown_name("choice for data", data, DATA, where="electroweak bound")


def eta_bound(
    zprime_mass: ArrayLike, *, cl: float = 0.95, used: Sequence[str] = OBSERVABLES, data: str = "measured"
) -> Any:
    r"""Largest mixing eta that electroweak observables allow.

    .. math:: \chi^2(\eta) - \min_{\eta'\ge 0}\chi^2(\eta') \le \left[\Phi^{-1}\!\left(\tfrac{1 + CL}{2}\right)\right]^2

    Parameters
    ----------
    zprime_mass : array, shape (...)   GeV, > 0
    cl : float                         confidence level, 0 to 1; 0.683 is one sigma
    used, data                         as for :func:`chi_squared`

    Returns
    -------
    array, shape (...)                 the eta above the best fit from which on it is excluded; at most where the repulsion of Z
                                       and Z' leaves no solution; infinite where eta = 10 is still allowed

    Raises InvalidInput for masses and levels outside the domain, and as :func:`chi_squared`.

    Notes     On a grid of 40 points per decade, then halved to 1e-12. A second allowed interval further up is not looked for.
    Source    as :func:`shifts`; data in ``electroweak.toml``. Compare eps < 0.03 of arXiv:1006.0973.

    Examples
    --------
    >>> f"{eta_bound(1e-3, cl=0.6827, used=['w_mass'], data='errors'):.4f}"
    '0.0317'
    """
    _check(used, data)
    mass = _masses("eta_bound", zprime_mass)
    if not (isinstance(cl, int | float) and 0 < cl <= 1 - 1e-12):
        raise InvalidInput(
            f"eta_bound: cl = {cl!r} is not allowed; expected a confidence level between 0 and 1, at most 1 - 1e-12."
        )
    from scipy.stats import norm

    step = float(norm.ppf((1 + cl) / 2)) ** 2
    flat = mass.ravel()
    grid = np.concatenate([[0.0], np.geomspace(_SMALLEST, _LARGEST, _GRID)])
    on_grid = chi_squared(grid[:, None], flat, used=used, data=data)
    best = np.argmin(on_grid, axis=0)
    lowest = on_grid[best, np.arange(flat.size)] + step
    beyond = (on_grid > lowest) & (np.arange(grid.size)[:, None] > best)
    first = np.argmax(beyond, axis=0)
    low, high = grid[np.maximum(first - 1, 0)], grid[first]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        over = chi_squared(middle, flat, used=used, data=data) > lowest
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return np.where(beyond.any(axis=0), low, np.inf).reshape(mass.shape)[()]


def _mixing(where: str, given: ArrayLike) -> Any:
    return numbers(where, "eta", given, np.isfinite, "finite numbers")


def _masses(where: str, given: ArrayLike) -> Any:
    allowed = f"masses above 0 in GeV, at most {_HEAVIEST:g}"
    return numbers(where, "zprime_mass", given, lambda x: (x > 0) & (x <= _HEAVIEST), allowed)


def kappa_bound(
    zprime_mass: ArrayLike,
    theta_w_dark: ArrayLike,
    *,
    method: str = "fit",
    cl: float = 0.95,
    used: Sequence[str] = OBSERVABLES,
    data: str = "measured",
) -> Any:
    r"""Largest kinetic mixing of the mixed phase that electroweak observables allow.

    .. math:: \kappa = \frac{\eta}{\sqrt{s'^2 + \eta^2}}

    Parameters
    ----------
    zprime_mass : array, shape (...)    GeV, > 0
    theta_w_dark : array, shape (...)   dark mixing angle, rad
    method : str                        "fit": :func:`eta_bound`. "seed": 1e-2 whatever mass and angle, which compares the shift of
                                        the mass of the Z at fixed mass of the W with its error, and is 3 to 9 times below the fit
    cl, used, data                      as for :func:`eta_bound`; not for "seed"

    Returns
    -------
    array, shape (...)                  1 where theta_w_dark is 0: no bound

    Raises as :func:`eta_bound`; UnknownName for the method.

    Source    arXiv:1506.04760, eq. (23) and below, for "seed"; :func:`eta_bound` for "fit".

    Examples
    --------
    >>> float(kappa_bound(1.0, 0.5, method="seed"))
    0.01
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS, where="kappa_bound")
    mass = _masses("kappa_bound", zprime_mass)
    angle = numbers("kappa_bound", "theta_w_dark", theta_w_dark, np.isfinite, "finite angles in rad")
    same_shape("kappa_bound", zprime_mass=mass, theta_w_dark=angle)
    mass, sine = np.broadcast_arrays(mass, np.sin(angle))
    if method == "seed":
        return np.full(mass.shape, float(registry.read_toml(_FILE)["seed"]["kappa"]["value"]))[()]
    eta = np.asarray(eta_bound(mass, cl=cl, used=used, data=data))
    finite = np.isfinite(eta)
    safe = np.where(finite, eta, 1.0)
    return np.where(finite & (sine != 0), safe / np.where(sine == 0, 1.0, np.hypot(sine, safe)), 1.0)[()]


def allowed_invisible_width_gev() -> float:
    """Return by how much the invisible width of the Z may grow at 95% CL, GeV. Source: ``electroweak.toml``."""
    return float(registry.read_toml(_FILE)["invisible_width"]["allowed"]["value"])


def invisible_width_bound(width_unit: ArrayLike, *, allowed: float | None = None) -> Any:
    r"""Largest coupling for which the Z does not decay too often to particles that are not seen.

    .. math:: \epsilon = \sqrt{\Delta\Gamma_{inv}/\Gamma(Z\to\chi\bar\chi;\,\epsilon = 1)}

    Parameters
    ----------
    width_unit : array, shape (...)   width of the Z to the new particles for a coupling of 1, GeV: as epsilon^2
    allowed : float or None           Delta Gamma_inv, GeV; 2.0 MeV (LEP) by default

    Returns
    -------
    array, shape (...)                infinite where the width is 0

    Raises InvalidInput where a width is below 0 or no number, or the allowed one is not above 0.

    Source    LEP electroweak working group, arXiv:hep-ex/0509008, in ``electroweak.toml``.

    Examples
    --------
    >>> f"{invisible_width_bound(71.4e-3):.3f} {invisible_width_bound(71.4e-3, allowed=4.1e-3):.2f}"
    '0.167 0.24'
    """
    allowed = allowed_invisible_width_gev() if allowed is None else allowed
    if not (isinstance(allowed, int | float) and 0 < allowed < math.inf):
        raise InvalidInput(
            f"invisible_width_bound: allowed = {allowed!r} is not allowed; expected a width above 0 in GeV."
        )
    width = numbers("invisible_width_bound", "width_unit", width_unit, lambda x: x >= 0, "widths of at least 0 in GeV")
    positive = width > 0
    return np.where(positive, np.sqrt(allowed / np.where(positive, width, 1.0)), np.inf)[()]
