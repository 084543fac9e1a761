"""Latent quantum WGAN: a circuit of four qubits turns noise into what a small network decodes to a vector of latents.

Haider & Figini, "A Controlled Benchmark of Quantum-Latent GAN Augmentation for Brain MRI" (arXiv 2606.18970), with its public
code. All noise passes the circuit; its four expectations and an embedding of the label go through two linear layers. In the
released circuit the last rotations of all wires commute with what is read, so a quarter of its weights is dead; here each
layer turns about Z first. ``latent_wgan`` is the classical generator that the paper compares it with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.circuits.ansatz import angle_embedding, chain, hardware_efficient_layers
from qaugbench.circuits.block import Block
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.labelled_wgan import LabelledCritic, LabelledHead, labelled_step
from qaugbench.kinds import Kind


def latent_circuit(n_qubits: int, layers: int, *, released: bool = False) -> Circuit:
    """Return the circuit: RY of the noise, layers of two rotations and a chain of CNOT, <Z> of each wire.

    ``released``, RZ follows RY in each layer, so that the last ``n_qubits`` RZ have no effect.
    """
    rotations = ["RY", "RZ"] if released else ["RZ", "RY"]
    layered = hardware_efficient_layers(n_qubits, layers, rotations, chain(n_qubits, "CNOT"))
    return Circuit(n_qubits, (*angle_embedding(n_qubits, "RY"), *layered), Readout.each_wire(n_qubits))


class QlatentWgan(Stepped):
    """WGAN-GP on vectors [size], conditional on the label vector; the generator learns at every ``critic_steps``-th step."""

    @dataclass(frozen=True)
    class Hyper:
        """``released`` is the public code's circuit, with its dead weights."""

        n_qubits: int = 4
        layers: int = 2
        width: int = 64
        critic_widths: tuple[int, ...] = (128, 64)
        critic_steps: int = 5
        penalty: float = 10.0
        betas: tuple[float, float] = (0.5, 0.9)
        released: bool = False

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        (size,) = shape
        circuit = latent_circuit(hyper.n_qubits, hyper.layers, released=hyper.released)
        head = LabelledHead(hyper.n_qubits, n_labels, hyper.width, size)
        self.generator = CircuitGenerator(circuits.block(circuit), head)
        self.critic = LabelledCritic(size, n_labels, hyper.critic_widths)

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        return {
            name: torch.optim.Adam(getattr(self, name).parameters(), lr=training.learning_rate, betas=self.hyper.betas)
            for name in ("critic", "generator")
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        def drawn() -> torch.Tensor:
            uniform = torch.rand(len(batch.labels), self.hyper.n_qubits, generator=random, device=random.device)
            points: torch.Tensor = self.generator(uniform, batch.labels)
            return points

        penalty, critic_steps = self.hyper.penalty, self.hyper.critic_steps
        return labelled_step(self.critic, drawn, batch, optimizers, random, penalty=penalty, critic_steps=critic_steps)

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        drawn: torch.Tensor = self.generator(random.uniform(self.hyper.n_qubits), labels)
        return drawn


class CircuitGenerator(nn.Module):
    """Noise [n, qubits], uniform from 0 to 1, and label vectors [n, n_labels] to points [n, size]."""

    def __init__(self, block: Block, head: LabelledHead) -> None:
        super().__init__()
        self.block = block
        self.head = head

    def forward(self, uniform: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        points: torch.Tensor = self.head(self.block(math.pi * uniform), labels)
        return points
