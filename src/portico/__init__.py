"""portico: from a dark-sector model and an experiment to expected events, limits and reach.

>>> import portico
>>> model = portico.models.DarkPhoton(mass=0.067, epsilon=1e-4, alpha_dark=0.5)
>>> search = portico.search("belle2_disappearing_positron")
>>> signal = portico.signal(search, model)

Names are loaded on first use; importing the package alone loads neither jax nor matplotlib.
"""

from __future__ import annotations

import importlib
from typing import Any

from .errors import DataError, InvalidInput, NumericsError, OutOfValidity, PorticoError, UnknownName

__version__ = "0.1.0"

_LAZY = {
    "cite": ("sources", "cite"),
    "count_limit": ("limits.counts", "count_limit"),
    "limit": ("limits.reach", "limit"),
    "models": ("models", None),
    "plot": ("plotting", None),
    "reach": ("limits.reach", "reach"),
    "recast": ("limits.recast", "recast"),
    "reproduce": ("reproductions.base", "reproduce"),
    "search": ("limits.front", "search"),
    "searches": ("limits.front", "searches"),
    "signal": ("limits.front", "signal"),
}

__all__ = [
    "DataError", "InvalidInput", "NumericsError", "OutOfValidity", "PorticoError", "UnknownName", "__version__",
    "cite", "count_limit", "limit", "models", "plot", "reach", "recast", "reproduce", "search", "searches", "signal",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _LAZY:
        raise AttributeError(f"portico has no '{name}'; it has {', '.join(__all__)}")
    module_name, attribute = _LAZY[name]
    module = importlib.import_module(f".{module_name}", __name__)
    value = module if attribute is None else getattr(module, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
