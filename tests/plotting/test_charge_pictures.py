"""Pictures of charge over mass: legends that fit, bounds of each reach, words, maps."""

import numpy as np
import pytest
import xarray as xr

import portico
from portico import units
from portico.limits import kappa_bounds
from portico.limits.curves import curve
from portico.plotting import labels, legend
from portico.plotting.style import COLOURS

_PARAMETERS = "alpha=0.0078\nzprime_mass_ratio={}\ntheta_w_dark=0.5016\ndark_charge={}\ncontent=doublet\npartner_mass=0\nfermions=dirac\ninputs=physical"
_ATTRIBUTES = {
    "label": "milliQan HL-LHC", "title": "", "search": "milliqan_hl_lhc", "model": "mixed_phase", "parameter": "epsilon", "cl": 0.9,
    "method": "cls", "kind": "expected", "scanned_low": 1e-6, "published": "", "notes": "", "changed_options": "",
    "options": "hits=one\nbackground=none\nluminosity=file",
}  # fmt: skip
_UNITS = {"mass": units.ENERGY, "zprime_mass_ratio": "1", "zprime_mass": units.ENERGY, "theta_w_dark": "rad"}


def _dataset(axes, low, **attributes):
    names = tuple(axes)
    content = {
        "low": ((*names, "interval"), low[..., None]),
        "high": ((*names, "interval"), np.where(np.isnan(low), np.nan, np.inf)[..., None]),
        "n_intervals": (names, np.isfinite(low).astype(int)),
        "status": (names, np.where(np.isnan(low), "none", "open").astype("<U30")),
    }
    coordinates = {name: (name, values, {"units": _UNITS[name]}) for name, values in axes.items()}
    return xr.Dataset(content, coords=coordinates, attrs={**_ATTRIBUTES, **attributes})


def _reach(ratio=3, charge=1.0, **attributes):
    mass = np.geomspace(0.5, 60.0, 9)
    stated = f"e' = {charge:g} e, BR(Z' -> chi chi) = 0.208."
    given = {"model_parameters": _PARAMETERS.format(ratio, charge), "notes": stated, **attributes}
    return _dataset({"mass": mass}, 2e-3 * mass**0.3, **given)


def _grid(low, **attributes):
    axes = {"mass": np.geomspace(1.0, 64.0, 4), "zprime_mass_ratio": np.geomspace(2.5, 25.0, 3)}
    fixed = "\n".join(
        line for line in _PARAMETERS.format(3, 1).split("\n") if not line.startswith(("zprime_mass_ratio", "mass"))
    )
    return _dataset(axes, np.broadcast_to(low, (4, 3)).astype(float), model_parameters=fixed, **attributes)


def _texts(ax):
    return [text.get_text().replace("\n", " ") for text in ax.get_legend().get_texts()]


