"""Monte Carlo of decay chains with vertices: generator, three-body decays, spin correlations, line shape of the mediator."""

__all__ = ["generator", "line_shape", "sample", "spin_correlations", "three_body"]
