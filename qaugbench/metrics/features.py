"""Tables of features [n images, d values of one extractor] that a metric can use: shapes, finite values, enough images."""

from __future__ import annotations

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders


def checked_features(features: np.ndarray, metric: str, least: int = 1) -> np.ndarray:
    """Return ``features`` [n, d] as float64; raise StatisticsError, naming ``metric``, where it cannot be computed.

    That is for another shape, a value that is not finite, and fewer than ``least`` images.
    """
    features = np.asarray(features)
    if features.ndim != 2 or features.shape[1] == 0:
        raise StatisticsError(f"{metric} needs features [n, d]; given {features.shape}.")
    if len(features) < least:
        raise StatisticsError(f"{metric} needs at least {least} images; given {len(features)}.")
    wrong = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if wrong.size:
        raise StatisticsError(f"{metric} needs finite features; not so at images {first_offenders(wrong)}.")
    return features.astype(np.float64)


def checked_sets(real: np.ndarray, synthetic: np.ndarray, metric: str, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return both sets as float64, [n, d] and [m, d]; raise StatisticsError as ``checked_features`` and for other widths.

    >>> checked_sets(np.ones((3, 2)), np.ones((1, 2)), "KID", least=2)
    Traceback (most recent call last):
    qaugbench.errors.StatisticsError: KID of the synthetic images needs at least 2 images; given 1.
    """
    real = checked_features(real, f"{metric} of the real images", least)
    synthetic = checked_features(synthetic, f"{metric} of the synthetic images", least)
    if real.shape[1] != synthetic.shape[1]:
        raise StatisticsError(
            f"{metric} compares features of one extractor; given {real.shape[1]} real and {synthetic.shape[1]} "
            "synthetic values per image."
        )
    return real, synthetic


def unit_rows(features: np.ndarray, metric: str) -> np.ndarray:
    """Return ``features`` [n, d] with each row scaled to length 1; StatisticsError where a row is all 0, as it has no direction.

    >>> unit_rows(np.array([[3.0, 4.0]]), "CMMD").tolist()
    [[0.6, 0.8]]
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    empty = np.flatnonzero(lengths == 0)
    if empty.size:
        raise StatisticsError(
            f"{metric} needs features with a direction; all are 0 at images {first_offenders(empty)}."
        )
    return features / lengths
