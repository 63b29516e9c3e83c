r"""Nuclear form factors G_2(t) for the emission of light particles, by name."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .. import constants, particles
from ..numerics import quadrature

FORM_FACTORS = ("elastic", "elastic_inelastic", "elastic_inelastic_squared")


class Nucleus(NamedTuple):
    """Charge Z and mass number A of a nucleus, as the form factors use them."""

    charge: ArrayLike
    mass_number: ArrayLike


def elastic(t: ArrayLike, nucleus: Nucleus) -> Float[Array, "..."]:
    r"""Elastic form factor squared, atomic screening times nuclear size.

    .. math:: G_2 = Z^2\left(\frac{a^2t}{1+a^2t}\right)^2\left(\frac{1}{1+t/d}\right)^2,\quad
              a = 111\,Z^{-1/3}/m_e,\quad d = 0.164\,A^{-2/3}\,\mathrm{GeV}^2

    Parameters
    ----------
    t : array, shape (...)    momentum transfer squared, positive, GeV^2
    nucleus : Nucleus

    Source: arXiv:0906.0580 eq. (A18) and text below it, after Rev. Mod. Phys. 46 (1974) 815.
    """
    t = jnp.asarray(t)
    screening = (111.0 / particles.mass("e-")) ** 2 * jnp.asarray(nucleus.charge) ** (-2 / 3) * t
    size = t / (0.164 * jnp.asarray(nucleus.mass_number) ** (-2 / 3))
    return (nucleus.charge * screening / (1 + screening) / (1 + size)) ** 2


def inelastic(t: ArrayLike, nucleus: Nucleus) -> Float[Array, "..."]:
    r"""Inelastic form factor, emission off single protons.

    .. math:: G_2 = Z\left(\frac{a'^2t}{1+a'^2t}\right)^2\frac{1+\frac{t}{4m_p^2}(\mu_p^2-1)}{(1+t/0.71\,\mathrm{GeV}^2)^4},
              \quad a' = 773\,Z^{-2/3}/m_e

    Parameters and shapes as :func:`elastic`.

    Source: arXiv:0906.0580 eq. (A19), which prints the last factor with an extra overall square; the dipole squared is
    (1 + t/0.71)^-4.
    """
    t = jnp.asarray(t)
    screening = (773.0 / particles.mass("e-")) ** 2 * jnp.asarray(nucleus.charge) ** (-4 / 3) * t
    magnetic = 1 + t / (4 * particles.mass("p") ** 2) * (constants.PROTON_MAGNETIC_MOMENT**2 - 1)
    return nucleus.charge * (screening / (1 + screening)) ** 2 * magnetic / (1 + t / 0.71) ** 4


def inelastic_squared(t: ArrayLike, nucleus: Nucleus) -> Float[Array, "..."]:
    r"""Inelastic form factor with its last fraction squared once more, as it is printed and widely copied: a misprint.

    .. math:: G_2 = Z\left(\frac{a'^2t}{1+a'^2t}\right)^2\left(\frac{1+\frac{t}{4m_p^2}(\mu_p^2-1)}{(1+t/0.71\,\mathrm{GeV}^2)^4}\right)^2

    Only to compare with results that used it; at t = 1 GeV^2 it is a tenth of :func:`inelastic`. Parameters and shapes as there.

    Source: arXiv:0906.0580 eq. (A19), as printed.
    """
    t = jnp.asarray(t)
    right = inelastic(t, nucleus)
    magnetic = 1 + t / (4 * particles.mass("p") ** 2) * (constants.PROTON_MAGNETIC_MOMENT**2 - 1)
    return right * magnetic / (1 + t / 0.71) ** 4


_INELASTIC = {"elastic_inelastic": inelastic, "elastic_inelastic_squared": inelastic_squared}


def form_factor(t: ArrayLike, nucleus: Nucleus, name: str) -> Float[Array, "..."]:
    """Return G_2 by name: "elastic", or for its sum with the inelastic one "elastic_inelastic" (right) or
    "elastic_inelastic_squared" (as printed). Source: :func:`elastic`, :func:`inelastic`, :func:`inelastic_squared`.
    """
    coherent = elastic(t, nucleus)
    return coherent + _INELASTIC[name](t, nucleus) if name in _INELASTIC else coherent


def effective_photon_flux(
    t_min: ArrayLike, t_max: ArrayLike, nucleus: Nucleus, *, name: str = "elastic", order: int | quadrature.Rule = 48
) -> Float[Array, "..."]:
    r"""Effective flux of photons of a nucleus.

    .. math:: \phi = \int_{t_\mathrm{min}}^{t_\mathrm{max}} dt\,\frac{t-t_\mathrm{min}}{t^2}\,G_2(t)

    Gauss-Legendre in ln t, where the form factors are smooth; 0 if t_min >= t_max.

    Parameters
    ----------
    t_min, t_max : array, shape (...)   GeV^2, > 0

    Source: arXiv:0906.0580 eq. (A17).
    """
    t_min, t_max = jnp.asarray(t_min), jnp.asarray(t_max)

    log_t, weight = quadrature.scaled(jnp.log(t_min), jnp.log(jnp.maximum(t_max, t_min)), order)
    t = jnp.exp(log_t)
    return jnp.sum(weight * (1 - t_min[..., None] / t) * form_factor(t, nucleus, name), axis=-1)
