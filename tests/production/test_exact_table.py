import jax
import numpy as np
import pytest

from portico import OutOfValidity, particles, registry
from portico.matter.materials import material
from portico.production import exact_bremsstrahlung, exact_table, nuclear_bremsstrahlung

ELECTRON = particles.mass("e-")


def _table(elements=("I", "Cs")):
    return exact_table.load(elements, "elastic", 2.0, 12.0)


@pytest.mark.parametrize("symbol", ["I", "Cs"])
def test_table_is_exact_at_random_points(symbol):
    random = np.random.default_rng(5)
    energy = np.exp(random.uniform(np.log(2), np.log(12), 400))
    mass = np.exp(random.uniform(np.log(1e-4), np.log(0.5), 400)) * energy
    smallest = ELECTRON / energy
    missing = smallest * (0.6 * (1 - mass / energy) / smallest) ** random.uniform(0.03, 1, 400)
    nucleus = dict(zip(material("CsI").elements, (nucleus for nucleus, _ in material("CsI").nuclei), strict=True))[
        symbol
    ]
    exact = exact_bremsstrahlung.dsigma_dx(missing, energy, mass, lepton_mass=ELECTRON, nucleus=nucleus)
    table = _table((symbol,))

    def one(q, e, m):  # the last axis but one is for the kinds of nuclei, here one
        return nuclear_bremsstrahlung.dsigma_dx(
            q[None, None],
            e,
            m,
            lepton_mass=ELECTRON,
            nucleus=nucleus,
            approximation="exact",
            table=exact_table.at_mass(table, m),
            order=64,
        )[0, 0]

    found = jax.jit(jax.vmap(one))(missing, energy, mass)
    off = np.abs(np.asarray(found) / exact.value - 1)
    # what the file says of itself: 1.2% at the worst of 3000 points, 0.5% for 99% of them
    assert off.max() < 0.012
    assert np.quantile(off, 0.98) < 0.006


def test_table_says_how_it_was_made():
    made = exact_table.provenance()
    assert made["script"] == "scripts/make_exact_bremsstrahlung.py"
    assert made["elements"] == ["I", "Cs"]
    assert 0 < made["largest_relative_error"] < 0.012
    known = registry.read_toml(exact_table.FILE.with_name("bremsstrahlung.toml"))["relative_uncertainty"]["table"][
        "value"
    ]
    assert (
        float(known.rstrip("%")) / 100 > made["largest_relative_error"] + made["integration_error"]
    )  # not understated


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            (("Pb",), "elastic", 3.0, 5.0),
            r"no table for nuclei Pb; it holds I, Cs with form factor elastic\. Use bremsstrahlung=ww",
        ),
        ((("I",), "elastic_inelastic", 3.0, 5.0), r"no table for form factor elastic_inelastic"),
        (
            (("I",), "elastic", 1.0, 5.0),
            r"energies from 1 to 5 GeV are asked; the table holds 2 to 12 GeV\. Use bremsstrahlung=ww",
        ),
        ((("I",), "elastic", 3.0, 50.0), r"energies from 3 to 50 GeV are asked; the table holds 2 to 12 GeV"),
    ],
)
def test_beyond_the_table_is_refused(arguments, text):
    with pytest.raises(OutOfValidity, match=text):
        exact_table.load(*arguments)
