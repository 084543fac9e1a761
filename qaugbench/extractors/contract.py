"""The contracts of an extractor and of a distance of images, and what is written beside every number that rests on one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Provenance:
    """Where features come from: the extractor, the SHA-256 of its weights, and how images got its size, in words."""

    extractor: str
    weights_sha256: str
    resize: str


class PairDistance(Protocol):
    """Measures how far apart two images look."""

    @property
    def provenance(self) -> Provenance:
        """What the distances come from."""

    def distances(self, images: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the distance [N], 0 or more, of each of ``images`` with its partner in ``others``, both uint8 [N, H, W, C]."""


class Extractor(Protocol):
    """Turns uint8 images [N, H, W, C], C = 1 or 3, into features float32 [N, D], the same whatever the batch they came in."""

    @property
    def provenance(self) -> Provenance:
        """What the features come from."""

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return one row of features per image."""

    def logits(self, features: np.ndarray) -> np.ndarray | None:
        """Return scores [N, K] of the extractor's own classes, of its features [N, D]; None where it tells no classes."""
