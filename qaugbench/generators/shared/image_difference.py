"""How much two sets of images differ, image by image."""

from __future__ import annotations

import numpy as np

from qaugbench.errors import QaugbenchError


def mean_difference(images: np.ndarray, others: np.ndarray) -> float:
    """Return the mean absolute difference in grey levels of 255 between two uint8 arrays of the same shape.

    >>> mean_difference(np.array([[0, 10]], np.uint8), np.array([[1, 7]], np.uint8))
    2.0
    """
    if images.shape != others.shape or images.size == 0:
        raise QaugbenchError(f"Images are compared one by one; given are the shapes {images.shape} and {others.shape}.")
    return float(np.abs(images.astype(np.int16) - others.astype(np.int16)).mean())
