"""Statistics: limits of counting experiments."""

__all__ = ["counting"]
