"""Style-qGAN: circuits of three qubits whose every angle follows noise, each writing three features.

Bravo-Prieto et al., "Style-based quantum generative adversarial networks for Monte Carlo events" (Quantum 6, 777; arXiv
2110.06933), with its public code, and the study of it on two quantum computers by Baglio (arXiv 2405.04401). There one circuit
writes the three features of a collision of particles; here as many side by side write the features of an image, and with three
features it is the published model. Angle m is scale[m] * noise[j] + weight[m], where j runs through the noise again and again.
One model is fitted per class.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from qaugbench.cards import Training
from qaugbench.circuits.ansatz import each_pair, stacked
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.adversarial import gap
from qaugbench.generators.shared.component_circuits import SeenRange
from qaugbench.generators.shared.style_angles import start_small, styled
from qaugbench.kinds import Kind

QUBITS = 3
COUPLINGS: tuple[tuple[tuple[int, int], ...], ...] = ((), ((0, 1), (0, 2)), (), ((1, 2), (2, 0)))
"""The pairs that a CRY couples after each of four layers, over and over."""
SIDE, FILTERS = 10, (2, 64, 32, 16, 8)
"""The discriminator makes features a small picture and filters it."""


def style_circuit(layers: int) -> Circuit:
    """Return the circuit: layers of RY and RZ on each wire and of couplings, RY on each wire, then <Z> of each, the last first."""
    turns = [Gate(name, (wire,), (Angle.weight(0),)) for wire in range(QUBITS) for name in ("RY", "RZ")]
    parts = [part for k in range(layers) for part in (*([gate] for gate in turns), each_pair(COUPLINGS[k % 4], "CRY"))]
    last = [[Gate("RY", (wire,), (Angle.weight(0),))] for wire in range(QUBITS)]
    return Circuit(QUBITS, styled(stacked(*parts, *last)), Readout("expectation", ("Z2", "Z1", "Z0")))


class StyleQgan(Stepped):
    """A GAN on vectors [features], scaled together to -1 to 1; fitted to the images of one label at a time.

    A batch holds the real points of one step of the discriminator; the generator's step takes twice as many drawn ones.
    """

    @dataclass(frozen=True)
    class Hyper:
        """``circuits`` of ``layers`` layers write three features each, all from the same ``noise`` normal numbers."""

        circuits: int = 1
        layers: int = 2
        noise: int = 5
        critic_rate: float = 0.1
        spread: float = 0.15

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        (features,) = shape
        if features != QUBITS * hyper.circuits:
            raise DefinitionError(
                f"{hyper.circuits} circuits write {QUBITS * hyper.circuits} features, but a point of the space has {features}."
            )
        self.generator = StyledCircuits(hyper, circuits)
        self.discriminator = Discriminator(features)
        self.range = SeenRange()

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        rates = {"discriminator": self.hyper.critic_rate, "generator": training.learning_rate}
        return {
            name: torch.optim.Adadelta(getattr(self, name).parameters(), lr=rate, rho=0.95, eps=1e-7)
            for name, rate in rates.items()
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        self.range.follow(batch.points, anew=batch.step == 0)
        noise = torch.randn(3 * len(batch.points), self.hyper.noise, generator=random, device=random.device)
        with torch.no_grad():
            drawn = self.generator(noise[: len(batch.points)])
        real_scores = self.discriminator(self.range.scaled(batch.points))
        real = descend(optimizers["discriminator"], functional.softplus(-real_scores).mean())
        drawn_scores = self.discriminator(drawn)
        false = descend(optimizers["discriminator"], functional.softplus(drawn_scores).mean())
        fooled = functional.softplus(-self.discriminator(self.generator(noise[len(batch.points) :]))).mean()
        generator = descend(optimizers["generator"], fooled)
        return {"generator": generator, "discriminator": (real + false) / 2, "gap": gap(real_scores, drawn_scores)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        return self.range.unscaled(self.generator(random.normal(self.hyper.noise)))


class StyledCircuits(nn.Module):
    """Noise [n, noise] to features [n, 3 * circuits] in [-1, 1]; the additive parts of the angles are the circuits' weights."""

    def __init__(self, hyper: StyleQgan.Hyper, circuits: Circuits) -> None:
        super().__init__()
        circuit = style_circuit(hyper.layers)
        self.places = [k % hyper.noise for k in range(circuit.n_inputs)]
        self.scales = nn.Parameter(hyper.spread * (2 * torch.rand(hyper.circuits, circuit.n_inputs) - 1))
        self.block = circuits.block(circuit, copies=hyper.circuits)
        start_small(self.block, hyper.spread)

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        angles = self.scales * noise[:, None, self.places]
        features: torch.Tensor = self.block(angles.flatten(1))
        return features


class Discriminator(nn.Sequential):
    """Features [n, features] to scores [n, 1]: a linear layer to a picture of 10x10 sites, four convolutions, a linear layer."""

    def __init__(self, features: int) -> None:
        layers: list[nn.Module] = [
            nn.Linear(features, FILTERS[0] * SIDE**2, bias=False),
            nn.Unflatten(1, (FILTERS[0], SIDE, SIDE)),
        ]
        for inputs, outputs in pairwise(FILTERS):
            convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
            nn.init.xavier_normal_(convolution.weight)
            layers += [convolution, nn.LeakyReLU(0.2)]
        super().__init__(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(FILTERS[-1] * SIDE**2, 1))
