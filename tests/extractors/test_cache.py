"""Features are computed once per content, and a damaged file again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from qaugbench.extractors.cache import CachedExtractor, RememberedExtractor
from qaugbench.extractors.contract import Provenance


@dataclass
class Counting:
    """Features that are mean grey levels; counts how often it is asked."""

    sha: str = "a"
    asked: list[int] = field(default_factory=list)

    @property
    def provenance(self) -> Provenance:
        return Provenance("counting", self.sha, "none")

    def features(self, images: np.ndarray) -> np.ndarray:
        self.asked.append(len(images))
        return images.mean(axis=(1, 2)).astype(np.float32)


def test_the_same_images_are_computed_once_and_others_anew(tmp_path: Path) -> None:
    inner = Counting()
    cached = CachedExtractor(inner, tmp_path)
    images = np.arange(32, dtype=np.uint8).reshape(2, 4, 4, 1)
    first, second = cached.features(images), cached.features(images.copy())
    assert (first == second).all()
    assert inner.asked == [2]
    cached.features(images + 1)
    cached.features(images.reshape(2, 2, 8, 1))  # the same bytes in another shape are other images
    assert inner.asked == [2, 2, 2]
    inner.sha = "b"  # other weights
    cached.features(images)
    assert len(inner.asked) == 4


def test_a_set_is_remembered_by_its_content() -> None:
    inner = Counting()
    remembered = RememberedExtractor(inner)
    images = np.arange(32, dtype=np.uint8).reshape(2, 4, 4, 1)
    assert (remembered.features(images) == remembered.features(images.copy())).all()
    remembered.features(images[:1])
    assert inner.asked == [2, 1]
    assert remembered.provenance == inner.provenance


def test_a_damaged_file_is_computed_again(tmp_path: Path) -> None:
    inner = Counting()
    cached = CachedExtractor(inner, tmp_path)
    images = np.zeros((2, 4, 4, 1), np.uint8)
    expected = cached.features(images)
    (file,) = tmp_path.glob("*.npy")
    file.write_bytes(file.read_bytes()[:-3])
    assert (cached.features(images) == expected).all()
    assert len(inner.asked) == 2
    assert (cached.features(images) == expected).all()
    assert len(inner.asked) == 2
