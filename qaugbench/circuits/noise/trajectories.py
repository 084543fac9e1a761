"""Noisy execution of circuits too wide for a density matrix: the mean over random runs of pure states."""

from __future__ import annotations

import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.measurement import accepted, combine, settings, yields
from qaugbench.circuits.noise.budget import STORED, TOGETHER, check_memory, evaluate
from qaugbench.circuits.noise.cluster_steps import cluster_steps
from qaugbench.circuits.noise.clusters import clusters
from qaugbench.circuits.noise.embedding import embedded_amplitudes
from qaugbench.circuits.noise.noisy_angles import NoisyAngles
from qaugbench.circuits.noise.outcomes import ReadOut, letters, read_out
from qaugbench.circuits.noise.program import Program
from qaugbench.circuits.noise.state_outcomes import StateOutcomes
from qaugbench.circuits.shots import refuse_gradient
from qaugbench.errors import CircuitError


class Trajectories(nn.Module):
    """Maps inputs and weights to outputs [copies, batch, n_outputs], means over random runs of the circuit.

    Outputs are unbiased (ratios, under post-selection, up to order 1 / trajectories) and so are their gradients.
    ``standard_error`` [copies, batch, n_outputs] is that of the last call, without the spread that ``shots`` add; None
    for samples. One bitstring per sample needs only one trajectory per sample, unless it is post-selected.

    Raises:
        CircuitError: in ``forward``, no generator.
    """

    def __init__(
        self,
        circuit: Circuit,
        program: Program,
        trajectories: int,
        shots: int | None = None,
        reading: ReadOut | None = None,
    ) -> None:
        super().__init__()
        self.circuit, self.shots = circuit, shots
        self.reading = reading or read_out
        is_single = circuit.readout.kind == "samples" and not circuit.readout.postselect and reading is None
        self.trajectories = 1 if is_single else trajectories
        self.standard_error: torch.Tensor | None = None
        self.rows = range(len(program.angles))
        self.angles = NoisyAngles(program, self.rows, circuit.n_inputs, circuit.n_weights)
        self.n_wires, self.start = program.n_wires, program.start
        self.steps, layout = cluster_steps(clusters(program), program.n_wires)
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
        if not inputs.shape[1]:
            return weights.new_zeros(len(weights), 0, self.circuit.n_outputs)
        is_alike = self.circuit.n_inputs == 0 and self.trajectories > 1  # all samples have one distribution
        by_run = inputs[:, :1] if is_alike else inputs
        found = self.angles(by_run, weights, generator)
        angles = [self.angles.take(found, row, 1)[0] for row in self.rows]
        wants_gradient = weights.requires_grad or inputs.requires_grad
        samples, count = self._together(
            by_run.shape[1], weights, wants_gradient=torch.is_grad_enabled() and wants_gradient
        )
        parts = []
        for first in range(0, by_run.shape[1], samples):
            part = slice(first, first + samples)
            start = self._start(by_run[:, part], weights)
            values = [angle if angle.shape[1] == 1 else angle[:, part] for angle in angles]
            parts.append(self._totals(start, values, count, generator))
        totals = [torch.cat(pieces, dim=1) for pieces in zip(*parts, strict=True)]
        means = [total / self.trajectories for total in totals[: len(self.read)]]
        self.standard_error = self._standard_error(means, totals[len(self.read) :], inputs.shape[1])
        means = [mean.expand(-1, inputs.shape[1], -1) for mean in means]
        return self.reading(self.circuit, self.read, means, self.shots, generator)

    def _together(self, batch: int, weights: torch.Tensor, *, wants_gradient: bool) -> tuple[int, int]:
        """Return how many samples, and how many trajectories of each, run together."""
        state_bytes = len(weights) * 2 ** (self.n_wires + 1) * weights.element_size()
        states = 2 * len(self.steps) + 4 if wants_gradient else 4  # held at a time
        limit = TOGETHER.get(weights.device.type, 2**31)
        if wants_gradient:
            limit = min(limit, STORED.get(weights.device.type, 2**34) // states)
        samples = min(batch, max(1, limit // state_bytes))
        count = min(self.trajectories, max(1, limit // (state_bytes * samples)))
        needed = samples * count * state_bytes * states
        check_memory(needed, weights.device, f"{samples} sample(s) at once", "fewer wires, float32 or fewer copies")
        return samples, count

    def _start(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return amplitudes [copies, batch, 2^n], real."""
        if self.start is None:
            state = weights.new_zeros(1, 1, 2**self.n_wires)
            state[..., 0] = 1.0
        else:
            state = embedded_amplitudes(inputs, self.start, self.n_wires)
        return state.expand(len(weights), inputs.shape[1], -1)

    def _totals(
        self, start: torch.Tensor, angles: list[torch.Tensor], together: int, generator: torch.Generator
    ) -> list[torch.Tensor]:
        """Return the sums over trajectories of each setting's probabilities, then of their ``_moments``."""
        totals: list[torch.Tensor] = []
        for first in range(0, self.trajectories, together):
            count = min(together, self.trajectories - first)
            seed = int(torch.randint(2**62, (1,), generator=generator, device=generator.device))
            part = evaluate(self._run, start, angles, count, seed, generator.device, again=torch.is_grad_enabled())
            totals = [a + b for a, b in zip(totals, part, strict=True)] if totals else list(part)
        return totals

    def _run(
        self, start: torch.Tensor, angles: list[torch.Tensor], count: int, seed: int, device: torch.device
    ) -> tuple[torch.Tensor, ...]:
        """Return the sums over ``count`` trajectories; a second call with the same seed draws the same ones."""
        shape = (*start.shape[:2], count)
        generator = torch.Generator(device).manual_seed(seed)
        by_row = [values[..., None].expand(*shape).flatten() for values in angles]
        state = start[:, :, None].expand(*shape, -1).flatten(0, 2)
        state = torch.complex(state, torch.zeros_like(state))
        for step in self.steps:
            state = step(state, by_row, generator)
        values = [outcomes(state).unflatten(0, shape) for outcomes in self.outcomes]
        return (*(value.sum(2) for value in values), *self._moments([value.detach().double() for value in values]))

    def _moments(self, values: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the moments from which the spread of outputs follows: sums of squares, given probabilities of each trajectory."""
        if self.circuit.readout.kind == "samples":
            return []
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
