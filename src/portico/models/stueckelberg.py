r"""A massive vector that mixes with hypercharge in kinetic and mass term, and a fermion charged under it: the Stueckelberg portal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array

from .. import particles
from ..decays.neutral_current import Current
from ..electroweak import physical_inputs, stueckelberg
from ..electroweak.exchange import NeutralExchange
from ..electroweak.mixing_effects import MixingEffects
from ..errors import InvalidInput, unknown_name
from ..numerics.namespace import array_namespace
from . import _parent_decays, _stueckelberg
from ._mixed_phase import in_order, standard_model_current
from ._parameters import HEAVIEST_GEV, LIGHTEST_PARTICLE_GEV, SMALLEST, millicharged_particle
from .base import Model, Parameter, ParentDecay, Value, plain, ratios
from .dark_photon import DarkPhoton
from .millicharged import Millicharged
from .mixed_phase import DarkPhotonLike, MillichargedLike, VectorCouplings

STATES = {"photon": "photon", "Z": "z", "Z'": "zprime"}
_FAR, _STEPS = 7.0, 48  # logarithm of a mass far from that of the Z, and halvings on the way there
_FERMIONS = ("up", "down", "lepton", "neutrino")


class Stueckelberg(Model):
    r"""Stueckelberg portal: a Z' with kinetic and mass mixing, and a Dirac fermion chi of charge 1 under its U(1).

    .. math:: \mathcal L = -\tfrac14X^2 - \tfrac\delta2B_{\mu\nu}X^{\mu\nu} + \tfrac{M_1^2}{2}(\partial\sigma + X + \tilde\epsilon B)^2
              + g_DX_\mu\bar\chi\gamma^\mu\chi

    Standard-Model particles feel :math:`\eta = (\tilde\epsilon-\delta)/\sqrt{1-\delta^2}` alone: without chi the two mixings cannot be told
    apart. A light Z' couples to charge as a dark photon with :math:`\epsilon = c_W(\tilde\epsilon - \delta)`; chi couples to it with g_D, and
    to the photon with the charge :math:`-\tilde\epsilon c_Wg_D/e`, which only the mass mixing gives. All couplings are exact.

    Parameters
    ----------
    mass : float or array               of chi, GeV
    zprime_mass : float or array        of the Z', GeV; fixed when the mass is scanned
    zprime_mass_ratio : float or array  m_Z'/mass; follows a scanned mass; 3 if neither is given
    kinetic_mixing : float or array     delta, between -1 and 1
    mass_mixing : float or array        epsilon tilde
    epsilon : float or array            charge of chi over e, in place of mass_mixing (which is then >= 0)
    dark_charge : float or array        g_D/e
    alpha : float or array              fine-structure constant: e of the couplings
    inputs : str                        "physical": alpha and the masses of Z and Z' are those of the mass states, and G_F is fixed;
                                        "gauge": M_W/cos(theta_W), M_1 and e = g1 cos(theta_W), without mixing

    Quantities may be text with a unit ("67 MeV"). Raises InvalidInput for values outside these ranges, for both of a pair, for a charge
    that no mass mixing gives, and for a Z' so close to the Z that the two would repel each other by more than their distance.

    Notes: with the sign of the metric (+,-,-,-); the source prints the mass term with the other one. Its last line says that chi couples
    to A' with epsilon e: it is the photon that does.

    Source: arXiv:hep-ph/0702123; the talk of December 2023.

    Examples
    --------
    >>> model = Stueckelberg(mass=1.0, zprime_mass=3.0, mass_mixing=1e-3)
    >>> f"{model.charge():.3e} {model.as_dark_photon().model.epsilon:.3e}"
    '8.768e-04 8.768e-04'
    """

    mass: Value
    zprime_mass: Value
    zprime_mass_ratio: Value
    kinetic_mixing: Value
    mass_mixing: Value
    epsilon: Value
    dark_charge: Value
    alpha: Value
    inputs: str = eqx.field(static=True)

    EITHER: ClassVar[tuple[tuple[str, str], ...]] = (("zprime_mass", "zprime_mass_ratio"), ("mass_mixing", "epsilon"))
    NAME: ClassVar[str] = "stueckelberg"
    TITLE: ClassVar[str] = "Stueckelberg portal: kinetic and mass mixing with hypercharge"
    SOURCES: ClassVar[tuple[str, ...]] = ("arXiv:hep-ph/0702123", "talk of December 2023", "PDG 2024", "CODATA 2018")
    EXAMPLE: ClassVar[Mapping[str, Any]] = {"zprime_mass_ratio": 3.0}
    LIMITED_PARTICLE: ClassVar[str] = "millicharged"
    MIXING: ClassVar[str] = "mass_mixing"
    PARAMETERS: ClassVar[Mapping[str, Parameter]] = {
        **millicharged_particle("1/127.95, at the Z"),
        "zprime_mass": Parameter("GeV", "mass of the Z'; stays when the mass is scanned", "none", LIGHTEST_PARTICLE_GEV, 1e4, symbol=r"$m_{Z'}$"),
        "zprime_mass_ratio": Parameter("1", "m_Z' / mass; follows a scanned mass", "3 unless zprime_mass is given", SMALLEST, 1e6,
                                       symbol=r"$m_{Z'}/m_\chi$"),
        "kinetic_mixing": Parameter("1", "delta: kinetic mixing with hypercharge", "0", -1.0, 1.0, low_open=True, high_open=True,
                                    limit_range=(1e-8, 0.5), source="arXiv:hep-ph/0702123", symbol=r"$\tilde\delta$", reason=" (positive kinetic energy)"),
        "mass_mixing": Parameter("1", "epsilon tilde: mixing with hypercharge in the mass term, in place of epsilon", "none", -10.0, 10.0,
                                 limit_range=(1e-8, 0.5), source="arXiv:hep-ph/0702123", symbol=r"$\tilde\epsilon$"),
        "dark_charge": Parameter("1", "g_D/e, dark coupling over electric charge", "1", SMALLEST, 100.0, symbol=r"$g_D/e$"),
        "inputs": Parameter("1", "whether masses and charge are measured ones or those without mixing", "physical", choices=("physical", "gauge")),
    }  # fmt: skip

    def __init__(
        self,
        *,
        mass: Value = None,
        epsilon: Value = None,
        alpha: Value = 1 / 127.95,
        zprime_mass: Value = None,
        zprime_mass_ratio: Value = None,
        kinetic_mixing: Value = 0.0,
        mass_mixing: Value = None,
        dark_charge: Value = 1.0,
        inputs: str = "physical",
    ) -> None:
        """Check and store the parameters; see the class."""
        given = {"mass": mass, "epsilon": epsilon, "alpha": alpha, "zprime_mass": zprime_mass, "zprime_mass_ratio": zprime_mass_ratio,
                 "kinetic_mixing": kinetic_mixing, "mass_mixing": mass_mixing, "dark_charge": dark_charge, "inputs": inputs}  # fmt: skip
        if zprime_mass is None and zprime_mass_ratio is None:
            given["zprime_mass_ratio"] = 3.0
        self._store(given)
        self._check_states()

    def zprime_mass_gev(self) -> Value:
        """Return the mass of the Z' in GeV, from the mass or from the ratio."""
        if self.zprime_mass is not None:
            return self.zprime_mass
        self.require("mass", "zprime_mass_ratio")
        return self.zprime_mass_ratio * self.mass

    def charge(self) -> Value:
        """Return the charge of chi over e, its modulus, from epsilon or mass_mixing."""
        return self.epsilon if self.epsilon is not None else plain(self._numbers().sector.charge)

    def mixing(self) -> Value:
        """Return the mass mixing, from mass_mixing or epsilon."""
        return self.mass_mixing if self.mass_mixing is not None else plain(self._numbers().sector.mass_mixing)

    def eta(self) -> Value:
        """Return eta, on which all effects on the Standard Model depend. Source: :mod:`portico.electroweak.stueckelberg`."""
        return plain(stueckelberg.hypercharge_mixing(self.kinetic_mixing, self.mixing()).eta)

    def partial_widths(self) -> dict[str, Value]:
        """Return partial widths of the Z' in GeV by channel; chi chi is the millicharged pair.

        Source: :mod:`portico.decays.neutral_current` with the exact couplings.
        """
        return in_order(self._numbers().zprime_widths)

    def z_widths(self) -> dict[str, Value]:
        """Return partial widths of the Z in GeV by channel, those of the Standard Model with the couplings of the mixed state."""
        return in_order(self._numbers().z_widths)

    def parent_decays(self) -> dict[str, ParentDecay]:
        """Return decays of the Z and of mesons to chi chi: pairs of mesons through photon, Z and Z', Dalitz decays through the photon.

        Source: :mod:`portico.decays.millicharged`, with the exchange of all vectors.
        """
        numbers = self._numbers()
        share = ratios(numbers.z_widths)[_stueckelberg.PARTICLE]
        found = {"Z -> chi chi": ParentDecay(plain(numbers.z_widths[_stueckelberg.PARTICLE]), share)}
        return found | _parent_decays.of_mesons(self.mass, self.charge(), self.exchange())

    def couplings(self, state: str) -> VectorCouplings:
        r"""Return mass, components and couplings of one mass state.

        Parameters
        ----------
        state : str    "photon", "Z" or "Z'"

        Returns
        -------
        VectorCouplings   components along A1, Z1, B and Y, with B in the place of A2 and Y in that of Z2

        Raises UnknownName for another name.

        Source: :mod:`portico.electroweak.stueckelberg`.
        """
        if state not in STATES:
            raise unknown_name("state", state, STATES, where="couplings of stueckelberg")
        sector, name = self._numbers().sector, STATES[state]
        parts = getattr(sector.states, name)
        up, down, lepton, neutrino = (standard_model_current(sector, parts, kind) for kind in _FERMIONS)
        chi = getattr(sector, f"{name}_particle")
        masses = {"Z": sector.states.z_mass, "Z'": sector.states.zprime_mass}
        mass = masses.get(state, 0 * sector.states.z_mass)
        return VectorCouplings(mass, parts, up, down, lepton, neutrino, Current(chi, 0 * chi), None)

    def exchange(self) -> NeutralExchange:
        """Return what production needs of this model: photon, Z and Z' with exact couplings and widths."""
        numbers = self._numbers()
        zero = 0 * numbers.sector.em
        widths = (zero, sum(numbers.z_widths.values()), sum(numbers.zprime_widths.values()))
        found = [self.couplings(name) for name in STATES]
        xp = array_namespace(*widths)

        def together(values: list[Value]) -> Value:
            return xp.stack(xp.broadcast_arrays(*(zero + value for value in values)), axis=-1)

        pairs = [together([getattr(c, kind)[part] for c in found])
                 for kind in ("up", "down", "lepton", "particle") for part in (0, 1)]  # fmt: skip
        return NeutralExchange(tuple(STATES), together([c.mass for c in found]), together(list(widths)), *pairs)

    def as_dark_photon(self) -> DarkPhotonLike:
        """Return the Z' as a dark photon with its coupling to charge, chi as its dark matter; for masses up to 40 GeV.

        Raises InvalidInput for a heavier Z', whose couplings are not those of a dark photon.

        Source: :mod:`portico.electroweak.stueckelberg`; for a light Z' epsilon is cos(theta_W) (epsilon tilde - delta).
        """
        mass = self.zprime_mass_gev()
        if np.any(np.asarray(mass) > HEAVIEST_GEV):
            raise InvalidInput(
                f"stueckelberg: a Z' of {np.max(mass):g} GeV is no dark photon, for it couples as the Z does; expected at most {HEAVIEST_GEV:g} GeV."
            )
        sector, shares = self._numbers().sector, self.branching_ratios()
        coupling = sector.em * sector.states.zprime.em / (sector.em * sector.states.photon.em)
        alpha_dark = sector.zprime_particle**2 / (4 * math.pi)
        model = DarkPhoton(
            mass=mass, epsilon=plain(np.abs(coupling)), alpha_dark=plain(alpha_dark), dark_matter_mass=self.mass
        )
        note = (
            "the coupling of the Z' to charge alone: that to the Z current, of relative order m_Z'^2/m_Z^2, is left out"
        )
        return DarkPhotonLike(model, plain(shares["chi chi"]), note)

    def as_millicharged(self) -> MillichargedLike:
        """Return chi as a millicharged particle without the Z', with the kind of coupling of a hypercharge.

        The ratio is that of its coupling to the Z over eps e tan(theta_W), which a particle of small hypercharge has.

        Source: :mod:`portico.electroweak.stueckelberg`.
        """
        sector = self._numbers().sector
        model = Millicharged(mass=self.mass, epsilon=self.charge(), kind="hypercharge", alpha=self.alpha)
        xp = array_namespace(sector.photon_particle)
        sine2 = sector.basis.hatted_sine2
        unit = sector.photon_particle * xp.sqrt(sine2 / (1 - sine2))
        ratio = xp.where(unit == 0, math.nan, -sector.z_particle / xp.where(unit == 0, 1.0, unit))
        return MillichargedLike(
            model, plain(ratio), "exchange of the Z' is left out: it is large near its mass and below it"
        )

    def mixing_effects(self, mixing: Value) -> MixingEffects:
        """Return what other searches see of this model with these values in place of its mass mixing; unchecked, nan in the gap.

        Source: :mod:`portico.electroweak.stueckelberg`.
        """
        numbers = self._numbers(mixing=mixing)
        sector, states = numbers.sector, numbers.sector.states
        xp = array_namespace(sector.em)
        delta = self.kinetic_mixing
        eta = (mixing - delta) / xp.sqrt(1 - xp.asarray(delta) ** 2) + 0 * states.z_mass
        total = sum(numbers.zprime_widths.values())
        share = xp.where(total > 0, numbers.zprime_widths["chi chi"] / xp.where(total > 0, total, 1.0), 0.0)
        own = xp.where(xp.isnan(states.zprime_mass), self.zprime_mass_gev(), states.zprime_mass)
        return MixingEffects(
            own, xp.abs(states.zprime.em / states.photon.em), share, eta, numbers.z_widths["chi chi"], sector.charge
        )

    def notes(self) -> tuple[str, ...]:
        """Return sentences on a particle without charge."""
        if self.mass_mixing is not None and np.all(np.asarray(self.mass_mixing) == 0):
            return ("without mass mixing chi has no charge: it couples to the Z' and the Z alone.",)
        return ()

    def _numbers(self, *, mixing: Value = None) -> _stueckelberg.Numbers:
        """All numbers of this point, or those with another mass mixing."""
        if mixing is None:
            name = "mass_mixing" if self.mass_mixing is not None else "epsilon"
            self.require("mass", "kinetic_mixing", name, "dark_charge", "alpha")
            mixing = getattr(self, name)
        else:
            name = "mass_mixing"
            self.require("mass", "kinetic_mixing", "dark_charge", "alpha")
        given = (self.mass, self.zprime_mass_gev(), self.kinetic_mixing, mixing, self.dark_charge, self.alpha)
        return _stueckelberg.numbers(given, mixing=name, inputs=self.inputs)

    def _check_states(self) -> None:
        """Raise InvalidInput where these masses and mixings have no states."""
        amount = self.epsilon if self.epsilon is not None else self.mass_mixing
        try:
            zprime_mass = self.zprime_mass_gev()
        except InvalidInput:
            return
        given = (amount, self.kinetic_mixing, self.dark_charge, zprime_mass)
        if any(value is None or isinstance(value, jax.core.Tracer) for value in given) or self.inputs == "gauge":
            return
        z_mass, epsilon = particles.mass("Z"), amount
        if self.epsilon is not None:
            with np.errstate(all="ignore"):
                epsilon = _mass_mixing(amount / self.dark_charge, self.kinetic_mixing, zprime_mass, z_mass)
            if np.any(np.isnan(epsilon)):
                _refuse_charge(amount, self.kinetic_mixing, self.dark_charge, zprime_mass, np.isnan(epsilon))
        eta = np.abs(np.asarray(stueckelberg.hypercharge_mixing(self.kinetic_mixing, epsilon).eta))
        with np.errstate(all="ignore"):
            low, high = (z_mass * np.asarray(edge) for edge in _gap(eta))
        inside = (np.asarray(zprime_mass) > low) & (np.asarray(zprime_mass) < high)
        if np.any(inside):
            eta, low, high, mass = (
                np.broadcast_to(v, inside.shape)[inside].flat[0] for v in (eta, low, high, zprime_mass)
            )
            raise InvalidInput(
                f"stueckelberg: zprime_mass = {mass:g} GeV is inside the level-repulsion gap from {low:.6g} to {high:.6g} GeV of mixings with eta = {eta:.3g}; expected a Z' outside, or smaller mixings."
            )


