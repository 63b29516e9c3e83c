"""Kinematics: invariants, boosts and collider frames."""

__all__ = ["collider"]
