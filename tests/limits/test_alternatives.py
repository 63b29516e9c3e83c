"""One of a pair of alternatives (EITHER) is limited: the other can be neither set nor scanned, which is told at once."""

import numpy as np
import pytest

import portico
from portico.errors import InvalidInput
from portico.limits.reach import check_scan
from portico.models import DarkPhoton, Millicharged, MixedPhase, Stueckelberg

SEARCH = "milliqan_2015"
CASES = [
    (MixedPhase, "kappa", "epsilon"),
    (MixedPhase, "epsilon", "kappa"),
    (Stueckelberg, "mass_mixing", "epsilon"),
    (Stueckelberg, "epsilon", "mass_mixing"),
]


@pytest.mark.parametrize(("kind", "other", "limited"), CASES)
def test_alternative_to_the_limited_parameter_is_refused(kind, other, limited):
    text = f"{other} and {limited} are alternatives; {limited} is limited, so {other} cannot be"
    with pytest.raises(InvalidInput, match=f"{text} scanned"):
        portico.reach(SEARCH, kind(mass=1.0), scan={other: [1e-1, 1e-2]}, parameter=limited)
    with pytest.raises(InvalidInput, match=f"{text} set; leave out {other}"):
        portico.limit(SEARCH, kind(mass=1.0, **{other: 1e-3}), parameter=limited)
    with pytest.raises(InvalidInput, match=f"{text} set"):
        portico.reach(SEARCH, kind(**{other: 1e-3}), scan={"mass": [1.0, 2.0]}, parameter=limited)


def test_value_of_the_limited_parameter_itself_does_not_matter():
    given, without = (
        portico.limit(SEARCH, MixedPhase(mass=10.0, content="singlet", **value), parameter="kappa")
        for value in ({"kappa": 1e-3}, {})
    )
    assert given.intervals == without.intervals


def test_other_alternatives_may_be_scanned():
    axes = check_scan(MixedPhase(mass=1.0, kappa=1e-3), {"zprime_mass": np.array([1.0, 2.0])}, "kappa")
    assert list(axes) == ["zprime_mass"]


def test_alternatives_of_parameters():
    assert MixedPhase.alternatives("kappa") == ("epsilon",)
    assert MixedPhase.alternatives("zprime_mass_ratio") == ("zprime_mass",)
    assert MixedPhase.alternatives("dark_charge") == Millicharged.alternatives("epsilon") == ()
    assert DarkPhoton.alternatives("dark_matter_mass") == ("dark_matter_mass_ratio",)


@pytest.mark.parametrize(("kind", "names"), [(MixedPhase, ("epsilon", "kappa")), (Stueckelberg, ("epsilon", "mass_mixing"))])  # fmt: skip
def test_a_coupling_that_is_missing_is_named_with_its_alternative(kind, names):
    with pytest.raises(InvalidInput, match=f"{names[0]} or {names[1]} must be set; give {names[0]}=... or {names[1]}="):
        portico.signal(SEARCH, kind(mass=1.0))
