"""A circuit on a device, as an executor: what ``build_executor`` returns for an execution with a device."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.backends import Machine, open_machine
from qaugbench.circuits.devices.binding import bind
from qaugbench.circuits.devices.calls import ask, join, replay
from qaugbench.circuits.devices.jobs import basis_states
from qaugbench.circuits.devices.routing import Routed, route
from qaugbench.circuits.devices.store import JobRecord, Request
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.measurement import combine_states, is_kept, settings
from qaugbench.circuits.shots import refuse_gradient
from qaugbench.errors import CircuitError


@dataclass(frozen=True)
class Measured:
    """What one call gave: ``outputs`` [copies, batch, n_outputs], the share of shots kept [copies, batch], the jobs."""

    outputs: torch.Tensor
    kept: torch.Tensor
    jobs: tuple[JobRecord, ...]


def make_executor(circuit: Circuit, execution: Execution) -> nn.Module:
    """Return what runs ``circuit`` on ``execution.device``."""
    return DeviceExecutor(circuit, execution)


class DeviceExecutor(nn.Module):
    """Maps inputs and weights to outputs [copies, batch, n_outputs] counted in ``execution.shots`` shots a setting.

    The circuit is compiled when this is made. Readout "samples" takes one shot a sample, or, post-selected, the first
    of ``shots`` that is kept. No gradient passes. Each call draws a ticket from the generator: it seeds simulations and
    names the call in the device's store, so that the same call finds its answers there. ``progress`` gets one line a job.

    Raises:
        CircuitError: an unknown or unreachable device, fewer qubits than wires; in ``forward``, no generator, inputs or
            weights that want a gradient, angles that are not finite, a failed job, or a call that a replay lacks.
        StoreError: a store that cannot be written, or was changed.
    """

    def __init__(self, circuit: Circuit, execution: Execution, progress: Callable[[str], None] | None = None) -> None:
        super().__init__()
        if execution.device is None or execution.shots is None:
            raise CircuitError(f"An execution on a device needs the device and a number of shots, given {execution}.")
        self.circuit = circuit
        self.device = device = execution.device
        is_one_shot = circuit.readout.kind == "samples" and not circuit.readout.postselect
        self.shots = 1 if is_one_shot else execution.shots
        self.progress = progress or logging.getLogger(__name__).info
        self.binding = bind(circuit)
        self.read = settings(self.binding.circuit)
        self.machine: Machine | None = None if device.kind == "replay" else open_machine(device)
        self.routed: list[Routed] = []
        if self.machine:
            self.routed = [route(setting.circuit, self.machine.backend) for setting in self.read]

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        return self.measure(inputs, weights, generator).outputs

    def measure(self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None) -> Measured:
        """Return outputs and how they came about."""
        refuse_gradient(inputs, weights)
        if generator is None:
            raise CircuitError("A device call is named and seeded at random; give a torch.Generator.")
        if not inputs.shape[1]:
            raise CircuitError("A device call needs at least one sample, given none.")
        ticket = int(torch.randint(2**62, (1,), generator=generator, device=generator.device))
        angles = self.binding.values(inputs, weights)
        rows = angles.flatten(0, 1).cpu().numpy()
        request = Request(self.circuit, self.shots, len(rows), ticket)
        if self.machine:
            jobs = ask(self.machine, self.routed, self.device.store, request, rows, self.progress)
        else:
            jobs = replay(Path(self.device.name), request, rows, self.progress)
        states = [basis_states(join(jobs, s, request), len(setting.wires)) for s, setting in enumerate(self.read)]
        outputs = combine_states(self.read, states, self.circuit).unflatten(0, angles.shape[:2]).to(inputs)
        kept = is_kept(self.circuit, states[0]).double().mean(-1).unflatten(0, angles.shape[:2])
        return Measured(outputs, kept, tuple(job for job, _ in jobs))
