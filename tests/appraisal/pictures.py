"""Small pictures of blobs, whose classes differ in where the blob is: real ones, copies, shuffled labels, one image for all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qaugbench.appraisal.sets import ImageSet, Sets

NAMES = ("left", "right")


def blobs(n: int, seed: int, side: int = 16, channels: int = 1) -> ImageSet:
    """Return ``n`` pictures of one blob each, half of them on the left; each of its own patient."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % 2
    y, x = np.mgrid[0:side, 0:side] / side
    centres = np.stack([rng.uniform(0.25, 0.75, n), np.where(classes == 0, 0.3, 0.7) + rng.normal(0, 0.06, n)], axis=1)
    radii, bright = rng.uniform(0.08, 0.2, n), rng.uniform(120, 220, n)
    squares = (y - centres[:, :1, None]) ** 2 + (x - centres[:, 1:, None]) ** 2
    grey = 30 + bright[:, None, None] * np.exp(-squares / radii[:, None, None] ** 2) + rng.normal(0, 6, (n, side, side))
    images = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], channels, axis=3)
    return ImageSet(images, np.eye(2, dtype=np.float32)[classes], np.arange(n) + 10_000 * seed)


def sets_of(synthetic: ImageSet, n: int = 150, **changes: object) -> Sets:
    """Return sets with ``n`` reference and ``n`` training pictures of the same size."""
    side, channels = synthetic.images.shape[1], synthetic.images.shape[3]
    sets = Sets(synthetic, blobs(n, 1, side, channels), blobs(n, 2, side, channels), NAMES)
    return replace(sets, **changes)  # type: ignore[arg-type]


def copies(of: ImageSet, n: int, seed: int = 5) -> ImageSet:
    """Return exact copies of ``n`` random pictures, with their labels."""
    return of.rows(np.random.default_rng(seed).integers(len(of), size=n))
