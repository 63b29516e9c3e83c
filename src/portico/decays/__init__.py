"""Decays: partial widths as pure functions of masses and couplings, and the hadronic ratio R."""

__all__ = ["dark_current", "hadronic_ratio", "vector"]
