"""Whether a block takes part in learning: gradients reach its weights and its inputs, and outputs depend on both."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.twin import ClassicalTwin
from qaugbench.seeds import torch_generator

BATCH = 16
NOISE_FLOOR = 1e-10  # the gradient of a dead weight is a rounding error, about 1e-16 in double precision


@dataclass(frozen=True)
class Liveness:
    """What an audit found; ``dead_weights`` names every trainable weight that received no gradient."""

    n_weights: int
    dead_weights: tuple[str, ...]
    output_follows_weights: bool
    output_follows_inputs: bool
    gradient_reaches_inputs: bool

    @property
    def is_live(self) -> bool:
        """Whether every trainable weight learns and the block passes on information and gradients."""
        follows = self.output_follows_weights and self.output_follows_inputs and self.gradient_reaches_inputs
        return follows and not self.dead_weights

    def __str__(self) -> str:
        facts = {
            f"each of {self.n_weights} trainable weights receives gradient": not self.dead_weights,
            "the output changes with the weights": self.output_follows_weights,
            "the output changes with the inputs": self.output_follows_inputs,
            "gradient reaches the inputs": self.gradient_reaches_inputs,
        }
        lines = [f"{'yes' if holds else 'NO':<5}{fact}" for fact, holds in facts.items()]
        return "\n".join([*lines, *(f"     dead: {name}" for name in self.dead_weights)])


def audit(block: QuantumBlock | ClassicalTwin, *, seed: int = 0) -> Liveness:
    """Return the liveness of ``block``, any layer made by ``controls.build_block``, which is left unchanged.

    Works at the block's own weights, in double precision on a copy, with 16 random inputs in [-pi, pi] and a random
    linear function of the outputs, both drawn from ``seed``. Frozen weights are not counted among the dead.
    """
    generator = torch_generator(seed)
    double = copy.deepcopy(block).cpu().double()
    width = int(double.in_features)
    inputs = _uniform(BATCH, width, generator).requires_grad_()
    outputs = double(inputs)
    trainable = {name: parameter for name, parameter in double.named_parameters() if parameter.requires_grad}
    loss = (outputs * torch.randn(outputs.shape, generator=generator, dtype=outputs.dtype)).sum()
    sources = [inputs, *trainable.values()]
    gradients = _gradients(loss, sources)
    with torch.no_grad():
        with_other_inputs = double(_uniform(BATCH, width, generator))
        for parameter in double.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
        with_other_weights = double(inputs)
    return Liveness(
        n_weights=sum(parameter.numel() for parameter in trainable.values()),
        dead_weights=tuple(
            weight_name(block, name, tuple(index))
            for name, gradient in zip(trainable, gradients[1:], strict=True)
            for index in (gradient.abs() <= NOISE_FLOOR).nonzero().tolist()
        ),
        output_follows_weights=_differ(outputs, with_other_weights),
        output_follows_inputs=_differ(outputs, with_other_inputs),
        gradient_reaches_inputs=bool((gradients[0].abs() > NOISE_FLOOR).any(dim=0).all()) and inputs.numel() > 0,
    )


def weight_name(block: QuantumBlock | ClassicalTwin, parameter: str, index: tuple[int, ...]) -> str:
    """Return a readable name of one scalar parameter; for a circuit's weight, the gates that use it."""
    if not isinstance(block, QuantumBlock):
        return f"{parameter}{list(index)}"
    uses = ", ".join(_uses(block.circuit, index[1]))
    return f"w[{index[1]}] ({uses})" + (f" of copy {index[0]}" if block.copies > 1 else "")


def _uses(circuit: Circuit, weight: int) -> Iterator[str]:
    for gate in circuit.gates:
        for position, angle in enumerate(gate.angles):
            if weight in dict(angle.weights):
                which = f", angle {position + 1} of {len(gate.angles)}" if len(gate.angles) > 1 else ""
                yield f"{gate.name} on wire {' '.join(map(str, gate.wires))}{which}"


def _gradients(loss: torch.Tensor, sources: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the gradient for each source, zero where ``loss`` does not depend on it at all."""
    if not loss.requires_grad:
        return [torch.zeros_like(source) for source in sources]
    found = torch.autograd.grad(loss, sources, allow_unused=True)
    return [torch.zeros_like(s) if g is None else g for s, g in zip(sources, found, strict=True)]


def _uniform(batch: int, width: int, generator: torch.Generator) -> torch.Tensor:
    return (2 * torch.rand(batch, width, generator=generator, dtype=torch.float64) - 1) * math.pi


def _differ(first: torch.Tensor, second: torch.Tensor) -> bool:
    return bool((first - second).abs().max() > 1e-6)
