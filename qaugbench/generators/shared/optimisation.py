"""The learning-rate schedule and the divergence check that fits share."""

from __future__ import annotations

import math

import torch

from qaugbench.generators.contract import DivergedError, Progress


def warm_up_then_cosine(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LambdaLR:
    """Return a schedule that rises linearly over the first twentieth of ``steps``, then falls to zero as a half cosine."""
    warm_up = max(1, steps // 20)

    def factor(step: int) -> float:
        if step < warm_up:
            return (step + 1) / warm_up
        return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def report_loss(what: str, progress: Progress | None, step: int, steps: int, loss: torch.Tensor) -> None:
    """Report the loss of ``step`` to ``progress``; raises ``DivergedError`` if it is not finite."""
    value = loss.item()
    if not math.isfinite(value):
        raise DivergedError(f"{what} diverged: the loss at step {step} of {steps} is {value}; lower the learning rate.")
    if progress is not None:
        progress(step + 1, steps, value)
