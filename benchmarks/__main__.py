"""Times of the user-level calls, as ratios to the plain reference in the same run where there is one.

``python -m benchmarks`` prints one table, ``python -m benchmarks cascades darknews`` only these parts of it, and exits with 0:
absolute times are shown beside what is asked, not tested. Each measurement runs in a process of its own with an empty compile cache, unless it says otherwise.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from . import reference
from .cases import SAMPLE, SEARCH

HERE = Path(__file__).resolve().parent
PORTICO = Path(sys.executable).with_name("portico")
REACH = [
    *("reach", SEARCH, "dark_photon", "--set", "alpha_dark=0.5", "--set", "dark_matter_mass_ratio=1/3"),
    *("--scan", "mass=1MeV:1GeV:200", "-o"),
]

MASSES = 200


def show(what, measured, asked="", plain="", ratio=""):
    print(f"{what:<58} {measured:>12} {plain:>14} {ratio:>9}  {asked}", flush=True)


def run(command, cache=None):
    """Seconds and standard output of a process, None for the output where it fails; cache: its cache folder."""
    environment = dict(os.environ)
    if cache is not None:
        environment["XDG_CACHE_HOME"] = cache
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        print(f"  not measured: {' '.join(map(str, command[:3]))[:60]} ...: {reason[0][:120]}", flush=True)
        return seconds, None
    return seconds, done.stdout


def measure(case):
    """What a function of ``cases.py`` measures, in a process of its own; None where it fails."""
    with tempfile.TemporaryDirectory() as cache:
        seconds, output = run([sys.executable, "-m", "benchmarks.cases", case], cache)
    return None if output is None else {**json.loads(output.splitlines()[-1]), "process": seconds}


def start_up():
    for what, command, asked in (
        ("import portico, process", [sys.executable, "-c", "import portico"], "0.3 s"),
        ("portico --help", [PORTICO, "--help"], "0.5 s"),
        ("python alone", [sys.executable, "-c", "pass"], ""),
    ):
        times = [run(command) for _ in range(5)]
        if times[0][1] is not None:
            show(f"{what}, median of 5", f"{statistics.median(t for t, _ in times):.2f} s", asked)


def command_line():
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        for what, asked in (("empty compile cache", "6 s"), ("second start", "")):
            seconds, output = run([PORTICO, *REACH, folder], cache)
            if output is not None:
                show(f"portico reach, {MASSES} masses, {what}", f"{seconds:.2f} s", asked)


def plain_reach(level, masses=SAMPLE):
    """Limits by the plain reference at the sample, and its seconds scaled to all masses."""
    start = time.perf_counter()
    limits = [reference.epsilon_limit(mass, 0.5, level, tolerance=1e-3) for mass in masses]
    return np.array(limits), (time.perf_counter() - start) * MASSES / len(masses)


def reach():
    for level in ("ww", "iww"):
        result = measure(f"reach_{level}")
        if result is None:
            continue
        limits, plain = plain_reach(level)
        label = f"{MASSES} masses, {level}"
        for call, asked in (("first", ""), ("second", "ratio 200")):
            show(
                f"reach, {label}, {call} call",
                f"{result[call]:.2f} s",
                asked,
                f"{plain:.0f} s",
                f"{plain / result[call]:.0f}",
            )
        off = np.max(np.abs(np.array(result["limits"]) / limits - 1))
        show(f"  limits against the plain reference, {level}", f"{off:.1e}", "largest relative difference")


def million_points():
    result = measure("million_points")
    if result is not None:
        show("signal and CLs of 1e6 points, calls", f"{result['seconds']:.1f} s", "10 s")
        show("  the whole process", f"{result['process']:.1f} s")
        show("  peak memory of the process", f"{result['peak_gib']:.2f} GiB", "1 GiB")


def derivatives():
    result = measure("derivatives")
    for label, value in [] if result is None else result["differences"].items():
        show(f"gradient, {label}", f"{value:.1e}", "against central differences, relative")


def exact_emission():
    result = measure("phase_space")
    if result is not None:
        show("exact emission, phase-space points per second and core", f"{result['per_second']:.1e}", "1e5")
        show("  dsigma/dx with its error, per second and core", f"{result['cross_sections']:.0f}")


def statistics_of_counts():
    result = measure("statistics")
    if result is None:
        return
    pyhf = "pyhf_points" in result
    if not pyhf:
        print("  pyhf is not installed (pip install -e '.[statistics]'): no comparison with it", flush=True)
    for what, key, theirs, asked in (
        ("CLs, observed and 5 expected, gamma, points per second", "points_gamma", "pyhf_points", "5e5"),
        ("CLs, observed and 5 expected, log-normal, points per second", "points_log_normal", "pyhf_points", "5e5"),
        ("toys of the profile likelihood per second", "toys", "pyhf_toys", "5e6"),
    ):
        plain, ratio = (f"{result[theirs]:.3g}", f"{result[key] / result[theirs]:.2g}") if pyhf else ("", "")
        show(what, f"{result[key]:.2g}", asked, plain, ratio)
    if pyhf:
        show("  limits against pyhf", f"{result['off']:.1e}", "1e-4, largest relative difference")


def cascades():
    result = measure("full_chain")
    if result is not None:
        plain = result["reference_per_second"]
        for name, value in result["models"].items():
            model, spin = name.split("_spin_")
            what = f"{model}, spin {spin}: events per second"
            asked = "1e6 on 2 cores" if spin == "off" else ""
            has_reference = name == "inelastic_spin_off"
            against = (f"{plain:.2g}", f"{value['per_second'] / plain:.2g}") if has_reference else ("", "")
            show(what, f"{value['per_second']:.2g}", asked, *against)
            show(
                "  per second of processor time", f"{value['per_cpu_second']:.2g}", f"first call {value['first']:.1f} s"
            )
        show("  share that passes, against the reference", f"{result['off']:.1f}", "standard errors")
    result = measure("veto")
    if result is not None:
        plain = result["reference_per_second"]
        per_second, ratio = f"{result['per_second']:.2g}", f"{result['per_second'] / plain:.2g}"
        show("veto, event-couplings per second", per_second, "2e8", f"{plain:.2g}", ratio)
        show("  per second of processor time", f"{result['per_cpu_second']:.2g}")
        show("  survival against the reference, same events", f"{result['off']:.1e}", "largest difference")
    for name in ("inelastic", "dirac_inelastic", "heavy_neutral_lepton"):
        result = measure(f"map_{name}")
        for call, k in () if result is None else (("first", 0), ("second", 1)):
            seconds, processor = result["seconds"][k], result["processor"][k]
            what = f"map of {name}, 60 masses, 4e5 events, {call}"
            show(what, f"{seconds:.0f} s", f"60 s; {processor:.0f} s of processor time")


def collider():
    result = measure("luminosities")
    if result is not None:
        show("load a table of parton luminosities, first", f"{result['first']:.1f} ms", "50 ms")
        show(
            "  slowest of all",
            f"{result['slowest']:.1f} ms",
            f"{result['count']} files, {result['bytes'] / 1e6:.1f} MB",
        )
    result = measure("drell_yan_map")
    if result is not None:
        for call in ("first", "second"):
            what = f"Drell-Yan at the side, 200 x 200 masses, {call} call"
            show(what, f"{result[call]:.1f} s", f"5 s; kernels {result[f'{call}_kernels']:.1f} s")
        kernels = f"kernels {result['velocity_kernels']:.1f} s more"
        show("  by velocity, first call", f"{result['velocity_first']:.1f} s", kernels)
        show("  by velocity, second call", f"{result['velocity_second']:.1f} s")
        show("  numerical error, 99% of the points", f"{result['error']:.1e}")
    result = measure("mixed_phase_map")
    if result is not None:
        for call in ("first", "second"):
            what = f"limits of the mixed phase, 200 x 200 masses, {call} call"
            show(what, f"{result[call]:.1f} s", f"5 s; processor {result[f'{call}_processor']:.1f} s")
        show("  numerical error, 99% of the points", f"{result['error']:.1e}", f"{result['failed']} failed")


def mixed_phase():
    result = measure("mixed_phase")
    if result is None:
        return
    plain = result["reference"]
    for what, key, asked in (
        ("mixed phase, masses and couplings of 1e6 points, M1 and M2", "closed", "0.1 s"),
        ("mixed phase, the same from measured masses", "measured", "0.1 s"),
        ("mixed phase, all widths of the Z'", "widths", "0.1 s"),
        ("mixed phase, couplings of the Z'", "couplings", "0.1 s"),
        ("mixed phase, charge of the particle", "charge", "0.1 s"),
    ):
        show(what, f"{result[key]:.2f} s", asked, f"{plain:.1f} s", f"{plain / result[key]:.0f}")
    show("  mass of the Z against numpy's eigh", f"{result['off']:.1e}", "largest relative difference")


def memory_and_files():
    for name, asked in (("few", ""), ("many", "as for few")):
        result = measure(f"memory_{name}")
        if result is not None:
            show(f"peak memory, cascades of {result['events']:.1e} events", f"{result['peak_gib']:.2f} GiB", asked)
    result = measure("parquet")
    if result:
        show("Parquet, events written per second", f"{result['per_second']:.2g}", f"{result['bytes']:.0f} bytes each")
    elif result is not None:
        print("  pyarrow is not installed (pip install -e '.[events]'): Parquet not measured", flush=True)


def darknews():
    """DarkNews, in the interpreter that DARKNEWS_PYTHON names (it may want other versions than portico), or in this one."""
    python = os.environ.get("DARKNEWS_PYTHON", sys.executable)
    if run([python, "-c", "import DarkNews"])[1] is None:
        print(
            "  DarkNews is not installed (pip install DarkNews==0.4.8, or DARKNEWS_PYTHON=...): no comparison with it"
        )
        return
    _, output = run([python, str(HERE / "darknews_events.py")])
    if output is not None:
        result = json.loads(output.splitlines()[-1])
        show("DarkNews, weighted events per second", f"{result['per_second']:.2g}", f"{result['events']} events")


GROUPS = (
    start_up,
    command_line,
    reach,
    million_points,
    derivatives,
    exact_emission,
    statistics_of_counts,
    cascades,
    collider,
    mixed_phase,
    memory_and_files,
    darknews,
)


def main():
    os.chdir(HERE.parent)
    print(f"plain reference: nested scipy.integrate.quad, timed at {len(SAMPLE)} masses and scaled to {MASSES}\n")
    show("measurement", "portico", "asked", "reference", "ratio")
    for group in GROUPS:
        if group.__name__ in sys.argv[1:] or not sys.argv[1:]:
            group()


if __name__ == "__main__":
    main()
