"""Kinematics: four-momenta and boosts, collider frames, decays to two and three bodies."""

__all__ = ["collider", "four_momentum", "three_body", "two_body"]
