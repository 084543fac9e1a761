"""Squared kernel distances (MMD^2) between two sets of features, unbiased, with block-jackknife errors: KID and CMMD's.

With a kernel k, n real features x and m synthetic ones y (Gretton et al. 2012, Lemma 6, equation 3):

    MMD^2_U = mean over i != j of k(x_i, x_j) + mean over i != j of k(y_i, y_j) - 2 mean over all i, j of k(x_i, y_j)

Its expectation is the distance of the distributions at any n, unlike FID's; where they are equal it is below 0 about half
of the time. Lower is better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.features import checked_sets, unit_rows

BLOCKS = 20
"""Blocks of each set, one of which the jackknife leaves out at a time."""
LEAST_UNITS = 10
"""Patients, or images that belong to none, that a set needs: an error from fewer is not worth printing."""
CMMD_SIGMA = 10.0
"""Bandwidth of the Gaussian kernel on features of length 1."""
CMMD_SCALE = 1000.0
"""CMMD is printed times this."""

Kernel = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class KernelDistance:
    """The ``value`` of MMD^2_U, its standard error, and the images on either side."""

    value: float
    se: float
    n_real: int
    n_synthetic: int


def kernel_distance(
    real: np.ndarray,
    synthetic: np.ndarray,
    rng: np.random.Generator,
    *,
    real_groups: np.ndarray | None = None,
    synthetic_groups: np.ndarray | None = None,
) -> KernelDistance:
    """Return the KID of ``synthetic`` [m, d] against ``real`` [n, d]: MMD^2_U with the kernel (x.y / d + 1)^3.

    All pairs are used, not random subsets (Binkowski et al. 2018 average the same statistic over subsets). The standard
    error is ``_jackknife_se``'s; ``rng`` deals images, or whole groups (patients) where they are given, to its blocks.
    Raises StatisticsError for features as in ``checked_sets`` and fewer than ten images (groups) in a set.

    >>> real = np.random.default_rng(0).normal(size=(100, 8))
    >>> found = kernel_distance(real, real + 1.0, np.random.default_rng(1))
    >>> found.value > 5 * found.se
    True
    """
    real, synthetic = checked_sets(real, synthetic, "KID", LEAST_UNITS)
    groups = (real_groups, synthetic_groups)
    return _distance(real, synthetic, _cubic_kernel(real.shape[1]), groups, rng, "KID")


def rbf_distance(
    real: np.ndarray,
    synthetic: np.ndarray,
    rng: np.random.Generator,
    *,
    real_groups: np.ndarray | None = None,
    synthetic_groups: np.ndarray | None = None,
) -> KernelDistance:
    """Return 1000 MMD^2_U with a Gaussian kernel of bandwidth 10 on features scaled to length 1, as CMMD.

    Jayasumana et al. 2024: k(x, y) = exp(-|x - y|^2 / (2 sigma^2)), sigma = 10, the result times 1000. Theirs is of CLIP
    features and keeps the pairs i = j, which adds a positive amount of order 1 / n; this one leaves them out. Arguments and
    errors as ``kernel_distance``; a row of zeros is refused too.
    """
    real, synthetic = checked_sets(real, synthetic, "CMMD", LEAST_UNITS)
    sets = unit_rows(real, "CMMD of the real images"), unit_rows(synthetic, "CMMD of the synthetic images")
    return _distance(*sets, _gaussian_kernel_of_unit_rows, (real_groups, synthetic_groups), rng, "CMMD")


def _cubic_kernel(width: int) -> Kernel:
    def kernel(products: np.ndarray) -> np.ndarray:
        base = products / width + 1.0
        return base * base * base

    return kernel


def _gaussian_kernel_of_unit_rows(products: np.ndarray) -> np.ndarray:
    """Return 1000 (k - 1): the constants cancel in MMD^2_U, and without them the small differences keep their digits."""
    return CMMD_SCALE * np.expm1((products - 1.0) / CMMD_SIGMA**2)


def _distance(
    real: np.ndarray,
    synthetic: np.ndarray,
    kernel: Kernel,
    groups: tuple[np.ndarray | None, np.ndarray | None],
    rng: np.random.Generator,
    metric: str,
) -> KernelDistance:
    x = _dealt(real, groups[0], rng, f"{metric} of the real images")
    y = _dealt(synthetic, groups[1], rng, f"{metric} of the synthetic images")
    within_x, within_y, between = _sums_within(x, kernel), _sums_within(y, kernel), _sums_between(x, y, kernel)
    sizes_x, sizes_y = np.array([len(block) for block in x]), np.array([len(block) for block in y])
    mean_x, mean_y = (
        _mean_within(sums.sum(), sizes.sum()) for sums, sizes in ((within_x, sizes_x), (within_y, sizes_y))
    )
    value = mean_x + mean_y - 2 * between.sum() / (sizes_x.sum() * sizes_y.sum())
    without_x = _without_each(within_x, between, sizes_x, sizes_y.sum()) + mean_y
    without_y = _without_each(within_y, between.T, sizes_y, sizes_x.sum()) + mean_x
    se = _jackknife_se(without_x, without_y)
    return KernelDistance(float(value), se, len(real), len(synthetic))


def _jackknife_se(without_x: np.ndarray, without_y: np.ndarray) -> float:
    """Return the two-sample block-jackknife standard error from the statistic without each block of x and of y.

    The sets are independent, so their parts of the variance add: for each, (B - 1) / B times the sum over its B blocks of
    (statistic without the block - mean of these)^2 (Arvesen 1969). Where the distributions are equal the first-order part of
    the statistic vanishes and the jackknife counts the second-order part twice: the error is then about sqrt(2) too large.
    """
    parts = [(len(one) - 1) / len(one) * np.square(one - one.mean()).sum() for one in (without_x, without_y)]
    return float(np.sqrt(sum(parts)))


def _without_each(within: np.ndarray, between: np.ndarray, sizes: np.ndarray, n_other: int) -> np.ndarray:
    """Return, for each block of one set, the terms of MMD^2_U that involve that set, without that block."""
    left = sizes.sum() - sizes
    sums = within.sum() - 2 * within.sum(axis=1) + np.diagonal(within)
    return _mean_within(sums, left) - 2 * (between.sum() - between.sum(axis=1)) / (left * n_other)


def _mean_within(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    return sums / (n * (n - 1))


def _sums_within(blocks: list[np.ndarray], kernel: Kernel) -> np.ndarray:
    """Return the sums [B, B] of the kernel over the pairs of two blocks; an image is not paired with itself."""
    sums = np.zeros((len(blocks), len(blocks)))
    for a, one in enumerate(blocks):
        for b in range(a + 1):
            values = kernel(one @ blocks[b].T)
            sums[a, b] = sums[b, a] = values.sum() - (np.trace(values) if a == b else 0.0)
    return sums


def _sums_between(x: list[np.ndarray], y: list[np.ndarray], kernel: Kernel) -> np.ndarray:
    return np.array([[kernel(one @ other.T).sum() for other in y] for one in x])


def _dealt(features: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator, what: str) -> list[np.ndarray]:
    """Return the rows in at most ``BLOCKS`` blocks of about one size; rows of one group are in one block."""
    groups = np.arange(len(features)) if groups is None else np.asarray(groups)
    if groups.shape != (len(features),):
        raise StatisticsError(f"{what} needs one group per image; given {groups.shape} for {len(features)} images.")
    _, code = np.unique(groups, return_inverse=True)
    n_groups = int(code.max()) + 1
    if n_groups < LEAST_UNITS:
        raise StatisticsError(f"{what} needs images of at least {LEAST_UNITS} patients; given {n_groups}.")
    n_blocks = min(BLOCKS, n_groups)
    block = (rng.permutation(n_groups) % n_blocks)[code]
    return [features[block == b] for b in range(n_blocks)]
