r"""Spin in e+e- -> gamma V, V -> psi_i psi_j, psi -> psi' f fbar: exact, without rejection and without weights.

1. The density matrix of V is real: V is linearly polarised along one of its eigenvectors :math:`\hat e`, with the eigenvalue as
   probability. All that follows is linear in the matrix, so that this is exact.
2. For a given :math:`\hat e` the direction :math:`\hat n` of psi_i in the rest frame of V has the density

   .. math:: N = g_+\left[E_1E_2 + p^2 - 2p^2(\hat n\cdot\hat e)^2\right] + g_-m_1m_2, \qquad g_\pm = g_V^2 \pm g_A^2

3. The pair of a decay couples as a vector, so that its tensor is symmetric; of the psi's tensor then only terms with
   :math:`\kappa = \mathrm{Re}\,g_Vg_A^*` depend on the spin of the parent: its decay has the density :math:`1 + \vec S\cdot\vec h`,
   with :math:`\vec h` in the plane of the decay, so that turning the plane by half a turn (all momenta change sign) turns
   :math:`\vec h` into :math:`-\vec h`. A decay drawn without spin is turned with probability :math:`\tfrac12(1-\vec S\cdot\vec h)`.
4. The second leg is drawn given the first: :math:`\vec S_2` holds the correlation of both spins contracted with :math:`\vec h_1`.

Between Majorana fermions g_V and g_A are out of phase by i, and :math:`\kappa = 0`: with pure vector or axial couplings, and for
Majorana fermions always, steps 1 and 2 are the whole correlation, at any depth. For Dirac fermions with both couplings real the
first decay of each leg is exact (steps 3 and 4), later ones are treated as unpolarised.

Traces with :math:`\bar\psi_1\gamma^\mu(g_V-g_A\gamma_5)\psi_2` and :math:`\tfrac12(1+\gamma_5\slashed s)`; psi_1 is the particle,
psi_2 the antiparticle. Checked against explicit Dirac matrices in the tests.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..decays.chain import Chain
from ..kinematics import four_momentum, three_body, two_body
from ..kinematics.four_momentum import Boost, FourMomentum, add, boost, product
from ..kinematics.two_body import Direction
from .three_body import cosine as angle_of_cubic

EXTENTS = ("none", "mediator", "fermions")
"""Without spin; polarisation of the mediator; that of the fermions too."""
_TINY = 1e-12

Vector = tuple[Array, Array, Array]


def extent(chain: Chain, spin_correlations: bool) -> str:
    """Return which part of the correlations there is: see EXTENTS."""
    if not spin_correlations:
        return "none"
    both = not chain.majorana and any(d.vector * d.axial != 0 and d.ratio > 0 for d in chain.decays)
    return "fermions" if both else "mediator"


def dot(a: Direction | Vector, b: Direction | Vector) -> Array:
    """Return the scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _scaled(a: Vector, by: Array) -> Vector:
    return (a[0] * by, a[1] * by, a[2] * by)


def _mixed(a: Vector, x: Array, b: Vector, y: Array) -> Vector:
    return (a[0] * x + b[0] * y, a[1] * x + b[1] * y, a[2] * x + b[2] * y)


class Polarisation(NamedTuple):
    """The linear polarisation of a mediator in its rest frame, and two directions that complete a right-handed frame."""

    along: Vector
    first: Vector
    second: Vector


