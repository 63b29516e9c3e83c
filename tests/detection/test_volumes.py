"""Where rays are inside a cylinder."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portico.detection.volumes import Volume, scales_inside

BARREL = Volume(0.0, 300.0, -250.0, 300.0)
coordinate = st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3)


def _inside(point, volume):
    rho = np.hypot(point[0], point[1])
    return volume.inner_radius <= rho < volume.radius and volume.backward < point[2] < volume.forward


def test_rays_leave_at_the_side_or_at_the_ends():
    points = np.array([[3.0, 4.0, 0.0], [0.0, 1.0, 2.0], [0.0, 1.0, -2.0], [0.0, 0.0, 1.0]])
    enter, leave = scales_inside(points, BARREL)
    np.testing.assert_allclose(leave, [60.0, 150.0, 125.0, 300.0])
    np.testing.assert_array_equal(enter, 0.0)


def test_a_hollow_cylinder_is_entered_later_and_never_along_its_axis():
    points = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 20.0]])
    enter, leave = scales_inside(points, BARREL._replace(inner_radius=30.0))
    assert enter[0] == 6.0
    assert np.isinf(enter[1])  # along the axis
    assert enter[2] > leave[2]  # leaves through the end before it reaches the inner radius


def test_the_production_point_itself_is_inside():
    enter, leave = scales_inside(np.zeros((1, 3)), BARREL)
    assert enter[0] == 0
    assert np.isinf(leave[0])


@given(coordinate, coordinate, coordinate, st.floats(0.01, 100), st.sampled_from([0.0, 25.0]))
def test_a_scaled_point_is_inside_exactly_within_the_scales(x, y, z, t, inner):
    volume = BARREL._replace(inner_radius=inner)
    point = np.array([x, y, z])
    enter, leave = (float(part) for part in scales_inside(point, volume))
    if min(abs(t / enter - 1) if enter > 0 else 1, abs(t / leave - 1)) > 1e-9:
        assert (enter <= t < leave) == _inside(t * point, volume)
