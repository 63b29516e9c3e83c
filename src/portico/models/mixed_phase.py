r"""The mixed phase: a dark SU(2) x U(1) whose hypercharge mixes with ours, with a massive Z' and millicharged particles at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import numpy as np

from ..constants import SIN2_THETA_W
from ..electroweak import neutral_mixing, perturbative
from ..electroweak.exchange import NeutralExchange
from ..electroweak.mixing_effects import MixingEffects
from ..errors import InvalidInput, unknown_name
from ..numerics.namespace import array_namespace
from . import _mixed_phase, _parent_decays
from ._mixed_phase import VectorCouplings
from ._parameters import HEAVIEST_GEV, LIGHTEST_PARTICLE_GEV, SMALLEST, millicharged_particle
from .base import Model, Parameter, ParentDecay, Value, plain, ratios
from .dark_photon import DarkPhoton
from .millicharged import Millicharged

STATES = {"photon": "photon", "A'": "dark_photon", "Z": "z", "Z'": "zprime"}
LANDAU_POLE_GEV = 3e3
"""Poles below this are told: production at the LHC reaches that energy, and the ceiling e' = 9 e of the source is a pole at 2.9 TeV."""
_LARGEST_COUPLING = 4 * math.pi
_THETA_W = math.asin(math.sqrt(SIN2_THETA_W))


class ElectroweakShifts(NamedTuple):
    """Shifts of the masses of Z and W in GeV at tree level; see :meth:`MixedPhase.electroweak_shifts`."""

    z_mass: Value
    z_mass_second_order: Value
    w_mass: Value
    w_mass_light: Value


class DarkPhotonLike(NamedTuple):
    """The Z' as a dark photon: the model, its invisible branching ratio with millicharged particles unseen, and what that leaves out."""

    model: DarkPhoton
    invisible_branching_ratio: Value
    note: str


class MillichargedLike(NamedTuple):
    """The millicharged particle without the Z': the model, its coupling to the Z over that of the model, and what that leaves out."""

    model: Millicharged
    z_coupling_ratio: Value
    note: str


