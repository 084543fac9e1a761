"""How many samples are processed together, and how many states are stored for a gradient, so that memory suffices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil
import torch
from torch.utils.checkpoint import checkpoint

from qaugbench.errors import CircuitError

TOGETHER = {"cpu": 2**24, "cuda": 2**31}  # bytes of the vectors that are processed together
STORED = {"cpu": 2**30, "cuda": 2**34}  # bytes of the vectors that may be stored for a gradient
_UNCHECKED = 2**28  # bytes: less is not worth asking how much is free


@dataclass(frozen=True)
class Budget:
    """``samples`` run together; ``segment`` is the number of steps between two stored vectors, 0 to store all."""

    samples: int
    segment: int


def plan_budget(sample_bytes: int, steps: int, samples: int, device: torch.device, *, wants_gradient: bool) -> Budget:
    """Return the budget for ``steps`` on vectors of ``sample_bytes`` per sample.

    Raises:
        CircuitError: more memory is needed than the device has free.
    """
    together = min(samples, max(1, TOGETHER.get(device.type, 2**31) // sample_bytes))
    segment, vectors = 0, 4 * together
    if wants_gradient:
        vectors = (steps + 4) * samples
        if vectors * sample_bytes > STORED.get(device.type, 2**34):
            segment = math.isqrt(steps) + 1
            vectors = (2 * segment + 4) * together
    remedy = "fewer wires, float32, fewer copies, or trajectories (NoiseModel(trajectories=200))"
    check_memory(vectors * sample_bytes, device, f"{together} sample(s) at once", remedy)
    return Budget(together, segment)


def evaluate(function: Callable[..., Any], *arguments: Any, again: bool) -> Any:
    """Return ``function(*arguments)``; with ``again``, backward recomputes it and nothing in between is stored."""
    if not again:
        return function(*arguments)
    return checkpoint(function, *arguments, use_reentrant=False, preserve_rng_state=False)


def check_memory(needed: int, device: torch.device, what: str, remedy: str) -> None:
    """Raise CircuitError, saying what to use instead, if a device does not have ``needed`` bytes free."""
    if needed < _UNCHECKED:
        return
    free = _free(device)
    if needed > free:
        raise CircuitError(
            f"This noisy execution needs {needed:,} bytes for {what}, but {device.type} has {free:,} bytes free; "
            f"use {remedy}."
        )


def _free(device: torch.device) -> int:
    if device.type != "cuda":
        return int(psutil.virtual_memory().available)
    held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by torch, for later use
    return int(torch.cuda.mem_get_info(device)[0]) + held
