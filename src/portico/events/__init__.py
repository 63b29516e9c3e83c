"""Event files: Parquet, HepMC3 and LHE."""

__all__: list[str] = []
