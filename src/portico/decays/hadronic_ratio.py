r"""The ratio R(s) of e+e- to hadrons over the massless muon cross section :math:`4\pi\alpha^2/3s`.

A model of our own from published parameters (``hadronic_ratio.toml``), and the table made from it
(``hadronic_ratio.csv``, by ``scripts/make_hadronic_ratio.py``) which the widths use. Pieces:

- two pions: Gounaris-Sakurai rho, rho', rho'', rho''' with omega mixing, fit of arXiv:1205.2228;
- omega, phi, J/psi, psi(2S), Upsilon(1S-3S): relativistic Breit-Wigners from mass, width and Gamma_ee;
- other exclusive channels below 2 GeV: measured cross sections, interpolated;
- above: perturbation theory with open charm and bottom, blended with the exclusive sum from 1.6 to 2.0 GeV.

Neglected: interference of the isoscalar 3 pi and K K amplitudes between the peaks (0.9-1.0 GeV), KKpipi and other
small channels below 1.8 GeV, psi(3770) and higher charmonia, Upsilon(4S) and higher, Z exchange, pi0 gamma below 2 pi.
Measured cross sections are used as published, mostly with vacuum polarisation, which a decay width does not contain:
up to 4 %. Complex conventions: a resonance has the denominator M^2 - s - i M Gamma.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from .. import numerics as _numerics  # noqa: F401  (switches jax to float64)
from ..constants import ALPHA, CM2_PER_NB, GEV2_CM2
from ..errors import DataError
from ..numerics.polylines import Polyline, make_polyline, on_polyline

Real: TypeAlias = ArrayLike
Table: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]

MAXIMUM_MASS = 40.0
"""GeV; end of the validity of the perturbative formula without Z exchange."""
_STATUSES = ("published", "digitised", "inferred", "assumed", "unverified", "computed")
_POINT_SIGMA_NB = 4 * np.pi * ALPHA**2 / 3 * GEV2_CM2 / CM2_PER_NB
"""Massless muon cross section times s, nb GeV^2."""


@cache
def parameters() -> dict[str, Any]:
    """Return the parameters of the model: the tables of ``hadronic_ratio.toml``, read once.

    Each number is a table with value, unit, source and status; raises DataError where one of them is missing.
    Source: said in the file, number by number.
    """
    tables: dict[str, Any] = tomllib.loads(files(__package__).joinpath("hadronic_ratio.toml").read_text("utf-8"))
    _check_entries(tables, "hadronic_ratio.toml")
    return tables


def _check_entries(table: dict[str, Any], where: str) -> None:
    for name, entry in table.items():
        if not isinstance(entry, dict):
            continue
        if "value" not in entry:
            _check_entries(entry, f"{where}: {name}")
        elif missing := [key for key in ("unit", "source", "status") if not entry.get(key)]:
            raise DataError(f"{where}: {name} lacks {', '.join(missing)}; every number needs unit, source and status.")
        elif entry["status"] not in _STATUSES:
            raise DataError(f"{where}: {name} has status '{entry['status']}'; known: {', '.join(_STATUSES)}.")


def _value(section: str, name: str) -> Any:
    return parameters()[section][name]["value"]


def _smooth_step(x: Real, low: float, high: float) -> Float[Array, "..."]:
    """Return 0 below low, 1 above high and 3t^2 - 2t^3 between."""
    t = jnp.clip((jnp.asarray(x) - low) / (high - low), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def _beta(s: Real, daughter_mass: float) -> Float[Array, "..."]:
    """Return sqrt(1 - 4 m^2/s), 0 at and below threshold, with finite gradients."""
    s = jnp.asarray(s, float)
    is_open = s > 4 * daughter_mass**2
    inside = 1 - 4 * daughter_mass**2 / jnp.where(is_open, s, 8 * daughter_mass**2)
    is_open = is_open & (inside > 0)
    return jnp.where(is_open, jnp.sqrt(jnp.where(is_open, inside, 1.0)), 0.0)


def _gounaris_sakurai(s: Float[Array, "..."], mass: float, width: float, pion: float) -> Float[Array, "..."]:
    """Return the Gounaris-Sakurai propagator of a rho, 1 at s = 0 (eqs. (27)-(33) of arXiv:1205.2228)."""
    beta0 = float(np.sqrt(1 - 4 * pion**2 / mass**2))
    k0 = mass * beta0 / 2
    h0 = 2 / np.pi * k0 / mass * np.log((mass + 2 * k0) / (2 * pion))
    slope0 = h0 * (1 / (8 * k0**2) - 1 / (2 * mass**2)) + 1 / (2 * np.pi * mass**2)
    d = (
        3 / np.pi * pion**2 / k0**2 * np.log((mass + 2 * k0) / (2 * pion))
        + mass / (2 * np.pi * k0)
        - pion**2 * mass / (np.pi * k0**3)
    )
    beta = _beta(s, pion)
    k2 = s * beta**2 / 4
    h = beta / jnp.pi * jnp.log(jnp.sqrt(s) * (1 + beta) / (2 * pion))
    f = width * mass**2 / k0**3 * (k2 * (h - h0) + (mass**2 - s) * k0**2 * slope0)
    running_width = width * s / mass**2 * (beta / beta0) ** 3
    return mass**2 * (1 + d * width / mass) / (mass**2 - s + f - 1j * mass * running_width)


def pion_form_factor(s: Real) -> Float[Array, "..."]:
    r"""Electromagnetic form factor of the charged pion in the time-like region, complex.

    .. math:: F = \frac{\mathrm{BW}_\rho\,(1 + c_\omega \mathrm{BW}_\omega)/(1 + c_\omega)
              + \sum_{i} c_i\,\mathrm{BW}_i}{1 + \sum_i c_i}, \qquad i = \rho', \rho'', \rho'''

    Parameters
    ----------
    s : array, shape (...)   GeV^2; used for 4 m_pi^2 < s < 4 GeV^2, evaluated at threshold below it

    Returns
    -------
    complex array, shape (...)

    Notes     The fit includes the vacuum polarisation of the photon: R from it exceeds the bare one by 1 to 4 %,
              varying over the rho.
    Source    arXiv:1205.2228 eqs. (26)-(33) and its table of the fit; parameters in hadronic_ratio.toml.

    Examples
    --------
    >>> from portico.decays import hadronic_ratio
    >>> 6.3 < abs(complex(hadronic_ratio.pion_form_factor(0.775**2))) < 7.0
    True
    """
    pion = _value("pion", "mass")
    s = jnp.maximum(jnp.asarray(s, float), 4 * pion**2)
    numbers = zip(*(_value("pion_form_factor", key) for key in ("masses", "widths", "moduli", "phases")), strict=True)
    mass, width = _value("pion_form_factor", "omega_mass"), _value("pion_form_factor", "omega_width")
    c = _value("pion_form_factor", "omega_modulus") * np.exp(1j * _value("pion_form_factor", "omega_phase"))
    mixing = (1 + c * mass**2 / (mass**2 - s - 1j * mass * width)) / (1 + c)
    amplitude, normalisation = jnp.zeros_like(s, complex), 0.0
    for number, (rho_mass, rho_width, modulus, phase) in enumerate(numbers):
        weight = modulus * np.exp(1j * phase)
        propagator = _gounaris_sakurai(s, rho_mass, rho_width, pion)
        amplitude = amplitude + weight * propagator * (mixing if number == 0 else 1.0)
        normalisation = normalisation + weight
    return amplitude / normalisation


def ratio_two_pions(s: Real) -> Float[Array, "..."]:
    r"""R of e+e- -> pi+ pi-.

    .. math:: R = \frac{\beta_\pi^3}{4}\,|F_\pi(s)|^2

    Parameters
    ----------
    s : array, shape (...)   GeV^2

    Returns
    -------
    array, shape (...)       0 at and below 4 m_pi^2

    Notes     Final-state radiation (+0.8 %) is not added; vacuum polarisation as in :func:`pion_form_factor`.
    Source    arXiv:1205.2228 eq. (24).

    Examples
    --------
    >>> from portico.decays import hadronic_ratio
    >>> float(hadronic_ratio.ratio_two_pions(0.07))
    0.0
    """
    form_factor = pion_form_factor(s)
    return _beta(s, _value("pion", "mass")) ** 3 / 4 * (form_factor.real**2 + form_factor.imag**2)


def ratio_resonance(
    s: Real, mass: float, width: float, width_ee: float, branching: float, *, growth: Real = 1.0
) -> Float[Array, "..."]:
    r"""R of one vector resonance, a relativistic Breit-Wigner.

    .. math:: R = \frac{9}{\alpha^2}\,\frac{s\,\Gamma_{ee}\,\Gamma B\,g(s)}{(s - M^2)^2 + M^2\Gamma^2}

    with the peak :math:`9 B_{ee}B/\alpha^2` and, where narrow, :math:`\int R\,ds = 9\pi M \Gamma_{ee} B/\alpha^2`.

    Parameters
    ----------
    s : array, shape (...)       GeV^2
    mass, width, width_ee : float  GeV; width_ee contains the vacuum polarisation, as the PDG quotes it
    branching : float            to hadrons, or to the wanted channel
    growth : array, shape (...)  g(s), partial width over its value on the peak

    Returns
    -------
    array, shape (...)

    Notes     No interference with the continuum; tails are good to a few widths only.
    Source    PDG 2024, review "Resonances", for the cross section 12 pi Gamma_ee Gamma_f/((s - M^2)^2 + M^2 Gamma^2).

    Examples
    --------
    >>> from portico.decays import hadronic_ratio
    >>> 8000 < float(hadronic_ratio.ratio_resonance(3.0969**2, 3.0969, 92.6e-6, 5.53e-6, 0.88)) < 9500
    True
    """
    s = jnp.asarray(s, float)
    strength = 9 / ALPHA**2 * width_ee * width * branching
    return strength * s * growth / ((s - mass**2) ** 2 + (mass * width) ** 2)


def _resonances(s: Float[Array, "..."], names: tuple[str, ...]) -> Float[Array, "..."]:
    """Return the summed R of the named resonances, with the growth of the omega and phi widths off their peaks."""
    table = parameters()["resonances"]
    columns = [table[key]["value"] for key in ("masses", "widths", "widths_ee", "branching_hadrons")]
    total = jnp.zeros_like(s)
    for number in (table["names"].index(name) for name in names):
        mass, width, width_ee, branching = (column[number] for column in columns)
        name, growth = table["names"][number], jnp.ones_like(s)
        if name == "omega":
            threshold = 9 * _value("pion", "mass") ** 2
            rise = jnp.maximum(s - threshold, 0.0) / (mass**2 - threshold)
            handover = 1 - _smooth_step(jnp.sqrt(s), *_value("resonances", "omega_tail_range"))
            growth = rise ** _value("resonances", "omega_threshold_power") * handover
        elif name == "phi":
            kaon, fraction = _value("kaon", "mass"), _value("resonances", "phi_branching_two_kaons")
            ratio_beta = _beta(s, kaon) / float(np.sqrt(1 - 4 * kaon**2 / mass**2))
            start = _smooth_step(jnp.sqrt(s), 3 * _value("pion", "mass"), 2 * kaon)
            growth = (1 - fraction) * start + fraction * jnp.sqrt(s) / mass * ratio_beta**3
        total = total + ratio_resonance(s, mass, width, width_ee, branching, growth=growth)
    return total


def ratio_light_resonances(s: Real) -> Float[Array, "..."]:
    """R of the omega(782) and the phi(1020) into everything but pi+pi-; shape (...) for s in GeV^2 of shape (...).

    The omega grows off its peak like omega -> rho pi and ends between 0.95 and 1.06 GeV, where measured 3 pi take over;
    the kaon part of the phi grows like a P wave. Good to a few % on the peaks and 30 % between them.

    Source    PDG 2024 masses, widths and Gamma_ee; off-peak growth assumed, see hadronic_ratio.toml.
    """
    return _resonances(jnp.asarray(s, float), ("omega", "phi"))


def ratio_heavy_resonances(s: Real) -> Float[Array, "..."]:
    """R of J/psi, psi(2S) and Upsilon(1S), (2S), (3S) into hadrons; shape (...) for s in GeV^2 of shape (...).

    Source    PDG 2024, see hadronic_ratio.toml; good to 3 %, the error of Gamma_ee.
    """
    return _resonances(jnp.asarray(s, float), ("J/psi", "psi(2S)", "Upsilon(1S)", "Upsilon(2S)", "Upsilon(3S)"))


def ratio_multihadron(s: Real) -> Float[Array, "..."]:
    r"""R of the exclusive channels other than two pions, omega and phi, below 2 GeV.

    .. math:: R = \sum_c f_c\,\frac{s\,\sigma_c(\sqrt s)}{s\,\sigma_{\mu\mu}}

    Measured cross sections, linear between the nodes of hadronic_ratio.toml: 3 pi above the phi, 4 pi (both), 5 pi
    (both), 6 pi (both), eta pi pi, K K pi, and K+K- above what the phi gives.

    Parameters
    ----------
    s : array, shape (...)   GeV^2, below 4

    Returns
    -------
    array, shape (...)

    Notes     Complete to about 1.6 GeV; KKpipi, eta omega and eta phi (0.1 to 0.3 at 1.8 GeV) are missing.
    Source    BaBar, the papers named in hadronic_ratio.toml.

    Examples
    --------
    >>> from portico.decays import hadronic_ratio
    >>> 1.6 < float(hadronic_ratio.ratio_multihadron(1.5**2)) < 2.2
    True
    """
    s = jnp.asarray(s, float)
    total = jnp.zeros_like(s)
    for name, channel in parameters()["channels"].items():
        nodes, sigma = (np.asarray(channel[key]["value"]) for key in ("sqrt_s", "sigma"))
        ratio = channel["factor"]["value"] * jnp.interp(jnp.sqrt(s), nodes, sigma, left=0.0) * s / _POINT_SIGMA_NB
        if name == "charged_kaons":
            share = _value("resonances", "phi_branching_charged_kaons")
            ratio = jnp.maximum(ratio - share * _resonances(s, ("phi",)), 0.0)
        total = total + ratio
    return total


def strong_coupling(s: Real, flavours: int) -> Float[Array, "..."]:
    r"""Running strong coupling of QCD in the MSbar scheme at three loops, for a fixed number of flavours.

    .. math:: \alpha_s = \frac{1}{b_0 t}\Big[1 - \frac{b_1}{b_0^2}\frac{\ln t}{t}
              + \frac{b_1^2(\ln^2 t - \ln t - 1) + b_0 b_2}{b_0^4 t^2}\Big],\qquad t = \ln(s/\Lambda^2)

    Parameters
    ----------
    s : array, shape (...)   GeV^2; frozen below 1.44
    flavours : int           3, 4 or 5

    Returns
    -------
    array, shape (...)

    Source    PDG 2024, review "Quantum chromodynamics", eq. (9.5); Lambda from alpha_s(M_Z), see hadronic_ratio.toml.

    Examples
    --------
    >>> from portico.decays import hadronic_ratio
    >>> f"{float(hadronic_ratio.strong_coupling(91.188**2, 5)):.4f}"
    '0.1180'
    """
    b0 = (33 - 2 * flavours) / (12 * np.pi)
    b1 = (153 - 19 * flavours) / (24 * np.pi**2)
    b2 = (2857 - 5033 / 9 * flavours + 325 / 27 * flavours**2) / (128 * np.pi**3)
    t = jnp.log(jnp.maximum(jnp.asarray(s, float), 1.44) / _value("perturbative", "lambda_qcd")[flavours - 3] ** 2)
    log = jnp.log(t)
    return 1 / (b0 * t) * (1 - b1 / b0**2 * log / t + (b1**2 * (log**2 - log - 1) + b0 * b2) / (b0**4 * t**2))


def _massless_correction(coupling: Float[Array, "..."], flavours: int) -> Float[Array, "..."]:
    """Return 1 + a + r2 a^2 + r3 a^3 with a = alpha_s/pi, non-singlet (PDG 2024, QCD review, eq. (9.7))."""
    a = coupling / jnp.pi
    r2 = 1.9857 - 0.1152 * flavours
    r3 = -6.63694 - 1.20013 * flavours - 0.00518 * flavours**2
    return 1 + a + r2 * a**2 + r3 * a**3


def _open_flavour(s: Float[Array, "..."], threshold: float, charge2: float, flavours: int) -> Float[Array, "..."]:
    """Return R of one heavy quark above threshold: phase space v(3 - v^2)/2 times Schwinger's gluon correction."""
    v = _beta(s, threshold / 2)
    coupling = strong_coupling(s, flavours)
    # v times Schwinger's 4/3 alpha_s [pi/2v - (3 + v)/4 (pi/2 - 3/4pi)], so that v = 0 is finite
    first = 4 / 3 * coupling * (jnp.pi / 2 - v * (3 + v) / 4 * (jnp.pi / 2 - 3 / (4 * jnp.pi)))
    higher = _massless_correction(coupling, flavours) - 1 - coupling / jnp.pi
    switch = _smooth_step(jnp.sqrt(s), threshold, threshold + _value("perturbative", "threshold_range"))
    return 3 * charge2 * (3 - v**2) / 2 * (v * (1 + higher) + first) * switch


