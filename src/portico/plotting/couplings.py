"""Couplings of the mixed phase against the dark mixing angle: the way from Holdom to Okun."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInput
from ..models import MixedPhase
from .style import COLOURS, DASHES, check_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ANGLES = np.linspace(0.0, math.pi / 2, 182)[1:-1]
_LOWEST = 3e-5


def couplings(model: MixedPhase, ax: Axes | None = None) -> Axes:
    """Draw what photon, Z and Z' couple to, over kappa, against the dark mixing angle from Holdom's phase (0) to Okun's (pi/2).

    Parameters
    ----------
    model : MixedPhase    kappa, masses, e' and the dark content; its own dark mixing angle does not matter
    ax : Axes or None     where to draw; a new figure by default

    Lines, all in units of e: the charge of the millicharged particle; the coupling of the Z' to electric charge; the vector couplings
    of Z and Z' to the millicharged particle (that of the Z' not over kappa, for it does not vanish without mixing); and eta, which
    moves the masses of Z and W.

    Raises InvalidInput for another model, or where parameters are arrays.
    """
    from matplotlib.figure import Figure

    check_axes(ax)
    if not isinstance(model, MixedPhase):
        raise InvalidInput(
            f"plot: couplings: expected a model mixed_phase, given {getattr(model, 'NAME', type(model).__name__)}."
        )
    if any(np.ndim(value) for value in model.parameters().values()):
        raise InvalidInput("plot: couplings: expected one value of each parameter, given an array.")
    kappa = float(np.asarray(model.mixing()))
    if kappa == 0:
        raise InvalidInput("plot: couplings: expected kappa other than 0.")
    turned = model.with_parameters(kappa=kappa, theta_w_dark=_ANGLES)
    found = {state: turned.couplings(state) for state in ("photon", "Z", "Z'")}
    e = np.abs(np.asarray(found["photon"].lepton.vector))
    charge_of_zprime = np.asarray(found["Z'"].up.vector) - np.asarray(found["Z'"].down.vector)
    lines: list[tuple[str, Any]] = [
        (r"charge of $\chi$, over $\kappa$", np.asarray(turned.charge()) / kappa),
        (r"$Z'$ to electric charge, over $\kappa$", charge_of_zprime / e / kappa),
        (r"$Z$ to $\chi$, over $\kappa$", np.asarray(found["Z"].particle.vector) / e / kappa),
        (r"$Z'$ to $\chi$", np.asarray(found["Z'"].particle.vector) / e),
        (r"$\eta$, over $\kappa$", np.sin(_ANGLES) / math.sqrt(1 - kappa**2)),
    ]
    with styled():
        ax = Figure(figsize=(5.6, 4.5)).add_axes((0.135, 0.165, 0.815, 0.815)) if ax is None else ax
        for k, (text, values) in enumerate(lines):
            ax.plot(
                _ANGLES, np.abs(values), color=COLOURS[k], linestyle=DASHES[k % len(DASHES)], linewidth=1.6, label=text
            )
        ax.set_yscale("log")
        ends = np.concatenate([np.abs(values) for _, values in lines])
        ax.set_ylim(max(_LOWEST, 0.7 * float(np.min(ends[ends > 0]))), 20 * float(np.max(np.minimum(ends, 30))))
        ax.set_xlim(0, math.pi / 2)
        ax.set_xticks(
            [0, math.pi / 8, math.pi / 4, 3 * math.pi / 8, math.pi / 2],
            ["0\nHoldom", r"$\pi/8$", r"$\pi/4$", r"$3\pi/8$", "$\\pi/2$\nOkun"],
        )
        ax.set_xlabel(r"dark mixing angle $\theta_W'$")
        ax.set_ylabel("coupling over e")
        title = rf"$m_{{Z'}} = {float(np.asarray(model.zprime_mass_gev())):.3g}$ GeV, $e'/e = {float(model.dark_charge):.3g}$, {model.content}"
        ax.legend(loc="upper left", ncols=2, title=title, title_fontsize=9)
    return ax
