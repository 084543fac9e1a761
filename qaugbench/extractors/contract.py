"""The contract of an extractor, and what is written beside every number that rests on one."""

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


class Extractor(Protocol):
    """Turns uint8 images [N, H, W, C], C = 1 or 3, into features float32 [N, D], the same whatever the batch they came in."""

    @property
    def provenance(self) -> Provenance:
        """What the features come from."""

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return one row of features per image."""
