import itertools
import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from portico import particles
from portico.decays import vector
from portico.matter import materials
from portico.production import nuclear_bremsstrahlung as brems
from portico.production import resonant_annihilation as annihilation
from portico.transport import path_length as pl
from portico.transport import thick_target

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "transport.json").read_text())
ELECTRON = particles.mass("e-")
CSI = materials.material("CsI")


@partial(jax.jit, static_argnames="kind")
def _yield(path, mass, alpha_dark, ratio, *, kind="dirac"):
    """int dE' F sigma (cm GeV^-2) for arrays of masses; epsilon = 1 in the cross section, no visible width."""
    dark_mass = ratio * mass
    width = {
        "dirac": vector.width_to_dirac,
        "majorana": vector.width_to_majorana,
        "scalar": vector.width_to_complex_scalar,
    }[kind](mass, alpha_dark, dark_mass)
    resonance = mass**2 / (2 * ELECTRON) - ELECTRON
    half_width = jnp.maximum(mass * width, 1e-30) / (2 * ELECTRON)
    threshold = 2 * dark_mass**2 / ELECTRON - ELECTRON

    def extend(a):
        return a[:, None, None]

    def sigma(energy, distance):
        return annihilation.cross_section(
            2 * ELECTRON * (energy + ELECTRON), 2 * ELECTRON * distance, extend(mass), 1.0, alpha_dark,
            dark_matter_mass=extend(dark_mass), dark_matter=kind, visible_width=0.0, dark_width=extend(width), lepton_mass=ELECTRON,
        )  # fmt: skip

    result = thick_target.resonant_yield(path, sigma, resonance, half_width, threshold)
    return type(result)(*(part[0] for part in result))


def _sigma_by_hand(energy, mass, alpha_dark, ratio):
    s = 2 * ELECTRON * (energy + ELECTRON)
    chi = ratio * mass
    if s <= 4 * chi**2:
        return 0.0
    r = 4 * ratio**2
    width = alpha_dark * mass / 3 * (1 + r / 2) * np.sqrt(1 - r) if r < 1 else 0.0
    current = (s + 2 * chi**2) * np.sqrt(1 - 4 * chi**2 / s)
    initial = (1 + 2 * ELECTRON**2 / s) / np.sqrt(1 - 4 * ELECTRON**2 / s)
    return 4 * np.pi / 137.035999084 * alpha_dark / 3 * current * initial / ((s - mass**2) ** 2 + (mass * width) ** 2)


POINTS = [
    # mass, alpha_dark, m_chi/m: wide, narrow, very narrow; below, at, inside, above the resonant range; near thresholds
    (0.0663, 0.5, 1 / 3), (0.0700, 0.5, 1 / 3), (0.0667, 1e-2, 1 / 3), (0.0700, 1e-4, 1 / 3), (0.0660, 1e-6, 1 / 3), (0.0800, 1e-8, 1 / 3),
    (0.0300, 0.1, 1 / 3), (0.0900, 0.5, 1 / 3), (0.1200, 0.5, 1 / 3), (0.1233, 0.1, 1 / 3), (0.0700, 0.1, 0.499), (0.0670, 1e-3, 0.49),
    (0.0820, 1e-5, 0.2), (0.0010, 0.5, 1 / 3), (0.0650, 0.3, 0.45), (0.0650, 1e-3, 0.6),
]  # fmt: skip


