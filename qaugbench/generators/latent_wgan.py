"""The latent quantum WGAN without its circuit: the classical generator that its paper compares it with.

Haider & Figini, "A Controlled Benchmark of Quantum-Latent GAN Augmentation for Brain MRI" (arXiv 2606.18970). Noise goes where
the circuit's expectations go (``qlatent_wgan``). In the paper its law is another one than that of the circuit's noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from qaugbench.cards import Training
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.labelled_wgan import LabelledCritic, LabelledHead, labelled_step
from qaugbench.kinds import Kind


class LatentWgan(Stepped):
    """WGAN-GP on vectors [size], conditional on the label vector; the generator learns at every ``critic_steps``-th step."""

    @dataclass(frozen=True)
    class Hyper:
        """``law``: ``noise`` numbers are uniform between -1 and 1, as the circuit's are before they become angles, or normal."""

        noise: int = 4
        law: Literal["uniform", "normal"] = "uniform"
        width: int = 64
        critic_widths: tuple[int, ...] = (128, 64)
        critic_steps: int = 5
        penalty: float = 10.0
        betas: tuple[float, float] = (0.5, 0.9)

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        (size,) = shape
        self.generator = LabelledHead(hyper.noise, n_labels, hyper.width, size)
        self.critic = LabelledCritic(size, n_labels, hyper.critic_widths)

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        return {
            name: torch.optim.Adam(getattr(self, name).parameters(), lr=training.learning_rate, betas=self.hyper.betas)
            for name in ("critic", "generator")
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        size = (len(batch.labels), self.hyper.noise)

        def drawn() -> torch.Tensor:
            if self.hyper.law == "normal":
                noise = torch.randn(size, generator=random, device=random.device)
            else:
                noise = 2 * torch.rand(size, generator=random, device=random.device) - 1
            points: torch.Tensor = self.generator(noise, batch.labels)
            return points

        penalty, critic_steps = self.hyper.penalty, self.hyper.critic_steps
        return labelled_step(self.critic, drawn, batch, optimizers, random, penalty=penalty, critic_steps=critic_steps)

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        normal = self.hyper.law == "normal"
        noise = random.normal(self.hyper.noise) if normal else 2 * random.uniform(self.hyper.noise) - 1
        drawn: torch.Tensor = self.generator(noise, labels)
        return drawn
