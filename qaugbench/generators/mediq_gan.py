"""MediQ-GAN: prototypes of the classes, and a stream of five circuits beside a convolution, in pixels.

Jiao, Tang, Zhuang, Cong & Shi, "MediQ-GAN: Quantum-Inspired GAN for High Resolution Medical Image Generation" (arXiv
2506.21015), with its public code. The prototype of a class gives the mean of a latent, which becomes a map of 32 features. Some
of them pass a convolution; from the others, each circuit reads one site of a 4x4 grid and returns one number for it, the mean
of <X> over its wires. A decoder paints what both streams return, and a skip connection leads from the prototype to the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
from torch import nn
from torch.nn import functional

from qaugbench.cards import Training
from qaugbench.circuits.ansatz import angle_embedding, chain, hardware_efficient_layers, stacked
from qaugbench.circuits.block import Block
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.adversarial import between, constant, gap, gradient_penalty, wasserstein_loss
from qaugbench.kinds import Kind

COARSEST = 8  # sites per side of the map of features, or fewer where the image's side is no power of two
FEATURES, QUANTUM_FEATURES, LABEL_WIDTH, CRITIC_LABEL_WIDTH = 32, 16, 32, 128
GRID = 4  # sites per side of the grid that circuits read, and of the skip connection
DEVIATIONS = (0.2, 0.8)  # of the latent around a prototype: the least and the largest
DRAWN_AT_ONCE = 16  # images whose states are held in memory at a time


def mediq_circuit(n_qubits: int, layers: int) -> Circuit:
    """Return the circuit: RY and RX of the input on each wire, layers of RY and a chain of CZ, then <X> of each wire."""
    encoding = stacked(angle_embedding(n_qubits, "RY"), angle_embedding(n_qubits, "RX"))
    gates = encoding + hardware_efficient_layers(n_qubits, layers, ["RY"], chain(n_qubits, "CZ"))
    return Circuit(n_qubits, tuple(gates), Readout.each_wire(n_qubits, "X"))


class MediqGan(Stepped):
    """A WGAN-GP whose critic takes ``critic_steps`` steps on each batch, with images drawn anew, and the generator one."""

    @dataclass(frozen=True)
    class Hyper:
        """``copies`` circuits of ``n_qubits`` wires and ``layers`` layers; ``quantum_share`` of the features go to them.

        ``channels`` are the widths of the decoder from the coarsest level, ``critic_channels`` those of the critic from the
        finest; the last one repeats. The decoder "vanilla" is a linear layer and transposed convolutions; "style2" is
        convolutions on enlarged grids with noise of learned strength. Critic and circuits learn ``critic_rate`` and
        ``circuit_rate`` times as fast as the rest. ``separation`` weighs the loss that keeps prototypes apart, ``skip`` the
        skip connection, which is built and never called where the method is as ``released``.
        """

        noise: int = 128
        prototype: int = 1280
        copies: int = 5
        n_qubits: int = 16
        layers: int = 8
        quantum_share: float = 0.5
        decoder: Literal["vanilla", "style2"] = "vanilla"
        channels: tuple[int, ...] = (64, 32, 16)
        critic_channels: tuple[int, ...] = (64, 128, 256, 512)
        skip: float = 0.05
        separation: float = 5e-3
        penalty: float = 10.0
        critic_steps: int = 3
        critic_rate: float = 2.0
        circuit_rate: float = 300.0
        released: bool = False

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        coarsest, levels = grids(shape[-1])
        block = circuits.block(mediq_circuit(hyper.n_qubits, hyper.layers), copies=hyper.copies)
        self.generator = HybridGenerator(hyper, shape[0], n_labels, coarsest, levels, block)
        self.critic = Critic(shape[0], n_labels, repeated(hyper.critic_channels, levels + 1))

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        rate, block = training.learning_rate, self.generator.quantum.block
        of_block = {id(parameter) for parameter in block.parameters()}
        others = [parameter for parameter in self.generator.parameters() if id(parameter) not in of_block]
        turned = [parameter for parameter in block.parameters() if parameter.requires_grad]
        groups: list[dict[str, Any]] = [{"params": others}, {"params": turned, "lr": rate * self.hyper.circuit_rate}]
        return {
            "critic": torch.optim.Adam(self.critic.parameters(), lr=rate * self.hyper.critic_rate, betas=(0.0, 0.9)),
            "generator": torch.optim.Adam(groups, lr=rate, betas=(0.5, 0.999)),
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        for _ in range(self.hyper.critic_steps):
            told = self._critic_step(batch.points, batch.labels, optimizers["critic"], random)
        with constant(self.critic):
            scores = self.critic(self._drawn(batch.labels, random), batch.labels)
            crowding = self.generator.prototypes.crowding()
            loss = descend(optimizers["generator"], self.hyper.separation * crowding - scores.mean())
        return {**told, "generator": loss}

    def _critic_step(
        self, real: torch.Tensor, labels: torch.Tensor, optimizer: torch.optim.Optimizer, random: torch.Generator
    ) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            drawn = self._drawn(labels, random)
        real_scores, drawn_scores = self.critic(torch.cat([real, drawn]), labels.repeat(2, 1)).chunk(2)
        penalty = gradient_penalty(partial(self.critic, labels=labels), between(real, drawn, random))
        loss = descend(optimizer, wasserstein_loss(real_scores, drawn_scores) + self.hyper.penalty * penalty)
        return {"critic": loss, "penalty": penalty.detach(), "gap": gap(real_scores, drawn_scores)}

    def _drawn(self, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        shapes = self.generator.noise_shapes
        noise = [torch.randn(len(labels), *shape, generator=random, device=labels.device) for shape in shapes]
        drawn: torch.Tensor = self.generator(labels, *noise)
        return drawn

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        given = [labels, *(random.normal(*shape) for shape in self.generator.noise_shapes)]
        parts = zip(*(tensor.split(DRAWN_AT_ONCE) for tensor in given), strict=True)
        return torch.cat([self.generator(*part) for part in parts])


def grids(side: int) -> tuple[int, int]:
    """Return the sites per side of the map of features, and how often it is doubled to ``side`` pixels.

    >>> grids(64), grids(224)
    ((8, 3), (7, 5))
    """
    coarsest, levels = side, 0
    while coarsest > COARSEST and coarsest % 2 == 0:
        coarsest, levels = coarsest // 2, levels + 1
    if not GRID <= coarsest <= COARSEST or not levels:
        raise DefinitionError(
            f"MediQ-GAN needs images whose side is {GRID} to {COARSEST} times a power of two from 2 on, but it is {side} pixels; "
            "choose another image size, or a side for its space."
        )
    return coarsest, levels


def repeated(widths: tuple[int, ...], n: int) -> tuple[int, ...]:
    """Return the first ``n`` widths; the last one repeats.

    >>> repeated((64, 32), 3)
    (64, 32, 32)
    """
    return (*widths, *[widths[-1]] * n)[:n]


def start(module: nn.Module) -> None:
    """Start a layer as the published code does; transposed convolutions keep the library's start."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="leaky_relu")
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # all have one
    elif isinstance(module, nn.Linear):
        nn.init.orthogonal_(module.weight, gain=nn.init.calculate_gain("leaky_relu", 0.2))
        nn.init.constant_(module.bias, 0.02)


