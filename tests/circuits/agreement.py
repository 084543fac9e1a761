"""What a circuit returns in torch, and the gradient of a random linear function of it, to hold against other libraries."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.statevector import StateVector
from qaugbench.seeds import torch_generator

TOLERANCES = {torch.float64: (1e-6, 1e-5), torch.float32: (1e-5, 1e-4)}  # of values, of gradients


@dataclass
class Question:
    """A circuit at random inputs [batch, n_inputs] and weights, and the weights of its outputs in a loss."""

    circuit: Circuit
    seed: int
    batch: int = 3

    def __post_init__(self) -> None:
        generator = torch_generator(self.seed)
        sizes = [(self.batch, self.circuit.n_inputs), (self.circuit.n_weights,), (self.batch, self.circuit.n_outputs)]
        drawn = [torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes]
        self.inputs, self.weights, self.cotangent = 2 * drawn[0], 2 * drawn[1], drawn[2]


@dataclass
class Answer:
    """Outputs [batch, n_outputs] and the gradients of the loss, zero where it does not depend on a value."""

    outputs: torch.Tensor
    of_inputs: torch.Tensor
    of_weights: torch.Tensor


def torch_answer(question: Question, dtype: torch.dtype) -> Answer:
    """Return our own answer, computed in ``dtype``."""
    given = [tensor.to(dtype).requires_grad_() for tensor in (question.inputs, question.weights)]
    outputs = StateVector(question.circuit).to(dtype)(given[0][None], given[1][None])[0]
    return Answer(outputs.detach(), *gradients((outputs * question.cotangent).sum(), given))


def gradients(loss: torch.Tensor, sources: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the gradient for each source, zero where ``loss`` does not depend on it."""
    found = torch.autograd.grad(loss, sources, allow_unused=True) if loss.requires_grad else [None] * len(sources)
    return [torch.zeros_like(s) if f is None else f for f, s in zip(found, sources, strict=True)]


def assert_same(ours: Answer, theirs: Answer) -> None:
    """Raise unless values and gradients agree to what the precision of ``ours`` allows."""
    values, slopes = TOLERANCES[ours.outputs.dtype]
    torch.testing.assert_close(ours.outputs.double(), theirs.outputs.double(), atol=values, rtol=0)
    for mine, other in ((ours.of_inputs, theirs.of_inputs), (ours.of_weights, theirs.of_weights)):
        torch.testing.assert_close(mine.double(), other.double(), atol=slopes, rtol=0)
