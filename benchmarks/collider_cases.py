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


def mixed_phase_map():
    """Seconds of wall and of processor time of a map of 200 x 200 limits in (mass, Z' mass over mass), the second time after the first."""
    import portico

    model = portico.models.MixedPhase()
    scan = {"mass": np.geomspace(0.7, 100, SIDE), "zprime_mass_ratio": np.geomspace(2.2, 30, SIDE)}
    times, found = {}, None
    for call in ("first", "second"):
        search = portico.search("milliqan_2015")  # nothing is kept from one to the other but what is compiled
        wall, processor = time.perf_counter(), time.process_time()
        found = portico.reach(search, model, scan=scan)
        times[call] = time.perf_counter() - wall
        times[f"{call}_processor"] = time.process_time() - processor
    failed = sum(str(status).startswith("failed") for status in np.ravel(found["status"]))
    return {**times, "failed": failed, "error": float(np.quantile(found["numerical_error"], 0.99))}


CASES = {"luminosities": tables, "drell_yan_map": drell_yan_map, "mixed_phase_map": mixed_phase_map}
