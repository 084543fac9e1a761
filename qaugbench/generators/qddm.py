"""Q-Dense: one circuit whose amplitudes are an image takes noise away from it, degree by degree.

After "Quantum Denoising Diffusion Models" (Kölle et al., IEEE QSW 2024, arXiv 2401.07049), whose code is public; the paper's QU-Net
is ``qddm-unet``. ``single`` is its unitary single sampling: the circuit is trained on states, so that one circuit that
repeats it draws an image, without measurements between.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.graded_noise import (
    Goal,
    LabelNumber,
    drawn_by_degrees,
    noise_shares,
    one_less,
    pairs,
)
from qaugbench.generators.shared.remapped import normal_start, remapped
from qaugbench.generators.shared.single_circuit import SingleCircuit, dense_circuit, padded, qubits_of
from qaugbench.kinds import Kind


class Qddm(Stepped):
    """Denoising of small images [channels, side, side] by one circuit; a pixel is the probability of its basis state."""

    @dataclass(frozen=True)
    class Hyper:
        """A circuit of ``layers`` learns ``degrees`` degrees of noise, whose shares grow with the power ``decay``.

        It sees ``each`` of them, at random, of every image in a batch. It answers with the noise or the image, ``goal``, and is
        asked ``sampling_steps`` times for an image. ``single``: these are one circuit, whose goal is the image.
        """

        layers: int = 47
        degrees: int = 10
        decay: float = 3.0
        each: int = 10
        goal: Goal = "noise"
        sampling_steps: int = 20
        single: bool = False

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper
    shares: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.network: QDense | SingleCircuit
        if hyper.single:
            self.network = SingleCircuit(shape, n_labels, hyper.layers, hyper.sampling_steps, circuits)
        else:
            self.network = QDense(shape, n_labels, hyper, circuits)
        self.register_buffer("shares", noise_shares(hyper.degrees, hyper.decay), persistent=False)

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        pixels = (batch.points + 1) / 2
        images, labels, cleaner = pairs(pixels, batch.labels, self.shares, random, each=self.hyper.each)
        return {"denoising": descend(optimizers["adamw"], self.network.error(images, labels, cleaner))}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        return 2 * self.network.drawn(labels, random) - 1


class QDense(nn.Module):
    """Images [n, channels, side, side] in [0, 1] and label vectors [n, k] to the circuit's answers in [0, 1], of the same shape.

    A pixel is the probability of its basis state with ancilla 0, times the number of pixels, and at most white.
    """

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Qddm.Hyper, circuits: Circuits) -> None:
        super().__init__()
        self.shape, self.hyper = shape, hyper
        self.pixels = math.prod(shape)
        self.qubits = qubits_of(self.pixels)
        self.block = remapped(circuits.block(dense_circuit(self.qubits, hyper.layers)), normal_start)
        self.number = LabelNumber(n_labels)

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        angles = self.number(labels).unsqueeze(1)
        probabilities = self.block(torch.cat([padded(images, self.qubits), angles], dim=1))
        with_ancilla_0 = probabilities[:, ::2]
        return (self.pixels * with_ancilla_0[:, : self.pixels]).clamp(max=1).view_as(images)

    def error(self, images: torch.Tensor, labels: torch.Tensor, cleaner: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error of what the answers make of ``images``, to the same with one degree of noise less."""
        return functional.mse_loss(one_less(self, images, labels, self.hyper.goal), cleaner)

    def drawn(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        """Return one image for each label vector."""
        steps, goal = self.hyper.sampling_steps, self.hyper.goal
        return drawn_by_degrees(self, labels, random, self.shape, steps=steps, goal=goal)
