"""QIGL, a reconstruction: circuits write the principal components of an image, trained by the Wasserstein distance.

After "Quantum Generative Learning for High-Resolution Medical Image Generation" (Khatun et al., arXiv 2406.13196), which
has no public code, and whose circuits could not be read: those of MosaiQ (ICCV 2023) stand in, since the paper takes up its
idea of learning components instead of patches. A critic with gradient penalty replaces MosaiQ's discriminator. One model is
fitted per class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch

from qaugbench.cards import Training
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.component_circuits import ComponentCircuits, SeenRange
from qaugbench.generators.shared.conditional import multi_layer
from qaugbench.generators.shared.wasserstein import wasserstein_step
from qaugbench.kinds import Kind


class Qigl(Stepped):
    """A WGAN-GP on principal components [components]. A batch holds ``critic_steps`` parts, one for each step of the critic."""

    @dataclass(frozen=True)
    class Hyper:
        """``circuits`` of ``layers`` layers write equally many components each; noise is uniform from 0 to ``noise`` radians."""

        circuits: int = 8
        layers: int = 6
        noise: float = math.pi / 2
        critic_widths: tuple[int, ...] = (64, 16)
        critic_rate: float = 2e-4
        critic_steps: int = 5
        penalty: float = 10.0
        betas: tuple[float, float] = (0.0, 0.9)

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        (components,) = shape
        self.generator = ComponentCircuits(components, hyper.circuits, hyper.layers, circuits)
        self.critic = multi_layer((components, *hyper.critic_widths, 1))
        self.range = SeenRange()

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        rates = {"critic": self.hyper.critic_rate, "generator": training.learning_rate}
        return {
            name: torch.optim.Adam(getattr(self, name).parameters(), lr=rate, betas=self.hyper.betas)
            for name, rate in rates.items()
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        self.range.follow(batch.points, anew=batch.step == 0)
        noise = torch.rand(len(batch.points), self.generator.wires, generator=random, device=random.device)
        return wasserstein_step(
            self.critic,
            self.generator,
            self.range.scaled(batch.points),
            self.hyper.noise * noise,
            optimizers,
            random,
            penalty=self.hyper.penalty,
            critic_steps=self.hyper.critic_steps,
        )

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        return self.range.unscaled(self.generator(self.hyper.noise * random.uniform(self.generator.wires)))
