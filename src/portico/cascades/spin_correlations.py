"""placeholder"""

EXTRA_DRAWS = 0


def polarisation(*a): ...
def correlated_directions(*a): ...
