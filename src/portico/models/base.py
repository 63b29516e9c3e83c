"""What every model is: a frozen set of parameters that answers widths, branching ratios and lifetime.

To add a model, write ``models/<name>.py`` with one final class of the same name in CamelCase: fields for its parameters,
``PARAMETERS`` that describes them, and ``partial_widths``. The file's name is its public name; nothing else needs editing.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar, NamedTuple, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .. import constants, units
from ..decays.chain import Chain
from ..errors import InvalidInput, unknown_name
from . import _allowed, _chains, _mediator_widths

Value = Any
"""A float, a numpy array or a traced jax array."""


class Parameter(NamedTuple):
    """A parameter of a model: its unit, meaning, allowed range, default, and the range in which limits look for it."""

    unit: str
    meaning: str
    default: str
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    choices: tuple[str, ...] = ()
    limit_range: tuple[float, float] | None = None
    source: str = ""
    symbol: str = ""
    reason: str = ""
    high_open: bool = False


class ParentDecay(NamedTuple):
    """A decay of a Standard-Model particle to particles of a model: partial width in GeV and branching ratio."""

    width: Value
    branching_ratio: Value


class Model(eqx.Module):
    """Abstract: masses and couplings; subclasses are final and add fields, ``PARAMETERS`` and ``partial_widths``."""

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    PARAMETERS: ClassVar[Mapping[str, Parameter]]
    SOURCES: ClassVar[tuple[str, ...]]
    EXAMPLE: ClassVar[Mapping[str, Any]] = {}
    """Values for the parameters without a default, besides mass and epsilon: a point to start from."""
    EITHER: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of parameters of which at most one is given; setting one takes the place of the other."""
    LIMITED_PARTICLE: ClassVar[str] = "dark_photon"
    """The particle that ``mass`` and ``epsilon`` belong to, "dark_photon" or "millicharged": published limits on it are drawn."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Let the constructor of a model tell a parameter that it does not have, with the nearest match."""
        super().__init_subclass__(**options)
        if "__init__" in vars(cls) and "PARAMETERS" in vars(cls):
            cls.__init__ = _known_parameters(cls.__init__)  # type: ignore[method-assign]

    @abc.abstractmethod
    def partial_widths(self) -> dict[str, Value]:
        """Return partial widths in GeV by channel."""

    def parent_decays(self) -> dict[str, ParentDecay]:
        """Return decays of Standard-Model particles to particles of this model, by mode such as "J/psi -> chi chi"; empty for most."""
        return {}

    def width(self) -> Value:
        """Return the total width in GeV."""
        return plain(sum(self.partial_widths().values()))

    def branching_ratios(self) -> dict[str, Value]:
        """Return branching ratios by channel; they add to 1, or are all 0 where nothing is open, nan where a width is."""
        return ratios(self.partial_widths())

    def lifetime_s(self) -> Value:
        """Return the proper lifetime in seconds, inf where the width is 0 and nan where it is nan."""
        return inverse(constants.HBAR_GEV_S, self.width())

    def ctau_cm(self) -> Value:
        """Return the proper decay length in cm, inf where the width is 0 and nan where it is nan."""
        return self.lifetime_s() * constants.SPEED_OF_LIGHT_CM_S

    def parameters(self) -> dict[str, Value]:
        """Return the parameters as given to the constructor, those left out as None."""
        return {name: plain(getattr(self, name)) for name in self.PARAMETERS}

    def __repr__(self) -> str:
        """Return the name of the class and the parameters that are set; arrays by their ends and number."""
        values = {name: getattr(self, name, None) for name in self.PARAMETERS}
        shown = ", ".join(f"{name}={_shown(value)}" for name, value in values.items() if value is not None)
        return f"{type(self).__name__}({shown})"

    @classmethod
    def alternatives(cls, name: str) -> tuple[str, ...]:
        """Return the parameters in whose place this one is given: the others of its pairs in EITHER."""
        return tuple(other for both in cls.EITHER for one, other in (both, both[::-1]) if one == name)

    def with_parameters(self, **changes: Value) -> Self:
        """Return the same model with some parameters changed, one of EITHER in place of the other; raises as the constructor does."""
        for name in [name for name, value in changes.items() if value is not None]:
            for other in self.alternatives(name):
                changes.setdefault(other, None)
        return type(self)(**{**{name: getattr(self, name) for name in self.PARAMETERS}, **changes})

    def notes(self) -> tuple[str, ...]:
        """Return sentences on what is special about this point; empty for most."""
        return ()

    def with_unchecked(self, **changes: Value) -> Model:
        """Return the same model with some numbers changed, as :meth:`with_parameters` but not checked: for points known to be allowed.

        Formulas are nan where a model has no states.
        """
        for name in [name for name, value in changes.items() if value is not None]:
            for other in self.alternatives(name):
                if getattr(self, other) is not None:
                    changes.setdefault(other, None)
        names = list(changes)
        return eqx.tree_at(
            lambda model: [getattr(model, name) for name in names],
            self,
            [changes[name] for name in names],
            is_leaf=lambda x: x is None,
        )

    def largest_allowed(self, parameter: str) -> Value:
        """Return the largest value of a limited parameter at which each point has states, None where all of its range is allowed.

        Raises InvalidInput as the constructor does where not even the start of the range is allowed.
        """
        return _allowed.largest_allowed(self, parameter)

    def _store(self, given: Mapping[str, Value]) -> None:
        """Check the parameters and keep them; for constructors."""
        for pair in self.EITHER:
            if all(given[name] is not None for name in pair):
                raise InvalidInput(f"{self.NAME}: {pair[0]} and {pair[1]} are both given; give one of them.")
        for name, spec in self.PARAMETERS.items():
            setattr(self, name, read_parameter(self.NAME, name, spec, given[name]))
        check_shapes(self.NAME, {name: getattr(self, name) for name in self.PARAMETERS})

    def require(self, *names: str) -> None:
        """Raise InvalidInput unless all these parameters are set."""
        missing = [name for name in names if getattr(self, name) is None]
        if missing:
            choices = [(name, *self.alternatives(name)) for name in missing]
            words = " and ".join(" or ".join(names) for names in choices)
            give = ", ".join(" or ".join(f"{name}=..." for name in names) for names in choices)
            raise InvalidInput(f"{self.NAME}: {words} must be set; give {give}.")


