"""Models: one file each, found by its name. ``portico.models.DarkPhoton`` is the class in ``dark_photon.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import registry
from ..errors import unknown_name

if TYPE_CHECKING:
    from .dark_photon import DarkPhoton as DarkPhoton


def class_name(name: str) -> str:
    """Return the class that a model's file holds: ``dark_photon`` has ``DarkPhoton``."""
    return "".join(part.capitalize() for part in name.split("_"))


def model_class(name: str) -> Any:
    """Return the class of the model with this name; raises UnknownName with the nearest match."""
    return getattr(registry.load("model", name), class_name(name))


def __getattr__(name: str) -> Any:
    """Import a model's class on first use."""
    if name.startswith("_"):
        raise AttributeError(name)
    classes = {class_name(stem): stem for stem in registry.names("model")}
    if name not in classes:
        raise AttributeError(str(unknown_name("model", name, classes)))
    return model_class(classes[name])


def __dir__() -> list[str]:
    """List the models beside the functions."""
    return sorted([*(class_name(stem) for stem in registry.names("model")), "class_name", "model_class"])
