import numpy as np
import pytest

import portico
from portico.limits import curves
from portico.models import DarkPhoton

NAME = "belle2_disappearing_positron"


@pytest.fixture(scope="module")
def reach():
    return portico.reach(NAME, DarkPhoton(alpha_dark=0.5), scan={"mass": np.geomspace(1e-3, 1.0, 12)})


@pytest.fixture(scope="module")
def grid():
    scan = {"mass": np.array([0.03, 0.067, 0.1]), "alpha_dark": np.array([0.1, 0.5])}
    return portico.reach(NAME, DarkPhoton(), scan=scan)


def _labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def _line(ax, label):
    (line,) = [line for line in ax.get_lines() if line.get_label() == label]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_exclusion_draws_the_edge_of_the_reach(reach):
    ax = portico.plot.exclusion([reach])
    label = next(text for text in _labels(ax) if text.startswith("Belle II disappearing"))
    assert "expected" in label
    x, y = _line(ax, label)
    np.testing.assert_array_equal(x, reach["mass"])
    np.testing.assert_array_equal(y, reach["low"][:, 0])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert "GeV" in ax.get_xlabel()
    assert "epsilon" in ax.get_ylabel()
    assert any("90% CL" in text.get_text() and "0.5" in text.get_text() for text in ax.texts)


def test_exclusion_draws_each_channel_alone(reach):
    ax = portico.plot.exclusion([reach])
    for k, channel in enumerate(("annihilation", "bremsstrahlung")):
        np.testing.assert_array_equal(_line(ax, f"{channel} alone")[1], reach["channel_low"][k])


def test_exclusion_compares_with_the_published_limits(reach):
    ax = portico.plot.exclusion([reach])
    shown = [curve for curve in curves.compared("epsilon") if curve.kind != "bound"]
    for curve in shown:
        np.testing.assert_array_equal(_line(ax, curve.title)[1], curve.value)
    bare = portico.plot.exclusion([reach], compare=False)
    assert not {curve.title for curve in curves.curves("epsilon")} & set(_labels(bare))


def test_picture_below_1_gev_has_as_many_lines_as_before(reach):
    """Bounds for any decay start at 1 GeV: they do not crowd it."""
    assert {c.title for c in curves.curves("epsilon")} & set(_labels(portico.plot.exclusion([reach]))) == {
        "BaBar mono-photon",
        "Belle II mono-photon, projection",
        "NA64e, $9.4\\times10^{11}$ electrons",
    }


def test_exclusion_draws_into_given_axes_and_whatever_the_order(reach):
    from matplotlib.figure import Figure

    mixed = reach.isel(mass=np.array([3, 1, 2, 0, *range(11, 3, -1)]))
    ax = Figure().add_subplot()
    assert portico.plot.exclusion([mixed], ax) is ax
    label = next(text for text in _labels(ax) if text.startswith("Belle II disappearing"))
    x, y = _line(ax, label)
    np.testing.assert_array_equal(x, reach["mass"])
    np.testing.assert_array_equal(y, reach["low"][:, 0])


def test_two_reaches_in_one_picture(reach):
    other = portico.reach(NAME, DarkPhoton(alpha_dark=0.1), scan={"mass": np.geomspace(1e-3, 1.0, 12)}, method="sqrt_b")
    ax = portico.plot.exclusion([reach, other], compare=False)
    assert len([text for text in _labels(ax) if text.startswith("Belle II")]) == 2
    assert not any("alone" in text for text in _labels(ax))


def test_reach_with_closed_intervals_and_empty_points_is_drawn():
    closed = portico.reach(
        NAME, DarkPhoton(epsilon=5.25e-5), scan={"mass": [0.03, 0.067, 0.07]}, parameter="alpha_dark"
    )
    ax = portico.plot.exclusion([closed])
    assert "alpha" in ax.get_ylabel()
    edges = [np.asarray(line.get_ydata()) for line in ax.get_lines()]
    assert any(np.array_equal(y[1:], closed["high"].values[1:, 0]) for y in edges)


def test_reach_that_excludes_nothing_is_drawn(reach):
    nothing = reach.copy(deep=True)
    nothing["low"][:], nothing["high"][:], nothing["n_intervals"][:] = np.nan, np.nan, 0
    nothing["channel_low"][:] = np.nan
    ax = portico.plot.exclusion([nothing])
    assert np.all(np.isfinite([*ax.get_xlim(), *ax.get_ylim()]))


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_saved_pictures_are_the_same_bytes(tmp_path, reach, ending):
    paths = [tmp_path / f"{k}.{ending}" for k in (1, 2)]
    for path in paths:
        portico.plot.save(portico.plot.exclusion([reach]), str(path))
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert first.startswith({"png": b"\x89PNG", "pdf": b"%PDF"}[ending])
    assert len(first) > 5000


def test_map_shows_the_smallest_mixing_by_colour(tmp_path, grid):
    ax = portico.plot.exclusion_map(grid)
    (mesh,) = ax.collections
    np.testing.assert_array_equal(np.asarray(mesh.get_array()).reshape(2, 3), grid["low"].values[..., 0].T)
    assert "GeV" in ax.get_xlabel()
    portico.plot.save(ax, str(tmp_path / "map.png"))
    assert (tmp_path / "map.png").stat().st_size > 5000


def test_wrong_dimensions_are_refused(reach, grid):
    with pytest.raises(portico.InvalidInput, match=r"plot: expected datasets from portico\.reach"):
        portico.plot.exclusion([])
    for thing in (None, 3, "reach.nc", [None]):
        with pytest.raises(portico.InvalidInput, match=r"plot: expected datasets from portico\.reach"):
            portico.plot.exclusion(thing)
        with pytest.raises(portico.InvalidInput, match=r"plot: expected a dataset from portico\.reach over two"):
            portico.plot.exclusion_map(thing)
    with pytest.raises(portico.InvalidInput, match=r"plot: expected a reach over one parameter, given 2"):
        portico.plot.exclusion([grid])
    with pytest.raises(
        portico.InvalidInput, match=r"plot: expected reaches of the same parameter over the same other one"
    ):
        portico.plot.exclusion([reach, grid])
    with pytest.raises(
        portico.InvalidInput, match=r"plot: expected a reach over two parameters, given 1; use exclusion for one"
    ):
        portico.plot.exclusion_map(reach)


@pytest.mark.slow  # compiles for long
def test_models_may_differ_and_a_long_legend_stands_beside():
    models = {
        "inelastic": portico.models.Inelastic(alpha_dark=0.1, splitting=0.4),
        "dirac inelastic": portico.models.DiracInelastic(alpha_dark=0.1, splitting=0.4, mixing_angle=0.1),
    }
    scan = {"mass": [0.5, 1.0, 2.0]}
    reaches = [portico.recast("babar_mono_photon_2017", model, scan=scan, events=20_000) for model in models.values()]
    ax = portico.plot.exclusion(reaches, magnetic_moment="bnl_fnal_2021")
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[0] == "BaBar mono-photon, recast, inelastic"
    assert texts[1] == r"BaBar mono-photon, recast, dirac inelastic, $\theta$ = 0.1"
    assert any("if invisible" in text for text in texts)
    note = ax.texts[-1].get_text()
    assert "veto mode: any, volume: full" in note
    assert "cos" not in note  # a default
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1
    assert portico.cite(reaches).count("Lees") >= 1
