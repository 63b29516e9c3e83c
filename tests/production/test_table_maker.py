import jax
import numpy as np
import pytest

from portico import InvalidInput, OutOfValidity, UnknownName, particles
from portico.matter.materials import element
from portico.production import exact_bremsstrahlung, exact_table, nuclear_bremsstrahlung, table_files, table_maker

TINY = (12, 6, 8)
MUON = particles.mass("mu-")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small table for muons on lead, and how many points were told."""
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTICO_CACHE", str(tmp_path_factory.mktemp("cache")))
        table = table_maker.make(["Pb"], (50.0, 200.0), lepton="mu+", points=TINY, on_points=told.append)
        loaded = exact_table.load(("Pb",), "elastic", 60.0, 150.0, lepton="mu-")
    return table, loaded, told


def test_table_that_was_made_says_what_it_is(made):
    table, loaded, told = made
    assert (table.elements, table.lepton, table.energy, table.points) == (("Pb",), "mu-", (50.0, 200.0), TINY)
    assert table.path.name == "vector_mu-_Pb_elastic_50-200GeV.npz"
    assert sum(told) == table_maker.size(table_maker.question(["Pb"], (50.0, 200.0), points=TINY)) == 576 + 1500
    assert loaded.values.shape == (1, *TINY)
    assert table.provenance["orders"] == [list(o) for o in exact_bremsstrahlung.ORDERS]


def test_error_of_a_small_table_is_not_understated(made):
    _, table, _ = made
    random = np.random.default_rng(7)
    energy = np.exp(random.uniform(np.log(50), np.log(200), 256))
    mass = np.exp(random.uniform(np.log(1e-4), np.log(0.5), 256)) * energy
    smallest = MUON / energy
    missing = smallest * (0.6 * (1 - mass / energy) / smallest) ** random.uniform(0.05, 1, 256)
    exact = exact_bremsstrahlung.dsigma_dx(missing, energy, mass, lepton_mass=MUON, nucleus=element("Pb"))

    def one(q, e, m):
        return nuclear_bremsstrahlung.dsigma_dx(
            q[None, None], e, m, lepton_mass=MUON, nucleus=element("Pb"), approximation="exact", table=exact_table.at_mass(table, m)
        )[0, 0]  # fmt: skip

    off = np.abs(np.asarray(jax.jit(jax.vmap(one))(missing, energy, mass)) / exact.value - 1)
    assert off.max() < table.error
    assert table.error < 0.5
    assert np.median(off) > 1e-5  # it is interpolated


def test_shipped_table_is_what_this_code_makes():
    grid = table_maker.question(("I", "Cs"), (2.0, 12.0))
    assert grid.points == (84, 14, 24)
    shipped = exact_table.load(("I", "Cs"), "elastic_inelastic", 2.0, 12.0)
    np.testing.assert_allclose(shipped.log_ratio, grid.log_ratio, rtol=1e-14)
    np.testing.assert_allclose(shipped.log_energy, grid.log_energy, rtol=1e-14)
    chosen = np.random.default_rng(3).integers(0, np.prod(grid.points), 60)
    at = [part[chosen] for part in table_maker._points(grid)]
    logs, _ = table_maker._log_ratio(grid, ("elastic_inelastic",), at, None)
    np.testing.assert_allclose(shipped.values.reshape(2, -1)[:, chosen], logs[0], rtol=1e-6, atol=1e-6)  # float32


def test_grid_follows_the_ranges():
    wide = table_maker.question(["Pb"], (50.0, 200.0), lepton="mu-")
    narrow = table_maker.question(["Pb"], (50.0, 200.0), lepton="mu-", mass=(1.0, 5.0))
    assert narrow.points[0] < wide.points[0] / 3
    assert (wide.mass, narrow.mass) == ((0.0, np.inf), (1.0, 5.0))
    missing, energy, mass = table_maker._points(narrow)
    assert mass.min() / energy[mass.argmin()] <= 1.0 / 200
    assert mass.max() / energy[mass.argmax()] >= 5.0 / 50
    assert np.all((missing * energy > MUON) & ((1 - missing) * energy > mass))
    # as light as the massless limit of the grid: all lighter masses are held
    assert table_maker.question(["Pb"], (50.0, 200.0), mass=(1e-6, 5.0)).mass == (0.0, 5.0)


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "text"),
    [
        ((["Pd"], (50, 200)), {}, UnknownName, "no element named 'Pd' in materials.toml. Did you mean 'Pb'?"),
        (([], (50, 200)), {}, InvalidInput, "no element is given"),
        ((["Pb", "Pb"], (50, 200)), {}, InvalidInput, "an element is given twice"),
        ((["Pb"], (200, 50)), {}, InvalidInput, "energies from 200 to 50 GeV are asked; expected two that rise, above 0"),
        ((["Pb"], (-1, 50)), {}, InvalidInput, "expected two that rise, above 0"),
        ((["Pb"], (50, float("nan"))), {}, InvalidInput, "expected two that rise"),
        ((["Pb"], (50, 1e6)), {}, OutOfValidity, "expected between 0.0128 GeV, 25 times the lepton's mass, and 10000 GeV"),
        ((["Pb"], (2, 200)), {"lepton": "mu-"}, OutOfValidity, "expected between 2.64 GeV"),
        ((["Pb"], (50, 200)), {"lepton": "tau-"}, UnknownName, "no lepton named 'tau-'"),
        ((["Pb"], (50, 200)), {"form_factor": "elastc"}, UnknownName, "no form factor named 'elastc'. Did you mean 'elastic'?"),
        ((["Pb"], (50, 200)), {"kind": "tensor"}, UnknownName, "no kind of emitted particle named 'tensor'"),
        ((["Pb"], (50, 200)), {"mass": (1, 200)}, OutOfValidity, "a lepton of 200 GeV emits none of 200 GeV or more"),
        ((["Pb"], (50, 200)), {"mass": (2, 1)}, InvalidInput, "masses from 2 to 1 GeV are asked"),
        ((["Pb"], (50, 200)), {"points": (12, 6, 2)}, InvalidInput, "12x6x2 points are asked; expected three numbers of at least 5"),
        ((["Pb"], (50, 200)), {"points": (1000, 1000, 1000)}, InvalidInput, "with a product of at most 1,000,000"),
    ],
)  # fmt: skip
def test_wrong_question_is_refused(arguments, options, kind, text, monkeypatch, tmp_path):
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path))
    with pytest.raises(kind) as error:
        table_maker.make(*arguments, **options)
    assert text in str(error.value)
    assert table_files.tables()[1] == []
