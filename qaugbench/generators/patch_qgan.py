"""Patch QGAN: four small circuits, each with an ancilla, write the rows of an image of 8x8 pixels.

After "Experimental Quantum Generative Adversarial Networks for Image Generation" (Huang et al., Phys. Rev. Applied 16, 024051,
arXiv 2010.06201), with circuit and training as in PennyLane's tutorial on quantum GANs, from which later codes took them. The
tutorial divides each patch by its largest value, so that no patch can be dark; ``as-released`` keeps that. One model is fitted per
class. With 16 wider circuits it is the GAN of Andra et al. (Quantum Machine Intelligence 7, 90, 2025), ``andra-qgan``.
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
from qaugbench.generators.shared.patch_circuits import PatchCircuits, patch_circuit, pixels_of_patch, qubits_for
from qaugbench.kinds import Kind


class PatchQgan(Stepped):
    """A GAN on small images [channels, side, side]; circuits and discriminator see them from 0, black, to 1, white."""

    @dataclass(frozen=True)
    class Hyper:
        """``patches`` circuits of ``layers`` layers for each channel; noise is uniform from 0 to ``noise`` radians.

        Each has ``qubits``, one of them the ancilla; 0 stands for the fewest that write a patch. As ``released``, each patch is
        divided by its largest value.
        """

        patches: int = 4
        qubits: int = 0
        layers: int = 6
        noise: float = math.pi / 2
        critic_widths: tuple[int, ...] = (64, 16)
        critic_rate: float = 0.01
        released: bool = False

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        qubits = hyper.qubits or qubits_for(pixels_of_patch(shape, hyper.patches))
        circuit = patch_circuit(qubits, hyper.layers)
        self.generator = PatchCircuits(shape, hyper.patches, circuit, circuits, stretched=hyper.released)
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
