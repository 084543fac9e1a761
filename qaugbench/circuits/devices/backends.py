"""The backend behind the name of a device, and what its sampler runs on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from qaugbench.circuits.devices.device import Device, snapshots
from qaugbench.errors import CircuitError, near_names


@dataclass(frozen=True)
class Machine:
    """An opened device: ``backend`` is Qiskit's, ``calibrated`` the time of its calibration (None without one)."""

    device: Device
    backend: Any
    calibrated: str | None

    @property
    def name(self) -> str:
        """The backend's own name."""
        return str(self.backend.name)

    @property
    def is_local(self) -> bool:
        """Whether it is simulated here."""
        return self.device.kind != "ibm"

    def sampler(self, qubits: Collection[int], shots: int, seed: int) -> Any:
        """Return a sampler for circuits on ``qubits``; ``seed`` is what a simulation draws from."""
        from qiskit_ibm_runtime.executor_sampler import SamplerV2

        if not self.is_local:
            return SamplerV2(mode=self.backend)
        # Local mode rounds angles to 1e-5 quarter turns unless told otherwise.
        options = {"simulator": {"seed_simulator": seed, "angle_decimals": 12}}
        return SamplerV2(mode=self._simulator(frozenset(qubits), shots), options=options)

    def job(self, job_id: str) -> Any:
        """Return Qiskit's handle of a job that was submitted to this remote device before."""
        return self.backend.service.job(job_id)

    def _simulator(self, qubits: frozenset[int], shots: int) -> Any:
        if self.device.kind == "aer":
            return self.backend
        from qiskit_aer import AerSimulator

        # A density matrix takes 4^n per gate, trajectories shots * 2^n; Aer itself chose trajectories, however small n.
        method = "density_matrix" if 2 ** len(qubits) <= shots else "statevector"
        return AerSimulator(method=method, noise_model=noise_on(self.backend, qubits))


def open_machine(device: Device) -> Machine:
    """Return the machine of a device that is not a replay.

    Raises:
        CircuitError: an IBM device without a saved account, or one that the account does not see.
    """
    if device.kind == "aer":
        from qiskit_aer import AerSimulator

        return Machine(device, AerSimulator(), None)
    backend = snapshots()[device.name]() if device.kind == "fake" else _ibm_backend(device.name)
    properties = backend.properties()
    return Machine(device, backend, str(properties.last_update_date) if properties else None)


def noise_on(backend: Any, qubits: Collection[int]) -> Any:
    """Return Aer's noise model of a snapshot: relaxation, depolarising and misreading, on ``qubits`` alone.

    The snapshot's own model covers all its qubits and takes seconds to build, anew for every job; noise on qubits
    that a circuit does not touch cannot change its results.
    """
    from qiskit_aer.noise import NoiseModel
    from qiskit_aer.noise.device.models import basic_device_gate_errors, basic_device_readout_errors

    properties = backend.properties()
    properties.gates = [gate for gate in properties.gates if set(gate.qubits) <= set(qubits)]
    model = NoiseModel(basis_gates=backend.configuration().basis_gates)
    for read, error in basic_device_readout_errors(properties):
        if set(read) <= set(qubits):
            model.add_readout_error(error, read)
    for name, acted_on, error in basic_device_gate_errors(properties):
        model.add_quantum_error(error, name, acted_on)
    return model


def _ibm_backend(name: str) -> Any:
    """Return a backend by name, with the account that ``QiskitRuntimeService.save_account`` has saved."""
    from ibm_cloud_sdk_core import ApiException
    from qiskit.exceptions import QiskitError
    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime.accounts import AccountNotFoundError
    from requests import RequestException

    try:
        service = QiskitRuntimeService()
        known = {backend.name: backend for backend in service.backends()}
    except AccountNotFoundError as error:
        raise CircuitError(
            f"No IBM Quantum account is saved on this machine, so ibm:{name} cannot be reached; save it once with "
            "qiskit_ibm_runtime.QiskitRuntimeService.save_account(token=...)."
        ) from error
    except (QiskitError, ApiException, RequestException, ValueError) as error:
        raise CircuitError(f"The saved IBM Quantum account cannot be used for ibm:{name}: {error}") from error
    full = name if name in known else f"ibm_{name}"
    if full not in known:
        raise CircuitError(f"The saved account sees no device {name!r}.{near_names(name, known)}")
    return known[full]
