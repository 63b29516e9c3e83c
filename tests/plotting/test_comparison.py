import numpy as np
import pytest
import xarray as xr

import portico
from portico import units
from portico.limits import curves
from portico.models import DarkPhoton, Inelastic
from portico.plotting import comparison
from portico.precision import magnetic_moment as moment


@pytest.fixture(scope="module")
def heavy():
    """Two intervals at some masses up to 8 GeV, in the form of a reach."""
    reach = portico.reach("belle2_disappearing_positron", DarkPhoton(alpha_dark=0.5), scan={"mass": [0.03, 0.067]})
    mass = np.geomspace(0.1, 8.0, 9)
    low = np.column_stack([np.full(9, 2e-2), np.where(mass > 1, 1e-3, np.nan)])
    high = np.column_stack([np.full(9, np.inf), np.where(mass > 1, 4e-3, np.nan)])
    content = {
        "low": (("mass", "interval"), low),
        "high": (("mass", "interval"), high),
        "n_intervals": ("mass", np.isfinite(low).sum(axis=1)),
        "status": ("mass", np.array(["excluded"] * 9)),
    }
    return xr.Dataset(
        content, coords={"mass": ("mass", mass, {"units": units.ENERGY})}, attrs={**reach.attrs, "scanned_low": 1e-5}
    )


def _labels(ax):
    """Legend texts, in one line each."""
    return [text.get_text().replace("\n", " ") for text in ax.get_legend().get_texts()]


def test_bounds_are_drawn_whatever_else_is_asked_for(heavy):
    titles = {c.title for c in curves.curves() if c.kind == "bound"}
    assert len(titles) == 2
    for compare in (True, [], ["na64e_invisible_2019"], ("electroweak_precision",)):
        assert titles <= set(_labels(portico.plot.exclusion([heavy], compare=compare)))
    assert not titles & set(_labels(portico.plot.exclusion([heavy], compare=False)))


def test_named_curves_replace_the_newest(heavy):
    labels = _labels(portico.plot.exclusion([heavy], compare=["na64e_invisible_2019", "na64e_semi_visible_2021"]))
    assert "NA64e, $2.84\\times10^{11}$ electrons" in labels
    assert "NA64e semi-visible: inside this frame, no curve published" in labels
    assert "NA64e, $9.4\\times10^{11}$ electrons" not in labels
    assert "BaBar mono-photon" not in labels


def test_extent_is_a_closed_frame_and_no_region(heavy):
    ax = portico.plot.exclusion([heavy], compare=["na64e_semi_visible_2021"])
    (line,) = [line for line in ax.get_lines() if str(line.get_label()).startswith("NA64e semi-visible")]
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert (x[0], y[0]) == (x[-1], y[-1])
    assert (x.max(), y.min(), y.max()) == (0.39, 3e-5, 2e-2)


def test_wrong_names_are_refused(heavy):
    with pytest.raises(portico.UnknownName, match=r"no published limit named 'na64e_2019'"):
        portico.plot.exclusion([heavy], compare=["na64e_2019"])
    for compare in ("na64e_invisible_2019", 3, None):
        with pytest.raises(portico.InvalidInput, match="compare: expected True, False or a list of names"):
            portico.plot.exclusion([heavy], compare=compare)
    with pytest.raises(portico.InvalidInput, match="na64e_invisible_2019 is a limit on epsilon, not on alpha_dark"):
        comparison.chosen(["na64e_invisible_2019"], "alpha_dark")
    with pytest.raises(portico.UnknownName, match=r"Did you mean 'bnl_fnal_2021'\?"):
        portico.plot.exclusion([heavy], magnetic_moment="bnl_2021")


def test_level_is_told_where_it_is_another(heavy):
    other = heavy.assign_attrs(cl=0.95)
    labels = _labels(portico.plot.exclusion([other]))
    assert "BaBar mono-photon (90% CL)" in labels
    assert "Electroweak precision, any decay" in labels  # not stated: nothing to tell


def test_method_without_a_symbol_is_named_as_it_is(heavy):
    """Such as that of a published limit carried over."""
    ax = portico.plot.exclusion([heavy.assign_attrs(method="recast")])
    assert any("90% CL (recast)" in text.get_text() for text in ax.texts)