def ratio_perturbative(s: Real) -> Float[Array, "..."]:
    r"""R of perturbative QCD: massless light quarks, charm and bottom from the thresholds of their lightest mesons.

    .. math:: R = 2\Big[1 + a + r_2 a^2 + r_3 a^3\Big]
              + \sum_{c,b} 3 Q^2\,\frac{v(3 - v^2)}{2}\Big[1 + \tfrac43\alpha_s f(v) + r_2 a^2 + r_3 a^3\Big]

    with :math:`a = \alpha_s/\pi`, :math:`r_2 = 1.9857 - 0.1152 n_f`, :math:`r_3 = -6.637 - 1.200 n_f - 0.005 n_f^2`
    (1.409 and -12.77 for five flavours) and
    :math:`f = \frac{\pi}{2v} - \frac{3 + v}{4}(\frac{\pi}{2} - \frac{3}{4\pi})`.

    Parameters
    ----------
    s : array, shape (...)   GeV^2, from about 1.8^2 to 40^2 (Z exchange neglected: +2 % at 40 GeV, less below)

    Returns
    -------
    array, shape (...)

    Notes     A smooth average through open charm: no psi(3770), psi(4040) ...; each threshold is switched on over
              0.1 GeV. v uses the D0 and B0 masses, so that nothing opens below the physical thresholds.
    Source    PDG 2024, QCD review, eq. (9.7), for the series; Schwinger's interpolation for the heavy quarks
              (Particles, Sources and Fields, vol. 2, sec. 5-4; unverified), used with the meson masses: assumed.

    Examples
    --------
    >>> from portico.decays import hadronic_ratio
    >>> f"{float(hadronic_ratio.ratio_perturbative(4.0)):.1f}"
    '2.2'
    """
    s = jnp.asarray(s, float)
    charm, bottom = _value("perturbative", "charm_threshold"), _value("perturbative", "bottom_threshold")
    light3, light4, light5 = (2 * _massless_correction(strong_coupling(s, n), n) for n in (3, 4, 5))
    span = _value("perturbative", "threshold_range")
    after_charm = _smooth_step(jnp.sqrt(s), charm, charm + span)
    after_bottom = _smooth_step(jnp.sqrt(s), bottom, bottom + span)
    light = light3 + (light4 - light3) * after_charm + (light5 - light4) * after_bottom
    charm4, charm5 = (_open_flavour(s, charm, 4 / 9, n) for n in (4, 5))
    return light + charm4 + (charm5 - charm4) * after_bottom + _open_flavour(s, bottom, 1 / 9, 5)


