"""QLDM, a reconstruction: latent diffusion whose U-Net has circuits in its bottleneck.

After "Hybrid Quantum-Classical Latent Diffusion Models for Medical Image Generation" (Yeter-Aydeniz et al., arXiv
2508.09903), which has no public code and whose hyper-parameters are not published: this is a reconstruction, not a
reproduction. The quantum residual block follows De Falco et al., "Towards Efficient Quantum Hybrid Diffusion
Models" (arXiv 2402.16147), and both sets of circuits affect the result. The autoencoder is the shared classical
one, whereas the paper puts quantum layers into it as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import LabelledUNet, denoising_loss, drawn_by_ddim
from qaugbench.generators.shared.quantum_residual import QuantumPart, QuantumResidualBlock
from qaugbench.kinds import Kind


class Qldm(Stepped):
    """Hybrid latent diffusion, conditional on the label vector; the U-Net's bottleneck is a quantum residual block."""

    @dataclass(frozen=True)
    class Hyper:
        """A share ``q`` of the bottleneck's channels passes through circuits in each half of its block.

        Each circuit of ``layers`` layers of the ``ansatz`` acts on ``channels_per_circuit`` channels of 2x2 sites, one
        qubit per value. Without ``residual``, nothing goes around the block. The rest is as in ``ldm``.
        """

        q: float = 1.0
        residual: bool = True
        ansatz: str = "nearest-neighbour"
        channels_per_circuit: int = 2
        layers: int = 3
        channels: tuple[int, ...] = (24, 48, 64)
        layers_per_block: int = 1
        sampling_steps: int = 50
        clip: float = 4.0

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.denoiser = LabelledUNet(shape, n_labels, hyper.channels, hyper.layers_per_block)
        part = QuantumPart(hyper.q, hyper.channels_per_circuit, hyper.layers, hyper.ansatz, hyper.residual)
        self.denoiser.unet.mid_block = QuantumResidualBlock(
            self.denoiser.bottleneck_width, circuits, part, time_width=self.denoiser.time_width
        )

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        loss = denoising_loss(self.denoiser, batch.points, batch.labels, random)
        return {"denoising": descend(optimizers["adamw"], loss)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        steps, clip = self.hyper.sampling_steps, self.hyper.clip
        return drawn_by_ddim(self.denoiser, labels, random, self.shape, steps=steps, clip=clip)
