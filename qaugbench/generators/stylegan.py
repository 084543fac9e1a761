"""StyleGAN2 with adaptive discriminator augmentation: images drawn from styles, against a critic that sees changed images.

Karras et al., arXiv 1912.04958 (networks, lazy R1, style mixing) and arXiv 2006.06676 (training with few images). Written
from the papers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn.functional import softplus

from qaugbench.cards import Training
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.adaptive_augmentation import AdaptiveAugmentation
from qaugbench.generators.shared.adversarial import constant, gap, zero_centred_penalty
from qaugbench.generators.shared.style_networks import Mapping, StyleCritic, Synthesis
from qaugbench.kinds import Kind

MEAN_STYLE_DECAY = 0.998


class Stylegan(Stepped):
    """A style-based generative adversarial network, conditional on the label vector."""

    @dataclass(frozen=True)
    class Hyper:
        """``channels`` are the widths of both networks' levels from the finest, the image's side; the last repeats.

        ``mapping_rate`` and ``critic_rate`` are the learning rates of the mapping's layers and of the critic, relative to
        that of all others. ``mixing`` is the share of training images drawn from two styles. R1 is computed at every
        ``r1_every``-th step and weighed ``r1_weight`` per step. The probability of augmentation follows the mean sign
        of real scores with the target ``augment_target`` and takes ``augment_images`` real images from 0 to 1.
        ``truncation`` below 1 draws closer to the mean style.
        """

        channels: tuple[int, ...] = (16, 32, 64)
        noise_size: int = 64
        style_size: int = 64
        mapping_layers: int = 2
        mapping_rate: float = 0.01
        mixing: float = 0.9
        r1_weight: float = 0.1
        r1_every: int = 16
        augment_target: float = 0.6
        augment_images: float = 500_000.0
        critic_rate: float = 1.0
        truncation: float = 1.0

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper
    mean_style: torch.Tensor
    last_r1: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.mapping = Mapping(hyper.noise_size, n_labels, hyper.style_size, hyper.mapping_layers, hyper.mapping_rate)
        self.synthesis = Synthesis(shape, hyper.channels, hyper.style_size)
        self.critic = StyleCritic(shape, hyper.channels, n_labels)
        self.augment = AdaptiveAugmentation(hyper.augment_target, hyper.augment_images)
        self.register_buffer("mean_style", torch.zeros(hyper.style_size))
        self.register_buffer("last_r1", torch.zeros(()))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on CPU

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """Return Adam without momentum, one for mapping and synthesis and one for the critic."""
        generator = [*self.mapping.parameters(), *self.synthesis.parameters()]
        rate, decay = training.learning_rate, training.weight_decay
        return {
            "generator": adam(generator, rate, decay),
            "critic": adam(list(self.critic.parameters()), rate * self.hyper.critic_rate, decay),
        }

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        """Take one step of the critic and one of the generator, on the same drawn images and the labels of the batch."""
        drawn = self._drawn_in_training(batch.labels, random)
        critic_loss, scores_apart = self._critic_loss(batch, drawn.detach(), random)
        critic_loss = descend(optimizers["critic"], critic_loss)
        with constant(self.critic):
            scores = self.critic(self.augment(drawn, random), batch.labels)
            generator_loss = descend(optimizers["generator"], softplus(-scores).mean())
        return {"generator": generator_loss, "critic": critic_loss, "r1": self.last_r1.clone(), "gap": scores_apart}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        """Return images [n, *shape], each from a style and noise inputs of its own."""
        style = self.mapping(random.normal(self.hyper.noise_size), labels)
        style = self.mean_style + self.hyper.truncation * (style - self.mean_style)
        styles = style[:, None].expand(-1, self.synthesis.n_styles, -1)
        images: torch.Tensor = self.synthesis(styles, lambda side: random.normal(1, side, side))
        return images

    def _critic_loss(
        self, batch: Batch, drawn: torch.Tensor, random: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the critic's logistic loss, with R1 when it is due, and the gap between its scores of real and drawn images.

        R1 is that at the images the critic sees, after augmentation.
        """
        real = self.augment(batch.points, random)
        drawn_scores = self.critic(self.augment(drawn, random), batch.labels)
        real_scores = self.critic(real, batch.labels)
        loss = softplus(drawn_scores).mean() + softplus(-real_scores).mean()
        if batch.step % self.hyper.r1_every == 0:
            penalty = zero_centred_penalty(lambda images: self.critic(images, batch.labels), real)
            self.last_r1.copy_(penalty.detach())
            loss = loss + self.hyper.r1_every * self.hyper.r1_weight * penalty
        self.augment.observe(real_scores)
        return loss, gap(real_scores, drawn_scores)

    def _drawn_in_training(self, labels: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        """Return images [n, *shape] of ``labels`` with gradients, some from two styles; follows the mean style."""
        n, device = len(labels), labels.device
        noise = torch.randn(2 * n, self.hyper.noise_size, generator=random, device=device)
        first, second = self.mapping(noise, labels.repeat(2, 1)).split(n)
        with torch.no_grad():
            self.mean_style.lerp_(first.mean(dim=0), 1 - MEAN_STYLE_DECAY)
        layers = self.synthesis.n_styles
        cut = torch.randint(1, layers, (n,), generator=random, device=device)
        mixed = torch.rand(n, generator=random, device=device) < self.hyper.mixing
        cut = torch.where(mixed, cut, layers)
        from_first = torch.arange(layers, device=device) < cut[:, None]
        styles = torch.where(from_first[:, :, None], first[:, None], second[:, None])
        images: torch.Tensor = self.synthesis(
            styles, lambda side: torch.randn(n, 1, side, side, generator=random, device=device)
        )
        return images


def adam(weights: list[torch.nn.Parameter], learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
    """Return Adam with the paper's betas."""
    return torch.optim.Adam(weights, lr=learning_rate, betas=(0.0, 0.99), weight_decay=weight_decay)
