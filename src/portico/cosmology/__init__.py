"""Estimates of relic densities and radiation: orders of magnitude, labelled so."""

__all__ = ["dark_radiation", "degrees_of_freedom", "relic_density"]
