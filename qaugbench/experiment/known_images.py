"""The images of a run in the forms by which copies of them are recognised: hashes in any orientation, and small grey copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from qaugbench.datasets.audit.image_facts import DETAIL, THUMBNAIL, grey_and_stored, small_copy
from qaugbench.datasets.audit.near_duplicates import first_alike
from qaugbench.datasets.audit.turned_copies import turned_hash
from qaugbench.datasets.formats.pictures import read_picture
from qaugbench.datasets.prepared import UNREADABLE, PreparedData
from qaugbench.datasets.preprocess import square_pixels
from qaugbench.datasets.splits import Split

HELD_OUT_FIRST = ("test", "val", "train")
Place = tuple[str, str]
"""The part that an image is in, and what messages call it."""


@dataclass(frozen=True)
class Seen:
    """An image in the forms in which it is compared: as stored and at the size of the track, and two small grey copies."""

    stored: bytes
    square: bytes
    thumbnail: np.ndarray
    detail: np.ndarray
    coloured: bool


@dataclass
class KnownImages:
    """The images of a run that are not blank, those of the test part first; ``stored`` and ``square`` find them by hash."""

    places: list[Place] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    stored: dict[bytes, Place] = field(default_factory=dict)
    square: dict[bytes, Place] = field(default_factory=dict)

    def add(self, place: Place, seen: Seen) -> None:
        """Take in an image; of equal ones the first is found."""
        self.places.append(place)
        self.seen.append(seen)
        self.stored.setdefault(seen.stored, place)
        self.square.setdefault(seen.square, place)

    def same(self, image: Seen) -> Place | None:
        """Return the image that has the pixels of ``image``, as stored or at the size of the track, in any orientation."""
        return self.stored.get(image.stored) or self.square.get(image.square)

    def alike(self, images: Sequence[Seen]) -> list[Place | None]:
        """Return for each of ``images`` the first image that shows almost its picture, such as one compressed anew or turned."""
        everything = [*self.seen, *images]
        thumbnails, details = (np.array([getattr(one, form) for one in everything]) for form in ("thumbnail", "detail"))
        return [None if row is None else self.places[row] for row in first_alike(thumbnails, details, len(self.seen))]


def known_images(prepared: PreparedData, split: Split, size: int, channels: int) -> KnownImages:
    """Return the images of a run; those that cannot be read are left out, since the first step of the run names them all."""
    known = KnownImages()
    for part in HELD_OUT_FIRST:
        for i in getattr(split, part).tolist():
            try:
                seen = seen_image(prepared, i, size, channels)
            except UNREADABLE:
                continue
            if seen is not None:
                known.add((part, prepared.called[i]), seen)
    return known


def seen_image(prepared: PreparedData, i: int, size: int, channels: int) -> Seen | None:
    """Return image ``i`` as it is compared; None where it is blank."""
    image = read_picture(prepared.archive.read(prepared.files[i]))
    square = square_pixels(image, size, channels)
    if np.ptp(square) == 0:
        return None
    _, stored, coloured = grey_and_stored(image)
    plane = Image.fromarray(np.ascontiguousarray(np.squeeze(square)))
    small = small_copy(plane, THUMBNAIL), small_copy(plane, DETAIL)
    return Seen(turned_hash(stored), turned_hash(square), *small, coloured)
