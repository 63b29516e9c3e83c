"""Semi-visible mediators in the missing-energy search: survival against integrals by hand, laws, and what is refused."""

from functools import cache

import numpy as np
import pytest

import portico
from portico.cascades import generator, survival
from portico.detection import dump_veto
from portico.limits.recast import recast, recasts
from portico.models import DarkPhoton, DiracInelastic, Inelastic
from portico.signatures import _missing_energy_veto as veto
from portico.signatures import missing_energy

pytestmark = pytest.mark.slow  # many kernels to compile

NAME = "na64e_semi_visible_2021"
PATH = 650.0 + 45.0 - 2 * 45.0 / 40  # cm, from where mediators are made to the end of the hadron calorimeter
EPSILON = np.geomspace(1e-5, 1e-1, 25)


@cache
def _search(name=NAME, **options):
    return portico.search(name, **{"channels": "bremsstrahlung", **options})


def _inelastic(**more):
    return Inelastic(**{"alpha_dark": 0.1, "splitting": 0.4, "dark_matter_mass_ratio": 0.33, **more})


# --- by hand -------------------------------------------------------------------------------------------------------


def _strict_by_hand(mass, epsilon, chain, spectrum):
    """<exp(-L m_2 / (p_z c tau))>: psi_2 isotropic in the frame of the mediator, one decay, mediators along the beam."""
    light, heavy = chain.masses
    energy = (mass**2 + heavy**2 - light**2) / (2 * mass)
    momentum = np.sqrt(energy**2 - heavy**2)
    cosine, weight = np.polynomial.legendre.leggauss(40)
    mediator = spectrum.quantile((np.arange(4000) + 0.5) / 4000)[:, None]
    along = mediator / mass * momentum * cosine + np.sqrt(mediator**2 - mass**2) / mass * energy
    length = np.maximum(along, 1e-12) / heavy * chain.ctau_unit_cm[1]
    return np.array([np.mean(np.exp(-PATH * e**2 / length) @ weight / 2) for e in epsilon])


@pytest.mark.parametrize("mass", [0.05, 0.3])
def test_strict_survival_against_an_integral_by_hand(mass):
    model = _inelastic(mass=mass)
    found = missing_energy.survival(_search(precision="0.01"), model).probability(EPSILON)
    spectrum = missing_energy.mediator_spectrum(_search(), mass, 0.0)["bremsstrahlung"]
    chain = model.with_parameters(epsilon=1.0).chain()
    exact = _strict_by_hand(mass, EPSILON, chain, spectrum)
    assert exact[0] > 0.99
    assert exact[-1] < 0.3
    # 1e-3: bins of the couplings; few events pass where nearly all are stopped, and their error is then known badly
    np.testing.assert_array_less(np.abs(found.value - exact), 4 * found.error + 1e-3)


def test_survival_is_the_share_of_events_that_pass_one_by_one():
    search = _search(semi_visible_veto="invisible", events="20000.0")
    model, state = _inelastic(mass=0.3), search.prepared()
    chain = model.with_parameters(epsilon=1.0).chain()
    spectrum = missing_energy.mediator_spectrum(search, 0.3, 0.0)["bremsstrahlung"]
    found = missing_energy.survival(search, model)
    count = int(found.number[0])
    momenta = veto.mediators(spectrum, 0.3, 0, count, 1)
    sample = generator.generate(chain, momenta, 1, modes=[0])
    dump = veto.dump_of(state.geometry, state.beam_energy)
    happens = sample.decay >= 0
    for epsilon in (3e-4, 3e-3, 3e-2):
        depth = np.where(happens, sample.vertex[..., 2] / epsilon**2, np.inf).reshape(count, -1)
        pair = np.where(happens, sample.minus[..., 0] + sample.plus[..., 0], 0.0).reshape(count, -1)
        one_by_one = np.mean(np.asarray(dump_veto.passes(depth, pair, momenta[:, 0], dump, mode="invisible")))
        # couplings are counted in bins of 0.6%
        assert float(found.probability(epsilon).value) == pytest.approx(one_by_one, abs=0.01)


# --- laws and limits -----------------------------------------------------------------------------------------------


def test_energies_decide_less_strictly_and_long_lived_cascades_pass():
    model = _inelastic(mass=0.3)
    strict, loose = (
        missing_energy.survival(_search(semi_visible_veto=mode), model).probability(EPSILON)
        for mode in dump_veto.MODES[::-1]
    )
    assert np.all(strict.value <= loose.value + 4 * (strict.error + loose.error))
    assert strict.value[0] > 0.99
    assert strict.value[-1] < 1e-3
    assert loose.value[-1] > 0.1  # prompt: what psi_1 carries off is missing


def test_the_file_decides_unless_the_option_does():
    assert veto.veto_of(_search()) == "strict"
    assert veto.veto_of(_search("na64e_invisible_2019")) == "invisible"
    assert veto.veto_of(_search("na64e_invisible_2019", semi_visible_veto="strict")) == "strict"


def test_without_decays_on_the_way_it_is_an_invisible_mediator():
    epsilon = 1e-8
    cascade = portico.signal(_search(), _inelastic(mass=0.3, epsilon=epsilon))
    invisible = portico.signal(_search(), DarkPhoton(mass=0.3, epsilon=epsilon, alpha_dark=0.1))
    assert cascade.expected == pytest.approx(invisible.expected, rel=1e-3)  # survival within a bin of 1


