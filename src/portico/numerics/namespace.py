"""One formula for numpy and jax: the same lines run on the host without compiling, and under jit and grad."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def array_namespace(*arrays: Any) -> Any:
    """Return ``jax.numpy`` if any argument is a jax array (traced or not), else ``numpy``.

    Numbers and numpy arrays stay on the host; use it for formulas that are also needed once, outside compiled code.
    Tuples are looked into.
    """
    for array in arrays:
        if isinstance(array, tuple):
            if array_namespace(*array) is jnp:
                return jnp
        elif isinstance(array, jax.Array):
            return jnp
    return np
