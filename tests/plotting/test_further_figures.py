import numpy as np
import pytest

import portico
from portico.precision import magnetic_moment as moment

MASS = np.geomspace(0.1, 4.0, 12)
ENERGY = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3])
ANY = np.array([2.4e-2, 1.07e-2, 5.4e-3, 3.8e-3, 2.9e-3, 2.1e-3])


def _labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def _line(ax, label):
    (line,) = [line for line in ax.get_lines() if line.get_label() == label]
    return np.asarray(line.get_ydata())


def test_lifetimes_are_drawn_and_what_is_stable_is_not():
    second = np.where(MASS > 1, 3.0, np.inf)
    ax = portico.plot.lifetimes(
        MASS, {"one": 9.88 * 1.25 / MASS, "two": second}, marks_cm={"chamber": 80.9}, title="some"
    )
    assert _labels(ax) == ["one", "two"]
    np.testing.assert_array_equal(_line(ax, "one"), 9.88 * 1.25 / MASS)
    np.testing.assert_array_equal(np.isnan(_line(ax, "two")), MASS <= 1)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert "chamber" in [text.get_text() for text in ax.texts]
    assert ax.get_ylim()[0] < 3.0 < 123 < ax.get_ylim()[1]


def test_survival_is_on_a_logarithmic_scale_with_zero_apart(tmp_path):
    epsilon = np.geomspace(1e-4, 1e-1, 9)
    share = np.clip(np.exp(-(epsilon[None, :] / 1e-3) * MASS[:, None]), 0, 1)
    share[0, -1], share[1, -1] = 0.0, np.nan
    ax = portico.plot.survival(MASS, epsilon, share, title="a model, any")
    mesh = ax.collections[0]
    shown = np.ma.masked_invalid(mesh.get_array()).reshape(9, 12)
    np.testing.assert_allclose(shown.T[2:], share[2:], rtol=1e-12)
    assert np.ma.getmaskarray(shown)[-1, 1]
    assert 0 < shown[-1, 0] < mesh.norm.vmin == 1e-4
    assert mesh.norm.vmax == 1
    assert ax.get_title() == "a model, any"
    assert len(ax.collections) == 2  # and the lines of decades
    portico.plot.save(ax, str(tmp_path / "map.png"))
    assert (tmp_path / "map.png").stat().st_size > 5000


def test_threshold_scan_with_horizontal_bands():
    ax = portico.plot.threshold(
        ENERGY, {"any": ANY, "both": ANY / 4}, mass=1.25, magnetic_moment="bnl_fnal_2021", invisible=9.7e-4
    )
    np.testing.assert_array_equal(_line(ax, "any"), ANY)
    assert ax.get_xlim() == (20, 300)
    assert _labels(ax)[:3] == ["any", "both", "no veto"]
    assert "1.25$ GeV" in ax.get_legend().get_title().get_text()
    spans = {patch.get_label(): (patch.get_y(), patch.get_y() + patch.get_height()) for patch in ax.patches}
    for n_sigma in (1, 2):
        found = spans[rf"$(g-2)_\mu$ 2021, $\pm {n_sigma}\sigma$"]
        assert found == pytest.approx([float(edge) for edge in moment.band("bnl_fnal_2021", 1.25, n_sigma)], rel=1e-9)


def test_threshold_scan_without_a_lower_edge_or_any_band():
    ax = portico.plot.threshold(ENERGY, {"any": ANY}, mass=1.25, magnetic_moment="fnal_2025_wp2025")
    height = _line(ax, r"$(g-2)_\mu$ 2025, $\pm 2\sigma$: below")[0]
    assert height == pytest.approx(float(moment.band("fnal_2025_wp2025", 1.25, 2).high), rel=1e-12)
    none = portico.plot.threshold(ENERGY, {"any": ANY}, mass=1.25, magnetic_moment="cesium_2018")
    assert r"$(g-2)_e$ caesium 2018, $\pm 1\sigma$: none" in _labels(none)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda p: p.lifetimes(MASS, {}), "expected a mapping from text to lengths"),
        (lambda p: p.lifetimes(MASS, {"a": [1.0]}), "decay_lengths_cm of a: 1 lengths for 12 masses"),
        (lambda p: p.lifetimes(MASS, {"a": np.full(12, np.nan)}), "no length is a number above 0"),
        (lambda p: p.lifetimes(MASS, {"a": "x"}), "decay_lengths_cm of a: expected a list of numbers"),
        (lambda p: p.survival(MASS, [0.1, 0.2], np.ones((12, 3))), r"shape \(12, 3\); expected \(12, 2\)"),
        (lambda p: p.survival(MASS, [0.1, 0.2], np.full((12, 2), 1.1)), "expected numbers from 0 to 1"),
        (lambda p: p.survival(MASS, [0.1, 0.2], np.ones((12, 2)), smallest=0), "smallest = 0 is not allowed"),
        (lambda p: p.threshold(ENERGY, {"any": ANY[1:]}), "limits of any: 5 mixings for 6 energies"),
        (lambda p: p.threshold(ENERGY, []), "limits: expected a mapping"),
        (lambda p: p.threshold(ENERGY, {"any": ANY}, magnetic_moment="fnal_2023"), "'fnal_2023' needs the mass"),
        (lambda p: p.threshold(ENERGY, {"any": ANY}, mass=1.0, magnetic_moment="fnal_2022"), "Did you mean 'fnal_2023'"),
        (lambda p: p.threshold(ENERGY[::-1], {"any": ANY}), "energy: expected at least two numbers above 0"),
    ],
)  # fmt: skip
def test_wrong_arrays_are_refused(draw, message):
    with pytest.raises(portico.InvalidInput, match=message):
        draw(portico.plot)


@pytest.mark.parametrize("ax", [3, "axes", [None], object()])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("couplings", (portico.models.MixedPhase(mass=1.0, zprime_mass=3.0, kappa=1e-3),)),
        ("exclusion", ([],)),
        ("exclusion_map", (None,)),
        ("excluded_intervals", (MASS, MASS[:, None], MASS[:, None])),
        ("lifetimes", (MASS, {"one": MASS})),
        ("survival", (MASS, MASS, np.ones((12, 12)))),
        ("threshold", (ENERGY, {"any": ANY})),
        ("save", ()),
    ],
)
def test_what_is_no_axes_is_refused(name, arguments, ax):
    with pytest.raises(
        portico.InvalidInput, match=r"plot: ax: expected axes of matplotlib, .* given (int|str|list|object)"
    ):
        getattr(portico.plot, name)(*arguments, ax)


def test_nothing_cannot_be_saved():
    with pytest.raises(portico.InvalidInput, match="expected the axes of a picture"):
        portico.plot.save(None, "a.png")
