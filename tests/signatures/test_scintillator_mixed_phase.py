"""A Z' beside the millicharge in a scintillator telescope: reach tabulated for the resonance, tables against exact fluxes, ends of states."""

import numpy as np
import pytest

import portico
from portico.errors import InvalidInput, NumericsError
from portico.models import Millicharged, MixedPhase, Stueckelberg
from portico.signatures import _scintillator_flux as flux

NAME = "milliqan_2015"
SEARCH = portico.search(NAME, channels="drell_yan,quarkonium")
SINGLET = {"content": "singlet", "zprime_mass_ratio": 3.0}


# arXiv:1506.04760 with e' = e and BR(Z' -> chi chi) = 1 by an independent calculation: leading order, 300/fb, three events without
# background, M_Z' = 3 m; it adds the narrow resonance to the rest, here the sum is coherent: charges in 1e-3. At 1 GeV
# the two do not compare: the Z' is next to the J/psi, whose decays it enhances
@pytest.mark.parametrize(("mass", "charge"), [(3.0, 1.40), (10.0, 2.12), (20.0, 2.76), (100.0, 27.0)])
def test_reach_with_a_resonance(mass, charge):
    model = MixedPhase(mass=mass, **SINGLET)
    kappa = portico.limit(SEARCH, model, parameter="kappa", cl=0.95).upper
    assert 1e3 * model.with_parameters(kappa=kappa).charge() == pytest.approx(charge, rel=0.05)
    # the charge itself as the parameter
    epsilon = portico.limit(SEARCH, model, cl=0.95).upper
    assert epsilon == pytest.approx(model.with_parameters(kappa=kappa).charge(), rel=5e-3)


def test_no_resonance_without_a_dark_mixing_angle():
    """Holdom's phase is a millicharged particle of hypercharge; the angle of the Z is the hatted one, which differs by kappa^2."""
    holdom = MixedPhase(mass=10.0, kappa=2e-3, theta_w_dark=0.0, content="singlet")
    alone = Millicharged(mass=10.0, epsilon=holdom.charge())
    found, expected = (portico.signal(SEARCH, model).expected for model in (holdom, alone))
    # the width of the Z here holds decays to massive fermions, there the closed form: 0.5%
    assert found == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("settings", [{"dark_charge": 0.05}, {"dark_charge": 1.0, "zprime_mass_ratio": 5.0}])
def test_fluxes_kept_for_a_scan_are_those_of_each_point_within_their_error(settings):
    """A small e' makes the width of the Z' depend on kappa where the reach is."""
    model = MixedPhase(mass=20.0, **{**SINGLET, **settings})
    kappa = portico.limit(SEARCH, model, parameter="kappa", cl=0.95).upper
    for factor in (0.7, 1.0, 1.5):
        at = model.with_parameters(kappa=np.array([factor * kappa]))
        table, exact = (SEARCH.signature.channel_yields(SEARCH, at, exact=exact) for exact in (False, True))
        for channel in ("drell_yan", "quarkonium"):
            assert abs(table[channel].value - exact[channel].value) <= table[channel].error + 1e-12
            assert table[channel].value == pytest.approx(exact[channel].value, rel=0.02)


def test_models_whose_states_end_are_limited_up_to_there():
    model = MixedPhase(mass=30.0, **SINGLET)  # a Z' of 90 GeV
    with pytest.raises(InvalidInput, match="closer to the Z than the repulsion"):
        model.with_parameters(kappa=0.5)
    most = float(model.largest_allowed("kappa"))
    model.with_parameters(kappa=most)
    with pytest.raises(InvalidInput, match="closer to the Z than the repulsion"):
        model.with_parameters(kappa=most * 1.002)  # found to 3e-4
    limit = portico.limit(SEARCH, model, parameter="kappa", cl=0.95)
    assert limit.upper < most
    assert any(f"no states beyond kappa = {most:.3g}" in note for note in limit.notes)
    assert limit.range == pytest.approx((1e-8, most), rel=1e-12)
    assert limit.intervals[-1][1] is None
    assert MixedPhase(mass=1.0, **SINGLET).largest_allowed("kappa") is None
    assert Millicharged(mass=1.0).largest_allowed("epsilon") is None


def test_pictures_are_shaded_up_to_where_states_end():
    scan = {"zprime_mass": np.array([85.0, 91.0, 150.0])}
    model = MixedPhase(mass=1.0, content="singlet")
    reach = portico.reach(SEARCH, model, scan=scan, parameter="kappa", cl=0.95)
    ends = reach["largest_allowed"].values
    expected = [model.with_parameters(zprime_mass=m).largest_allowed("kappa") for m in scan["zprime_mass"][:2]]
    np.testing.assert_allclose(ends, [*expected, 0.5], rtol=1e-12)
    assert np.isinf(reach["high"].values[:, -1]).all()
    ax = portico.plot.exclusion([reach], compare=False)
    shaded = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    top = ax.get_ylim()[1]
    for mass, end in zip(scan["zprime_mass"], ends, strict=True):
        assert shaded[shaded[:, 0] == mass, 1].max() == pytest.approx(min(end, top) if end < 0.5 else top, rel=1e-9)
    assert ends[1] < top  # one that is seen