def principal_axes(
    x: Float[Array, "..."], cos: Float[Array, "..."], electron: Vector, positron: Vector
) -> tuple[tuple[Vector, Vector, Vector], tuple[Array, Array]]:
    r"""Return the eigenvectors of the density matrix of V and the first two of its eigenvalues.

    The first is the normal to the plane of production, with 1/2; the other two lie in the plane.

    Parameters
    ----------
    x, cos, electron, positron    as in :func:`portico.production.electron_positron_photon.density_matrix`; vectors by component

    Notes     Closed form for the two-by-two block in the plane. Where the beams are back to back the normal is any.
    Source    eigenvectors of a symmetric matrix.
    """
    a2, b2 = (1 - (1 - x) * (1 - cos) / 2) ** 2, (1 - (1 - x) * (1 + cos) / 2) ** 2
    diagonal = 2 * x + ((1 - x) ** 2) * (1 + cos**2) / 2
    normal = _cross(electron, positron)
    size = jnp.sqrt(dot(normal, normal))
    is_plane = size > _TINY
    other = (electron[2], jnp.zeros_like(size), -electron[0])
    safe = jnp.sqrt(jnp.where(is_plane, size**2, jnp.maximum(dot(other, other), _TINY)))
    normal = _scaled(tuple(jnp.where(is_plane, p, q) for p, q in zip(normal, other, strict=True)), 1 / safe)  # type: ignore[arg-type]
    sideways = _cross(normal, electron)
    c, s = dot(electron, positron), dot(sideways, positron)
    difference, mixed = 0.5 * (a2 + b2 * (c * c - s * s)), b2 * c * s
    radius = jnp.sqrt(difference**2 + mixed**2)
    ratio = difference / jnp.where(radius > 0, radius, 1.0)
    large = jnp.sqrt(0.5 * (1 + jnp.abs(ratio)))
    small = jnp.abs(mixed) / jnp.where(radius > 0, 2 * radius * large, 1.0)
    sign = jnp.where(mixed >= 0, 1.0, -1.0)
    forward = ratio >= 0
    cosine, sine = jnp.where(forward, large, small), sign * jnp.where(forward, small, large)
    first = _mixed(electron, cosine, sideways, sine)
    second = _mixed(electron, -sine, sideways, cosine)
    value = (diagonal - 0.5 * (a2 + b2) - radius) / (2 * diagonal)
    return (normal, first, second), (jnp.full_like(value, 0.5), jnp.clip(value, 0.0, 0.5))


def polarisation(to: Boost, x: Array, cos: Array, energies: tuple[Array, Array], u: Float[Array, " n"]) -> Polarisation:
    """Return the linear polarisation of mediators that are made with a photon.

    Parameters
    ----------
    to : Boost          from the rest frame of the mediator to the laboratory
    x, cos : arrays     M^2/s; cosine between electron and photon in the centre of mass
    energies : arrays   of electron (along +z) and positron in the laboratory, GeV
    u : array           uniform in 0..1

    Source: eigenvectors of :func:`portico.production.electron_positron_photon.density_matrix`, item 1 above.
    """
    back, zero = to.inverse(), jnp.zeros_like(x)
    directions = []
    for energy, sign in zip(energies, (1.0, -1.0), strict=True):
        beam = boost(FourMomentum(energy + zero, zero, zero, sign * energy + zero), 0.0, back)
        directions.append(_scaled(beam[1:], 1 / beam.energy))
    axes, values = principal_axes(x, cos, *directions)
    is_normal, is_first = u < values[0], u < values[0] + values[1]

    def choose(of: tuple[Vector, Vector, Vector]) -> Vector:
        return tuple(jnp.where(is_normal, a, jnp.where(is_first, b, c)) for a, b, c in zip(*of, strict=True))  # type: ignore[return-value]

    normal, first, second = axes
    return Polarisation(choose(axes), choose((first, second, normal)), choose((second, normal, first)))


