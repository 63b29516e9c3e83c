"""Precision observables: what a mediator adds to them without being produced."""

__all__ = ["electroweak", "magnetic_moment"]