def _shown(value: Value) -> str:
    """A parameter as a short text: numbers with up to six digits, a long array by its ends and number."""
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, jax.core.Tracer | jax.ShapeDtypeStruct) or np.asarray(value).dtype.kind not in "fiub":
        return "..."  # no number yet, or a place of one
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{float(array):.6g}"
    flat = [
        f"{float(v):.6g}" for v in (array.flat if array.size <= 4 else (array.flat[0], array.flat[1], array.flat[-1]))
    ]
    if array.size > 4:
        flat.insert(2, "...")
    count = "" if array.ndim == 1 and array.size <= 4 else f" of shape {array.shape}"
    return f"[{', '.join(flat)}]{count}"


def _known_parameters(constructor: Callable[..., None]) -> Callable[..., None]:
    """The same constructor; raises UnknownName for a parameter that the model does not have."""

    @wraps(constructor)
    def checked(self: Model, *arguments: Any, **given: Value) -> None:
        for name in given:
            if name not in self.PARAMETERS:
                raise unknown_name("parameter", name, self.PARAMETERS, where=f"model {self.NAME}")
        constructor(self, *arguments, **given)

    return checked


class VectorMediator(Model):
    """Abstract: a model with one massive vector coupled to charge (``epsilon e``) and to dark matter (``alpha_dark``).

    Searches for invisible vectors take any model of this kind.
    """

    mass: eqx.AbstractVar[Value]
    epsilon: eqx.AbstractVar[Value]
    alpha_dark: eqx.AbstractVar[Value]
    dark_matter: eqx.AbstractVar[str]

    @abc.abstractmethod
    def dark_matter_mass_gev(self) -> Value:
        """Return the mass of the dark matter particle in GeV."""

    @abc.abstractmethod
    def visible_width_unit(self) -> Value:
        """Return the width to Standard-Model particles in GeV for epsilon = 1."""

    def chain(self, *, hadrons: bool = True, propagator_width: str = "mediator") -> Chain:
        """Return what cascades need to know of this model; raises InvalidInput where the model has no such decays."""
        raise InvalidInput(
            f"{self.NAME}: this model does not say how its mediator decays in cascades (no method chain)."
        )


class Coupling(NamedTuple):
    r"""Moduli-with-sign of the coupling :math:`\bar\psi_i\gamma^\mu(v - a\gamma_5)\psi_j` over g_D, as it stands in the amplitude."""

    vector: Value
    axial: Value


