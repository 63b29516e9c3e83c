r"""What searches that are not for millicharged particles see of a Z' that mixes with hypercharge, as plain numbers."""

from __future__ import annotations

from typing import Any, NamedTuple


class MixingEffects(NamedTuple):
    r"""Effects of a mixing on other searches, for a model with a Z' and a millicharged particle; arrays of one shape.

    A model that offers them has a method ``mixing_effects(mixing)``, which takes values of its mixing in place of its own, and the
    name of that parameter in ``MIXING``. Values are nan inside the gap around the mass of the Z.

    Attributes
    ----------
    zprime_mass : array        GeV
    zprime_epsilon : array     coupling of the Z' to charge over e: the epsilon of a dark photon of this mass, well below that of the Z
    invisible_ratio : array    branching ratio of the Z' to particles of the dark sector
    eta : array                on which electroweak observables depend
    z_dark_width : array       width of the Z to particles of the dark sector, GeV
    charge : array             of the millicharged particle over e, >= 0
    """

    zprime_mass: Any
    zprime_epsilon: Any
    invisible_ratio: Any
    eta: Any
    z_dark_width: Any
    charge: Any
