"""The interface of a data space: fitted to a replicate's images, it turns images into points and points into images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from qaugbench.cards import Training
from qaugbench.generators.contract import DivergedError, Progress
from qaugbench.generators.training.points import Encoded, Points

if TYPE_CHECKING:
    from qaugbench.generators.training.checkpoint import Checkpoint

CHUNK = 128


class Space(nn.Module, ABC):
    """The base of every space.

    ``image_shape`` is (height, width, channels) of square images, ``hyper`` an instance of ``Hyper``; ``shape`` is that of a
    point, of about unit scale. What a space learned are parameters and buffers, so its state is ``state_dict()``. It does
    not see labels.
    """

    name: ClassVar[str]
    Hyper: ClassVar[type]
    chunk: ClassVar[int] = CHUNK
    """How many images are encoded or decoded at once."""
    steps: ClassVar[bool] = False
    """Whether ``fit`` learns step by step, so that its settings hold a budget."""

    def __init__(self, image_shape: tuple[int, int, int], hyper: Any) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.hyper = hyper
        self.shape: tuple[int, ...] = ()
        self.register_buffer("_place", torch.empty(0), persistent=False)

    @property
    def device(self) -> torch.device:
        """The device that points are on."""
        place: torch.Tensor = self._place  # type: ignore[assignment]
        return place.device

    @property
    def title(self) -> str:
        """The space with the shape of its points, such as ``latent-4x8x8`` or ``pca-64``."""
        return f"{self.name}-{'x'.join(map(str, self.shape))}"

    @property
    def is_identity(self) -> bool:
        """Whether encoding and decoding an image gives back the image."""
        return False

    def fit(
        self,
        images: np.ndarray,
        *,
        training: Training,
        seed: int,
        progress: Progress | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Learn the space from uint8 ``images`` [n, height, width, channels]; the same arguments give the same bits.

        A space whose map is fixed learns nothing, and leaves this as it is.
        """

    @abstractmethod
    def to_points(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return points [n, *shape] of pixels [n, channels, height, width] in [-1, 1]."""

    @abstractmethod
    def to_pixels(self, points: torch.Tensor) -> torch.Tensor:
        """Return pixels [n, channels, height, width], about in [-1, 1], of points [n, *shape]."""

    @torch.no_grad()
    def encode(self, images: np.ndarray) -> torch.Tensor:
        """Return the points [n, *shape] of uint8 ``images`` [n, height, width, channels]."""
        parts = [torch.empty(0, *self.shape, device=self.device)]
        for start in range(0, len(images), self.chunk):
            parts.append(self.to_points(self.pixels(images[start : start + self.chunk])))
        return torch.cat(parts)

    @torch.no_grad()
    def decode(self, points: torch.Tensor) -> np.ndarray:
        """Return uint8 images [n, height, width, channels] of ``points``; raises ``DivergedError`` if they are not finite."""
        parts = [torch.empty(0, *self.image_shape, dtype=torch.uint8)]
        for start in range(0, len(points), self.chunk):
            pixels = self.to_pixels(points[start : start + self.chunk])
            if not torch.isfinite(pixels).all():
                raise DivergedError("A decoded image is not finite: the points or the space diverged.")
            grey = pixels.permute(0, 2, 3, 1).add(1).mul(127.5).round().clamp(0, 255)
            parts.append(grey.to("cpu", torch.uint8))
        return torch.cat(parts).numpy()

    def points(self, images: np.ndarray) -> Points:
        """Return the points of ``images``, encoded once; a space in which they are large encodes them batch by batch."""
        return Encoded(self.encode(images))

    def pixels(self, images: np.ndarray) -> torch.Tensor:
        """Return uint8 ``images`` [n, height, width, channels] as float32 [n, channels, height, width] in [-1, 1]."""
        grey = torch.from_numpy(np.ascontiguousarray(images)).to(self.device)
        return grey.permute(0, 3, 1, 2).float() / 127.5 - 1


def resized(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Return pixels [n, channels, h, w] at ``side`` x ``side``, bilinear with antialiasing; unchanged if they have that size."""
    if pixels.shape[-1] == side and pixels.shape[-2] == side:
        return pixels
    return functional.interpolate(pixels, size=(side, side), mode="bilinear", antialias=True)
