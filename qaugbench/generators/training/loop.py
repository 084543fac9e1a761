"""The one training loop: batches, learning rates, average weights, divergence, progress, diagnostics and checkpoints.

Step k draws its batch and all its randomness from (seed, k) alone, so a fit that resumes at any step gives the same bits
as one that was never interrupted.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.generators.contract import Batch, DivergedError, Optimizers, Progress
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.generators.training.diagnostics import (
    FitDiagnostics,
    curve,
    first_weights,
    mean_trend,
    movement,
    trend,
)
from qaugbench.generators.training.points import Points
from qaugbench.generators.training.tensors import tensors_of
from qaugbench.seeds import child_seed, numpy_generator, torch_generator, torch_seeded

MILESTONES = (50, 75)
"""Percent of its steps after which a fit keeps its weights, so that one can see whether what it draws still improves at the end."""


class Learner(Protocol):
    """What the loop trains: a module that names its optimisers and takes one step of them."""

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """Return the optimisers by name."""

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        """Take one step and return the losses by name."""


@dataclass(frozen=True)
class Course:
    """What happened in a fit: the losses by name, as points of a curve, and the diagnostics.

    ``earlier`` are the weights that would have been the result after each percentage of ``MILESTONES`` of the steps.
    """

    curve: list[dict[str, float]]
    diagnostics: FitDiagnostics
    earlier: Mapping[int, Mapping[str, torch.Tensor]] = field(default_factory=dict)


@dataclass
class _State:
    """What a step changes, beside the module itself."""

    module: nn.Module
    optimizers: dict[str, torch.optim.Optimizer]
    average: nn.Module | None
    first: dict[str, torch.Tensor]
    losses: dict[str, list[float]] = field(default_factory=dict)
    earlier: dict[int, dict[str, torch.Tensor]] = field(default_factory=dict)
    done: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "module": self.module.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "average": None if self.average is None else self.average.state_dict(),
            "first": self.first,
            "losses": self.losses,
            "earlier": self.earlier,
            "done": self.done,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        self.module.load_state_dict(saved["module"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(saved["optimizers"][name])
        if self.average is not None:
            self.average.load_state_dict(saved["average"])
        self.first, self.losses, self.done = saved["first"], saved["losses"], saved["done"]
        self.earlier = {
            percent: {name: tensor.cpu() for name, tensor in kept.items()} for percent, kept in saved["earlier"].items()
        }

    @property
    def result(self) -> nn.Module:
        """What the fit would return now: the average, where there is one."""
        return self.module if self.average is None else self.average


def train(
    module: nn.Module,
    points: Points,
    labels: np.ndarray,
    *,
    training: Training,
    seed: int,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> Course:
    """Train ``module``, a ``Learner``, in place on ``points`` with ``labels`` [n, n_labels]; it ends with its average weights.

    Resumes from ``checkpoint`` where it holds a state, and writes it from time to time. Raises ``DivergedError`` naming the
    loss that is no longer finite.
    """
    learner: Learner = module  # type: ignore[assignment]
    training = training.on(len(points))
    state = _State(
        module=module,
        optimizers=learner.optimizers(training),
        average=copy.deepcopy(module) if training.average and training.steps else None,
        first=first_weights(module),
    )
    saved = checkpoint.read(_device(module)) if checkpoint is not None else None
    if saved is not None:
        state.restore(saved)
    rates = {name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in state.optimizers.items()}
    if saved is not None:
        rates = saved["rates"]
    milestones = {round(training.steps * percent / 100): percent for percent in MILESTONES}
    module.train()
    while state.done < training.steps:
        _set_rates(state.optimizers, rates, training, state.done)
        _step(learner, state, points, labels, training, seed)
        if state.done in milestones:
            state.earlier[milestones[state.done]] = tensors_of(state.result)
        if progress is not None:
            progress(state.done, training.steps, next(iter(state.losses.values()))[-1])
        if checkpoint is not None and checkpoint.is_due:
            checkpoint.write({**state.to_dict(), "rates": rates})
    if checkpoint is not None and checkpoint.is_part:
        checkpoint.write({**state.to_dict(), "rates": rates})
    if state.average is not None:
        module.load_state_dict(state.average.state_dict())
    module.eval()
    return _course(state, training, len(points))


def joined(courses: Mapping[str, Course]) -> Course:
    """Return several fits of equally many steps as one: curves, trends and looks averaged, updates added, the largest movement.

    The keys are what the names of their weights begin with in the whole.
    """
    curves = [course.curve for course in courses.values()]
    found = [course.diagnostics for course in courses.values()]
    names = list(found[0].trends)
    return Course(
        curve=[
            {name: float(np.mean([point[name] for point in points])) for name in points[0]}
            for points in zip(*curves, strict=True)
        ],
        diagnostics=FitDiagnostics(
            updates=sum(one.updates for one in found),
            seen_per_image=float(np.mean([one.seen_per_image for one in found])),
            trends={name: mean_trend([one.trends[name] for one in found]) for name in names},
            movement={part: max(one.movement[part] for one in found) for part in found[0].movement},
        ),
        earlier={
            percent: {
                f"{prefix}{name}": tensor
                for prefix, course in courses.items()
                for name, tensor in course.earlier[percent].items()
            }
            for percent in next(iter(courses.values())).earlier
        },
    )


def learning_rate_factor(step: int, training: Training) -> float:
    """Return the factor of the learning rates at ``step`` (from 0): a linear warm-up, then constant or a half cosine to 0."""
    warm_up = max(1, round(training.warm_up * training.steps))
    if step < warm_up:
        return (step + 1) / warm_up
    if training.schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, training.steps - warm_up)))


def _step(learner: Learner, state: _State, points: Points, labels: np.ndarray, training: Training, seed: int) -> None:
    rows = _rows(len(points), training, seed, state.done)
    device = _device(state.module)
    epoch_steps = training.steps // training.epochs if training.epochs else 0
    batch = Batch(points.take(rows), torch.from_numpy(labels[rows]).to(device), state.done, training.steps, epoch_steps)
    step_seed = child_seed(seed, "step", state.done)
    with torch_seeded(step_seed):  # for dropout and for library code that draws from the global state
        losses = learner.step(batch, state.optimizers, torch_generator(step_seed, str(device)))
    for name, loss in losses.items():
        state.losses.setdefault(name, []).append(_finite(name, float(loss), state.done, training.steps))
    state.done += 1
    if state.average is not None:
        _follow(state.average, state.module, min(training.average, state.done / (9 + state.done)))


def _rows(n: int, training: Training, seed: int, step: int) -> np.ndarray:
    """Return the rows of a step's batch: any, or in a fit that is counted in epochs the next ones of its shuffled images."""
    if not training.epochs:
        return numpy_generator(child_seed(seed, "batch", step)).integers(0, n, training.batch_size)
    epoch, place = divmod(step, training.steps // training.epochs)
    shuffled = numpy_generator(child_seed(seed, "epoch", epoch)).permutation(n)
    return shuffled[place * training.batch_size : (place + 1) * training.batch_size]


def _finite(name: str, value: float, step: int, steps: int) -> float:
    if not math.isfinite(value):
        raise DivergedError(
            f"The fit diverged: the loss {name!r} is {value} at step {step + 1} of {steps}; lower the learning rate."
        )
    return value


def _set_rates(
    optimizers: dict[str, torch.optim.Optimizer], rates: dict[str, list[float]], training: Training, step: int
) -> None:
    factor = learning_rate_factor(step, training)
    for name, optimizer in optimizers.items():
        for group, rate in zip(optimizer.param_groups, rates[name], strict=True):
            group["lr"] = rate * factor


@torch.no_grad()
def _follow(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Move the average towards the module's parameters; its buffers are the module's."""
    own: list[torch.Tensor] = list(average.parameters())
    others: list[torch.Tensor] = list(module.parameters())
    torch._foreach_lerp_(own, others, 1 - decay)
    for kept, buffer in zip(_saved_buffers(average), _saved_buffers(module), strict=True):
        kept.copy_(buffer)


def _saved_buffers(module: nn.Module) -> list[torch.Tensor]:
    """Return the buffers that belong to the state of ``module``."""
    return [
        buffer
        for part in module.modules()
        for name, buffer in part._buffers.items()
        if buffer is not None and name not in part._non_persistent_buffers_set
    ]


def _device(module: nn.Module) -> torch.device:
    return next((tensor.device for tensor in (*module.parameters(), *module.buffers())), torch.device("cpu"))


def _course(state: _State, training: Training, n_images: int) -> Course:
    diagnostics = FitDiagnostics(
        updates=state.done,
        seen_per_image=state.done * training.batch_size / max(n_images, 1),
        trends={name: trend(values, alone=len(state.losses) == 1) for name, values in state.losses.items()},
        movement=movement(state.module, state.first),
    )
    return Course(curve(state.losses), diagnostics, state.earlier)
