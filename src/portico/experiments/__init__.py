"""Experiment files, one per analysis, and their loader."""

__all__ = ["base"]
