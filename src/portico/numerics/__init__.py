"""Numerics: float64 switch, quadrature, tables, intervals, sampling, special functions.

Importing this room switches jax to 64-bit floats and sets the on-disk cache of compiled code.
"""

from __future__ import annotations

import os

import jax

from .. import registry

jax.config.update("jax_enable_x64", True)


def _use_compilation_cache() -> None:
    """Keep compiled kernels in the user's cache folder, unless the user chose another place or none."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ or os.environ.get("PORTICO_COMPILE_CACHE") == "off":
        return
    folder = registry.cache_folder() / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # no place to keep anything: compile anew each time
    if not os.access(folder, os.W_OK):
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


_use_compilation_cache()

__all__ = ["intervals", "maps", "quadrature", "sampling", "special", "tables"]
