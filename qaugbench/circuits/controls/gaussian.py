"""The control that only supplies noise: Gaussian numbers whose mean and deviation are trained, whatever the inputs are."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import nn

from qaugbench.circuits.controls.classical_block import NOTHING, ClassicalBlock
from qaugbench.circuits.controls.output_scale import matching_scale, output_marginals
from qaugbench.circuits.row_draws import draw_rows
from qaugbench.seeds import child_seed, name_key, torch_generator

MATCHING_ROWS, MATCHING_NUMBERS = 256, 2**15  # the rows are fewer where outputs, over which a mean is taken, are many
WIDEST = 4.0  # times the wanted deviation: beyond it nearly all noise would be clipped


class TrainedGaussian(ClassicalBlock):
    """Gaussian noise clipped to the range of the circuit's outputs: a trained mean and deviation for each output.

    Starts at the mean and standard deviation, over inputs, of the very circuits that it replaces (those that
    ``QuantumBlock`` makes under the same seed); where clipping narrows the noise, it is widened to match. Noise comes from
    the block's ``generator`` (``run_under``); without one, as in training, from its own stream, whose seed is drawn
    from torch's global state and which is part of the block's state.
    """

    ignores_inputs: ClassVar[bool] = True

    seed: torch.Tensor
    calls: torch.Tensor

    def __init__(
        self, circuit: Any, *, copies: int = 1, share_inputs: bool = False, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(circuit, copies=copies, share_inputs=share_inputs, dtype=dtype)
        weights = 2 * math.pi * torch.rand(copies, circuit.n_weights, dtype=dtype)
        means, deviations = output_marginals(circuit, weights)
        self.centres = nn.Parameter(self.range.unsquash(means).to(dtype).unsqueeze(1))
        self.deviations = nn.Parameter(deviations.to(dtype).unsqueeze(1))
        self._match(deviations)
        self.register_buffer("seed", torch.randint(2**62, ()))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def means(self, by_copy: torch.Tensor) -> torch.Tensor:
        shape = (self.copies, self.circuit.n_outputs)
        noise = draw_rows(torch.randn, by_copy.shape[1], shape, self.generator or self._own_generator())
        return self._around_centres(self.deviations * noise.transpose(0, 1).to(self.centres))

    def _around_centres(self, noise: torch.Tensor) -> torch.Tensor:
        inside = self.range.squash(self.centres)  # within the range, so that no mean stays clipped
        return self.range.clip(inside + noise)

    @torch.no_grad()
    def _match(self, wanted: torch.Tensor) -> None:
        """Widen the noise until its deviation after clipping is the wanted one over all outputs."""
        target = float(wanted.square().mean().sqrt())
        if target < NOTHING:
            return
        shape = (self.copies, self.circuit.n_outputs)
        rows = min(MATCHING_ROWS, max(MATCHING_NUMBERS // math.prod(shape), 16))
        normal = draw_rows(torch.randn, rows, shape, torch_generator(name_key("noise calibration")))
        standard = (normal - normal.mean(0)) / normal.std(0)
        noise = self.deviations * standard.transpose(0, 1).to(self.centres)
        self.deviations.mul_(min(matching_scale(lambda scale: self._around_centres(scale * noise), target), WIDEST))

    def _own_generator(self) -> torch.Generator:
        """Return the stream of this call: a number of calls, unlike a generator, survives safetensors and copies."""
        generator = torch_generator(child_seed(int(self.seed), int(self.calls)))
        self.calls += 1
        return generator
