"""What noise does to the outputs of a generator's circuits while it draws, and noise as strong for what stands in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.noise.exact_outputs import exact_for_many
from qaugbench.circuits.row_draws import draw_rows
from qaugbench.errors import QaugbenchError
from qaugbench.generators.shared.replaced_outputs import OutputMoments
from qaugbench.seeds import child_seed, torch_generator

Deviations = Mapping[Block, OutputMoments]
DRAWN = ("samples",)
"""Readouts whose outputs are random also without noise, so that single outputs have no ideal value to deviate from."""


@dataclass
class Evaluations:
    """How often the circuits of a block ran: in ``calls`` of each copy, and in ``rows``, one for each row and copy."""

    calls: int = 0
    rows: int = 0


@contextmanager
def counted_evaluations(blocks: Iterable[Block]) -> Iterator[Mapping[QuantumBlock, Evaluations]]:
    """Yield how often each of ``blocks`` that runs circuits has run them inside."""
    found = {block: Evaluations() for block in blocks if isinstance(block, QuantumBlock)}
    with ExitStack() as hooks:
        for block, counted in found.items():
            hooks.callback(block.register_forward_hook(_counter(counted)).remove)
        yield found


@contextmanager
def recorded_deviations(blocks: Iterable[Block]) -> Iterator[Deviations]:
    """Yield how far every output of ``blocks`` is from what the exact circuit gives for the same input, over all calls inside.

    Blocks that run no circuit, and those that draw single bitstrings, are left out.
    """
    circuits = [one for one in blocks if isinstance(one, QuantumBlock) and has_ideal_values(one.circuit)]
    found: dict[Block, OutputMoments] = {block: OutputMoments.none(block) for block in circuits}
    with ExitStack() as hooks:
        for block in circuits:
            hooks.callback(block.register_forward_hook(_recorder(found[block], block)).remove)
        yield found


def mean_squares(moments: OutputMoments) -> np.ndarray:
    """Return the mean square of each output about the ideal one, float64 [out_features]: bias and spread together."""
    found: np.ndarray = (moments.mean.square() + moments.variance).numpy()
    return found


@contextmanager
def noise_added(blocks: Sequence[Block], variances: Sequence[np.ndarray], seed: int) -> Iterator[None]:
    """Add Gaussian noise of mean zero to the outputs of each block, with a variance [out_features] for each of its outputs.

    The noise of a row depends on ``seed``, the position of the block, and the numbers of its call and row alone. Raises
    QaugbenchError where blocks and variances do not fit one another.
    """
    widths = [len(variance) for variance in variances]
    if widths != [block.out_features for block in blocks]:
        raise QaugbenchError(
            f"Noise of {widths} outputs was measured, and the blocks have {[block.out_features for block in blocks]}: "
            "they do not stand for the same circuits."
        )
    with ExitStack() as hooks:
        for number, (block, variance) in enumerate(zip(blocks, variances, strict=True)):
            random = torch_generator(child_seed(seed, "added noise", number))
            hooks.callback(block.register_forward_hook(_adder(torch.from_numpy(variance), random)).remove)
        yield


def has_ideal_values(circuit: Any) -> bool:
    """Return whether single outputs of a circuit have ideal values about which noise has a variance."""
    return circuit.output_kind not in DRAWN


def _counter(counted: Evaluations) -> Any:
    def count(block: QuantumBlock, inputs: Any, outputs: torch.Tensor) -> None:
        if len(outputs):
            counted.calls += block.copies
            counted.rows += block.copies * len(outputs)

    return count


def _recorder(moments: OutputMoments, block: QuantumBlock) -> Any:
    exact = exact_for_many(block.circuit) or block.exact

    def record(block: QuantumBlock, inputs: tuple[torch.Tensor, ...], outputs: torch.Tensor) -> None:
        if not len(outputs):
            return
        by_copy = block.by_copy(inputs[0], block.weights.dtype)
        ideal = exact.to(block.weights)(by_copy, block.weights, None).transpose(0, 1).flatten(1)
        moments.add(outputs - ideal)

    return record


def _adder(variance: torch.Tensor, random: torch.Generator) -> Any:
    def add(block: Block, inputs: Any, outputs: torch.Tensor) -> torch.Tensor:
        drawn = draw_rows(torch.randn, len(outputs), (block.out_features,), random)
        return outputs + (variance.sqrt() * drawn).to(outputs)

    return add
