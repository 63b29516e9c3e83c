"""The chain of factors behind each channel of the disappearing positron, and the sources of its formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..matter import atomic_electrons
from ..matter.materials import Material
from ..numerics.batching import concrete
from ..transport import path_length
from ._disappearing_positron_fold import Prepared
from .base import Factor, Search

RADIATION = "arXiv:2505.10302; arXiv:0903.0363 with m_e; structure functions, Sov. J. Nucl. Phys. 41 (1985) 466"


def method_sources(search: Search) -> list[str]:
    """Return the sources of the formulas that the options choose."""
    track = (
        "Approximation A, Rev. Mod. Phys. 13 (1941) 240"
        if search.options["track_length"] == "cascade"
        else "two generations, Phys. Rev. 149 (1966) 1248"
    )
    emission = (
        "arXiv:2212.04252, eq. (13)"
        if search.options["bremsstrahlung"] == "iww"
        else "arXiv:0906.0580, eqs. (A11)-(A19)"
    )
    wanted = search.options["channels"].split(",")
    return [
        track,
        *(["arXiv:2212.04252, N_ann"] if "annihilation" in wanted else []),
        *([emission] if "bremsstrahlung" in wanted else []),
        *(["e+ e- -> gamma A', annihilation with photons: " + RADIATION] if "radiative_annihilation" in wanted else []),
        *(
            [f"motion of electrons in annihilation: {atomic_electrons.SOURCE}"]
            if search.options["electron_motion"] == "on"
            else []
        ),
    ]


def _density_source(target: Material) -> str:
    return "density and atomic masses, " + next(
        (source for source in target.sources if "Atomic" in source), target.sources[0]
    )


def _beam(search: Search, state: Prepared) -> list[tuple[str, float, str, str]]:
    """Luminosity and the cross section of what enters the target."""
    where = "positron" if search.options["tracks"] == "positron" else "both tracks"
    luminosity = state.luminosity_per_cm2
    return [
        ("integrated luminosity", luminosity, "1/cm^2", search.experiment.entries["beams.luminosity"].source),
        (
            f"Bhabha cross section, {where} in the barrel", state.positrons / luminosity, "cm^2",
            "Born level, photon and Z exchange",
        ),
    ]  # fmt: skip


def _targets(state: Prepared, track: str) -> dict[str, list[tuple[str, float, str, str]]]:
    """Density and path length for each channel."""
    source = f"{state.target.name}: {_density_source(state.target)}"
    electrons = path_length.total(concrete(state.plain_path)) / state.positrons
    path = [
        ("density of electrons", state.target.electron_density, "1/cm^3", source),
        ("path length per positron with E' + m_e above the cut", electrons, "cm", track),
    ]
    return {
        "annihilation": path,
        "radiative_annihilation": path,
        "bremsstrahlung": [
            ("density of nuclei of each kind", state.target.unit_density, "1/cm^3", source),
            ("path length per positron with E' above the cut", state.track_cm, "cm", track),
        ],
    }


def factors(search: Search, state: Prepared, values: dict[str, Any]) -> tuple[Factor, ...]:
    """The chain behind each channel; the product of its factors is the channel's expected events."""
    track, *emission = [s for s in method_sources(search) if "N_ann" not in s and "annihilation" not in s]
    beam, targets = _beam(search, state), _targets(state, track)
    soft = ", soft photons included" if "radiative_annihilation" in search.options["channels"].split(",") else ""
    means = {
        "annihilation": f"mean cross section of e+ e- -> chi chi over that path ({search.options['width']} width{soft})",
        "radiative_annihilation": "mean cross section of e+ e- -> gamma chi chi over that path, with E_A' above the cut",
        "bremsstrahlung": f"mean cross section of e+ N -> e+ N A', A' -> chi chi, summed over nuclei ({search.options['bremsstrahlung']})",
    }
    radiative = [s for s in method_sources(search) if "gamma" in s]
    sources = {
        "annihilation": "arXiv:2212.04252, N_ann",
        "radiative_annihilation": radiative[0] if radiative else "",
        "bremsstrahlung": emission[0] if emission else "",
    }
    rows: list[Factor] = []
    for channel, value in values.items():
        chain = [*beam, *targets[channel]]
        product = float(np.prod([factor[1] for factor in chain]))
        chain.append((means[channel], value / product, "cm^2", sources[channel]))
        rows += [Factor(channel, *factor) for factor in chain]
    return tuple(rows)
