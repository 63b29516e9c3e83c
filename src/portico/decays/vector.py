r"""Partial widths of a massive vector mediator (dark photon).

The mediator couples to the electromagnetic current with ``epsilon e`` and to the dark current with
``g_D = sqrt(4 pi alpha_dark)``. Every width is a tree-level two-body width except the three-photon one.
With :math:`r = 4 m_f^2/m^2` and :math:`\beta = \sqrt{1 - r}` each is exactly 0 for :math:`r \ge 1`.
"""

import math

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from .. import numerics as _numerics  # noqa: F401  (switches jax to float64)
from ..constants import ALPHA
from .hadronic_ratio import hadronic_ratio


def _velocity(mass: ArrayLike, daughter_mass: ArrayLike) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Return r = 4 m_f^2/m^2 and beta = sqrt(1 - r); (1, 0) at and below threshold and for mass <= 0."""
    mass, daughter_mass = jnp.asarray(mass, float), jnp.asarray(daughter_mass, float)
    is_open = (mass > 2 * daughter_mass) & (mass > 0)
    # inner where: neither the division nor the root ever sees a point whose gradient is infinite
    r = jnp.where(is_open, (2 * daughter_mass / jnp.where(is_open, mass, 1.0)) ** 2, 1.0)
    is_open = is_open & (r < 1)
    beta = jnp.where(is_open, jnp.sqrt(jnp.where(is_open, 1 - r, 1.0)), 0.0)
    return r, beta


def width_to_leptons(mass: ArrayLike, epsilon: ArrayLike, lepton_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Partial width of a dark photon to one pair of charged leptons.

    .. math:: \Gamma = \frac{\alpha\epsilon^2 m}{3}\,(1 + r/2)\,\beta, \qquad r = 4 m_\ell^2/m^2

    Parameters
    ----------
    mass : array, shape (...)         mediator mass, GeV
    epsilon : array, shape (...)      kinetic mixing, coupling to charge in units of e
    lepton_mass : array, shape (...)  GeV

    Returns
    -------
    array, shape (...)                GeV; 0 at and below 2 lepton_mass

    Notes     Tree level, exact in the masses; QED corrections are below 1 % away from threshold. Z exchange is
              neglected: mass well below the Z mass.
    Source    QED width of a massive photon with e -> epsilon e; used in this form in arXiv:0906.0580.

    Examples
    --------
    >>> from portico.decays import vector
    >>> f"{float(vector.width_to_leptons(0.0167, 1e-4, 0.000511)):.3e} GeV"
    '4.062e-13 GeV'
    """
    r, beta = _velocity(mass, lepton_mass)
    return ALPHA * jnp.asarray(epsilon, float) ** 2 * jnp.asarray(mass, float) / 3 * (1 + r / 2) * beta


def width_to_hadrons(mass: ArrayLike, epsilon: ArrayLike) -> Float[Array, "..."]:
    r"""Partial width of a dark photon to all hadrons.

    .. math:: \Gamma = \frac{\alpha\epsilon^2 m}{3}\, R(m^2)

    with R normalised to the *massless* muon cross section :math:`4\pi\alpha^2/3s`: it multiplies no phase space.

    Parameters
    ----------
    mass : array, shape (...)     mediator mass, GeV, up to 40
    epsilon : array, shape (...)  kinetic mixing

    Returns
    -------
    array, shape (...)            GeV; 0 below two charged pions, nan above 40 GeV

    Notes     Accuracy: :func:`portico.decays.hadronic_ratio.hadronic_ratio_uncertainty`. The narrow peaks of R are
              those of a mediator without mixing with the meson: right for epsilon << 1.
    Source    optical theorem with R, as in arXiv:0906.0580; the ratio of :mod:`portico.decays.hadronic_ratio`.

    Examples
    --------
    >>> from portico.decays import vector
    >>> float(vector.width_to_hadrons(0.2, 1e-3))
    0.0
    """
    return ALPHA * jnp.asarray(epsilon, float) ** 2 * jnp.asarray(mass, float) / 3 * hadronic_ratio(mass)


