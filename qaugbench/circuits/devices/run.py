"""A circuit run on a device once, with a report of what it took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.device import Device
from qaugbench.circuits.devices.executor import DeviceExecutor, Measured
from qaugbench.circuits.execution import Execution
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator


@dataclass(frozen=True)
class Report:
    """What a run on a device took; figures after routing are per setting."""

    device: str
    backend: str
    calibrated: str | None
    samples: int
    shots: int
    job_ids: tuple[str, ...]
    qubits: tuple[tuple[int, ...], ...]
    depths: tuple[int, ...]
    one_qubit_gates: tuple[int, ...]
    two_qubit_gates: tuple[int, ...]
    kept: float | None

    def __str__(self) -> str:
        lines = [
            f"{self.samples} sample(s), {self.shots} shot(s) in each of {len(self.depths)} setting(s) on {self.backend}"
            + (f", calibrated {self.calibrated}" if self.calibrated else ""),
            f"after routing: {max(map(len, self.qubits))} qubits, depth {max(self.depths)}, "
            f"{max(self.two_qubit_gates)} two-qubit and {max(self.one_qubit_gates)} one-qubit gates",
            f"jobs: {', '.join(self.job_ids)}",
        ]
        if self.kept is not None:
            lines.append(f"post-selection kept {100 * self.kept:.2f} % of the shots")
        return "\n".join(lines)


def run_on_device(
    circuit: Circuit,
    inputs: torch.Tensor,
    weights: torch.Tensor,
    device: Device,
    shots: int,
    *,
    folder: Path | str | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> tuple[torch.Tensor, Report]:
    """Return the outputs [samples, n_outputs] of ``circuit`` on ``device``, and a report.

    ``inputs`` [samples, n_inputs], ``weights`` [n_weights]. ``folder`` keeps job ids and raw counts: run again with the
    same folder and seed to finish what was interrupted, or with ``Device.parse("replay:FOLDER")`` to get the same
    outputs without the device.

    Raises:
        CircuitError, StoreError: see ``DeviceExecutor``.
    """
    if not isinstance(circuit, Circuit):
        raise CircuitError(f"{device} runs circuits of qubits; a {type(circuit).__name__} cannot be sent there.")
    if (
        inputs.ndim != 2
        or weights.ndim != 1
        or (inputs.shape[1], weights.shape[0])
        != (
            circuit.n_inputs,
            circuit.n_weights,
        )
    ):
        raise CircuitError(
            f"The circuit takes inputs [samples, {circuit.n_inputs}] and weights [{circuit.n_weights}], "
            f"given {list(inputs.shape)} and {list(weights.shape)}."
        )
    if folder is not None:
        device = replace(device, store=Path(folder))
    executor = DeviceExecutor(circuit, Execution(shots=shots, device=device), progress)
    with torch.no_grad():
        measured = executor.measure(inputs[None], weights[None], torch_generator(seed))
    return measured.outputs[0], _report(device, executor.shots, measured, is_kept=bool(circuit.readout.postselect))


def _report(device: Device, shots: int, measured: Measured, *, is_kept: bool) -> Report:
    jobs = measured.jobs
    costs = {s: cost for job in jobs for s, cost in zip(job.settings, job.costs, strict=True)}
    by_setting = [costs[s] for s in sorted(costs)]
    return Report(
        device=str(device),
        backend=jobs[0].backend,
        calibrated=jobs[0].calibrated,
        samples=measured.outputs.shape[1],
        shots=shots,
        job_ids=tuple(job.job_id for job in jobs),
        qubits=tuple(tuple(cost["qubits"]) for cost in by_setting),
        depths=tuple(cost["depth"] for cost in by_setting),
        one_qubit_gates=tuple(cost["one_qubit_gates"] for cost in by_setting),
        two_qubit_gates=tuple(cost["two_qubit_gates"] for cost in by_setting),
        kept=float(measured.kept.mean()) if is_kept else None,
    )
