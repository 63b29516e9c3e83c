"""What is measured of cascades, each in a process of its own; run by :mod:`benchmarks.cases`."""

import resource
import tempfile
import time
from pathlib import Path

import numpy as np

SEARCH = "babar_mono_photon_2017"
INELASTIC = {"alpha_dark": 0.1, "dark_matter_mass_ratio": 0.33, "splitting": 0.4}
LEPTON = {
    **{"alpha_dark": 0.11, "lightest_mass_ratio": 0.16, "splitting_21": 0.57, "splitting_32": 0.59},
    **{"v_32": 1.0, "v_21": 0.195, "current": "vector"},
}
EPSILON, COUPLINGS = 1e-3, 200
ALL_EVENTS = "1e-4"  # a relative error that is out of reach: as many events as are allowed are drawn


def models():
    """One model of each kind, at the benchmarks of arXiv:2302.05410; the mass is left open."""
    import portico

    return {
        "inelastic": portico.models.Inelastic(**INELASTIC),
        "dirac_inelastic": portico.models.DiracInelastic(**INELASTIC, mixing_angle=0.1),
        "heavy_neutral_lepton": portico.models.HeavyNeutralLepton(**LEPTON),
    }


def _search(events, **options):
    import portico

    return portico.search(SEARCH, samples="4s", hadronic_decays="off", events=str(events), **options)


def _chain():
    """Search and model of the plain reference: one beam energy, one decay."""
    import portico

    return portico.models.Inelastic(mass=1.25, epsilon=EPSILON, **INELASTIC)


def full_chain():
    """Events per second of production, cascade, vertices and veto over all couplings, by model; the reference for one of them."""
    from . import cascade_reference

    result, count = {}, 4_000_000
    for name, model in models().items():
        for spin in ("off", "on"):
            key, point = f"{name}_spin_{spin}", model.with_parameters(mass=1.25)
            times = []
            for events in (100_000, count, count):  # the first compiles, for every mode
                search = _search(events, precision=ALL_EVENTS, spin_correlations=spin)
                search.prepared()
                start = time.perf_counter(), time.process_time()
                found = search.signature.survival(search, point)
                times.append((time.perf_counter() - start[0], time.process_time() - start[1], int(found.number.sum())))
            seconds, processor, number = min(times[1:])
            result[key] = {"first": times[0][0], "per_second": number / seconds, "per_cpu_second": number / processor}
            if name == "inelastic" and spin == "off":
                passed, error = (float(part) for part in found.probability(EPSILON))
    model, few = _chain(), 400_000
    chain = model.chain(hadrons=False)
    start, rng = time.perf_counter(), np.random.default_rng(1)
    beams = (10.5794**2 / (4 * 3.1), 3.1)
    minus, plus, vertex = cascade_reference.events(rng, few, 1.25, chain.masses, beams, 0.6, chain.ctau_unit_cm[1])
    share = float(np.mean(cascade_reference.passes(minus, plus, vertex, EPSILON)))
    reference = few / (time.perf_counter() - start)
    off = abs(passed - share) / np.hypot(error, np.sqrt(share * (1 - share) / few))
    return {"models": result, "reference_per_second": reference, "off": float(off)}


def veto():
    """Event-couplings per second of the veto alone: momenta and vertices of a sample to survival at 200 couplings."""
    import jax
    import jax.numpy as jnp

    from portico.cascades import survival
    from portico.cascades.sample import each_decay
    from portico.detection.pair_veto import probability_seen
    from portico.detection.volumes import scales_inside

    from . import cascade_reference

    search, count, block = _search(1e6), 1 << 20, 1 << 14
    state = search.prepared()
    sample = search.signature.event_source(search, _chain(), 1).sample(0, count)

    @jax.jit
    def drops(decay, minus, plus, vertex):
        seen, start = [], []
        for d, m, p, v in zip(*(each_decay(c) for c in (decay, minus, plus, vertex)), strict=True):
            seen.append(jnp.where(d >= 0, probability_seen(m, p, state.rule, mode="any"), 0.0))
            start.append(1 / jnp.sqrt(scales_inside(v, state.volume)[1]))
        place, drop = survival.steps(jnp.stack(seen, axis=-1), jnp.stack(start, axis=-1), None)
        return survival.counted(place, drop, jnp.ones(d.shape[0]))

    columns = (sample.decay, sample.minus, sample.plus, sample.vertex)
    parts = [tuple(jnp.asarray(c[k : k + block]) for c in columns) for k in range(0, count, block)]
    edges = np.arange(1000, 1000 + 12 * COUPLINGS, 12)
    couplings = np.exp(survival.EDGES[edges])
    times = []
    for _ in range(4):
        start = time.perf_counter(), time.process_time()
        total = np.sum([np.asarray(drops(*part)) for part in parts], axis=0)
        passed = count - np.cumsum(total)[edges]
        times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    seconds, processor = min(times[1:])
    start = time.perf_counter()
    minus, plus, vertex = (a[:block, 0, 0] for a in columns[1:])
    plain = [np.mean(cascade_reference.passes(minus, plus, vertex, epsilon)) for epsilon in couplings]
    reference = block * COUPLINGS / (time.perf_counter() - start)
    of_block = 1 - np.cumsum(np.asarray(drops(*parts[0])))[edges] / block
    return {
        "survival": passed.tolist(),
        "per_second": count * COUPLINGS / seconds,
        "per_cpu_second": count * COUPLINGS / processor,
        "reference_per_second": reference,
        "off": float(np.max(np.abs(of_block - plain))),
    }


def exclusion_map(name):
    """Seconds of a map of 60 masses with 400 000 events each, and of a second one in the same process."""
    import portico

    result = {"seconds": [], "processor": []}
    for _ in range(2):
        start = time.perf_counter(), time.process_time()
        portico.recast(SEARCH, models()[name], scan={"mass": np.geomspace(0.1, 7.5, 60)}, precision=ALL_EVENTS)
        result["seconds"].append(time.perf_counter() - start[0])
        result["processor"].append(time.process_time() - start[1])
    return result


def memory(events):
    """Peak memory of a process that finds the survival from so many events."""
    search = _search(events, precision=ALL_EVENTS)
    found = search.signature.survival(search, models()["heavy_neutral_lepton"].with_parameters(mass=1.25))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # KiB on Linux
    return {"peak_gib": peak, "events": int(found.number.sum())}


def parquet():
    """Events per second written to a Parquet file, without veto, and bytes per event; empty where the extra is missing."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return {}
    from portico.events import files

    search, count, times = _search(1e6), 400_000, []
    with tempfile.TemporaryDirectory() as folder:
        for number in (1000, count):
            path = Path(folder) / f"{number}.parquet"
            start = time.perf_counter()
            files.write(path, search.signature.event_source(search, _chain(), 1), number)
            times.append(time.perf_counter() - start)
        size = path.stat().st_size
    return {"per_second": count / times[1], "bytes": size / count}


CASES = {
    "full_chain": full_chain,
    "veto": veto,
    "map_inelastic": lambda: exclusion_map("inelastic"),
    "map_dirac_inelastic": lambda: exclusion_map("dirac_inelastic"),
    "map_heavy_neutral_lepton": lambda: exclusion_map("heavy_neutral_lepton"),
    "memory_few": lambda: memory(400_000),
    "memory_many": lambda: memory(4_000_000),
    "parquet": parquet,
}
