"""MosaiQ: circuits write the principal components of an image, with noise that widens as the discriminator falls behind.

After "MosaiQ: Quantum Generative Adversarial Networks for Image Generation on NISQ Computers" (Silver et al., ICCV 2023,
arXiv 2308.11096), whose code is public. Its last change cut the circuits' outputs off from the gradient, so that the
generator never learns, and its rearrangement of components acts across the images of a batch; ``as-released`` keeps the
former. One model is fitted per class.
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
from qaugbench.generators.shared.non_saturating import non_saturating_step
from qaugbench.kinds import Kind

NARROWEST, WIDER = math.pi / 8, 5 * math.pi / 8
"""The largest angle of noise at first, and by how much it grows at most."""


class Mosaiq(Stepped):
    """A GAN on principal components [components], scaled together to -1 to 1; fitted to the images of one label at a time."""

    @dataclass(frozen=True)
    class Hyper:
        """``circuits`` of ``layers`` layers write equally many components each. ``released`` is the public code's generator:
        it gets no gradient, and its components are in their plain order.
        """

        circuits: int = 8
        layers: int = 6
        critic_widths: tuple[int, ...] = (64, 16)
        critic_rate: float = 0.05
        released: bool = False

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper
    widest: torch.Tensor
    first_ratio: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        (components,) = shape
        released = hyper.released
        self.generator = ComponentCircuits(
            components, hyper.circuits, hyper.layers, circuits, redistributed=not released, detached=released
        )
        self.critic = multi_layer((components, *hyper.critic_widths, 1), slope=0.0)
        self.range = SeenRange()
        self.register_buffer("widest", torch.tensor(NARROWEST))
        self.register_buffer("first_ratio", torch.tensor(1.0))

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        rates = {"critic": self.hyper.critic_rate, "generator": training.learning_rate}
        return {name: torch.optim.SGD(getattr(self, name).parameters(), lr=rate) for name, rate in rates.items()}

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        self.range.follow(batch.points, anew=batch.step == 0)
        real = self.range.scaled(batch.points)
        drawn = self.generator(
            self.widest * torch.rand(len(real), self.generator.wires, generator=random, device=random.device)
        )
        told = non_saturating_step(self.critic, real, drawn, optimizers)
        self._adapt_noise(told["critic"] / told["generator"], anew=batch.step == 0)
        return told

    def _adapt_noise(self, ratio: torch.Tensor, *, anew: bool) -> None:
        """Let noise widen as the discriminator's loss grows relative to the generator's, by more than it was at first."""
        if anew:
            self.first_ratio.copy_(ratio)
        self.widest.copy_(NARROWEST + WIDER * torch.tanh(ratio - self.first_ratio).relu())

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        return self.range.unscaled(self.generator(self.widest * random.uniform(self.generator.wires)))
