"""Photonic QGAN: interferometers with two photons each paint a quarter of an image, pixel by pixel from detected patterns.

After "Photonic quantum generative adversarial networks for classical data" (Sedrakyan & Salavrakos, Optica Quantum 2024, arXiv
2405.06023), whose code is public. There, simultaneous perturbations (SPSA, Spall 1992) take the place of gradients, as on a chip,
and each part of an image is divided by its largest pixel, so that none can be dark; ``as-released`` does both. With
gradients of the cross-entropy, images collapsed to one per class, so that a Wasserstein distance is minimised here. One model is
fitted per class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from qaugbench.cards import Training
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.errors import DefinitionError, NoControlError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.adversarial import gap
from qaugbench.generators.shared.conditional import multi_layer
from qaugbench.generators.shared.perturbations import GAINS, perturb
from qaugbench.generators.shared.photonic_painter import fitted, photonic_circuit
from qaugbench.generators.shared.wasserstein import wasserstein_step
from qaugbench.kinds import Kind


class PhotonicQgan(Stepped):
    """A GAN on small images [channels, side, side]; ``circuits`` interferometers per channel paint equally many rows each."""

    @dataclass(frozen=True)
    class Hyper:
        """Photons are alike but for ``indistinguishability``, and each is lost but for ``transmission``.

        A batch holds ``critic_steps`` parts, one for each step of the critic. ``released`` is the public code: cross-entropy;
        perturbations, ``perturbations`` of them per step, in the place of gradients; parts divided by their largest pixels; and
        angles that change nothing.
        """

        input_state: tuple[int, ...] = (0, 1, 0, 1, 0)
        circuits: int = 4
        critic_widths: tuple[int, ...] = (64, 16)
        critic_rate: float = 0.002
        critic_steps: int = 4
        penalty: float = 10.0
        betas: tuple[float, float] = (0.0, 0.9)
        transmission: float = 1.0
        indistinguishability: float = 1.0
        released: bool = False
        perturbations: int = 7

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper
    gain: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        copies = shape[0] * hyper.circuits
        if math.prod(shape) % copies:
            raise DefinitionError(f"{copies} circuits cannot paint equal parts of an image {list(shape)}.")
        self.pixels = math.prod(shape) // copies
        self.noise = PhotonicNoise(transmission=hyper.transmission, indistinguishability=hyper.indistinguishability)
        circuit = photonic_circuit(hyper.input_state, lossy=self.noise != PhotonicNoise(), keep_dead=hyper.released)
        self.block = circuits.block(circuit, copies=copies, share_inputs=True)
        if self.block.ignores_inputs:
            raise NoControlError(
                "Gaussian noise about probabilities near 0 is clipped there, where it gets no gradient."
            )
        self.brightness = nn.Parameter(torch.full((copies, 1), self.pixels / 4.0), requires_grad=not hyper.released)
        self.critic = multi_layer((math.prod(shape), *hyper.critic_widths, 1), slope=0.0)
        self.register_buffer("gain", torch.tensor(GAINS[0]))

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        rate, betas = self.hyper.critic_rate, self.hyper.betas
        if self.hyper.released:
            return {"critic": torch.optim.SGD(self.critic.parameters(), lr=rate)}
        painting = [*self.block.parameters(), self.brightness]
        return {
            "critic": torch.optim.Adam(self.critic.parameters(), lr=rate, betas=betas),
            "generator": torch.optim.Adam(painting, lr=training.learning_rate, betas=betas),
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        real = (batch.points.flatten(1) + 1) / 2
        noise = 2 * math.pi * torch.randn(len(real), 1, generator=random, device=random.device)
        if self.hyper.released:
            return self._released_step(real, noise, batch, optimizers, random)
        return wasserstein_step(
            self.critic,
            self.painted,
            real,
            noise,
            optimizers,
            random,
            penalty=self.hyper.penalty,
            critic_steps=self.hyper.critic_steps,
        )

    def _released_step(
        self,
        real: torch.Tensor,
        noise: torch.Tensor,
        batch: Batch,
        optimizers: Optimizers,
        random: torch.Generator,
    ) -> dict[str, torch.Tensor]:
        real_scores, drawn_scores = self.critic(torch.cat([real, self.painted(noise).detach()])).chunk(2)
        told_apart = functional.softplus(-real_scores).mean() + functional.softplus(drawn_scores).mean()
        critic = descend(optimizers["critic"], told_apart)
        generator = self._perturb(noise, batch, random)
        return {"generator": generator, "critic": critic, "gap": gap(real_scores, drawn_scores)}

    def painted(self, noise: torch.Tensor) -> torch.Tensor:
        """Return images [n, channels * side * side] in about [0, 1], one for each row of ``noise`` [n, 1]."""
        if self.noise != PhotonicNoise() and self.block.execution.is_ideal:
            self.block.run_under(Execution(noise=self.noise), self.block.generator)
        parts = self.block(noise).unflatten(1, (self.block.copies, -1))
        parts = parts / parts.amax(dim=2, keepdim=True) if self.hyper.released else parts * self.brightness
        return fitted(parts, self.pixels).flatten(1)

    @torch.no_grad()
    def _perturb(self, noise: torch.Tensor, batch: Batch, random: torch.Generator) -> torch.Tensor:
        """Move the angles by simultaneous perturbations and return the generator's loss."""
        angles = [parameter for parameter in self.block.parameters() if parameter.requires_grad]
        each = self.hyper.perturbations
        for number in range(batch.step * each + 1, (batch.step + 1) * each + 1) if angles else ():
            perturb(angles, lambda: self._fooled(noise), self.gain, number, batch.steps * each, random)
        return self._fooled(noise)

    def _fooled(self, noise: torch.Tensor) -> torch.Tensor:
        return functional.softplus(-self.critic(self.painted(noise))).mean()

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        return 2 * self.painted(2 * math.pi * random.normal(1)).view(-1, *self.shape) - 1
