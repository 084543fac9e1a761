"""Pixels: points are images in [-1, 1], at their own size or at the smaller one at which a generator works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from qaugbench.errors import DefinitionError
from qaugbench.generators.spaces.space import Space, resized
from qaugbench.generators.training.points import EncodedByBatch, Points


class Pixels(Space):
    """Points [channels, side, side]; nothing is learned."""

    @dataclass(frozen=True)
    class Hyper:
        """``side``: the generator's own image size in pixels; 0 is that of the images."""

        side: int = 0

    name: ClassVar[str] = "pixels"
    hyper: Hyper

    def __init__(self, image_shape: tuple[int, int, int], hyper: Hyper) -> None:
        super().__init__(image_shape, hyper)
        side = hyper.side or image_shape[0]
        if not 1 <= side <= image_shape[0]:
            raise DefinitionError(
                f"Images of {image_shape[0]} pixels can be worked on at 1 to {image_shape[0]} pixels, but side = {hyper.side}."
            )
        self.shape = (image_shape[2], side, side)

    @property
    def title(self) -> str:
        return f"pixels-{self.shape[-1]}"

    @property
    def is_identity(self) -> bool:
        return self.shape[-1] == self.image_shape[0]

    def to_points(self, pixels: torch.Tensor) -> torch.Tensor:
        return resized(pixels, self.shape[-1])

    def to_pixels(self, points: torch.Tensor) -> torch.Tensor:
        return resized(points, self.image_shape[0])

    def points(self, images: np.ndarray) -> Points:
        return EncodedByBatch(self.encode, images)
