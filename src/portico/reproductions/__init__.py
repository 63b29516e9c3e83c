"""Source documents reproduced: one file each, its figures and its claims computed anew."""

__all__ = ["base"]
