"""Pictures. ``portico.plot`` is this room."""

from .exclusion import exclusion, save
from .exclusion_map import exclusion_map

__all__ = ["exclusion", "exclusion_map", "save"]
