"""All runs of a plan evaluated at once, with the random factors by which angles may be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.noise.angle_lists import AngleLists, Name
from qaugbench.circuits.noise.program import Program
from qaugbench.circuits.noise.runs import Run, RunPlace, RunValues
from qaugbench.errors import CircuitError


class RunTable(nn.Module):
    """Evaluates runs; those with the same pattern of shared and sampled angles take one vectorised call."""

    def __init__(self, runs: Sequence[Run], program: Program, n_inputs: int, n_weights: int) -> None:
        super().__init__()
        patterns = [tuple(bool(program.angles[row].inputs) for row in run.rows) for run in runs]
        self.patterns = sorted(set(patterns), key=lambda pattern: (len(pattern), pattern))
        self.places: list[RunPlace] = [RunPlace(False, 0)] * len(runs)
        lists: dict[tuple[int, int], list[int]] = {}  # turn j of group g: rows of the program's angles
        counts = {False: 0, True: 0}
        for g, pattern in enumerate(self.patterns):
            members = [number for number, found in enumerate(patterns) if found == pattern]
            for number in members:
                self.places[number] = RunPlace(any(pattern), counts[any(pattern)])
                counts[any(pattern)] += 1
            for j in range(len(pattern) + 1):
                constants = np.stack([runs[number].constants[j] for number in members])
                self.register_buffer(f"constant_{g}_{j}", torch.from_numpy(constants), persistent=False)
            lists |= {(g, j): [runs[number].rows[j] for number in members] for j in range(len(pattern))}
        angles = {name: [program.angles[row] for row in rows] for name, rows in lists.items()}
        self.table = AngleLists(angles, n_inputs, n_weights)
        self.spread = AngleSpread(program, lists)

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None) -> RunValues:
        angles = self.spread(self.table(inputs, weights), len(weights), generator)
        found: dict[bool, list[torch.Tensor]] = {False: [], True: []}
        for g, pattern in enumerate(self.patterns):
            found[any(pattern)].append(self._evaluate(g, [angles[g, j] for j in range(len(pattern))]))
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


class AngleSpread(nn.Module):
    """Multiplies angles by 1 + a normal draw: one a gate angle, copy and call, the same for all samples."""

    def __init__(self, program: Program, lists: Mapping[tuple[int, int], Sequence[int]]) -> None:
        super().__init__()
        self.deviation = program.angle_spread
        self.n_draws = max(program.gate_angles, default=-1) + 1
        for (g, j), rows in lists.items():
            draws = torch.tensor([program.gate_angles[row] for row in rows])
            self.register_buffer(f"draws_{g}_{j}", draws, persistent=False)

    def forward(
        self, angles: dict[Name, torch.Tensor], copies: int, generator: torch.Generator | None
    ) -> dict[Name, torch.Tensor]:
        if not (self.deviation and angles):
            return angles
        if generator is None:
            raise CircuitError(
                "Over-rotation 'per run' is drawn at random; give a torch.Generator (run_under(execution, generator))."
            )
        draws = torch.randn(self.n_draws, copies, 1, generator=generator, dtype=torch.float64, device=generator.device)
        factors = 1.0 + self.deviation * draws.to(next(iter(angles.values())))
        return {name: values * factors[self._draws(name)] for name, values in angles.items()}

    def _draws(self, name: Name) -> torch.Tensor:
        assert isinstance(name, tuple)
        draws: torch.Tensor = getattr(self, f"draws_{name[0]}_{name[1]}")
        return draws


def _joined(parts: list[torch.Tensor], like: torch.Tensor) -> torch.Tensor:
    """Return parts [4, runs, copies or 1, batch or 1, 4] side by side along the runs."""
    if len(parts) < 2:
        return parts[0] if parts else like.new_empty(4, 0, 1, 1, 4)
    copies = max(part.shape[2] for part in parts)
    return torch.cat([part.expand(-1, -1, copies, -1, -1) for part in parts], dim=1)
