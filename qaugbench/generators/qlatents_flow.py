"""Flow matching that starts from noise measured from a fixed quantum device, in the place of Gaussian numbers.

The flow of ``flow`` with the noise of ``qlatents``: "Quantum latent distributions in deep generative models" (Bacarreza et al.,
arXiv 2508.19857) names flow matching among the models that such noise suits. Nothing in the device is trained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import torch

from qaugbench.generators.contract import Circuits
from qaugbench.generators.flow import Flow
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.quantum_latents import LatentSource, QuantumLatents
from qaugbench.kinds import Kind


class QlatentsFlow(Flow):
    """``flow`` from points filled by measurements of ``source``."""

    @dataclass(frozen=True)
    class Hyper(Flow.Hyper):
        """That of ``flow``, and where noise comes from."""

        source: LatentSource = field(default_factory=LatentSource)

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.latents = QuantumLatents(math.prod(shape), hyper.source, circuits)

    def training_noise(self, n: int, random: torch.Generator) -> torch.Tensor:
        return self.latents.training_noise(n, random).view(n, *self.shape)

    def drawing_noise(self, random: RowRandom) -> torch.Tensor:
        return self.latents.noise(random).view(-1, *self.shape)
