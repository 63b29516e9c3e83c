"""Physical constants, one table: each with unit, source and year.

Masses of particles live in :mod:`portico.particles`, properties of materials in :mod:`portico.matter`.
Natural units: ``c = hbar = 1``, energies in GeV, Heaviside-Lorentz charge ``e = sqrt(4 pi alpha)``.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Constant(NamedTuple):
    """A number with its unit, source and year."""

    value: float
    unit: str
    source: str
    year: int


TABLE: dict[str, Constant] = {
    "ALPHA": Constant(1 / 137.035999084, "1", "CODATA 2018", 2018),
    "HBAR_GEV_S": Constant(6.582119569e-25, "GeV s", "CODATA 2018, exact SI, 10 digits", 2018),
    "SPEED_OF_LIGHT_CM_S": Constant(2.99792458e10, "cm/s", "SI, exact", 2019),
    "HBARC_GEV_CM": Constant(1.973269804e-14, "GeV cm", "CODATA 2018, exact SI, 10 digits", 2018),
    "AVOGADRO": Constant(6.02214076e23, "1/mol", "SI, exact", 2019),
    "FERMI_CONSTANT": Constant(1.1663788e-5, "GeV^-2", "PDG 2024", 2024),
    "SIN2_THETA_W": Constant(0.23122, "1", "PDG 2024, MSbar at the Z mass", 2024),
    "ALPHA_S_MZ": Constant(0.1180, "1", "PDG 2024", 2024),
    "ATOMIC_MASS_UNIT_GEV": Constant(0.93149410242, "GeV", "CODATA 2018", 2018),
    "PROTON_MAGNETIC_MOMENT": Constant(2.79284734463, "nuclear magnetons", "CODATA 2018", 2018),
}

ALPHA = TABLE["ALPHA"].value
HBAR_GEV_S = TABLE["HBAR_GEV_S"].value
SPEED_OF_LIGHT_CM_S = TABLE["SPEED_OF_LIGHT_CM_S"].value
HBARC_GEV_CM = TABLE["HBARC_GEV_CM"].value
AVOGADRO = TABLE["AVOGADRO"].value
FERMI_CONSTANT = TABLE["FERMI_CONSTANT"].value
SIN2_THETA_W = TABLE["SIN2_THETA_W"].value
ALPHA_S_MZ = TABLE["ALPHA_S_MZ"].value
ATOMIC_MASS_UNIT_GEV = TABLE["ATOMIC_MASS_UNIT_GEV"].value
PROTON_MAGNETIC_MOMENT = TABLE["PROTON_MAGNETIC_MOMENT"].value

ELECTRIC_CHARGE = math.sqrt(4 * math.pi * ALPHA)
"""Heaviside-Lorentz elementary charge, sqrt(4 pi alpha)."""
GEV2_CM2 = HBARC_GEV_CM**2
"""(hbar c)^2 in GeV^2 cm^2: multiplies a cross section in GeV^-2."""
CM2_PER_NB = 1e-33
"""Square centimetres in a nanobarn."""
GEV2_NB = GEV2_CM2 / CM2_PER_NB
"""(hbar c)^2 in GeV^2 nb."""
