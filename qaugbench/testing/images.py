"""Small labelled images to fit generators on."""

from __future__ import annotations

import numpy as np

from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.seeds import numpy_generator

SIZE = 32
N_IMAGES = 64
N_LABELS = 3
LABEL_VECTORS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1]], np.float32)
"""Label vectors to request: none, one, several and all of the labels."""
ONE_LABEL_EACH = np.eye(N_LABELS, dtype=np.float32)[[0, 1, 2, 0, 1]]
"""Label vectors with exactly one label."""


def bright_quadrants(channels: int = 1, *, n: int = N_IMAGES, size: int = SIZE, several: bool = True) -> LabelledImages:
    """Return images of noise; label k brightens one quadrant. An image has any of the labels or none, unless not ``several``."""
    random = numpy_generator(7)
    labels = random.integers(0, 2, (n, N_LABELS)).astype(np.float32)
    if not several:
        labels = np.eye(N_LABELS, dtype=np.float32)[random.integers(0, N_LABELS, n)]
    images = random.integers(0, 60, (n, size, size, channels))
    half = size // 2
    for k, (top, left) in enumerate([(0, 0), (0, half), (half, 0)]):
        images[:, top : top + half, left : left + half] += (150 * labels[:, k]).astype(int)[:, None, None, None]
    return LabelledImages(images.astype(np.uint8), labels, np.arange(n, dtype=np.int64))
