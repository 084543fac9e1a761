"""Flow matching that starts from noise measured from a fixed quantum device, in the place of Gaussian numbers.

The flow of ``flow`` with the noise of ``qlatents``: "Quantum latent distributions in deep generative models" (Bacarreza et al.,
arXiv 2508.19857) names flow matching among the models that such noise suits. Nothing in the device is trained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import torch

from qaugbench.generators.contract import Batch, Circuits, Optimizers, descend
from qaugbench.generators.flow import Flow
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.flow_matching import drawn_by_flow, flow_loss
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

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        noise = self.latents.training_noise(len(batch.points), random).view_as(batch.points)
        dropout = self.hyper.label_dropout
        loss = flow_loss(self.velocity, batch.points, batch.labels, random, label_dropout=dropout, noise=noise)
        return {"flow": descend(optimizers["adamw"], loss)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        hyper = self.hyper
        return drawn_by_flow(
            self.velocity,
            labels,
            random,
            self.shape,
            steps=hyper.sampling_steps,
            clip=hyper.clip,
            guidance=hyper.guidance,
            noise=self.latents.noise(random).view(len(labels), *self.shape),
        )
