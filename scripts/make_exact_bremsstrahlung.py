"""Makes src/portico/production/exact_bremsstrahlung.npz: the exact cross section of e N -> e N V over the `ww` one.

    python scripts/make_exact_bremsstrahlung.py            # some minutes

The error written into the file is the largest deviation from direct evaluation at random points of the range.
"""

import json

import jax
import numpy as np

from portico import __version__, particles
from portico.matter.materials import material
from portico.production import exact_bremsstrahlung, exact_table, nuclear_bremsstrahlung

ELEMENTS = ("I", "Cs")
SHAPE = (84, 14, 24)
LOG_RATIO = np.log(np.array([1e-5, 0.92]) / (1 - np.array([1e-5, 0.92])))
LOG_ENERGY = np.log([1.75, 14.0])  # a cell more at each end than is given out
ENERGY = (2.0, 12.0)
CHECKS = 1500


def grid(electron):
    """1 - x, energy and mass at the grid points, and the same with the coordinates' ends kept off the support's edge."""
    a, b, c = (np.linspace(0, 1, n) for n in SHAPE)
    energy = np.exp(LOG_ENERGY[0] + b * np.diff(LOG_ENERGY))[None, :, None]
    odds = np.exp(LOG_RATIO[0] + a * np.diff(LOG_RATIO))[:, None, None]
    mass = odds / (1 + odds) * energy
    smallest = electron / energy
    largest = exact_table.LARGEST_MISSING * (1 - mass / energy)
    span = np.log(np.maximum(largest / smallest, 1 + 1e-9))
    missing = smallest * np.exp(np.maximum(c, 1e-4)[None, None, :] * span)
    return np.broadcast_arrays(missing, energy, mass)


def ratio(missing, energy, mass, nucleus, electron):
    """ln of exact over beta ww."""
    exact = exact_bremsstrahlung.dsigma_dx(missing, energy, mass, lepton_mass=electron, nucleus=nucleus)
    ww = jax.jit(
        lambda q, e, m: nuclear_bremsstrahlung.dsigma_dx(
            q, e, m, lepton_mass=electron, nucleus=nucleus, approximation="ww", order=64
        )
    )
    velocity = np.sqrt(1 - (electron / (missing * energy)) ** 2)
    return np.log(exact.value / np.asarray(ww(missing, energy, mass)) / velocity), exact.error / exact.value


def main():
    electron = particles.mass("e-")
    rows, worst, integration = {}, 0.0, 0.0
    random = np.random.default_rng(1)
    made_of = material("CsI")
    for symbol in ELEMENTS:
        nucleus = made_of.nuclei[made_of.elements.index(symbol)][0]
        points = grid(electron)
        values, error = ratio(*points, nucleus, electron)
        rows[symbol] = values.astype(np.float32)
        table = exact_table.ExactTable(values[None], LOG_RATIO, LOG_ENERGY, np.float64(0))
        energy = np.exp(random.uniform(*np.log(ENERGY), CHECKS))
        mass = np.exp(random.uniform(np.log(1e-4), np.log(0.5), CHECKS)) * energy
        smallest = electron / energy
        largest = exact_table.LARGEST_MISSING * (1 - mass / energy)
        missing = smallest * (largest / smallest) ** random.uniform(0.02, 1, CHECKS)
        direct, _ = ratio(missing, energy, mass, nucleus, electron)
        found = jax.vmap(
            lambda q, e, m, table=table: exact_table.correction(
                exact_table.at_mass(table, m), q[None, None], e, m, electron
            )[0, 0]
        )(missing, energy, mass)
        velocity = np.sqrt(1 - (electron / (missing * energy)) ** 2)
        off = np.abs(np.asarray(found) / velocity / np.exp(direct) - 1)
        k = int(np.argmax(off))
        print(
            symbol,
            "median",
            np.median(off),
            "99%",
            np.quantile(off, 0.99),
            "largest",
            off[k],
            "at m/E",
            mass[k] / energy[k],
            "E",
            energy[k],
        )
        worst, integration = max(worst, float(off.max())), max(integration, float(np.quantile(error, 0.999)))
    provenance = {
        "script": "scripts/make_exact_bremsstrahlung.py", "portico": __version__, "elements": list(ELEMENTS), "lepton": "e-", "form_factor": "elastic",
        "mass_over_energy": [1e-5, 0.5], "energy_gev": list(ENERGY), "largest_missing": exact_table.LARGEST_MISSING,
        "orders": list(exact_bremsstrahlung.ORDERS[0]), "largest_relative_error": worst, "integration_error": integration,
    }  # fmt: skip
    np.savez_compressed(
        exact_table.FILE,
        log_ratio=LOG_RATIO,
        log_energy=LOG_ENERGY,
        provenance=np.array(json.dumps(provenance)),
        **rows,
    )
    print(json.dumps(provenance, indent=1), exact_table.FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
