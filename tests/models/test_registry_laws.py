"""Laws that every model file obeys by existing: what a new model must pass."""

from functools import cache

import jax
import numpy as np
import pytest

from portico import constants, particles, registry
from portico.errors import InvalidInput, PorticoError
from portico.models import base, model_class

NAMES = registry.names("model")
MEDIATORS = [
    name for name in NAMES if issubclass(model_class(name), base.VectorMediator | base.DarkFermionModel)
]  # mass is that of what decays, and epsilon drives its visible widths; other models have laws of their own
POWERS = {"epsilon": 2, "alpha_dark": 1}  # of the coupling in the widths that it drives
COUPLINGS = {"epsilon": 1e-3, "alpha_dark": 0.5}
ROUNDING = 1e-12


def _choices(kind):
    """One dictionary for every choice of the model, the default first."""
    options = [{name: choice} for name, spec in kind.PARAMETERS.items() for choice in spec.choices]
    return options or [{}]


_QUICK = ("dark_photon",)


def _cases(*marks, names=NAMES):
    """Every one of these models with every choice; all choices but the first of one model bear the marks: each compiles for long."""
    return pytest.mark.parametrize(
        ("name", "choice"),
        [
            pytest.param(
                name, choice, id="-".join([name, *choice.values()]), marks=marks if number or name not in _QUICK else ()
            )
            for name in names
            for number, choice in enumerate(_choices(model_class(name)))
        ],
    )


CASES, MEDIATOR_CASES = _cases(), _cases(names=MEDIATORS)
QUICK_CASES = _cases(pytest.mark.slow, names=MEDIATORS)


def _base(name, choice):
    kind = model_class(name)
    return {**kind.EXAMPLE, **choice, **{key: value for key, value in COUPLINGS.items() if key in kind.PARAMETERS}}


def _merged(name, choice, values):
    """The parameters of the base with these values, of which some take the place of others."""
    base = _base(name, choice)
    for both in model_class(name).EITHER:
        base = {key: value for key, value in base.items() if key not in both or not set(both) & set(values)}
    return {**base, **values}


def _make(name, choice, **values):
    return model_class(name)(**_merged(name, choice, values))


def _ends(name):
    """The masses that a model allows between 0.1 MeV and 100 GeV."""
    spec = model_class(name).PARAMETERS["mass"]
    return max(1e-4, spec.low), min(100.0, spec.high)


def _widths(name, choice, mass, **values):
    widths = _make(name, choice, mass=mass, **values).partial_widths()
    return {channel: np.broadcast_to(np.asarray(width), np.shape(mass)) for channel, width in widths.items()}


@cache
def _dark_variants(name):
    """None; each other mass with a value of its own, one at a time; all other numbers with one, at once."""
    variants, together = [{}], {}
    for key, spec in model_class(name).PARAMETERS.items():
        if key in ("mass", *COUPLINGS) or spec.choices:
            continue
        try:
            _make(name, {}, mass=0.3, **{key: 0.05})
        except InvalidInput:
            continue
        if spec.unit == "GeV":
            variants.append({key: 0.05})
        else:
            together[key] = 0.05
    return [*variants, together] if together else variants


@cache
def _thresholds(name, choice_items, variant_items):
    """Masses between which each channel opens, or closes where its formula ends: the closed end first; None where it does neither."""
    choice, variant = dict(choice_items), dict(variant_items)
    low, high = _ends(name)
    start = np.geomspace(low, high, 256)
    found = {}
    for channel, width in _widths(name, choice, start, **variant).items():
        switches = np.flatnonzero((width[1:] > 0) != (width[:-1] > 0))
        if switches.size == 0:
            found[channel] = None
            continue
        assert switches.size == 1, f"{channel} opens and closes"
        ends = start[switches[0] : switches[0] + 2]
        shut, free = ends if width[switches[0]] == 0 else ends[::-1]
        for _ in range(8):
            inner = np.linspace(shut, free, 256)
            last = np.flatnonzero(_widths(name, choice, inner, **variant)[channel] == 0)[-1]
            shut, free = inner[last], inner[min(last + 1, 255)]
        found[channel] = (shut, free)
    return found


def _known_threshold(channel):
    """Sum of the masses of a channel whose name is made of known particles, such as 'e+ e-'."""
    try:
        return sum(particles.mass(name) for name in channel.split())
    except PorticoError:
        return None


@CASES
def test_widths_are_finite_and_not_negative_from_end_to_end(name, choice):
    mass = np.geomspace(*_ends(name), 256)
    for variant in _dark_variants(name):
        for channel, width in _widths(name, choice, mass, **variant).items():
            assert np.all(np.isfinite(width)), channel
            assert np.all(width >= 0), channel


