"""QCBNN, a reconstruction: circuits fed with noise generate the weights of the last layer, a Bayesian one.

After "Building Continuous Quantum-Classical Bayesian Neural Networks for a Classical Clinical Dataset" (Sakhnenko, Sikora and
Lorenz, arXiv 2406.06307), whose code is not public: a convolutional network reads images, circuits generate continuous stochastic
weights of part of it, learnt in a Bayesian framework. Circuits, their number, the prior and the divergence from it are choices made
here: this is a reconstruction, not a reproduction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from qaugbench.circuits.ansatz import angle_embedding, each_wire, ring, stacked
from qaugbench.circuits.block import Block
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.classifiers.contract import Trained
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits
from qaugbench.kinds import Kind

QUBITS = 4


def weight_circuit(layers: int) -> Circuit:
    """Return the circuit of four weights: RY(noise) on each wire, ``layers`` of RY and a ring of CRX, RY, then <Z> of each wire.

    All angles are trained, those that entangle too.
    """
    layer = stacked(each_wire(QUBITS, "RY"), ring(QUBITS, "CRX"))
    gates = angle_embedding(QUBITS, "RY") + stacked(*[layer] * layers, each_wire(QUBITS, "RY"))
    return Circuit(QUBITS, tuple(gates), Readout.each_wire(QUBITS))


class Qcbnn(Trained):
    """Features of the recipe's network, narrowed to ``width``, then a linear layer whose weights are drawn anew in every pass."""

    @dataclass(frozen=True)
    class Hyper:
        """The last layer takes ``width`` values, a multiple of four; its weights come from circuits of ``layers`` layers.

        They lie within ``reach`` of 0. A prediction averages ``draws`` passes. The divergence from the prior, a normal distribution
        of deviation ``prior``, is estimated from ``sample`` draws of all weights in each step, and counts ``divergence`` times.
        With ``gaussian``, each weight is normal with a mean and a deviation of its own, both learnt, in place of all circuits.
        """

        width: int = 8
        layers: int = 2
        reach: float = 2.0
        prior: float = 1.0
        sample: int = 64
        divergence: float = 1.0
        draws: int = 32
        gaussian: bool = False

    kind: ClassVar[Kind] = "hybrid"
    noise_fed: ClassVar[bool] = True
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        if hyper.width < 1 or hyper.width % QUBITS:
            raise DefinitionError(f"Circuits give {QUBITS} weights each; choose a width they fill, not {hyper.width}.")
        if hyper.draws < 1 or hyper.sample < 2 or hyper.prior <= 0:
            raise DefinitionError(
                f"QCBNN needs draws >= 1, sample >= 2 and prior > 0, given {hyper.draws}, {hyper.sample} and {hyper.prior}."
            )
        self.narrow = nn.Linear(shape[0], hyper.width)
        number = n_labels * hyper.width
        self.weights: CircuitWeights | GaussianWeights
        if hyper.gaussian:
            self.weights = GaussianWeights(number)
        else:
            self.weights = CircuitWeights(
                circuits.block(weight_circuit(hyper.layers), copies=number // QUBITS), hyper.reach
            )
        self.biases = nn.Parameter(torch.zeros(n_labels))
        self._seen: torch.Tensor | None = None

    @property
    def draws(self) -> int:
        return self.hyper.draws

    def forward(self, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        number = 1 + self.hyper.sample * self.training
        drawn = self.weights(number, random)
        self._seen = drawn[1:] if self.training else None
        values = torch.tanh(self.narrow(inputs))
        return values @ drawn[0].view(self.n_labels, -1).T + self.biases

    def penalty(self, n_images: int) -> torch.Tensor | None:
        """Return the divergence of the weights from their prior, for each of ``n_images``."""
        seen, self._seen = self._seen, None
        if seen is None:
            return None
        return self.hyper.divergence * self.weights.divergence(seen, self.hyper.prior) / n_images


class CircuitWeights(nn.Module):
    """Draws weights [n, number]: the expectations that circuits give for uniform noise, times ``reach``."""

    reach: torch.Tensor

    def __init__(self, block: Block, reach: float) -> None:
        super().__init__()
        self.block = block
        self.register_buffer("reach", torch.tensor(reach))

    def forward(self, n: int, random: torch.Generator) -> torch.Tensor:
        noise = torch.rand(n, self.block.in_features, generator=random, device=random.device, dtype=self.reach.dtype)
        found: torch.Tensor = self.reach * self.block(torch.pi * (noise - 0.5))
        return found

    def divergence(self, drawn: torch.Tensor, prior: float) -> torch.Tensor:
        """Return that of the normal distribution with the mean and variance of each weight in ``drawn``: a lower bound.

        What circuits generate has no density to integrate, and of all distributions with these moments the normal one has the
        largest entropy.
        """
        variances, means = torch.var_mean(drawn, dim=0)
        return normal_divergence(means, variances, prior)


class GaussianWeights(nn.Module):
    """Draws weights [n, number], normal, each with a mean and a deviation of its own (Blundell et al., arXiv 1505.05424)."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.means = nn.Parameter(0.5 * torch.randn(number))
        self.spreads = nn.Parameter(torch.full((number,), -1.0))

    def forward(self, n: int, random: torch.Generator) -> torch.Tensor:
        noise = torch.randn(n, len(self.means), generator=random, device=random.device, dtype=self.means.dtype)
        return self.means + nn.functional.softplus(self.spreads) * noise

    def divergence(self, drawn: torch.Tensor, prior: float) -> torch.Tensor:
        """Return the divergence itself, which needs no draws."""
        return normal_divergence(self.means, nn.functional.softplus(self.spreads).square(), prior)


def normal_divergence(means: torch.Tensor, variances: torch.Tensor, prior: float) -> torch.Tensor:
    """Return the Kullback-Leibler divergence in nats, summed, from normal distributions to those of mean 0 and deviation ``prior``.

    >>> float(normal_divergence(torch.tensor([0.5, 0.0]), torch.tensor([1.0, 1.0]), 1.0))
    0.125
    """
    ratio = variances.clamp_min(LEAST_VARIANCE) / prior**2
    return 0.5 * (ratio + (means / prior).square() - 1 - ratio.log()).sum()


LEAST_VARIANCE = 1e-6
"""The divergence of a weight that does not vary is infinite; below this variance it grows no further."""
