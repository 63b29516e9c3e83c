"""Pictures. ``portico.plot`` is this room."""

from .couplings import couplings
from .exclusion import exclusion, save
from .exclusion_map import exclusion_map
from .lifetimes import lifetimes
from .regions import excluded_intervals, excluded_region
from .survival import survival
from .threshold import threshold

__all__ = [
    "couplings",
    "excluded_intervals",
    "excluded_region",
    "exclusion",
    "exclusion_map",
    "lifetimes",
    "save",
    "survival",
    "threshold",
]
