"""Searches: an experiment file with its signature and options; and the counts that a signature returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from .. import registry, units
from ..errors import InvalidInput, unknown_name
from ..experiments.base import Experiment, Field
from ..experiments.base import load as load_experiment


class Option(NamedTuple):
    """An option of a search: allowed choices, default and meaning; ``many`` allows several, comma separated.

    An option without choices is a quantity: ``field`` says its unit and range.
    """

    choices: tuple[str, ...]
    default: str
    meaning: str
    many: bool = False
    field: Field | None = None

    def described(self) -> str:
        """Return what is allowed, in words."""
        return ", ".join(self.choices) if self.field is None else f"a quantity, {self.field.described()}"


class Factor(NamedTuple):
    """One factor in the chain behind a channel's expected events; their product is the channel."""

    channel: str
    name: str
    value: Any
    unit: str
    source: str


class Background(NamedTuple):
    """Expected background events, their uncertainty, both per component; and what each nuisance moves, in events.

    ``uncertainty`` is of all nuisances together; the limit takes those of the option ``nuisances``.
    """

    expected: float
    uncertainty: float
    components: dict[str, tuple[float, float]]
    nuisances: dict[str, float]


class SignalYield(NamedTuple):
    """Expected signal events with the chain of factors behind them.

    ``background`` is None where limits rest on a published one. ``numerical_error`` covers integration, ``systematic_error`` inputs and theory; both absolute, in events, per channel.
    """

    search: str
    model: Any
    expected: Any
    channels: dict[str, Any]
    numerical_error: dict[str, Any]
    systematic_error: dict[str, Any]
    factors: tuple[Factor, ...]
    background: Background | None
    observed: float | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Search:
    """An experiment file with its signature and the chosen options; immutable, pickles.

    Make one with :func:`portico.search`. What does not depend on the model is computed on first use and kept.
    """

    experiment: Experiment
    options: dict[str, str]
    _prepared: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        """Name and options."""
        return f"Search({self.name!r}, {', '.join(f'{name}={value!r}' for name, value in self.options.items())})"

    @property
    def name(self) -> str:
        """The name of the experiment file."""
        return self.experiment.name

    @property
    def signature(self) -> ModuleType:
        """The module of the room signatures that knows how to count."""
        return registry.load("signature", self.experiment.signature)

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources of every number in the experiment file."""
        own = (entry.source for entry in self.experiment.entries.values())
        return tuple(dict.fromkeys([*self.experiment.sources, *own]))

    def tolerance(self, model: Any) -> float:
        """Largest relative numerical error of the yield of a model that is passed without a complaint."""
        own = getattr(self.signature, "tolerance", None)
        return float(self.signature.TOLERANCE if own is None else own(self, model))

    def prepared(self) -> Any:
        """What the signature folds once, whatever the model."""
        from ..numerics.batching import concrete  # jax only where something is computed

        if "state" not in self._prepared:
            self._prepared["state"] = concrete(lambda: self.signature.prepare(self.experiment, self.options))
        return self._prepared["state"]

    def with_options(self, **options: str) -> Search:
        """Return the same search with some options changed."""
        return Search(self.experiment, resolve_options(self.experiment, {**self.options, **options}))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what can be computed again."""
        return {"experiment": self.experiment, "options": self.options}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore from a pickle."""
        for name, value in state.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_prepared", {})

    def __hash__(self) -> int:
        """Hash by name and options."""
        return hash((self.name, tuple(sorted(self.options.items()))))


def make_search(name_or_path: str, options: dict[str, Any]) -> Search:
    """Return a search by name or from the user's own file, with checked options; see :func:`portico.search`."""
    experiment = load_experiment(name_or_path)
    registry.path_of("signature", experiment.signature)
    signature = registry.load("signature", experiment.signature)
    experiment.check(signature.FIELDS)
    return Search(experiment, resolve_options(experiment, options))


def resolve_options(experiment: Experiment, given: dict[str, Any]) -> dict[str, str]:
    """Return all options, given or default; raises UnknownName for a wrong option or choice, with the nearest match."""
    known: dict[str, Option] = registry.load("signature", experiment.signature).OPTIONS
    resolved = {name: option.default for name, option in known.items()}
    for name, value in given.items():
        if name not in known:
            raise unknown_name("option", name, known, where=f"search '{experiment.name}'")
        option = known[name]
        if option.field is not None:
            if not (isinstance(value, str) and value == option.default):
                resolved[name] = _quantity(f"search '{experiment.name}': option {name}", option.field, value)
            continue
        items = (
            [str(value)]
            if isinstance(value, str)
            else [str(item) for item in value]
            if isinstance(value, list | tuple)
            else [str(value)]
        )
        if option.many:
            items = [part.strip() for item in items for part in item.split(",")]
        for item in items:
            if item not in option.choices:
                raise unknown_name(
                    f"choice for option {name}", item, option.choices, where=f"search '{experiment.name}'"
                )
        if option.many and len(set(items)) > 1 and "none" in items:
            raise InvalidInput(f"option {name}: 'none' cannot be combined with others; given {', '.join(items)}.")
        if len(items) != 1 and not (option.many and items):
            wanted = "at least one of " + ", ".join(option.choices) if option.many else "one choice"
            raise InvalidInput(f"option {name} takes {wanted}; given {', '.join(items) or 'none'}.")
        resolved[name] = ",".join(choice for choice in option.choices if choice in items)
    return resolved


def _quantity(where: str, wanted: Field, value: Any) -> str:
    """Return an option that is a quantity in the unit of its field, written so that it reads back exactly."""
    number = units.convert(value, wanted.unit, where=where)
    if not wanted.allows(number):
        raise InvalidInput(f"{where} = {value} is not allowed; expected {wanted.described()}.")
    text = str(int(number)) if wanted.whole else repr(number)
    if wanted.unit.startswith("1/"):  # the grammar writes 300/fb
        return text + wanted.unit[1:]
    return text if wanted.unit == units.DIMENSIONLESS else f"{text} {wanted.unit}"
