"""Published limits carried over: all intervals, the band of the Monte Carlo, wrong input."""

import numpy as np
import pytest

import portico
from portico.errors import InvalidInput, UnknownName
from portico.limits.files import write_survival
from portico.limits.recast import survival_grid

NAME = "babar_mono_photon_2017"
OPTIONS = {"samples": "4s", "hadronic_decays": "off", "precision": "2%"}
COMMON = {"dark_matter_mass_ratio": 0.33, "splitting": 0.4, "alpha_dark": 0.1}
INVISIBLE = 9.70e-4  # of the published curve at 1.25 GeV


def _model(kind="Inelastic", **changes):
    return getattr(portico.models, kind)(**{"mass": 1.25, **COMMON, **changes})


@pytest.mark.parametrize(
    ("model", "mode", "expected"),
    [  # excluded intervals, from a separate Monte Carlo on a grid of 20 couplings per decade: good to 12%
        (_model(), "any", [(5.5e-3, None)]),
        (_model(), "both", [(1.9e-3, None)]),
        (_model("DiracInelastic", mixing_angle=0.1), "any", [(1.04e-3, 5.4e-3), (2.2e-2, None)]),
        (_model("DiracInelastic", mixing_angle=0.1), "both", [(1.1e-3, None)]),
    ],
)
def test_intervals_of_benchmarks(model, mode, expected):
    limit = portico.recast(NAME, model, veto_mode=mode, **OPTIONS)
    assert len(limit.intervals) == len(expected)
    for (low, high), (low_expected, high_expected) in zip(limit.intervals, expected, strict=True):
        assert low == pytest.approx(low_expected, rel=0.12)
        assert (high is None) == (high_expected is None)
        if high is not None:
            assert high == pytest.approx(high_expected, rel=0.12)


def test_edges_solve_the_equation():
    search = portico.search(NAME, **OPTIONS)
    model = _model("DiracInelastic", mixing_angle=0.1)
    survival = search.signature.survival(search, model)
    level = portico.recast(NAME, model, **OPTIONS)
    edges = [edge for pair in level.intervals for edge in pair if edge is not None]
    assert len(edges) == 3
    for edge in edges:
        dark = model.with_parameters(epsilon=edge).branching_ratios()
        fraction = sum(value for name, value in dark.items() if name.startswith("psi"))
        strength = edge**2 * fraction * float(survival.probability(edge).value)
        assert np.sqrt(strength) == pytest.approx(level.required_events, rel=5e-3)  # between 100 nodes


def test_an_invisible_mediator_keeps_the_published_limit():
    dark = portico.models.DarkPhoton(mass=1.25, alpha_dark=0.1, dark_matter_mass_ratio=1 / 3)
    limit = portico.recast(NAME, dark)
    assert limit.intervals[0][0] == pytest.approx(INVISIBLE, rel=3e-3)  # log-log between the points of the table
    assert limit.numerical_error == 0
    assert portico.limit(NAME, dark).intervals == limit.intervals


def test_a_band_encloses_the_interval():
    limit = portico.recast(NAME, _model(), precision="10%", events=20_000)
    fewer, more = limit.spread["minus"][0][0], limit.spread["plus"][0][0]
    assert more < limit.intervals[0][0] < fewer
    # epsilon goes like P^(-1/2)
    assert fewer / more == pytest.approx(1 + limit.numerical_error, rel=0.15 * limit.numerical_error + 0.02)


def test_a_scan_finds_every_interval_and_says_where_it_comes_from():
    reach = portico.recast(NAME, _model(mass=None), scan={"mass": [0.3, 1.25]}, events=40_000, **OPTIONS)
    # 0.3 GeV: [1.4e-3, 2.5e-3] and from 5.6e-3 on, from a separate Monte Carlo
    assert reach["n_intervals"].values.tolist() == [2, 1]
    np.testing.assert_allclose(reach["low"].values[0], [1.4e-3, 5.6e-3], rtol=0.12)
    assert reach["high"].values[0][0] == pytest.approx(2.5e-3, rel=0.12)
    assert reach.attrs["published"] == NAME
    assert reach["low_spread"].dims == ("spread", "mass", "spread_interval")
    assert "1702.03327" in portico.cite(reach)


