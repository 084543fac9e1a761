"""The share of detections that photonic circuits keep while a generator draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.detection_yield import detection_yield
from qaugbench.generators.shared.replaced_outputs import OutputMoments

Yields = Mapping[QuantumBlock, OutputMoments]


@contextmanager
def recorded_yields(blocks: Iterable[Block]) -> Iterator[Yields]:
    """Yield the moments, over all calls inside, of the probability that a detection of each copy of a block is kept."""
    found = {
        block: OutputMoments(0, *torch.zeros(2, block.copies, dtype=torch.float64))
        for block in blocks
        if isinstance(block, QuantumBlock) and isinstance(block.circuit, PhotonicCircuit)
    }
    with ExitStack() as hooks:
        for block, moments in found.items():
            hooks.callback(block.register_forward_hook(_recorder(moments)).remove)
        yield found


def _recorder(moments: OutputMoments) -> Any:
    def record(block: QuantumBlock, inputs: tuple[torch.Tensor, ...], outputs: torch.Tensor) -> None:
        if len(outputs):
            moments.add(detection_yield(block, inputs[0]))

    return record
