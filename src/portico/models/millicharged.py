r"""A particle of small electric charge, stable, with nothing else new."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import equinox as eqx
import numpy as np

from .. import particles
from ..constants import ALPHA_S_MZ, SIN2_THETA_W
from ..decays import millicharged as decays
from ..decays import neutral_current
from ..electroweak.exchange import NeutralExchange
from ..numerics.namespace import array_namespace
from . import _parent_decays
from ._parameters import millicharged_particle
from .base import Model, Parameter, ParentDecay, Value, plain

_CHARGES = {"up": (2 / 3, 0.5), "down": (-1 / 3, -0.5), "lepton": (-1.0, -0.5)}


class Millicharged(Model):
    r"""A stable Dirac fermion chi of charge epsilon e.

    .. math:: \mathcal L = \epsilon e\,\bar\chi\gamma^\mu\chi\,(A_\mu - \tan\theta_W\,Z_\mu)\ \text{(hypercharge)},\qquad
              \mathcal L = \epsilon e\,\bar\chi\gamma^\mu\chi\,A_\mu\ \text{(photon)}

    The coupling to the Z is that of a field with hypercharge, as kinetic mixing with a massless dark photon gives it.

    Parameters
    ----------
    mass : float or array      GeV
    epsilon : float or array   charge over e, 0 <= epsilon <= 1
    kind : str                 "hypercharge", or "photon": without coupling to the Z
    alpha : float or array     fine-structure constant: e of production and of the decay of the Z

    The particle is stable: it has no widths of its own. Those of mesons and the Z to it are in :meth:`parent_decays`.
    Quantities may be text with a unit ("67 MeV"). Raises InvalidInput for values outside these ranges.

    Source: arXiv:1506.04760, its Holdom phase.

    Examples
    --------
    >>> found = Millicharged(mass=1.0, epsilon=1e-2).parent_decays()
    >>> f"{found['J/psi -> chi chi'].branching_ratio:.2e}"
    '5.51e-06'
    """

    mass: Value
    epsilon: Value
    alpha: Value
    kind: str = eqx.field(static=True)

    NAME: ClassVar[str] = "millicharged"
    TITLE: ClassVar[str] = "Millicharged particle: a stable fermion of small electric charge"
    SOURCES: ClassVar[tuple[str, ...]] = ("arXiv:1506.04760", "PDG 2024", "CODATA 2018")
    LIMITED_PARTICLE: ClassVar[str] = "millicharged"
    PARAMETERS: ClassVar[Mapping[str, Parameter]] = {
        **millicharged_particle("1/127.95, at the Z"),
        "kind": Parameter("1", "what carries the charge", "hypercharge", choices=("hypercharge", "photon")),
    }

    def __init__(
        self, *, mass: Value = None, epsilon: Value = None, kind: str = "hypercharge", alpha: Value = 1 / 127.95
    ) -> None:
        """Check and store the parameters; see the class."""
        self._store({"mass": mass, "epsilon": epsilon, "kind": kind, "alpha": alpha})

    def partial_widths(self) -> dict[str, Value]:
        """Return no widths: the particle is stable."""
        self.require("mass")
        return {}

    def width(self) -> Value:
        """Return 0, of the shape of the parameters."""
        self.require("mass")
        shapes = [np.shape(value) for value in (self.mass, self.epsilon, self.alpha) if value is not None]
        return plain(np.zeros(np.broadcast_shapes(*shapes)))

    def parent_decays(self) -> dict[str, ParentDecay]:
        """Return decays of the Z and of mesons to pairs of the particle.

        Source: :mod:`portico.decays.millicharged`.
        """
        self.require("mass", "epsilon", "alpha")
        xp, found = array_namespace(self.mass, self.epsilon, self.alpha), {}
        if self.kind == "hypercharge":
            unit = decays.width_of_z(self.mass, particles.mass("Z"), alpha=self.alpha, sin2_theta_w=SIN2_THETA_W)
            width = xp.asarray(self.epsilon) ** 2 * unit
            found["Z -> chi chi"] = ParentDecay(plain(width), plain(width / self._z_width()))
        return found | _parent_decays.of_mesons(self.mass, self.epsilon, self.exchange())

    def exchange(self) -> NeutralExchange:
        """Return what production needs of this model: the photon, and the Z unless ``kind`` is "photon"."""
        self.require("mass", "epsilon", "alpha")
        xp = array_namespace(self.mass, self.epsilon, self.alpha)
        e, sine2, zero = xp.sqrt(4 * math.pi * self.alpha), SIN2_THETA_W, 0.0 * self.epsilon * self.alpha
        z = e / math.sqrt(sine2 * (1 - sine2))
        count = 2 if self.kind == "hypercharge" else 1

        def together(photon: Value, other: Value) -> Value:
            return xp.stack(xp.broadcast_arrays(*(zero + value for value in (photon, other)[:count])), axis=-1)

        pairs = {}
        for name, (charge, isospin) in _CHARGES.items():
            photon = neutral_current.standard_model_current(e, 0.0, sine2, charge, isospin)
            other = neutral_current.standard_model_current(0.0, z, sine2, charge, isospin)
            pairs[f"{name}_vector"] = together(photon.vector, other.vector)
            pairs[f"{name}_axial"] = together(photon.axial, other.axial)
        charge = self.epsilon * e
        return NeutralExchange(
            names=("photon", "Z")[:count],
            mass=together(0.0, particles.mass("Z")),
            width=together(0.0, self._z_width()),
            particle_vector=together(charge, -charge * math.sqrt(sine2 / (1 - sine2))),
            particle_axial=together(0.0, 0.0),
            **pairs,
        )

    def _z_width(self) -> Value:
        """Width of the Z in GeV: the Standard Model at tree level with the QCD factor, and the particle itself."""
        mass, sine2 = particles.mass("Z"), SIN2_THETA_W
        own = 0.0
        if self.kind == "hypercharge":
            own = self.epsilon**2 * decays.width_of_z(self.mass, mass, alpha=self.alpha, sin2_theta_w=sine2)
        return self.alpha * _z_width_unit() + own


def _z_width_unit() -> float:
    """Width of the Z to the Standard Model over alpha, GeV."""
    mass, sine2 = particles.mass("Z"), SIN2_THETA_W
    z = math.sqrt(4 * math.pi / (sine2 * (1 - sine2)))

    def squares(charge: float, isospin: float) -> float:
        v, a = neutral_current.standard_model_current(0.0, z, sine2, charge, isospin)
        return float(np.asarray(v) ** 2 + np.asarray(a) ** 2)

    qcd = 3 * (1 + ALPHA_S_MZ / math.pi)
    quarks = qcd * (2 * squares(2 / 3, 0.5) + 3 * squares(-1 / 3, -0.5))
    return mass / (12 * math.pi) * (3 * squares(-1.0, -0.5) + 3 * squares(0.0, 0.5) + quarks)