@pytest.mark.parametrize("beam", ["head_on", pytest.param("crossing", marks=pytest.mark.slow)])
def test_the_error_of_the_resonant_yield_is_honest(request, beam):
    """Against adaptive quadrature of the same path length, in asinh of the distance to the resonance."""
    _, _, path = request.getfixturevalue(beam)
    mass, alpha_dark, ratio = (np.array(column) for column in zip(*POINTS, strict=True))
    estimate = jax.vmap(lambda m, a, r: _yield(path, m[None], a, r))(mass, alpha_dark, ratio)
    value, error = (np.asarray(a).ravel() for a in estimate)
    grid = np.concatenate(
        [
            left + (right - left) * (1 - np.geomspace(1, 1e-9, 40001))
            for left, right in zip(np.asarray(path.edges)[:-1], np.asarray(path.edges)[1:], strict=True)
        ]
    )
    flux = pl.evaluate(path, grid)[0]

    for k, (m, a, r) in enumerate(POINTS):
        centre = m**2 / (2 * ELECTRON) - ELECTRON
        chi = r * m
        width = a * m / 3 * (1 + 2 * r**2) * np.sqrt(max(1 - 4 * r**2, 0.0))
        half = max(m * width, 1e-12) / (2 * ELECTRON)
        threshold = 2 * chi**2 / ELECTRON - ELECTRON
        low, high = max(grid[0], threshold), float(path.edges[-1])
        if low >= high:
            assert value[k] == 0.0
            continue
        ends = {low, high, *(e for e in np.asarray(path.edges) if low < e < high)}
        ends |= {
            centre + s * half * d
            for s in (-1, 1)
            for d in (0, 1, 5, 30, 300, 1e4)
            if low < centre + s * half * d < high
        }
        ends = sorted(ends)
        exact = 0.0
        for left, right in itertools.pairwise(ends):
            # u = asinh in the resonance; towards the right end a power map for the logarithmic end, to the left for the root
            z, weight = np.polynomial.legendre.leggauss(400)
            z = (z + 1) / 2
            step = z**4 * (35 - 84 * z + 70 * z**2 - 20 * z**3)
            slope = 140 * z**3 * (1 - z) ** 3
            u_left, u_right = np.arcsinh((left - centre) / half), np.arcsinh((right - centre) / half)
            u = u_left + (u_right - u_left) * step
            energy = np.clip(centre + half * np.sinh(u), left, right)
            sigma = np.array([_sigma_by_hand(e, m, a, r) for e in energy])
            values = np.interp(energy, grid, flux) * sigma * half * np.cosh(u) * (u_right - u_left) * slope
            exact += 0.5 * weight @ values
        # 3e-6: the comparison itself (linear interpolation of the path length, 400 nodes a panel)
        assert abs(value[k] - exact) <= error[k] + 3e-6 * exact, POINTS[k]
        assert error[k] < 2e-3 * exact, POINTS[k]


def test_narrow_resonance_gives_the_narrow_width_formula(head_on):
    """Breit-Wigner at alpha_dark = 1e-4 against k F(E_R), to a per mille; at 1e-7 to 1e-5."""
    _, _, path = head_on
    mass = np.array([0.066, 0.068, 0.070, 0.080])
    strength = np.asarray(annihilation.narrow_width_strength(mass, 1.0, 1.0, ELECTRON))
    narrow = strength * pl.evaluate(path, mass**2 / (2 * ELECTRON) - ELECTRON)[0]
    np.testing.assert_allclose(_yield(path, mass, 1e-4, 1 / 3).value, narrow, rtol=1e-3)
    np.testing.assert_allclose(_yield(path, mass, 1e-8, 1 / 3).value, narrow, rtol=1e-5)


def test_narrow_yield_numbers(head_on):
    _, _, path = head_on
    reference = REFERENCE["narrow_yield"]
    mass = np.array([entry["mass"] for entry in reference["values"]])
    strength = np.asarray(annihilation.narrow_width_strength(mass, 1.0, 1.0, ELECTRON))
    number = (
        CSI.electron_density
        * (1.973269804e-14) ** 2
        * strength
        * pl.evaluate(path, mass**2 / (2 * ELECTRON) - ELECTRON)[0]
    )
    # 66.7 MeV lies 0.03 MeV above the jump at 66.67 MeV, where the number falls by 2% per 0.01 MeV; two or three digits else
    np.testing.assert_allclose(number, [entry["number"] for entry in reference["values"]], rtol=7e-3)


@pytest.mark.parametrize("alpha_dark", ["0.5", "0.1"])
def test_annihilation_yield_numbers(head_on, alpha_dark):
    _, _, path = head_on
    reference = REFERENCE["annihilation_yield"]
    mass = np.array([entry["mass"] for entry in reference["values"]])
    estimate = _yield(path, mass, float(alpha_dark), 1 / 3)
    number = CSI.electron_density * (1.973269804e-14) ** 2 * np.asarray(estimate.value)
    np.testing.assert_allclose(
        number, [entry[alpha_dark] for entry in reference["values"]], rtol=reference["tolerance"]
    )


def test_nothing_is_made_beyond_the_largest_invariant_mass(head_on):
    flux, _, path = head_on
    largest = np.sqrt(2 * ELECTRON * (float(flux.edges[-1]) + ELECTRON))
    assert largest * 1.5 == pytest.approx(0.12337, abs=2e-5)
    mass = 1.5 * largest * np.array([0.999, 1.0 + 1e-9, 1.001, 2.0])
    estimate = _yield(path, mass, 0.5, 1 / 3)
    assert float(estimate.value[0]) > 0
    np.testing.assert_array_equal(estimate.value[1:], 0.0)
    np.testing.assert_array_equal(estimate.error[1:], 0.0)


