import jax
import jax.numpy as jnp
import numpy as np
import pytest

from portico.numerics import sampling


def test_a_sample_does_not_depend_on_its_chunks():
    whole = np.asarray(sampling.uniform(5, 10_000, 3))
    pieces = [
        np.asarray(sampling.uniform(5, stop - start, 3, start=start))
        for start, stop in ((0, 4096), (4096, 5000), (5000, 10_000))
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_a_sample_is_reproducible_and_depends_on_its_seed():
    first, again, other = (np.asarray(sampling.uniform(seed, 4096, 3)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.any(first == other)


def test_draws_are_uniform_and_independent():
    draws = np.asarray(sampling.uniform(3, 40_960, 3))
    assert draws.dtype == np.float64
    assert 0 <= draws.min() < 1e-3
    assert 1 - 1e-3 < draws.max() < 1
    # five standard errors of mean, second moment and correlation
    n = draws.shape[0]
    assert np.all(np.abs(draws.mean(axis=0) - 1 / 2) < 5 / np.sqrt(12 * n))
    assert np.all(np.abs((draws**2).mean(axis=0) - 1 / 3) < 5 * np.sqrt(4 / 45 / n))
    assert np.all(np.abs(np.corrcoef(draws.T) - np.eye(3)) < 5 / np.sqrt(n))
    assert np.unique(draws[:, 0]).size == n  # blocks do not repeat


def test_the_standard_error_of_an_integral_is_honest():
    """Pulls over many seeds have unit width: int x^2 y = 1/6."""
    estimate = jax.jit(
        lambda x: (jnp.mean(x[:, 0] ** 2 * x[:, 1]), jnp.std(x[:, 0] ** 2 * x[:, 1], ddof=1) / jnp.sqrt(x.shape[0]))
    )
    pulls = []
    for seed in range(100):
        value, error = estimate(sampling.uniform(seed, 2000, 2))
        pulls.append((float(value) - 1 / 6) / float(error))
    # 100 pulls: the width is known to 7%, the mean to 0.1; three of these
    assert 0.79 < np.std(pulls) < 1.21
    assert abs(np.mean(pulls)) < 0.3


def test_integrate_returns_mean_and_standard_error():
    result = sampling.integrate(lambda x: x[:, 0] ** 2 * x[:, 1], 7, 4000, 2)
    draws = np.asarray(sampling.uniform(7, 4000, 2))
    values = draws[:, 0] ** 2 * draws[:, 1]
    assert float(result.value) == pytest.approx(values.mean(), rel=1e-13)
    assert float(result.error) == pytest.approx(values.std(ddof=1) / np.sqrt(4000), rel=1e-12)
    assert abs(float(result.value) - 1 / 6) < 5 * float(result.error)
