"""QLDM, a reconstruction: latent diffusion whose U-Net has circuits in its bottleneck.

After "Hybrid Quantum-Classical Latent Diffusion Models for Medical Image Generation" (Yeter-Aydeniz et al., arXiv
2508.09903), which has no public code and whose hyper-parameters are not published: this is a reconstruction, not a
reproduction. The quantum residual block follows De Falco et al., "Towards Efficient Quantum Hybrid Diffusion
Models" (arXiv 2402.16147), and both sets of circuits affect the result. The autoencoder is the shared classical
one, whereas the paper puts quantum layers into it as well.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.controls.build import build_block
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import DefinitionError
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
from qaugbench.generators.shared.diffusion import BOTTLENECK_SIZE, LabelledUNet, draw_latents, train_denoiser
from qaugbench.kinds import Kind
from qaugbench.seeds import child_seed, torch_generator, torch_seeded

_SITES = BOTTLENECK_SIZE**2


class Qldm(Generator):
    """Hybrid latent diffusion, conditional on the label vector; the U-Net's bottleneck is a quantum residual block.

    ``copies`` circuits act side by side in each half of the block, each on ``channels_per_circuit`` channels of 2x2
    sites with one qubit per value, ``layers`` deep.
    """

    kind: ClassVar[Kind] = "hybrid"
    uses_autoencoder: ClassVar[bool] = True

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        n_labels: int,
        *,
        control: str = "none",
        device: str = "cpu",
        copies: int = 4,
        channels_per_circuit: int = 2,
        layers: int = 3,
        channels: tuple[int, ...] = (24, 48, 64),
        layers_per_block: int = 1,
        learning_rate: float = 4e-3,
        weight_decay: float = 0.01,
        ema_decay: float = 0.99,
        sampling_steps: int = 50,
        latent_clip: float = 4.0,
    ) -> None:
        super().__init__(image_shape, n_labels, control=control, device=device)
        self._copies = copies
        self._channels_per_circuit = channels_per_circuit
        self._layers = layers
        self._channels = tuple(channels)
        self._layers_per_block = layers_per_block
        self._learning_rate = learning_rate
        self._weight_decay = weight_decay
        self._ema_decay = ema_decay
        self._sampling_steps = sampling_steps
        self._latent_clip = latent_clip
        self._codec: Codec | None = None
        self._use(self._new_denoiser(LatentAutoencoder(image_shape).latent_shape, seed=0))

    def fit(self, data: LabelledImages, *, budget: Budget, seed: int, progress: Progress | None = None) -> None:
        """Learn to denoise the latents of ``data``; see ``Generator.fit``."""
        labels = require_labels(data.labels, self.n_labels)
        codec = attached_or_fitted(
            self.autoencoder, self.image_shape, data, budget=budget, seed=seed, device=self.device
        )
        average = train_denoiser(
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
        self._use(average)
        self._codec = codec

    def sample(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> np.ndarray:
        """Return uint8 images [n, H, W, C], the circuits evaluated under ``execution``; see ``Generator.sample``."""
        codec = self._fitted_codec()
        for number, block in enumerate(self._blocks):
            block.run_under(execution, torch_generator(child_seed(seed, "shots", number)))
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
        """Return denoiser, circuits included, and autoencoder."""
        codec = self._fitted_codec()
        return with_prefix("denoiser.", module_state(self._denoiser)) | with_prefix("autoencoder.", codec.state())

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Restore denoiser and autoencoder."""
        self._codec = LatentAutoencoder.from_state(
            self.image_shape, under_prefix("autoencoder.", state), device=self.device
        )
        self._use(self._new_denoiser(self._codec.latent_shape, seed=0).eval())
        self._denoiser.load_state_dict(under_prefix("denoiser.", state))

    def parameter_counts(self) -> dict[str, int]:
        """Return the trainable parameters of the denoiser, and of the circuits or their replacement."""
        return {"total": trainable_parameters(self._denoiser), "block": sum(map(trainable_parameters, self._blocks))}

    def _new_denoiser(self, latent_shape: tuple[int, int, int], seed: int) -> LabelledUNet:
        """Return a fresh denoiser; its classical weights depend on ``seed`` alone, whatever replaces the circuits."""
        with torch_seeded(child_seed(seed, "weights")):
            denoiser = LabelledUNet(latent_shape, self.n_labels, self._channels, self._layers_per_block)
            width, time_width = denoiser.bottleneck_width, denoiser.time_width
            halves = [self._half_block(width, time_width, child_seed(seed, "circuit", half)) for half in range(2)]
            denoiser.unet.mid_block = QResBlock(*halves)
        return denoiser.to(self.device)

    def _half_block(self, width: int, time_width: int, circuit_seed: int) -> QHalfBlock:
        circuit = qldm_circuit(self._channels_per_circuit * _SITES, self._layers)
        with torch_seeded(circuit_seed):
            block = build_block(circuit, self.control, copies=self._copies)
        return QHalfBlock(width, time_width, block, self._copies * self._channels_per_circuit)

    def _use(self, denoiser: nn.Module) -> None:
        self._denoiser = denoiser
        self._blocks = [part for part in denoiser.modules() if isinstance(part, Block)]
        self.circuits = [block for block in self._blocks if isinstance(block, QuantumBlock)]

    def _fitted_codec(self) -> Codec:
        if self._codec is None:
            raise NotFittedError("This generator has been neither fitted nor loaded; call fit or load first.")
        return self._codec


class QHalfBlock(nn.Module):
    """[n, width, 2, 2] and time embedding to the same shape: norm, circuits beside a convolution, time scale and shift, SiLU.

    The first ``block_width`` channels go through ``block``, their values squashed to angles in (-pi, pi) and read channel
    by channel; its outputs in [-1, 1] replace them. A 3x3 convolution transforms the other channels.
    """

    def __init__(self, width: int, time_width: int, block: nn.Module, block_width: int) -> None:
        super().__init__()
        if block_width >= width:
            raise DefinitionError(
                f"The circuits take {block_width} channels, but the bottleneck has {width} and the convolution beside them "
                "needs at least one; use fewer copies or wider channels."
            )
        self.norm = nn.GroupNorm(8, width)
        self.block = block
        self.block_width = block_width
        self.convolution = nn.Conv2d(width - block_width, width - block_width, 3, padding=1)
        self.time = nn.Linear(time_width, 2 * width)

    def forward(self, grid: torch.Tensor, time_embedding: torch.Tensor) -> torch.Tensor:
        normed = self.norm(grid)
        through_block, beside = normed[:, : self.block_width], normed[:, self.block_width :]
        angles = math.pi * torch.tanh(through_block.flatten(1))
        expectations = self.block(angles).unflatten(1, (self.block_width, BOTTLENECK_SIZE, BOTTLENECK_SIZE))
        joined = torch.cat([expectations, self.convolution(beside)], dim=1)
        scale, shift = self.time(functional.silu(time_embedding))[:, :, None, None].chunk(2, dim=1)
        activated: torch.Tensor = functional.silu(joined * (1 + scale) + shift)
        return activated


class QResBlock(nn.Module):
    """Two half blocks, each with its own circuits, and a residual connection around both."""

    def __init__(self, first: QHalfBlock, second: QHalfBlock) -> None:
        super().__init__()
        self.first = first
        self.second = second

    def forward(self, grid: torch.Tensor, time_embedding: torch.Tensor) -> torch.Tensor:
        residual: torch.Tensor = self.second(self.first(grid, time_embedding), time_embedding)
        return grid + residual
