"""Production of dark-sector particles, one process per file; tables of the exact emission: table_files, table_maker."""

__all__ = [
    "electron_positron_photon", "exact_bremsstrahlung", "exact_table", "light_mesons", "nuclear_bremsstrahlung", "photon_fusion",
    "quarkonium", "resonant_annihilation", "side_decays", "side_flux", "table_files", "table_maker", "weizsaecker_williams",
]  # fmt: skip
