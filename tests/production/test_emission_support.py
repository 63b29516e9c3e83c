import numpy as np

from portico.production.emission_support import support


def test_support_ends_where_energy_is_spent():
    """At 1 GeV with a lepton of 0.1 GeV and a particle of 0.3 GeV: 0.1 < 1 - x < 0.7."""
    missing = np.array([0.05, 0.1, 0.11, 0.5, 0.69, 0.71, 0.9, 1.0])
    points = support(missing, 1.0, 0.3, 0.1)
    np.testing.assert_array_equal(points.allowed, [False, False, True, True, True, False, False, False])
    safe = points.safe()
    np.testing.assert_array_equal(safe[0][points.allowed], missing[points.allowed])
    assert all(np.all(np.isfinite(part)) for part in safe)
    np.testing.assert_array_equal(safe[0][~points.allowed], 0.5)
