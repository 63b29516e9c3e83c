r"""Neutral vectors between Standard-Model fermions and a millicharged particle, as plain numbers: what production needs to know of a model."""

from __future__ import annotations

from typing import Any, NamedTuple


class NeutralExchange(NamedTuple):
    r"""Vectors that couple to Standard-Model fermions and to a millicharged particle chi, exchanged coherently.

    Each couples as :math:`V_\mu\,\bar f\gamma^\mu(v - a\gamma_5)f` with the e or g inside v and a. The last axis of every array is
    that of the vectors; the axes before it are those of the points and broadcast. Quarks and leptons of one charge couple alike.
    A vector that does not couple to the Standard Model, such as a decoupled massless A', is left out.

    Attributes
    ----------
    names : tuple of str                 "photon", "Z", "Z'"
    mass, width : arrays                 GeV; 0 for the photon
    up_vector, up_axial                  u and c quarks
    down_vector, down_axial              d, s and b quarks
    lepton_vector, lepton_axial          charged leptons
    particle_vector, particle_axial      the millicharged particle
    """

    names: tuple[str, ...]
    mass: Any
    width: Any
    up_vector: Any
    up_axial: Any
    down_vector: Any
    down_axial: Any
    lepton_vector: Any
    lepton_axial: Any
    particle_vector: Any
    particle_axial: Any
