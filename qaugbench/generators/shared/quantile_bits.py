"""Points as bits: each coordinate as one of 2^k equally frequent levels, in a Gray code."""

from __future__ import annotations

import torch
from torch import nn

FINE = 64
"""Steps of the table of quantiles from which a coordinate is drawn."""
SETTLED = 100
"""Batches over which the table is averaged."""


class QuantileBits(nn.Module):
    """Turns points [n, d] into bits [n, d * bits] and back, by quantiles of the points that were seen.

    Levels next to each other differ in one bit. ``quantiles`` [FINE + 1, d] is the mean over the first batches of a fit.
    """

    quantiles: torch.Tensor

    def __init__(self, dimensions: int, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.register_buffer("quantiles", torch.linspace(-2, 2, FINE + 1)[:, None].repeat(1, dimensions))

    @torch.no_grad()
    def follow(self, points: torch.Tensor, step: int) -> None:
        """Take the batch of one step into account; the first begins anew."""
        if step < SETTLED:
            seen = torch.quantile(points, torch.linspace(0, 1, FINE + 1, device=points.device), dim=0)
            self.quantiles.copy_(torch.lerp(self.quantiles, seen, 1 / (step + 1)))

    def encoded(self, points: torch.Tensor) -> torch.Tensor:
        """Return the bits of points [n, d], int64 [n, d * bits], those of a coordinate side by side."""
        edges = self.quantiles[:: FINE // 2**self.bits][1:-1]
        level = (points[:, None, :] > edges).sum(dim=1)
        code = level ^ (level >> 1)
        places = torch.arange(self.bits - 1, -1, -1, device=points.device)
        return ((code[:, :, None] >> places) & 1).flatten(1)

    def decoded(self, bits: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """Return points [n, d] of ``bits``, each coordinate anywhere within its level, as ``uniform`` [n, d] in [0, 1) says."""
        level = torch.zeros_like(uniform, dtype=torch.int64)
        carried = torch.zeros_like(level)
        for bit in bits.unflatten(1, (-1, self.bits)).long().unbind(2):
            carried = carried ^ bit  # a bit of the level is the parity of the code's bits up to it
            level = 2 * level + carried
        place = (level + uniform) * (FINE / 2**self.bits)
        below = place.long().clamp(max=FINE - 1)
        low, high = self.quantiles.gather(0, below), self.quantiles.gather(0, below + 1)
        return torch.lerp(low, high, place - below)
