"""LPIPS: how far apart two images look, by features of SqueezeNet 1.1 weighted as people judge (Zhang et al. 2018).

The network's weights are torchvision's. The weights of its channels are those of the paper's authors (BSD-2-Clause), read from the
installed torchmetrics, which brings them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

from qaugbench.errors import DataError, StatisticsError
from qaugbench.extractors.asked import LPIPS
from qaugbench.extractors.contract import Provenance
from qaugbench.extractors.network import with_channels
from qaugbench.extractors.weights import Weights, load_all, read_weights

STAGES = (0, 2, 5, 8, 10, 11, 12, 13)
"""Where the network is cut: features are compared after each part."""
CENTRE, SPREAD = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of each colour in [-1, 1]."""
LEAST_SIDE = 17
"""Pixels on a side below which nothing is left for the last layers."""
TINY = 1e-8
BATCH = 32


@dataclass(frozen=True, eq=False)
class Lpips:
    """``parts`` of the network with the weights [C] of the channels that each returns."""

    parts: tuple[nn.Module, ...]
    channel_weights: tuple[torch.Tensor, ...]
    weights_sha256: str
    device: str = "cpu"

    @property
    def provenance(self) -> Provenance:
        """What the distances come from; the weights are the network's file followed by that of the channels."""
        return Provenance(LPIPS, self.weights_sha256, "none")

    def distances(self, images: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the LPIPS [N], 0 or more, of each of ``images`` with its partner in ``others``, both uint8 [N, H, W, C].

        Raises StatisticsError for images of fewer than 17 pixels on a side.
        """
        if min(images.shape[1:3]) < LEAST_SIDE:
            raise StatisticsError(
                f"LPIPS needs images of at least {LEAST_SIDE} x {LEAST_SIDE} pixels; given {images.shape[1]} x {images.shape[2]}."
            )
        with torch.inference_mode():
            parts = [
                self._distances(
                    self._scaled(images[start : start + BATCH]), self._scaled(others[start : start + BATCH])
                )
                for start in range(0, len(images), BATCH)
            ]
        return torch.cat(parts).double().cpu().numpy()

    def _distances(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        total = torch.zeros(len(one), device=one.device)
        for part, weights in zip(self.parts, self.channel_weights, strict=True):
            one, other = part(one), part(other)
            squares = (_unit(one) - _unit(other)).square()
            total = total + torch.einsum("nchw,c->nhw", squares, weights).mean(dim=(1, 2))
        return total

    def _scaled(self, images: np.ndarray) -> torch.Tensor:
        batch = torch.from_numpy(np.ascontiguousarray(images)).to(self.device).permute(0, 3, 1, 2)
        unit = with_channels(batch, 3).float() / 127.5 - 1
        centre, spread = (torch.tensor(of, device=self.device).view(1, 3, 1, 1) for of in (CENTRE, SPREAD))
        return (unit - centre) / spread


def read_lpips(path: Path, device: str = "cpu") -> Lpips:
    """Return LPIPS with the network's weights in ``path``; DataError for those of another, or without torchmetrics."""
    from torchvision.models import squeezenet1_1

    weights, heads = read_weights(path), read_weights(channel_weights_file())
    network = squeezenet1_1(weights=None)
    load_all(network, weights, weights.tensors, LPIPS)
    layers = network.features.eval().to(device)
    parts = tuple(layers[start:end] for start, end in pairwise(STAGES))
    channels = tuple(_channels(heads, number).to(device) for number in range(len(parts)))
    both = hashlib.sha256(path.read_bytes() + heads.path.read_bytes()).hexdigest()
    return Lpips(parts, channels, both, device)


def channel_weights_file() -> Path:
    """Return the file of the channels' weights; DataError where torchmetrics is not installed."""
    found = find_spec("torchmetrics")
    places = [] if found is None else list(found.submodule_search_locations or ())
    files = [Path(place) / "functional" / "image" / "lpips_models" / "squeeze.pth" for place in places]
    known = next((file for file in files if file.is_file()), None)
    if known is None:
        raise DataError("The weights of LPIPS's channels come with torchmetrics: pip install 'qaugbench[fidelity]'.")
    return known


def _channels(heads: Weights, number: int) -> torch.Tensor:
    return heads.tensors[f"lin{number}.model.1.weight"].flatten()


def _unit(features: torch.Tensor) -> torch.Tensor:
    """Return features [N, C, H, W] of length 1 at each place."""
    return features / torch.sqrt(TINY + features.square().sum(dim=1, keepdim=True))
