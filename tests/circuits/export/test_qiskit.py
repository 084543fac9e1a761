"""Qiskit's own state vector of every exported circuit; its gradients by exact shift rules, written here."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate, Terms
from qaugbench.circuits.export.qiskit import to_observables, to_qiskit
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from tests.circuits.agreement import Answer, Question, assert_same, torch_answer
from tests.circuits.package_circuits import CIRCUITS, QUANTUM_GENERATORS, generator_circuits

pytest.importorskip("qiskit")
from qiskit.quantum_info import Operator, Statevector

MAX_SLOPES = 3  # inputs, and weights, of a circuit by which derivatives are computed
ONE_FREQUENCY = {math.pi / 2: 0.5}
CONTROLLED = {math.pi / 2: (math.sqrt(2) + 1) / math.sqrt(32), 3 * math.pi / 2: (1 - math.sqrt(2)) / math.sqrt(32)}


class AtPoint:
    """Outputs of a circuit and their derivatives, at one sample of inputs and weights."""

    def __init__(self, circuit: Circuit, inputs: np.ndarray, weights: np.ndarray) -> None:
        self.circuit, self.inputs, self.weights = circuit, inputs, weights
        self.raw = self._raw(circuit, inputs)

    def _raw(self, circuit: Circuit, inputs: np.ndarray) -> np.ndarray:
        """Return expectations, or the joint probabilities of ancillas and read wires."""
        state = Statevector.from_instruction(to_qiskit(circuit, inputs, self.weights))
        if circuit.readout.kind == "expectation":
            return np.array([state.expectation_value(word).real for word in to_observables(circuit)])
        wires = [*(wire for wire, _ in circuit.readout.postselect), *circuit.read_wires]
        return np.asarray(state.probabilities(list(reversed(wires))))

    def _chosen(self, rows: np.ndarray) -> np.ndarray:
        bits = "".join(str(bit) for _, bit in self.circuit.readout.postselect)
        first = int(bits, 2) * self.circuit.n_outputs if bits else 0
        return rows[first : first + self.circuit.n_outputs]

    def outputs(self) -> np.ndarray:
        """Return [n_outputs]."""
        chosen = self._chosen(self.raw)
        return chosen / chosen.sum() if self.circuit.readout.postselect else chosen

    def slope(self, kind: str, index: int) -> np.ndarray:
        """Return the derivative [n_outputs] by one of the "inputs" or "weights"."""
        of_raw = self._by_angles((lambda a: a.inputs) if kind == "inputs" else (lambda a: a.weights), index)
        start = self.circuit.start
        if start and kind == "inputs" and index in start.inputs:
            of_raw = of_raw + self._by_amplitude(index, slice(start.inputs.start, start.inputs.stop))
        chosen, slope = self._chosen(self.raw), self._chosen(of_raw)
        if not self.circuit.readout.postselect:
            return slope
        return (slope * chosen.sum() - chosen * slope.sum()) / chosen.sum() ** 2

    def _by_angles(self, terms: Callable[[Angle], Terms], index: int) -> np.ndarray:
        """Return the sum over angles that use the parameter: its scale times a shift rule."""
        slope = np.zeros_like(self.raw)
        for place, gate in enumerate(self.circuit.gates):
            rule = CONTROLLED if gate.name in ("CRX", "CRY", "CRZ") else ONE_FREQUENCY
            for k, angle in enumerate(gate.angles):
                scale = dict(terms(angle)).get(index, 0.0)
                for shift, factor in rule.items() if scale else ():
                    ahead, behind = (
                        self._raw(_shifted(self.circuit, place, k, by), self.inputs) for by in (shift, -shift)
                    )
                    slope += scale * factor * (ahead - behind)
        return slope

    def _by_amplitude(self, index: int, amplitudes: slice) -> np.ndarray:
        """Return an exact difference: raw outputs times the squared norm are quadratic in the amplitudes."""
        step = np.eye(len(self.inputs))[index]
        ahead, behind = (
            self._raw(self.circuit, moved) * np.square(moved[amplitudes]).sum()
            for moved in (self.inputs + step, self.inputs - step)
        )
        return ((ahead - behind) / 2 - 2 * self.inputs[index] * self.raw) / np.square(self.inputs[amplitudes]).sum()


def _shifted(circuit: Circuit, place: int, k: int, by: float) -> Circuit:
    gates = list(circuit.gates)
    angles = list(gates[place].angles)
    angles[k] = replace(angles[k], offset=angles[k].offset + by)
    gates[place] = replace(gates[place], angles=tuple(angles))
    return replace(circuit, gates=tuple(gates))


def assert_agrees(circuit: Circuit, seed: int, max_slopes: int = MAX_SLOPES) -> None:
    """Compare outputs, and the derivatives by up to ``max_slopes`` inputs and as many weights."""
    question = Question(circuit, seed, batch=1)
    point = AtPoint(circuit, question.inputs[0].numpy(), question.weights.numpy())
    sizes = {"inputs": circuit.n_inputs, "weights": circuit.n_weights}
    rng = np.random.default_rng(seed)
    asked = {kind: [int(index) for index in rng.permutation(n)[:max_slopes]] for kind, n in sizes.items()}
    cotangent = question.cotangent[0].numpy()
    of = {k: torch.tensor([cotangent @ point.slope(k, i) for i in asked[k]], dtype=torch.float64) for k in asked}
    theirs = Answer(torch.as_tensor(point.outputs())[None], of["inputs"], of["weights"])
    for dtype in (torch.float64, torch.float32):
        ours = torch_answer(question, dtype)
        ours.of_inputs, ours.of_weights = ours.of_inputs[0, asked["inputs"]], ours.of_weights[asked["weights"]]
        assert_same(ours, theirs)


@pytest.mark.parametrize("seed", range(20))
def test_random_circuits_agree(seed: int, random_circuit: Callable[..., Circuit]) -> None:
    assert_agrees(random_circuit(seed, max_gates=16), seed)


@pytest.mark.parametrize("name", CIRCUITS)
def test_gates_and_circuits_of_the_package_agree(name: str) -> None:
    assert_agrees(CIRCUITS[name], seed=1)


@pytest.mark.parametrize("name", QUANTUM_GENERATORS)
def test_circuits_of_generators_agree(name: str) -> None:
    for circuit in generator_circuits(name):
        assert_agrees(circuit, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_more_random_circuits_agree_in_every_derivative(seed: int, random_circuit: Callable[..., Circuit]) -> None:
    assert_agrees(random_circuit(seed), seed, max_slopes=1000)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUANTUM_GENERATORS)
def test_circuits_of_generators_agree_in_every_derivative(name: str) -> None:
    for circuit in generator_circuits(name):
        assert_agrees(circuit, seed=3, max_slopes=1000)


def test_open_circuits_bind_to_the_same_unitary(random_circuit: Callable[[int], Circuit]) -> None:
    for circuit in without_amplitudes(map(random_circuit, range(12))):
        question = Question(circuit, seed=5, batch=1)
        inputs, weights = question.inputs[0].tolist(), question.weights.tolist()
        opened = to_qiskit(circuit)
        values = {**_named("x", inputs), **_named("w", weights)}
        assert {parameter.name for parameter in opened.parameters} == set(values)
        for half_open in (opened, to_qiskit(circuit, inputs), to_qiskit(circuit, weights=weights)):
            bound = half_open.assign_parameters({p: values[p.name] for p in half_open.parameters})
            assert np.abs(Operator(bound).data - Operator(to_qiskit(circuit, inputs, weights)).data).max() < 1e-12


def without_amplitudes(circuits: Iterable[Circuit]) -> list[Circuit]:
    return [circuit for circuit in circuits if circuit.start is None]


def _named(symbol: str, values: list[float]) -> dict[str, float]:
    return {f"{symbol}[{index}]": value for index, value in enumerate(values)}


@pytest.mark.parametrize("name", GATES)
def test_each_gate_is_one_instruction(name: str) -> None:
    kind = GATES[name]
    gate = Gate(name, [2, 0][: kind.n_wires], [Angle.weight(k) for k in range(kind.n_angles)])
    (instruction,) = to_qiskit(Circuit(3, [gate], Readout.probabilities())).data
    assert [qubit._index for qubit in instruction.qubits] == list(gate.wires)


def test_read_wires_and_ancillas_are_measured_in_order() -> None:
    circuit = Circuit(4, [Gate("X", [3])], Readout.probabilities((2, 3), {0: 1}))
    exported = to_qiskit(circuit, measure=True)
    places = [
        (exported.find_bit(m.qubits[0]).index, exported.find_bit(m.clbits[0]).registers[0]) for m in exported.data[1:]
    ]
    assert [(qubit, register.name, bit) for qubit, (register, bit) in places] == [
        (2, "read", 0),
        (3, "read", 1),
        (0, "ancillas", 0),
    ]


def test_a_measured_circuit_runs() -> None:
    from qiskit.primitives import StatevectorSampler

    circuit = Circuit(3, [Gate("X", [1])], Readout.samples((1, 2)), AmplitudeEmbedding((0,), 2))
    (result,) = StatevectorSampler().run([to_qiskit(circuit, [0.0, -3.0], measure=True)], shots=5).result()
    assert result.data.read.get_counts() == {"01": 5}  # Qiskit prints the last bit of a register first


@pytest.mark.parametrize(
    ("export", "message"),
    [
        (lambda c: to_qiskit(c), "give inputs"),
        (lambda c: to_qiskit(c, [1.0]), r"inputs of shape \[2\], given \[1\]"),
        (lambda c: to_qiskit(c, [1.0, 2.0], [[1.0]]), r"weights of shape \[1\], given \[1, 1\]"),
        (lambda c: to_qiskit(c, [1.0, 2.0], [math.nan]), "Not finite among the weights: 0"),
        (lambda c: to_qiskit(c, [0.0, 0.0]), "of zeros is not a state"),
        (lambda c: to_qiskit(c, [1.0, 0.0], measure=True), "measurement.settings"),
        (lambda c: to_observables(replace(c, readout=Readout.samples())), "no observables"),
    ],
)
def test_what_cannot_be_exported_is_refused(export: Callable[[Circuit], object], message: str) -> None:
    circuit = Circuit(1, [Gate("RX", [0], [Angle.weight(0)])], Readout.each_wire(1), AmplitudeEmbedding((0,), 2))
    with pytest.raises(CircuitError, match=message):
        export(circuit)


def test_missing_qiskit_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qiskit", None)
    for export in (to_qiskit, to_observables):
        with pytest.raises(CircuitError, match=r"pip install 'qaugbench\[qiskit\]'"):
            export(qldm_circuit(2, 1))
