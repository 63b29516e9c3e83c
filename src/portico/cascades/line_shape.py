r"""The mass of a mediator that is made off its mass shell.

.. math:: \frac{dN}{dm^2} \propto \frac{\sigma(s; m^2)\; m\,\Gamma_{ij}(m)}{(m^2-M^2)^2+M^2\Gamma^2}

per decay mode, between the mode's threshold or M - 25 Gamma and M + 25 Gamma or 98% of the beams' energy: beyond, the tail depends
on what else is made. The branching ratios are those on the mass shell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..decays.chain import Chain
from ..errors import InvalidInput
from ..kinematics.two_body import momentum
from ..production.electron_positron_photon import sigma

LINE_SHAPES = ("narrow", "breit_wigner")
"""``narrow``: on the mass shell; ``breit_wigner``: the mass is drawn."""
WIDTHS = 25.0
"""Widths on either side of the mass."""
_HIGHEST, _NODES, _CELLS = 0.98, 8192, 2048


def check_line_shape(line_shape: str, chain: Chain) -> None:
    """Raise InvalidInput for an unknown name, and for a Breit-Wigner without width."""
    if line_shape not in LINE_SHAPES:
        raise InvalidInput(f"line_shape = '{line_shape}'; known: {', '.join(LINE_SHAPES)}.")
    if line_shape == "breit_wigner" and not chain.mediator_width > 0:
        raise InvalidInput(
            f"line_shape = 'breit_wigner' with a mediator of width {chain.mediator_width:g}; it has to be above 0."
        )


def decay_shape(mass: np.ndarray, masses: tuple[float, float], couplings: tuple[float, float]) -> np.ndarray:
    r"""Return m times the width of a vector of mass m to two fermions, without constant factors.

    .. math:: \frac{p}{m}\left\{g_+\left[E_1E_2 + \tfrac13p^2\right] + g_-m_1m_2\right\}, \qquad g_\pm = g_V^2\pm g_A^2

    Source: trace of the current, averaged over three polarisations.
    """
    p = momentum(mass, *masses)
    energies = np.sqrt(masses[0] ** 2 + p**2) * np.sqrt(masses[1] ** 2 + p**2)
    plus, minus = couplings[0] ** 2 + couplings[1] ** 2, couplings[0] ** 2 - couplings[1] ** 2
    return p / mass * (plus * (energies + p**2 / 3) + minus * masses[0] * masses[1])


def mediator_mass_table(chain: Chain, modes: Sequence[int], s: np.ndarray, cos_max: float) -> np.ndarray:
    """Return quantiles of the mass squared, shape (beams, modes, cells + 1), for centre-of-mass energies squared ``s``.

    Raises InvalidInput where a mode has no room between threshold and the beams' energy.

    Source: Breit-Wigner with the cross section and the width at the mass that is drawn, as above.
    """
    mass, width = chain.mediator_mass, chain.mediator_width
    table = np.empty((len(s), len(modes), _CELLS + 1))
    for b, beam in enumerate(s):
        for m, mode in enumerate(chain.modes[k] for k in modes):
            masses = (chain.masses[mode.first], chain.masses[mode.second])
            low = max(sum(masses), mass - WIDTHS * width)
            high = min(mass + WIDTHS * width, _HIGHEST * np.sqrt(beam))
            if low >= high:
                raise InvalidInput(
                    f"a mediator of {mass:g} GeV to fermions of {masses[0]:g} and {masses[1]:g} GeV: no room below {np.sqrt(beam):g} GeV."
                )
            # the angle of the Breit-Wigner makes the integrand smooth
            ends = np.arctan((np.array([low, high]) ** 2 - mass**2) / (mass * width))
            angle = np.linspace(ends[0], ends[1], _NODES + 1)
            middle = (angle[1:] + angle[:-1]) / 2
            drawn = np.sqrt(mass**2 + mass * width * np.tan(middle))
            density = sigma(beam, drawn, 1.0, cos_max) * decay_shape(drawn, masses, (mode.vector, mode.axial))
            total = np.concatenate([[0.0], np.cumsum(density)])
            quantile = np.interp(np.linspace(0, 1, _CELLS + 1), total / total[-1], angle)
            table[b, m] = np.clip(mass**2 + mass * width * np.tan(quantile), low**2, high**2)
    return table
