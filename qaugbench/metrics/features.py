"""Tables of features [n images, d values of one extractor] that a metric can use: shapes, finite values, enough images."""

from __future__ import annotations

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders

LARGEST = 1e20
"""Features beyond this, positive or negative, are refused: polynomials and covariances of them leave the range of numbers."""


def checked_features(features: np.ndarray, metric: str, least: int = 1) -> np.ndarray:
    """Return ``features`` [n, d] as float64; raise StatisticsError, naming ``metric``, where it cannot be computed.

    That is for what is no table of numbers, a value that is not finite or beyond ``LARGEST``, and fewer than ``least`` images.
    """
    try:
        features = np.array(features, np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"{metric} needs features [n, d] of numbers; {error}.") from error
    if features.ndim != 2 or features.shape[1] == 0:
        raise StatisticsError(f"{metric} needs features [n, d]; given {features.shape}.")
    if len(features) < least:
        raise StatisticsError(f"{metric} needs at least {least} images; given {len(features)}.")
    wrong = np.flatnonzero(~(np.abs(features) <= LARGEST).all(axis=1))
    if wrong.size:
        raise StatisticsError(
            f"{metric} needs finite features, of at most {LARGEST:.0e}; not so at images {first_offenders(wrong)}."
        )
    return features


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
