"""The covariance of arms and contrasts: it is mrmc.compare in matrix form, and never less."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.stats.covariance import contrast_covariance, covariance
from qaugbench.stats.mrmc import compare, variance_components


def _arrays(
    *, arms: int = 4, replicates: int = 5, groups: int = 60, persistent: float = 1.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    lasting = random.normal(size=(1, 1, groups)) + persistent * random.normal(size=(arms, 1, groups))
    influence = (lasting + 0.4 * random.normal(size=(arms, replicates, groups))) / groups
    return 0.8 + 0.01 * random.normal(size=(arms, replicates)), influence


def _pairwise(arms: int) -> np.ndarray:
    first, second = np.triu_indices(arms, 1)
    return np.eye(arms)[first] - np.eye(arms)[second]


@pytest.mark.parametrize("replicates", [1, 2, 10])
@pytest.mark.parametrize("persistent", [0.0, 1.0])
def test_every_contrast_has_the_scalar_engines_estimate_se_and_df(replicates: int, persistent: float) -> None:
    theta, influence = _arrays(replicates=replicates, persistent=persistent)
    retention = np.array([[1.0, -0.5, -0.5, 0.0], [0.0, 0.0, 1.0, 0.0]])
    contrasts = np.vstack([_pairwise(4), retention])
    n_eff = np.arange(20, 20 + len(contrasts))
    joint = contrast_covariance(theta, influence, contrasts, n_eff)
    for m, contrast in enumerate(contrasts):
        found = compare(theta, influence, contrast, int(n_eff[m]))
        ours = (joint.estimate[m], joint.se[m], joint.df[m])
        assert ours == pytest.approx((found.estimate, found.se, found.df), rel=1e-12)


@pytest.mark.parametrize("apart", [1e-2, 1e-5, 1e-8])
def test_nearly_identical_arms_keep_their_digits(apart: float) -> None:
    theta, influence = _arrays(arms=2)
    theta[1] = theta[0] + apart * (theta[1] - theta[0])
    influence[1] = influence[0] + apart * (influence[1] - influence[0])
    contrast = np.array([[1.0, -1.0]])
    found = compare(theta, influence, contrast[0], 60)
    joint = contrast_covariance(theta, influence, contrast, 60)
    assert (joint.se[0], joint.df[0]) == pytest.approx((found.se, found.df), rel=1e-12)


def test_identical_arms_have_no_error_and_are_kept() -> None:
    theta, influence = _arrays(arms=2)
    theta, influence = theta[[0, 1, 0]], influence[[0, 1, 0]]
    joint = contrast_covariance(theta, influence, _pairwise(3), 60)
    assert joint.se[1] == joint.estimate[1] == 0.0
    assert math.isinf(joint.df[1])
    assert not joint.covariance[1].any()


def test_total_is_the_scalar_variance_where_nothing_is_clipped() -> None:
    theta, influence = _arrays()
    found = covariance(theta, influence)
    assert np.linalg.eigvalsh(found.patients).min() > 0
    for contrast in _pairwise(4):
        assert contrast @ found.total @ contrast == pytest.approx(compare(theta, influence, contrast, 60).se ** 2)


def test_clipping_only_ever_adds_and_leaves_no_negative_eigenvalue() -> None:
    clipped = 0
    for seed in range(20):
        theta, influence = _arrays(persistent=0.0, replicates=2, seed=seed)
        found = covariance(theta, influence)
        assert np.linalg.eigvalsh(found.total).min() > -1e-15
        joint = contrast_covariance(theta, influence, _pairwise(4), 60)
        np.testing.assert_allclose(np.diag(joint.covariance), joint.se**2, rtol=1e-12)
        for contrast in _pairwise(4):
            difference = np.tensordot(contrast, influence, 1)
            parts = variance_components(contrast @ theta, difference)
            patients = contrast @ found.patients @ contrast
            assert patients >= parts.patients - 1e-15
            clipped += patients > parts.patients + 1e-9
    assert clipped > 0


def test_correlations_are_those_of_the_arms_covariance() -> None:
    theta, influence = _arrays()
    contrasts = _pairwise(4)
    expected = contrasts @ covariance(theta, influence).total @ contrasts.T
    joint = contrast_covariance(theta, influence, contrasts, 60)
    np.testing.assert_allclose(joint.covariance, expected, rtol=1e-9)
    np.testing.assert_allclose(np.diag(joint.covariance), joint.se**2, rtol=1e-12)


def test_one_replicate_is_the_covariance_of_patients() -> None:
    theta, influence = _arrays(replicates=1)
    found = covariance(theta, influence)
    np.testing.assert_allclose(found.total, 60 * np.cov(influence[:, 0]), rtol=1e-12)
    assert not found.replicates.any()


def test_covariance_recovers_what_was_planted() -> None:
    # Averaged over many data sets, Sigma is the true covariance of the arms' means: replicates over R plus patients.
    random = np.random.default_rng(5)
    of_replicates, of_patients = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[1.0, 0.6], [0.6, 2.0]])
    total = np.zeros((2, 2))
    for _ in range(400):
        theta = random.multivariate_normal(np.zeros(2), of_replicates, size=4).T
        lasting = random.multivariate_normal(np.zeros(2), of_patients, size=50).T / math.sqrt(50)
        influence = lasting[:, None] + 0.3 * random.normal(size=(2, 4, 50)) / math.sqrt(50)
        total += covariance(theta, influence).total / 400
    np.testing.assert_allclose(total, of_replicates / 4 + of_patients, atol=0.15)


@pytest.mark.parametrize(
    ("theta", "influence", "contrasts", "n_eff", "message"),
    [
        (np.zeros((2, 3)), np.zeros((2, 4, 9)), [[1, -1]], 9, "given"),
        (np.zeros((2, 3)), np.zeros((2, 3, 1)), [[1, -1]], 9, "at least two patients"),
        (np.zeros((2, 3)), np.zeros((2, 3, 9)), [1, -1], 9, "Contrasts must be"),
        (np.zeros((2, 3)), np.zeros((2, 3, 9)), [[1, -1], [0, 0]], 9, "contrasts without: 1"),
        (np.zeros((2, 3)), np.zeros((2, 3, 9)), [[1, -1]], 1, "rarer side"),
        (np.zeros((2, 3)), np.zeros((2, 3, 9)), [[1, -1]], [9, 9], "n_eff must be"),
        (np.full((2, 3), np.nan), np.zeros((2, 3, 9)), [[1, -1]], 9, "Values are NaN"),
        (np.zeros((2, 3)), np.full((2, 3, 9), np.nan), [[1, -1]], 9, "Influence is NaN or infinite in arms 0, 1"),
    ],
)
def test_refuses(
    theta: np.ndarray, influence: np.ndarray, contrasts: list[list[int]], n_eff: object, message: str
) -> None:
    with pytest.raises(StatisticsError, match=message):
        contrast_covariance(theta, influence, np.array(contrasts), n_eff)
