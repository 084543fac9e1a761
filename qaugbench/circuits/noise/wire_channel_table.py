"""All runs of a plan evaluated at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.angles import Angles
from qaugbench.circuits.noise.noisy_angles import NoisyAngles
from qaugbench.circuits.noise.program import Program
from qaugbench.circuits.noise.wire_channels import Run, RunPlace, RunValues


class RunTable(nn.Module):
    """Evaluates runs; those with the same pattern of shared and sampled angles take one vectorised call."""

    def __init__(self, runs: Sequence[Run], program: Program, n_inputs: int, n_weights: int) -> None:
        super().__init__()
        patterns = [tuple(bool(program.angles[row].inputs) for row in run.rows) for run in runs]
        self.patterns = sorted(set(patterns), key=lambda pattern: (len(pattern), pattern))
        self.places: list[RunPlace] = [RunPlace(False, 0)] * len(runs)
        rows: list[int] = []
        self.first: list[list[int]] = []  # per group and turn, the first of its rows
        counts = {False: 0, True: 0}
        for g, pattern in enumerate(self.patterns):
            members = [number for number, found in enumerate(patterns) if found == pattern]
            for number in members:
                self.places[number] = RunPlace(any(pattern), counts[any(pattern)])
                counts[any(pattern)] += 1
            for j in range(len(pattern) + 1):
                constants = np.stack([runs[number].constants[j] for number in members])
                self.register_buffer(f"constant_{g}_{j}", torch.from_numpy(constants), persistent=False)
            self.first.append([len(rows) + j * len(members) for j in range(len(pattern))])
            rows += [runs[number].rows[j] for j in range(len(pattern)) for number in members]
        self.angles = NoisyAngles(program, rows, n_inputs, n_weights)
        self.turns: list[list[int]] = [[] for _ in runs]  # per run, the places of its sampled angles among all of them
        for g, pattern in enumerate(self.patterns):
            members = [number for number, found in enumerate(patterns) if found == pattern]
            for j, is_sampled in enumerate(pattern):
                for m, number in enumerate(members) if is_sampled else ():
                    self.turns[number].append(self.angles.table.position[self.first[g][j] + m])

    def at(self, angles: Angles, weights: torch.Tensor) -> RunValues:
        """Return the runs at ``angles``; ``weights`` give the type of numbers."""
        found: dict[bool, list[torch.Tensor]] = {False: [], True: []}
        for g, pattern in enumerate(self.patterns):
            count = getattr(self, f"constant_{g}_0").shape[0]
            values = [self.angles.take(angles, first, count) for first in self.first[g]]
            found[any(pattern)].append(self._evaluate(g, values))
        return RunValues(*(_joined(found[is_sampled], weights) for is_sampled in (False, True)))

    def _evaluate(self, g: int, angles: list[torch.Tensor]) -> torch.Tensor:
        """Return [4 to, runs, copies or 1, batch or 1, 4 from], given angles [runs, copies or 1, batch or 1] in order."""
        matrix = getattr(self, f"constant_{g}_0").transpose(0, 1)[:, :, None, None]
        for j, values in enumerate(angles, start=1):
            cosine, sine = torch.cos(values)[..., None], torch.sin(values)[..., None]
            one, x, y, z = matrix.unbind(0)
            turned = cosine * x - sine * y
            rows = [one.expand_as(turned), turned, sine * x + cosine * y, z.expand_as(turned)]
            stacked = torch.stack(rows, dim=1)
            after = getattr(self, f"constant_{g}_{j}")
            matrix = torch.bmm(after, stacked.flatten(2)).view(stacked.shape).transpose(0, 1)
        return matrix


def _joined(parts: list[torch.Tensor], like: torch.Tensor) -> torch.Tensor:
    """Return parts [4, runs, copies or 1, batch or 1, 4] side by side along the runs."""
    if len(parts) < 2:
        return parts[0] if parts else like.new_empty(4, 0, 1, 1, 4)
    copies = max(part.shape[2] for part in parts)
    return torch.cat([part.expand(-1, -1, copies, -1, -1) for part in parts], dim=1)
