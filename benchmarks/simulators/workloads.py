"""The circuits that are timed, with their sizes and their input tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from qaugbench.circuits.ansatz import angle_embedding, chain, qldm_circuit, ring, strongly_entangling_layers
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.seeds import torch_generator

DEPOLARIZING = 0.01  # probability of a one-wire Pauli error after each gate, on each wire of the gate
READOUT_ERROR = 0.02  # probability that a bit is read wrong, either way
SHOTS = 1024


@dataclass(frozen=True)
class Workload:
    """A circuit, how many copies and samples of it run at once, and its outputs."""

    name: str
    title: str
    circuit: Circuit
    batch: int
    copies: int = 1
    share_inputs: bool = False
    backward: bool = True
    shots: int | None = None
    noisy: bool = False

    def tensors(self) -> Tensors:
        """Return float32 inputs and weights uniform in [0, 2 pi) and a standard normal cotangent."""
        generator = torch_generator(0)
        width = self.circuit.n_inputs * (1 if self.share_inputs else self.copies)
        inputs = 2 * math.pi * torch.rand(self.batch, width, generator=generator)
        weights = 2 * math.pi * torch.rand(self.copies, self.circuit.n_weights, generator=generator)
        cotangent = torch.randn(self.batch, self.copies * self.circuit.n_outputs, generator=generator)
        return Tensors(inputs, weights, cotangent)


@dataclass(frozen=True)
class Tensors:
    """``inputs`` [batch, width of a block], ``weights`` [copies, n_weights], ``cotangent`` [batch, copies * n_outputs]."""

    inputs: torch.Tensor
    weights: torch.Tensor
    cotangent: torch.Tensor


def style_generator(n_wires: int, layers: int, paulis: str) -> Circuit:
    """Return RY and RZ by inputs on each wire, then a ring of CZ, ``layers`` times; input (layer, gate, wire)."""
    gates = []
    for layer in range(layers):
        first = 2 * n_wires * layer
        gates += angle_embedding(n_wires, "RY", first_input=first)
        gates += angle_embedding(n_wires, "RZ", first_input=first + n_wires)
        gates += ring(n_wires, "CZ")
    return Circuit(n_wires, tuple(gates), Readout.each_wire(n_wires, paulis))


def patch_generator(n_wires: int, layers: int) -> Circuit:
    """Return an RY embedding, then RY by weights and a chain of CZ, ``layers`` times; probabilities."""
    gates = angle_embedding(n_wires, "RY")
    for layer in range(layers):
        gates += [Gate("RY", (wire,), (Angle.weight(layer * n_wires + wire),)) for wire in range(n_wires)]
        gates += chain(n_wires, "CZ")
    return Circuit(n_wires, tuple(gates), Readout.probabilities())


def hybrid_layer(n_wires: int, layers: int) -> Circuit:
    """Return an RY embedding, ``layers`` strongly entangling layers and <Z> of each wire."""
    gates = angle_embedding(n_wires, "RY") + strongly_entangling_layers(n_wires, layers)
    return Circuit(n_wires, tuple(gates), Readout.each_wire(n_wires))


WORKLOADS = (
    Workload("W1", "style generator, 6 wires, 4 layers", style_generator(6, 4, "ZX"), 64),
    Workload("W2", "patch generator, 8 x 6 wires, 6 layers", patch_generator(6, 6), 32, copies=8, share_inputs=True),
    Workload("W3", "hybrid layer, 10 wires, 3 layers", hybrid_layer(10, 3), 128),
    Workload("W3b", "hybrid layer, 14 wires, 3 layers", hybrid_layer(14, 3), 32),
    Workload("W4", "sampling, 8 wires, 4 layers", style_generator(8, 4, "Z"), 1000, backward=False),
    Workload("W4s", "sampling, 1,024 shots", style_generator(8, 4, "Z"), 1000, backward=False, shots=SHOTS),
    Workload("W5", "W1 with noise, forward", style_generator(6, 4, "Z"), 64, backward=False, noisy=True),
    Workload("W5b", "W1 with noise", style_generator(6, 4, "Z"), 64, noisy=True),
    Workload("qldm", "latent diffusion, 8 wires, 3 layers", qldm_circuit(8, 3), 64, copies=4),
)
