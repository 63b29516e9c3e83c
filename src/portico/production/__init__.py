"""Production of dark-sector particles, one process per file; tables of the exact emission: table_files, table_maker; of luminosities: parton_tables."""

__all__ = [
    "central_kernels", "drell_yan", "electron_positron_photon", "exact_bremsstrahlung", "exact_table", "light_mesons",
    "neutral_amplitudes", "nuclear_bremsstrahlung", "parton_distributions", "parton_table_maker", "parton_tables",
    "photon_fusion", "quarkonium", "resonance_panels", "resonant_annihilation", "side_decays", "side_flux", "table_files",
    "table_maker", "vector_and_jet", "weizsaecker_williams",
]  # fmt: skip
