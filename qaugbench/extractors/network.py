"""A pretrained network as an extractor: images are made its size and its colours, and sent through in batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from qaugbench.extractors.contract import Provenance


@dataclass(frozen=True)
class Input:
    """What a network takes: the ``side`` in pixels, the number of ``channels``, and (x - ``mean``) / ``std`` of x in [0, 1].

    ``side`` None takes uint8 images of any size as they are.
    """

    side: int | None
    channels: int = 3
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)

    @property
    def words(self) -> str:
        """How images get the size, in words."""
        return "by the network" if self.side is None else f"bicubic, antialiased, to {self.side}x{self.side}"

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return uint8 images [N, C, H, W] as the network takes them; grey becomes three equal channels, colours their mean."""
        images = with_channels(images, self.channels)
        if self.side is None:
            return images
        unit = images.float() / 255
        if unit.shape[-2:] != (self.side, self.side):
            unit = F.interpolate(unit, size=(self.side, self.side), mode="bicubic", antialias=True).clamp(0, 1)
        mean, std = (torch.tensor(values, device=unit.device).view(1, -1, 1, 1) for values in (self.mean, self.std))
        return (unit - mean) / std


@dataclass(frozen=True, eq=False)
class NetworkExtractor:
    """``network`` maps what ``takes`` makes of images to features [N, D, ...], which are flattened.

    ``class_weights`` [K, D] make scores of classes of them, for a network that was trained to tell classes and is used so.
    """

    name: str
    network: nn.Module
    takes: Input
    weights_sha256: str
    device: str = "cpu"
    batch: int = 32
    class_weights: np.ndarray | None = None

    @property
    def provenance(self) -> Provenance:
        """What the features come from."""
        return Provenance(self.name, self.weights_sha256, self.takes.words)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return features float32 [N, D] of uint8 images [N, H, W, C]."""
        network = self.network.eval().to(self.device)
        parts = []
        with torch.inference_mode():
            for start in range(0, len(images), self.batch):
                batch = torch.from_numpy(np.ascontiguousarray(images[start : start + self.batch])).to(self.device)
                parts.append(network(self.takes(batch.permute(0, 3, 1, 2))).flatten(1).float().cpu().numpy())
        return np.concatenate(parts)

    def logits(self, features: np.ndarray) -> np.ndarray | None:
        """Return the scores [N, K] of the network's classes, without their biases, of its features [N, D]; None without classes."""
        return None if self.class_weights is None else features @ self.class_weights.T


def with_channels(images: torch.Tensor, channels: int) -> torch.Tensor:
    """Return uint8 images [N, C, H, W] in ``channels``: grey becomes equal channels, colours their mean."""
    if images.shape[1] == channels:
        return images
    if images.shape[1] == 1:
        return images.expand(-1, channels, -1, -1)
    return images.float().mean(dim=1, keepdim=True).round().to(torch.uint8)
