"""What the controls without a circuit have in common: they compute real values and squash them into the outputs' range."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from qaugbench.circuits.block import Block
from qaugbench.circuits.controls.output_range import OutputRange
from qaugbench.circuits.controls.output_scale import calibration_inputs, matching_scale, output_spread

NOTHING = 1e-9
LARGEST_VALUE = 8.0  # root mean square of values: beyond it tanh and softmax are flat


class ClassicalBlock(Block):
    """A control without a circuit: ``values`` of the inputs, squashed into the range of the circuit's outputs.

    Executions do not affect it; where the circuit's outputs are samples, so are its own.
    """

    def __init__(self, circuit: Any, *, copies: int, share_inputs: bool, dtype: torch.dtype) -> None:
        super().__init__(circuit, copies=copies, share_inputs=share_inputs, dtype=dtype)
        self.range = OutputRange.of(circuit)

    def values(self, by_copy: torch.Tensor) -> torch.Tensor:
        """Return any real values [copies, batch, n_outputs] for encoded inputs [copies, batch, n_inputs]."""
        raise NotImplementedError

    def means(self, by_copy: torch.Tensor) -> torch.Tensor:
        """Return the outputs [copies, batch, n_outputs], or the means that samples are drawn from."""
        return self.range.squash(self.values(self.encoded(by_copy)))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        dtype = next(self.parameters()).dtype
        by_copy = self.by_copy(inputs, dtype).expand(self.copies, -1, -1)
        return self.range.draw(self.means(by_copy), self.generator).transpose(0, 1).flatten(1)

    def encoded(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return ``inputs`` [..., n_inputs] with those that a circuit would embed as amplitudes scaled to mean square 1.

        So their norm does not matter here either, and a norm of zero gives nan.
        """
        start = getattr(self.circuit, "start", None)
        if start is None:
            return inputs
        before, features, after = inputs.tensor_split((start.inputs[0], start.inputs[-1] + 1), dim=-1)
        norm = features.square().mean(-1, keepdim=True).sqrt()
        return torch.cat([before, features / norm, after], dim=-1)

    @torch.no_grad()
    def match_spread(self, last: nn.Parameter) -> None:
        """Scale ``last``, to which values are proportional, until outputs vary over inputs as much as the circuit's do.

        Stops short of where gradients vanish. Does nothing for a circuit
        without inputs, or whose outputs depend on none.
        """
        target = output_spread(self.circuit)
        if target < NOTHING:
            return
        probe = calibration_inputs(self.circuit.n_inputs).to(last.dtype)
        values = self.values(self.encoded(probe).expand(self.copies, -1, -1))
        liveliest = LARGEST_VALUE / max(float(values.square().mean().sqrt()), NOTHING)
        last.mul_(min(matching_scale(lambda scale: self.range.squash(scale * values), target), liveliest))