def correlated_direction(
    polarised: Polarisation,
    mass: Array,
    masses: tuple[Array, Array],
    squares: tuple[Array, Array],
    u: tuple[Array, Array],
) -> Direction:
    r"""Return the direction of the first fermion in the rest frame of a polarised mediator, with the density N above.

    Parameters
    ----------
    mass, masses : arrays     of the mediator and of both fermions, GeV
    squares : two arrays      g_V^2 + g_A^2 and g_V^2 - g_A^2
    u : two arrays            uniform in 0..1

    Source: item 2 above: trace of the current with the polarisation of the mediator.
    """
    p2 = two_body.momentum(mass, *masses) ** 2
    plus, minus = squares
    a = plus * (jnp.sqrt((masses[0] ** 2 + p2) * (masses[1] ** 2 + p2)) + p2) + minus * masses[0] * masses[1]
    b = -2 * p2 * plus
    total = a + b / 3
    cos = angle_of_cubic(u[0], jnp.where(total > 0, a / jnp.where(total > 0, total, 1.0), 1.0))
    sin = jnp.sqrt(jnp.maximum((1 - cos) * (1 + cos), 0.0))
    c, s = two_body.cosine_and_sine(u[1])
    across = _mixed(polarised.first, sin * c, polarised.second, sin * s)
    return Direction(*(cos * e + t for e, t in zip(polarised.along, across, strict=True)))


def analysing_vector(
    decay: three_body.PairDecay,
    masses: tuple[Array, Array, Array],
    squares: tuple[Array, Array, Array],
    is_hadronic: Array,
) -> Vector:
    r"""Return h of a fermion's decay, in its rest frame: the density of decays is :math:`1 + \vec S\cdot\vec h`.

    .. math:: \vec h = 4\kappa m_h\,\frac{(p'k_1)\vec k_2 + (p'k_2)\vec k_1 + m_f^2\vec p'}{U}, \qquad
              U = 2g_+[(pk_1)(p'k_2)+(pk_2)(p'k_1)+m_f^2pp'] - g_-m_hm_l(2k_1k_2+4m_f^2)

    and for pions, with d = k_1 - k_2, :math:`\vec h = 2\kappa m_h[2(p'd)\vec d - d^2\vec p']/\{g_+[2(pd)(p'd) - d^2pp'] + g_-m_hm_ld^2\}`.

    Parameters
    ----------
    decay : PairDecay         momenta in the rest frame of the parent
    masses : three arrays     parent, daughter, each of the pair
    squares : three arrays    g_V^2 + g_A^2, g_V^2 - g_A^2, kappa
    is_hadronic : array       whether the pair are pions

    Notes     For an antiparticle the sign is the other. 0 for kappa = 0.
    Source    trace with :math:`\tfrac12(1+\gamma_5\slashed s)`; against explicit Dirac matrices in the tests.
    """
    body, k1, k2 = decay
    heavy, light, each = masses
    plus, minus, kappa = squares
    f1, f2, both = product(body, k1), product(body, k2), product(k1, k2)
    square = each**2
    leptons = 2 * plus * (heavy * (k1.energy * f2 + k2.energy * f1) + square * heavy * body.energy)
    leptons = leptons - minus * heavy * light * (2 * both + 4 * square)
    d = FourMomentum(*(a - b for a, b in zip(k1, k2, strict=True)))
    fd, d2 = f1 - f2, 2 * square - 2 * both
    pions = plus * (2 * heavy * d.energy * fd - d2 * heavy * body.energy) + minus * heavy * light * d2
    found = []
    for index in (1, 2, 3):
        lepton = 4 * (f1 * k2[index] + f2 * k1[index] + square * body[index])
        pion = 2 * (2 * fd * d[index] - d2 * body[index])
        found.append(jnp.where(is_hadronic, pion, lepton))
    total = jnp.where(is_hadronic, pions, leptons)
    return _scaled(tuple(found), kappa * heavy / jnp.where(total != 0, total, 1.0))  # type: ignore[arg-type]


class Pair(NamedTuple):
    """Two fermions from a linearly polarised mediator, in the laboratory.

    polarisation   unit four-vector of the mediator's polarisation
    momenta, masses   of both fermions
    squares        g_V^2 + g_A^2, g_V^2 - g_A^2, kappa of the mode
    """

    polarisation: FourMomentum
    momenta: tuple[FourMomentum, FourMomentum]
    masses: tuple[Array, Array]
    squares: tuple[Array, Array, Array]