class HybridGenerator(nn.Module):
    """Label vectors [n, n_labels] and noise, one tensor per shape of ``noise_shapes``, to images [n, channels, s, s]."""

    def __init__(
        self, hyper: MediqGan.Hyper, channels: int, n_labels: int, coarsest: int, levels: int, block: Block
    ) -> None:
        super().__init__()
        n_quantum = round(FEATURES * hyper.quantum_share)
        n_classical = FEATURES - n_quantum
        self.coarsest, self.skip_weight = coarsest, 0.0 if hyper.released else hyper.skip
        self.labels = nn.Parameter(0.02 * torch.randn(n_labels, LABEL_WIDTH))
        self.label_norm = nn.LayerNorm(LABEL_WIDTH)
        self.encoder = nn.Sequential(
            *(nn.Conv2d(hyper.noise + LABEL_WIDTH, 128, 1), nn.GELU()),
            *(nn.Conv2d(128, 128, 3, padding=1), nn.GELU()),
            *(nn.Conv2d(128, FEATURES, 3, padding=1), nn.GELU()),
        )
        self.classical = nn.Sequential(
            nn.Conv2d(FEATURES, n_classical, 1),
            nn.Conv2d(n_classical, n_classical, 3, padding=1),
            nn.LeakyReLU(0.2),
        )
        self.quantum = QuantumStream(n_quantum, hyper, block)
        widths, inputs = repeated(hyper.channels, levels), n_classical + QUANTUM_FEATURES
        self.decoder = (
            VanillaDecoder(inputs, coarsest, widths, channels)
            if hyper.decoder == "vanilla"
            else Style2Decoder(inputs, widths, channels)
        )
        self.skip = nn.Linear(hyper.noise, channels * GRID**2)
        self.apply(start)
        self.prototypes = Prototypes(n_labels, hyper.prototype, hyper.noise)
        grains = [coarsest << level for level in range(1, levels + 1)] if hyper.decoder == "style2" else []
        self.noise_shapes = [(hyper.noise,), *((1, side, side) for side in grains)]

    def forward(self, labels: torch.Tensor, noise: torch.Tensor, *grain: torch.Tensor) -> torch.Tensor:
        mean, deviation = self.prototypes(labels)
        latent = torch.cat([mean + deviation * noise, self.label_norm(of_unit_length(labels) @ self.labels)], dim=1)
        features = self.encoder(latent[:, :, None, None].expand(-1, -1, self.coarsest, self.coarsest))
        painted: torch.Tensor = self.decoder(torch.cat([self.classical(features), self.quantum(features)], 1), *grain)
        if self.skip_weight:
            sketch = self.skip(mean).unflatten(1, (-1, GRID, GRID))
            painted = painted + self.skip_weight * functional.interpolate(sketch, painted.shape[2:], mode="bilinear")
        return painted.tanh()


