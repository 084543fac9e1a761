"""The same noise written independently: errors from qiskit-aer, waits from Qiskit's scheduler."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from qiskit import QuantumCircuit
from qiskit.circuit import Delay
from qiskit.transpiler import InstructionDurations, PassManager
from qiskit.transpiler.passes import ALAPScheduleAnalysis, PadDelay
from qiskit_aer import AerSimulator
from qiskit_aer import noise as aer

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.export.qiskit import to_qiskit
from qaugbench.circuits.noise.model import NoiseModel
from tests.circuits.noise.reference import misread, read, relaxation_infidelity

DT_S = 1e-9


def density_matrix(circuit: QuantumCircuit, model: aer.NoiseModel, qubits: Sequence[int]) -> torch.Tensor:
    """Return the density matrix of some qubits that Aer finds, the first one being the most significant."""
    saved = circuit.copy()
    saved.save_density_matrix(list(reversed(qubits)))
    simulator = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1)
    return torch.from_numpy(np.asarray(simulator.run(saved).result().data()["density_matrix"]))


def aer_outputs(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor, noise: NoiseModel) -> torch.Tensor:
    """Return the outputs of one sample: depolarising and relaxation after gates, relaxation while wires wait."""
    scheduled = _scheduled(to_qiskit(circuit, inputs, weights), noise)
    labelled = QuantumCircuit(circuit.n_wires)
    for step in scheduled.data:
        qubits = [scheduled.find_bit(qubit).index for qubit in step.qubits]
        if isinstance(step.operation, Delay):
            labelled.append(_relaxation(noise, step.operation.duration * DT_S).to_instruction(), qubits)
        elif step.operation.name != "barrier":
            free = noise.duration_s(_OURS[step.operation.name]) == 0.0
            label = "free" if free else ("one", "two")[len(qubits) - 1]
            labelled.unitary(step.operation.to_matrix(), qubits, label=label)
    return read(circuit, density_matrix(labelled, aer_model(noise), range(circuit.n_wires)), misread(circuit, noise))


def aer_model(noise: NoiseModel) -> aer.NoiseModel:
    """Return Aer's model of gates labelled "one" and "two"."""
    model = aer.NoiseModel()
    for n_qubits, label in ((1, "one"), (2, "two")):
        duration = (noise.one_qubit_duration_s, noise.two_qubit_duration_s)[n_qubits - 1]
        reported = (noise.one_qubit_error, noise.two_qubit_error)[n_qubits - 1]
        rest = max(0.0, reported - relaxation_infidelity(noise, duration, n_qubits))
        relaxation = single = _relaxation(noise, duration)
        if n_qubits == 2:
            relaxation = single.tensor(single)
        mixed = aer.depolarizing_error(rest * 2**n_qubits / (2**n_qubits - 1), n_qubits)
        model.add_all_qubit_quantum_error(mixed.compose(relaxation), label)
    return model


def _relaxation(noise: NoiseModel, duration_s: float) -> aer.QuantumError:
    t2 = 2 * noise.t1_s if noise.t2_s is None else noise.t2_s
    return aer.thermal_relaxation_error(noise.t1_s, t2, duration_s)


def _scheduled(circuit: QuantumCircuit, noise: NoiseModel) -> QuantumCircuit:
    """Return ``circuit`` with a delay wherever a qubit waits."""
    names = {step.operation.name for step in circuit.data}
    lengths = [(name, None, round(noise.duration_s(_OURS[name]) / DT_S)) for name in names]
    durations = InstructionDurations([*lengths, ("barrier", None, 0)], dt=DT_S)
    return PassManager([ALAPScheduleAnalysis(durations), PadDelay(durations=durations)]).run(circuit)


_OURS = {"rx": "RX", "ry": "RY", "rz": "RZ", "u": "Rot", "p": "PhaseShift", "h": "H", "x": "X", "y": "Y", "z": "Z"}
_OURS |= {"s": "S", "t": "T", "cx": "CNOT", "cz": "CZ", "crx": "CRX", "cry": "CRY", "crz": "CRZ", "rxx": "RXX"}
_OURS |= {"ryy": "RYY", "rzz": "RZZ", "swap": "SWAP"}
