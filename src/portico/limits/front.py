"""The front door to searches and signals."""

from __future__ import annotations

from typing import Any

from .. import registry
from ..errors import InvalidInput
from ..models.base import Model
from ..signatures.base import Search, SignalYield, make_search


def search(name_or_path: str, **options: Any) -> Search:
    """Return a search by name, or from the user's own experiment file, with options as keywords.

    Parameters
    ----------
    name_or_path : str   a name of :func:`searches`, or a path to a TOML file of the same form
    **options            choices of the search's signature, e.g. ``bremsstrahlung="iww"``

    Raises UnknownName for a name, option or choice that is not known (with the nearest match), DataError for a file
    that cannot be read or is malformed.

    Examples
    --------
    >>> search("belle2_disappearing_positron", tracks="both").options["tracks"]
    'both'
    """
    return make_search(name_or_path, options)


def searches() -> list[str]:
    """Return the names of all searches that come with portico."""
    return registry.names("search")


def as_search(given: Any) -> Search:
    """Return a search given itself or its name."""
    if isinstance(given, Search):
        return given
    if isinstance(given, str):
        return make_search(given, {})
    raise InvalidInput(
        f"search: expected a search or its name, given {type(given).__name__}; make one with portico.search(name)."
    )


def as_model(given: Any) -> Model:
    """Return a model; raises InvalidInput for anything else."""
    if isinstance(given, Model):
        return given
    raise InvalidInput(f"model: expected a model such as portico.models.DarkPhoton(...), given {type(given).__name__}.")


def signal(search: Search | str, model: Model, *, differentiable: bool = False) -> SignalYield:
    """Return the expected signal events of a model in a search, with the chain of factors and the background.

    Parameters
    ----------
    search : Search or str     from :func:`search`, or its name
    model : Model              all parameters set; scalars or arrays that broadcast
    differentiable : bool      return jax values, for ``jax.grad``; inputs are then not checked

    Returns
    -------
    SignalYield                .expected, .channels, .factors, .numerical_error, .systematic_error, .background

    Raises InvalidInput where the model does not fit the search or a parameter is not set.
    """
    chosen, theory = as_search(search), as_model(model)
    if not differentiable and any(type(value).__name__.endswith("Tracer") for value in theory.parameters().values()):
        raise InvalidInput(
            "signal: given values of a jax transformation (grad, jit, vmap); pass differentiable=True for them."
        )
    return chosen.signature.signal_yield(chosen, theory, differentiable=differentiable)
