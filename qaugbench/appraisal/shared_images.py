"""Images of one set that are images of another: real ones among training images, or synthetic ones among either."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from qaugbench.datasets.audit.image_facts import DETAIL, THUMBNAIL, small_copy
from qaugbench.datasets.audit.near_duplicates import first_alike
from qaugbench.datasets.audit.turned_copies import turned_hash

ALMOST = "compressed anew, turned, or with another contrast"
"""How an image may differ from one of which it shows almost the picture."""


@dataclass(frozen=True)
class SharedImages:
    """Rows of images by row, each with the first row of the known images that it repeats.

    ``equal``: pixel for pixel, in any orientation; ``alike``: almost, in any orientation.
    """

    equal: dict[int, int]
    alike: dict[int, int]


def shared_images(images: np.ndarray, known: np.ndarray) -> SharedImages:
    """Return which of ``images`` uint8 [N, H, W, C] show pictures of ``known`` [M, H, W, C]; blank images show none.

    >>> pictures = np.random.default_rng(0).integers(256, size=(3, 64, 64, 1), dtype=np.uint8)
    >>> shared_images(pictures, pictures[1:2, ::-1])
    SharedImages(equal={1: 0}, alike={})
    """
    first: dict[bytes, int] = {}
    for row, image in enumerate(known):
        first.setdefault(turned_hash(image), row)
    shown = np.flatnonzero(np.ptp(images.reshape(len(images), -1), axis=1) > 0).tolist()
    hashes = {row: turned_hash(images[row]) for row in shown}
    equal = {row: first[found] for row, found in hashes.items() if found in first}
    both = [Image.fromarray(np.ascontiguousarray(np.squeeze(image))) for image in (*known, *images)]
    thumbnails, details = (np.array([small_copy(plane, side) for plane in both]) for side in (THUMBNAIL, DETAIL))
    near = first_alike(thumbnails, details, len(known))
    alike = {row: found for row in shown if row not in equal and (found := near[row]) is not None}
    return SharedImages(equal, alike)
