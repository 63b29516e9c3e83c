"""What every model is: a frozen set of parameters that answers widths, branching ratios and lifetime.

To add a model, write ``models/<name>.py`` with one final class of the same name in CamelCase: fields for its parameters,
``PARAMETERS`` that describes them, and ``partial_widths``. The file's name is its public name; nothing else needs editing.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import numpy as np

from .. import constants, units
from ..errors import InvalidInput, unknown_name

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


class Model(eqx.Module):
    """Abstract: masses and couplings; subclasses are final and add fields, ``PARAMETERS`` and ``partial_widths``."""

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    PARAMETERS: ClassVar[Mapping[str, Parameter]]
    SOURCES: ClassVar[tuple[str, ...]]

    @abc.abstractmethod
    def partial_widths(self) -> dict[str, Value]:
        """Return partial widths in GeV by channel."""

    def width(self) -> Value:
        """Return the total width in GeV."""
        return _plain(sum(self.partial_widths().values()))

    def branching_ratios(self) -> dict[str, Value]:
        """Return branching ratios by channel; they add to 1, or are all 0 where nothing is open."""
        widths = self.partial_widths()
        total = np.asarray(sum(widths.values()))
        safe = np.where(total > 0, total, 1.0)
        return {channel: _plain(np.asarray(width) / safe) for channel, width in widths.items()}

    def lifetime_s(self) -> Value:
        """Return the proper lifetime in seconds, inf where the width is 0."""
        width = np.asarray(self.width())
        return _plain(np.where(width > 0, constants.HBAR_GEV_S / np.where(width > 0, width, 1.0), np.inf))

    def ctau_cm(self) -> Value:
        """Return the proper decay length in cm, inf where the width is 0."""
        return _plain(np.asarray(self.lifetime_s()) * constants.SPEED_OF_LIGHT_CM_S)

    def parameters(self) -> dict[str, Value]:
        """Return the parameters as given to the constructor, those left out as None."""
        return {name: _plain(getattr(self, name)) for name in self.PARAMETERS}

    def with_parameters(self, **changes: Value) -> Model:
        """Return the same model with some parameters changed; raises as the constructor does."""
        return type(self)(**{**{name: getattr(self, name) for name in self.PARAMETERS}, **changes})

    def require(self, *names: str) -> None:
        """Raise InvalidInput unless all these parameters are set."""
        missing = [name for name in names if getattr(self, name) is None]
        if missing:
            raise InvalidInput(
                f"{self.NAME}: {' and '.join(missing)} must be set; give {', '.join(f'{name}=...' for name in missing)}."
            )


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
    bad = ~(low_ok & (array <= spec.high) & np.isfinite(array))
    if np.any(bad):
        unit = "" if spec.unit == units.DIMENSIONLESS else f" {spec.unit}"
        wrong = float(array[bad].flat[0]) if array.ndim else float(array)
        hint = (
            " A bare number is GeV; write for example 67MeV." if spec.unit == units.ENERGY and wrong > spec.high else ""
        )
        raise InvalidInput(f"{where} = {wrong:.12g}{unit} is not allowed; expected {allowed_range(spec)}.{hint}")
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


def allowed_range(spec: Parameter) -> str:
    """Return the allowed range of a parameter in words."""
    if spec.choices:
        return "one of " + ", ".join(spec.choices)
    unit = "" if spec.unit == units.DIMENSIONLESS else f" {spec.unit}"
    low = f"above {spec.low:g}{unit}" if spec.low_open else f"at least {spec.low:g}{unit}"
    if spec.high == math.inf:
        return low
    high = f"at most {spec.high:g}{unit}"
    return high if spec.low == -math.inf else f"{low} and {high}"


def _plain(value: Value) -> Value:
    """A float for a scalar; arrays and traced values as they are."""
    if value is None or isinstance(value, str | jax.core.Tracer):
        return value
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array
