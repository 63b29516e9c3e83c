r"""Three heavy neutral leptons, Majorana fermions of a dark sector, coupled to the mediator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InvalidInput
from . import _seesaw
from ._parameters import MEDIATOR, SPLITTING, lightest, lightest_mass, one_complex, one_number, refuse_derived
from .base import Coupling, DarkFermionModel, Parameter, Value

_OFF_DIAGONAL = ("32", "21", "31")
_ROUNDING = 1e-14  # of couplings from a mixing matrix
_V = {
    name: Parameter("1", f"coupling V_{name}{kind}", default, -1.0, 1.0, symbol=f"$V_{{{name}}}$")
    for name, kind, default in (("32", ", modulus with sign", "none"), ("21", ", modulus with sign", "none"), ("31", ", modulus with sign", "0"),
                                ("11", ", real", "0"), ("22", ", real", "0"), ("33", ", real", "0"))
}  # fmt: skip

_COUPLINGS = (*(f"v_{name}" for name in _V), *(f"phase_{name}" for name in _OFF_DIAGONAL), "current")


class HeavyNeutralLepton(DarkFermionModel):
    r"""Heavy neutral leptons: Majorana fermions psi_1, psi_2, psi_3 with couplings V_ij to the mediator, which mixes kinetically.

    .. math:: \mathcal L = g_D Z'_\mu \sum_{ij} V_{ij}\,\bar\psi_i\gamma^\mu P_L\psi_j, \qquad V = V^\dagger

    For Majorana fermions i != j the amplitude is :math:`\bar\psi_i\gamma^\mu(i\,\mathrm{Im}V_{ij} - \mathrm{Re}V_{ij}\gamma_5)\psi_j`: imaginary
    couplings are of vector kind (``current="vector"``: states of opposite CP parity), real ones axial (``"axial"``), others both
    (``"complex"``, with phases). V_ii is real, hence axial.

    Parameters
    ----------
    mass, epsilon, alpha_dark : float or array   of the mediator, GeV; kinetic mixing; g_D^2/4pi
    lightest_mass : float or array               m_1, GeV; fixed when the mass is scanned
    lightest_mass_ratio : float or array         m_1 / mass; follows a scanned mass
    splitting_21, splitting_32 : float or array  (m_2 - m_1)/m_1 and (m_3 - m_2)/m_2: over the lighter of the two, >= 0
    v_32, v_21, v_31 : float or array            couplings over g_D; with a phase by ``current``
    v_11, v_22, v_33 : float or array            couplings over g_D, real
    current : str                                phases of v_32, v_21, v_31: "vector" (pi/2), "axial" (0), "complex" (as given)
    phase_32, phase_21, phase_31 : float         arg V_ij in radians, 0 if left out; only with current="complex"
    neutrino_dirac_mass : float                  y_nu v/sqrt 2, GeV: mixes with the active neutrino (:meth:`active_mixing`)

    From the Lagrangian with n = (nu, eta, chi_L, chi_R^c),

    .. math:: -\mathcal L_m = \tfrac12 n^T C M n + h.c.,\quad M = \begin{pmatrix}0 & m_{\nu D} & 0 & 0\\ m_{\nu D} & M_N & \Lambda_L & \Lambda_R\\
              0 & \Lambda_L & 0 & M_X\\ 0 & \Lambda_R & M_X & 0\end{pmatrix},\quad U^T M U = \mathrm{diag}(m_i),\quad
              V_{ij} = U^*_{\chi_L i}U_{\chi_L j} - U^*_{\chi_R i}U_{\chi_R j},

    :meth:`from_lagrangian` makes the model, and :meth:`lagrangian` finds M for a model of which V is of that form. Raises InvalidInput
    for values outside these ranges, and where both lightest masses are given.

    Notes: the active neutrino couples to the mediator through U_nu i only; widths to it are left out, and psi_1 is taken as
    stable. A Lagrangian written with nbar M n^c needs M^*. The talk on arXiv:2302.05410 writes U^dagger where the complex conjugate
    is meant, and gives no V_ij for its benchmarks: v_32 and v_21 have to be given. Couplings are taken as they are: |V_32| = 1 with
    |V_21| = 0.195, which give its branching ratio of 0.96, make the largest eigenvalue of V 1.019, while mixing gives at most 1.

    Source: arXiv:2302.05410; the talk on arXiv:2302.05410.

    Examples
    --------
    >>> model = HeavyNeutralLepton(mass=1.25, epsilon=1e-3, alpha_dark=0.11, lightest_mass_ratio=0.16, splitting_21=0.57,
    ...                            splitting_32=0.59, v_32=1.0, v_21=0.195)
    >>> f"{model.branching_ratios()['psi_2 psi_3']:.3f}"
    '0.960'
    """

    mass: Value
    epsilon: Value
    alpha_dark: Value
    lightest_mass: Value
    lightest_mass_ratio: Value
    splitting_21: Value
    splitting_32: Value
    v_32: Value
    v_21: Value
    v_31: Value
    v_11: Value
    v_22: Value
    v_33: Value
    phase_32: Value
    phase_21: Value
    phase_31: Value
    neutrino_dirac_mass: Value
    current: str = eqx.field(static=True)

    NAME: ClassVar[str] = "heavy_neutral_lepton"
    TITLE: ClassVar[str] = "Three heavy neutral leptons (Majorana) of a dark sector"
    SOURCES: ClassVar[tuple[str, ...]] = ("arXiv:2302.05410", "talk on arXiv:2302.05410", "PDG 2024", "CODATA 2018")
    EXAMPLE: ClassVar[Mapping[str, Any]] = {
        "alpha_dark": 0.11,
        "lightest_mass_ratio": 0.16,
        "splitting_21": 0.57,
        "splitting_32": 0.59,
        "v_32": 1.0,
        "v_21": 0.195,
    }
    EITHER: ClassVar[tuple[tuple[str, str], ...]] = (("lightest_mass", "lightest_mass_ratio"),)
    MAJORANA: ClassVar[bool] = True
    NEEDED: ClassVar[tuple[str, ...]] = ("splitting_21", "splitting_32", "v_32", "v_21", "v_31", "v_11", "v_22", "v_33")
    PARAMETERS: ClassVar[Mapping[str, Parameter]] = {
        **MEDIATOR,
        **lightest("lightest_mass", "m_1, the mass of psi_1", "none"),
        "splitting_21": SPLITTING._replace(meaning="(m_2 - m_1)/m_1: over the lighter mass", symbol=r"$\Delta_{21}$"),
        "splitting_32": SPLITTING._replace(meaning="(m_3 - m_2)/m_2: over the lighter mass", symbol=r"$\Delta_{32}$"),
        **{f"v_{name}": spec for name, spec in _V.items()},
        "current": Parameter("1", "phase of v_32, v_21, v_31: imaginary (vector), real (axial) or as given (complex)", "vector",
                             choices=("vector", "axial", "complex")),
        **{f"phase_{name}": Parameter("1", f"arg V_{name} in radians, with current=complex", "none: 0", -2 * math.pi, 2 * math.pi)
           for name in _OFF_DIAGONAL},
        "neutrino_dirac_mass": Parameter("GeV", "y_nu v/sqrt 2: mixing with the active neutrino", "0", 0.0, 1e3),
    }  # fmt: skip

    def __init__(
        self,
        *,
        mass: Value = None,
        epsilon: Value = None,
        alpha_dark: Value = None,
        lightest_mass: Value = None,
        lightest_mass_ratio: Value = None,
        splitting_21: Value = None,
        splitting_32: Value = None,
        v_32: Value = None,
        v_21: Value = None,
        v_31: Value = 0.0,
        v_11: Value = 0.0,
        v_22: Value = 0.0,
        v_33: Value = 0.0,
        current: str = "vector",
        phase_32: Value = None,
        phase_21: Value = None,
        phase_31: Value = None,
        neutrino_dirac_mass: Value = 0.0,
    ) -> None:
        """Check and store the parameters; see the class."""
        phases = {"phase_32": phase_32, "phase_21": phase_21, "phase_31": phase_31}
        self._store({
            "mass": mass, "epsilon": epsilon, "alpha_dark": alpha_dark, "lightest_mass": lightest_mass, "lightest_mass_ratio": lightest_mass_ratio,
            "splitting_21": splitting_21, "splitting_32": splitting_32, "v_32": v_32, "v_21": v_21, "v_31": v_31, "v_11": v_11, "v_22": v_22,
            "v_33": v_33, "current": current, **phases, "neutrino_dirac_mass": neutrino_dirac_mass,
        })  # fmt: skip
        given = [name for name, value in phases.items() if value is not None]
        if given and current != "complex":
            raise InvalidInput(f"{self.NAME}: {given[0]} is given with current={current}; expected current=complex.")

    @classmethod
    def from_lagrangian(
        cls, *, majorana_mass: complex, dirac_mass: complex, lambda_left: complex, lambda_right: complex,
        neutrino_dirac_mass: complex = 0.0, **others: Value,
    ) -> HeavyNeutralLepton:  # fmt: skip
        """Return the model with M_N, M_X, Lambda_L, Lambda_R, m_nuD of the mass matrix (GeV, complex); the other parameters as in the class.

        The lightest state is the active neutrino; psi_1 to psi_3 are the others. Raises InvalidInput where psi_1 is massless or the
        lightest state is not mostly the active neutrino.
        """
        masses_of = ("lightest_mass", "lightest_mass_ratio", "splitting_21", "splitting_32")
        refuse_derived(cls.NAME, others, ("couplings", *masses_of, *_COUPLINGS), "the mass matrix")
        named = {"majorana_mass": majorana_mass, "dirac_mass": dirac_mass, "lambda_left": lambda_left, "lambda_right": lambda_right,
                 "neutrino_dirac_mass": neutrino_dirac_mass}  # fmt: skip
        entries = {name: one_complex(cls.NAME, name, value) for name, value in named.items()}
        masses, mixing = _seesaw.states(**entries)
        if abs(mixing[0, 0]) ** 2 <= 0.5 or masses[1] <= 1e-9 * masses[3]:
            raise InvalidInput(
                f"{cls.NAME}: the lightest two masses of this matrix are {masses[0]:.4g} and {masses[1]:.4g} GeV, and the active neutrino has a share of "
                f"{abs(mixing[0, 0]) ** 2:.3g} in the first; expected it to be the lightest, and psi_1 massive."
            )
        heavy = {
            "lightest_mass": masses[1],
            "splitting_21": masses[2] / masses[1] - 1,
            "splitting_32": masses[3] / masses[2] - 1,
        }
        couplings = _seesaw.with_signs(_seesaw.couplings(mixing)[1:, 1:])
        couplings = np.where(
            abs(couplings) > _ROUNDING, couplings, 0
        )  # what a symmetry forbids must not open a channel
        return cls.from_couplings(
            couplings=couplings, neutrino_dirac_mass=abs(entries["neutrino_dirac_mass"]), **heavy, **others
        )

    @classmethod
    def from_couplings(cls, *, couplings: Any, **others: Value) -> HeavyNeutralLepton:
        """Return the model with a complex 3 x 3 matrix V_ij; raises InvalidInput unless it is hermitian, with all |V_ij| <= 1.

        Moduli above 1 by at most 1e-8 become 1.
        """
        refuse_derived(cls.NAME, others, _COUPLINGS, "the matrix of couplings")
        v = _seesaw.hermitian(cls.NAME, couplings)
        off = {name: v[int(name[0]) - 1, int(name[1]) - 1] for name in _OFF_DIAGONAL}
        return cls(
            **{f"v_{name}": abs(value) for name, value in off.items()},
            **{f"phase_{name}": float(np.angle(value)) for name, value in off.items()},
            **{f"v_{k}{k}": float(v[k - 1, k - 1].real) for k in (1, 2, 3)},
            current="complex",
            **others,
        )  # fmt: skip

    @classmethod
    def from_mixing_matrix(cls, *, mixing_matrix: Any, **others: Value) -> HeavyNeutralLepton:
        """Return the model with V from a 4 x 4 matrix U: rows nu, eta, chi_L, chi_R^c, columns nu, psi_1, psi_2, psi_3.

        Raises InvalidInput unless U is unitary.
        """
        refuse_derived(cls.NAME, others, ("couplings", *_COUPLINGS), "the mixing matrix")
        unitary = _seesaw.unitary(cls.NAME, mixing_matrix)
        return cls.from_couplings(couplings=_seesaw.couplings(unitary)[1:, 1:], **others)

    def lagrangian(self) -> dict[str, complex]:
        """Return majorana_mass, dirac_mass, lambda_left, lambda_right, neutrino_dirac_mass in GeV, as :meth:`from_lagrangian` takes them.

        Phases of the fields are chosen so that all but ``dirac_mass`` are real and >= 0. Raises InvalidInput for arrays, and where no
        matrix of this form has these masses and couplings: V must have the eigenvalues 1, 0, -1 up to the active neutrino.
        """
        masses = [one_number(self.NAME, name, mass) for name, mass in self.fermion_masses().items()]
        neutrino = one_number(self.NAME, "neutrino_dirac_mass", self.neutrino_dirac_mass)
        return _seesaw.lagrangian(self.NAME, np.array(masses), self.coupling_matrix(), neutrino)

    def coupling_matrix(self) -> np.ndarray:
        """Return V, complex and hermitian, shape (3, 3), for a model of single numbers."""
        self.require(*self.NEEDED)
        phases = self._phases()
        v = np.diag([one_number(self.NAME, f"v_{k}{k}", getattr(self, f"v_{k}{k}")) for k in (1, 2, 3)]).astype(complex)
        for name in _OFF_DIAGONAL:
            i, j = int(name[0]) - 1, int(name[1]) - 1
            sine, cosine = phases[name]
            v[i, j] = one_number(self.NAME, f"v_{name}", getattr(self, f"v_{name}")) * complex(cosine, sine)
            v[j, i] = np.conj(v[i, j])
        return v

    def active_mixing(self) -> dict[str, complex]:
        """Return U_nu i, the amplitude of the active neutrino in each psi_i; 0 without ``neutrino_dirac_mass``.

        Raises InvalidInput as :meth:`lagrangian`.
        """
        if self.neutrino_dirac_mass is not None and np.all(np.asarray(self.neutrino_dirac_mass) == 0):
            return dict.fromkeys(self.fermion_masses(), 0j)
        mixing = _seesaw.states(**self.lagrangian())[1]
        return {name: complex(mixing[0, k + 1]) for k, name in enumerate(self.fermion_masses())}

    def fermion_masses(self) -> dict[str, Value]:
        """Return m_1, m_2 and m_3 in GeV."""
        self.require("splitting_21", "splitting_32")
        first = lightest_mass(self, "lightest_mass", "lightest_mass_ratio")
        second = first * (1 + self.splitting_21)
        return {"psi_1": first, "psi_2": second, "psi_3": second * (1 + self.splitting_32)}

    def _phases(self) -> dict[str, tuple[Value, Value]]:
        """Sine and cosine of the phase of each off-diagonal coupling."""
        if self.current != "complex":
            return dict.fromkeys(_OFF_DIAGONAL, (1.0, 0.0) if self.current == "vector" else (0.0, 1.0))
        given = {name: getattr(self, f"phase_{name}") for name in _OFF_DIAGONAL}
        angles = {name: 0.0 if phase is None else phase for name, phase in given.items()}
        return {
            name: (xp.sin(angle), xp.cos(angle))
            for name, angle in angles.items()
            for xp in [jnp if isinstance(angle, jax.core.Tracer) else np]
        }

    def couplings(self) -> dict[tuple[str, str], Coupling]:
        """Return couplings over g_D in the amplitude: Im V_ij of vector kind, Re V_ij axial (their relative phase i drops out of widths)."""
        self.require(*self.NEEDED)
        found = {}
        for name, (sine, cosine) in self._phases().items():
            modulus = getattr(self, f"v_{name}")
            found[f"psi_{name[0]}", f"psi_{name[1]}"] = Coupling(modulus * sine, modulus * cosine)
        for k in (1, 2, 3):
            real = getattr(self, f"v_{k}{k}")
            found[f"psi_{k}", f"psi_{k}"] = Coupling(0.0 * real, real)
        return found
