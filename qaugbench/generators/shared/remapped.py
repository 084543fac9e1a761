"""Weights of circuits remapped to angles by pi tanh (Kölle et al., arXiv 2212.14807), so that none leaves the circle."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils.parametrize import register_parametrization

from qaugbench.circuits.block import Block, QuantumBlock

Start = Callable[[torch.Tensor], torch.Tensor]
"""From numbers uniform in (0, 1) to the weights that a circuit starts with."""


def normal_start(uniform: torch.Tensor) -> torch.Tensor:
    """Return normal numbers of deviation .4, as Q-Dense starts."""
    return 0.4 * torch.special.ndtri(uniform)


def quarter_start(uniform: torch.Tensor) -> torch.Tensor:
    """Return uniform numbers between -pi / 2 and pi / 2, as quantum convolutions start."""
    return math.pi * (uniform - 0.5)


def remapped(block: Block, start: Start) -> Block:
    """Let the angles of ``block`` be pi tanh of its weights, which begin as ``start`` has it; return ``block``.

    What a control puts in a circuit's place stays as it is.
    """
    if not isinstance(block, QuantumBlock):
        return block
    with torch.no_grad():
        inside = (block.weights / (2 * math.pi)).clamp(1e-6, 1 - 1e-6)
        block.weights.copy_(start(inside))
    register_parametrization(block, "weights", _PiTanh())
    return block


class _PiTanh(nn.Module):
    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        return math.pi * torch.tanh(weights)
