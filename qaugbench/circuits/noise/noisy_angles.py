"""The angles of a program, each multiplied by a random factor if the noise asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from qaugbench.circuits.angles import Angles, AngleTable
from qaugbench.circuits.noise.program import Program
from qaugbench.errors import CircuitError


class NoisyAngles(nn.Module):
    """Evaluates ``rows`` of a program's angles, in that order.

    Where the program says so, multiplies them by 1 + a normal draw: one per gate angle, copy and call, the same for all
    samples.
    """

    shared_draws: torch.Tensor
    sampled_draws: torch.Tensor

    def __init__(self, program: Program, rows: Sequence[int], n_inputs: int, n_weights: int) -> None:
        super().__init__()
        self.table = AngleTable([program.angles[row] for row in rows], n_inputs, n_weights)
        self.deviation = program.angle_spread
        self.n_draws = max(program.gate_angles, default=-1) + 1
        numbers = [program.gate_angles[row] for row in rows]
        for name, is_sampled in (("shared_draws", False), ("sampled_draws", True)):
            draws = [number for number, kind in zip(numbers, self.table.is_sampled, strict=True) if kind == is_sampled]
            self.register_buffer(name, torch.tensor(draws, dtype=torch.int64), persistent=False)

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None) -> Angles:
        angles: Angles = self.table(inputs, weights)
        if not (self.deviation and self.table.is_sampled):
            return angles
        if generator is None:
            raise CircuitError(
                "Over-rotation 'per run' is drawn at random; give a torch.Generator (run_under(execution, generator))."
            )
        size = (len(weights), self.n_draws, 1)
        draws = torch.randn(size, generator=generator, dtype=torch.float64, device=generator.device)
        factors = 1.0 + self.deviation * draws.to(weights)
        return Angles(angles.shared * factors[:, self.shared_draws], angles.sampled * factors[:, self.sampled_draws])

    def take(self, angles: Angles, first: int, count: int) -> torch.Tensor:
        """Return the rows from number ``first`` on, all shared or all sampled, [count, copies or 1, batch or 1]."""
        source = angles.sampled if self.table.is_sampled[first] else angles.shared
        return source.narrow(1, self.table.position[first], count).transpose(0, 1)
