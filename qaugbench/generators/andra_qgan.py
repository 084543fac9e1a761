"""A patch QGAN for augmentation: 16 circuits of 8 qubits, one of them an ancilla, and a discriminator of five layers.

After "Data augmentation in cancer image classification problem with quantum GAN" (Andra et al., Quantum Machine Intelligence 7, 90,
2025). The paper is not open and has no public code; its circuits and its discriminator are known from a course that rebuilt them
smaller, its image size, optimiser and rates are not. What patches and pixels are made of is as in ``patch_qgan``. One model is
fitted per class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.conditional import multi_layer
from qaugbench.generators.shared.non_saturating import non_saturating_step
from qaugbench.generators.shared.patch_circuits import PatchCircuits, patch_circuit
from qaugbench.kinds import Kind


class AndraQgan(Stepped):
    """A GAN on images [channels, side, side]; circuits and discriminator see them from 0, black, to 1, white."""

    @dataclass(frozen=True)
    class Hyper:
        """``patches`` circuits of ``qubits`` and ``layers`` layers for each channel; noise is from 0 to ``noise`` radians."""

        patches: int = 16
        qubits: int = 8
        layers: int = 10
        noise: float = math.pi / 2
        critic_widths: tuple[int, ...] = (64, 32, 16, 8)
        critic_rate: float = 0.01

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.generator = PatchCircuits(shape, hyper.patches, patch_circuit(hyper.qubits, hyper.layers), circuits)
        self.critic = nn.Sequential(nn.Flatten(), multi_layer((math.prod(shape), *hyper.critic_widths, 1), slope=0.0))

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        rates = {"critic": self.hyper.critic_rate, "generator": training.learning_rate}
        return {name: torch.optim.SGD(getattr(self, name).parameters(), lr=rate) for name, rate in rates.items()}

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        noise = torch.rand(len(batch.points), self.generator.wires, generator=random, device=random.device)
        real = (batch.points + 1) / 2
        return non_saturating_step(self.critic, real, self.generator(self.hyper.noise * noise), optimizers)

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        drawn: torch.Tensor = self.generator(self.hyper.noise * random.uniform(self.generator.wires))
        return 2 * drawn - 1
