"""Real images that are training images too: held against those, copies look like honest images, so they must not be among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from qaugbench.datasets.audit.image_facts import DETAIL, THUMBNAIL, small_copy
from qaugbench.datasets.audit.near_duplicates import same_pictures
from qaugbench.datasets.audit.turned_copies import turned_hash


@dataclass(frozen=True)
class SharedImages:
    """Rows of real images that are training images pixel for pixel, in any orientation (``equal``), or almost (``alike``)."""

    equal: np.ndarray
    alike: np.ndarray


def shared_images(real: np.ndarray, training: np.ndarray) -> SharedImages:
    """Return which of ``real`` uint8 [N, H, W, C] show pictures of ``training`` [M, H, W, C]; blank images show none.

    >>> pictures = np.random.default_rng(0).integers(256, size=(3, 64, 64, 1), dtype=np.uint8)
    >>> found = shared_images(pictures, pictures[1:2, ::-1])
    >>> found.equal.tolist(), found.alike.tolist()
    ([1], [])
    """
    known = {turned_hash(image) for image in training}
    blank = np.ptp(real.reshape(len(real), -1), axis=1) == 0
    equal = np.array([turned_hash(image) in known for image in real], dtype=bool) & ~blank
    both = [_plane(image) for image in (*training, *real)]
    thumbnails = np.array([small_copy(plane, THUMBNAIL) for plane in both])
    pairs = same_pictures(thumbnails, np.array([small_copy(plane, DETAIL) for plane in both]))
    across = (pairs.first < len(training)) & (pairs.second >= len(training))
    alike = np.unique(pairs.second[across]) - len(training)
    return SharedImages(np.flatnonzero(equal), alike[~equal[alike] & ~blank[alike]])


def _plane(image: np.ndarray) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(np.squeeze(image)))
