"""Radiation of a massless dark photon that decoupled early, as a number of neutrinos: estimates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InvalidInput, unknown_name

_HEATED_BY = {"none": 0.0, "dirac": 3.5, "weyl": 1.75, "scalar": 2.0}
"""Relativistic degrees of freedom of the particles that annihilate into the dark photon after decoupling."""
_AT_NEUTRINO_DECOUPLING = 10.75


def delta_n_eff_estimate(degrees: ArrayLike, *, heated_by: str = "none") -> Any:
    r"""Extra effective number of neutrinos of a massless dark photon; an estimate.

    .. math:: \Delta N_{eff} = \frac{8}{7}\left(\frac{10.75}{g_{*s}}\right)^{4/3}\left(\frac{2 + h}{2}\right)^{4/3}

    Parameters
    ----------
    degrees : array, shape (...)   g_*s of the Standard Model when the dark sector decouples, >= 10.75
    heated_by : str                "none": the dark photon decoupled alone (h = 0). "dirac", "weyl", "scalar": millicharged particles
                                   of this kind annihilate into it later and heat it (h = 3.5, 1.75, 2; the factor is 3.85 for Dirac)

    Returns
    -------
    array, shape (...)             in units of one neutrino species

    Raises UnknownName for the kind of particles, InvalidInput for degrees below 10.75.

    Notes     The claim of arXiv:1506.04760 that this is negligible for decoupling above a GeV or so holds without the heating; with
              it one finds 0.3 to 0.4, which is marginal. Instantaneous decoupling; g_*s is that of the Standard Model alone.
    Source    arXiv:1506.04760, section III A; conservation of entropy.

    Examples
    --------
    >>> f"{delta_n_eff_estimate(106.75):.3f} {delta_n_eff_estimate(17.25):.2f}"
    '0.054 0.61'
    """
    if heated_by not in _HEATED_BY:
        raise unknown_name("kind of particle", heated_by, _HEATED_BY, where="delta_n_eff_estimate: heated_by")
    try:
        array = np.asarray(degrees, dtype=float)
    except (TypeError, ValueError):
        array = np.array(math.nan)
    if array.size == 0 or not np.all((array >= _AT_NEUTRINO_DECOUPLING) & np.isfinite(array)):
        raise InvalidInput(
            f"delta_n_eff_estimate: degrees = {degrees!r} is not allowed; expected at least {_AT_NEUTRINO_DECOUPLING}: decoupling before the neutrinos."
        )
    heat = (2 + _HEATED_BY[heated_by]) / 2
    return (8 / 7 * (_AT_NEUTRINO_DECOUPLING / array * heat) ** (4 / 3))[()]
