"""The network of the latent space: a convolutional variational autoencoder with a small grid of latents."""

from __future__ import annotations

import torch
from torch import nn


class AutoencoderNetwork(nn.Module):
    """Encoder and decoder: pixels [n, C, s, s] to mean and log-variance of the code, and a code back to pixels."""

    def __init__(
        self, image_channels: int, latent_channels: int, channels: tuple[int, ...], residual_blocks: tuple[int, ...]
    ) -> None:
        super().__init__()
        levels = list(zip(channels, residual_blocks, strict=True))
        self.encoder = nn.Sequential(*_encoder_layers(image_channels, latent_channels, levels))
        self.decoder = nn.Sequential(*_decoder_layers(image_channels, latent_channels, levels))

    def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log-variance [n, c, g, g] of the code of pixels in [-1, 1]."""
        mean, log_variance = self.encoder(pixels).chunk(2, dim=1)
        return mean, log_variance.clamp(-20, 10)

    def decode(self, code: torch.Tensor) -> torch.Tensor:
        """Return pixels [n, C, H, W] of a code [n, c, g, g]."""
        pixels: torch.Tensor = self.decoder(code)
        return pixels


def _encoder_layers(image_channels: int, latent_channels: int, levels: list[tuple[int, int]]) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
    width_before, stride = 4 * image_channels, 1
    for width, blocks in levels:
        layers += [nn.Conv2d(width_before, width, 3, stride=stride, padding=1), *_level(width, blocks)]
        width_before, stride = width, 2
    return [*layers, nn.Conv2d(width_before, 2 * latent_channels, 3, padding=1)]


def _decoder_layers(image_channels: int, latent_channels: int, levels: list[tuple[int, int]]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    width_before = latent_channels
    for width, blocks in reversed(levels):
        if layers:
            layers.append(nn.Upsample(scale_factor=2))
        layers += [nn.Conv2d(width_before, width, 3, padding=1), *_level(width, blocks)]
        width_before = width
    return [*layers, nn.Conv2d(width_before, 4 * image_channels, 3, padding=1), nn.PixelShuffle(2)]


def _level(width: int, blocks: int) -> list[nn.Module]:
    return [*(ResidualBlock(width) for _ in range(blocks)), nn.GroupNorm(4, width), nn.SiLU()]


class ResidualBlock(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x)))))), the second convolution starting at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(last.weight)
        self.body = nn.Sequential(
            nn.GroupNorm(4, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(4, width),
            nn.SiLU(),
            last,
        )

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        residual: torch.Tensor = self.body(grid)
        return grid + residual
