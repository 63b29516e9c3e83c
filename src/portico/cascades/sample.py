"""A sample of cascade events: one row per event, two legs (the fermions of the mediator's decay), a fixed number of steps."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Array, Float, Int


class Sample(NamedTuple):
    """Cascade events in the laboratory; momenta (E, px, py, pz) in GeV, positions in cm.

    Vertices are those at epsilon = 1, relative to the production point: at another epsilon they are divided by epsilon^2, all
    on the same ray from the production point. Event weights add up to 1.

    mode      (n,)            index into the modes of the chain
    weight    (n,)            1/n for unweighted events; of stratified ones the share of the stratum over its number
    recoil    (n, 4)          what is made together with the mediator: the photon; zeros for a mediator from a beam
    mediator  (n, 4)          may be off its mass shell if its width is drawn
    state     (n, 2, steps+1) index of the fermion of each leg before each step; the last is what is left
    fermion   (n, 2, steps+1, 4)   its momentum
    decay     (n, 2, steps)   index into the decays of the chain; -1 where nothing decays
    minus     (n, 2, steps, 4)     the negative particle of the pair; zeros where nothing decays
    plus      (n, 2, steps, 4)     the positive one
    vertex    (n, 2, steps, 3)     where the pair is made, at epsilon = 1; zeros where nothing decays
    """

    mode: Int[Array, " n"]
    weight: Float[Array, " n"]
    recoil: Float[Array, "n 4"]
    mediator: Float[Array, "n 4"]
    state: Int[Array, "n 2 _"]
    fermion: Float[Array, "n 2 _ 4"]
    decay: Int[Array, "n 2 _"]
    minus: Float[Array, "n 2 _ 4"]
    plus: Float[Array, "n 2 _ 4"]
    vertex: Float[Array, "n 2 _ 3"]


def each_decay(column: Array) -> list[Array]:
    """Return a column with an entry per leg and step as a list of them, legs first.

    For reductions: compiled code undoes the stacking of columns when it is cut along one axis at a time, so that no array with
    short rows is ever made. Source: definition.
    """
    legs = [column[:, leg] for leg in range(column.shape[1])]
    return [leg[:, step] for leg in legs for step in range(column.shape[2])]
