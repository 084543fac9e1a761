"""A small conditional Wasserstein GAN on vectors: a head and a critic that see label vectors, and one step of both."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import nn

from qaugbench.generators.contract import Batch, Optimizers, descend
from qaugbench.generators.shared.adversarial import between, constant, gap, gradient_penalty, wasserstein_loss


class LabelVectors(nn.Module):
    """Label vectors [n, n_labels] to [n, width]: the vectors of its labels, added and divided by the root of their number.

    Without any label it is the origin.
    """

    def __init__(self, n_labels: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(n_labels, width))

    def forward(self, labels: torch.Tensor) -> torch.Tensor:
        return labels / labels.norm(dim=1, keepdim=True).clamp_min(1) @ self.vectors


class LabelledHead(nn.Module):
    """Features [n, inputs] and label vectors [n, n_labels] to points [n, size], by two linear layers."""

    def __init__(self, inputs: int, n_labels: int, width: int, size: int) -> None:
        super().__init__()
        self.labels = LabelVectors(n_labels, inputs)
        self.layers = nn.Sequential(nn.Linear(2 * inputs, width), nn.ReLU(), nn.Linear(width, size))

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        points: torch.Tensor = self.layers(torch.cat([features, self.labels(labels)], dim=1))
        return points


class LabelledCritic(nn.Module):
    """Points [n, size] and label vectors [n, n_labels] to scores [n, 1]; layers are normalised over each point's features."""

    def __init__(self, size: int, n_labels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.labels = LabelVectors(n_labels, size)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((2 * size, *widths)):
            layers += [nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, points: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.layers(torch.cat([points, self.labels(labels)], dim=1))
        return scores


def generator_is_due(batch: Batch, every: int) -> bool:
    """Return whether the generator learns at this step: at the first of ``every`` steps, of a fit or of an epoch if it has any.

    >>> [generator_is_due(Batch(torch.zeros(0), torch.zeros(0), step, 14, 7), 5) for step in (0, 1, 5, 6, 7, 8)]
    [True, False, True, False, True, False]
    """
    return (batch.step % batch.epoch_steps if batch.epoch_steps else batch.step) % every == 0


def labelled_step(
    critic: nn.Module,
    draw: Callable[[], torch.Tensor],
    batch: Batch,
    optimizers: Optimizers,
    random: torch.Generator,
    *,
    penalty: float,
    critic_steps: int,
) -> dict[str, torch.Tensor]:
    """Take a step of ``critic``, and one of what ``draw`` depends on if it is due; return the losses by name.

    ``critic`` maps points [n, size] and label vectors to scores [n, 1]. ``draw`` returns points [n, size] of the batch's label
    vectors, from new noise at every call. The generator's loss is known at every step, also where it does not learn.
    """
    with torch.no_grad():
        drawn = draw()
    labels = batch.labels
    real_scores, drawn_scores = critic(torch.cat([batch.points, drawn]), labels.repeat(2, 1)).chunk(2)
    slope = gradient_penalty(partial(critic, labels=labels), between(batch.points, drawn, random))
    loss = descend(optimizers["critic"], wasserstein_loss(real_scores, drawn_scores) + penalty * slope)
    generator = -drawn_scores.mean().detach()
    if generator_is_due(batch, critic_steps):
        with constant(critic):
            generator = descend(optimizers["generator"], -critic(draw(), labels).mean())
    return {"critic": loss, "penalty": slope.detach(), "gap": gap(real_scores, drawn_scores), "generator": generator}
