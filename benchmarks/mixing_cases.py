"""Masses, couplings and widths of the mixed phase at many points, and the same by diagonalisation with numpy."""

import time

import numpy as np

COUNT, SHARE = 1_000_000, 20  # the reference does one point in SHARE


def _points():
    rng = np.random.default_rng(1)
    zprime = np.exp(rng.uniform(np.log(0.1), np.log(80.0), COUNT))
    kappa, theta = np.exp(rng.uniform(np.log(1e-4), np.log(1e-2), COUNT)), rng.uniform(0.1, 1.4, COUNT)
    return zprime, kappa, theta


def diagonalised(z_mass, sine2, dark_mass, kappa, theta):
    """Masses and components by Cholesky and eigh of stacked 4 x 4 matrices, the plain reference."""
    count = kappa.size
    s, c, sp, cp = np.sqrt(sine2), np.sqrt(1 - sine2), np.sin(theta), np.cos(theta)
    zero = np.zeros(count)
    kinetic = np.tile(np.eye(4), (count, 1, 1))
    kinetic[:, 1, 3] = kinetic[:, 3, 1] = kappa
    fields = np.stack([np.stack(row, -1) for row in ([s + zero, c + zero, zero, zero], [c + zero, -s + zero, zero, zero],
                                                     [zero, zero, sp, cp], [zero, zero, cp, -sp])], 1)  # fmt: skip
    z1, z2 = fields[:, 1], fields[:, 3]
    squared = (
        z_mass**2 * z1[:, :, None] * z1[:, None, :] + dark_mass[:, None, None] ** 2 * z2[:, :, None] * z2[:, None, :]
    )
    inverse = np.linalg.inv(np.linalg.cholesky(kinetic))
    values, vectors = np.linalg.eigh(inverse @ squared @ np.swapaxes(inverse, 1, 2))
    return np.sqrt(np.abs(values[:, 2:])), fields @ np.swapaxes(inverse, 1, 2) @ vectors


def _fastest(function, times=4):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        found = function()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:] or seconds), found


def mixed_phase():
    """Seconds for the closed form, for measured inputs, for widths, couplings of the Z' and charge of the model, each asked for alone.

    Those of the reference are scaled.
    """
    import jax

    from portico.electroweak import neutral_mixing, physical_inputs
    from portico.models import MixedPhase

    zprime, kappa, theta = _points()
    closed, measured = jax.jit(neutral_mixing.neutral_states), jax.jit(physical_inputs.states_from_physical)
    result = {}
    result["closed"], states = _fastest(lambda: jax.block_until_ready(closed(91.1876, 0.23122, zprime, kappa, theta)))
    result["measured"], _ = _fastest(
        lambda: jax.block_until_ready(measured(91.1876, zprime, 0.23122 * 0.76878, kappa, theta))
    )
    model = MixedPhase(mass=zprime / 3, zprime_mass=zprime, kappa=kappa, theta_w_dark=theta)
    result["widths"], _ = _fastest(model.partial_widths)
    result["couplings"], _ = _fastest(lambda: model.couplings("Z'"))
    result["charge"], _ = _fastest(model.charge)
    some = slice(None, None, SHARE)
    seconds, (masses, _) = _fastest(lambda: diagonalised(91.1876, 0.23122, zprime[some], kappa[some], theta[some]), 2)
    result["reference"] = seconds * SHARE
    result["off"] = float(np.max(np.abs(masses[:, 1] / np.asarray(states.z_mass)[some] - 1)))
    return result


CASES = {"mixed_phase": mixed_phase}
