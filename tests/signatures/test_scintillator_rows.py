from importlib.resources import files
from typing import NamedTuple

import numpy as np
import pytest

import portico
from portico.models import MixedPhase
from portico.signatures import scintillator_coincidence
from portico.signatures._scintillator_rows import ByMass


class _Stacked(NamedTuple):
    squares: np.ndarray


def _rows(search, count=300, **parameters):
    """Events by row of a scan at one point, with their error."""
    model = MixedPhase(**{name: np.full(count, value) for name, value in parameters.items()})
    found = scintillator_coincidence.channel_yields(search, model, channels=("drell_yan",))["drell_yan"]
    return float(found.value[0]), float(found.error[0])


@pytest.mark.parametrize("ratio", [0.5, 1.9, 1.98, 2.001, 2.0053, 2.05, 2.2, 9.0])
@pytest.mark.parametrize(("mass", "epsilon"), [(4.548, 0.04), (42.0, 0.03)])
def test_rows_are_those_of_single_points_where_the_rock_stops_some(mass, epsilon, ratio):
    search = portico.search("milliqan_demonstrator_2020", channels="drell_yan")
    value, error = _rows(search, mass=mass, zprime_mass_ratio=ratio, epsilon=epsilon)
    single = portico.signal(search, MixedPhase(mass=mass, zprime_mass_ratio=ratio, epsilon=epsilon))
    stated = error + single.numerical_error["drell_yan"]
    assert abs(value - single.expected) <= stated
    assert stated <= scintillator_coincidence.TOLERANCE * 2 * single.expected


def test_a_scan_and_single_limits_agree_next_to_threshold():
    scan = {"zprime_mass": np.linspace(19.5, 21.5, 41)}
    reach = portico.reach("milliqan_2015", MixedPhase(mass=10.0), scan=scan)
    for k in (3, 12, 20, 30):
        single = portico.limit("milliqan_2015", MixedPhase(mass=10.0, zprime_mass=float(scan["zprime_mass"][k])))
        # events go at least as the square of the coupling
        off = abs(float(reach["low"].values[k, 0]) / single.upper - 1)
        assert off <= 0.5 * (float(reach["numerical_error"].values[k]) + single.numerical_error)


def test_rock_that_stops_nearly_all_fails_no_point(tmp_path):
    text = files("portico.experiments").joinpath("milliqan_2015.toml").read_text("utf-8")
    thick = tmp_path / "thick.toml"
    thick.write_text(text.replace('thickness = { value = "17 m"', 'thickness = { value = "5000 m"'), "utf-8")
    found = portico.reach(str(thick), MixedPhase(zprime_mass_ratio=3.0), scan={"mass": np.geomspace(0.3, 99, 12)})
    assert set(found["status"].values.tolist()) <= {"excluded", "open"}


def test_an_interrupt_leaves_what_was_kept():
    stop = [False]

    def join(entries):
        if stop[0]:
            raise KeyboardInterrupt
        return _Stacked(np.array(entries))

    kept = ByMass(lambda masses: [mass**2 for mass in masses], join)
    first, second = np.repeat([1.0, 2.0], 200), np.repeat([3.0, 4.0], 200)
    kept.at(first)
    stop[0] = True
    with pytest.raises(KeyboardInterrupt):
        kept.at(second)
    stop[0] = False
    for mass in (second, first):
        stacked, place = kept.at(mass)
        np.testing.assert_array_equal(stacked.squares[place], mass**2)


def test_few_rows_of_many_masses_are_not_worth_a_table():
    kept = ByMass(lambda masses: list(masses), lambda entries: _Stacked(np.array(entries)))
    assert not kept.worth(np.arange(1.0, 300.0))
    assert not kept.worth(np.ones(33))
    assert kept.worth(np.repeat(np.arange(1.0, 20.0), 33))
    kept.at(np.ones(1))
    assert kept.worth(np.ones(1))
