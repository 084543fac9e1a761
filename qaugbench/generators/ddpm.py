"""A latent DDPM in the shared autoencoder: the classical diffusion model to which quantum ones are compared.

Denoising diffusion (Ho, Jain & Abbeel, arXiv 2006.11239) with a plain convolutional U-Net. It works on the latents of
the autoencoder that all latent generators of a replicate share (latent diffusion, arXiv 2112.10752), not on pixels, so
that it differs from a quantum latent model only in the denoiser.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.contract import (
    Budget,
    Codec,
    Generator,
    NotFittedError,
    Progress,
    module_state,
    require_labels,
    trainable_parameters,
    under_prefix,
    with_prefix,
)
from qaugbench.generators.shared.autoencoder import LatentAutoencoder, attached_or_fitted
from qaugbench.generators.shared.diffusion import LabelledUNet, draw_latents, train_denoiser
from qaugbench.kinds import Kind
from qaugbench.seeds import child_seed, torch_seeded


class Ddpm(Generator):
    """Classical latent diffusion, conditional on the label vector."""

    kind: ClassVar[Kind] = "classical"
    uses_autoencoder: ClassVar[bool] = True

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        n_labels: int,
        *,
        control: str = "none",
        device: str = "cpu",
        channels: tuple[int, ...] = (24, 48, 64),
        layers_per_block: int = 1,
        learning_rate: float = 4e-3,
        weight_decay: float = 0.01,
        ema_decay: float = 0.99,
        sampling_steps: int = 50,
        latent_clip: float = 4.0,
    ) -> None:
        super().__init__(image_shape, n_labels, control=control, device=device)
        self._channels = tuple(channels)
        self._layers_per_block = layers_per_block
        self._learning_rate = learning_rate
        self._weight_decay = weight_decay
        self._ema_decay = ema_decay
        self._sampling_steps = sampling_steps
        self._latent_clip = latent_clip
        self._codec: Codec | None = None
        self._denoiser = self._new_denoiser(LatentAutoencoder(image_shape).latent_shape, seed=0)

    def fit(self, data: LabelledImages, *, budget: Budget, seed: int, progress: Progress | None = None) -> None:
        """Learn to denoise the latents of ``data``; see ``Generator.fit``."""
        labels = require_labels(data.labels, self.n_labels)
        codec = attached_or_fitted(
            self.autoencoder, self.image_shape, data, budget=budget, seed=seed, device=self.device
        )
        self._denoiser = train_denoiser(
            self._new_denoiser(codec.latent_shape, seed),
            codec.encode(data.images),
            labels,
            budget=budget,
            learning_rate=self._learning_rate,
            weight_decay=self._weight_decay,
            ema_decay=self._ema_decay,
            seed=seed,
            progress=progress,
        )
        self._codec = codec

    def sample(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> np.ndarray:
        """Return uint8 images [n, H, W, C]; see ``Generator.sample``. There is no circuit to execute."""
        codec = self._fitted_codec()
        latents = draw_latents(
            self._denoiser,
            require_labels(labels, self.n_labels),
            codec.latent_shape,
            seed=seed,
            sampling_steps=self._sampling_steps,
            clip=self._latent_clip,
        )
        return codec.decode(latents)

    def state(self) -> dict[str, torch.Tensor]:
        """Return denoiser and autoencoder."""
        codec = self._fitted_codec()
        return with_prefix("denoiser.", module_state(self._denoiser)) | with_prefix("autoencoder.", codec.state())

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Restore denoiser and autoencoder."""
        self._codec = LatentAutoencoder.from_state(
            self.image_shape, under_prefix("autoencoder.", state), device=self.device
        )
        self._denoiser = self._new_denoiser(self._codec.latent_shape, seed=0).eval()
        self._denoiser.load_state_dict(under_prefix("denoiser.", state))

    def parameter_counts(self) -> dict[str, int]:
        """Return the parameters of the denoiser; there is no block."""
        return {"total": trainable_parameters(self._denoiser), "block": 0}

    def _new_denoiser(self, latent_shape: tuple[int, int, int], seed: int) -> torch.nn.Module:
        with torch_seeded(child_seed(seed, "weights")):
            return LabelledUNet(latent_shape, self.n_labels, self._channels, self._layers_per_block).to(self.device)

    def _fitted_codec(self) -> Codec:
        if self._codec is None:
            raise NotFittedError("This generator has been neither fitted nor loaded; call fit or load first.")
        return self._codec
