r"""The frame of a collider with two beams of unequal energy that may cross at an angle.

Axes: z bisects the electron beam and the reverse of the positron beam; both beams lean by half the crossing angle
towards +x. Beams are massless.
"""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Array, ArrayLike, Float

from ..numerics.namespace import array_namespace


class ColliderFrame(NamedTuple):
    """The boost from the centre of mass to the laboratory, and where beam and detector axes lie about it.

    ``tilt`` is the angle between the z axis and the boost; ``beam_angle`` the angle, in the centre of mass, between the
    incoming electron and the boost, counted positive towards z. Angles in rad, energies in GeV.
    """

    total_energy: Float[Array, ""]
    root_s: Float[Array, ""]
    beta: Float[Array, ""]
    gamma: Float[Array, ""]
    tilt: Float[Array, ""]
    beam_angle: Float[Array, ""]


def collider_frame(
    electron_energy: ArrayLike, positron_energy: ArrayLike, crossing_angle: ArrayLike = 0.0
) -> ColliderFrame:
    r"""Return the frame of two massless beams.

    .. math:: s = 4 E_- E_+ \cos^2(\theta_c/2), \qquad \beta = |\vec p_- + \vec p_+|/(E_- + E_+)

    Parameters
    ----------
    electron_energy, positron_energy : float   GeV; the electrons move along +z
    crossing_angle : float                     full angle between the electron beam and the reverse positron beam, rad

    Source: energy-momentum conservation; for head-on beams beta = (E_- - E_+)/(E_- + E_+).
    """
    xp = array_namespace(electron_energy, positron_energy, crossing_angle)
    half = xp.asarray(crossing_angle) / 2
    energy = xp.asarray(electron_energy) + positron_energy
    along_z = (xp.asarray(electron_energy) - positron_energy) * xp.cos(half)
    along_x = energy * xp.sin(half)
    root_s = 2 * xp.sqrt(xp.asarray(electron_energy) * positron_energy) * xp.cos(half)
    gamma = energy / root_s
    beta = xp.hypot(along_z, along_x) / energy
    tilt = xp.arctan2(along_x, along_z)
    lean = tilt - half  # between the electron beam and the boost, in the laboratory
    parallel = gamma * (xp.cos(lean) - beta)
    return ColliderFrame(energy, root_s, beta, gamma, tilt, xp.arctan2(xp.sin(lean), parallel))


def cosine_from_energy(energy: ArrayLike, frame: ColliderFrame) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Return the cosines to the boost of a massless particle that has half the centre-of-mass energy.

    .. math:: \cos\theta^* = \frac{1}{\beta}\left(\frac{2E}{\gamma\sqrt s} - 1\right), \qquad
              \cos\theta = \frac{1}{\beta}\left(1 - \frac{\sqrt s}{2\gamma E}\right)

    Parameters
    ----------
    energy : array, shape (...)   laboratory energy, GeV, > 0
    frame : ColliderFrame         with beta > 0

    Returns
    -------
    two arrays, shape (...)       in the centre of mass, in the laboratory; outside [-1, 1] where impossible

    Source: Lorentz transformation.
    """
    xp = array_namespace(energy, frame)
    ratio = 2 * xp.asarray(energy) / (frame.gamma * frame.root_s)
    return (ratio - 1) / frame.beta, (1 - 1 / (frame.gamma**2 * ratio)) / frame.beta


def energy_from_angle(angle: ArrayLike, frame: ColliderFrame) -> Float[Array, "..."]:
    r"""Return :math:`E = \sqrt s / [2\gamma(1 - \beta\cos\theta)]`, theta the laboratory angle to the boost in rad.

    Source: Lorentz transformation.
    """
    xp = array_namespace(angle, frame)
    return frame.root_s / 2 / (frame.gamma * (1 - frame.beta * xp.cos(angle)))
