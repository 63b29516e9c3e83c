import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from portico.detection import dump_veto
from portico.errors import UnknownName

DUMP = dump_veto.Dump(45.0, 50.0, 700.0, 100.0, 50.0, 0.01, 1.0)
FAR = 1e4


def _passes(depth, energy, mediator_energy=80.0, mode="invisible"):
    return bool(
        dump_veto.passes(np.atleast_1d(depth), np.atleast_1d(energy), np.float64(mediator_energy), DUMP, mode=mode)
    )


# --- one decay, by hand --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("depth", "energy", "invisible", "strict"),
    [
        (10.0, 29.9, True, False),  # 20 GeV of the shower and these stay below 50
        (10.0, 30.1, False, False),
        (47.0, 0.009, True, False),  # before the end of the veto, below its threshold
        (47.0, 0.011, False, False),
        (300.0, 0.011, True, False),  # the veto is passed
        (300.0, 0.99, True, False),
        (300.0, 1.01, False, False),
        (701.0, 60.0, True, True),
    ],
)
def test_one_decay_is_judged_by_where_it_is(depth, energy, invisible, strict):
    assert _passes(depth, energy) == invisible
    assert _passes(depth, energy, mode="strict") == strict


def test_energies_add_up_within_a_detector():
    assert _passes([10.0, 20.0], [14.0, 15.0])
    assert not _passes([10.0, 20.0], [16.0, 15.0])
    assert _passes([300.0, 10.0], [0.9, 20.0])
    assert not _passes([300.0, 600.0], [0.6, 0.6])
    assert _passes([np.inf, np.inf], [0.0, 0.0], mode="strict")


def test_a_mode_that_does_not_exist_is_refused():
    with pytest.raises(UnknownName, match="no veto of decays named 'strikt'"):
        _passes(1.0, 1.0, mode="strikt")


# --- laws ----------------------------------------------------------------------------------------------------------

EVENTS = arrays.arrays(float, (4, 3), elements=st.floats(1e-9, 1e3))
_steps = jax.jit(dump_veto.survival_steps, static_argnames="mode")
_all_pass = jax.jit(dump_veto.passes, static_argnames="mode")


@settings(max_examples=50, deadline=None)
@given(
    EVENTS,
    arrays.arrays(float, (4, 3), elements=st.floats(0, 40)),
    arrays.arrays(float, 4, elements=st.floats(51, 100)),
    st.sampled_from(dump_veto.MODES),
)
def test_sum_of_the_drops_is_what_a_direct_look_gives(along, energy, mediator, mode):
    place, drop = (np.asarray(part) for part in _steps(along, energy, mediator, DUMP, mode=mode))
    for epsilon in np.geomspace(3.1e-7, 0.97, 40):
        direct = np.asarray(_all_pass(along / epsilon**2, energy, mediator, DUMP, mode=mode))
        summed = 1 - np.sum(np.where(place < epsilon, drop, 0.0), axis=-1)
        np.testing.assert_array_equal(summed, direct * 1.0)


@settings(max_examples=50, deadline=None)
@given(EVENTS, arrays.arrays(float, (4, 3), elements=st.floats(0.001, 40)), arrays.arrays(float, 4, elements=st.floats(51, 100)))  # fmt: skip
def test_strict_passes_nothing_that_energies_would_stop(depth, energy, mediator):
    strict, loose = (
        np.asarray(_all_pass(depth, energy, mediator, DUMP, mode=mode)) for mode in ("strict", "invisible")
    )
    assert np.all(loose >= strict)


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", dump_veto.MODES)
def test_long_lived_cascades_pass_and_prompt_ones_leave_their_energy(mode):
    along, energy = np.full((1, 2), 1.0), np.full((1, 2), 20.0)
    assert _passes(along[0] * 1e9, energy[0], 90.0, mode)
    assert not _passes(along[0] * 1e-9, energy[0], 80.0, mode)  # 20 + 40 above 50 GeV
    assert _passes(along[0] * 1e-9, energy[0] / 10, 80.0, mode) == (mode == "invisible")


def test_a_veto_without_thickness_is_counted_once():
    thin = DUMP._replace(veto_end=DUMP.calorimeter_end)
    _, drop = dump_veto.survival_steps(np.array([[1.0]]), np.array([[5.0]]), np.array([80.0]), thin, mode="invisible")
    np.testing.assert_array_equal(
        np.asarray(drop), [[1.0, 0.0, -1.0]]
    )  # stopped in the hadron calorimeter, let go before
