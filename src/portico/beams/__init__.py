"""Standard-Model particles that enter a target: Bhabha scattering at colliders."""

__all__ = ["bhabha"]
