"""The true distribution as a generator: fresh pictures of a phantom, with as many of each label as were drawn for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

from qaugbench.datasets.phantom.images import phantom_pictures
from qaugbench.datasets.preprocess import square_pixels
from qaugbench.datasets.strata import rarest_positive
from qaugbench.errors import QaugbenchError

Picture = tuple[np.ndarray, np.ndarray]
MOST_PER_IMAGE = 500
"""How many pictures are looked at for each one wanted before a label counts as not to be had."""


def fresh_pictures(task_id: str, seed: int, *, drawn_at: int, size: int, channels: int) -> Iterator[Picture]:
    """Yield (image uint8 [size, size, channels], labels float32 [K]) of new phantom patients, without end.

    They are drawn at ``drawn_at`` pixels and resized as the phantom's own images are.
    """
    for image, labels in phantom_pictures(task_id, seed, drawn_at):
        yield square_pixels(Image.fromarray(image[..., 0] if channels == 1 else image), size, channels), labels


def matching_pictures(
    pictures: Iterable[Picture], wanted: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first of ``pictures`` that match the label vectors ``wanted`` [n, K]: images [n, H, W, C], labels [n, K].

    A phantom draws patients and their labels come out, so it cannot be asked for a vector: pictures are taken while their
    stratum, the rarest label by ``counts`` [K] (the class, where there is one per image), is still short of what ``wanted``
    has of it. The labels are the pictures' own. Raises QaugbenchError where that does not end.
    """
    short = Counter(rarest_positive(wanted, counts).tolist())
    taken: list[Picture] = []
    for seen, (image, labels) in enumerate(pictures):
        (stratum,) = rarest_positive(labels[None], counts).tolist()
        if short[stratum] > 0:
            short[stratum] -= 1
            taken.append((image, labels))
        if len(taken) == len(wanted):
            return np.stack([image for image, _ in taken]), np.stack([own for _, own in taken])
        if seen >= MOST_PER_IMAGE * len(wanted):
            break
    missing = sum(short.values())
    raise QaugbenchError(f"The phantom drew too few pictures of rare labels: {missing} of {len(wanted)} are missing.")
