import jax
import numpy as np
import pytest
from scipy.integrate import quad

from portico.matter import form_factors as ff

LEAD = ff.Nucleus(82.0, 207.2)
_elastic, _inelastic = jax.jit(ff.elastic), jax.jit(ff.inelastic)
_printed = jax.jit(ff.inelastic_squared)
_flux = jax.jit(ff.effective_photon_flux, static_argnames=("name", "order"))
T = np.array([1e-12, 1e-9, 1e-6, 1e-3, 1e-2, 1.0])


def test_elastic_form_factor_by_hand():
    a2, d = (111 * 82 ** (-1 / 3) / 0.51099895e-3) ** 2, 0.164 * 207.2 ** (-2 / 3)
    expected = 82**2 * (a2 * T / (1 + a2 * T)) ** 2 / (1 + T / d) ** 2
    np.testing.assert_allclose(_elastic(T, LEAD), expected, rtol=1e-8)  # digits of the electron mass


def test_elastic_form_factor_counts_the_charge_between_atom_and_nucleus():
    # 1/a^2 = 4e-10 GeV^2 << t << d = 4.7e-3 GeV^2
    assert float(_elastic(np.full(6, 1e-6), LEAD)[0]) == pytest.approx(82**2, rel=2e-3)
    # atoms are neutral from afar: G ~ t^2
    far = np.asarray(_elastic(np.array([1e-16, 2e-16, 0, 0, 0, 0]), LEAD))
    assert far[1] / far[0] == pytest.approx(4, rel=1e-5)
    assert far[2] == 0.0


def test_inelastic_form_factor_by_hand():
    a2, proton = (773 * 82 ** (-2 / 3) / 0.51099895e-3) ** 2, 0.93827208816
    expected = (
        82 * (a2 * T / (1 + a2 * T)) ** 2 * (1 + T / (4 * proton**2) * (2.79284734463**2 - 1)) / (1 + T / 0.71) ** 4
    )
    np.testing.assert_allclose(_inelastic(T, LEAD), expected, rtol=1e-7)
    assert float(_inelastic(np.full(6, 1e-5), LEAD)[0]) == pytest.approx(82, rel=1e-2)  # one by one


def test_printed_form_squares_the_last_fraction():
    right, printed = np.asarray(_inelastic(T, LEAD)), np.asarray(_printed(T, LEAD))
    np.testing.assert_allclose(printed[:3], right[:3], rtol=1e-4)  # (1 + 1.9 t)(1 - 5.6 t) at t = 1e-6 and below
    last = (1 + 1 / (4 * 0.93827208816**2) * (2.79284734463**2 - 1)) / (1 + 1 / 0.71) ** 4
    assert printed[-1] / right[-1] == pytest.approx(last, rel=1e-8)  # digits of the proton mass
    assert last == pytest.approx(0.1, abs=0.02)  # what the docstring says


def test_forms_by_name():
    np.testing.assert_array_equal(ff.form_factor(T, LEAD, "elastic"), ff.elastic(T, LEAD))
    np.testing.assert_allclose(
        ff.form_factor(T, LEAD, "elastic_inelastic"),
        np.asarray(_elastic(T, LEAD)) + np.asarray(_inelastic(T, LEAD)),
        rtol=1e-12,
    )


@pytest.mark.parametrize("name", ff.FORM_FACTORS)
def test_photon_flux_equals_an_adaptive_integral(name):
    low, high = np.array([1e-16, 1e-12, 1e-8, 1e-4]), np.array([1e-6, 1e-2, 1.0, 1.0])

    def exact(t_min, t_max):
        total = _form_numpy(LEAD, name)
        return quad(
            lambda u: (1 - t_min / np.exp(u)) * total(np.exp(u)), np.log(t_min), np.log(t_max), epsrel=1e-11, limit=300
        )[0]

    np.testing.assert_allclose(
        _flux(low, high, LEAD, name=name), [exact(*pair) for pair in zip(low, high, strict=True)], rtol=1e-6
    )  # 48 nodes


def _form_numpy(nucleus, name):
    z, a = float(nucleus.charge), float(nucleus.mass_number)
    electron, proton = 0.51099895e-3, 0.93827208816

    def form(t):
        s = (111 * z ** (-1 / 3) / electron) ** 2 * t
        value = z**2 * (s / (1 + s)) ** 2 / (1 + t / (0.164 * a ** (-2 / 3))) ** 2
        if name != "elastic":
            s = (773 * z ** (-2 / 3) / electron) ** 2 * t
            last = (1 + t / (4 * proton**2) * (2.79284734463**2 - 1)) / (1 + t / 0.71) ** 4
            value += z * (s / (1 + s)) ** 2 * last ** (2 if name == "elastic_inelastic_squared" else 1)
        return value

    return form


def test_photon_flux_vanishes_where_there_is_no_room():
    np.testing.assert_array_equal(_flux(np.array([1.0, 2.0, 1.0, 5.0]), np.array([1.0, 1.0, 0.5, 1e-9]), LEAD), 0.0)


def test_photon_flux_of_an_unscreened_point_charge_is_a_logarithm():
    """phi = Z^2 [ln(t_max/t_min) - 1 + t_min/t_max] for 1/a^2 << t << d, which needs a light nucleus of no size."""
    point = ff.Nucleus(1.0, 1e-15)
    low, high = np.full(4, 1e-4), np.full(4, 1.0)
    # screening leaves 2/(a^2 t_min) = 4e-7
    assert float(_flux(low, high, point)[0]) == pytest.approx(np.log(1e4) - 1 + 1e-4, rel=1e-6)
