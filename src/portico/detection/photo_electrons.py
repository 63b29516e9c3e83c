r"""Photo-electrons of a millicharged particle in a scintillator bar, and what a layer sees of it."""

from __future__ import annotations

from jaxtyping import Array, ArrayLike, Float

from ..matter.ionisation import Medium, stopping_power
from ..numerics.namespace import array_namespace

MINIMUM_IONISING = 3.9
"""beta gamma where the loss in plastic is smallest; from there on it counts as minimum ionising."""


def photo_electrons_of_unit_charge(
    energy_loss_mev_per_cm: ArrayLike, length_cm: ArrayLike, light_yield_per_mev: ArrayLike, efficiency: ArrayLike
) -> Float[Array, "..."]:
    r"""Return the mean number of detected photo-electrons of a minimum-ionising particle of charge e along a bar.

    .. math:: N_1 = \frac{dE}{dx}\,L\,Y\,\eta

    with the photons Y per MeV and the share eta of them that is detected: collection of the light times quantum efficiency.
    2 MeV/cm, 140 cm, 1e4 photons/MeV and 10% give 2.8e5, i.e. one photo-electron at a charge of 1.89e-3.

    Source: arXiv:1506.04760, text above eq. (46).
    """
    return energy_loss_mev_per_cm * length_cm * light_yield_per_mev * efficiency


def mean_photo_electrons(
    epsilon: ArrayLike, of_unit_charge: ArrayLike, relative_loss: ArrayLike = 1.0
) -> Float[Array, "..."]:
    r"""Return the mean number of photo-electrons per layer.

    .. math:: N_\mathrm{PE} = \epsilon^2 N_1\,\frac{dE/dx}{dE/dx|_\mathrm{min}}

    Parameters
    ----------
    epsilon : array, shape (...)          charge over e
    of_unit_charge : array, shape (...)   N_1; (1/2e-3)^2 = 2.5e5 is the proposal's :math:`N_\mathrm{PE} = (\epsilon/2\times10^{-3})^2`
    relative_loss : array, shape (...)    from :func:`relative_energy_loss`

    Source: arXiv:1506.04760, eq. (46): the mean number that is detected, the 10% of its text inside.
    """
    xp = array_namespace(epsilon, of_unit_charge, relative_loss)
    return xp.asarray(epsilon) ** 2 * of_unit_charge * relative_loss


def layer_probability(mean: ArrayLike) -> Float[Array, "..."]:
    r"""Return the probability of at least one photo-electron, :math:`1 - e^{-N}`, at a mean number N.

    Source: Poisson distribution; arXiv:1506.04760, text above eq. (46).
    """
    return -array_namespace(mean).expm1(-mean)


def relative_energy_loss(beta_gamma: ArrayLike, mass: ArrayLike, of: Medium) -> Float[Array, "..."]:
    r"""Return dE/dx over that of a minimum-ionising particle of the same mass: above 1 for slow particles, 1 for fast ones.

    .. math:: \max\Big(1, \frac{dE/dx(\beta\gamma)}{dE/dx(3.9)}\Big)\ (\beta\gamma < 3.9), \qquad 1\ (\beta\gamma\ge3.9)

    The relativistic rise is left out: what bars see of it is a few %, as hard knock-on electrons leave and the density
    effect stops the rest. The loss of light at high ionisation density (Birks) goes with the square of the charge and is
    negligible for small ones. The slowing down inside a bar is left out, too.

    Parameters
    ----------
    beta_gamma, mass : arrays, shape (...)   p/m; m in GeV

    Source: :func:`portico.matter.ionisation.stopping_power`.
    """
    xp = array_namespace(beta_gamma, mass)
    slow = xp.minimum(xp.asarray(beta_gamma), MINIMUM_IONISING)
    ratio = stopping_power(slow, mass, of) / stopping_power(MINIMUM_IONISING, mass, of)
    return xp.maximum(ratio, 1.0)
