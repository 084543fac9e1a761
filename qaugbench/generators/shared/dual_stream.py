"""The generator of MediQ-GAN (arXiv 2506.21015): circuits and a convolution side by side, between prototypes and a decoder."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from qaugbench.circuits.block import Block
from qaugbench.errors import DefinitionError
from qaugbench.generators.shared.decoders import Style2Decoder, VanillaDecoder
from qaugbench.generators.shared.levels import repeated
from qaugbench.generators.shared.prototypes import Prototypes, of_unit_length

COARSEST = 8  # sites per side of the map of features, or fewer where the image's side is no power of two
FEATURES, QUANTUM_FEATURES, LABEL_WIDTH = 32, 16, 32
GRID = 4  # sites per side of the grid that circuits read, and of the skip connection


class DualStreamGenerator(nn.Module):
    """Label vectors [n, n_labels] and noise, one tensor per shape of ``noise_shapes``, to images [n, channels, s, s].

    The prototype of a label gives the mean of a latent, which becomes a map of 32 features. Some of them pass a convolution, the
    others (``quantum_share``) the circuits of ``block``; a decoder paints what both streams return, and a sketch of the prototype
    is added with the weight ``skip``; if that is 0, its layer is built and never called.
    """

    def __init__(
        self,
        channels: int,
        n_labels: int,
        side: int,
        block: Block,
        *,
        noise: int,
        prototype: int,
        quantum_share: float,
        decoder: Literal["vanilla", "style2"],
        widths: tuple[int, ...],
        skip: float,
    ) -> None:
        super().__init__()
        coarsest, levels = grids(side)
        n_quantum = round(FEATURES * quantum_share)
        n_classical = FEATURES - n_quantum
        self.coarsest, self.skip_weight = coarsest, skip
        self.labels = nn.Parameter(0.02 * torch.randn(n_labels, LABEL_WIDTH))
        self.label_norm = nn.LayerNorm(LABEL_WIDTH)
        self.encoder = nn.Sequential(
            *(nn.Conv2d(noise + LABEL_WIDTH, 128, 1), nn.GELU()),
            *(nn.Conv2d(128, 128, 3, padding=1), nn.GELU()),
            *(nn.Conv2d(128, FEATURES, 3, padding=1), nn.GELU()),
        )
        self.classical = nn.Sequential(
            nn.Conv2d(FEATURES, n_classical, 1),
            nn.Conv2d(n_classical, n_classical, 3, padding=1),
            nn.LeakyReLU(0.2),
        )
        self.quantum = QuantumStream(n_quantum, block)
        widths, inputs = repeated(widths, levels), n_classical + QUANTUM_FEATURES
        self.decoder = (
            VanillaDecoder(inputs, coarsest, widths, channels)
            if decoder == "vanilla"
            else Style2Decoder(inputs, widths, channels)
        )
        self.skip = nn.Linear(noise, channels * GRID**2)
        self.apply(start)
        self.prototypes = Prototypes(n_labels, prototype, noise)
        grains = [coarsest << level for level in range(1, levels + 1)] if decoder == "style2" else []
        self.noise_shapes = [(noise,), *((1, side, side) for side in grains)]

    def forward(self, labels: torch.Tensor, noise: torch.Tensor, *grain: torch.Tensor) -> torch.Tensor:
        mean, deviation = self.prototypes(labels)
        latent = torch.cat([mean + deviation * noise, self.label_norm(of_unit_length(labels) @ self.labels)], dim=1)
        features = self.encoder(latent[:, :, None, None].expand(-1, -1, self.coarsest, self.coarsest))
        painted: torch.Tensor = self.decoder(torch.cat([self.classical(features), self.quantum(features)], 1), *grain)
        if self.skip_weight:
            sketch = self.skip(mean).unflatten(1, (-1, GRID, GRID))
            painted = painted + self.skip_weight * functional.interpolate(sketch, painted.shape[2:], mode="bilinear")
        return painted.tanh()


class QuantumStream(nn.Module):
    """Features [n, 32, s, s] to [n, 16, s, s]: each circuit puts one number on one site of a 4x4 grid, elsewhere is 0."""

    places: torch.Tensor

    def __init__(self, n_features: int, block: Block) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(FEATURES, n_features, 1)
        self.align = nn.Linear(n_features, block.circuit.n_inputs)
        self.block = block
        self.expand = nn.Conv2d(block.copies, QUANTUM_FEATURES, 1)
        self.sites = torch.linspace(0, GRID**2 - 1, block.copies).round().long().tolist()
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


def start(module: nn.Module) -> None:
    """Start a layer as the published code does; transposed convolutions keep the library's start."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="leaky_relu")
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # all have one
    elif isinstance(module, nn.Linear):
        nn.init.orthogonal_(module.weight, gain=nn.init.calculate_gain("leaky_relu", 0.2))
        nn.init.constant_(module.bias, 0.02)
