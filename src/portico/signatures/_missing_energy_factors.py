"""The chain of factors behind each channel of the missing-energy search, and the sources of its formulas."""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

from ..matter import atomic_electrons
from ..models.base import plain
from ..numerics.batching import concrete
from ..transport import path_length
from ._missing_energy_fold import Prepared
from ._missing_energy_veto import veto_of
from .base import Factor, Search

_VETO = "arXiv:1906.00176; thresholds of a talk on arXiv:2302.05410"
_RADIATION = "arXiv:2505.10302; arXiv:0903.0363 with m_e; structure functions, Sov. J. Nucl. Phys. 41 (1985) 466"


def method_sources(search: Search) -> list[str]:
    """Return the sources of the formulas that the options choose."""
    wanted, options = search.options["channels"].split(","), search.options
    track, emission, annihilation, radiation = _sources(search)
    found = [track]
    found += [annihilation] if "annihilation" in wanted else []
    found += [emission] if "bremsstrahlung" in wanted else []
    found += [radiation] if "radiative_annihilation" in wanted else []
    if options["electron_motion"] == "on":
        found.append(f"motion of electrons in annihilation: {atomic_electrons.SOURCE}")
    return found


def _sources(search: Search) -> tuple[str, str, str, str]:
    """Sources of the track length, emission, annihilation without and with a photon."""
    options = search.options
    track = (
        "Approximation A, Rev. Mod. Phys. 13 (1941) 240"
        if options["track_length"] == "cascade"
        else "two generations, Phys. Rev. 149 (1966) 1248"
    )
    level = options["bremsstrahlung"]
    emission = "arXiv:2212.04252, eq. (13)" if level == "iww" else "arXiv:0906.0580, eqs. (A11)-(A19)"
    if level == "exact":
        emission += "; exact tree level, arXiv:1712.05706"
    annihilation = "secondary positrons of the shower, arXiv:2108.04195"
    return track, emission, annihilation, "e+ e- -> gamma A', annihilation with photons: " + _RADIATION


def factors(search: Search, state: Prepared, passed: dict[str, Any], values: dict[str, Any]) -> tuple[Factor, ...]:
    """The chain behind each channel; the product of its factors is the channel's expected events.

    ``passed`` holds the probabilities that no decay of a semi-visible mediator is seen, by channel.
    """
    entries, options = search.experiment.entries, search.options
    track, emission, annihilation, radiation = _sources(search)
    beam = ("electrons on target", state.electrons, "1", entries["beam.electrons_on_target"].source)
    cut = ("efficiency", state.efficiency, "1", entries["selection.efficiency"].source)
    named = [source for source in state.target.sources if "Atomic" in source] or state.target.sources
    density = f"{state.target.name}: density and atomic masses, {named[0]}"
    positrons = path_length.total(concrete(state.plain_path)) / state.electrons
    shower = [
        ("density of electrons", state.target.electron_density, "1/cm^3", density),
        ("path length of positrons per electron with E' + m_e above the cut", positrons, "cm", track),
    ]
    nuclei = [
        ("density of nuclei", state.target.unit_density, "1/cm^3", density),
        ("path length of both charges per electron with E' above the cut", state.track_cm, "cm", track),
    ]
    soft = ", soft photons included" if "radiative_annihilation" in options["channels"].split(",") else ""
    means = {
        "annihilation": (shower, f"mean cross section of e+ e- -> dark particles over that path ({options['width']} width{soft})", annihilation),
        "radiative_annihilation": (shower, "mean cross section of e+ e- -> gamma and dark particles over that path, with E_A' above the cut", radiation),
        "bremsstrahlung": (nuclei, f"mean cross section of e N -> e N A', A' -> dark particles, with E_A' above the cut ({options['bremsstrahlung']})", emission),
    }  # fmt: skip
    rows: list[Factor] = []
    for channel, value in values.items():
        middle, name, source = means[channel]
        chain: list[tuple[str, Any, str, str]] = [beam, cut, *middle]
        if channel in passed:
            chain.append(
                (
                    f"probability that no decay is seen (semi_visible_veto={veto_of(search)})",
                    plain(passed[channel]),
                    "1",
                    _VETO,
                )
            )
        product = reduce(operator.mul, (factor[1] for factor in chain))
        safe = product + (product == 0)
        rows += [Factor(channel, *factor) for factor in [*chain, (name, value / safe, "cm^2", source)]]
    return tuple(rows)
