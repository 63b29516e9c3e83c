"""Monte Carlo of decay chains with vertices."""

__all__: list[str] = []
