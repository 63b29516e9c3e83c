r"""Inelastic Dirac dark matter: two Dirac fermions, one of them charged, that mix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InvalidInput
from ._parameters import EITHER_LIGHTEST, MEDIATOR, SPLITTING, lightest, lightest_mass, one_number, refuse_derived
from .base import Coupling, DarkFermionModel, Parameter, Value, plain

_DERIVED = ("dark_matter_mass", "dark_matter_mass_ratio", "splitting", "mixing_angle")  # from the Lagrangian


class DiracInelastic(DarkFermionModel):
    r"""Inelastic Dirac dark matter: psi_1, psi_2 from a neutral and a charged Dirac fermion, with kinetic mixing of the mediator.

    .. math:: -\mathcal L_m = (\bar\eta, \bar\chi)\begin{pmatrix}M_1 & m\\ m & M_2\end{pmatrix}\begin{pmatrix}\eta\\ \chi\end{pmatrix},
              \qquad \tan 2\theta = \frac{2m}{M_2 - M_1}

    with chi of dark charge 1, eta neutral and m = y v_phi/sqrt 2. Masses :math:`\tfrac12(M_1+M_2) \mp \sqrt{\tfrac14(M_2-M_1)^2 + m^2}`.
    Current, times g_D:

    .. math:: J^\mu = \sin^2\theta\,\bar\psi_1\gamma^\mu\psi_1 - \sin\theta\cos\theta\,(\bar\psi_2\gamma^\mu\psi_1 + h.c.)
              + \cos^2\theta\,\bar\psi_2\gamma^\mu\psi_2

    Parameters
    ----------
    mass, epsilon, alpha_dark : float or array  of the mediator, GeV; kinetic mixing; g_D^2/4pi
    dark_matter_mass : float or array           m_1, GeV; fixed when the mass is scanned
    dark_matter_mass_ratio : float or array     m_1 / mass; follows a scanned mass; 1/3 if neither is given
    splitting : float or array                  (m_2 - m_1)/m_1, a fraction of the lighter mass, >= 0
    mixing_angle : float or array               theta in radians, 0 to pi/2; has to be given

    The width of "psi_1 psi_2" holds both charge states. :meth:`from_lagrangian` takes M_1, M_2, m instead; :meth:`lagrangian` gives
    them back. Raises InvalidInput for values outside these ranges and where both dark matter masses are given.

    Notes: neglected are Majorana masses of eta, which would split each state into two. The current holds for equal real
    Yukawa couplings of both chiralities; otherwise axial terms appear. Misprints of the talk on arXiv:2302.05410, corrected
    here: the h.c. of the off-diagonal term and the gamma matrix of the last term are missing; its Dirac mass term has a factor
    1/2 too many. The mixing angle of its benchmark is not given, and lifetimes go as 1/sin^2(2 theta).

    Source: arXiv:2302.05410; the talk on arXiv:2302.05410.

    Examples
    --------
    >>> model = DiracInelastic(mass=1.25, epsilon=1e-3, alpha_dark=0.1, splitting=0.4, dark_matter_mass_ratio=0.33, mixing_angle=0.1)
    >>> f"{model.branching_ratios()['psi_2 psi_2']:.3f}"
    '0.972'
    """

    mass: Value
    epsilon: Value
    alpha_dark: Value
    dark_matter_mass: Value
    dark_matter_mass_ratio: Value
    splitting: Value
    mixing_angle: Value

    NAME: ClassVar[str] = "dirac_inelastic"
    TITLE: ClassVar[str] = "Inelastic Dirac dark matter (two Dirac fermions that mix)"
    SOURCES: ClassVar[tuple[str, ...]] = ("arXiv:2302.05410", "talk on arXiv:2302.05410", "PDG 2024", "CODATA 2018")
    EXAMPLE: ClassVar[Mapping[str, Any]] = {"alpha_dark": 0.1, "splitting": 0.4, "mixing_angle": 0.1}
    EITHER: ClassVar[tuple[tuple[str, str], ...]] = EITHER_LIGHTEST
    MAJORANA: ClassVar[bool] = False
    NEEDED: ClassVar[tuple[str, ...]] = ("splitting", "mixing_angle")
    PARAMETERS: ClassVar[Mapping[str, Parameter]] = {
        **MEDIATOR,
        **lightest("dark_matter_mass", "m_1, the mass of psi_1", "1/3 unless dark_matter_mass is given"),
        "splitting": SPLITTING._replace(meaning="(m_2 - m_1)/m_1: over the lighter mass", symbol=r"$\Delta$"),
        "mixing_angle": Parameter("1", "theta in radians: psi_2 is charged with cos^2 theta", "none", 0.0, math.pi / 2, symbol=r"$\theta$"),
    }  # fmt: skip

    def __init__(
        self,
        *,
        mass: Value = None,
        epsilon: Value = None,
        alpha_dark: Value = None,
        dark_matter_mass: Value = None,
        dark_matter_mass_ratio: Value = None,
        splitting: Value = None,
        mixing_angle: Value = None,
    ) -> None:
        """Check and store the parameters; see the class."""
        if dark_matter_mass is None and dark_matter_mass_ratio is None:
            dark_matter_mass_ratio = 1 / 3
        self._store({"mass": mass, "epsilon": epsilon, "alpha_dark": alpha_dark, "dark_matter_mass": dark_matter_mass,
                     "dark_matter_mass_ratio": dark_matter_mass_ratio, "splitting": splitting, "mixing_angle": mixing_angle})  # fmt: skip

    @classmethod
    def from_lagrangian(
        cls, *, neutral_mass: float, charged_mass: float, mass_mixing: float, **others: Value
    ) -> DiracInelastic:
        """Return the model with the masses M_1, M_2, m of the Lagrangian (GeV); the other parameters as in the class.

        A negative m is turned by a change of sign of eta. Raises InvalidInput unless M_1 M_2 > m^2: beyond, psi_1 has a mass of the
        other sign and its current is axial, which this model does not hold.
        """
        refuse_derived(cls.NAME, others, _DERIVED, "the masses of the Lagrangian")
        neutral, charged, mixing = (
            one_number(cls.NAME, name, value)
            for name, value in (("neutral_mass", neutral_mass), ("charged_mass", charged_mass), ("mass_mixing", mass_mixing))
        )  # fmt: skip
        half = math.hypot((charged - neutral) / 2, mixing)
        heavier = (neutral + charged) / 2 + half
        lighter = (
            neutral / heavier * charged - mixing / heavier * mixing if heavier > 0 else 0.0
        )  # no difference of close numbers
        if lighter <= 0 or neutral <= 0:
            raise InvalidInput(
                f"{cls.NAME}: M_1 = {neutral:g}, M_2 = {charged:g}, m = {mixing:g} GeV make a mass of psi_1 that is not positive; expected M_1 M_2 > m^2."
            )
        angle = math.atan2(2 * abs(mixing), charged - neutral) / 2
        return cls(**others, dark_matter_mass=lighter, splitting=2 * half / lighter, mixing_angle=angle)

    def lagrangian(self) -> dict[str, Value]:
        """Return neutral_mass, charged_mass and mass_mixing in GeV, as :meth:`from_lagrangian` takes them."""
        self.require("mixing_angle")
        masses = self.fermion_masses()
        mean, half = (masses["psi_1"] + masses["psi_2"]) / 2, self.splitting * masses["psi_1"] / 2
        cosine, sine = np.cos(2 * self.mixing_angle), np.sin(2 * self.mixing_angle)
        found = {"neutral_mass": mean - half * cosine, "charged_mass": mean + half * cosine, "mass_mixing": half * sine}
        return {name: plain(value) for name, value in found.items()}

    def fermion_masses(self) -> dict[str, Value]:
        """Return m_1 and m_2 in GeV."""
        self.require("splitting")
        first = lightest_mass(self, "dark_matter_mass", "dark_matter_mass_ratio")
        return {"psi_1": first, "psi_2": first * (1 + self.splitting)}

    def couplings(self) -> dict[tuple[str, str], Coupling]:
        """Return couplings over g_D, all of vector kind."""
        self.require("mixing_angle")
        xp = jnp if isinstance(self.mixing_angle, jax.core.Tracer) else np
        sine, cosine = xp.sin(self.mixing_angle), xp.cos(self.mixing_angle)
        zero = 0.0 * sine
        return {
            ("psi_2", "psi_1"): Coupling(-sine * cosine, zero),
            ("psi_1", "psi_1"): Coupling(sine**2, zero),
            ("psi_2", "psi_2"): Coupling(cosine**2, zero),
        }
