"""What is measured of production at a proton collider, each in a process of its own; run by :mod:`benchmarks.cases`."""

import time

import numpy as np

SIDE = 200


def tables():
    """Milliseconds to load the shipped tables of luminosities, one after the other, and the first, with the import done."""
    from portico.production import parton_tables

    files, times = parton_tables.tables()[0], []
    for t in files:
        for scale in parton_tables.SCALES:
            start = time.perf_counter()
            parton_tables.load(t.energy, pdf=t.pdf, scale=scale)
            times.append(1e3 * (time.perf_counter() - start))
    return {
        "first": times[0],
        "slowest": max(times),
        "count": len(files),
        "bytes": sum(t.path.stat().st_size for t in files),
    }


def drell_yan_map():
    """Seconds of two maps of central densities in (mass, Z' mass over mass), kernels and nodes apart, and of one of velocities."""
    from portico.electroweak.exchange import NeutralExchange
    from portico.production import drell_yan, parton_tables

    mass, ratio = np.geomspace(0.5, 100, SIDE), np.linspace(0.5, 10, SIDE)
    prime = mass[:, None] * ratio
    z, zero = 91.1876, np.zeros_like(prime)

    def row(photon, weak, third):
        return np.stack([zero + photon, zero + weak, zero + third], axis=-1)

    exchange = NeutralExchange(
        ("photon", "Z", "Z'"), row(0, z, prime), row(0, 2.4952, 1e-4 * prime), row(0.209, 0.071, 1e-3), row(0, 0.186, 1e-5),
        row(-0.104, -0.129, -5e-4), row(0, -0.186, 1e-5), row(-0.313, -0.0140, -1e-3), row(0, -0.186, 0), row(1e-3, -5e-4, 0.3), row(0, 0, 0),
    )  # fmt: skip
    table, times = parton_tables.load(14e3), {}
    for call in ("first", "second"):
        start = time.perf_counter()
        kernel = drell_yan.central_kernel(table, mass, 0.1)
        middle = time.perf_counter()
        found = drell_yan.density_from(kernel, exchange)
        end = time.perf_counter()
        times[call] = end - start
        times[f"{call}_kernels"] = middle - start
    start = time.perf_counter()
    kernel = drell_yan.central_kernel(table, mass, 0.1, velocity="resolved")
    times["velocity_kernels"] = time.perf_counter() - start
    for call in ("velocity_first", "velocity_second"):
        start = time.perf_counter()
        flux = drell_yan.flux_from(kernel, exchange)
        times[call] = time.perf_counter() - start
    off = float(np.max(np.abs(flux.density.sum(axis=-1) / found.value - 1)))
    return {**times, "off": off, "error": float(np.quantile(found.error / found.value, 0.99))}


CASES = {"luminosities": tables, "drell_yan_map": drell_yan_map}