@pytest.fixture(scope="module")
def three():
    return [_reach(), _reach(9), _reach(3, 5.63)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_legend_lies_within_the_picture(three, count):
    ax = portico.plot.exclusion(three[:count])
    figure = ax.figure
    figure.draw_without_rendering()
    page, box = figure.bbox, ax.get_legend().get_window_extent()
    assert box.x0 >= ax.get_window_extent().x1
    assert page.x0 <= box.x0 < box.x1 <= page.x1
    assert page.y0 <= box.y0 < box.y1 <= page.y1
    assert legend.everything(figure) is None


def test_what_reaches_out_of_the_page_is_saved_too(tmp_path, three):
    from matplotlib.figure import Figure
    from matplotlib.image import imread

    ax = Figure(figsize=(3, 2), dpi=100).add_subplot()
    ax.plot([0, 1], [0, 1], label="a line with a long text beside the frame")
    ax.legend(bbox_to_anchor=(1.0, 1.0), loc="upper left")
    portico.plot.save(ax, str(tmp_path / "x.png"))
    pixels = imread(tmp_path / "x.png")
    assert pixels.shape[1] > 3 * 200 * 1.3  # 200 dots per inch
    assert np.all(pixels[:, -2:, :3] == 1)  # a white edge: nothing is cut


@pytest.mark.parametrize(
    "text", [r"a, $m_{Z'}/m_\chi$ = 3, $e'$ = 5.63 e, BR($Z'\to\chi\chi$) = 1, content: singlet", "short", "word " * 40]
)
def test_wrapped_texts_keep_their_words_and_formulas(text):
    found = labels.wrapped(text.strip(), 20)
    assert found.replace("\n", " ") == text.strip()
    assert all(row.count("$") % 2 == 0 for row in found.split("\n"))


def test_bounds_of_one_reach_have_its_colour(three):
    ax = portico.plot.exclusion(three[:2])
    assert not any("reach 1" in text for text in _texts(ax))
    for number, dataset in enumerate(three[:2]):
        own = {each.name: each for each in kappa_bounds.bounds_of(dataset)}
        value = own["electroweak_fit"].value
        (line,) = [each for each in ax.get_lines() if np.array_equal(each.get_ydata(), value)]
        assert line.get_color() == COLOURS[number]
    assert sum("Electroweak fit" in text for text in _texts(ax)) == 1


def test_bounds_that_all_reaches_share_are_drawn_once():
    ax = portico.plot.exclusion([_reach(), _reach(cl=0.95)])
    value = next(each.value for each in kappa_bounds.bounds_of(_reach()) if each.name == "electroweak_fit")
    assert sum(np.array_equal(each.get_ydata(), value) for each in ax.get_lines()) == 1
    assert not any("colour of the reach" in text for text in _texts(ax))


def test_many_reaches_are_lines_and_no_fills(three):
    filled = [
        sum(bool(np.any(c.get_facecolor()[:, 3:] > 0)) for c in portico.plot.exclusion(three[:n], compare=False).collections if c.get_facecolor().size)
        for n in (1, 2, 3)
    ]  # fmt: skip
    assert filled == [1, 2, 0]


def test_published_limits_can_be_told_apart():
    ax = portico.plot.exclusion([_reach(model="millicharged", model_parameters="alpha=0.0078\nkind=hypercharge")])
    titles = [
        curve(name).title
        for name in ("argoneut_millicharged_2019", "colliders_millicharged_2000", "milliqan_demonstrator_2020")
    ]
    looks = [
        (line.get_color(), line.get_marker())
        for title in titles
        for line in ax.get_lines()
        if str(line.get_label()).startswith(title)
    ]
    assert len(looks) == 3
    assert len({colour for colour, _ in looks}) == len({marker for _, marker in looks}) == 3
    words = " ".join(_texts(ax))
    assert "masses only" not in words
    assert "best limits from 0.45 GeV on, no curve published" in words


def test_annotation_stands_on_white_above_lines_of_others():
    ax = portico.plot.exclusion([_reach()])
    note = ax.texts[-1]
    assert note.get_bbox_patch().get_facecolor()[:3] == (1, 1, 1)
    others = [line.get_zorder() for line in ax.get_lines() if "milliQan HL-LHC projection" in str(line.get_label())]
    assert others
    assert max(others) < note.get_zorder()
    ax.figure.draw_without_rendering()
    (bar,) = [line for line in ax.get_lines() if "milliQan bars" in str(line.get_label())]
    height = ax.transData.transform((1.0, float(np.asarray(bar.get_ydata())[0])))[1]
    assert note.get_window_extent().y0 > height + 2


def test_channels_are_named_in_words_and_only_where_they_are_drawn():
    reach = _reach()
    alone = np.full((3, 9), np.nan)
    alone[0], alone[1, 2:4], alone[2, 0] = 1e-2, 2e-2, 2e-2  # the last a single point, without a line
    channels = ["drell_yan", "quarkonium", "light_mesons"]
    reach = reach.assign_coords(channel=channels).assign(channel_low=(("channel", "mass"), alone))
    texts = [text for text in _texts(portico.plot.exclusion([reach])) if text.endswith("alone")]
    assert texts == ["Drell-Yan alone", "quarkonia alone"]


def test_a_point_without_neighbours_is_seen():
    reach = _reach()
    reach["status"][[3, 5]] = "failed: why"
    ax = portico.plot.exclusion([reach], compare=False)
    (points,) = [line for line in ax.get_lines() if line.get_marker() == "o"]
    np.testing.assert_array_equal(points.get_xdata(), reach["mass"].values[[4]])


@pytest.mark.parametrize(
    ("options", "changed", "words"),
    [
        ("background=none\nluminosity=file", "", "no background"),
        ("background=loi\nluminosity=3000.0/fb", "background=loi\nluminosity=3000.0/fb", "background of the letter of intent, luminosity: 3000/fb"),
    ],
)  # fmt: skip
def test_background_and_numbers_of_options_in_words(options, changed, words):
    ax = portico.plot.exclusion([_reach(options=options, changed_options=changed)])
    assert words in ax.texts[-1].get_text().replace("\n", " ")


@pytest.mark.parametrize(
    ("values", "scale"), [(np.linspace(0.02, 1.55, 8), "linear"), (np.geomspace(0.02, 1.55, 8), "log")]
)
def test_axis_follows_the_scan(values, scale):
    fixed = _PARAMETERS.format(3, 1).replace("theta_w_dark=0.5016\n", "mass=5\n")
    ax = portico.plot.exclusion([_dataset({"theta_w_dark": values}, np.full(8, 1e-3), model_parameters=fixed)])
    assert ax.get_xscale() == scale


def test_legend_stands_beside_hatched_bounds():
    ratio = np.geomspace(2.2, 30, 8)
    fixed = _PARAMETERS.format(3, 1).replace("zprime_mass_ratio=3\n", "mass=5\n")
    ax = portico.plot.exclusion([_dataset({"zprime_mass_ratio": ratio}, np.full(8, 3e-3), model_parameters=fixed)])
    assert any("Electroweak fit" in text for text in _texts(ax))
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1


def test_discovery_is_not_called_exclusion():
    question = {"method": "discovery", "cl": 0.9973}
    ax = portico.plot.exclusion([_reach(**question)])
    assert _texts(ax)[0].startswith("milliQan HL-LHC, discovery")
    picture = portico.plot.exclusion_map(_grid(np.geomspace(1e-3, 1e-1, 4)[:, None], **question))
    words = [each.get_ylabel() for each in picture.figure.axes]
    assert any("smallest discovered" in text for text in words)
    assert not any("excluded" in text for text in words)


def test_map_tells_failed_and_empty_cells_apart():
    low = np.tile(np.geomspace(1e-5, 2e-5, 4)[:, None], (1, 3))
    low[1, 1] = np.nan
    dataset = _grid(low)
    dataset["status"][2, 2] = "failed: why"
    ax = portico.plot.exclusion_map(dataset)
    assert _texts(ax) == ["no result: the computation failed", "nothing is excluded in the range"]
    mesh = next(each for each in ax.collections if type(each).__name__ == "QuadMesh")
    shown = np.ma.getmaskarray(mesh.get_array()).reshape(3, 4)
    assert np.argwhere(shown).tolist() == [[1, 1], [2, 2]]
    assert ax.figure.axes[0].get_legend() is not None


def test_map_hatches_what_lies_beyond_a_bound():
    allowed = kappa_bounds.allowed_over(_grid(1e-3))
    smallest = np.min(list(allowed.values()), axis=0)
    one_by_one = kappa_bounds.largest_in(portico.models.MixedPhase(mass=4.0, zprime_mass_ratio=25.0, alpha=0.0078, theta_w_dark=0.5016), "electroweak_fit", "epsilon")  # fmt: skip
    title = kappa_bounds.bound("electroweak_fit").title
    assert allowed[title][1, 2] == pytest.approx(float(one_by_one), rel=1e-9)
    assert np.all(np.isfinite(smallest[:, 0]))
    low = 0.9 * np.minimum(smallest, 1e-1)
    ax = portico.plot.exclusion_map(_grid(low))
    assert ax.get_legend() is None
    low[1, 2] *= 1.3
    ax = portico.plot.exclusion_map(_grid(low))
    (text,) = _texts(ax)
    assert text.startswith("all of it beyond a bound: ")
    (hatched,) = [each for each in ax.collections if each.get_hatch()]
    (path,) = hatched.get_paths()
    assert path.contains_point((4.0, 25.0))
    assert not path.contains_point((4.0, 7.9))


def test_title_leaves_out_what_a_scanned_parameter_replaces():
    axes = {"mass": np.array([4.0, 5.0, 6.0]), "zprime_mass": np.geomspace(20, 60, 4)}
    low = np.broadcast_to(np.geomspace(2e-3, 3e-3, 4), (3, 4)).copy()
    dataset = _dataset(axes, low, model_parameters=_PARAMETERS.format(3, 1))
    ax = portico.plot.exclusion_map(dataset)
    assert r"$m_{Z'}/m_\chi$" not in ax.get_title()


def test_labels_of_contours_are_within_the_frame_and_differ():
    ax = portico.plot.exclusion_map(_grid(np.geomspace(2.2e-3, 5.9e-3, 4)[:, None]))
    ax.figure.draw_without_rendering()
    frame = ax.get_window_extent()
    seen = [text for text in ax.texts if text.get_visible()]
    for text in seen:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0 <= box.x1 <= frame.x1
        assert frame.y0 <= box.y0 <= box.y1 <= frame.y1
    assert {text.get_text() for text in ax.texts} == {"3e-3", "5e-3"}
