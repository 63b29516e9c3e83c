"""``Flux``: the one type for a population of particles, whichever room made it."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .numerics import quadrature, tables
from .numerics.namespace import array_namespace


class Flux(eqx.Module):
    r"""Particles of one species with an energy spectrum, normalised to their number.

    The spectrum is smooth between ``edges`` and may jump or bend at them. It is tabulated, per piece, on an even grid
    in ``u`` with :math:`E = l + (r-l)\sin^2(\pi u/2)`, which resolves square-root ends.

    Attributes
    ----------
    species : str                     name as in :mod:`portico.particles`
    edges : array, shape (pieces+1)   GeV, increasing
    table : Table, rows = pieces      particles per GeV
    source : str                      where the spectrum comes from
    """

    species: str = eqx.field(static=True)
    edges: Float[Array, " edges"]
    table: tables.Table
    source: str = eqx.field(static=True)

    def density(self, energy: ArrayLike) -> Float[Array, "..."]:
        """Return particles per GeV at ``energy`` (GeV); 0 outside the edges."""
        energy = jnp.asarray(energy)
        pieces = self.edges.shape[0] - 1
        piece = jnp.clip(jnp.searchsorted(self.edges, energy, side="right") - 1, 0, pieces - 1)
        inside = (energy >= self.edges[0]) & (energy <= self.edges[-1])
        return jnp.where(inside, self.density_in_piece(piece, energy), 0.0)

    def density_in_piece(self, piece: ArrayLike, energy: ArrayLike) -> Float[Array, "..."]:
        """Return particles per GeV from one piece of the spectrum; the piece's end values hold outside it."""
        xp = array_namespace(self.edges, piece, energy)
        left, right = self.edges[piece], self.edges[xp.asarray(piece) + 1]
        return tables.interpolate_row(self.table, piece, coordinate((energy - left) / (right - left)))

    def nodes(self, order: int) -> tuple[Float[Array, " nodes"], Float[Array, " nodes"]]:
        """Return energies (GeV) and numbers of particles, ``order`` per piece, that stand for the spectrum in integrals."""
        u, weight = quadrature.gauss_legendre(order)
        left, right = self.edges[:-1, None], self.edges[1:, None]
        sine, cosine = np.sin(np.pi * u / 2), np.cos(np.pi * u / 2)
        energy = left + (right - left) * sine**2
        jacobian = (right - left) * np.pi * sine * cosine
        rows = np.broadcast_to(np.arange(left.shape[0])[:, None], energy.shape)
        number = tables.interpolate_row(self.table, rows, np.broadcast_to(u, energy.shape)) * jacobian * weight
        return energy.ravel(), number.ravel()

    def total(self) -> quadrature.Estimate:
        """Return the number of particles, with the error of interpolation and quadrature."""
        fine, coarse = self.nodes(32)[1].sum(), self.nodes(20)[1].sum()
        table = (self.table.error * (self.edges[1:] - self.edges[:-1])).sum()
        return quadrature.Estimate(fine, abs(fine - coarse) + table)


def coordinate(fraction: ArrayLike) -> Float[Array, "..."]:
    r"""Return :math:`u = (2/\pi)\arcsin\sqrt f`, the coordinate of :class:`Flux` tables, for f in [0, 1]."""
    xp = array_namespace(fraction)
    fraction = xp.asarray(fraction)
    inside = (fraction > 0) & (fraction < 1)
    safe = xp.where(inside, fraction, 0.5)
    return xp.where(inside, 2 / np.pi * xp.arcsin(xp.sqrt(safe)), xp.where(fraction >= 1, 1.0, 0.0))


def energies(edges: Float[Array, " edges"], count: int) -> Float[Array, "pieces count"]:
    """Return the energies, shape (pieces, count), at which a spectrum is to be tabulated for :class:`Flux`."""
    u = np.linspace(0.0, 1.0, count)
    return edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * np.sin(np.pi * u / 2) ** 2
