r"""The probability that an event of a cascade passes a veto, for every coupling at once.

Vertices lie at :math:`\vec x/\epsilon^2` on fixed rays: decay j is inside the instrumented volume for
:math:`\epsilon_j^\mathrm{in} \le \epsilon < \epsilon_j^\mathrm{out}`, and an event passes with

.. math:: S(\epsilon) = \prod_j \big(1 - p_j\,[\epsilon_j^\mathrm{in} \le \epsilon < \epsilon_j^\mathrm{out}]\big).

S is a staircase: its steps are found once per event, counted in fine bins of ln(epsilon), and summed. No event is looked at
twice, whatever the number of couplings, and memory does not grow with the number of events.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..numerics.sampling import MonteCarlo

_PER_DECADE = 400
_LOWEST = 1e-9
_CHUNK = 64
_LOG_STEP = math.log(10.0) / _PER_DECADE
EDGES = np.log(_LOWEST) + _LOG_STEP * np.arange(9 * _PER_DECADE + 1)
"""ln(epsilon) at which the staircase is counted: 400 per decade from 1e-9 to 1."""
_RARE = 1e-3
_ONE_SIDED = 1.8410216450092636
"""Number of events that are excluded at 84% CL where none is seen: -ln(0.1587)."""

Block = Callable[[int, int, int], np.ndarray]


def steps(
    probability: Float[Array, "n j"], start: Float[Array, "n j"], stop: Float[Array, "n j"] | None
) -> tuple[Float[Array, "n k"], Float[Array, "n k"]]:
    r"""Return the places and heights of the steps of S(epsilon): couplings (n, k) and by how much S drops there.

    .. math:: \delta(b) = \prod_i\big(1 - p_i[\epsilon_i^\mathrm{in} < b \le \epsilon_i^\mathrm{out}]\big)
              - \prod_i\big(1 - p_i[\epsilon_i^\mathrm{in} \le b < \epsilon_i^\mathrm{out}]\big)

    Parameters
    ----------
    probability : array, shape (n, j)   that the veto sees decay j if it is inside
    start, stop : arrays, shape (n, j)  couplings from which and up to which it is inside; ``stop=None`` for a volume that
                                        holds the production point: a decay that came inside stays there

    Returns
    -------
    arrays, shape (n, j), or (n, 2j)    couplings and drops (negative where a decay leaves again); the sum of the drops up to
                                        epsilon is 1 - S(epsilon)

    Source: the product S above, written out at each of its steps.
    """
    # decay by decay: compiled code does not vectorise over axes as short as that of the decays
    decays = range(start.shape[-1])
    p, low = ([jnp.asarray(a)[..., k] for k in decays] for a in (probability, start))

    def product(which: Callable[[int], Array]) -> Array:
        return math.prod((jnp.where(which(k), 1 - p[k], 1.0) for k in decays), start=jnp.ones_like(low[0]))

    if stop is None:
        drops = [
            p[j] * product(lambda k, j=j: (low[k] < low[j]) | ((low[k] == low[j]) & (k < j)))  # type: ignore[misc]
            for j in decays
        ]
        return start, jnp.stack(drops, axis=-1)
    high = [jnp.asarray(stop)[..., k] for k in decays]
    drops = [
        product(lambda k, b=b: (low[k] < b) & (b <= high[k])) - product(lambda k, b=b: (low[k] <= b) & (b < high[k]))  # type: ignore[misc]
        for b in low + high
    ]
    return jnp.concatenate([start, stop], axis=-1), jnp.stack(drops, axis=-1)


def first_edge(coupling: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return the index of the first of EDGES at or above a coupling, as int32; their number where there is none."""
    index = jnp.ceil((jnp.log(coupling) - EDGES[0]) / _LOG_STEP)
    return jnp.clip(jnp.nan_to_num(index, posinf=EDGES.size), 0, EDGES.size).astype(jnp.int32)


def counted(
    place: Float[Array, "n k"], drop: Float[Array, "n k"], weight: Float[Array, " n"]
) -> Float[Array, " edges_1"]:
    """Return the drops of :func:`steps`, summed by :func:`first_edge`, for events whose weight is not 0. Source: definition.

    The last entry holds those beyond the last of EDGES. For reductions: the result is as small as EDGES, whatever the events.
    """
    total = jnp.zeros(EDGES.size + 1)
    for k in range(place.shape[-1]):
        total = total.at[first_edge(place[..., k])].add(jnp.where(weight != 0, drop[..., k], 0.0))
    return total


