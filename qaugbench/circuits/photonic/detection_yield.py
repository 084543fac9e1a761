"""The share of detections that a photonic circuit's readout accepts."""

from __future__ import annotations

import torch

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.photonic.executor import PhotonicExecutor


@torch.no_grad()
def detection_yield(block: QuantumBlock, inputs: torch.Tensor) -> torch.Tensor:
    """Return the probability [batch, copies] that a detection is accepted, under the block's present execution."""
    executor = PhotonicExecutor(block.circuit, block.execution).to(block.weights)
    return executor.yields(block.by_copy(inputs, block.weights.dtype), block.weights).T