def test_the_survival_grid_is_that_of_the_search():
    search, model, masses = portico.search(NAME, events=20_000, **OPTIONS), _model(mass=None), [0.3, 1.25]
    grid = survival_grid(search, model, {"mass": masses})
    assert grid["probability"].dims == ("mass", "epsilon")
    epsilon = grid["epsilon"].values
    assert (epsilon[0], epsilon[-1]) == pytest.approx(model.PARAMETERS["epsilon"].limit_range)
    for k, mass in enumerate(masses):
        value, error = search.signature.survival(search, _model(mass=mass)).probability(epsilon)
        np.testing.assert_array_equal(grid["probability"].values[k], value)
        np.testing.assert_array_equal(grid["standard_error"].values[k], error)
    # prompt at 1.25 GeV, from a separate Monte Carlo
    assert float(grid["probability"].sel(mass=1.25).interp(epsilon=1e-2)) == pytest.approx(0.0306, rel=0.15)
    assert "veto_mode=any" in grid.attrs["options"]
    with pytest.raises(InvalidInput, match="no event passes"):
        survival_grid(search, model, {"mass": [0.3, 9.0]})


def test_the_survival_files_hold_the_grid(tmp_path):
    import csv

    import xarray

    search = portico.search(NAME, events=20_000, **OPTIONS)
    grid = survival_grid(search, _model(mass=None), {"mass": [0.3, 1.25]})
    table, netcdf = write_survival(tmp_path, grid)
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["mass_gev", "epsilon", "probability", "standard_error"]
    assert len(rows) == grid["probability"].size
    for name in ("probability", "standard_error"):
        np.testing.assert_allclose([float(row[name]) for row in rows], grid[name].values.ravel(), rtol=1e-9)
    assert float(rows[-1]["mass_gev"]) == 1.25
    with xarray.open_dataset(netcdf) as again:
        np.testing.assert_array_equal(again["probability"], grid["probability"])
        assert again["mass"].attrs["units"] == "GeV"
        assert again.attrs["search"] == NAME


def test_wrong_input_is_told():
    with pytest.raises(UnknownName, match=NAME):
        portico.recast("babar_monophoton", _model())
    with pytest.raises(InvalidInput, match=r"holds from|no event passes"):
        portico.recast(NAME, _model(mass=8.5))
    with pytest.raises(InvalidInput, match="published limit at 90% CL"):
        portico.limit(NAME, _model(), cl=0.95)
    with pytest.raises(InvalidInput, match="no limit can be set on 'alpha_dark' of inelastic"):
        portico.limit(NAME, _model(epsilon=1e-3), parameter="alpha_dark")
    with pytest.raises(InvalidInput, match="published limit on epsilon"):
        portico.limit(NAME, portico.models.DarkPhoton(mass=1.25, epsilon=1e-3), parameter="alpha_dark")
    with pytest.raises(InvalidInput, match="is an array"):
        portico.recast(NAME, _model(mass=np.array([1.0, 2.0])))


def test_a_missed_precision_is_told_with_the_largest_error_at_an_edge():
    limit = portico.recast(NAME, _model("DiracInelastic", mixing_angle=0.1), precision="1%", events=40_000)
    assert limit.numerical_error > 0.02  # of the upper edges; at the lowest one the probability is nearly 1
    assert any("not to the 1% of option precision" in sentence for sentence in limit.notes)
    # a standard error of P moves an upper edge by half of it
    edges = [limit.intervals[1][0], *(limit.spread[name][1][0] for name in ("minus", "plus"))]
    assert (edges[1] - edges[2]) / edges[0] == pytest.approx(limit.numerical_error, rel=0.4)
    assert not any("precision" in sentence for sentence in portico.recast(NAME, _model(), precision="10%").notes)


def test_a_point_that_cannot_be_worked_out_is_told_and_leaves_the_others():
    model = _model("DiracInelastic", mixing_angle=0.1, splitting=None, mass=5.0, dark_matter_mass_ratio=0.1)
    reach = portico.recast(NAME, model, scan={"splitting": [0.5, 2.5, 1.0, 1.2, 1.5]}, events=20_000)
    status = reach["status"].values.tolist()
    assert status[1].startswith("failed: dirac_inelastic: psi_2 is heavy enough")
    assert not any(text.startswith("failed") for k, text in enumerate(status) if k != 1)
    grid = survival_grid(portico.search(NAME, events=20_000), model, {"splitting": [0.5, 2.5]})
    assert np.isnan(grid["probability"].values).all(axis=1).tolist() == [False, True]
