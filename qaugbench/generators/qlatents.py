"""A Wasserstein GAN whose noise is measured from a fixed quantum device, in the place of Gaussian numbers.

After "Quantum latent distributions in deep generative models" (Bacarreza et al., arXiv 2508.19857), where noise of boson sampling
feeds a GAN of molecules. Networks and training are those of ``cwgan-gp``; nothing in the device is trained.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch

from qaugbench.generators.contract import Circuits
from qaugbench.generators.cwgan_gp import CwganGp
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.quantum_latents import LatentSource, QuantumLatents
from qaugbench.kinds import Kind


class Qlatents(CwganGp):
    """``cwgan-gp`` with noise vectors of ``noise`` numbers from ``source``."""

    @dataclass(frozen=True)
    class Hyper(CwganGp.Hyper):
        """That of ``cwgan-gp``, and where noise comes from."""

        source: LatentSource = field(default_factory=LatentSource)

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.latents = QuantumLatents(hyper.noise, hyper.source, circuits)

    def _drawn(self, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        drawn: torch.Tensor = self.generator(self.latents.training_noise(len(labels), random), labels)
        return drawn

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        drawn: torch.Tensor = self.generator(self.latents.noise(random), labels)
        return drawn
