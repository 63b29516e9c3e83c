"""File formats of events: Parquet, HepMC3 and LHE. ``portico.events.write`` writes them, the command ``portico events`` too."""

from .files import Written, join_parts, write

__all__ = ["Written", "join_parts", "write"]
