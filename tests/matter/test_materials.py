import tomllib
from pathlib import Path

import pytest

from portico import constants, units
from portico.errors import UnknownName
from portico.matter import materials

TABLE = tomllib.loads(Path(materials.__file__).with_name("materials.toml").read_text(encoding="utf-8"))


def test_densities_of_caesium_iodide():
    csi = materials.material("CsI")
    # by hand: 4.51 N_A/(126.90447 + 132.90545) and 108 electrons a unit; seven digits
    assert csi.unit_density == pytest.approx(1.045374e22, rel=1e-6)
    assert csi.electron_density == pytest.approx(1.129004e24, rel=1e-6)
    assert csi.radiation_length_cm == 1.86
    assert csi.interaction_length_cm == 38.04
    assert sorted((nucleus.charge, nucleus.mass_number, count) for nucleus, count in csi.nuclei) == [
        (53.0, 127.0, 1),
        (55.0, 133.0, 1),
    ]


def test_lead_and_iron_have_the_radiation_length_of_the_listings():
    # PDG: X0 = 6.37 g/cm^2 (Pb), 13.84 g/cm^2 (Fe), three or four digits
    for name, areal, density in (("Pb", 6.37, 11.35), ("Fe", 13.84, 7.874)):
        assert materials.material(name).radiation_length_cm == pytest.approx(areal / density, rel=1e-3)


@pytest.mark.parametrize("name", materials.names())
def test_every_material_is_consistent(name):
    material, entry = materials.material(name), TABLE["materials"][name]
    mass = sum(
        n * units.convert(TABLE["elements"][symbol]["atomic_mass"]["value"], "g/mol")
        for symbol, n in entry["composition"].items()
    )
    density = units.convert(entry["density"]["value"], units.DENSITY)
    assert material.unit_density * mass / constants.AVOGADRO == pytest.approx(density, rel=1e-13)
    charge = sum(nucleus.charge * count for nucleus, count in material.nuclei)
    assert material.electron_density == pytest.approx(material.unit_density * charge, rel=1e-14)
    # matter has about one electron per two nucleons
    assert 1.9 < mass / charge < 2.7
    for nucleus, _ in material.nuclei:
        assert 2 <= nucleus.mass_number / nucleus.charge < 2.6
    assert material.sources
    assert len(set(material.sources)) == len(material.sources)


def test_unknown_material_names_the_nearest():
    with pytest.raises(UnknownName, match=r"no material named 'csi'\. Did you mean 'CsI'\?"):
        materials.material("csi")
