"""HQCNN, a reconstruction: circuits encode patches of the image, depthwise separable convolutions do the rest.

After "Brain Tumor Diagnosis Using Hybrid Quantum Convolutional Neural Networks" (Khan et al., arXiv 2401.15804, third version),
of which the abstract is all that is used here: quantum circuits that encode features, then depthwise separable convolutions. The
code is not public, and qubits, gates and layers are choices made here: this is a reconstruction, not a reproduction.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn

from qaugbench.circuits.ansatz import angle_embedding, each_wire, ring, stacked
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.classifiers.contract import Reads, Trained
from qaugbench.classifiers.shared.patch_filters import QUBITS, PatchFilters
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits
from qaugbench.kinds import Kind


def encoding_circuit(layers: int) -> Circuit:
    """Return the circuit of a patch: RY(pi * pixel) on each of four wires, ``layers`` of RY and a ring of CNOT, <Z> of each."""
    layer = stacked(each_wire(QUBITS, "RY"), ring(QUBITS, "CNOT"))
    gates = angle_embedding(QUBITS, "RY", scale=torch.pi) + stacked(*[layer] * layers)
    return Circuit(QUBITS, tuple(gates), Readout.each_wire(QUBITS))


class Hqcnn(Trained):
    """The whole network: circuits on patches, depthwise separable convolutions, a mean over sites, a linear layer."""

    @dataclass(frozen=True)
    class Hyper:
        """``filters`` circuits of ``layers`` layers read each patch, for four channels each; ``channels`` of the convolutions."""

        filters: int = 2
        layers: int = 2
        channels: tuple[int, ...] = (32, 64, 128)

    kind: ClassVar[Kind] = "hybrid"
    reads: ClassVar[Reads] = "images"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        if hyper.filters < 1 or hyper.layers < 1 or not hyper.channels or min(hyper.channels) < 1:
            raise DefinitionError(
                f"HQCNN needs filters >= 1, layers >= 1 and channels >= 1, given {hyper.filters}, {hyper.layers} "
                f"and {list(hyper.channels)}."
            )
        self.encode = PatchFilters(shape, circuits, [encoding_circuit(hyper.layers)] * hyper.filters)
        widths = (self.encode.channels, *hyper.channels)
        self.convolve = nn.Sequential(*(DepthwiseSeparable(inputs, outputs) for inputs, outputs in pairwise(widths)))
        self.decide = nn.Linear(widths[-1], n_labels)

    def forward(self, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        sites = self.convolve(self.encode(inputs))
        logits: torch.Tensor = self.decide(sites.mean(dim=(2, 3)))
        return logits


class DepthwiseSeparable(nn.Sequential):
    """[n, inputs, s, s] -> [n, outputs, s / 2, s / 2]: a 3x3 filter for each channel, a mixture of the channels, the larger of 2x2.

    Chollet (arXiv 1610.02357), with normalisation over the batch after the mixture.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
        )