class Survival(NamedTuple):
    """Survival probability over EDGES: one row per decay mode of the mediator.

    ratio (m,) branching ratios, number (m,) events drawn, passed (m, edges) sum of S over the events.
    """

    ratio: np.ndarray
    number: np.ndarray
    passed: np.ndarray

    def probability(self, epsilon: np.ndarray | float) -> MonteCarlo:
        """Return the probability to pass and its standard error, over arrays of epsilon (clipped to EDGES)."""
        value, error = self.on_edges()
        place = np.log(np.clip(epsilon, np.exp(EDGES[0]), np.exp(EDGES[-1])))
        return MonteCarlo(np.interp(place, EDGES, value), np.interp(place, EDGES, error))

    def on_edges(self) -> tuple[np.ndarray, np.ndarray]:
        r"""Return probability and standard error on EDGES.

        Per mode :math:`\hat P = k/n` with variance :math:`\hat P(1-\hat P)/n`, which is exact for a veto that is 0 or 1 and an
        upper bound for a smooth one; where no event passes (or none fails) the error is that of the one-sided 84% bound, 1.84/n.
        """
        number = np.maximum(self.number, 1)[:, None]
        fraction = np.clip(self.passed / number, 0.0, 1.0)
        spread = np.sqrt(fraction * (1 - fraction) / number)
        rare = np.minimum(self.passed, number - self.passed) < 1.0
        stable = np.all(self.passed >= number - 1e-9 * number, axis=1, keepdims=True)  # nothing decays: nothing to miss
        spread = np.where(rare & ~stable, np.maximum(spread, _ONE_SIDED / number), spread)
        value = np.sum(self.ratio[:, None] * fraction, axis=0)
        return value, np.sqrt(np.sum((self.ratio[:, None] * spread) ** 2, axis=0))


def estimate(
    block: Block, ratio: Sequence[float], *, precision: float, most: int, block_size: int, largest_epsilon: float = 1.0
) -> Survival:
    """Draw events, mode by mode, until the relative error of the probability is below ``precision`` at every coupling.

    Below one in a thousand, or where fewer than 1/precision^2 of all allowed events pass, the error relative to that share counts.

    Parameters
    ----------
    block : callable          takes mode, first event, number of events (at most 64 blocks, which bounds the memory); returns what :func:`counted` does
    ratio : sequence          branching ratios of the modes
    precision, most           wanted relative error; largest number of events in all
    block_size : int          events per block
    largest_epsilon : float   couplings above do not count for the error

    Returns
    -------
    Survival                  with its true error, whether or not the wanted one was reached

    Modes get events by the size of their contribution to the variance at the coupling with the worst error (Neyman).

    Source: stratified sampling with Neyman's allocation.
    """
    ratios = np.asarray(ratio, dtype=float)
    drops = np.zeros((ratios.size, EDGES.size + 1))
    number = np.zeros(ratios.size, dtype=int)
    floor = min(_RARE, 1 / (precision**2 * most))
    last = int(np.searchsorted(EDGES, math.log(largest_epsilon), side="right"))

    def draw(mode: int, blocks: int) -> None:
        for first in range(0, blocks, _CHUNK):
            count = min(_CHUNK, blocks - first) * block_size
            drops[mode] += block(mode, int(number[mode]), count)
            number[mode] += count

    def now() -> Survival:
        passed = number[:, None] - np.cumsum(drops[:, :-1], axis=1)
        return Survival(ratios, number.copy(), passed)

    for mode in np.flatnonzero(ratios > 0):
        draw(int(mode), 1)
    while True:
        survival = now()
        value, error = survival.on_edges()
        relative = error[:last] / np.maximum(value[:last], floor)
        worst = int(np.argmax(relative))
        room = (most - int(number.sum())) // block_size
        if relative[worst] <= precision or room <= 0:
            return survival
        share = (survival.passed[:, worst] + 1) / (number + 2)
        weight = np.where(number > 0, ratios * np.sqrt(share * (1 - share)), 0.0)
        factor = min((relative[worst] / precision) ** 2 * 1.1 - 1, 3.0)
        wanted = min(max(1, math.ceil(factor * number.sum() / block_size)), room)
        # the next blocks go where the target shares are missed most
        target = weight / weight.sum() * (number.sum() + wanted * block_size)
        missing = np.where(ratios > 0, np.maximum(target - number, 0.0), 0.0)
        blocks = np.floor(wanted * missing / max(missing.sum(), 1.0)).astype(int)
        blocks[np.argmax(missing)] += wanted - blocks.sum()
        for mode in np.flatnonzero(blocks):
            draw(int(mode), int(blocks[mode]))


def nothing_decays(ratio: Sequence[float]) -> Survival:
    """Return the survival of events without decays: 1 at every coupling, without error."""
    number = np.ones(len(ratio), dtype=int)
    return Survival(np.asarray(ratio, dtype=float), number, np.ones((len(ratio), EDGES.size)))
