"""QU-Net: a U-Net whose convolutions are circuits takes noise away from an image, degree by degree.

After "Quantum Denoising Diffusion Models" (Kölle et al., IEEE QSW 2024, arXiv 2401.07049), whose code is public; there, the
circuits are made and never run, which ``as-released`` keeps. The paper's other network is ``qddm``; ``classical`` is the U-Net
with classical convolutions that it compares QU-Net with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import nn
from torch.nn import functional

from qaugbench.circuits.ansatz import strongly_entangling_layers
from qaugbench.circuits.circuit import AmplitudeEmbedding, Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.graded_noise import GREY, Goal, drawn_by_degrees, noise_shares, one_less, pairs
from qaugbench.generators.shared.remapped import quarter_start, remapped
from qaugbench.generators.shared.small_unet import SmallUnet
from qaugbench.kinds import Kind

OFFSET, PADDING = 0.1, 0.5
"""What is added to a patch, so that a black one has a state, and what fills it up to a power of two."""


class QddmUnet(Stepped):
    """Denoising of small images [channels, side, side] by a U-Net of quantum or, for comparison, classical convolutions."""

    @dataclass(frozen=True)
    class Hyper:
        """Circuits have ``layers`` layers; the U-Net has ``depth`` levels, the first of ``start`` channels.

        The process and ``goal`` are those of ``qddm``. With ``convolutions`` "classical" there are no circuits; as
        ``released``, they are made and not run.
        """

        layers: int = 3
        depth: int = 3
        start: int = 8
        degrees: int = 10
        decay: float = 3.0
        each: int = 10
        goal: Goal = "noise"
        sampling_steps: int = 20
        convolutions: Literal["quantum", "classical"] = "quantum"
        released: bool = False

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper
    shares: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)

        def quantum(inputs: int, outputs: int, kernel: int) -> QuantumConvolution:
            return QuantumConvolution(inputs, outputs, kernel, hyper.layers, circuits, idle=hyper.released)

        convolution = quantum if hyper.convolutions == "quantum" else classical
        self.unet = SmallUnet(shape[0], n_labels, hyper.start, hyper.depth, convolution)
        if hyper.convolutions == "classical":
            nn.init.constant_(self.unet.last.bias, GREY)  # type: ignore[arg-type]  # at first, it answers that there is no noise
        self.register_buffer("shares", noise_shares(hyper.degrees, hyper.decay), persistent=False)

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        pixels = (batch.points + 1) / 2
        images, labels, cleaner = pairs(pixels, batch.labels, self.shares, random, each=self.hyper.each)
        error = functional.mse_loss(one_less(self.unet, images, labels, self.hyper.goal), cleaner)
        return {"denoising": descend(optimizers["adamw"], error)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        steps, goal = self.hyper.sampling_steps, self.hyper.goal
        return 2 * drawn_by_degrees(self.unet, labels, random, self.shape, steps=steps, goal=goal) - 1


def classical(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """Return a convolution that keeps the size of its grid."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


def convolution_circuit(features: int, outputs: int, layers: int, *, keep_dead: bool = False) -> Circuit:
    """Return the circuit of patches of ``features`` amplitudes, filled up, with at least ``outputs`` even basis states.

    The last RZ of each wire changes no probability, and is left out unless ``keep_dead``.
    """
    wires = max((features - 1).bit_length(), (2 * outputs - 1).bit_length())
    layer = strongly_entangling_layers(wires, layers, drop_dead=not keep_dead)
    start = AmplitudeEmbedding(tuple(range(wires)), 2**wires)
    return Circuit(wires, tuple(layer), Readout.probabilities(), start)


class QuantumConvolution(nn.Module):
    """Grids [n, inputs, h, w] to [n, outputs, h, w] in [0, 1]: one circuit reads every patch of ``kernel`` x ``kernel`` sites.

    Outputs are the probabilities of the first even basis states, times half the number of states, and at most 1. ``idle``: the
    circuit is made and not run, and the patch's own values are taken for the probabilities.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, layers: int, circuits: Circuits, *, idle: bool = False
    ) -> None:
        super().__init__()
        self.outputs, self.kernel, self.idle = outputs, kernel, idle
        circuit = convolution_circuit(inputs * kernel**2, outputs, layers, keep_dead=idle)
        self.states = circuit.n_inputs
        self.block = remapped(circuits.block(circuit), quarter_start)

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        patches = functional.unfold(grid, self.kernel, padding=self.kernel // 2).transpose(1, 2) + OFFSET
        read = patches.clamp_min(0) if self.idle else self._probabilities(patches)
        values = (read * (read.shape[2] / 2)).clamp(max=1)[..., ::2][..., : self.outputs]
        values = functional.pad(values, (0, self.outputs - values.shape[2]))
        return values.transpose(1, 2).unflatten(2, grid.shape[2:])

    def _probabilities(self, patches: torch.Tensor) -> torch.Tensor:
        """Return the probabilities [n, sites, states] of ``patches`` [n, sites, features], all in one call."""
        filled = functional.pad(patches, (0, self.states - patches.shape[2]), value=PADDING)
        probabilities: torch.Tensor = self.block(filled.flatten(0, 1)).unflatten(0, filled.shape[:2])
        return probabilities
