"""qiskit-aer, forward only: state vector, or density matrix where there is noise; sample by sample inside Aer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import parse_word
from simulators.angles import gate_angles
from simulators.measure import Call, NotAvailable
from simulators.workloads import DEPOLARIZING, READOUT_ERROR, Workload

METHODS = {"RX": "rx", "RY": "ry", "RZ": "rz", "CZ": "cz", "CNOT": "cx"}


def aer(workload: Workload) -> Call:
    """Return the workload's call on one circuit with parameters, bound by Aer to every sample."""
    if (
        workload.backward
        or workload.circuit.n_weights
        or not all(gate.name in METHODS for gate in workload.circuit.gates)
    ):
        raise NotAvailable("")
    try:
        import qiskit_aer
    except ImportError as error:
        raise NotAvailable("not installed") from error
    simulator = qiskit_aer.AerSimulator(
        method="density_matrix" if workload.noisy else "statevector",
        noise_model=noise_model() if workload.noisy else None,
        max_parallel_threads=1,
        precision="single",
    )
    made, parameters = with_parameters(workload.circuit)
    read = _read_shots if workload.shots else _read_expectations
    if workload.shots:
        made.measure_all()
    else:
        save_expectations(made, workload.circuit, range(workload.circuit.n_wires))
    columns = workload.tensors().inputs.T.double().tolist()
    binds = [dict(zip(parameters, columns, strict=True))]
    shots = workload.shots or 1

    def call() -> tuple[torch.Tensor]:
        result = simulator.run([made], parameter_binds=binds, shots=shots, seed_simulator=0).result()
        return (read(result, workload),)

    return call


def with_parameters(circuit: Circuit) -> tuple[Any, list[Any]]:
    """Return the circuit in Qiskit and its parameters, one per input."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector

    inputs = ParameterVector("x", circuit.n_inputs)
    made = QuantumCircuit(circuit.n_wires)
    for gate, angles in zip(circuit.gates, gate_angles(circuit, inputs, ()), strict=True):
        getattr(made, METHODS[gate.name])(*angles, *gate.wires)
    return made, list(inputs)


def noise_model() -> Any:
    """Return the noise of the noisy workloads, without the readout error, which does not affect expectations in Aer."""
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    one_wire = depolarizing_error(4 * DEPOLARIZING / 3, 1)  # Aer's parameter is the share of the fully mixed state
    model = NoiseModel()
    model.add_all_qubit_quantum_error(one_wire, ["rx", "ry", "rz"])
    model.add_all_qubit_quantum_error(one_wire.tensor(one_wire), ["cz", "cx"])
    return model


def save_expectations(made: Any, circuit: Circuit, qubits: Sequence[int]) -> None:
    """Make Aer save the circuit's expectations, labelled by number; ``qubits``: the final qubit of each wire."""
    from qiskit.quantum_info import Pauli

    for number, word in enumerate(circuit.readout.words):
        ((wire, letter),) = parse_word(word)
        made.save_expectation_value(Pauli(letter), [qubits[wire]], label=f"{number}")


def _read_expectations(result: Any, workload: Workload) -> torch.Tensor:
    numbers = range(len(workload.circuit.readout.words))
    rows = [[result.data(k)[f"{number}"] for number in numbers] for k in range(workload.batch)]
    return torch.tensor(rows) * (1 - 2 * READOUT_ERROR if workload.noisy else 1.0)


def _read_shots(result: Any, workload: Workload) -> torch.Tensor:
    rows = []
    for sample in range(workload.batch):
        counts = result.data(sample)["counts"]
        states = np.array([int(key, 16) for key in counts])
        signs = 1 - 2 * ((states >> np.arange(workload.circuit.n_wires)[:, None]) & 1)  # qubit 0 is Aer's lowest bit
        rows.append(signs @ np.fromiter(counts.values(), dtype=float) / workload.shots)
    return torch.from_numpy(np.stack(rows))
