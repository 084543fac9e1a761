"""The Fréchet distance of two sets of features taken as Gaussian (FID), where images suffice, and its limit for many images.

FID = |mean difference|^2 + tr(S) + tr(T) - 2 tr((S T)^(1/2)) with the covariances S and T (Dowson & Landau 1982; Heusel et
al. 2017). Estimated from n images it is above 0 even between halves of one set, by a bias of order d^2 / n: at d = 2048 and
n = 500 by about half of the trace. It is therefore refused below ``LEAST_IMAGES``, unless the features are few. Lower is
better; compare it with the same number between two sets of real images of that size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack

from qaugbench.errors import StatisticsError
from qaugbench.metrics.features import checked_sets
from qaugbench.metrics.projection import principal_axes

LEAST_IMAGES = 5000
"""Images of each set from which FID is printed at any width."""
FEW_FEATURES = 64
"""Widths up to this need only ``IMAGES_PER_FEATURE`` images per feature."""
IMAGES_PER_FEATURE = 10
LEAST_FOR_LIMIT = 2000
"""Images of each set that the limit for many images needs."""
SIZES = 10
"""Numbers of images at which the limit's line is fitted."""


@dataclass(frozen=True)
class FrechetDistance:
    """The ``value`` of FID, 0 or more but for rounding, the images on either side, and the ``width`` of the features."""

    value: float
    n_real: int
    n_synthetic: int
    width: int


@dataclass(frozen=True)
class FrechetLimit:
    """FID at infinitely many images, ``value``, and the fitted line's ``slope`` over 1 / N, from ``n`` images of each set."""

    value: float
    slope: float
    n: int


def frechet_distance(real: np.ndarray, synthetic: np.ndarray) -> FrechetDistance:
    """Return the FID of ``synthetic`` [m, d] against ``real`` [n, d], sample covariances with the divisor n - 1.

    Raises StatisticsError for features as in ``checked_sets``, and unless each set has 5,000 images, or d <= 64 and 10 d.

    >>> real = np.random.default_rng(0).normal(size=(200, 2))
    >>> round(frechet_distance(real, real + [3.0, 4.0]).value, 6)
    25.0
    """
    real, synthetic = checked_sets(real, synthetic, "FID", least=2)
    n, width = min(len(real), len(synthetic)), real.shape[1]
    needed = images_needed(width)
    if n < needed:
        raise StatisticsError(
            f"FID of {width} features needs {needed} images of each set, as its bias exceeds most differences below that; "
            f"given {len(real)} real and {len(synthetic)} synthetic. Take KID, or FID along fewer principal axes."
        )
    return FrechetDistance(_frechet(real, synthetic), len(real), len(synthetic), width)


def images_needed(width: int) -> int:
    """Return the images that each set needs for FID at ``width`` features.

    >>> images_needed(2048), images_needed(64), images_needed(8)
    (5000, 640, 80)
    """
    return IMAGES_PER_FEATURE * width if width <= FEW_FEATURES else LEAST_IMAGES


def pca_frechet_distance(
    reference: np.ndarray, real: np.ndarray, synthetic: np.ndarray, width: int | None = None
) -> FrechetDistance:
    """Return the FID of ``synthetic`` [m, d] against ``real`` [n, d] along the first principal axes of ``reference`` [r, d].

    ``reference`` may be ``real``. ``width`` is the number of axes, at most 64; by default as many as the smallest of the
    three sets has ten images each for. Values at different widths do not compare. Errors as ``frechet_distance``.
    """
    real, synthetic = checked_sets(real, synthetic, "PCA-FID", least=2 * IMAGES_PER_FEATURE)
    least = min(len(reference), len(real), len(synthetic))
    width = min(FEW_FEATURES, least // IMAGES_PER_FEATURE, real.shape[1]) if width is None else width
    if width > FEW_FEATURES:
        raise StatisticsError(f"PCA-FID takes at most {FEW_FEATURES} axes; asked for {width}.")
    axes = principal_axes(reference, width)
    return frechet_distance(axes.of(real), axes.of(synthetic))


def frechet_limit(real: np.ndarray, synthetic: np.ndarray, rng: np.random.Generator, draws: int = 50) -> FrechetLimit:
    """Return FID at infinitely many images: the intercept of a line through FID(N) over 1 / N.

    Chong & Forsyth 2020, equation 5, at ten N from n / 4 to n, evenly spaced in 1 / N; n is the smaller set. ``draws``
    pairs of subsets, one of each set without replacement, are spread evenly over the N. Both sets shrink, unlike in the
    paper, whose reference is large: here both add to the bias. May fall below 0. Raises StatisticsError for features as in
    ``checked_sets``, fewer than 2,000 images in a set, and fewer draws than ten.
    """
    real, synthetic = checked_sets(real, synthetic, "FID for many images", LEAST_FOR_LIMIT)
    if draws < SIZES:
        raise StatisticsError(f"The limit of FID needs at least {SIZES} draws, one for each N; given {draws}.")
    n = min(len(real), len(synthetic))
    sizes = np.resize(np.rint(1 / np.linspace(4 / n, 1 / n, SIZES)).astype(int), draws)
    values = [_frechet(*(rows[rng.permutation(len(rows))[:size]] for rows in (real, synthetic))) for size in sizes]
    slope, intercept = np.polyfit(1 / sizes, values, 1)
    return FrechetLimit(float(intercept), float(slope), n)


def _frechet(x: np.ndarray, y: np.ndarray) -> float:
    """Return the distance of two sets [n, d] and [m, d] that nobody else uses: they are centred where they are."""
    shift = x.mean(axis=0) - y.mean(axis=0)
    for rows in (x, y):
        rows -= rows.mean(axis=0)
    n, m = len(x) - 1, len(y) - 1
    traces = np.vdot(x, x) / n + np.vdot(y, y) / m
    return float(shift @ shift + traces - 2 * _trace_of_root(x, y) / np.sqrt(n * m))


def _trace_of_root(x: np.ndarray, y: np.ndarray) -> float:
    """Return tr((S T)^(1/2)) for S = x'x and T = y'y.

    With any factor S = L L', S T has the eigenvalues of the symmetric L' T L, so no matrix root is needed. Where images are
    few, their roots are the singular values of x y' just as well.
    """
    if max(len(x), len(y)) < x.shape[1]:
        return float(np.linalg.svd(x @ y.T, compute_uv=False).sum())
    factor, order = _factor(x.T @ x)
    other = (y.T @ y)[np.ix_(order, order)].T  # symmetric; BLAS works on columns, and in place
    half = blas.dtrmm(1.0, factor, other, side=1, lower=1, overwrite_b=1)
    eigenvalues = np.linalg.eigvalsh(blas.dtrmm(1.0, factor, half, trans_a=1, lower=1, overwrite_b=1))
    return float(np.sqrt(np.maximum(eigenvalues, 0.0)).sum())


def _factor(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return lower triangular L [d, d] and ``order`` [d] with L L' = ``covariance[order][:, order]``.

    Cholesky with pivots: of a singular matrix it leaves the columns beyond the rank 0, where Cholesky without would fail.
    """
    factor, pivots, rank, _ = lapack.dpstrf(covariance.T, lower=1, overwrite_a=1)
    factor = np.asfortranarray(np.tril(factor))
    factor[:, rank:] = 0.0
    return factor, pivots - 1