def ratio_model(s: Real) -> Float[Array, "..."]:
    """R(s) of the whole model: the direct evaluation from which the table is made; shape (...) for s in GeV^2.

    Exclusive sum below 1.6 GeV, perturbation theory above 2.0 GeV, a smooth step between, heavy resonances on top; 0
    below two charged pions. Source: the pieces named above; the blend is assumed.
    """
    s = jnp.asarray(s, float)
    is_open = s > 4 * _value("pion", "mass") ** 2
    s = jnp.where(is_open, s, 1.0)
    weight = _smooth_step(jnp.sqrt(s), *_value("blend", "range"))
    exclusive = ratio_two_pions(s) + ratio_light_resonances(s) + ratio_multihadron(s)
    total = (1 - weight) * exclusive + weight * ratio_perturbative(s) + ratio_heavy_resonances(s)
    return jnp.where(is_open, total, 0.0)


@cache
def table() -> Table:
    """Return sqrt(s) in GeV, R and the relative uncertainty of ``hadronic_ratio.csv``, three arrays of one length.

    Source: :func:`ratio_model`, tabulated by ``scripts/make_hadronic_ratio.py``.
    """
    path = files(__package__).joinpath("hadronic_ratio.csv")
    rows = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    numbers = np.asarray([row.split(",") for row in rows[1:]], dtype=float)
    if rows[0] != "sqrt_s_gev,ratio,relative_uncertainty" or not (np.diff(numbers[:, 0]) > 0).all():
        raise DataError(
            f"hadronic_ratio.csv: expected the columns of make_hadronic_ratio.py, rising; found '{rows[0]}'."
        )
    return numbers[:, 0], numbers[:, 1], numbers[:, 2]


