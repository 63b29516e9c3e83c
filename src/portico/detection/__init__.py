"""Detectors: volumes, thresholds, vetoes."""

__all__: list[str] = []
