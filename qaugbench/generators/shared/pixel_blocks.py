"""Images as a diffusion model sees them: standardised pixels, blocks of them rearranged into channels."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from qaugbench.errors import DefinitionError

LEAST_DEVIATION = 0.05


class PixelBlocks(nn.Module):
    """Rearranges ``patch`` x ``patch`` pixels into the channels of one site (arXiv 2301.11093), and standardises pixels.

    ``grid`` is the shape [c, s, s] that points of ``shape`` [channels, side, side] then have. Mean and deviation of each channel
    are buffers, taken from the first images that are seen.

    Raises:
        DefinitionError: a side that ``patch`` does not divide.
    """

    centre: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, shape: tuple[int, ...], patch: int) -> None:
        super().__init__()
        channels, side, _ = shape
        if patch < 1 or side % patch:
            raise DefinitionError(
                f"Blocks of {patch} pixels per side do not fill images of {side}; choose another patch."
            )
        self.patch = patch
        self.grid = (channels * patch**2, side // patch, side // patch)
        self.register_buffer("centre", torch.zeros(channels, 1, 1))
        self.register_buffer("deviation", torch.ones(channels, 1, 1))

    @property
    def largest(self) -> float:
        """The largest value that black or white has in these units."""
        return float(((1 + self.centre.abs()) / self.deviation).max())

    @torch.no_grad()
    def measure(self, pixels: torch.Tensor) -> None:
        """Take mean and deviation of each channel from ``pixels`` [n, channels, side, side]."""
        self.centre.copy_(pixels.mean(dim=(0, 2, 3)).view(-1, 1, 1))
        self.deviation.copy_(pixels.std(dim=(0, 2, 3)).view(-1, 1, 1).clamp_min(LEAST_DEVIATION))

    def blocks(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return points [n, *grid] of ``pixels`` [n, channels, side, side]."""
        return functional.pixel_unshuffle((pixels - self.centre) / self.deviation, self.patch)

    def pixels(self, blocks: torch.Tensor) -> torch.Tensor:
        """Return pixels of points [n, *grid]."""
        return functional.pixel_shuffle(blocks, self.patch) * self.deviation + self.centre
