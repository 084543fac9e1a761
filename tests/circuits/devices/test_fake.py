"""Snapshots of IBM devices: our cut of their noise must be theirs, and what comes back must follow it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.backends import Machine, noise_on, open_machine
from qaugbench.circuits.devices.binding import bind
from qaugbench.circuits.devices.device import Device
from qaugbench.circuits.devices.executor import DeviceExecutor
from qaugbench.circuits.devices.routing import route
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.measurement import combine, settings
from qaugbench.circuits.noise.executor import DensityMatrix
from qaugbench.circuits.noise.native import native_program
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator
from tests.circuits.noise.aer_noise import AerErrors

CIRCUIT = Circuit(3, angle_embedding(3) + strongly_entangling_layers(3, 1), Readout.probabilities((2, 0)))


@pytest.fixture(scope="module")
def manila() -> Machine:
    return open_machine(Device.parse("fake:manila"))


def arguments(circuit: Circuit, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch_generator(1)
    inputs = torch.randn(1, batch, circuit.n_inputs, generator=generator, dtype=torch.float64)
    return inputs, torch.randn(1, circuit.n_weights, generator=generator, dtype=torch.float64)


def density_matrix(backend: Any, circuit: Any, **options: Any) -> np.ndarray:
    """Return the state before measurement, on the active qubits."""
    unmeasured = circuit.remove_final_measurements(inplace=False)
    unmeasured.save_density_matrix()
    return np.asarray(backend.run(unmeasured, method="density_matrix", **options).result().data()["density_matrix"])


def exact_probabilities(machine: Machine, circuit: Any) -> np.ndarray:
    """Return what the snapshot shows of a bound circuit: its own noise, then its misreading; bit 0 least significant."""
    measured = {circuit.find_bit(s.clbits[0]).index: circuit.find_bit(s.qubits[0]).index
                for s in circuit.data if s.operation.name == "measure"}  # fmt: skip
    rho = density_matrix(machine.backend, circuit)
    joint = rho.diagonal().real.reshape([2] * machine.backend.num_qubits)  # the last axis is qubit 0
    last = machine.backend.num_qubits - 1
    kept = [last - measured[bit] for bit in sorted(measured, reverse=True)]
    shown = np.einsum(joint, list(range(last + 1)), kept)
    properties = machine.backend.properties()
    for axis, bit in enumerate(sorted(measured, reverse=True)):
        facts = properties.qubit_property(measured[bit])
        one_as_zero, zero_as_one = facts["prob_meas0_prep1"][0], facts["prob_meas1_prep0"][0]
        confusion = np.array([[1 - zero_as_one, one_as_zero], [zero_as_one, 1 - one_as_zero]])
        shown = np.moveaxis(np.tensordot(confusion, shown, (1, axis)), 0, axis)
    return shown.ravel()


def bound(machine: Machine, circuit: Circuit, angles: torch.Tensor) -> Any:
    (setting,) = settings(bind(circuit).circuit)
    return route(setting.circuit, machine.backend).circuit.assign_parameters(angles.tolist())


def test_noise_on_the_qubits_in_use_is_the_noise_of_the_whole_snapshot(manila: Machine) -> None:
    from qiskit_aer import AerSimulator

    circuit = bound(manila, CIRCUIT, bind(CIRCUIT).values(*arguments(CIRCUIT, 1))[0, 0])
    qubits = {circuit.find_bit(qubit).index for step in circuit.data for qubit in step.qubits}
    assert len(qubits) < manila.backend.num_qubits
    ours = density_matrix(AerSimulator(noise_model=noise_on(manila.backend, qubits)), circuit)
    assert np.abs(ours - density_matrix(manila.backend, circuit)).max() < 1e-12
    assert np.abs(ours - density_matrix(AerSimulator(), circuit)).max() > 1e-2


@pytest.mark.parametrize(("shots", "samples"), [(7, 400), (20_000, 1)], ids=["trajectories", "density matrix"])
def test_counts_follow_the_snapshots_noise_and_misreading(manila: Machine, shots: int, samples: int) -> None:
    inputs, weights = arguments(CIRCUIT, 1)
    execution = Execution(shots=shots, device=Device.parse("fake:manila"))
    outputs = DeviceExecutor(CIRCUIT, execution)(inputs.expand(1, samples, -1), weights, torch_generator(2))
    expected = exact_probabilities(manila, bound(manila, CIRCUIT, bind(CIRCUIT).values(inputs, weights)[0, 0]))
    expected = expected.reshape(2, 2).T.ravel()  # Qiskit's first bit is the least significant
    counts = outputs[0].sum(0).numpy() * shots
    assert stats.chisquare(counts, shots * samples * expected).pvalue > 1e-4
    exact = StateVector(CIRCUIT).double()(inputs, weights)[0, 0].numpy()
    assert stats.chisquare(counts, shots * samples * exact).pvalue < 1e-6


def test_expectations_follow_our_own_simulation_of_the_snapshots_noise(manila: Machine) -> None:
    circuit = Circuit(3, CIRCUIT.gates, Readout("expectation", ["Z0", "X1 Z0", "Y2 X0", "X2", "Y1"]))
    inputs, weights = arguments(circuit, 3)
    executor = DeviceExecutor(circuit, Execution(shots=20_000, device=manila.device))
    outputs = executor(inputs, weights, torch_generator(3))
    angles, none = bind(circuit).values(inputs, weights), torch.zeros(1, 0, dtype=torch.float64)
    probabilities = []
    for setting, routed in zip(executor.read, executor.routed, strict=True):
        errors = AerErrors(noise_on(manila.backend, routed.cost.qubits))
        noisy = DensityMatrix(setting.circuit, native_program(routed.circuit, errors, None))
        probabilities.append(noisy.double()(angles, none))
    expected = combine(executor.read, probabilities, circuit)
    assert float(((outputs - expected) / ((1 - expected**2) / 20_000).sqrt()).abs().max()) < 4.5
    exact = StateVector(circuit).double()(inputs, weights)
    assert float(((outputs - exact) / ((1 - exact**2) / 20_000).sqrt()).abs().max()) > 10


@pytest.mark.parametrize(("shots", "method"), [(7, "statevector"), (8, "density_matrix")])
def test_the_cheaper_simulation_is_taken(manila: Machine, shots: int, method: str) -> None:
    assert manila.sampler({0, 1, 2}, shots, seed=1).backend().options.method == method


def test_runs_on_a_snapshot_repeat(manila: Machine) -> None:
    inputs, weights = arguments(CIRCUIT, 2)
    runs = [
        DeviceExecutor(CIRCUIT, Execution(shots=100, device=manila.device))(inputs, weights, torch_generator(4))
        for _ in range(2)
    ]
    assert torch.equal(*runs)


def test_more_wires_than_qubits_are_refused(manila: Machine) -> None:
    with pytest.raises(CircuitError, match="6 wires, the device fake_manila only 5 qubits"):
        DeviceExecutor(qldm_circuit(6, 1), Execution(shots=10, device=manila.device))


def test_routing_respects_the_coupling_map_and_counts_the_cost() -> None:
    machine = open_machine(Device.parse("fake:torino"))
    (setting,) = settings(bind(qldm_circuit(8, 1)).circuit)
    routed = route(setting.circuit, machine.backend)
    pairs = {tuple(sorted(pair)) for pair in machine.backend.coupling_map}
    gates = [step for step in routed.circuit.data if step.operation.name != "measure"]
    used = [[routed.circuit.find_bit(qubit).index for qubit in step.qubits] for step in gates]
    assert all(tuple(sorted(wires)) in pairs for wires in used if len(wires) == 2)
    assert {step.operation.name for step in gates} <= set(machine.backend.operation_names)
    assert routed.cost.two_qubit_gates == sum(len(wires) == 2 for wires in used) >= 8
    assert routed.cost.one_qubit_gates == sum(len(wires) == 1 for wires in used)
    assert set(routed.cost.qubits) >= {wire for wires in used for wire in wires}
    assert len(routed.circuit.parameters) == bind(qldm_circuit(8, 1)).circuit.n_inputs
    assert machine.calibrated == "2025-02-26 15:26:08-05:00"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torino", "fez"])
def test_a_generators_circuit_on_a_large_snapshot(name: str) -> None:
    circuit = qldm_circuit(8, 1)
    inputs, weights = arguments(circuit, 2)
    execution = Execution(shots=1024, device=Device.parse(f"fake:{name}"))
    outputs = DeviceExecutor(circuit, execution)(inputs, weights, torch_generator(2))
    exact = StateVector(circuit).double()(inputs, weights)
    assert outputs.shape == (1, 2, 8)
    correlation = float(torch.stack([outputs.flatten(), exact.flatten()]).corrcoef()[0, 1])
    assert correlation > 0.9
