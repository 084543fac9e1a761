"""PQWGAN: one small circuit for each row of an image of 28x28 pixels, trained by the Wasserstein distance.

After "Hybrid Quantum-Classical Generative Adversarial Network for High Resolution Image Generation" (Tsang et al., IEEE TQE 2023,
arXiv 2212.11614), whose code is public. It divides each patch by its largest probability, so that no row can be dark, and the
last rotation of each qubit about Z is without effect; ``as-released`` keeps both. One model is fitted per class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.circuits.ansatz import angle_embedding, chain, each_wire, hardware_efficient_layers, stacked
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.conditional import multi_layer
from qaugbench.generators.shared.patch_circuits import PatchCircuits, pixels_of_patch, qubits_for
from qaugbench.generators.shared.wasserstein import wasserstein_step
from qaugbench.kinds import Kind


class Pqwgan(Stepped):
    """A WGAN-GP on images [channels, side, side]. A batch holds ``critic_steps`` parts, one for each step of the critic."""

    @dataclass(frozen=True)
    class Hyper:
        """``patches`` circuits of ``layers`` layers for each channel; noise is uniform from 0 to 1 radian.

        As ``released``, each patch is divided by its largest probability, and each layer has all its rotations.
        """

        patches: int = 28
        layers: int = 10
        critic_widths: tuple[int, ...] = (512, 256)
        critic_rate: float = 2e-4
        critic_steps: int = 5
        penalty: float = 10.0
        betas: tuple[float, float] = (0.0, 0.9)
        released: bool = False

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        wires = qubits_for(pixels_of_patch(shape, hyper.patches))
        circuit = row_circuit(wires, hyper.layers, with_dead=hyper.released)
        self.generator = PatchCircuits(shape, hyper.patches, circuit, circuits, stretched=hyper.released)
        self.critic = nn.Sequential(nn.Flatten(), multi_layer((math.prod(shape), *hyper.critic_widths, 1)))

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        rates = {"critic": self.hyper.critic_rate, "generator": training.learning_rate}
        return {
            name: torch.optim.Adam(getattr(self, name).parameters(), lr=rate, betas=self.hyper.betas)
            for name, rate in rates.items()
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        noise = torch.rand(len(batch.points), self.generator.wires, generator=random, device=random.device)
        return wasserstein_step(
            self.critic,
            self._drawn,
            batch.points,
            noise,
            optimizers,
            random,
            penalty=self.hyper.penalty,
            critic_steps=self.hyper.critic_steps,
        )

    def _drawn(self, noise: torch.Tensor) -> torch.Tensor:
        drawn: torch.Tensor = self.generator(noise)
        return 2 * drawn - 1

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        return self._drawn(random.uniform(self.generator.wires))


def row_circuit(wires: int, layers: int, *, with_dead: bool) -> Circuit:
    """Return the circuit: RY by the noise, ``layers`` layers of Rot and a chain of CNOT, the probabilities of all states.

    A chain of CNOT only rearranges the states, so the RZ with which the last Rot of each wire ends could not change a probability:
    unless ``with_dead``, the last layer has RZ and RY in place of Rot, and the circuit ``wires`` weights fewer.
    """
    entangler = chain(wires, "CNOT")
    before = hardware_efficient_layers(wires, layers - 1, ["Rot"], entangler) if layers > 1 else []
    last = each_wire(wires, "Rot") if with_dead else stacked(each_wire(wires, "RZ"), each_wire(wires, "RY"))
    gates = stacked(angle_embedding(wires, "RY"), before, last, entangler)
    return Circuit(wires, tuple(gates), Readout.probabilities())