def _gap(eta: Array) -> tuple[Array, Array]:
    return physical_inputs.gap(_stueckelberg.PRODUCT, physical_inputs.repulsion_at_eta(eta))


def _mass_mixing(charge: Array, delta: Array, zprime_mass: Array, z_mass: float) -> Array:
    return stueckelberg.mass_mixing_at_charge(charge, delta, zprime_mass, z_mass, _stueckelberg.PRODUCT)


def _refuse_charge(epsilon: Value, delta: Value, dark_charge: Value, zprime_mass: Value, bad: np.ndarray) -> None:
    """Raise InvalidInput for the first of the points that have no mass mixing, naming the gap where a Z' elsewhere would have one."""
    full = np.broadcast_arrays(epsilon, delta, dark_charge, zprime_mass, bad)
    first = np.flatnonzero(full[-1].ravel())[0]
    amount, delta, dark_charge, mass = (float(value.ravel()[first]) for value in full[:-1])
    z_mass = particles.mass("Z")

    def ends(far: float) -> float | None:
        """The allowed mass next to the Z on the side of ``far`` (a logarithm of m_Z'/m_Z), None where there is none."""

        def allowed(logarithm: float) -> bool:
            with np.errstate(all="ignore"):
                return bool(
                    np.isfinite(_mass_mixing(amount / dark_charge, delta, z_mass * math.exp(logarithm), z_mass))
                )

        near = 0.0
        if not allowed(far):
            return None
        for _ in range(_STEPS):
            middle = 0.5 * (near + far)
            near, far = (near, middle) if allowed(middle) else (middle, far)
        return z_mass * math.exp(far)

    low, high = ends(-_FAR), ends(_FAR)
    if low is None and high is None:
        raise InvalidInput(
            f"stueckelberg: epsilon = {amount:g} is not possible with dark_charge = {dark_charge:g} and zprime_mass = {mass:g} GeV; expected a charge below about cos(theta_W) g_D/e = {0.88 * dark_charge:.3g}, and less next to the mass of the Z."
        )
    if low is not None and high is not None:
        expected = f"outside [{low:.6g}, {high:.6g}]"
    else:
        expected = f"below {low:.6g}" if high is None else f"above {high:.6g}"
    raise InvalidInput(
        f"stueckelberg: a Z' of {mass:.6g} GeV is closer to the Z than the repulsion of the two at epsilon = {amount:.6g}; "
        f"expected its mass {expected} GeV, or a smaller epsilon."
    )