@CASES
def test_ratios_lifetime_and_length_follow_from_the_widths(name, choice):
    mass = np.geomspace(*_ends(name), 256)
    model = _make(name, choice, mass=mass)
    total = sum((np.broadcast_to(w, mass.shape) for w in model.partial_widths().values()), np.zeros(mass.shape))
    np.testing.assert_allclose(model.width(), total, rtol=ROUNDING)
    ratios = np.sum([np.broadcast_to(r, mass.shape) for r in model.branching_ratios().values()], axis=0)
    np.testing.assert_allclose(ratios, np.where(total > 0, 1.0, 0.0), rtol=ROUNDING)
    live = total > 0
    np.testing.assert_allclose(np.asarray(model.lifetime_s())[live] * total[live], constants.HBAR_GEV_S, rtol=ROUNDING)
    np.testing.assert_allclose(np.asarray(model.ctau_cm()) , np.asarray(model.lifetime_s()) * constants.SPEED_OF_LIGHT_CM_S, rtol=ROUNDING)  # fmt: skip
    assert np.all(np.isinf(np.asarray(model.lifetime_s())[~live]))


@MEDIATOR_CASES
def test_each_coupling_drives_its_own_widths_with_its_power(name, choice):
    mass = np.geomspace(*_ends(name), 256)
    kind = model_class(name)
    reference = _widths(name, choice, mass)
    for coupling in COUPLINGS.keys() & kind.PARAMETERS.keys():
        without = _widths(name, choice, mass, **{coupling: 0.0})
        twice = _widths(name, choice, mass, **{coupling: 2 * COUPLINGS[coupling]})
        driven = [channel for channel in reference if not np.any(without[channel])]
        assert any(np.any(reference[channel]) for channel in driven), coupling
        for channel, width in reference.items():
            factor = 2 ** POWERS[coupling] if channel in driven else 1
            np.testing.assert_allclose(twice[channel], factor * width, rtol=ROUNDING, err_msg=f"{channel}, {coupling}")


@MEDIATOR_CASES
def test_a_channel_is_exactly_0_on_one_side_of_its_threshold(name, choice):
    for variant in _dark_variants(name):
        for channel, place in _thresholds(name, tuple(choice.items()), tuple(variant.items())).items():
            low, high = _ends(name)
            known = _known_threshold(channel)
            known = known if known and low < known < high else None
            assert place is not None or known is None, channel
            if place is None:
                continue
            shut, free = place
            assert abs(free - shut) < 1e-12 * free
            if known is not None:
                assert shut < free
                assert free == pytest.approx(known, rel=1e-9), channel  # beta^2 underflows to 0 within 1e-16 of it
            steps, side = np.geomspace(1e-9, 1e-2, 128), np.sign(free - shut)
            mass = np.clip(np.concatenate([shut * (1 - side * steps), free * (1 + side * steps)]), low, high)
            width = _widths(name, choice, mass, **variant)[channel]
            assert not np.any(width[:128]), channel
            assert np.all(width[128:] > 0), channel


@QUICK_CASES
def test_gradients_are_finite_at_and_around_thresholds(name, choice):
    """With respect to every continuous parameter at once, where the width is continued from both sides."""
    low, high = _ends(name)
    for variant in _dark_variants(name):
        places = [p for p in _thresholds(name, tuple(choice.items()), tuple(variant.items())).values() if p is not None]
        near = [
            edge * (1 + step)
            for edges in places
            for edge in edges
            for step in (-1e-3, -1e-9, 0, 1e-15, 1e-12, 1e-9, 1e-3)
        ]
        mass = np.clip(np.concatenate([np.geomspace(low, high, 192), near]), low, high)
        mass = np.pad(mass, (0, 320 - mass.size), mode="edge")
        continuous = {k: v for k, v in _merged(name, choice, variant).items() if k not in choice}

        def width(mass, others):
            return _make(name, choice, mass=mass, **others).width()

        value, slopes = jax.jit(jax.vmap(jax.value_and_grad(width, argnums=(0, 1)), in_axes=(0, None)))(
            mass, continuous
        )
        assert np.all(np.isfinite(value))
        for key, slope in {"mass": slopes[0], **slopes[1]}.items():
            bad = ~np.isfinite(np.asarray(slope))
            assert not np.any(bad), f"d width / d {key} at mass {mass[bad][:5]}"


@CASES
def test_arrays_equal_loops_of_scalars(name, choice):
    low, high = _ends(name)
    mass = np.geomspace(low, high, 5)
    together = _make(name, choice, mass=mass[:, None], **{"epsilon": np.array([1e-4, 1e-2])})
    ratios = together.branching_ratios()
    for i, m in enumerate(mass):
        for j, epsilon in enumerate((1e-4, 1e-2)):
            alone = _make(name, choice, mass=m, epsilon=epsilon)
            assert together.ctau_cm()[i, j] == pytest.approx(alone.ctau_cm(), rel=ROUNDING)
            for channel, ratio in alone.branching_ratios().items():
                assert ratios[channel][i, j] == pytest.approx(ratio, rel=ROUNDING, abs=1e-300)
