r"""Where along a ray from the origin a point lies inside an instrumented volume."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float


class Volume(NamedTuple):
    """A hollow cylinder around the beam axis, cm: inner_radius <= rho < radius, backward < z < forward.

    With ``inner_radius`` 0 the origin is inside: every ray is inside from its start to one end.
    """

    inner_radius: ArrayLike
    radius: ArrayLike
    backward: ArrayLike
    forward: ArrayLike


def scales_inside(point: Float[Array, "... 3"], volume: Volume) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Return the range of t for which t times ``point`` lies inside the volume: (enter, leave), leave <= enter where never.

    .. math:: t \in \Big[\frac{\rho_\mathrm{in}}{\rho},\ \min\Big(\frac{\rho_\mathrm{out}}{\rho},
              \frac{z_\mathrm{end}}{z}\Big)\Big], \qquad z_\mathrm{end} = z_\mathrm{forward}\ (z > 0),\ z_\mathrm{backward}\ (z < 0)

    Parameters
    ----------
    point : array, shape (..., 3)   cm, relative to the origin
    volume : Volume                 with backward < 0 < forward

    Returns
    -------
    arrays, shape (...)             no unit; for a point at the origin itself (0, inf) where inner_radius is 0

    Source: geometry.
    """
    x, y, z = point[..., 0], point[..., 1], point[..., 2]
    rho = jnp.sqrt(x * x + y * y)
    far = jnp.inf
    on_axis = rho == 0
    safe = jnp.where(on_axis, 1.0, rho)
    enter = jnp.where(on_axis, jnp.where(jnp.asarray(volume.inner_radius) > 0, far, 0.0), volume.inner_radius / safe)
    side = jnp.where(on_axis, far, volume.radius / safe)
    end = jnp.where(z > 0, volume.forward, volume.backward) / jnp.where(z == 0, 1.0, z)
    return enter, jnp.minimum(side, jnp.where(z == 0, far, end))
