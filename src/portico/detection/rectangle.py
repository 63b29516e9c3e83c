r"""A rectangle seen from a point: its solid angle, and the window in pseudorapidity and azimuth."""

from __future__ import annotations

from jaxtyping import Array, ArrayLike, Float

from ..numerics.namespace import array_namespace


def solid_angle(width: ArrayLike, height: ArrayLike, distance: ArrayLike) -> Float[Array, "..."]:
    r"""Return the solid angle of a rectangle that faces a point in front of its centre, sr.

    .. math:: \Omega = 4\arctan\frac{wh}{2d\sqrt{4d^2 + w^2 + h^2}}

    exact at any distance; w h/d^2 far away. A straight line from the interaction point crosses all layers of a telescope
    of equal rectangles if it crosses the last one: d is the distance of that one.

    Parameters
    ----------
    width, height, distance : arrays, shape (...)   of one unit, > 0

    Source: geometry; :func:`corner_solid_angle` for a point that is not in front of the centre.

    Examples
    --------
    >>> round(float(solid_angle(2.0, 2.0, 1.0)) * 6 / 3.141592653589793, 12)  # a face of a cube seen from its centre
    4.0
    """
    xp = array_namespace(width, height, distance)
    w, h, d = (xp.asarray(value) for value in (width, height, distance))
    return 4 * xp.arctan(w * h / (2 * d * xp.sqrt(4 * d * d + w * w + h * h)))


def corner_solid_angle(x: ArrayLike, y: ArrayLike, distance: ArrayLike) -> Float[Array, "..."]:
    r"""Return the solid angle, with sign, of the rectangle from (0, 0) to (x, y) seen from a point in front of (0, 0), sr.

    .. math:: \Omega = \arctan\frac{xy}{d\sqrt{d^2+x^2+y^2}}

    Any rectangle is a sum of four, with signs. Source: geometry.
    """
    xp = array_namespace(x, y, distance)
    x, y, d = (xp.asarray(value) for value in (x, y, distance))
    return xp.arctan(x * y / (d * xp.sqrt(d * d + x * x + y * y)))


def side_window(omega: ArrayLike, pseudorapidity: ArrayLike) -> Float[Array, "..."]:
    r"""Return the window in pseudorapidity times azimuth of a small solid angle, :math:`d\eta\,d\phi = \cosh^2\eta\,d\Omega`.

    Source: :math:`\cos\theta = \tanh\eta`. For windows in which neither cosh(eta) nor the flux changes much.
    """
    return omega * array_namespace(omega, pseudorapidity).cosh(pseudorapidity) ** 2
