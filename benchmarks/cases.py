"""What runs in a process of its own: ``python -m benchmarks.cases NAME`` prints one JSON document."""

import json
import resource
import sys
import time

import numpy as np

from . import cascade_cases, collider_cases, mixing_cases

SEARCH = "belle2_disappearing_positron"
SAMPLE = (0.01, 0.067, 0.3)  # GeV


def reach(level):
    """Seconds of two calls over 200 masses, and limits with the path length of the plain reference."""
    import portico

    model = portico.models.DarkPhoton(alpha_dark=0.5, dark_matter_mass_ratio=1 / 3)
    search = portico.search(SEARCH, bremsstrahlung=level)
    masses = np.geomspace(1e-3, 1, 200)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        portico.reach(search, model, scan={"mass": masses}, parameter="epsilon", cl=0.90)
        seconds.append(time.perf_counter() - start)
    alike = portico.search(
        SEARCH,
        bremsstrahlung=level,
        track_length="tsai_whitis",
        channels="annihilation,bremsstrahlung",
        nuisances="none",
    )
    found = portico.reach(alike, model, scan={"mass": np.array(SAMPLE)}, parameter="epsilon", cl=0.90, method="sqrt_b")
    return {"first": seconds[0], "second": seconds[1], "limits": found["low"].values[:, 0].tolist()}


def million_points():
    """Expected events and CLs of a random scan over mass, epsilon and alpha_dark."""
    import portico
    from portico.statistics import counting

    count, rng = 1_000_000, np.random.default_rng(1)

    def log_uniform(low, high):
        return np.exp(rng.uniform(np.log(low), np.log(high), count))

    mass, epsilon, alpha_dark = log_uniform(1e-3, 1), log_uniform(1e-6, 1e-2), log_uniform(0.01, 1)
    start = time.perf_counter()
    model = portico.models.DarkPhoton(mass=mass, epsilon=epsilon, alpha_dark=alpha_dark, dark_matter_mass_ratio=1 / 3)
    signal = portico.signal(portico.search(SEARCH), model)
    cls = counting.cls_value(np.asarray(signal.expected), signal.background.expected, 94)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # KiB on Linux
    return {"seconds": seconds, "peak_gib": peak, "excluded": float(np.mean(cls < 0.1))}


def derivatives():
    """Derivatives of ln N by ln mass and ln alpha_dark: automatic against central differences."""
    import jax

    import portico

    search = portico.search(SEARCH)

    def log_yield(log_mass, log_alpha):
        model = portico.models.DarkPhoton(
            mass=jax.numpy.exp(log_mass),
            epsilon=1e-4,
            alpha_dark=jax.numpy.exp(log_alpha),
            dark_matter_mass_ratio=1 / 3,
        )
        return jax.numpy.log(portico.signal(search, model, differentiable=True).expected)

    differences, step = {}, 1e-4
    for mass in SAMPLE:
        at = (np.log(mass), np.log(0.5))
        for argument, name in enumerate(("mass", "alpha_dark")):
            shifted = [tuple(v + sign * step * (k == argument) for k, v in enumerate(at)) for sign in (1, -1)]
            central = float(log_yield(*shifted[0]) - log_yield(*shifted[1])) / (2 * step)
            automatic = float(jax.grad(log_yield, argnums=argument)(*at))
            if central or automatic:
                label = f"{name} at {mass * 1e3:g} MeV: d ln N/d ln = {automatic:.4f}"
                differences[label] = abs(automatic - central) / max(abs(central), 1e-3)
    return {"differences": differences}


def phase_space():
    """Points of the exact emission per second of one core: nodes of all three integrals, once compiled."""
    from portico import particles
    from portico.matter.materials import element
    from portico.production import exact_bremsstrahlung

    rng, count = np.random.default_rng(1), 1024
    missing, mass = (np.exp(rng.uniform(np.log(1e-3), np.log(high), count)) for high in (0.5, 1.0))
    times = []
    for _ in range(4):
        start = time.process_time()  # of all threads together
        exact_bremsstrahlung.dsigma_dx(missing, 5.0, mass, lepton_mass=particles.mass("e-"), nucleus=element("I"))
        times.append(time.process_time() - start)
    nodes = count * sum(int(np.prod(orders)) for orders in exact_bremsstrahlung.ORDERS)
    return {"per_second": nodes / min(times[1:]), "cross_sections": count / min(times[1:])}


def statistics():
    """Points per second of observed and five expected CLs limits with an uncertain background, and toys per second.

    Against pyhf where it is installed: the same workspace, one point and 100 toys.
    """
    from portico.statistics import asymptotic, toys, upper_limits
    from portico.statistics.model import Counting, Widths, widths

    rng, count = np.random.default_rng(1), 200_000
    background = np.exp(rng.uniform(np.log(1.0), np.log(1e4), count))
    observed = rng.poisson(background).astype(float)
    result = {}
    for constraint in ("gamma", "log_normal"):
        numbers = widths(Counting(background, rng.uniform(0, 0.4, count) * background, constraint=constraint))
        for _ in range(2):
            start = time.perf_counter()
            asymptotic.solve(0.95, "observed", observed, numbers, constraint)
            result[f"points_{constraint}"] = count / (time.perf_counter() - start)
    counting = Counting(10.0, 3.0, constraint="gamma")
    one = Widths(*(np.atleast_1d(a) for a in widths(counting)))
    experiment = toys.Experiment(12.0, one, "gamma", toys.random_numbers(1, 500_000))
    for _ in range(2):
        start = time.perf_counter()
        experiment.statistics(11.0, 0.0), experiment.statistics(11.0, 11.0)
        result["toys"] = 1e6 / (time.perf_counter() - start)
    limit = float(upper_limits.upper_limit(counting, 0.95, "cls", 12).value)
    band = [float(x) for x in upper_limits.expected_band(counting, 0.95, "cls", 12)]
    return {**result, **_pyhf(np.array([limit, *band]) / 5)}


def _pyhf(limits):
    """What pyhf needs for the same, and the largest relative difference of the limits; empty where it is missing."""
    import warnings

    try:
        import pyhf
        from pyhf.infer.intervals.upper_limits import toms748_scan
    except ImportError:
        return {}
    warnings.simplefilter("ignore")
    model = pyhf.simplemodels.uncorrelated_background([5.0], [10.0], [3.0])
    data = [12.0, *model.config.auxdata]
    toms748_scan(data, model, 0.1, 10, level=0.05)
    start = time.perf_counter()
    observed, expected = toms748_scan(data, model, 0.1, 10, level=0.05, rtol=1e-6)
    points = 1 / (time.perf_counter() - start)
    start = time.perf_counter()
    pyhf.infer.calculators.ToyCalculator(data, model, ntoys=50, track_progress=False).distributions(2.2)
    toys = 100 / (time.perf_counter() - start)
    off = float(np.max(np.abs(np.array([observed, *expected]) / limits - 1)))
    return {"pyhf_points": points, "pyhf_toys": toys, "off": off}


CASES = {
    "reach_ww": lambda: reach("ww"),
    "reach_iww": lambda: reach("iww"),
    "million_points": million_points,
    "derivatives": derivatives,
    "phase_space": phase_space,
    "statistics": statistics,
    **cascade_cases.CASES,
    **collider_cases.CASES,
    **mixing_cases.CASES,
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]]()))
