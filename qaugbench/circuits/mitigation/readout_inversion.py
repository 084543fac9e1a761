"""A noisy circuit whose misread bits are undone: counts, times the inverse of what calibration found of each wire."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from qaugbench.circuits.checks import is_index
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Noise
from qaugbench.circuits.measurement import Setting, accepted, combine, settings
from qaugbench.circuits.mitigation.confusion import (
    calibrated,
    inverse_confusion,
    nearest_distribution,
    negative_mass,
    on_each_wire,
)
from qaugbench.circuits.mitigation.tally import Tally
from qaugbench.circuits.noise.executor import program_executor, program_of
from qaugbench.circuits.sampling import draw_counts, draw_states, state_bits
from qaugbench.errors import CircuitError

CALIBRATION_SHOTS = 8192
ROUNDING = 1e-6


@dataclass(frozen=True)
class ReadoutInversion:
    """Readout inversion, one confusion matrix a wire, as in M3 (arXiv 2108.12518) but over all basis states of the read wires.

    ``calibration_shots``: of each of two calibration circuits, once a run; None takes the confusion matrices as known, for
    nothing.

    Raises:
        CircuitError: fewer than one calibration shot.
    """

    calibration_shots: int | None = CALIBRATION_SHOTS

    def __post_init__(self) -> None:
        shots = self.calibration_shots
        if shots is not None and not (is_index(shots) and shots > 0):
            raise CircuitError(f"A calibration takes at least one shot, given {shots!r}; None takes it as known.")


class InvertedReadout(nn.Module):
    """Maps inputs and weights to outputs [copies, batch, n_outputs] of ``circuit`` under ``noise`` with misread bits undone.

    - Expectations follow from quasi-distributions and are unbiased, up to the calibration's own error. With ``clips``, those
      outside [-1, 1] are clipped and counted.
    - Probabilities are the nearest distribution, of which ancillas are then selected.
    - Samples are drawn from the nearest distribution, which takes ``shots`` shots of each sample in place of one; without
      inputs, of each copy. ``shots`` None stands for infinitely many.

    A run calibrates once, when it first draws from its generator: the wires in 0 and in 1, on the qubits where the circuit is
    read. ``tally`` counts what the run has taken.

    Raises:
        CircuitError: in ``forward``, shots or calibration shots without a generator, or a wire that says nothing.
    """

    def __init__(
        self, circuit: Circuit, noise: Noise, shots: int | None, plan: ReadoutInversion, *, clips: bool = True
    ) -> None:
        super().__init__()
        program = program_of(noise, circuit)
        self.plan, self.clips = plan, clips
        self.inner = program_executor(circuit, program, noise.trajectories, shots, self._read)
        wires = sorted({wire for setting in settings(circuit) for wire in setting.wires})
        self.misread = {wire: program.misread[program.placement[wire]] for wire in wires}
        self.inverses: dict[int, torch.Tensor] = {}
        self.drawn_from: torch.Generator | None = None
        self.tally = Tally()

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        if generator is not self.drawn_from or not self.inverses:
            self._begin(generator)
        outputs: torch.Tensor = self.inner(inputs, weights, generator)
        return outputs

    def _begin(self, generator: torch.Generator | None) -> None:
        shots, misread = self.plan.calibration_shots, list(self.misread.values())
        found = misread if shots is None else calibrated(misread, shots, generator)
        self.inverses = dict(zip(self.misread, inverse_confusion(found), strict=True))
        self.drawn_from, self.tally = generator, Tally(calibration_shots=2 * (shots or 0))

    def _read(
        self,
        circuit: Circuit,
        read: tuple[Setting, ...],
        probabilities: list[torch.Tensor],
        shots: int | None,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        batch = probabilities[0].shape[1]
        if circuit.readout.kind == "samples" and not circuit.n_inputs:
            probabilities = [values[:, :1] for values in probabilities]  # all samples have one distribution
        if shots is not None:
            self.tally += Tally(shots=shots * sum(values[..., 0].numel() for values in probabilities))
            probabilities = [draw_counts(values, shots, generator) / shots for values in probabilities]
        quasi = [
            on_each_wire(torch.stack([self.inverses[wire] for wire in setting.wires]), values)
            for setting, values in zip(read, probabilities, strict=True)
        ]
        if circuit.readout.kind == "expectation":
            return self._clipped(combine(read, quasi, circuit))
        self.tally += Tally(
            distributions=quasi[0][..., 0].numel(), negative=float(negative_mass(quasi[0].detach().double()).nansum())
        )
        nearest = nearest_distribution(quasi[0])
        if circuit.readout.kind == "probabilities":
            return combine(read, [nearest], circuit)
        states = draw_states(accepted(circuit, nearest).expand(-1, batch, -1), 1, generator).squeeze(-1)
        return state_bits(states, len(circuit.read_wires), nearest.dtype)

    def _clipped(self, outputs: torch.Tensor) -> torch.Tensor:
        if not self.clips:
            return outputs
        outside = outputs.detach().abs() > 1 + ROUNDING
        self.tally += Tally(outputs=outputs.numel(), clipped=int(outside.sum()))
        return outputs.clamp(-1.0, 1.0)
