"""Geometry, exposure, response and chance background of a scintillator telescope: what does not depend on the model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import units
from ..detection.coincidence import WINDOWS, accidental_rate
from ..detection.photo_electrons import photo_electrons_of_unit_charge
from ..detection.rectangle import side_window, solid_angle
from ..errors import DataError, InvalidInput
from ..experiments.base import Experiment, Field
from ..matter.ionisation import Medium, medium
from .base import Background, Option

_PURE = units.DIMENSIONLESS
PER_FB = "1/fb"
_PER_PB = "1/pb"
_LENGTH = Field(units.LENGTH, low=0.0, high=1e6, low_open=True)
_POSITIVE = Field(_PURE, low=0.0, high=1e12, low_open=True)
_TIME = Field(units.TIME, low=0.0, high=1e10, low_open=True)
_LUMINOSITY = Field(units.LUMINOSITY, low=0.0, high=1e60)
FIELDS: dict[str, Field] = {
    "run.energy": Field(units.ENERGY, low=100.0, high=1e6),
    "run.luminosity": _LUMINOSITY,
    "run.live_time": _TIME,
    "run.high_luminosity": _LUMINOSITY._replace(optional=True),
    "run.high_luminosity_live_time": _TIME._replace(optional=True),
    "detector.layers": Field(_PURE, low=1, high=100, whole=True),
    "detector.bars_per_layer": Field(_PURE, low=1, high=1e9, whole=True),
    "detector.width": _LENGTH,
    "detector.height": _LENGTH,
    "detector.bar_length": _LENGTH,
    "detector.depth": _LENGTH,
    "detector.distance": _LENGTH,
    "detector.pseudorapidity": Field(_PURE, low=-2.0, high=2.0),
    "rock.thickness": Field(units.LENGTH, low=0.0, high=1e7),
    "rock.medium": Field("text"),
    "response.photo_electrons_of_unit_charge": _POSITIVE,
    "response.energy_loss": Field("MeV/cm", low=0.0, high=1e6, low_open=True),
    "response.light_yield": Field("1/MeV", low=0.0, high=1e9, low_open=True),
    "response.efficiency": Field(_PURE, low=0.0, high=1.0, low_open=True),
    "response.medium": Field("text"),
    "noise.rate": Field("1/s", low=0.0, high=1e9),
    "noise.window": Field(units.TIME, low=0.0, high=1.0),
    "background.letter_of_intent": Field(_PURE, optional=True, low=0.0, high=1e9),
    "background.letter_of_intent_high_luminosity": Field(_PURE, optional=True, low=0.0, high=1e9),
    "counts.background": Field(_PURE, optional=True, low=0.0, high=1e9),
    "counts.background_uncertainty": Field(_PURE, optional=True, low=0.0, high=1e9),
    "counts.observed": Field(_PURE, optional=True, low=0.0, high=1e9, whole=True),
}
READINGS = ("detected", "before_efficiency", "computed")
OPTIONS: dict[str, Option] = {
    "hits": Option(("one", "two"), "one", "particles of a pair that the detector sees"),
    "background": Option(("none", "file", "loi", "computed"), "none", "none; that of the file (counts.background); that of the letter of intent (165 in 300/fb, 330 in 3000/fb); or chance coincidences of the noise in the file"),
    "window": Option(WINDOWS, "first_layer", "chance coincidences: the others follow the first layer within the window; all within it; or in strict order"),
    "photo_electrons": Option(READINGS, "detected", "mean number in the file is of detected ones; or still to be multiplied by the efficiency (rejected reading); or computed from light yield and length"),
    "energy_loss": Option(("minimum_ionising", "velocity"), "minimum_ionising", "in the bars: that of fast particles, or by velocity"),
    "rock": Option(("on", "off"), "on", "particles that stop in the rock are not seen"),
    "luminosity": Option((), "file", "integrated luminosity; by default that of the file", field=Field(PER_FB, low=0.0, high=1e9, low_open=True)),
    "live_time": Option((), "file", "time of data taking, for the noise; by default that of the file for the luminosity", field=_TIME),
}  # fmt: skip


class Prepared(NamedTuple):
    """What does not depend on the model.

    ``window`` is d eta d phi of the back face; ``opening`` its angular width and height, for two hits.
    """

    energy: float
    luminosity_pb: float
    pseudorapidity: float
    solid_angle: float
    window: float
    opening: tuple[float, float]
    layers: int
    of_unit_charge: float
    rock_column: float
    rock: Medium
    scintillator: Medium
    background: Background


def prepare(experiment: Experiment, options: dict[str, str]) -> Prepared:
    """Fold geometry, exposure and noise; raises DataError where the file makes no detector, InvalidInput for options that do not fit."""
    number = experiment.number

    def cm(name: str) -> float:
        return number(f"detector.{name}", units.LENGTH)

    layers = int(number("detector.layers", _PURE))
    if layers * cm("bar_length") > cm("depth") * (1 + 1e-9):
        raise DataError(
            f"{experiment.where('detector.depth')} = {experiment.entries['detector.depth'].value} is shorter than {layers} bars of {experiment.entries['detector.bar_length'].value}."
        )
    back = cm("distance") + cm("depth")
    omega = float(solid_angle(cm("width"), cm("height"), back))
    eta = number("detector.pseudorapidity", _PURE)
    rock, thickness = medium(experiment.text("rock.medium")), number("rock.thickness", units.LENGTH)
    return Prepared(
        energy=number("run.energy", units.ENERGY),
        luminosity_pb=_luminosity(experiment, options),
        pseudorapidity=eta,
        solid_angle=omega,
        window=float(side_window(omega, eta)),
        opening=(cm("width") / back, cm("height") / back),
        layers=layers,
        of_unit_charge=_of_unit_charge(experiment, options),
        rock_column=thickness * rock.density if options["rock"] == "on" else 0.0,
        rock=rock,
        scintillator=medium(experiment.text("response.medium")),
        background=_background(experiment, options, layers),
    )


def _luminosity(experiment: Experiment, options: dict[str, str]) -> float:
    """Integrated luminosity, 1/pb."""
    if options["luminosity"] != "file":
        return units.convert(options["luminosity"], _PER_PB)
    return experiment.number("run.luminosity", _PER_PB)


def _of_unit_charge(experiment: Experiment, options: dict[str, str]) -> float:
    """Mean number of detected photo-electrons of unit charge, by the reading that the option chooses."""
    number = experiment.number
    efficiency = number("response.efficiency", _PURE)
    if options["photo_electrons"] == "computed":
        loss, light = number("response.energy_loss", "MeV/cm"), number("response.light_yield", "1/MeV")
        length = number("detector.bar_length", units.LENGTH)
        return float(photo_electrons_of_unit_charge(loss, length, light, efficiency))
    stated = number("response.photo_electrons_of_unit_charge", _PURE)
    return stated if options["photo_electrons"] == "detected" else stated * efficiency


def _between(experiment: Experiment, luminosity_pb: float, low: tuple[str, str], high: tuple[str, str]) -> float:
    """A number that the file states for one luminosity, in proportion; for two of them a power of the luminosity between and above."""
    first, at_first = experiment.number(*low), experiment.number("run.luminosity", _PER_PB)
    if (
        luminosity_pb <= at_first
        or high[0] not in experiment.entries
        or "run.high_luminosity" not in experiment.entries
    ):
        return first * luminosity_pb / at_first if at_first > 0 else 0.0
    last, at_last = experiment.number(*high), experiment.number("run.high_luminosity", _PER_PB)
    if at_last <= at_first or first <= 0 or last <= 0:
        raise DataError(
            f"{experiment.where('run.high_luminosity')} = {experiment.entries['run.high_luminosity'].value} is not above run.luminosity, or {low[0]} is 0; expected both to rise."
        )
    power = np.log(last / first) / np.log(at_last / at_first)
    return float(first * (luminosity_pb / at_first) ** power)


def live_time(experiment: Experiment, options: dict[str, str]) -> float:
    """Return the time in which the noise is counted, s."""
    if options["live_time"] != "file":
        return units.convert(options["live_time"], units.TIME)
    low, high = "run.live_time", "run.high_luminosity_live_time"
    return _between(experiment, _luminosity(experiment, options), (low, units.TIME), (high, units.TIME))


def _background(experiment: Experiment, options: dict[str, str], layers: int) -> Background:
    """Chance coincidences, computed or as stated."""
    choice, number = options["background"], experiment.number
    if choice == "none":
        return Background(0.0, 0.0, {"none": (0.0, 0.0)}, {})
    if choice == "file":
        if "counts.background" not in experiment.entries:
            raise InvalidInput(
                f"search '{experiment.name}' states no counts.background; expected option background=none, loi or computed, not file."
            )
        events, key = number("counts.background", _PURE), "counts.background_uncertainty"
        error = number(key, _PURE) if key in experiment.entries else 0.0
        return Background(events, error, {"stated": (events, error)}, {"background": error})
    if choice == "loi":
        key = "background.letter_of_intent"
        if key not in experiment.entries:
            raise InvalidInput(
                f"search '{experiment.name}' holds no background of the letter of intent; expected option background=none or computed, not loi."
            )
        if options["hits"] == "two":
            raise InvalidInput(
                "option background=loi is that of one hit per layer; expected background=none or computed with hits=two."
            )
        stated = _between(experiment, _luminosity(experiment, options), (key, _PURE), (f"{key}_high_luminosity", _PURE))
        return Background(stated, 0.0, {"dark noise (letter of intent)": (stated, 0.0)}, {})
    bars, hits = number("detector.bars_per_layer", _PURE), 1 if options["hits"] == "one" else 2
    sets = bars if hits == 1 else max(bars * (bars - 1) / 2, 1.0)
    rate = accidental_rate(
        number("noise.rate", "1/s"), number("noise.window", units.TIME), hits * layers, window=options["window"]
    )
    events = float(sets * rate * live_time(experiment, options))
    return Background(events, 0.0, {"dark noise": (events, 0.0)}, {})
