"""The points that a model learns from, taken row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch


class Points(Protocol):
    """The points of a set of images, taken row by row."""

    def __len__(self) -> int: ...

    def take(self, rows: np.ndarray) -> torch.Tensor:
        """Return the points [n, *shape] of ``rows``."""


class Encoded:
    """Points that were encoded once, [n, *shape]."""

    def __init__(self, points: torch.Tensor) -> None:
        self._points = points

    def __len__(self) -> int:
        return len(self._points)

    def take(self, rows: np.ndarray) -> torch.Tensor:
        """Return the points of ``rows``."""
        return self._points[torch.from_numpy(rows).to(self._points.device)]


class EncodedByBatch:
    """Images that ``encode`` turns into points whenever they are taken: for points as large as an image."""

    def __init__(self, encode: Callable[[np.ndarray], torch.Tensor], images: np.ndarray) -> None:
        self._encode, self._images = encode, images

    def __len__(self) -> int:
        return len(self._images)

    def take(self, rows: np.ndarray) -> torch.Tensor:
        """Return the points of ``rows``."""
        return self._encode(self._images[rows])