class MixedPhase(Model):
    r"""Mixed phase of Holdom and Okun: a Z' with kinetic mixing and particles of small charge, from one mixing kappa.

    .. math:: \mathcal L = -\tfrac{\kappa}{2}B_{\mu\nu}B'^{\mu\nu} + \tfrac12M_2^2Z_2^2 + g_1'B'J_{B'} + g_2'W'J_{W'},\qquad
              \tan\theta_W' = g_1'/g_2',\quad e' = g_1'\cos\theta_W'

    The dark SU(2) x U(1) is broken to a massless dark photon A'. Charged dark particles (Q' = -1) get the charge
    :math:`\epsilon_\gamma e = \kappa c_Wc'e'`; the Z' couples to our charges with :math:`\epsilon_Z e \simeq \kappa c_Ws'e`, to the Z
    current near the Z, and to dark particles with :math:`(g_2'/c')(q_W' - s'^2Q')`. Masses and couplings are exact for :math:`|\kappa| < 1`.

    Parameters
    ----------
    mass : float or array              of the millicharged particle chi, GeV
    zprime_mass : float or array       of the Z', GeV; fixed when the mass is scanned
    zprime_mass_ratio : float or array m_Z'/mass; follows a scanned mass; 3 if neither is given
    kappa : float or array             kinetic mixing of the hypercharges, between -1 and 1; its sign is conventional
    epsilon : float or array           charge of chi over e, in place of kappa
    theta_w_dark : float or array      dark mixing angle, rad: 0 is Holdom's phase (no Z' for us), pi/2 Okun's (no millicharge)
    dark_charge : float or array       e'/e; at theta_w_dark = pi/2, where e' is 0, g1'/e
    content : str                      "doublet": chi with q_W' = -1/2 and a neutral partner nu_D with +1/2; "singlet": chi alone
    partner_mass : float or array      of nu_D, GeV
    fermions : str                     "dirac", or "weyl": only the left-handed half carries q_W', as in the Standard Model
    alpha : float or array             fine-structure constant: e of the couplings
    inputs : str                       "physical": alpha and the masses of Z and Z' are those of the mass states, and G_F is fixed;
                                       "gauge": those without mixing, M1, M2 and e = g1 cos(theta_W)

    Quantities may be text with a unit ("67 MeV", "28.7 deg"). At theta_w_dark = 0 the Z' does not couple to us, and its coupling
    g2' to dark particles, which e' does not fix, is left out.

    Raises InvalidInput for values outside these ranges, for an angle within 1e-6 of 0 or pi/2, for both of a pair, for a charge that needs abs(kappa) >= 1, for a charge at
    theta_w_dark = pi/2, and for a Z' so close to the Z that the two would repel each other by more than their distance.

    Widths of the Z': tree level; hadrons through R below 12 GeV; W W and Z h through the mixing. Decays to dark W' or dark Higgs
    bosons, which the source leaves open, are not among them.

    Source: arXiv:1506.04760, with the exact solution in place of its second order.

    Examples
    --------
    >>> model = MixedPhase(mass=1.0, kappa=1e-3, zprime_mass=3.0)
    >>> f"{model.charge():.3e} {model.branching_ratios()['chi chi']:.2f}"
    '7.688e-04 0.21'
    """

    mass: Value
    zprime_mass: Value
    zprime_mass_ratio: Value
    kappa: Value
    epsilon: Value
    theta_w_dark: Value
    dark_charge: Value
    partner_mass: Value
    alpha: Value
    content: str = eqx.field(static=True)
    fermions: str = eqx.field(static=True)
    inputs: str = eqx.field(static=True)

    EITHER: ClassVar[tuple[tuple[str, str], ...]] = (("zprime_mass", "zprime_mass_ratio"), ("kappa", "epsilon"))
    NAME: ClassVar[str] = "mixed_phase"
    TITLE: ClassVar[str] = "Mixed phase: millicharged particles and a Z' from one kinetic mixing"
    SOURCES: ClassVar[tuple[str, ...]] = ("arXiv:1506.04760", "PDG 2024", "CODATA 2018")
    EXAMPLE: ClassVar[Mapping[str, Any]] = {"zprime_mass_ratio": 3.0}
    LIMITED_PARTICLE: ClassVar[str] = "millicharged"
    MIXING: ClassVar[str] = "kappa"
    PARAMETERS: ClassVar[Mapping[str, Parameter]] = {
        **millicharged_particle("1/127.95, at the Z"),
        "zprime_mass": Parameter("GeV", "mass of the Z'; stays when the mass is scanned", "none", LIGHTEST_PARTICLE_GEV, 1e4, symbol=r"$m_{Z'}$"),
        "zprime_mass_ratio": Parameter("1", "m_Z' / mass; follows a scanned mass", "3 unless zprime_mass is given", SMALLEST, 1e6,
                                       symbol=r"$m_{Z'}/m_\chi$"),
        "kappa": Parameter("1", "kinetic mixing of the two hypercharges, in place of epsilon", "none", -1.0, 1.0, low_open=True, high_open=True,
                           limit_range=(1e-8, 0.5), source="arXiv:1506.04760", symbol=r"$\kappa$", reason=" (positive kinetic energy)"),
        "theta_w_dark": Parameter("rad", "dark mixing angle: 0 Holdom, pi/2 Okun", "asin sqrt(0.23122), as theta_W", 0.0, math.pi / 2,
                                  source="arXiv:1506.04760", symbol=r"$\theta_W'$"),
        "dark_charge": Parameter("1", "e'/e, dark over electric charge", "1", SMALLEST, 100.0, symbol=r"$e'/e$"),
        "content": Parameter("1", "dark SU(2) charges of chi", "doublet", choices=("doublet", "singlet")),
        "partner_mass": Parameter("GeV", "mass of the neutral partner nu_D of a doublet", "0", 0.0, 1e4, symbol=r"$m_{\nu_D}$"),
        "fermions": Parameter("1", "halves of the dark fermions that carry q_W'", "dirac", choices=("dirac", "weyl")),
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
        kappa: Value = None,
        theta_w_dark: Value = _THETA_W,
        dark_charge: Value = 1.0,
        content: str = "doublet",
        partner_mass: Value = 0.0,
        fermions: str = "dirac",
        inputs: str = "physical",
    ) -> None:
        """Check and store the parameters; see the class."""
        given = {"mass": mass, "epsilon": epsilon, "alpha": alpha, "zprime_mass": zprime_mass, "zprime_mass_ratio": zprime_mass_ratio,
                 "kappa": kappa, "theta_w_dark": theta_w_dark, "dark_charge": dark_charge, "content": content, "partner_mass": partner_mass,
                 "fermions": fermions, "inputs": inputs}  # fmt: skip
        if zprime_mass is None and zprime_mass_ratio is None:
            given["zprime_mass_ratio"] = 3.0
        self._store(given)
        if self.theta_w_dark is not None and not isinstance(self.theta_w_dark, jax.core.Tracer):
            _mixed_phase.check_angle(np.asarray(self.theta_w_dark))
        self._check_charge()
        self._check_states()

    def zprime_mass_gev(self) -> Value:
        """Return the mass of the Z' in GeV, from the mass or from the ratio."""
        if self.zprime_mass is not None:
            return self.zprime_mass
        self.require("mass", "zprime_mass_ratio")
        return self.zprime_mass_ratio * self.mass

    def charge(self) -> Value:
        """Return the charge of chi over e, :math:`|\\epsilon_\\gamma|`, from epsilon or kappa."""
        return self.epsilon if self.epsilon is not None else plain(self._numbers("epsilon").sector.epsilon)

    def mixing(self) -> Value:
        """Return the kinetic mixing kappa, from kappa or epsilon."""
        return self.kappa if self.kappa is not None else plain(self._numbers("kappa").sector.kappa)

    def partial_widths(self) -> dict[str, Value]:
        """Return partial widths of the Z' in GeV by channel; chi chi is the millicharged pair.

        Source: :mod:`portico.decays.neutral_current` with the exact couplings.
        """
        return _mixed_phase.in_order(self._numbers("zprime widths").zprime_widths)

    def z_widths(self) -> dict[str, Value]:
        """Return partial widths of the Z in GeV by channel, those of the Standard Model with the couplings of the mixed state."""
        return _mixed_phase.in_order(self._numbers("z widths").z_widths)

    def parent_decays(self) -> dict[str, ParentDecay]:
        """Return decays of Z and mesons to chi chi and nu_D nu_D: pairs of mesons through photon, Z and Z', Dalitz decays through the photon.

        Source: :mod:`portico.decays.millicharged`, with the exchange of all vectors.
        """
        found, numbers = {}, self._numbers()
        shares = ratios(numbers.z_widths)
        for channel in (_mixed_phase.PARTICLE, _mixed_phase.PARTNER):
            if channel in shares:
                found[f"Z -> {channel}"] = ParentDecay(plain(numbers.z_widths[channel]), shares[channel])
        return found | _parent_decays.of_mesons(self.mass, self.charge(), self.exchange())

    def exchange_ratio(self) -> Value:
        r"""Return r, the product of couplings of the Z' to a quark's charge and to chi over that of the photon; -(q_Z'/Q')/c'^2.

        Source: arXiv:1506.04760 eqs. (38), (41), (44); exact here, of the vector couplings to charge alone. 0 without millicharge.
        """
        sector = self._numbers("sector").sector
        zprime, photon = (self._couplings_of(sector, name) for name in ("zprime", "photon"))
        xp = array_namespace(photon.particle.vector)
        product = sector.em**2 * sector.states.photon.em * photon.particle.vector
        top = sector.em**2 * sector.states.zprime.em * zprime.particle.vector
        return plain(xp.where(product == 0, 0.0, top / xp.where(product == 0, 1.0, product)))

    def couplings(self, state: str, *, method: str = "exact") -> VectorCouplings:
        r"""Return mass, components and couplings of one mass state.

        Parameters
        ----------
        state : str    "photon", "A'" (massless, decoupled from us), "Z" or "Z'"
        method : str   "exact", or "perturbative": the formulas of arXiv:1506.04760 as printed, at the same M1, M2 and kappa

        Raises UnknownName for another name.

        Source: :mod:`portico.electroweak.neutral_mixing`, :mod:`portico.electroweak.perturbative`.
        """
        if state not in STATES:
            raise unknown_name("state", state, STATES, where="couplings of mixed_phase")
        if method not in ("exact", "perturbative"):
            raise unknown_name("method", method, ("exact", "perturbative"), where="couplings of mixed_phase")
        name = STATES[state]
        if method == "exact":
            return self._numbers(f"{name} couplings").couplings
        sector = self._numbers("sector").sector
        printed = sector._replace(states=self._printed(perturbative.neutral_states))
        return self._couplings_of(printed, name)

    def _couplings_of(self, sector: _mixed_phase.Sector, name: str) -> VectorCouplings:
        """Mass, components and couplings of one mass state of a sector."""
        angle = neutral_mixing.dark_sine_cosine(self.theta_w_dark)
        return _mixed_phase.couplings_of(sector, name, angle, content=self.content, fermions=self.fermions)

    def massless_residue(self) -> Value:
        r"""Return :math:`\sum c_ac_b` over photon and A' in the order EM, Z, EM', Z': all that a choice of basis among them leaves.

        Source: :func:`portico.electroweak.neutral_mixing.massless_residue`.
        """
        return neutral_mixing.massless_residue(self._numbers("sector").sector.states)

    def exchange(self) -> NeutralExchange:
        """Return what production needs of this model: photon, Z and Z' with exact couplings and widths; the A' is decoupled."""
        found = self._numbers("exchange").exchange
        xp = array_namespace(*found["mass"])
        # the numbers of one vector side by side, as compiled code takes them
        parts = {name: xp.moveaxis(xp.stack(values), 0, -1) for name, values in found.items()}
        return NeutralExchange(names=("photon", "Z", "Z'"), **parts)

    def as_dark_photon(self) -> DarkPhotonLike:
        r"""Return the Z' as a dark photon of the same coupling to charge and the same width to dark particles, to recast its limits.

        The mixing is :math:`\epsilon_Z = e\,c_{EM}(Z')/\hat e \simeq \kappa c_Ws'`; chi chi and nu_D nu_D count as invisible.
        Raises InvalidInput where the Z' is heavier than a dark photon may be, for there it couples to the Z current as well.

        Source: arXiv:1506.04760 eq. (45), exact here.
        """
        numbers, mass = self._numbers(), self.zprime_mass_gev()
        if not isinstance(mass, jax.core.Tracer) and np.any(np.asarray(mass) > HEAVIEST_GEV):
            raise InvalidInput(f"mixed_phase: a Z' of {float(np.max(mass)):g} GeV is no dark photon; expected at most {HEAVIEST_GEV:g} GeV, "
                               "where it couples to charge alone.")  # fmt: skip
        sector = numbers.sector
        xp = array_namespace(sector.em)
        epsilon = xp.abs(sector.em * sector.states.zprime.em / (sector.em * sector.states.photon.em))
        dark = sum(numbers.zprime_widths.get(name, 0.0) for name in (_mixed_phase.PARTICLE, _mixed_phase.PARTNER))
        invisible = xp.asarray(dark) / sum(numbers.zprime_widths.values())
        model = DarkPhoton(mass=mass, epsilon=epsilon, alpha_dark=3 * dark / mass, dark_matter_mass=0.0)
        note = ("chi chi and nu_D nu_D are taken as unseen and, in the model, as massless; the coupling of the Z' to the Z current, "
                "(m_Z'/m_Z)^2 of that to charge, is left out.")  # fmt: skip
        return DarkPhotonLike(model, plain(invisible), note)

    def as_millicharged(self) -> MillichargedLike:
        """Return the millicharged particle alone, as a particle of that hypercharge, and how its coupling to the Z differs.

        The ratio is that of the vector coupling to the Z here over -epsilon e tan(theta_W) there.
        """
        sector = self._numbers("sector").sector
        chi, photon = (self._couplings_of(sector, name).particle.vector for name in ("z", "photon"))
        sine2 = sector.basis.hatted_sine2
        xp = array_namespace(sine2)
        there = -photon * xp.sqrt(sine2 / (1 - sine2))
        ratio = xp.where(there == 0, math.nan, chi / xp.where(there == 0, 1.0, there))
        model = Millicharged(mass=self.mass, epsilon=self.charge(), kind="hypercharge", alpha=self.alpha)
        note = "the Z' and its exchange beside the photon are left out; the coupling to the Z is z_coupling_ratio times that of hypercharge."
        return MillichargedLike(model, plain(ratio), note)

    def mixing_effects(self, mixing: Value) -> MixingEffects:
        """Return what other searches see of this model with these values in place of its kappa; unchecked, nan in the gap.

        Source: :mod:`portico.electroweak.neutral_mixing`; its eta is that of :func:`portico.electroweak.neutral_mixing.hypercharge_mixing`.
        """
        arguments = (
            self.mass,
            self.partner_mass,
            self.zprime_mass_gev(),
            mixing,
            self.theta_w_dark,
            self.dark_charge,
            self.alpha,
        )
        numbers = _mixed_phase.numbers(
            arguments, mixing="kappa", inputs=self.inputs, content=self.content, fermions=self.fermions
        )
        states, zero = numbers.sector.states, 0 * numbers.sector.epsilon
        xp = array_namespace(zero)
        dark = [
            sum(widths.get(name, 0.0) for name in (_mixed_phase.PARTICLE, _mixed_phase.PARTNER))
            for widths in (numbers.zprime_widths, numbers.z_widths)
        ]
        total = sum(numbers.zprime_widths.values())
        eta = mixing * xp.sin(self.theta_w_dark) / xp.sqrt(1 - xp.asarray(mixing) ** 2)
        own = xp.where(xp.isnan(states.zprime_mass), self.zprime_mass_gev(), states.zprime_mass)
        return MixingEffects(
            own, xp.abs(states.zprime.em / states.photon.em), xp.where(total > 0, dark[0] / xp.where(total > 0, total, 1.0), 0.0),
            eta + 0 * states.z_mass, dark[1] + zero, numbers.sector.epsilon,
        )  # fmt: skip

    def electroweak_shifts(self) -> ElectroweakShifts:
        r"""Return what mixing does to the masses of Z and W, GeV.

        ``z_mass``: m_Z - M_1 at fixed M_1 = M_W/cos(theta_W), and its second order, eq. (23). ``w_mass``: M_W at fixed alpha, G_F and m_Z
        minus that of the Standard Model, exact; ``w_mass_light``: :math:`-\tfrac{\eta^2}{2}\frac{s_W^2c_W^2}{c_W^2-s_W^2}M_W`, for a light Z'.

        Source: arXiv:1506.04760 eq. (23); the others from the exact states. Tree level.
        """
        sector = self._numbers("sector").sector
        states, basis = sector.states, sector.basis
        xp = array_namespace(states.z_mass)
        product = basis.hatted_sine2 * (1 - basis.hatted_sine2) * (basis.hatted_mass / states.z_mass) ** 2
        sine2 = (1 - xp.sqrt(1 - 4 * product)) / 2
        w_mass = states.z_mass * xp.sqrt(1 - sine2)
        # M_W - m_Z c_0 with s^2 c^2 M^2 = s_0^2 c_0^2 m_Z^2: from the small difference of M^2 and m_Z^2, without cancellation of masses
        eta2 = (sector.kappa * xp.sin(self.theta_w_dark)) ** 2 / (1 - sector.kappa**2)
        light = -eta2 / 2 * sine2 * (1 - sine2) / (1 - 2 * sine2) * w_mass
        return ElectroweakShifts(
            plain(states.z_mass - basis.unmixed_z_mass),
            plain(self._printed(perturbative.neutral_states).z_mass - basis.unmixed_z_mass),
            plain(basis.w_mass - w_mass),
            plain(light),
        )

    def landau_pole_gev(self) -> Value:
        r"""Return the scale where e' has its Landau pole: :math:`m_\chi\,e^{3\pi/2\alpha'}` for one Dirac fermion of unit charge, GeV.

        At theta_w_dark = pi/2 that of g1'. Infinite beyond the range of numbers.

        Source: one-loop running; arXiv:1506.04760 takes e' = 9 e as the largest, 2.9 TeV for 1 GeV.
        """
        self.require("mass", "dark_charge", "alpha")
        xp = array_namespace(self.mass, self.dark_charge, self.alpha)
        with np.errstate(over="ignore"):
            return plain(self.mass * xp.exp(3 * math.pi / (2 * self.dark_charge**2 * self.alpha)))

    def holdom(self) -> MixedPhase:
        """Return the model with theta_w_dark = 0 at the same kappa and e': millicharge without a Z' that couples to us."""
        return self.with_parameters(kappa=self.mixing(), theta_w_dark=0.0)

    def okun(self) -> MixedPhase:
        """Return the model with theta_w_dark = pi/2 at the same kappa, g1' being what e' was: a Z' without millicharge."""
        return self.with_parameters(kappa=self.mixing(), theta_w_dark=math.pi / 2)

    def notes(self) -> tuple[str, ...]:
        """Return sentences on e' and the branching ratio to chi chi, on Landau poles, large couplings and the expansion in kappa."""
        if (
            any(getattr(self, name) is None for name in ("mass", "theta_w_dark", "dark_charge", "alpha"))
            or self._mixing_name() is None
        ):
            return ()
        numbers = self._numbers()
        share = ratios(numbers.zprime_widths)[_mixed_phase.PARTICLE]
        found = [f"e' = {_span(self.dark_charge)} e, BR(Z' -> chi chi) = {_span(share)}."]
        pole = np.asarray(self.landau_pole_gev())
        if np.any(pole < LANDAU_POLE_GEV):
            found.append(f"e' is large: its Landau pole is at {_span(pole)} GeV, below {LANDAU_POLE_GEV:g} GeV.")
        largest = np.max(np.abs(numbers.sector.dark_z) * np.cos(self.theta_w_dark))  # g2'
        if largest > _LARGEST_COUPLING:
            found.append(f"theta_w_dark is so small that g2' = {largest:.3g}: above 4 pi perturbation theory ends.")
        first = np.max(np.abs(numbers.sector.dark_z) * np.sin(self.theta_w_dark))  # g1'
        if first > _LARGEST_COUPLING:
            found.append(
                f"theta_w_dark is so close to pi/2, or e' so large, that g1' = {first:.3g}: above 4 pi perturbation theory ends."
            )
        x = float(np.max(self.expansion_parameter()))
        if x > perturbative.LARGEST_EXPANSION_PARAMETER:
            good = f"off by about {1.5 * x**2:.0%}" if x < 0.8 else "of no use"
            found.append(
                f'mixing of Z and Z\' is strong (x = {x:.2g}): couplings with method="perturbative" are {good}.'
            )
        return tuple(found)

    def expansion_parameter(self) -> Value:
        """Return x, the mixing angle of Z and Z' at first order; the printed formulas are off by 1.5 x^2.

        Source: :func:`portico.electroweak.perturbative.expansion_parameter`.
        """
        return plain(self._printed(perturbative.expansion_parameter))

    def _printed(self, formula: Callable[..., Any]) -> Any:
        """A formula of the source at M1, M2 and kappa of this point; infinite for M1 = M2."""
        sector = self._numbers("sector").sector
        basis = sector.basis
        with np.errstate(divide="ignore", invalid="ignore"):
            return formula(basis.unmixed_z_mass, basis.sin2_theta_w, basis.dark_mass, sector.kappa, self.theta_w_dark)

    def _mixing_name(self) -> str | None:
        return next((name for name in ("epsilon", "kappa") if getattr(self, name) is not None), None)

    def _numbers(self, parts: str = _mixed_phase.EVERYTHING) -> _mixed_phase.Numbers:
        name = self._mixing_name()
        self.require("mass", "theta_w_dark", "dark_charge", "partner_mass", "alpha", *(() if name else ("epsilon",)))
        arguments = (
            self.mass,
            self.partner_mass,
            self.zprime_mass_gev(),
            getattr(self, str(name)),
            self.theta_w_dark,
            self.dark_charge,
            self.alpha,
        )
        return _mixed_phase.numbers(
            arguments, mixing=str(name), inputs=self.inputs, content=self.content, fermions=self.fermions, parts=parts
        )

    def _check_charge(self) -> None:
        """Raise InvalidInput for a charge at theta_w_dark = pi/2, and for one that needs abs(kappa) >= 1."""
        known = (self.epsilon, self.theta_w_dark, self.dark_charge)
        if any(value is None or isinstance(value, jax.core.Tracer) for value in known):
            return
        _mixed_phase.check_charge(*(np.asarray(value) for value in known), inputs=self.inputs)

    def _check_states(self) -> None:
        """Raise InvalidInput for a Z' that no mixing puts there."""
        name = self._mixing_name()
        if self.inputs != "physical" or name is None or (self.zprime_mass is None and self.mass is None):
            return
        known = (self.zprime_mass_gev(), getattr(self, name), self.theta_w_dark, self.dark_charge)
        if any(value is None or isinstance(value, jax.core.Tracer) for value in known):
            return
        _mixed_phase.check_gap(*known, mixing=name)


def _span(values: Value) -> str:
    """A number, or the smallest and the largest of many."""
    low, high = float(np.min(values)), float(np.max(values))
    first, last = f"{low:.3g}", f"{high:.3g}"
    return first if first == last else f"{first} to {last}"