class DarkFermionModel(Model):
    """Abstract: a massive vector coupled to charge (``epsilon e``) and to dark fermions of which the heavier ones decay.

    Fermions are psi_1, psi_2, ... from light to heavy; psi_1 is stable. Searches through cascades take any model of this kind.
    """

    mass: eqx.AbstractVar[Value]
    epsilon: eqx.AbstractVar[Value]
    alpha_dark: eqx.AbstractVar[Value]

    MAJORANA: ClassVar[bool]
    """Whether the fermions are their own antiparticles: identical pairs count once half, different ones once (Dirac: twice)."""
    NEEDED: ClassVar[tuple[str, ...]]
    """Parameters beside mass and couplings without which there are no masses of fermions and no dark couplings."""

    @abc.abstractmethod
    def fermion_masses(self) -> dict[str, Value]:
        """Return the masses of the fermions in GeV by name, from light to heavy."""

    @abc.abstractmethod
    def couplings(self) -> dict[tuple[str, str], Coupling]:
        """Return couplings over g_D by names of the fermions, the heavier one first."""

    def visible_width_unit(self) -> Value:
        """Return the width to Standard-Model particles in GeV for epsilon = 1."""
        self.require("mass")
        return _mediator_widths.visible_width_unit(self.mass)

    def dark_widths(self) -> dict[str, Value]:
        """Return partial widths of the mediator to pairs of fermions in GeV; needs no epsilon.

        Source: :func:`portico.decays.dark_fermions.width_to_fermions`.
        """
        self.require("mass", "alpha_dark", *self.NEEDED)
        masses, pairs = self.fermion_masses(), self.couplings()
        count = (0.5, 1.0) if self.MAJORANA else (1.0, 2.0)
        rows = [(masses[a], masses[b], v, x, count[a != b]) for (a, b), (v, x) in pairs.items()]
        widths = _mediator_widths.pair_widths(self.mass, self.alpha_dark, rows)
        return {f"{b} {a}": width for (a, b), width in zip(pairs, widths, strict=True)}

    def partial_widths(self) -> dict[str, Value]:
        """Return partial widths of the mediator in GeV by channel: visible ones as of a dark photon, then pairs of fermions.

        Source: :mod:`portico.decays.vector`, :mod:`portico.decays.dark_fermions`.
        """
        self.require("mass", "epsilon", "alpha_dark", *self.NEEDED)
        visible = _mediator_widths.visible_widths(self.mass, self.epsilon, _mediator_widths.lepton_masses())
        return {**{name: visible[name] for name in _mediator_widths.VISIBLE}, **self.dark_widths()}

    def fermion_widths(self) -> dict[str, dict[str, Value]]:
        """Return partial widths in GeV of each fermion but the lightest, by channel such as "psi_1 e+ e-".

        Tree level through the mediator of any virtuality, proportional to epsilon^2: its propagator holds its width to dark
        fermions, or to visible particles where no dark mode is open. Where psi_h -> psi_l and an on-shell mediator is open,
        that width is in the propagator as well, and the sum no longer depends on epsilon.
        A width to hadrons is nan where psi_h is more than 40 GeV heavier than psi_l: the ratio R behind it ends there.
        Raises InvalidInput where a fermion decays to three lighter ones without mixing, which is not computed.

        Source: :func:`portico.decays.dark_fermions.three_body_width`.
        """
        return _by_channel(self._fermion_widths(), 0)

    def refuse_unknown_widths(self) -> None:
        """Raise InvalidInput where a width of a fermion is not known, such as to hadrons beyond the data behind them."""
        masses = {name: float(mass) for name, mass in self.fermion_masses().items()}
        for name, widths in self.fermion_widths().items():
            _chains.refuse_unknown(self.NAME, masses, name, {channel: float(w) for channel, w in widths.items()})

    def fermion_width_errors(self) -> dict[str, dict[str, Value]]:
        """Return the errors of the integrals behind :meth:`fermion_widths`, GeV."""
        return _by_channel(self._fermion_widths(), 1)

    def _fermion_widths(self) -> _mediator_widths.FermionWidths:
        self.require("mass", "epsilon", "alpha_dark", *self.NEEDED)
        dark = sum(self.dark_widths().values())
        visible = self.visible_width_unit() * self.epsilon**2
        self._check_dark_decays(tuple(self.fermion_masses()))
        return self._widths_of_fermions(_namespace(dark, visible).where(dark > 0, dark, visible), self.epsilon**2)

    def _widths_of_fermions(self, mediator_width: Value, factor: Value) -> _mediator_widths.FermionWidths:
        masses, pairs = (
            self.fermion_masses(),
            {names: c for names, c in self.couplings().items() if names[0] != names[1]},
        )
        rows = [(masses[a], masses[b], c.vector, c.axial) for (a, b), c in pairs.items()]
        found = _mediator_widths.fermion_widths(rows, self.mass, self.alpha_dark, mediator_width, factor)
        return dict(zip(pairs, found, strict=True))

    def fermion_ctau_cm(self) -> dict[str, Value]:
        """Return the proper decay lengths of all fermions in cm; inf for stable ones, nan where a width is."""
        widths = self.fermion_widths()
        totals = {name: sum(widths.get(name, {}).values()) for name in self.fermion_masses()}
        return {name: inverse(constants.HBARC_GEV_CM, total) for name, total in totals.items()}

    def _check_dark_decays(self, parents: tuple[str, ...]) -> None:
        """Raise InvalidInput where one of these fermions decays to three others through the dark coupling alone."""
        masses, couplings = self.fermion_masses(), self.couplings()
        if any(isinstance(value, jax.core.Tracer) for value in jax.tree.leaves((masses, couplings, self.alpha_dark))):
            return
        if not np.any(np.asarray(self.alpha_dark) > 0):
            return
        live = [
            names
            for names, c in couplings.items()
            if np.any(np.asarray(c.vector) != 0) or np.any(np.asarray(c.axial) != 0)
        ]
        for parent, daughter in live:
            for first, second in live:
                rest = masses[daughter] + masses[first] + masses[second]
                if parent in parents and parent != daughter and np.any(masses[parent] > rest):
                    raise InvalidInput(
                        f"{self.NAME}: {parent} is heavy enough to decay to {daughter} {first} {second} without kinetic mixing, which is not computed; "
                        f"expected m({parent}) < m({daughter}) + m({first}) + m({second}), or that coupling to be 0."
                    )

    def chain(self, *, hadrons: bool = True, propagator_width: str = "mediator") -> Chain:
        """Return what cascades need to know of this model, for parameters that are single numbers; epsilon may be left out.

        Parameters
        ----------
        hadrons : bool          False leaves hadrons out of the decays of fermions, and of their lifetimes
        propagator_width : str  "mediator": the width of the mediator to dark fermions; "zero": none. That to visible particles is
                                left out, so that decay lengths go as 1/epsilon^2 exactly.

        Returns
        -------
        Chain                   decays and lengths of those fermions that the mediator leads to; no modes where none is open

        Raises InvalidInput for arrays, for an unknown choice, and as :meth:`fermion_widths`.
        """
        if propagator_width not in ("mediator", "zero"):
            raise unknown_name("choice for propagator_width", propagator_width, ("mediator", "zero"), where=self.NAME)
        arrays = [name for name, value in self.parameters().items() if np.ndim(value) > 0]
        if arrays:
            raise InvalidInput(f"{self.NAME}: a chain of decays is that of one point; {arrays[0]} is an array.")
        dark = {name: float(width) for name, width in self.dark_widths().items()}
        return _chains.make_chain(self, dark, hadrons=hadrons, propagator_width=propagator_width)

    def notes(self) -> tuple[str, ...]:
        """Return sentences on closed dark decays and on a large coupling."""
        found = []
        if self.alpha_dark is not None and np.any(np.asarray(self.alpha_dark) > 1):
            found.append(
                "alpha_dark is above 1: perturbation theory in g_D is no longer good there; widths are those at tree level."
            )
        if any(getattr(self, name) is None for name in ("mass", "alpha_dark", *self.NEEDED)):
            return tuple(found)
        dark = np.asarray(sum(self.dark_widths().values()))
        if np.any(dark == 0):
            where = "" if np.all(dark == 0) else f" at {np.sum(dark == 0)} of {dark.size} points"
            why = (
                "alpha_dark is 0"
                if np.all(np.asarray(self.alpha_dark) == 0)
                else "no pair of dark fermions that couples is lighter than the mediator"
            )
            found.append(f"{why}{where}: the mediator falls back to visible decays.")
        return tuple(found)