def test_annihilation_has_the_width_and_the_threshold_of_the_model():
    search = _search(channels="annihilation")
    narrow = {"alpha_dark": 1e-5, "epsilon": 1e-8}
    cascade = portico.signal(search, _inelastic(mass=0.25, **narrow)).expected
    invisible = portico.signal(search, DarkPhoton(mass=0.25, **narrow)).expected
    assert cascade == pytest.approx(invisible, rel=5e-3)  # on the resonance only the branching ratio matters
    closed = portico.signal(search, _inelastic(mass=0.41, **narrow)).expected  # m_1 + m_2 = 0.792 m > 0.3197 GeV
    assert closed == 0


def test_factors_multiply_to_the_channel_and_hold_the_survival():
    signal = portico.signal(_search(), _inelastic(mass=0.3, epsilon=np.array([1e-4, 3e-3])))
    rows = {factor.name: factor.value for factor in signal.factors}
    np.testing.assert_allclose(np.prod(np.broadcast_arrays(*rows.values()), axis=0), signal.expected, rtol=1e-12)
    passed = next(value for name, value in rows.items() if "no decay is seen (semi_visible_veto=strict)" in name)
    assert 0 < passed[1] < passed[0] < 1


def test_several_origins_are_weighed_by_their_events():
    ones = survival.nothing_decays([1.0])
    none = ones._replace(number=np.array([1000]), passed=0 * ones.passed)
    value, _ = veto.mixed([(3.0, ones), (1.0, none)]).probability(1e-3)
    assert float(value) == pytest.approx(0.75)


def test_mediators_cover_the_spectrum_from_any_number_on():
    spectrum = missing_energy.mediator_spectrum(_search(), 0.3, 0.0)["bremsstrahlung"]
    for first in (0, 12345):
        momenta = veto.mediators(spectrum, 0.3, first, 1000, 1)
        assert np.median(momenta[:, 0]) == pytest.approx(float(spectrum.quantile(np.array(0.5))), rel=3e-3)
        np.testing.assert_allclose(momenta[:, 0] ** 2 - momenta[:, 3] ** 2, 0.09, rtol=1e-6)


def test_same_seed_gives_the_same_events_again():
    first, again = (
        portico.signal(portico.search(NAME, channels="bremsstrahlung", events="20000.0"), _inelastic(mass=0.3, epsilon=3e-3)).expected
        for _ in range(2)
    )  # fmt: skip
    assert first == again


# --- published -----------------------------------------------------------------------------------------------------


def test_inelastic_region_ends_where_published():
    """arXiv:2107.02021 excludes masses up to 0.39 GeV and epsilon up to 2e-2 for its benchmark."""
    search = portico.search(NAME, nuisances="none", events="100000.0")
    found = portico.reach(search, _inelastic(), scan={"mass": np.array([0.2, 0.37, 0.45])})
    assert list(found.status.values) == ["excluded", "excluded", "none"]
    assert found.high.values[0, 0] == pytest.approx(2e-2, rel=0.15)


@pytest.mark.slow
def test_longer_lived_dirac_fermions_are_excluded_over_a_larger_range():
    """c tau is longer by 1/(sin cos)^2 of the mixing angle."""
    search = portico.search(NAME, channels="bremsstrahlung", nuisances="none", events="100000.0")
    dirac = DiracInelastic(alpha_dark=0.1, splitting=0.4, dark_matter_mass_ratio=0.33, mixing_angle=0.1)
    one, other = (portico.limit(search, model.with_parameters(mass=0.3)) for model in (_inelastic(), dirac))
    upper = [limit.intervals[-1][1] or 1.0 for limit in (one, other)]
    assert upper[1] > 2 * upper[0]
    assert other.intervals[0][0] <= one.intervals[0][0] * 1.05


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (_inelastic(mass=0.3, epsilon=1e-3, alpha_dark=0.0), "needs alpha_dark above 0"),
        (_inelastic(mass=0.3, epsilon=1e-3, dark_matter_mass_ratio=0.45), "needs decays of the mediator to dark particles; at mass = 0.3 GeV"),
    ],
)  # fmt: skip
def test_model_that_does_not_fit_is_refused(model, text):
    with pytest.raises(portico.InvalidInput, match=text):
        portico.signal(_search(), model)


def test_a_gradient_of_events_is_refused():
    with pytest.raises(portico.InvalidInput, match="not differentiable"):
        portico.signal(_search(), _inelastic(mass=0.3, epsilon=1e-3), differentiable=True)


# --- published limits carried over -----------------------------------------------------------------------------------


def test_recast_of_a_published_limit_keeps_it_for_invisible_mediators_and_weakens_it_for_cascades():
    assert {"na64e_invisible_2019", "na64e_invisible_2023"} <= set(recasts())
    assert NAME not in recasts()  # of it only the extent of a region is published
    name, mass, precise = "na64e_invisible_2019", 0.3, {"channels": "bremsstrahlung", "semi_visible_veto": "strict"}
    invisible = recast(name, DarkPhoton(mass=mass, alpha_dark=0.1), **precise)
    assert invisible.intervals[0][0] == pytest.approx(1.52e-3, rel=1e-3)
    cascade = recast(name, _inelastic(mass=mass), **precise)
    low, high = cascade.intervals[0]
    assert low > invisible.intervals[0][0]
    # both edges solve epsilon^2 P = epsilon_inv^2
    passed = missing_energy.survival(_search(name, semi_visible_veto="strict"), _inelastic(mass=mass)).probability
    for edge in (low, high):
        assert edge**2 * float(passed(edge).value) == pytest.approx(1.52e-3**2, rel=0.02)
