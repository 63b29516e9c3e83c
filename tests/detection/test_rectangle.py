"""Solid angle of a rectangle: known solids, far away, and by quadrature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import dblquad

from portico.detection.rectangle import corner_solid_angle, side_window, solid_angle

length = st.floats(0.01, 50.0)


def test_a_face_of_a_cube_fills_a_sixth():
    assert solid_angle(2.0, 2.0, 1.0) == pytest.approx(4 * np.pi / 6, rel=1e-14)


# A/(L + 4.2 m)^2 as printed, exact to (w^2 + h^2)/(8 d^2) = 4e-4
@pytest.mark.parametrize(("distance", "omega"), [(24.2, 1.708e-3), (37.2, 7.23e-4)])
def test_last_layer_of_the_proposal(distance, omega):
    assert solid_angle(1.0, 1.0, distance) == pytest.approx(omega, rel=1.2e-3)


def test_share_of_the_full_solid_angle():
    assert solid_angle(1.0, 1.0, 24.2) / (4 * np.pi) == pytest.approx(1.36e-4, rel=2e-3)


def test_against_quadrature_of_the_projected_area():
    def integrand(y, x):
        return 1.3 / (x * x + y * y + 1.3**2) ** 1.5

    expected = dblquad(integrand, -0.5, 0.5, -1.0, 1.0, epsrel=1e-10)[0]
    assert solid_angle(1.0, 2.0, 1.3) == pytest.approx(expected, rel=1e-9)
    assert 4 * corner_solid_angle(0.5, 1.0, 1.3) == pytest.approx(expected, rel=1e-9)


@given(length, length, length)
def test_it_is_less_than_its_area_over_the_distance_squared_and_than_a_half_space(width, height, distance):
    omega = solid_angle(width, height, distance)
    assert 0 < omega < min(2 * np.pi, width * height / distance**2 * (1 + 1e-12))
    assert omega == pytest.approx(solid_angle(height, width, distance), rel=1e-14)
    assert omega == pytest.approx(solid_angle(2 * height, 2 * width, 2 * distance), rel=1e-12)


def test_window_in_pseudorapidity_and_azimuth():
    # d cos(theta) = d eta / cosh^2(eta)
    eta, step = 0.4, 1e-4
    band = np.tanh(eta + step / 2) - np.tanh(eta - step / 2)
    assert side_window(band * 0.1, eta) == pytest.approx(step * 0.1, rel=1e-7)
