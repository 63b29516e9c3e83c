r"""The dark photon: a massive vector with kinetic mixing, and dark matter charged under it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array

from ..decays import vector
from ..decays.chain import Chain, PairMode
from ..decays.dark_current import KINDS
from ..errors import InvalidInput
from ._mediator_widths import VISIBLE, lepton_masses, visible_width_unit
from ._parameters import HEAVIEST_GEV
from .base import Parameter, Value, VectorMediator

_DARK_WIDTHS = {
    "dirac": vector.width_to_dirac,
    "majorana": vector.width_to_majorana,
    "scalar": vector.width_to_complex_scalar,
}
_CHANNELS = (*VISIBLE, "chi chi")


class DarkPhoton(VectorMediator):
    r"""Dark photon A' with kinetic mixing and a dark matter particle.

    .. math:: \mathcal L = \epsilon e\,A'_\mu \sum_f Q_f\bar f\gamma^\mu f + g_\chi A'_\mu\,j^\mu_\chi, \qquad
              \alpha_D = g_\chi^2/4\pi

    with the dark current of a Dirac fermion (:math:`\bar\chi\gamma^\mu\chi`), a Majorana fermion
    (:math:`\tfrac12\bar\chi\gamma^\mu\gamma_5\chi`) or a complex scalar. In terms of kinetic and mass mixing with
    hypercharge, :math:`\epsilon = \cos\theta_W(\tilde\epsilon - \tilde\delta)` for masses far below that of the Z.

    Parameters
    ----------
    mass : float or array                    of A', GeV, 0 < mass <= 40
    epsilon : float or array                 kinetic mixing, 0 <= epsilon <= 1
    alpha_dark : float or array              >= 0, at most 100; 0 means no dark matter
    dark_matter : str                        "dirac", "majorana" or "scalar"
    dark_matter_mass : float or array        GeV; fixed when the mass is scanned
    dark_matter_mass_ratio : float or array  m_chi / mass; follows a scanned mass; 1/3 if neither is given

    Quantities may be text with a unit ("67 MeV"). Parameters that are scanned or limited may be left out.
    2 m_chi > mass is allowed here; a search that needs on-shell dark matter says so.

    Raises InvalidInput for values outside these ranges and where both dark matter masses are given.

    Source: arXiv:2212.04252; arXiv:0906.0580.

    Examples
    --------
    >>> DarkPhoton(mass=0.3, epsilon=1e-3).branching_ratios()["e+ e-"] > 0.5
    True
    """

    mass: Value
    epsilon: Value
    alpha_dark: Value
    dark_matter_mass: Value
    dark_matter_mass_ratio: Value
    dark_matter: str = eqx.field(static=True)

    EITHER: ClassVar[tuple[tuple[str, str], ...]] = (("dark_matter_mass", "dark_matter_mass_ratio"),)
    NAME: ClassVar[str] = "dark_photon"
    TITLE: ClassVar[str] = "Dark photon with kinetic mixing and dark matter"
    SOURCES: ClassVar[tuple[str, ...]] = ("arXiv:2212.04252", "arXiv:0906.0580", "PDG 2024", "CODATA 2018")
    PARAMETERS: ClassVar[Mapping[str, Parameter]] = {
        "mass": Parameter("GeV", "mass of the dark photon A'", "none", 0.0, HEAVIEST_GEV, low_open=True, symbol=r"$m_{A'}$"),
        "epsilon": Parameter("1", "kinetic mixing: coupling to charge Q is epsilon e Q", "none", 0.0, 1.0,
                             limit_range=(1e-8, 1.0), source="arXiv:0906.0580 eq. (1)", symbol=r"$\epsilon$"),
        "alpha_dark": Parameter("1", "dark fine-structure constant g_chi^2/4pi; 0 means no dark matter", "0", 0.0, 100.0,
                                limit_range=(1e-8, 1.0), symbol=r"$\alpha_D$"),
        "dark_matter": Parameter("1", "kind of dark matter", "dirac", choices=KINDS),
        "dark_matter_mass": Parameter("GeV", "mass of the dark matter particle; stays when the mass is scanned", "none", 0.0, 1e3, symbol=r"$m_\chi$"),
        "dark_matter_mass_ratio": Parameter("1", "m_chi / mass; follows a scanned mass", "1/3 unless dark_matter_mass is given", 0.0, 1e3,
                                            symbol=r"$m_\chi/m_{A'}$"),
    }  # fmt: skip

    def __init__(
        self,
        *,
        mass: Value = None,
        epsilon: Value = None,
        alpha_dark: Value = 0.0,
        dark_matter: str = "dirac",
        dark_matter_mass: Value = None,
        dark_matter_mass_ratio: Value = None,
    ) -> None:
        """Check and store the parameters; see the class."""
        given = {"mass": mass, "epsilon": epsilon, "alpha_dark": alpha_dark, "dark_matter": dark_matter,
                 "dark_matter_mass": dark_matter_mass, "dark_matter_mass_ratio": dark_matter_mass_ratio}  # fmt: skip
        if dark_matter_mass is None and dark_matter_mass_ratio is None:
            given["dark_matter_mass_ratio"] = 1 / 3
        self._store(given)

    def dark_matter_mass_gev(self) -> Value:
        """Return the mass of the dark matter particle in GeV, from the mass or from the ratio."""
        if self.dark_matter_mass is not None:
            return self.dark_matter_mass
        self.require("mass")
        return self.dark_matter_mass_ratio * self.mass

    def partial_widths(self) -> dict[str, Value]:
        """Return partial widths in GeV by channel: e+ e-, mu+ mu-, tau+ tau-, hadrons, gamma gamma gamma, chi chi.

        Source: :mod:`portico.decays.vector`.
        """
        self.require("mass", "epsilon", "alpha_dark")
        widths = _partial_widths(
            self.mass,
            self.epsilon,
            self.alpha_dark,
            self.dark_matter_mass_gev(),
            lepton_masses(),
            kind=self.dark_matter,
        )
        return {name: widths[name] for name in _CHANNELS}

    def visible_width_unit(self) -> Value:
        """Return the width to Standard-Model particles in GeV for epsilon = 1."""
        self.require("mass")
        return visible_width_unit(self.mass)

    def chain(self, *, hadrons: bool = True, propagator_width: str = "mediator") -> Chain:
        """Return what cascades need to know of this model: one mode to stable dark matter, or none; for single numbers.

        Both options belong to models whose fermions decay and change nothing here. Scalars are given as fermions with a vector
        coupling: their pair is isotropic all the same where polarisation is not followed. Raises InvalidInput for arrays.
        """
        self.require("mass", "alpha_dark")
        dark, mass = self.dark_matter_mass_gev(), self.mass
        if any(np.ndim(value) > 0 for value in self.parameters().values()):
            raise InvalidInput("dark_photon: a chain of decays is that of one point; expected no array.")
        width = float(_DARK_WIDTHS[self.dark_matter](mass, self.alpha_dark, dark))
        majorana = self.dark_matter == "majorana"
        modes = (PairMode(0, 0, 1.0, float(not majorana), float(majorana)),) if width > 0 else ()
        return Chain(float(mass), width, (float(dark),), majorana, modes, (), (math.inf,))


@partial(jax.jit, static_argnames=("kind",))
def _partial_widths(
    mass: Array,
    epsilon: Array,
    alpha_dark: Array,
    dark_matter_mass: Array,
    leptons: tuple[float, float, float],
    *,
    kind: str,
) -> dict[str, Array]:
    return {
        **vector.visible_widths(mass, epsilon, leptons),
        "chi chi": _DARK_WIDTHS[kind](mass, alpha_dark, dark_matter_mass),
    }
