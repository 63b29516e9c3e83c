"""Limits, reach, and published limits."""

__all__ = ["counts", "front", "reach"]