def width_to_dirac(mass: ArrayLike, alpha_dark: ArrayLike, dark_matter_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Partial width to a pair of Dirac fermions with a vector coupling :math:`g_D A'_\mu\bar\chi\gamma^\mu\chi`.

    .. math:: \Gamma = \frac{\alpha_D m}{3}\,(1 + r/2)\,\beta

    From :math:`\sum|M|^2 = 4 g_D^2 (m^2 + 2 m_\chi^2)`, averaged over three polarisations.

    Parameters
    ----------
    mass : array, shape (...)              mediator mass, GeV
    alpha_dark : array, shape (...)        g_D^2/(4 pi), perturbative (below about 1)
    dark_matter_mass : array, shape (...)  GeV

    Returns
    -------
    array, shape (...)                     GeV; 0 at and below threshold

    Source    derived from the Lagrangian; spin sum redone with explicit matrices in tests/decays/test_vector.py.

    Examples
    --------
    >>> from portico.decays import vector
    >>> f"{float(vector.width_to_dirac(1.0, 0.5, 1 / 3)):.4f}"
    '0.1518'
    """
    r, beta = _velocity(mass, dark_matter_mass)
    return jnp.asarray(alpha_dark, float) * jnp.asarray(mass, float) / 3 * (1 + r / 2) * beta


def width_to_majorana(mass: ArrayLike, alpha_dark: ArrayLike, dark_matter_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Partial width to a pair of Majorana fermions with an axial coupling.

    .. math:: \mathcal{L} = \frac{g_D}{2}\,A'_\mu\bar\chi\gamma^\mu\gamma_5\chi

    .. math:: \Gamma = \frac{\alpha_D m}{6}\,\beta^3

    Normalisation: the two equal contractions of a Majorana field turn :math:`g_D/2` into the vertex
    :math:`g_D\gamma^\mu\gamma_5`, so :math:`\sum|M|^2 = 4 g_D^2 (m^2 - 4 m_\chi^2)`; three polarisations and the
    1/2 for identical particles give :math:`\frac12\cdot\frac13\cdot 4 g_D^2 m^2\beta^2\cdot\frac{\beta}{16\pi m}`, the
    width above. For :math:`m_\chi \to 0` it is half of the Dirac width: two degrees of freedom instead of four.

    Parameters
    ----------
    mass : array, shape (...)              mediator mass, GeV
    alpha_dark : array, shape (...)        g_D^2/(4 pi)
    dark_matter_mass : array, shape (...)  GeV

    Returns
    -------
    array, shape (...)                     GeV; 0 at and below threshold

    Source    derived above; spin sum redone with explicit matrices in tests/decays/test_vector.py.

    Examples
    --------
    >>> from portico.decays import vector
    >>> f"{float(vector.width_to_majorana(1.0, 0.5, 1 / 3)):.4f}"
    '0.0345'
    """
    _, beta = _velocity(mass, dark_matter_mass)
    return jnp.asarray(alpha_dark, float) * jnp.asarray(mass, float) / 6 * beta**3


def width_to_complex_scalar(mass: ArrayLike, alpha_dark: ArrayLike, dark_matter_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Partial width to a pair of complex scalars, :math:`i g_D A'^\mu(\varphi^*\partial_\mu\varphi - \mathrm{h.c.})`.

    .. math:: \Gamma = \frac{\alpha_D m}{12}\,\beta^3

    From :math:`\sum|M|^2 = g_D^2 m^2 \beta^2`, averaged over three polarisations.

    Parameters
    ----------
    mass : array, shape (...)              mediator mass, GeV
    alpha_dark : array, shape (...)        g_D^2/(4 pi)
    dark_matter_mass : array, shape (...)  GeV

    Returns
    -------
    array, shape (...)                     GeV; 0 at and below threshold

    Source    derived from the Lagrangian; the QED analogue e+e- -> pi+pi- has R = beta^3/4 for point-like pions.

    Examples
    --------
    >>> from portico.decays import vector
    >>> f"{float(vector.width_to_complex_scalar(1.0, 0.5, 1 / 3)):.5f}"
    '0.01725'
    """
    _, beta = _velocity(mass, dark_matter_mass)
    return jnp.asarray(alpha_dark, float) * jnp.asarray(mass, float) / 12 * beta**3


def width_to_three_photons(mass: ArrayLike, epsilon: ArrayLike, electron_mass: ArrayLike) -> Float[Array, "..."]:
    r"""Partial width of a dark photon to three photons through an electron loop, below the electron-pair threshold.

    .. math:: \Gamma = \frac{17\,\alpha^4\epsilon^2}{2^7\,3^6\,5^3\,\pi^3}\,\frac{m^9}{m_e^8}

    Euler-Heisenberg: leading order in m/m_e, so it holds for m << m_e.

    Parameters
    ----------
    mass : array, shape (...)     mediator mass, GeV
    epsilon : array, shape (...)  kinetic mixing
    electron_mass : float         GeV

    Returns
    -------
    array, shape (...)            GeV; 0 at and above 2 m_e, where the pair channel is larger by many orders

    Notes     Towards 2 m_e the full loop exceeds this formula several times over (arXiv:1705.00619): there it is a
              lower bound.
    Source    arXiv:0811.0326, three-photon width of the vector, with alpha' = epsilon^2 alpha.

    Examples
    --------
    >>> from portico.decays import vector
    >>> float(vector.width_to_three_photons(0.1, 1e-3, 0.000511))
    0.0
    """
    mass = jnp.asarray(mass, float)
    coefficient = 17 * ALPHA**4 / (2**7 * 3**6 * 5**3 * math.pi**3) * jnp.asarray(electron_mass)
    x = jnp.where((mass > 0) & (mass < 2 * jnp.asarray(electron_mass)), mass / electron_mass, 0.0)
    return coefficient * jnp.asarray(epsilon, float) ** 2 * x**9


def visible_widths(mass: ArrayLike, epsilon: ArrayLike, lepton_masses: tuple[float, float, float]) -> dict[str, Array]:
    """Partial widths of a dark photon to the Standard Model in GeV, by channel: the three leptons, hadrons, three photons.

    ``lepton_masses`` are those of electron, muon and tau, GeV; shapes as in the widths.

    Source: the widths of this file.
    """
    names = ("e+ e-", "mu+ mu-", "tau+ tau-")
    widths = {name: width_to_leptons(mass, epsilon, lepton) for name, lepton in zip(names, lepton_masses, strict=True)}
    widths["hadrons"] = width_to_hadrons(mass, epsilon)
    widths["gamma gamma gamma"] = width_to_three_photons(mass, epsilon, lepton_masses[0])
    return widths
