"""Chains of decays made from models: which fermions a mediator leads to, how they go on, how far they fly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..constants import HBARC_GEV_CM
from ..decays.chain import Chain, FermionDecay, PairMode

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
                if above == parent and value > 0 and (hadrons or pair != "hadrons")
            ]
            everything = sum(value for *_, value in rows)
            for daughter, pair, value in rows:
                v, x = couplings[parent, daughter]
                decays.append(FermionDecay(names.index(parent), names.index(daughter), pair, value / everything, v, x))
            if everything > 0:
                lengths[names.index(parent)] = HBARC_GEV_CM / everything
    return Chain(float(model.mass), total, tuple(masses.values()), model.MAJORANA, modes, tuple(decays), tuple(lengths))


def _plain(pair: Coupling) -> tuple[float, float]:
    return float(pair.vector), float(pair.axial)


def _reached(first: set[str], couplings: dict[tuple[str, str], tuple[float, float]]) -> set[str]:
    """The fermions that appear in a cascade which starts with these."""
    found = set(first)
    while more := {b for (a, b), c in couplings.items() if a in found and a != b and any(c)} - found:
        found |= more
    return found
