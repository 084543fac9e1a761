"""The shared autoencoder: images to a small grid of standardised latents and back.

A convolutional variational autoencoder with a very small Kullback-Leibler weight (Kingma & Welling, arXiv 1312.6114; as
in latent diffusion, arXiv 2112.10752). It is classical, does not use labels, and is fitted once per replicate; every
latent generator and every control then works on the same latents.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import (
    Budget,
    Codec,
    DivergedError,
    NotFittedError,
    Progress,
    module_state,
    under_prefix,
    with_prefix,
)
from qaugbench.generators.shared.optimisation import report_loss, warm_up_then_cosine
from qaugbench.seeds import child_seed, numpy_generator, torch_generator, torch_seeded

_CHUNK = 128


class LatentAutoencoder:
    """Encodes uint8 images [n, H, W, C] to float32 latents [n, *latent_shape], and decodes latents to images.

    ``channels`` are the widths of the grids from the finest, which is half the image, to the latent one, so that the latent
    grid has ``working_size / 2 ** len(channels)`` sites per side. ``working_size`` is the side to which images are
    resized before encoding and from which they are resized after decoding; 0 means the next power of two.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        *,
        latent_channels: int = 4,
        channels: tuple[int, ...] = (16, 32, 64),
        residual_blocks: tuple[int, ...] = (0, 1, 1),
        working_size: int = 0,
        kl_weight: float = 1e-6,
        learning_rate: float = 4e-3,
        weight_decay: float = 1e-4,
        flip: bool = False,
        device: str = "cpu",
    ) -> None:
        height, width, _ = image_shape
        size, factor = working_size or 1 << (height - 1).bit_length(), 2 ** len(channels)
        if height != width or size % factor:
            raise DefinitionError(
                f"An autoencoder with {len(channels)} levels needs square images whose side is a multiple of {factor}, but "
                f"{height}x{width} was given (working_size {working_size}); set working_size or change channels."
            )
        self.image_shape = image_shape
        self.latent_shape = (latent_channels, size // factor, size // factor)
        self.device = device
        self._size = size
        self._kl_weight = kl_weight
        self._learning_rate = learning_rate
        self._weight_decay = weight_decay
        self._flip = flip
        self._architecture: dict[str, Any] = {
            "latent_channels": latent_channels,
            "channels": tuple(channels),
            "residual_blocks": tuple(residual_blocks),
            "working_size": working_size,
        }
        self._network = self._new_network().eval()
        self._fitted = False

    def fit(self, data: LabelledImages, budget: Budget, seed: int, progress: Progress | None = None) -> None:
        """Learn to reconstruct ``data`` (labels are not used), then measure the mean and standard deviation of its latents."""
        with torch_seeded(child_seed(seed, "weights")):
            network = self._new_network()
        optimizer = torch.optim.AdamW(network.parameters(), lr=self._learning_rate, weight_decay=self._weight_decay)
        schedule = warm_up_then_cosine(optimizer, budget.steps)
        order = numpy_generator(child_seed(seed, "order"))
        noise = torch_generator(child_seed(seed, "noise"), self.device)
        network.train()
        for step in range(budget.steps):
            pixels = self._pixels(data.images[np.sort(order.integers(0, len(data), budget.batch_size))])
            if self._flip and order.random() < 0.5:
                pixels = pixels.flip(-1)
            mean, log_variance = network.encode(pixels)
            spread = torch.exp(0.5 * log_variance)
            code = mean + spread * torch.randn(mean.shape, generator=noise, device=self.device)
            divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=(1, 2, 3)).mean()
            error = network.decode(code) - pixels
            loss = error.abs().mean() + error.square().mean() + self._kl_weight * divergence
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            report_loss("The autoencoder", progress, step, budget.steps, loss)
        self._network = network.eval()
        self._fitted = True
        self._standardise(data)

    @torch.no_grad()
    def _standardise(self, data: LabelledImages) -> None:
        self._network.latent_mean.zero_()
        self._network.latent_deviation.fill_(1)
        latents = torch.from_numpy(self.encode(data.images))
        self._network.latent_mean.copy_(latents.mean(dim=(0, 2, 3), keepdim=True)[0])
        self._network.latent_deviation.copy_(latents.std(dim=(0, 2, 3), keepdim=True)[0].clamp_min(1e-6))

    @torch.no_grad()
    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return standardised latents, float32 [n, *latent_shape], of uint8 ``images`` [n, H, W, C]."""
        self._require_fitted()
        network, latents = self._network, [torch.empty(0, *self.latent_shape, device=self.device)]
        for start in range(0, len(images), _CHUNK):
            mean, _ = network.encode(self._pixels(images[start : start + _CHUNK]))
            latents.append((mean - network.latent_mean) / network.latent_deviation)
        return torch.cat(latents).cpu().numpy()

    @torch.no_grad()
    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Return uint8 images [n, H, W, C] of standardised ``latents``; raises ``DivergedError`` if they are not finite."""
        self._require_fitted()
        network, images = self._network, [torch.empty(0, *self.image_shape, device=self.device)]
        for start in range(0, len(latents), _CHUNK):
            chunk = torch.from_numpy(np.ascontiguousarray(latents[start : start + _CHUNK])).to(self.device)
            pixels = network.decode(chunk * network.latent_deviation + network.latent_mean)
            if not torch.isfinite(pixels).all():
                raise DivergedError("A decoded image is not finite: the latents or the autoencoder diverged.")
            images.append(self._resized(pixels, self.image_shape[0]).permute(0, 2, 3, 1))
        return torch.cat(images).add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).cpu().numpy()

    def state(self) -> dict[str, torch.Tensor]:
        """Return the weights, the statistics of the latents, and the shape of the network as integer tensors."""
        self._require_fitted()
        shape = {name: torch.tensor(value) for name, value in self._architecture.items()}
        return with_prefix("network.", module_state(self._network)) | with_prefix("architecture.", shape)

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Restore the state of an autoencoder of the same shape."""
        self._network.load_state_dict(under_prefix("network.", state))
        self._fitted = True

    @classmethod
    def from_state(
        cls, image_shape: tuple[int, int, int], state: dict[str, torch.Tensor], *, device: str = "cpu"
    ) -> LatentAutoencoder:
        """Return the fitted autoencoder with this state, which includes its shape."""
        shape: dict[str, Any] = {name: value.tolist() for name, value in under_prefix("architecture.", state).items()}
        autoencoder = cls(
            image_shape,
            latent_channels=shape["latent_channels"],
            channels=shape["channels"],
            residual_blocks=shape["residual_blocks"],
            working_size=shape["working_size"],
            device=device,
        )
        autoencoder.load(state)
        return autoencoder

    def parameter_count(self) -> int:
        """Return the number of trainable parameters of encoder and decoder."""
        return sum(parameter.numel() for parameter in self._network.parameters())

    def _new_network(self) -> _Network:
        shape = self._architecture
        network = _Network(self.image_shape[2], shape["latent_channels"], shape["channels"], shape["residual_blocks"])
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a quarter faster on CPU
        return network.to(self.device)

    def _pixels(self, images: np.ndarray) -> torch.Tensor:
        pixels = torch.from_numpy(np.ascontiguousarray(images)).to(self.device)
        return self._resized(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1, self._size)

    def _resized(self, pixels: torch.Tensor, size: int) -> torch.Tensor:
        if pixels.shape[-1] == size:
            return pixels
        return functional.interpolate(pixels, size=(size, size), mode="bilinear", antialias=True)

    def _require_fitted(self) -> None:
        if not self._fitted:
            raise NotFittedError("The autoencoder has been neither fitted nor loaded; call fit or load first.")


class _Network(nn.Module):
    """Encoder and decoder, and the statistics of the latents as buffers."""

    latent_mean: torch.Tensor
    latent_deviation: torch.Tensor

    def __init__(
        self, image_channels: int, latent_channels: int, channels: tuple[int, ...], residual_blocks: tuple[int, ...]
    ) -> None:
        super().__init__()
        levels = list(zip(channels, residual_blocks, strict=True))
        self.encoder = nn.Sequential(*_encoder_layers(image_channels, latent_channels, levels))
        self.decoder = nn.Sequential(*_decoder_layers(image_channels, latent_channels, levels))
        self.register_buffer("latent_mean", torch.zeros(latent_channels, 1, 1))
        self.register_buffer("latent_deviation", torch.ones(latent_channels, 1, 1))

    def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log-variance [n, *latent_shape] of pixels in [-1, 1]."""
        mean, log_variance = self.encoder(pixels).chunk(2, dim=1)
        return mean, log_variance.clamp(-20, 10)

    def decode(self, code: torch.Tensor) -> torch.Tensor:
        """Return pixels [n, C, H, W] of unstandardised latents."""
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
    return [*(_Residual(width) for _ in range(blocks)), nn.GroupNorm(4, width), nn.SiLU()]


class _Residual(nn.Module):
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


def attached_or_fitted(
    attached: Codec | None,
    image_shape: tuple[int, int, int],
    data: LabelledImages,
    *,
    budget: Budget,
    seed: int,
    device: str,
) -> Codec:
    """Return the ``attached`` autoencoder or, without one, one of the default shape fitted to ``data``."""
    if attached is not None:
        return attached
    own = LatentAutoencoder(image_shape, device=device)
    own.fit(data, budget, child_seed(seed, "autoencoder"))
    return own
