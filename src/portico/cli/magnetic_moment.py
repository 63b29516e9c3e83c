"""``portico g-2``: the magnetic moment of a lepton with a dark photon, and the mixings that the data ask for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import units
from ..errors import InvalidInput
from .arguments import probability
from .interrupted import say
from .show import print_json
from .text import number, table

if TYPE_CHECKING:
    from ..precision.magnetic_moment import DataSet

_HEAVIEST, _VECTOR = 1000.0, 10.0  # GeV


def listed(*, as_json: bool) -> None:
    """List the data sets, each with its shift, source and status; the defaults are marked."""
    from ..precision import magnetic_moment as moment

    sets = [moment.data_set(name) for name in moment.names()]
    defaults = {moment.default(lepton) for lepton in moment.LEPTONS}
    if as_json:
        print_json({"data_sets": [{**_content(entry), "default": entry.name in defaults} for entry in sets]})
        return
    rows = [
        (("* " if e.name in defaults else "  ") + e.name, e.lepton, _shift(e), e.status, f"{e.title} ({e.source})")
        for e in sets
    ]
    print(table(("  data set", "lepton", "shift", "status", "what it is"), rows))
    print("\n* default of its lepton. unverified: recalled, not looked up; check before relying on it.")


def _content(entry: DataSet) -> dict[str, Any]:
    return entry._asdict()


def _shift(entry: DataSet) -> str:
    power = math.floor(math.log10(entry.error)) - 1
    return f"{entry.shift / 10**power:.0f}({entry.error / 10**power:.0f})e{power}"


def _energy(text: str) -> float:
    mass = units.convert(text, units.ENERGY, where="--mass")
    if not 0 <= mass <= _HEAVIEST:
        raise InvalidInput(f"--mass {text}: expected at least 0 GeV and at most {_HEAVIEST:g} GeV.")
    return mass


def _mixing(text: str) -> float:
    epsilon = probability(text, "--epsilon")
    if not 0 <= epsilon <= 1:
        raise InvalidInput(f"--epsilon {text}: expected at least 0 and at most 1.")
    return epsilon


def _sigma(text: str) -> float:
    n_sigma = probability(text, "--sigma")
    if not 0 <= n_sigma <= 100:
        raise InvalidInput(f"--sigma {text}: expected a number of standard deviations, at least 0 and at most 100.")
    return n_sigma


def _chosen(data: str | None, lepton: str | None) -> DataSet:
    """The data set that is asked for, or the default of the lepton."""
    from ..precision import magnetic_moment as moment

    if data is None:
        return moment.data_set(moment.default(lepton or "mu-"))
    entry = moment.data_set(data)
    if lepton is not None and lepton != entry.lepton:
        known = ", ".join(moment.names(lepton))
        raise InvalidInput(f"--data {data}: is for {entry.lepton}, not for {lepton}; those of {lepton}: {known}.")
    return entry


def magnetic_moment(
    mass_text: str, epsilon_text: str | None, lepton: str | None, data: str | None, sigmas: list[str], *, as_json: bool
) -> None:
    """Print the shift at a mixing, the mixing for the central value and the bands."""
    from .. import particles
    from ..precision import magnetic_moment as moment

    mass, n_sigmas = _energy(mass_text), list(dict.fromkeys(_sigma(text) for text in sigmas))
    epsilon = None if epsilon_text is None else _mixing(epsilon_text)
    entry = _chosen(data, lepton)
    lepton_mass = particles.mass(entry.lepton)
    loop = moment.loop_function(mass / lepton_mass)
    central = float(moment.epsilon_for(entry.shift, mass, lepton_mass))
    bands = [(n, *(float(edge) for edge in moment.band(entry, mass, n))) for n in n_sigmas]
    if mass > _VECTOR:
        say(f"note: above {_VECTOR:g} GeV the mixing with the Z, which is left out, matters.")
    shift = None if epsilon is None else float(moment.magnetic_moment_shift(mass, epsilon, lepton_mass))
    if as_json:
        print_json({
            "mass": mass, "lepton": entry.lepton, "data_set": _content(entry), "epsilon": epsilon, "shift": shift,
            "relative_error": float(loop.error / loop.value), "epsilon_central": central,
            "bands": [{"n_sigma": n, "low": low, "high": high} for n, low, high in bands],
            "sources": [*moment.SOURCES, entry.source],
        })  # fmt: skip
        return
    if shift is not None:
        away = (shift - entry.shift) / entry.error
        print(f"shift of a = (g-2)/2 of {entry.lepton} at mass = {number(mass)} GeV, epsilon = {number(epsilon or 0)}: {number(shift, 10)} ({away:+.2f} sigma from the data)")  # fmt: skip
    print(f"data: {entry.name}, {_shift(entry)}: {entry.title} ({entry.source}; {entry.status})")
    what = (
        "no mixing: a vector raises the magnetic moment" if math.isnan(central) else f"epsilon = {number(central, 6)}"
    )
    print(f"central value: {what}")
    for n, low, high in bands:
        print(f"{n:g} sigma: {_range(low, high)}")


def _range(low: float, high: float) -> str:
    """A band in words."""
    if math.isnan(high):
        return "no mixing"
    beyond = " (the formula means nothing above 1)" if high > 1 else ""
    return (f"epsilon from {number(low)} to {number(high)}" if low > 0 else f"epsilon up to {number(high)}") + beyond