@pytest.mark.parametrize("kind", ["majorana", "scalar"])
def test_light_dark_matter_counts_degrees_of_freedom(head_on, kind):
    """Far below the resonance the width is forgotten: 1/2 and 1/4 of Dirac for massless dark matter."""
    _, _, path = head_on
    mass = np.array([0.001, 0.005, 0.01, 0.02])
    dirac = np.asarray(_yield(path, mass, 1e-3, 1e-9).value)
    other = np.asarray(_yield(path, mass, 1e-3, 1e-9, kind=kind).value)
    np.testing.assert_allclose(other / dirac, 0.5 if kind == "majorana" else 0.25, rtol=1e-6)  # m Gamma against s - m^2


def test_many_points_equal_each_alone(head_on):
    _, _, path = head_on
    mass = np.array([0.066, 0.068, 0.070, 0.080])
    together = _yield(path, mass, 0.1, 1 / 3)
    for k, m in enumerate(mass):
        alone = _yield(path, np.full(4, m), 0.1, 1 / 3)
        assert float(alone.value[0]) == pytest.approx(float(together.value[k]), rel=1e-13)


@pytest.mark.slow  # compiles for long
def test_gradient_by_mass_is_that_of_differences(head_on):
    _, _, path = head_on
    slope = jax.jit(jax.grad(lambda m: jnp.sum(_yield(path, m, 0.5, 1 / 3).value)))
    mass, step = np.array([0.05, 0.068, 0.075, 0.09]), 1e-6
    ours = np.asarray(slope(mass))
    value = [np.asarray(_yield(path, mass + s * step, 0.5, 1 / 3).value) for s in (1, -1)]
    assert np.all(np.isfinite(ours))
    np.testing.assert_allclose(ours, (value[0] - value[1]) / (2 * step), rtol=1e-3)  # slopes of cubic tables


@partial(jax.jit, static_argnames="approximation")
def _emission(energy, number, track, mass, *, approximation):
    def sigma(missing, lepton):
        arguments = {"lepton_mass": ELECTRON, "approximation": approximation}
        parts = [
            brems.sigma_above(missing, lepton, mass[:, None, None], nucleus=nucleus, **arguments) * count
            for nucleus, count in CSI.nuclei
        ]
        return sum(parts)

    smallest = ELECTRON / energy[-1]
    return thick_target.emission_yield(energy, number, track, sigma, CSI.radiation_length_cm, 0.95, smallest, 12)


def _thin_track():
    return pl.track_tables((1.0, 1.0), float(np.log(1 / 0.95)), method="tsai_whitis")[0]


@pytest.mark.parametrize("approximation", ["iww", "ww"])
def test_emission_yield_numbers(head_on, approximation):
    flux, _, _ = head_on
    reference = REFERENCE["emission_yield"]
    track = _thin_track()
    energy, number = flux.nodes(10)
    value = _emission(energy, number, track, np.array(reference["masses"]), approximation=approximation)
    events = CSI.unit_density * (1.973269804e-14) ** 2 * np.asarray(value)
    np.testing.assert_allclose(events[:-1], reference[approximation][:-1], rtol=reference["tolerance"][approximation])
    assert events[-1] == pytest.approx(reference[approximation][-1], rel=0.03)  # two digits


def test_emission_of_a_constant_cross_section_is_the_cumulative_track(head_on):
    """sigma = 1 GeV^-2 above the cut: the number times X0 C(x0, T)."""
    flux, _, _ = head_on
    from portico.transport.electromagnetic_cascade import cumulative_track

    track = _thin_track()
    energy, number = flux.nodes(10)
    emit = jax.jit(
        lambda: thick_target.emission_yield(
            energy, number, track, lambda missing, _: jnp.ones_like(missing), 1.86, 0.95, 1e-8, 16
        )
    )
    expected = 1.86 * float(jnp.sum(number)) * float(cumulative_track(0.95, 1.0, method="tsai_whitis").value)
    assert float(emit()) == pytest.approx(expected, rel=2e-6)  # 32 nodes; the cut of 1e-8 at the end of the loss
