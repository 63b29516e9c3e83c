"""Decays: partial widths as pure functions of masses and couplings, and the hadronic ratio R."""

__all__ = ["hadronic_ratio", "vector"]
