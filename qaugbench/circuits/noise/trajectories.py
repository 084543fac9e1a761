"""Noisy execution of circuits too wide for a density matrix: the mean over random runs of pure states."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.measurement import accepted, combine, settings, yields
from qaugbench.circuits.noise.angle_lists import AngleLists, Name
from qaugbench.circuits.noise.clusters import Cluster, clusters, merged_unitaries
from qaugbench.circuits.noise.embedding import embedded_amplitudes
from qaugbench.circuits.noise.jumps import Jump, real_pairs
from qaugbench.circuits.noise.layout import Layout, leading, relayout
from qaugbench.circuits.noise.outcomes import letters, read_out
from qaugbench.circuits.noise.pauli_vector import multiply_first
from qaugbench.circuits.noise.program import Program, Turn
from qaugbench.circuits.noise.run_table import AngleSpread
from qaugbench.circuits.noise.state_outcomes import StateOutcomes
from qaugbench.circuits.shots import refuse_gradient
from qaugbench.errors import CircuitError

_CHUNK_BYTES = {"cpu": 2**24, "cuda": 2**30}  # of the states that are run together


class Trajectories(nn.Module):
    """Maps inputs and weights to outputs [copies, batch, n_outputs], means over random runs of the circuit.

    Outputs are unbiased (ratios, under post-selection, up to order 1 / trajectories) and so are their gradients.
    ``standard_error`` [copies, batch, n_outputs] is that of the last call, without the spread that ``shots`` add; None
    for samples. One bitstring a sample needs one trajectory a sample only, unless it is post-selected.

    Raises:
        CircuitError: in ``forward``, no generator.
    """

    def __init__(self, circuit: Circuit, program: Program, trajectories: int, shots: int | None = None) -> None:
        super().__init__()
        self.circuit, self.shots = circuit, shots
        is_single = circuit.readout.kind == "samples" and not circuit.readout.postselect
        self.trajectories = 1 if is_single else trajectories
        self.standard_error: torch.Tensor | None = None
        lists = {(0, row): [row] for row in range(len(program.angles))}
        angles = {name: [program.angles[row] for row in rows] for name, rows in lists.items()}
        self.angles = AngleLists(angles, circuit.n_inputs, circuit.n_weights)
        self.spread = AngleSpread(program, lists)
        self.n_wires, self.start = program.n_wires, program.start
        self.steps, layout = _steps(clusters(program), program.n_wires)
        self.read = settings(circuit)
        self.outcomes = nn.ModuleList(
            StateOutcomes(letters(circuit, setting, program.placement), layout, program.misread)
            for setting in self.read
        )

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        if self.shots is not None:
            refuse_gradient(inputs, weights)
        if generator is None:
            raise CircuitError(
                f"A circuit of {self.circuit.n_wires} wires runs as random trajectories under noise; give a "
                "torch.Generator (run_under(execution, generator))."
            )
        is_alike = self.circuit.n_inputs == 0 and self.trajectories > 1  # all samples have one distribution
        by_run = inputs[:, :1] if is_alike else inputs
        angles = self.spread(self.angles(by_run, weights), len(weights), generator)
        start = self._start(by_run, weights)
        totals = self._totals(start, angles, generator)
        means = [total / self.trajectories for total in totals[: len(self.read)]]
        self.standard_error = self._standard_error(means, totals[len(self.read) :], inputs.shape[1])
        means = [mean.expand(-1, inputs.shape[1], -1) for mean in means]
        return read_out(self.circuit, self.read, means, self.shots, generator)

    def _start(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return amplitudes [copies, batch, 2^n], real."""
        if self.start is None:
            state = weights.new_zeros(1, 1, 2**self.n_wires)
            state[..., 0] = 1.0
        else:
            state = embedded_amplitudes(inputs, self.start, self.n_wires)
        return state.expand(len(weights), inputs.shape[1], -1)

    def _totals(
        self, start: torch.Tensor, angles: dict[Name, torch.Tensor], generator: torch.Generator
    ) -> list[torch.Tensor]:
        """Return the sums over trajectories of each setting's probabilities, then of their ``_moments``."""
        bytes_of_one = 2 * start.numel() * start.element_size()
        together = max(1, _CHUNK_BYTES.get(start.device.type, 2**30) // bytes_of_one)
        totals: list[torch.Tensor] = []
        for first in range(0, self.trajectories, together):
            count = min(together, self.trajectories - first)
            seed = int(torch.randint(2**62, (1,), generator=generator, device=generator.device))
            part = checkpoint(
                self._run, start, angles, count, (seed, generator.device), use_reentrant=False, preserve_rng_state=False
            )
            totals = [a + b for a, b in zip(totals, part, strict=True)] if totals else list(part)
        return totals

    def _run(
        self, start: torch.Tensor, angles: dict[Name, torch.Tensor], count: int, seed: tuple[int, torch.device]
    ) -> tuple[torch.Tensor, ...]:
        """Return the sums over ``count`` trajectories; a second call with the same seed draws the same ones."""
        shape = (*start.shape[:2], count)
        generator = torch.Generator(seed[1]).manual_seed(seed[0])
        by_row = [
            values[0][..., None].expand(*shape).flatten() for values in (angles[0, row] for row in range(len(angles)))
        ]
        state = start[:, :, None].expand(*shape, -1).flatten(0, 2)
        state = torch.complex(state, torch.zeros_like(state))
        for step in self.steps:
            state = step(state, by_row, generator)
        values = [outcomes(state).unflatten(0, shape) for outcomes in self.outcomes]
        return (*(value.sum(2) for value in values), *self._moments([value.detach().double() for value in values]))

    def _moments(self, values: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return what the spread of outputs follows from: sums of squares, given probabilities of each trajectory."""
        if not self.circuit.readout.postselect:
            return [combine(self.read, values, self.circuit).square().sum(2)]
        joint, share = accepted(self.circuit, values[0]), yields(self.circuit, values[0])[..., None]
        return [joint.square().sum(2), (joint * share).sum(2), share.square().sum(2)]

    def _standard_error(
        self, means: list[torch.Tensor], moments: list[torch.Tensor], batch: int
    ) -> torch.Tensor | None:
        """Return the standard error of the outputs [copies, batch, n_outputs]; of ratios to first order."""
        n = self.trajectories
        if self.circuit.readout.kind == "samples":
            return None
        given = [mean.detach().double() for mean in means]
        outputs = combine(self.read, given, self.circuit)
        if len(moments) == 1:
            squares, share = moments[0] - n * outputs.square(), torch.ones_like(outputs)
        else:
            squares = moments[0] - 2 * outputs * moments[1] + outputs.square() * moments[2]
            share = yields(self.circuit, given[0])[..., None]
        error = (squares.clamp(min=0.0) / (n * (n - 1))).sqrt() / share
        return error.to(means[0]).expand(-1, batch, -1)


class ClusterStep(nn.Module):
    """Applies one cluster to states [rows, 2^n], drawing what is random for each row."""

    def __init__(self, cluster: Cluster, before: Layout, layout: Layout) -> None:
        super().__init__()
        self.before, self.layout, self.n_wires = before, layout, len(cluster.wires)
        self.operations = nn.ModuleList()
        for operation in merged_unitaries(cluster.operations, cluster.wires):
            if isinstance(operation, Turn):
                self.operations.append(TurnAboutZ(operation.row, cluster.wires.index(operation.wire), self.n_wires))
            else:
                self.operations.append(Unitary(operation[0]) if len(operation) == 1 else Jump(operation))
        self.needs_density = any(isinstance(o, Jump) and o.depends_on_state for o in self.operations)

    def forward(self, state: torch.Tensor, angles: list[torch.Tensor], generator: torch.Generator) -> torch.Tensor:
        state = relayout(state, self.before, self.layout)
        rows = len(state)
        density = self._density(state) if self.needs_density else None
        operator = torch.eye(2**self.n_wires, dtype=state.dtype, device=state.device)[None]
        for operation in self.operations:
            if isinstance(operation, TurnAboutZ):
                operator = operation(angles) * operator
            elif isinstance(operation, Unitary):
                operator = operation() @ operator
            else:
                operator = operation(_moved(density, operator), rows, generator) @ operator
        return multiply_first(state, operator.mT.expand(rows, -1, -1))

    def _density(self, state: torch.Tensor) -> torch.Tensor:
        parts = state.detach().view(len(state), 2**self.n_wires, -1)
        return parts @ parts.mH


class TurnAboutZ(nn.Module):
    """Evaluates the diagonal of exp(-i angle Z / 2) on one wire of a cluster, [rows, d, 1]."""

    signs: torch.Tensor

    def __init__(self, row: int, position: int, n_wires: int) -> None:
        super().__init__()
        self.row = row
        bits = (torch.arange(2**n_wires) >> (n_wires - 1 - position)) & 1
        self.register_buffer("signs", bits.double() - 0.5, persistent=False)

    def forward(self, angles: list[torch.Tensor]) -> torch.Tensor:
        phases = angles[self.row][:, None] * self.signs
        return torch.complex(torch.cos(phases), torch.sin(phases))[:, :, None]


class Unitary(nn.Module):
    """Holds a fixed unitary [d, d]."""

    matrix: torch.Tensor

    def __init__(self, matrix: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("matrix", real_pairs(matrix), persistent=False)

    def forward(self) -> torch.Tensor:
        return torch.view_as_complex(self.matrix)


def _moved(density: torch.Tensor | None, operator: torch.Tensor) -> torch.Tensor | None:
    """Return the density matrices after what has acted so far."""
    if density is None:
        return None
    moved = operator.detach()
    return moved @ density @ moved.mH


def _steps(groups: list[Cluster], n_wires: int) -> tuple[nn.ModuleList, Layout]:
    """Return the steps and the order of the wires at the end."""
    layout = tuple(range(n_wires))
    steps = nn.ModuleList()
    for number, cluster in enumerate(groups):
        is_first = layout[: len(cluster.wires)] == cluster.wires
        wanted = layout if is_first else leading((other.wires for other in groups[number:]), layout)
        steps.append(ClusterStep(cluster, layout, wanted))
        layout = wanted[len(cluster.wires) :] + cluster.wires
    return steps, layout
