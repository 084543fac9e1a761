"""A small network that reads off pictures of a phantom what they were drawn by, learned from pictures whose factors are known."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

from qaugbench.seeds import child_seed, torch_generator, torch_seeded

LARGEST_SIDE = 64
"""Pictures with a larger side are averaged over squares of pixels first."""
WIDTHS = (16, 32, 64, 64)
GRID = 4
BATCH = 64
RATE, DECAY = 3e-3, 1e-2


class FactorNetwork(nn.Module):
    """Maps uint8 pictures [N, H, W, C] to estimates [N, F] of their factors, in the factors' own units."""

    def __init__(self, channels: int, n_factors: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((channels, *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.GroupNorm(4, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(WIDTHS[-1] * GRID**2, 128), nn.ReLU(), nn.Linear(128, n_factors))
        self.register_buffer("pixel_scale", torch.tensor([0.0, 1.0]))
        self.register_buffer("centre", torch.zeros(n_factors))
        self.register_buffer("spread", torch.ones(n_factors))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return estimates [N, F] in deviations of the factors, of pictures [N, C, H, W] in [0, 255]."""
        side = max(images.shape[-2:])
        pixels = avg_pool2d(images, -(-side // LARGEST_SIDE)) if side > LARGEST_SIDE else images
        mean, deviation = self.pixel_scale  # type: ignore[misc]
        grid = adaptive_avg_pool2d(self.layers((pixels - mean) / deviation), GRID)
        estimated: torch.Tensor = self.head(grid.flatten(1))
        return estimated


def fit_factor_network(
    images: np.ndarray, factors: np.ndarray, *, steps: int, seed: int, device: str = "cpu"
) -> FactorNetwork:
    """Return a network that learned ``factors`` [N, F], NaN where a picture has none, of ``images`` uint8 [N, H, W, C].

    Every picture must have one factor at least, and every factor two values. The same arguments give the same bits on CPU.
    """
    with torch_seeded(child_seed(seed, "weights")):
        network = FactorNetwork(images.shape[3], factors.shape[1]).to(device)
    network.pixel_scale.copy_(torch.tensor([images.mean(), max(images.std(), 1.0)]))  # type: ignore[operator]
    centre, spread = np.nanmean(factors, axis=0), np.nanstd(factors, axis=0)
    network.centre.copy_(torch.from_numpy(centre))  # type: ignore[operator]
    network.spread.copy_(torch.from_numpy(spread))  # type: ignore[operator]
    scaled = torch.from_numpy((factors - centre) / spread).float()
    known, targets = torch.isfinite(scaled), torch.nan_to_num(scaled)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    order = torch_generator(child_seed(seed, "order"))
    for _ in range(steps):
        rows = torch.randint(len(images), (BATCH,), generator=order)
        errors = (network(_pictures(images[rows.numpy()], device)) - targets[rows].to(device)).square()
        optimizer.zero_grad(set_to_none=True)
        errors[known[rows].to(device)].mean().backward()
        optimizer.step()
        schedule.step()
    return network.eval()


@torch.no_grad()
def factor_estimates(network: FactorNetwork, images: np.ndarray) -> np.ndarray:
    """Return estimates float64 [N, F] of the factors of ``images`` uint8 [N, H, W, C], in the factors' units."""
    device = network.head[0].weight.device
    parts = []
    for start in range(0, len(images), BATCH):
        scaled = network(_pictures(images[start : start + BATCH], str(device)))
        parts.append((scaled * network.spread + network.centre).double().cpu().numpy())  # type: ignore[operator]
    return np.concatenate(parts)


def _pictures(images: np.ndarray, device: str) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).to(device).permute(0, 3, 1, 2).float()
