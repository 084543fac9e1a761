"""LaSt-QGAN: a circuit of ten qubits whose every angle follows noise writes the code of an image, of twice as many numbers.

Chang et al., "Latent Style-based Quantum GAN for high-quality Image Generation" (arXiv 2406.02668), which has no public code;
settings are from a re-implementation by others. A linear layer turns noise into all angles; <X> and <Z> of each wire are a code
in [-1, 1], as the autoencoder's is. Labels, which the paper does not use, move the angles too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.circuits.ansatz import hardware_efficient_layers, ring, stacked
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.labelled_wgan import LabelVectors, labelled_step
from qaugbench.generators.shared.style_angles import start_small, styled
from qaugbench.kinds import Kind


def last_circuit(n_qubits: int, layers: int) -> Circuit:
    """Return the circuit: layers of RY, RZ, RY, RZ on each wire and of CRY and CRZ around a ring; then <X> and <Z> of each."""
    couplings = stacked(ring(n_qubits, "CRY"), ring(n_qubits, "CRZ"))
    gates = hardware_efficient_layers(n_qubits, layers, ["RY", "RZ", "RY", "RZ"], couplings)
    return Circuit(n_qubits, styled(gates), Readout.each_wire(n_qubits, "XZ"))


class LastQgan(Stepped):
    """WGAN-GP on codes [2 * qubits] in [-1, 1], conditional on the label vector."""

    @dataclass(frozen=True)
    class Hyper:
        """There are as many noise numbers as qubits; angles start between -``spread`` and ``spread``."""

        layers: int = 6
        spread: float = 0.01
        critic_widths: tuple[int, ...] = (112, 56)
        critic_steps: int = 5
        penalty: float = 10.0
        betas: tuple[float, float] = (0.5, 0.999)

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        (size,) = shape
        if size % 2:
            raise DefinitionError(f"Each qubit writes two numbers of the code, which has {size}; choose an even size.")
        self.noise = size // 2
        self.generator = StyledCircuit(last_circuit(self.noise, hyper.layers), n_labels, hyper.spread, circuits)
        self.critic = Critic(size, n_labels, hyper.critic_widths)

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        return {
            name: torch.optim.Adam(getattr(self, name).parameters(), lr=training.learning_rate, betas=self.hyper.betas)
            for name in ("critic", "generator")
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        def drawn() -> torch.Tensor:
            noise = torch.randn(len(batch.labels), self.noise, generator=random, device=random.device)
            points: torch.Tensor = self.generator(noise, batch.labels)
            return points

        penalty, critic_steps = self.hyper.penalty, self.hyper.critic_steps
        return labelled_step(self.critic, drawn, batch, optimizers, random, penalty=penalty, critic_steps=critic_steps)

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        drawn: torch.Tensor = self.generator(random.normal(self.noise), labels)
        return drawn


class StyledCircuit(nn.Module):
    """Noise [n, qubits] and label vectors [n, n_labels] to codes [n, 2 * qubits]; the biases of all angles are circuit weights."""

    def __init__(self, circuit: Circuit, n_labels: int, spread: float, circuits: Circuits) -> None:
        super().__init__()
        self.style = nn.Linear(circuit.n_wires, circuit.n_inputs, bias=False)
        self.labels = LabelVectors(n_labels, circuit.n_inputs)
        nn.init.uniform_(self.style.weight, -spread, spread)
        nn.init.uniform_(self.labels.vectors, -spread, spread)
        self.block = circuits.block(circuit)
        start_small(self.block, spread)

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        codes: torch.Tensor = self.block(self.style(noise) + self.labels(labels))
        return codes


class Critic(nn.Module):
    """Codes [n, size] and label vectors [n, n_labels] to scores [n, 1]."""

    def __init__(self, size: int, n_labels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.labels = LabelVectors(n_labels, size)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((2 * size, *widths)):
            layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2), nn.Dropout(0.1)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, points: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.layers(torch.cat([points, self.labels(labels)], dim=1))
        return scores
