"""Quantum latent diffusion, a reconstruction: a circuit denoises the short code of an autoencoder.

After "Quantum Latent Diffusion Models" (De Falco et al., arXiv 2501.11174), which has no public code: qubits, layers, size of the
code and training could not be found. Here everything that the network says of a code passes through one circuit, between two
linear layers. The autoencoder is classical and shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from diffusers.models.embeddings import get_timestep_embedding
from torch import nn

from qaugbench.circuits.ansatz import angle_embedding, strongly_entangling_layers
from qaugbench.circuits.block import Block
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import VelocityOfClean, denoising_loss, drawn_by_ddim, label_inputs
from qaugbench.kinds import Kind


class QlatentDiffusion(Stepped):
    """Latent diffusion on codes [size], conditional on the label vector; one qubit for each number of a code."""

    @dataclass(frozen=True)
    class Hyper:
        """The circuit has ``layers`` strongly entangling layers; a time becomes ``time_width`` waves.

        Drawn codes are clipped to ``clip`` deviations.
        """

        layers: int = 3
        time_width: int = 16
        sampling_steps: int = 50
        clip: float = 4.0

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        block = circuits.block(denoising_circuit(shape[0], hyper.layers))
        self.denoiser = VelocityOfClean(CircuitDenoiser(n_labels, hyper.time_width, block))

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        loss = denoising_loss(self.denoiser, batch.points, batch.labels, random)
        return {"denoising": descend(optimizers["adamw"], loss)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        steps, clip = self.hyper.sampling_steps, self.hyper.clip
        return drawn_by_ddim(self.denoiser, labels, random, self.shape, steps=steps, clip=clip)


def denoising_circuit(n_qubits: int, layers: int) -> Circuit:
    """Return RX by each input, strongly entangling layers, and <Z> of each qubit, without the last RZs, which change nothing."""
    gates = angle_embedding(n_qubits) + strongly_entangling_layers(n_qubits, layers, drop_dead=True)
    return Circuit(n_qubits, tuple(gates), Readout.each_wire(n_qubits))


class CircuitDenoiser(nn.Module):
    """Noisy codes [n, size], times [n] and label vectors to clean codes: a linear layer, the circuit, a linear layer."""

    def __init__(self, n_labels: int, time_width: int, block: Block) -> None:
        super().__init__()
        size = block.in_features
        self.time_width = time_width
        self.to_angles = nn.Linear(size + time_width + n_labels + 1, size)
        self.block = block
        self.to_code = nn.Linear(block.out_features, size)

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the clean code; where ``dropped`` [n] is 1, labels are not looked at."""
        waves = get_timestep_embedding(times, self.time_width)
        angles = self.to_angles(torch.cat([points, waves, label_inputs(labels, dropped)], dim=1))
        code: torch.Tensor = self.to_code(self.block(angles))
        return code
