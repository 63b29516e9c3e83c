"""Transport in matter: electromagnetic cascades, path lengths of beams, rates in thick targets."""

__all__ = ["electromagnetic_cascade", "ionisation_range", "path_length", "thick_target"]
