"""Latents: points are a small grid of standardised codes of an autoencoder, fitted once per replicate and shared.

A convolutional variational autoencoder with a very small Kullback-Leibler weight (Kingma & Welling, arXiv 1312.6114; as
in latent diffusion, arXiv 2112.10752). It is classical and does not use labels, so every latent generator and every
control works on the same latents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Optimizers, descend
from qaugbench.generators.spaces.autoencoder import AutoencoderNetwork
from qaugbench.generators.spaces.autoencoding import LEAST_DEVIATION, Autoencoding
from qaugbench.generators.spaces.space import resized


class Latents(Autoencoding):
    """Points [latent_channels, g, g] with g = working size / 2 ** levels."""

    @dataclass(frozen=True)
    class Hyper:
        """The autoencoder's shape and loss.

        ``channels`` are the widths of its grids from the finest, half the image's side, to the latent one, and
        ``residual_blocks`` the blocks of each. ``working_size`` is the side to which images are resized before encoding;
        0 is the next power of two. The loss is absolute plus ``square_weight`` times squared error plus ``kl_weight`` times
        the Kullback-Leibler divergence.
        """

        latent_channels: int = 4
        channels: tuple[int, ...] = (16, 32, 64)
        residual_blocks: tuple[int, ...] = (0, 1, 1)
        working_size: int = 0
        square_weight: float = 1.0
        kl_weight: float = 1e-6

    name: ClassVar[str] = "latent"
    hyper: Hyper
    latent_mean: torch.Tensor
    latent_deviation: torch.Tensor

    def __init__(self, image_shape: tuple[int, int, int], hyper: Hyper) -> None:
        super().__init__(image_shape, hyper)
        height, width, channels = image_shape
        size, factor = hyper.working_size or 1 << (height - 1).bit_length(), 2 ** len(hyper.channels)
        if height != width or size % factor:
            raise DefinitionError(
                f"An autoencoder with {len(hyper.channels)} levels needs square images whose side is a multiple of {factor}, but "
                f"{height}x{width} was given (working_size {hyper.working_size}); set working_size or change channels."
            )
        if hyper.latent_channels < 1 or min(hyper.channels, default=0) < 1:
            raise DefinitionError(
                f"latent_channels and channels must be at least 1, got {hyper.latent_channels} and {list(hyper.channels)}."
            )
        if len(hyper.residual_blocks) != len(hyper.channels):
            raise DefinitionError(
                f"The autoencoder has {len(hyper.channels)} channels and {len(hyper.residual_blocks)} residual_blocks; "
                "give one number of blocks per level."
            )
        self.side = size
        self.shape = (hyper.latent_channels, size // factor, size // factor)
        self.network = AutoencoderNetwork(channels, hyper.latent_channels, hyper.channels, hyper.residual_blocks)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a quarter faster on CPU
        self.register_buffer("latent_mean", torch.zeros(hyper.latent_channels, 1, 1))
        self.register_buffer("latent_deviation", torch.ones(hyper.latent_channels, 1, 1))

    def standardise(self, codes: torch.Tensor) -> None:
        self.latent_mean.copy_(codes.mean(dim=(0, 2, 3), keepdim=True)[0])
        self.latent_deviation.copy_(codes.std(dim=(0, 2, 3), keepdim=True)[0].clamp_min(LEAST_DEVIATION))

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        """Take one step down the reconstruction error of a batch of pixels [n, C, s, s]."""
        mean, log_variance = self.network.encode(batch.points)
        noise = torch.randn(mean.shape, generator=random, device=mean.device)
        error = self.network.decode(mean + torch.exp(0.5 * log_variance) * noise) - batch.points
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=(1, 2, 3)).mean()
        reconstruction = error.abs().mean() + self.hyper.square_weight * error.square().mean()
        loss = descend(optimizers["adamw"], reconstruction + self.hyper.kl_weight * divergence)
        return {"loss": loss, "reconstruction": reconstruction.detach()}

    def to_points(self, pixels: torch.Tensor) -> torch.Tensor:
        mean, _ = self.network.encode(resized(pixels, self.side))
        return (mean - self.latent_mean) / self.latent_deviation

    def to_pixels(self, points: torch.Tensor) -> torch.Tensor:
        return resized(self.network.decode(points * self.latent_deviation + self.latent_mean), self.image_shape[0])
