"""The interface of every generator: a torch module that learns points of a data space and draws one for each label vector.

A generator never sees an image. A space (``generators.spaces``) turns the replicate's images into points and drawn points
into images; the runner (``generators.shared.model``) saves, loads, counts, executes circuits and calls the one training
loop (``generators.training.loop``). What a generator's file holds is its paper: the network, what one step is, how to draw.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.errors import QaugbenchError
from qaugbench.kinds import Kind

if TYPE_CHECKING:  # a classical generator's numbers do not depend on the code of circuits
    from qaugbench.circuits.block import Block
    from qaugbench.generators.row_random import RowRandom

Progress = Callable[[int, int, float], None]
"""Called as ``progress(step, total, loss)`` while a model is fitted."""

Optimizers = Mapping[str, torch.optim.Optimizer]


class DivergedError(QaugbenchError):
    """A fit or a sample that is no longer finite; a run records the outcome "diverged"."""


class InfeasibleError(QaugbenchError):
    """A fit that these data do not allow, such as a class with too few images; a run records the outcome "infeasible"."""


class NotFittedError(QaugbenchError):
    """Samples or a state were asked of something that has been neither fitted nor loaded."""


class Circuits(Protocol):
    """Makes a generator's layers that run circuits, or what a control puts in their place."""

    def block(self, circuit: Any, *, copies: int = 1, share_inputs: bool = False) -> Block:
        """Return the layer [batch, in_features] -> [batch, out_features] that runs ``copies`` of ``circuit`` side by side.

        With ``share_inputs`` every copy reads the same inputs.
        """


@dataclass(frozen=True)
class Batch:
    """Points [n, *shape] with their label vectors [n, n_labels]; ``step`` counts from 0 to ``steps`` - 1 (0 of 0 in ``solve``).

    In a fit that is counted in epochs, each of them takes ``epoch_steps``; in any other, this is 0.
    """

    points: torch.Tensor
    labels: torch.Tensor
    step: int = 0
    steps: int = 0
    epoch_steps: int = 0


class Generator(nn.Module, ABC):
    """The base of every generator; a subclass is ``Stepped`` or ``Solved``.

    ``shape`` is that of one point of the space, ``n_labels`` the width of a label vector, ``hyper`` an instance of ``Hyper``
    and ``circuits`` makes the layers that run circuits (or what a control puts there). A constructor takes these four.

    Everything that training changes is a parameter or a buffer, so the state is ``state_dict()``. Constructors run inside
    a seeded scope: library initialisers need nothing.

    A label vector is multi-hot: in a multi-label task several labels may be 1, or none (an image without a finding). A
    generator that cannot handle this sets ``multi_label = False`` and is refused for such tasks.

    ``qaugbench.testing.check_generator`` checks what this class and its methods promise.
    """

    kind: ClassVar[Kind]
    Hyper: ClassVar[type]
    multi_label: ClassVar[bool] = True
    only_learning: ClassVar[tuple[str, ...]] = ()
    """The names of submodules that run while it learns and never when it draws, such as an encoder or a critic."""

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Any, circuits: Circuits) -> None:
        super().__init__()
        self.shape = shape
        self.n_labels = n_labels
        self.hyper = hyper

    @abstractmethod
    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        """Return one point [n, *shape] for each label vector [n, n_labels].

        Row i depends on its label vector and on row i of ``random`` alone. Called in evaluation mode, without gradients.
        """


class Stepped(Generator):
    """A generator that learns step by step; ``generators.training.loop`` is the loop."""

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """Return the optimisers by name: one AdamW over all trainable parameters, unless overridden."""
        return {"adamw": adamw(self, training)}

    @abstractmethod
    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        """Take one step of every optimiser and return the losses by name, the most telling one first.

        ``random`` is the step's own stream, on the device of ``batch``. The name "gap" is that of a critic's mean score of
        real points minus that of drawn ones; it is shown as such and is no loss.
        """


class Solved(Generator):
    """A generator that learns in one computation, such as a mixture or a kernel density."""

    @abstractmethod
    def solve(self, batch: Batch, random: torch.Generator) -> None:
        """Learn from all points [n, *shape] at once; set parameters and buffers in place (their shapes may change)."""


def adamw(module: nn.Module, training: Training, learning_rate: float | None = None) -> torch.optim.Optimizer:
    """Return AdamW over the trainable parameters of ``module``, at ``learning_rate`` or that of ``training``."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    rate = training.learning_rate if learning_rate is None else learning_rate
    return torch.optim.AdamW(trained, lr=rate, weight_decay=training.weight_decay)


def descend(optimizer: torch.optim.Optimizer, loss: torch.Tensor, *, longest: float | None = None) -> torch.Tensor:
    """Take one step of ``optimizer`` down the gradient of ``loss`` and return the loss, detached.

    A gradient whose norm over all parameters exceeds ``longest`` is shortened to it (Pascanu et al., arXiv 1211.5063).
    """
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if longest is not None:
        trained = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        nn.utils.clip_grad_norm_(trained, longest)
    optimizer.step()
    return loss.detach()
