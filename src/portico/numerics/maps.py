"""Changes of variable that make integrands smooth: logarithmic end points, resonances, square roots."""

from __future__ import annotations

from jaxtyping import Array, ArrayLike, Float

from .namespace import array_namespace


def logarithmic_coordinate(y: ArrayLike) -> Float[Array, "..."]:
    r"""Return the coordinate in which a function with a :math:`1/(y \ln^2 y)` end point at 0 becomes smooth.

    .. math:: w(y) = 1/\ln(1 + 1/y), \qquad w(0) = 0

    For y << 1 this is :math:`1/\ln(1/y)`, the variable usual for track lengths; unlike it, w(y) is regular and rises
    for every y > 0 (w -> y + 1/2 for y >> 1), so one table covers all energies.

    Parameters
    ----------
    y : array, shape (...)   >= 0

    Returns
    -------
    array, shape (...)       >= 0
    """
    xp = array_namespace(y)
    y = xp.asarray(y)
    positive = y > 0
    safe = xp.where(positive, y, 1.0)
    return xp.where(positive, 1 / xp.log1p(1 / safe), 0.0)


def from_logarithmic_coordinate(w: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`y(w) = 1/(e^{1/w} - 1)`, the inverse of :func:`logarithmic_coordinate`; 0 below w = 1/700."""
    xp = array_namespace(w)
    w = xp.asarray(w)
    inside = w > 1 / 700
    safe = xp.where(inside, w, 1.0)
    return xp.where(inside, 1 / xp.expm1(1 / safe), 0.0)


def logarithmic_jacobian(w: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`dy/dw = y(1+y)/w^2`; 0 at w = 0."""
    xp = array_namespace(w)
    w = xp.asarray(w)
    y = from_logarithmic_coordinate(w)
    safe = xp.where(w > 0, w, 1.0)
    return xp.where(w > 0, y * (1 + y) / safe**2, 0.0)


def resonance_coordinate(value: ArrayLike, centre: ArrayLike, width: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`u = \mathrm{asinh}[(z - z_0)/\Gamma]`, linear inside a resonance and logarithmic in its tails."""
    xp = array_namespace(value, centre, width)
    return xp.arcsinh((xp.asarray(value) - centre) / width)


def from_resonance_coordinate(u: ArrayLike, centre: ArrayLike, width: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`z = z_0 + \Gamma \sinh u`, the inverse of :func:`resonance_coordinate`."""
    xp = array_namespace(u, centre, width)
    return centre + width * xp.sinh(xp.asarray(u))