def test_limits_on_invisible_mediators_shade_nothing_where_one_is_carried_over(heavy):
    """They do not hold for a mediator whose decays are seen: a pocket has to stay white."""
    ax = portico.plot.exclusion([heavy.assign_attrs(published="babar_mono_photon_2017")])
    labels = _labels(ax)
    assert "BaBar mono-photon, if invisible" in labels
    assert "BaBar mono-photon" not in labels
    assert "Electroweak precision, any decay" in labels
    plain = portico.plot.exclusion([heavy])
    limits = [c for c in curves.compared() if c.kind == "limit"]
    assert len(plain.collections) - len(ax.collections) == len(limits)


def _filled(ax, label):
    (found,) = [c for c in ax.collections if c.get_label() == label]
    return found.get_paths()[0].vertices


@pytest.mark.parametrize("n_sigma", [1, 2])
def test_bands_lie_where_the_data_set_has_them(heavy, n_sigma):
    ax = portico.plot.exclusion([heavy], magnetic_moment="bnl_fnal_2021")
    points = _filled(ax, rf"$(g-2)_\mu$ 2021, $\pm {n_sigma}\sigma$")
    low, high = moment.band("bnl_fnal_2021", points[:, 0], n_sigma)
    on_edge = np.minimum(np.abs(points[:, 1] / low - 1), np.abs(points[:, 1] / high - 1))
    assert on_edge.max() < 1e-9
    assert points[:, 0].min() == pytest.approx(0.1, rel=1e-9)
    assert points[:, 0].max() == pytest.approx(8.0, rel=1e-9)


def test_band_without_a_lower_edge_is_a_line_and_no_band_is_said(heavy):
    ax = portico.plot.exclusion([heavy], magnetic_moment="fnal_2025_wp2025")
    (line,) = [line for line in ax.get_lines() if line.get_label() == r"$(g-2)_\mu$ 2025, $\pm 2\sigma$: below"]
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    np.testing.assert_allclose(y, moment.band("fnal_2025_wp2025", x, 2).high, rtol=1e-12)
    none = portico.plot.exclusion([heavy], magnetic_moment="cesium_2018")
    assert r"$(g-2)_e$ caesium 2018, $\pm 2\sigma$: none" in _labels(none)


def test_bands_need_epsilon_over_mass():
    reach = portico.reach("belle2_disappearing_positron", DarkPhoton(mass=0.067), scan={"alpha_dark": [0.1, 0.5]})
    with pytest.raises(portico.InvalidInput, match="expected epsilon over mass, given epsilon over alpha_dark"):
        portico.plot.exclusion([reach], magnetic_moment="bnl_fnal_2021")


def test_picture_of_a_millicharged_particle_shows_searches_for_these(heavy, monkeypatch):
    monkeypatch.setattr(DarkPhoton, "LIMITED_PARTICLE", "millicharged")
    ax = portico.plot.exclusion([heavy])
    labels = _labels(ax)
    shown = {"ArgoNeuT", "milliQan demonstrator", "milliQan HL-LHC projection", "milliQan bars, Run 3"}
    assert all(any(text.startswith(name) for text in labels) for name in shown)
    assert not {c.title for c in curves.curves()} & set(labels)
    (bar,) = [line for line in ax.get_lines() if str(line.get_label()).startswith("milliQan bars")]
    assert np.asarray(bar.get_xdata()).tolist() == [0.45, ax.get_xlim()[1]]
    assert ax.get_ylim()[0] < np.asarray(bar.get_ydata())[0] < 2 * ax.get_ylim()[0]
    with pytest.raises(portico.InvalidInput, match="babar_mono_photon_2017 is a limit on a dark photon; this picture is of a millicharged particle"):  # fmt: skip
        portico.plot.exclusion([heavy], compare=["babar_mono_photon_2017"])


def test_reaches_on_a_charge_and_on_a_mixing_are_not_drawn_together(heavy, monkeypatch):
    monkeypatch.setattr(Inelastic, "LIMITED_PARTICLE", "millicharged")
    other = heavy.assign_attrs(model="inelastic")
    with pytest.raises(portico.InvalidInput, match=r"one kind of particle; given dark_photon \(dark photon\), inelastic \(millicharged\)"):  # fmt: skip
        portico.plot.exclusion([heavy, other])


def test_a_limit_on_a_charge_does_not_enter_the_picture_of_a_mixing(heavy):
    with pytest.raises(portico.InvalidInput, match="slac_mq_1998 is a limit on a millicharged particle; this picture is of a dark photon"):  # fmt: skip
        portico.plot.exclusion([heavy], compare=["slac_mq_1998"])
