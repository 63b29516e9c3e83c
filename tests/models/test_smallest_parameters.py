"""Smallest allowed parameters of models with millicharged particles: results are finite there, and less is refused with the reason."""

import numpy as np
import pytest

import portico
from portico.errors import InvalidInput
from portico.models import Millicharged, MixedPhase, Stueckelberg

KINDS = (Millicharged, MixedPhase, Stueckelberg)
SEARCH = portico.search("milliqan_2015", channels="drell_yan,light_mesons")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["mass", "alpha", "zprime_mass", "zprime_mass_ratio", "dark_charge"])
def test_smallest_values_have_widths(kind, name):
    """Warnings of numpy are errors here."""
    if name not in kind.PARAMETERS:
        return
    low = kind.PARAMETERS[name].low
    charge = {"epsilon": 1e-3} if kind is Millicharged else {kind.MIXING: 1e-3}
    model = kind(**{"mass": 1.0, **charge, name: low})
    assert np.isfinite(list(model.partial_widths().values())).all()
    assert all(np.isfinite(decay.width) for decay in model.parent_decays().values())
    for less in (0.9 * low, 1e-15, 1e-170, 1e-300):
        with pytest.raises(InvalidInput, match=f"{name} = .* is not allowed; expected at least 1e-06"):
            kind(**{"mass": 1.0, name: less})


@pytest.mark.parametrize("kind", KINDS)
def test_telescopes_see_particles_down_to_where_the_energy_loss_is_known(kind):
    limit = portico.limit(SEARCH, kind(mass=1e-4))
    assert 1e-5 < limit.intervals[0][0] < 1e-3
    with pytest.raises(InvalidInput, match=r"the formula for the energy loss .* ends; expected at least 0\.0001 GeV"):  # fmt: skip
        portico.limit(SEARCH, kind(mass=9e-5))


@pytest.mark.parametrize("name", ["dark_charge", "alpha"])
def test_smallest_couplings_have_limits(name):
    assert portico.limit(SEARCH, MixedPhase(mass=1.0, **{name: 1e-6}), parameter="kappa").status in ("none", "excluded")
