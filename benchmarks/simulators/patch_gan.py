"""A whole training step of a patch GAN, both updates, with one generator or another."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import softplus

from qaugbench.seeds import torch_generator, torch_seeded
from simulators.limits import PatchGenerator
from simulators.ours import block_of
from simulators.workloads import WORKLOADS

WORKLOAD = next(workload for workload in WORKLOADS if workload.name == "W2")
CRITIC_WIDTH = 64


def step_of(generator: nn.Module) -> Callable[[], None]:
    """Return one step: an update of the critic, then one of ``generator``, each with Adam."""
    pixels = WORKLOAD.copies * WORKLOAD.circuit.n_outputs
    with torch_seeded(0):
        critic = nn.Sequential(nn.Linear(pixels, CRITIC_WIDTH), nn.LeakyReLU(0.2), nn.Linear(CRITIC_WIDTH, 1))
    optimisers = [torch.optim.Adam(model.parameters(), lr=1e-3) for model in (critic, generator)]
    latent = WORKLOAD.tensors().inputs
    real = torch.rand(WORKLOAD.batch, pixels, generator=torch_generator(0))

    def update(optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def step() -> None:
        with torch.no_grad():
            fake = generator(latent)
        update(optimisers[0], softplus(-critic(real)).mean() + softplus(critic(fake)).mean())
        update(optimisers[1], softplus(-critic(generator(latent))).mean())

    return step


def quantum() -> nn.Module:
    """Return the patch generator as this package runs it."""
    return block_of(WORKLOAD)


def hand_written() -> nn.Module:
    """Return the patch generator written by hand."""
    return _Weighted(PatchGenerator(6, 6), WORKLOAD.tensors().weights)


def classical() -> nn.Module:
    """Return a perceptron of the same width in and out."""
    with torch_seeded(0):
        width = WORKLOAD.copies * WORKLOAD.circuit.n_outputs
        return nn.Sequential(nn.Linear(WORKLOAD.circuit.n_inputs, 64), nn.ReLU(), nn.Linear(64, width))


class _Weighted(nn.Module):
    def __init__(self, limit: nn.Module, weights: torch.Tensor) -> None:
        super().__init__()
        self.limit, self.weights = limit, nn.Parameter(weights)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.limit(inputs, self.weights)
        return outputs