@cache
def table_line() -> Polyline:
    """Return R between the nodes of :func:`table`, straight lines over sqrt(s) in GeV; 0 below it. Source: the table."""
    return make_polyline(*table()[:2])


def hadronic_ratio(mass: Real) -> Float[Array, "..."]:
    """R at sqrt(s) = mass, from the table (linear interpolation), above its end at 12 GeV from perturbation theory.

    Parameters
    ----------
    mass : array, shape (...)   GeV

    Returns
    -------
    array, shape (...)          0 at and below two charged pions, nan above 40 GeV

    Notes     Reproduces :func:`ratio_model` to 1e-4 relative or 1e-6 absolute, whichever is larger; the accuracy of the
              model itself is :func:`hadronic_ratio_uncertainty`. pi0 gamma below two pions is neglected.
    Source    ``hadronic_ratio.csv``, made by scripts/make_hadronic_ratio.py.

    Examples
    --------
    >>> from portico.decays import hadronic_ratio
    >>> float(hadronic_ratio.hadronic_ratio(0.2)), f"{float(hadronic_ratio.hadronic_ratio(3.5)):.1f}"
    (0.0, '2.2')
    """
    mass, line = jnp.asarray(mass, float), table_line()
    low = on_polyline(line, mass)
    high = ratio_perturbative(jnp.clip(mass, 10.0, MAXIMUM_MASS) ** 2)
    return jnp.where(mass <= line.x[-1], low, jnp.where(mass <= MAXIMUM_MASS, high, jnp.nan))


def hadronic_ratio_uncertainty(mass: Real) -> Float[Array, "..."]:
    """Relative uncertainty of R at sqrt(s) = mass, one standard deviation by our judgement; piecewise linear.

    3 % below 0.85 GeV, 6-12 % from 0.9 to 1.5, 20 % at 1.8, 5 % from 2.3 to 3.7, 20-25 % at open charm
    (3.73-4.6 GeV), 5 % above 4.8, 12 % at open bottom, 4 % beyond. For a mass *inside* a narrow peak it is the error of
    the area, not of the position.

    Parameters
    ----------
    mass : array, shape (...)   GeV

    Returns
    -------
    array, shape (...)          nan above 40 GeV

    Source    hadronic_ratio.toml, section uncertainty: assumed.
    """
    mass = jnp.asarray(mass, float)
    nodes, relative = (np.asarray(_value("uncertainty", key)) for key in ("sqrt_s", "relative"))
    return jnp.where(mass <= MAXIMUM_MASS, jnp.interp(mass, nodes, relative), jnp.nan)