def of_unit_length(labels: torch.Tensor) -> torch.Tensor:
    """Return label vectors [n, n_labels] divided by their length; one without any label stays 0."""
    return labels / labels.norm(dim=1, keepdim=True).clamp_min(1)


class Prototypes(nn.Module):
    """Label vectors [n, n_labels] to the mean [n, width] and the deviation [n, 1] of their latents.

    Of several labels it is the mean prototype; without any label it is the origin.
    """

    def __init__(self, n_labels: int, size: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(n_labels, size))
        self.scales = nn.Parameter(torch.zeros(n_labels))
        self.reduce = nn.Sequential(nn.Linear(size, 512), nn.ReLU(), nn.Linear(512, width))

    def forward(self, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        shares = labels / labels.sum(dim=1, keepdim=True).clamp_min(1)
        deviation = functional.softplus(shares @ self.scales).clamp(*DEVIATIONS)
        return self.reduce(shares @ self.vectors), deviation[:, None]

    def crowding(self) -> torch.Tensor:
        """Return the mean over pairs of max(0, 1 - distance) between prototypes of length 1; 0 for a single label."""
        distances = functional.pdist(functional.normalize(self.vectors, dim=1))
        return functional.relu(1 - distances).sum() / max(len(distances), 1)


class QuantumStream(nn.Module):
    """Features [n, 32, s, s] to [n, 16, s, s]: each circuit puts one number on one site of a 4x4 grid, elsewhere is 0."""

    places: torch.Tensor

    def __init__(self, n_features: int, hyper: MediqGan.Hyper, block: Block) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(FEATURES, n_features, 1)
        self.align = nn.Linear(n_features, hyper.n_qubits)
        self.block = block
        self.expand = nn.Conv2d(hyper.copies, QUANTUM_FEATURES, 1)
        self.sites = torch.linspace(0, GRID**2 - 1, hyper.copies).round().long().tolist()
        places = functional.one_hot(torch.tensor(self.sites), GRID**2).float()
        self.register_buffer("places", places.unflatten(1, (GRID, GRID)), persistent=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        grid = self.expand(self.numbers(features)[:, :, None, None] * self.places)
        return functional.interpolate(grid, features.shape[2:], mode="bilinear")

    def numbers(self, features: torch.Tensor) -> torch.Tensor:
        """Return the number of each circuit, [n, copies]: the mean of <X> over its wires, given its own site's features."""
        sites = functional.adaptive_avg_pool2d(self.reduce(features), GRID).flatten(2)[:, :, self.sites]
        angles = self.align(sites.transpose(1, 2))
        expectations: torch.Tensor = self.block(angles.flatten(1))
        return expectations.unflatten(1, (len(self.sites), -1)).mean(dim=2)


class VanillaDecoder(nn.Sequential):
    """Features [n, inputs, s, s] to paint [n, channels, t, t]: a linear layer, then a transposed convolution per level."""

    def __init__(self, inputs: int, coarsest: int, widths: tuple[int, ...], channels: int) -> None:
        sites = coarsest**2
        layers = [nn.Flatten(), nn.Linear(inputs * sites, widths[0] * sites)]
        layers += [nn.ReLU(), nn.Unflatten(1, (widths[0], coarsest, coarsest))]
        for pair in pairwise((*widths, channels)):
            layers += [nn.ConvTranspose2d(*pair, kernel_size=4, stride=2, padding=1), nn.ReLU()]
        super().__init__(*layers[:-1])


class Style2Decoder(nn.Module):
    """Features [n, inputs, s, s] to paint [n, channels, t, t]: convolutions on enlarged grids, each with its own noise."""

    def __init__(self, inputs: int, widths: tuple[int, ...], channels: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(EnlargingBlock(*pair) for pair in pairwise((inputs, *widths)))
        self.strengths = nn.ParameterList(nn.Parameter(torch.zeros(width, 1, 1)) for width in widths)
        self.last = nn.Sequential(
            nn.Conv2d(widths[-1], 32, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(32, channels, 1)
        )

    def forward(self, grid: torch.Tensor, *grain: torch.Tensor) -> torch.Tensor:
        for level, strength, noise in zip(self.levels, self.strengths, grain, strict=True):
            grid = functional.leaky_relu(level(grid) + strength * noise, 0.2)
        painted: torch.Tensor = self.last(grid)
        return painted


class EnlargingBlock(nn.Module):
    """A grid of twice the side: two 3x3 convolutions beside a 1x1 one."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(inputs, outputs, 1)
        self.residual = nn.Sequential(
            *(nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(outputs, outputs, 3, padding=1), nn.LeakyReLU(0.2)),
        )

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        larger = functional.interpolate(grid, scale_factor=2.0, mode="nearest")
        summed: torch.Tensor = self.residual(larger) + self.skip(larger)
        return summed


class Critic(nn.Module):
    """Images [n, channels, s, s] and label vectors [n, n_labels] to scores [n]; ``widths`` from the finest level."""

    def __init__(self, channels: int, n_labels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for pair in pairwise((channels, *widths)):
            layers += [nn.Conv2d(*pair, kernel_size=4, stride=2, padding=1, bias=False), nn.LeakyReLU(0.2)]
        self.trunk = nn.Sequential(*layers)
        self.score = nn.Linear(widths[-1], 1)
        self.project = nn.Linear(widths[-1], CRITIC_LABEL_WIDTH, bias=False)
        self.labels = nn.Parameter(torch.randn(n_labels, CRITIC_LABEL_WIDTH))

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        features = self.trunk(images).mean(dim=(2, 3))
        agreement = (self.project(features) * (of_unit_length(labels) @ self.labels)).sum(dim=1)
        scores: torch.Tensor = self.score(features)[:, 0] + agreement
        return scores
