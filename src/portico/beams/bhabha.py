r"""Positrons of Bhabha scattering, e+ e- -> e+ e-, that enter the barrel of a collider detector."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import constants, particles, registry, units
from ..flux import Flux, energies
from ..kinematics.collider import ColliderFrame, collider_frame, cosine_from_energy, energy_from_angle
from ..numerics import quadrature, tables
from ..numerics.namespace import array_namespace

TRACKS = ("positron", "both")
"""Which tracks must be in the barrel: the positron alone, or the electron as well."""

_AZIMUTH_ORDER = 32


def dsigma_dcos(
    cosine: ArrayLike, s: ArrayLike, *, z_mass: ArrayLike, z_width: ArrayLike, sin2_theta_w: ArrayLike
) -> Float[Array, "..."]:
    r"""Bhabha scattering with photon and Z exchange in the s and t channels, for massless electrons.

    .. math:: \frac{d\sigma}{dc} = \frac{\pi\alpha^2}{2s}\Big\{u^2\big[|G_{LL}(s)+G_{LL}(t)|^2 + |G_{RR}(s)+G_{RR}(t)|^2\big]
              + 2t^2|G_{LR}(s)|^2 + 2s^2|G_{LR}(t)|^2\Big\}

    with :math:`G_{ij}(q^2) = 1/q^2 + g_i g_j/(q^2 - m_Z^2 + i m_Z\Gamma_Z)` (the width in the s channel only),
    :math:`g_L = (-1/2 + s_W^2)/(s_W c_W)`, :math:`g_R = s_W/c_W`, t = -s(1-c)/2 and u = -s(1+c)/2.

    Born level with alpha(0): running alpha would add several per cent. Diverges as c -> 1; never integrate up to there.

    Parameters
    ----------
    cosine : array, shape (...)      of the angle between incoming and outgoing positron in the centre of mass, < 1
    s : array, shape (...)           GeV^2
    z_mass, z_width : float          GeV; an infinite mass gives photon exchange alone
    sin2_theta_w : float             weak mixing angle

    Returns
    -------
    array, shape (...)               GeV^-2

    Source: M. Boehm, A. Denner, W. Hollik, Nucl. Phys. B 304 (1988) 687, Born terms; photon limit PDG review
    "Cross-section formulae for specific processes", eq. (51.4).
    """
    xp = array_namespace(cosine, s, z_mass, z_width, sin2_theta_w)
    c, s = xp.asarray(cosine), xp.asarray(s)
    t, u = -s * (1 - c) / 2, -s * (1 + c) / 2
    sw2 = xp.asarray(sin2_theta_w)
    norm = xp.sqrt(sw2 * (1 - sw2))
    left, right = (sw2 - 0.5) / norm, sw2 / norm

    def exchange(product: Array, q2: Array, width: ArrayLike) -> tuple[Array, Array]:
        """Real and imaginary part of G."""
        inverse = 1 / xp.asarray(z_mass) ** 2  # the mass enters as its inverse square, so that infinity is allowed
        a, b = q2 * inverse - 1, width / z_mass
        return 1 / q2 + product * inverse * a / (a**2 + b**2), -product * inverse * b / (a**2 + b**2)

    def squared_sum(product: Array) -> Array:
        (real_s, imag_s), (real_t, _) = exchange(product, s, z_width), exchange(product, t, 0.0)
        return (real_s + real_t) ** 2 + imag_s**2

    mixed_s, mixed_t = exchange(left * right, s, z_width), exchange(left * right, t, 0.0)
    return (
        xp.pi * constants.ALPHA**2 / (2 * s)
        * (u**2 * (squared_sum(left**2) + squared_sum(right**2)) + 2 * t**2 * (mixed_s[0] ** 2 + mixed_s[1] ** 2) + 2 * s**2 * mixed_t[0] ** 2)
    )  # fmt: skip


@cache
def relative_uncertainty() -> float:
    """Return the relative error of the Born-level spectrum. Source: ``bhabha.toml``."""
    content = registry.read_toml(Path(__file__).with_name("bhabha.toml"))
    return units.convert(content["born_level"]["relative_uncertainty"]["value"], units.DIMENSIONLESS)


def acceptance_edges(frame: ColliderFrame, polar_angles: tuple[float, float], tracks: str) -> np.ndarray:
    """Return the positron energies (GeV) at which the accepted part of the azimuth starts, bends or ends.

    ``polar_angles`` are the ends of the barrel, laboratory, rad. Source: geometry.
    """
    angles = np.array([abs(angle + sign * float(frame.tilt)) for angle in polar_angles for sign in (-1, 1)])
    own = set(energy_from_angle(angles, frame).tolist())
    candidates = set(own)
    if tracks == "both":
        candidates |= {float(frame.total_energy) - energy for energy in own}
        candidates |= set(_exchange_energies(frame, polar_angles, min(candidates), max(candidates)))
    merged: list[float] = []
    for energy in sorted(candidates):
        if not merged or energy - merged[-1] > 1e-9 * energy:
            merged.append(energy)
    middle = 0.5 * (np.array(merged[:-1]) + np.array(merged[1:]))
    low, high = accepted_azimuth(middle, frame, polar_angles, tracks=tracks)
    open_cells = np.flatnonzero(np.asarray(high) > np.asarray(low))
    if open_cells.size == 0:
        return np.array([])
    return np.array(merged)[open_cells[0] : open_cells[-1] + 2]


def _exchange_energies(
    frame: ColliderFrame, polar_angles: tuple[float, float], lowest: float, highest: float
) -> list[float]:
    """Energies at which the other track becomes the one that bounds the azimuth: sampled, then zoomed into."""
    found: list[float] = []
    for end in (0, 1):
        brackets = [(lowest, highest)]
        for _ in range(5):  # each zoom gains a factor 1000
            finer: list[tuple[float, float]] = []
            for low, high in brackets:
                energy = np.linspace(low, high, 1001)
                bounds = np.clip(np.asarray(azimuth_bounds(energy, frame, polar_angles)[end]), -1.0, 1.0)
                difference = np.sign(bounds[0] - bounds[1])
                change = np.flatnonzero(difference[:-1] * difference[1:] < 0)
                finer += list(zip(energy[change].tolist(), energy[change + 1].tolist(), strict=True))
            brackets = finer
        found += [0.5 * (low + high) for low, high in brackets]
    return found


def azimuth_bounds(
    energy: ArrayLike, frame: ColliderFrame, polar_angles: tuple[float, float]
) -> tuple[Float[Array, "2 ..."], Float[Array, "2 ..."]]:
    """Return the smallest and largest cosine of the azimuth that each track allows: positron, electron.

    Parameters and formula as :func:`accepted_azimuth`. Source: spherical trigonometry.
    """
    xp = array_namespace(energy, frame)
    cos_low, cos_high = xp.cos(polar_angles[1]), xp.cos(polar_angles[0])
    energies_of_tracks = xp.stack([xp.asarray(energy), frame.total_energy - energy])
    cosine = xp.clip(cosine_from_energy(energies_of_tracks, frame)[1], -1.0, 1.0)
    lever = xp.maximum(xp.sin(frame.tilt) * xp.sqrt(1 - cosine**2), 1e-300)
    first = (cos_low - xp.cos(frame.tilt) * cosine) / lever
    last = (cos_high - xp.cos(frame.tilt) * cosine) / lever
    return xp.stack([first[0], -last[1]]), xp.stack([last[0], -first[1]])


def accepted_azimuth(
    energy: ArrayLike, frame: ColliderFrame, polar_angles: tuple[float, float], tracks: str
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    r"""Return the interval of the azimuth about the boost, within [0, pi], in which the tracks are in the barrel.

    .. math:: \cos\theta_\mathrm{lab} = \cos\delta\cos\theta + \sin\delta\sin\theta\cos\phi

    with the tilt delta of the boost; for the electron phi -> phi + pi. The event is symmetric under phi -> -phi.

    Parameters
    ----------
    energy : array, shape (...)   of the positron, GeV
    polar_angles : two floats     ends of the barrel, rad
    tracks : str                  "positron" or "both"

    Returns
    -------
    two arrays, shape (...)       rad; equal where nothing is accepted

    Source: spherical trigonometry.
    """
    xp = array_namespace(energy, frame)
    count = 1 if tracks == "positron" else 2
    lows, highs = azimuth_bounds(energy, frame, polar_angles)
    low, high = xp.max(lows[:count], axis=0), xp.min(highs[:count], axis=0)
    low, high = xp.clip(low, -1.0, 1.0), xp.clip(high, -1.0, 1.0)
    return xp.arccos(xp.maximum(high, low)), xp.arccos(low)


def dsigma_denergy(
    energy: ArrayLike,
    inside: ArrayLike,
    frame: ColliderFrame,
    polar_angles: tuple[float, float],
    *,
    tracks: str,
    electroweak: tuple[float, float, float],
) -> Float[Array, "..."]:
    r"""Bhabha cross section per laboratory energy of the positron, with the tracks in the barrel.

    .. math:: \frac{d\sigma}{dE} = \frac{2}{\gamma\beta\sqrt s}\,\frac{1}{\pi}\int_{\phi_a}^{\phi_b} d\phi\,
              \frac{d\sigma}{dc}(c), \qquad c = -(\cos\theta^*\cos\eta + \sin\theta^*\sin\eta\cos\phi)

    ``eta`` is the angle of the incoming electron to the boost. For head-on beams :math:`c = -\cos\theta^*`: the incoming
    positron moves along -z.

    Parameters
    ----------
    energy : array, shape (...)    GeV
    inside : array, shape (...)    energy at which the acceptance is taken: ``energy``, moved off an acceptance edge
    electroweak : three floats     Z mass (GeV), Z width (GeV), sin^2 theta_W

    Returns
    -------
    array, shape (...)             GeV^-3

    Source: Lorentz transformation of :func:`dsigma_dcos`.
    """
    xp = array_namespace(energy, inside, frame)
    cos_star = xp.clip(cosine_from_energy(energy, frame)[0], -1.0, 1.0)
    start, stop = accepted_azimuth(inside, frame, polar_angles, tracks)
    azimuth, weight = quadrature.scaled(start, stop, _AZIMUTH_ORDER)
    sin_star = xp.sqrt(1 - cos_star**2)
    cosine = -(
        (cos_star * xp.cos(frame.beam_angle))[..., None]
        + (sin_star * xp.sin(frame.beam_angle))[..., None] * xp.cos(azimuth)
    )
    z_mass, z_width, sin2_theta_w = electroweak
    density = dsigma_dcos(cosine, frame.root_s**2, z_mass=z_mass, z_width=z_width, sin2_theta_w=sin2_theta_w)
    return 2 / (frame.gamma * frame.beta * frame.root_s) * xp.sum(weight * density, axis=-1) / xp.pi


def bhabha_positrons(
    electron_energy: float,
    positron_energy: float,
    polar_angles: tuple[float, float],
    luminosity_per_cm2: float,
    *,
    crossing_angle: float = 0.0,
    tracks: str = "positron",
    points: int = 129,
) -> Flux:
    r"""Return the positrons of Bhabha scattering that enter the barrel, as a :class:`~portico.flux.Flux`.

    Parameters
    ----------
    electron_energy, positron_energy : float   beams, GeV, unequal
    polar_angles : two floats                  ends of the barrel, laboratory polar angle, rad
    luminosity_per_cm2 : float                 integrated luminosity
    crossing_angle : float                     full angle, rad; 0 for head-on beams
    tracks : str                               "positron": only the positron must be in the barrel; "both": the electron too

    Source: :func:`dsigma_dcos`; Z mass and width from PDG, weak mixing angle from :mod:`portico.constants`.
    """
    frame = collider_frame(electron_energy, positron_energy, crossing_angle)
    edges = acceptance_edges(frame, polar_angles, tracks)
    if edges.size == 0:
        # nothing is accepted: a spectrum of zeros over energies that exist
        middle = float(frame.gamma * frame.root_s / 2)
        edges = middle * np.array([1 - float(frame.beta) / 2, 1 + float(frame.beta) / 2])
    electroweak = (particles.mass("Z"), particles.width("Z"), constants.SIN2_THETA_W)
    energy = np.asarray(energies(edges, points))
    margin = 1e-9 * np.diff(edges)[:, None]
    inside = np.clip(energy, edges[:-1, None] + margin, edges[1:, None] - margin)
    dsigma = dsigma_denergy(energy, inside, frame, polar_angles, tracks=tracks, electroweak=electroweak)
    zero = np.zeros(len(edges) - 1)
    table = tables.make_table(luminosity_per_cm2 * constants.GEV2_CM2 * dsigma, zero, zero + 1)
    return Flux("e+", edges, table, "Bhabha scattering, Born level, photon and Z exchange")
