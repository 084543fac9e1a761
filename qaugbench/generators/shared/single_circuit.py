"""Unitary single sampling: a circuit that is trained on states, one degree of noise at a time, and drawn from by repeating it.

Kölle et al., arXiv 2401.07049. All degrees are one circuit, with the label's angle before each repetition.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional

from qaugbench.circuits.amplitudes import Amplitudes, read_as
from qaugbench.circuits.ansatz import strongly_entangling_layers
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.errors import NoControlError
from qaugbench.generators.contract import Circuits
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.graded_noise import LabelNumber, first_noise
from qaugbench.generators.shared.remapped import normal_start, remapped

PADDING = 0.1
DARKEST = 1e-3
"""A black image has no state; its pixels are embedded as this."""


def dense_circuit(qubits: int, layers: int, *, repeats: int = 1) -> Circuit:
    """Return the circuit of Q-Dense: 2^``qubits`` amplitudes, the angle of a label on an ancilla (the last wire), probabilities.

    Once, the last RZ of each wire changes no probability and is left out. Repeated with the same weights, all count.
    """
    layer = strongly_entangling_layers(qubits + 1, layers, drop_dead=repeats == 1)
    label = Gate("RX", (qubits,), (Angle.input(2**qubits),))
    start = AmplitudeEmbedding(tuple(range(qubits)), 2**qubits)
    return Circuit(qubits + 1, (label, *layer) * repeats, Readout.probabilities(), start)


def first_part(circuit: Circuit, repeats: int) -> Circuit:
    """Return the first of ``repeats`` equal parts of the gates of ``circuit``."""
    return replace(circuit, gates=circuit.gates[: len(circuit.gates) // repeats])


def qubits_of(pixels: int) -> int:
    """Return how many qubits have a basis state for each of ``pixels``."""
    return max(1, (pixels - 1).bit_length())


def padded(images: torch.Tensor, qubits: int) -> torch.Tensor:
    """Return ``images`` [n, ...] as what is embedded, [n, 2^``qubits``]: all positive, ``PADDING`` after the last pixel."""
    pixels = images.flatten(1).clamp_min(DARKEST)
    return functional.pad(pixels, (0, 2**qubits - pixels.shape[1]), value=PADDING)


class SingleCircuit(nn.Module):
    """``repeats`` repetitions of one circuit, for images of ``shape`` [channels, side, side].

    Raises:
        NoControlError: in place of the circuit is a classical layer, which has no state.
    """

    def __init__(self, shape: tuple[int, ...], n_labels: int, layers: int, repeats: int, circuits: Circuits) -> None:
        super().__init__()
        self.shape, self.repeats, self.qubits = shape, repeats, qubits_of(math.prod(shape))
        block = remapped(circuits.block(dense_circuit(self.qubits, layers, repeats=repeats)), normal_start)
        if not isinstance(block, QuantumBlock):
            raise NoControlError("A classical layer has no state, on which this generator is trained.")
        self.block = block
        self.number = LabelNumber(n_labels)
        self._step: tuple[Circuit, Amplitudes] | None = None

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the amplitudes after one repetition, their real parts and then the imaginary ones [n, 2 * 2^(qubits + 1)]."""
        with read_as(self.block, self._amplitudes_of_one()):
            return self.block(self._inputs(images, labels))

    def error(self, images: torch.Tensor, labels: torch.Tensor, cleaner: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error per pixel of a repetition's state, as long as its image, to a cleaner image with ancilla 0.

        Up to a phase of the whole state, which no measurement shows.
        """
        wanted, given = (padded(one, self.qubits) for one in (cleaner, images))
        real, imaginary = (part[:, ::2] for part in self(images, labels).chunk(2, dim=1))
        overlap = torch.hypot((real * wanted).sum(1), (imaginary * wanted).sum(1))
        squares = given.square().sum(1) + wanted.square().sum(1)
        return (squares - 2 * given.norm(dim=1) * overlap).mean() / wanted.shape[1]

    def drawn(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        """Return one image for each label vector, of uniform noise."""
        return self.repeated(first_noise(random, *self.shape), labels)

    def repeated(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the images that all repetitions make of ``noise`` [n, *shape]: amplitudes, the largest of them white."""
        kept = self.block(self._inputs(noise, labels))[:, ::2][:, : math.prod(self.shape)]
        amplitudes = kept.clamp_min(0).sqrt()
        brightest = amplitudes.amax(1, keepdim=True).clamp_min(torch.finfo(amplitudes.dtype).tiny)
        return (amplitudes / brightest).unflatten(1, self.shape)

    def _inputs(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return torch.cat([padded(images, self.qubits), self.number(labels)[:, None]], dim=1)

    def _amplitudes_of_one(self) -> Amplitudes:
        """Return what runs one repetition, made anew where the block runs another circuit than before."""
        if self._step is None or self._step[0] is not self.block.circuit:
            self._step = self.block.circuit, Amplitudes(first_part(self.block.circuit, self.repeats))
        return self._step[1]
