"""MediQ-GAN: prototypes of the classes, and a stream of five circuits beside a convolution, in pixels.

Jiao, Tang, Zhuang, Cong & Shi, "MediQ-GAN: Quantum-Inspired GAN for High Resolution Medical Image Generation" (arXiv
2506.21015), with its public code. The prototype of a class gives the mean of a latent, which becomes a map of 32 features. Some
of them pass a convolution; from the others, each circuit reads one site of a 4x4 grid and returns one number for it, the mean
of <X> over its wires. A decoder paints what both streams return, and a skip connection leads from the prototype to the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import torch

from qaugbench.cards import Training
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.adversarial import between, constant, gap, gradient_penalty, wasserstein_loss
from qaugbench.generators.shared.component_circuits import component_circuit
from qaugbench.generators.shared.convolutional_critic import ConvolutionalCritic
from qaugbench.generators.shared.dual_stream import DualStreamGenerator, grids
from qaugbench.generators.shared.levels import repeated
from qaugbench.kinds import Kind

DRAWN_AT_ONCE = 16  # images whose states are held in memory at a time


class MediqGan(Stepped):
    """A WGAN-GP whose critic takes ``critic_steps`` steps on each batch, with images drawn anew, and the generator one."""

    @dataclass(frozen=True)
    class Hyper:
        """``copies`` circuits of ``n_qubits`` wires and ``layers`` layers; ``quantum_share`` of the features go to them.

        ``channels`` are the widths of the decoder from the coarsest level, ``critic_channels`` those of the critic from the
        finest; the last one repeats. The decoder "vanilla" is a linear layer and transposed convolutions; "style2" is
        convolutions on enlarged grids with noise of learned strength. Critic and circuits learn ``critic_rate`` and
        ``circuit_rate`` times as fast as the rest. ``separation`` weighs the loss that keeps prototypes apart, ``skip`` the
        skip connection, which is built and never called where the method is as ``released``.
        """

        noise: int = 128
        prototype: int = 1280
        copies: int = 5
        n_qubits: int = 16
        layers: int = 8
        quantum_share: float = 0.5
        decoder: Literal["vanilla", "style2"] = "vanilla"
        channels: tuple[int, ...] = (64, 32, 16)
        critic_channels: tuple[int, ...] = (64, 128, 256, 512)
        skip: float = 0.05
        separation: float = 5e-3
        penalty: float = 10.0
        critic_steps: int = 3
        critic_rate: float = 2.0
        circuit_rate: float = 300.0
        released: bool = False

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        circuit = component_circuit(hyper.n_qubits, hyper.layers)
        self.generator = DualStreamGenerator(
            shape[0],
            n_labels,
            shape[-1],
            circuits.block(circuit, copies=hyper.copies),
            noise=hyper.noise,
            prototype=hyper.prototype,
            quantum_share=hyper.quantum_share,
            decoder=hyper.decoder,
            widths=hyper.channels,
            skip=0.0 if hyper.released else hyper.skip,
        )
        _, levels = grids(shape[-1])
        self.critic = ConvolutionalCritic(shape[0], n_labels, repeated(hyper.critic_channels, levels + 1))

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        rate, block = training.learning_rate, self.generator.quantum.block
        of_block = {id(parameter) for parameter in block.parameters()}
        others = [parameter for parameter in self.generator.parameters() if id(parameter) not in of_block]
        turned = [parameter for parameter in block.parameters() if parameter.requires_grad]
        groups: list[dict[str, Any]] = [{"params": others}, {"params": turned, "lr": rate * self.hyper.circuit_rate}]
        return {
            "critic": torch.optim.Adam(self.critic.parameters(), lr=rate * self.hyper.critic_rate, betas=(0.0, 0.9)),
            "generator": torch.optim.Adam(groups, lr=rate, betas=(0.5, 0.999)),
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        for _ in range(self.hyper.critic_steps):
            told = self._critic_step(batch.points, batch.labels, optimizers["critic"], random)
        with constant(self.critic):
            scores = self.critic(self._drawn(batch.labels, random), batch.labels)
            crowding = self.generator.prototypes.crowding()
            loss = descend(optimizers["generator"], self.hyper.separation * crowding - scores.mean())
        return {**told, "generator": loss}

    def _critic_step(
        self, real: torch.Tensor, labels: torch.Tensor, optimizer: torch.optim.Optimizer, random: torch.Generator
    ) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            drawn = self._drawn(labels, random)
        real_scores, drawn_scores = self.critic(torch.cat([real, drawn]), labels.repeat(2, 1)).chunk(2)
        penalty = gradient_penalty(partial(self.critic, labels=labels), between(real, drawn, random))
        loss = descend(optimizer, wasserstein_loss(real_scores, drawn_scores) + self.hyper.penalty * penalty)
        return {"critic": loss, "penalty": penalty.detach(), "gap": gap(real_scores, drawn_scores)}

    def _drawn(self, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        shapes = self.generator.noise_shapes
        noise = [torch.randn(len(labels), *shape, generator=random, device=labels.device) for shape in shapes]
        drawn: torch.Tensor = self.generator(labels, *noise)
        return drawn

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        given = [labels, *(random.normal(*shape) for shape in self.generator.noise_shapes)]
        parts = zip(*(tensor.split(DRAWN_AT_ONCE) for tensor in given), strict=True)
        return torch.cat([self.generator(*part) for part in parts])
