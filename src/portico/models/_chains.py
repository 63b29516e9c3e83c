"""Chains of decays made from models: which fermions a mediator leads to, how they go on, how far they fly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..constants import HBARC_GEV_CM
from ..decays.chain import Chain, FermionDecay, PairMode
from ..decays.hadronic_ratio import MAXIMUM_MASS
from ..errors import InvalidInput

if TYPE_CHECKING:
    from .base import Coupling, DarkFermionModel


def make_chain(model: DarkFermionModel, dark: dict[str, float], *, hadrons: bool, propagator_width: str) -> Chain:
    """Return the chain of a model with these widths of its mediator (GeV) to pairs of fermions."""
    masses = {name: float(mass) for name, mass in model.fermion_masses().items()}
    names, couplings = list(masses), {key: _plain(pair) for key, pair in model.couplings().items()}
    total = sum(dark.values())
    modes = tuple(
        PairMode(names.index(a), names.index(b), dark[f"{b} {a}"] / total, v, x)
        for (a, b), (v, x) in couplings.items()
        if dark[f"{b} {a}"] > 0
    )
    reached = _reached({names[k] for mode in modes for k in (mode.first, mode.second)}, couplings)
    model._check_dark_decays(tuple(reached))
    decays: list[FermionDecay] = []
    lengths = [np.inf] * len(names)
    if reached:
        widths = model._widths_of_fermions(total if propagator_width == "mediator" else 0.0, 1.0)
        for parent in sorted(reached):
            rows = [
                (daughter, pair, float(value))
                for (above, daughter), pairs in sorted(widths.items())
                for pair, (value, _) in pairs.items()
                if above == parent and value != 0 and (hadrons or pair != "hadrons")
            ]
            refuse_unknown(model.NAME, masses, parent, {f"{daughter} {pair}": value for daughter, pair, value in rows})
            everything = sum(value for *_, value in rows)
            for daughter, pair, value in rows:
                v, x = couplings[parent, daughter]
                decays.append(FermionDecay(names.index(parent), names.index(daughter), pair, value / everything, v, x))
            if everything > 0:
                lengths[names.index(parent)] = HBARC_GEV_CM / everything
    return Chain(float(model.mass), total, tuple(masses.values()), model.MAJORANA, modes, tuple(decays), tuple(lengths))


def refuse_unknown(model: str, masses: dict[str, float], parent: str, widths: dict[str, float]) -> None:
    """Raise InvalidInput where one of these widths of a fermion, by channel such as "psi_1 e+ e-", is not a number."""
    unknown = [channel for channel, width in widths.items() if math.isnan(width)]
    if not unknown:
        return
    daughter = unknown[0].partition(" ")[0]
    splitting = masses[parent] - masses[daughter]
    place = f"{model}: the width of {parent} to {unknown[0]} is not known"
    if splitting > MAXIMUM_MASS and unknown[0].endswith("hadrons"):
        raise InvalidInput(
            f"{place}: the splitting m({parent}) - m({daughter}) is {splitting:.6g} GeV, and the ratio of hadrons to muons ends at {MAXIMUM_MASS:g} GeV; "
            "expected a smaller splitting."
        )
    raise InvalidInput(
        f"{place}: with a splitting m({parent}) - m({daughter}) of {splitting:.6g} GeV the mediator is on its mass shell, and it has no width; "
        "expected an open decay of the mediator, such as with epsilon above 0."
    )


def _plain(pair: Coupling) -> tuple[float, float]:
    return float(pair.vector), float(pair.axial)


def _reached(first: set[str], couplings: dict[tuple[str, str], tuple[float, float]]) -> set[str]:
    """The fermions that appear in a cascade which starts with these."""
    found = set(first)
    while more := {b for (a, b), c in couplings.items() if a in found and a != b and any(c)} - found:
        found |= more
    return found