def _by_channel(widths: _mediator_widths.FermionWidths, place: int) -> dict[str, dict[str, Value]]:
    """Values (place 0) or errors (place 1) by parent and channel, the lightest daughter first."""
    found: dict[str, dict[str, Value]] = {}
    for (parent, daughter), pairs in sorted(widths.items()):
        found.setdefault(parent, {}).update({f"{daughter} {pair}": plain(both[place]) for pair, both in pairs.items()})
    return found


def _namespace(*values: Value) -> Any:
    """``jax.numpy`` where one of these is traced; else numpy, which compiles nothing."""
    return jnp if any(isinstance(value, jax.core.Tracer) for value in values) else np


def ratios(widths: Mapping[str, Value]) -> dict[str, Value]:
    """Return branching ratios from partial widths by channel: all 0 where the sum is 0, nan where it is nan."""
    xp = _namespace(*widths.values())
    total = xp.asarray(sum(widths.values()), dtype=float)
    safe = xp.where(total == 0, 1.0, total)
    return {channel: plain(xp.asarray(width) / safe) for channel, width in widths.items()}


def inverse(constant: float, width: Value) -> Value:
    """Return a constant over a width: inf where that is 0, nan where it is nan."""
    xp = _namespace(width)
    width = xp.asarray(width, dtype=float)
    return plain(xp.where(width == 0, math.inf, constant / xp.where(width == 0, 1.0, width)))