def test_every_contour_states_the_dark_charge_and_the_branching_ratio():
    scan = {"mass": np.array([1.0, 2.0, 3.0])}
    reach = portico.reach(SEARCH, MixedPhase(dark_charge=2.0), scan=scan, parameter="kappa", cl=0.95)
    assert "e' = 2 e, BR(Z' -> chi chi) = 0.2" in reach.attrs["notes"]
    words = " ".join(text.get_text() for text in portico.plot.exclusion([reach], compare=False).texts)
    assert "$e'$ = 2 e" in words
    assert "alpha" not in words  # a default
    assert portico.plot.exclusion([reach], compare=False).get_legend_handles_labels()[1].count("expected") == 0


def test_a_resonance_below_the_parton_distributions_is_told_as_open():
    told = portico.limit(SEARCH, MixedPhase(mass=0.4, **SINGLET), parameter="kappa", cl=0.95).notes
    assert any("Z' is lighter than the smallest pair mass of 2 GeV: its resonance is left out" in note for note in told)


@pytest.mark.slow
def test_two_hits_of_a_pair_from_a_boosted_resonance():
    """Independent calculations: 7.2e-3 and 7.15e-3 pb at M = 3, m = 1 GeV, 2.7e-4 at 9 and 3, both within 20% of others."""
    search = portico.search(NAME, hits="two", channels="drell_yan")
    for mass, sigma in ((1.0, 7.2e-3), (3.0, 2.7e-4)):
        signal = portico.signal(search, MixedPhase(mass=mass, kappa=1e-3, **SINGLET))
        made = next(f.value for f in signal.factors if f.name.startswith("cross section of pairs"))
        assert made / 1e-6 == pytest.approx(sigma, rel=0.35)  # scale of alpha_s at low transverse momenta
        seen = next(f.value for f in signal.factors if f.name.startswith("probability"))
        charge = MixedPhase(mass=mass, kappa=1e-3, **SINGLET).charge()
        assert seen == pytest.approx((1 - np.exp(-((charge / 2e-3) ** 2))) ** 6, rel=1e-9)


def test_points_are_kept_and_told_apart_by_all_their_parameters():
    search = portico.search(NAME, channels="drell_yan")
    kappa = np.array([1e-3, 2e-3])

    def events(**settings):
        model = MixedPhase(mass=20.0, kappa=kappa, **{**SINGLET, **settings})
        return search.signature.channel_yields(search, model)["drell_yan"].value

    first = events()
    assert not np.allclose(events(dark_charge=2.0), first, rtol=1e-3)
    assert not np.allclose(events(content="doublet"), first, rtol=1e-3)
    np.testing.assert_array_equal(events(), first)


def test_the_coupling_of_a_model_is_the_one_that_varies():
    rows = flux.rows_of(MixedPhase(mass=np.array([1.0, 2.0]), kappa=np.array([1e-3, 2e-3]), zprime_mass=9.0))
    assert (rows.coupling, rows.shape) == ("kappa", (2,))
    assert rows.key[0] != rows.key[1]
    same = flux.rows_of(MixedPhase(mass=1.0, kappa=np.array([1e-3, 2e-3]), zprime_mass=9.0))
    assert same.key[0] == same.key[1]


@pytest.mark.parametrize(
    ("settings", "parameter"),
    [
        ({"kinetic_mixing": 0.01}, "epsilon"),
        ({"kinetic_mixing": 1e-5}, "mass_mixing"),
        ({"epsilon": 1e-3}, "kinetic_mixing"),
    ],
)
def test_limits_where_mixings_cancel_are_those_of_exact_signals(settings, parameter):
    search = portico.search(NAME)
    model = Stueckelberg(mass=1.0, **settings)
    limit = portico.limit(search, model, parameter=parameter)
    assert limit.numerical_error < 1e-2
    edges = [edge for both in limit.intervals for edge in both if edge is not None and edge > limit.scanned[0]]
    assert edges
    for edge in edges:
        below, at, above = (portico.signal(search, model.with_parameters(**{parameter: edge * f})).expected for f in (0.95, 1.0, 1.05))  # fmt: skip
        assert at == pytest.approx(limit.required_events, rel=5e-3)
        assert (below < at) != (above < at)


def test_a_zprime_as_heavy_as_the_z_is_excluded_from_where_exact_signals_say():
    model = MixedPhase(mass=1.0, zprime_mass=91.1876, inputs="gauge")
    limit = portico.limit(SEARCH, model, parameter="kappa")
    assert portico.signal(SEARCH, model.with_parameters(kappa=limit.upper)).expected == pytest.approx(limit.required_events, rel=5e-3)  # fmt: skip


def test_errors_on_the_grid_that_could_change_what_is_excluded_fail(monkeypatch):
    search = portico.search(NAME, channels="drell_yan")
    signature, own = search.signature, search.signature.channel_yields

    def poor(*arguments, **options):
        """Too few events anywhere, known to a factor."""
        found = own(*arguments, **options)
        few = {name: np.minimum(part.value, 0.5) for name, part in found.items()}
        return {name: part._replace(value=few[name], error=factor * few[name]) for name, part in found.items()}

    monkeypatch.setattr(signature, "channel_yields", poor)
    model, factor = Millicharged(mass=10.0), 0.1
    assert portico.limit(search, model).status == "none"
    factor = 9.0
    with pytest.raises(NumericsError, match="numerical error 9"):
        portico.limit(search, model)
