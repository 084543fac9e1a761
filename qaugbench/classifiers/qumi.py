"""Hybrid quantum transfer learning for long-tailed chest X-rays (Chan et al., arXiv 2405.00156).

The features of a network that is trained with it pass through a dense layer to as many numbers as there are labels; these, squashed
to angles between -pi/2 and pi/2, rotate that many qubits, which start as H makes them. Three layers of RY and a ring of CNOT
follow, Z is read on each qubit, and a second dense layer makes the logits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from qaugbench.circuits.ansatz import angle_embedding, each_wire, hardware_efficient_layers, ring
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.classifiers.contract import Trained
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits
from qaugbench.kinds import Kind


class QuMI(Trained):
    """Features [n, D] through a dense layer, a circuit and a dense layer to logits [n, n_labels]."""

    kind: ClassVar[Kind] = "hybrid"

    @dataclass(frozen=True)
    class Hyper:
        """``layers`` of the circuit; at least ``fewest_qubits``, more where there are more labels."""

        layers: int = 3
        fewest_qubits: int = 4

    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        if hyper.layers < 1 or hyper.fewest_qubits < 2:
            raise DefinitionError(
                f"QuMI needs layers >= 1 and fewest_qubits >= 2, given {hyper.layers} and {hyper.fewest_qubits}."
            )
        qubits = max(n_labels, hyper.fewest_qubits)
        self.reduce = nn.Linear(shape[0], qubits)
        self.block = circuits.block(qumi_circuit(qubits, hyper.layers))
        self.combine = nn.Linear(qubits, n_labels)

    def forward(self, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        angles = math.pi / 2 * torch.tanh(self.reduce(inputs))
        logits: torch.Tensor = self.combine(self.block(angles))
        return logits


def qumi_circuit(qubits: int, layers: int) -> Circuit:
    """Return H and RY by the input on each wire, ``layers`` of RY by a weight and a ring of CNOT, Z of each wire.

    >>> [qumi_circuit(n, 3).n_weights for n in (8, 14, 19)]
    [24, 42, 57]
    """
    gates = [
        *each_wire(qubits, "H"),
        *angle_embedding(qubits, "RY"),
        *hardware_efficient_layers(qubits, layers, ["RY"], ring(qubits)),
    ]
    return Circuit(qubits, tuple(gates), Readout.each_wire(qubits))
