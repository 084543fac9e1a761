"""The full noise of a backend, gate by gate and qubit by qubit: ours against Aer's density matrix, forward only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.backend import BackendNoise
from qaugbench.circuits.readout import parse_word
from qaugbench.errors import CircuitError
from simulators.aer import save_expectations
from simulators.measure import Call, NotAvailable
from simulators.ours import ours
from simulators.workloads import WORKLOADS

BACKEND = "fake:torino"
WORKLOAD = replace(next(workload for workload in WORKLOADS if workload.name == "W1"), backward=False)


def backend_noise() -> BackendNoise:
    """Return the noise of a backend without that of idling, which qiskit-aer's noise of a target lacks too."""
    try:
        return BackendNoise(BACKEND, idles=False)
    except CircuitError as error:
        raise NotAvailable(str(error)) from error


def ours_on_backend() -> Call:
    """Return W1 under the backend's noise."""
    return ours(WORKLOAD, Execution(noise=backend_noise()))


def aer_on_backend() -> Call:
    """Return the same compiled circuit in Aer, bound to every sample."""
    try:
        from qiskit_aer import AerSimulator
        from qiskit_ibm_runtime.fake_provider import FakeTorino
    except ImportError as error:
        raise NotAvailable("not installed") from error
    compiled = backend_noise().compiled(WORKLOAD.circuit)
    used = sorted({compiled.find_bit(qubit).index for step in compiled.data for qubit in step.qubits})
    place = {qubit: number for number, qubit in enumerate(used)}
    noise, confusions = _noise_of(FakeTorino().target, place)
    small = _on_few_qubits(compiled, place)
    wires = [place[qubit] for qubit in compiled.layout.final_index_layout()]
    save_expectations(small, WORKLOAD.circuit, wires)
    simulator = AerSimulator(method="density_matrix", noise_model=noise, max_parallel_threads=1)
    columns = WORKLOAD.tensors().inputs.T.double().tolist()
    binds = [dict(zip(compiled.parameters, columns, strict=True))]

    def call() -> tuple[torch.Tensor]:
        result = simulator.run([small], parameter_binds=binds, shots=1).result()
        rows = [_as_read(result.data(sample), [confusions[wire] for wire in wires]) for sample in range(WORKLOAD.batch)]
        return (torch.tensor(rows),)

    return call


def _on_few_qubits(compiled: Any, place: dict[int, int]) -> Any:
    """Return the circuit on only the qubits it uses: Aer takes seconds to read the noise of all."""
    from qiskit import QuantumCircuit

    small = QuantumCircuit(len(place), global_phase=compiled.global_phase)
    for step in compiled.data:
        small.append(step.operation, [place[compiled.find_bit(qubit).index] for qubit in step.qubits])
    return small


def _noise_of(target: Any, place: dict[int, int]) -> tuple[Any, dict[int, Any]]:
    """Return Aer's noise model of a target on the qubits in ``place``, and each one's readout confusion."""
    from qiskit_aer.noise import NoiseModel
    from qiskit_aer.noise.device import basic_device_gate_errors, basic_device_readout_errors

    model = NoiseModel()
    for name, qubits, error in basic_device_gate_errors(target=target):
        if set(qubits) <= set(place):
            model.add_quantum_error(error, name, [place[qubit] for qubit in qubits])
    errors = basic_device_readout_errors(target=target)
    return model, {place[qubit]: error.probabilities for (qubit,), error in errors if qubit in place}


def _as_read(values: Any, confusions: list[Any]) -> list[float]:
    """Return the means of the bits as read: Aer's expectations have no readout error."""
    means = []
    for number, word in enumerate(WORKLOAD.circuit.readout.words):
        ((wire, _),) = parse_word(word)
        (_, wrong_0), (wrong_1, _) = confusions[wire]
        means.append((1 - wrong_0 - wrong_1) * values[f"{number}"] + wrong_1 - wrong_0)
    return means
