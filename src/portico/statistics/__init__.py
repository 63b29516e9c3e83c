"""Statistics: limits of counting experiments."""

__all__ = [
    "asymptotic",
    "bayes",
    "counting",
    "discovery",
    "feldman_cousins",
    "marginal",
    "model",
    "profile",
    "smearing",
    "toys",
    "upper_limits",
]
