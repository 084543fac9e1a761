"""Outputs of a generator's circuit blocks during sampling: recorded, or replaced by numbers of equal mean or variance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from qaugbench.circuits.block import Block
from qaugbench.circuits.row_draws import draw_rows
from qaugbench.seeds import child_seed, torch_generator


@dataclass
class OutputMoments:
    """Mean and variance of each output of a block, float64 [out_features], over the ``rows`` rows of all its calls."""

    rows: int
    mean: torch.Tensor
    squares: torch.Tensor

    @classmethod
    def none(cls, block: Block) -> OutputMoments:
        """Return the moments of a block that has not been called."""
        return cls(0, *torch.zeros(2, block.out_features, dtype=torch.float64))

    @property
    def variance(self) -> torch.Tensor:
        """The variance of each output; zero if no row was seen."""
        return self.squares / max(self.rows, 1)

    def add(self, outputs: torch.Tensor) -> None:
        """Add the rows of one call, [batch, out_features] (Chan, Golub and LeVeque 1983, which avoids cancellation)."""
        new = outputs.detach().to("cpu", torch.float64)
        if len(new) == 0:
            return
        shift, total = new.mean(dim=0) - self.mean, self.rows + len(new)
        self.squares = self.squares + new.var(dim=0, correction=0) * len(new)
        self.squares = self.squares + shift.square() * self.rows * len(new) / total
        self.mean = self.mean + shift * len(new) / total
        self.rows = total


Moments = Mapping[Block, OutputMoments]


@contextmanager
def recorded_outputs(blocks: Iterable[Block]) -> Iterator[Moments]:
    """Yield the moments of every output of ``blocks`` over all calls inside the context."""
    found = {block: OutputMoments.none(block) for block in blocks}
    with ExitStack() as hooks:
        for block, moments in found.items():
            hooks.callback(block.register_forward_hook(_recorder(moments)).remove)
        yield found


@contextmanager
def outputs_replaced_by_mean(recorded: Moments) -> Iterator[None]:
    """Make each block return the mean of its recorded outputs, whatever its input."""
    with ExitStack() as hooks:
        for block, moments in recorded.items():
            hooks.callback(block.register_forward_hook(_constant(moments)).remove)
        yield


@contextmanager
def outputs_replaced_by_noise(recorded: Moments, seed: int) -> Iterator[None]:
    """Make each block return Gaussian noise with the mean and variance of its recorded outputs, whatever its input.

    The noise of a row depends on ``seed``, the position of the block in ``recorded``, and the numbers of its call and
    row alone, not on other rows.
    """
    with ExitStack() as hooks:
        for number, (block, moments) in enumerate(recorded.items()):
            random = torch_generator(child_seed(seed, "replaced outputs", number))
            hooks.callback(block.register_forward_hook(_noise(moments, random)).remove)
        yield


def _recorder(moments: OutputMoments) -> Any:
    def record(block: Block, inputs: Any, outputs: torch.Tensor) -> None:
        moments.add(outputs)

    return record


def _constant(moments: OutputMoments) -> Any:
    def replace(block: Block, inputs: Any, outputs: torch.Tensor) -> torch.Tensor:
        return moments.mean.to(outputs).expand_as(outputs)

    return replace


def _noise(moments: OutputMoments, random: torch.Generator) -> Any:
    def replace(block: Block, inputs: Any, outputs: torch.Tensor) -> torch.Tensor:
        drawn = draw_rows(torch.randn, len(outputs), (block.out_features,), random)
        return (moments.mean + moments.variance.sqrt() * drawn).to(outputs)

    return replace
