"""Measurements of the user-level calls against a plain reference: ``python -m benchmarks``."""