def read_parameter(model: str, name: str, spec: Parameter, value: Value) -> Value:
    """Return a parameter as a float64 array (or choice), checked; traced values and None pass unchecked.

    Raises InvalidInput where the value is outside the range, not finite, or not a quantity of the right unit.
    """
    if isinstance(value, jax.core.Tracer) or (value is None and not spec.choices):
        return value
    where = f"{model}: {name}"
    if spec.choices:
        if not isinstance(value, str) or value not in spec.choices:
            raise unknown_name(f"choice for {name}", value, spec.choices, where=model)
        return value
    if isinstance(value, str):
        value = units.convert(value, spec.unit, where=where)
    try:
        if np.ma.isMaskedArray(value) or np.asarray(value).dtype.kind not in "fiu":
            raise TypeError
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{where}: {value!r} is not a number or an array of numbers.") from None
    if array.size == 0:
        raise InvalidInput(f"{where} is an empty array; expected at least one number.")
    low_ok = array > spec.low if spec.low_open else array >= spec.low
    high_ok = array < spec.high if spec.high_open else array <= spec.high
    bad = ~(low_ok & high_ok & np.isfinite(array))
    if np.any(bad):
        unit = "" if spec.unit == units.DIMENSIONLESS else f" {spec.unit}"
        wrong = float(array[bad].flat[0]) if array.ndim else float(array)
        hint = (
            " A bare number is GeV; write for example 67MeV." if spec.unit == units.ENERGY and wrong > spec.high else ""
        )
        digits = next((n for n in (6, 12) if _reads_wrong(wrong, spec, n)), 17)
        raise InvalidInput(
            f"{where} = {wrong:.{max(digits, 12)}g}{unit} is not allowed; expected {allowed_range(spec, digits)}{spec.reason}.{hint}"
        )
    return array


def check_shapes(model: str, values: Mapping[str, Value]) -> None:
    """Raise InvalidInput unless the arrays among the parameters broadcast."""
    shapes = {
        name: np.shape(value) for name, value in values.items() if value is not None and not isinstance(value, str)
    }
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError:
        shown = ", ".join(f"{name} {shape}" for name, shape in shapes.items() if shape)
        raise InvalidInput(f"{model}: arrays of shapes {shown} do not broadcast.") from None


def _reads_wrong(value: float, spec: Parameter, digits: int) -> bool:
    """Whether a value outside the range is outside as it is written too, when the ends have so many digits."""
    shown = float(f"{value:.{max(digits, 12)}g}")
    low, high = (float(f"{end:.{digits}g}") for end in (spec.low, spec.high))
    return not (low < shown < high or (shown == low and not spec.low_open) or (shown == high and not spec.high_open))


def allowed_range(spec: Parameter, digits: int = 6) -> str:
    """Return the allowed range of a parameter in words, its ends with so many digits."""
    if spec.choices:
        return "one of " + ", ".join(spec.choices)
    unit = "" if spec.unit == units.DIMENSIONLESS else f" {spec.unit}"
    low = f"{'above' if spec.low_open else 'at least'} {spec.low:.{digits}g}{unit}"
    if spec.high == math.inf:
        return low
    high = f"{'below' if spec.high_open else 'at most'} {spec.high:.{digits}g}{unit}"
    return high if spec.low == -math.inf else f"{low} and {high}"


def plain(value: Value) -> Value:
    """A float for a scalar; arrays and traced values as they are."""
    if value is None or isinstance(value, str | jax.core.Tracer):
        return value
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array
