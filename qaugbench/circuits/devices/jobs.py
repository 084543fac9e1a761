"""Jobs: the samples and settings that a device runs at once, and the bits that come back."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from qaugbench.circuits.devices.backends import Machine
from qaugbench.circuits.devices.routing import Routed
from qaugbench.circuits.devices.store import Bits, JobRecord, Request
from qaugbench.errors import CircuitError
from qaugbench.seeds import child_seed

MAX_EXECUTIONS = 5_000_000  # circuits times shots per job; IBM refuses ten million
PACKAGES = ("qiskit", "qiskit-aer", "qiskit-ibm-runtime")


class JobFailed(CircuitError):
    """A job that ended without an answer, and may be submitted again."""


def plan_jobs(
    request: Request, n_settings: int, *, one_setting_per_job: bool
) -> list[tuple[tuple[int, ...], int, int]]:
    """Return (settings, start, stop) of each job: as many samples as a job may hold."""
    groups = [(s,) for s in range(n_settings)] if one_setting_per_job else [tuple(range(n_settings))]
    size = max(1, MAX_EXECUTIONS // (request.shots * len(groups[0])))
    starts = range(0, request.samples, size)
    return [(group, start, min(start + size, request.samples)) for group in groups for start in starts]


def new_job(
    machine: Machine, routed: Sequence[Routed], index: int, part: tuple[tuple[int, ...], int, int]
) -> JobRecord:
    """Return the record of a job that is yet to be submitted."""
    settings, start, stop = part
    costs = tuple(routed[s].cost.to_dict() for s in settings)
    versions = {package: version(package) for package in PACKAGES}
    return JobRecord(index, settings, start, stop, "", machine.name, machine.calibrated, versions, costs)


def submit(machine: Machine, routed: Sequence[Routed], request: Request, job: JobRecord, angles: np.ndarray) -> Any:
    """Return Qiskit's handle of a job that has been sent to the device's sampler."""
    qubits = {qubit for s in job.settings for qubit in routed[s].cost.qubits}
    rows: np.ndarray | None = angles[job.start : job.stop]
    shots = request.shots
    if not angles.shape[1]:  # the same circuit for all samples: one run, divided afterwards
        rows, shots = None, shots * (job.stop - job.start)
    sampler = machine.sampler(qubits, shots, seed=child_seed(request.ticket, job.index) % 2**31)
    return sampler.run([(routed[s].circuit, rows) for s in job.settings], shots=shots)


def collect(handle: Any, request: Request, job: JobRecord) -> Bits:
    """Return the packed bits of a job, waiting for it.

    Raises:
        JobFailed: the device gave up the job.
        CircuitError: the answer could not be obtained; the job may still be running.
    """
    from qiskit.exceptions import QiskitError
    from qiskit.providers import JobError
    from qiskit_ibm_runtime.exceptions import RuntimeInvalidStateError, RuntimeJobMaxTimeoutError

    try:
        results = handle.result()
    except (JobError, RuntimeInvalidStateError, RuntimeJobMaxTimeoutError) as error:
        raise JobFailed(f"Job {job.job_id} on {job.backend} failed: {error}") from error
    except QiskitError as error:
        raise CircuitError(f"Job {job.job_id} on {job.backend} gave no answer: {error}") from error
    packed = [result.data.read.array for result in results]
    return tuple(np.ascontiguousarray(part).reshape(job.stop - job.start, request.shots, -1) for part in packed)


def basis_states(bits: np.ndarray, n_wires: int) -> torch.Tensor:
    """Return the basis states, the first wire read being the most significant, int64 [samples, shots].

    ``bits`` uint8 [samples, shots, bytes] is packed as Qiskit does: the first bit read comes last.
    """
    unpacked = np.unpackbits(bits, axis=-1)[..., ::-1][..., :n_wires].astype(np.int64)
    return torch.from_numpy(unpacked @ (1 << np.arange(n_wires - 1, -1, -1)))
