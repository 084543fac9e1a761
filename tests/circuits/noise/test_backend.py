from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.quantum_info import Operator
from qiskit.transpiler import Target
from qiskit_aer import noise as aer

from qaugbench.circuits.ansatz import chain
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise import backend
from qaugbench.circuits.noise.backend import BackendNoise, snapshot
from qaugbench.circuits.noise.executor import DensityMatrix, noisy_executor
from qaugbench.circuits.noise.native import affine
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator
from tests.circuits.agreement import Question
from tests.circuits.noise.aer_noise import AerNoise
from tests.circuits.noise.aer_reference import density_matrix
from tests.circuits.noise.reference import read
from tests.circuits.noise.test_aer_agreement import without_embedding


def native_outputs(
    noise: BackendNoise | AerNoise, model: aer.NoiseModel, circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Return the outputs that follow from Aer's density matrix of one sample, each bit misread as the model says."""
    compiled = noise.compiled(circuit)
    values = {p: (inputs if p.vector.name == "x" else weights)[p.index].item() for p in compiled.parameters}
    qubits = compiled.layout.final_index_layout()
    density = density_matrix(compiled.assign_parameters(values), model, qubits)
    known = [model._local_readout_errors.get((qubit,), model._default_readout_error) for qubit in qubits]
    return read(circuit, density, [(e.probabilities[0][1], e.probabilities[1][0]) if e else (0.0, 0.0) for e in known])


def model_of(backend: Any, qubits: set[int]) -> aer.NoiseModel:
    """Return Aer's own model of a backend, for some of its qubits: that of all takes seconds."""
    target = Target(num_qubits=backend.num_qubits, dt=backend.dt, qubit_properties=backend.target.qubit_properties)
    for name in ("sx", "x", "rz", "cz", "ecr", "measure", "delay"):
        if name in backend.target:
            known = {key: value for key, value in backend.target[name].items() if set(key) <= qubits}
            target.add_instruction(backend.target.operation_from_name(name), known)
    part = SimpleNamespace(version=2, operation_names=list(target.operation_names), target=target, dt=backend.dt)
    return aer.NoiseModel.from_backend(part)


@pytest.mark.parametrize("name", ["fake:torino", "fake:fez", "fake:sherbrooke"])
@pytest.mark.parametrize(("idles", "seed"), [(False, 0), (True, 1)], ids=["gates", "gates and idles"])
def test_values_and_slopes_are_those_of_aers_model_of_the_backend(
    name: str, idles: bool, seed: int, random_circuit: Callable[..., Circuit]
) -> None:
    noise = BackendNoise(name, idles=idles)
    circuit = without_embedding(random_circuit, 500 + 50 * seed)
    compiled = noise.compiled(circuit)
    qubits = {compiled.find_bit(q).index for step in compiled.data if step.name != "delay" for q in step.qubits}
    model = model_of(snapshot(name), qubits | set(compiled.layout.final_index_layout()))
    assert_same_as_aer(noise, model, circuit, seed)


def assert_same_as_aer(noise: BackendNoise | AerNoise, model: aer.NoiseModel, circuit: Circuit, seed: int) -> None:
    question, direction = Question(circuit, seed, batch=1), Question(circuit, 70 + seed, batch=1)
    executor = noisy_executor(circuit, noise).double()

    def at(step: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return question.inputs + step * direction.inputs, question.weights + step * direction.weights

    def ours(step: torch.Tensor) -> torch.Tensor:
        inputs, weights = at(step)
        return executor(inputs[None], weights[None])[0, 0]

    def theirs(step: float) -> torch.Tensor:
        inputs, weights = at(step)
        return native_outputs(noise, model, circuit, inputs[0], weights)

    zero = torch.zeros((), dtype=torch.float64)
    torch.testing.assert_close(ours(zero), theirs(0.0), atol=1e-6, rtol=0)
    slope = torch.autograd.functional.jvp(ours, zero, torch.ones_like(zero))[1]
    torch.testing.assert_close(slope, (theirs(1e-4) - theirs(-1e-4)) / 2e-4, atol=1e-6, rtol=0)


def odd_model() -> aer.NoiseModel:
    """Return a model with errors of every kind: coherent, correlated, local and general, unequal readout."""
    model = aer.NoiseModel(basis_gates=["rz", "sx", "x", "cx"])
    turned = QuantumCircuit(2)
    turned.rzx(0.1, 0, 1)
    turned.ry(0.05, 0)
    coherent = aer.coherent_unitary_error(Operator(turned))
    model.add_all_qubit_quantum_error(coherent.compose(aer.depolarizing_error(0.02, 2)), "cx")
    model.add_quantum_error(aer.pauli_error([("XY", 0.1), ("ZI", 0.05), ("II", 0.85)]), "cx", (0, 1))
    model.add_all_qubit_quantum_error(aer.phase_amplitude_damping_error(0.03, 0.02, 0.1), "sx")
    model.add_quantum_error(aer.amplitude_damping_error(0.2), "sx", (1,))
    model.add_all_qubit_readout_error(aer.ReadoutError([[0.97, 0.03], [0.1, 0.9]]))
    model.add_readout_error(aer.ReadoutError([[0.8, 0.2], [0.05, 0.95]]), (2,))
    return model


@pytest.mark.parametrize("seed", range(3))
def test_values_and_slopes_are_those_of_any_aer_model(seed: int, random_circuit: Callable[..., Circuit]) -> None:
    circuit = without_embedding(random_circuit, 700 + 50 * seed)
    noise = AerNoise(odd_model(), coupling=tuple((k, k + 1) for k in range(5)) + tuple((k + 1, k) for k in range(5)))
    assert_same_as_aer(noise, noise.model, circuit, seed)


def test_qubits_that_nothing_touches_are_left_out() -> None:
    executor = noisy_executor(Circuit(3, chain(3), Readout.each_wire(3)), BackendNoise("fake:torino"))
    assert isinstance(executor, DensityMatrix)
    assert executor.evolution.plan.n_wires == 3


def test_an_execution_takes_it_by_name() -> None:
    first, second = (Execution(noise=BackendNoise("fake:torino")) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    model = aer.NoiseModel()
    noise = AerNoise(model)
    assert {Execution(noise=noise): 1}[Execution(noise=noise)] == 1


def test_an_unknown_backend_is_refused_with_near_names() -> None:
    with pytest.raises(CircuitError, match=r"Unknown backend 'fake:torin'\. Did you mean 'fake:torino'"):
        BackendNoise("fake:torin")


def test_a_circuit_wider_than_the_backend_is_refused() -> None:
    noise = BackendNoise("fake:manila")
    with pytest.raises(CircuitError, match="has 5 qubits, but the circuit 6 wires; choose a larger backend"):
        noisy_executor(Circuit(6, chain(6), Readout.each_wire(6)), noise)


def test_what_cannot_be_compiled_once_is_refused() -> None:
    circuit = Circuit(2, [Gate("H", [0])], Readout.each_wire(2), AmplitudeEmbedding((0, 1), 4))
    with pytest.raises(CircuitError, match=r"amplitude embedding .* use a NoiseModel"):
        noisy_executor(circuit, BackendNoise("fake:manila"))
    with pytest.raises(CircuitError, match="levels 0 to 3, given 4"):
        BackendNoise("fake:manila", optimization_level=4)
    with pytest.raises(CircuitError, match="trajectories=1 must be at least 2"):
        BackendNoise("fake:manila", trajectories=1)


def test_trajectories_of_any_aer_model_follow_its_density_matrix() -> None:
    gates = [Gate("RY", [wire], [Angle.constant(0.5 + wire)]) for wire in range(3)]
    circuit = Circuit(3, [*gates, *chain(3, "CNOT"), *gates], Readout("expectation", ["Z0 X1", "Y2", "X0 Z2", "Z1"]))
    inputs, weights = torch.zeros(1, 1, 0, dtype=torch.float64), torch.zeros(1, 0, dtype=torch.float64)
    exact = noisy_executor(circuit, AerNoise(odd_model())).double()(inputs, weights)
    executor = noisy_executor(circuit, AerNoise(odd_model(), trajectories=20_000)).double()
    with torch.no_grad():
        found = executor(inputs, weights, torch_generator(1))
    assert ((found - exact).abs() < 4 * executor.standard_error).all()
    assert 1e-3 < executor.standard_error.max() < 0.01


def test_angles_that_are_affine_are_read_back() -> None:
    x, w = ParameterVector("x", 3), ParameterVector("w", 2)
    found = affine(2 * (x[1] - 0.5 * w[0]) + 0.25 - x[2] / 4)
    assert found == Angle(0.25, ((0, -1.0),), ((1, 2.0), (2, -0.25)))
    with pytest.raises(CircuitError, match="not affine in the inputs and weights"):
        affine(x[0] * w[0])
    with pytest.raises(CircuitError, match="not affine"):
        affine(x[0].sin())


def test_a_parameter_of_another_origin_is_refused() -> None:
    with pytest.raises(CircuitError, match="theta"):
        affine(Parameter("theta") + 1.0)


def test_what_a_snapshot_warns_of_is_left_to_the_caveat_of_its_preset(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    def made() -> str:
        warnings.warn("Properties of fake_made are not intended to represent typical error values.", stacklevel=2)
        return "a backend"

    monkeypatch.setattr(backend, "snapshots", lambda: {"made": made})
    backend.snapshot.cache_clear()
    assert snapshot("fake:made") == "a backend"
    assert not recwarn.list
    backend.snapshot.cache_clear()