def _sum(*terms: tuple[Array, FourMomentum]) -> FourMomentum:
    scaled = [FourMomentum(*(factor * c for c in vector)) for factor, vector in terms]
    total = scaled[0]
    for term in scaled[1:]:
        total = add(total, term)
    return total


def _rate(pair: Pair) -> Array:
    """N in four-vectors."""
    (p1, p2), e = pair.momenta, pair.polarisation
    plus, minus, _ = pair.squares
    return plus * (2 * product(p1, e) * product(p2, e) + product(p1, p2)) + minus * pair.masses[0] * pair.masses[1]


def first_spin(pair: Pair, to: Boost) -> Vector:
    r"""Return the polarisation of the first fermion in its rest frame, whatever becomes of the second.

    .. math:: \vec S_1 = \frac{2\kappa m_1}{N}\left[2(p_2e)\vec e + \vec p_2\right]_\mathrm{rest}

    ``to`` is the boost from its rest frame to the laboratory.
    Source: trace; against explicit Dirac matrices in the tests.
    """
    (_, p2), e = pair.momenta, pair.polarisation
    dual = _sum((2 * product(p2, e), e), (jnp.ones_like(p2.energy), p2))
    rest = boost(dual, product(dual, dual), to.inverse())
    return _scaled(rest[1:], 2 * pair.squares[2] * pair.masses[0] / _rate(pair))


def second_spin(pair: Pair, to: Boost, first: Vector, first_to: Boost) -> Vector:
    """Return the polarisation of the second fermion in its rest frame, given how the first decayed.

    Parameters
    ----------
    to, first_to : Boost   from the rest frames of the second and the first fermion to the laboratory
    first : vector         h of the first's decay, in its rest frame; 0 if it does not decay

    Source: trace with both spins; against explicit Dirac matrices in the tests.
    """
    (p1, p2), e = pair.momenta, pair.polarisation
    (m1, m2), (plus, minus, kappa) = pair.masses, pair.squares
    h = boost(FourMomentum(jnp.zeros_like(p1.energy), *first), -dot(first, first), first_to)
    e1, e2, eh = product(e, p1), product(e, p2), product(e, h)
    p12, h2 = product(p1, p2), product(h, p2)
    one = jnp.ones_like(e1)
    traced = _sum((2 * (eh * p12 - e1 * h2), e), (2 * e1 * e2 + p12, h), (-(2 * eh * e2 + h2), p1))
    dual = _sum(
        (2 * kappa * m2, _sum((2 * e1, e), (one, p1))),
        (-minus, traced),
        (-m1 * m2 * plus, _sum((2 * eh, e), (one, h))),
    )
    rate = _rate(pair) - 2 * m1 * kappa * (2 * eh * e2 + h2)
    rest = boost(dual, product(dual, dual), to.inverse())
    return _scaled(rest[1:], -1 / jnp.where(rate != 0, rate, 1.0))


def turned(
    decay: three_body.PairDecay, spin: Vector, analysing: Vector, u: Array
) -> tuple[three_body.PairDecay, Vector]:
    """Return a decay with the correlation to its parent's spin, and its h: turned by half a turn where u says so.

    Source: item 3 above.
    """
    sign = jnp.where(2 * u - 1 < dot(spin, analysing), 1.0, -1.0)
    momenta = (FourMomentum(p.energy, sign * p.x, sign * p.y, sign * p.z) for p in decay)
    return three_body.PairDecay(*momenta), _scaled(analysing, sign)


def polarisation_in_laboratory(polarised: Polarisation, to: Boost) -> FourMomentum:
    """Return the unit four-vector of the polarisation, given the boost from the mediator's rest frame.

    Source: Lorentz transformation.
    """
    zero = jnp.zeros_like(polarised.along[0])
    return four_momentum.boost(FourMomentum(zero, *polarised.along), -1.0, to)
