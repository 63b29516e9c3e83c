r"""Inelastic dark matter: two Majorana fermions from two Weyl fermions, coupled to the mediator mainly off the diagonal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InvalidInput
from ._parameters import EITHER_LIGHTEST, MEDIATOR, SPLITTING, lightest, lightest_mass, one_number, refuse_derived
from .base import Coupling, DarkFermionModel, Parameter, Value, plain

_DERIVED = ("dark_matter_mass", "dark_matter_mass_ratio", "splitting", "cos_2theta", "current")  # from the Lagrangian


class Inelastic(DarkFermionModel):
    r"""Inelastic dark matter: psi_1, psi_2 from two Weyl fermions of charges Q_L, Q_R, with kinetic mixing of the mediator.

    .. math:: -\mathcal L_m = \tfrac12 (\chi_L, \chi_R^c)\begin{pmatrix}\mu_L & m_D\\ m_D & \mu_R\end{pmatrix}
              \begin{pmatrix}\chi_L\\ \chi_R^c\end{pmatrix} + h.c.,\qquad
              \mu = \frac{\mu_L+\mu_R}{2},\quad R = \sqrt{m_D^2 + \Big(\frac{\mu_L-\mu_R}{2}\Big)^2}

    Masses :math:`m_2 = R + \mu` and :math:`m_1 = |R - \mu|`; mixing :math:`\tan 2\theta = 2 m_D/(\mu_L-\mu_R)`, so that
    :math:`\cos 2\theta = (\mu_L-\mu_R)/2R`. Current, times g_D:

    .. math:: J^\mu = \tfrac12 q_2\,\bar\psi_2\gamma^\mu\gamma_5\psi_2 + \tfrac12 q_1\,\bar\psi_1\gamma^\mu\gamma_5\psi_1
              + \frac{Q_L+Q_R}{2}\sin 2\theta\,\big[i\cos\delta\,\bar\psi_2\gamma^\mu\psi_1 + \sin\delta\,\bar\psi_2\gamma^\mu\gamma_5\psi_1\big]

    with :math:`q_2 = Q_L\cos^2\theta - Q_R\sin^2\theta`, :math:`q_1 = Q_L\sin^2\theta - Q_R\cos^2\theta`; delta = 0 (``current="vector"``)
    for R > mu, the pseudo-Dirac case, and delta = pi/2 (``current="axial"``) for R < mu, where both states have one CP parity. The
    off-diagonal term is its own conjugate: no h.c. is added.

    Parameters
    ----------
    mass, epsilon, alpha_dark : float or array  of the mediator, GeV; kinetic mixing; g_D^2/4pi
    dark_matter_mass : float or array           m_1, GeV; fixed when the mass is scanned
    dark_matter_mass_ratio : float or array     m_1 / mass; follows a scanned mass; 1/3 if neither is given
    splitting : float or array                  (m_2 - m_1)/m_1, a fraction of the lighter mass, >= 0
    cos_2theta : float or array                 cos 2theta, 0 for mu_L = mu_R
    charge_left, charge_right : float           Q_L, Q_R
    current : str                               "vector" or "axial", of psi_2 psi_1

    :meth:`from_lagrangian` takes mu_L, mu_R, m_D instead; :meth:`lagrangian` gives them back. Raises InvalidInput for values
    outside these ranges and where both dark matter masses are given.

    Notes: misprints of the talk on arXiv:2302.05410, corrected here: its tan 2theta lacks the factor 2 (diagonalisation); its
    masses lack the modulus of R - mu; its Majorana mass terms have the wrong sign and an h.c. too many.

    Source: arXiv:2302.05410; the talk on arXiv:2302.05410.

    Examples
    --------
    >>> model = Inelastic(mass=1.25, epsilon=1e-3, alpha_dark=0.1, splitting=0.4, dark_matter_mass_ratio=0.33)
    >>> f"{model.fermion_ctau_cm()['psi_2']:.2f} cm"
    '9.89 cm'
    """

    mass: Value
    epsilon: Value
    alpha_dark: Value
    dark_matter_mass: Value
    dark_matter_mass_ratio: Value
    splitting: Value
    cos_2theta: Value
    charge_left: Value
    charge_right: Value
    current: str = eqx.field(static=True)

    NAME: ClassVar[str] = "inelastic"
    TITLE: ClassVar[str] = "Inelastic dark matter (two Majorana fermions)"
    SOURCES: ClassVar[tuple[str, ...]] = ("arXiv:2302.05410", "talk on arXiv:2302.05410", "PDG 2024", "CODATA 2018")
    EXAMPLE: ClassVar[Mapping[str, Any]] = {"alpha_dark": 0.1, "splitting": 0.4}
    EITHER: ClassVar[tuple[tuple[str, str], ...]] = EITHER_LIGHTEST
    MAJORANA: ClassVar[bool] = True
    NEEDED: ClassVar[tuple[str, ...]] = ("splitting", "cos_2theta", "charge_left", "charge_right")
    PARAMETERS: ClassVar[Mapping[str, Parameter]] = {
        **MEDIATOR,
        **lightest("dark_matter_mass", "m_1, the mass of psi_1", "1/3 unless dark_matter_mass is given"),
        "splitting": SPLITTING._replace(meaning="(m_2 - m_1)/m_1: over the lighter mass", symbol=r"$\Delta$"),
        "cos_2theta": Parameter("1", "(mu_L - mu_R)/2R: 0 for equal Majorana masses; drives the diagonal couplings", "0", -1.0, 1.0,
                                symbol=r"$\cos 2\theta$"),
        "charge_left": Parameter("1", "dark charge Q_L of chi_L", "1", -10.0, 10.0, symbol="$Q_L$"),
        "charge_right": Parameter("1", "dark charge Q_R of chi_R", "1", -10.0, 10.0, symbol="$Q_R$"),
        "current": Parameter("1", "of psi_2 psi_1: vector (pseudo-Dirac, R > mu) or axial (R < mu)", "vector", choices=("vector", "axial")),
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
        cos_2theta: Value = 0.0,
        charge_left: Value = 1.0,
        charge_right: Value = 1.0,
        current: str = "vector",
    ) -> None:
        """Check and store the parameters; see the class."""
        if dark_matter_mass is None and dark_matter_mass_ratio is None:
            dark_matter_mass_ratio = 1 / 3
        self._store({"mass": mass, "epsilon": epsilon, "alpha_dark": alpha_dark, "dark_matter_mass": dark_matter_mass,
                     "dark_matter_mass_ratio": dark_matter_mass_ratio, "splitting": splitting, "cos_2theta": cos_2theta,
                     "charge_left": charge_left, "charge_right": charge_right, "current": current})  # fmt: skip

    @classmethod
    def from_lagrangian(
        cls, *, majorana_mass_left: float, majorana_mass_right: float, dirac_mass: float, **others: Value
    ) -> Inelastic:
        """Return the model with the masses mu_L, mu_R, m_D of the Lagrangian (GeV, real); the other parameters as in the class.

        The case R > mu or R < mu decides on the current. A negative mu or m_D is turned by a change of phase of the fields.
        Raises InvalidInput where psi_1 is massless, and where a parameter that follows from the masses is given as well.
        """
        refuse_derived(cls.NAME, others, _DERIVED, "the masses of the Lagrangian")
        left, right, dirac = (
            one_number(cls.NAME, name, value)
            for name, value in (("majorana_mass_left", majorana_mass_left), ("majorana_mass_right", majorana_mass_right), ("dirac_mass", dirac_mass))
        )  # fmt: skip
        if left + right < 0:
            left, right = -left, -right
        mean, radius = (left + right) / 2, math.hypot(dirac, (left - right) / 2)
        # |mu_L mu_R - m_D^2|/m_2, the product of the masses: m_1 = |R - mu| loses digits where they are close
        heavier = radius + mean
        lighter = abs(dirac / heavier * dirac - left / heavier * right) if heavier > 0 else 0.0
        if radius == mean or lighter == 0:
            raise InvalidInput(
                f"{cls.NAME}: mu_L = {left:g}, mu_R = {right:g}, m_D = {dirac:g} GeV make psi_1 massless; expected m_D^2 != mu_L mu_R."
            )
        return cls(
            **others, dark_matter_mass=lighter, splitting=2 * min(mean, radius) / lighter, cos_2theta=(left - right) / (2 * radius),
            current="vector" if radius > mean else "axial",
        )  # fmt: skip

    def lagrangian(self) -> dict[str, Value]:
        """Return majorana_mass_left, majorana_mass_right and dirac_mass in GeV (mu >= 0, m_D >= 0), as :meth:`from_lagrangian` takes them."""
        masses = self.fermion_masses()
        half_sum, half_difference = (masses["psi_2"] + masses["psi_1"]) / 2, self.splitting * masses["psi_1"] / 2
        mean, radius = (half_difference, half_sum) if self.current == "vector" else (half_sum, half_difference)
        sine = np.sqrt(1 - np.asarray(self.cos_2theta) ** 2)
        left, right = mean + radius * self.cos_2theta, mean - radius * self.cos_2theta
        return {
            "majorana_mass_left": plain(left),
            "majorana_mass_right": plain(right),
            "dirac_mass": plain(radius * sine),
        }

    def fermion_masses(self) -> dict[str, Value]:
        """Return m_1 and m_2 in GeV."""
        self.require("splitting")
        first = lightest_mass(self, "dark_matter_mass", "dark_matter_mass_ratio")
        return {"psi_1": first, "psi_2": first * (1 + self.splitting)}

    def couplings(self) -> dict[tuple[str, str], Coupling]:
        """Return couplings over g_D in the amplitude; the two contractions of a Majorana field take away the 1/2 of the diagonal terms."""
        self.require("cos_2theta", "charge_left", "charge_right")
        cosine2, sine2 = (1 + self.cos_2theta) / 2, (1 - self.cos_2theta) / 2
        xp = jnp if isinstance(cosine2, jax.core.Tracer) else np
        product = cosine2 * sine2
        inside = product > 0
        sine = 2 * xp.where(inside, xp.sqrt(xp.where(inside, product, 1.0)), 0.0)
        strength = (self.charge_left + self.charge_right) / 2 * sine
        zero = 0.0 * strength
        off = Coupling(strength, zero) if self.current == "vector" else Coupling(zero, strength)
        return {
            ("psi_2", "psi_1"): off,
            ("psi_1", "psi_1"): Coupling(zero, self.charge_left * sine2 - self.charge_right * cosine2),
            ("psi_2", "psi_2"): Coupling(zero, self.charge_left * cosine2 - self.charge_right * sine2),
        }
