r"""The spin-summed dark current behind a virtual vector: one function for widths, line shapes and annihilation."""

from __future__ import annotations

from jaxtyping import Array, ArrayLike, Float

from ..numerics.namespace import array_namespace

KINDS = ("dirac", "majorana", "scalar")
"""Kinds of dark matter: Dirac fermion (vector current), Majorana fermion (axial), complex scalar."""


def dark_current(s: ArrayLike, dark_matter_mass: ArrayLike, kind: str) -> Float[Array, "..."]:
    r"""Return D(s), GeV^2, such that :math:`\sqrt s\,\Gamma_\chi(\sqrt s) = \alpha_D D(s)/3`.

    .. math:: D = (s + 2m_\chi^2)\,\beta\ \text{(Dirac)}, \quad \tfrac12 s\,\beta^3\ \text{(Majorana)}, \quad
              \tfrac14 s\,\beta^3\ \text{(complex scalar)}, \qquad \beta = \sqrt{1-4m_\chi^2/s}

    Parameters
    ----------
    s : array, shape (...)             invariant mass squared, GeV^2, > 0
    dark_matter_mass : array           GeV
    kind : str                         one of KINDS

    Returns
    -------
    array, shape (...)                 exactly 0 at and below threshold, with finite gradient

    Source: two-body phase space of the currents of :mod:`portico.decays.vector`, tested against its widths.
    """
    xp = array_namespace(s, dark_matter_mass)
    s, mass = xp.asarray(s), xp.asarray(dark_matter_mass)
    squared = xp.where(s > 0, 1 - 4 * mass**2 / xp.where(s > 0, s, 1.0), 0.0)
    is_open = squared > 0
    beta = xp.sqrt(xp.where(is_open, squared, 1.0))
    if kind == "dirac":
        value = (s + 2 * mass**2) * beta
    else:
        value = (0.5 if kind == "majorana" else 0.25) * s * beta**3
    return xp.where(is_open, value, 0.0)
