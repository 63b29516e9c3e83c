"""Production of dark-sector particles, one process per file."""

__all__ = ["nuclear_bremsstrahlung", "resonant_annihilation"]
