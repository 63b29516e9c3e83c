"""Estimates of relic densities and radiation: orders of magnitude, labelled so."""
