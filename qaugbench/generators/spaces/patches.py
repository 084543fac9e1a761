"""Patches: points are the square patches of a small image, row by row from the top left, as patch generators paint them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional

from qaugbench.errors import DefinitionError
from qaugbench.generators.spaces.space import Space, resized


class Patches(Space):
    """Points [patches, channels * patch * patch], the pixels of a patch channel by channel and in [-1, 1]; nothing is learned."""

    @dataclass(frozen=True)
    class Hyper:
        """``side``: the size in pixels of the image that patches make up; ``patch``: the side of one patch, which divides it."""

        side: int = 16
        patch: int = 4

    name: ClassVar[str] = "patches"
    hyper: Hyper

    def __init__(self, image_shape: tuple[int, int, int], hyper: Hyper) -> None:
        super().__init__(image_shape, hyper)
        if hyper.patch < 1 or hyper.side < 1 or hyper.side % hyper.patch:
            raise DefinitionError(
                f"An image of {hyper.side} pixels cannot be cut into patches of {hyper.patch}; "
                "choose a side that is a multiple of the patch."
            )
        self.shape = ((hyper.side // hyper.patch) ** 2, image_shape[2] * hyper.patch**2)

    def to_points(self, pixels: torch.Tensor) -> torch.Tensor:
        small, patch = resized(pixels, self.hyper.side), self.hyper.patch
        return functional.unfold(small, patch, stride=patch).transpose(1, 2)

    def to_pixels(self, points: torch.Tensor) -> torch.Tensor:
        side, patch = self.hyper.side, self.hyper.patch
        small = functional.fold(points.transpose(1, 2), (side, side), patch, stride=patch)
        return resized(small, self.image_shape[0])
