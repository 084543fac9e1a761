"""DAQCNN, a reconstruction: fixed digital-analog circuits on patches of the image, then a small convolutional network.

After "Digital-analog quantum convolutional neural networks for image classification" (Simen et al., arXiv 2405.00548), whose code
is not public: pixels turn one qubit each, an Ising interaction that neutral atoms have by nature entangles them, expectations are
the channels of a classical network; nothing in the circuits is trained, and several graphs of couplings give several filters.
Times, strengths and the network are choices made here: this is a reconstruction, not a reproduction.

The interaction alone would do nothing. It commutes with Z, so without a field across it each <Z> is the cosine of its own pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from qaugbench.circuits.ansatz import angle_embedding
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.classifiers.contract import Reads, Trained
from qaugbench.classifiers.shared.patch_filters import PATCH, QUBITS, PatchFilters
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits
from qaugbench.kinds import Kind

GRAPHS: dict[str, tuple[tuple[int, int], ...]] = {
    "chain": ((0, 1), (1, 2), (2, 3)),
    "ring": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "star": ((0, 1), (0, 2), (0, 3)),
    "complete": ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)),
}
"""Which qubits of a patch interact, its pixels counted row by row."""


def analog_block(graph: str, time: float, coupling: float, field: float, steps: int) -> list[Gate]:
    """Return exp(-i time (coupling * sum of ZZ over the graph + field * sum of X)) as gates: ``steps`` symmetric products.

    The error falls with the square of the steps (Suzuki 1976). A device has the interaction itself; here it is cut into gates.
    """
    half = [Gate("RX", (wire,), (Angle.constant(field * time / steps),)) for wire in range(QUBITS)]
    couple = [Gate("RZZ", pair, (Angle.constant(2 * coupling * time / steps),)) for pair in GRAPHS[graph]]
    return [gate for _ in range(steps) for gate in (*half, *couple, *half)]


def filter_circuit(graph: str, time: float, coupling: float, field: float, steps: int) -> Circuit:
    """Return the filter of a graph: RY(pi * pixel) on each of four wires, the analog block, <Z> of each wire; no weights."""
    gates = angle_embedding(QUBITS, "RY", scale=torch.pi) + analog_block(graph, time, coupling, field, steps)
    return Circuit(QUBITS, tuple(gates), Readout.each_wire(QUBITS))


class Daqcnn(Trained):
    """The whole network: fixed filters, two convolutions, a mean over sites, a linear layer."""

    @dataclass(frozen=True)
    class Hyper:
        """The time and the two strengths of the analog block, in ``steps_of_evolution``; ``channels`` of the convolutions.

        With ``trained_filters``, a convolution of as many trained filters of 2x2 pixels, and tanh, stands for all circuits.
        """

        time: float = 1.0
        coupling: float = 1.0
        field: float = 1.0
        steps_of_evolution: int = 4
        channels: tuple[int, int] = (32, 64)
        trained_filters: bool = False

    kind: ClassVar[Kind] = "hybrid"
    reads: ClassVar[Reads] = "images"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        if hyper.steps_of_evolution < 1 or min(hyper.channels) < 1:
            raise DefinitionError(
                f"DAQCNN needs steps_of_evolution >= 1 and channels >= 1, given {hyper.steps_of_evolution} "
                f"and {list(hyper.channels)}."
            )
        found = QUBITS * len(GRAPHS) * shape[0]
        if hyper.trained_filters:
            self.filter: nn.Module = nn.Sequential(nn.Conv2d(shape[0], found, PATCH, stride=PATCH), nn.Tanh())
        else:
            how = (hyper.time, hyper.coupling, hyper.field, hyper.steps_of_evolution)
            self.filter = PatchFilters(shape, circuits, [filter_circuit(graph, *how) for graph in GRAPHS])
        first, second = hyper.channels
        self.network = nn.Sequential(convolution(found, first), convolution(first, second))
        self.decide = nn.Linear(second, n_labels)

    def forward(self, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        sites = self.network(self.filter(inputs))
        logits: torch.Tensor = self.decide(sites.mean(dim=(2, 3)))
        return logits


def convolution(inputs: int, outputs: int) -> nn.Sequential:
    """Return [n, inputs, s, s] -> [n, outputs, s / 2, s / 2]: 3x3 filters, normalised over the batch, the larger of 2x2."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True),
    )
