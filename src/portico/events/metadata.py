"""What a file of events tells of itself, whatever its format: one JSON document."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from .. import __version__
from ..cascades.event_source import EventSource
from ..errors import InvalidInput
from . import codes


def metadata(source: EventSource, about: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return what a file tells of its events; ``about`` and ``more`` add to it, such as the search, the model and the seed.

    Raises InvalidInput where ``about`` is no dictionary of what JSON can hold.
    """
    if about is not None and not isinstance(about, dict):
        raise InvalidInput(f"about = {about!r} is not allowed; expected a dictionary.")
    chain = source.chain
    names = codes.mode_names(chain)
    content = {
        "portico_version": __version__,
        **(about or {}),
        **more,
        "epsilon": source.epsilon,
        "sigma_pb": source.sigma_pb,
        "mediator_mass_gev": chain.mediator_mass,
        "mediator_width_gev": chain.mediator_width,
        "fermion_masses_gev": list(chain.masses),
        "fermion_ctau_cm": [length / source.epsilon**2 for length in chain.ctau_unit_cm],
        "majorana": chain.majorana,
        "modes": {name: mode.ratio for name, mode in zip(names, chain.modes, strict=True)},
        "beams": [beams._asdict() for beams in source.beams],
        "codes": codes.table(chain),
        "status": {"final": codes.FINAL, "decayed": codes.DECAYED, "beam": codes.BEAM},
        "weights": "1 on average: an event stands for sigma_pb times its weight over the number of events",
        "sources": list(source.sources),
    }
    return _finite(content)


def as_text(content: dict[str, Any]) -> str:
    """Return metadata as one line of JSON."""
    return json.dumps(content, ensure_ascii=True, allow_nan=False)


def _finite(content: Any) -> Any:
    """Numbers that JSON does not know become null."""
    if isinstance(content, dict):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float):
        return float(content) if math.isfinite(content) else None
    if content is None or isinstance(content, str | bool | int):
        return content
    try:
        return _finite(np.asarray(content, dtype=float).tolist())
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(
            f"about: {content!r} cannot be written as JSON; expected text, numbers, arrays of numbers, lists and dictionaries."
        ) from None
